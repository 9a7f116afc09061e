"""What errors cost under several rules of decision, and for which costs a model is worth using."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.error_costs import row_costs
from ..learning.mean_by_unit import mean_by_unit
from ..learning.task_kind import Task

COST = "cost per 1,000 rows"
# What a false negative costs, for each that a false positive costs.
SURE = 0.05  # significance level for all ratios together
RATIOS = (0.05, 0.1, 0.2, 1 / 3, 0.5, 1, 2, 3, 5, 10, 20)


def costs_table(task: Task, truth, probability, threshold: float, costs: tuple) -> pd.DataFrame:
    """What each decision rule costs per thousand held-out rows, the cheapest first.

    `probability` is n × classes; `costs` are those of a false positive and a false negative, both
    1 if not given. A row per rule: `false positives`, `false negatives`, `cost per 1,000 rows`, as
    text; no row for other tasks than binary ones.
    """
    if task.kind != "binary":
        return pd.DataFrame(columns=[COST]).rename_axis("rule")
    costs = costs if any(costs) else (1.0, 1.0)
    positive = probability[:, task.classes.index(task.positive)]
    yes = np.asarray(truth) == task.positive
    rules = _decision_rules(threshold).items()
    rows = {rule: _errors_and_cost(yes, positive >= least, costs) for rule, least in rules}
    table = pd.DataFrame(rows).T.sort_values(COST, kind="stable")
    return table.map("{:,.0f}".format).rename_axis("rule")


def _decision_rules(threshold: float) -> dict[str, float]:
    """The decision rules, each with the probability from which it says yes."""
    rules = {"always predict no": np.inf, "always predict yes": -np.inf, "threshold 0.50": 0.5}
    if threshold != 0.5:
        rules[f"threshold {threshold:.2g} (the model's)"] = threshold
    return rules


def _errors_and_cost(yes: np.ndarray, predicted: np.ndarray, costs: tuple) -> dict[str, float]:
    """The errors of a rule, and their cost per thousand rows."""
    wrong = int((predicted & ~yes).sum()), int((~predicted & yes).sum())
    cost = 1_000 * float(np.dot(wrong, costs)) / len(yes)
    return {"false positives": wrong[0], "false negatives": wrong[1], COST: cost}


COSTS_NOT_GIVEN = (
    "No costs of errors were given, so each counts 1: then *{}* is cheapest. Give them: "
    "`--set cost_false_positive=1 --set cost_false_negative=5`."
)


def describe_costs(task: Task, table: pd.DataFrame, costs: tuple) -> str:
    """Which rule is cheapest, in a sentence."""
    if task.kind != "binary":
        return "Costs of false positives and negatives apply to two classes only."
    if not any(costs):
        return COSTS_NOT_GIVEN.format(table.index[0])
    return (
        f"A false positive costs {costs[0]:g}, a false negative {costs[1]:g}: "
        f"**{table.index[0]}** is cheapest."
    )


def worth_by_ratio(task: Task, truth, probability, unit=None) -> pd.DataFrame:
    """For which costs of errors the model is cheaper than acting never, and than acting always.

    A row per ratio of costs (of a false negative to a false positive, which costs 1): the `cost per
    1,000 rows` of the `model`, which acts from the threshold f / (f + m) on, of acting `never` and
    `always`, and whether the model is `cheaper` than both beyond the noise (by unit; corrected for
    the number of ratios). A decision curve in numbers (Vickers and Elkin 2006).
    """
    positive = np.asarray(probability)[:, task.classes.index(task.positive)]
    yes = np.asarray(truth).astype(str) == task.positive
    rows = {ratio: _worth_at(yes, positive, ratio, unit) for ratio in RATIOS}
    return pd.DataFrame(rows).T.rename_axis("ratio")


def _worth_at(yes: np.ndarray, positive: np.ndarray, ratio: float, unit) -> dict:
    """The costs of three rules where a false negative costs so many times a false positive."""
    rules = {
        "model": positive >= 1 / (1 + ratio),
        "never": np.zeros(len(yes), dtype=bool),
        "always": np.ones(len(yes), dtype=bool),
    }
    costs = {name: 1_000 * row_costs(yes, acts, (1.0, ratio)) for name, acts in rules.items()}
    saved = [mean_by_unit(costs[name] - costs["model"], unit).p_above for name in rules][1:]
    sure = max(saved) < SURE / len(RATIOS)
    return {name: found.mean() for name, found in costs.items()} | {"cheaper": sure}


AT_NO_RATIO = (
    "At no ratio of costs between 1 to 20 and 20 to 1 do its decisions, with the threshold that "
    "fits the costs, cost less than acting never or always, beyond chance."
)


def describe_worth_by_ratio(table: pd.DataFrame) -> str:
    """From which to which ratio of costs the model is worth using, in a sentence."""
    sure = table.index[table["cheaper"].astype(bool)]
    if not len(sure):
        return AT_NO_RATIO
    return (
        f"With the threshold that fits the costs, its decisions cost less than acting never or "
        f"always, beyond chance, where a false negative costs between "
        f"{sure.min():.2g} and {sure.max():.2g} times as much as a false positive."
    )
