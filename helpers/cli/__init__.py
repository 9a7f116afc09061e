"""The command line `pipeline`: one file a kind of command.

May import: base, line, tables, drift, learning, scale, examples, pages, registry, serving, monitor,
course, collect, run, review, export.
"""
