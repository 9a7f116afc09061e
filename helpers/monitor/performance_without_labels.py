"""Performance before the labels have come, from the probabilities alone.

CBPE, confidence-based performance estimation (NannyML; Białek et al. 2024, "Estimating model
performance under covariate shift without labels"): a model that gives 0.8 is right in 8 of 10 such
rows, so its probabilities give the number of predictions expected to be right. It shows the effect
of other rows on the score. It doesn't show that the rows *mean* something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.score_intervals import JudgedRows, Spread, spread_of
from ..learning.task_kind import Task
from ..models.calibrated_model import apply_calibration, fit_calibration

ASSUMPTIONS = (
    "the probabilities are calibrated (of rows given 30 %, three in ten are positive), what the "
    "columns mean for the target has not changed, and the new rows are of kinds that the training "
    "rows covered"
)
RESAMPLES = 200
BLOCKS = 60  # of units left out in turn: an expected score takes time
NORMAL = 1.96  # standard errors on either side of a 95 % interval
TINY = np.finfo(float).eps


@dataclass(frozen=True)
class Calibration:
    """How probabilities are calibrated before they are used (`helpers.models.calibrated_model`)."""

    slope: float = 1.0
    shifts: tuple[float, ...] = ()

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """The calibrated probabilities, n × classes."""
        if not len(self.shifts):
            return probability
        return apply_calibration(probability, self.slope, self.shifts)


def calibrate(task: Task, truth, probability: np.ndarray) -> Calibration:
    """The calibration that fits held-out rows: n labels, n × classes probabilities of a model.

    The model must not have been fitted on these rows: on its training rows a model is far too sure.
    So a model that was refitted on all rows is calibrated by the predictions of the one that was
    evaluated. Fewer than 200 rows change nothing; for numbers there is nothing to calibrate.
    """
    if task.is_regression:
        return Calibration()
    positions = pd.Index(task.classes).get_indexer(np.asarray(truth).astype(str))
    return Calibration(*fit_calibration(np.asarray(probability), positions))


def expected(
    task: Task, probability, prediction, metrics=None, calibration: Calibration | None = None
) -> dict[str, float]:
    """The expected metrics of the task, without labels.

    `probability` is n × classes in the order of `task.classes`, `prediction` n labels as the model
    decided; `metrics` are names of `task.metrics` (None: all); one that is not defined (one class
    only) is left out. Empty for numbers, which have no probability (not applicable). It assumes
    what `ASSUMPTIONS` says.

    >>> task = Task("late", "binary", ("no", "yes"), "yes")
    >>> probability = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> round(expected(task, probability, ["no", "yes"], ["accuracy"])["accuracy"], 2)
    0.85
    """
    if task.is_regression:
        return {}
    probability = np.asarray(probability, float)
    weights = (calibration or Calibration()).apply(probability)
    predicted = pd.Index(task.classes).get_indexer(np.asarray(prediction).astype(str))
    confusion = expected_confusion(weights, predicted)
    known = {"binary": _binary, "multiclass": _multiclass}[task.kind](task, confusion)
    known["log_loss"] = lambda: -(weights * np.log(np.clip(probability, TINY, 1))).sum(1).mean()
    if task.kind == "binary":
        positive = task.classes.index(task.positive)
        ranked = weights[:, positive], probability[:, positive]
        known["roc_auc"] = lambda: expected_roc_auc(*ranked)
        known["average_precision"] = lambda: expected_average_precision(*ranked)
    names = task.metrics if metrics is None else metrics
    values = {name: float(known[name]()) for name in names if name in known}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def expected_confusion(weights: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Expected counts by true class (down) and predicted class (across).

    `weights` are n × classes probabilities, `predicted` the positions of the n predicted classes.

    >>> expected_confusion(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])).tolist()
    [[0.9, 0.2], [0.1, 0.8]]
    """
    decided = np.eye(weights.shape[1])[predicted] * (predicted >= 0)[:, None]
    return weights.T @ decided


def _binary(task: Task, confusion: np.ndarray) -> dict:
    """The metrics of a binary task from the expected confusion matrix."""
    yes = task.classes.index(task.positive)
    right, predicted, true = confusion[yes, yes], confusion[:, yes].sum(), confusion[yes].sum()
    return {
        "accuracy": lambda: np.trace(confusion) / confusion.sum(),
        "precision": lambda: right / max(predicted, TINY),
        "recall": lambda: right / max(true, TINY),
        "f1": lambda: 2 * right / max(predicted + true, TINY),
    }


def _multiclass(task: Task, confusion: np.ndarray) -> dict:
    """The metrics of several classes from the expected confusion matrix."""
    right = np.diag(confusion)
    predicted, true = (np.maximum(confusion.sum(axis=side), TINY) for side in (0, 1))
    return {
        "accuracy": lambda: right.sum() / confusion.sum(),
        "precision_macro": lambda: (right / predicted).mean(),
        "recall_macro": lambda: (right / true).mean(),
        "f1_macro": lambda: (2 * right / (predicted + true)).mean(),
    }


def expected_roc_auc(probability: np.ndarray, scores: np.ndarray) -> float:
    """The ROC AUC to expect of n scores, when each row is positive with its probability.

    Expected pairs of a positive and a negative row in the right order (a tie counts half), over
    all expected pairs; a row makes no pair with itself. It is the area under the curve of expected
    true and false positive rates.

    >>> expected_roc_auc(np.array([0.0, 1.0]), np.array([0.3, 0.4]))
    1.0
    """
    _, place = np.unique(scores, return_inverse=True)
    yes, no = (np.bincount(place, weights=w) for w in (probability, 1 - probability))
    with_itself = (probability * (1 - probability)).sum()
    right = (yes * (no.cumsum() - no / 2)).sum() - with_itself / 2
    pairs = yes.sum() * no.sum() - with_itself
    return float(right / pairs) if pairs > TINY else float("nan")


def expected_average_precision(probability: np.ndarray, scores: np.ndarray) -> float:
    """Precision averaged over recall (scikit-learn's average precision), from expected counts.

    >>> expected_average_precision(np.array([0.0, 1.0]), np.array([0.3, 0.4]))
    1.0
    """
    _, place = np.unique(-scores, return_inverse=True)
    yes, rows = np.bincount(place, weights=probability), np.bincount(place)
    precision = yes.cumsum() / rows.cumsum()
    return float((precision * yes).sum() / yes.sum()) if yes.sum() > TINY else float("nan")


def interval(
    task: Task, probability, prediction, metrics=None, calibration: Calibration | None = None,
    resamples: int = RESAMPLES, seed: int = 42,
) -> pd.DataFrame:  # fmt: skip
    """Where the realised metrics would lie in 95 % of cases, if the assumptions are true.

    Labels are drawn from the probabilities, and the predictions scored by them. The rows stay, so
    only the outcomes vary. A frame: a row per metric, `low` and `high`.
    """
    names = list(task.metrics if metrics is None else metrics)
    if task.is_regression:
        return pd.DataFrame(columns=["low", "high"])
    probability = np.asarray(probability, float)
    upper = (calibration or Calibration()).apply(probability).cumsum(axis=1)
    random, classes = np.random.default_rng(seed), np.asarray(task.classes, dtype=object)
    found = []
    for _ in range(resamples):
        drawn = (random.random((len(upper), 1)) > upper).sum(axis=1).clip(max=len(classes) - 1)
        found.append(score(task, classes[drawn], prediction, probability, names))
    table = pd.DataFrame(found).reindex(columns=names)
    return pd.DataFrame({"low": table.quantile(0.025), "high": table.quantile(0.975)})


@dataclass(frozen=True)
class Noise:
    """How far realised scores lie from expected ones, as the held-out rows show.

    Outcomes of one unit may go together: they then vary `ratio` times as much as if each row drew
    its own. `standard_error` is that of the difference on the held-out rows, and so of the
    calibration, which was fitted there.
    """

    ratio: float = 1.0
    standard_error: float = 0.0

    def widened(self, low: float, high: float) -> tuple[float, float]:
        """An interval for rows that each draw their own outcome, made as wide as it has to be."""
        middle, half = (low + high) / 2, (high - low) / 2
        half = np.hypot(self.ratio * half, NORMAL * self.standard_error)
        return middle - half, middle + half


def outcome_noise(task: Task, held_out: JudgedRows, calibration: Calibration) -> Noise:
    """The noise of held-out rows, units left out whole (the jackknife)."""
    main, unit = task.main_metric, held_out.unit
    numbers = held_out.truth, held_out.prediction, held_out.probability

    def difference(kept: np.ndarray) -> float:
        truth, prediction, probability = (values[kept] for values in numbers)
        realised = score(task, truth, prediction, probability, [main])
        estimate = expected(task, probability, prediction, [main], calibration)
        return realised.get(main, np.nan) - estimate.get(main, np.nan)

    error = spread_of(difference, len(held_out.truth), unit, BLOCKS).standard_error
    low, high = interval(task, *numbers[:0:-1], [main], calibration).loc[main]
    drawn = (high - low) / (2 * NORMAL)
    if not (error > 0 and drawn > 0):
        return Noise()
    return Noise(1.0 if unit is None else max(error / drawn, 1.0), error)


def expected_spread(
    task: Task, probability, prediction, calibration: Calibration | None = None, unit=None
) -> Spread:
    """The expected main metric of n rows, and how much it depends on which units came."""
    main = task.main_metric
    probability, prediction = np.asarray(probability), np.asarray(prediction)

    def figure(kept: np.ndarray) -> float:
        some = probability[kept], prediction[kept]
        return expected(task, *some, [main], calibration).get(main, np.nan)

    return spread_of(figure, len(prediction), unit, BLOCKS)


def by_period(
    task: Task, probability, prediction, period, metrics=None,
    calibration: Calibration | None = None, noise: Noise | None = None, seed: int = 42,
) -> pd.DataFrame:  # fmt: skip
    """A row per period: rows, the metrics to expect, and the main metric's interval.

    `period` names the period of each row. Columns `rows`, the metrics, and `from` and `to` of the
    main metric (see `interval`; `noise` makes it wider). No row for numbers: not applicable.
    """
    if task.is_regression:
        return pd.DataFrame(columns=["rows"]).rename_axis("period")
    probability, prediction = np.asarray(probability), np.asarray(prediction)
    main, rows = task.main_metric, {}
    for name in np.unique(period):
        chosen = np.asarray(period) == name
        some = task, probability[chosen], prediction[chosen]
        limits = interval(*some, [main], calibration, seed=seed).loc[main]
        rows[name] = {"rows": int(chosen.sum())} | expected(*some, metrics, calibration)
        ends = (noise or Noise()).widened(limits["low"], limits["high"])
        rows[name] |= dict(zip(("from", "to"), ends, strict=True))
    return pd.DataFrame(rows).T.astype({"rows": int}).rename_axis("period")


def shown(estimated: pd.DataFrame, realised: pd.DataFrame | None, metric: str) -> pd.DataFrame:
    """The estimate of a metric by period as it is shown, beside the realised one where known."""
    name, two_places = PLAIN_NAMES[metric], "{:.2f}".format
    table = pd.DataFrame({"rows": estimated["rows"].map("{:,}".format)})
    if metric in estimated:
        table[f"{name}, estimated"] = estimated[metric].map(two_places)
    if metric in estimated and "from" in estimated:
        ends = estimated[["from", "to"]].map(two_places)
        table["95 % interval"] = ends["from"] + " to " + ends["to"]
    if metric in estimated and realised is not None and metric in realised:
        known = realised[metric].reindex(estimated.index)
        table[f"{name}, realised"] = known.map(two_places).where(known.notna(), "(no labels)")
    return table


NO_ESTIMATE = (
    "**No estimate before the labels come**: not applicable, a predicted number has no probability "
    "of being right."
)


def describe_estimate(
    task: Task, estimated: pd.DataFrame, realised: pd.DataFrame | None = None
) -> str:
    """The estimate and its assumptions, in two sentences."""
    if task.is_regression:
        return NO_ESTIMATE
    metric, name = task.main_metric, PLAIN_NAMES[task.main_metric]
    if metric not in estimated or not len(estimated):
        return f"**No estimate**: {name} can't be estimated from these predictions."
    span, each = _range(estimated[metric]), ", by period" if len(estimated) > 1 else ""
    text = f"**Expected before any label: {name} {span}{each}.** It assumes that {ASSUMPTIONS}."
    if realised is None or metric not in realised:
        return text
    apart = (estimated[metric] - realised[metric].reindex(estimated.index)).abs().max()
    return text if np.isnan(apart) else f"{text} Realised values lie up to {apart:.3f} from it."


def _range(values: pd.Series) -> str:
    """The smallest and the largest value; one where they are equal with two decimals."""
    low, high = f"{values.min():.2f}", f"{values.max():.2f}"
    return low if low == high else f"{low} to {high}"
