"""Pictures of monitoring: the score by period, and what each retraining policy scores and costs."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..learning.metric_names import PLAIN_NAMES
from .figure_style import BLUE, COLOURS, GREEN, ORANGE, legend_outside, picture, short, titled


@picture
def over_periods(
    figure: Figure, table: pd.DataFrame, metric: str, held_out: float,
    interval: tuple[float, float] | None = None, expected: pd.DataFrame | None = None,
) -> str:  # fmt: skip
    """The main metric in each period, beside the held-out score and the expected one.

    `table` and `expected` have the metric and its interval, `from` and `to`; `interval` is that of
    the held-out score, drawn as a band.
    """
    axes = figure.subplots()
    drawn = [frame for frame in (table, expected) if frame is not None and metric in frame]
    periods = sorted(set().union(*(frame.index for frame in drawn)))
    values = [held_out, *(interval or ())]
    if metric in table:
        values += _draw_scores(axes, table.reindex(periods), metric)
    if expected is not None and metric in expected:
        values += _draw_expected(axes, expected.reindex(periods), metric)
    _draw_held_out(axes, held_out, interval)
    axes.set_xticks(range(len(periods)), [short(period) for period in periods])
    room = max(0.02, (max(values) - min(values)) * 0.15)
    axes.set_ylim(min(values) - room, max(values) + room)
    legend_outside(axes)
    title = "The model in service, period by period"
    return titled(axes, title, xlabel="period", ylabel=PLAIN_NAMES[metric])


def _draw_held_out(axes, score: float, interval: tuple[float, float] | None) -> None:
    axes.axhline(score, color=ORANGE, ls="--", label=f"held out ({score:.2f})")
    if interval is not None:
        axes.axhspan(*interval, color=ORANGE, alpha=0.12, lw=0, label="its 95 % interval")


def _draw_scores(axes: Axes, table: pd.DataFrame, metric: str) -> list[float]:
    """Draw the scores of the periods, each with its interval; returns the values drawn."""
    scores = table[[metric, "from", "to"]].astype(float)
    ends = (scores[metric] - scores["from"], scores["to"] - scores[metric])
    axes.errorbar(range(len(scores)), scores[metric], yerr=[end.clip(lower=0) for end in ends],
                  fmt="o-", color=BLUE, capsize=3, label="later rows (95 %)", zorder=3)  # fmt: skip
    return scores.stack().dropna().tolist()


def _draw_expected(axes: Axes, expected: pd.DataFrame, metric: str) -> list[float]:
    """Draw the expected scores and their interval; returns the values drawn."""
    scores = expected[[metric, "from", "to"]].astype(float)
    places = range(len(scores))
    axes.plot(places, scores[metric], "s:", color=GREEN, label="expected without labels")
    axes.fill_between(places, scores["from"], scores["to"], color=GREEN, alpha=0.15, lw=0)
    return scores[["from", "to"]].stack().dropna().tolist()


@picture
def policies(figure: Figure, scores: pd.DataFrame, costs: pd.DataFrame, metric: str) -> str:
    """When to retrain: the score of each policy by period, and beside it what it cost.

    Policies with the same scores in all periods share a line.
    """
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    colours = dict(zip(scores, COLOURS, strict=False))
    _draw_policy_scores(left, scores, colours, PLAIN_NAMES[metric])
    _draw_policy_costs(right, costs, colours)
    return "When to retrain: what each policy scores, and what it costs"


def _draw_policy_costs(axes: Axes, costs: pd.DataFrame, colours: dict) -> None:
    names = [short(policy) for policy in costs.index]
    thousands = costs["rows"] / 1_000
    bars = axes.barh(names, thousands, color=[colours[policy] for policy in costs.index])
    axes.bar_label(bars, [f"{count} ×" for count in costs["retrainings"]], padding=3)
    axes.set_xlim(0, max(1.0, thousands.max()) * 1.4)
    axes.invert_yaxis()
    axes.set(title="Cost (× retrainings)", xlabel="thousand rows trained on")


def _draw_policy_scores(axes: Axes, scores: pd.DataFrame, colours: dict, metric: str) -> None:
    """A line for each course of scores, with the names of all policies that had it."""
    courses: dict[tuple, list[str]] = {}
    for policy in scores:
        courses.setdefault(tuple(scores[policy].round(9)), []).append(policy)
    for (values, names), mark in zip(courses.items(), "os^D", strict=False):
        label = "\n".join(short(name) for name in names)
        axes.plot(values, f"{mark}-", color=colours[names[0]], label=label)
    axes.set_xticks(range(len(scores)), [short(period, 10) for period in scores.index])
    axes.set(title="Score by period", xlabel="period", ylabel=metric)
    axes.legend(title="retrain", fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
