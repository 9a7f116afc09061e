"""Pictures of a table: errors in its columns, the target along them, its sets; and of the labs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..base.bins import equal_groups
from ..cells.kinds import is_counted
from ..learning.task_kind import Task
from .figure_style import BLUE, COLOURS, GREY, ORANGE, picture, short


@picture
def health(figure: Figure, table: pd.DataFrame, rows: int) -> str:
    """The twelve columns with most errors: missing and faulty cells before and after."""
    axes = figure.subplots()
    table = table[["missing before", "faulty", "missing after"]]
    worst = table.loc[table.sum(axis=1).sort_values(ascending=False).index].head(12)[::-1]
    shares = worst / max(rows, 1)
    places = np.arange(len(worst))
    options = {"height": 0.38}
    axes.barh(places + 0.2, shares["missing before"], color=GREY, label="missing before", **options)
    axes.barh(places + 0.2, shares["faulty"], left=shares["missing before"], color=ORANGE,
              label="faulty before", **options)  # fmt: skip
    axes.barh(places - 0.2, shares["missing after"], color=BLUE, label="missing after", **options)
    axes.set_yticks(places, [short(name) for name in worst.index])
    if not shares.to_numpy().any():  # else the axis would go from -4 to 4 percent
        axes.set_xlim(0, 0.01)
        axes.text(0.5, 0.5, "nothing to repair", transform=axes.transAxes, ha="center", color=GREY)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right")
    title = "Each column's health before and after: the twelve with most errors"
    axes.set(title=title, xlabel="share of rows", ylabel="column")
    return title


@picture
def against_target(figure: Figure, frame: pd.DataFrame, label: pd.Series, columns: dict) -> str:
    """The mean label (0 to 1, or a number) along each column: ten equal groups, or levels.

    A group is drawn at its median. `columns` maps a column to its axis name, with the unit.
    """
    every = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (name, axis) in zip(every, columns.items(), strict=True):
        draw = _draw_along_numbers if is_counted(frame[name]) else _draw_by_level
        draw(axes, frame[name], label)
        axes.set_xlabel(short(axis))
    every[0].set_ylabel(f"mean of {short(label.name)}")
    title = f"How {label.name} depends on the columns"
    figure.suptitle(short(title, 70), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return title


def _draw_along_numbers(axes: Axes, column: pd.Series, label: pd.Series) -> None:
    """The mean label of ten equal groups of numbers, each at its median."""
    codes, _ = equal_groups(column.to_numpy(dtype=float, na_value=np.nan), 10)
    known = codes >= 0
    means = label[known].groupby(codes[known]).mean()
    # Medians: the middle of the last group would lie where its most absurd value does
    places = column[known].astype(float).groupby(codes[known]).median()
    axes.plot(places.to_numpy(), means.to_numpy(), "o-", color=BLUE, ms=4)


def _draw_by_level(axes: Axes, column: pd.Series, label: pd.Series) -> None:
    """The mean label of the eight most frequent levels."""
    texts = column.fillna("(missing)").astype("str")
    common = texts.value_counts().head(8).index
    means = label.groupby(texts).mean().loc[common].sort_values()
    axes.bar(range(len(means)), means.to_numpy(), color=BLUE)
    axes.set_xticks(range(len(means)), [short(v, 10) for v in means.index], rotation=60)


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
    title = "Rows over time: training and held-out rows"
    axes.set(title=title, xlabel=short(when.name), ylabel="rows")
    axes.tick_params(axis="x", rotation=20)
    return title


@picture
def target_by_set(figure: Figure, y: np.ndarray, part: np.ndarray, task: Task) -> str:
    """The target in each set: shares of the classes, or the distribution of the numbers."""
    axes = figure.subplots()
    frame = pd.DataFrame({"set": part, "y": y})
    looks = {"hue": "set", "hue_order": ["train", "test"], "palette": [BLUE, ORANGE], "ax": axes}
    if task.is_regression:
        sns.kdeplot(frame.astype({"y": float}), x="y", common_norm=False, **looks)
        axes.set_ylabel("density of rows")
    else:
        sns.barplot(_class_shares(frame), x="y", y="share", **looks)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_ylabel("share of rows")
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.set_xlabel(short(task.target))
    title = f"The target in both sets: {task.target}"
    axes.set_title(short(title, 70))
    return title


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
    places = range(len(shown))
    colours = [ORANGE if gap > 3 * error else GREY for gap, error in shown[["gap", "error"]].values]
    axes.barh(places, shown["gap"], xerr=2 * shown["error"], color=colours, ecolor="#555")
    axes.axvline(0, color="#555", lw=1)
    axes.set_yticks(places, [short(name, 34) for name in shown.index])
    axes.grid(axis="y", visible=False)
    title = "By how much a mistake flatters: claimed score minus honest score"
    axes.set(title=title, xlabel="claimed minus honest score (AUC or accuracy)", ylabel="mistake")
    return title


@picture
def shares(figure: Figure, table: pd.DataFrame) -> str:
    """The variance of the scores, split between the factors; a bar a table."""
    axes = figure.subplots()
    left = np.zeros(table.shape[1])
    colours = [*COLOURS[: len(table) - 2], "#bbb", "#e5e5e5"]
    for (name, row), colour in zip(table.iterrows(), colours, strict=True):
        axes.barh(range(table.shape[1]), row, left=left, color=colour, label=name)
        left = left + row.to_numpy()
    axes.set_yticks(range(table.shape[1]), [short(name) for name in table.columns])
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(table), frameon=False)
    title = "What changed the scores: the variance split between the choices"
    axes.set(title=title, xlabel="share of the variance", ylabel="table")
    return title
