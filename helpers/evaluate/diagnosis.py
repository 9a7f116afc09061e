"""The worst errors of a model row by row, and what `metrics.json` keeps of the diagnosis.

Everything here is measured on rows that the model was not trained on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.task_kind import Task


def losses(task: Task, truth, prediction, probability) -> np.ndarray:
    """How wrong each answer is: minus the log of the true class's probability, or the error's size.

    >>> losses(Task("y", "regression"), [1.0, 2.0], [1.5, 2.0], None).tolist()
    [0.5, 0.0]
    """
    if task.is_regression:
        return np.abs(np.asarray(prediction, float) - np.asarray(truth, float))
    position = pd.Index(task.classes).get_indexer(np.asarray(truth).astype(str))
    given = np.asarray(probability)[np.arange(len(position)), position]
    return -np.log(np.clip(given, 1e-6, 1))


def worst_errors(
    task: Task, raw: pd.DataFrame, truth, prediction, probability, columns, most: int = 6
) -> pd.DataFrame:
    """The rows with the largest errors, as they came, to be read: what do they have in common?

    `columns` are the few that matter most to the model. For classes, `predicted probability` is
    the one that the model gave to the true class.
    """
    loss = losses(task, truth, prediction, probability)
    order = np.argsort(-loss, kind="stable")[:most]
    table = raw[[c for c in columns if c in raw]].iloc[order].reset_index(drop=True)
    table.insert(0, f"true {task.target}", np.asarray(truth)[order])
    if task.is_regression:
        table.insert(1, "predicted", [f"{v:.4g}" for v in np.asarray(prediction, float)[order]])
    else:
        given = np.exp(-loss[order])
        table.insert(1, "predicted probability", [f"{p:.3f}" for p in given])
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="error"))


def appendix(raw: pd.DataFrame, task: Task, truth, prediction, probability, columns):
    """What a reader may want to unfold: the worst errors row by row, and the confusion matrix.

    `columns` are the most important ones to the model, in that order.
    """
    from ..pages.show import folded
    from .evaluation_report import confusion_shown

    errors = worst_errors(task, raw, truth, prediction, probability, list(columns[:6]))
    counts = confusion_shown(task, truth, prediction)
    return folded(
        "The worst errors, to be read one by one; and all answers, counted", errors, counts
    )


def kept(errors: dict, back: pd.DataFrame, worst: pd.DataFrame) -> dict:
    """What `metrics.json` keeps of the diagnosis."""
    return {
        "calibration_error": errors,
        "way_back": back.reset_index().to_dict("records"),
        "served_worse": worst.reset_index().to_dict("records"),
    }
