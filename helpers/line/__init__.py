"""The line of stages: which there are, the run folder that they share, the ledger, and whether a
stage is still current.

May import: base, examples.
"""
