"""Two trials held against each other on the same validation rows, fold by fold.

Folds differ in how hard they are, and that is common to all models. So the noise of a difference is
not the spread of one model's scores: it is taken within each fold, from both models' answers to the
same rows, by unit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..learning.mean_difference import mean_difference
from ..learning.score_intervals import Difference, paired_gain
from ..learning.task_kind import Task
from .fold_trials import Trial, answers_of, on_all_rows

SURE = 0.05  # significance level of a gain


def gain_over(task: Task, one: Trial, other: Trial, metric: str = "") -> Difference:
    """By how much `other` is better than `one`, in the mean over the folds; by unit.

    `metric` is the task's main one where none is named.
    """
    return mean_difference([_gain_on(task, one, other, rows, metric) for rows in folds_of(one)])


def _gain_on(task: Task, one: Trial, other: Trial, rows: np.ndarray, metric: str) -> Difference:
    said = [answers_of(task, trial.predicted[rows]) for trial in (one, other)]
    unit = None if one.unit is None else one.unit[rows]
    return paired_gain(task, one.truth[rows], *said, unit=unit, metric=metric or None)


def folds_of(trial: Trial) -> list[np.ndarray]:
    """The places of each fold's rows in a trial's answers."""
    if trial.fold is None:
        return [np.arange(len(trial.truth))]
    return [np.flatnonzero(trial.fold == number) for number in np.unique(trial.fold)]


def each_fold_and_the_others(trial: Trial) -> list[tuple[np.ndarray, np.ndarray]]:
    """The places of each fold's rows, and those of all other rows; of one fold, its two halves."""
    folds = folds_of(trial)
    if len(folds) == 1:
        folds = np.array_split(folds[0], 2)
    every = np.arange(len(trial.truth))
    return [(rows, np.setdiff1d(every, rows)) for rows in folds]


def changed(trial: Trial, predicted: np.ndarray) -> Trial:
    """The trial with other predictions for the same rows."""
    return replace(trial, predicted=predicted)


def is_as_good(task: Task, one: Trial, best: Trial) -> bool:
    """Whether a trial may be as good as a better one: the gain is within its noise."""
    return one is best or gain_over(task, one, best).p_better >= SURE / 2


def describe_difference(lead: Difference) -> str:
    """A lead with its interval; three decimals, or three digits where the metric has a unit."""
    form = "{:+.3g}" if lead.metric.startswith("neg_") else "{:+.3f}"
    value, low, high = (form.format(end) for end in (lead.value, lead.low, lead.high))
    if not np.isfinite(lead.low):
        return f"{value.lstrip('+')} (too few units to tell)"
    return f"{value.lstrip('+')} ({low} to {high})"


def mean_if_chosen_elsewhere(trials: list[Trial]) -> float:
    """The mean score on each fold of the trial that is best on all other folds.

    The best of many trials has the highest score partly by luck, so its mean over the folds that
    chose it is too good. Here no fold has a say in the choice that it judges. NaN with one fold.
    """
    every = on_all_rows(trials)
    count = max(len(trial.scores) for trial in every)
    scores = np.array([trial.scores for trial in every if len(trial.scores) == count])
    if count < 2:
        return float("nan")
    chosen = [np.delete(scores, k, axis=1).mean(axis=1).argmax() for k in range(count)]
    return float(np.mean([scores[best, k] for k, best in enumerate(chosen)]))
