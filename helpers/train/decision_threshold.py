"""From which probability on the positive class is predicted: as asked, by costs, by F1, or 0.5."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import precision_recall_curve

from ..base.user_errors import InputError
from ..learning.error_costs import row_costs
from ..learning.mean_by_unit import mean_by_unit
from ..learning.task_kind import Task
from ..models.model_ladder import BASELINE
from .fold_trials import Trial
from .paired_trials import SURE, each_fold_and_the_others


def choose_threshold(
    task: Task,
    trial: Trial,
    asked: float = 0.0,
    cost_false_positive: float = 0.0,
    cost_false_negative: float = 0.0,
) -> float:
    """The threshold `asked` for; where that is 0, the one that suits what was asked instead.

    With costs the cheapest (`threshold_by_costs`), with the main metric F1 the one with the best
    F1, else 0.5. The costs are those of one false positive and one false negative; both 0: not
    given. Raises InputError for a threshold outside of 0 to 1, and for negative costs.
    """
    if not 0 <= asked < 1:
        raise InputError(f"threshold lies between 0 and 1 (0 finds the best); it is {asked}.")
    costs = cost_false_positive, cost_false_negative
    if min(costs) < 0:
        raise InputError(f"Costs are 0 or more; they are {costs[0]} and {costs[1]}.")
    if asked or task.kind != "binary" or trial.family == BASELINE:
        return asked or 0.5
    if any(costs):
        return threshold_by_costs(task, trial, *costs)
    return best_f1_threshold(task, trial) if task.main_metric == "f1" else 0.5


def best_f1_threshold(task: Task, trial: Trial) -> float:
    """The threshold with the best F1 on the validation rows; 0.5 for other tasks."""
    if task.kind != "binary" or trial.family == BASELINE:
        return 0.5
    precision, recall, thresholds = precision_recall_curve(*_positives(task, trial))
    total = np.maximum(precision + recall, 1e-12)
    best = int(np.argmax((2 * precision * recall / total)[:-1]))
    lower = thresholds[best - 1] if best else 0.0
    return float((lower + thresholds[best]) / 2)  # between two probabilities, not on one


def threshold_by_costs(
    task: Task, trial: Trial, cost_false_positive: float, cost_false_negative: float
) -> float:
    """The threshold at which errors cost least.

    With right probabilities that is f / (f + m), where f and m are the costs of a false positive
    and a false negative (Elkan 2001). The cheapest threshold of the validation rows takes its place
    only where it costs less on rows that did not choose it (each fold judges the choice of the
    others), by more than the noise.
    """
    costs = cost_false_positive, cost_false_negative
    by_theory = float(np.clip(cost_false_positive / sum(costs), 1e-6, 1 - 1e-6))
    yes, probability = _positives(task, trial)
    saved = np.zeros(len(yes))
    for rows, others in each_fold_and_the_others(trial):
        chosen = _cheapest(yes[others], probability[others], *costs)
        before, after = (
            row_costs(yes[rows], probability[rows] >= threshold, costs)
            for threshold in (by_theory, chosen)
        )
        saved[rows] = before - after
    if mean_by_unit(saved, trial.unit).p_above < SURE:
        return _cheapest(yes, probability, *costs)
    return by_theory


def _positives(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Which validation rows are positive, and their predicted probabilities of being positive."""
    return trial.truth == task.positive, trial.predicted[:, task.classes.index(task.positive)]


def _cheapest(yes: np.ndarray, probability: np.ndarray, cost_false_positive, cost_false_negative):
    """The threshold that costs least on some rows."""
    order = np.argsort(-probability, kind="stable")
    yes, probability = yes[order], probability[order]
    # After each row from the top: all up to it are predicted positive, all below it negative.
    false_positives = np.append(0, np.cumsum(~yes))
    false_negatives = yes.sum() - np.append(0, np.cumsum(yes))
    costs = cost_false_positive * false_positives + cost_false_negative * false_negatives
    ends = np.append(True, np.append(np.diff(probability) < 0, True))  # never between equal ones
    best = int(np.argmin(np.where(ends, costs, np.inf)))
    return _between_rows(probability, best)


def _between_rows(probability: np.ndarray, count: int) -> float:
    """A threshold that so many rows exceed; the probabilities fall."""
    above = probability[count - 1] if count else 1.0
    below = probability[count] if count < len(probability) else 0.0
    return float(np.clip((above + below) / 2, 1e-6, 1 - 1e-6))
