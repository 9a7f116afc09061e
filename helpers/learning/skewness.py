"""Skewness: how much of it values have, and the end of an interval that allows for it."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit


def l_skewness(values: np.ndarray) -> float:
    """The skewness by L-moments, which small samples tell well; 0: symmetric, at most 1.

    J. R. M. Hosking (1990), L-moments, Journal of the Royal Statistical Society B 52, 105-124.

    >>> round(l_skewness(np.array([1.0, 2.0, 3.0])), 2), round(l_skewness(np.array([1, 2, 9])), 2)
    (0.0, 0.75)
    """
    ordered, count = np.sort(values), len(values)
    if count < 3 or ordered[0] == ordered[-1]:
        return 0.0
    rank = np.arange(count)
    first = (ordered * rank).mean() / (count - 1)
    second = (ordered * rank * (rank - 1)).mean() / ((count - 1) * (count - 2))
    scale = 2 * first - ordered.mean()
    return float((6 * second - 6 * first + ordered.mean()) / scale)


def upper_by_hall(score: float, left_out: np.ndarray, error: float, level: float) -> float:
    """The upper end of an interval around a score whose influences are skewed; 0 if they are not.

    `left_out` are the scores with each block left out, `error` is the standard error. P. Hall
    (1992), On the removal of skewness by transformation, Journal of the Royal Statistical Society B
    54, 221-228: Student's statistic is made symmetric by a cubic, which is inverted here.
    """
    influence = score - left_out[np.isfinite(left_out)]
    influence = influence - influence.mean()
    count, spread = len(influence), influence.std()
    skewness = (influence**3).mean() / spread**3 if spread > 0 else 0.0
    slant = skewness / (6 * np.sqrt(count))
    if not slant > 1e-6:
        return 0.0
    moved = 1 + 6 * slant * (-stdtrit(count - 1, (1 + level) / 2) - slant)
    return float(score - error * (np.cbrt(moved) - 1) / (2 * slant))
