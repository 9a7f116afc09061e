"""Monitoring plots."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ..learning.metric_names import PLAIN_NAMES
from .figure_style import BLUE, COLOURS, GREEN, ORANGE, picture, short


@picture
def over_periods(
    figure: Figure, table: pd.DataFrame, metric: str, held_out: float,
    expected: pd.DataFrame | None = None,
) -> str:  # fmt: skip
    """The main metric in each period, beside what was promised and what was to be expected.

    `expected` has the metric and its interval, `from` and `to`.
    """
    axes = figure.subplots()
    drawn = [frame for frame in (table, expected) if frame is not None and metric in frame]
    periods = sorted(set().union(*(frame.index for frame in drawn)))
    places = range(len(periods))
    values = [held_out]
    if metric in table:
        known = table[metric].reindex(periods)
        axes.plot(places, known, "o-", color=BLUE, label="later rows", zorder=3)
        values += known.dropna().tolist()
    if expected is not None and metric in expected:
        guessed = expected[[metric, "from", "to"]].reindex(periods).astype(float)
        axes.plot(places, guessed[metric], "s:", color=GREEN, label="expected without labels")
        axes.fill_between(places, guessed["from"], guessed["to"], color=GREEN, alpha=0.15, lw=0)
        values += guessed[["from", "to"]].stack().tolist()
    axes.set_xticks(places, [short(period) for period in periods])
    axes.axhline(held_out, color=ORANGE, ls="--", label=f"promised ({held_out:.2f})")
    room = max(0.05, (max(values) - min(values)) * 0.5)
    axes.set_ylim(min(values) - room, max(values) + room)
    axes.legend(loc="best")
    title = "The model in service, period by period"
    axes.set(title=title, xlabel="period", ylabel=PLAIN_NAMES[metric])
    return title


@picture
def policies(figure: Figure, scores: pd.DataFrame, costs: pd.DataFrame, metric: str) -> str:
    """When to train again: the score of each policy by period, and beside it what it cost."""
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    places = range(len(scores))
    looks = zip(scores, COLOURS, "os^D", (11, 9, 7, 5), strict=False)  # those that agree all show
    for policy, colour, mark, size in looks:
        left.plot(
            places,
            scores[policy],
            f"{mark}-",
            color=colour,
            label=short(policy),
            ms=size,
            alpha=0.8,
        )
    left.set_xticks(places, [short(period, 10) for period in scores.index])
    left.set(title="Score by period", xlabel="period", ylabel=PLAIN_NAMES[metric])
    left.legend(title="train again", fontsize=8)
    names = [short(policy) for policy in costs.index]
    bars = right.barh(names, costs["seconds"], color=COLOURS[: len(costs)])
    right.bar_label(bars, [f"{count} ×" for count in costs["retrainings"]], padding=3)
    right.set_xlim(0, max(1.0, costs["seconds"].max()) * 1.4)
    right.invert_yaxis()
    right.set(title="Cost", xlabel="seconds of training")
    return "When to train again: what each policy scores, and what it costs"
