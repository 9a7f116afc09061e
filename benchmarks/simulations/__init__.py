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


def summary(found: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Of each value the mean over the repeats, its Monte-Carlo error, and how many there were.

    For a rate the error is that of a share with one success and one failure added, so that it is
    not 0 where nothing happened.

    >>> summary([{"alarm": 0.0}, {"alarm": 1.0}])["alarm"]["mean"]
    0.5
    """
    table = pd.DataFrame(found).astype(float)
    return {name: _mean_and_error(column.dropna()) for name, column in table.items()}


def _mean_and_error(values: pd.Series) -> dict[str, float]:
    count = len(values)
    if not count:
        return {"mean": math.nan, "error": math.nan, "repeats": 0}
    is_rate = values.isin([0.0, 1.0]).all()
    share = (values.sum() + 1) / (count + 2)
    error = math.sqrt(share * (1 - share) / count) if is_rate else values.sem()
    return {
        "mean": float(values.mean()),
        "error": float(error),
        "repeats": count,
        "rate": bool(is_rate),
    }


def reaches(mean: float, goal: Goal, slack: float = 0.0) -> bool:
    """Whether a mean lies within its goal, give or take `slack`.

    >>> reaches(0.04, (None, 0.05)), reaches(0.9, (0.92, 0.98)), reaches(0.9, (0.92, 0.98), 0.03)
    (True, False, True)
    """
    least, most = goal
    return (least is None or mean >= least - slack) and (most is None or mean <= most + slack)
