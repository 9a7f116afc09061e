"""What a model is worth against the baseline, whatever anybody asks of it."""

from __future__ import annotations

import numpy as np

from ..learning.labelled_data import Labelled
from ..learning.margins import relative_difference
from ..learning.score_intervals import paired_gain, score_intervals
from ..learning.task_kind import Task
from .cost_of_errors import describe_worth_by_ratio, worth_by_ratio

ERROR_NAMES = {
    "r2": "squared error",
    "neg_mean_absolute_error": "absolute error",
    "neg_root_mean_squared_error": "root mean squared error",
}


def describe_worth(task: Task, test: Labelled, answers: tuple, baseline: tuple) -> str:
    """What the model is worth on the held-out rows, in sentences, with intervals by unit.

    Two classes: the share of yes in the tenth of the rows that it ranks highest, against that of
    all rows, and for which costs of errors its decisions pay. Several classes: the share of the
    baseline's wrong answers that it removes. Numbers: the share of the baseline's error.
    """
    if task.kind == "binary":
        table = worth_by_ratio(task, test.y, answers[1], test.unit)
        return f"{_describe_lift(task, test, answers[1])} {describe_worth_by_ratio(table)}"
    metric = task.main_metric if task.is_regression else "accuracy"
    gain = paired_gain(task, test.y, baseline, answers, unit=test.unit, metric=metric)
    if task.is_regression:
        gain = relative_difference(gain, metric, _score_of(gain, task, test, baseline))
        what = f"the baseline's {ERROR_NAMES[metric]}"
        return f"It removes **{_per_cent(gain)} of {what}**."
    wrong = 1 - float((np.asarray(baseline[0]).astype(str) == test.y.astype(str)).mean())
    return f"It removes **{_per_cent(gain, wrong)} of the baseline's wrong answers**."


def _score_of(gain, task: Task, test: Labelled, baseline: tuple) -> float:
    """The baseline's score in the metric of a gain."""
    from ..learning.metric_scores import score

    return score(task, test.y, *baseline, [gain.metric])[gain.metric]


def _per_cent(gain, whole: float = 1.0) -> str:
    """A gain as a share of a whole, with its interval."""
    low, value, high = (np.divide(end, whole) for end in (gain.low, gain.value, gain.high))
    if not np.isfinite(low):
        return f"{value:.0%} (too few units to tell)"
    return f"{value:.0%} (95 % interval {low:.0%} to {min(high, 1):.0%})"


def _describe_lift(task: Task, test: Labelled, probability: np.ndarray) -> str:
    """How many yes there are in the tenth with the highest probability, against all rows."""
    positive = probability[:, task.classes.index(task.positive)]
    count = max(round(len(positive) / 10), 1)
    top = np.argsort(-positive, kind="stable")[:count]
    truth = np.asarray(test.y, object)
    share, every = ((some.astype(str) == task.positive).mean() for some in (truth[top], truth))
    said = np.full(count, task.positive, dtype=object)
    unit = None if test.unit is None else test.unit[top]
    low, high = score_intervals(task, truth[top], said, unit=unit, metrics=["accuracy"]).loc[
        "accuracy", ["low", "high"]
    ]
    return (
        f"Of the tenth of the rows that it ranks highest **{share:.0%}** (95 % interval {low:.0%} "
        f"to {high:.0%}) are {task.target} = {task.positive}, "
        f"**{share / max(every, 1e-12):.1f} times** as many as in all rows ({every:.0%})."
    )
