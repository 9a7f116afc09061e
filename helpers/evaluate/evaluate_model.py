"""The model on rows it has not seen: scores with intervals, baseline, importance, curves.

The verdict on these is in `model_verdict`, their words in `evaluation_report`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor

from ..learning.labelled_data import Labelled
from ..learning.metric_scores import score
from ..learning.predicting import predict
from ..learning.score_intervals import score_intervals
from ..learning.task_kind import Task


def baseline_answers(task: Task, train: Labelled, test: Labelled) -> tuple:
    """What a model that ignores every column answers to the test rows: prediction, probability."""
    dummy = DummyRegressor() if task.is_regression else DummyClassifier(strategy="prior")
    dummy.fit(train.X, train.y)
    return predict(task, dummy, test.X)


def at_threshold(task: Task, truth, probability, threshold: float) -> dict[str, float]:
    """Accuracy, precision, recall and F1 at a threshold."""
    positive = probability[:, task.classes.index(task.positive)]
    other = next(c for c in task.classes if c != task.positive)
    prediction = np.where(positive >= threshold, task.positive, other)
    return score(task, truth, prediction, metrics=("accuracy", "precision", "recall", "f1"))


def rows_used(learn: Labelled, test: Labelled) -> dict[str, int]:
    """How many training rows and how many held-out rows there are."""
    return {"train": len(learn.y), "test": len(test.y)}


def metrics_file(
    task: Task, rows: dict, model: str, scores: pd.DataFrame, verdict: dict, reading: str, **more
) -> dict:
    """The content of `metrics.json`; `more` is what else is kept of the evaluation."""
    return {
        "task": task.kind,
        "target": task.target,
        "classes": list(task.classes),
        "positive": task.positive,
        "rows": rows,
        "model": model,
        "main_metric": task.main_metric,
        "test": scores["test"].to_dict(),
        "interval": {m: [r["from"], r["to"]] for m, r in scores.iterrows()},
        "train": scores["train"].to_dict(),
        "baseline": scores["baseline"].to_dict(),
        "promise": verdict.get("promise"),
        "verdict": verdict["verdict"],
        "checks": verdict["checks"],
        "reading": reading,
    } | more


def curves(task: Task, truth, prediction, probability, points: int = 101) -> dict:
    """The curves of a run, as lists of x and y: in `metrics.json`, and drawn to compare two runs.

    Binary: ROC and precision-recall. Several classes: F1 by class. Numbers: the share of rows with
    an error of at most x. Lines have at most `points` points.
    """
    if task.kind == "binary":
        positive = probability[:, task.classes.index(task.positive)]
        return _binary_curves(np.asarray(truth) == task.positive, positive, points)
    if task.is_regression:
        error = np.abs(np.asarray(prediction, float) - np.asarray(truth, float))
        shares = np.linspace(0, 1, points)
        return {"errors": {"x": np.quantile(error, shares).tolist(), "y": shares.tolist()}}
    by_class = f1_by_class(task, truth, prediction)
    return {"F1 by class": {"x": by_class.index.tolist(), "y": by_class.tolist()}}


def f1_by_class(task: Task, truth, prediction) -> pd.Series:
    """F1 of each class against all others, in the order of the classes.

    >>> task = Task("size", "multiclass", ("L", "M", "S"))
    >>> f1_by_class(task, ["L", "M", "S"], ["L", "M", "M"]).round(2).tolist()
    [1.0, 0.67, 0.0]
    """
    from sklearn.metrics import f1_score

    found = f1_score(truth, prediction, labels=list(task.classes), average=None, zero_division=0)
    return pd.Series(found, index=pd.Index(task.classes, name="class"))


def _binary_curves(yes: np.ndarray, probability: np.ndarray, points: int) -> dict:
    """The ROC curve and the precision-recall curve."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    false, true, _ = roc_curve(yes, probability)
    precision, recall, _ = precision_recall_curve(yes, probability)
    return {
        "ROC": _thinned(false, true, points),
        "precision and recall": _thinned(recall[::-1], precision[::-1], points),
    }


def _thinned(x: np.ndarray, y: np.ndarray, points: int) -> dict[str, list]:
    """A line of many points, by those nearest to even steps along x."""
    places = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], points)).clip(0, len(x) - 1))
    places = np.union1d(places, [0, len(x) - 1])
    return {"x": np.round(x[places], 4).tolist(), "y": np.round(y[places], 4).tolist()}


def held_out_scores(task: Task, test: Labelled, prediction, probability):
    """The metrics on held-out rows, and their 95 % intervals by unit (`score_intervals`)."""
    answers = test.y, prediction, probability
    return score(task, *answers), score_intervals(task, *answers, unit=test.unit)
