"""Predicting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from .metric_scores import score
from .task_kind import Task


def predict_scores(task: Task, model, rows: pd.DataFrame, truth, metrics=None) -> dict[str, float]:
    """The metrics of a fitted model on some rows whose truth is known."""
    prediction, probability = predict(task, model, rows)
    return score(task, truth, prediction, probability, metrics)


def predict(task: Task, model, rows: pd.DataFrame):
    """A fitted model's predictions, and for classes the n × classes probabilities (else None).

    Columns of the probabilities follow `task.classes`, also where the model has not seen a class.
    """
    if task.is_regression:
        return model.predict(rows), None
    return predictions_from_proba(task, model, model.predict_proba(rows))


def predictions_from_proba(task: Task, model, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and probabilities, as `predict` has them, of what `predict_proba` has found."""
    probability = np.zeros((len(found), len(task.classes)))
    columns = [task.classes.index(str(label)) for label in model.classes_]
    probability[:, columns] = found[:, : len(columns)]
    return _labels_of(model, found), probability


def _labels_of(model, found: np.ndarray) -> np.ndarray:
    """What `model.predict` says, read off the probabilities that were found already.

    Asking twice would clean the rows, make the features and climb every tree twice.
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    if hasattr(last, "decide"):  # see `helpers.calibration`
        return model.classes_[last.decide(found)]
    if not isinstance(last, FixedThresholdClassifier):
        return model.classes_[found.argmax(axis=1)]
    positive = list(model.classes_).index(last.pos_label)
    return model.classes_[np.where(found[:, positive] >= last.threshold, positive, 1 - positive)]
