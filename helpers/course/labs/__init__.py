"""The experiments of notebooks/labs.

May import: base, cells, line, tables, drift, learning, models, examples, pages, pipeline, clean,
features, collect, split, monitor, course.
"""
