"""The figures of an exploration, each from what a survey counted; all small SVGs.

Statistics are drawn by seaborn. Axes are placed by hand: letting matplotlib find the room for
labels doubles the time of a figure, and a page has dozens.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from .association import Associations, Grouped
from .base.spacing import evenly_spaced
from .pages.figure_style import BLUE, COLOURS, GREY, ORANGE, axes_with_margins, drawing, short
from .survey import Column, Survey

LIGHT = sns.light_palette(BLUE, as_cmap=True)
CARD = (3.6, 1.5)  # inches
LINE = 0.17  # inches of a row of bars
LETTER, CAPITAL = 0.058, 0.075  # inches of a letter at the usual size
MOST_BARS = 8
MOST_HEATED = 30  # columns of a heat map
MOST_POINTS = 1_500
MOST_CLASSES = 6
MIN_TASKS_TO_FORK = 6  # figures
BLOCKS = 80  # of rows, in the matrix of missing values


def label_room(names: list[str]) -> float:
    """Inches that the longest of some labels takes."""
    return max(sum(CAPITAL if letter.isupper() else LETTER for letter in name) for name in names)


def short_number(value: float, _=None) -> str:
    """A number on an axis: 12k, 3.4M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _quiet(axes, x: str = "", y: str = "") -> None:
    """Few ticks, short numbers, names of the axes."""
    axes.set(xlabel=x, ylabel=y)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(short_number))


def date_axis(axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _histogram(axes, edges: np.ndarray, counts: np.ndarray, colour=BLUE) -> None:
    middles = (edges[:-1] + edges[1:]) / 2
    cells = pd.DataFrame({"x": middles, "rows": counts.astype(float)})
    sns.histplot(cells, x="x", weights="rows", bins=list(edges), ax=axes, element="step",
                 color=colour, alpha=0.75, linewidth=0.6)  # fmt: skip


# --- Two at a time ------------------------------------------------------------------------------


def draw_all(tasks: list[Callable]) -> list:
    """Call each task; half of them in a fork of this process, where there is a second core.

    Should the fork fail in any way, all tasks are called here: the result is the same.
    """
    if len(tasks) < MIN_TASKS_TO_FORK or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return [task() for task in tasks]
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no more processes, or no memory for one
        os.close(reader)
        os.close(writer)
        return [task() for task in tasks]
    if child == 0:
        _draw_in_child(tasks[1::2], reader, writer)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            mine = [task() for task in tasks[::2]]
            sent = pipe.read()
    finally:
        os.waitpid(child, 0)
    try:
        theirs = pickle.loads(sent)
    except (EOFError, pickle.UnpicklingError):
        theirs = [task() for task in tasks[1::2]]
    every = [None] * len(tasks)
    every[::2], every[1::2] = mine, theirs
    return every


def _draw_in_child(tasks: list[Callable], reader: int, writer: int) -> None:
    """Draw, send, and leave without Python's exit: what the parent has open is not the child's."""
    with contextlib.suppress(BaseException):
        os.close(reader)
        sent = pickle.dumps([task() for task in tasks])
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(sent)
    os._exit(0)


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
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(short_number))
    return f"{'Lengths' if letters else 'Distribution'} of {column.name}"


@drawing
def frequent(figure: Figure, column: Column) -> str:
    """Bars of the most frequent values, and of all others together."""
    counts = column.counts.iloc[:MOST_BARS]
    names = [cell_text(value) for value in counts.index]
    rest = int(column.present - counts.sum())
    if rest:
        names.append(f"({column.distinct - MOST_BARS:,} others)")
        counts = [*counts, rest]
    axes = axes_with_margins(figure, 0.25 + label_room(names), 0.42, right=0.4, top=0.05)
    colours = [BLUE] * len(names)
    if rest:
        colours[-1] = GREY
    counted_bars(axes, names, list(counts), colours)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(short_number))
    axes.set(xlabel="rows", ylabel="")
    for place, count in enumerate(counts):
        axes.text(count, place, f" {count / column.present:.0%}", va="center", fontsize=7)
    return f"The most frequent values of {column.name}"


def counted_bars(axes, names: list[str], lengths, colour) -> None:
    """Bars of what is counted already, the first on top: seaborn's take half as long again."""
    axes.barh(range(len(names)), lengths, height=0.75, color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def cell_text(value) -> str:
    text = (
        " ".join(f"{value:g}".split()) if isinstance(value, float) else " ".join(str(value).split())
    )
    return short(text or "(blank)", 20)


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


# --- Missing values -----------------------------------------------------------------------------


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
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=90)
    return title


# --- Pairs --------------------------------------------------------------------------------------


def pair(survey: Survey, associations: Associations, a: str, b: str):
    """Two columns against each other, in the form that fits their kinds."""
    one, other = survey[a], survey[b]
    numbers = [column.kind == "number" and column.distinct > 12 for column in (one, other)]
    if all(numbers):
        return scatter(one, other, size=(3.6, 2.5))
    if any(numbers):
        number, levels = (one, associations.levels[b]) if numbers[0] else (
            other, associations.levels[a])  # fmt: skip
        return boxes(number, levels, size=(3.6, 2.5))
    levels = associations.levels[a], associations.levels[b]
    height = (
        0.5
        + label_room([cell_text(name) for name in levels[1].labels])
        + LINE * len(levels[0].labels)
    )
    return shares(*levels, size=(3.6, max(height, 1.6)))


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
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(FuncFormatter(short_number))
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
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(short_number))
    return f"{number.name} by {levels.name}"


@drawing
def shares(figure: Figure, one: Grouped, other: Grouped) -> str:
    """Two grouped columns: in each group of the first, the shares of the other's groups."""
    down, across = [[cell_text(label) for label in levels.labels] for levels in (one, other)]
    axes = axes_with_margins(figure, 0.25 + label_room(down),
                  0.3 + label_room(across), right=0.55, top=0.1)  # fmt: skip
    known = (one.codes >= 0) & (other.codes >= 0)
    counts = np.zeros((len(down), len(across)))
    np.add.at(counts, (one.codes[known], other.codes[known]), 1)
    sns.heatmap(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), ax=axes, cmap=LIGHT,
                vmin=0, vmax=1, xticklabels=across, yticklabels=down, rasterized=True,
                cbar_kws={"format": PercentFormatter(1), "ticks": [0, 0.5, 1]})  # fmt: skip
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=90)
    return f"Shares of {other.name} by {one.name}"


# --- Against the target -------------------------------------------------------------------------


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


def target_by(survey: Survey, levels: Grouped):
    """The target in each group of a column."""
    height = 0.5 + LINE * max(len(levels.labels), 2)
    return _target_by(survey, levels, size=(CARD[0], height))


@drawing
def _target_by(figure: Figure, survey: Survey, levels: Grouped) -> str:
    names = [cell_text(label) for label in levels.labels]
    axes = axes_with_margins(figure, 0.25 + label_room(names), 0.42, right=0.15, top=0.05)
    label = survey.label[survey.sampled]
    known = (levels.codes >= 0) & ~np.isnan(label)
    codes, label = levels.codes[known], label[known]
    rows = np.bincount(codes, minlength=len(names))
    ranked = _ranked_classes(survey)
    if len(ranked) > 2:
        _stack_classes(axes, names, survey, codes, label, rows, ranked[:MOST_CLASSES])
        axes.set_xlabel("share of rows")
    else:
        if ranked:
            label = label == ranked[-1]
        means = np.bincount(codes, weights=label, minlength=len(names)) / np.maximum(rows, 1)
        counted_bars(axes, names, means, BLUE)
        axes.axvline(label.mean(), color=ORANGE, lw=1, ls="--")
        axes.set_xlabel(target_axis(survey))
    if ranked:
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    return f"{survey.target} by {levels.name}"


def _ranked_classes(survey: Survey) -> list[int]:
    """The codes of the target's classes, most frequent first (of two, the rarer is looked for)."""
    if not survey.classes:
        return []
    known = survey.label[~np.isnan(survey.label)].astype(int)
    counts = np.bincount(known, minlength=len(survey.classes))
    return [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]


def rarer_class(survey: Survey) -> str:
    """The class that a figure of a target with two classes gives the share of."""
    return survey.classes[_ranked_classes(survey)[-1]]


def target_axis(survey: Survey) -> str:
    """What the target's figures show: the share of the rarer class, or the mean."""
    if len(_ranked_classes(survey)) in (1, 2):
        return f"share with {short(survey.target, 18)} = {short(rarer_class(survey), 14)}"
    return f"mean of {short(survey.target, 30)}"


def _stack_classes(axes, names, survey, codes, label, rows, ranked) -> None:
    left = np.zeros(len(rows))
    for place, code in enumerate(ranked):
        share = np.bincount(codes[label == code], minlength=len(rows)) / np.maximum(rows, 1)
        axes.barh(range(len(rows)), share, left=left, height=0.75, color=COLOURS[place])
        left += share
    rest = np.where(rows > 0, 1 - left, 0)
    axes.barh(range(len(rows)), rest, left=left, height=0.75, color=GREY)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


@drawing
def classes_legend(figure: Figure, survey: Survey) -> str:
    """Which colour is which class."""
    ranked = _ranked_classes(survey)[:MOST_CLASSES]
    names = [short(survey.classes[code], 18) for code in ranked]
    x = 0.1
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 7.5), ylim=(0, 0.3))
    axes.axis("off")
    for place, name in enumerate(names):
        axes.add_patch(_square(x, COLOURS[place]))
        axes.text(x + 0.18, 0.14, name, va="center")
        x += 0.4 + LETTER * len(name) * 1.1
    return f"Colours: the classes of {survey.target}"


def _square(x: float, colour):
    from matplotlib.patches import Rectangle

    return Rectangle((x, 0.08), 0.12, 0.12, color=colour)


# --- Time, and two tables -----------------------------------------------------------------------


@drawing
def over_time(figure: Figure, survey: Survey, column: Column) -> str:
    """Rows over time and, below, the target."""
    edges, counts = column.shape
    middles = (edges[:-1].astype("datetime64[m]").astype(float)
               + edges[1:].astype("datetime64[m]").astype(float)) / 2880  # fmt: skip
    lines = [(counts, f"rows per {column.period}")]
    if survey.label is not None and column.name != survey.target:
        lines.append((target_over_time(survey, column), axis_over_time(survey)))
    every = figure.subplots(len(lines), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.1, right=0.98, top=0.97, bottom=0.16 if len(lines) > 1 else 0.25,
                           hspace=0.2)  # fmt: skip
    for axes, (values, name) in zip(every, lines, strict=True):
        sns.lineplot(x=middles, y=values, ax=axes, color=BLUE, marker="o", markersize=3,
                     errorbar=None, markeredgewidth=0)  # fmt: skip
        axes.set_ylabel(name, fontsize=7)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    every[0].set_ylim(0, None)
    every[0].yaxis.set_major_formatter(FuncFormatter(short_number))
    if survey.classes and len(lines) > 1:
        every[1].yaxis.set_major_formatter(PercentFormatter(1))
    every[-1].xaxis_date()
    date_axis(every[-1])
    every[-1].set_xlabel(short(column.name, 60))
    return f"Rows{' and ' + survey.target if len(lines) > 1 else ''} over time by {column.name}"


def axis_over_time(survey: Survey) -> str:
    if len(_ranked_classes(survey)) > 2:
        first = survey.classes[_ranked_classes(survey)[0]]
        return f"share with {short(survey.target, 16)} =\n{short(first, 18)}"
    return target_axis(survey).replace(" = ", " =\n")


def target_over_time(survey: Survey, column: Column) -> np.ndarray:
    """The target's mean, or the share of one class, in each period; NaN where there are no rows.

    All rows count, not only the sampled ones. Of two classes it is the rarer, of more the most
    frequent.
    """
    moments, label = survey.dates[column.name], survey.label
    ranked = _ranked_classes(survey)
    known = ~np.isnat(moments) & ~np.isnan(label)
    if ranked:
        label = label == (ranked[-1] if len(ranked) == 2 else ranked[0])
    edges = column.shape[0].astype("datetime64[us]")
    places = np.searchsorted(edges, moments[known], side="right") - 1
    rows = np.bincount(places, minlength=len(edges))[: len(edges) - 1]
    sums = np.bincount(places, weights=label[known], minlength=len(edges))[: len(edges) - 1]
    return np.where(rows > 0, sums / np.maximum(rows, 1), np.nan)


@drawing
def side_by_side(figure: Figure, name: str, names: list[str], before, after, labels) -> str:
    """The shares of a column's groups in two tables."""
    groups = [cell_text(label) for label in names]
    axes = axes_with_margins(figure, 0.25 + label_room(groups), 0.42, right=0.15, top=0.08)
    frame = pd.DataFrame(
        {
            "group": np.tile(np.arange(len(groups)).astype(str), 2),
            "share": [*before, *after],
            "table": np.repeat(["before", "after"], len(groups)),
        }
    )
    sns.barplot(frame, x="share", y="group", hue="table", ax=axes, palette=[GREY, BLUE],
                errorbar=None, saturation=1, legend=False)  # fmt: skip
    axes.set_yticks(range(len(groups)), groups)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlabel=short(f"share of rows: {labels[0]} (grey), {labels[1]} (blue)", 56), ylabel="")
    return f"{name} in {labels[0]} and in {labels[1]}"
