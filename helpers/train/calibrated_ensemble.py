"""What is made of the best trials: an ensemble where it is better, and calibrated probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import FixedThresholdClassifier

from ..learning.score_intervals import Difference, paired_gain
from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated, apply_calibration, fit_calibration
from ..models.model_ladder import BASELINE, ENSEMBLE, ensemble_of, on_one_thread
from .fold_trials import Candidate, Fold, Trial, answers_of, best_of, make_trial, on_all_rows
from .paired_trials import SURE, changed, each_fold_and_the_others, gain_over

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def try_ensemble(task: Task, trials: list[Trial], folds: list[Fold]) -> list[Trial]:
    """The mean of the best models of two or more families, if it is better by more than the noise.

    The gain over the best single trial is taken on the same rows (`paired_trials.gain_over`); its
    95 % interval is widened for the ensembles that are tried (Bonferroni). An empty list when none
    is better.
    """
    members, best = _best_by_family(trials), best_of(trials)
    found = [_mean_of(task, members[:count], folds) for count in range(2, len(members) + 1)]
    ahead = [trial for trial in found if trial.mean > best.mean]
    level = SURE / 2 / max(len(found), 1)
    sure = [trial for trial in ahead if gain_over(task, best, trial).p_better < level]
    return [best_of(sure)] if sure else []


def _best_by_family(trials: list[Trial]) -> list[Trial]:
    """The best trial of each family but the baseline, best first."""
    families: dict[str, Trial] = {}
    for trial in sorted(on_all_rows(trials), key=lambda trial: -trial.mean):
        if trial.family != BASELINE:
            families.setdefault(trial.family, trial)
    return list(families.values())


def _mean_of(task: Task, members: list[Trial], folds: list[Fold]) -> Trial:
    """The trial of an ensemble: the mean of its members' predictions on each fold."""
    model = ensemble_of(task, {trial.family: trial.model for trial in members})
    names = {"members": " + ".join(trial.family for trial in members)}
    predicted = np.mean([trial.predicted for trial in members], axis=0)
    cuts = np.cumsum([len(fold.y_valid) for fold in folds])[:-1]
    seconds = sum(trial.seconds for trial in members)
    candidate = Candidate(ENSEMBLE, model, names)
    return make_trial(task, candidate, folds, np.split(predicted, cuts), seconds)


def calibrated(task: Task, trial: Trial) -> Trial:
    """The trial with its probabilities calibrated on out-of-fold predictions, where that helps.

    It helps when it lowers the log loss on rows that did not choose it: each fold is calibrated by
    what the others show. Otherwise the slope is 1 and the shifts are 0. See `calibration_gain`.
    """
    if task.is_regression or trial.family == BASELINE:
        return trial
    truth = _positions(task, trial)
    slope, shifts = 1.0, (0.0,) * len(task.classes)
    if calibration_gain(task, trial).p_better < SURE:
        slope, shifts = fit_calibration(trial.predicted, truth)
    predicted = apply_calibration(trial.predicted, slope, shifts)
    weights = _weights(task, changed(trial, predicted))
    model = Calibrated(trial.model, slope, shifts, weights)
    return replace(trial, model=model, predicted=predicted)


def calibration_gain(task: Task, trial: Trial) -> Difference:
    """By how much calibration lowers the log loss on rows that did not choose it; by unit."""
    truth, predicted = _positions(task, trial), trial.predicted.copy()
    for rows, others in each_fold_and_the_others(trial):
        predicted[rows] = apply_calibration(
            trial.predicted[rows], *fit_calibration(trial.predicted[others], truth[others])
        )
    return gain_over(task, trial, changed(trial, predicted), "log_loss")


def _positions(task: Task, trial: Trial) -> np.ndarray:
    """The place of each row's true class among the classes of the task."""
    return pd.Index(task.classes).get_indexer(trial.truth.astype(str))


def _weights(task: Task, trial: Trial) -> tuple[float, ...]:
    """Class weights that favour rare classes; empty where none improve the decision.

    The counterpart of the threshold between two classes: a power of how rare a class is, the one
    with the best macro F1 on the validation rows. Used where macro F1 is the main metric, and where
    on each fold the power that the others choose improves it.
    """
    if task.kind != "multiclass" or task.main_metric != "f1_macro":
        return ()
    truth = _positions(task, trial)
    leaning = np.empty(len(truth), dtype=int)
    for rows, others in each_fold_and_the_others(trial):
        power = _best_power(truth[others], trial.predicted[others])
        leaning[rows] = (
            trial.predicted[rows] * _rarity(truth[others], len(task.classes)) ** power
        ).argmax(1)
    labels = np.asarray(task.classes, object)[leaning]
    as_it_is = answers_of(task, trial.predicted)
    gain = paired_gain(task, trial.truth, as_it_is, (labels, trial.predicted), unit=trial.unit)
    if not gain.value > 0:
        return ()
    best = _best_power(truth, trial.predicted)
    return (
        tuple(float(weight) for weight in _rarity(truth, len(task.classes)) ** best) if best else ()
    )


def _rarity(truth: np.ndarray, classes: int) -> np.ndarray:
    """How rare each class is: the rows of the commonest one for each of its own."""
    counts = np.bincount(truth, minlength=classes)
    return counts.max() / np.maximum(counts, 1)


def _best_power(truth: np.ndarray, predicted: np.ndarray) -> float:
    """The power of rarity with the best macro F1; 0 where none is better."""
    rarity = _rarity(truth, predicted.shape[1])

    def f1(power: float) -> float:
        decided = (predicted * rarity**power).argmax(axis=1)
        return f1_score(truth, decided, average="macro", zero_division=0)

    return max(POWERS, key=f1)


def final_model(task: Task, trial: Trial, threshold: float = 0.5):
    """The winner, unfitted, on one thread; with its threshold where that is not 0.5."""
    model = on_one_thread(trial.model)
    if task.kind != "binary" or threshold == 0.5:
        return model
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=task.positive, response_method="predict_proba"
    )
