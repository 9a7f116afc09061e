"""The tables that ship (flights, penguins) and the errors planted in them, with the answer key.

May import: base, cells, tables.
"""
