"""The lessons: questions, guesses, challenges (a file a chapter), the learner's progress, the labs.
No production code imports it.

May import: base, cells, line, tables, drift, learning, models, examples, pages, pipeline, clean,
features, collect, split, monitor, serving.
"""
