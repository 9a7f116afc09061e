"""How sure an answer is, and why it is given: what the folds' answers tell about later ones.

May import: base, learning, models.
"""
