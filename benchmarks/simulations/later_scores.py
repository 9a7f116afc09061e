"""Scores on later rows, new groups and other rows: does the line's promise hold them?

Each repeat draws a world in time order, of groups, or of rows in no order. Its last fifth (or a
fifth of the groups, or of the rows) is put away; the rest is split as stage 4 does, its folds and
held-out rows are scored, and a score is promised for as many rows as were put away. Then the same
kind of model, fitted on all the rest, answers these. Beside the promise stands the plain interval
of the held-out score; the width is compared with that of a method that knows how far such scores
lie from held-out ones. The method was chosen on other worlds: autoregressive errors, seasons,
drifting slopes and noise, months of their own noise, heavy tails, equal groups; and on scores
drawn from its own model. Under "no promise" held-out rows were drawn at random, but what comes are
later rows or new groups: the page says that nothing is promised of them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from sklearn.linear_model import LogisticRegression, Ridge

from helpers.evaluate.model_verdict import promise
from helpers.learning.fold_scores import fold_scores
from helpers.learning.labelled_data import ROW_ORDER, TEST, TRAIN, Labelled, with_folds_score
from helpers.learning.later_scores import on_scale, still_moves
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.score_intervals import JudgedRows, Spread, score_intervals, score_spread
from helpers.learning.task_kind import Task, target_numbers
from helpers.split import split_into_parts

from . import Simulation

NUMBER, CLASSES = Task("y", "regression"), Task("y", "binary", ("no", "yes"), "yes")
COLUMNS = ["length", "width", "kind"]  # what the model sees
ROWS, AWAY = 1_000, 0.2


def columns(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Two numbers and a flag."""
    return pd.DataFrame(
        {
            "length": random.laplace(size=rows),
            "width": random.gamma(4.0, 0.5, rows),
            "kind": (random.random(rows) < 0.3).astype(float),
        }
    )


def signal(X: pd.DataFrame) -> np.ndarray:
    """What the columns say of the target."""
    return (0.8 * X["length"] + 0.6 * X["width"] - X["kind"]).to_numpy()


# --- Worlds: columns, a number to predict, and the unit of each row (None: each its own) ----------


def independent(random, rows):
    """Rows that have nothing to do with each other; tails are heavy."""
    X = columns(random, rows)
    return X, signal(X) + random.standard_t(5, rows), None


def moving_average(random, rows):
    """What is unexplained is shared by neighbours, up to 25 rows apart."""
    X = columns(random, rows)
    shared = lfilter(np.ones(25) / 5, [1.0], random.normal(size=rows + 25))[25:]
    return X, signal(X) + shared + 0.6 * random.normal(size=rows), None


def busy_weeks(random, rows):
    """Counts of weeks of 20 rows; weeks differ in level, and each fourth is a loud one."""
    week = np.arange(rows) // 20
    X = columns(random, rows)
    loud = 1 + 0.4 * (week % 4 == 3)
    level = 0.3 * random.normal(size=week.max() + 1)[week]
    return X, random.poisson(np.exp(0.35 * signal(X) + level) * loud).astype(float), week


def switching(random, rows):
    """Calm times and loud ones, each of about 60 rows."""
    X = columns(random, rows)
    loud = np.cumsum(random.random(rows) < 1 / 60) % 2
    return X, signal(X) + (0.6 + 1.2 * loud) * random.normal(size=rows), None


def four_years(random, rows):
    """Four years with a sharp season, in the level and in how much the columns say."""
    X, time = columns(random, rows), 4 * np.arange(rows) / rows + random.random()
    peak = np.exp(3 * np.cos(2 * np.pi * time) - 3)
    return X, signal(X) * (1 - 0.6 * peak) + 2 * peak + random.normal(size=rows), None


def half_a_year(random, rows):
    """Half a year of the same."""
    X, time = columns(random, rows), 0.5 * np.arange(rows) / rows + random.random()
    peak = np.exp(3 * np.cos(2 * np.pi * time) - 3)
    return X, signal(X) * (1 - 0.6 * peak) + 2 * peak + random.normal(size=rows), None


def long_waves(random, rows):
    """How much the columns say sways in waves of random length, of about a sixth of the time."""
    X = columns(random, rows)
    phase = np.cumsum(random.gamma(4.0, 0.25, rows)) * 2 * np.pi * 6 / rows
    return X, signal(X) * (1 + 0.5 * np.sin(phase)) + random.normal(size=rows), None


def growth(random, rows):
    """The level grows by a fixed share, and the noise with it."""
    X, time = columns(random, rows), np.arange(rows) / rows
    return X, (signal(X) + random.normal(size=rows)) * np.exp(time) + 3 * time, None


def new_groups(random, rows, count):
    """Groups of very unequal size, with levels of heavy tails and noise of their own."""
    share = random.pareto(2.5, count) + 0.4
    who = random.choice(count, rows, p=share / share.sum())
    X = columns(random, rows)
    level, noise = random.standard_t(4, count) * 0.6, np.exp(0.3 * random.normal(size=count))
    return X, signal(X) + level[who] + noise[who] * random.normal(size=rows), who


def mixed_counts(random, rows):
    """Counts, of rows in no order."""
    X = columns(random, rows)
    return X, random.poisson(np.exp(0.4 * signal(X))).astype(float), None


def few_counts(random, rows):
    """The same, of a quarter of the rows."""
    return mixed_counts(random, rows // 4)


def outliers(random, rows):
    """One row in twenty is five times as far off."""
    X = columns(random, rows)
    noise = random.normal(size=rows) * np.where(random.random(rows) < 0.05, 5, 1)
    return X, signal(X) + noise, None


def hidden_weeks(random, rows):
    """Weeks that differ, shuffled, and nothing that names them."""
    X, y, _ = busy_weeks(random, rows)
    order = random.permutation(rows)
    return X.iloc[order].reset_index(drop=True), y[order], None


# --- A promise, and whether it is kept ------------------------------------------------------------


def model(task: Task):
    """An unfitted linear model of the three columns."""
    return Ridge() if task is NUMBER else LogisticRegression(max_iter=500)


TIME, GROUP, RANDOM = "time", "group", "random"
UNNAMED = "random, though later rows come", "random, though new groups come"
CHOICES = {
    TIME: {"strategy": TIME, "column": ROW_ORDER},
    GROUP: {"strategy": GROUP, "column": "unit"},
    RANDOM: {"strategy": RANDOM, "column": ""},
}


def drawn(random, world, task: Task, how: str) -> tuple[Labelled, np.ndarray]:
    """The rows of a world, and which are put away."""
    X, y, unit = world(random, ROWS)
    count = len(y)
    if task is CLASSES:
        y = np.where(y > np.median(y), "yes", "no").astype(object)
    labels = None if unit is None else np.array([f"unit {one}" for one in unit], dtype=object)
    away = np.arange(count) >= round((1 - AWAY) * count)
    if how in (GROUP, UNNAMED[1]):
        names = random.permutation(np.unique(unit))
        away = np.isin(unit, names[: max(2, round(AWAY * len(names)))])
    away = random.permutation(away) if how == RANDOM else away
    labels = None if how in UNNAMED else labels
    return Labelled(task, X.assign(unit=labels), y, np.arange(count), unit=labels), away


def asked(rows: Labelled, how: str) -> tuple[Labelled, tuple]:
    """The held-out rows with what is known before, and the answers for them."""
    choice = CHOICES[RANDOM if how in UNNAMED else how]
    cut = split_into_parts.split_rows(rows, choice)
    cut = Labelled(**(vars(cut) | {"X": cut.X[COLUMNS]}))
    found = fold_scores(cut, partial(model, cut.task), [cut.task.main_metric])
    folds = [found.at(found.fold == one) for one in np.unique(found.fold)]
    spreads = [
        score_spread(cut.task, JudgedRows(one.truth, *one.answer, one.unit))._asdict()
        for one in folds
    ]
    cut = with_folds_score(cut, choice, spreads)
    learn, test = cut.of(TRAIN), cut.of(TEST)
    return test, predict(cut.task, model(cut.task).fit(learn.X, learn.y), test.X)


def kept(random, world, how: str = TIME, known: tuple = ()) -> dict[str, float]:
    """Whether the promise holds the later score; `known` are the half widths of who knows."""
    number = int(random.random() < 0.5)
    task = (CLASSES, NUMBER)[number]
    rows, away = drawn(random, world, task, how)
    test, said = asked(Labelled(**_some(rows, ~away)), how)
    metric, later = task.main_metric, _later_score(rows, away)
    plain = score_intervals(task, test.y, *said, unit=test.unit, metrics=[metric]).loc[metric]
    found = promise(task, test, said, rows=int(away.sum()))
    covers = found["low"] <= later <= found["high"]
    values = {
        "kept": float(covers),
        "warned": float(bool(found["warning"])),
        "kept or warned": float(covers or bool(found["warning"])),
        "in the plain interval": float(plain["low"] <= later <= plain["high"]),
    }
    if known:
        low, high = (_scaled(metric, found[end]) for end in ("low", "high"))
        values["width, of who knows"] = abs(high - low) / 2 / known[number]
    return values


def warned(random, world) -> dict[str, float]:
    """Whether the target is said to move, of a number or of two classes."""
    rows, _ = drawn(random, world, (CLASSES, NUMBER)[int(random.random() < 0.5)], TIME)
    return {"warned": float(still_moves(target_numbers(rows.task, rows.y), pd.Series(rows.row)))}


def _some(rows: Labelled, mask: np.ndarray) -> dict:
    """The values of some rows, before a split."""
    X = rows.X[mask].reset_index(drop=True)
    unit = None if rows.unit is None else rows.unit[mask]
    return {"task": rows.task, "X": X, "y": rows.y[mask], "row": np.arange(len(X)), "unit": unit}


def _later_score(rows: Labelled, away: np.ndarray) -> float:
    """The score on what was put away of a model fitted on all the rest."""
    X, metric = rows.X[COLUMNS], rows.task.main_metric
    said = predict(rows.task, model(rows.task).fit(X[~away], rows.y[~away]), X[away])
    return score(rows.task, rows.y[away], *said, [metric])[metric]


def _scaled(metric: str, value: float) -> float:
    return on_scale(metric, Spread(value, 0.0, 1.0, 1)).value


def known_half_width(world, how: str, task: Task, draws: int = 300) -> float:
    """1.96 standard deviations of later scores less held-out ones, on the scale of the promise."""
    found = []
    for seed in range(draws):
        rows, away = drawn(np.random.default_rng([9, seed]), world, task, how)
        test, said = asked(Labelled(**_some(rows, ~away)), how)
        held_out = score(task, test.y, *said, [task.main_metric])[task.main_metric]
        pair = (_later_score(rows, away), held_out)
        found.append(np.subtract(*(_scaled(task.main_metric, one) for one in pair)))
    return float(1.96 * np.std(found))


WORLDS = {
    "independent rows": (independent, TIME),
    "neighbours share what is unexplained": (moving_average, TIME),
    "weeks differ, each fourth is loud": (busy_weeks, TIME),
    "calm times and loud ones": (switching, TIME),
    "four years with a season": (four_years, TIME),
    "long waves": (long_waves, TIME),
    "half a year of a season": (half_a_year, TIME),
    "growth": (growth, TIME),
    "25 unequal groups": (partial(new_groups, count=25), GROUP),
    "100 unequal groups": (partial(new_groups, count=100), GROUP),
    "counts": (mixed_counts, RANDOM),
    "counts, 250 rows": (few_counts, RANDOM),
    "one row in twenty far off": (outliers, RANDOM),
    "weeks that differ and nothing names": (hidden_weeks, RANDOM),
    "growth, and no time is known": (growth, UNNAMED[0]),
    "25 unequal groups, and nothing names them": (partial(new_groups, count=25), UNNAMED[1]),
}
FOR = {TIME: "a promise for later rows", GROUP: "a promise for new groups",
       RANDOM: "a promise for other rows like these", UNNAMED[0]: "no promise for later rows",
       UNNAMED[1]: "no promise for new groups"}  # fmt: skip
NOT_PROMISED = "held out at random, and the page says that of these rows nothing is promised"
STEADY = list(WORLDS)[:3]  # nothing moves but by chance: few warnings
BEYOND = ("half a year of a season", "growth")  # what is to come was never seen
# For each world what `known_half_width` gives for two classes, and for a number
KNOWN = {
    "independent rows": (0.690, 0.428),
    "neighbours share what is unexplained": (0.864, 0.645),
    "weeks differ, each fourth is loud": (0.549, 0.304),
    "calm times and loud ones": (1.085, 0.846),
    "four years with a season": (0.790, 0.470),
    "long waves": (0.607, 0.392),
    "25 unequal groups": (0.895, 0.712),
    "100 unequal groups": (0.729, 0.481),
    "counts": (0.571, 0.313),
    "counts, 250 rows": (1.124, 0.597),
    "one row in twenty far off": (0.629, 0.482),
    "weeks that differ and nothing names": (0.532, 0.265),
}


def goals(name: str, how: str) -> dict:
    """What a world's promises should reach; nothing where none is made."""
    if how in UNNAMED:
        return {}
    if name in BEYOND:
        return {"kept or warned": (0.9, None)}
    few = {"warned": (None, 0.05)} if name in STEADY else {}
    return {"kept": (0.9, None), "width, of who knows": (None, 1.3)} | few


SIMULATIONS = [
    Simulation(f"{FOR[how]}: {name}",
               partial(kept, world=world, how=how, known=KNOWN.get(name, ())), goals(name, how),
               repeats=1_000 if name in STEADY else 200, quick=4,
               note=NOT_PROMISED if how in UNNAMED else "")
    for name, (world, how) in WORLDS.items()
] + [
    Simulation(f"the target is said to move: {name}", partial(warned, world=WORLDS[name][0]),
               {"warned": (None, 0.05)}, quick=10)
    for name in STEADY
]  # fmt: skip
