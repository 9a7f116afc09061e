"""The command line `pipeline`: one file a kind of command.

May import: base, line, drift, pages, scale, registry, serving, course, run.
"""
