"""Figures of associations and gaps: heat maps, pairs of columns, rankings, two tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..base.spacing import evenly_spaced
from ..pages.figure_style import BLUE, GREY, axes_with_margins, drawing, short
from .association import Associations, Grouped
from .draw_axes import LIGHT, LINE, cell_text, few_ticks, label_room, turn_names
from .surveyed_table import Column, Survey

MOST_HEATED = 30  # columns of a heat map
MOST_POINTS = 1_500
BLOCKS = 80  # of rows, in the matrix of missing values


def missing_matrix(survey: Survey):
    """Where cells are missing; None when none are."""
    gaps = survey.missing.loc[:, survey.missing.any()]
    if gaps.empty:
        return None
    gaps = gaps[gaps.mean().sort_values(ascending=False, kind="stable").index[:MOST_HEATED]]
    height = 0.75 + LINE * gaps.shape[1]
    return _missing_matrix(gaps, survey.rows, size=(7.5, height))


@drawing
def _missing_matrix(figure: Figure, gaps: pd.DataFrame, rows: int) -> str:
    names = [short(name, 24) for name in gaps.columns]
    axes = axes_with_margins(figure, 0.2 + label_room(names), 0.42, right=0.9, top=0.05)
    blocks = np.array_split(gaps.to_numpy(dtype=float), min(BLOCKS, len(gaps)))
    shares = np.array([block.mean(axis=0) for block in blocks]).T
    sns.heatmap(shares, ax=axes, cmap=LIGHT, vmin=0, vmax=1, yticklabels=names, xticklabels=False,
                cbar_kws={"label": "share missing", "format": PercentFormatter(1), "pad": 0.015,
                          "ticks": [0, 0.5, 1]}, rasterized=True)  # fmt: skip
    axes.set_xticks([0, len(blocks)], ["row 1", f"row {rows:,}"])
    axes.set_xlabel("rows, in the order of the table")
    axes.tick_params(axis="y", rotation=0)
    return f"Where cells are missing: {len(names)} columns with gaps"


def heat(table: pd.DataFrame, title: str, label: str, low: float = 0.0):
    """A square table of strengths as a heat map."""
    side = len(table)
    most = label_room([short(name, 20) for name in table.columns])
    wide = 1.4 + most + max(0.22 * side, 2.2)
    return _heat(table, title, label, low,
                 size=(min(wide, 9.0), 0.5 + most + max(0.2 * side, 0.8)))  # fmt: skip


@drawing
def _heat(figure: Figure, table: pd.DataFrame, title: str, label: str, low: float) -> str:
    names = [short(name, 20) for name in table.columns]
    room = 0.2 + label_room(names)
    axes = axes_with_margins(figure, room, room, right=0.7, top=0.1)
    few = len(names) <= 14
    colours = LIGHT if low == 0 else sns.diverging_palette(30, 240, as_cmap=True)
    sns.heatmap(table.to_numpy(), ax=axes, cmap=colours, vmin=low, vmax=1, xticklabels=names,
                yticklabels=names, annot=few, fmt=".2f", annot_kws={"fontsize": 6.5},
                mask=np.eye(len(names), dtype=bool) | table.isna().to_numpy(),
                cbar_kws={"label": label, "pad": 0.02}, rasterized=True)  # fmt: skip
    turn_names(axes)
    return title


def pair(survey: Survey, associations: Associations, a: str, b: str):
    """Two columns against each other, in the form that fits their kinds."""
    many_numbers = [n for n in (a, b) if survey[n].kind == "number" and survey[n].distinct > 12]
    if len(many_numbers) == 2:
        return scatter(survey[a], survey[b], size=(3.6, 2.5))
    if many_numbers:
        levels = associations.levels[b if many_numbers == [a] else a]
        return boxes(survey[many_numbers[0]], levels, size=(3.6, 2.5))
    down, across = associations.levels[a], associations.levels[b]
    room = label_room([cell_text(name) for name in across.labels])
    return shares(down, across, size=(3.6, max(0.5 + room + LINE * len(down.labels), 1.6)))


@drawing
def scatter(figure: Figure, one: Column, other: Column) -> str:
    """Two numbers: some points, evenly spread over the sampled rows."""
    axes = axes_with_margins(figure, 0.6, 0.42, top=0.1)
    frame = pd.DataFrame({"a": one.sample.to_numpy(), "b": other.sample.to_numpy()})
    frame = frame.replace([np.inf, -np.inf], np.nan).dropna()
    places = evenly_spaced(len(frame), MOST_POINTS)
    sns.scatterplot(frame.iloc[places], x="a", y="b", ax=axes, s=7, alpha=0.45, color=BLUE,
                    linewidth=0, rasterized=True)  # fmt: skip
    axes.set(xlabel=short(one.name, 36), ylabel=short(other.name, 28))
    few_ticks(axes.xaxis)
    few_ticks(axes.yaxis)
    return f"{one.name} and {other.name}, {len(places):,} rows"


@drawing
def boxes(figure: Figure, number: Column, levels: Grouped) -> str:
    """A number in each group of the other column: its quartiles, and 1.5 times their range."""
    known = levels.codes >= 0
    names = [cell_text(label) for label in levels.labels]
    axes = axes_with_margins(figure, 0.25 + label_room(names), 0.42, top=0.1)
    frame = pd.DataFrame({"number": number.sample.to_numpy()[known], "group": levels.codes[known]})
    sns.boxplot(frame, x="number", y="group", orient="h", ax=axes, showfliers=False, color=BLUE,
                linewidth=0.7, fill=False, order=list(range(len(names))))  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=short(number.name, 40), ylabel="")
    few_ticks(axes.xaxis)
    return f"{number.name} by {levels.name}"


@drawing
def shares(figure: Figure, one: Grouped, other: Grouped) -> str:
    """Two grouped columns: in each group of the first, the shares of the other's groups."""
    down, across = [[cell_text(label) for label in levels.labels] for levels in (one, other)]
    axes = axes_with_margins(figure, 0.25 + label_room(down),
                  0.3 + label_room(across), right=0.55, top=0.1)  # fmt: skip
    counts = _counts_together(one, other)
    sns.heatmap(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), ax=axes, cmap=LIGHT,
                vmin=0, vmax=1, xticklabels=across, yticklabels=down, rasterized=True,
                cbar_kws={"format": PercentFormatter(1), "ticks": [0, 0.5, 1]})  # fmt: skip
    turn_names(axes)
    return f"Shares of {other.name} by {one.name}"


def _counts_together(one: Grouped, other: Grouped) -> np.ndarray:
    known = (one.codes >= 0) & (other.codes >= 0)
    counts = np.zeros((len(one.labels), len(other.labels)))
    np.add.at(counts, (one.codes[known], other.codes[known]), 1)
    return counts


def ranking(strengths: pd.Series, title: str, axis: str, limit: float | None = 1.0):
    """Columns by strength as bars, at most thirty."""
    strengths = strengths.head(MOST_HEATED)
    return _ranking(strengths, title, axis, limit, size=(7.5, 0.6 + LINE * len(strengths)))


@drawing
def _ranking(figure: Figure, strengths: pd.Series, title: str, axis: str, limit) -> str:
    names = [short(name, 28) for name in strengths.index]
    axes = axes_with_margins(figure, 0.25 + label_room(names), 0.42, right=0.4, top=0.05)
    places = list(map(str, range(len(names))))
    sns.barplot(x=strengths.to_numpy(), y=places, ax=axes, errorbar=None, color=BLUE, width=0.75,
                saturation=1)  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=axis, ylabel="", xlim=(0, limit or None))
    for place, value in enumerate(strengths):
        axes.text(value, place, f" {value:.2f}", va="center", fontsize=7)
    return title


@drawing
def side_by_side(figure: Figure, name: str, names: list[str], before, after, labels) -> str:
    """The shares of a column's groups in two tables."""
    groups = [cell_text(label) for label in names]
    axes = axes_with_margins(figure, 0.25 + label_room(groups), 0.42, right=0.15, top=0.08)
    frame = pd.DataFrame({"group": np.tile(np.arange(len(groups)).astype(str), 2),
                          "share": [*before, *after],
                          "table": np.repeat(["before", "after"], len(groups))})  # fmt: skip
    sns.barplot(frame, x="share", y="group", hue="table", ax=axes, palette=[GREY, BLUE],
                errorbar=None, saturation=1, legend=False)  # fmt: skip
    axes.set_yticks(range(len(groups)), groups)
    few_ticks(axes.xaxis, form=PercentFormatter(1))
    axes.set(xlabel=short(f"share of rows: {labels[0]} (grey), {labels[1]} (blue)", 56), ylabel="")
    return f"{name} in {labels[0]} and in {labels[1]}"
