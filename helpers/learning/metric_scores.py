"""The metrics of predictions whose truth is known, by scikit-learn's names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.ranks import roc_auc
from .metric_names import LESS_IS_BETTER
from .task_kind import Task

FEW_CLASSES = 5  # as many texts are found faster one by one than by an index


def score(task: Task, truth, prediction, probability=None, metrics=None) -> dict[str, float]:
    """The task's metrics of some predictions.

    `truth` and `prediction` are arrays of n labels or numbers; `probability` is n × classes in
    the order of `task.classes`. A metric that is not defined (one class only) is left out.
    """
    said = (as_numbers(task, values) for values in (truth, prediction))
    return score_numbers(task, *said, probability, metrics)


def as_numbers(task: Task, values) -> np.ndarray:
    """Floats as they are, and labels as their positions in `task.classes` (-1: none of them).

    Numbers are drawn, compared and counted many times faster than texts.
    """
    if task.is_regression:
        return np.asarray(values).astype(float)
    texts = np.asarray(values).astype(str)
    if len(task.classes) > FEW_CLASSES:
        return pd.Index(task.classes).get_indexer(texts)
    place = np.full(len(texts), -1)
    for number, name in enumerate(task.classes):
        place[texts == name] = number
    return place


def score_numbers(task: Task, truth, prediction, probability, metrics) -> dict[str, float]:
    """As `score`, of arrays that `as_numbers` has made: for those who score them many times."""
    names = task.metrics if metrics is None else metrics
    known = {"binary": _binary_scores, "multiclass": _class_scores, "regression": _errors}
    asked = known[task.kind](task, truth, prediction, probability)
    values = {name: asked[name]() for name in names if name in asked}
    return {name: float(value) for name, value in values.items() if value is not None}


def _errors(task: Task, truth, prediction, _) -> dict:
    error, spread = truth - prediction, np.var(truth)
    return {
        "r2": lambda: 1 - (error**2).mean() / spread if spread > 0 else None,
        "neg_mean_absolute_error": lambda: -np.abs(error).mean(),
        "neg_root_mean_squared_error": lambda: -np.sqrt((error**2).mean()),
    }


def _binary_scores(task: Task, truth, prediction, probability) -> dict:
    from sklearn.metrics import average_precision_score

    positive = task.classes.index(task.positive)
    yes, said = truth == positive, prediction == positive
    found = (yes & said).sum()
    scores = {
        "accuracy": lambda: (truth == prediction).mean(),
        "precision": lambda: found / max(said.sum(), 1),
        "recall": lambda: found / max(yes.sum(), 1),
        "f1": lambda: 2 * found / max(said.sum() + yes.sum(), 1),
    }
    if probability is None:
        return scores
    chance = np.asarray(probability)[:, positive]
    if 0 < yes.sum() < len(yes):
        scores["roc_auc"] = lambda: roc_auc(yes, chance)
        scores["average_precision"] = lambda: average_precision_score(yes, chance)
    return scores | {"log_loss": lambda: _log_loss(truth, probability)}


def _class_scores(task: Task, truth, prediction, probability) -> dict:
    scores = {
        "accuracy": lambda: (truth == prediction).mean(),
        "precision_macro": lambda: _macro(task, truth, prediction, said=2, present=0),
        "recall_macro": lambda: _macro(task, truth, prediction, said=0, present=2),
        "f1_macro": lambda: _macro(task, truth, prediction, said=1, present=1),
    }
    if probability is None:
        return scores
    return scores | {"log_loss": lambda: _log_loss(truth, probability)}


def _macro(task: Task, truth, prediction, *, said: int, present: int) -> float:
    """The mean over all classes of the task of 2 × right / (`said` × said + `present` × present).

    A class that neither came nor was predicted counts as 0, as scikit-learn does with `labels=`: a
    rare class that happens to be absent must not raise the mean.
    """
    count = len(task.classes)
    known = (truth >= 0, prediction >= 0)
    came, called = (
        np.bincount(values[mask], minlength=count)
        for values, mask in zip((truth, prediction), known, strict=True)
    )
    right = np.bincount(truth[(truth == prediction) & known[0]], minlength=count)
    return float((2 * right / np.maximum(said * called + present * came, 1)).mean())


def _log_loss(truth: np.ndarray, probability) -> float:
    """Minus the mean logarithm of the probability that was given to the true class."""
    given = np.asarray(probability)[np.arange(len(truth)), truth]
    return -np.log(np.clip(given, np.finfo(float).eps, 1)).mean()


def better(metric: str, value: float, than: float) -> float:
    """By how much `value` is better than `than`, in the metric's own units.

    >>> better("log_loss", 0.4, 0.5) > 0
    True
    """
    return than - value if metric in LESS_IS_BETTER else value - than
