"""Has the score fallen? Each later period against the held-out rows; both sides have their noise.

Every look at another period is another chance of a false alarm. All periods share the held-out
score, so their chances are not independent either: the correction is that for many comparisons with
one control (Dunnett 1955, Journal of the American Statistical Association 50, 1096-1121). It is
spread over `TOGETHER` periods however they come, so that looking at one a month for a year
and at twelve at once alarm equally seldom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from ..learning.margins import margin
from ..learning.metric_scores import better
from ..learning.score_intervals import (
    Difference,
    JudgedRows,
    Spread,
    change_between,
    score_change,
    score_spread,
)
from ..learning.task_kind import Task

TOGETHER = 12  # periods that share one chance of a false alarm: a year of months
LEVEL = 0.025  # that chance
MOST_SHARED = 0.95  # of the variance, as the held-out score's part in each comparison
CHANGE, RELATIVE, STANDARD_ERROR, P_VALUE = "change", "relative", "standard_error", "p_value"
COLUMNS = [CHANGE, RELATIVE, STANDARD_ERROR, P_VALUE]  # of a table of periods
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(64)


@dataclass(frozen=True)
class Promise:
    """What was promised: the score of the held-out rows, and how sure it is.

    `rows` are the held-out rows with their answers (None where only the score was kept), `baseline`
    the baseline's score on them. `between` is the variance of the true score from period to period
    as far as it is known, `between_df` its degrees of freedom.
    """

    task: Task
    spread: Spread
    rows: JudgedRows | None = None
    baseline: float = np.nan
    between: float = 0.0
    between_df: float = np.inf


def promise_of(task: Task, rows: JudgedRows, baseline: float = np.nan, **more) -> Promise:
    """The promise that held-out rows make, with their answers by a model that had not seen them."""
    return Promise(task, score_spread(task, rows), rows, baseline, **more)


def compare_periods(
    promise: Promise, periods: Mapping[str, JudgedRows], times: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """A row a period: by how much its score differs from the promise, and whether that is chance.

    `change` is in the metric's own units, `relative` on the scale of `margins`, both positive where
    the period is better; `p_value` is corrected, NaN where the score is not defined or there are
    too few units to tell. `times` says how many times a period has been looked at, this time
    included: one that grows is judged more strictly each time.
    """
    known = _units(promise.rows) if promise.rows is not None else set()
    changes = {name: _change(promise, rows, known) for name, rows in periods.items()}
    return _table(promise, changes, times or {})


def compare_spreads(
    promise: Promise, periods: Mapping[str, Spread], times: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """The same of scores that are known by their spreads alone, such as expected ones."""
    changes = {name: _change_between(promise, spread) for name, spread in periods.items()}
    return _table(promise, changes, times or {})


def has_fallen(table: pd.DataFrame, max_drop: float) -> pd.Series:
    """Of each period whether its score fell by more than `max_drop`, and by more than chance.

    False of periods that are not judged: undated rows, and what an earlier look has judged.
    """
    if P_VALUE not in table:  # the held-out rows themselves
        return pd.Series(False, index=table.index)
    return (table[RELATIVE] < -max_drop) & (table[P_VALUE] < LEVEL)


def _table(promise: Promise, changes: Mapping[str, tuple], times: Mapping[str, int]):
    """The table of `compare_periods` from each period's change and the variance that is shared."""
    tests = max(TOGETHER, len(changes))
    found = {
        name: _judged(promise, *change, tests * times.get(name, 1) ** 2)
        for name, change in changes.items()
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=COLUMNS, dtype=float)


def _judged(promise: Promise, change: Difference, shared: float, tests: int) -> list[float]:
    """The change of a period, on both scales, its standard error and its corrected p-value."""
    metric, than = promise.task.main_metric, promise.spread.value
    sign = better(metric, 1.0, 0.0)
    relative = margin(metric, than + sign * change.value, than, promise.baseline)
    error, df = _with_between(change, promise)
    if not error > 0:
        return [change.value, relative, error, np.nan]
    z = norm.ppf(student.cdf(change.value / error, df))
    return [change.value, relative, error, smallest_of(z, tests, shared / error**2)]


def _change(promise: Promise, rows: JudgedRows, known: set) -> tuple[Difference, float]:
    """The change from the promise, and the part of its variance that all periods share.

    Where units of the held-out rows (`known`) are in the period, too, that part is not known, and
    taken for 0, which is cautious.
    """
    task = promise.task
    if not known.isdisjoint(_units(rows)):
        return score_change(task, promise.rows, rows), 0.0
    return _change_between(promise, score_spread(task, rows))


def _units(rows: JudgedRows) -> set[str]:
    """The units of some rows; none where each row is its own."""
    return set() if rows.unit is None else set(map(str, pd.unique(np.asarray(rows.unit))))


def _change_between(promise: Promise, spread: Spread) -> tuple[Difference, float]:
    """The same for a score of which the spread is known."""
    change = change_between(promise.task.main_metric, promise.spread, spread)
    return change, promise.spread.standard_error**2 + promise.between


def _with_between(change: Difference, promise: Promise) -> tuple[float, float]:
    """The standard error of a change and its degrees of freedom, periods differing by themselves.

    The held-out rows are of a period, too, so that variance counts twice (Satterthwaite 1946).
    """
    own, between = change.standard_error**2, 2 * promise.between
    variance = own + between
    if not variance > 0:
        return float(np.sqrt(variance)), change.df
    df = variance**2 / (own**2 / change.df + between**2 / promise.between_df)
    return float(np.sqrt(variance)), float(df)


def smallest_of(z: float, tests: int, shared: float) -> float:
    """The probability that the smallest of some standard normal values is `z` or less.

    `shared` is the correlation between any two of them.

    >>> round(smallest_of(-2.0, 1, 0.5), 3), round(smallest_of(-2.0, 12, 0.5), 2)
    (0.023, 0.15)
    """
    if not np.isfinite(z):
        return 0.0 if z < 0 else 1.0
    shared = float(np.clip(shared, 0, MOST_SHARED))
    above = norm.sf((z - np.sqrt(shared) * NODES) / np.sqrt(1 - shared))
    return float(1 - (WEIGHTS @ above**tests) / WEIGHTS.sum())
