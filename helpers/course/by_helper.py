"""What the helpers of stages 4 and 5 make of the small frame of flights, to agree with by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.fold_scores import fold_scores as answers_on_folds
from ..learning.labelled_data import TRAIN, Labelled
from ..learning.task_kind import encode, find_task
from ..learning.units import UnitRule, units_of

BY_TIME = {"strategy": "time", "column": "scheduled"}


def split(flights: pd.DataFrame, test_from: str = "2013-07-01", folds: int = 4) -> pd.DataFrame:
    """The `part` and the `fold` (-1: none) of n flights, as stage 4 splits them by time."""
    from ..split.split_into_parts import split_rows

    cut = split_rows(_labelled(flights), BY_TIME, test_from=test_from, folds=folds)
    return pd.DataFrame({"part": cut.part, "fold": cut.fold}, index=flights.index)


def fold_scores(model, flights: pd.DataFrame, metric: str = "roc_auc") -> pd.Series:
    """The score of an unfitted model on each fold of n flights that have a `fold` (-1: none)."""
    from sklearn.base import clone

    rows = _labelled(flights.drop(columns="fold"))
    in_folds = Labelled(
        rows.task, rows.X, rows.y, rows.row, part=np.full(len(flights), TRAIN, dtype=object),
        fold=flights["fold"].to_numpy(), by_time=True,
    )  # fmt: skip
    return answers_on_folds(in_folds, lambda: clone(model), [metric]).scores[metric]


def _labelled(flights: pd.DataFrame) -> Labelled:
    """The flights as the stages take rows: columns, labels, and the days that they belong to."""
    task = find_task(flights["late"], "late")
    X = flights.drop(columns="late").reset_index(drop=True)
    rule = UnitRule("day", "scheduled")
    y = encode(flights["late"], task)
    return Labelled(task, X, y, np.arange(len(X)), unit=units_of(rule, X), units=rule)
