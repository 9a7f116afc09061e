"""Stage 1, data collection: the raw rows, where they came from, what is odd in them.

May import: base, cells, line, tables, learning, examples.
"""
