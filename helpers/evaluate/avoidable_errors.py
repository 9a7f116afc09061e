"""Errors that could be avoided in a group of rows: systematic ones, as against noise.

A model that knows the truth errs more in some groups than in others, because their outcomes are
noisier. So the size of its errors shows nothing. What a sound model does not have is a *systematic*
error: its probabilities (or numbers) are right on average in every group, not too sure of
themselves, and their errors can't be predicted from the columns. Each of these is a sum over the
rows of a group whose mean is 0 under the truth, whatever the noise:

    bias      observed minus predicted share of each class; true minus predicted number
    excess    log loss minus the log loss that the probabilities themselves imply; for numbers, the
              error against the prediction: is it higher than it should be where it is high?
    pattern   the error against a guess of it from the columns, learnt on the group's other rows

(Hébert-Johnson et al. 2018, Multicalibration; Kim et al. 2019, Multiaccuracy.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..base.ranks import ranks
from ..cells.kinds import is_counted, is_date
from ..learning.mean_by_unit import mean_by_unit
from ..learning.task_kind import Task
from .error_terms import Terms

RIDGE = 10.0  # rows' worth of doubt in the guess of an error from the columns
MOST_LEVELS = 6  # of a category, that the guess of an error uses
SCALE_BINS = 10


@dataclass(frozen=True)
class Errors:
    """The errors of n answers: `error` is outcome minus prediction (n × classes, or n × 1).

    `chance` has the probabilities (n × classes); for numbers it is None, `error` is in units of its
    usual size at that prediction, and `level` is the rank of the prediction, from 0 to 1. `design`
    has the columns as numbers, `unit` the number of each row's unit.
    """

    error: np.ndarray
    chance: np.ndarray | None
    level: np.ndarray
    design: np.ndarray
    unit: np.ndarray

    @cached_property
    def biases(self) -> list[tuple[Terms, None]]:
        """Too many and too few of each class; numbers too high and too low."""
        count = self.error.shape[1]
        classes = [1] if count == 2 else range(count)  # of two classes one says it all
        ones = [np.zeros(self.error.shape) for _ in classes]
        for weight, k in zip(ones, classes, strict=True):
            weight[:, k] = 1
        return [(self.terms(sign * weight), None) for weight in ones for sign in (1, -1)]

    def terms(self, weight: np.ndarray) -> Terms:
        """The error of each row along a weight (n × classes, or n × 1), and its noise."""
        value = (self.error * weight).sum(axis=1)
        if self.chance is not None:
            centre = (self.chance * weight).sum(axis=1, keepdims=True)
            away = weight - centre
            moments = [(self.chance * away**k).sum(axis=1) for k in (2, 3)]
        else:
            moments = [(self.error**k).mean() * weight[:, 0] ** k for k in (2, 3)]
        return Terms.of_table(value, *moments, self.unit)


@dataclass(frozen=True)
class Evidence:
    """The strongest sign of systematic errors in a group: `p_value`, and the share of its loss."""

    p_value: float
    share: float


def errors_of(task: Task, X: pd.DataFrame, truth, prediction, probability, unit=None) -> Errors:
    """The errors of answers, as `evidence` takes them; `unit` has n labels (None: each row)."""
    unit = np.arange(len(X)) if unit is None else pd.factorize(np.asarray(unit))[0]
    if task.is_regression:
        said = np.asarray(prediction, float)
        error = np.asarray(truth, float) - said
        error = error / _usual_size(said, error)
        level = ranks(said) / len(said)
        return Errors(error[:, None], None, level, _design(X), unit)
    chance = np.clip(np.asarray(probability, float), 1e-6, 1)
    chance = chance / chance.sum(axis=1, keepdims=True)
    position = pd.Index(task.classes).get_indexer(np.asarray(truth).astype(str))
    error = -chance.copy()
    error[np.arange(len(position)), position] += 1
    return Errors(error, chance, chance.max(axis=1), _design(X), unit)


def evidence(errors: Errors, mask: np.ndarray, sure: float = 0.01) -> Evidence:
    """Whether errors in a group (`mask`) are systematic, and more so than in all other rows.

    The p-value is corrected for the several signs that are looked at (Bonferroni); it is 1 where
    the others have the same fault, at the level `sure`.
    """
    signs = [*errors.biases, _excess(errors, mask), *_patterns(errors, mask)]
    found = [(terms.of(part).p_larger(), terms, part) for terms, part in signs_in(signs, mask)]
    p_value, terms, part = min(found, key=lambda one: one[0])
    p_value = min(1.0, len(found) * p_value)
    if p_value < 1 and not _more_than_others(terms.of(part), terms.of(~mask), sure):
        p_value = 1.0
    return Evidence(p_value, _share_of_loss(errors, terms, part))


def signs_in(signs: list, mask: np.ndarray) -> list[tuple[Terms, np.ndarray]]:
    """Each sign with the rows of the group that it is judged on."""
    return [(terms, mask if part is None else part) for terms, part in signs]


def _excess(errors: Errors, mask: np.ndarray) -> tuple[Terms, None]:
    """The loss beyond that which the answers themselves imply."""
    if errors.chance is not None:
        return errors.terms(-np.log(errors.chance)), None
    return errors.terms(errors.level[mask].mean() - errors.level[:, None]), None


def _patterns(errors: Errors, mask: np.ndarray) -> list[tuple[Terms, np.ndarray]]:
    """The errors of each half of a group against a guess of them that the other half taught."""
    labels = np.unique(errors.unit[mask])
    first = mask & np.isin(errors.unit, labels[::2])
    found = []
    for learnt, judged in ((first, mask & ~first), (mask & ~first, first)):
        if min(learnt.sum(), judged.sum()) >= 15 and errors.design.shape[1]:
            found.append((errors.terms(_guess(errors, learnt)), judged))
    return found


def _guess(errors: Errors, learnt: np.ndarray) -> np.ndarray:
    """The error of each row, guessed from the columns by a ridge regression on some rows."""
    design = errors.design - errors.design[learnt].mean(axis=0)
    X, y = design[learnt], errors.error[learnt] - errors.error[learnt].mean(axis=0)
    slopes = np.linalg.solve(X.T @ X + RIDGE * np.eye(X.shape[1]), X.T @ y)
    return design @ slopes


def _more_than_others(inside: Terms, others: Terms, sure: float) -> bool:
    """Whether the mean of a group's terms lies farther from 0 than that of all other rows."""
    if not len(others.value):
        return True
    means = [mean_by_unit(one.value, one.unit) for one in (inside, others)]
    noise = np.hypot(*(one.standard_error for one in means))
    return bool(abs(means[0].value) - abs(means[1].value) > norm.isf(sure) * noise)


def _share_of_loss(errors: Errors, terms: Terms, mask: np.ndarray) -> float:
    """The share of a group's loss that a correction along these terms would remove, without luck.

    The gain of one Newton step: (sum of terms)² / (2 × sum of variances) nats of log loss, of
    which half a nat is expected by chance; for numbers twice that, of the squared error.
    """
    some = terms.of(mask)
    gain = some.value.sum() ** 2 / max(2 * some.variance.sum(), 1e-12) - 0.5
    if errors.chance is None:
        loss = (errors.error[mask] ** 2).sum() / 2 / max((errors.error**2).mean(), 1e-12)
    else:
        given = ((errors.error[mask] + errors.chance[mask]) * errors.chance[mask]).sum(axis=1)
        loss = -np.log(np.clip(given, 1e-6, 1)).sum()
    return float(np.clip(gain / max(loss, 1e-12), 0, 1))


def _usual_size(level: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The usual size of the error at each prediction: mean absolute errors of tenths, joined."""
    parts = np.array_split(np.argsort(level, kind="stable"), min(SCALE_BINS, len(level) // 50) or 1)
    sizes = [np.abs(error[part]).mean() for part in parts]
    found = np.interp(level, [level[part].mean() for part in parts], sizes)
    return np.maximum(found, max(np.abs(error).mean() * 1e-3, 1e-300))


def _design(X: pd.DataFrame) -> np.ndarray:
    """The columns as standardised numbers: ranks of numbers, and the commonest levels."""
    columns = [part for name in X for part in _as_numbers(X[name])]
    design = np.column_stack(columns) if columns else np.empty((len(X), 0))
    spread = design.std(axis=0)
    return (design[:, spread > 0] - design[:, spread > 0].mean(axis=0)) / spread[spread > 0]


def _as_numbers(column: pd.Series) -> list[np.ndarray]:
    """A column of numbers as its ranks, any other as one column a common level."""
    if is_date(column):
        return []
    if is_counted(column):
        ranks = column.astype("float64").rank(pct=True)
        return [ranks.fillna(0.5).to_numpy(), column.isna().to_numpy(dtype=float)]
    text = column.astype("str")
    levels = text.value_counts().head(MOST_LEVELS).index
    return [(text == level).fillna(False).to_numpy(dtype=float) for level in levels]
