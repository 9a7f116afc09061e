"""Calibrated ensemble."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import FixedThresholdClassifier

from ..learning.task_kind import Task
from ..models.calibrated_model import (
    Calibrated,
    apply_calibration,
    fit_calibration,
)
from ..models.model_ladder import (
    BASELINE,
    ENSEMBLE,
    ensemble_of,
    on_one_thread,
)
from .fold_trials import Fold, Trial, best_of, make_trial, on_all_rows

MIN_F1_GAIN = 0.01  # macro F1 that weights of classes must win before they decide
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def try_ensemble(task: Task, trials: list[Trial], folds: list[Fold]) -> list[Trial]:
    """The mean of the best models of two or three families, if it is better by more than the noise.

    The noise is the standard error of the gain over the folds. An empty list when it does not.
    """
    best = best_of(trials)
    families = {}
    for trial in sorted(on_all_rows(trials), key=lambda trial: -trial.mean):
        if trial.family != BASELINE:
            families.setdefault(trial.family, trial)
    members, found = list(families.values()), []
    for count in range(2, len(members) + 1):
        some = members[:count]
        model = ensemble_of(task, {trial.family: trial.model for trial in some})
        said = np.mean([trial.said for trial in some], axis=0)
        cuts = np.cumsum([len(fold.y_valid) for fold in folds])[:-1]
        seconds = sum(trial.seconds for trial in some)
        names = {"members": " + ".join(trial.family for trial in some)}
        found.append(make_trial(task, ENSEMBLE, model, folds, np.split(said, cuts), names, seconds))
    return [
        trial
        for trial in found
        if trial is best_of([best, *found]) and _is_clearly_better(trial, best)
    ]


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
    slope, shifts = fit_calibration(trial.said, truth)
    said = apply_calibration(trial.said, slope, shifts)
    model = Calibrated(trial.model, slope, shifts, _weights(task, truth, said))
    return replace(trial, model=model, said=said)


def _weights(task: Task, truth: np.ndarray, predicted: np.ndarray) -> tuple[float, ...]:
    """Weights that turn the choice between several classes to rare ones; empty where nothing does.

    The counterpart of the threshold between two: a power of how rare a class is, the one with the
    best macro F1 on the validation rows, where it wins at least 0.01 and F1 is what counts.
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
    """The winner, unfitted, one thread; with its threshold where that is not 0.5."""
    model = on_one_thread(trial.model)
    if task.kind != "binary" or threshold == 0.5:
        return model
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=task.positive, response_method="predict_proba"
    )
