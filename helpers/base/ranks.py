"""Ranks, and the ROC AUC, which is a mean of ranks."""

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on; equal values share the mean of theirs. No value may be missing.

    `scipy.stats.rankdata` gives the same, takes four times as long (3.3 ms against 0.7 ms for
    40,000 different values) and half a second to import.

    >>> ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def roc_auc(yes: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a positive row is ranked above a negative one (Mann and Whitney 1947).

    `yes` holds a boolean a row, `scores` a number a row, the higher the surer; equal scores count
    half. NaN where all rows are of one class. scikit-learn's `roc_auc_score` gives the same and
    takes several times as long, most of it on checking its input; a bootstrap asks hundreds of
    times.

    >>> roc_auc(np.array([False, True, True]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    yes = np.asarray(yes, dtype=bool)
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return float("nan")
    summed = ranks(scores)[yes].sum()
    return float((summed - positives * (positives + 1) / 2) / (positives * negatives))
