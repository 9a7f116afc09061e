"""How sure a score is: intervals of metrics, of a gain on the same rows, of a change between rows.

Rows of one unit (a customer, a day: see `units`) are not independent, so units are left out whole,
one at a time, and the score is computed again each time: the jackknife (Tukey 1958; Efron and
Stein 1981), which gives its standard error. Intervals use Student's t. Its degrees of freedom say
how many units carry the standard error: few where one unit is large, a class is rare or tails are
heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from ..base.ranks import roc_auc_without
from .jackknife import jackknife_spread, joined_spread
from .metric_names import LESS_IS_BETTER
from .metric_scores import as_numbers, score_numbers
from .skewness import l_skewness, upper_by_hall
from .task_kind import Task
from .wilson import normal_quantile, wilson

MOST_BLOCKS = 200  # more units than these are left out several at a time
SHARES = ("accuracy", "precision", "recall")  # of all rows, of those said, of those there are
WITHIN_0_1 = ("roc_auc", "average_precision", "f1", "f1_macro", "precision_macro", "recall_macro")
FEWEST_CARRYING = 3.0  # degrees of freedom; with fewer a handful of units decides
FEWEST_OF_CLASS = 10  # units with a class
SQUARED = ("r2", "neg_root_mean_squared_error")  # a few large errors may decide them:
FEWEST_IF_SKEWED, SKEWED = 15.0, 0.15  # degrees of freedom; L-skewness of the errors


class JudgedRows(NamedTuple):
    """n rows whose truth is known, and what was answered.

    `probability` is n × classes by `task.classes`; `unit` holds a label a row, the same for rows
    that are not independent; None: each row is a unit.
    """

    truth: np.ndarray
    prediction: np.ndarray
    probability: np.ndarray | None = None
    unit: np.ndarray | None = None


@dataclass(frozen=True)
class Difference:
    """A difference of two scores in the metric's own units; positive is better.

    `low` and `high` bound its interval. `p_better` is the probability of such a difference, or a
    larger one, where the true one is 0 or below; `p_worse` of such a one, or a smaller one, where
    it is 0 or above. NaN, and probabilities of 1, where there are too few units to tell.
    """

    metric: str
    value: float
    low: float
    high: float
    standard_error: float
    df: float
    units: int
    p_better: float
    p_worse: float
    warning: str = ""


def score_intervals(
    task: Task, truth, prediction, probability=None, *, unit=None, metrics=None, level=0.95
) -> pd.DataFrame:
    """The interval of each metric at a level: a row a metric; `low`, `high`, `units`, `warning`.

    Shares have Wilson's interval (1927) with the effective number of rows (Korn and Graubard 1998);
    other metrics between 0 and 1 are taken on the logit scale, errors and 1 - R² on the log scale.
    `warning` is empty where the interval can be trusted.

    >>> task = Task("y", "binary", ("no", "yes"), "yes")
    >>> truth = np.array(["no", "yes"] * 25)
    >>> score_intervals(task, truth, truth).loc["accuracy", ["low", "high"]].round(2).tolist()
    [0.93, 1.0]
    """
    rows = _numbers(task, JudgedRows(truth, prediction, probability, unit))
    left_out = _leave_out(task, rows, metrics)
    found = {name: _interval(task, name, left_out, rows, level) for name in left_out.whole}
    return pd.DataFrame.from_dict(
        found, orient="index", columns=["low", "high", "units", "warning"]
    ).rename_axis("metric")


def paired_gain(
    task: Task, truth, one: tuple, other: tuple, *, unit=None, metric=None, level=0.95
) -> Difference:
    """By how much `other` is better than `one`, both (prediction, probability) for the same rows.

    Each unit is left out of both at once, so what is hard in a unit is hard for both.
    """
    metric = metric or task.main_metric
    both = [_numbers(task, JudgedRows(truth, *said, unit)) for said in (one, other)]
    blocks = _blocks(unit, len(truth))
    scores = [_leave_out(task, rows, [metric], blocks).of(metric) for rows in both]
    gains = _sign(metric) * (scores[1] - scores[0])
    return _difference(metric, gains[0], *jackknife_spread(gains), blocks.units, level)


def score_change(
    task: Task, old: JudgedRows, new: JudgedRows, *, metric=None, level=0.95
) -> Difference:
    """By how much the score on `new` rows is better than on `old` ones; both have their noise.

    A unit that has rows on both sides is left out of both at once.
    """
    metric = metric or task.main_metric
    sides = [_numbers(task, JudgedRows(*rows)) for rows in (old, new)]
    shared = _shared_blocks(sides)
    if not shared:
        spreads = [score_spread(task, rows, metric) for rows in (old, new)]
        return change_between(metric, *spreads, level)
    before, after = (_leave_out(task, rows, [metric], blocks).of(metric)
                     for rows, blocks in zip(sides, shared, strict=True))  # fmt: skip
    changes, units = _sign(metric) * (after - before), min(b.units for b in shared)
    return _difference(metric, changes[0], *jackknife_spread(changes), units, level)


class Spread(NamedTuple):
    """A score, the jackknife's standard error of it, its degrees of freedom, and its units."""

    value: float
    standard_error: float
    df: float
    units: int


def score_spread(task: Task, rows: JudgedRows, metric: str = "") -> Spread:
    """A score of some rows and how sure it is; NaN where it is not defined."""
    metric = metric or task.main_metric
    left_out = _leave_out(task, _numbers(task, JudgedRows(*rows)), [metric])
    scores = left_out.of(metric)
    return Spread(float(scores[0]), *jackknife_spread(scores), left_out.blocks.units)


def spread_of(
    figure: Callable[[np.ndarray], float], rows: int, unit=None, most: int = MOST_BLOCKS
) -> Spread:
    """The jackknife's spread of any figure of n rows; `figure` takes a mask of the rows to use.

    Of more than `most` units several are left out at a time.

    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> round(spread_of(lambda kept: values[kept].mean(), 4).standard_error, 3)
    0.645
    """
    blocks = _blocks(unit, rows, most)
    masks = (blocks.of_row != block for block in range(-1, blocks.count))  # -1: none is left out
    found = np.array([figure(mask) if mask.any() else np.nan for mask in masks], dtype=float)
    return Spread(float(found[0]), *jackknife_spread(found), blocks.units)


def change_between(metric: str, old: Spread, new: Spread, level: float = 0.95) -> Difference:
    """`score_change` of two spreads that share no unit."""
    value = _sign(metric) * (new.value - old.value)
    error, df = joined_spread(old[1:3], new[1:3])
    return _difference(metric, value, error, df, min(old.units, new.units), level)


# --- Leaving units out --------------------------------------------------------------------------


class _Blocks(NamedTuple):
    """The block of each row, how many blocks there are, and how many units."""

    of_row: np.ndarray
    count: int
    units: int


class _LeftOut(NamedTuple):
    """The scores of all rows (`whole`), and with each block left out (`parts`, a row a block)."""

    whole: dict[str, float]
    parts: pd.DataFrame
    blocks: _Blocks

    def of(self, metric: str) -> np.ndarray:
        """The score of all rows, then with each block left out; NaN where it is not defined."""
        without = self.parts.get(metric, pd.Series(np.nan, range(self.blocks.count)))
        return np.append(self.whole.get(metric, np.nan), without)


def _numbers(task: Task, rows: JudgedRows) -> JudgedRows:
    """The rows with labels as numbers, which are scored many times faster."""
    truth, prediction = (as_numbers(task, values) for values in rows[:2])
    probability = None if rows.probability is None else np.asarray(rows.probability)
    return JudgedRows(truth, prediction, probability, rows.unit)


def _blocks(unit, rows: int, most: int = MOST_BLOCKS) -> _Blocks:
    """The units as blocks; at random into `most` where there are more."""
    codes = np.arange(rows) if unit is None else pd.factorize(np.asarray(unit).astype(str))[0]
    units = int(codes.max(initial=-1)) + 1
    if units <= most:
        return _Blocks(codes, units, units)
    place = np.random.default_rng(0).permutation(units) % most
    return _Blocks(place[codes], most, units)


def _shared_blocks(sides: list[JudgedRows]) -> list[_Blocks] | None:
    """The blocks of both sides together, where they share a unit; else None."""
    if any(rows.unit is None for rows in sides):
        return None
    labels = [np.asarray(rows.unit).astype(str) for rows in sides]
    if not np.isin(*(np.unique(one) for one in labels)).any():
        return None
    both = _blocks(np.concatenate(labels), sum(map(len, labels)))
    parts = np.split(both.of_row, [len(labels[0])])
    return [both._replace(of_row=part) for part in parts]


def _leave_out(task: Task, rows: JudgedRows, metrics, blocks: _Blocks | None = None) -> _LeftOut:
    """The scores of all rows, and with each block left out."""
    blocks = blocks or _blocks(rows.unit, len(rows.truth))
    whole = score_numbers(task, *rows[:3], metrics) if len(rows.truth) else {}
    others = [name for name in whole if name != "roc_auc"]  # the area is found for all at once
    each = range(blocks.count) if others else []
    found = [_without(task, rows, blocks.of_row != block, others) for block in each]
    parts = pd.DataFrame(found, index=range(blocks.count))
    if "roc_auc" in whole:
        positive = task.classes.index(task.positive)
        asked = rows.truth == positive, rows.probability[:, positive], blocks.of_row
        parts["roc_auc"] = roc_auc_without(*asked, blocks.count)
    return _LeftOut(whole, parts, blocks)


def _without(task: Task, rows: JudgedRows, kept: np.ndarray, metrics) -> dict[str, float]:
    """The scores of the rows that are kept."""
    if not kept.any():
        return {}
    probability = None if rows.probability is None else rows.probability[kept]
    return score_numbers(task, rows.truth[kept], rows.prediction[kept], probability, metrics)


# --- From left-out scores to standard errors ----------------------------------------------------


def _sign(metric: str) -> int:
    """-1 for a metric of which less is better, else 1."""
    return -1 if metric in LESS_IS_BETTER else 1


def _difference(metric, value, error, df, units: int, level: float) -> Difference:
    """The difference with its interval and its probabilities."""
    if not np.isfinite([value, error, df]).all():
        warning = "too few units to tell"
        return Difference(metric, float(value), *[np.nan] * 4, units, 1.0, 1.0, warning)
    return with_interval(metric, float(value), error, df, units, level, _few_carrying(df))


def with_interval(
    metric: str, value: float, error: float, df: float, units: int, level: float, warning: str
) -> Difference:
    """A difference with its interval and its probabilities, by Student's t."""
    half = stdtrit(df, (1 + level) / 2) * error
    ratio = value / error if error > 0 else np.sign(value) * np.inf if value else 0.0
    better, worse = float(stdtr(df, -ratio)), float(stdtr(df, ratio))
    low, high = float(value - half), float(value + half)
    return Difference(metric, value, low, high, error, df, units, better, worse, warning)


# --- Intervals ----------------------------------------------------------------------------------


def _interval(task: Task, metric: str, left_out: _LeftOut, rows: JudgedRows, level: float) -> tuple:
    """The interval of a metric: `low`, `high`, the number of units, and a warning."""
    scores, blocks = left_out.of(metric), left_out.blocks
    asked = _asked(task, metric, rows)
    carrying = _units_of_rarest(task, metric, rows)
    if metric in SHARES:
        low, high, df = _share(scores, asked, rows.unit, level)
    elif metric in WITHIN_0_1:
        low, high, df = _on_logit(scores, carrying, level)
    else:
        low, high, df = _on_log(metric, scores, level)
    if not np.isfinite([low, high]).all():
        return np.nan, np.nan, blocks.units, "too few units to tell"
    few = f"only {carrying} units of the rarest class" if carrying < FEWEST_OF_CLASS else ""
    return low, high, blocks.units, few or _few_large_errors(rows, metric, df) or _few_carrying(df)


def _few_large_errors(rows: JudgedRows, metric: str, df: float) -> str:
    """The warning that errors are so skewed that still larger ones may be missing; else empty."""
    if metric not in SQUARED or not df < FEWEST_IF_SKEWED:
        return ""
    errors = pd.Series(rows.truth - rows.prediction)
    by_unit = errors if rows.unit is None else errors.groupby(np.asarray(rows.unit)).mean()
    most = max(SKEWED, 1 / np.sqrt(len(by_unit)))  # 2.6 standard errors of normal ones
    if max(abs(l_skewness(errors)), abs(l_skewness(by_unit))) <= most:
        return ""
    return "a few large errors decide it, and larger ones may be missing"


def _few_carrying(df: float) -> str:
    """The warning that a handful of units decides; empty where enough do."""
    return "a few units decide it" if df < FEWEST_CARRYING else ""


def _asked(task: Task, metric: str, rows: JudgedRows) -> np.ndarray:
    """A mask of the rows that a share is a share of."""
    column = {"precision": rows.prediction, "recall": rows.truth}.get(metric)
    if column is None:
        return np.ones(len(rows.truth), dtype=bool)
    return column == task.classes.index(task.positive)


def _count_units(unit, mask: np.ndarray) -> int:
    """How many units have a row in a mask."""
    return int(mask.sum()) if unit is None else len(np.unique(np.asarray(unit).astype(str)[mask]))


def _units_of_rarest(task: Task, metric: str, rows: JudgedRows) -> int:
    """How many units the rarest class has; all units, where the metric asks no class."""
    if task.is_regression or metric in ("accuracy", "log_loss"):
        return _count_units(rows.unit, np.ones(len(rows.truth), dtype=bool))
    classes = (
        range(len(task.classes)) if metric != "recall" else [task.classes.index(task.positive)]
    )
    return min(_count_units(rows.unit, rows.truth == one) for one in classes)


def _share(scores: np.ndarray, asked: np.ndarray, unit, level: float) -> tuple:
    """Wilson's interval of a share, and the degrees of freedom."""
    share, (error, df) = scores[0], jackknife_spread(scores)
    rows = int(asked.sum())
    if not rows:
        return 0.0, 1.0, 0.0
    if unit is None:
        return *wilson(share, rows, normal_quantile(level)), np.inf
    if not error > 0:
        return *wilson(share, _count_units(unit, asked), normal_quantile(level)), df
    effective = min(share * (1 - share) / error**2, rows)
    return *wilson(share, effective, stdtrit(df, (1 + level) / 2)), df


def _on_logit(scores: np.ndarray, carrying: int, level: float) -> tuple:
    """The interval on the logit scale; Wilson's where the score is 0 or 1, or nothing moves it."""
    value, (error, df) = scores[0], jackknife_spread(scores)
    if not np.isfinite(value) or not np.isfinite(error) or not carrying:
        return np.nan, np.nan, np.nan
    if not (0 < value < 1 and error > 0):
        return *wilson(value, carrying, normal_quantile(level)), df
    half = stdtrit(df, (1 + level) / 2) * error / (value * (1 - value))
    ends = np.log(value / (1 - value)) + np.array([-half, half])
    return *(1 / (1 + np.exp(-ends))), df


def _on_log(metric: str, scores: np.ndarray, level: float) -> tuple:
    """The interval of an error, or of 1 - R², on the log scale.

    Where few large errors make up most of it, its upper end is that of Hall (1992), if that is
    further out: errors that are larger still may not have been seen.
    """
    size = 1 - scores if metric == "r2" else np.abs(scores)
    if not size[0] > 0:
        return scores[0], scores[0], np.nan
    with np.errstate(divide="ignore"):
        logs = np.log(size)
    error, df = jackknife_spread(logs)
    half = stdtrit(df, (1 + level) / 2) * error
    smaller, larger = np.exp([logs[0] - half, logs[0] + half])
    larger = max(larger, _largest_by_hall(metric, size, level))
    if metric == "r2":
        return 1 - larger, 1 - smaller, df
    return (smaller, larger, df) if scores[0] > 0 else (-larger, -smaller, df)


def _largest_by_hall(metric: str, size: np.ndarray, level: float) -> float:
    power = 2 if metric == "neg_root_mean_squared_error" else 1
    powers = size**power
    return upper_by_hall(powers[0], powers[1:], jackknife_spread(powers)[0], level) ** (1 / power)
