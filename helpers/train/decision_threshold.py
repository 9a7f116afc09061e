"""From which probability on the positive class is predicted: as asked, by costs, or by F1."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import precision_recall_curve

from ..base.user_errors import InputError
from ..learning.task_kind import Task
from ..models.model_ladder import BASELINE
from .fold_trials import Trial

WORTHWHILE = 0.02  # gain of F1: with less, the threshold stays 0.5


def best_threshold(task: Task, trial: Trial) -> float:
    """The threshold with the best F1 on the validation rows; 0.5 where it gains less than 0.02."""
    if task.kind != "binary" or trial.family == BASELINE:
        return 0.5
    precision, recall, thresholds = precision_recall_curve(*_positives(task, trial))
    total = np.maximum(precision + recall, 1e-12)
    f1 = (2 * precision * recall / total)[:-1]
    at_half = f1[thresholds >= 0.5][0] if (thresholds >= 0.5).any() else 0.0
    best = int(np.argmax(f1))
    if f1[best] <= at_half + WORTHWHILE:
        return 0.5
    lower = thresholds[best - 1] if best else 0.0
    return float((lower + thresholds[best]) / 2)  # between two probabilities, not on one


def _positives(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Which validation rows are positive, and their predicted probabilities of being positive."""
    return trial.truth == task.positive, trial.predicted[:, task.classes.index(task.positive)]


def cheapest_threshold(
    task: Task, trial: Trial, cost_false_positive: float, cost_false_negative: float
) -> float:
    """The threshold that costs least on the validation rows."""
    truth, probability = _positives(task, trial)
    order = np.argsort(-probability, kind="stable")
    yes, probability = truth[order], probability[order]
    # After each row from the top: all up to it are predicted positive, all below it negative.
    false_positives = np.append(0, np.cumsum(~yes))
    false_negatives = yes.sum() - np.append(0, np.cumsum(yes))
    costs = cost_false_positive * false_positives + cost_false_negative * false_negatives
    ends = np.append(True, np.append(np.diff(probability) < 0, True))  # never between equal ones
    best = int(np.argmin(np.where(ends, costs, np.inf)))
    above = probability[best - 1] if best else 1.0
    below = probability[best] if best < len(probability) else 0.0
    return float(np.clip((above + below) / 2, 1e-6, 1 - 1e-6))


def choose_threshold(
    task: Task,
    trial: Trial,
    asked: float = 0.0,
    cost_false_positive: float = 0.0,
    cost_false_negative: float = 0.0,
) -> float:
    """The threshold `asked` for; where that is 0, the cheapest one, or the best by F1.

    The costs are those of one false positive and one false negative; both 0: not given. Raises
    InputError for a threshold outside of 0 to 1, and for negative costs.
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
