"""Intervals that cover.

Each repeat draws rows whose true score is known, and asks whether the 95 % interval holds it, how
wide it is against that of a method that knows the standard error, and whether a warning stands
beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from helpers.learning.metric_scores import score
from helpers.learning.score_intervals import JudgedRows, score_intervals
from helpers.learning.task_kind import Task

from . import Simulation

BINARY, NUMBER = Task("y", "binary", ("no", "yes"), "yes"), Task("y", "regression")
CLASS_METRICS = ("accuracy", "roc_auc", "f1")
ERROR_METRICS = ("r2", "neg_root_mean_squared_error")
LARGE = 200_000  # rows that a true score is taken from
DRAWS = 200  # of the same size, that a true standard error is taken from
COVERS, BY_UNIT, OR_WARNS = (0.92, 0.98), (0.9, None), (0.9, None)
WIDTH, WARNS = (None, 1.3), (None, 0.05)


@dataclass(frozen=True)
class Rows:
    """What rows there are: how many units, rows in each (on average), and their ICC.

    `kind` is one of "classes", "rare", "errors" (normal) and "skewed" (lognormal).
    """

    kind: str
    units: int
    each: int = 1
    icc: float = 0.0
    unequal: bool = False

    @property
    def task(self) -> Task:
        """Two classes, or a number."""
        return BINARY if self.kind in ("classes", "rare") else NUMBER

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are asked."""
        asked = {"rare": ("roc_auc",), "skewed": ERROR_METRICS[1:], "classes": CLASS_METRICS}
        return asked.get(self.kind, ERROR_METRICS)

    def drawn(self, random: np.random.Generator, units: int = 0) -> JudgedRows:
        """Rows of so many units; as many as there are, if it is not said."""
        units = units or self.units
        sizes = random.geometric(1 / self.each, units) if self.unequal else self.each
        unit = np.repeat(np.arange(units), sizes)
        own = np.sqrt(self.icc) * random.normal(size=units)[unit]
        made = MAKE[self.kind](random, own, self.icc)
        return made._replace(unit=unit if self.icc else None)


def classes(random, own: np.ndarray, icc: float, base: float = 0.0) -> JudgedRows:
    """Two classes of a latent normal number; the model knows one part of it, not the unit's."""
    known = random.normal(size=len(own))
    latent = base + known + own + np.sqrt(1 - icc) * random.normal(size=len(own))
    chance = 1 / (1 + np.exp(-1.7 * (known + base)))
    truth, said = (np.where(mask, "yes", "no") for mask in (latent > 0, chance > 0.5))
    return JudgedRows(truth, said, np.column_stack([1 - chance, chance]))


def rare(random, own: np.ndarray, icc: float) -> JudgedRows:
    """Of 200 rows about 8 are yes."""
    return classes(random, own, icc, base=-2.48)


def errors(random, own: np.ndarray, icc: float) -> JudgedRows:
    """Normal errors of a number."""
    known = random.normal(size=len(own))
    return JudgedRows(known + own + np.sqrt(1 - icc) * random.normal(size=len(own)), known)


def skewed(random, own: np.ndarray, icc: float) -> JudgedRows:
    """A lognormal number, predicted by its conditional mean."""
    known = 0.5 * random.normal(size=len(own))
    return JudgedRows(np.exp(known + random.normal(size=len(own))), np.exp(known + 0.5))


MAKE: dict[str, Callable] = {"classes": classes, "rare": rare, "errors": errors, "skewed": skewed}


@cache
def truth(rows: Rows) -> tuple[dict[str, float], dict[str, float]]:
    """The true scores, and the standard errors of scores of that many rows."""
    many = rows.drawn(np.random.default_rng(0), max(LARGE // rows.each, rows.units))
    scores = score(rows.task, *many[:3], rows.metrics)
    drawn = [rows.drawn(np.random.default_rng([1, seed])) for seed in range(DRAWS)]
    found = [score(rows.task, *one[:3], rows.metrics) for one in drawn]
    return scores, {m: float(np.std([one[m] for one in found if m in one])) for m in rows.metrics}


def covers(random: np.random.Generator, rows: Rows) -> dict[str, float]:
    """Whether each interval holds the true score, its relative width, and whether it warns."""
    drawn = rows.drawn(random)
    found = score_intervals(rows.task, *drawn[:3], unit=drawn.unit, metrics=rows.metrics)
    return {name: value for m in found.index for name, value in _judged(rows, m, found.loc[m])}


def _judged(rows: Rows, metric: str, interval):
    """What is reported of an interval."""
    true, error = (one[metric] for one in truth(rows))
    name = metric.removeprefix("neg_").replace("root_mean_squared_error", "RMSE")
    held = float(interval["low"] <= true <= interval["high"])
    warned = float(interval["warning"] != "")
    yield f"{name} covers", held
    if rows.kind in ("rare", "skewed"):
        yield f"{name} covers or warns", max(held, warned)
        return
    yield f"{name} width", (interval["high"] - interval["low"]) / (2 * 1.96 * error)
    yield f"{name} warns though it covers", warned if held else np.nan


def _goals(rows: Rows) -> dict:
    """The goals of what `_judged` reports."""
    names = [
        m.removeprefix("neg_").replace("root_mean_squared_error", "RMSE") for m in rows.metrics
    ]
    if rows.kind in ("rare", "skewed"):
        return {f"{name} covers or warns": OR_WARNS for name in names}
    covered = {f"{name} covers": BY_UNIT if rows.icc else COVERS for name in names}
    if rows.units < 40:
        return covered
    width = {f"{name} width": WIDTH for name in names}
    warned = {f"{name} warns though it covers": WARNS for name in names}
    return covered | width | warned


def _note(rows: Rows) -> str:
    """What a reader must know of the goals."""
    if rows.kind == "skewed":
        return "the warning's limits were chosen with an eye on these"
    return "no goal of width: it is missed with so few units" if rows.units < 40 else ""


CASES = {
    f"{what}, n = {count:,}": Rows(kind, count)
    for count in (50, 200, 2_000)
    for what, kind in (
        ("independent rows, two classes", "classes"),
        ("independent rows, a number with normal errors", "errors"),
        ("independent rows, a lognormal number", "skewed"),
    )
}
CASES |= {"independent rows, 8 of 200 are yes": Rows("rare", 200)}
CASES |= {
    f"{units} customers × {each}{' on average' if unequal else ''}, ICC {icc}, {what}": Rows(
        kind, units, each, icc, unequal
    )
    for units, each, unequal in ((40, 50, False), (200, 10, False), (60, 12, True), (20, 50, False))
    for icc in (0.1, 0.5)
    for what, kind in (("two classes", "classes"), ("a number", "errors"))
}
SIMULATIONS = [
    Simulation(
        name,
        partial(covers, rows=rows),
        _goals(rows),
        quick=10 if rows.units * rows.each < 1_000 else 3,
        note=_note(rows),
    )
    for name, rows in CASES.items()
]
