"""Tests of whether two samples differ significantly, in forms that are valid for rare values too.

Each takes the design effect of rows that come in units (`helpers.learning.unit_tests`).
They need `scipy.special` only, but for the exact test of Fisher: `scipy.stats` takes half a second
to import, and has neither of the others in the form that is needed here.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammaln, kolmogorov

from ..learning.unit_tests import NO_EFFECT, DesignEffect
from .column_tallies import NumberCounts

SLACK = 1e-7  # a smaller variance is 0, but for the last bits


def kolmogorov_smirnov(
    old: NumberCounts, new: NumberCounts, design: DesignEffect = NO_EFFECT
) -> float:
    """The p-value of the distance between the distributions of two samples of numbers.

    Smirnov (1939): the largest distance between the two cumulative shares, by its limiting law.
    That is conservative with few rows and with equal values: false positives are rarer than the
    p-value says.

    >>> sample = NumberCounts(np.arange(100.0), np.ones(100, int))
    >>> round(kolmogorov_smirnov(sample, sample), 2)
    1.0
    """
    if not old.known or not new.known:
        return 1.0
    values = np.union1d(old.values, new.values)
    apart = np.abs(old.up_to(values) / old.known - new.up_to(values) / new.known)
    scale = np.sqrt(old.known * (new.known / (old.known + new.known)))
    return design.p_value(float(kolmogorov(apart.max(initial=0.0) * scale / design.mean**0.5)))


def chi_square(old: np.ndarray, new: np.ndarray, design: DesignEffect = NO_EFFECT) -> float:
    """The p-value of the difference of level shares between two samples.

    `old` and `new` are the counts of the same levels. Pearson's statistic is held against a gamma
    law with its exact mean and variance under random order (Haldane 1940, Dawson 1954: "A
    simplified expression for the variance of the χ² function on a contingency table"), which holds
    where thousands of levels have a row or two each and the usual law does not. Units multiply both
    (Rao and Scott 1984, with the second-order correction).

    >>> round(chi_square(np.array([50, 50]), np.array([40, 60])), 2)
    0.16
    """
    old, new = (np.asarray(counts, float) for counts in (old, new))
    levels = old + new
    old, new, levels = old[levels > 0], new[levels > 0], levels[levels > 0]
    rows, parts, count = levels.sum(), np.array([old.sum(), new.sum()]), len(levels)
    if count < 2 or parts.min() == 0 or rows < 4:
        return 1.0
    statistic = ((old - levels * parts[0] / rows) ** 2 / levels).sum() * rows**2 / parts.prod()
    margins = (count, (1 / levels).sum()), (2, (1 / parts).sum())
    return float(p_value_of_table(statistic, rows, *margins, design))


def p_value_of_table(
    statistic, rows, one: tuple, other: tuple, design: DesignEffect = NO_EFFECT
) -> np.ndarray:
    """The p-value of Pearson's statistic of a table (or of many), as `chi_square` has it.

    `one` and `other` are of its two margins: how many groups there are, and the sum of 1 / rows of
    a group.
    """
    (v1, w1), (v2, w2) = (_terms(rows, *margin) for margin in (one, other))
    mean = rows * (one[0] - 1) * (other[0] - 1) / (rows - 1)
    variance = 2 * rows / (rows - 3) * (v1 - w1) * (v2 - w2) + rows**2 / (rows - 1) * w1 * w2
    varies = variance > SLACK  # else each level has one row: any order looks the same
    mean, variance = mean * design.mean, np.where(varies, variance, 1.0) * design.square
    found = gammaincc(mean**2 / variance, np.maximum(statistic, 0) * mean / variance)
    return design.p_value(np.where(varies, found, 1.0))


def _terms(rows, count, inverse) -> tuple:
    """The parts of Dawson's variance that belong to one margin, all margins held."""
    unevenness = (rows * inverse - count**2) / (rows - 2)
    return (count - 1) * (rows - count) / (rows - 1), unevenness


def fisher(
    old: float, old_rows: float, new: float, new_rows: float, design: DesignEffect = NO_EFFECT
) -> float:
    """The p-value of the difference of two shares: Fisher's exact test, two-sided.

    `old` of `old_rows` and `new` of `new_rows` rows have the property. Rows of units count as the
    effective number of rows, in whole ones.

    >>> round(fisher(3, 10, 9, 10), 3)
    0.02
    """
    from scipy.stats import fisher_exact  # half a second to import: where it is used

    counts = [[old, old_rows - old], [new, new_rows - new]]
    effective = np.rint(np.array(counts, float) / design.mean).astype(int)
    return design.p_value(float(fisher_exact(effective).pvalue))


def p_value_all_in_part(count, part: int, rows: int):
    """The probability that `count` rows (one number, or many) all lie in a part of `part` rows.

    Hypergeometric: the order of the `rows` is random.

    >>> round(p_value_all_in_part(2, 50, 100), 3)
    0.247
    """
    within = np.minimum(count, part)
    found = np.exp(_log_choose(part, within) - _log_choose(rows, within)) * (count <= part)
    return found if np.ndim(found) else float(found)


def _log_choose(n, k):
    return gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1)
