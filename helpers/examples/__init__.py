"""The example tables and planted errors. May import: base, cells, tables."""
