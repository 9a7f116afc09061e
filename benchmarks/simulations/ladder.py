"""Models compared on the folds.

Trials are made of scores whose noise is known, so that it is known which model is better: four
folds, each with rows of its own.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression

from helpers.learning.task_kind import Task
from helpers.models.model_ladder import BOOSTING, FOREST, LINEAR
from helpers.train.calibrated_ensemble import try_ensemble
from helpers.train.fold_trials import Candidate, Fold, Trial, best_of, make_trial
from helpers.train.paired_trials import SURE, gain_over, mean_if_chosen_elsewhere
from helpers.train.readable_model import READ, choose
from helpers.train.train_models import cross_validate_candidates

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")
FAMILIES = (LINEAR, FOREST, BOOSTING)
FOLDS = 4


def labels(random, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Log odds, and the labels that follow."""
    odds = 1.5 * random.normal(size=rows)
    return odds, np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no").astype(object)


def trials_of(random, noises, rows: int, each: int = 1) -> tuple[list[Trial], list[Fold]]:
    """A trial a noise: the log odds with so much noise, of which `each` rows share one half."""
    odds, truth = labels(random, rows)
    unit = None if each == 1 else np.repeat(np.arange(rows // each), each).astype(str)
    parts = np.split(np.arange(rows), FOLDS)
    folds = [Fold(None, truth[p], None, truth[p], None if unit is None else unit[p]) for p in parts]
    trials = []
    for family, size in zip(FAMILIES, noises, strict=False):
        shared = np.repeat(random.normal(size=rows // each), each)
        noise = shared if each == 1 else (shared + random.normal(size=rows)) / np.sqrt(2)
        chance = 1 / (1 + np.exp(-0.1 * (odds + size * noise)))  # nearly linear: only ranks count
        said = np.split(np.column_stack([1 - chance, chance]), FOLDS)
        trials.append(make_trial(BINARY, Candidate(family, LogisticRegression()), folds, said, 0.1))
    return trials, folds


def ensemble(random, noises, rows: int, each: int = 1) -> dict[str, float]:
    """Whether a mean of two or three models is taken."""
    trials, folds = trials_of(random, noises, rows, each)
    return {"taken": float(bool(try_ensemble(BINARY, trials, folds)))}


def leads(random, noises, rows: int, each: int = 1) -> dict[str, float]:
    """Whether the interval of a lead holds 0, and whether the better model is said to lead."""
    trials, _ = trials_of(random, noises, rows, each)
    ahead = best_of(trials)
    other = next(trial for trial in trials if trial is not ahead)
    sure = gain_over(BINARY, other, ahead).p_better < SURE / 2
    return {
        "the interval holds 0": float(not sure),
        "the better one is said to lead": float(sure and ahead is trials[0]),
    }


def luck(random, rows: int, count: int = 16) -> dict[str, float]:
    """Sixteen settings that are equally good: how much too good the best score is, and is said."""
    odds, truth = labels(random, rows)
    parts = np.split(np.arange(rows), FOLDS)
    folds = [Fold(None, truth[p], None, truth[p]) for p in parts]
    trials = []
    for _ in range(count):
        chance = 1 / (1 + np.exp(-(odds + 1.5 * random.normal(size=rows))))
        said = np.split(np.column_stack([1 - chance, chance]), FOLDS)
        trials.append(make_trial(BINARY, Candidate(LINEAR, LogisticRegression()), folds, said, 0.1))
    best = best_of(trials).mean
    true = float(np.mean([trial.mean for trial in trials]))
    return {"too good by": best - true, "said to be": best - mean_if_chosen_elsewhere(trials)}


def readable(random, together: bool, rows: int = 600) -> dict[str, float]:
    """Whether `prefer=readable` takes a readable model: rightly of columns that add to the odds.

    Of six columns two count: each by a curve of its own, or only `together`, by the sign of their
    product. Real models are fitted: linear, additive, boosting, with their default settings.
    """
    X = random.normal(size=(rows, 6))
    odds = 2 * np.sign(X[:, 0] * X[:, 1]) if together else 2 * np.abs(X[:, 0]) + X[:, 1] - 1.5
    y = np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no").astype(object)
    parts = np.array_split(np.arange(rows), FOLDS)
    folds = []
    for part in parts:
        others = np.setdiff1d(np.arange(rows), part)
        folds.append(Fold(X[others], y[others], X[part], y[part]))
    trials = cross_validate_candidates(BINARY, folds, rows, BOOSTING, prefer=READ)
    return {"taken": float(choose(BINARY, trials, READ).is_kept)}


# The mean of models with noise 1, √3 and √5 has noise 1, too: no better than the first alone.
EQUAL, USEFUL = (1.0, np.sqrt(3), np.sqrt(5)), (1.5, 1.5, 1.5)
NULL, POWER, COVERS = (None, 0.05), (0.8, None), (0.92, 0.98)

SIMULATIONS = [
    Simulation("an ensemble that is no better, 1,000 rows", partial(ensemble, noises=EQUAL,
               rows=1_000), {"taken": NULL}),
    Simulation("an ensemble that is no better, 200 rows", partial(ensemble, noises=EQUAL, rows=200),
               {"taken": NULL}),
    Simulation("an ensemble that is no better, 100 customers with 10 rows",
               partial(ensemble, noises=EQUAL, rows=1_000, each=10), {"taken": NULL}),
    Simulation("an ensemble that is better by 0.05 in ROC AUC, 2,000 rows",
               partial(ensemble, noises=USEFUL, rows=2_000), {"taken": POWER}, repeats=300),
    Simulation("two models that are equally good, 1,000 rows", partial(leads, noises=(1.0, 1.0),
               rows=1_000), {"the interval holds 0": COVERS}),
    Simulation("two models that are equally good, 60 customers with 20 rows",
               partial(leads, noises=(1.0, 1.0), rows=1_200, each=20),
               {"the interval holds 0": COVERS}),
    Simulation("two models 0.05 apart in ROC AUC, 2,000 rows", partial(leads, noises=(1.0, 1.5),
               rows=2_000), {"the better one is said to lead": POWER}, repeats=300),
    Simulation("prefer=readable where two columns decide only together, 600 rows",
               partial(readable, together=True), {"taken": NULL}, repeats=50, quick=2, fewest=50),
    Simulation("prefer=readable where each column has a curve of its own, 600 rows",
               partial(readable, together=False), {"taken": (0.9, None)}, repeats=25, quick=2,
               fewest=25),
    Simulation("the best of 16 equally good settings, 400 rows", partial(luck, rows=400),
               repeats=300),
]  # fmt: skip
