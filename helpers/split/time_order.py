"""Do rows come in time order, and do neighbours in time resemble each other? A test with a rate.

Where they do, a random split puts neighbours on both sides, and a model looks up what it should
predict. The test asks it of the target, of what a quick model leaves unexplained, and of how the
columns act on the target: how alike rows are to the next one (the ratio of von Neumann 1941), and
how far apart the means of stretches of time are. Both are compared with permutations of the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_counted, is_date
from ..learning.fold_scores import fold_scores
from ..learning.labelled_data import ROW_ORDER, Labelled
from ..learning.task_kind import target_numbers
from ..pipeline import whole_pipeline
from .leak_alarm import quick_model
from .split_at_random import random_folds, with_folds
from .split_by_time import moments

LEVEL = 0.02  # of all dated columns together: how often exchangeable rows are taken for ordered
LEVEL_OF_ROWS = 0.01  # of the order of rows in the file, which may have many other reasons
LEAST_ALIKE = 0.1  # correlation of neighbours in the file that is worth a split
PERMUTATIONS = 999
FEWEST_MOMENTS = 5  # with several rows each
STRETCHES = (4, 16, 64, 256)  # into so many the time is cut; each holds at least 5 rows
MOST_ACTING = 6  # columns of numbers whose action on the target is looked at
MOST_ROWS, WINDOWS = 20_000, 10  # of more rows, so many windows of neighbours are looked at
RESIDUAL_ROWS = 4_000
FEWEST_ROWS = 40
SORTED = 0.98  # share of steps from row to row that do not go back
DATED = 0.5  # share of rows that have a date
YEARS = (1800, 2200)
TIME_WORDS = {"year", "yr", "date", "datetime", "time", "timestamp", "ts", "epoch", "period", "day",
              "month", "mnth", "mth", "quarter", "qtr", "week", "wk", "weekday", "hour", "hr",
              "minute", "season", "semester", "decade", "t", "index", "step"}  # fmt: skip
STAMPS = {"year", "yr", "date", "datetime", "time", "timestamp", "ts", "epoch", "t"}
# Names that are run together, of a number that the file is in the order of: "julday", "trend"
RUN_TOGETHER = re.compile(r"[a-z]{2,}(?:year|date|day|week|month|stamp)|trend")
OF_A_WEEK = {"weekday", "workday", "workingday", "holiday", "payday"}
BORN = {"birth", "born", "dob", "birthday", "birthdate"}  # dates of people, not of rows


@dataclass(frozen=True)
class TimeOrder:
    """A column by which rows are in time order, and how alike neighbours are.

    `alike` is the correlation of neighbours in time (of the target, or of what a quick model leaves
    unexplained), `p_value` how often permuted rows give as much, corrected for the columns tried.
    """

    column: str
    alike: float
    p_value: float
    of: str

    @property
    def why(self) -> str:
        """What was found, in a sentence."""
        by = "in the file" if self.column == ROW_ORDER else f"by {self.column}"
        return (
            f"neighbours in time ({by}) resemble each other in {self.of}: their correlation is "
            f"{self.alike:.2f} (p {_p_text(self.p_value)})"
        )


def _p_text(p_value: float) -> str:
    return "below 0.01" if p_value < 0.01 else f"= {p_value:.2f}"


def find_time_order(rows: Labelled, features: dict, seed: int = 42) -> TimeOrder | None:
    """The column that puts rows in a time order that matters, or the order of rows in the file.

    `features` is the feature plan, for the quick model. None where there is no such column, or
    where neighbours in time are no more alike than other rows: then they are exchangeable.
    """
    if len(rows.y) < FEWEST_ROWS:
        return None
    names = time_candidates(rows.X)
    series = {"the target": target_numbers(rows.task, rows.y)}
    series |= residual_series(rows, features, names, seed)
    series |= acting_series(rows, features, names)
    found = [_tested(rows, name, series, LEVEL / len(names), seed) for name in names]
    found = [one for one in found if one]
    if names:
        return min(found, key=lambda one: (not _is_sorted(rows, one.column), one.p_value),
                   default=None)  # fmt: skip
    if sorted_by(rows):
        return None
    order = _tested(rows, ROW_ORDER, series, LEVEL_OF_ROWS, seed)
    return order if order and order.alike >= LEAST_ALIKE else None


def time_candidates(X: pd.DataFrame) -> list[str]:
    """The columns that may say when: dates, years, counts of seconds; not dates of birth.

    >>> X = pd.DataFrame({"year": [1999, 2000, 2001], "age": [30, 31, 32], "julday": [8, 9, 10]})
    >>> time_candidates(X)
    ['year', 'julday']
    """
    return [str(name) for name in X if _may_say_when(str(name), X[name])]


def _may_say_when(name: str, column: pd.Series) -> bool:
    if _words(name) & BORN or column.notna().mean() < DATED or column.nunique() < 3:
        return False
    if is_date(column) or not is_counted(column):
        return is_date(column)
    in_order = bool((column.dropna().diff().dropna() >= 0).mean() >= SORTED)
    if _words(name) & STAMPS:
        return in_order or _are_moments(column.dropna().astype("float64"))
    return in_order and any(map(RUN_TOGETHER.fullmatch, _words(name) - OF_A_WEEK))


def _are_moments(numbers: pd.Series) -> bool:
    """Whether numbers are years, or seconds or milliseconds since 1970."""
    years = numbers.between(*YEARS).all() and (numbers % 1 == 0).mean() > 0.5
    return bool(years or any(numbers.between(*ends).all() for ends in ((3e8, 5e9), (3e11, 5e12))))


def _words(name: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).casefold()
    return set(re.split(r"[^a-z]+", spaced))


# --- What may resemble ------------------------------------------------------------------------


def residual_series(rows: Labelled, features: dict, names: list[str], seed: int) -> dict:
    """What a quick model leaves unexplained on random folds, in the same form; NaN where not asked.

    It does not see the columns that say when. Empty where no model can be fitted.
    """
    plan = whole_pipeline.plan_without(features, names)
    if not plan["columns"] and not plan["derived"]:
        return {}
    chosen = windows(np.arange(len(rows.y)), RESIDUAL_ROWS)
    some = rows.at(chosen)
    every = np.arange(len(chosen))
    some = with_folds(some, every, [], random_folds(some, every, 3, seed))
    try:
        found = fold_scores(some, lambda: quick_model(some.task, plan, seed), [])
    except ValueError:
        return {}
    said = found.prediction if some.task.is_regression else found.probability
    left = np.full((len(rows.y), 1 if some.task.is_regression else said.shape[1]), np.nan)
    left[chosen[found.position]] = _residuals(some, found, said)
    return {"what a quick model leaves unexplained": left}


def _residuals(rows: Labelled, found, said: np.ndarray) -> np.ndarray:
    """Truth minus answer: of ranks for numbers, of 0 and 1 for each class."""
    if rows.task.is_regression:
        return pd.Series(found.truth - said).rank().to_numpy()[:, None]
    truth = found.truth.astype(str)[:, None] == np.asarray(rows.task.classes)[None]
    return truth - said


def acting_series(rows: Labelled, features: dict, names: list[str]) -> dict[str, np.ndarray]:
    """The target times each of some columns of numbers, all in ranks of mean 0."""
    used = [n for n in features["columns"] if n not in names and is_counted(rows.X[n])]
    if not used:
        return {}
    ranks = rows.X[used[:MOST_ACTING]].astype("float64").rank()
    target = target_numbers(rows.task, rows.y)[:, :1]
    acting = (ranks - ranks.mean()).fillna(0).to_numpy() * (target - target.mean())
    return {"how columns act on the target": acting}


def windows(order: np.ndarray, most: int) -> np.ndarray:
    """Up to so many of the places in an order, in a few windows of neighbours.

    >>> windows(np.arange(100), 20)
    array([ 0,  1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61, 70, 71, 80,
           81, 90, 91])
    """
    if len(order) <= most:
        return order
    return np.concatenate([one[: most // WINDOWS] for one in np.array_split(order, WINDOWS)])


# --- The test ---------------------------------------------------------------------------------


def _tested(rows: Labelled, column: str, series: dict, level: float, seed: int) -> TimeOrder | None:
    """What neighbours by a column have in common, where that is more than chance."""
    when = moments(rows, column)
    unit = _entities(rows)
    found = []
    for of, values in series.items():
        known = when.notna().to_numpy() & np.isfinite(values).all(axis=1)
        own = None if unit is None else unit[known]
        p_value, alike = order_test(when[known].to_numpy(), values[known], own, seed)
        found.append(TimeOrder(column, alike, min(1.0, p_value * len(series)), of))
    best = min(found, key=lambda one: one.p_value)
    return best if best.p_value <= level else None


def _entities(rows: Labelled) -> np.ndarray | None:
    """What rows belong to whatever the time: entities, or else near duplicates."""
    if rows.units.kind in ("entity", "group"):
        return pd.factorize(rows.unit)[0]
    return None if rows.alike is None else pd.factorize(rows.alike)[0]


def order_test(when: np.ndarray, values: np.ndarray, unit=None, seed: int = 42) -> tuple:
    """How often permuted rows have neighbours as alike as these; the correlation of neighbours.

    `when` has n moments, `values` is n × columns, `unit` n numbers: entities may be alike within.
    Then it is asked of the means of entities, and of the rows within each; twice the smaller p.

    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=200))[:, None]
    >>> order_test(np.arange(200), walk)[0] < 0.01
    True
    """
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(when)), when))
    kept = windows(order, MOST_ROWS)
    when, values = when[kept], values[kept]
    unit = None if unit is None else pd.factorize(unit[kept])[0]
    if len(kept) < FEWEST_ROWS or not values.std(axis=0).any():
        return 1.0, 0.0
    alike = float(_neighbours(_standard(values)).max())
    if unit is None or unit.max() + 1 == len(unit):
        return _p_value(values, None, random, when), alike
    size = np.bincount(unit)
    means = np.stack([np.bincount(unit, one) / size for one in values.T], axis=1)
    place = np.bincount(unit, np.arange(len(unit))) / size
    between = _p_value(means[np.argsort(place, kind="stable")], None, random)
    within = _p_value(values - means[unit], unit, random, when)
    return min(1.0, 2 * min(between, within)), alike


def _standard(values: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and mean square 1; constant ones left out."""
    values = values[:, values.std(axis=0) > 0]
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _neighbours(values: np.ndarray) -> np.ndarray:
    """The correlation of each row with the next, column by column; of one table or of several."""
    return (values[..., 1:, :] * values[..., :-1, :]).mean(axis=-2)


def _p_value(values: np.ndarray, unit, random: np.random.Generator, when=None) -> float:
    """How often permuted rows (within units) reach the largest of all statistics."""
    if len(values) < FEWEST_ROWS // 2 or not values.std(axis=0).any():
        return 1.0
    values = _standard(values)
    by_unit = None if unit is None else np.argsort(unit, kind="stable")
    stretches = _stretches(len(values), when)
    orders = [np.arange(len(values))]
    orders += [_permuted(len(values), unit, by_unit, random) for _ in range(PERMUTATIONS)]
    at_once = max(1, MOST_ROWS // len(values))
    some = (orders[first : first + at_once] for first in range(0, len(orders), at_once))
    table = np.concatenate([_statistics(values[np.array(one)], stretches) for one in some])
    spread = table.std(axis=0)
    largest = ((table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)).max(axis=1)
    return float((largest >= largest[0] - 1e-9).mean())  # ties are ties, however they are added up


def _permuted(count: int, unit, by_unit, random: np.random.Generator) -> np.ndarray:
    """The places in a random order; rows of a unit change places with one another alone."""
    if unit is None:
        return random.permutation(count)
    places = np.empty(count, dtype=int)
    places[by_unit] = np.lexsort((random.random(count), unit))
    return places


def _stretches(count: int, when: np.ndarray | None) -> list[np.ndarray]:
    """Where stretches of rows in time begin and end: equal parts, and rows of one moment."""
    parts = [np.arange(n + 1) * count // n for n in STRETCHES if n * 5 <= count]
    if when is not None:
        begins = np.flatnonzero(when[1:] != when[:-1]) + 1
        if FEWEST_MOMENTS <= len(begins) + 1 <= count / 2:
            parts.append(np.concatenate([[0], begins, [count]]))
    return parts


def _statistics(values: np.ndarray, stretches: list[np.ndarray]) -> np.ndarray:
    """How alike neighbours are, and how far the means of stretches are apart, by column.

    `values` are several tables of n × columns; a row a table.
    """
    sums = np.pad(np.cumsum(values, axis=-2), ((0, 0), (1, 0), (0, 0)))
    found = [_neighbours(values)]
    for ends in stretches:
        total, size = np.diff(sums[:, ends], axis=-2), np.diff(ends)
        found.append((total**2 / size[:, None]).sum(axis=-2))
    return np.concatenate(found, axis=-1)


# --- The order of rows in a file ----------------------------------------------------------------


def sorted_by(rows: Labelled) -> str:
    """What a file is sorted by other than time: the target, or a column; empty for nothing.

    >>> from ..learning.task_kind import Task
    >>> X = pd.DataFrame({"age": np.arange(60.0) // 2})
    >>> sorted_by(Labelled(Task("y", "regression"), X, np.tile([1.0, 2.0], 30), np.arange(60)))
    'age'
    """
    y = pd.Series(rows.y)
    if _sorts(y if rows.task.is_regression else y.astype(str)):
        return rows.task.target
    columns = [str(name) for name in rows.X if not _words(str(name)) & TIME_WORDS]
    return next((name for name in columns if _sorts(rows.X[name])), "")


def _goes_one_way(present: pd.Series) -> bool:
    """Whether nearly all steps are up, or nearly all are down."""
    step = present.diff().dropna()
    step = step[step != step.min() * 0]  # a rare flag hardly ever changes, and sorts nothing
    ahead = (step > step.min() * 0).mean()
    return max(ahead, 1 - ahead) >= SORTED


def _sorts(column: pd.Series) -> bool:
    """Whether rows are in the order of a column, or lie together by its levels."""
    present = column.dropna()
    if present.nunique() < 2 or _counts_rows(present):
        return False
    if (is_counted(column) or is_date(column)) and _goes_one_way(present):
        return True
    codes = pd.factorize(present)[0]
    changes = int((codes[1:] != codes[:-1]).sum())
    return bool(changes <= 1.2 * codes.max() and changes < len(codes) / 3)


def _counts_rows(present: pd.Series) -> bool:
    """Whether a column has a whole number, or a word, of its own for nearly each row."""
    unique = present.nunique() > 0.9 * len(present)
    return unique and (not is_counted(present) or bool((present.astype("float64") % 1 == 0).all()))


def _is_sorted(rows: Labelled, name: str) -> bool:
    """Whether the rows of a file are in the order of a column of times, or in reverse order."""
    when = moments(rows, name).dropna()
    some = when.iloc[evenly_spaced(len(when), MOST_ROWS)]
    return bool(abs(some.rank().corr(pd.Series(np.arange(len(some)), index=some.index))) > 0.95)
