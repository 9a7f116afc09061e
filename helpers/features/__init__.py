"""Stage 3, features: the plan of roles and formulas, and the encoders.

May import: base, cells, learning, pages.
"""
