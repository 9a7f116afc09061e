"""The one estimator (cleaner, features, model) and its quick forms for one row and for many,
checked against it. Alone imports the engines of clean, features and models.

May import: base, cells, tables, learning, models, clean, features.
"""
