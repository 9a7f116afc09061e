"""What a fitted model answers: predictions, and probabilities by the classes of the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .decision_rule import DecisionRule, decision_rule
from .metric_scores import score
from .task_kind import Task


def predict_scores(task: Task, model, rows: pd.DataFrame, truth, metrics=None) -> dict[str, float]:
    """The metrics of a fitted model on some rows whose truth is known."""
    prediction, probability = predict(task, model, rows)
    return score(task, truth, prediction, probability, metrics)


# Gets the features of some rows, their predictions, and the probabilities (None for numbers)
Look = Callable[[np.ndarray, np.ndarray, np.ndarray | None], None]


def predict(
    task: Task, model, rows: pd.DataFrame, look: Look | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """A fitted model's predictions, and for classes the n × classes probabilities (else None).

    Columns of the probabilities follow `task.classes`, also where the model has not seen a class.
    The prediction is read off the probabilities: asking `predict` too would clean the rows, make
    the features and climb every tree twice. `look` is shown the features that a pipeline makes of
    the rows, n × features, with the answers.
    """
    if look is not None:
        features = model[:-1].transform(rows)
        answers = predict(task, model[-1:], features)
        look(np.asarray(features, dtype=float), *answers)
        return answers
    if task.is_regression:
        return model.predict(rows), None
    return Answers.of(task, model).of_rows(model.predict_proba(rows))


@dataclass(frozen=True)
class Answers:
    """How a model's probabilities become a label, and probabilities by the task's classes.

    `labels` are the model's own classes, `places` says where each stands among the `count` classes
    of the task.
    """

    labels: np.ndarray
    places: list[int]
    count: int
    rule: DecisionRule

    @classmethod
    def of(cls, task: Task, model) -> Answers:
        """The answers of a fitted classifier to a task."""
        places = [task.classes.index(str(label)) for label in model.classes_]
        return cls(model.classes_, places, len(task.classes), decision_rule(model))

    def of_rows(self, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels and n × classes probabilities, of n × (the model's classes)."""
        probability = np.zeros((len(found), self.count))
        probability[:, self.places] = found[:, : len(self.places)]
        return self.labels[self.rule.positions(found)], probability

    def of_row(self, found: np.ndarray) -> tuple[str, list[float]]:
        """The label and the probabilities of one row, as Python's own values."""
        probability = [0.0] * self.count
        for place, value in zip(self.places, found.tolist(), strict=False):
            probability[place] = value
        return str(self.labels[self.rule.positions(found)]), probability
