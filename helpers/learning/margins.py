"""Margins: by how much one score is better than another, on a scale without units.

An error in dollars is a thousand times as large in tenths of a cent. So a difference of errors is
divided by the error of the baseline, which ignores every column: 0.05 is then a twentieth of the
error that there is to remove (a *skill score*; Murphy 1988, Monthly Weather Review 116, 2417–2424).
Shares and areas (accuracy, ROC AUC, F1) lie between 0 and 1 and are compared as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

# How the error is read off each metric that has no upper end; R² is 1 minus a squared error.
ERRORS = {
    "neg_mean_absolute_error": lambda score: -score,
    "neg_root_mean_squared_error": lambda score: -score,
    "r2": lambda score: 1 - score,
    "log_loss": lambda score: score,
}


def margin(metric: str, score, than, baseline: float):
    """By how much `score` is better than another (`than`): positive is better, for any metric.

    `baseline` is the baseline's score on the same rows; metrics between 0 and 1 do not use it.
    `score` and `than` may be numbers, arrays or Series. NaN where the baseline has no error.

    >>> round(margin("neg_mean_absolute_error", -80.0, -100.0, baseline=-200.0), 3)
    0.1
    >>> round(margin("roc_auc", 0.75, 0.7, baseline=0.5), 3)
    0.05
    """
    if metric not in ERRORS:
        return score - than
    error = ERRORS[metric]
    return (error(than) - error(score)) * _per_baseline_error(metric, baseline)


def relative_difference(difference, metric: str, baseline: float):
    """A `Difference` of two scores (see `score_intervals`), on the scale of `margin`.

    Its value, interval and standard error are divided by the baseline's error; tests and degrees
    of freedom stay as they are.
    """
    if metric not in ERRORS:
        return difference
    names = ("value", "low", "high", "standard_error")
    scale = _per_baseline_error(metric, baseline)
    return replace(difference, **{name: getattr(difference, name) * scale for name in names})


def describe_margin(metric: str, size: float) -> str:
    """The size of a margin in words.

    >>> describe_margin("r2", 0.05), describe_margin("roc_auc", 0.05)
    ("5 % of the baseline's error", '0.05')
    """
    return f"{100 * size:g} % of the baseline's error" if metric in ERRORS else f"{size:g}"


def _per_baseline_error(metric: str, baseline: float) -> float:
    """One over the baseline's error; NaN where that is 0 or not known."""
    error = float(ERRORS[metric](baseline))
    return 1 / error if np.isfinite(error) and error > 0 else np.nan
