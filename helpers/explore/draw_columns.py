"""The figures of an exploration, each from what a survey counted; all small SVGs.

Statistics are drawn by seaborn. Axes are placed by hand: letting matplotlib find the room for
labels doubles the time of a figure, and a page has dozens.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ..pages.figure_style import BLUE, GREY, axes_with_margins, drawing, short
from .draw_axes import CARD, LINE, cell_text, counted_bars, date_axis, few_ticks, label_room
from .surveyed_table import Column

MOST_BARS = 8


def _quiet(axes, x: str = "", y: str = "") -> None:
    """Few ticks, short numbers, names of the axes."""
    axes.set(xlabel=x, ylabel=y)
    few_ticks(axes.yaxis, 3, integer=True)


def _histogram(axes, edges: np.ndarray, counts: np.ndarray, colour=BLUE) -> None:
    middles = (edges[:-1] + edges[1:]) / 2
    cells = pd.DataFrame({"x": middles, "rows": counts.astype(float)})
    sns.histplot(cells, x="x", weights="rows", bins=list(edges), ax=axes, element="step",
                 color=colour, alpha=0.75, linewidth=0.6)  # fmt: skip


# --- One column ---------------------------------------------------------------------------------


def column_shape(column: Column):
    """A column's distribution in the form that fits its kind; None where nothing can be drawn."""
    if column.kind in ("category", "boolean") and column.counts is not None:
        shown = min(len(column.counts), MOST_BARS + (len(column.counts) > MOST_BARS))
        return frequent(column, size=(CARD[0], max(0.55 + LINE * shown, 0.8)))
    if column.kind == "date" and column.shape:
        return timeline(column, size=CARD)
    if column.kind in ("number", "text") and column.shape:
        return distribution(column, size=CARD)
    return None


@drawing
def distribution(figure: Figure, column: Column) -> str:
    """A histogram of numbers, or of the lengths of texts."""
    axes = axes_with_margins(figure, 0.48, 0.42, top=0.08)
    _histogram(axes, *column.shape)
    letters = column.kind == "text"
    _quiet(axes, "letters" if letters else short(column.name, 40), "rows")
    few_ticks(axes.xaxis, 5)
    return f"{'Lengths' if letters else 'Distribution'} of {column.name}"


@drawing
def frequent(figure: Figure, column: Column) -> str:
    """Bars of the most frequent values, and of all others together."""
    names, counts = _most_frequent(column)
    axes = axes_with_margins(figure, 0.25 + label_room(names), 0.42, right=0.4, top=0.05)
    colours = [BLUE] * MOST_BARS + [GREY]  # the last is that of all others
    counted_bars(axes, names, counts, colours[: len(names)])
    few_ticks(axes.xaxis, 3, integer=True)
    axes.set(xlabel="rows", ylabel="")
    for place, count in enumerate(counts):
        axes.text(count, place, f" {count / column.present:.0%}", va="center", fontsize=7)
    return f"The most frequent values of {column.name}"


def _most_frequent(column: Column) -> tuple[list[str], list[int]]:
    """Names and rows of the most frequent values; where there are more, of all others together."""
    counts = column.counts.iloc[:MOST_BARS]
    names = [cell_text(value) for value in counts.index]
    rest = int(column.present - counts.sum())
    if not rest:
        return names, list(counts)
    return [*names, f"({column.distinct - MOST_BARS:,} others)"], [*counts, rest]


@drawing
def timeline(figure: Figure, column: Column) -> str:
    """Rows over time."""
    axes = axes_with_margins(figure, 0.48, 0.42, right=0.15, top=0.08)
    edges, counts = column.shape
    days = edges.astype("datetime64[m]").astype(float) / 1440  # matplotlib counts days
    _histogram(axes, days, counts)
    axes.xaxis_date()
    date_axis(axes)
    _quiet(axes, short(column.name, 40), f"rows per {column.period}")
    return f"Rows over time by {column.name}"
