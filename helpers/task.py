"""What is to be predicted, and how predictions are scored.

The target's type decides the task (binary, multiclass or regression), and the task decides the
metrics; they carry scikit-learn's names throughout.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from .base.ranks import roc_auc
from .base.user_errors import InputError, nearest
from .cells.kinds import is_number
from .cells.known_words import MISSING_WORDS
from .cells.number_formats import number_format, parse_quantity
from .cells.tidy_text import tidy
from .metrics import LESS_IS_BETTER, MAIN_METRIC, METRICS

TASKS = ("binary", "multiclass", "regression")
MOST_CLASSES = 50
POSITIVE_WORDS = ("true", "yes", "y", "1", "t", "positive", "late")


@dataclass(frozen=True)
class Task:
    """The target column, the kind of task, and for classes their names.

    `positive` is the class that a binary model looks for; `metric` decides between models (empty:
    the one that fits the task).
    """

    target: str
    kind: str
    classes: tuple[str, ...] = ()
    positive: str = ""
    metric: str = field(default="", repr=False)

    @property
    def main_metric(self) -> str:
        """The metric that decides between models: the one that was asked for, or the task's own."""
        return self.metric or MAIN_METRIC[self.kind]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of this task, scikit-learn's names."""
        return METRICS[self.kind]

    @property
    def is_regression(self) -> bool:
        """Whether a number is predicted, not a class."""
        return self.kind == "regression"


def draft_label(column: pd.Series) -> dict:
    """How the target is to be read: as it is, as numbers written as text, or as classes.

    >>> draft_label(pd.Series(["yes", "Yes ", "no", "N/A", "yes"]))
    {'kind': 'class', 'values': ['no', 'yes']}
    """
    if not pd.api.types.is_string_dtype(column.dtype) and column.dtype != object:
        return {"kind": "as it is"}
    words = Counter(_label_words(column).dropna().tolist())
    form = number_format(words) if words else None
    if form is not None:
        return {"kind": "number"} | form
    common: dict[str, str] = {}
    for spelling, _ in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        common.setdefault(spelling.casefold(), spelling)
    return {"kind": "class", "values": sorted(common.values())}


def read_label(column: pd.Series, plan: dict) -> pd.Series:
    """The target as its plan reads it; words that mean missing, and infinities, are missing.

    A class keeps the spelling of the plan, whatever its case; one that is not in it stays.
    """
    if plan["kind"] == "class":
        known = {value.casefold(): value for value in plan["values"]}
        return _label_words(column).map(lambda v: known.get(v.casefold(), v), na_action="ignore")
    if plan["kind"] == "number":
        style = plan.get("style", "point")
        units = ("", plan.get("unit", "").casefold())
        read = {w: parse_quantity(w, style) for w in _label_words(column).dropna().unique()}
        numbers = {w: q[0] if q and q[1].casefold() in units else np.nan for w, q in read.items()}
        return _label_words(column).map(numbers).astype(float)
    if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
        words = _label_words(column)
        numbers = pd.to_numeric(words, errors="coerce")  # a later delivery may come as text
        column = numbers if numbers.notna().sum() == words.notna().sum() else words
    if pd.api.types.is_float_dtype(column.dtype):
        return column.where(np.isfinite(column.astype(float)))
    return column


def _label_words(column: pd.Series) -> pd.Series:
    text = column.map(lambda value: tidy(str(value)), na_action="ignore").astype("str")
    return text.mask(text.str.casefold().isin(MISSING_WORDS - {"none", "unknown"}))


def find_task(column: pd.Series, target: str, kind: str = "auto") -> Task:
    """The task that a (cleaned) target column calls for.

    Numbers with more than 20 distinct values mean regression; two values mean binary. `kind`
    overrides. Raises InputError when nothing can be learnt: all missing, one class, more than 50
    classes, or text where a number is expected.

    >>> find_task(pd.Series(["no", "yes", "no"]), "churned")
    Task(target='churned', kind='binary', classes=('no', 'yes'), positive='yes')
    """
    present = column.dropna()
    if present.empty:
        raise InputError(f"The target '{target}' is missing in every row: nothing can be learnt.")
    distinct = present.nunique()
    if distinct == 1:
        raise InputError(
            f"The target '{target}' has one class only ({present.iloc[0]!s:.60}): a model needs at "
            f"least two. Choose another target, or collect rows of the other class."
        )
    if kind not in ("auto", *TASKS):
        raise InputError(f"task is auto, {', '.join(TASKS)}; it is '{kind}'.")
    numeric = is_number(present)
    if kind == "auto":
        whole = numeric and bool((present % 1 == 0).all())
        many = distinct > 20 or (numeric and not whole and distinct > 10)
        kind = "regression" if numeric and many else "binary" if distinct == 2 else "multiclass"
    if kind == "regression":
        if not numeric:
            raise InputError(
                f"task=regression needs numbers, and the target '{target}' holds text such as "
                f"'{present.iloc[0]!s:.40}'."
            )
        return Task(target, kind)
    if distinct > MOST_CLASSES:
        raise InputError(
            f"The target '{target}' has {distinct:,} classes in {len(present):,} rows, more than "
            f"the {MOST_CLASSES} that are supported here. Group them, or choose another target."
        )
    if kind == "binary" and distinct != 2:
        raise InputError(f"task=binary needs two classes; '{target}' has {distinct}.")
    labels = as_labels(present)
    classes = tuple(sorted(labels.unique()))
    return Task(target, kind, classes, _positive(labels, classes) if kind == "binary" else "")


def compared_answers(task: Task, prediction, probability) -> pd.DataFrame:
    """Answers as drift compares them: numbers, classes, or the probability of the positive one."""
    if probability is None:
        return pd.DataFrame({"prediction": prediction})
    if task.kind == "binary":
        chance = probability[:, task.classes.index(task.positive)]
        return pd.DataFrame({f"probability of {task.positive}": chance})
    return pd.DataFrame({"prediction": prediction.astype(str)})


def with_metric(task: Task, metric: str) -> Task:
    """The task with the metric that is to decide between models; "auto" is the task's own.

    >>> with_metric(Task("y", "regression"), "neg_mean_absolute_error").main_metric
    'neg_mean_absolute_error'
    """
    if metric == "auto":
        return task
    allowed = [name for name in task.metrics if name not in LESS_IS_BETTER]
    if metric not in allowed:
        raise InputError(
            f"metric is auto, or for this {task.kind} task one of {', '.join(allowed)}; it is "
            f"'{metric}'. {nearest(metric, allowed)}"
        )
    return replace(task, metric=metric)


def as_labels(column: pd.Series) -> pd.Series:
    """Class labels as text; whole numbers without a decimal point.

    >>> as_labels(pd.Series([0.0, 1.0])).tolist()
    ['0', '1']
    """
    if pd.api.types.is_float_dtype(column.dtype):
        return column.map(lambda v: str(int(v)) if v == int(v) else str(v)).astype("str")
    return column.astype("str")


def encode(column: pd.Series, task: Task) -> np.ndarray:
    """A target without missing values as what models learn from: floats, or labels as text."""
    if task.is_regression:
        return column.astype(float).to_numpy()
    return as_labels(column).to_numpy(dtype=object)


def _positive(labels: pd.Series, classes: tuple[str, ...]) -> str:
    """The class that a model looks for: the one that says yes, or else the rarer one."""
    said = [label for label in classes if label.casefold() in POSITIVE_WORDS]
    return said[0] if len(said) == 1 else labels.value_counts().index[-1]


def score(task: Task, truth, prediction, probability=None, metrics=None) -> dict[str, float]:
    """The task's metrics of some predictions.

    `truth` and `prediction` are arrays of n labels or numbers; `probability` is n × classes in
    the order of `task.classes`. A metric that is not defined (one class only) is left out.
    """
    said = (_as_numbers(task, values) for values in (truth, prediction))
    return _score(task, *said, probability, metrics)


def _as_numbers(task: Task, values) -> np.ndarray:
    """Floats as they are, and labels as their positions in `task.classes` (-1: none of them).

    Numbers are drawn, compared and counted many times faster than texts.
    """
    if task.is_regression:
        return np.asarray(values).astype(float)
    return pd.Index(task.classes).get_indexer(np.asarray(values).astype(str))


def _score(task: Task, truth, prediction, probability, metrics) -> dict[str, float]:
    """The metrics, computed only if requested; arrays as `_as_numbers` has them."""
    names = task.metrics if metrics is None else metrics
    known = {"binary": _binary_scores, "multiclass": _class_scores, "regression": _errors}
    asked = known[task.kind](task, truth, prediction, probability)
    values = {name: asked[name]() for name in names if name in asked}
    return {name: float(value) for name, value in values.items() if value is not None}


def _errors(task: Task, truth, prediction, _) -> dict:
    error, spread = truth - prediction, np.var(truth)
    return {
        "r2": lambda: 1 - (error**2).mean() / spread if spread > 0 else None,
        "neg_mean_absolute_error": lambda: -np.abs(error).mean(),
        "neg_root_mean_squared_error": lambda: -np.sqrt((error**2).mean()),
    }


def _binary_scores(task: Task, truth, prediction, probability) -> dict:
    from sklearn.metrics import average_precision_score

    positive = task.classes.index(task.positive)
    yes, said = truth == positive, prediction == positive
    found = (yes & said).sum()
    scores = {
        "accuracy": lambda: (truth == prediction).mean(),
        "precision": lambda: found / max(said.sum(), 1),
        "recall": lambda: found / max(yes.sum(), 1),
        "f1": lambda: 2 * found / max(said.sum() + yes.sum(), 1),
    }
    if probability is None:
        return scores
    chance = np.asarray(probability)[:, positive]
    if 0 < yes.sum() < len(yes):
        scores["roc_auc"] = lambda: roc_auc(yes, chance)
        scores["average_precision"] = lambda: average_precision_score(yes, chance)
    return scores | {"log_loss": lambda: _log_loss(truth, probability)}


def _class_scores(task: Task, truth, prediction, probability) -> dict:
    from sklearn import metrics as m

    options = {"average": "macro", "zero_division": 0.0}
    scores = {
        "accuracy": lambda: (truth == prediction).mean(),
        "precision_macro": lambda: m.precision_score(truth, prediction, **options),
        "recall_macro": lambda: m.recall_score(truth, prediction, **options),
        "f1_macro": lambda: m.f1_score(truth, prediction, **options),
    }
    if probability is None:
        return scores
    return scores | {"log_loss": lambda: _log_loss(truth, probability)}


def _log_loss(truth: np.ndarray, probability) -> float:
    """Minus the mean logarithm of the probability that was given to the true class."""
    given = np.asarray(probability)[np.arange(len(truth)), truth]
    return -np.log(np.clip(given, np.finfo(float).eps, 1)).mean()


def predict_scores(task: Task, model, rows: pd.DataFrame, truth, metrics=None) -> dict[str, float]:
    """The metrics of a fitted model on some rows whose truth is known."""
    prediction, probability = predict(task, model, rows)
    return score(task, truth, prediction, probability, metrics)


def predict(task: Task, model, rows: pd.DataFrame):
    """A fitted model's predictions, and for classes the n × classes probabilities (else None).

    Columns of the probabilities follow `task.classes`, also where the model has not seen a class.
    """
    if task.is_regression:
        return model.predict(rows), None
    return predictions_from_proba(task, model, model.predict_proba(rows))


def predictions_from_proba(task: Task, model, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and probabilities, as `predict` has them, of what `predict_proba` has found."""
    probability = np.zeros((len(found), len(task.classes)))
    columns = [task.classes.index(str(label)) for label in model.classes_]
    probability[:, columns] = found[:, : len(columns)]
    return _labels_of(model, found), probability


def _labels_of(model, found: np.ndarray) -> np.ndarray:
    """What `model.predict` says, read off the probabilities that were found already.

    Asking twice would clean the rows, make the features and climb every tree twice.
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    if hasattr(last, "decide"):  # see `helpers.calibration`
        return model.classes_[last.decide(found)]
    if not isinstance(last, FixedThresholdClassifier):
        return model.classes_[found.argmax(axis=1)]
    positive = list(model.classes_).index(last.pos_label)
    return model.classes_[np.where(found[:, positive] >= last.threshold, positive, 1 - positive)]


def bootstrap(
    task: Task, truth, prediction, probability=None, resamples=200, seed=42, metrics=None
):
    """95 % intervals of the metrics by drawing rows with replacement (Efron 1979).

    Returns a frame: one row a metric, columns `low` and `high`.
    """
    found = resampled_scores(task, truth, [(prediction, probability)], resamples, seed, metrics)[0]
    return pd.DataFrame({"low": found.quantile(0.025), "high": found.quantile(0.975)})


def resampled_scores(
    task: Task, truth, answers: list[tuple], resamples=200, seed=42, metrics=None
) -> list:
    """The metrics on bootstrap resamples of the rows; the same resamples for each model.

    `said` holds each model's predictions and probabilities. Returns a frame a model: one row a
    draw, one column a metric.
    """
    random = np.random.default_rng(seed)
    truth = _as_numbers(task, truth)
    answers = [(_as_numbers(task, prediction), probability) for prediction, probability in answers]
    scores = [[] for _ in answers]
    for _ in range(resamples):
        rows = random.integers(0, len(truth), len(truth))
        for found, (prediction, probability) in zip(scores, answers, strict=True):
            chance = None if probability is None else probability[rows]
            found.append(_score(task, truth[rows], prediction[rows], chance, metrics))
    return [pd.DataFrame(found) for found in scores]


def better(metric: str, value: float, than: float) -> float:
    """By how much `value` is better than `than`, in the metric's own units.

    >>> better("log_loss", 0.4, 0.5) > 0
    True
    """
    return than - value if metric in LESS_IS_BETTER else value - than
