"""Drift: alarms where nothing has changed, and shifts that are found.

Earlier and later rows come from one population, but of other customers or days, whose rows resemble
each other. The report holds later rows against the stored reference, as a bundle does: any finding
is false. Then one column of the later rows is shifted by half its standard deviation.
"""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd

from helpers.drift import data_quality, domain_classifier, drift_report, stored_reference
from helpers.drift.compare_columns import TOO_FEW

from . import Simulation

FALSE = (None, 0.05)
FOUND = (0.8, None)
SHIFT = 0.5  # standard deviations of the column


def customers(random, count: int, rows: int, uneven: bool = False) -> np.ndarray:
    """The customer of each row: each with as many rows, or from one row to many."""
    each = random.geometric(1 / rows, count) if uneven else np.full(count, rows)
    return np.repeat(np.arange(count), each)


def table(random: np.random.Generator, unit: np.ndarray) -> pd.DataFrame:
    """Twelve columns whose rows go together within units: not at all, in part, wholly.

    >>> table(np.random.default_rng(0), np.repeat(range(50), 4)).shape
    (200, 12)
    """
    count, rows = unit.max() + 1, len(unit)

    def number(share: float) -> np.ndarray:
        """Of its variance this share is between units; skewed, with a standard deviation of 1."""
        own, rest = random.exponential(size=count)[unit], random.exponential(size=rows)
        return np.sqrt(share) * own + np.sqrt(1 - share) * rest

    def level(weights: int, own: float) -> pd.Series:
        """A level that a row takes over from its unit with this probability."""
        chance = 1 / np.arange(2, weights + 2)
        of_unit, of_row = (
            random.choice(weights, n, p=chance / chance.sum()) for n in (count, rows)
        )
        return pd.Series(np.where(random.random(rows) < own, of_unit[unit], of_row)).map(
            "{}".format
        )

    found = {f"number {share}": number(share) for share in (0.0, 0.1, 0.4, 0.8, 1.0)}
    found |= {f"level {own}": level(8, own) for own in (0.0, 0.6, 1.0)}
    found["many levels"] = level(200, 0.5)
    found["visits"] = random.negative_binomial(2, 0.4, count)[unit] + random.poisson(1, rows)
    found["flag"] = random.random(rows) < random.beta(1, 6, count)[unit]
    gone = (random.random(count) < 0.15)[unit] & (random.random(rows) < 0.7)
    found["with gaps"] = np.where(gone, np.nan, number(0.3))
    return pd.DataFrame(found)


def report(before: pd.DataFrame, after: pd.DataFrame, was=None, now=None) -> dict[str, list]:
    """What the report says: of columns, of all together, of quality; and columns it can't tell."""
    made = stored_reference.reference_of(before, list(before), unit=was)
    stored = json.loads(json.dumps(stored_reference.as_content(made)))
    known = stored_reference.read_content(stored, "the simulation")
    columns = known.drift(after, unit=now)
    joint = domain_classifier.domain_classifier(before, after, unit_before=was, unit_after=now)
    return {
        "columns": drift_report.drift_findings(columns),
        "joint": [joint] if joint.significant else [],
        "quality": data_quality.compare(known.quality, after, unit=now),
        "untold": columns.index[columns["test"] == TOO_FEW].tolist(),
    }


def alarms(random: np.random.Generator, units, rows, uneven=False, shared=False) -> dict:
    """Which parts of a report say anything, where the customers are others and nothing else is.

    `units` and `rows` are those of both sides; `shared`: the customers of both sides are the same.
    """
    sizes = zip(units, rows, strict=True)
    was, now = (customers(random, *size, uneven) for size in sizes)
    if shared:
        both = table(random, np.append(was, now))
        before, after = both[: len(was)], both[len(was) :].reset_index(drop=True)
    else:
        before, after, now = table(random, was), table(random, now), now + was.max() + 1
    return _said(report(before, after, _named(was), _named(now)))


def alone(random: np.random.Generator, rows: int) -> dict[str, float]:
    """The same where each row is by itself."""
    return _said(report(*(table(random, np.arange(rows)) for _ in range(2))))


def days(random: np.random.Generator, before: int, after: int, rows: int) -> dict[str, float]:
    """Days that differ, each a little like the day before; nothing changes in the long run."""
    count = before + after
    unit = np.repeat(np.arange(count), random.poisson(rows, count) + 1)
    frame = table(random, unit)
    weather = np.zeros(count)
    for day in range(1, count):
        weather[day] = 0.3 * weather[day - 1] + random.normal()
    frame["wind"] = weather[unit] + random.normal(size=len(unit))
    later = unit >= before
    return _said(report(frame[~later], frame[later].reset_index(drop=True),
                        _named(unit[~later]), _named(unit[later])))  # fmt: skip


def _named(unit: np.ndarray) -> np.ndarray:
    return np.array([f"customer {one}" for one in unit], dtype=object)


def _said(found: dict[str, list]) -> dict[str, float]:
    parts = {part: float(bool(found[part])) for part in ("columns", "joint", "quality")}
    return {"any alarm": max(parts.values())} | parts


def shifted(random: np.random.Generator, units: int, rows: int) -> dict[str, float]:
    """Whether a shift of half a standard deviation is found, in a column whose rows resemble."""
    was, now = customers(random, units, rows), customers(random, units, rows)
    before, after = table(random, was), table(random, now)
    after["number 0.4"] += SHIFT
    units_of = (None, None) if rows == 1 else (_named(was), _named(now + units))
    found = report(before, after, *units_of)
    hit = any("number 0.4" in one.columns for one in found["columns"])
    return {"found in the column": float(hit), "joint": float(bool(found["joint"]))}


def too_few(random: np.random.Generator, units: int) -> dict[str, float]:
    """Whether it is said that so few units can't tell; a report that finds anything is false."""
    was, now = customers(random, 200, 6), customers(random, units, 30) + 200
    before, after = table(random, was), table(random, now - 200)
    found = report(before, after, _named(was), _named(now))
    return _said(found) | {"said that it can't be told": float(bool(found["untold"]))}


SIMULATIONS = [
    *(
        Simulation(
            f"nothing changed, {units} other customers x {rows}",
            partial(alarms, units=(units, units), rows=(rows, rows)),
            {"any alarm": FALSE},
            quick=4,
        )
        for units, rows in ((300, 2), (100, 6), (60, 20))
    ),
    Simulation(
        "nothing changed, 150 customers x 8 and 40 x 3, of uneven sizes",
        partial(alarms, units=(150, 40), rows=(8, 3), uneven=True),
        {"any alarm": FALSE},
        quick=4,
    ),
    Simulation(
        "nothing changed, the same 80 customers x 6 and x 3",
        partial(alarms, units=(80, 80), rows=(6, 3), shared=True),
        {"any alarm": FALSE},
        quick=4,
    ),
    Simulation(
        "nothing changed, 90 days and 40 later ones x 12",
        partial(days, before=90, after=40, rows=12),
        {"any alarm": FALSE},
        quick=4,
    ),
    Simulation(
        "nothing changed, 500 independent rows",
        partial(alone, rows=500),
        {"any alarm": FALSE},
        quick=4,
    ),
    Simulation(
        "nothing changed, 12 later customers",
        partial(too_few, units=12),
        {"any alarm": FALSE, "said that it can't be told": (0.95, None)},
        quick=4,
    ),
    *(
        Simulation(
            f"shifted by {SHIFT} sd, {units} customers x {rows}" if rows > 1 else
            f"shifted by {SHIFT} sd, {units} independent rows",
            partial(shifted, units=units, rows=rows),
            {"found in the column": FOUND} if units >= 100 else {},
            repeats=200,
            quick=4,
        )
        for units, rows in ((300, 1), (40, 6), (60, 6), (100, 6), (300, 6), (60, 20))
    ),
]  # fmt: skip
