"""Scores before stage 6: what a model answers on the folds of the training rows.

Held-out rows are asked once, in stage 6. Whoever needs a score before that takes it from here: each
fold is answered by a model that has not learnt from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .inner_folds import fit_by_unit
from .labelled_data import TRAIN, Labelled
from .metric_scores import score
from .predicting import predict
from .task_kind import Task


@dataclass(frozen=True)
class FoldAnswers:
    """The answers to the n training rows that a fold validates, each by a model that had not seen
    the row.

    `position` is where each row stands among the training rows, `fold` which fold it is in. `truth`
    and `prediction` are n labels or numbers, `probability` is n × classes (None for numbers),
    `unit` n labels of what the row belongs to (None: each row is its own). `scores` has a row a
    fold and a column a metric.
    """

    task: Task
    position: np.ndarray
    fold: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    probability: np.ndarray | None
    unit: np.ndarray | None
    scores: pd.DataFrame

    @property
    def mean(self) -> pd.Series:
        """The mean score over the folds, by metric; NaN where no fold has one."""
        return self.scores.mean()

    @property
    def answer(self) -> tuple:
        """The prediction and the probability, as functions that pair two models take them."""
        return self.prediction, self.probability

    def at(self, chosen: np.ndarray) -> FoldAnswers:
        """Some of the answers, by a mask or by their places here; the scores stay those of all."""
        some = {
            name: None if (values := getattr(self, name)) is None else values[chosen]
            for name in ("position", "fold", "truth", "prediction", "probability", "unit")
        }
        return FoldAnswers(self.task, scores=self.scores, **some)


def fold_scores(rows: Labelled, make_model: Callable, metrics=None) -> FoldAnswers:
    """What models made by `make_model` answer on the folds of the training rows.

    `make_model()` gives an unfitted model that learns from cleaned rows (a frame) and labels;
    `metrics` are those of the task where none are named. Only training rows are touched: `rows` may
    hold the held-out ones too. A fold whose training rows are of one class is left out. Raises
    ValueError when no fold is left.

    >>> from sklearn.linear_model import LinearRegression
    >>> X = pd.DataFrame({"x": np.arange(8.0)})
    >>> rows = Labelled(Task("y", "regression"), X, 2.0 * X["x"].to_numpy(), np.arange(8),
    ...                 part=np.repeat([TRAIN], 8), fold=np.arange(8) % 2)
    >>> fold_scores(rows, LinearRegression, ["r2"]).mean.round(3).to_dict()
    {'r2': 1.0}
    """
    learn = rows.of(TRAIN)
    metrics = list(learn.task.metrics if metrics is None else metrics)
    found = [_fold_answers(learn, make_model, *one) for one in _usable_folds(learn)]
    if not found:
        raise ValueError("No fold has training rows of two classes.")
    position, fold, prediction, probability = _joined(found)
    truth = learn.y[position]
    unit = getattr(learn, "unit", None)
    answers = FoldAnswers(
        learn.task, position, fold, truth, prediction, probability,
        None if unit is None else unit[position], pd.DataFrame()
    )  # fmt: skip
    return _with_scores(answers, metrics)


def _usable_folds(learn: Labelled):
    """The number, the training and the validation rows of each fold that a model can learn from."""
    for number, (train, valid) in enumerate(learn.folds()):
        if len(valid) and (learn.task.is_regression or len(set(learn.y[train])) > 1):
            yield number, train, valid


def _fold_answers(learn: Labelled, make_model: Callable, number: int, train, valid) -> tuple:
    """Positions, fold, predictions and probabilities of one fold's validation rows."""
    fitted = fit_by_unit(make_model(), learn, train)
    said, chance = predict(learn.task, fitted, learn.X.iloc[valid])
    return valid, np.full(len(valid), number), said, chance


def _joined(found: list[tuple]) -> tuple:
    """The folds one after the other."""
    return tuple(
        None if one[0] is None else np.concatenate(one) for one in zip(*found, strict=True)
    )


def _with_scores(answers: FoldAnswers, metrics: list[str]) -> FoldAnswers:
    """The answers with the score of each fold."""
    table = {}
    for number in np.unique(answers.fold):
        one = answers.at(answers.fold == number)
        table[int(number)] = score(one.task, one.truth, *one.answer, metrics)
    scores = pd.DataFrame(table, index=metrics, dtype=float).T.rename_axis("fold")
    return replace(answers, scores=scores)
