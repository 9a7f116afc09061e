"""When a model is retrained.

Each repeat draws held-out rows and twelve later periods, and asks whether a fall is said. Where
nothing has changed that is a false alarm. Scores are normal in each class; customers sway them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.stats import norm

from helpers.learning.later_scores import between_periods
from helpers.learning.score_intervals import JudgedRows, score_spread
from helpers.learning.task_kind import Task
from helpers.monitor import performance_without_labels as estimate
from helpers.monitor import score_fall
from helpers.monitor.monitor_model import has_fallen

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")
PERIODS, AREA, MAX_DROP = 12, 0.76, 0.05
SWAY = 0.6  # standard deviation of what rows of a customer, or of a day, have in common
SELDOM, COVERS = (None, 0.05), (0.92, 0.98)


def answers(random, yes: np.ndarray, noise: np.ndarray, area: float) -> JudgedRows:
    """Rows with the answers of a model whose ROC AUC is `area`; `noise` has variance 1."""
    apart = np.sqrt(2) * norm.ppf(area)
    odds = apart * (yes * apart + noise - apart / 2) + np.log(0.4 / 0.6)
    chance = 1 / (1 + np.exp(-odds))
    labels = [np.where(mask, "yes", "no") for mask in (yes, chance >= 0.5)]
    return JudgedRows(*labels, np.column_stack([1 - chance, chance]))


def swayed(random, common: np.ndarray, who: np.ndarray, area: float) -> JudgedRows:
    """Rows of which each shares something with the others of its unit, named by `who`."""
    noise = common[who] + np.sqrt(1 - SWAY**2) * random.normal(size=len(who))
    return answers(random, random.random(len(who)) < 0.4, noise, area)._replace(unit=who)


class Alone:
    """Independent rows."""

    def __init__(self, random):
        self.random = random

    def rows(self, count: int, area: float = AREA) -> JudgedRows:
        """The rows of the next period."""
        yes = self.random.random(count) < 0.4
        return answers(self.random, yes, self.random.normal(size=count), area)


class NewCustomers(Alone):
    """Ten rows of each customer; each period has other customers."""

    met = 0

    def rows(self, count: int, area: float = AREA) -> JudgedRows:
        """The rows of the next period."""
        who = np.arange(count) // 10
        common = SWAY * self.random.normal(size=len(who) // 10)
        self.met += len(common)
        found = swayed(self.random, common, who, area)
        return found._replace(unit=found.unit + self.met)


class SameCustomers(Alone):
    """Forty customers, who come again in each period."""

    def __init__(self, random):
        super().__init__(random)
        self.common = SWAY * random.normal(size=40)

    def rows(self, count: int, area: float = AREA) -> JudgedRows:
        """The rows of the next period."""
        return swayed(self.random, self.common, self.random.integers(0, 40, count), area)


class Days(Alone):
    """Ten rows a day; what a day has in common it has in part from the day before."""

    last, day = 0.0, 0

    def rows(self, count: int, area: float = AREA) -> JudgedRows:
        """The rows of the next period."""
        common = np.empty(count // 10)
        for place in range(len(common)):
            self.last = 0.4 * self.last + np.sqrt(1 - 0.4**2) * SWAY * self.random.normal()
            common[place] = self.last
        self.day += len(common)
        found = swayed(self.random, common, np.arange(count) // 10, area)
        return found._replace(unit=found.unit + self.day)


def said(random, kind: type, test: int, rows: int, fall: float = 0.0) -> np.ndarray:
    """For each of twelve periods whether a fall is said of it."""
    world = kind(random)
    promised = score_fall.promise_of(BINARY, world.rows(test))
    later = {str(n): world.rows(rows, AREA - fall) for n in range(PERIODS)}
    return has_fallen(score_fall.compare_periods(promised, later), MAX_DROP).to_numpy()


def false_alarm(random, kind: type, test: int, rows: int) -> dict[str, float]:
    """Whether retraining is decided though nothing has changed."""
    return {"retrain": float(said(random, kind, test, rows).any())}


def found_within(random, kind: type, test: int, rows: int, fall: float) -> dict[str, float]:
    """Whether a real fall is found within so many periods."""
    found = said(random, kind, test, rows, fall)
    return {f"found within {n}": float(found[:n].any()) for n in (1, 3, 6, 12)}


def growing(random) -> dict[str, float]:
    """Each of twelve periods is looked at as it grows to 100, 200, 400 and 800 rows."""
    world, alarm = Alone(random), False
    promised = score_fall.promise_of(BINARY, world.rows(1_000))
    for _ in range(PERIODS):
        whole = world.rows(800)
        for times, count in enumerate((100, 200, 400, 800), start=1):
            part = JudgedRows(
                whole.truth[:count], whole.prediction[:count], whole.probability[:count]
            )
            table = score_fall.compare_periods(promised, {"now": part}, {"now": times})
            alarm |= bool(has_fallen(table, MAX_DROP).any())
    return {"retrain": float(alarm)}


def months_differ(random, rows: int, sd: float) -> dict[str, float]:
    """Whether retraining is decided where months have always differed, as four folds have shown."""
    world = Alone(random)

    def month(count: int) -> JudgedRows:
        return world.rows(count, AREA + sd * random.normal())

    folds = [score_spread(BINARY, month(rows)) for _ in range(4)]
    held_out = month(rows)
    spread = score_spread(BINARY, held_out)
    between, df = between_periods("roc_auc", folds, spread)
    promised = score_fall.Promise(BINARY, spread, held_out, between=between, between_df=df)
    found = {
        name: has_fallen(score_fall.compare_periods(one, later), MAX_DROP).any()
        for later in [{str(n): month(rows) for n in range(PERIODS)}]
        for name, one in (
            ("retrain", promised),
            ("without the folds", replace(promised, between=0.0)),
        )
    }
    return {name: float(value) for name, value in found.items()}


# --- Without labels -------------------------------------------------------------------------------


def calibrated(random, count: int, customers: bool) -> JudgedRows:
    """Rows of which the model knows the odds but is too sure; customers share part of the rest."""
    odds, who = 1.2 * random.normal(size=count) - 0.5, np.arange(count) // 10
    sway = 0.8 * random.normal(size=count)[who] if customers else 0.0
    yes = random.random(count) < 1 / (1 + np.exp(-(odds + sway)))
    chance = 1 / (1 + np.exp(-1.6 * odds))
    labels = [np.where(mask, "yes", "no") for mask in (yes, chance >= 0.5)]
    probability = np.column_stack([1 - chance, chance])
    return JudgedRows(
        *labels, probability, who + int(random.integers(1 << 40)) if customers else None
    )


def expected_score(random, test: int, rows: int, customers: bool, metric: str) -> dict[str, float]:
    """Whether the interval of the expected score holds the realised one; whether a fall is said."""
    from helpers.learning.metric_scores import score

    task = Task("y", "binary", ("no", "yes"), "yes", metric=metric)
    held_out, now = (calibrated(random, count, customers) for count in (test, rows))
    calibration = estimate.calibrate(task, held_out.truth, held_out.probability)
    noise = estimate.outcome_noise(task, held_out, calibration)
    table = estimate.by_period(
        task, now.probability, now.prediction, np.full(rows, "now"), [metric], calibration, noise
    )
    realised = score(task, *now[:3], [metric])[metric]
    return {"covered": float(table["from"].item() <= realised <= table["to"].item())}


def expected_fall(random, test: int, rows: int, customers: bool) -> dict[str, float]:
    """Whether retraining is decided by expected scores though nothing has changed."""
    held_out = calibrated(random, test, customers)
    calibration = estimate.calibrate(BINARY, held_out.truth, held_out.probability)

    def spread(judged: JudgedRows):
        return estimate.expected_spread(
            BINARY, judged.probability, judged.prediction, calibration, judged.unit
        )

    promised = score_fall.Promise(BINARY, spread(held_out))
    later = {str(n): spread(calibrated(random, rows, customers)) for n in range(PERIODS)}
    table = score_fall.compare_spreads(promised, later)
    return {"retrain": float(has_fallen(table, MAX_DROP).any())}


KINDS = {"independent rows": Alone, "customers of ten rows": NewCustomers}
TOLD = list(KINDS)  # without customers, with
SIMULATIONS = [
    *[
        Simulation(
            f"nothing changed, {name}, {test:,} held out, 12 periods of {rows:,}",
            partial(false_alarm, kind=kind, test=test, rows=rows), {"retrain": SELDOM}, quick=5,
        )
        for name, kind in KINDS.items() for test in (200, 1_000) for rows in (100, 300, 1_000)
    ],
    *[
        Simulation(
            f"nothing changed, {name}, 1,000 held out, 12 periods of {rows:,}",
            partial(false_alarm, kind=kind, test=1_000, rows=rows), {"retrain": SELDOM}, quick=5,
        )
        for name, kind in (("the same 40 customers each time", SameCustomers),
                           ("days like the day before", Days))
        for rows in (300, 1_000)
    ],
    *[
        Simulation(f"months differ by {sd:g} in ROC AUC, as before; periods of 1,000",
                   partial(months_differ, rows=1_000, sd=sd), {"retrain": SELDOM}, quick=3,
                   note="the spread of months is estimated in a way that was chosen on these")
        for sd in (0.0, 0.02)
    ],
    Simulation("nothing changed, 12 periods looked at four times while they grow to 800", growing,
               {"retrain": SELDOM}, quick=2),
    *[
        Simulation(
            f"ROC AUC falls by {fall:g}, {name}, {test:,} held out, periods of {rows:,}",
            partial(found_within, kind=kind, test=test, rows=rows, fall=fall),
            {"found within 3": (0.8, None)} if (fall, rows, test) == (0.1, 1_000, 1_000) else {},
            repeats=200, quick=3,
        )
        for fall in (0.05, 0.1) for test in (200, 1_000) for rows in (100, 300, 1_000)
        for name, kind in KINDS.items()
    ],
    *[
        Simulation(
            f"expected {metric} without labels, {TOLD[by]}, 2,000 held out, {rows:,} later",
            partial(expected_score, test=2_000, rows=rows, customers=by, metric=metric),
            {"covered": COVERS}, repeats=300, quick=3,
        )
        for metric, rows in (("roc_auc", 300), ("accuracy", 2_000)) for by in (False, True)
    ],
    *[
        Simulation(
            f"nothing changed, no labels, {TOLD[by]}",
            partial(expected_fall, test=1_000, rows=300, customers=by), {"retrain": SELDOM},
            quick=1,
        )
        for by in (False, True)
    ],
]  # fmt: skip
