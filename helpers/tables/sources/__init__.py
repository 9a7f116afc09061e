"""Several tables, one recipe: sources.yaml read, each source opened, all joined to the main table.

May import: base, cells, tables.
"""
