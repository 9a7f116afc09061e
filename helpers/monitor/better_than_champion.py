"""What decides that a model is promoted: `replaces_champion`, on rows that neither model has seen.

The challenger replaces the champion when its gain there is more than chance (the whole 95 %
interval lies above 0; rows of one unit count together), when the gain is worth the change
(`min_improvement`), and when its own verdict passes. Stage 8 compares a refit by it, and
`pipeline retrain` a whole new run.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.verdicts import GOOD, passes
from ..learning.margins import ERRORS, describe_margin, margin
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.predicting import predict
from ..learning.score_intervals import Difference, paired_gain
from ..learning.task_kind import Task
from . import refit_models
from .production_rows import FEWEST_PER_PERIOD, Production

# A fifth of the fall that calls for retraining: for less a new model is not worth its risk.
# Reports show scores with two decimals, so it is the smallest gain that anyone would see there.
MIN_IMPROVEMENT = 0.01
FEWEST_UNITS = 8  # with fewer, a handful of units would decide
FEWEST_COMPARED = 4 * FEWEST_PER_PERIOD  # rows with labels: half to train on, half to compare on


def replaces_champion(compared: dict | None, verdict: str = GOOD) -> bool:
    """Whether a challenger takes the champion's place: better by enough, and good enough.

    `compared` is what `compare_answers` returns, `verdict` that of stage 6 on the challenger's run.

    >>> gain = {"gain": 0.03, "gain_from": 0.01, "min_improvement": 0.01}
    >>> replaces_champion(gain), replaces_champion(gain | {"gain_from": -0.01})
    (True, False)
    >>> replaces_champion(gain, "not good enough"), replaces_champion(None)
    (False, False)
    """
    if compared is None or not passes(verdict):
        return False
    enough = compared.get("gain", np.inf) >= compared.get("min_improvement", 0.0)
    told = compared.get("units", FEWEST_UNITS) >= FEWEST_UNITS
    return bool(compared["gain_from"] > 0 and enough and told)


def challenge(
    production: Production, refits: refit_models.Refits, min_improvement: float = MIN_IMPROVEMENT
) -> dict | None:
    """The champion beside the same recipe fitted with the earlier half of the later rows too.

    Both answer the newer half (see `compare_answers`); None where there are too few rows for that.
    """
    if not can_compare(production):
        return None
    challenger, newer = refit_models.refit_challenger(production, refits)
    return compare_models(production, challenger, newer, min_improvement)


def compare_models(
    production: Production, challenger: Pipeline, newer, min_improvement: float = MIN_IMPROVEMENT
) -> dict | None:
    """Champion and challenger on the rows of a mask (`newer`), by `compare_answers`.

    Both share the champion's cleaner, so they get the cleaned rows.
    """
    judged, task = production.at(newer), production.known.task
    answers = [predict(task, model[1:], judged.X) for model in (production.champion, challenger)]
    return compare_answers(judged, *answers, min_improvement)


def compare_answers(
    judged: Production, champion: tuple, challenger: tuple,
    min_improvement: float = MIN_IMPROVEMENT,
) -> dict | None:  # fmt: skip
    """Two models' answers (predictions, probabilities) for the same labelled rows.

    `metric`, `rows`, `units`, the scores `champion` and `challenger`, the `gain` on the scale of
    `helpers.learning.margins`, its 95 % interval in the metric's own units (`gain_from`, `gain_to`;
    see `score_intervals.paired_gain`), and whether to `promote`. None where the metric is not
    defined.
    """
    task, y, metric = judged.known.task, judged.y, judged.known.task.main_metric
    scores = [score(task, y, *answers, [metric]) for answers in (champion, challenger)]
    if not len(y) or not all(scores):  # no row, or rows of one class only
        return None
    before, after = (one[metric] for one in scores)
    gain = paired_gain(task, y, champion, challenger, unit=judged.unit)
    baseline = _baseline_score(task, judged.known.y, y) if metric in ERRORS else np.nan
    found = {
        "metric": metric, "rows": len(y), "champion": before, "challenger": after,
        "gain": float(margin(metric, after, before, baseline)),
        "min_improvement": min_improvement,
    } | _interval_of(gain)  # fmt: skip
    return found | {"promote": replaces_champion(found)}


def _interval_of(gain: Difference) -> dict:
    """The interval of a gain, by how many units, and what is to be known about it."""
    few = "too few units to tell" if gain.units < FEWEST_UNITS else ""
    return {"gain_from": gain.low, "gain_to": gain.high, "units": gain.units,
            "warning": few or gain.warning}  # fmt: skip


def _baseline_score(task: Task, known_y: np.ndarray, y: np.ndarray) -> float:
    """The main metric of an answer that ignores every column: the mean, or the classes' shares."""
    if task.is_regression:
        return score(task, y, np.full(len(y), known_y.astype(float).mean()))[task.main_metric]
    shares = pd.Series(known_y).value_counts(normalize=True).reindex(task.classes, fill_value=0.0)
    answers = np.full(len(y), shares.idxmax()), np.tile(shares.to_numpy(), (len(y), 1))
    return score(task, y, *answers, [task.main_metric]).get(task.main_metric, np.nan)


def compared_table(compared: dict | None) -> pd.DataFrame:
    """Champion and challenger side by side; no row when there was nothing to compare."""
    if compared is None:
        return pd.DataFrame(columns=["gain (95 % interval)"]).rename_axis("model")
    name = PLAIN_NAMES[compared["metric"]]
    gain = f"{signed(compared['gain_from'], 3)} to {signed(compared['gain_to'], 3)}"
    scores = [f"{compared[side]:.3f}" for side in ("champion", "challenger")]
    sides = pd.Index(["champion (in service)", "challenger (retrained)"], name="model")
    return pd.DataFrame({name: scores, "gain (95 % interval)": ["", gain]}, index=sides)


def signed(value: float, places: int = 2) -> str:
    """A difference with its sign; plus where it rounds to zero.

    >>> signed(-0.001), signed(0.02)
    ('+0.00', '+0.02')
    """
    return f"{round(value, places) + 0:+.{places}f}"


def describe_comparison(compared: dict | None) -> str:
    """A sentence that says whether to promote the challenger, and why not."""
    if compared is None:
        return "There are too few later rows with labels to compare two models on."
    if compared["promote"]:
        return "**Promote the challenger**: it is better by more than chance, and by enough."
    return f"**Keep the champion**: {why_not(compared)}. The champion stays in service."


def why_not(compared: dict) -> str:
    """Why a challenger does not take the champion's place."""
    if compared.get("units", FEWEST_UNITS) < FEWEST_UNITS:
        return f"{compared['units']} units are too few to tell two models apart"
    if not compared["gain_from"] > 0:
        low = signed(compared["gain_from"], 3)
        return f"the challenger's gain may be chance (its interval reaches {low})"
    needed = describe_margin(compared["metric"], compared["min_improvement"])
    return f"the challenger's gain is more than chance, but less than {needed}"


def can_compare(production: Production) -> bool:
    """Whether there are enough later rows with labels to compare two models on."""
    return production.seen and int(production.labelled.sum()) >= FEWEST_COMPARED
