"""The mean of a number over rows, and how sure it is where rows come in units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit


class Mean(NamedTuple):
    """A mean, its standard error by unit, and the degrees of freedom of that."""

    value: float
    standard_error: float
    df: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The interval at a level (Student's t)."""
        half = stdtrit(self.df, (1 + level) / 2) * self.standard_error
        return self.value - half, self.value + half

    @property
    def p_above(self) -> float:
        """The probability of so large a mean where the true one is 0; 1 if unknown."""
        if not self.standard_error > 0:
            return 1.0
        return float(stdtr(self.df, -self.value / self.standard_error))


def mean_by_unit(values: np.ndarray, unit=None) -> Mean:
    """The mean of n values; `unit` has n labels (None: each row is its own unit).

    The standard error is that of a ratio of sums (Cochran 1977, "Sampling techniques", 6.3); the
    degrees of freedom are those of so many units of equal size (Kish), less one.

    >>> mean_by_unit(np.array([1.0, 1.0, 3.0, 3.0]), ["a", "a", "b", "b"])
    Mean(value=2.0, standard_error=1.0, df=1.0)
    """
    values = np.asarray(values, float)
    place = np.arange(len(values)) if unit is None else np.unique(unit, return_inverse=True)[1]
    sizes, sums = np.bincount(place).astype(float), np.bincount(place, values)
    mean, count = float(values.mean()), len(sizes)
    if count < 2:
        return Mean(mean, float("nan"), 1.0)
    squares = ((sums - mean * sizes) ** 2).sum() * count / (count - 1)
    alike = (sizes**2).sum() ** 2 / (sizes**4).sum()
    return Mean(mean, float(np.sqrt(squares) / len(values)), float(max(alike - 1, 1.0)))
