"""Groups served worse.

A model that knows the truth has none, however noisy some groups are; a model with a fault in one
group has one. Groups are levels, quarters of numbers and empty cells of five columns.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from helpers.evaluate.served_worse import served_worse
from helpers.learning.task_kind import Task

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")
THREE = Task("y", "multiclass", ("a", "b", "c"))
NUMBER = Task("y", "regression")
SILENT, FOUND = (None, 0.01), (0.8, None)
FAULTY = "B"  # the group with the fault: a quarter of the rows


def table(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Five columns: two of categories, three of numbers, one of them with empty cells."""
    X = pd.DataFrame(
        {
            "region": random.choice(list("ABCDEF"), rows, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05]),
            "kind": random.choice(["x", "y"], rows),
            "age": random.normal(size=rows),
            "income": random.exponential(size=rows),
            "use": random.normal(size=rows),
        }
    )
    X.loc[random.random(rows) < 0.15, "use"] = np.nan
    return X


def level_of(X: pd.DataFrame) -> np.ndarray:
    """What the outcome depends on."""
    by_region = X["region"].map({"A": 0.5, "C": -1.0}).fillna(0.0)
    return (X["age"] + 0.5 * X["income"] - 0.5 + by_region).to_numpy()


def log_odds(chance: np.ndarray) -> np.ndarray:
    """The logit."""
    return np.log(chance / (1 - chance))


def share(odds: np.ndarray) -> np.ndarray:
    """The inverse of the logit."""
    return 1 / (1 + np.exp(-odds))


def yes_or_no(random, X: pd.DataFrame, shift: float = 0.0) -> tuple:
    """Labels, and their true probabilities."""
    chance = share(1.2 * level_of(X) + shift)
    return np.where(random.random(len(X)) < chance, "yes", "no"), chance


def judged_classes(X, truth, chance, unit=None) -> pd.DataFrame:
    """The groups that are found for probabilities of yes."""
    said = np.where(chance >= 0.5, "yes", "no")
    both = np.column_stack([1 - chance, chance])
    return served_worse(BINARY, X, truth, said, both, X.columns, unit)


def two_classes(random, rows: int, shift: float = 0.0) -> dict[str, float]:
    """The truth is known; with a shift of -3.5 one row in twenty is yes."""
    X = table(random, rows)
    return {"a group is named": float(len(judged_classes(X, *yes_or_no(random, X, shift))) > 0)}


def three_classes(random, rows: int) -> dict[str, float]:
    """The truth is known."""
    X = table(random, rows)
    level = level_of(X)
    logs = np.column_stack([level, -0.5 * level, -2.0 * (X["kind"] == "x")])
    chance = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    classes = np.array(THREE.classes, dtype=object)
    truth = classes[(random.random(rows)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(0, 2)]
    found = served_worse(THREE, X, truth, classes[chance.argmax(axis=1)], chance, X.columns)
    return {"a group is named": float(len(found) > 0)}


def numbers(random, rows: int, kind: str) -> dict[str, float]:
    """The conditional mean is known; the noise differs by group and column, or is skewed."""
    X = table(random, rows)
    level, noise = level_of(X), random.normal(size=rows)
    if kind == "unequal noise":
        spread = np.where(X["region"] == "D", 5.0, 1.0) * np.exp(0.5 * X["age"])
        truth, said = level + spread * noise, level
    else:
        truth, said = np.exp(level + noise), np.exp(level + 0.5)
    found = served_worse(NUMBER, X, truth, said, None, X.columns)
    return {"a group is named": float(len(found) > 0)}


def customers(random, count: int, each: int) -> dict[str, float]:
    """Rows of customers whose outcomes resemble each other; groups are of customers."""
    X = table(random, count).loc[np.repeat(np.arange(count), each)].reset_index(drop=True)
    own = np.repeat(random.normal(size=count), each)
    truth = np.where(random.random(len(X)) < share(1.5 * own), "yes", "no")
    unit = np.repeat(np.arange(count), each).astype(str)
    found = judged_classes(X, truth, np.full(len(X), 0.5), unit)
    return {"a group is named": float(len(found) > 0)}


FAULTS = {
    "its log odds are 0.7 too high": lambda random, chance: share(log_odds(chance) + 0.7),
    "its log odds have noise of 1.2": lambda random, chance: share(
        log_odds(chance) + 1.2 * random.normal(size=len(chance))
    ),
    "it always gets its mean": lambda random, chance: np.full(len(chance), chance.mean()),
}


def faulty(random, rows: int, fault: str) -> dict[str, float]:
    """The truth is known outside of one group."""
    X = table(random, rows)
    truth, chance = yes_or_no(random, X)
    inside = (X["region"] == FAULTY).to_numpy()
    said = chance.copy()
    said[inside] = FAULTS[fault](random, chance[inside])
    found = judged_classes(X, truth, said)
    name = f"region = {FAULTY}"
    return {
        "found": float(name in found.index),
        "named first, where found": float(found.index[0] == name)
        if name in found.index
        else np.nan,
    }


def faulty_numbers(random, rows: int) -> dict[str, float]:
    """Numbers of one group are half a standard deviation of the noise too high."""
    X = table(random, rows)
    level = level_of(X)
    truth = level + random.normal(size=rows)
    found = served_worse(
        NUMBER, X, truth, level + 0.5 * (X["region"] == FAULTY).to_numpy(), None, X.columns
    )
    return {"found": float(f"region = {FAULTY}" in found.index)}


NULLS = {
    "two classes, 1,000 rows": partial(two_classes, rows=1_000),
    "one yes in twenty, 1,000 rows": partial(two_classes, rows=1_000, shift=-3.5),
    "three classes, 600 rows": partial(three_classes, rows=600),
    "numbers, noise that differs, 1,000 rows": partial(numbers, rows=1_000, kind="unequal noise"),
    "lognormal numbers, 1,000 rows": partial(numbers, rows=1_000, kind="skewed"),
    "60 customers with 15 rows each": partial(customers, count=60, each=15),
}
SIMULATIONS = [
    *(
        Simulation(f"a model that knows the truth: {name}", one, {"a group is named": SILENT},
                   repeats=1_000, quick=10)
        for name, one in NULLS.items()
    ),
    *(
        Simulation(f"a fault in 500 of 2,000 rows: {fault}",
                   partial(faulty, rows=2_000, fault=fault), {"found": FOUND}, repeats=300, quick=3)
        for fault in FAULTS
    ),
    Simulation("a fault in 500 of 2,000 rows: numbers half a standard deviation too high",
               partial(faulty_numbers, rows=2_000), {"found": FOUND}, repeats=300, quick=3),
]  # fmt: skip
