"""Stage 6, evaluation: the held-out rows asked once; the verdict; where the model errs; the
calibration curve.

May import: answers, base, cells, learning, models, pages, pipeline.
"""
