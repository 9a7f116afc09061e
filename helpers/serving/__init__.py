"""A deployed model that answers: bundle, service, log, shadow, whole files and folders.

May import: base, cells, line, tables, drift, learning, answers, scale, pipeline, registry.
"""
