"""The jackknife: how sure a figure is, from what it would be without each part of the rows."""

from __future__ import annotations

import numpy as np


def jackknife_spread(scores: np.ndarray) -> tuple[float, float]:
    """The jackknife's standard error of `scores[0]`, and its degrees of freedom.

    The latter are those of the chi-square distribution whose variance is that of the estimated
    variance: 2G / (kurtosis - 1), where G blocks were left out; at most G - 1.
    """
    moved = scores[1:] - scores[0]
    moved = moved[np.isfinite(moved)]
    count = len(moved)
    if count < 2 or not np.isfinite(scores[0]):
        return np.nan, np.nan
    squares = moved**2
    if squares.sum() == 0:
        return 0.0, count - 1.0
    kurtosis = count * (squares**2).sum() / squares.sum() ** 2
    df = np.clip(2 * count / max(kurtosis - 1, 1e-9), 1.0, count - 1)
    return float(np.sqrt((count - 1) / count * squares.sum())), float(df)


def joined_spread(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The standard error and degrees of freedom of a difference of two (Welch 1947)."""
    (first, df), (second, df_too) = one, other
    variance = first**2 + second**2
    if not variance > 0:
        return float(np.sqrt(variance)), float(np.fmin(df, df_too))
    return float(np.sqrt(variance)), float(variance**2 / (first**4 / df + second**4 / df_too))
