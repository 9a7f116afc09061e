"""Tests of rows that come in units, such as the rows of a customer or of a day.

Rows of a unit resemble each other, so they say less than as many independent rows. How much less is
the design effect (Kish 1965, "Survey Sampling"): 1 + (rows a unit - 1) times the intraclass
correlation (ICC). A test then takes the rows divided by it, the effective number of rows. The form
for tables of counts is that of Rao and Scott (1984, "On chi-squared tests for multiway contingency
tables", Ann. Statist. 12:46).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr

FEWEST_UNITS = 20  # effective ones, on a side: with fewer no test of many columns holds
MOST_LEVELS = 50  # whose resemblance within units is measured; the others are taken together
GROUPS = 10  # of numbers


@dataclass(frozen=True)
class Dependence:
    """How much the rows of a unit resemble each other in one column.

    `sizes` are the sums of the units' rows to the power 1, 2, 3 and 4; `icc` is the mean intraclass
    correlation over the directions in which the column can differ, `icc_squared` the mean of their
    squares (larger than the square of the mean where units differ in some directions only).
    """

    sizes: tuple[float, float, float, float]
    icc: float = 0.0
    icc_squared: float = 0.0

    @classmethod
    def of_rows(cls, count: float) -> Dependence:
        """So many rows, each of them a unit."""
        return cls((float(count),) * 4)

    def for_rows(self, count: float) -> Dependence:
        """So many rows in units like these."""
        scale = count / self.rows if self.rows else 0.0
        return replace(self, sizes=tuple(size * scale for size in self.sizes))

    @property
    def rows(self) -> float:
        """How many rows there are."""
        return self.sizes[0]

    @property
    def too_few(self) -> bool:
        """Whether there are too few units for a test to rest on."""
        return self.sizes[1] > self.sizes[0] and self.units < FEWEST_UNITS

    @property
    def units(self) -> float:
        """The effective number of units: how many of equal size would say as much (Kish)."""
        return self.sizes[0] ** 2 / self.sizes[1] if self.sizes[0] else 0.0

    @property
    def pairs_per_row(self) -> float:
        """How many other rows of its unit a row has, on average."""
        return self.sizes[1] / self.sizes[0] - 1 if self.sizes[0] else 0.0

    @property
    def effective_rows(self) -> float:
        """How many independent rows would say as much."""
        return self.rows / (1 + self.pairs_per_row * self.icc)

    def degrees_of_freedom(self, icc):
        """How well these units tell their own variance; `icc` is one number or many.

        Satterthwaite (1946) for units that count by their part in the variance (Carter, Schnepel
        and Steigerwald 2017, "Asymptotic behavior of a t-test robust to cluster heterogeneity").
        """
        one, two, three, four = self.sizes
        parts = (1 - icc) * one + icc * two
        squares = (1 - icc) ** 2 * two + 2 * icc * (1 - icc) * three + icc**2 * four
        return np.maximum(parts**2 / np.maximum(squares, 1e-9) - 1, 0.5)


@dataclass(frozen=True)
class DesignEffect:
    """By how much a test's statistic varies more than that of independent rows.

    `mean` is the factor of the variance, over all directions in which a column can differ, `square`
    the mean of the squared factors, `degrees_of_freedom` tells how well the factors are known.
    """

    mean: float = 1.0
    square: float = 1.0
    degrees_of_freedom: float = np.inf

    def p_value(self, p_value):
        """P-values of the normal law as Student's t has them, for a variance that is estimated.

        >>> float(DesignEffect(degrees_of_freedom=10).p_value(0.01).round(3))
        0.028
        """
        if np.isinf(self.degrees_of_freedom).all():
            return p_value
        z = ndtri(np.clip(p_value, 1e-300, 1.0) / 2)
        return 2 * stdtr(np.maximum(self.degrees_of_freedom, 1.0), z)


NO_EFFECT = DesignEffect()


def sizes_of(codes: np.ndarray) -> tuple[float, float, float, float]:
    """The sums of the units' rows to the power 1 to 4; `codes` is a unit's number for each row.

    >>> sizes_of(np.array([0, 0, 1]))
    (3.0, 5.0, 9.0, 17.0)
    """
    count = np.bincount(codes).astype(float)
    return tuple(float((count**power).sum()) for power in (1, 2, 3, 4))


def dependence(values: pd.Series, unit: np.ndarray) -> Dependence:
    """How much the rows of a unit resemble each other in a column of numbers or of texts.

    `values` are n numbers or texts, `unit` n labels; rows without a value don't count. Many
    different numbers are compared by the shares below nine of their quantiles, and the most alike
    of these counts.

    >>> alike = dependence(pd.Series(list("aabbccdd")), np.array([1, 1, 2, 2, 3, 3, 4, 4]))
    >>> alike.icc, alike.units, alike.effective_rows
    (1.0, 4.0, 4.0)
    """
    known = values.notna().to_numpy()
    codes = pd.factorize(np.asarray(unit)[known])[0]
    sizes = sizes_of(codes)
    if sizes[0] ** 2 <= sizes[1] or sizes[1] == sizes[0]:  # one unit, or each row its own
        return Dependence(sizes)
    present = values[known]
    if present.dtype == float and present.nunique() > GROUPS:
        return _of_numbers(present.to_numpy(), codes, sizes)
    return _of_levels(present, codes, sizes)


def _of_numbers(values: np.ndarray, codes: np.ndarray, sizes: tuple) -> Dependence:
    """By the shares of rows up to each of nine quantiles."""
    edges = np.unique(np.sort(values)[np.arange(1, GROUPS) * len(values) // GROUPS])
    counts = _counts(np.searchsorted(edges, values, "left"), codes, len(edges) + 1)
    below = counts.cumsum(axis=1)[:, :-1]
    share = below.sum(axis=0) / sizes[0]
    inside = (share > 0) & (share < 1)
    below, share = below[:, inside], share[inside]
    apart = below - counts.sum(axis=1, keepdims=True) * share
    varies = share * (1 - share)
    icc = _per_pair((apart**2).sum(axis=0) / varies - sizes[0], sizes)
    most = float(np.clip(icc.max(initial=0.0), 0, 1))
    return Dependence(sizes, most, most**2)


def _of_levels(values: pd.Series, codes: np.ndarray, sizes: tuple) -> Dependence:
    """By the shares of the levels; the rare ones count as one."""
    level = pd.factorize(values)[0]
    rank = np.argsort(np.argsort(-np.bincount(level), kind="stable"), kind="stable")
    groups = min(len(rank), MOST_LEVELS + 1)
    counts = _counts(np.minimum(rank, groups - 1)[level], codes, groups)
    share = counts.sum(axis=0) / sizes[0]
    if groups < 2:
        return Dependence(sizes)
    apart = (counts - counts.sum(axis=1, keepdims=True) * share) / np.sqrt(share)
    alone = np.eye(groups) - np.sqrt(np.outer(share, share))  # what independent rows give, a row
    icc = _per_pair(apart.T @ apart - sizes[0] * alone, sizes, alone)
    mean = float(np.clip(np.trace(icc) / (groups - 1), 0, 1))
    square = float((icc**2).sum() / (groups - 1))
    return Dependence(sizes, mean, float(np.clip(square, mean**2, 1)))


def _counts(group: np.ndarray, codes: np.ndarray, groups: int) -> np.ndarray:
    """How many rows each unit (down) has in each group (across)."""
    units = int(codes.max()) + 1
    return np.bincount(codes * groups + group, minlength=units * groups).reshape(units, groups)


def _per_pair(found, sizes: tuple, alone=1.0):
    """Sums over the pairs of rows of a unit as a correlation.

    The shares are of the same rows, which takes one unit's worth off: that is put back.
    """
    units = sizes[0] ** 2 / sizes[1]
    whole = (found + sizes[0] * alone) * units / (units - 1) - sizes[0] * alone
    return whole / (sizes[1] - sizes[0])


def design_effect(old: Dependence, new: Dependence) -> DesignEffect:
    """The design effect on the difference of two sides.

    Where nothing has changed both sides have the same correlation, so it is taken from both, by
    their pairs of rows. Units that are on both sides make the difference smaller, which is not
    counted: the test errs to the safe side.

    >>> same = dependence(pd.Series(list("aabbccdd")), np.array([1, 1, 2, 2, 3, 3, 4, 4]))
    >>> design_effect(same, same).mean
    2.0
    """
    sides = (old, new)
    pairs = [one.sizes[1] - one.sizes[0] for one in sides]
    if not sum(pairs) or not min(old.rows, new.rows):
        return NO_EFFECT
    icc, squared = np.average([(one.icc, one.icc_squared) for one in sides], axis=0, weights=pairs)
    of_side = np.array([1 / one.rows for one in sides])
    extra = np.dot(of_side, [one.pairs_per_row for one in sides]) / of_side.sum()
    part = of_side * [1 + one.pairs_per_row * icc for one in sides]
    known = np.array([one.degrees_of_freedom(icc) for one in sides])
    mean = 1 + extra * icc
    square = max(1 + 2 * extra * icc + extra**2 * squared, mean**2)
    return DesignEffect(
        float(mean), float(square), float(part.sum() ** 2 / (part**2 / known).sum())
    )


def design_effect_of_pairs(one: list[Dependence], other: list[Dependence]) -> DesignEffect:
    """The design effects on the association of some columns (down) with others (across), as arrays.

    The rows of a unit count for less only where both columns go together within units: the ICCs
    are multiplied. All are of the same rows.
    """
    (a, a2), (b, b2) = (
        np.array([(d.icc, d.icc_squared) for d in side]).reshape(-1, 2).T for side in (one, other)
    )
    shape = max(one + other, key=lambda d: d.rows)
    extra, icc = shape.pairs_per_row, np.outer(a, b)
    mean = 1 + extra * icc
    square = np.maximum(1 + 2 * extra * icc + extra**2 * np.outer(a2, b2), mean**2)
    return DesignEffect(mean, square, shape.degrees_of_freedom(icc))


def holm(p_values) -> np.ndarray:
    """P-values corrected for their number, so that the family-wise error rate holds.

    Holm (1979).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    out = np.empty(len(p_values))
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out
