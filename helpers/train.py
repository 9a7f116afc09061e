"""Stage 5, train: a ladder of models, cross-validated; a seeded search on the best; one winner.

Every model sees numbers that were made by features fitted on its own training rows, fold by fold.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier, ParameterSampler
from sklearn.pipeline import Pipeline

from . import pipeline
from .errors import InputError
from .features import make_features
from .metrics import PLAIN_NAMES
from .rows import Labelled, spread_over
from .task import Task, predict, score

BASELINE = "baseline"
WORTHWHILE = 0.02  # F1 that another threshold must win before it takes the place of 0.5

# From so many rows on, trees that each draw a share of the rows, and grow less deep: on the flights
# they score as high in half the time. All rows are drawn by some. (On two made tables without noise
# a forest loses 0.02 by it; there boosting is better than any forest, and the ladder takes that.)
MANY_ROWS = 20_000
MANY_ROWS_FOREST = {"max_samples": 0.3, "max_depth": 12}
FIRST_ROUND = 0.25  # of so many rows, the share that the search's first round learns from
FINALISTS = 3  # one in so many draws goes on to all rows

SPACES = {
    "linear": {"C": loguniform(1e-3, 1e2)},
    "ridge": {"alpha": loguniform(1e-2, 1e3)},
    "random forest": {
        "max_depth": randint(6, 18),
        "min_samples_leaf": randint(2, 30),
        "max_features": uniform(0.05, 0.25),
    },
    "gradient boosting": {
        "learning_rate": loguniform(0.02, 0.2),
        "max_leaf_nodes": randint(8, 48),
        "min_samples_leaf": randint(10, 100),
        "l2_regularization": loguniform(1e-3, 10),
        "max_iter": randint(60, 300),
    },
}


def candidates(task: Task, rows: int, seed: int = 42) -> dict:
    """The ladder: a baseline that ignores the features, a linear model, a forest, boosting."""
    leaf = 5 if rows > 2_000 else 2
    forest = {"n_estimators": 100, "max_depth": 16, "min_samples_leaf": leaf, "n_jobs": -1}
    forest |= MANY_ROWS_FOREST if rows > MANY_ROWS else {}
    boosting = {"max_iter": 120, "learning_rate": 0.08, "early_stopping": False}
    if task.is_regression:
        return {
            BASELINE: DummyRegressor(strategy="mean"),
            "linear": Ridge(),
            "random forest": RandomForestRegressor(random_state=seed, **forest),
            "gradient boosting": HistGradientBoostingRegressor(random_state=seed, **boosting),
        }
    return {
        BASELINE: DummyClassifier(strategy="prior"),
        "linear": LogisticRegression(max_iter=2_000, solver=_solver(task, rows)),
        "random forest": RandomForestClassifier(random_state=seed, **forest),
        "gradient boosting": HistGradientBoostingClassifier(random_state=seed, **boosting),
    }


def _solver(task: Task, rows: int) -> str:
    """Newton's method needs a tenth of the time on many rows; with many classes, much memory."""
    return "newton-cholesky" if task.kind == "binary" and rows > 2_000 else "lbfgs"


@dataclass(frozen=True)
class Fold:
    """The numbers and labels of one fold, made by features that saw its training rows alone."""

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray


def make_folds(rows: Labelled, features: dict, seed: int = 42) -> list[Fold]:
    """The folds of the training rows as numbers; made once, used by every model."""
    folds = []
    for train, valid in rows.folds():
        if not rows.task.is_regression and len(set(rows.y[train])) < 2:
            continue  # nothing can be learnt from one class
        maker = make_features(features, seed)
        X = maker.fit_transform(rows.X.iloc[train], rows.y[train])
        folds.append(Fold(X, rows.y[train], maker.transform(rows.X.iloc[valid]), rows.y[valid]))
    if not folds:
        raise InputError(
            "No fold has two classes to learn from: collect more rows of the rare one."
        )
    return folds


@dataclass(frozen=True)
class Trial:
    """One model on every fold: its scores there, and what it said of the validation rows.

    `rows` counts the rows that it learnt from in the largest fold.
    """

    model: object
    family: str
    parameters: dict
    scores: list[float]
    seconds: float
    truth: np.ndarray
    probability: np.ndarray | None
    rows: int = 0

    @property
    def mean(self) -> float:
        """The mean score over the folds."""
        return float(np.mean(self.scores))


def cross_validate(task: Task, family: str, model, folds: list[Fold], parameters=None) -> Trial:
    """Fit a model on each fold and score it on that fold's validation rows."""
    began = time.perf_counter()
    scores, chances = [], []
    for fold in folds:
        fitted = clone(model).fit(fold.X, fold.y)
        prediction, probability = predict(task, fitted, fold.X_valid)
        found = score(task, fold.y_valid, prediction, probability, [task.main_metric])
        scores.append(found.get(task.main_metric, np.nan))
        chances.append(probability)
    truth = np.concatenate([fold.y_valid for fold in folds])
    probability = None if task.is_regression else np.vstack(chances)
    scores = [s for s in scores if np.isfinite(s)] or [0.0]
    seconds, rows = time.perf_counter() - began, max(len(fold.y) for fold in folds)
    return Trial(model, family, parameters or {}, scores, seconds, truth, probability, rows)


def run_ladder(task: Task, folds: list[Fold], rows: int, models="all", seed=42) -> list[Trial]:
    """A trial of each model of the ladder; `models` names some of them, parted by commas."""
    ladder = candidates(task, rows, seed)
    chosen = list(ladder) if models == "all" else [m.strip() for m in models.split(",")]
    for name in chosen:
        if name not in ladder:
            raise InputError(f"models are {', '.join(ladder)}, or all; '{name}' is none of them.")
    chosen = [BASELINE, *[name for name in chosen if name != BASELINE]]
    return [cross_validate(task, name, ladder[name], folds) for name in chosen]


def search(task: Task, best: Trial, folds: list[Fold], trials: int, seed=42) -> list[Trial]:
    """So many seeded draws of hyper-parameters for the family of the best trial.

    Where rows are many, all draws learn from a quarter of them, and only the best third goes on to
    all (successive halving, Jamieson and Talwalkar 2016). Each draw comes back as the trial of
    its last round; `best_of` looks at those on all rows alone.
    """
    family = "ridge" if best.family == "linear" and task.is_regression else best.family
    space = SPACES.get(family)
    if not space or trials < 1:
        return []
    drawn = [
        {k: v.item() if isinstance(v, np.generic) else v for k, v in parameters.items()}
        for parameters in ParameterSampler(space, trials, random_state=seed)
    ]

    def tried(parameters: dict, folds: list[Fold]) -> Trial:
        model = clone(best.model).set_params(**parameters)
        return cross_validate(task, best.family, model, folds, parameters)

    if best.rows <= MANY_ROWS:
        return [tried(parameters, folds) for parameters in drawn]
    fewer = [_thinned(fold) for fold in folds]
    first = sorted((tried(parameters, fewer) for parameters in drawn), key=lambda t: -t.mean)
    count = -(-trials // FINALISTS)
    return [*(tried(trial.parameters, folds) for trial in first[:count]), *first[count:]]


def _thinned(fold: Fold) -> Fold:
    """The fold with a share of its rows to learn from, and all those that it is examined on."""
    kept = spread_over(fold.y, round(FIRST_ROUND * len(fold.y)))
    return replace(fold, X=fold.X[kept], y=fold.y[kept])


def on_all_rows(trials: list[Trial]) -> list[Trial]:
    """The trials that learnt from all rows; those that the search dropped earlier learnt from few.

    Scores on fewer rows can't be compared with scores on all.
    """
    most = max((trial.rows for trial in trials), default=0)
    return [trial for trial in trials if trial.rows == most]


def best_of(trials: list[Trial]) -> Trial:
    """The trial on all rows with the highest mean score; the earlier one when two are equal."""
    return max(on_all_rows(trials), key=lambda trial: trial.mean)


def best_threshold(task: Task, trial: Trial) -> float:
    """The probability from which to say yes: the one with the best F1 on the validation rows.

    It takes the place of 0.5 only where it wins at least 0.02.
    """
    if task.kind != "binary" or trial.family == BASELINE:
        return 0.5
    chance = trial.probability[:, task.classes.index(task.positive)]
    truth = trial.truth == task.positive
    precision, recall, thresholds = precision_recall_curve(truth, chance)
    total = np.maximum(precision + recall, 1e-12)
    f1 = (2 * precision * recall / total)[:-1]
    at_half = f1[thresholds >= 0.5][0] if (thresholds >= 0.5).any() else 0.0
    best = int(np.argmax(f1))
    if f1[best] <= at_half + WORTHWHILE:
        return 0.5
    lower = thresholds[best - 1] if best else 0.0
    return float((lower + thresholds[best]) / 2)  # between two probabilities, not on one


def final_model(task: Task, trial: Trial, threshold: float = 0.5):
    """The winner, unfitted, one thread; with its threshold where that is not 0.5."""
    model = clone(trial.model)
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=None)
    if task.kind != "binary" or threshold == 0.5:
        return model
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=task.positive, response_method="predict_proba"
    )


def fit_final(cleaning: dict, features: dict, model, rows: Labelled, seed: int = 42) -> Pipeline:
    """The whole pipeline, fitted on the training rows."""
    return pipeline.fit(cleaning, features, model, rows.X, rows.y, seed)


def trials_table(trials: list[Trial], task: Task) -> pd.DataFrame:
    """A row per trial, best first: model, score over the folds, its spread, rows, parameters.

    Trials that learnt from fewer rows than others come last.
    """
    metric = PLAIN_NAMES[task.main_metric]
    table = pd.DataFrame(
        {
            "model": trial.family,
            metric: trial.mean,
            "spread": float(np.std(trial.scores)),
            "rows": trial.rows,
            "seconds": round(trial.seconds, 2),
            "parameters": ", ".join(f"{k}={_short(v)}" for k, v in trial.parameters.items())
            or "default",
        }
        for trial in trials
    )
    return table.sort_values(["rows", metric], ascending=False, kind="stable", ignore_index=True)


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def headline(task: Task, best: Trial, baseline: Trial, count: int) -> str:
    """The stage's result in a sentence."""
    metric = PLAIN_NAMES[task.main_metric]
    return (
        f"The best of {count} trials is {best.family}: {metric} {best.mean:.2f} in "
        f"cross-validation, against {baseline.mean:.2f} for the baseline."
    )


def read_ladder(trials: list[Trial], task: Task) -> str:
    """A sentence that reads the ladder."""
    best, baseline = best_of(trials), trials[0]
    others = [t for t in trials if t.family not in (best.family, BASELINE)]
    text = f"**{best.family}** leads with {best.mean:.2f} ({PLAIN_NAMES[task.main_metric]}); "
    text += f"the baseline, which ignores every column, has {baseline.mean:.2f}."
    close = [t.family for t in others if best.mean - t.mean < np.std(best.scores)]
    if close:
        text += f" Within the spread of the folds: {' and '.join(close)}."
    return text


def read_search(ladder: list[Trial], found: list[Trial], task: Task) -> str:
    """A sentence that says what the search won."""
    if not found:
        return "No search was asked for: the default parameters stay."
    before, after = best_of(ladder).mean, best_of(found).mean
    rounds = _read_rounds(found)
    if after <= before:
        text = f"**The search found nothing better** than the defaults ({before:.3f}); they stay."
        return f"{text}{rounds}"
    return (
        f"{len(found)} trials moved {PLAIN_NAMES[task.main_metric]} from {before:.3f} to "
        f"**{after:.3f}**, a gain of {after - before:.3f}; the folds differ by "
        f"{np.std(best_of(found).scores):.3f}.{rounds}"
    )


def _read_rounds(found: list[Trial]) -> str:
    """On how many rows the search's rounds worked, as a sentence; empty where it had one."""
    finalists = len(on_all_rows(found))
    if finalists == len(found):
        return ""
    few, all_rows = min(t.rows for t in found), max(t.rows for t in found)
    return (
        f" All {len(found)} draws learnt from up to {few:,} rows a fold, the best {finalists} of "
        f"them again from all {all_rows:,}."
    )


def read_folds(folds: list[Fold]) -> str:
    """What the folds hold, in a sentence."""
    return (
        f"**{len(folds)} folds**, the last with {len(folds[-1].y):,} rows to learn from and "
        f"{len(folds[-1].y_valid):,} to be examined on; each row is {folds[-1].X.shape[1]} numbers."
    )


def choose_threshold(task: Task, trial: Trial, asked: float) -> float:
    """The threshold that was asked for, or the best one when 0 was given."""
    if not 0 <= asked < 1:
        raise InputError(f"threshold lies between 0 and 1 (0 finds the best); it is {asked}.")
    return asked or best_threshold(task, trial)


def read_threshold(task: Task, trial: Trial, threshold: float) -> str:
    """From which probability on the model says yes, in a sentence."""
    if task.kind != "binary":
        return "There is no threshold to choose: that is a question of two classes."
    if threshold == 0.5:
        return f"The model says {task.target} = {task.positive} from a probability of 0.50 on."
    return (
        f"The model says {task.target} = {task.positive} from a probability of "
        f"**{threshold:.2g}** on, where F1 is best on the validation rows."
    )


def summary(task: Task, best: Trial, threshold: float, headline: str) -> dict:
    """The content of `training.json`: the winner and how it was found."""
    return {
        "model": best.family,
        "parameters": best.parameters,
        "metric": task.main_metric,
        "cross_validated": best.mean,
        "threshold": threshold,
        "headline": headline,
    }
