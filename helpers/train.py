"""Stage 5, train: a ladder of models, cross-validated; a seeded search above it; one winner.

Every model sees numbers that were made by features fitted on its own training rows, fold by fold.
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
from sklearn.metrics import f1_score, precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier, ParameterSampler
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from .base.user_errors import InputError
from .learning.labelled_data import Labelled, evenly_spaced_positions
from .learning.metric_names import PLAIN_NAMES
from .learning.metric_scores import better, score
from .learning.predicting import predict
from .learning.task_kind import Task
from .models.calibrated_model import (
    Calibrated,
    apply_calibration,
    calibration_error,
    fit_calibration,
    judged_probability,
)
from .models.model_ladder import (
    BASELINE,
    ENSEMBLE,
    MANY_ROWS,
    candidates,
    ensemble_of,
    on_one_thread,
    plain,
    space_of,
)
from .pages.show import progress
from .pipeline import whole_pipeline
from .scale import dask_cluster

WORTHWHILE = 0.02  # F1 that another threshold must win before it takes the place of 0.5
MIN_F1_GAIN = 0.01  # macro F1 that weights of classes must win before they decide
BOOSTING_MODELS = HistGradientBoostingClassifier, HistGradientBoostingRegressor
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
FIRST_ROUND = 0.25  # of so many rows, the share that the search's first round learns from
FINALISTS = 4  # one in so many draws goes on to all rows
SEARCH = "search"  # how the progress of one is named
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


def cross_validate_candidates(
    task: Task, folds: list[Fold], rows: int, models="all", seed=42, balanced=False
) -> list[Trial]:
    """A trial of each model of the ladder; `models` names some of them, separated by commas."""
    ladder = candidates(task, rows, seed, balanced)
    chosen = list(ladder) if models == "all" else [m.strip() for m in models.split(",")]
    for name in chosen:
        if name not in ladder:
            raise InputError(f"models are {', '.join(ladder)}, or all; '{name}' is none of them.")
    chosen = [BASELINE, *[name for name in chosen if name != BASELINE]]
    return try_all(task, [Candidate(name, ladder[name]) for name in chosen], folds)


class Budget:
    """So many minutes from now; 0 is no limit. `cut` says whether the time ran out."""

    def __init__(self, minutes: float = 0.0):
        if minutes < 0:
            raise InputError(f"minutes is 0 (no limit) or more; it is {minutes}.")
        self.minutes, self.cut = minutes, False
        self._until = time.monotonic() + minutes * 60 if minutes else np.inf

    def half(self) -> Budget:
        """A budget of half of the time that is left: a first round leaves some to a second."""
        part = Budget(self.minutes)
        part._until = time.monotonic() + max(self._until - time.monotonic(), 0) / 2
        return part

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether there is time for a task that takes so many seconds."""
        enough = time.monotonic() + seconds <= self._until
        self.cut = self.cut or not enough
        return enough


def search(
    task: Task, first_trials: list[Trial], folds: list[Fold], trials: int, seed=42, budget=None
) -> list[Trial]:
    """So many seeded draws of settings, for the families that lead the ladder in turn.

    A family leads when it lies within the spread of the folds behind the best. Where rows are many,
    all candidates get a quarter of them, and only the best quarter goes on to all (successive
    halving, Jamieson and Talwalkar 2016). Each draw comes back as the trial of its last round;
    `best_of` looks at those on all rows alone.

    Why not scikit-learn's `HalvingRandomSearchCV` (1.9, experimental): it fits the features anew
    for each draw (here once a fold), draws fewer rows at random without regard to classes, and
    knows no budget of time.
    """
    drawn = _sampled_settings(task, leading_trials(first_trials), trials, seed)
    if best_of(first_trials).rows <= MANY_ROWS:
        return try_all(task, progress(drawn, SEARCH), folds, budget)
    half = budget.half() if budget else None
    first = try_all(task, progress(drawn, SEARCH), [thinned_fold(fold) for fold in folds], half)
    if half and half.cut:
        budget.cut = True
    first.sort(key=lambda trial: -trial.mean)
    count = -(-trials // FINALISTS)
    finalists = [_with(trial, trial.parameters) for trial in first[:count]]
    finals = try_all(task, progress(finalists, SEARCH), folds, budget)
    return [*finals, *first[len(finals) :]]


def leading_trials(trials: list[Trial]) -> list[Trial]:
    """The best candidate and those within one standard deviation of the folds, best first."""
    best = best_of(trials)
    ranked = sorted(trials, key=lambda trial: -trial.mean)
    near = [t for t in ranked if t.family != BASELINE and best.mean - t.mean <= best.spread]
    return near or [best]


def _sampled_settings(task: Task, families: list[Trial], count: int, seed: int) -> list[Candidate]:
    """The models of these trials with settings drawn for each, the families in turn."""
    families = [trial for trial in families if space_of(task, trial.family)]
    if not families or count < 1:
        return []
    each = -(-count // len(families))
    rounds = zip(
        *(
            [_with(trial, plain(p)) for p in ParameterSampler(space, each, random_state=seed)]
            for trial in families
            for space in [space_of(task, trial.family)]
        ),
        strict=True,
    )
    return [draw for one in rounds for draw in one][:count]


def _with(start: Trial, parameters: dict) -> Candidate:
    """The model of a trial with other settings."""
    settings = {k: v for k, v in parameters.items() if k in start.model.get_params()}
    return Candidate(start.family, clone(start.model).set_params(**settings), parameters)


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


def try_ensemble(task: Task, trials: list[Trial], folds: list[Fold]) -> list[Trial]:
    """The mean of the best models of two or three families, if it is better by more than the noise.

    The noise is the standard error of the gain over the folds. An empty list when it does not.
    """
    best = best_of(trials)
    families = {}
    for trial in sorted(on_all_rows(trials), key=lambda trial: -trial.mean):
        if trial.family != BASELINE:
            families.setdefault(trial.family, trial)
    members, found = list(families.values()), []
    for count in range(2, len(members) + 1):
        some = members[:count]
        model = ensemble_of(task, {trial.family: trial.model for trial in some})
        said = np.mean([trial.said for trial in some], axis=0)
        cuts = np.cumsum([len(fold.y_valid) for fold in folds])[:-1]
        seconds = sum(trial.seconds for trial in some)
        names = {"members": " + ".join(trial.family for trial in some)}
        found.append(make_trial(task, ENSEMBLE, model, folds, np.split(said, cuts), names, seconds))
    return [
        trial
        for trial in found
        if trial is best_of([best, *found]) and _is_clearly_better(trial, best)
    ]


def _is_clearly_better(trial: Trial, other: Trial) -> bool:
    """Whether a trial beats another on the same folds by more than the noise of the gain."""
    if len(trial.scores) != len(other.scores) or len(trial.scores) < 2:
        return False
    gains = np.subtract(trial.scores, other.scores)
    return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))


def on_all_rows(trials: list[Trial]) -> list[Trial]:
    """The trials that learnt from all rows; those that the search dropped earlier learnt from few.

    Scores on fewer rows can't be compared with scores on all.
    """
    most = max((trial.rows for trial in trials), default=0)
    return [trial for trial in trials if trial.rows == most]


def best_of(trials: list[Trial]) -> Trial:
    """The trial on all rows with the highest mean score; the earlier one when two are equal."""
    return max(on_all_rows(trials), key=lambda trial: trial.mean)


def calibrated(task: Task, trial: Trial) -> Trial:
    """The trial with its probabilities calibrated on out-of-fold predictions."""
    if task.is_regression or trial.family == BASELINE:
        return trial
    truth = pd.Index(task.classes).get_indexer(trial.truth.astype(str))
    slope, shifts = fit_calibration(trial.said, truth)
    said = apply_calibration(trial.said, slope, shifts)
    model = Calibrated(trial.model, slope, shifts, _weights(task, truth, said))
    return replace(trial, model=model, said=said)


def _weights(task: Task, truth: np.ndarray, predicted: np.ndarray) -> tuple[float, ...]:
    """Weights that turn the choice between several classes to rare ones; empty where nothing does.

    The counterpart of the threshold between two: a power of how rare a class is, the one with the
    best macro F1 on the validation rows, where it wins at least 0.01 and F1 is what counts.
    """
    if task.kind != "multiclass" or task.main_metric != "f1_macro":
        return ()
    counts = np.bincount(truth, minlength=len(task.classes))
    rarity = counts.max() / np.maximum(counts, 1)

    def f1(power: float) -> float:
        decided = (predicted * rarity**power).argmax(axis=1)
        return f1_score(truth, decided, average="macro", zero_division=0)

    best = max(POWERS, key=f1)
    if f1(best) < f1(0.0) + MIN_F1_GAIN:
        return ()
    return tuple(float(weight) for weight in rarity**best)


def best_threshold(task: Task, trial: Trial) -> float:
    """The probability from which to say yes: the one with the best F1 on the validation rows.

    It takes the place of 0.5 only where it wins at least 0.02.
    """
    if task.kind != "binary" or trial.family == BASELINE:
        return 0.5
    truth, chance = _positives(task, trial)
    precision, recall, thresholds = precision_recall_curve(truth, chance)
    total = np.maximum(precision + recall, 1e-12)
    f1 = (2 * precision * recall / total)[:-1]
    at_half = f1[thresholds >= 0.5][0] if (thresholds >= 0.5).any() else 0.0
    best = int(np.argmax(f1))
    if f1[best] <= at_half + WORTHWHILE:
        return 0.5
    lower = thresholds[best - 1] if best else 0.0
    return float((lower + thresholds[best]) / 2)  # between two probabilities, not on one


def _positives(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Which validation rows are positive, and the probabilities that the trial gave them."""
    return trial.truth == task.positive, trial.said[:, task.classes.index(task.positive)]


def cheapest_threshold(
    task: Task, trial: Trial, cost_false_positive: float, cost_false_negative: float
) -> float:
    """The probability from which to say yes that costs least on the validation rows.

    `false_alarm` is the cost of saying yes wrongly, `miss` that of saying no wrongly.
    """
    truth, chance = _positives(task, trial)
    order = np.argsort(-chance, kind="stable")
    yes, chance = truth[order], chance[order]
    # After each row from the top: all up to it are called yes, all below it no.
    costs = cost_false_positive * np.append(0, np.cumsum(~yes)) + cost_false_negative * np.append(
        yes.sum(), yes.sum() - np.cumsum(yes)
    )
    ends = np.append(True, np.append(np.diff(chance) < 0, True))  # never between equal ones
    best = int(np.argmin(np.where(ends, costs, np.inf)))
    above = chance[best - 1] if best else 1.0
    below = chance[best] if best < len(chance) else 0.0
    return float(np.clip((above + below) / 2, 1e-6, 1 - 1e-6))


def final_model(task: Task, trial: Trial, threshold: float = 0.5):
    """The winner, unfitted, one thread; with its threshold where that is not 0.5."""
    model = on_one_thread(trial.model)
    if task.kind != "binary" or threshold == 0.5:
        return model
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=task.positive, response_method="predict_proba"
    )


@dataclass(frozen=True)
class TrainingResult:
    """What training found: every trial, the winner with its probabilities mended, the threshold."""

    trials: list[Trial]
    best: Trial
    threshold: float
    cut: bool = False


def learn(
    rows: Labelled, plan: dict, trials=12, minutes=0.0, models="all", seed=42, searcher=search
) -> TrainingResult:
    """All steps of this stage on rows that have folds; `plan` is the feature plan."""
    task, budget = rows.task, Budget(minutes)
    folds = make_folds(rows, plan, seed)
    ladder = cross_validate_candidates(task, folds, len(rows.y), models, seed)
    found = ladder + searcher(task, ladder, folds, trials, seed, budget)
    found += try_ensemble(task, found, folds)
    best = calibrated(task, best_of(found))
    return TrainingResult(found, best, best_threshold(task, best), budget.cut)


def fit_final(cleaning: dict, features: dict, model, rows: Labelled, seed: int = 42) -> Pipeline:
    """The whole pipeline, fitted on the training rows."""
    return whole_pipeline.fit(cleaning, features, model, rows.X, rows.y, seed)


def trials_table(trials: list[Trial], task: Task) -> pd.DataFrame:
    """A row per trial, best first: model, score over the folds, its spread, rows, parameters.

    Trials that learnt from fewer rows than others come last.
    """
    metric = PLAIN_NAMES[task.main_metric]
    table = pd.DataFrame(
        {
            "model": trial.family,
            metric: trial.mean,
            "spread": trial.spread,
            "rows": trial.rows,
            "seconds": round(trial.seconds, 2),
            "parameters": ", ".join(f"{k}={_short(v)}" for k, v in trial.parameters.items())
            or "default",
        }
        for trial in trials
    )
    return table.sort_values(["rows", metric], ascending=False, kind="stable", ignore_index=True)


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def headline(task: Task, best: Trial, baseline: Trial, count: int, budget=None) -> str:
    """The stage's result in a sentence; says so when the time ran out."""
    metric = PLAIN_NAMES[task.main_metric]
    cut = f" {describe_budget(budget)}" if budget and budget.cut else ""
    return (
        f"The best of {count} trials is {best.family}: {metric} {best.mean:.2f} in "
        f"cross-validation, against {baseline.mean:.2f} for the baseline.{cut}"
    )


def describe_ladder(trials: list[Trial], task: Task) -> str:
    """A sentence that reads the ladder."""
    best, baseline = best_of(trials), trials[0]
    others = [t for t in trials if t.family not in (best.family, BASELINE)]
    text = f"**{best.family}** leads with {best.mean:.2f} ({PLAIN_NAMES[task.main_metric]}); "
    text += f"the baseline, which ignores every column, has {baseline.mean:.2f}."
    close = [t.family for t in others if best.mean - t.mean < np.std(best.scores)]
    if close:
        text += f" Within one standard deviation: {' and '.join(close)}."
    return text


def describe_search(first_trials: list[Trial], found: list[Trial], task: Task) -> str:
    """A sentence that says what the search won."""
    if not found:
        return "No search was asked for: the default parameters stay."
    before, after = best_of(first_trials).mean, best_of(found).mean
    rounds = _describe_rounds(found)
    if after <= before:
        text = f"**The search found nothing better** than the defaults ({before:.3f}); they stay."
        return f"{text}{rounds}"
    return (
        f"{len(found)} trials improved {PLAIN_NAMES[task.main_metric]} from {before:.3f} to "
        f"**{after:.3f}**, a gain of {after - before:.3f}; the folds differ by "
        f"{np.std(best_of(found).scores):.3f}.{rounds}"
    )


def _describe_rounds(found: list[Trial]) -> str:
    """On how many rows the search's rounds worked, as a sentence; empty where it had one."""
    finalists = len(on_all_rows(found))
    if finalists == len(found):
        return ""
    few, all_rows = min(t.rows for t in found), max(t.rows for t in found)
    return (
        f" All {len(found)} candidates got up to {few:,} rows a fold, the best {finalists} of "
        f"them again from all {all_rows:,}."
    )


def describe_folds(folds: list[Fold]) -> str:
    """What the folds hold, in a sentence."""
    return (
        f"**{len(folds)} folds**, the last with {len(folds[-1].y):,} rows to learn from and "
        f"{len(folds[-1].y_valid):,} to be examined on; each row is {folds[-1].X.shape[1]} numbers."
    )


def choose_threshold(
    task: Task,
    trial: Trial,
    asked: float = 0.0,
    cost_false_positive: float = 0.0,
    cost_false_negative: float = 0.0,
) -> float:
    """The threshold that was asked for; when 0 was given, the cheapest one, or the best by F1.

    `false_alarm` and `miss` are what the two kinds of errors cost; both 0: not given.
    """
    if not 0 <= asked < 1:
        raise InputError(f"threshold lies between 0 and 1 (0 finds the best); it is {asked}.")
    if min(cost_false_positive, cost_false_negative) < 0:
        raise InputError(
            f"Costs are 0 or more; they are {cost_false_positive} and {cost_false_negative}."
        )
    if asked or task.kind != "binary":
        return asked or 0.5
    if cost_false_positive or cost_false_negative:
        return cheapest_threshold(task, trial, cost_false_positive, cost_false_negative)
    return best_threshold(task, trial)


def describe_threshold(
    task: Task, threshold: float, cost_false_positive=0.0, cost_false_negative=0.0
) -> str:
    """From which probability on the model says yes, and why, in a sentence."""
    if task.kind == "multiclass":
        return (
            "There is no threshold between several classes; where weights for rare ones improve "
            "macro F1 on the validation rows, the decision does."
        )
    if task.kind != "binary":
        return "There is no threshold to choose: it applies to two classes only."
    text = f"The model says {task.target} = {task.positive} from a probability of "
    if cost_false_positive or cost_false_negative:
        return (
            f"{text}**{threshold:.2g}** on, where errors cost least on the validation rows: "
            f"{cost_false_positive:g} for a false positive, {cost_false_negative:g} for a false negative."
        )
    if threshold == 0.5:
        return f"{text}0.50 on."
    return f"{text}**{threshold:.2g}** on, where F1 is best on the validation rows."


def describe_ensemble(task: Task, trials: list[Trial], ensemble: list[Trial]) -> str:
    """Whether an ensemble was taken, and why, in a sentence."""
    best = best_of(trials)
    if not ensemble:
        return (
            f"**No ensemble**: the mean of several models does not beat {best.family} alone by "
            f"more than the noise between folds, and would be slower to ask."
        )
    gain = ensemble[0].mean - best.mean
    return (
        f"**An ensemble wins**: the mean of {ensemble[0].parameters['members']} scores "
        f"{ensemble[0].mean:.3f} ({PLAIN_NAMES[task.main_metric]}), {gain:.3f} more than "
        f"{best.family} alone, more than the noise between folds."
    )


def describe_calibration(task: Task, before: Trial, after: Trial) -> str:
    """The calibration error before and after calibration."""
    if task.is_regression or before is after:
        return "There are no probabilities to calibrate here."
    errors = [calibration_error(*winner_probabilities(task, trial)) for trial in (before, after)]
    return (
        f"On validation rows the probabilities were {errors[0]:.1%} off on average (expected "
        f"calibration error); stretched by {after.model.slope:.2f} and shifted, "
        f"**{errors[1]:.1%}**."
    )


def winner_probabilities(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """The probability that calibration uses in each row, and whether it was right."""
    return judged_probability(task, trial.truth, trial.said)


def describe_budget(budget: Budget) -> str:
    """Whether the time ran out, as a sentence; empty where it did not."""
    if not budget.cut:
        return ""
    return f"The search was cut after {budget.minutes:g} minutes, before all trials were made."


def summary(
    task: Task,
    best: Trial,
    threshold: float,
    headline: str,
    budget: Budget,
    calibration: Trial,
    costs: tuple = (0.0, 0.0),
) -> dict:
    """The content of `training.json`: the winner and how it was found."""
    mended_by = {}
    if isinstance(calibration.model, Calibrated):
        mended_by = {"slope": calibration.model.slope, "shifts": list(calibration.model.shifts)}
    return {
        "model": best.family,
        "parameters": best.parameters,
        "metric": task.main_metric,
        "cross_validated": best.mean,
        "calibration": mended_by,
        "threshold": threshold,
        "costs": list(costs),
        "minutes": budget.minutes,
        "cut": budget.cut,
        "headline": headline,
    }
