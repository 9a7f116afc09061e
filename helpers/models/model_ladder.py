"""The models of the ladder: what each rung is, and where a search may look for better settings."""

from __future__ import annotations

import numpy as np
from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from ..learning.task_kind import Task

BASELINE, LINEAR, FOREST, BOOSTING = "baseline", "linear", "random forest", "gradient boosting"
ENSEMBLE, ADDITIVE = "ensemble", "additive"
# Who reads such a model sees all of it: each column adds its share, whatever the others hold.
READABLE = LINEAR, ADDITIVE  # the simpler one first

# From so many rows on, trees that each draw a share of the rows, and grow less deep: on the
# example they score as high in half the time. All rows are drawn by some. (On two made tables
# without noise a forest loses 0.02 by it; there boosting is better than any, and the ladder takes
# that.)
MANY_ROWS = 20_000
BOOSTING_SETTINGS = {"max_iter": 120, "learning_rate": 0.08, "early_stopping": False}
MANY_ROWS_FOREST = {"max_samples": 0.3, "max_depth": 12}
# Boosting whose trees ask one feature each is a sum of one curve a feature, and so of one a column.
# (Features of one column could ask together, but a model would have to know which they are.) Such
# trees are small: on the example four leaves (ROC AUC 0.676) are better than eight (0.670).
ADDITIVE_SETTINGS = {"interaction_cst": "no_interactions", "max_leaf_nodes": 4,
                     "learning_rate": 0.1}  # fmt: skip

SPACES = {
    LINEAR: {"C": loguniform(1e-3, 1e2)},
    "ridge": {"alpha": loguniform(1e-1, 1e3)},
    FOREST: {
        "max_depth": randint(6, 18),
        "min_samples_leaf": randint(2, 30),
        "max_features": uniform(0.05, 0.45),
    },
    BOOSTING: {
        "learning_rate": loguniform(0.04, 0.25),
        "max_leaf_nodes": randint(4, 40),
        "min_samples_leaf": randint(5, 80),
        "l2_regularization": loguniform(1e-3, 10),
        "max_features": uniform(0.2, 0.8),
    },
    ADDITIVE: {
        "learning_rate": loguniform(0.04, 0.25),
        "max_leaf_nodes": randint(3, 10),
        "min_samples_leaf": randint(5, 80),
        "l2_regularization": loguniform(1e-3, 10),
    },
}


def candidates(task: Task, rows: int, seed: int = 42, balanced: bool = False) -> dict:
    """The ladder: a baseline that ignores the features, linear, additive, a forest, boosting.

    `balanced` weighs rows so that each class counts alike; numbers have no classes.
    """
    leaf = 5 if rows > 2_000 else 2
    forest = {"n_estimators": 100, "max_depth": 16, "min_samples_leaf": leaf, "n_jobs": -1}
    forest |= {"random_state": seed} | (MANY_ROWS_FOREST if rows > MANY_ROWS else {})
    if task.is_regression:
        return _regressors(forest, BOOSTING_SETTINGS | {"random_state": seed})
    linear = {"max_iter": 2_000, "solver": _solver(task, rows)}
    weights = {"class_weight": "balanced" if balanced else None}
    boosting = BOOSTING_SETTINGS | {"random_state": seed}
    return _classifiers(linear | weights, forest | weights, boosting | weights)


def _regressors(forest: dict, boosting: dict) -> dict:
    """The ladder of models of numbers."""
    return {
        BASELINE: DummyRegressor(strategy="mean"),
        LINEAR: Ridge(),
        ADDITIVE: HistGradientBoostingRegressor(**boosting | ADDITIVE_SETTINGS),
        FOREST: RandomForestRegressor(max_features=0.4, **forest),
        BOOSTING: HistGradientBoostingRegressor(**boosting),
    }


def _classifiers(linear: dict, forest: dict, boosting: dict) -> dict:
    """The ladder of models of classes."""
    return {
        BASELINE: DummyClassifier(strategy="prior"),
        LINEAR: LogisticRegression(**linear),
        ADDITIVE: HistGradientBoostingClassifier(**boosting | ADDITIVE_SETTINGS),
        FOREST: RandomForestClassifier(**forest),
        BOOSTING: HistGradientBoostingClassifier(**boosting),
    }


def _solver(task: Task, rows: int) -> str:
    """Newton's method needs a tenth of the time on many rows; with many classes, much memory."""
    return "newton-cholesky" if task.kind == "binary" and rows > 2_000 else "lbfgs"


def space_of(task: Task, family: str) -> dict:
    """The distributions from which a search draws settings; empty for the baseline."""
    return SPACES.get("ridge" if family == LINEAR and task.is_regression else family, {})


def ensemble_of(task: Task, members: dict) -> object:
    """The mean of several models' answers, unfitted; `members` maps a family to its model."""
    named = [(name.replace(" ", "_"), clone(model)) for name, model in members.items()]
    return VotingRegressor(named) if task.is_regression else VotingClassifier(named, voting="soft")


def on_one_thread(model):
    """The model, unfitted, asking for no more than one thread: its file says nothing of cores."""
    names = [name for name in model.get_params() if name.split("__")[-1] == "n_jobs"]
    return clone(model).set_params(**dict.fromkeys(names))


def plain(parameters: dict) -> dict:
    """Drawn settings as Python's own numbers, so that a file of text can hold them."""
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in parameters.items()}
