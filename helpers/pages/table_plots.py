"""Table plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
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

    A group stands at its median.

    `columns` maps a column to its axis name, with the unit.
    """
    every = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (name, axis) in zip(every, columns.items(), strict=True):
        column = frame[name]
        if is_counted(column):
            codes, _ = equal_groups(column.to_numpy(dtype=float, na_value=np.nan), 10)
            known = codes >= 0
            means = label[known].groupby(codes[known]).mean()
            # Medians: the middle of the last group would lie where its most absurd value does
            places = column[known].astype(float).groupby(codes[known]).median()
            axes.plot(places.to_numpy(), means.to_numpy(), "o-", color=BLUE, ms=4)
        else:
            means = label.groupby(column.fillna("(missing)").astype("str")).mean()
            common = column.fillna("(missing)").astype("str").value_counts().head(8).index
            means = means.loc[common].sort_values()
            axes.bar(range(len(means)), means.to_numpy(), color=BLUE)
            axes.set_xticks(range(len(means)), [short(v, 10) for v in means.index], rotation=60)
        axes.set_xlabel(short(axis))
    every[0].set_ylabel(f"mean of {short(label.name)}")
    title = f"How {label.name} depends on the columns"
    figure.suptitle(short(title, 70), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return title


@picture
def sets_over_time(figure: Figure, when: pd.Series, part: np.ndarray) -> str:
    """Rows over time, coloured by part."""
    axes = figure.subplots()
    frame = pd.DataFrame({"when": when.to_numpy(), "part": part})
    sns.histplot(
        frame.dropna(), x="when", hue="part", bins=40, multiple="stack", ax=axes,
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
    """The target in each part: shares of the classes, or the distribution of the numbers."""
    axes = figure.subplots()
    frame = pd.DataFrame({"part": part, "y": y})
    order, palette = ["train", "test"], [BLUE, ORANGE]
    if task.is_regression:
        frame["y"] = frame["y"].astype(float)
        sns.kdeplot(
            frame, x="y", hue="part", hue_order=order, palette=palette, common_norm=False, ax=axes
        )
        axes.set(xlabel=short(task.target), ylabel="density of rows")
    else:
        shares = (
            frame.groupby("part")["y"].value_counts(normalize=True).rename("share").reset_index()
        )
        shares["y"] = shares["y"].map(lambda label: short(label, 18))
        shares = shares.sort_values("share", ascending=False).head(24)
        sns.barplot(shares, x="y", y="share", hue="part", hue_order=order, palette=palette, ax=axes)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel=short(task.target), ylabel="share of rows")
    title = f"The target in both sets: {task.target}"
    axes.set_title(short(title, 70))
    return title


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
    title = "What moved the scores: the variance split between the choices"
    axes.set(title=title, xlabel="share of the variance", ylabel="table")
    return title
