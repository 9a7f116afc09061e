"""Do rows of one level resemble each other? Analysis of variance on ranks, column by column.

The intraclass correlation (ICC) is the correlation of two rows of one level; with m rows a level a
mean is as uncertain as that of n / (1 + (m - 1) ICC) independent rows, and that divisor is the
design effect (Kish 1965, Survey Sampling). F tests whether the ICC is above zero.

`unit_tests` estimates the ICC of a column whose units are known, from the pairs of rows of a unit,
once for each share or quantile that a test compares. Here it is the one that belongs to F: units
are being looked for, and a curve over the levels is taken out first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import f as f_distribution
from scipy.stats import kurtosis

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_boolean, is_date, is_number

MOST_LEVELS = 5  # of a category, each compared as yes or no
FEWEST_OF_A_LEVEL = 0.1  # of the rows, that have it or have it not: F needs light tails
FEWEST_OF_A_CLASS = 5  # rows; rare classes are tested by permutation
HEAVY = 6  # kurtosis above which F is not to be trusted,
ROWS_ENOUGH = 100  # unless there are as many rows as this times its square
PERMUTATIONS = 1_999
MOST_CELLS = 20_000_000  # of all variables; of a larger table fewer columns are looked at
MOST_COLUMNS = 60
KNOTS = 8
CURVED = 0.1  # how often levels in no order are taken to follow a curve


@dataclass(frozen=True)
class Variables:
    """Columns as numbers that can be compared: normal scores of ranks, shares of levels.

    `target` and `others` are n rows × columns, each of mean 0; `names` are the names of `others`.
    `graded` says which of them are numbers or dates: the target may have slopes on these.
    """

    target: np.ndarray
    others: np.ndarray
    graded: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, X: pd.DataFrame, y: np.ndarray | None) -> Variables:
        """The variables of n rows and their labels; `y` None: no target."""
        target = [] if y is None else _numbers(pd.Series(y), FEWEST_OF_A_CLASS)
        most = min(MOST_COLUMNS, max(MOST_CELLS // max(len(X), 1), 5))
        looked_at = X.columns[evenly_spaced(X.shape[1], most)]
        fewest = FEWEST_OF_A_LEVEL * len(X)
        columns = [(name, one) for name in looked_at for one in _numbers(X[name], fewest)]
        names = [str(name) for name, _ in columns]
        graded = np.array([_is_graded(X[name]) for name, _ in columns], dtype=bool)
        made = (_matrix(some, len(X)) for some in (target, [one for _, one in columns]))
        return cls(*made, graded, tuple(names))


@dataclass(frozen=True)
class Resemblance:
    """p-values and design effects of some variables by one grouping, each an array."""

    p: np.ndarray
    effect: np.ndarray


def resemblance(
    values: np.ndarray, level: np.ndarray, smooth: bool = False, alpha: float = 1.0
) -> Resemblance:
    """How much rows of one level resemble each other in each of several variables.

    `values` is n × variables; `level` are n whole numbers from 0. With `smooth` their order may say
    something (an age, a floor, a number that counts up): where the means of levels follow a broken
    line over it, that is taken out first. Of p-values above `alpha` it is only found that they are.
    """
    size, lost = np.bincount(level), 0
    if smooth:
        values, lost = _without_curve(values, level, size)
    between = _between(values, level, size)
    within = (values**2).sum(axis=0) - between
    p, effect = _compared(between, within, size, lost)
    for at in np.flatnonzero(_are_heavy(values) & (p < 0.05)):
        p[at] = _by_permutation(values[:, at], level, size, between[at], alpha)
    return Resemblance(p, effect)


def slopes_differ(
    target: np.ndarray, by: np.ndarray, level: np.ndarray, alpha: float = 1.0
) -> Resemblance:
    """How much the slopes of a variable on each of several others differ from level to level.

    `target` is n numbers of mean 0, `by` n × variables. F compares a slope for each level with
    slopes that follow a broken line over the levels in their order. `alpha` as in `resemblance`.

    >>> x, level = np.tile([-1.0, 1.0], 40), np.repeat(np.arange(20), 4)
    >>> slopes_differ(x * np.tile([1, -1], 10)[level], x[:, None], level).effect.round().tolist()
    [4.0]
    """
    found = [_slopes_differ(target, one, level, alpha) for one in by.T]
    return Resemblance(*np.array(found).reshape(-1, 2).T)


def _slopes_differ(target, by, level: np.ndarray, alpha: float) -> tuple[float, float]:
    """The p-value and the design effect of slopes on one variable."""
    sums = size, *_ = _sums(target, by, level)
    if not size.any():
        return 1.0, 1.0
    hats = _curve_of_slopes(sums)
    between, within, lost = _slopes(sums, hats)
    p, effect = _compared(between, within, size * len(level) / size.sum(), lost)
    if p < 0.05 and _are_heavy(target):
        p = _slopes_by_permutation(target, by, level, hats, between / max(within, 1e-12), alpha)
    return float(p), float(effect)


def _sums(target: np.ndarray, by: np.ndarray, level: np.ndarray) -> tuple:
    """Of each level the sum of squares and of products; of all the target's sum of squares."""
    levels = level.max(initial=0) + 1
    return (*(np.bincount(level, by * one, levels) for one in (by, target)), (target**2).sum())


def _curve_of_slopes(sums: tuple) -> np.ndarray:
    """What slopes are compared with: a broken line over the levels, or one slope for all."""
    hats = _hats(np.arange(len(sums[0])))
    one = np.ones((len(hats), 1))
    about, _, lost = _slopes(sums, hats)
    of_curve = _slopes(sums, one)[0] - about
    return hats if _follow_a_curve(of_curve, about, len(hats), lost) else one


def _slopes(sums: tuple, hats: np.ndarray) -> tuple:
    """The variation between slopes, and about them; what the curve made of `hats` took."""
    squares, both, whole = sums
    curve = np.linalg.lstsq(hats.T * squares @ hats, hats.T @ both, rcond=None)[0]
    left = both - squares * (hats @ curve)
    between = (left**2 / np.maximum(squares, 1e-12)).sum()
    within = whole - curve @ (hats.T @ both) - between
    return between, within, hats.shape[1] - 1


def _between(values: np.ndarray, level: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The sum of squares between levels of each variable."""
    sums = np.array([np.bincount(level, one, len(size)) for one in values.T])
    return (sums.reshape(-1, len(size)) ** 2 / size).sum(axis=1)


def _follow_a_curve(of_curve, about, levels: int, lost: int):
    """Whether levels follow a curve more closely than levels in any order would (F).

    Where rows are independent, the answer has nothing to do with how far apart levels are, so it
    changes no p-value. A curve is taken out, at the price of power, only where there is one.
    """
    rest = levels - 1 - lost
    if lost < 1 or rest < 1:
        return np.full(np.shape(about), lost > 0)
    ratio = (of_curve / lost) / np.maximum(about / rest, 1e-12)
    return f_distribution.sf(ratio, lost, rest) <= CURVED


def _compared(between, within, size: np.ndarray, lost) -> tuple:
    """The p-value of F, and the design effect; `size` is the rows of each level, or a weight."""
    n, k = size.sum(), len(size)
    free, rest = np.maximum(k - 1 - lost, 1), max(n - k, 1)
    mean_between, mean_within = between / free, np.maximum(within / rest, 1e-12)
    typical = (n - (size**2).sum() / n) / max(k - 1, 1)
    icc = (mean_between - mean_within) / (mean_between + (typical - 1) * mean_within)
    effect = 1 + ((size**2).sum() / n - 1) * np.clip(icc, 0, 1)
    return f_distribution.sf(mean_between / mean_within, free, rest), effect


def _are_heavy(values: np.ndarray) -> np.ndarray:
    """Whether tails are so heavy that F is not to be trusted with so few rows."""
    tails = kurtosis(values, fisher=False)
    return (tails > HEAVY) & (len(values) < ROWS_ENOUGH * tails**2)


def _by_permutation(value, level: np.ndarray, size, found: float, alpha: float) -> float:
    """How often rows at random have as large a sum of squares between levels as was found."""
    random = np.random.default_rng(0)

    def drawn() -> float:
        sums = np.bincount(level, random.permutation(value), len(size))
        return (sums**2 / size).sum()

    return _share_as_large(drawn, found * (1 - 1e-9), alpha)


def _slopes_by_permutation(target, by, level, hats, found: float, alpha: float) -> float:
    """How often slopes differ as much where levels are dealt out at random."""
    random = np.random.default_rng(0)

    def drawn() -> float:
        between, within, _ = _slopes(_sums(target, by, random.permutation(level)), hats)
        return between / within

    return _share_as_large(drawn, found * (1 - 1e-9), alpha)


def _share_as_large(drawn: Callable[[], float], found: float, alpha: float) -> float:
    """The p-value of what was found among permutations; above `alpha` no more of them are drawn."""
    larger = 0
    for count in range(1, PERMUTATIONS + 1):
        larger += drawn() >= found
        if (1 + larger) / (1 + PERMUTATIONS) > alpha:
            return (1 + larger) / (1 + count)
    return (1 + larger) / (1 + PERMUTATIONS)


def _without_curve(values: np.ndarray, level: np.ndarray, size: np.ndarray) -> tuple:
    """The variables less a broken line over the levels, where they follow it; its parameters."""
    hats = _hats(level)
    left = values - hats @ np.linalg.lstsq(hats, values, rcond=None)[0]
    about, lost = _between(left, level, size), hats.shape[1] - 1
    of_curve = _between(values, level, size) - about
    curved = _follow_a_curve(of_curve, about, len(size), lost)
    return np.where(curved, left, values), lost * curved


def _hats(level: np.ndarray) -> np.ndarray:
    """What a broken line over the levels is made of: a column a knot."""
    last = level.max()
    knots = np.linspace(0, last, max(2, min(KNOTS, (last + 1) // 5)))
    return np.stack([np.interp(level, knots, one) for one in np.eye(len(knots))], axis=1)


def _is_graded(column: pd.Series) -> bool:
    """Whether a column is taken by its ranks: numbers and dates."""
    return (is_number(column) and column.nunique() > 2) or is_date(column)


def _numbers(column: pd.Series, fewest: float) -> list[np.ndarray]:
    """A column as variables of mean 0: one of its ranks, or one for each of its common levels."""
    if _is_graded(column):
        return [_normal_scores(column)] if column.nunique() > 1 else []
    if is_boolean(column) or column.nunique() == 2:
        levels = column.dropna().unique()[:1]
    else:
        levels = column.value_counts().index[:MOST_LEVELS]
    flags = [(column == one).fillna(False).to_numpy(dtype=float) for one in levels]
    return [one - one.mean() for one in flags if fewest <= one.sum() <= len(one) - fewest]


def _normal_scores(column: pd.Series) -> np.ndarray:
    """Ranks as quantiles of the normal distribution; a missing cell is in the middle."""
    rank = column.rank().to_numpy(dtype=float)
    score = ndtri((rank - 0.5) / np.isfinite(rank).sum())
    score = np.where(np.isfinite(rank), score, 0)
    return score - score.mean()


def _matrix(columns: list[np.ndarray], rows: int) -> np.ndarray:
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))
