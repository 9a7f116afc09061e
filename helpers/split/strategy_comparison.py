"""The same quick model under several splits: by how much a random split flatters it."""

from __future__ import annotations

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ..base.user_errors import InputError
from ..learning.labelled_data import TEST, TRAIN, Labelled, evenly_spaced_positions
from ..learning.metric_names import PLAIN_NAMES
from ..learning.predicting import predict_scores
from ..pipeline import whole_pipeline
from .split_into_parts import date_columns, split_rows
from .split_report import name_of

PROBE_ROWS = 20_000  # enough for two decimals of a score; a quick look need not wait for more


def probe_score(rows: Labelled, features: dict, seed: int = 42) -> float:
    """The main metric on held-out rows of a quick gradient boosting.

    It is fitted on up to `PROBE_ROWS` rows, and scored on up to as many.
    """
    train, test = (_subsample(rows.of(part)) for part in (TRAIN, TEST))
    model = (
        HistGradientBoostingRegressor if rows.task.is_regression else HistGradientBoostingClassifier
    )
    quick = whole_pipeline.learner(features, model(max_iter=60, random_state=seed), seed)
    quick.fit(train.X, train.y)
    metric = rows.task.main_metric
    return predict_scores(rows.task, quick, test.X, test.y, [metric]).get(metric, float("nan"))


def probe_rows(rows: Labelled) -> int:
    """How many rows the quick model is fitted on."""
    return min(int((rows.part == TRAIN).sum()), PROBE_ROWS)


def _subsample(part: Labelled) -> Labelled:
    """Up to `PROBE_ROWS` rows, evenly spaced."""
    return part.at(evenly_spaced_positions(part.y, PROBE_ROWS))


def choices_to_compare(choice: dict, X: pd.DataFrame, time_column: str = "") -> list[dict]:
    """A random split, and whatever else the table allows: by group, or by a date column."""
    choices = [{"strategy": "random", "column": ""}]
    if choice["strategy"] != "random":
        return [*choices, choice]
    dates = [c for c in dict.fromkeys([time_column, *date_columns(X)]) if c]
    return choices + [{"strategy": "time", "column": name} for name in dates[:1]]


def compare_strategies(
    rows: Labelled, features: dict, choices: list[dict], **options
) -> pd.DataFrame:
    """The same quick model under several splits: rows held out, and the score it seems to reach.

    `options` go to `split_rows`. A split that can't be made is left out. `training rows` counts
    those that the quick model is fitted on, which are not all where there are many.
    """
    metric = rows.task.main_metric
    found = {}
    for choice in choices:
        try:
            cut = split_rows(rows, choice, **options)
        except InputError:
            continue
        found[name_of(choice)] = {
            "held out": int((cut.part == TEST).sum()),
            "training rows": probe_rows(cut),
            PLAIN_NAMES[metric]: probe_score(cut, features, options.get("seed", 42)),
        }
    whole = {"held out": int, "training rows": int}
    return pd.DataFrame(found).T.astype(whole).rename_axis("split")
