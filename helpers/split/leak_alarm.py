"""What the searches for leaks share: a quick model's score, and what to do about a column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ..learning.fold_scores import FoldAnswers, fold_scores
from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline
from .split_at_random import random_folds, with_folds

FOLDS = 3
LOOKED_AT = 4_000  # training rows; more would not change what is found


def drop_command(*names: str) -> str:
    """The options that run the line again without some columns, as code in Markdown.

    >>> drop_command("refund", "reason")
    '`--set drop=refund,reason --stages 3-8`'
    """
    return f"`--set drop={','.join(names)} --stages 3-8`"


def measure_name(task: Task) -> str:
    """What a column's predictive power is measured in: R² for numbers, else ROC AUC."""
    return "R²" if task.is_regression else "ROC AUC"


def quick_model(task: Task, plan: dict, seed: int, trees: int = 40):
    """A quick gradient boosting with the features of a plan, unfitted."""
    kind = HistGradientBoostingRegressor if task.is_regression else HistGradientBoostingClassifier
    return whole_pipeline.learner(plan, kind(max_iter=trees, random_state=seed), seed)


def quick_score(learn: Labelled, plan: dict, seed: int) -> float:
    """The mean score of a quick model over random folds: ROC AUC, accuracy (several classes) or R².

    0.5 (R²: 0) without a feature.
    """
    task = learn.task
    if not plan["columns"] and not plan["derived"]:
        return 0.0 if task.is_regression else 0.5
    every = np.arange(len(learn.y))
    found = quick_answers(learn, plan, random_folds(learn, every, FOLDS, seed), seed)
    score = found.mean[compared_by(task)] if found else np.nan
    return float(score) if np.isfinite(score) else 0.0


def quick_answers(learn: Labelled, plan: dict, fold: np.ndarray, seed: int) -> FoldAnswers | None:
    """What a quick model answers on folds of n rows, by position; None where no fold can learn."""
    every = np.arange(len(learn.y))
    cut = replace(with_folds(learn, every, [], fold), by_time=False, ready=None, apart=None)
    try:
        found = fold_scores(
            cut, lambda: quick_model(learn.task, plan, seed), [compared_by(learn.task)]
        )
    except ValueError:
        return None
    return found.at(np.argsort(found.position))


def compared_by(task: Task) -> str:
    """The metric of the quick model."""
    return {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}[task.kind]
