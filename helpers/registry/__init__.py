"""Registered models in MLflow: versions, the champion, promotion written down and rolled back.

May import: base, line, tables, pipeline.
"""
