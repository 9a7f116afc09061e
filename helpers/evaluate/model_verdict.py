"""The verdict on a model: does it beat the baseline on the same rows, and reach what was asked?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from math import lgamma

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..base.verdicts import BETTER, GOOD, NO_BETTER, NOT_GOOD, was_required
from ..learning.error_costs import row_costs
from ..learning.labelled_data import Labelled
from ..learning.later_scores import UNPROMISED, describe_promise, score_on_later_rows
from ..learning.margins import describe_margin, relative_difference
from ..learning.mean_by_unit import mean_by_unit
from ..learning.metric_names import LESS_IS_BETTER, PLAIN_NAMES, shown_score
from ..learning.metric_scores import better
from ..learning.score_intervals import (
    Difference,
    JudgedRows,
    paired_gain,
    score_spread,
)
from ..learning.task_kind import Task
from ..learning.units import count_units

LUCK = 0.025  # of so small a chance that guessing gives the best score, the rows are enough


@dataclass(frozen=True)
class Requirement:
    """What a person asks of a model; nothing of it: there is nothing to be good enough for.

    `at_least` has thresholds by metric, `min_gain` is the margin over the baseline (see
    `learning.margins`), `costs` are those of a false positive and of a false negative.
    """

    at_least: dict[str, float] = field(default_factory=dict)
    min_gain: float = 0.0
    costs: tuple[float, float] = (0.0, 0.0)

    @property
    def is_set(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.at_least or self.min_gain or any(self.costs))


def requirement(task: Task, at_least: str, min_gain: float, costs=(0.0, 0.0)) -> Requirement:
    """What was asked for, from the parameters of stage 6 and the costs that stage 5 was given."""
    return Requirement(parse_thresholds(at_least, task), min_gain, tuple(costs))


def parse_thresholds(text: str, task: Task) -> dict[str, float]:
    """Thresholds written as text: "roc_auc:0.7, recall:0.5".

    >>> parse_thresholds("r2:0.5", Task("price", "regression"))
    {'r2': 0.5}
    """
    parts = filter(None, (part.strip() for part in text.split(",")))
    return dict(_threshold(part, task) for part in parts)


def _threshold(part: str, task: Task) -> tuple[str, float]:
    name, _, value = (piece.strip() for piece in part.partition(":"))
    if name not in task.metrics:
        raise InputError(
            f"at_least names no metric '{name}' of this {task.kind} task. "
            f"{nearest(name, task.metrics)}"
        )
    try:
        return name, float(value)
    except ValueError:
        raise InputError(f"at_least looks like 'roc_auc:0.7'; '{part}' does not.") from None


def judge(
    task: Task, test: Labelled, answers: tuple, baseline: tuple, scores: pd.DataFrame,
    asked: Requirement,
) -> dict:  # fmt: skip
    """The verdict and the checks behind it, on held-out rows.

    `answers` and `baseline` are the model's and the baseline's predictions and probabilities;
    `scores` is the table of `scores_table`. The main metric must beat the baseline by `min_gain`,
    on the same rows, over its whole 95 % interval; each metric in `at_least` must reach its
    threshold with the worse end of its interval; and with costs the errors must cost less than
    acting always and never. Returns `verdict` (its words), `passed`, `warning`, `checks`, each
    with `check`, `needed`, `reached`, `passed`, and the `promise` for later rows (see `promise`).
    """
    gain = paired_gain(task, test.y, baseline, answers, unit=test.unit)
    gain = relative_difference(gain, gain.metric, scores.loc[gain.metric, "baseline"])
    luck = chance_of_the_best(task, test.y)
    checks = [_beats_baseline(gain, asked.min_gain), *_too_few_rows(luck)]
    checks += [_reaches(name, scores, needed) for name, needed in asked.at_least.items()]
    checks += _costs_less(task, test, answers, asked.costs)
    passed = all(check["passed"] for check in checks)
    words = (NOT_GOOD, GOOD) if asked.is_set else (NO_BETTER, BETTER)
    warning = _describe_luck(luck, len(test.y)) or gain.warning
    warning = warning or _warning(scores, [gain.metric, *asked.at_least])
    return {"verdict": words[passed], "passed": passed, "warning": warning, "checks": checks,
            "promise": promise(task, test, answers)}  # fmt: skip


def promise(task: Task, test: Labelled, answers: tuple, rows: int = 0) -> dict | None:
    """The score to expect on one sample of other rows (`learning.later_scores`).

    `rows` says how many rows that is; 0: as many as were held out. None where a person named which
    rows are held out, or the score has no noise to tell it by.
    """
    if test.before is None:
        return None
    spread = score_spread(task, JudgedRows(test.y, *answers, test.unit))
    times = (rows or len(test.y)) / len(test.y)
    found = score_on_later_rows(task.main_metric, spread, test.before, times=times)
    units = count_units(test.unit, test.units, times)
    return None if found is None else asdict(replace(found, rows=rows or len(test.y), units=units))


def _warning(scores: pd.DataFrame, names: list[str]) -> str:
    """The warning beside the intervals that decide; empty where they can be trusted."""
    found = scores.get("warning", pd.Series(dtype=object)).reindex(names).dropna()
    return next((text for text in found if text), "")


def _beats_baseline(gain: Difference, min_gain: float) -> dict:
    """Whether the whole interval of the gain over the baseline lies above a margin."""
    margin = f" by {describe_margin(gain.metric, min_gain)}" if min_gain else ""
    enough = gain.low >= min_gain if min_gain else gain.low > 0
    return {
        "check": f"{PLAIN_NAMES[gain.metric]} beats the baseline{margin}",
        "needed": min_gain,
        "reached": gain.low,
        "passed": bool(enough),
    }


def chance_of_the_best(task: Task, truth: np.ndarray) -> float:
    """How likely answers that know nothing put so few rows in the best order there is.

    One in the number of orders of the labels: with one yes in three rows, one in three.

    >>> task = Task("y", "binary", ("no", "yes"), "yes")
    >>> round(chance_of_the_best(task, np.array(["no", "no", "yes"])), 2)
    0.33
    """
    counts = [] if task.is_regression else pd.Series(truth).value_counts()
    return float(np.exp(sum(lgamma(n + 1) for n in counts) - lgamma(len(truth) + 1)))


def _too_few_rows(luck: float) -> list[dict]:
    """The check that fails where the best score there is may be luck; none where it can't be."""
    if luck <= LUCK:
        return []
    return [{"check": "enough held-out rows to tell skill from luck (chance of the best score)",
             "needed": LUCK, "reached": luck, "passed": False}]  # fmt: skip


def _describe_luck(luck: float, rows: int) -> str:
    """Why so few held-out rows say nothing; empty where they say something."""
    if luck <= LUCK:
        return ""
    return f"{rows} held-out rows are too few: guesses reach the best score in {luck:.0%} of cases"


def _reaches(metric: str, scores: pd.DataFrame, needed: float) -> dict:
    """Whether the worse end of a metric's interval reaches a threshold."""
    sign, end = ("at most", "to") if metric in LESS_IS_BETTER else ("at least", "from")
    reached = float(scores[end].get(metric, np.nan))
    return {
        "check": f"{PLAIN_NAMES[metric]} is {sign} {needed:g}",
        "needed": needed,
        "reached": reached,
        "passed": bool(better(metric, reached, needed) >= 0),
    }


def _costs_less(task: Task, test: Labelled, answers: tuple, costs: tuple) -> list[dict]:
    """Whether the errors cost less than those of acting always and of acting never."""
    if task.kind != "binary" or not any(costs):
        return []
    yes, said = (np.asarray(values).astype(str) == task.positive for values in (test.y, answers[0]))
    mine, found = row_costs(yes, said, costs), []
    for name, acts in (("never", np.zeros(len(yes), bool)), ("always", np.ones(len(yes), bool))):
        saved = mean_by_unit(1_000 * (row_costs(yes, acts, costs) - mine), test.unit)
        low = float(np.nan_to_num(saved.interval()[0], nan=-np.inf))
        check = f"1,000 rows cost less than {name} acting (saved)"
        found.append({"check": check, "needed": 0.0, "reached": low, "passed": bool(low > 0)})
    return found


def checks_table(verdict: dict) -> pd.DataFrame:
    """A row per check: what was needed, the worse end of the interval, yes or no."""
    table = pd.DataFrame(verdict["checks"]).set_index("check")
    for name in ("needed", "reached"):
        table[name] = table[name].map("{:.3g}".format)
    said = table.assign(passed=table["passed"].map({True: "yes", False: "no"}))
    return said.rename(columns={"reached": "at the interval's worse end"})


def describe_verdict(verdict: dict, task: Task, scores: pd.DataFrame) -> str:
    """The verdict as a sentence; without a requirement it says that none was set."""
    metric, row = task.main_metric, scores.loc[task.main_metric]
    value, low, high, baseline = (
        shown_score(metric, row[name]) for name in ("test", "from", "to", "baseline")
    )
    doubt = f" But {verdict['warning']}: do not build on this." if verdict["warning"] else ""
    return (
        f"**The model is {verdict['verdict']}**: {PLAIN_NAMES[metric]} **{value}** on rows it had "
        f"not seen, against {baseline} for the baseline.{doubt} On rows like these expect {low} "
        f"to {high} on average (95 % interval). "
        f"{describe_promise(verdict.get('promise')) or UNPROMISED}{describe_requirement(verdict)}"
    )


def describe_requirement(verdict: dict) -> str:
    """That nobody said what is good enough, and how to say it; empty where somebody did."""
    if was_required(verdict["verdict"]):
        return ""
    return (
        " No requirement was set, so it is not judged whether that is enough: set `min_gain`, "
        "`at_least` or the costs of errors."
    )
