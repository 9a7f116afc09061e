"""Leak alarms: how often they go off, alarms and warnings alike.

Each repeat draws a table without a leak, or plants one of a known strength, and looks for leaks as
stage 4 does.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from helpers.features import feature_plan
from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task
from helpers.learning.units import find_units, units_of
from helpers.split import find_leaks, split_into_parts

from . import Simulation

SELDOM, MOSTLY = (None, 0.03), (0.8, None)
RANDOM = {"strategy": "random", "column": ""}
CLASSES, NUMBER = Task("y", "binary", ("no", "yes"), "yes"), Task("y", "regression")


def columns(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Numbers, one with gaps, a category, and a customer who comes again."""
    X = pd.DataFrame(
        {
            "weight": random.gamma(3.0, 5.0, rows).round(1),
            "speed": random.laplace(size=rows).round(2),
            "level": random.poisson(3, rows),
            "city": random.choice(["Rome", "Oslo", "Lima", "Bonn"], rows),
            "customer_id": random.integers(0, max(rows // 5, 8), rows) + 1_000,
        }
    )
    X.loc[random.random(rows) < 0.15, "speed"] = np.nan
    return X


def findings(X: pd.DataFrame, y: np.ndarray, task: Task, seed: int) -> list:
    """All that is found in the table, split at random."""
    rule = find_units(X, y)
    rows = Labelled(task, X, y, np.arange(len(y)), unit=units_of(rule, X), units=rule)
    kinds = {n: "number" if pd.api.types.is_numeric_dtype(X[n].dtype) else "category" for n in X}
    roles = {name: feature_plan.role_of(X[name], kind) for name, kind in kinds.items()}
    plan = {"columns": roles, "derived": {}, "left_out": {}, "task": task.kind}
    cut = split_into_parts.split_rows(rows, RANDOM, seed=seed)
    return find_leaks.find_alarms(cut, plan, RANDOM, seed)


def target(random: np.random.Generator, X: pd.DataFrame, task: Task, says: float) -> np.ndarray:
    """A target of which `weight` says something, or (0) nothing."""
    number = says * (X["weight"].to_numpy() - 15) / 9 + random.normal(size=len(X))
    return number if task is NUMBER else np.where(number > 0.3, "yes", "no").astype(object)


def no_leak(random: np.random.Generator, rows: int, says: float) -> dict[str, float]:
    """A table without a leak: whatever is found is false."""
    X, task = columns(random, rows), CLASSES if random.random() < 0.5 else NUMBER
    found = findings(X, target(random, X, task, says), task, int(random.integers(1_000)))
    return {"alarm or warning": float(bool(found))}


def customers_differ(random: np.random.Generator) -> dict[str, float]:
    """Customers have habits, of which the target knows nothing."""
    X = columns(random, 150)
    who = pd.factorize(X["customer_id"])[0]
    X["weight"] = (random.normal(size=who.max() + 1)[who] * 5 + 20).round(1)
    X["speed"] = random.normal(size=who.max() + 1)[who] + random.normal(0, 0.1, 150)
    found = findings(X, target(random, X, CLASSES, 0), CLASSES, int(random.integers(1_000)))
    return {"alarm or warning": float(bool(found))}


def noisy_copy(random: np.random.Generator, flipped: float) -> dict[str, float]:
    """A column that says the target, wrong in a share of the rows."""
    X = columns(random, 600)
    y = target(random, X, CLASSES, 1.0)
    wrong = random.random(600) < flipped
    said = np.where((y == "yes") ^ wrong, "approved", "refused")
    found = findings(X.assign(assessment=said), y, CLASSES, int(random.integers(1_000)))
    caught = [one for one in found if "assessment" in one.columns]
    return {
        "caught": float(bool(caught)),
        "as an alarm": float(any(one.severity == "alarm" for one in caught)),
        "other findings": float(len(found) > len(caught)),
    }


def filled_afterwards(random: np.random.Generator, flipped: float) -> dict[str, float]:
    """A date that is filled in where the target is yes, otherwise in a share of the rows."""
    X = columns(random, 600)
    y = target(random, X, CLASSES, 1.0)
    has = (y == "yes") ^ (random.random(600) < flipped)
    X["visit"] = pd.Series(pd.Timestamp("2021-01-04"), X.index).where(has)
    found = findings(X, y, CLASSES, int(random.integers(1_000)))
    caught = [one for one in found if "visit" in one.columns]
    return {"caught": float(bool(caught)), "other findings": float(len(found) > len(caught))}


def shared_customers(random: np.random.Generator, flipped: float) -> dict[str, float]:
    """Customers whose rows share habits and, but for a share of them, the target."""
    X = columns(random, 600)
    who = pd.factorize(X["customer_id"])[0]
    for name in ("weight", "speed"):
        X[name] = random.normal(size=who.max() + 1)[who] + random.normal(0, 0.02, 600)
    yes = (random.random(who.max() + 1) < 0.5)[who] ^ (random.random(600) < flipped)
    y = np.where(yes, "yes", "no").astype(object)
    found = findings(X, y, CLASSES, int(random.integers(1_000)))
    return {"caught": float(any("customer_id" in one.columns for one in found))}


STRENGTHS = (0.05, 0.1, 0.2, 0.3)
SIMULATIONS = [
    Simulation("150 rows, nothing says anything", partial(no_leak, rows=150, says=0.0),
               {"alarm or warning": SELDOM}, quick=4),
    Simulation("150 rows, one column says something", partial(no_leak, rows=150, says=0.8),
               {"alarm or warning": SELDOM}, quick=4),
    Simulation("150 rows of customers with habits, a target by chance", customers_differ,
               {"alarm or warning": SELDOM}, quick=4),
    Simulation("1,000 rows, one column says something", partial(no_leak, rows=1_000, says=0.8),
               {"alarm or warning": SELDOM}, quick=1),
    *(Simulation(f"a copy of the target, {share:.0%} of it wrong",
                 partial(noisy_copy, flipped=share),
                 {"caught": MOSTLY} if share <= 0.05 else {}, repeats=200, quick=1)
      for share in STRENGTHS),
    *(Simulation(f"filled in afterwards, {share:.0%} of it wrong",
                 partial(filled_afterwards, flipped=share),
                 {"caught": MOSTLY} if share <= 0.1 else {}, repeats=200, quick=1)
      for share in STRENGTHS),
    *(Simulation(f"customers share the target, but for {share:.0%} of the rows",
                 partial(shared_customers, flipped=share),
                 {"caught": MOSTLY} if share <= 0.2 else {}, repeats=200, quick=1)
      for share in STRENGTHS),
]  # fmt: skip
