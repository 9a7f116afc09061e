"""Stage 2, cleaning: the plan, the repairs and their log, the review list, rows set aside.

May import: base, cells, line, tables, learning, examples.
"""
