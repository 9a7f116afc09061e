"""The one estimator (cleaner, features, model) and its compiled form, checked against it.

It alone imports the engines of clean, features and models.

May import: base, cells, tables, learning, models, clean, features.
"""
