"""Intervals that cover.

Each repeat draws rows whose true score is known, and asks whether the 95 % interval holds it.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from helpers.learning.metric_scores import score
from helpers.learning.score_intervals import JudgedRows, score_intervals
from helpers.learning.task_kind import Task

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")
COVERS = (0.92, 0.98)
METRICS = ("accuracy", "roc_auc", "f1")
LARGE = 100_000


def yes_or_no(random: np.random.Generator, rows: int) -> JudgedRows:
    """Half of the rows are yes, and the model knows their odds."""
    odds = 1.2 * random.normal(size=rows)
    chance = 1 / (1 + np.exp(-odds))
    truth, prediction = (
        np.where(mask, "yes", "no") for mask in (random.random(rows) < chance, chance >= 0.5)
    )
    return JudgedRows(truth, prediction, np.column_stack([1 - chance, chance]))


@cache
def true_scores() -> dict[str, float]:
    """The metrics on very many rows."""
    rows = yes_or_no(np.random.default_rng(0), LARGE)
    return score(BINARY, *rows[:3])


def covers(random: np.random.Generator, rows: int) -> dict[str, float]:
    """Whether the interval of each metric holds its true score."""
    found = score_intervals(BINARY, *yes_or_no(random, rows)[:3], metrics=METRICS)
    true = true_scores()
    return {m: float(one["low"] <= true[m] <= one["high"]) for m, one in found.iterrows()}


SIMULATIONS = [
    Simulation(
        f"independent rows, n = {rows:,}",
        partial(covers, rows=rows),
        dict.fromkeys(METRICS, COVERS),
        quick=40 if rows < 1_000 else 5,
    )
    for rows in (50, 200, 2_000)
]
