"""How sure an answer is, and why it is given: what the folds' answers tell about later ones, and
what each of the user's columns adds to one answer.

May import: base, cells, features, learning, models.
"""
