"""Coverage of intervals in later periods: false alarms, and a real fall found.

Intervals are learnt by the line's own functions from rows of some units, and watched over twelve
periods of later rows: where nothing changed an alarm is false; where the noise grew until 90 % have
become 75 %, it is due.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.stats import norm

from helpers.answers.certainty import Certainty, learn_certainty
from helpers.answers.fold_answers import FoldAnswers
from helpers.answers.number_intervals import NumberIntervals
from helpers.answers.score_quantiles import ScoreQuantiles
from helpers.learning.task_kind import Task
from helpers.monitor.interval_coverage import MOST_BELOW, coverage_table
from helpers.monitor.score_fall import has_fallen

from . import Missed, Simulation

LEVEL, FALLEN = 0.9, 0.75
CLASSES = Task("y", "binary", ("no", "yes"), "yes")
WIDER = norm.ppf((1 + LEVEL) / 2) / norm.ppf((1 + FALLEN) / 2)  # the noise that gives 75 %


def units_of(units: int, rows: int, name: str) -> np.ndarray | None:
    """The unit of each row: so many units of so many rows; None where each row is its own."""
    return None if rows == 1 else np.repeat([f"{name}{n}" for n in range(units)], rows)


def errors(random, units: int, rows: int, shared: float, scale: float = 1.0) -> np.ndarray:
    """Errors of predictions, `shared` of whose variance is that of their unit."""
    of_unit = np.repeat(random.normal(size=units), rows)
    own = random.normal(size=units * rows)
    return scale * (np.sqrt(shared) * of_unit + np.sqrt(1 - shared) * own)


def numbers(random, fit: tuple, later: tuple, periods: int, scale: float, shared: float = 0.3):
    """The table of coverage: numbers with normal errors. `fit` and `later` (of each period) are how
    many units there are, of how many rows; the errors of the last period are `scale` times as wide.
    """
    shared = shared if fit[1] > 1 else 0.0
    truth, unit_of = errors(random, *fit, shared), units_of(*fit, "u")
    scores = ScoreQuantiles.of(np.abs(truth), unit_of)  # no column tells where errors are larger
    certainty = Certainty(len(truth), fit[0], numbers=NumberIntervals(scores))
    held, period, unit = [], [], []
    for number in range(periods):
        last = number == periods - 1
        found = errors(random, *later, shared, scale if last else 1.0)
        low, high = certainty.interval(np.zeros(len(found)), np.empty((len(found), 0)), LEVEL).T
        held.append((low <= found) & (found <= high))
        period.append(np.full(len(found), f"{number:02d}"))
        unit.append(units_of(*later, f"p{number}-"))
    units = None if unit[0] is None else np.concatenate(unit)
    return coverage_table(np.concatenate(held), np.concatenate(period), units, certainty)


def classes(random, rows: int, later: int, periods: int, off: float):
    """The table of coverage of sets: classes by a logistic chance, `off` (log odds) in the last
    period."""

    def drawn(count: int, shift: float):
        margin = random.normal(0, 2.5, count)
        chance = 1 / (1 + np.exp(-margin))
        truth = np.where(random.random(count) < 1 / (1 + np.exp(-margin - shift)), "yes", "no")
        return np.column_stack([1 - chance, chance]), truth

    probability, truth = drawn(rows, 0.0)
    answers = FoldAnswers(truth.astype(object), probability, np.arange(rows), np.zeros(rows))
    certainty = learn_certainty(CLASSES, answers)
    held, period = [], []
    for number in range(periods):
        probability, truth = drawn(later, off if number == periods - 1 else 0.0)
        place = (truth == "yes").astype(int)
        held.append(certainty.sets(probability, LEVEL)[np.arange(later), place])
        period.append(np.full(later, f"{number:02d}"))
    return coverage_table(np.concatenate(held), np.concatenate(period), None, certainty)


def alarmed(random, draw) -> dict[str, float]:
    """Whether any period alarms."""
    return {"any alarm": float(has_fallen(draw(random), MOST_BELOW).any())}


def found(random, draw) -> dict[str, float]:
    """Whether the last period alarms; its coverage."""
    table = draw(random)
    fell = bool(has_fallen(table, MOST_BELOW).iloc[-1])
    return {"found": float(fell), "coverage": float(table["coverage"].iloc[-1])}


SMALL = "200 rows, 12 months of 60"
FEW = {
    "found": Missed(
        0.1,
        "A share of 60 rows has a standard error of 0.05, that of intervals "
        "from 200 rows one of 0.02, and twelve periods are looked at.",
    )
}
FALSE, POWER = {"any alarm": (None, 0.05)}, {"found": (0.9, None)}
SHAPES = {
    "2,000 rows, 12 months of 300": ((2_000, 1), (300, 1), 12),
    SMALL: ((200, 1), (60, 1), 12),
    "60 customers of 40 rows, 12 months of 30 customers": ((60, 40), (30, 20), 12),
    "180 days of 30 rows, 6 months of 30 days": ((180, 30), (30, 30), 6),
}


def _of(one, goals: dict, scale: float):
    """The settings of `one` in each of the shapes."""
    for name, (fit, later, periods) in SHAPES.items():
        draw = partial(numbers, fit=fit, later=later, periods=periods, scale=scale)
        yield name, partial(one, draw=draw), goals


def _sets(one, off: float):
    return partial(one, draw=partial(classes, rows=2_000, later=300, periods=12, off=off))


SIMULATIONS = [
    *(Simulation(f"nothing changed: {name}", one, goals)
      for name, one, goals in _of(alarmed, FALSE, 1.0)),
    Simulation("nothing changed: sets of classes", _sets(alarmed, 0.0), FALSE),
    *(Simulation(f"90 % became 75 %: {name}", one, goals, 200, amounts=("coverage",),
                 missed=FEW if name == SMALL else {})
      for name, one, goals in _of(found, POWER, WIDER)),
    Simulation("90 % became 75 %: sets of classes", _sets(found, 3.2), POWER, 200,
               amounts=("coverage",)),
]  # fmt: skip
