"""Other shapes of dependence: none of the methods was made with these in mind.

Blocks of ten rows that alternate between good and bad, as two crews do; shops in cities, of which
the city is the unit; customers of whom one has a fifth of all rows and most have a few; and a year
in which the score itself comes and goes. Each repeat asks what is decided although nothing has
changed, or whether an interval holds the true score.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy.stats import norm

from helpers.learning.later_scores import between_periods
from helpers.learning.metric_scores import score
from helpers.learning.score_intervals import JudgedRows, score_intervals, score_spread
from helpers.monitor import score_fall
from helpers.monitor.better_than_champion import compare_answers
from helpers.monitor.monitor_model import has_fallen

from . import Simulation
from .drift_alarms import report
from .drift_alarms import table as columns_of
from .groups import judged_classes, share
from .groups import table as groups_of
from .intervals import BINARY, CLASS_METRICS, ERROR_METRICS, NUMBER, classes, errors
from .promotion import AREA, OWN, judged
from .retraining import MAX_DROP, PERIODS, NewCustomers, swayed

SELDOM, COVERS = (None, 0.05), (0.9, None)
LARGE = 200  # draws that a true score is taken from
SWAY, ICC = 0.6, 0.36


# --- Shapes: the unit of each row, and what its rows have in common (a number a row) --------------


def alternating(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of ten rows, good and bad ones in turn."""
    block = np.arange(rows) // 10
    good = random.choice([-1, 1]) * (-1.0) ** np.arange(block[-1] + 1)
    return block, (0.8 * good + 0.6 * random.normal(size=len(good)))[block]


def nested(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Shops in cities of one to seven shops: the unit is the city."""
    city_of = np.repeat(np.arange(rows), random.integers(1, 8, rows))[: max(rows // 8, 8)]
    shop = random.integers(0, len(city_of), rows)
    city = pd.factorize(city_of[shop])[0]
    of_city, of_shop = (random.normal(size=rows)[one] for one in (city, shop))
    return city, 0.6 * of_city + 0.8 * of_shop


def heavy_tailed(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Customers whose rows fall as 1 / rank (Zipf): the largest has a fifth of all."""
    chance = 1 / np.arange(1, 71)
    who = pd.factorize(random.choice(70, rows, p=chance / chance.sum()))[0]
    return who, random.normal(size=70)[who]


SHAPES: dict[str, Callable] = {
    "alternating blocks": alternating,
    "shops in cities": nested,
    "customers of heavy-tailed sizes": heavy_tailed,
}


# --- What is decided ------------------------------------------------------------------------------


def retrained(random, draw: Callable, test: int = 1_000, rows: int = 500) -> dict[str, float]:
    """Whether retraining is decided in one of twelve periods, of other units each."""
    met = 0

    def period(count: int) -> JudgedRows:
        nonlocal met
        who, common = draw(random, count)
        found = swayed(random, SWAY * common, np.arange(count), AREA)
        met += count
        return found._replace(unit=who + met)

    promised = score_fall.promise_of(BINARY, period(test))
    later = {str(n): period(rows) for n in range(PERIODS)}
    fallen = has_fallen(score_fall.compare_periods(promised, later), MAX_DROP)
    return {"retrain": float(fallen.any())}


def seasonal(random, rows: int = 1_000, swing: float = 0.03) -> dict[str, float]:
    """The same where the ROC AUC comes and goes with the year, and four folds have seen one."""
    world, phase = NewCustomers(random), random.random()

    def month(at: float) -> JudgedRows:
        return world.rows(rows, AREA + swing * np.sin(2 * np.pi * (at / 12 + phase)))

    folds = [score_spread(BINARY, month(at)) for at in (-14, -11, -8, -5)]
    held_out = month(-2)
    spread = score_spread(BINARY, held_out)
    between, df = between_periods("roc_auc", folds, spread)
    promised = score_fall.Promise(BINARY, spread, held_out, between=between, between_df=df)
    later = {str(n): month(n) for n in range(PERIODS)}
    fallen = has_fallen(score_fall.compare_periods(promised, later), MAX_DROP)
    return {"retrain": float(fallen.any())}


def promoted(random, draw: Callable, rows: int = 1_000) -> dict[str, float]:
    """Whether a challenger is promoted that is as good as the champion."""
    unit, yes = draw(random, rows)[0], random.random(rows) < 0.4
    apart, shared = np.sqrt(2) * norm.ppf(AREA), np.sqrt(1 - OWN) * random.normal(size=rows)
    answers = []
    for _ in range(2):
        error = shared + np.sqrt(OWN) * _again(random, draw, unit)
        chance = 1 / (1 + np.exp(-apart * (yes * apart + error - apart / 2)))
        both = np.column_stack([1 - chance, chance])
        answers.append((np.where(chance >= 0.5, "yes", "no"), both))
    found = compare_answers(judged(BINARY, np.where(yes, "yes", "no"), unit), *answers)
    return {"promoted": float(bool(found and found["promote"]))}


def _again(random, draw: Callable, unit: np.ndarray) -> np.ndarray:
    """Something else that rows of the same units have in common."""
    own = random.normal(size=unit.max() + 1)
    if draw is alternating:
        own = 0.6 * own + 0.8 * random.choice([-1, 1]) * (-1.0) ** np.arange(len(own))
    return own[unit]


def drifts(random, draw: Callable, rows: int = 600) -> dict[str, float]:
    """Whether a drift report says anything of other units of the same kind."""
    sides = [draw(random, rows) for _ in range(2)]
    unit = np.append(sides[0][0], sides[1][0] + sides[0][0].max() + 1)
    both = columns_of(random, unit)
    both["in common"] = np.append(*(common for _, common in sides)) + random.normal(size=2 * rows)
    both["mostly"] = np.append(*(common for _, common in sides)) > 0.3
    named = np.array([f"unit {one}" for one in unit], dtype=object)
    before, after = both[:rows], both[rows:].reset_index(drop=True)
    found = report(before, after, named[:rows], named[rows:])
    return {"any alarm": float(any(found[part] for part in ("columns", "joint", "quality")))}


def served_worse(random, draw: Callable, rows: int = 1_000) -> dict[str, float]:
    """Whether a group is named, for a model that knows all but what units have in common."""
    unit, common = draw(random, rows)
    X = groups_of(random, unit.max() + 1).loc[unit].reset_index(drop=True)
    truth = np.where(random.random(rows) < share(1.5 * common), "yes", "no")
    found = judged_classes(X, truth, np.full(rows, 0.5), unit.astype(str))
    return {"a group is named": float(len(found) > 0)}


# --- Intervals ------------------------------------------------------------------------------------


def answered(random, draw: Callable, kind: str, rows: int = 1_000) -> JudgedRows:
    """Rows of a shape, and what a model answers that does not know the units."""
    unit, common = draw(random, rows)
    made = {"classes": classes, "errors": errors}[kind](random, np.sqrt(ICC) * common, ICC)
    return made._replace(unit=unit)


@cache
def true_scores(draw: Callable, kind: str) -> dict[str, float]:
    """The scores of very many rows."""
    random = np.random.default_rng(8)
    many = [answered(random, draw, kind) for _ in range(LARGE)]
    whole = [None if one[0] is None else np.concatenate(one) for one in zip(*many, strict=True)]
    task, metrics = (BINARY, CLASS_METRICS) if kind == "classes" else (NUMBER, ERROR_METRICS)
    return score(task, *whole[:3], metrics)


def covers(random, draw: Callable, kind: str) -> dict[str, float]:
    """Whether each interval holds the true score, or warns."""
    rows, true = answered(random, draw, kind), true_scores(draw, kind)
    task = BINARY if kind == "classes" else NUMBER
    found = score_intervals(task, *rows[:3], unit=rows.unit, metrics=list(true))
    values = {}
    for metric, value in true.items():
        name = metric.removeprefix("neg_").replace("root_mean_squared_error", "RMSE")
        one = found.loc[metric]
        values[f"{name} covers"] = float(one["low"] <= value <= one["high"])
        values[f"{name} warns"] = float(one["warning"] != "")
    return values


NAMES = {"classes": ("accuracy", "roc_auc", "f1"), "errors": ("r2", "RMSE")}
SIMULATIONS = [
    Simulation(f"{what}: {shape}", partial(one, draw=draw), goals, quick=quick)
    for shape, draw in SHAPES.items()
    for what, one, goals, quick in (
        ("nothing changed, 12 periods of 500", retrained, {"retrain": SELDOM}, 3),
        ("two models equally good, 1,000 rows", promoted, {"promoted": (None, 0.04)}, 10),
        ("nothing changed, 600 rows and 600 later ones", drifts, {"any alarm": SELDOM}, 2),
        ("a model that knows the truth, 1,000 rows", served_worse,
         {"a group is named": (None, 0.01)}, 4),
    )
] + [
    Simulation(f"intervals of 1,000 rows, {'two classes' if kind == 'classes' else 'a number'}: "
               f"{shape}", partial(covers, draw=draw, kind=kind),
               {f"{name} covers": COVERS for name in NAMES[kind]}, quick=4)
    for shape, draw in SHAPES.items() for kind in NAMES
] + [
    Simulation("nothing changed, the score comes and goes with the year by 0.03 each way, one year "
               "seen; periods of 1,000", seasonal, {"retrain": SELDOM}, quick=3)
]  # fmt: skip
