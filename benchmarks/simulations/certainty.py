"""How sure an answer is: intervals and sets hold the truth, rows that are kept are right.

Each repeat draws rows, lets a linear model answer them on folds, learns from these answers, and
asks for many new rows: of new units, where rows come in units.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from helpers.answers.certainty import Certainty, learn_certainty
from helpers.answers.fold_answers import FoldAnswers
from helpers.learning.task_kind import Task

from . import Simulation

NUMBER = Task("y", "regression")
CLASSES = Task("y", "multiclass", ("a", "b", "c"))
NEW, LEVEL, RISK = 4_000, 0.9, 0.1
COVERED, KEPT, AT_MOST = "the truth is held", "error kept less the risk", "the risk is kept"


def numbers(random, rows: int, units: int = 0, shape: str = "plain"):
    """Features, numbers and units; units have effects of their own."""
    X = random.normal(size=(rows, 4))
    size = np.exp(0.7 * X[:, 1]) if shape == "uneven" else 1.0
    noise = random.normal(size=rows) * size
    unit = np.repeat(np.arange(units), rows // units).astype(str) if units else None
    effect = np.repeat(random.normal(size=units), rows // units) if units else 0.0
    y = X[:, 0] + effect + noise
    return X, np.exp(y) if shape == "lognormal" else y, unit


def intervals(random: np.random.Generator, rows: int, units: int = 0, shape: str = "plain") -> dict:
    """How many new rows intervals at 90 % hold."""
    X, y, unit = numbers(random, rows, units, shape)
    groups = np.arange(rows) if unit is None else unit
    model = LinearRegression()
    folds = cross_val_predict(model, X, y, groups=groups, cv=GroupKFold(5))
    sure = learn_certainty(NUMBER, _answers(y, folds, unit), X)
    new, came, _ = numbers(random, NEW, NEW // (rows // units) if units else 0, shape)
    ends = sure.interval(model.fit(X, y).predict(new), new, LEVEL)
    return {COVERED: float(((ends[:, 0] <= came) & (came <= ends[:, 1])).mean())}


def classes(random: np.random.Generator, rows: int, units: int = 0):
    """Probabilities of three classes, drawn classes, and units, which share their surprises."""
    probability = random.dirichlet([0.5, 0.5, 0.5], rows)
    level = random.random(rows)
    unit = None
    if units:
        unit = np.repeat(np.arange(units), rows // units)
        alike = random.random(rows) < 0.3
        level = np.where(alike, random.random(units)[unit], level)
        unit = unit.astype(str)
    place = np.minimum((level[:, None] > probability.cumsum(axis=1)).sum(axis=1), 2)
    return probability, np.array(CLASSES.classes, object)[place], unit


def sets(random: np.random.Generator, rows: int, units: int = 0) -> dict:
    """How many new rows sets at 90 % hold."""
    sure = _sure(*classes(random, rows, units))
    probability, came, _ = classes(random, NEW, NEW // (rows // units) if units else 0)
    place = np.array([CLASSES.classes.index(one) for one in came])
    return {COVERED: float(sure.sets(probability, LEVEL)[np.arange(NEW), place].mean())}


def abstention(random: np.random.Generator, rows: int, units: int = 0) -> dict:
    """The error among the new rows that are kept at a risk of 10 %."""
    sure = _sure(*classes(random, rows, units))
    probability = classes(random, 5 * NEW)[0]
    kept = ~sure.abstains(probability, RISK)
    if not kept.any():
        return {KEPT: np.nan, AT_MOST: 1.0}
    error = float((1 - probability.max(axis=1))[kept].mean())
    return {KEPT: error - RISK, AT_MOST: float(error <= RISK)}


def _sure(probability, truth, unit) -> Certainty:
    return learn_certainty(CLASSES, _answers(truth, probability, unit))


def _answers(truth, predicted, unit) -> FoldAnswers:
    rows = np.arange(len(truth))
    return FoldAnswers(truth, predicted, rows, rows % 5, unit)


EXACT, BY_UNIT = {COVERED: (0.89, 0.91)}, {COVERED: (0.88, None)}
HELD = {KEPT: (None, 0.01), AT_MOST: (0.85, None)}
MANY = {"repeats": 200, "quick": 4}
SIMULATIONS = [  # the first two and the last are quick
    Simulation("sets, 500 rows", partial(sets, rows=500), EXACT, 200, 20),
    Simulation("sets, 40 customers of 50 rows", partial(sets, rows=2_000, units=40),
               BY_UNIT, 200, 20),
    Simulation("intervals, 300 rows", partial(intervals, rows=300), EXACT, **MANY),
    Simulation("intervals, 40 customers of 50 rows", partial(intervals, rows=2_000, units=40),
               BY_UNIT, **MANY),
    Simulation("intervals, uneven noise, 1,000 rows",
               partial(intervals, rows=1_000, shape="uneven"), EXACT, **MANY),
    Simulation("intervals, lognormal numbers, 500 rows",
               partial(intervals, rows=500, shape="lognormal"), EXACT, **MANY),
    Simulation("abstention, 40 customers of 50 rows", partial(abstention, rows=2_000, units=40),
               HELD, 1_000, 20),
    Simulation("abstention, 2,000 rows", partial(abstention, rows=2_000), HELD, 1_000, 20),
]  # fmt: skip
