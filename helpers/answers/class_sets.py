"""Sets of classes that hold the truth as often as promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .score_quantiles import ScoreQuantiles


@dataclass(frozen=True)
class ClassSets:
    """Every class whose probability is high enough: the least sets of a coverage (LAC).

    The score of a row is 1 less the probability of its true class (Sadinle, Lei and Wasserman
    2019).
    """

    quantiles: ScoreQuantiles

    def sets(self, probability: np.ndarray, level: float) -> np.ndarray:
        """Which classes are in the set of each row: n × classes. The likeliest one always is."""
        probability = np.asarray(probability, float)
        held = 1 - probability <= self.quantiles.at(level) + 1e-12
        held[np.arange(len(held)), probability.argmax(axis=1)] = True
        return held

    def set_row(self, chances: Sequence[float], level: float) -> list[bool]:
        """The same for the probabilities of one row, as Python's own numbers."""
        far, likeliest = self.quantiles.at(level) + 1e-12, max(chances)
        place = chances.index(likeliest)
        return [1 - chance <= far or n == place for n, chance in enumerate(chances)]


def learn_sets(positions: np.ndarray, probability: np.ndarray, unit=None) -> ClassSets:
    """The sets for classes like these: the `positions` of n true classes, n × classes
    probabilities from out of the folds, and the unit of each row.
    """
    scores = 1 - probability[np.arange(len(positions)), positions]
    return ClassSets(ScoreQuantiles.of(scores, unit))
