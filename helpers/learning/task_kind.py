"""What is to be predicted, and how predictions are scored.

The target's type decides the task (binary, multiclass or regression), and the task decides the
metrics; they carry scikit-learn's names throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.kinds import is_number
from ..cells.known_words import BOOLEANS
from .metric_names import LESS_IS_BETTER, MAIN_METRIC, METRICS

REGRESSION = "regression"
TASKS = ("binary", "multiclass", REGRESSION)
MOST_CLASSES = 50
POSITIVE_WORDS = {"1", "positive", "late", *(word for word, said in BOOLEANS.items() if said)}


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


def target_numbers(task: Task, y: np.ndarray) -> np.ndarray:
    """n labels as n × columns of numbers: their ranks, or a column of 0 and 1 for each class.

    Of two classes one column says all.

    >>> target_numbers(Task("y", "regression"), np.array([10.0, 30.0, 20.0])).T.tolist()
    [[1.0, 3.0, 2.0]]
    """
    if task.is_regression:
        return pd.Series(y.astype(float)).rank().to_numpy()[:, None]
    classes = task.classes[:1] if len(task.classes) == 2 else task.classes
    return np.column_stack([(y.astype(str) == name).astype(float) for name in classes])


def find_task(column: pd.Series, target: str, kind: str = "auto") -> Task:
    """The task that a (cleaned) target column calls for.

    Numbers with more than 20 distinct values mean regression; two values mean binary. `kind`
    overrides. Raises InputError when nothing can be learnt: all missing, one class, more than 50
    classes, or text where a number is expected.

    >>> find_task(pd.Series(["no", "yes", "no"]), "churned")
    Task(target='churned', kind='binary', classes=('no', 'yes'), positive='yes')
    """
    if kind not in ("auto", *TASKS):
        raise InputError(f"task is auto, {', '.join(TASKS)}; it is '{kind}'.")
    present = column.dropna()
    _check_values(present, target)
    kind = kind_of_values(present) if kind == "auto" else kind
    if kind == "regression":
        _check_numbers(present, target)
        return Task(target, kind)
    _check_classes(present, kind, target)
    labels = as_labels(present)
    classes = tuple(sorted(labels.unique()))
    return Task(target, kind, classes, _positive(labels, classes) if kind == "binary" else "")


def _check_values(present: pd.Series, target: str) -> None:
    """Raise InputError for a target without two different values."""
    if present.empty:
        raise InputError(f"The target '{target}' is missing in every row: nothing can be learnt.")
    if present.nunique() == 1:
        raise InputError(
            f"The target '{target}' has one class only ({present.iloc[0]!s:.60}): a model needs at "
            f"least two. Choose another target, or collect rows of the other class."
        )


def kind_of_values(present: pd.Series) -> str:
    """The kind of task that a target's values call for, none of them missing.

    >>> kind_of_values(pd.Series([1, 2, 3])), kind_of_values(pd.Series(range(30)))
    ('multiclass', 'regression')
    """
    distinct, numeric = present.nunique(), is_number(present)
    whole = numeric and bool((present % 1 == 0).all())
    if numeric and (distinct > 20 or (not whole and distinct > 10)):
        return "regression"
    return "binary" if distinct == 2 else "multiclass"


def _check_numbers(present: pd.Series, target: str) -> None:
    if not is_number(present):
        raise InputError(
            f"task=regression needs numbers, and the target '{target}' holds text such as "
            f"'{present.iloc[0]!s:.40}'."
        )


def _check_classes(present: pd.Series, kind: str, target: str) -> None:
    distinct = present.nunique()
    if distinct > MOST_CLASSES:
        raise InputError(
            f"The target '{target}' has {distinct:,} classes in {len(present):,} rows, more than "
            f"the {MOST_CLASSES} that are supported here{_numbers_among(present)}. Group them, or "
            f"choose another target."
        )
    if kind == "binary" and distinct != 2:
        named = ", ".join(f"{value!s:.30}" for value in present.unique()[:5])
        raise InputError(
            f"The task is binary, which needs two classes; '{target}' has {distinct} here ({named}"
            f"{' …' if distinct > 5 else ''}). --set task=multiclass takes them all; --set "
            f"no_label=WORD takes a word for no label."
        )


def _numbers_among(present: pd.Series) -> str:
    """That most of many classes are numbers, and what the others are; else empty."""
    if is_number(present):
        return "; they are numbers: --set task=regression"
    values = pd.Series(present.unique()).astype("str")
    words = values[pd.to_numeric(values, errors="coerce").isna()]
    if len(words) > len(values) / 2:
        return ""
    shown = ", ".join(f"'{word:.30}'" for word in words.iloc[:3])
    return f"; most are numbers, but for {shown}: --set task=regression reads them as numbers"


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
