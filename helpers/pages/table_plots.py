"""Pictures of a table: errors in its columns, the target along them, its sets; and of the labs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from ..base.bins import equal_groups
from ..cells.kinds import is_counted
from ..learning.task_kind import Task
from .figure_style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    headed,
    legend_outside,
    name_rows,
    picture,
    short,
    titled,
)


@picture
def changed_cells(figure: Figure, table: pd.DataFrame) -> str:
    """The columns with most changed cells, at most fourteen, and what became of the cells.

    `table` has a row a column and a count for each thing that became of its cells.
    """
    axes = figure.subplots()
    shown = table.head(14)[::-1]
    _stack(axes, shown)
    name_rows(axes, shown.index)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if table.empty:
        axes.text(0.5, 0.5, "nothing to repair", transform=axes.transAxes, ha="center", color=GREY)
    else:
        legend_outside(axes)
    title = "The columns with faulty cells, and what became of these"
    axis = "cells changed by cleaning, other names for one thing aside"
    return titled(axes, title, xlabel=axis, ylabel="column")


def _stack(axes: Axes, counts: pd.DataFrame) -> None:
    left = 0
    for name, colour in zip(counts, (BLUE, ORANGE, GREEN), strict=True):
        axes.barh(range(len(counts)), counts[name], left=left, color=colour, label=name)
        left = left + counts[name].to_numpy()


@picture
def against_target(figure: Figure, frame: pd.DataFrame, label: pd.Series, columns: dict) -> str:
    """The mean label (0 to 1, or a number) along each column: ten equal groups, or levels.

    A group is drawn at its median; three or fewer are bars. `label` is called what its mean is,
    `columns` maps a column to its axis name, with the unit.
    """
    every = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (name, axis) in zip(every, columns.items(), strict=True):
        draw = _draw_along_numbers if is_counted(frame[name]) else _draw_by_level
        draw(axes, frame[name], label)
        axes.set_xlabel("\n".join(short(part) for part in axis.split("\n")))
    every[0].set_ylabel(short(label.name))
    if label.isin([0, 1]).all():
        every[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return headed(figure, f"The columns that say most: {label.name} along each")


def _draw_along_numbers(axes: Axes, column: pd.Series, label: pd.Series) -> None:
    """The mean label of ten equal groups of numbers, each at its median."""
    codes, _ = equal_groups(column.to_numpy(dtype=float, na_value=np.nan), 10)
    known = codes >= 0
    means = label[known].groupby(codes[known]).mean()
    groups = column[known].astype(float).groupby(codes[known])
    if len(means) < 4:  # a line through two points promises what lies between
        names = [low if low == mid else f"≈{mid}" for low, mid in _low_and_middle(groups)]
        _draw_bars(axes, means, names, width=0.6)
        return
    # Medians: the middle of the last group would lie where its most absurd value does
    axes.plot(groups.median().to_numpy(), means.to_numpy(), "o-", color=BLUE, ms=4)


def _low_and_middle(groups) -> list[tuple[str, str]]:
    """The lowest value and the median of each group, as they are written on an axis."""
    return [(f"{group.min():.3g}", f"{group.median():.3g}") for _, group in groups]


def _draw_by_level(axes: Axes, column: pd.Series, label: pd.Series) -> None:
    """The mean label of the eight most frequent levels."""
    texts = column.fillna("(missing)").astype("str")
    common = texts.value_counts().head(8).index
    means = label.groupby(texts).mean().loc[common].sort_values()
    _draw_bars(axes, means, [short(v, 10) for v in means.index], rotation=60)


def _draw_bars(axes: Axes, means: pd.Series, names: list[str], rotation: int = 0, **look) -> None:
    axes.bar(range(len(means)), means.to_numpy(), color=BLUE, **look)
    axes.set_xticks(range(len(means)), names, rotation=rotation)


@picture
def sets_over_time(figure: Figure, when: pd.Series, part: np.ndarray) -> str:
    """Rows over time, coloured by set; `part` is "train" or "test" for each row."""
    axes = figure.subplots()
    frame = pd.DataFrame({"when": when.to_numpy(), "set": part})
    sns.histplot(
        frame.dropna(), x="when", hue="set", bins=40, multiple="stack", ax=axes,
        hue_order=["test", "train"], palette=[ORANGE, BLUE], alpha=0.9,
    )  # fmt: skip
    # Held-out rows are the latest: a legend inside would cover them
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.tick_params(axis="x", rotation=20)
    title = "Rows over time: training and held-out rows"
    return titled(axes, title, xlabel=short(when.name), ylabel="rows")


@picture
def target_by_set(figure: Figure, y: np.ndarray, part: np.ndarray, task: Task) -> str:
    """The target in each set: shares of the classes, or the distribution of the numbers."""
    axes = figure.subplots()
    frame = pd.DataFrame({"set": part, "y": y})
    (_draw_densities if task.is_regression else _draw_classes)(axes, frame)
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.set_xlabel(short(task.target))
    title = f"The target in both sets: {task.target}"
    axes.set_title(short(title, 70))
    return title


BY_SET = {"hue": "set", "hue_order": ["train", "test"], "palette": [BLUE, ORANGE]}


def _draw_densities(axes: Axes, frame: pd.DataFrame) -> None:
    sns.kdeplot(frame.astype({"y": float}), x="y", common_norm=False, ax=axes, **BY_SET)
    axes.set_ylabel("density of rows")


def _draw_classes(axes: Axes, frame: pd.DataFrame) -> None:
    sns.barplot(_class_shares(frame), x="y", y="share", ax=axes, **BY_SET)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("share of rows")


def _class_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """The share of each class in each set, the most frequent first; at most 24 of them."""
    shares = frame.groupby("set")["y"].value_counts(normalize=True).rename("share").reset_index()
    shares["y"] = shares["y"].map(lambda label: short(label, 18))
    return shares.sort_values("share", ascending=False).head(24)


@picture
def score_gaps(figure: Figure, table: pd.DataFrame) -> str:
    """By how much each mistake flatters, with two standard errors; `table` as in `lab_recipes`."""
    axes = figure.subplots()
    shown = table.sort_values("gap")
    colours = [ORANGE if gap > 3 * error else GREY for gap, error in shown[["gap", "error"]].values]
    width = {"xerr": 2 * shown["error"], "ecolor": "#555"}
    axes.barh(range(len(shown)), shown["gap"], color=colours, **width)
    axes.axvline(0, color="#555", lw=1)
    name_rows(axes, shown.index, most=34)
    title = "By how much a mistake flatters"
    axis = "claimed minus honest ROC AUC (line: ± 2 standard errors)"
    return titled(axes, title, xlabel=axis, ylabel="mistake")


@picture
def shares(figure: Figure, table: pd.DataFrame) -> str:
    """The variance of the scores, split between the factors; a bar a table."""
    axes = figure.subplots()
    _draw_stacked(axes, table, [*COLOURS[: len(table) - 2], "#bbb", "#e5e5e5"])
    name_rows(axes, table.columns)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(table), frameon=False)
    title = "What changed the scores: the variance split between the choices"
    return titled(axes, title, xlabel="share of the variance", ylabel="table")


def _draw_stacked(axes: Axes, table: pd.DataFrame, colours: list[str]) -> None:
    """A bar a column, with a piece for each row."""
    left = np.zeros(table.shape[1])
    for (name, row), colour in zip(table.iterrows(), colours, strict=True):
        axes.barh(range(table.shape[1]), row, left=left, color=colour, label=name)
        left = left + row.to_numpy()
