"""Which answers had better go to a person, so that those that are given are wrong rarely enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import beta

from ..base.spacing import evenly_spaced
from ..learning.decision_rule import DecisionRule
from .score_quantiles import unit_weights

MOST = 500  # points of the curve
MOST_KEPT = 100  # risks of which the threshold is kept
CONFIDENCE = 0.9  # that the error among the rows that are kept is no larger than asked for
START = 0.5  # of the risk: the first test is on so many rows that a model this good would pass it
ALL, NONE = 0.0, np.inf  # least confidence: every row is kept, no row is


@dataclass(frozen=True)
class Abstention:
    """The errors among the rows of the folds whose decision is at least so confident.

    The confidence of a decision is the probability of the class decided on. `confidence` falls;
    `kept` and `wrong` count the rows with at least that confidence, and the errors among them.
    `correlation` is that of errors within a unit, `unit_size` the mean size of a row's unit.
    """

    rule: DecisionRule
    confidence: np.ndarray
    kept: np.ndarray
    wrong: np.ndarray
    correlation: float = 0.0
    unit_size: float = 1.0

    def abstains(self, probability: np.ndarray, risk: float) -> np.ndarray:
        """Whether each of n rows (n × classes probabilities) had better go to a person."""
        return confidence_of(self.rule, probability) < self.least_confidence(risk)

    def abstains_row(self, chances: Sequence[float], risk: float) -> bool:
        """The same for the probabilities of one row."""
        decided = int(self.rule.positions(np.asarray(chances)))
        return chances[decided] < self.least_confidence(risk)

    def least_confidence(self, risk: float) -> float:
        """The least confidence at which a row is answered; infinite where no row can be."""
        if risk not in self._found:
            if len(self._found) >= MOST_KEPT:  # whoever asks may ask for any risk
                self._found.clear()
            self._found[risk] = self._find_least(risk)
        return self._found[risk]

    @cached_property
    def _found(self) -> dict[float, float]:
        """The least confidence by the risks that were asked."""
        return {}

    def _find_least(self, risk: float) -> float:
        """The least confidence at a risk.

        Tests go from the most confident rows on, each on all rows above a threshold, and end at the
        first that does not show an error of at most `risk` (fixed-sequence testing: Angelopoulos et
        al. 2021, Learn then test). Rows of a unit count less by the design effect.
        """
        bounds = self.upper_bounds()
        places = np.flatnonzero(self._rows_that_tell() >= rows_to_start(risk))
        passed = -1
        for place in places:
            if bounds[place] > risk:
                break
            passed = place
        if passed < 0:
            return NONE
        return ALL if passed == len(self.kept) - 1 else float(self.confidence[passed])

    def _rows_that_tell(self) -> np.ndarray:
        """By threshold, how many independent rows would tell as much as those kept."""
        share = self.kept / max(self.kept[-1], 1)
        size = np.maximum(self.unit_size * share, 1)
        return self.kept / (1 + (size - 1) * self.correlation)

    def upper_bounds(self) -> np.ndarray:
        """By threshold, the most that the error among the rows kept is (Clopper, Pearson 1934)."""
        rows = self._rows_that_tell()
        wrong = self.wrong / np.maximum(self.kept, 1) * rows
        return np.nan_to_num(beta.ppf(CONFIDENCE, wrong + 1, rows - wrong), nan=1.0)

    def curve(self) -> np.ndarray:
        """points × 3: the share of rows that goes to a person, the error among the others, and what
        that error is at most.
        """
        away = 1 - self.kept / max(self.kept[-1], 1)
        return np.column_stack([away, self.wrong / np.maximum(self.kept, 1), self.upper_bounds()])


def rows_to_start(risk: float) -> float:
    """The rows of the first test: so many that an error of half the risk would pass it.

    >>> 40 < rows_to_start(0.1) < 200
    True
    """
    for rows in np.unique(np.geomspace(5, 1e6, 400).round()):
        if beta.ppf(CONFIDENCE, START * risk * rows + 1, rows - START * risk * rows) <= risk:
            return float(rows)
    return 1e6


def confidence_of(rule: DecisionRule, probability: np.ndarray) -> np.ndarray:
    """The probability of the class that is decided on, n of n × classes.

    >>> confidence_of(DecisionRule(threshold=0.3), np.array([[0.6, 0.4], [0.9, 0.1]])).tolist()
    [0.4, 0.9]
    """
    probability = np.asarray(probability, float)
    return probability[np.arange(len(probability)), rule.positions(probability)]


def learn_abstention(positions, probability, rule: DecisionRule, unit=None) -> Abstention:
    """The curve of rows like these: the `positions` of n true classes, and n × classes
    probabilities from out of the folds.
    """
    confidence = confidence_of(rule, probability)
    wrong = rule.positions(probability) != positions
    order = np.argsort(-confidence, kind="stable")
    steps = confidence[order]
    last_of_step = np.flatnonzero(np.append(steps[1:] != steps[:-1], True))
    places = last_of_step[evenly_spaced(len(last_of_step), MOST)]
    correlation, size = errors_by_unit(wrong.astype(float), unit)
    errors = wrong[order].cumsum()[places].astype(float)
    return Abstention(rule, steps[places], places + 1.0, errors, correlation, size)


def errors_by_unit(wrong: np.ndarray, unit: np.ndarray | None) -> tuple[float, float]:
    """The correlation of errors within a unit (ANOVA), and the mean size of a row's unit.

    >>> errors_by_unit(np.array([1.0, 1, 0, 0]), np.array(["a", "a", "b", "b"]))
    (1.0, 2.0)
    """
    units = unit_weights(unit, len(wrong))[1]
    if unit is None or units < 2 or units == len(wrong):
        return 0.0, 1.0
    _, place, sizes = np.unique(unit.astype(str), return_inverse=True, return_counts=True)
    means = np.bincount(place, wrong) / sizes
    within = ((wrong - means[place]) ** 2).sum() / (len(wrong) - units)
    between = (sizes * (means - wrong.mean()) ** 2).sum() / (units - 1)
    usual = (len(wrong) - (sizes**2).sum() / len(wrong)) / (units - 1)
    total = between + (usual - 1) * within
    correlation = (between - within) / total if total > 0 else 0.0
    return float(np.clip(correlation, 0, 1)), float((sizes**2).sum() / len(wrong))
