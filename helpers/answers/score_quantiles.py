"""The quantiles of conformal scores, where rows belong to units and a unit counts once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.user_errors import InputError

MOST = 1_000  # scores that are kept
TAIL = 0.02  # above 1 - TAIL every fourth of the kept ones lies


@dataclass(frozen=True)
class ScoreQuantiles:
    """Scores in rising order, and the level up to which each is enough for a row of a new unit.

    With U units a row of a unit of m rows weighs 1 / (m (U + 1)), and the weight of one unit lies
    at infinity: the new one (Lee, Barber and Willett 2023, Distribution-free inference with
    hierarchical data). Where each row is a unit this is split conformal prediction (Vovk et al.).

    >>> one = ScoreQuantiles.of(np.arange(1.0, 20.0))
    >>> one.at(0.9), one.at(0.96), round(one.highest_level, 3)
    (18.0, inf, 0.95)
    """

    scores: np.ndarray
    levels: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, unit: np.ndarray | None = None) -> ScoreQuantiles:
        """The quantiles of n scores, by the unit of each (None: each row is its own)."""
        weights, units = unit_weights(unit, len(scores))
        order = np.argsort(scores, kind="stable")
        levels = weights[order].cumsum() * units / (units + 1)
        kept = _thinned(levels)
        return cls(scores[order][kept], levels[kept])

    @property
    def highest_level(self) -> float:
        """The highest level that so many units can tell."""
        return float(self.levels[-1]) if len(self.levels) else 0.0

    def at(self, level: float) -> float:
        """The least score that is enough at a level; infinite where units are too few for it."""
        place = int(np.searchsorted(self.levels, level - 1e-9))
        return float(self.scores[place]) if place < len(self.scores) else np.inf


def _thinned(levels: np.ndarray) -> np.ndarray:
    """Positions of up to `MOST` levels, even in the level and denser in the upper tail."""
    if len(levels) <= MOST:
        return np.arange(len(levels))
    top = levels[-1]
    body = np.linspace(levels[0], top, MOST * 3 // 4)
    tail = np.linspace(top - TAIL, top, MOST // 4)
    asked = np.concatenate([body, tail])
    return np.unique(np.searchsorted(levels, asked - 1e-12).clip(0, len(levels) - 1))


def unit_weights(unit: np.ndarray | None, rows: int) -> tuple[np.ndarray, int]:
    """The weight of each of n rows, where each unit counts once and all add up to 1; the units.

    >>> weights, units = unit_weights(np.array(["a", "b", "b"]), 3)
    >>> weights.tolist(), units
    ([0.5, 0.25, 0.25], 2)
    """
    if unit is None:
        return np.full(rows, 1 / max(rows, 1)), rows
    _, place, counts = np.unique(
        np.asarray(unit).astype(str), return_inverse=True, return_counts=True
    )
    return 1 / (counts[place] * len(counts)), len(counts)


def checked_level(level: float, name: str = "A level") -> float:
    """The level of an interval or a set as a number between 0 and 1; InputError for another.

    >>> checked_level(0.9)
    0.9
    """
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise InputError(f"{name} lies between 0 and 1, such as 0.9; {level} does not.")
    return float(level)
