"""Performance before the labels have come, from the probabilities alone.

CBPE, confidence-based performance estimation (NannyML; Białek et al. 2024, "Estimating model
performance under covariate shift without labels"): a model that says 0.8 is right in 8 of 10 such
rows, so its probabilities say how many answers are expected to be right. It sees what a change of
the rows does to the score. It doesn't see a change of what the rows *mean*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.task_kind import Task
from ..models.calibrated_model import apply_calibration, fit_calibration

ASSUMPTIONS = (
    "the probabilities hold (of rows given 30 %, three in ten come true), what the columns mean "
    "for the target has not changed, and the new rows are of kinds that training rows covered"
)
RESAMPLES = 100
TINY = np.finfo(float).eps


@dataclass(frozen=True)
class Calibration:
    """How a model's probabilities are calibrated before they are used (`helpers.models.calibrated_model`)."""

    slope: float = 1.0
    shifts: tuple[float, ...] = ()

    def mend(self, probability: np.ndarray) -> np.ndarray:
        """The calibrated probabilities, n × classes."""
        if not len(self.shifts):
            return probability
        return apply_calibration(probability, self.slope, self.shifts)


def calibrate(task: Task, truth, probability: np.ndarray) -> Calibration:
    """The mending that fits held-out rows: n labels, and n × classes probabilities of a model.

    The rows must not have been learnt from: on its own training rows a model is far too sure. So
    a model that was refitted on all rows is mended by what its twin, the one that was evaluated,
    said of the held-out ones.
    Fewer than 200 rows change nothing; for numbers there is nothing to calibrate.
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
    only) is left out. Empty for numbers: a predicted number carries no probability, so nothing is
    to be expected (not applicable).

    Assumes what `ASSUMPTIONS` says.

    >>> task = Task("late", "binary", ("no", "yes"), "yes")
    >>> said = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> round(expected(task, said, ["no", "yes"], ["accuracy"])["accuracy"], 2)
    0.85
    """
    if task.is_regression:
        return {}
    probability = np.asarray(probability, float)
    weights = (calibration or Calibration()).mend(probability)
    said = pd.Index(task.classes).get_indexer(np.asarray(prediction).astype(str))
    confusion = expected_confusion(weights, said)
    known = {"binary": _binary, "multiclass": _multiclass}[task.kind](task, confusion)
    known["log_loss"] = lambda: -(weights * np.log(np.clip(probability, TINY, 1))).sum(1).mean()
    if task.kind == "binary":
        positive = task.classes.index(task.positive)
        chance, scores = weights[:, positive], probability[:, positive]
        known["roc_auc"] = lambda: expected_roc_auc(chance, scores)
        known["average_precision"] = lambda: expected_average_precision(chance, scores)
    names = task.metrics if metrics is None else metrics
    values = {name: float(known[name]()) for name in names if name in known}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def expected_confusion(weights: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Expected counts by true class (down) and predicted class (across).

    `weights` are n × classes probabilities, `said` the positions of the n predicted classes.

    >>> expected_confusion(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])).tolist()
    [[0.9, 0.2], [0.1, 0.8]]
    """
    decided = np.eye(weights.shape[1])[predicted] * (predicted >= 0)[:, None]
    return weights.T @ decided


def _binary(task: Task, confusion: np.ndarray) -> dict:
    yes = task.classes.index(task.positive)
    found, said, true = confusion[yes, yes], confusion[:, yes].sum(), confusion[yes].sum()
    return {
        "accuracy": lambda: np.trace(confusion) / confusion.sum(),
        "precision": lambda: found / max(said, TINY),
        "recall": lambda: found / max(true, TINY),
        "f1": lambda: 2 * found / max(said + true, TINY),
    }


def _multiclass(task: Task, confusion: np.ndarray) -> dict:
    found = np.diag(confusion)
    said, true = (np.maximum(confusion.sum(axis=side), TINY) for side in (0, 1))
    return {
        "accuracy": lambda: found.sum() / confusion.sum(),
        "precision_macro": lambda: (found / said).mean(),
        "recall_macro": lambda: (found / true).mean(),
        "f1_macro": lambda: (2 * found / (said + true)).mean(),
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
    """Where the realised metrics would lie in 95 % of cases, were the assumptions true.

    Labels are drawn from the probabilities, and the answers scored by them: the rows stay, so it
    is the chance of outcomes alone. A frame: a row per metric, `low` and `high`.
    """
    names = list(task.metrics if metrics is None else metrics)
    if task.is_regression:
        return pd.DataFrame(columns=["low", "high"])
    probability = np.asarray(probability, float)
    upper = (calibration or Calibration()).mend(probability).cumsum(axis=1)
    random, classes = np.random.default_rng(seed), np.asarray(task.classes, dtype=object)
    found = []
    for _ in range(resamples):
        drawn = (random.random((len(upper), 1)) > upper).sum(axis=1).clip(max=len(classes) - 1)
        found.append(score(task, classes[drawn], prediction, probability, names))
    table = pd.DataFrame(found).reindex(columns=names)
    return pd.DataFrame({"low": table.quantile(0.025), "high": table.quantile(0.975)})


def by_period(
    task: Task, probability, prediction, period, metrics=None,
    calibration: Calibration | None = None, seed: int = 42,
) -> pd.DataFrame:  # fmt: skip
    """A row per period: rows, the metrics to expect, and the main metric's interval.

    `period` names the period of each row. Columns `rows`, the metrics, and `from` and `to` of the
    main metric (see `interval`). No row for numbers: not applicable.
    """
    if task.is_regression:
        return pd.DataFrame(columns=["rows"]).rename_axis("period")
    probability, prediction = np.asarray(probability), np.asarray(prediction)
    main, rows = task.main_metric, {}
    for name in np.unique(period):
        chosen = np.asarray(period) == name
        said = task, probability[chosen], prediction[chosen]
        limits = interval(*said, [main], calibration, seed=seed).loc[main]
        rows[name] = {"rows": int(chosen.sum())} | expected(*said, metrics, calibration)
        rows[name] |= {"from": limits["low"], "to": limits["high"]}
    return pd.DataFrame(rows).T.astype({"rows": int}).rename_axis("period")


def shown(estimated: pd.DataFrame, realised: pd.DataFrame | None, metric: str) -> pd.DataFrame:
    """The estimate of a metric by period as it is shown, beside the realised one where known."""
    name = PLAIN_NAMES[metric]
    table = pd.DataFrame({"rows": estimated["rows"].map("{:,}".format)})
    if metric not in estimated:
        return table
    table[f"{name}, estimated"] = estimated[metric].map("{:.2f}".format)
    if "from" in estimated:
        ends = estimated[["from", "to"]].map("{:.2f}".format)
        table["95 % interval"] = ends["from"] + " to " + ends["to"]
    if realised is not None and metric in realised:
        known = realised[metric].reindex(estimated.index)
        table[f"{name}, realised"] = known.map("{:.2f}".format).where(known.notna(), "(no labels)")
    return table


def describe_estimate(
    task: Task, estimated: pd.DataFrame, realised: pd.DataFrame | None = None
) -> str:
    """What the estimate says and on which assumptions, in two sentences."""
    if task.is_regression:
        return (
            "**No estimate before the labels come**: not applicable, a predicted number carries no "
            "probability of being right."
        )
    metric = task.main_metric
    name = PLAIN_NAMES[metric]
    if metric not in estimated or not len(estimated):
        return f"**No estimate**: {name} can't be expected from these answers."
    low, high = estimated[metric].min(), estimated[metric].max()
    span = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    text = f"**Expected before any label: {name} {span}.** It assumes that {ASSUMPTIONS}."
    if realised is None or metric not in realised:
        return text
    apart = (estimated[metric] - realised[metric].reindex(estimated.index)).abs().max()
    return text if np.isnan(apart) else f"{text} Realised values lie up to {apart:.2f} from it."
