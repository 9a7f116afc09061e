"""Reading one cell and one column: kinds, numbers, dates, units, names. May import: base."""
