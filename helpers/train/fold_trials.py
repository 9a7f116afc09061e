"""A model tried on the folds of the training rows: its scores, and its predictions there.

Here, or spread over a cluster where one is named (see `helpers.scale.dask_cluster`).
"""

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
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from ..answers.fold_answers import FoldAnswers
from ..base.user_errors import InputError
from ..learning.inner_folds import units_kept_whole
from ..learning.labelled_data import Labelled, evenly_spaced_positions
from ..learning.metric_scores import better, score
from ..learning.predicting import predict
from ..learning.score_intervals import JudgedRows, score_spread
from ..learning.task_kind import Task
from ..models.model_ladder import on_one_thread
from ..pipeline import whole_pipeline
from ..scale import dask_cluster

BOOSTING_MODELS = HistGradientBoostingClassifier, HistGradientBoostingRegressor
FIRST_ROUND = 0.25  # share of a fold's training rows in the first round of a search
STEP, PATIENCE, MOST_ROUNDS = 40, 2, 400  # boosting adds this many trees a step


@dataclass(frozen=True)
class Fold:
    """The numbers and labels of one fold; its features were fitted on its training rows alone.

    `X` and `y` are its training rows, `X_valid` and `y_valid` its validation rows; `unit_valid` has
    the labels of their units (None: each row is its own).
    """

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    unit_valid: np.ndarray | None = None


ONE_CLASS = "No fold has training rows of two classes: collect more rows of the rare one."


def make_folds(rows: Labelled, features: dict, seed: int = 42) -> list[Fold]:
    """The folds of the training rows as numbers; made once, used by every model."""
    folds = []
    for train, valid in _usable(rows):
        folds.append(_fold_of(rows, train, valid, whole_pipeline.features_of(features, seed)))
    if not folds:
        raise InputError(ONE_CLASS)
    return folds


def _usable(rows: Labelled) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The folds without those of one class, on which no model can be fitted."""
    for train, valid in rows.folds():
        if rows.task.is_regression or len(set(rows.y[train])) >= 2:
            yield train, valid


def answers_of_folds(rows: Labelled, trial: Trial) -> FoldAnswers:
    """What a trial on the folds of these rows has answered to the rows it had not seen."""
    positions = np.concatenate([valid for _, valid in _usable(rows)])
    name = "rows" if trial.unit is None else rows.units.noun
    places = rows.row[positions], trial.fold, trial.unit
    return FoldAnswers(trial.truth, trial.predicted, *places, name, rows.by_time)


def _fold_of(rows: Labelled, train: np.ndarray, valid: np.ndarray, maker: Pipeline) -> Fold:
    """The numbers of a fold, made by features that are fitted on its training rows."""
    with units_kept_whole(maker, rows, train):
        X = maker.fit_transform(rows.X.iloc[train], rows.y[train])
    X_valid = maker.transform(rows.X.iloc[valid])
    unit = None if rows.unit is None else rows.unit[valid]
    return Fold(X, rows.y[train], X_valid, rows.y[valid], unit)


@dataclass(frozen=True)
class Trial:
    """One model on every fold: its scores, and its predictions for the validation rows.

    `truth` has the labels of all n validation rows, `predicted` the probabilities (n × classes), or
    the n predicted numbers of a regression; `fold` says in which fold each of them is, `unit` in
    which unit (None: each row is its own). `rows` counts the training rows of the largest fold.
    """

    model: object
    family: str
    parameters: dict
    scores: list[float]
    seconds: float
    truth: np.ndarray
    predicted: np.ndarray | None
    rows: int = 0
    fold: np.ndarray | None = None
    unit: np.ndarray | None = None

    @property
    def mean(self) -> float:
        """The mean score over the folds."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """The standard deviation of the scores over the folds."""
        return float(np.std(self.scores))


@dataclass(frozen=True)
class Candidate:
    """A model that is to be tried: its family, and its parameters where a search drew them."""

    family: str
    model: object
    parameters: dict | None = None


def cross_validate(task: Task, family: str, model, folds: list[Fold], parameters=None) -> Trial:
    """Fit a model on each fold and score it on that fold's validation rows.

    Boosting adds trees until they no longer improve the score on the validation rows (early
    stopping); the number of trees is the one that is best over all folds.
    """
    candidate = Candidate(family, model, parameters)
    return _trial_of(task, candidate, folds, [_on_fold(task, model, fold) for fold in folds])


@dataclass(frozen=True)
class FoldResult:
    """The result of a model on one fold, and its seconds.

    `curve` has its score and its predictions on the validation rows; for boosting a pair after each
    `STEP` trees, for any other model one pair.
    """

    curve: list[tuple[float, np.ndarray]]
    seconds: float


def _on_fold(task: Task, model, fold: Fold) -> FoldResult:
    """Fit a model on one fold; the same numbers to the last bit on any number of cores."""
    began = time.perf_counter()
    with threadpool_limits(1, "blas"):  # several threads would add up in another order
        if isinstance(model, BOOSTING_MODELS):
            curve = _growth(task, model, fold)
        else:
            predicted = _predictions(task, clone(model).fit(fold.X, fold.y), fold.X_valid)
            curve = [(_score(task, fold, predicted), predicted)]
    return FoldResult(curve, time.perf_counter() - began)


def _trial_of(
    task: Task, candidate: Candidate, folds: list[Fold], results: list[FoldResult]
) -> Trial:
    """The trial of a candidate, from its result on each fold."""
    curves, best = [result.curve for result in results], 0
    if isinstance(candidate.model, BOOSTING_MODELS):
        best = _best_step(curves)
        candidate = _with_rounds(candidate, (best + 1) * STEP)
    # A fold that stopped early keeps what it had at its end.
    predictions = [curve[min(best, len(curve) - 1)][1] for curve in curves]
    return make_trial(task, candidate, folds, predictions, sum(r.seconds for r in results))


def _with_rounds(candidate: Candidate, rounds: int) -> Candidate:
    """A boosting candidate with its number of trees."""
    model = clone(candidate.model).set_params(max_iter=rounds)
    return Candidate(candidate.family, model, (candidate.parameters or {}) | {"max_iter": rounds})


def make_trial(
    task: Task, candidate: Candidate, folds: list[Fold], predictions: list, seconds: float
) -> Trial:
    """The trial of a candidate, from its predictions for the validation rows of each fold."""
    scores = [_score(task, *one) for one in zip(folds, predictions, strict=True)]
    scores = [s for s in scores if np.isfinite(s)] or [0.0]
    return Trial(
        candidate.model,
        candidate.family,
        candidate.parameters or {},
        scores,
        seconds,
        truth=np.concatenate([fold.y_valid for fold in folds]),
        predicted=np.concatenate(predictions),
        rows=max(len(fold.y) for fold in folds),
        fold=np.repeat(np.arange(len(folds)), [len(fold.y_valid) for fold in folds]),
        unit=_units_of(folds),
    )


def _units_of(folds: list[Fold]) -> np.ndarray | None:
    """The units of all validation rows; None where each row is its own."""
    if any(fold.unit_valid is None for fold in folds):
        return None
    return np.concatenate([fold.unit_valid for fold in folds])


def _predictions(task: Task, fitted, X: np.ndarray) -> np.ndarray:
    """The probabilities of the classes, or the predicted numbers."""
    if "n_jobs" in fitted.get_params():
        fitted.set_params(n_jobs=None)  # threads would add up the trees in any order
    prediction, probability = predict(task, fitted, X)
    return prediction if probability is None else probability


def _score(task: Task, fold: Fold, predicted: np.ndarray) -> float:
    """The main metric on a fold's validation rows; larger is better."""
    found = score(task, fold.y_valid, *answers_of(task, predicted), [task.main_metric])
    return better(task.main_metric, found.get(task.main_metric, np.nan), 0)


def answers_of(task: Task, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """What a trial has predicted, as a prediction (the likeliest class) and its probabilities."""
    if task.is_regression:
        return predicted, None
    return np.asarray(task.classes, object)[predicted.argmax(axis=1)], predicted


def spreads_by_fold(task: Task, trial: Trial) -> list[dict]:
    """The score of a trial on each fold, its standard error by unit, and its degrees of freedom.

    Stage 8 reads from them by how much scores differ from time to time by themselves.
    """
    found = []
    for number in np.unique(trial.fold):
        one = trial.fold == number
        unit = None if trial.unit is None else trial.unit[one]
        said = answers_of(task, trial.predicted[one])
        spread = score_spread(task, JudgedRows(trial.truth[one], *said, unit))
        found.append(spread._asdict())
    return found


def _best_step(curves: list[list[tuple[float, np.ndarray]]]) -> int:
    """After which step of growth the mean score over all folds is best."""
    scores = [[score for score, _ in curve] for curve in curves]
    longest = max(map(len, scores))
    means = np.nanmean([s + s[-1:] * (longest - len(s)) for s in scores], axis=0)
    return int(np.nanargmax(means)) if np.isfinite(means).any() else 0


def _growth(task: Task, model, fold: Fold) -> list[tuple[float, np.ndarray]]:
    """Score and predictions on the validation rows after each `STEP` trees, until no more gain."""
    growing, curve, best = clone(model).set_params(warm_start=True), [], 0
    for rounds in range(STEP, MOST_ROUNDS + 1, STEP):
        growing.set_params(max_iter=rounds).fit(fold.X, fold.y)
        predicted = _predictions(task, growing, fold.X_valid)
        curve.append((_score(task, fold, predicted), predicted))
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
    """The trials one after the other, in this process."""
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
    """Write a fold as a table: the numbers, the label `y`, and whether a row `learns` (trains)."""
    table = pd.DataFrame(np.concatenate([fold.X, fold.X_valid]))
    table.columns = [str(name) for name in table.columns]
    table["y"] = np.concatenate([fold.y, fold.y_valid])
    table["learns"] = np.arange(len(table)) < len(fold.y)
    table.attrs = {"orders": ["F" if X.flags.f_contiguous else "C" for X in (fold.X, fold.X_valid)]}
    table.to_parquet(path, index=False)
    return path


@lru_cache(maxsize=8)  # the folds of a search, so that a worker reads each once
def _read_fold(path: str) -> Fold:
    """The fold that `write_fold` has written."""
    table = pd.read_parquet(path)
    learns, orders = table.pop("learns").to_numpy(), table.attrs["orders"]
    y = table.pop("y").to_numpy()
    y = y if y.dtype.kind == "f" else y.astype(object)
    X = table.to_numpy()
    # Sums run along the memory: another order of it gives other last bits.
    X, X_valid = (
        np.array(X[part], order=o) for part, o in zip((learns, ~learns), orders, strict=True)
    )
    return Fold(X, y[learns], X_valid, y[~learns])


def thinned_fold(fold: Fold) -> Fold:
    """The fold with a share of its training rows, and all its validation rows."""
    kept = evenly_spaced_positions(fold.y, round(FIRST_ROUND * len(fold.y)))
    return replace(fold, X=fold.X[kept], y=fold.y[kept])


def on_all_rows(trials: list[Trial]) -> list[Trial]:
    """The trials that were fitted on all rows, not on a share of them in a first round.

    Scores after fewer training rows can't be compared with scores after all.
    """
    most = max((trial.rows for trial in trials), default=0)
    return [trial for trial in trials if trial.rows == most]


def best_of(trials: list[Trial]) -> Trial:
    """The trial on all rows with the highest mean score; the earlier one when two are equal."""
    return max(on_all_rows(trials), key=lambda trial: trial.mean)
