"""Simulations of what the line decides: how often it is right where the truth is known.

A module here is a subject; its `SIMULATIONS` are run by `benchmarks.statistics` (`make
bench-statistics`), and a few repeats of each by `tests/test_simulations.py`.
"""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

Goal = tuple[float | None, float | None]  # at least, at most
SMALL_RATE = 0.05  # rates that are to be this small, or smaller, rest on more repeats
OF_SMALL_RATES, OF_OTHERS = 1_000, 200


@dataclass(frozen=True)
class Missed:
    """A goal that is known to be missed: the mean that was `measured`, and `why` it stops there."""

    measured: float
    why: str


@dataclass(frozen=True)
class Simulation:
    """One situation, simulated many times.

    `one` takes a random generator and returns values by name: 0 or 1 for what happened or not, so
    that their mean is a rate, or other numbers; NaN where a value does not apply. `goals` bound the
    mean of some values, as (at least, at most); those that are `missed` say so, and are held to
    what was measured. `quick` is how many repeats the tests take.
    """

    name: str
    one: Callable[[np.random.Generator], dict[str, float]]
    goals: dict[str, Goal] = field(default_factory=dict)
    repeats: int = 1_000
    quick: int = 20
    note: str = ""
    missed: dict[str, Missed] = field(default_factory=dict)
    fewest: int = 0
    amounts: tuple[str, ...] = ()

    @property
    def due(self) -> int:
        """How many repeats a published figure rests on at least.

        >>> Simulation("false alarms", dict, {"alarm": (None, 0.05)}).due
        1000
        """
        small = (least is None and most <= SMALL_RATE for least, most in self.goals.values())
        return self.fewest or (OF_SMALL_RATES if any(small) else OF_OTHERS)

    def held_to(self, name: str) -> Goal:
        """What the mean of a value must not be beyond: its goal, or what is known to miss it.

        >>> missed = {"six": Missed(0.2, "The dice are fair.")}
        >>> Simulation("dice", dict, {"six": (0.9, None)}, missed=missed).held_to("six")
        (0.2, None)
        """
        goal = self.goals[name]
        if name not in self.missed:
            return goal
        measured = self.missed[name].measured
        least, most = goal
        return (None if least is None else min(least, measured),
                None if most is None else max(most, measured))  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A module of simulations: its name, the first line of its docstring, what it simulates."""

    module: str
    title: str
    simulations: list[Simulation]

    @property
    def results(self) -> Path:
        """The file with what was measured."""
        return Path(__file__).with_name(f"{self.module}.json")

    def measured(self) -> dict:
        """What was measured, by the names of the simulations; those that are gone left out."""
        known = self.results
        found = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
        names = {one.name for one in self.simulations}
        return {name: value for name, value in found.items() if name in names}


def subjects() -> list[Subject]:
    """A subject a module here, by name."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        title = loaded.__doc__.splitlines()[0].rstrip(".")
        found.append(Subject(module.name, title, loaded.SIMULATIONS))
    return found


def generators(simulation: Simulation, repeats: int, seed: int) -> list[np.random.Generator]:
    """A random generator a repeat; the same for the same seed and name."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(simulation.name.encode())])
    return [np.random.default_rng(one) for one in sequence.spawn(repeats)]


def summary(found: list[dict[str, float]], amounts: tuple = ()) -> dict[str, dict[str, float]]:
    """Of each value the mean over the repeats, its Monte-Carlo error, and how many there were.

    Values that are all 0 or 1 are a rate, but for the `amounts`. The error of a rate is that of a
    share with one success and one failure added, so that it is not 0 where nothing happened; that
    of an amount is 0 where it was the same each time.

    >>> found = summary([{"alarm": 0.0, "gain": 0.0}] * 2, amounts=("gain",))
    >>> found["gain"]["error"], found["gain"]["rate"], round(found["alarm"]["error"], 2)
    (0.0, False, 0.31)
    """
    table = pd.DataFrame(found).astype(float)
    return {
        name: _mean_and_error(column.dropna(), name in amounts) for name, column in table.items()
    }


def _mean_and_error(values: pd.Series, is_amount: bool) -> dict[str, float]:
    count = len(values)
    if not count:
        return {"mean": math.nan, "error": math.nan, "repeats": 0}
    is_rate = not is_amount and bool(values.isin([0.0, 1.0]).all())
    mean = float(values.mean())
    error = _error_of_rate(mean, count) if is_rate else float(values.sem())
    return {"mean": mean, "error": error, "repeats": count, "rate": is_rate}


def _error_of_rate(share: float, count: int) -> float:
    share = (share * count + 1) / (count + 2)
    return math.sqrt(share * (1 - share) / count)


def joined(one: dict[str, dict], other: dict[str, dict]) -> dict[str, dict]:
    """The summary of the repeats of two summaries together.

    >>> parts = [0.0, 1.0, 0.0], [2.0, 3.0]
    >>> whole = summary([{"x": value} for part in parts for value in part])["x"]
    >>> found = joined(*(summary([{"x": value} for value in part]) for part in parts))["x"]
    >>> [round(found[name] - whole[name], 9) for name in ("mean", "error", "repeats")]
    [0.0, 0.0, 0]
    """
    return {
        name: _joined(*(side.get(name, {"repeats": 0}) for side in (one, other)))
        for name in one | other
    }


def _joined(one: dict, other: dict) -> dict[str, float]:
    """Two means of values that come from different repeats."""
    if not one["repeats"] or not other["repeats"]:
        return one if one["repeats"] else other
    counts = [one["repeats"], other["repeats"]]
    count, mean = sum(counts), float(np.average([one["mean"], other["mean"]], weights=counts))
    if one["rate"] and other["rate"]:
        return one | {"mean": mean, "error": _error_of_rate(mean, count), "repeats": count}
    squares = sum(_squares(part, mean) for part in (one, other))
    error = math.sqrt(squares / (count - 1) / count)
    return {"mean": mean, "error": error, "repeats": count, "rate": False}


def _squares(part: dict, mean: float) -> float:
    """The sum of the squared distances of a part's values from a mean."""
    count, own = part["repeats"], part["mean"]
    about = own * (1 - own) * count if part["rate"] else part["error"] ** 2 * count * (count - 1)
    return (about if count > 1 else 0.0) + count * (own - mean) ** 2


def reaches(mean: float, goal: Goal, slack: float = 0.0) -> bool:
    """Whether a mean lies within its goal, give or take `slack`.

    >>> reaches(0.04, (None, 0.05)), reaches(0.9, (0.92, 0.98)), reaches(0.9, (0.92, 0.98), 0.03)
    (True, False, True)
    """
    least, most = goal
    return (least is None or mean >= least - slack) and (most is None or mean <= most + slack)
