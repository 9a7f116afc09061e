"""Small tables: intervals of repeated cross-validation beside those of the held-out rows.

The true score is that of the model on 20,000 new rows, once it is fitted on all rows of the table;
for the held-out rows that of the model fitted on the other rows.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.evaluate.repeated_validation import repeated_validation
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.score_intervals import score_intervals
from helpers.learning.task_kind import Task

from . import Simulation

TASKS = {
    "classes": Task("y", "binary", ("no", "yes"), "yes"),
    "number": Task("y", "regression"),
}
COLUMNS, NEW = 6, 20_000
GOALS = {"covers": (0.9, None), "narrower than held out": (0.9, None)}


def table(random: np.random.Generator, kind: str, rows: int, each: int) -> Labelled:
    """Rows of units of a few rows each, which share a shift where there is more than one."""
    X = pd.DataFrame(random.normal(size=(rows, COLUMNS))).add_prefix("x")
    unit = np.arange(rows) // each
    own = 0.7 * random.normal(size=unit[-1] + 1)[unit] * (each > 1)
    signal = X["x0"] - 0.7 * X["x1"] + 0.4 * X["x2"] + own
    y = (signal + random.logistic(size=rows)).to_numpy()
    if kind == "classes":
        y = np.where(y > 0, "yes", "no").astype(object)
    labels = unit.astype(str).astype(object) if each > 1 else None
    return Labelled(TASKS[kind], X, y, np.arange(rows), unit=labels)


def covers(random: np.random.Generator, kind: str, rows: int, each: int = 1) -> dict[str, float]:
    """Whether both intervals hold the true score of the main metric, and how wide they are."""
    made, new = table(random, kind, rows, each), table(random, kind, NEW, each)
    metric = made.task.main_metric
    learner = LogisticRegression() if kind == "classes" else Ridge()
    model = make_pipeline(StandardScaler(), learner).fit(made.X, made.y)
    again = repeated_validation(model, made, int(random.integers(1_000)))
    found, true = again.scores.loc[metric], _score(model, new, metric)
    held_out, true_of_most = _held_out(random, made, new, metric, model)
    width = float(found["high"] - found["low"])
    other = float(held_out["high"] - held_out["low"])
    return {
        "covers": float(found["low"] <= true <= found["high"]),
        "held-out interval covers": float(held_out["low"] <= true_of_most <= held_out["high"]),
        "narrower than held out": float(not width >= other),
        "width": width,
        "held-out width": other,
    }


def _score(model, rows: Labelled, metric: str) -> float:
    """The score of a fitted model on some rows."""
    return score(rows.task, rows.y, *predict(rows.task, model, rows.X), [metric])[metric]


def _held_out(random, made: Labelled, new: Labelled, metric: str, model) -> tuple:
    """The interval on a fifth of the units, and the true score of the model of the others."""
    unit = np.arange(len(made.y)) if made.unit is None else made.unit
    names = np.unique(unit)
    chosen = np.isin(unit, random.choice(names, len(names) // 5, replace=False))
    learn, test = made.at(np.flatnonzero(~chosen)), made.at(np.flatnonzero(chosen))
    fitted = model.fit(learn.X, learn.y)
    said = predict(made.task, fitted, test.X)
    found = score_intervals(made.task, test.y, *said, unit=test.unit, metrics=[metric])
    if metric not in found.index:
        return pd.Series({"low": np.nan, "high": np.nan}), np.nan
    return found.loc[metric], _score(fitted, new, metric)


SIMULATIONS = [
    Simulation(
        f"{rows} rows{f', {each} of each unit' if each > 1 else ''}, {what}",
        partial(covers, kind=kind, rows=rows, each=each),
        GOALS,
        repeats=300,
        quick=5,
    )
    for rows, each in ((80, 1), (200, 1), (400, 1), (240, 4))
    for kind, what in (("classes", "two classes"), ("number", "a number"))
]
