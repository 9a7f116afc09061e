"""When a new model takes over.

Each repeat draws labelled rows that neither model has seen, and the answers of a champion and a
challenger. The models share most of their errors, as two fits of one recipe do.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.stats import norm

from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task
from helpers.monitor.better_than_champion import compare_answers

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression")
OWN = 0.25  # share of the variance of a model's errors that the other model does not make
AREA = 0.76


def judged(task: Task, y: np.ndarray, unit) -> SimpleNamespace:
    """Later rows as far as the comparison reads them."""
    known = Labelled(task, pd.DataFrame({"x": np.arange(len(y))}), y, np.arange(len(y)))
    return SimpleNamespace(known=known, y=y, unit=unit)


def errors(random, rows: int, customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Errors of two models with variance 1, by customer where there are customers; and units."""
    shared = np.sqrt(1 - OWN) * random.normal(size=rows)
    if not customers:
        own = np.sqrt(OWN) * random.normal(size=(2, rows))
        return shared + own[0], shared + own[1], None
    who = random.integers(0, customers, rows)
    own = np.sqrt(OWN) * random.normal(size=(2, customers))[:, who]
    return shared + own[0], shared + own[1], who


def classes(random, rows: int, customers: int = 0, gain: float = 0.0) -> dict[str, float]:
    """Whether a challenger is promoted whose ROC AUC is larger by `gain`."""
    yes = random.random(rows) < 0.4
    *noise, unit = errors(random, rows, customers)
    answers = []
    for area, error in zip((AREA, AREA + gain), noise, strict=True):
        apart = np.sqrt(2) * norm.ppf(area)
        chance = 1 / (1 + np.exp(-apart * (yes * apart + error - apart / 2)))
        labels = np.where(chance >= 0.5, "yes", "no")
        answers.append((labels, np.column_stack([1 - chance, chance])))
    found = compare_answers(judged(BINARY, np.where(yes, "yes", "no"), unit), *answers)
    return {"promoted": float(bool(found and found["promote"]))}


def numbers(random, rows: int, customers: int = 0, gain: float = 0.0) -> dict[str, float]:
    """Whether a challenger is promoted whose R² (0.6 of the champion) is larger by `gain`."""
    y = random.gamma(2, 1 / np.sqrt(2), rows)  # variance 1, skewed
    *noise, unit = errors(random, rows, customers)
    answers = [(y + np.sqrt(0.4 - more) * error, None)
               for more, error in zip((0.0, gain), noise, strict=True)]  # fmt: skip
    found = compare_answers(judged(NUMBER, y, unit), *answers)
    return {"promoted": float(bool(found and found["promote"]))}


def told(rows: int, customers: int) -> str:
    """What a situation's rows are called."""
    return f"{rows:,} rows" + (f" of {customers} customers" if customers else "")


EQUAL = ((60, 0), (300, 0), (2_000, 0), (2_000, 20), (2_000, 100))
SIMULATIONS = [
    *[
        Simulation(
            f"{what}, equally good, {told(rows, customers)}",
            partial(one, rows=rows, customers=customers), {"promoted": (None, 0.04)},
        )
        for what, one in (("ROC AUC", classes), ("R²", numbers)) for rows, customers in EQUAL
    ],
    *[
        Simulation(
            f"ROC AUC better by {gain:g}, {told(rows, customers)}",
            partial(classes, rows=rows, customers=customers, gain=gain),
            {"promoted": (0.8, None)} if (gain, rows, customers) == (0.03, 2_000, 0) else {},
            repeats=400,
        )
        for gain in (0.005, 0.01, 0.03, 0.06)
        for rows, customers in ((300, 0), (2_000, 0), (2_000, 100))
    ],
]  # fmt: skip
