"""The lab that breaks stations: what the line then claims, what the customer gets, who noticed.

A short line of the flights, made of the line's own stations: it learns on flights until June, is
judged on July and August, and serves September to December.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from ...clean import cleaning_plan, cleaning_report, column_cleaner
from ...drift import compare_columns
from ...examples import flights_example, flights_sources
from ...features import feature_plan as features_feature_plan
from ...learning import labelled_data
from ...learning.label_column import draft_label, read_label
from ...learning.predicting import predict_scores
from ...learning.task_kind import encode, find_task
from ...learning.units import UnitRule, unit_labels
from ...pipeline import whole_pipeline
from ...split import find_leaks, split_into_parts
from ...tables import tidy_table

ROWS, LATER_ROWS = 5_000, 2_500
ERROR_RATE = 0.05
WEATHER = ("temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "visib")
WATCHED = ("sched_dep_time", "sched_arr_time", "distance", "seats", "dest_lat")
MIN_GAIN = 0.1  # above the baseline; a model of noise alone can lie 0.06 from it by its luck
READABLE = 0.99  # of a column's cells; a sound plan reads nearly all of them


def _times(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)


TYPED = {  # a column of raw cells with the type of its kind; what has another one is missing
    "number": partial(pd.to_numeric, errors="coerce"),
    "date": _times,
    "category": lambda column: column.astype("str"),
}


@dataclass
class Line:
    """The material on its way, and what the stations noted. A broken station changes one part."""

    raw: pd.DataFrame
    later: pd.DataFrame
    about: dict
    plan: dict = field(default_factory=dict)
    tidy: pd.DataFrame = field(default_factory=pd.DataFrame)
    feature_plan: dict = field(default_factory=dict)
    cut: labelled_data.Labelled | None = None
    model: Pipeline | None = None
    claimed: float = float("nan")
    noticed: list[str] = field(default_factory=list)
    as_they_came: bool = False  # cells get the types of the plan, and nothing is repaired


def material(seed: int = 42) -> Line:
    """The raw flights and the later ones, both with errors: what a customer's rows look like."""
    joined = flights_example.join(flights_sources.read_sources(until="2013-12-31"))
    joined = joined[joined["late"].notna()]
    first = joined["scheduled"].astype(str) < "2013-09-01"
    raw = _with_errors(joined[first], ROWS, seed)
    later = _with_errors(joined[~first], LATER_ROWS, seed + 1)
    line = Line(raw, later, dict(flights_example.KNOWLEDGE))
    cleaning(line)  # once for all lines: it is the slowest station
    return line


def _with_errors(flights: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    chosen = tidy_table.evenly_spaced_rows(flights, count).reset_index(drop=True)
    return flights_example.with_injected_errors(chosen, ERROR_RATE, seed)[0]


# --- The stations, whole ------------------------------------------------------------------------


def cleaning(line: Line) -> None:
    """Draft the plan from the collected rows, and clean them by it."""
    if not line.plan:
        line.plan = cleaning_plan.draft_plan(line.raw, line.about)
        line.tidy = _cleaned(line, line.raw)


def engineering(line: Line) -> None:
    """Decide which column is what, and which may be used."""
    line.feature_plan = features_feature_plan.plan_features(line.tidy, line.plan, line.about)


def splitting(line: Line) -> None:
    """Hold out July and August."""
    labelled = _labelled(line)
    choice = {"strategy": "time", "column": "scheduled"}
    line.cut = split_into_parts.split_rows(labelled, choice, test_from=line.about["test_from"])
    for alarm in find_leaks.find_alarms(line.cut, line.feature_plan, choice):
        if alarm.code != "sets_differ":  # seasons change whatever is broken
            line.noticed.append(f"stage 4, leak alarm: {', '.join(alarm.columns)}")


def _labelled(line: Line) -> labelled_data.Labelled:
    target = line.about["target"]
    label = read_label(line.raw[target], draft_label(line.raw[target]))
    known = label.notna().to_numpy()
    task = find_task(label, target)
    X, y = line.tidy[known].reset_index(drop=True), encode(label[known], task)
    return labelled_data.Labelled(task, X, y, np.flatnonzero(known))


def training(line: Line) -> None:
    """Fit boosting on the training rows."""
    learn = line.cut.of(labelled_data.TRAIN)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=42)
    line.model = whole_pipeline.fit(line.plan, line.feature_plan, model, learn.X, learn.y)


def evaluating(line: Line) -> None:
    """Claim the score on the held-out rows; the verdict asks for 0.1 above a coin."""
    test = line.cut.of(labelled_data.TEST)
    line.claimed = _auc(line, line.model[1:], test.X, test.y)
    if line.claimed < 0.5 + MIN_GAIN:
        line.noticed.append("stage 6, verdict: not good enough")


STATIONS: dict[str, Callable[[Line], None]] = {
    "clean": cleaning,
    "features": engineering,
    "split": splitting,
    "train": training,
    "evaluate": evaluating,
}


# --- The stations, broken -----------------------------------------------------------------------


def skip_cleaning(line: Line) -> None:
    """Nothing is repaired: cells that read as numbers are kept, all others stay text."""
    kinds = {
        name: _kind_at_once(line.raw[name], plan) for name, plan in line.plan["columns"].items()
    }
    line.plan = {"columns": {name: {"kind": kind} for name, kind in kinds.items()}}
    line.as_they_came = True
    line.tidy = _cleaned(line, line.raw)
    filled = line.raw[list(line.tidy)].notna().sum()
    lost = int((line.tidy.notna().sum() < READABLE * filled).sum())
    if lost:
        line.noticed.append(f"stage 2, health: {lost} columns have cells that can't be read")


def _kind_at_once(column: pd.Series, plan: dict) -> str:
    """What a column holds where nothing is repaired: numbers, dates, or words."""
    if plan["kind"] == "number" and pd.to_numeric(column, errors="coerce").notna().mean() > 0.5:
        return "number"
    return "date" if plan["kind"] == "date" else "category"


def leak_the_target(line: Line) -> None:
    """The delay at arrival is among the features by mistake: the target is made from it."""
    line.about = line.about | {"not_known": {}}
    engineering(line)
    line.feature_plan["columns"] = {
        name: role for name, role in line.feature_plan["columns"].items()
        if name not in ("dep_time", "dep_delay", "arr_time", "air_time")
    }  # fmt: skip


def drop_the_join(line: Line) -> None:
    """The weather's file was not found, so its columns are empty."""
    missing = dict.fromkeys((*WEATHER, "wind_dir", "pressure", "wind_max_6h", "precip_6h"), np.nan)
    line.raw, line.later = line.raw.assign(**missing), line.later.assign(**missing)
    line.plan = {}
    cleaning(line)
    empty = cleaning_report.unusable(line.plan)
    if empty:
        line.noticed.append(f"stage 2, finding: {len(empty)} columns are empty or constant")


def shuffle_the_labels(line: Line) -> None:
    """Labels and rows lost each other in a sort: each row learns another row's answer."""
    learn = line.cut.of(labelled_data.TRAIN)
    y = np.random.default_rng(0).permutation(learn.y)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=42)
    line.model = whole_pipeline.fit(line.plan, line.feature_plan, model, learn.X, y)


def skip_evaluation(line: Line) -> None:
    """The model of the shuffled labels again, without an evaluation."""
    shuffle_the_labels(line)
    line.noticed.append("stage 7 refuses: stage 6 has not run")


def twelve_hours(line: Line) -> None:
    """The service is sent a 12-hour clock without am or pm: 555, where training had 1755."""
    training(line)
    later = line.later.copy()
    for name in ("sched_dep_time", "sched_arr_time"):
        clock = pd.to_numeric(later[name], errors="coerce")
        later[name] = (clock // 100 - 1) % 12 * 100 + 100 + clock % 100
    line.later = later


BREAKS: dict[str, tuple[str, Callable[[Line], None]]] = {
    "nothing is broken": ("", lambda line: None),
    "skip cleaning": ("clean", skip_cleaning),
    "drop the join": ("clean", drop_the_join),
    "leak the target": ("features", leak_the_target),
    "shuffle the labels": ("train", shuffle_the_labels),
    "skip evaluation": ("train", skip_evaluation),
    "12-hour clock in service": ("train", twelve_hours),
}


# --- What reaches the customer ------------------------------------------------------------------


def run(name: str, start: Line) -> dict:
    """The line with one station broken: what it claims, what it serves, which checks spoke up."""
    line = replace(start, about=dict(start.about), noticed=[])
    for work in _stations(name):
        work(line)
    served = _served(line)
    line.noticed += _drifted(line)
    noticed = "; ".join(line.noticed) or "nobody"
    return {"claimed": line.claimed, "in production": served, "noticed by": noticed}


def _stations(name: str) -> list[Callable[[Line], None]]:
    """The stations of a line in which one is broken by that name."""
    broken, instead = BREAKS[name]
    skipped = "evaluate" if name == "skip evaluation" else ""
    return [instead if station == broken else work
            for station, work in STATIONS.items() if station != skipped]  # fmt: skip


def _served(line: Line) -> float:
    """ROC AUC on later rows. What is known only afterwards is empty when the service is asked."""
    target = line.about["target"]
    label = read_label(line.later[target], draft_label(line.raw[target]))
    known = label.notna().to_numpy()
    asked = line.later[known].reset_index(drop=True)
    late = [name for name in flights_example.KNOWLEDGE["not_known"] if name in asked]
    asked = asked.assign(**dict.fromkeys(late, None))
    y = encode(label[known], line.cut.task)
    return _auc(line, line.model[1:], _cleaned(line, asked), y)


def _drifted(line: Line) -> list[str]:
    """Columns that drift between training and service, farther than to the held-out months.

    The held-out months are what one has before the first month in service: they show how far
    columns move by themselves. The flights of a day count as one unit.
    """
    names = [n for n in WATCHED if n in line.feature_plan["columns"]]
    learnt = line.cut.of(labelled_data.TRAIN).X
    usual, found = (
        _drift(names, learnt, rows)
        for rows in (line.cut.of(labelled_data.TEST).X, _cleaned(line, line.later))
    )
    beyond = found["psi"] - usual["psi"].reindex(found.index)
    moved = found.index[found["drifts"] & (beyond > compare_columns.PSI_LARGE)].tolist()
    return [f"stage 8, drift: {', '.join(moved)}"] if moved else []


def _drift(names: list[str], before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    was, now = (unit_labels(UnitRule("day", "scheduled"), rows) for rows in (before, after))
    return compare_columns.compare(before[names], after[names], unit_before=was, unit_after=now)


def _auc(line: Line, model, X: pd.DataFrame, y) -> float:
    return predict_scores(line.cut.task, model, X, y, ["roc_auc"])["roc_auc"]


def _cleaned(line: Line, raw: pd.DataFrame) -> pd.DataFrame:
    """Raw rows as the line makes them ready, in training and in service."""
    if line.as_they_came:
        kinds = {name: plan["kind"] for name, plan in line.plan["columns"].items()}
        return pd.DataFrame({name: TYPED[kind](raw[name]) for name, kind in kinds.items()})
    return column_cleaner.Cleaner(line.plan).fit(raw).transform(raw)


def outcomes(start: Line, names: list[str] | None = None) -> pd.DataFrame:
    """A row per broken station: the score it claims, the score in production, who noticed."""
    found = {name: run(name, start) for name in names or BREAKS}
    return pd.DataFrame(found).T.rename_axis("broken")


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The outcomes as they are shown."""
    numbers = table[["claimed", "in production"]].astype(float)
    text = numbers.map("{:.2f}".format).replace("nan", "(none)")
    return text.assign(**{"noticed by": table["noticed by"]})


def describe_outcomes(table: pd.DataFrame) -> str:
    """What a broken station costs, and how many went unnoticed, in a sentence."""
    broken = table.drop(index="nothing is broken", errors="ignore")
    silent = broken.index[broken["noticed by"] == "nobody"].tolist()
    worst = broken["in production"].astype(float).idxmin()
    unseen = f"**Nobody noticed**: {', '.join(silent)}."
    return (
        f"Whole, the line serves {table['in production'].iloc[0]:.2f}. The worst break, *{worst}*, "
        f"serves **{broken.loc[worst, 'in production']:.2f}**. "
        f"{unseen if silent else '**Every break was noticed by a check.**'}"
    )
