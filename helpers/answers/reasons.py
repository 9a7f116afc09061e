"""Why an answer: what each column of the table adds to it, from a base to the model's score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.spacing import evenly_spaced
from ..features.compiled_features import CompiledFeatures
from ..learning.predicting import Answers
from ..learning.task_kind import Task
from . import additive_models  # noqa: F401 - registers the models of the ladder
from .additive import EXACT, LOG_ODDS, NUMBER, About, Additive, additive_model
from .sampled_reasons import SAMPLED

MOST_EXAMPLES = 500  # rows of training that linear models are averaged over


@dataclass(frozen=True)
class Reasons:
    """Additive reasons: base + the contributions of the `columns` = the score of a row.

    The columns are the user's own, before encoding: what is made of one column is added up, and
    what is made of several (days between two dates, a formula) is shared between them equally,
    which is how Shapley values share what only several have together.

    `scale` says what is added up. "log odds": of the class that is answered; with several classes
    its log probability against the mean of the others'. "probability": of that class. Otherwise
    the target, in its own unit. `error` says how exact the contributions are; the sum always is.

    >>> from sklearn.linear_model import Ridge
    >>> from helpers.pipeline import whole_pipeline
    >>> rows = pd.DataFrame({"size": [1.0, 2, 3, 4], "age": [1.0, 4, 2, 3]})
    >>> plan = {"columns": {"size": "number", "age": "number"}, "derived": {}}
    >>> model = whole_pipeline.learner(plan, Ridge(alpha=1e-9)).fit(rows, rows["size"])
    >>> reasons = Reasons.of(Task("rent", "regression"), model, rows)
    >>> reasons.columns, reasons.scale, round(reasons.base, 1)
    (['size', 'age'], 'rent', 2.5)
    >>> added = reasons.of_row(model[:-1].transform(rows)[0])
    >>> float(round(reasons.base + added.sum() - model.predict(rows)[0], 9))
    0.0
    """

    columns: list[str]
    scale: str
    error: str
    additive: Additive
    places: tuple[int, ...]  # by class of the task where the model has it; -1 where it has not

    @classmethod
    def of(
        cls, task: Task, model: Pipeline, examples: pd.DataFrame | None = None, exact: bool = False
    ) -> Reasons:
        """The reasons of a fitted pipeline.

        `examples` are rows of training as the pipeline takes them, such as those of a bundle;
        linear models and those that are sampled need them (InputError). `exact` asks for TreeSHAP
        of large forests too, a tenth of a second a row; else theirs are near to it (`cut_trees`).
        """
        made_of = CompiledFeatures(model["features"]).origins()
        columns = list(dict.fromkeys(name for origin in made_of for name in origin))
        about = About(_shares(made_of, columns), _asked(model, examples), exact)
        additive = additive_model(model["model"], about)
        scale = task.target if additive.scale == NUMBER else additive.scale
        return cls(columns, scale, additive.error, additive, _places(task, model))

    @property
    def is_exact(self) -> bool:
        """Whether the contributions are the Shapley values of the answer itself."""
        return self.error == EXACT

    @property
    def is_sampled(self) -> bool:
        """Whether they are sampled; then `deviations` says how far they may be off."""
        return self.error == SAMPLED

    @property
    def base(self) -> float | list[float]:
        """The score without any column: one number, or one by class of the task."""
        if self.additive.scale == NUMBER:
            return float(self.additive.base[0])
        return [self.base_of(position) for position in range(len(self.places))]

    def base_of(self, position: int = 0) -> float:
        """The base of the class at a position of the task; NaN where the model lacks the class."""
        place = self.places[position] if self.places else 0
        return float(self._of_class(self.additive.base, place)) if place >= 0 else float("nan")

    def of_row(self, x: np.ndarray, position: int = 0) -> np.ndarray:
        """The contributions of the columns to one row of features, for the class at a position."""
        return self._of_class(self.additive.row(x), self._place(position), is_change=True)

    def of_rows(self, X: np.ndarray, positions=None) -> np.ndarray:
        """n × columns: those of n rows of features, for the class at the position of each."""
        found = self.additive.rows(X)
        if not self.places:
            return found[:, 0]
        places = np.asarray(self.places)[np.asarray(positions, dtype=int)]
        out = np.empty((len(X), len(self.columns)))
        for place in np.unique(places):
            these = places == place
            own = np.moveaxis(found[these], 1, 0)
            out[these] = self._of_class(own, max(int(place), 0), is_change=True)
        return out

    def deviations(self, x: np.ndarray, position: int = 0) -> np.ndarray:
        """The standard errors of the contributions to one row; 0 where they are not sampled."""
        found, place = self.additive.deviations(x), self._place(position)
        return found[place if len(found) > 1 else 0]

    @property
    def _has_one_class(self) -> bool:
        return sum(place >= 0 for place in self.places) == 1

    def _place(self, position: int) -> int:
        return max(self.places[position], 0) if self.places else 0

    def _of_class(self, scores: np.ndarray, place: int, is_change: bool = False) -> np.ndarray:
        """Of K scores (the first axis), or of changes of them, the one of a class of the model."""
        if len(scores) == 1 and self._has_one_class:
            return scores[0]
        if len(scores) == 1:
            rest = 0 if is_change or self.additive.scale == LOG_ODDS else 1
            return scores[0] if place or not self.places else rest - scores[0]
        if self.additive.scale != LOG_ODDS:
            return scores[place]
        return (scores[place] - scores.mean(axis=0)) * len(scores) / (len(scores) - 1)


def _shares(made_of: list[tuple[str, ...]], columns: list[str]) -> np.ndarray:
    """Features × columns: how much of each feature belongs to which column; rows add up to 1."""
    shares = np.zeros((len(made_of), len(columns)))
    for feature, origin in enumerate(made_of):
        for name in origin:
            shares[feature, columns.index(name)] += 1 / len(origin)
    return shares


def _asked(model: Pipeline, examples: pd.DataFrame | None) -> Callable | None:
    """What gives the features of some examples; None where there are none."""
    if examples is None or examples.empty:
        return None
    some = examples.iloc[evenly_spaced(len(examples), min(MOST_EXAMPLES, len(examples)))]
    return lambda: np.asarray(model[:-1].transform(some), dtype=float)


def _places(task: Task, model: Pipeline) -> tuple[int, ...]:
    """By class of the task its place among the classes of the model; empty for numbers."""
    if task.is_regression:
        return ()
    known = {place: n for n, place in enumerate(Answers.of(task, model).places)}
    return tuple(known.get(position, -1) for position in range(len(task.classes)))
