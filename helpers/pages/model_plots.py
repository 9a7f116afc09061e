"""Pictures of a model: its trials, its scores, its errors, and what its predictions depend on.

Each has a title, axis names with units, and colours that colour-blind readers can distinguish.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_counted
from ..learning.metric_names import PLAIN_NAMES
from ..learning.task_kind import Task
from .figure_style import (
    BLUE,
    GREY,
    ORANGE,
    headed,
    legend_outside,
    name_rows,
    picture,
    short,
    titled,
)

MOST_BARS = 15
FEWEST_IN_LINE = 4  # points; fewer are not joined
MOST_POINTS = 2_000  # more of them hide each other


@picture
def bars(
    figure: Figure, values: pd.Series, title: str, axis: str, percent=False, colour=BLUE
) -> str:
    """Horizontal bars, largest on top; at most 15."""
    axes = figure.subplots()
    shown = values.head(MOST_BARS)[::-1]
    axes.barh(range(len(shown)), shown.to_numpy(), color=colour)
    name_rows(axes, shown.index)
    if percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set(title=short(title, 70), xlabel=short(axis, 70))
    if values.index.name:
        axes.set_ylabel(short(values.index.name))
    return title


@picture
def paired_scores(figure: Figure, table: pd.DataFrame, metric: str) -> str:
    """The score of each model (a column) on each fold (a row); a fold's scores are joined."""
    axes = figure.subplots()
    shown = table[table.mean().sort_values().index]
    for colour, (fold, scores) in zip(sns.color_palette("viridis", len(shown)), shown.iterrows(),
                                      strict=True):  # fmt: skip
        axes.plot(range(len(scores)), scores, "o-", color=colour, label=f"{fold}")
    axes.plot(range(shown.shape[1]), shown.mean(), "D", color=ORANGE, ms=8, label="mean")
    axes.set_xticks(range(shown.shape[1]), [short(name, 22) for name in shown])
    axes.legend(title=table.index.name or "fold", loc="center left", bbox_to_anchor=(1.01, 0.5))
    title, axis = (
        "The models on the same rows, fold by fold",
        f"{PLAIN_NAMES[metric]}, validation rows",
    )
    return titled(axes, title, xlabel="model, its best trial", ylabel=axis)


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
    axes.set(
        xlabel="tenth of the rows, by predicted probability", ylabel=f"share with {short(says)}"
    )
    title = f"From the least to the most likely tenth of the held-out rows: {says}"
    axes.set_title(short(title, 80))
    return title


@picture
def confusion(figure: Figure, counts: pd.DataFrame) -> str:
    """Rows by true and predicted class, shaded by the share of the true class."""
    axes = figure.subplots()
    names = [short(c, 22) for c in counts.index]
    sns.heatmap(
        counts.div(counts.sum(axis=1).clip(lower=1), axis=0), ax=axes,
        annot=counts.to_numpy() if len(counts) <= 12 else None, fmt=",d", cmap="Blues",
        vmin=0, vmax=1, cbar_kws={"label": "share of the true class"},
        xticklabels=names, yticklabels=names,
    )  # fmt: skip
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=20 if max(map(len, names)) > 8 else 0)
    return titled(axes, "Held-out rows by true and predicted class", xlabel="predicted class",
                  ylabel="true class")  # fmt: skip


@picture
def curves(
    figure: Figure, truth: np.ndarray, probability: np.ndarray, threshold: float = 0.5
) -> str:
    """The ROC and the precision-recall curve with the decision threshold; `truth` is boolean."""
    left, right = figure.subplots(1, 2)
    said = probability >= threshold
    recall, false = said[truth].mean(), said[~truth].mean()
    label = f"threshold {threshold:.2g}"
    _draw_roc(left, truth, probability)
    left.plot(false, recall, "D", color=ORANGE, ms=7, label=label)
    left.legend(loc="lower right")
    _draw_precision_and_recall(right, truth, probability)
    if said.any():
        right.plot(recall, truth[said].mean(), "D", color=ORANGE, ms=7, label=label)
    return "ROC and precision-recall curves on the held-out rows"


def _draw_roc(axes, truth: np.ndarray, probability: np.ndarray) -> None:
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(truth, probability)
    axes.plot(false, true, color=BLUE, label="model")
    axes.plot([0, 1], [0, 1], color=GREY, ls="--", label="random baseline")
    axes.set(title="ROC curve", xlabel="false positive rate", ylabel="true positive rate (recall)")


def _draw_precision_and_recall(axes, truth: np.ndarray, probability: np.ndarray) -> None:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, probability)
    axes.plot(recall, precision, color=BLUE, label="model")
    axes.axhline(truth.mean(), color=GREY, ls="--", label="random baseline")
    axes.set(title="Precision-recall curve", xlabel="recall", ylabel="precision", ylim=(0, 1.02))


def _points(rows: int) -> tuple[np.ndarray, str]:
    """The positions of the rows that are drawn, evenly spread, and how many where not all are."""
    drawn = min(rows, MOST_POINTS)
    some = f", {drawn:,} of {rows:,} rows" if drawn < rows else ""
    return evenly_spaced(rows, drawn), some


@picture
def residuals(figure: Figure, truth: np.ndarray, prediction: np.ndarray, target: str) -> str:
    """Predicted against true values, and the errors' distribution."""
    left, right = figure.subplots(1, 2)
    _draw_predicted_and_true(left, truth, prediction, short(target, 20))
    error = prediction - truth
    alike = np.ptp(error) <= 1e-9 * max(1.0, np.abs(error).max())
    sns.histplot(error, bins=1 if alike else 40, color=ORANGE, ax=right)
    right.axvline(0, color="#555", ls="--", lw=1)
    right.set(title="Errors", xlabel="predicted − true", ylabel="rows")
    return f"Predictions of {target} on held-out rows, and their errors"


def _draw_predicted_and_true(axes, truth: np.ndarray, prediction: np.ndarray, target: str) -> None:
    chosen, some = _points(len(truth))
    axes.plot(truth[chosen], prediction[chosen], "o", color=BLUE, ms=3, alpha=0.4)
    ends = [min(truth.min(), prediction.min()), max(truth.max(), prediction.max())]
    axes.plot(ends, ends, color="#555", ls="--", lw=1)
    axes.set(title=f"Predicted and true{some}", xlabel=f"true {target}")
    axes.set_ylabel(f"predicted {target}")


@picture
def answers(figure: Figure, values: pd.Series, axis: str, threshold: float | None = None) -> str:
    """The distribution of the service's predictions; `threshold` is where the decision changes."""
    axes = figure.subplots()
    if is_counted(values):
        _draw_numbers(axes, values.astype(float), threshold)
    else:
        counts = values.value_counts().head(MOST_BARS)
        axes.bar(range(len(counts)), counts.to_numpy(), color=BLUE)
        axes.set_xticks(range(len(counts)), [short(v, 18) for v in counts.index])
    return titled(axes, "Predictions of the service", xlabel=short(axis, 50), ylabel="rows")


def _draw_numbers(axes, values: pd.Series, threshold: float | None) -> None:
    """A histogram; many more bins than the square root of the rows show noise."""
    bins = int(np.clip(np.sqrt(len(values)), 5, 30))
    sns.histplot(values, bins=bins, color=BLUE, ax=axes)
    if threshold is not None:
        label = f"decision threshold {threshold:.2g}"
        axes.axvline(threshold, color=ORANGE, ls="--", lw=2, label=label)
        axes.legend(loc="upper right")


@picture
def errors_along(figure: Figure, truth: np.ndarray, prediction: np.ndarray, target: str) -> str:
    """The error along the true value: where predictions are too high, and where too low."""
    axes = figure.subplots()
    chosen, some = _points(len(truth))
    axes.plot(truth[chosen], (prediction - truth)[chosen], "o", color=BLUE, ms=3, alpha=0.4)
    axes.axhline(0, color="#555", ls="--", lw=1)
    title = f"The error along the true value{some}"
    axes.set(title=title, xlabel=f"true {short(target)}", ylabel="predicted − true")
    return title


@picture
def learning_curve(figure: Figure, table: pd.DataFrame, metric: str) -> str:
    """The score by number of training rows, on new rows with its interval, and on those learnt."""
    axes = figure.subplots()
    axes.fill_between(table["rows"], table["low"], table["high"], color=BLUE, alpha=0.15, lw=0)
    label = "validation rows (band: 95 % interval)"
    axes.plot(table["rows"], table["score"], "o-", color=BLUE, label=label)
    axes.plot(table["rows"], table["train"], "s--", color=GREY, label="training rows")
    axes.set_xscale("log", base=2)
    axes.set_xticks(table["rows"], [f"{rows:,.0f}" for rows in table["rows"]])
    axes.minorticks_off()
    legend_outside(axes)
    axis = "training rows (each step doubles)"
    title = "The score by number of training rows"
    return titled(axes, title, xlabel=axis, ylabel=PLAIN_NAMES[metric])


@picture
def falls(figure: Figure, table: pd.DataFrame, metric: str) -> str:
    """How far the score falls when columns are shuffled, with the 95 % intervals of `importance`.

    The largest fall on top; at most 15.
    """
    axes = figure.subplots()
    shown = table.head(MOST_BARS)[::-1]
    places = range(len(shown))
    away = [shown["fall"] - shown["low"], shown["high"] - shown["fall"]]
    axes.barh(places, shown["fall"], color=BLUE)
    axes.errorbar(shown["fall"], places, xerr=away, fmt="none", color="#333", capsize=3)
    name_rows(axes, shown.index)
    label = f"fall of {PLAIN_NAMES[metric]} (lines: 95 % interval)"
    return titled(axes, "What shuffling a column costs", xlabel=label, ylabel="columns shuffled")


@picture
def dependence(figure: Figure, found: dict[str, pd.Series], answer: str) -> str:
    """The mean answer along a few columns, all else as it is."""
    every = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (name, means) in zip(every, found.items(), strict=True):
        _draw_means(axes, means)
        axes.set_xlabel(short(name, 24))
    every[0].set_ylabel(short(answer, 40))
    title = f"Partial dependence: mean {answer}, one column changed at a time"
    return headed(figure, title, 90)


def _draw_means(axes, means: pd.Series) -> None:
    """Means along a column: a line over numbers, points over levels, or over a few numbers."""
    if is_counted(means.index):
        style = "o-" if len(means) >= FEWEST_IN_LINE else "o"
        axes.plot(means.index.to_numpy(float), means.to_numpy(), style, color=BLUE, ms=5)
    else:
        axes.plot(range(len(means)), means.to_numpy(), "o", color=BLUE)
        axes.set_xticks(range(len(means)), [short(v, 10) for v in means.index], rotation=60)


@picture
def outcomes(figure: Figure, table: pd.DataFrame) -> str:
    """The claimed and the real score of each broken line (`table` as in `break_a_station`)."""
    axes = figure.subplots()
    shown = table[::-1]
    _draw_claims(axes, *(shown[name].astype(float) for name in ("claimed", "in production")))
    axes.axvline(0.5, color="#555", ls="--", lw=1, label="random guess (0.5)")
    axes.set_yticks(range(len(shown)), [short(name) for name in shown.index])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False)
    title = "What each broken line claims, and what it serves"
    return titled(axes, title, xlabel="ROC AUC", ylabel="broken station")


def _draw_claims(axes, claimed: pd.Series, served: pd.Series) -> None:
    places = np.arange(len(served))
    axes.hlines(places, claimed.fillna(served), served, color=GREY, lw=2)
    axes.plot(claimed, places, "D", color=ORANGE, ms=7, label="claimed")
    axes.plot(served, places, "o", color=BLUE, ms=8, label="in production")
