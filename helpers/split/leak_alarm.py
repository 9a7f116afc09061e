"""What the searches for leaks share: a quick model's score, and what to do about a column."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, KFold

from ..learning.labelled_data import Labelled
from ..learning.predicting import predict_scores
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline

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


def quick_score(learn: Labelled, plan: dict, seed: int, groups=None, folds: int = 3) -> float:
    """The mean score of a quick model over folds (see `quick_scores`)."""
    return float(np.mean(quick_scores(learn, plan, seed, groups, folds)))


def quick_scores(learn: Labelled, plan: dict, seed: int, groups=None, folds: int = 3) -> list:
    """The score of a quick model on each fold; rows of one group stay together where given.

    ROC AUC, accuracy (several classes) or R². 0.5 (R²: 0) without a feature; folds with one class
    only are left out.
    """
    task = learn.task
    if not plan["columns"] and not plan["derived"]:
        return [0.0 if task.is_regression else 0.5]
    cutter = KFold(folds, shuffle=True, random_state=seed) if groups is None else GroupKFold(folds)
    scores = []
    for train, test in cutter.split(learn.X, groups=groups):
        if not task.is_regression and len(set(learn.y[train])) < 2:
            continue
        quick = quick_model(task, plan, seed)
        quick.fit(learn.X.iloc[train], learn.y[train])
        scored = predict_scores(
            task, quick, learn.X.iloc[test], learn.y[test], [_compared_by(task)]
        )
        scores.append(scored.get(_compared_by(task), np.nan))
    return [s for s in scores if np.isfinite(s)] or [0.0]


def _compared_by(task: Task) -> str:
    """The metric of the quick model."""
    return {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}[task.kind]
