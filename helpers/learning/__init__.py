"""The task, the label, the rows and their parts, predictions, decisions and metrics.

May import: base, cells.
"""
