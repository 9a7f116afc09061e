"""When to retrain: by the calendar, on drift, or after a fall of the score; simulated on the past.

Each policy is simulated period by period. Before a period begins, the policy may fit the recipe in
service again, on all rows whose labels have come; then the model in service is scored on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from ..drift import compare_columns
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, score
from ..learning.predicting import predict
from ..pipeline.whole_pipeline import model_columns
from . import better_than_champion, monitor_model, period_scores, refit_models
from .production_rows import FEWEST_PER_PERIOD, UNDATED, Production
from .score_fall import Promise

NEVER, ON_DRIFT, ON_FALL = "never", "on drift", "on a fall"
CHAMPION = ""  # stands for the model as it is; others are named by the period they were fitted for
MOST_SIMULATED = 6  # periods, the latest ones: each may cost a fit
FEW_PERIODS = 6
NOT_APPLICABLE = (
    "**Not applicable**: simulating policies needs two or more periods of later rows with labels."
)

Rule = Callable[[str, str], bool]  # of the model in service and the last period: retrain?


@dataclass(frozen=True)
class PolicyResults:
    """The scores and the costs of each policy.

    `scores` has a row a period and a column a policy (the main metric). `costs` has a row a policy:
    its mean `score`, `retrainings`, the training `rows` of all of them, their `seconds`, and two
    95 % intervals: of the gain over never retraining, `gain_from` to `gain_to`, and of the distance
    to the policy with the best score, `short_from` to `short_to` (from period to period).
    """

    metric: str
    scores: pd.DataFrame
    costs: pd.DataFrame


def simulate_policies(
    production: Production, refits: refit_models.Refits, promised: Promise, *,
    max_drop: float = 0.05, time_column: str = "",
) -> PolicyResults | None:  # fmt: skip
    """Simulate each policy on the later rows; None where there are fewer than two periods.

    A period counts when it has 30 labels or more and the main metric is defined there. A fall is
    one from the score that was promised; drift does not look at the time column.
    """
    history = _History(production, refits, promised, max_drop, time_column)
    periods = history.periods()[-MOST_SIMULATED:]
    if len(periods) < 2 or not production.seen:
        return None
    rules = {NEVER: _never, by_calendar(periods[0]): _always, ON_DRIFT: history.drifted,
             ON_FALL: history.fell}  # fmt: skip
    served = {policy: _served(periods, rule) for policy, rule in rules.items()}
    scores = pd.DataFrame(
        {policy: {p: history.score(m, p) for p, m in served[policy].items()} for policy in served}
    )
    costs = pd.DataFrame({policy: history.cost(served[policy]) for policy in served}).T
    costs = costs.astype({"retrainings": int, "rows": int}).assign(score=scores.mean())
    best = _best(costs, history.metric)
    costs = costs.join(_intervals(scores, best, history.metric))
    return PolicyResults(history.metric, scores.rename_axis("period"), costs.rename_axis("retrain"))


def _best(costs: pd.DataFrame, metric: str) -> str:
    """The policy with the best mean score."""
    return costs["score"].map(lambda value: better(metric, value, 0)).idxmax()


def by_calendar(period: str) -> str:
    """The name of the policy that retrains at the beginning of each period.

    >>> by_calendar("2013-09"), by_calendar("2013-09-30")
    ('monthly', 'daily')
    """
    return {7: "monthly", 10: "daily"}.get(len(period), "every period")


def _never(model: str, last: str) -> bool:
    return False


def _always(model: str, last: str) -> bool:
    return True


def _served(periods: list[str], rule: Rule) -> dict[str, str]:
    """Which model serves in each period. Before the first one nothing later is known."""
    serving, served = CHAMPION, {periods[0]: CHAMPION}
    for last, period in zip(periods, periods[1:], strict=False):
        if rule(serving, last):
            serving = period
        served[period] = serving
    return served


class _History:
    """The later rows with their labels, and predictions of models of any age for each period."""

    def __init__(self, production, refits, promised: Promise, max_drop: float, time_column: str):
        self.rows = production.at(production.labelled)
        self.task, self.metric = production.known.task, production.known.task.main_metric
        self._refits, self._promised, self._max_drop = refits, promised, max_drop
        self._columns = [c for c in model_columns(production.champion) if c != time_column]
        self._answers: dict[tuple[str, str], tuple] = {}

    def periods(self) -> list[str]:
        """The periods that count, in order."""
        names = [p for p in np.unique(self.rows.period[self.rows.period != UNDATED])
                 if self.truth(p).size >= FEWEST_PER_PERIOD]  # fmt: skip
        return [p for p in names if not np.isnan(self.score(CHAMPION, p))]

    def of(self, period: str) -> Production:
        """The rows of one period."""
        return self.rows.at(self.rows.period == period)

    def truth(self, period: str) -> np.ndarray:
        """The labels of one period."""
        return self.rows.y[self.rows.period == period]

    def model(self, name: str):
        """A model: the champion, or the one fitted on all rows before the period of that name."""
        return self.rows.champion if name == CHAMPION else self._refits.before(name)[0]

    def answers(self, model: str, period: str) -> tuple:
        """Predictions and probabilities of a model on a period."""
        if (model, period) not in self._answers:
            found = predict(self.task, self.model(model)[1:], self.of(period).X)
            self._answers[model, period] = found
        return self._answers[model, period]

    def score(self, model: str, period: str) -> float:
        """The main metric of a model on a period; NaN where it is not defined."""
        answers = self.answers(model, period)
        found = score(self.task, self.truth(period), *answers, [self.metric])
        return found.get(self.metric, np.nan)

    def training_rows(self, model: str) -> pd.DataFrame:
        """The rows that a model was fitted on."""
        known, more = self.rows.known.X, self.rows.X
        return known if model == CHAMPION else pd.concat([known, more[self.rows.period < model]])

    def drifted(self, model: str, last: str) -> bool:
        """Whether a column of the last period has drifted from what the model was fitted on."""
        before, after = self.training_rows(model)[self._columns], self.of(last).X[self._columns]
        units = {"unit_before": self._units(model), "unit_after": self.of(last).unit}
        return bool(compare_columns.compare(before, after, **units)["drifts"].any())

    def _units(self, model: str) -> np.ndarray | None:
        """The units of the rows that a model was fitted on."""
        known, more = self.rows.known.unit, self.rows.unit
        if known is None or more is None or model == CHAMPION:
            return known
        return np.concatenate([known, more[self.rows.period < model]])

    def fell(self, model: str, last: str) -> bool:
        """Whether the score dropped in the last period, by the rule of stage 8."""
        found = period_scores.performance(self.of(last), self._promised, model=self.model(model))
        return bool(monitor_model.has_fallen(found, self._max_drop).any())

    def cost(self, served: dict[str, str]) -> dict:
        """How often a policy has retrained, on how many rows, in how many seconds."""
        fits = sorted(set(served.values()) - {CHAMPION})
        return {
            "retrainings": len(fits),
            "rows": sum(len(self.training_rows(name)) for name in fits),
            "seconds": sum(self._refits.before(name)[1] for name in fits),
        }


def _intervals(scores: pd.DataFrame, best: str, metric: str) -> pd.DataFrame:
    """95 % intervals of each policy's gain over never and of its distance to the best one.

    What a policy gains differs from period to period, so the periods are the sample: Student's t
    of their mean. The first is left out: before it nothing is known, and all serve one model.
    """
    rows = {}
    for policy in scores:
        pairs = (scores[NEVER], scores[policy]), (scores[policy], scores[best])
        changes = [[better(metric, *pair) for pair in zip(new, old, strict=True)]
                   for old, new in pairs]  # fmt: skip
        rows[policy] = [end for change in changes for end in _mean_interval(np.array(change[1:]))]
    columns = ["gain_from", "gain_to", "short_from", "short_to"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _mean_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean of a few values; NaN of a single one that is not 0."""
    if not values.any():
        return 0.0, 0.0
    if len(values) < 2:
        return np.nan, np.nan
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def picture(played: PolicyResults | None):
    """Scores by period and the cost of each policy; None where it is not applicable."""
    from ..pages import monitoring_plots

    if played is None:
        return None
    return monitoring_plots.policies(played.scores, played.costs, played.metric)


def shown(played: PolicyResults | None) -> pd.DataFrame | None:
    """The policies as a small table: the mean score, the gain over never, what it cost.

    None where it is not applicable.
    """
    if played is None:
        return None
    costs, mean = played.costs, f"mean {PLAIN_NAMES[played.metric]}"
    return pd.DataFrame({
        mean: costs["score"].map("{:.3f}".format),
        "gain over never (95 %)": costs.apply(_gain, axis=1),
        "retrainings": costs["retrainings"],
        "training rows": costs["rows"].map("{:,}".format),
    })  # fmt: skip


def _gain(cost: pd.Series) -> str:
    """The interval of a policy's gain; empty for one that has never retrained."""
    signed = better_than_champion.signed
    if not cost["retrainings"]:
        return ""
    if np.isnan(cost["gain_from"]):
        return "one period only"
    return f"{signed(cost['gain_from'], 3)} to {signed(cost['gain_to'], 3)}"


NONE_BETTER = (
    "**No policy is better than never retraining by more than chance**, over {}. The intervals "
    "hold what differs from period to period."
)


def describe_policies(played: PolicyResults | None) -> str:
    """A sentence: the cheapest policy that is not worse than the best by more than chance.

    It holds for these periods: later ones may favour another policy.
    """
    if played is None:
        return NOT_APPLICABLE
    costs, count = played.costs, len(played.scores) - 1
    seen = f"{count} period{'s' * (count != 1)} in which policies can differ"
    helpful = costs[costs["gain_from"] > 0]
    if helpful.empty:
        few = " So few can't show a small gain." if count < FEW_PERIODS else ""
        return f"{NONE_BETTER.format(seen)}{few}"
    return f"{_describe_cheapest(helpful, _best(helpful, played.metric))} ({seen})."


def _describe_cheapest(helpful: pd.DataFrame, best: str) -> str:
    """The cheapest policy of those that help and are not worse than the best beyond chance."""
    within = helpful[helpful["short_from"] <= 0]
    cheapest = within.sort_values(["retrainings", "rows"], kind="stable").index[0]
    times, most = (int(helpful.loc[policy, "retrainings"]) for policy in (cheapest, best))
    text = f"**Here it was enough to retrain {cheapest}**: {times} retraining{'s' * (times != 1)}"
    if cheapest == best:
        return f"{text} gave the best score, better than never by more than chance"
    return f"{text} won more than chance explains, and {most} ({best}) are not shown to win more"


def as_json(played: PolicyResults | None) -> dict | None:
    """The policies for `monitoring.json`: scores by period, and costs."""
    if played is None:
        return None
    return {
        policy: row.to_dict() | {"scores": played.scores[policy].to_dict()}
        for policy, row in played.costs.iterrows()
    }
