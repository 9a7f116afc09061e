"""Two deliveries of a table compared: distances, tests, data quality, and from which size on a
change is an alert.

May import: base, cells, learning.
"""
