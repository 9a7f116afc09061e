"""What is learnt and how it is scored: the task, the label, the rows and their parts, metrics,
predictions.

May import: base, cells.
"""
