"""The learning curve: would more rows help?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ..learning.inner_folds import fit_by_unit
from ..learning.labelled_data import Labelled, evenly_spaced_positions
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, score
from ..learning.predicting import predict
from ..learning.score_intervals import paired_gain, score_intervals
from ..learning.task_kind import Task

CURVE_ROWS = 16_000  # training rows at most: the shape of the curve shows on fewer
CURVE_SHARES = (0.125, 0.25, 0.5, 1.0)


def learning_curve(model: Pipeline, learn: Labelled) -> pd.DataFrame:
    """The main metric on the last fold, after training on an eighth to all of the rows before it.

    `model` is a fitted pipeline of features and model; copies of it are fitted. A row per size:
    `rows`; `score` with its 95 % interval `low` to `high` by unit; `train`, the score on the rows
    that were learnt from. The last doubling's gain has an interval in `gain_from` and `gain_to`
    (`paired_gain`: on the same rows, by unit, so it is narrower than those of the two scores).
    """
    train, valid = list(learn.folds())[-1]
    train = train[evenly_spaced_positions(learn.y[train], CURVE_ROWS)]
    asked = learn.at(valid[evenly_spaced_positions(learn.y[valid], CURVE_ROWS)])
    said, rows = [], []
    for share in CURVE_SHARES:
        chosen = train[evenly_spaced_positions(learn.y[train], max(round(share * len(train)), 2))]
        if not learn.task.is_regression and len(set(learn.y[chosen])) < 2:
            continue
        fitted = fit_by_unit(clone(model), learn, chosen)
        said.append(predict(learn.task, fitted, asked.X))
        rows.append({"rows": len(chosen)} | _scores(learn, fitted, chosen, asked, said[-1]))
    table = pd.DataFrame(rows)
    if len(said) > 1:
        gain = paired_gain(learn.task, asked.y, *said[-2:], unit=asked.unit)
        table["gain_from"], table["gain_to"] = gain.low, gain.high
    return table


def _scores(learn: Labelled, fitted, chosen: np.ndarray, asked: Labelled, answers: tuple) -> dict:
    """The main metric on the rows that were asked, its interval, and the score on those learnt."""
    task, metric = learn.task, learn.task.main_metric
    interval = score_intervals(task, asked.y, *answers, unit=asked.unit, metrics=[metric])
    seen = predict(task, fitted, learn.X.iloc[chosen])
    return {
        "score": score(task, asked.y, *answers, [metric]).get(metric, np.nan),
        "low": interval["low"].get(metric, np.nan),
        "high": interval["high"].get(metric, np.nan),
        "train": score(task, learn.y[chosen], *seen, [metric]).get(metric, np.nan),
    }


def describe_learning_curve(task: Task, curve: pd.DataFrame) -> str:
    """Whether more rows would help, in a sentence."""
    if len(curve) < 2 or "gain_from" not in curve:
        return "There are too few rows to draw a learning curve."
    name, last = PLAIN_NAMES[task.main_metric], curve.iloc[-1]
    gain = better(task.main_metric, last["score"], curve["score"].iloc[-2])
    interval = f"95 % interval {last['gain_from']:+.3g} to {last['gain_to']:+.3g}"
    text = f"Doubling the rows, to {last['rows']:,.0f}, changed {name} by {gain:+.3g} ({interval})"
    if more_rows_help(curve):
        return f"{text}: **more rows would help**."
    return f"{text}: it is not shown that more rows of the same kind would help."


def more_rows_help(curve: pd.DataFrame) -> bool:
    """Whether the last doubling of the rows significantly improved the score."""
    return "gain_from" in curve and bool(curve["gain_from"].iloc[-1] > 0)
