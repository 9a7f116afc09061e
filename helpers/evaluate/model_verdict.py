"""The verdict on a model: does it beat the baseline significantly, and reach every threshold?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..base.verdicts import GOOD, NOT_GOOD
from ..learning.metric_names import LESS_IS_BETTER, PLAIN_NAMES
from ..learning.metric_scores import better
from ..learning.task_kind import Task


def parse_thresholds(text: str, task: Task) -> dict[str, float]:
    """Thresholds written as text: "roc_auc:0.7, recall:0.5".

    >>> parse_thresholds("r2:0.5", Task("price", "regression"))
    {'r2': 0.5}
    """
    thresholds = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name not in task.metrics:
            raise InputError(
                f"at_least names no metric '{name}' of this {task.kind} task. "
                f"{nearest(name, task.metrics)}"
            )
        try:
            thresholds[name] = float(value)
        except ValueError:
            raise InputError(f"at_least looks like 'roc_auc:0.7'; '{part}' does not.") from None
    return thresholds


def judge(task: Task, scores: pd.DataFrame, at_least: dict[str, float], min_gain: float) -> dict:
    """The verdict and the checks behind it.

    The main metric must beat the baseline by `min_gain` over its whole 95 % interval, and each
    metric in `at_least` must reach its threshold. `scores` is the table of `scores_table`. Returns
    `verdict` (its words), `passed`, and `checks`, each with `check`, `needed`, `reached`, `passed`.
    """
    checks = [_beats_baseline(task.main_metric, scores.loc[task.main_metric], min_gain)]
    for name, needed in at_least.items():
        checks.append(_reaches(name, scores["test"].get(name, np.nan), needed))
    passed = all(check["passed"] for check in checks)
    return {"verdict": GOOD if passed else NOT_GOOD, "passed": passed, "checks": checks}


def _beats_baseline(metric: str, row: pd.Series, min_gain: float) -> dict:
    """Whether the worse end of the metric's interval beats the baseline by `min_gain`."""
    worse_end = row["to"] if metric in LESS_IS_BETTER else row["from"]
    return {
        "check": f"{PLAIN_NAMES[metric]} beats the baseline by {min_gain:g}",
        "needed": row["baseline"] + min_gain * (-1 if metric in LESS_IS_BETTER else 1),
        "reached": worse_end,
        "passed": bool(better(metric, worse_end, row["baseline"]) >= min_gain),
    }


def _reaches(metric: str, reached: float, needed: float) -> dict:
    """Whether a metric reaches its threshold."""
    sign = "at most" if metric in LESS_IS_BETTER else "at least"
    return {
        "check": f"{PLAIN_NAMES[metric]} is {sign} {needed:g}",
        "needed": needed,
        "reached": reached,
        "passed": bool(better(metric, reached, needed) >= 0),
    }


def checks_table(verdict: dict) -> pd.DataFrame:
    """A row per check: what was needed, what was reached, yes or no."""
    table = pd.DataFrame(verdict["checks"]).set_index("check")
    for name in ("needed", "reached"):
        table[name] = table[name].map("{:.2f}".format)
    return table.assign(passed=table["passed"].map({True: "yes", False: "no"}))


def describe_verdict(verdict: dict, task: Task, scores: pd.DataFrame) -> str:
    """The verdict as a sentence."""
    row = scores.loc[task.main_metric]
    return (
        f"**The model is {verdict['verdict']}**: {PLAIN_NAMES[task.main_metric]} "
        f"**{row['test']:.2f}** (95 % interval {row['from']:.2f} to {row['to']:.2f}) on rows it "
        f"had not seen, against {row['baseline']:.2f} for the baseline."
    )
