"""Figures of the target: by the groups of a column, and over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from scipy.special import fdtrc

from ..base.ranks import ranks
from ..pages.figure_style import BLUE, COLOURS, GREY, ORANGE, axes_with_margins, drawing, short
from .association import Grouped
from .draw_axes import (
    CARD,
    LETTER,
    LINE,
    cell_text,
    counted_bars,
    date_axis,
    label_room,
    short_number,
)
from .surveyed_table import Column, Survey

MOST_CLASSES = 6


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
    draw = _stack_classes if len(_ranked_classes(survey)) > 2 else _bar_means
    draw(axes, names, survey, levels.codes[known], label[known])
    if survey.classes:
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    return f"{survey.target} by {levels.name}"


def _bar_means(axes, names: list[str], survey: Survey, codes, label) -> None:
    """The mean target of each group, or the share of the rarer class; dashed: of all rows."""
    if ranked := _ranked_classes(survey):
        label = label == ranked[-1]
    rows = np.bincount(codes, minlength=len(names))
    sums = np.bincount(codes, weights=label, minlength=len(names))
    counted_bars(axes, names, sums / np.maximum(rows, 1), BLUE)
    axes.axvline(label.mean(), color=ORANGE, lw=1, ls="--")
    axes.set_xlabel(target_axis(survey))


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


def _stack_classes(axes, names: list[str], survey: Survey, codes, label) -> None:
    """The shares of the classes in each group, as stacked bars."""
    rows = np.bincount(codes, minlength=len(names))
    left = np.zeros(len(rows))
    for place, code in enumerate(_ranked_classes(survey)[:MOST_CLASSES]):
        share = np.bincount(codes[label == code], minlength=len(rows)) / np.maximum(rows, 1)
        counted_bars(axes, names, share, COLOURS[place], left=left)
        left = left + share
    counted_bars(axes, names, np.where(rows > 0, 1 - left, 0), GREY, left=left)
    axes.set_xlabel("share of rows")


@drawing
def classes_legend(figure: Figure, survey: Survey) -> str:
    """Which colour is which class."""
    ranked = _ranked_classes(survey)[:MOST_CLASSES]
    x, axes = 0.1, figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 7.5), ylim=(0, 0.3))
    axes.axis("off")
    for code, colour in zip(ranked, COLOURS, strict=False):
        name = short(survey.classes[code], 18)
        axes.add_patch(_square(x, colour))
        axes.text(x + 0.18, 0.14, name, va="center")
        x += 0.4 + LETTER * len(name) * 1.1
    return f"Colours: the classes of {survey.target}"


def _square(x: float, colour):
    from matplotlib.patches import Rectangle

    return Rectangle((x, 0.08), 0.12, 0.12, color=colour)


@drawing
def over_time(figure: Figure, survey: Survey, column: Column) -> str:
    """Rows over time and, below, the target."""
    lines = [(column.shape[1], f"rows per {column.period}")]
    if survey.label is not None and column.name != survey.target:
        lines.append((target_over_time(survey, column), axis_over_time(survey)))
    every = _above_each_other(figure, len(lines))
    for axes, (values, name) in zip(every, lines, strict=True):
        _line(axes, _middles(column.shape[0]), values, name)
    every[0].set_ylim(0, None)
    every[0].yaxis.set_major_formatter(short_number)
    if survey.classes and len(lines) > 1:
        every[1].yaxis.set_major_formatter(PercentFormatter(1))
    every[-1].set_xlabel(short(column.name, 60))
    return f"Rows{' and ' + survey.target if len(lines) > 1 else ''} over time by {column.name}"


def _above_each_other(figure: Figure, count: int):
    """Axes that share one axis of dates, below the last of them."""
    every = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    bottom = 0.16 if count > 1 else 0.25
    figure.subplots_adjust(left=0.1, right=0.98, top=0.97, bottom=bottom, hspace=0.2)
    every[-1].xaxis_date()
    date_axis(every[-1])
    return every


def _middles(edges: np.ndarray) -> np.ndarray:
    """The middles of periods, in days, as matplotlib counts them."""
    minutes = edges.astype("datetime64[m]").astype(float)
    return (minutes[:-1] + minutes[1:]) / 2880


def _line(axes, x: np.ndarray, y: np.ndarray, name: str) -> None:
    sns.lineplot(x=x, y=y, ax=axes, color=BLUE, marker="o", markersize=3, errorbar=None,
                 markeredgewidth=0)  # fmt: skip
    axes.set_ylabel(name, fontsize=7)
    axes.yaxis.set_major_locator(MaxNLocator(4))


def axis_over_time(survey: Survey) -> str:
    """What the target's line over time shows, in two lines for its axis."""
    if len(_ranked_classes(survey)) > 2:
        first = survey.classes[_ranked_classes(survey)[0]]
        return f"share with {short(survey.target, 16)} =\n{short(first, 18)}"
    return target_axis(survey).replace(" = ", " =\n")


def target_over_time(survey: Survey, column: Column) -> np.ndarray:
    """The target's mean, or the share of one class, in each period; NaN where there are no rows.

    All rows count, not only the sampled ones. Of two classes it is the rarer, of more the most
    frequent.
    """
    places, label, edges = _by_period(survey, column)
    rows = np.bincount(places, minlength=len(edges))[: len(edges) - 1]
    sums = np.bincount(places, weights=label, minlength=len(edges))[: len(edges) - 1]
    return np.where(rows > 0, sums / np.maximum(rows, 1), np.nan)


def _by_period(survey: Survey, column: Column) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The period of each row that has a moment and a label, what is drawn of it, and the edges."""
    moments, label = survey.dates[column.name], survey.label
    ranked = _ranked_classes(survey)
    known = ~np.isnat(moments) & ~np.isnan(label)
    if ranked:
        label = label == (ranked[-1] if len(ranked) == 2 else ranked[0])
    edges = column.shape[0].astype("datetime64[us]")
    return np.searchsorted(edges, moments[known], side="right") - 1, label[known], edges


def p_value_over_time(survey: Survey, column: Column) -> float:
    """The p-value of the differences between periods: an analysis of variance of the days' means.

    Rows of a day resemble each other, so a day counts once; where a period is a day, so does a row.
    """
    table = _ranks_by_day(survey, column)
    groups = table.groupby("period")["label"]
    between, within = len(groups) - 1, len(table) - len(groups)
    spread = ((table["label"] - groups.transform("mean")) ** 2).sum()
    total = ((table["label"] - table["label"].mean()) ** 2).sum()
    if between < 1 or within < 1 or spread <= 0:
        return 1.0 if total <= 0 or within < 1 else 0.0
    return float(fdtrc(between, within, (total - spread) / between / (spread / within)))


def _ranks_by_day(survey: Survey, column: Column) -> pd.DataFrame:
    """The mean rank of the target on each day, and its period; of each row where that is a day."""
    places, label, _ = _by_period(survey, column)
    moments = survey.dates[column.name]
    known = ~np.isnat(moments) & ~np.isnan(survey.label)
    days = pd.factorize(moments[known].astype("datetime64[D]"))[0]
    table = pd.DataFrame({"day": days, "period": places, "label": ranks(label.astype(float))})
    several = table.groupby("period")["day"].nunique().max() > 1
    return table.groupby("day").mean() if several else table
