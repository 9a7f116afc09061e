"""Fold trials."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from ..base.user_errors import InputError
from ..learning.labelled_data import Labelled, evenly_spaced_positions
from ..learning.metric_scores import better, score
from ..learning.predicting import predict
from ..learning.task_kind import Task
from ..models.model_ladder import (
    on_one_thread,
)
from ..pipeline import whole_pipeline
from ..scale import dask_cluster

BOOSTING_MODELS = HistGradientBoostingClassifier, HistGradientBoostingRegressor
FIRST_ROUND = 0.25  # of so many rows, the share that the search's first round learns from
STEP, PATIENCE, MOST_ROUNDS = 40, 2, 400  # boosting adds this many trees a step


@dataclass(frozen=True)
class Fold:
    """The numbers and labels of one fold, made by features that saw its training rows alone."""

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray


def make_folds(rows: Labelled, features: dict, seed: int = 42) -> list[Fold]:
    """The folds of the training rows as numbers; made once, used by every model."""
    folds = []
    for train, valid in rows.folds():
        if not rows.task.is_regression and len(set(rows.y[train])) < 2:
            continue  # nothing can be learnt from one class
        maker = whole_pipeline.features_of(features, seed)
        X = maker.fit_transform(rows.X.iloc[train], rows.y[train])
        folds.append(Fold(X, rows.y[train], maker.transform(rows.X.iloc[valid]), rows.y[valid]))
    if not folds:
        raise InputError(
            "No fold has two classes to learn from: collect more rows of the rare one."
        )
    return folds


@dataclass(frozen=True)
class Trial:
    """One model on every fold: its scores there, and what it said of the validation rows.

    `said` are the probabilities (n × classes), or the n predicted numbers of a regression; `rows`
    counts the rows that it learnt from in the largest fold.
    """

    model: object
    family: str
    parameters: dict
    scores: list[float]
    seconds: float
    truth: np.ndarray
    said: np.ndarray | None
    rows: int = 0

    @property
    def mean(self) -> float:
        """The mean score over the folds."""
        return float(np.mean(self.scores))

    @property
    def spread(self) -> float:
        """How far the scores of the folds lie apart: their standard deviation."""
        return float(np.std(self.scores))


@dataclass(frozen=True)
class Candidate:
    """A model that is to be tried: its family, and the settings that were drawn for it."""

    family: str
    model: object
    parameters: dict | None = None


def cross_validate(task: Task, family: str, model, folds: list[Fold], parameters=None) -> Trial:
    """Fit a model on each fold and score it on that fold's validation rows.

    Boosting grows until more trees win nothing more on the validation rows (early stopping); the
    number of trees is the one that is best over all folds.
    """
    asked = Candidate(family, model, parameters)
    return _trial_of(task, asked, folds, [_on_fold(task, model, fold) for fold in folds])


@dataclass(frozen=True)
class FoldResult:
    """The result of a model on one fold, and its seconds.

    `curve` has its score and its answers on the validation rows; for boosting a pair for every so
    many trees, for any other model one pair.
    """

    curve: list[tuple[float, np.ndarray]]
    seconds: float


def _on_fold(task: Task, model, fold: Fold) -> FoldResult:
    """Fit a model on one fold; the same numbers to the last bit on any number of cores."""
    began = time.perf_counter()
    with threadpool_limits(1, "blas"):  # a sum that several threads share comes out otherwise
        if isinstance(model, BOOSTING_MODELS):
            curve = _growth(task, model, fold)
        else:
            said = _answers(task, clone(model).fit(fold.X, fold.y), fold.X_valid)
            curve = [(_score(task, fold, said), said)]
    return FoldResult(curve, time.perf_counter() - began)


def _trial_of(task: Task, asked: Candidate, folds: list[Fold], found: list[FoldResult]) -> Trial:
    """The trial of a model, from its result on each fold."""
    model, parameters, curves = asked.model, asked.parameters, [one.curve for one in found]
    best = 0
    if isinstance(model, BOOSTING_MODELS):
        best = _best_step(curves)
        rounds = (best + 1) * STEP
        model = clone(model).set_params(max_iter=rounds)
        parameters = (parameters or {}) | {"max_iter": rounds}
    # A fold that stopped early keeps what it had at its end.
    answers = [curve[min(best, len(curve) - 1)][1] for curve in curves]
    seconds = sum(one.seconds for one in found)
    return make_trial(task, asked.family, model, folds, answers, parameters, seconds)


def make_trial(task: Task, family, model, folds, answers, parameters, seconds) -> Trial:
    scores = [_score(task, fold, said) for fold, said in zip(folds, answers, strict=True)]
    scores = [s for s in scores if np.isfinite(s)] or [0.0]
    truth, said = np.concatenate([fold.y_valid for fold in folds]), np.concatenate(answers)
    rows = max(len(fold.y) for fold in folds)
    return Trial(model, family, parameters or {}, scores, seconds, truth, said, rows)


def _answers(task: Task, fitted, X: np.ndarray) -> np.ndarray:
    """The probabilities of the classes, or the predicted numbers."""
    if "n_jobs" in fitted.get_params():
        fitted.set_params(n_jobs=None)  # threads add up the trees' answers in any order
    prediction, probability = predict(task, fitted, X)
    return prediction if probability is None else probability


def _score(task: Task, fold: Fold, predicted: np.ndarray) -> float:
    """The main metric on a fold's validation rows; larger is better."""
    if task.is_regression:
        prediction, probability = predicted, None
    else:
        prediction, probability = (
            np.asarray(task.classes, object)[predicted.argmax(axis=1)],
            predicted,
        )
    found = score(task, fold.y_valid, prediction, probability, [task.main_metric])
    return better(task.main_metric, found.get(task.main_metric, np.nan), 0)


def _best_step(curves: list[list[tuple[float, np.ndarray]]]) -> int:
    """After which step of growth the mean score over all folds is best."""
    scores = [[score for score, _ in curve] for curve in curves]
    longest = max(map(len, scores))
    means = np.nanmean([s + s[-1:] * (longest - len(s)) for s in scores], axis=0)
    return int(np.nanargmax(means)) if np.isfinite(means).any() else 0


def _growth(task: Task, model, fold: Fold) -> list[tuple[float, np.ndarray]]:
    """Score and answers on the validation rows, after each `STEP` trees until they win nothing."""
    growing, curve, best = clone(model).set_params(warm_start=True), [], 0
    for rounds in range(STEP, MOST_ROUNDS + 1, STEP):
        said = _answers(task, growing.set_params(max_iter=rounds).fit(fold.X, fold.y), fold.X_valid)
        curve.append((_score(task, fold, said), said))
        if not curve[-1][0] <= curve[best][0]:
            best = len(curve) - 1
        if len(curve) - 1 - best >= PATIENCE:
            break
    return curve


def try_all(task: Task, asked: Iterable[Candidate], folds: list[Fold], budget=None) -> list[Trial]:
    """A trial of each model, as many as the budget allows; on a cluster where one is named."""
    found: list[Trial] = []

    def affordable() -> Iterator[Candidate]:
        for one in asked:
            if budget and not budget.allows(max((trial.seconds for trial in found), default=0.0)):
                return
            yield one

    makes = _trials_elsewhere if dask_cluster.current() else _trials_here
    for trial in makes(task, affordable(), folds):
        found.append(trial)
    return found


def _trials_here(task: Task, asked: Iterable[Candidate], folds: list[Fold]) -> Iterator[Trial]:
    for one in asked:
        yield cross_validate(task, one.family, one.model, folds, one.parameters)


def _trials_elsewhere(task: Task, asked: Iterable[Candidate], folds: list[Fold]) -> Iterator[Trial]:
    """The same trials, a task for each fold of each model."""
    with dask_cluster.current_cluster() as workers:
        paths = [write_fold(fold, workers.folder / f"{n}.parquet") for n, fold in enumerate(folds)]
        given: deque[Candidate] = deque()

        def calls() -> Iterator[tuple]:
            for one in asked:
                given.append(one)
                for path in paths:
                    yield task, on_one_thread(one.model), str(path)

        found = []
        for result in workers.map(fit_one, calls()):
            found.append(result)
            if len(found) == len(folds):
                yield _trial_of(task, given.popleft(), folds, found)
                found = []


def fit_one(task: Task, model, path: str) -> FoldResult:
    """One model on one fold that lies in a Parquet file: the task that a worker is given."""
    return _on_fold(task, model, _read_fold(path))


def write_fold(fold: Fold, path: Path) -> Path:
    """A fold as a table: the numbers, the label `y`, and whether a row `learns`."""
    table = pd.DataFrame(np.concatenate([fold.X, fold.X_valid]))
    table.columns = [str(name) for name in table.columns]
    table["y"] = np.concatenate([fold.y, fold.y_valid])
    table["learns"] = np.arange(len(table)) < len(fold.y)
    table.attrs = {"orders": ["F" if X.flags.f_contiguous else "C" for X in (fold.X, fold.X_valid)]}
    table.to_parquet(path, index=False)
    return path


@lru_cache(maxsize=8)  # the folds of a search, so that a worker reads each once
def _read_fold(path: str) -> Fold:
    table = pd.read_parquet(path)
    learns, orders = table.pop("learns").to_numpy(), table.attrs["orders"]
    y = table.pop("y").to_numpy()
    y = y if y.dtype.kind == "f" else y.astype(object)
    X = table.to_numpy()
    # Sums run along the memory: another order of it, other last bits.
    X, X_valid = (
        np.array(X[part], order=o) for part, o in zip((learns, ~learns), orders, strict=True)
    )
    return Fold(X, y[learns], X_valid, y[~learns])


def thinned_fold(fold: Fold) -> Fold:
    """The fold with a share of its rows to learn from, and all those that it is examined on."""
    kept = evenly_spaced_positions(fold.y, round(FIRST_ROUND * len(fold.y)))
    return replace(fold, X=fold.X[kept], y=fold.y[kept])


def on_all_rows(trials: list[Trial]) -> list[Trial]:
    """The trials that learnt from all rows; those that the search dropped earlier learnt from few.

    Scores on fewer rows can't be compared with scores on all.
    """
    most = max((trial.rows for trial in trials), default=0)
    return [trial for trial in trials if trial.rows == most]


def best_of(trials: list[Trial]) -> Trial:
    """The trial on all rows with the highest mean score; the earlier one when two are equal."""
    return max(on_all_rows(trials), key=lambda trial: trial.mean)
