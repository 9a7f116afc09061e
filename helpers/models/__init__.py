"""The models that compete, their calibration, and their compiled forms.

May import: base, learning.
"""
