"""What is made of the best trials: an ensemble where it is better, and calibrated probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import FixedThresholdClassifier

from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated, apply_calibration, fit_calibration
from ..models.model_ladder import BASELINE, ENSEMBLE, ensemble_of, on_one_thread
from .fold_trials import Candidate, Fold, Trial, best_of, make_trial, on_all_rows

MIN_F1_GAIN = 0.01  # of macro F1: less, and class weights are not used
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def try_ensemble(task: Task, trials: list[Trial], folds: list[Fold]) -> list[Trial]:
    """The mean of the best models of two or more families, if it is better by more than the noise.

    The noise is the standard error of the gain over the folds. An empty list when it is not better.
    """
    members = _best_by_family(trials)
    found = [_mean_of(task, members[:count], folds) for count in range(2, len(members) + 1)]
    best = best_of(trials)
    winner = best_of([best, *found])
    return [trial for trial in found if trial is winner and _is_clearly_better(trial, best)]


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


def _is_clearly_better(trial: Trial, other: Trial) -> bool:
    """Whether a trial beats another on the same folds by more than the noise of the gain."""
    if len(trial.scores) != len(other.scores) or len(trial.scores) < 2:
        return False
    gains = np.subtract(trial.scores, other.scores)
    return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))


def calibrated(task: Task, trial: Trial) -> Trial:
    """The trial with its probabilities calibrated on out-of-fold predictions."""
    if task.is_regression or trial.family == BASELINE:
        return trial
    truth = pd.Index(task.classes).get_indexer(trial.truth.astype(str))
    slope, shifts = fit_calibration(trial.predicted, truth)
    predicted = apply_calibration(trial.predicted, slope, shifts)
    model = Calibrated(trial.model, slope, shifts, _weights(task, truth, predicted))
    return replace(trial, model=model, predicted=predicted)


def _weights(task: Task, truth: np.ndarray, predicted: np.ndarray) -> tuple[float, ...]:
    """Class weights that favour rare classes; empty where none improve the decision.

    The counterpart of the threshold between two classes: a power of how rare a class is, the one
    with the best macro F1 on the validation rows. Used where macro F1 is the main metric and gains
    at least 0.01.
    """
    if task.kind != "multiclass" or task.main_metric != "f1_macro":
        return ()
    counts = np.bincount(truth, minlength=len(task.classes))
    rarity = counts.max() / np.maximum(counts, 1)

    def f1(power: float) -> float:
        decided = (predicted * rarity**power).argmax(axis=1)
        return f1_score(truth, decided, average="macro", zero_division=0)

    best = max(POWERS, key=f1)
    if f1(best) < f1(0.0) + MIN_F1_GAIN:
        return ()
    return tuple(float(weight) for weight in rarity**best)


def final_model(task: Task, trial: Trial, threshold: float = 0.5):
    """The winner, unfitted, on one thread; with its threshold where that is not 0.5."""
    model = on_one_thread(trial.model)
    if task.kind != "binary" or threshold == 0.5:
        return model
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=task.positive, response_method="predict_proba"
    )
