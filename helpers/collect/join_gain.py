"""What each join adds to the score on folds, beside what it adds where there is nothing to learn.

The zero is a random target: the labels, dealt out again to whole units. Rows that are held out
later are not asked: figures are of the earlier four fifths of the time, or of a draw of units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_counted
from ..learning.fold_scores import fold_scores
from ..learning.label_column import draft_label, read_label
from ..learning.labelled_data import TRAIN, Labelled
from ..learning.task_kind import Task, encode, find_task
from ..learning.units import UnitRule, find_units, units_of
from ..tables.sources.joining import Joined
from ..tables.sources.moments import read_moments
from ..tables.sure_numbers import numbers_if_surely

MOST_ROWS, FOLDS, SHUFFLES, MOST_LEVELS = 3_000, 3, 5, 100
BEYOND = 3.0  # standard deviations, which a few shuffles tell only roughly
EARLIER = 0.8  # share of the rows that are asked


@dataclass(frozen=True)
class Gain:
    """What a join adds to a score; the mean and the standard deviation of it by chance alone."""

    source: str
    metric: str
    adds: float
    zero: float
    noise: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it adds more than three times the noise above the zero."""
        return self.adds - self.zero > BEYOND * self.noise


def gains(
    joined: Joined,
    target: str,
    drop: list[str] | None = None,
    shuffles: int = SHUFFLES,
    seed: int = 42,
) -> tuple[float, list[Gain]]:
    """The score of the main table alone, and what each join adds to it.

    `drop` names columns that are not known at the moment. The random target is dealt out
    `shuffles` times. Raises InputError for a target that can't be learnt.
    """
    rows = rows_to_ask(joined, target, drop or [], seed)
    columns = {one.source: list(one.columns) for one in joined.reports}
    added = {name for names in columns.values() for name in names}
    own = [name for name in rows.X if name not in added]
    alone, adds = _scores(rows, own, columns, seed)
    random = np.random.default_rng(seed)
    dealt = [
        _scores(with_random_target(rows, random), own, columns, seed)[1] for _ in range(shuffles)
    ]
    zeros = {name: np.array([one[name] for one in dealt]) for name in columns}
    metric = rows.task.main_metric
    return alone, [
        Gain(name, metric, adds[name], float(zeros[name].mean()), float(zeros[name].std(ddof=1)))
        for name in columns
    ]


def rows_to_ask(
    joined: Joined, target: str, drop: list[str], seed: int = 42, most: int = MOST_ROWS
) -> Labelled:
    """Some of the joined rows with their labels and folds: units whole, and no late ones."""
    frame = joined.frame
    label = read_label(frame[target], draft_label(frame[target]))
    place = _earlier(joined, np.flatnonzero(label.notna()), seed)
    place = place[evenly_spaced(len(place), min(most, len(place)))]
    label, some = label.iloc[place], frame.iloc[place].reset_index(drop=True)
    task = find_task(label, target)
    X = pd.DataFrame({n: _as_feature(some[n]) for n in some if n not in {target, *drop}})
    y, (rule, unit) = encode(label, task), _units(joined, some, label, target)
    fold = _folds(unit, len(some), seed)
    part = np.repeat([TRAIN], len(some))
    return Labelled(task, X, y, place, part=part, fold=fold, unit=unit, units=rule)


def _earlier(joined: Joined, place: np.ndarray, seed: int) -> np.ndarray:
    """The rows of the earlier part of the time; without a moment a draw."""
    asked = joined.recipe.moment
    if asked is None:
        order = np.random.default_rng(seed).permutation(place)
    else:
        at = read_moments(joined.frame[asked.column], asked.zone).at.to_numpy()[place]
        order = place[np.argsort(at, kind="stable")]
    return np.sort(order[: int(EARLIER * len(order))])


def _units(joined: Joined, some: pd.DataFrame, label: pd.Series, target: str):
    """The units of the rows, as the line finds them, by the columns of the main table."""
    main = joined.tables[joined.recipe.main.name]
    X = some[[name for name in main if name != target]]
    asked = joined.recipe.moment
    if asked is not None:
        X = X.assign(**{asked.column: read_moments(X[asked.column], asked.zone).at})
    y = label.to_numpy() if is_counted(label) else label.astype("str").to_numpy(dtype=object)
    rule = find_units(X, y, time_column=asked.column if asked is not None else "")
    return (rule, units_of(rule, X)) if not rule.is_row else (UnitRule(), None)


def _folds(unit: np.ndarray | None, rows: int, seed: int) -> np.ndarray:
    """The fold of each row: whole units, drawn."""
    random = np.random.default_rng(seed)
    if unit is None:
        return random.permutation(rows) % FOLDS
    code, levels = pd.factorize(unit)
    return (random.permutation(len(levels)) % FOLDS)[code]


def _as_feature(column: pd.Series) -> pd.Series:
    """A column as boosted trees take it: numbers, or the most frequent words as categories."""
    if not is_counted(column):
        column = numbers_if_surely(column.astype("str"))
    if is_counted(column):
        return column.astype("Float64").astype("float64")
    usual = column.value_counts().index[:MOST_LEVELS]
    return column.where(column.isin(usual)).astype("category")


def _model(task: Task, seed: int):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    made = HistGradientBoostingRegressor if task.is_regression else HistGradientBoostingClassifier
    return made(max_iter=40, learning_rate=0.15, max_leaf_nodes=15, early_stopping=False,
                categorical_features="from_dtype", random_state=seed)  # fmt: skip


def _scores(rows: Labelled, own: list[str], columns: dict, seed: int) -> tuple[float, dict]:
    """The score of the main table's columns alone, and what those of each join add to it."""
    alone = score_of(rows, own, seed)
    return alone, {n: score_of(rows, own + more, seed) - alone for n, more in columns.items()}


def score_of(rows: Labelled, names: list[str], seed: int = 42) -> float:
    """The mean score on the folds of a quick model that learns from some columns."""
    usable = [n for n in names if n in rows.X and _varies(rows, n)]
    X = rows.X[usable] if usable else pd.DataFrame({"nothing": np.zeros(len(rows.X))})
    metric = rows.task.main_metric
    made = fold_scores(replace(rows, X=X), lambda: _model(rows.task, seed), [metric])
    return float(made.mean[metric])


def _varies(rows: Labelled, name: str) -> bool:
    """Whether a column has two values or more among the rows that each fold learns from."""
    return all(rows.X[name].iloc[learn].nunique() > 1 for learn, _ in rows.folds())


def with_random_target(rows: Labelled, random: np.random.Generator) -> Labelled:
    """The rows with their labels dealt out again, those of one unit together."""
    if rows.unit is None:
        return replace(rows, y=random.permutation(rows.y))
    code, levels = pd.factorize(rows.unit)
    by_unit = np.argsort(code, kind="stable")
    y = np.empty_like(rows.y)
    y[by_unit] = rows.y[np.argsort(random.permutation(len(levels))[code], kind="stable")]
    return replace(rows, y=y)
