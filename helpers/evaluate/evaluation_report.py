"""The words, tables and pictures of stage 6."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.verdicts import was_required
from ..learning.labelled_data import Labelled
from ..learning.later_scores import ends_in_words, rows_in_words
from ..learning.metric_names import PLAIN_NAMES, shown_score
from ..learning.task_kind import Task
from ..learning.units import describe_units
from .evaluate_model import f1_by_class


def scores_table(task: Task, test: dict, baseline: dict, train: dict, interval) -> pd.DataFrame:
    """A row per metric: test score, its 95 % interval, the baseline's and the training score.

    `warning` says where an interval can't be trusted.
    """
    return pd.DataFrame(
        {
            "test": pd.Series(test),
            "from": interval["low"],
            "to": interval["high"],
            "baseline": pd.Series(baseline),
            "train": pd.Series(train),
            "warning": interval["warning"],
        }
    ).reindex([m for m in task.metrics if m in test])


def describe_rows(test: Labelled) -> str:
    """How many held-out rows there are, and of how many units, in a sentence."""
    return f"Held out: {describe_units(test.unit, test.units, len(test.y))}."


def shown_scores(table: pd.DataFrame) -> pd.DataFrame:
    """The scores as they are shown: plain names, two or three digits; warnings where there are."""
    shown = table.drop(columns="warning").apply(
        lambda row: row.map(lambda value: shown_score(row.name, value)), axis=1
    )
    if table["warning"].fillna("").any():
        shown["warning"] = table["warning"]
    return shown.rename(index=PLAIN_NAMES).rename_axis("metric")


def headline(verdict: dict, task: Task, scores: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    metric, row = task.main_metric, scores.loc[task.main_metric]
    test, baseline = (shown_score(metric, row[name]) for name in ("test", "baseline"))
    unasked = "" if was_required(verdict["verdict"]) else " No requirement was set."
    return (
        f"The model is {verdict['verdict']}: {PLAIN_NAMES[metric]} {test} on held-out rows, "
        f"against {baseline} for the baseline.{unasked}{_later(verdict.get('promise'))}"
    )


def _later(promise: dict | None) -> str:
    """The score to expect on other rows, in short; empty where it is not told."""
    if not promise:
        return ""
    doubt = f"; but {promise['warning']}" if promise["warning"] else ""
    return f" Expect {ends_in_words(promise)} on {rows_in_words(promise)}{doubt}."


def confusion(task: Task, truth, prediction) -> pd.DataFrame:
    """Counts of rows by true class (down) and predicted class (across)."""
    table = pd.crosstab(pd.Series(truth, name="true"), pd.Series(prediction, name="predicted"))
    return table.reindex(index=task.classes, columns=task.classes, fill_value=0)


def by_risk(task: Task, truth, probability, bins: int = 10) -> pd.DataFrame:
    """Rows in ten equal groups by predicted probability: the predicted and the observed share.

    Returns a frame with `group` (1 is the least likely), `predicted` and `observed` (shares).
    """
    positive = probability[:, task.classes.index(task.positive)]
    yes = (np.asarray(truth) == task.positive).astype(float)
    order = np.argsort(positive, kind="stable")
    groups = np.empty(len(order), dtype=int)
    groups[order] = np.arange(len(order)) * bins // len(order) + 1
    table = pd.DataFrame({"group": groups, "predicted": positive, "observed": yes})
    return table.groupby("group", as_index=False).mean()


def describe_by_risk(task: Task, table: pd.DataFrame) -> str:
    """A sentence about the groups: observed shares at both ends, and the mean difference."""
    low, high = table["observed"].iloc[0], table["observed"].iloc[-1]
    error = (table["predicted"] - table["observed"]).abs().mean()
    return (
        f"Of the tenth of the rows with the lowest predicted probability, **{low:.0%}** are "
        f"{task.target} = {task.positive}; of the tenth with the highest, **{high:.0%}**. "
        f"Predicted and observed shares are {100 * error:.0f} percentage points "
        f"apart on average."
    )


def main_picture(task: Task, truth, prediction, probability):
    """The one picture that fits the task: risk groups, confusion, or predicted against true."""
    from ..pages import model_plots

    if task.kind == "binary":
        overall = float((np.asarray(truth) == task.positive).mean())
        return model_plots.risk_groups(by_risk(task, truth, probability), task, overall)
    if task.is_regression:
        return model_plots.residuals(np.asarray(truth), np.asarray(prediction), task.target)
    return model_plots.confusion(confusion(task, truth, prediction), height=_height(task))


def _height(task: Task) -> float:
    return min(8.0, 2.4 + 0.3 * len(task.classes))


def save_picture(work, task: Task, truth, prediction, probability) -> None:
    """Keep the main picture for the front page."""
    picture = main_picture(task, truth, prediction, probability)
    with work.writing("front.png") as draft:
        draft.write_bytes(picture.png)
    work.run.file("front.svg").unlink(missing_ok=True)
    if picture.svg:
        work.write_text("front.svg", picture.svg)


def describe_main_picture(task: Task, truth, prediction, probability) -> str:
    """The main picture in a sentence."""
    if task.kind == "binary":
        return describe_by_risk(task, by_risk(task, truth, probability))
    if task.is_regression:
        return _describe_sizes(np.asarray(prediction, float) - np.asarray(truth, float))
    return _describe_confusion(task, confusion(task, truth, prediction).to_numpy().copy())


def _describe_confusion(task: Task, counts: np.ndarray) -> str:
    right, rows = np.trace(counts), counts.sum()
    np.fill_diagonal(counts, 0)
    text = f"**{right:,} of {rows:,} rows** are on the diagonal, where the answer is right."
    if counts.sum():
        true, said = np.unravel_index(counts.argmax(), counts.shape)
        text += f" Most often, {task.classes[true]} is taken for {task.classes[said]}."
    return text


def _describe_sizes(error: np.ndarray) -> str:
    return (
        f"Half of the predictions are off by less than **{np.median(np.abs(error)):.3g}**, and "
        f"nine in ten by less than {np.quantile(np.abs(error), 0.9):.3g}; on average they lie "
        f"{abs(error.mean()):.2g} too {'high' if error.mean() > 0 else 'low'}."
    )


def confusion_shown(task: Task, truth, prediction) -> pd.DataFrame:
    """Counts of rows by true and predicted class; for numbers, the quantiles of the error."""
    if task.is_regression:
        error = pd.Series(np.asarray(prediction, float) - np.asarray(truth, float))
        levels = error.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        table = pd.DataFrame({"predicted − true": levels.map("{:.3g}".format)})
        table.index = pd.Index([f"{q:.0%}" for q in levels.index], name="quantile of the error")
        return table
    return confusion(task, truth, prediction)


def second_picture(task: Task, truth, prediction, probability, threshold: float = 0.5):
    """ROC and precision-recall curves; shares by class; or the errors along the true value.

    The decision `threshold` is marked on the curves.
    """
    from ..pages import model_plots

    if task.kind == "binary":
        positive = probability[:, task.classes.index(task.positive)]
        return model_plots.curves(np.asarray(truth) == task.positive, positive, threshold)
    if task.is_regression:
        return model_plots.errors_along(np.asarray(truth), np.asarray(prediction), task.target)
    by_class = f1_by_class(task, truth, prediction).sort_values(ascending=False)
    return model_plots.bars(by_class, "F1 class by class", "F1")
