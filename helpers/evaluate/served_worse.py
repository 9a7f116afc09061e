"""Groups that the model serves worse than it could: systematic errors, not noisier outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.task_kind import Task
from .avoidable_errors import errors_of, evidence
from .groups_of_rows import groups_of

SURE = 0.01  # significance level for the whole table of groups
SMALLEST_EXCESS = 0.01  # of a group's loss; less is of no account, however sure
EXCESS, PREDICTED, OBSERVED = "excess loss", "predicted", "observed"


def served_worse(
    task: Task, X: pd.DataFrame, truth, prediction, probability, columns, unit=None, most: int = 6
) -> pd.DataFrame:
    """The groups of rows that are significantly worse served than they could be, the worst first.

    Rows are grouped by the levels of each column, by quarters of its numbers, and by whether it is
    empty. A group is listed when its errors are systematic (see `avoidable_errors`) and more so
    than those of all other rows; significance is by unit, corrected for all groups (Bonferroni).
    A model that knows the truth has no such group, however noisy some outcomes are.

    Columns: `rows`; the task's main metric within the group and over all rows; the mean `predicted`
    and `observed` (of the positive class, of the class that is farthest off, or of the number); and
    `excess loss`, the share of the group's loss that a correction for it alone would remove.
    """
    used = X[[c for c in columns if c in X]]
    errors = errors_of(task, used, truth, prediction, probability, unit)
    groups = groups_of(X, columns)
    judged = [(name, mask, evidence(errors, mask, SURE)) for name, mask in groups]
    sure = [one for one in judged if one[2].p_value * len(groups) < SURE]
    found = [one for one in sure if one[2].share >= SMALLEST_EXCESS]
    found.sort(key=lambda one: -one[2].share)
    answers = task, truth, prediction, probability
    rows = {name: _row(mask, one.share, *answers) for name, mask, one in found[:most]}
    return pd.DataFrame(rows, index=_columns(task)).T.rename_axis("group")


def _columns(task: Task) -> list[str]:
    name = PLAIN_NAMES[task.main_metric]
    return ["rows", name, f"{name}, all rows", PREDICTED, OBSERVED, EXCESS]


def _row(mask: np.ndarray, share: float, task: Task, truth, prediction, probability) -> dict:
    """What the table says of a group."""
    answers = task, np.asarray(truth), np.asarray(prediction), probability
    inside, every = _metric(*answers, mask), _metric(*answers, np.ones(len(mask), dtype=bool))
    predicted, observed = _calibration(*answers, mask)
    return dict(
        zip(
            _columns(task),
            [int(mask.sum()), inside, every, predicted, observed, share],
            strict=True,
        )
    )


def _metric(task: Task, truth, prediction, probability, mask: np.ndarray) -> float:
    """The main metric on some of the rows."""
    some = None if probability is None else np.asarray(probability)[mask]
    found = score(task, truth[mask], prediction[mask], some, [task.main_metric])
    return found.get(task.main_metric, np.nan)


def _calibration(task: Task, truth, prediction, probability, mask) -> tuple[float, float]:
    """The mean predicted and observed in a group: shares of a class, or numbers."""
    if task.is_regression:
        return float(prediction[mask].astype(float).mean()), float(truth[mask].astype(float).mean())
    predicted = np.asarray(probability)[mask].mean(axis=0)
    observed = np.array([(truth[mask].astype(str) == name).mean() for name in task.classes])
    if task.kind == "binary":
        place = task.classes.index(task.positive)
    else:
        place = int(np.abs(observed - predicted).argmax())
    return float(predicted[place]), float(observed[place])


def shown_groups(table: pd.DataFrame) -> pd.DataFrame:
    """The groups as they are shown: two decimals, rows as whole numbers, the excess in per cent."""
    shown = table.map("{:.2f}".format)
    for name in (PREDICTED, OBSERVED):
        shown[name] = table[name].map("{:.3g}".format)
    shown["rows"] = table["rows"].map("{:,.0f}".format)
    shown[EXCESS] = table[EXCESS].map("{:.0%}".format)
    return shown


NONE_SERVED_WORSE = (
    "**No group is shown to be served worse** than it could be: in none are the errors more "
    "systematic than chance explains."
)


def describe_groups(table: pd.DataFrame) -> str:
    """A sentence that names the group that is served worst."""
    if table.empty:
        return NONE_SERVED_WORSE
    worst = table.iloc[0]
    return (
        f"**It serves some groups worse than it could**: where {table.index[0]} "
        f"({worst['rows']:,.0f} rows) it predicts {worst[PREDICTED]:.3g} on average, and "
        f"{worst[OBSERVED]:.3g} came; a correction for these rows alone would remove "
        f"{worst[EXCESS]:.0%} of their loss."
    )
