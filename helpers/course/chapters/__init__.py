"""The questions, guesses and challenge of each notebook, one file each; questions.py collects them.

May import: base, learning, course.
"""
