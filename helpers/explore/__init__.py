"""Exploratory analysis of any table, for notebooks/explore.ipynb or a notebook of your own; stands
alone.

May import: base, cells, line, tables, drift, learning, examples, pages.
"""
