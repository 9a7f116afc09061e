"""The calibration curve: observed against predicted probabilities on held-out rows, and its error.

`draw_calibration_curve` draws it; the points come from `helpers.models.calibrated_model`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.special import softmax

from ..learning.task_kind import Task
from ..models.calibrated_model import calibration_error, is_moved, judged_probability, reliability
from ..pages.figure_style import BLUE, GREY, picture, titled

LOOKS = {
    "before": {"color": GREY, "marker": "s", "ls": "-"},
    "after": {"color": BLUE, "marker": "o", "ls": "-"},
}


def before_calibration(probability: np.ndarray, training: dict) -> np.ndarray:
    """The probabilities as they were before calibration (see `helpers.models.calibrated_model`).

    `probability` is n × classes, `training` the content of `training.json`.
    """
    how = training.get("calibration") or {}
    if not how or len(how["shifts"]) != probability.shape[1]:
        return probability
    logs = np.log(np.clip(probability, 1e-12, 1))
    return softmax((logs - np.asarray(how["shifts"])) / how["slope"], axis=1)


def calibration(task: Task, truth, probability, training: dict) -> dict[str, pd.DataFrame]:
    """Predicted and observed shares, before and after calibration (see `_before_and_after`).

    A frame each, with `predicted`, `observed`, `rows`; empty for numbers.
    """
    if task.is_regression:
        return {}
    return {
        name: reliability(*judged_probability(task, truth, given))
        for name, given in _before_and_after(probability, training).items()
    }


def _before_and_after(probability: np.ndarray, training: dict) -> dict[str, np.ndarray]:
    """The probabilities before and after calibration; only `after` where stage 5 kept them."""
    how = training.get("calibration") or {}
    if not how or not is_moved(how["slope"], how["shifts"]):
        return {"after": probability}
    return {"before": before_calibration(probability, training), "after": probability}


def calibration_errors(task: Task, truth, probability, training: dict) -> dict[str, float]:
    """The expected calibration error on held-out rows, as `calibration`; empty for numbers."""
    if task.is_regression:
        return {}
    return {
        name: calibration_error(*judged_probability(task, truth, given))
        for name, given in _before_and_after(probability, training).items()
    }


def calibration_picture(task: Task, truth, probability, training: dict):
    """The calibration curve, and the one before stage 5's calibration; None for numbers."""
    if task.is_regression:
        return None
    errors = calibration_errors(task, truth, probability, training)
    return draw_calibration_curve(
        calibration(task, truth, probability, training), errors, height=3.0
    )


def describe_calibration(errors: dict[str, float]) -> str:
    """Whether the probabilities are well calibrated, in a sentence."""
    if not errors:
        return "A predicted number has no probability; its errors are drawn below."
    off = f"**{100 * errors['after']:.1f} percentage points** off on average"
    text = f"The probabilities are {off} (expected calibration error)"
    if "before" not in errors:
        return f"{text}. Stage 5 left them as the model gave them."
    text = f"{text}; before the calibration in stage 5, it was {100 * errors['before']:.1f}."
    if errors["after"] <= errors["before"]:
        return text
    return f"{text} The calibration fitted on the validation rows does not help on these rows."


@picture
def draw_calibration_curve(
    figure: Figure, tables: dict[str, pd.DataFrame], errors: dict[str, float]
) -> str:
    """Observed against predicted shares, each table with its error; `before` may be missing."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#555", ls="--", lw=1, label="perfect calibration")
    both = len(tables) > 1
    for name, table in tables.items():
        which = f"{name} calibration" if both else "the model"
        label = f"{which}: {100 * errors[name]:.1f} percentage points off"
        axes.plot(table["predicted"], table["observed"], **LOOKS.get(name, {}), label=label)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="upper left")
    title = f"Predicted and observed probabilities{', before and after calibration' * both}"
    return titled(axes, title, xlabel="predicted probability", ylabel="observed share")
