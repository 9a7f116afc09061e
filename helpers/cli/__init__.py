"""The command line `pipeline`: one file a kind of command.

May import: base, line, drift, scale, examples, pages, registry, serving, monitor, course, run.
"""
