"""Stage 4, train-test split: by time, by group or at random; folds; leaks found.

May import: base, cells, drift, learning, pages, pipeline.
"""
