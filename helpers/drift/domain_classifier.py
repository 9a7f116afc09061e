"""Drift of all columns together: can a classifier separate later rows from earlier ones?

It finds what no column shows by itself, such as two numbers that no longer rise together. Rows of a
unit (a customer, a day) are never on both sides of a fit: trees know a customer again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ..base.ranks import roc_auc
from ..base.spacing import evenly_spaced
from ..learning.unit_tests import (
    FEWEST_UNITS,
    NO_EFFECT,
    DesignEffect,
    dependence,
    design_effect,
    sizes_of,
)
from .alert_thresholds import DEFAULT, Thresholds
from .comparable_columns import alike

FEWEST_ROWS = 100  # on either side
MOST_ROWS = 5_000  # of either side; more would find differences too small to matter
MOST_CODES = 30  # levels that it can tell apart in a column
HUGE = 1e300  # stands for infinity, which trees don't take
TREES = 40
SHUFFLED_ROWS = 1_000
MIN_IMPORTANCE = 0.01  # ROC AUC that is lost when an important column is shuffled


@dataclass(frozen=True)
class Domain:
    """Whether a classifier can separate old rows from new ones, which no single column may show.

    `auc` is its ROC AUC on rows not used to fit it (0.5: it guesses), `p_value` the probability of
    such an AUC, or a larger one, when nothing has changed, `rows` how many rows it used,
    `significant` whether `p_value` is below the level, `drifts` whether the AUC is large as well.
    `importance` is the ROC AUC that is lost when a column is shuffled, the largest first; `why`
    says why the classifier is not applicable.
    """

    auc: float
    p_value: float
    rows: int
    significant: bool
    drifts: bool
    importance: dict[str, float] = field(default_factory=dict)
    why: str = ""

    @property
    def applicable(self) -> bool:
        """Whether there was enough to try it on."""
        return not np.isnan(self.auc)


def domain_classifier(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT, seed: int = 42, *,
    unit_before: np.ndarray | None = None, unit_after: np.ndarray | None = None,
) -> Domain:  # fmt: skip
    """Boosted trees try to separate old rows from new ones (domain classifier).

    They are fitted on one half of the units and evaluated on the other, then the other way round
    (`unit_before`, `unit_after`: of which unit each row is; None: each is by itself). Where nothing
    has changed, each half has a mean ROC AUC of 0.5 with the variance of Mann and Whitney (1947)
    times the design effect; the two are not independent, so their mean is given the variance of
    one, which is conservative. Not applicable with fewer than 100 rows or 20 units on a side, or
    without a column that varies.

    >>> old = pd.DataFrame({"x": np.arange(200.0), "y": np.arange(200.0)})
    >>> domain_classifier(old, old.assign(y=-old["y"])).drifts
    True
    """
    old, was = _thinned(before, unit_before, "before")
    new, now = _thinned(after, unit_after, "after")
    columns = _varying_columns(old, new)
    if why := _not_applicable(was, now, columns):
        return Domain(float("nan"), 1.0, len(old) + len(new), False, False, why=why)
    X = np.column_stack([codes for codes, _ in columns.values()])
    is_new = np.repeat([False, True], [len(old), len(new)])
    unit = pd.factorize(np.concatenate([was, now]))[0] if _has_units(was, now) else None
    are_levels = np.array([levels for _, levels in columns.values()])
    fitted = _cross_fitted(X, is_new, are_levels, seed, unit)
    auc, p_value = _mean_auc(fitted, X, is_new, unit)
    significant = p_value < thresholds.joint_level
    lost = _importance(fitted, X, is_new, list(columns), seed) if significant else {}
    drifts = significant and auc > thresholds.auc_large
    return Domain(auc, p_value, len(X), significant, drifts, lost)


def _not_applicable(was: np.ndarray, now: np.ndarray, columns: dict) -> str:
    """Why it can't be tried; empty where it can."""
    if min(len(was), len(now)) < FEWEST_ROWS or not columns:
        return f"it takes {FEWEST_ROWS} rows on each side and a column that varies"
    units = [_effective_units(side) for side in (was, now)]
    if _has_units(was, now) and min(units) < FEWEST_UNITS:
        return f"it takes {FEWEST_UNITS} units on each side; one has {min(units):.0f}"
    return ""


def _has_units(was: np.ndarray, now: np.ndarray) -> bool:
    """Whether some unit has several rows."""
    every = np.concatenate([was, now])
    return len(np.unique(every)) < len(every)


def _effective_units(unit: np.ndarray) -> float:
    rows, squares, *_ = sizes_of(pd.factorize(unit)[0])
    return rows**2 / squares


def _varying_columns(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, tuple[np.ndarray, bool]]:
    """The columns of both that vary, as codes, and whether these are of levels."""
    both = {n: _codes(old[n], new[n]) for n in old.columns if n in new.columns}
    return {n: (codes, is_level) for n, (codes, is_level) in both.items() if _varies(codes)}


def _cross_fitted(X, is_new, are_levels, seed: int, unit: np.ndarray | None) -> list[tuple]:
    """A model fitted on each half, with the rows of the other half."""
    halves = _halves(is_new, seed) if unit is None else _halves_of_units(is_new, unit, seed)
    models = [_fitted(X[half], is_new[half], are_levels) for half in halves]
    return list(zip(models, halves[::-1], strict=True))


def _mean_auc(fitted: list[tuple], X, is_new, unit: np.ndarray | None) -> tuple[float, float]:
    """The mean ROC AUC of both models on rows that they were not fitted on, and its p-value."""
    found, designs = [], []
    for model, half in fitted:
        scores = model.predict_proba(X[half])[:, 1]
        own = NO_EFFECT if unit is None else _design_of(scores, is_new[half], unit[half])
        found.append(_mann_whitney(scores, is_new[half], own))
        designs.append(own)
    auc, z = np.mean(found, axis=0)
    surest = min(designs, key=lambda one: one.degrees_of_freedom)
    return float(auc), surest.p_value(2 * float(ndtr(-max(z, 0.0)))) / 2


def _design_of(scores: np.ndarray, is_new: np.ndarray, unit: np.ndarray) -> DesignEffect:
    """What the units do to the ROC AUC of scores."""
    sides = (dependence(pd.Series(scores[side]), unit[side]) for side in (~is_new, is_new))
    return design_effect(*sides)


def _thinned(
    frame: pd.DataFrame, unit: np.ndarray | None, side: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Up to `MOST_ROWS` rows, evenly spread, and of which unit each is."""
    places = evenly_spaced(len(frame), MOST_ROWS)
    if unit is None:
        return frame.iloc[places], np.array([f"{side} {place}" for place in places])
    return frame.iloc[places], np.asarray(unit)[places].astype(str)


def _codes(before: pd.Series, after: pd.Series) -> tuple[np.ndarray, bool]:
    """Both columns under each other as numbers, and whether these are levels' ranks by frequency.

    Rare levels share a code. Labels are not used, so the null distribution is unchanged.
    """
    both = pd.concat(alike(before, after), ignore_index=True)
    if both.dtype == float:
        return np.clip(both.to_numpy(), -HUGE, HUGE), False
    codes, levels = pd.factorize(both)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    rank = np.empty(len(levels) + 1)
    rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(levels)), MOST_CODES)
    rank[-1] = np.nan  # the code of a missing cell
    return rank[codes], True


def _varies(codes: np.ndarray) -> bool:
    present = codes[~np.isnan(codes)]
    return bool(len(present)) and (len(present) < len(codes) or present.min() < present.max())


def _halves(is_new: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the rows at random, old and new in equal shares."""
    random = np.random.default_rng(seed)
    sides = [random.permutation(np.flatnonzero(is_new == side)) for side in (False, True)]
    return tuple(np.sort(np.concatenate([s[part::2] for s in sides])) for part in (0, 1))


def _halves_of_units(
    is_new: np.ndarray, unit: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the units at random; those of old rows, of new ones and of both alike."""
    random = np.random.default_rng(seed)
    count = int(unit.max()) + 1
    sides = [np.bincount(unit[is_new == side], minlength=count) > 0 for side in (False, True)]
    half = np.empty(count, int)
    on = sides[0] + 2 * sides[1]
    for kind in np.unique(on):
        of_kind = random.permutation(np.flatnonzero(on == kind))
        half[of_kind] = np.arange(len(of_kind)) % 2
    return tuple(np.flatnonzero(half[unit] == part) for part in (0, 1))


def _fitted(X: np.ndarray, is_new: np.ndarray, are_levels: np.ndarray):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=15, early_stopping=False, categorical_features=are_levels,
        random_state=0,
    )  # fmt: skip
    return model.fit(X, is_new)


def _mann_whitney(scores, is_new: np.ndarray, design: DesignEffect) -> tuple[float, float]:
    """The ROC AUC of scores, and its z-score where nothing has changed."""
    new, old = is_new.sum(), (~is_new).sum()
    auc = roc_auc(is_new, scores)
    return auc, (auc - 0.5) / np.sqrt(design.mean * (new + old + 1) / (12 * new * old))


def _importance(fitted, X, is_new, names: list[str], seed: int) -> dict[str, float]:
    """The mean ROC AUC that is lost when a column is shuffled, where that is more than noise."""
    random = np.random.default_rng(seed)
    halves = [(model, half[evenly_spaced(len(half), SHUFFLED_ROWS)]) for model, half in fitted]
    lost = np.mean([_auc_lost(model, X[h], is_new[h], random) for model, h in halves], axis=0)
    order = np.argsort(-lost, kind="stable")
    return {str(names[i]): float(lost[i]) for i in order if lost[i] > MIN_IMPORTANCE}


def _auc_lost(model, X: np.ndarray, is_new: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The ROC AUC that is lost by shuffling, for each column.

    The model scores all shuffled copies in one call: a call costs more than the rows.
    """
    columns = X.shape[1]
    copies = np.repeat(X[None], columns + 1, axis=0)  # the last one stays as it is
    for place in range(columns):
        copies[place, :, place] = random.permutation(copies[place, :, place])
    scores = model.predict_proba(copies.reshape(-1, columns))[:, 1]
    aucs = np.array([roc_auc(is_new, one) for one in scores.reshape(columns + 1, -1)])
    return aucs[-1] - aucs[:-1]
