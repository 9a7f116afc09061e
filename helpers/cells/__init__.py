"""One cell and one column of raw text: what a value is, how it is read (dates, numbers, units,
currencies), and the plan drafted for a column.

May import: base.
"""
