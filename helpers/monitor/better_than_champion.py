"""What decides that a model is promoted: `replaces_champion`, on rows that neither model has seen.

The challenger replaces the champion when it is significantly better there (the whole 95 % interval
of its gain lies above 0) and its own verdict is "good enough". Stage 8 compares a refit by it, and
`pipeline retrain` a whole new run.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.verdicts import GOOD, passes
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, resampled_scores, score
from ..learning.predicting import predict
from ..learning.task_kind import Task
from .production_rows import FEWEST_PER_PERIOD, Production

RESAMPLES = 200
FEWEST_COMPARED = 4 * FEWEST_PER_PERIOD  # rows with labels: half to train on, half to compare on


def replaces_champion(compared: dict | None, verdict: str = GOOD) -> bool:
    """Whether a challenger takes the champion's place: significantly better, and good enough.

    `compared` is what `compare_answers` returns, `verdict` that of stage 6 on the challenger's run.

    >>> replaces_champion({"gain_from": 0.01}), replaces_champion({"gain_from": -0.01})
    (True, False)
    >>> replaces_champion({"gain_from": 0.01}, "not good enough"), replaces_champion(None)
    (False, False)
    """
    return compared is not None and compared["gain_from"] > 0 and passes(verdict)


def compare_models(
    production: Production, challenger: Pipeline, newer, seed: int = 42
) -> dict | None:
    """Champion and challenger on the rows of a mask (`newer`), by `compare_answers`.

    Both share the champion's cleaner, so they get the cleaned rows.
    """
    judged, task = production.at(newer), production.known.task
    answers = [predict(task, model[1:], judged.X) for model in (production.champion, challenger)]
    return compare_answers(task, judged.y, *answers, seed=seed)


def compare_answers(task: Task, y, champion, challenger, *, seed: int = 42) -> dict | None:
    """Two models' answers (predictions, probabilities) for the same rows, with their labels `y`.

    `metric`, `rows`, the scores `champion` and `challenger`, the 95 % interval of the gain
    (`gain_from`, `gain_to`; paired bootstrap, Efron 1979: both models on the same drawn rows), and
    `promote`, whether it is significant. None where the metric is not defined.
    """
    metric, both = task.main_metric, (champion, challenger)
    drawn = resampled_scores(task, y, both, RESAMPLES, seed, [metric]) if len(y) else []
    if not drawn or any(scores.empty for scores in drawn):  # no row, or rows of one class only
        return None
    gains = better(metric, *(scores[metric] for scores in reversed(drawn)))
    before, after = (score(task, y, *answers, [metric])[metric] for answers in both)
    low, high = map(float, np.nanquantile(gains, [0.025, 0.975]))
    found = {"metric": metric, "rows": len(y), "champion": before, "challenger": after}
    found |= {"gain_from": low, "gain_to": high}
    return found | {"promote": replaces_champion(found)}


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
    """A difference with its sign; plus where it rounds to zero.

    >>> signed(-0.001), signed(0.02)
    ('+0.00', '+0.02')
    """
    return f"{round(value, places) + 0:+.{places}f}"


def describe_comparison(compared: dict | None) -> str:
    """A sentence that says whether to promote the challenger."""
    if compared is None:
        return "There are too few later rows with labels to compare two models on."
    if compared["promote"]:
        return "**Promote the challenger**: it is significantly better."
    return (
        "**Keep the champion**: the challenger's gain is not significant (its interval reaches "
        f"{signed(compared['gain_from'], 3)}). The champion stays in service."
    )


def can_compare(production: Production) -> bool:
    """Whether there are enough later rows with labels to compare two models on."""
    return production.seen and int(production.labelled.sum()) >= FEWEST_COMPARED
