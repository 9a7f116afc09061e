"""The rule that turns probabilities into a class: a threshold, or the largest weighted one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class DecisionRule:
    """Which class is decided on, given the probabilities of all of them.

    With a `threshold`, the class at `positive` from that probability on, else the other of the two.
    Without one, the class with the largest weight × probability; no `weights` are equal weights.

    >>> rule = DecisionRule(threshold=0.7)
    >>> rule.positions(np.array([[0.4, 0.6], [0.2, 0.8]])).tolist()
    [0, 1]
    """

    threshold: float | None = None
    positive: int = 1
    weights: tuple[float, ...] = ()

    def positions(self, probability: np.ndarray) -> np.ndarray:
        """The positions of the classes decided on: of n × classes n, of one row's classes one."""
        if self.threshold is not None:
            is_positive = probability[..., self.positive] >= self.threshold
            return np.where(is_positive, self.positive, 1 - self.positive)
        if len(self.weights) == probability.shape[-1]:
            probability = probability * np.asarray(self.weights)
        return probability.argmax(axis=-1)


@singledispatch
def decision_rule(model) -> DecisionRule:
    """The rule by which a fitted classifier decides; one that has its own registers it."""
    return DecisionRule()


@decision_rule.register
def _(model: Pipeline) -> DecisionRule:
    return decision_rule(model[-1])


@decision_rule.register
def _(model: FixedThresholdClassifier) -> DecisionRule:
    return DecisionRule(float(model.threshold), list(model.classes_).index(model.pos_label))
