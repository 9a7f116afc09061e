"""The questions, guesses and challenge of each notebook, a file a chapter; course/questions.py and
course/challenges.py collect them.

May import: base, learning, course.
"""
