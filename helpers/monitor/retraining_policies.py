"""When to retrain: by the calendar, on drift, or after a fall of the score; simulated on the past.

Each policy is simulated period by period. Before a period begins, the policy may fit the recipe in
service again, on all rows whose labels have come; then the model in service is scored on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..drift import compare_columns
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, resampled_scores, score
from ..learning.predicting import predict
from ..pipeline.whole_pipeline import model_columns
from . import better_than_champion, monitor_model, refit_models
from .production_rows import FEWEST_PER_PERIOD, Production

NEVER, ON_DRIFT, ON_FALL = "never", "on drift", "on a fall"
CHAMPION = ""  # stands for the model as it is; others are named by the period they were fitted for
MOST_SIMULATED = 6  # periods, the latest ones: each may cost a fit
RESAMPLES = 100
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
    to the policy with the best score, `short_from` to `short_to`.
    """

    metric: str
    scores: pd.DataFrame
    costs: pd.DataFrame


def simulate_policies(
    production: Production, refits: refit_models.Refits, metrics: dict, *, max_drop: float = 0.05,
    time_column: str = "", seed: int = 42,
) -> PolicyResults | None:  # fmt: skip
    """Simulate each policy on the later rows; None where there are fewer than two periods.

    A period counts when it has 30 labels or more and the main metric is defined there. `metrics`
    has the held-out score; drift does not look at the time column.
    """
    history = _History(production, refits, metrics, max_drop, time_column)
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
    costs = costs.join(_intervals(history, periods, served, best, seed))
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

    def __init__(self, production, refits, metrics: dict, max_drop: float, time_column: str):
        self.rows = production.at(production.labelled)
        self.task, self.metric = production.known.task, production.known.task.main_metric
        self._refits, self._metrics, self._max_drop = refits, metrics, max_drop
        self._columns = [c for c in model_columns(production.champion) if c != time_column]
        self._answers: dict[tuple[str, str], tuple] = {}

    def periods(self) -> list[str]:
        """The periods that count, in order."""
        names = [p for p in np.unique(self.rows.period) if self.truth(p).size >= FEWEST_PER_PERIOD]
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
        return bool(compare_columns.compare(before, after)["drifts"].any())

    def fell(self, model: str, last: str) -> bool:
        """Whether the score dropped in the last period, by the rule of stage 8."""
        scores = monitor_model.performance(self.of(last), self.model(model))
        return monitor_model.has_dropped(scores, self._metrics, self._max_drop)

    def cost(self, served: dict[str, str]) -> dict:
        """How often a policy has retrained, on how many rows, in how many seconds."""
        fits = sorted(set(served.values()) - {CHAMPION})
        return {
            "retrainings": len(fits),
            "rows": sum(len(self.training_rows(name)) for name in fits),
            "seconds": sum(self._refits.before(name)[1] for name in fits),
        }


def _intervals(
    history: _History, periods: list[str], served: dict, best: str, seed: int
) -> pd.DataFrame:
    """95 % intervals of each policy's gain over never and of its distance to the best one.

    In the mean of the periods, by a paired bootstrap: within each period all models get the same
    resampled rows.
    """
    drawn = [_resampled(history, period, served, seed) for period in periods]
    means = {policy: np.mean([one[policy] for one in drawn], axis=0) for policy in served}
    rows = {}
    for policy, mean in means.items():
        gain = better(history.metric, mean, means[NEVER])
        short = better(history.metric, means[best], mean)
        ends = [*np.nanquantile(gain, [0.025, 0.975]), *np.nanquantile(short, [0.025, 0.975])]
        rows[policy] = [float(end) for end in ends]
    columns = ["gain_from", "gain_to", "short_from", "short_to"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _resampled(history: _History, period: str, served: dict, seed: int) -> dict:
    """For each policy the scores of its model on resampled rows of a period."""
    models = sorted({served[policy][period] for policy in served})
    answers = [history.answers(model, period) for model in models]
    truth, metric = history.truth(period), history.metric
    found = resampled_scores(history.task, truth, answers, RESAMPLES, seed, [metric])
    by_model = dict(zip(models, (frame[metric] for frame in found), strict=True))
    return {policy: by_model[served[policy][period]] for policy in served}


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
    costs = played.costs
    return pd.DataFrame(
        {
            f"mean {PLAIN_NAMES[played.metric]}": costs["score"].map("{:.3f}".format),
            "gain over never (95 %)": costs.apply(_gain, axis=1),
            "retrainings": costs["retrainings"],
            "training rows": costs["rows"].map("{:,}".format),
        }
    )


def _gain(cost: pd.Series) -> str:
    """The interval of a policy's gain; empty for one that has never retrained."""
    signed = better_than_champion.signed
    interval = f"{signed(cost['gain_from'], 3)} to {signed(cost['gain_to'], 3)}"
    return interval if cost["retrainings"] else ""


def describe_policies(played: PolicyResults | None) -> str:
    """A sentence: the cheapest policy that is not significantly worse than the best.

    It holds for these periods: later ones may favour another policy.
    """
    if played is None:
        return NOT_APPLICABLE
    costs = played.costs
    helpful = costs[costs["gain_from"] > 0]
    if helpful.empty:
        return (
            "**Retraining did not help here**: no policy is significantly better than never "
            "retraining."
        )
    best = _best(helpful, played.metric)
    within = helpful[helpful["short_from"] <= 0]
    cheapest = within.sort_values(["retrainings", "rows"], kind="stable").index[0]
    count = int(costs.loc[cheapest, "retrainings"])
    text = f"**Here it was best to retrain {cheapest}**: {count} retraining{'s' * (count != 1)}"
    if cheapest == best:
        return f"{text} gave the best score, significantly better than never."
    most = int(costs.loc[best, "retrainings"])
    return f"{text} did as well as {most} ({best}), with no significant difference."


def as_json(played: PolicyResults | None) -> dict | None:
    """The policies for `monitoring.json`: scores by period, and costs."""
    if played is None:
        return None
    return {
        policy: row.to_dict() | {"scores": played.scores[policy].to_dict()}
        for policy, row in played.costs.iterrows()
    }
