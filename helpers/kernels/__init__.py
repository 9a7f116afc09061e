"""Warm Jupyter kernels: forked from a process that has already imported the heavy libraries.

May import: base.
"""
