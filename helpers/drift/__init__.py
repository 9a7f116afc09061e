"""Two deliveries of a table compared: tests, distances, data quality, and the sizes that alert.

May import: base, cells.
"""
