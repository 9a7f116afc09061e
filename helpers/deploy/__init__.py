"""Stage 7, deployment: the bundle and its card written, and the proof that the service answers as
the model does.

May import: base, cells, line, tables, drift, learning, models, answers, examples, pages,
pipeline, serving.
"""
