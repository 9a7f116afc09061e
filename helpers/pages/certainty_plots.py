"""Pictures of how sure answers are: intervals and truth, sizes of sets, rows for a person."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..base.spacing import evenly_spaced
from .figure_style import BLUE, ORANGE, legend_outside, picture, short, titled

MOST_INTERVALS = 60  # more of them hide each other


@picture
def intervals(
    figure: Figure, ends: np.ndarray, truth: np.ndarray, prediction: np.ndarray, target: str
) -> str:
    """Intervals (n × 2) of some rows in the order of their predictions, with the true numbers."""
    axes = figure.subplots()
    order = np.argsort(prediction, kind="stable")
    some = order[evenly_spaced(len(order), MOST_INTERVALS)]
    place, held = np.arange(len(some)), (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    axes.vlines(place, *ends[some].T, color=BLUE, lw=3, alpha=0.35, label="interval")
    for inside, marker, colour in ((True, "o", BLUE), (False, "X", ORANGE)):
        chosen = held[some] == inside
        label = "truth inside" if inside else "truth outside"
        axes.plot(place[chosen], truth[some][chosen], marker, color=colour, ms=5, label=label)
    legend_outside(axes)
    title = f"Intervals of {len(some)} held-out rows, from the lowest to the highest prediction"
    axes.set_xticks([])
    return titled(axes, title, xlabel="held-out rows, by prediction", ylabel=short(target))


@picture
def sets_and_abstention(
    figure: Figure, sizes: np.ndarray, held: np.ndarray, curve: np.ndarray
) -> str:
    """How many rows have a set of each size and how often it holds the truth; and, by the share of
    rows that goes to a person, the error among the others (`curve`: points × 3).
    """
    left, right = figure.subplots(1, 2)
    values = np.unique(sizes)
    shares = [(sizes == one).mean() for one in values]
    bars = left.bar([str(one) for one in values], shares, color=BLUE, width=0.7)
    left.bar_label(bars, [f"{held[sizes == one].mean():.0%}" for one in values], padding=2)
    left.yaxis.set_major_formatter(PercentFormatter(1))
    left.set(title="Sizes of sets", xlabel="classes in the set", ylabel="share of held-out rows")
    right.plot(curve[:, 0], curve[:, 1], color=BLUE, label="folds")
    right.plot(curve[:, 0], curve[:, 2], "--", color=ORANGE, label="at most")
    right.xaxis.set_major_formatter(PercentFormatter(1))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    highest = 1.5 * max(curve[:, 1].max(), 0.01)
    right.set(title="Errors by rows for a person", xlabel="rows that go to a person")
    right.set(ylabel="wrong among the others", ylim=(0, highest))
    right.legend(loc="upper right")
    return (
        "Sizes of the sets (above: how often they hold the truth), and errors by rows for a person"
    )
