"""Calibrated probabilities: how large their error is, and how they are corrected.

Out-of-fold predictions of a model are compared with the outcomes; two or three
numbers then stretch and shift all later answers. The order of the rows stays as it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone

from ..learning.decision_rule import DecisionRule, decision_rule
from ..learning.task_kind import Task

FEWEST_ROWS = 200  # on fewer, the calibration itself is a guess
BINS = 10
# A forest says 0 where no tree saw a case: never surer than one in ten thousand.
MIN_PROBABILITY = 1e-4


class Calibrated(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier whose probabilities are stretched by `slope` and shifted by `shifts`.

    softmax(slope × log p + shifts), a shift a class. With two classes this is Platt's (1999)
    logistic calibration, with more the temperature and bias scaling of Guo et al. (2017).
    scikit-learn's CalibratedClassifierCV would fit the model once more for each fold; here the
    answers on validation rows, which the trials have made, are used again.

    With several classes `weights` lean the decision towards rare ones: the answer is the class with
    the largest weight × probability. The probabilities stay as they are.
    """

    def __init__(self, estimator, slope: float = 1.0, shifts=(), weights=()):
        self.estimator = estimator
        self.slope = slope
        self.shifts = shifts
        self.weights = weights

    def fit(self, X, y) -> Calibrated:
        """Fit the classifier inside; slope and shifts stay as they were given."""
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X) -> np.ndarray:
        """The calibrated probabilities, n × classes."""
        found = self.estimator_.predict_proba(X)
        if len(self.shifts) != found.shape[1]:  # refitted on rows that lack a class
            return found
        return apply_calibration(found, self.slope, self.shifts)

    def predict(self, X) -> np.ndarray:
        """The class that is decided on for each row."""
        return self.classes_[decision_rule(self).positions(self.predict_proba(X))]


@decision_rule.register
def _(model: Calibrated) -> DecisionRule:
    return DecisionRule(weights=tuple(model.weights))


def is_moved(slope: float, shifts) -> bool:
    """Whether a calibration changes probabilities: where it would not help, slope 1 and shifts 0.

    >>> is_moved(1.0, (0.0, 0.0)), is_moved(1.0, (0.0, 0.2))
    (False, True)
    """
    return slope != 1 or any(shifts)


def apply_calibration(probability: np.ndarray, slope: float, shifts) -> np.ndarray:
    """Probabilities (n × classes), stretched and shifted; rows add up to 1.

    >>> apply_calibration(np.array([[0.2, 0.8]]), 1.0, (0.0, 0.0)).round(3).tolist()
    [[0.2, 0.8]]
    """
    return softmax(slope * _logs(probability) + np.asarray(shifts), axis=1)


def _logs(probability: np.ndarray) -> np.ndarray:
    return np.log(np.clip(probability, MIN_PROBABILITY, 1))


def fit_calibration(probability: np.ndarray, truth: np.ndarray) -> tuple[float, tuple]:
    """The slope and the shifts with the least log loss on rows not learnt from.

    `probability` is n × classes, `truth` holds the positions of the true classes. Too few rows
    change nothing: slope 1, no shifts.
    """
    count = probability.shape[1]
    if len(truth) < FEWEST_ROWS:
        return 1.0, (0.0,) * count
    logs, rows = _logs(probability), np.arange(len(truth))

    def loss(numbers: np.ndarray) -> float:
        shifts = np.append(0.0, numbers[1:])
        given = log_softmax(numbers[0] * logs + shifts, axis=1)[rows, truth]
        # A weak pull towards no change, worth a few rows, holds shifts of unseen classes.
        pull = ((numbers[0] - 1) ** 2 + (shifts**2).sum()) / len(truth)
        return -given.mean() + pull

    found = minimize(loss, np.append(1.0, np.zeros(count - 1)), method="L-BFGS-B").x
    slope = max(float(found[0]), 0.05)  # never turns the order round
    return slope, tuple(float(shift) for shift in np.append(0.0, found[1:]))


def judged_probability(task: Task, truth: np.ndarray, probability: np.ndarray):
    """The probability to judge in each row, and whether it was right: of yes or of the likeliest.

    `truth` holds n labels, `probability` n × classes.
    """
    if task.kind == "binary":
        return probability[:, task.classes.index(task.positive)], truth == task.positive
    likeliest = probability.argmax(axis=1)
    said = np.asarray(task.classes, dtype=object)[likeliest]
    return probability.max(axis=1), said == truth


def calibration_error(probability: np.ndarray, outcome: np.ndarray, bins: int = BINS) -> float:
    """The expected calibration error: the mean distance of predicted and observed shares.

    Rows in equally wide groups by `chance`; the distance of their means, weighted by their size
    (Naeini et al. 2015). With several classes, `chance` is that of the class that was predicted.

    >>> round(calibration_error(np.array([0.25, 0.25, 0.75, 0.75]), np.array([0, 1, 1, 1])), 2)
    0.25
    """
    groups = reliability(probability, outcome, bins)
    gaps = (groups["predicted"] - groups["observed"]).abs()
    return float((gaps * groups["rows"]).sum() / max(groups["rows"].sum(), 1))


def reliability(probability: np.ndarray, outcome: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """A row per group of equally wide probabilities: rows, mean predicted, share observed."""
    group = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    table = pd.DataFrame({"group": group, "predicted": probability, "observed": outcome})
    found = table.astype(float).groupby("group").mean()
    return found.assign(rows=table["group"].value_counts())
