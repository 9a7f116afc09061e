"""Stage 5, training: models tried on the folds, searched, calibrated; the decision threshold.

May import: answers, base, learning, scale, models, pages, pipeline.
"""
