"""The words and tables of stage 5: the trials, the search, the ensemble, the threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.metric_names import PLAIN_NAMES
from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated, calibration_error, judged_probability
from ..models.model_ladder import BASELINE
from .fold_trials import Fold, Trial, best_of, on_all_rows
from .hyperparameter_search import Budget


def trials_table(trials: list[Trial], task: Task) -> pd.DataFrame:
    """A row per trial, best first: the mean score over the folds and its standard deviation.

    Also the rows, the seconds and the parameters. Trials on fewer rows than others come last.
    """
    metric = PLAIN_NAMES[task.main_metric]
    table = pd.DataFrame(
        {
            "model": trial.family,
            metric: trial.mean,
            "standard deviation": trial.std,
            "rows": trial.rows,
            "seconds": round(trial.seconds, 2),
            "parameters": _parameters(trial),
        }
        for trial in trials
    )
    return table.sort_values(["rows", metric], ascending=False, kind="stable", ignore_index=True)


def _parameters(trial: Trial) -> str:
    """The parameters of a trial in a line; "default" where none were set."""
    return ", ".join(f"{k}={_short(v)}" for k, v in trial.parameters.items()) or "default"


def _short(value) -> str:
    """A value with three digits where it is a number with decimals."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def headline(task: Task, best: Trial, baseline: Trial, count: int, budget=None) -> str:
    """The stage's result in a sentence; says so when the time ran out."""
    metric = PLAIN_NAMES[task.main_metric]
    cut = f" {describe_budget(budget)}" if budget and budget.cut else ""
    return (
        f"The best of {count} trials is {best.family}: {metric} {best.mean:.2f} in "
        f"cross-validation, against {baseline.mean:.2f} for the baseline.{cut}"
    )


def describe_ladder(trials: list[Trial], task: Task) -> str:
    """A sentence that says which model leads, and which are within the noise."""
    best, baseline = best_of(trials), trials[0]
    others = [t for t in trials if t.family not in (best.family, BASELINE)]
    text = f"**{best.family}** leads with {best.mean:.2f} ({PLAIN_NAMES[task.main_metric]}); "
    text += f"the baseline, which ignores every column, has {baseline.mean:.2f}."
    close = [t.family for t in others if best.mean - t.mean < best.std]
    if close:
        text += f" Within one standard deviation: {' and '.join(close)}."
    return text


def describe_search(first_trials: list[Trial], found: list[Trial], task: Task) -> str:
    """A sentence that says by how much the search improved the score."""
    if not found:
        return "No search was asked for: the default parameters stay."
    before, after = best_of(first_trials).mean, best_of(found).mean
    rounds = _describe_rounds(found)
    if after <= before:
        text = f"**The search found nothing better** than the defaults ({before:.3f}); they stay."
        return f"{text}{rounds}"
    return (
        f"{len(found)} trials improved {PLAIN_NAMES[task.main_metric]} from {before:.3f} to "
        f"**{after:.3f}**, a gain of {after - before:.3f}; the standard "
        f"deviation over the folds is {best_of(found).std:.3f}.{rounds}"
    )


def _describe_rounds(found: list[Trial]) -> str:
    """On how many rows the search's rounds worked, as a sentence; empty where it had one."""
    finalists = len(on_all_rows(found))
    if finalists == len(found):
        return ""
    few, all_rows = min(t.rows for t in found), max(t.rows for t in found)
    return (
        f" All {len(found)} candidates were fitted on up to {few:,} rows a fold, the best "
        f"{finalists} of them again on all {all_rows:,}."
    )


def describe_folds(folds: list[Fold]) -> str:
    """What the folds hold, in a sentence."""
    return (
        f"**{len(folds)} folds**, the last with {len(folds[-1].y):,} training rows and "
        f"{len(folds[-1].y_valid):,} validation rows; each row is {folds[-1].X.shape[1]} numbers."
    )


def describe_threshold(
    task: Task, threshold: float, cost_false_positive=0.0, cost_false_negative=0.0
) -> str:
    """From which probability on the positive class is predicted, and why, in a sentence."""
    if task.kind == "multiclass":
        return (
            "There is no threshold between several classes; where weights for rare ones improve "
            "macro F1 on the validation rows, the decision does."
        )
    if task.kind != "binary":
        return "There is no threshold to choose: it applies to two classes only."
    text = f"The model predicts {task.target} = {task.positive} from a probability of "
    if cost_false_positive or cost_false_negative:
        return (
            f"{text}**{threshold:.2g}** on, where errors cost least on the validation rows: "
            f"{cost_false_positive:g} for a false positive, {cost_false_negative:g} for a false "
            f"negative."
        )
    if threshold == 0.5:
        return f"{text}0.50 on."
    return f"{text}**{threshold:.2g}** on, where F1 is best on the validation rows."


def describe_ensemble(task: Task, trials: list[Trial], ensemble: list[Trial]) -> str:
    """Whether an ensemble was taken, and why, in a sentence."""
    best = best_of(trials)
    if not ensemble:
        return (
            f"**No ensemble**: the mean of several models does not beat {best.family} alone by "
            f"more than the noise between folds, and would be slower."
        )
    gain = ensemble[0].mean - best.mean
    return (
        f"**An ensemble wins**: the mean of {ensemble[0].parameters['members']} scores "
        f"{ensemble[0].mean:.3f} ({PLAIN_NAMES[task.main_metric]}), {gain:.3f} more than "
        f"{best.family} alone, more than the noise between folds."
    )


def describe_calibration(task: Task, before: Trial, after: Trial) -> str:
    """The calibration error before and after calibration."""
    if task.is_regression or before is after:
        return "There are no probabilities to calibrate here."
    errors = [calibration_error(*winner_probabilities(task, trial)) for trial in (before, after)]
    return (
        f"On validation rows the probabilities were {errors[0]:.1%} off on average (expected "
        f"calibration error); after calibration with a slope of {after.model.slope:.2f}, "
        f"**{errors[1]:.1%}**."
    )


def winner_probabilities(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """The probability that calibration uses in each row, and whether it was right."""
    return judged_probability(task, trial.truth, trial.predicted)


def describe_budget(budget: Budget) -> str:
    """Whether the time ran out, as a sentence; empty where it did not."""
    if not budget.cut:
        return ""
    return f"The search was cut after {budget.minutes:g} minutes, before all trials were made."


def summary(
    task: Task,
    best: Trial,
    threshold: float,
    headline: str,
    budget: Budget,
    calibration: Trial,
    costs: tuple = (0.0, 0.0),
) -> dict:
    """The content of `training.json`: the winner and how it was found."""
    how = {}
    if isinstance(calibration.model, Calibrated):
        how = {"slope": calibration.model.slope, "shifts": list(calibration.model.shifts)}
    return {
        "model": best.family,
        "parameters": best.parameters,
        "metric": task.main_metric,
        "cross_validated": best.mean,
        "calibration": how,
        "threshold": threshold,
        "costs": list(costs),
        "minutes": budget.minutes,
        "cut": budget.cut,
        "headline": headline,
    }
