"""Leaks of each kind, planted on purpose into a real table, to count which alarms go off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.learning.task_kind import Task

FLIPPED = 0.05  # of a noisy copy of the target


def _yes(task: Task, y: np.ndarray) -> np.ndarray:
    """The rows that a leak marks: the positive class, the first class, or the upper half."""
    if task.is_regression:
        return np.asarray(y, float) > np.median(np.asarray(y, float))
    return np.asarray(y).astype(str) == (task.positive or task.classes[0])


def copy(X, y, task, random):
    """The target under another name, as a code."""
    codes = np.asarray(y, float) if task.is_regression else pd.factorize(y.astype(str))[0]
    return X.assign(status_code=codes * 3 + 1), ["status_code"]


def noisy_copy(X, y, task, random):
    """The target with one in twenty wrong, or with a little noise."""
    if task.is_regression:
        values = np.asarray(y, float)
        return X.assign(estimate=values + random.normal(0, 0.1 * values.std(), len(values))), [
            "estimate"
        ]
    said = np.asarray(y).astype(str).copy()
    wrong = random.random(len(said)) < FLIPPED
    said[wrong] = random.permutation(said)[wrong]
    return X.assign(assessment=said), ["assessment"]


def filled_in_afterwards(X, y, task, random):
    """A date that nearly all of the marked rows have, and hardly any of the others."""
    has = _yes(task, y) ^ (random.random(len(y)) < 0.03)
    day = pd.Timestamp("2021-01-04") + pd.to_timedelta(random.integers(0, 300, len(y)), unit="D")
    text = pd.Series(day.strftime("%Y-%m-%d")).where(has)
    return X.assign(closing_date=text.to_numpy()), ["closing_date"]


def sorted_identifier(X, y, task, random):
    """A number for each row, given when the rows were sorted by the target."""
    order = np.argsort(np.asarray(y, float) if task.is_regression else y.astype(str), kind="stable")
    number = np.empty(len(y), dtype=int)
    number[order] = np.arange(len(y)) + 1_000
    return X.assign(record_id=number), ["record_id"]


def part_sums(X, y, task, random):
    """Two columns that add up to the target (numbers only)."""
    if not task.is_regression:
        return None
    share = random.uniform(0.2, 0.8, len(y))
    values = np.asarray(y, float)
    return X.assign(first_half=values * share, other_half=values * (1 - share)), [
        "first_half", "other_half"]  # fmt: skip


def copied_rows(X, y, task, random):
    """One row in ten stands there twice, the second time under another number."""
    again = random.choice(len(y), len(y) // 10, replace=False)
    both = pd.concat([X, X.iloc[again]], ignore_index=True)
    return both.assign(entry=random.permutation(len(both)) + 50_000), [], again


def shared_entities(X, y, task, random):
    """Each eight rows belong to one customer, whose label and habits they share."""
    customers = max(len(y) // 8, 4)
    who = random.integers(0, customers, len(y))
    habit = random.normal(0, 1, (customers, 3))
    taste = random.permutation(np.asarray(y))[:customers]
    table = {f"habit_{i}": habit[who, i] + random.normal(0, 0.01, len(y)) for i in range(3)}
    return X.assign(customer_id=who + 100, **table), ["customer_id"], None, taste[who]


KINDS: dict[str, Callable] = {
    "a copy of the target": copy,
    "a noisy copy": noisy_copy,
    "filled in afterwards": filled_in_afterwards,
    "a sorted identifier": sorted_identifier,
    "parts that add up": part_sums,
    "copied rows": copied_rows,
    "shared entities": shared_entities,
}
CAUGHT_BY = {
    "copied rows": {"rows_on_both_sides", "near_duplicates", "duplicate_rows"},
    "shared entities": {"shared_entities"},
}


def plant(kind: str, X: pd.DataFrame, y: np.ndarray, task: Task, seed: int):
    """The table with a leak, its labels, and the leaking columns; None where it does not apply."""
    made = KINDS[kind](X, y, task, np.random.default_rng(seed))
    if made is None:
        return None
    table, columns, *more = made
    labels = np.asarray(y)
    if more and more[0] is not None:
        labels = np.concatenate([labels, labels[more[0]]])
    if len(more) > 1:
        labels = np.asarray(more[1])
    return table, labels, columns
