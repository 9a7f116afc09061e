"""How well one column alone predicts the target, and whether it follows the target in time."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ..base.bins import equal_groups
from ..base.ranks import roc_auc
from ..cells.kinds import is_counted, is_date
from ..learning.task_kind import Task

GROUPS = 50  # into which a column is cut to see how well it predicts the target

# Words in the names of columns that are recorded after the event
AFTERWARDS = {
    "after", "afterwards", "outcome", "result", "results", "resolution", "resolved", "closed",
    "closing", "cancel", "cancelled", "canceled", "cancellation", "refund", "refunded",
    "reason", "churned", "exit", "ended", "left", "death", "died", "discharge", "discharged",
    "settled", "settlement", "final", "actual", "delivered", "returned", "chargeback",
    "recovered", "recovery", "collected", "repaid", "boat", "body", "verdict",
}  # fmt: skip


def predictive_power(task: Task, column: pd.Series, y: np.ndarray, seed: int = 42) -> float:
    """How well a column alone predicts the target of other rows: ROC AUC, or R².

    The column is cut into up to 50 groups; each group predicts its mean target on the other half of
    the rows. For several classes it is the mean ROC AUC of each class against the rest. 0.5 (R²: 0)
    is that of a random guess.

    >>> yes = np.array(["no", "yes"] * 50, dtype=object)
    >>> predictive_power(Task("y", "binary", ("no", "yes"), "yes"), pd.Series([0, 1] * 50), yes)
    1.0
    """
    targets = _targets(task, y)
    predicted = _means_of_groups(_groups_of(column), targets, seed)
    if task.is_regression:
        variance = targets.var()
        in_groups = 1 - ((targets - predicted) ** 2).mean() / variance if variance > 0 else 0.0
        return max(float(in_groups), _along(column, targets[:, 0]))
    found = [roc_auc(truth > 0, said) for truth, said in zip(targets.T, predicted.T, strict=True)]
    return float(np.nanmean(found)) if np.isfinite(found).any() else 0.5


def _means_of_groups(groups: np.ndarray, targets: np.ndarray, seed: int) -> np.ndarray:
    """For each row its group's mean target in the other half; that of all for an unseen group."""
    means, size = np.empty_like(targets), groups.max() + 1
    half = np.random.default_rng(seed).permutation(len(targets)) % 2
    for side in (0, 1):
        learn, ask = half != side, half == side
        count = np.bincount(groups[learn], minlength=size)
        for i, target in enumerate(targets.T):
            total = np.bincount(groups[learn], target[learn], minlength=size)
            means[ask, i] = ((total + target[learn].mean()) / (count + 1))[groups[ask]]
    return means


def _along(column: pd.Series, target: np.ndarray) -> float:
    """R² of a straight line, or of the ranks; groups are too coarse to see a copy of a number."""
    if not is_counted(column) or column.nunique() < 3:
        return 0.0
    numbers = column.astype("float64")
    known = np.isfinite(numbers.to_numpy())
    if known.mean() < 0.5:
        return 0.0
    pair = pd.DataFrame({"x": numbers[known].to_numpy(), "y": target[known]})
    found = [pair["x"].corr(pair["y"]), pair["x"].rank().corr(pair["y"].rank())]
    return float(np.nanmax(np.square(found))) * known.mean() if np.isfinite(found).any() else 0.0


def _targets(task: Task, y: np.ndarray) -> np.ndarray:
    """The target as columns of numbers: itself, or one a class (one is enough for two classes)."""
    if task.is_regression:
        return np.asarray(y, dtype=float)[:, None]
    classes = [task.positive] if task.kind == "binary" else task.classes
    return np.column_stack([(y.astype(str) == name).astype(float) for name in classes])


def _groups_of(column: pd.Series) -> np.ndarray:
    """The group of each cell: 50 equal ones of numbers and dates, levels of words; 0: missing."""
    if is_date(column):
        column = column.astype("int64").where(column.notna())
    if is_counted(column):
        numbers = column.astype("float64").to_numpy()
        return equal_groups(numbers, GROUPS)[0] + 1
    return pd.factorize(column.astype("str"))[0] + 1


def sounds_late(name: str) -> bool:
    """Whether a column's name is that of something recorded after the event.

    >>> sounds_late("cancellation_reason"), sounds_late("age")
    (True, False)
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", str(name)).casefold()
    return bool(set(re.split(r"[^a-z]+", words)) & AFTERWARDS)


def follows_target(task: Task, column: pd.Series, y: np.ndarray) -> float:
    """How much it depends on the target whether a cell is filled in: 0 not at all, 1 entirely.

    For classes the largest difference between a class and the others in the share of filled cells;
    for numbers the share of the target's variance that filled against empty explains.

    >>> left = pd.Series(["2020-01-01", None] * 5)
    >>> follows_target(Task("y", "binary", ("no", "yes"), "yes"), left, np.array(["yes", "no"] * 5))
    1.0
    """
    filled = column.notna().to_numpy()
    if filled.all() or not filled.any():
        return 0.0
    targets = _targets(task, y)
    if task.is_regression:
        return _variance_explained(filled, targets)
    classes = (yes > 0 for yes in targets.T if 0 < yes.sum() < len(yes))
    gaps = [abs(filled[yes].mean() - filled[~yes].mean()) for yes in classes]
    return float(max(gaps, default=0.0))


def _variance_explained(filled: np.ndarray, targets: np.ndarray) -> float:
    variance = targets.var()
    means = np.where(filled, targets[filled, 0].mean(), targets[~filled, 0].mean())
    return float(means.var() / variance) if variance > 0 else 0.0
