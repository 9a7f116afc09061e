"""The review: doubts of the cleaning as questions, answers that become rules, the page that asks.

May import: base, cells, line, tables, learning, clean, pages, serving.
"""
