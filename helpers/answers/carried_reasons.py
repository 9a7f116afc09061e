"""Reasons carried through what is done to a score: a calibration, or a margin made a probability.

With z the scores inside, b their base and g what is done to them, a contribution φ becomes
Σ_j φ_j ∫₀¹ ∂g/∂z_j (b + t (z − b)) dt: each keeps its part of the way, and the sum is g(z) − g(b).
Of one score that is φ (g(z) − g(b)) / (z − b). It is the rule by which Chen, Lundberg and Lee
(2022, https://doi.org/10.1038/s41467-022-31384-3) explain a series of models; where g is a line, it
is exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, softmax

from ..models.calibrated_model import MIN_PROBABILITY, Calibrated
from .additive import EXACT, LOG_ODDS, PROBABILITY, Additive

CARRIED = "exact within each model, then carried over to the probability in proportion"
POINTS, WEIGHTS = (side / 2 for side in np.polynomial.legendre.leggauss(16))
POINTS = POINTS + 0.5
NEAR = 1e-7  # scores that differ by less: the slope between them is that at the first
BLOCK = 1_024


class Stretched(Additive):
    """A calibrated model of log odds: they are stretched and shifted, as its calibration does.

    The floor of 1 in 10,000 that a calibration puts under each probability comes after.
    """

    scale = LOG_ODDS

    def __init__(self, inner: Additive, model: Calibrated):
        self.inner, self.slope, self.error = inner, float(model.slope), inner.error
        shifts = np.asarray(model.shifts, dtype=float)
        self.base = inner.base * self.slope
        self.base = self.base + (shifts[1:] - shifts[:1] if len(shifts) == 2 else shifts)

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return self.inner.row(x) * self.slope

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        return self.inner.rows(X) * self.slope

    def deviations(self, x: np.ndarray) -> np.ndarray:
        """K × columns: the standard errors of the contributions."""
        return self.inner.deviations(x) * self.slope


class Carried(Additive):
    """Scores made probabilities: softmax of `margin(z)`, a number a class; `steep` is its slope."""

    scale = PROBABILITY

    def __init__(self, inner: Additive, given: Callable, steep: Callable):
        self.inner, self.given, self.steep = inner, given, steep
        self.error = CARRIED if inner.error == EXACT else inner.error
        self.base = given(inner.base[None])[0]

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        inner = self.inner.rows(X)
        blocks = (slice(start, start + BLOCK) for start in range(0, len(X), BLOCK))
        return np.concatenate([inner[:0], *(self._carried(inner[these]) for these in blocks)])

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return self._carried(self.inner.row(x)[None])[0]

    def deviations(self, x: np.ndarray) -> np.ndarray:
        """K × columns: the standard errors of the contributions, carried as they are."""
        inner = self.inner.deviations(x)
        return np.sqrt((self._weights(self.inner.row(x)[None])[0] ** 2) @ inner**2)

    def _carried(self, added: np.ndarray) -> np.ndarray:
        found = self._weights(added) @ added
        goal = self.given(self.inner.base + added.sum(axis=2)) - self.base
        return _summing_to(found, goal)

    def _weights(self, added: np.ndarray) -> np.ndarray:
        """n × K × K: how much of each inner contribution goes into each of the carried ones."""
        start, end = self.inner.base, self.inner.base + added.sum(axis=2)
        if len(start) == 1:
            return self._slope(start, end)[:, :, None]
        between = start + POINTS[:, None] * (end - start)[:, None]  # n × points × K
        given, steep = self.given(between), self.steep(between)
        inside = (given * WEIGHTS[:, None]).swapaxes(1, 2)
        own = np.einsum("ntk,ntk,t->nk", given, steep, WEIGHTS)
        return own[:, :, None] * np.eye(len(start)) - inside @ (given * steep)

    def _slope(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Of one score, n × 1: how steep it is from the base to the score."""
        end = np.where(np.abs(end - start) < NEAR, start + NEAR, end)
        return (self.given(end) - self.given(start)) / (end - start)


def _summing_to(found: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Contributions (n × K × columns) with exactly those sums; the large take what lacks."""
    size = np.abs(found)
    total = size.sum(axis=2, keepdims=True)
    part = np.where(total > 0, size / np.where(total > 0, total, 1), 1 / found.shape[2])
    return found + (goal - found.sum(axis=2))[..., None] * part


def as_probability(inner: Additive) -> Additive:
    """A model of log odds as one of probabilities; any other as it is."""
    if inner.scale != LOG_ODDS:
        return inner
    given = expit if len(inner.base) == 1 else lambda z: softmax(z, axis=-1)
    return Carried(inner, given, np.ones_like)


def recalibrated(inner: Additive, model: Calibrated) -> Additive:
    """The probabilities of a model, calibrated."""
    slope, shifts = float(model.slope), np.asarray(model.shifts, dtype=float)

    def given(p: np.ndarray) -> np.ndarray:
        of_two = p.shape[-1] == 1
        both = np.concatenate([1 - p, p], axis=-1) if of_two else p
        found = softmax(slope * np.log(np.clip(both, MIN_PROBABILITY, 1)) + shifts, axis=-1)
        return found[..., 1:] if of_two else found

    def steep(p: np.ndarray) -> np.ndarray:
        return np.where(p > MIN_PROBABILITY, slope / np.maximum(p, MIN_PROBABILITY), 0)

    return Carried(inner, given, steep)
