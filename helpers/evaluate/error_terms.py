"""Sums of terms whose mean is 0 under the truth: how surprising is a large one?

Outcomes are skewed where events are rare or numbers have a long tail, rows of a unit depend on each
other, and a group may hold few of them. No single test holds in all of these cases, so the largest
p-value of several counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import pearson3
from scipy.stats import t as student


@dataclass(frozen=True)
class Terms:
    """A term a row whose mean is 0 under the truth; its variance and third moment there.

    `inflation` is by how much the sum of a unit varies more than that of independent rows, over the
    whole table, and `unit_skewness` the skewness of these sums.
    """

    value: np.ndarray
    variance: np.ndarray
    third: np.ndarray
    unit: np.ndarray
    inflation: float = 1.0
    unit_skewness: float = 0.0

    @classmethod
    def of_table(cls, value, variance, third, unit: np.ndarray) -> Terms:
        """The terms of all rows of a table; `unit` has the number of each row's unit."""
        sums = np.bincount(unit, value)
        squares = max((sums**2).sum(), 1e-300)
        inflation = max(squares / max(variance.sum(), 1e-300), 1.0)
        skewness = (sums**3).mean() / max((sums**2).mean(), 1e-300) ** 1.5
        return cls(value, variance, third, unit, float(inflation), float(skewness))

    def of(self, mask: np.ndarray) -> Terms:
        """The terms of some rows."""
        some = (self.value[mask], self.variance[mask], self.third[mask], self.unit[mask])
        return Terms(*some, self.inflation, self.unit_skewness)

    def p_larger(self) -> float:
        """The chance of so large a sum, or a larger one, under the truth.

        The largest of: a sum with the variance and skewness that all rows (and the probabilities)
        lead to expect (Pearson's type III); and Student's t of the units' own sums, corrected for
        skewness (Hall 1992), their own or that of all rows.
        """
        variance = self.variance.sum()
        if variance <= 0 or self.value.sum() <= 0:
            return 1.0
        place = np.unique(self.unit, return_inverse=True)[1]
        count = self._effective_units(place)
        if count < 2:
            return 1.0
        skewed = [self.third.sum() / variance**1.5, self.unit_skewness / np.sqrt(count)]
        ratio = self.value.sum() / np.sqrt(variance * self.inflation)
        by_shape = max(pearson3.sf(ratio, one) for one in skewed)
        return float(max(by_shape, self._p_by_units(place, count, skewed)))

    def _effective_units(self, place: np.ndarray) -> float:
        """How many units of equal weight would vary as much (Kish, by standard deviations)."""
        weight = np.bincount(place, np.sqrt(self.variance)) ** 2
        return float(weight.sum() ** 2 / (weight**2).sum())

    def _p_by_units(self, place: np.ndarray, count: float, skewed: list[float]) -> float:
        """The p-value by Student's t of the units' sums."""
        sums = np.bincount(place, self.value)
        away = sums - sums.mean()
        squares = (away**2).sum()
        if squares <= 0:
            return 1.0
        ratio = sums.sum() / np.sqrt(squares * len(sums) / (len(sums) - 1))
        own = (away**3).sum() / squares**1.5
        smallest = min(_hall(ratio, skewness) for skewness in (0.0, own, *skewed))
        return float(student.sf(smallest, count - 1))


def _hall(ratio: float, skewness: float) -> float:
    """Hall's transformation of a t ratio whose sum has a skewness (J. R. Statist. Soc. B 54:221).

    >>> _hall(-3.0, 0.0), _hall(-3.0, 0.3) > -3.0
    (-3.0, True)
    """
    return ratio + skewness * ratio**2 / 3 + skewness**2 * ratio**3 / 27 + skewness / 6
