"""The whole of a model that adds up its columns: what each column adds to the answer, by its value.

A linear model, and boosting whose trees ask one feature each, give a row the score
start + f1(column 1) + f2(column 2) + … (log odds for classes, the number itself for numbers). So
the curve of a column is exact: the same whatever the other columns hold, unlike a partial
dependence, which is a mean over them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_date, is_number
from ..learning.inner_folds import fit_by_unit
from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated

ROWS, MOST_COLUMNS, MOST_LEVELS = 500, 6, 8
POINTS, DAYS = 40, 200  # of a number's curve, and of a date's, which goes up and down by week
ONE_FEATURE_A_TREE = "no_interactions"
EXACT = 1e-6  # of the spread of scores: contributions that do not add up are not shown


@dataclass(frozen=True)
class Curve:
    """What one column adds to the score, by its value, less its mean over the rows.

    `adds` has a row a value (of a number in rising order, else the most frequent levels first), in
    the column `all` the curve of the model, in the others those of the folds' models. `seen` are
    the column's values in the rows, `spread` the standard deviation of what it adds to them.
    `missing` is what a missing value adds (NaN where none is missing).
    """

    name: str
    adds: pd.DataFrame
    seen: pd.Series
    spread: float
    missing: float

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers or days, in order."""
        return is_number(self.seen) or is_date(self.seen)


def is_additive(model) -> bool:
    """Whether a fitted model of features adds up what each feature gives.

    >>> is_additive(Ridge())
    True
    """
    inner = _scored(model)[0]
    return isinstance(inner, LogisticRegression | Ridge) or (
        getattr(inner, "interaction_cst", None) == ONE_FEATURE_A_TREE
    )


def _scored(model) -> tuple:
    """The model that gives the score, and by what calibration stretches it."""
    if isinstance(model, FixedThresholdClassifier):
        return _scored(getattr(model, "estimator_", model.estimator))
    if isinstance(model, Calibrated):
        return getattr(model, "estimator_", model.estimator), float(model.slope)
    return model, 1.0


class Sum:
    """A fitted learner (features and model) that is a sum, and n rows that it is looked at on.

    `terms` maps the columns that a term reads to its features. Nearly every term reads one column;
    the days between two dates read two. Which features read a column is seen by what changes when
    the column does. Derived columns count as columns.
    """

    def __init__(self, task: Task, learner: Pipeline, X: pd.DataFrame):
        self.task, self.features = task, Pipeline(learner["features"].steps[1:])
        self.model, self.slope = _scored(learner["model"])
        self.rows = learner["features"]["derive"].transform(X).reset_index(drop=True)
        self.numbers = np.asarray(self.features.transform(self.rows), float)
        self.terms = self._terms(used(learner))

    def _terms(self, columns: list[str]) -> dict[tuple[str, ...], np.ndarray]:
        reads = np.column_stack([self._features_of(name) for name in columns])
        of_feature = [tuple(np.array(columns, object)[one]) for one in reads]
        return {term: np.flatnonzero([one == term for one in of_feature])
                for term in dict.fromkeys(of_feature) if term}  # fmt: skip

    def _features_of(self, name: str) -> np.ndarray:
        """Which features change when a column has the value of the first row in all of them."""
        same = self.rows.assign(
            **{name: self._column(name, self.rows[name].iloc[[0] * self.count])}
        )
        changed = np.asarray(self.features.transform(same), float)
        return ~np.isclose(changed, self.numbers, rtol=0, atol=0, equal_nan=True).all(axis=0)

    def _column(self, name: str, values: pd.Series) -> pd.Series:
        return values.reset_index(drop=True).astype(self.rows[name].dtype)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def scores(self, numbers: np.ndarray) -> np.ndarray:
        """The scores of rows of features.

        Of two classes the log odds of the positive one, of several its sum less the mean of all
        sums; of numbers the number. Calibration stretches a score; its shift is not in it.
        """
        if self.task.is_regression:
            return np.asarray(self.model.predict(numbers), float)
        found = self.slope * self.model.decision_function(numbers)
        own = [str(name) for name in self.model.classes_].index(self.task.positive)
        if found.ndim == 1:
            return found if own else -found
        return found[:, own] - found.mean(axis=1)

    def adds(self, term: tuple[str, ...], numbers: np.ndarray | None = None) -> np.ndarray:
        """What a term adds to the score of each row (of features), less its mean over the rows."""
        own = self._alone(term, self.numbers)
        return (own if numbers is None else self._alone(term, numbers)) - own.mean()

    def _alone(self, term: tuple[str, ...], numbers: np.ndarray) -> np.ndarray:
        """The scores where one term is as it is, and all others as in the first row."""
        mixed = np.repeat(self.numbers[:1], len(numbers), axis=0)
        mixed[:, self.terms[term]] = numbers[:, self.terms[term]]
        return self.scores(mixed)

    def adds_at(self, name: str, values: pd.Series) -> np.ndarray:
        """What a column adds at some values, less its mean over the rows."""
        if (name,) not in self.terms:
            return np.zeros(len(values))
        rows = self.rows.iloc[[0] * len(values)].reset_index(drop=True)
        rows[name] = self._column(name, values)
        return self.adds((name,), np.asarray(self.features.transform(rows), float))


def contributions(task: Task, learner: Pipeline, X: pd.DataFrame) -> pd.DataFrame | None:
    """What each term adds to the score of each of n rows: n × terms, each with a mean of 0.

    `learner` is the fitted features and model, `X` cleaned rows. None where the model is not
    additive, or what the terms add does not sum to the score.
    """
    return _contributions(Sum(task, learner, X)) if is_additive(learner["model"]) else None


def _contributions(found: Sum) -> pd.DataFrame | None:
    whole = found.scores(found.numbers)
    adds = pd.DataFrame({" and ".join(term): found.adds(term) for term in found.terms})
    off = np.abs(adds.sum(axis=1) + whole.mean() - whole).max()
    return adds if off <= EXACT * max(float(np.std(whole)), 1.0) else None


def used(learner: Pipeline) -> list[str]:
    """The columns that the features are made from, derived ones among them."""
    return [c for _, _, columns in learner["features"]["encode"].transformers for c in columns]


def curves(task: Task, learner: Pipeline, rows: Labelled) -> list[Curve]:
    """The curves of the columns that move the answers most, at most six; [] if not additive.

    `rows` are the training rows: they say which values there are, and their folds, on which the
    model is fitted again, how sure each curve is. `task` is as `watching` gives it. What two
    columns add together (the days between two dates) has no curve.
    """
    if not is_additive(learner["model"]):
        return []
    some = rows.X.iloc[evenly_spaced(len(rows.X), ROWS)]
    whole = Sum(task, learner, some)
    adds = _contributions(whole)
    if adds is None:
        return []
    spread = adds.std().sort_values(ascending=False, kind="stable")
    leading = [name for name in spread.index if (name,) in whole.terms and spread[name] > 0]
    fitted = _of_folds(learner, rows) if leading else []
    every = [whole, *(Sum(task, one, some) for one in fitted)]
    return [_curve(every, name, float(spread[name])) for name in leading[:MOST_COLUMNS]]


def watching(rows: Labelled) -> Task:
    """The task, with a class to watch where there are several: the commonest one."""
    if rows.task.kind != "multiclass":
        return rows.task
    return replace(rows.task, positive=str(pd.Series(rows.y).astype(str).mode()[0]))


def _of_folds(learner: Pipeline, rows: Labelled) -> list[Pipeline]:
    """The same learner, fitted on the training rows of each fold that has all classes."""
    parts = [learn for learn, _ in rows.folds()]
    if not rows.task.is_regression:
        parts = [learn for learn in parts if set(rows.y[learn]) == set(rows.y)]
    return [fit_by_unit(clone(learner), rows, part) for part in parts]


def _curve(every: list[Sum], name: str, spread: float) -> Curve:
    """The curve of one column by each model; the first is the one that is shown."""
    seen = every[0].rows[name]
    values = values_of(seen)
    labels = ["all", *(f"fold {place}" for place in range(1, len(every)))]
    table = {label: one.adds_at(name, values) for label, one in zip(labels, every, strict=True)}
    empty = seen[seen.isna()].head(1)
    missing = float(every[0].adds_at(name, empty)[0]) if len(empty) else float("nan")
    return Curve(name, pd.DataFrame(table, pd.Index(values, name=name)), seen, spread, missing)


def values_of(column: pd.Series) -> pd.Series:
    """The values at which a curve is drawn: spread over a number's range, else common levels.

    >>> values_of(pd.Series([3.0, 1.0, None, 3.0])).tolist()
    [1.0, 3.0]
    """
    present = column.dropna()
    if not (is_number(column) or is_date(column)):
        return pd.Series(present.value_counts().index[:MOST_LEVELS])
    ordered = pd.Series(np.sort(present.unique()))
    most = DAYS if is_date(column) else POINTS
    return ordered.iloc[evenly_spaced(len(ordered), most)].reset_index(drop=True)


def curves_picture(task: Task, found: list[Curve]):
    """The curves of the columns that move the answers most, titled by the first one."""
    from ..pages import additive_plots

    high = -(-len(found) // additive_plots.ACROSS)
    title = f"What each column adds: {found[0].name} moves the answer most"
    answer = task.target if task.is_regression else f"the log odds of {event(task)}"
    return additive_plots.column_curves(found, answer, title, height=0.6 + 2.0 * high)


def describe_curves(task: Task, found: list[Curve]) -> str:
    """Which column moves the answer most, from where to where, in a sentence."""
    if not found:
        return ""
    first = found[0].adds["all"]
    low, high = first.idxmin(), first.idxmax()
    unit = task.target if task.is_regression else f"the log odds of {event(task)}"
    others = " and ".join(curve.name for curve in found[1:3])
    text = (
        f"**The whole model is a sum**, one curve a column: {found[0].name} moves {unit} most, by "
        f"{first.min():+.2g} at {_said(low)} to {first.max():+.2g} at {_said(high)}"
    )
    return f"{text}{f'; then come {others}' if others else ''}."


def event(task: Task) -> str:
    """The class whose score is shown."""
    return f"{task.target} = {task.positive}"


def _said(value) -> str:
    """A value of a column in a sentence."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
