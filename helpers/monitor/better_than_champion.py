"""Better than champion."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, resampled_scores, score
from ..learning.predicting import predict
from ..learning.task_kind import Task
from .production_rows import FEWEST_PER_PERIOD, Production

RESAMPLES = 200
FEWEST_COMPARED = 4 * FEWEST_PER_PERIOD  # rows with labels: half to learn from, half to judge by


def compare_models(
    production: Production, challenger: Pipeline, newer, seed: int = 42
) -> dict | None:
    """Champion and challenger on the same rows, and the 95 % interval of the difference.

    Both share the champion's cleaner, whose rows `production.X` are; see `compare_answers`.
    """
    judged, task = production.at(newer), production.known.task
    said = [predict(task, model[1:], judged.X) for model in (production.champion, challenger)]
    return compare_answers(task, judged.y, *said, seed=seed)


def compare_answers(task: Task, y, champion, challenger, *, seed: int = 42) -> dict | None:
    """Two models' answers (predictions, probabilities) to the same rows with the labels `y`.

    The 95 % interval of the gain is that of a paired bootstrap (Efron 1979): both models on the
    same drawn rows. None when the metric is not defined there.
    """
    metric, said = task.main_metric, (champion, challenger)
    if len(y) == 0:
        return None
    drawn = resampled_scores(task, y, said, RESAMPLES, seed, [metric])
    if any(scores.empty for scores in drawn):  # one class only: the metric is not defined
        return None
    gains = better(metric, *(scores[metric] for scores in reversed(drawn)))
    before, after = (score(task, y, *answers, [metric])[metric] for answers in said)
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return {
        "metric": metric,
        "rows": len(y),
        "champion": before,
        "challenger": after,
        "gain_from": float(low),
        "gain_to": float(high),
        "promote": bool(low > 0),
    }


def compared_table(compared: dict | None) -> pd.DataFrame:
    """Champion and challenger side by side; no row when there was nothing to compare."""
    if compared is None:
        return pd.DataFrame(columns=["gain (95 % interval)"]).rename_axis("model")
    name = PLAIN_NAMES[compared["metric"]]
    gain = f"{signed(compared['gain_from'], 3)} to {signed(compared['gain_to'], 3)}"
    return pd.DataFrame(
        {
            name: [f"{compared['champion']:.3f}", f"{compared['challenger']:.3f}"],
            "gain (95 % interval)": ["", gain],
        },
        index=pd.Index(["champion (in service)", "challenger (retrained)"], name="model"),
    )


def signed(value: float, places: int = 2) -> str:
    """A difference with its sign; what rounds to zero has none that matters.

    >>> signed(-0.001), signed(0.02)
    ('+0.00', '+0.02')
    """
    return f"{round(value, places) + 0:+.{places}f}"


def describe_comparison(compared: dict | None) -> str:
    """A sentence that reads the comparison."""
    if compared is None:
        return "There are too few later rows with labels to compare two models on."
    if compared["promote"]:
        return "**Promote the challenger**: it is significantly better."
    return (
        "**Keep the champion**: the challenger's gain is not significant (its interval reaches "
        f"{signed(compared['gain_from'], 3)}). The champion stays in service."
    )


def can_compare(production: Production) -> bool:
    """Whether there are enough later rows with labels to judge two models by."""
    return production.seen and int(production.labelled.sum()) >= FEWEST_COMPARED
