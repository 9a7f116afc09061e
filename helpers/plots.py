"""Figures: with a title, axis names and units, in colours that colour-blind readers tell apart.

Every function gives a `Picture`: a PNG with a text that says what it shows.
"""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import PercentFormatter

from .base.bins import equal_groups
from .base.spacing import evenly_spaced
from .figures import BLUE, COLOURS, GREEN, GREY, ORANGE, picture, short
from .learning.metric_names import PLAIN_NAMES
from .learning.task_kind import Task
from .line.stage_list import STAGES

MOST_BARS = 15
MOST_POINTS = 2_000  # more of them hide each other


@picture
def assembly_line(figure: Figure) -> str:
    """The line as a picture: its stations in order, and the way back."""
    axes = figure.subplots()
    stages = [stage for stage in STAGES if not stage.lesson]
    for place, stage in enumerate(stages):
        x, y = place % 4 * 2.6, 0 if place < 4 else -1.8
        colour = COLOURS[place % len(COLOURS)]
        axes.add_patch(
            FancyBboxPatch(
                (x, y), 2.0, 0.8, "round,pad=0.08", fc=(*colour, 0.18), ec=colour, lw=1.5
            )
        )
        label = f"{stage.number}\n{stage.title}"
        axes.text(x + 1, y + 0.4, label, ha="center", va="center", fontsize=9.5)
        if place % 4 < 3:
            _arrow(axes, (x + 2.1, y + 0.4), (x + 2.5, y + 0.4), "#555")
    axes.plot([8.8, 8.8, 1.0, 1.0], [-0.12, -0.7, -0.7, -0.8], color="#555", lw=1)
    _arrow(axes, (1.0, -0.7), (1.0, -0.92), "#555")
    _arrow(axes, (3.6, -0.9), (3.6, -0.1), COLOURS[3])
    axes.text(3.75, -0.4, "not good enough: go back", color=COLOURS[3], fontsize=8.5, va="center")
    axes.set_xlim(-0.3, 10.3)
    axes.set_ylim(-2.1, 1.1)
    axes.axis("off")
    title = "The line: eight stations from raw data to production"
    axes.set_title(title)
    return title


def _arrow(axes, start, end, colour) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=colour))


@picture
def bars(
    figure: Figure, values: pd.Series, title: str, axis: str, percent=False, colour=BLUE
) -> str:
    """Horizontal bars, largest on top; at most 15."""
    axes = figure.subplots()
    shown = values.head(MOST_BARS)[::-1]
    axes.barh(range(len(shown)), shown.to_numpy(), color=colour)
    axes.set_yticks(range(len(shown)), [short(name) for name in shown.index])
    if percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.set(title=short(title, 70), xlabel=short(axis, 70))
    if values.index.name:
        axes.set_ylabel(short(values.index.name))
    return title


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
        if pd.api.types.is_numeric_dtype(column.dtype):
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
def trials(figure: Figure, families: list[str], scores: list[list[float]], metric: str) -> str:
    """Each trial's score on each fold, by family of models."""
    axes = figure.subplots()
    frame = pd.DataFrame(
        [
            (family, value)
            for family, found in zip(families, scores, strict=True)
            for value in found
        ],
        columns=["model", "score"],
    )
    means = frame.groupby("model", sort=False)["score"].max().sort_values()
    sns.stripplot(frame, y="model", x="score", order=means.index[::-1], ax=axes, color=BLUE,
                  alpha=0.6, jitter=0.15, size=6)  # fmt: skip
    title = "Every trial on every fold"
    axes.set(title=title, xlabel=f"{PLAIN_NAMES[metric]} on validation rows", ylabel="model")
    return title


@picture
def risk_groups(figure: Figure, table: pd.DataFrame, task: Task, overall: float) -> str:
    """The observed share in each tenth of the rows, from the least to the most likely."""
    axes = figure.subplots()
    axes.bar(table["group"], table["observed"], color=BLUE, width=0.75, label="observed")
    axes.plot(table["group"], table["predicted"], "D", color=ORANGE, ms=6, label="predicted")
    axes.axhline(overall, color="#555", ls="--", lw=1, label=f"all rows ({overall:.0%})")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xticks(table["group"])
    axes.legend(loc="upper left")
    axes.grid(axis="x", visible=False)
    says = f"{task.target} = {task.positive}"
    title = f"From the least to the most likely tenth of the held-out rows: {says}"
    axes.set(
        xlabel="tenth of the rows, by predicted probability", ylabel=f"share with {short(says)}"
    )
    axes.set_title(short(title, 80))
    return title


@picture
def confusion(figure: Figure, counts: pd.DataFrame) -> str:
    """Rows by true and predicted class, shaded by the share of the true class."""
    axes = figure.subplots()
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    names = [short(c, 22) for c in counts.index]
    sns.heatmap(
        shares, annot=counts.to_numpy() if len(counts) <= 12 else None, fmt=",d", cmap="Blues",
        vmin=0, vmax=1, cbar_kws={"label": "share of the true class"}, ax=axes,
        xticklabels=names, yticklabels=names,
    )  # fmt: skip
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=20 if max(map(len, names)) > 8 else 0)
    title = "Held-out rows by true and predicted class"
    axes.set(title=title, xlabel="predicted class", ylabel="true class")
    return title


@picture
def curves(figure: Figure, truth: np.ndarray, probability: np.ndarray) -> str:
    """The ROC and the precision-recall curve; `truth` is boolean."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    left, right = figure.subplots(1, 2)
    false, true, _ = roc_curve(truth, probability)
    precision, recall, _ = precision_recall_curve(truth, probability)
    left.plot(false, true, color=BLUE, label="model")
    left.plot([0, 1], [0, 1], color=GREY, ls="--", label="random baseline")
    left.set(title="ROC curve", xlabel="false positive rate", ylabel="true positive rate (recall)")
    right.plot(recall, precision, color=BLUE, label="model")
    right.axhline(truth.mean(), color=GREY, ls="--", label="random baseline")
    right.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    left.legend(loc="lower right")
    return "ROC and precision-recall curves on the held-out rows"


def _points(rows: int) -> tuple[np.ndarray, str]:
    """The positions of the rows that are drawn, evenly spread, and how many where not all are."""
    drawn = min(rows, MOST_POINTS)
    some = f", {drawn:,} of {rows:,} rows" if drawn < rows else ""
    return evenly_spaced(rows, drawn), some


@picture
def residuals(figure: Figure, truth: np.ndarray, prediction: np.ndarray, target: str) -> str:
    """Predicted against true values, and the errors' distribution."""
    left, right = figure.subplots(1, 2)
    chosen, some = _points(len(truth))
    left.plot(truth[chosen], prediction[chosen], "o", color=BLUE, ms=3, alpha=0.4)
    ends = [min(truth.min(), prediction.min()), max(truth.max(), prediction.max())]
    left.plot(ends, ends, color="#555", ls="--", lw=1)
    left.set(title=f"Predicted and true{some}", xlabel=f"true {short(target, 20)}")
    left.set_ylabel(f"predicted {short(target, 20)}")
    error = prediction - truth
    alike = np.ptp(error) <= 1e-9 * max(1.0, np.abs(error).max())
    sns.histplot(error, bins=1 if alike else 40, color=ORANGE, ax=right)
    right.axvline(0, color="#555", ls="--", lw=1)
    right.set(title="Errors", xlabel="predicted − true", ylabel="rows")
    return f"Predictions of {target} on held-out rows, and their errors"


@picture
def answers(figure: Figure, values: pd.Series, axis: str) -> str:
    """The distribution of what the service answered."""
    axes = figure.subplots()
    if pd.api.types.is_numeric_dtype(values.dtype):
        sns.histplot(values.astype(float), bins=30, color=BLUE, ax=axes)
    else:
        counts = values.value_counts().head(MOST_BARS)
        axes.bar(range(len(counts)), counts.to_numpy(), color=BLUE)
        axes.set_xticks(range(len(counts)), [short(v, 18) for v in counts.index])
    title = "What the service answered"
    axes.set(title=title, xlabel=short(axis, 50), ylabel="rows")
    return title


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


@picture
def errors_along(figure: Figure, truth: np.ndarray, prediction: np.ndarray, target: str) -> str:
    """The error along the true value: where the model says too much, and where too little."""
    axes = figure.subplots()
    chosen, some = _points(len(truth))
    axes.plot(truth[chosen], (prediction - truth)[chosen], "o", color=BLUE, ms=3, alpha=0.4)
    axes.axhline(0, color="#555", ls="--", lw=1)
    title = f"The error along the true value{some}"
    axes.set(title=title, xlabel=f"true {short(target)}", ylabel="predicted − true")
    return title


@picture
def feature_map(figure: Figure, flows: list[tuple[str, int, str]]) -> str:
    """The pipeline as a drawing: from the columns, role by role, through its steps to one row.

    `flows` holds for each branch its role, how many columns take it, and its steps in words.
    """
    axes = figure.subplots()
    height = len(flows)
    for place, (role, count, steps) in enumerate(flows):
        y, colour = height - 1 - place, COLOURS[place % len(COLOURS)]
        says = f"{count} column{'s' * (count != 1)}\n{role}"
        for x, width, text in ((0, 2.3, says), (3.3, 5.2, "\n".join(wrap(steps, 46)))):
            axes.add_patch(
                FancyBboxPatch(
                    (x, y + 0.14), width, 0.62, "round,pad=0.06", fc=(*colour, 0.18), ec=colour
                )
            )
            axes.text(x + width / 2, y + 0.45, text, ha="center", va="center", fontsize=8.5)
        _arrow(axes, (2.45, y + 0.45), (3.15, y + 0.45), "#555")
        _arrow(axes, (8.65, y + 0.45), (9.45, height / 2), "#555")
    axes.text(9.6, height / 2, "one row\nof numbers,\neach with\nits name", va="center", fontsize=9)
    axes.set_xlim(-0.2, 11.2)
    axes.set_ylim(-0.1, height + 0.05)
    axes.axis("off")
    title = "The features: every column's way to numbers, learnt on training rows alone"
    axes.set_title(title)
    return title


@picture
def draw_calibration_curve(
    figure: Figure, tables: dict[str, pd.DataFrame], errors: dict[str, float]
) -> str:
    """Observed against predicted shares, before and after calibration."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#555", ls="--", lw=1, label="perfect calibration")
    for (name, table), colour, mark in zip(tables.items(), (GREY, BLUE), ["s", "o"], strict=True):
        label = f"{name}: {errors[name]:.1%} off"
        axes.plot(table["predicted"], table["observed"], f"{mark}-", color=colour, label=label)
    for format_axis in (axes.xaxis, axes.yaxis):
        format_axis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="upper left")
    title = "Predicted and observed probabilities, before and after calibration"
    axes.set(title=title, xlabel="predicted probability", ylabel="observed share")
    return title


@picture
def learning_curve(figure: Figure, table: pd.DataFrame, metric: str) -> str:
    """The score on validation rows by the number of rows that were learnt from."""
    axes = figure.subplots()
    axes.plot(table["rows"], table["score"], "o-", color=BLUE)
    axes.set_xscale("log", base=2)
    axes.set_xticks(table["rows"], [f"{rows:,.0f}" for rows in table["rows"]])
    axes.minorticks_off()
    title = "Would more rows help? The score by number of training rows"
    axes.set(title=title, xlabel="training rows (each step doubles)", ylabel=PLAIN_NAMES[metric])
    return title


@picture
def dependence(figure: Figure, found: dict[str, pd.Series], answer: str) -> str:
    """The mean answer along a few columns, all else as it is."""
    every = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (name, means) in zip(every, found.items(), strict=True):
        if pd.api.types.is_numeric_dtype(means.index.dtype):
            axes.plot(means.index.to_numpy(float), means.to_numpy(), "o-", color=BLUE, ms=4)
        else:
            axes.plot(range(len(means)), means.to_numpy(), "o", color=BLUE)
            axes.set_xticks(range(len(means)), [short(v, 10) for v in means.index], rotation=60)
        axes.set_xlabel(short(name, 24))
    every[0].set_ylabel(short(answer, 40))
    title = f"Partial dependence: mean {answer}, one column changed at a time"
    figure.suptitle(short(title, 90), x=0.01, ha="left", fontsize=11, fontweight="bold")
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


@picture
def outcomes(figure: Figure, table: pd.DataFrame) -> str:
    """What each broken line claims and what it serves; `table` as in `lab_stations`."""
    axes = figure.subplots()
    shown = table[::-1]
    places = np.arange(len(shown))
    claimed, served = (shown[name].astype(float) for name in ("claimed", "in production"))
    axes.hlines(places, claimed.fillna(served), served, color=GREY, lw=2)
    axes.plot(claimed, places, "D", color=ORANGE, ms=7, label="claimed")
    axes.plot(served, places, "o", color=BLUE, ms=8, label="in production")
    axes.axvline(0.5, color="#555", ls="--", lw=1, label="a coin")
    axes.set_yticks(places, [short(name) for name in shown.index])
    axes.legend(loc="center right")
    title = "What each broken line claims, and what it serves"
    axes.set(title=title, xlabel="ROC AUC", ylabel="broken station")
    return title
