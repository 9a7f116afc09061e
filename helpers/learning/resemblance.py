"""Do rows of one level resemble each other? Analysis of variance on ranks, column by column.

The intraclass correlation (ICC) is the correlation of two rows of one level; with m rows a level a
mean is as uncertain as that of n / (1 + (m - 1) ICC) independent rows, and that divisor is the
design effect (Kish 1965, Survey Sampling). F tests whether the ICC is above zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cells.kinds import is_boolean, is_date, is_number

MOST_LEVELS = 5  # of a category, each compared as yes or no
FEWEST_OF_A_LEVEL = 20  # rows that have it, and that have it not: with fewer F is not to be trusted
KNOTS = 8


@dataclass(frozen=True)
class Variables:
    """Columns as numbers that can be compared: normal scores of ranks, shares of levels.

    `target` and `others` are n rows × columns, each of mean 0; `names` are the names of `others`.
    """

    target: np.ndarray
    others: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, X: pd.DataFrame, y: np.ndarray | None) -> Variables:
        """The variables of n rows and their labels; `y` None: no target."""
        target = [] if y is None else _numbers(pd.Series(y).reset_index(drop=True))
        columns = [(name, one) for name in X for one in _numbers(X[name].reset_index(drop=True))]
        names = tuple(str(name) for name, _ in columns)
        return cls(_matrix(target, len(X)), _matrix([one for _, one in columns], len(X)), names)


@dataclass(frozen=True)
class Resemblance:
    """p-values, ICC and design effects of some variables by one grouping, each an array."""

    p: np.ndarray
    icc: np.ndarray
    effect: np.ndarray


def resemblance(values: np.ndarray, level: np.ndarray, smooth: bool = False) -> Resemblance:
    """How much rows of one level resemble each other in each of several variables.

    `values` is n × variables; `level` are n whole numbers from 0. With `smooth` their order may say
    something (an age, a floor, a number that counts up): a broken line over it is taken out first.
    """
    size = np.bincount(level)
    n, k, lost = len(level), len(size), 0
    if smooth:
        values, lost = _without_curve(values, level)
    sums = np.stack([np.bincount(level, one, k) for one in values.T], axis=1)
    between = (sums**2 / size[:, None]).sum(axis=0)
    within = (values**2).sum(axis=0) - between
    free, rest = max(k - 1 - lost, 1), max(n - k, 1)
    mean_between, mean_within = between / free, np.maximum(within / rest, 1e-12)
    typical = (n - (size**2).sum() / n) / max(k - 1, 1)
    icc = (mean_between - mean_within) / (mean_between + (typical - 1) * mean_within)
    from scipy.stats import f

    weighted = (size**2).sum() / n
    effect = 1 + (weighted - 1) * np.clip(icc, 0, 1)
    return Resemblance(f.sf(mean_between / mean_within, free, rest), icc, effect)


def _without_curve(values: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, int]:
    """The variables less a broken line over the levels in their order, and its parameters."""
    last = level.max()
    knots = np.linspace(0, last, max(2, min(KNOTS, (last + 1) // 3)))
    hats = np.stack([np.interp(level, knots, one) for one in np.eye(len(knots))], axis=1)
    fitted = hats @ np.linalg.lstsq(hats, values, rcond=None)[0]
    return values - fitted, len(knots) - 1


def _numbers(column: pd.Series) -> list[np.ndarray]:
    """A column as variables of mean 0: one of its ranks, or one for each of its common levels."""
    if is_number(column) and column.nunique() > 2 or is_date(column):
        return [_normal_scores(column)] if column.nunique() > 1 else []
    if is_boolean(column) or column.nunique() == 2:
        levels = column.dropna().unique()[:1]
    else:
        levels = column.value_counts().index[:MOST_LEVELS]
    flags = [(column == one).fillna(False).to_numpy(dtype=float) for one in levels]
    fewest = min(FEWEST_OF_A_LEVEL, len(column) / 10)
    return [one - one.mean() for one in flags if fewest <= one.sum() <= len(one) - fewest]


def _normal_scores(column: pd.Series) -> np.ndarray:
    """Ranks as quantiles of the normal distribution; a missing cell is in the middle."""
    from scipy.special import ndtri

    rank = column.rank().to_numpy(dtype=float)
    score = ndtri((rank - 0.5) / np.isfinite(rank).sum())
    score = np.where(np.isfinite(rank), score, 0)
    return score - score.mean()


def _matrix(columns: list[np.ndarray], rows: int) -> np.ndarray:
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))
