"""Stage 6, evaluation: the held-out rows asked once; the verdict; where the model errs; the
calibration curve.

May import: base, cells, learning, models, answers, pages, pipeline.
"""
