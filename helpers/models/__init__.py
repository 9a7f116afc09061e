"""The models that compete, their calibration, and their quick forms for one row and for many.

May import: base, learning.
"""
