"""Small tables: the model cross-validated again and again, beside the one held-out score.

A fifth of 300 rows is 60, and a score of 60 rows says little. Here every row is answered several
times, each time by a model that has not seen its unit, and all answers are scored together. The
model and its settings were chosen on part of these rows, so the figure is a little too good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from ..learning.inner_folds import fit_by_unit
from ..learning.labelled_data import Labelled
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.predicting import predict
from ..learning.score_intervals import score_intervals
from ..learning.units import describe_units

SMALL = 500  # rows; with more, the held-out score stands alone
REPEATS, FOLDS = 5, 5
BINS = 5  # of a number to predict: each fold gets low and high ones


@dataclass(frozen=True)
class RepeatedScores:
    """What repeated cross-validation found: `scores` has a row a metric.

    Its columns are `score`, `low`, `high`, `warning`; `rows` counts rows and units in words.
    """

    scores: pd.DataFrame
    rows: str
    repeats: int
    folds: int


def repeated_validation(model: Pipeline, rows: Labelled, seed: int = 42) -> RepeatedScores | None:
    """The scores of a model on all rows of a small table, training and held-out ones.

    `model` is a fitted pipeline of features and model; copies of it are fitted. Units stay whole in
    the folds, and the interval leaves units out (`score_intervals`), each with all its answers.
    None where there are 500 rows or more, where rows are split by time (a model must not learn from
    later rows), or where the folds can't be made.
    """
    folds = min(FOLDS, _fewest(rows))
    if len(rows.y) >= SMALL or rows.by_time or folds < 2:
        return None
    said = [_answers(model, rows, folds, seed + number) for number in range(REPEATS)]
    prediction = np.concatenate([one for one, _ in said])
    probability = None if rows.task.is_regression else np.concatenate([one for _, one in said])
    answers = rows.task, np.tile(rows.y, REPEATS), prediction, probability
    interval = score_intervals(*answers, unit=np.tile(_units(rows), REPEATS))
    found = pd.Series(score(*answers), name="score")
    scores = interval[["low", "high", "warning"]].join(found, how="inner")
    counted = describe_units(rows.unit, rows.units, len(rows.y))
    return RepeatedScores(scores, counted, REPEATS, folds)


def _units(rows: Labelled) -> np.ndarray:
    """A label a row: of its unit, or its own."""
    return np.arange(len(rows.y)).astype(str) if rows.unit is None else rows.unit


def _fewest(rows: Labelled) -> int:
    """How many units the rarest class has; of a number to predict, how many there are."""
    unit = _units(rows)
    classes = np.zeros(len(rows.y)) if rows.task.is_regression else rows.y.astype(str)
    return min(len(np.unique(unit[classes == one])) for one in np.unique(classes))


def _answers(model: Pipeline, rows: Labelled, folds: int, seed: int) -> tuple:
    """Predictions and probabilities for every row, by models that have not seen its unit."""
    kind = StratifiedKFold if rows.unit is None else StratifiedGroupKFold  # which takes long
    prediction, classes = np.empty(len(rows.y), dtype=rows.y.dtype), rows.task.classes
    probability = None if rows.task.is_regression else np.zeros((len(rows.y), len(classes)))
    cutter = kind(folds, shuffle=True, random_state=seed)
    for train, valid in cutter.split(rows.X, _strata(rows), rows.unit):
        fitted = fit_by_unit(clone(model), rows, train)
        prediction[valid], chance = predict(rows.task, fitted, rows.X.iloc[valid])
        if chance is not None:
            probability[valid] = chance
    return prediction, probability


def _strata(rows: Labelled) -> np.ndarray:
    """What the folds are alike in: the class, or one of some equal bins of the number."""
    if not rows.task.is_regression:
        return rows.y
    return np.ceil(pd.Series(rows.y).rank(method="first", pct=True) * BINS).astype(int)


def describe_repeated(rows: Labelled, found: RepeatedScores | None, held_out: pd.DataFrame) -> str:
    """The two scores side by side, in a sentence; empty where there is one only.

    `held_out` has the columns `test`, `from` and `to`, a row a metric.
    """
    metric = rows.task.main_metric
    if found is None or metric not in found.scores.index or metric not in held_out.index:
        return ""
    one, other = found.scores.loc[metric], held_out.loc[metric]
    return (
        f"A small table: the held-out score rests on few rows. Cross-validated {found.repeats} "
        f"times in {found.folds} folds, on all {found.rows}, {PLAIN_NAMES[metric]} is "
        f"**{one['score']:.3g}** (95 % interval {one['low']:.3g} to {one['high']:.3g}), against "
        f"{other['test']:.3g} ({other['from']:.3g} to {other['to']:.3g}) on the held-out rows. The "
        f"settings were chosen on part of these rows, so it is a little too good."
    )


def kept(found: RepeatedScores | None) -> dict:
    """What `metrics.json` keeps of it, under `repeated`; nothing where it was not done."""
    if found is None:
        return {}
    table = found.scores.drop(columns="warning").astype(float).round(6)
    return {"repeated": {"repeats": found.repeats, "folds": found.folds} | table.to_dict("index")}
