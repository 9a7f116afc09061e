"""Decision threshold."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import precision_recall_curve

from ..base.user_errors import InputError
from ..learning.task_kind import Task
from ..models.model_ladder import (
    BASELINE,
)
from .fold_trials import Trial

WORTHWHILE = 0.02  # F1 that another threshold must win before it takes the place of 0.5


def best_threshold(task: Task, trial: Trial) -> float:
    """The probability from which to say yes: the one with the best F1 on the validation rows.

    It takes the place of 0.5 only where it wins at least 0.02.
    """
    if task.kind != "binary" or trial.family == BASELINE:
        return 0.5
    truth, chance = _positives(task, trial)
    precision, recall, thresholds = precision_recall_curve(truth, chance)
    total = np.maximum(precision + recall, 1e-12)
    f1 = (2 * precision * recall / total)[:-1]
    at_half = f1[thresholds >= 0.5][0] if (thresholds >= 0.5).any() else 0.0
    best = int(np.argmax(f1))
    if f1[best] <= at_half + WORTHWHILE:
        return 0.5
    lower = thresholds[best - 1] if best else 0.0
    return float((lower + thresholds[best]) / 2)  # between two probabilities, not on one


def _positives(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Which validation rows are positive, and the probabilities that the trial gave them."""
    return trial.truth == task.positive, trial.said[:, task.classes.index(task.positive)]


def cheapest_threshold(
    task: Task, trial: Trial, cost_false_positive: float, cost_false_negative: float
) -> float:
    """The probability from which to say yes that costs least on the validation rows.

    `false_alarm` is the cost of saying yes wrongly, `miss` that of saying no wrongly.
    """
    truth, chance = _positives(task, trial)
    order = np.argsort(-chance, kind="stable")
    yes, chance = truth[order], chance[order]
    # After each row from the top: all up to it are called yes, all below it no.
    costs = cost_false_positive * np.append(0, np.cumsum(~yes)) + cost_false_negative * np.append(
        yes.sum(), yes.sum() - np.cumsum(yes)
    )
    ends = np.append(True, np.append(np.diff(chance) < 0, True))  # never between equal ones
    best = int(np.argmin(np.where(ends, costs, np.inf)))
    above = chance[best - 1] if best else 1.0
    below = chance[best] if best < len(chance) else 0.0
    return float(np.clip((above + below) / 2, 1e-6, 1 - 1e-6))


def choose_threshold(
    task: Task,
    trial: Trial,
    asked: float = 0.0,
    cost_false_positive: float = 0.0,
    cost_false_negative: float = 0.0,
) -> float:
    """The threshold that was asked for; when 0 was given, the cheapest one, or the best by F1.

    `false_alarm` and `miss` are what the two kinds of errors cost; both 0: not given.
    """
    if not 0 <= asked < 1:
        raise InputError(f"threshold lies between 0 and 1 (0 finds the best); it is {asked}.")
    if min(cost_false_positive, cost_false_negative) < 0:
        raise InputError(
            f"Costs are 0 or more; they are {cost_false_positive} and {cost_false_negative}."
        )
    if asked or task.kind != "binary":
        return asked or 0.5
    if cost_false_positive or cost_false_negative:
        return cheapest_threshold(task, trial, cost_false_positive, cost_false_negative)
    return best_threshold(task, trial)
