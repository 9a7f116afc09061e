"""Stage 3, features: the plan of roles and formulas, and the encoder of each role.

May import: base, cells, learning, pages.
"""
