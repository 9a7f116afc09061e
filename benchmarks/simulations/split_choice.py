"""Splits as production will be: which one `auto` takes.

Each repeat draws a table whose rows are exchangeable, or in time order, or of entities that repeat,
and asks which split is chosen. Another one asks what is said of random against time.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from helpers.learning.inner_folds import fit_by_unit
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.learning.units import find_units, units_of
from helpers.pipeline import whole_pipeline
from helpers.split import choose_split, split_into_parts, strategy_comparison

from . import Simulation

SELDOM, MOSTLY = (None, 0.05), (0.8, None)
RANDOM = {"strategy": "random", "column": ""}


def columns(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Three numbers, one of them skewed, and a category."""
    return pd.DataFrame(
        {
            "size": random.gamma(2.0, 10.0, rows).round(2),
            "score": random.uniform(-1, 1, rows).round(3),
            "load": random.laplace(size=rows).round(3),
            "kind": random.choice(["plain", "round", "flat"], rows, p=[0.5, 0.3, 0.2]),
        }
    )


def signal(X: pd.DataFrame) -> np.ndarray:
    """What the columns say of the target: about two, from trough to crest."""
    return X["score"].to_numpy() + 0.8 * (X["kind"] == "flat") + 0.02 * X["size"].to_numpy()


def labelled(X: pd.DataFrame, number: np.ndarray, kind: str = "number") -> tuple[Labelled, dict]:
    """Rows with a number, or with whether it is above its median, and their feature plan."""
    if kind == "number":
        rows = Labelled(Task("y", "regression"), X, number.astype(float), np.arange(len(X)))
    else:
        yes = np.where(number > np.median(number), "yes", "no").astype(object)
        rows = Labelled(Task("y", "binary", ("no", "yes"), "yes"), X, yes, np.arange(len(X)))
    rule = find_units(X, rows.y)
    rows = Labelled(rows.task, X, rows.y, rows.row, unit=units_of(rule, X), units=rule)
    roles = {"kind": "category", "customer": "many categories", "sold": "date"}
    plan = {"columns": {name: roles.get(name, "number") for name in X}, "derived": {},
            "task": rows.task.kind}  # fmt: skip
    return rows, plan


def dates(random: np.random.Generator, rows: int, days: int) -> pd.Series:
    """Dates of some days, in order."""
    return pd.Series(pd.Timestamp("2021-03-01") + pd.to_timedelta(
        np.sort(random.integers(0, days, rows)), unit="D"))  # fmt: skip


def chosen(rows: Labelled, plan: dict) -> dict[str, float]:
    """Which split `auto` takes."""
    found = choose_split.choose_split("auto", rows, plan, {})["strategy"]
    return {
        "by time": float(found in ("time", "panel")),
        "by group": float(found in ("group", "panel")),
        "by both": float(found == "panel"),
        "at random": float(found == "random"),
    }


def exchangeable(random: np.random.Generator, dated: bool) -> dict:
    """Rows that have nothing to do with each other, in any order; with dates or without.

    A number with heavy tails, or two classes.
    """
    rows = int(random.choice([120, 250, 400]))
    X = columns(random, rows)
    y = signal(X) + random.standard_t(3, rows)
    X = X.assign(sold=dates(random, rows, 120)) if dated else X
    return chosen(*labelled(X, y, random.choice(["number", "class"])))


def sorted_file(random: np.random.Generator, by: str) -> dict:
    """Rows that have nothing to do with each other, sorted by the target or by a column."""
    X = columns(random, 250)
    y = signal(X) + random.normal(size=250)
    order = np.argsort(y > np.median(y) if by == "target" else X[by], kind="stable")
    return chosen(*labelled(X.iloc[order].reset_index(drop=True), y[np.asarray(order)], "class"))


def wandering(random: np.random.Generator, rows: int, memory: float = 0.9) -> np.ndarray:
    """A series in which each value remembers the one before it; of variance 1."""
    from scipy.signal import lfilter

    noise = random.normal(size=rows + 200) * np.sqrt(1 - memory**2)
    return lfilter([1.0], [1.0, -memory], noise)[200:]


def in_time_order(random: np.random.Generator, when: str) -> dict:
    """Half of what the columns leave unexplained wanders slowly; dates, years or the file tell."""
    rows = 300
    X = columns(random, rows)
    y = signal(X) + wandering(random, rows) + random.normal(size=rows)
    if when == "date":
        X, mixed = X.assign(sold=dates(random, rows, 150)), random.permutation(rows)
        X, y = X.iloc[mixed].reset_index(drop=True), y[mixed]
    elif when == "year":
        X = X.assign(year=1960 + np.arange(rows) // 6)
    return chosen(*labelled(X, y))


def busy_days(random: np.random.Generator) -> dict:
    """Ten rows a day; a fifth of what is unexplained is the day's."""
    day = np.repeat(np.arange(60), 10)
    X = columns(random, 600).assign(sold=pd.Timestamp("2022-01-01") + pd.to_timedelta(day, "D"))
    y = signal(X) + 0.5 * random.normal(size=60)[day] + random.normal(size=600)
    return chosen(*labelled(X, y, "class"))


def changing_meaning(random: np.random.Generator) -> dict:
    """What a column means turns round in the course of the year; the target's level stays."""
    X = columns(random, 800).assign(sold=dates(random, 800, 365))
    slope = np.linspace(1, -1, 800)
    y = 1.5 * slope * X["score"].to_numpy() + random.normal(size=800) * 0.7
    return chosen(*labelled(X, y))


def customers(random: np.random.Generator, dated: bool) -> dict:
    """Rows of 60 customers who differ; their dates are drawn anew for each row."""
    who = random.integers(0, 60, 480)
    X = columns(random, 480).assign(customer=[f"C{100 + i}" for i in who])
    X = X.assign(sold=dates(random, 480, 200)) if dated else X
    y = signal(X) + random.normal(size=60)[who] + random.normal(size=480)
    return chosen(*labelled(X, y))


def panel(random: np.random.Generator, new: bool) -> dict:
    """Customers who differ, months that wander; customers stay, or new ones come all the time."""
    months, each = 60, 12
    month = np.repeat(np.arange(months), each)
    slot = np.tile(np.arange(each), months)
    who = slot + each * (month // 5 if new else 0)
    X = columns(random, len(month)).assign(
        customer=[f"C{100 + i}" for i in who],
        sold=pd.Timestamp("2018-01-15") + pd.to_timedelta(month * 30, unit="D"),
    )
    y = signal(X) + random.normal(size=who.max() + 1)[who] + random.normal(size=len(month))
    rows, plan = labelled(X, y + wandering(random, months)[month])
    return chosen(rows, plan)


def flattered(random: np.random.Generator, ordered: bool) -> dict:
    """Whether it is said that a random split flatters; with dates, rows exchangeable or not."""
    rows = 600
    X = columns(random, rows).assign(sold=dates(random, rows, 120))
    hidden = wandering(random, rows, 0.98) if ordered else random.normal(size=rows)
    X["season"] = (np.arange(rows) if ordered else random.permutation(rows)) / rows
    made, plan = labelled(X, signal(X) + 1.5 * hidden + 0.5 * random.normal(size=rows), "class")
    cut = split_into_parts.split_rows(made, RANDOM)
    return {"said": float(strategy_comparison.compare_with_random(cut, plan, RANDOM).flatters)}


def key_as_a_feature(random: np.random.Generator, key: str, trees: bool) -> dict[str, float]:
    """By how much the score on new customers changes where their key is a feature."""
    who = random.integers(0, 60, 600)
    X = columns(random, 600)
    y = signal(X) + random.normal(size=60)[who] + random.normal(size=600)
    number = 1_000 + random.permutation(200)[who]
    X["customer"] = number if key == "number" else [f"C{one}" for one in number]
    rows, plan = labelled(X, y)
    plan["columns"]["customer"] = "number" if key == "number" else "many categories"
    cut = split_into_parts.split_as_chosen(rows, {"strategy": "group", "column": "customer"})[1]
    learn, test = np.flatnonzero(cut.part == TRAIN), cut.of(TEST)
    found = []
    for used in (plan, whole_pipeline.plan_without(plan, ["customer"])):
        model = HistGradientBoostingRegressor(random_state=0) if trees else Ridge()
        fitted = fit_by_unit(whole_pipeline.learner(used, model), cut, learn)
        found.append(score(cut.task, test.y, *predict(cut.task, fitted, test.X), ["r2"])["r2"])
    return {"change of R²": found[0] - found[1]}


LOOKED_AT = "the test was made sharper with an eye on these"
SIMULATIONS = [
    Simulation("exchangeable rows with dates: time is chosen", partial(exchangeable, dated=True),
               {"by time": SELDOM}, quick=4),
    Simulation("exchangeable rows without dates: time is chosen",
               partial(exchangeable, dated=False), {"by time": SELDOM}, quick=4),
    *(Simulation(f"exchangeable rows, sorted by {by}: time is chosen", partial(sorted_file, by=by),
                 {"by time": SELDOM}, quick=2) for by in ("target", "size", "kind")),
    *(Simulation(f"half of the rest wanders, told by {when}", partial(in_time_order, when=when),
                 {"by time": MOSTLY}, repeats=200, quick=2, note=LOOKED_AT)
      for when in ("date", "year", "the file's order")),
    Simulation("days differ: a fifth of what is unexplained", busy_days,
               {"by time": MOSTLY}, repeats=200, quick=2, note=LOOKED_AT),
    Simulation("a column turns its meaning round in a year", changing_meaning,
               {"by time": MOSTLY}, repeats=200, quick=2, note=LOOKED_AT),
    Simulation("60 customers differ, no dates", partial(customers, dated=False),
               {"by group": MOSTLY}, repeats=200, quick=2),
    Simulation("60 customers differ, dates say nothing", partial(customers, dated=True),
               {"by group": MOSTLY, "by time": SELDOM}, quick=2),
    Simulation("a panel: customers stay, months wander", partial(panel, new=False),
               {"by time": MOSTLY, "by both": SELDOM}, quick=1),
    Simulation("a panel: new customers come, months wander", partial(panel, new=True),
               {"by both": MOSTLY}, repeats=200, quick=1),
    Simulation("random against time, exchangeable rows with dates: flattery is said",
               partial(flattered, ordered=False), {"said": SELDOM}, quick=1),
    Simulation("random against time, rows in time order: flattery is said",
               partial(flattered, ordered=True), {"said": MOSTLY}, repeats=200, quick=1),
    *(Simulation(f"new customers, their key a {key} among the features, {model}",
                 partial(key_as_a_feature, key=key, trees=model == "boosted trees"),
                 {"change of R²": (-0.005, None)} if key == "text" else {}, repeats=200, quick=1,
                 note="a number is left out by stage 3" if key == "number" else "",
                 amounts=("change of R²",))
      for key in ("number", "text") for model in ("boosted trees", "ridge")),
]  # fmt: skip
