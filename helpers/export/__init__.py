"""The export: a run written as one plain file of pandas and scikit-learn, without this project.

May import: base, cells, tables, learning, models, clean, features, pipeline, line, serving.
"""
