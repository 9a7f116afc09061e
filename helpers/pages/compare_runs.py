"""Two runs side by side: their parameters, their scores, their findings.

Only what the runs wrote is read (the ledger, `metrics.json`, `findings.json`, their answers for the
held-out rows), so runs of different tables, or of an older version, can be compared as far as they
go. Which one is better is said only of the same held-out rows, row by row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ..base.user_errors import InputError
from ..learning.metric_names import PLAIN_NAMES
from ..learning.score_intervals import Difference, paired_gain
from ..learning.stored_answers import check_same_rows, judged, read_answers
from ..learning.task_kind import Task
from ..line.held_out_looks import describe_looks, looks, note_look, split_mark
from ..line.notebook_parameters import SET_ELSEWHERE
from ..line.run_folder import Run
from ..line.stage_list import STAGES
from .figure_style import BLUE, GREY, axes_with_margins, drawing, short

SAME_RUN = "A run can't be compared with itself: '{}' was given twice."


def name_of(other: Run) -> str:
    """The page in a run's folder that compares it with another."""
    return f"compared_with_{other.name}.html"


def compare(first: Run, second: Run) -> tuple[str, str]:
    """Write the page that puts the second run beside the first; returns its name, and its reading.

    It lies in the folder of the first run.
    """
    from . import stage_page

    if first.path == second.path:
        raise InputError(SAME_RUN.format(first.name))
    for run in {split_mark(run): run for run in (first, second)}.values():
        note_look(run, "compare")  # once where both hold out the same rows
    content = _content((first, second))
    stage_page.write_comparison(first, name_of(second), content)
    return name_of(second), content["reading"]


def _content(runs: tuple[Run, Run]) -> dict:
    """What the page shows of both runs."""
    metrics = [run.read_json("metrics.json") for run in runs]
    gains, refused = paired_gains(runs, metrics)
    return {
        "names": [run.name for run in runs],
        "reading": refused or describe_gain(runs, metrics, gains),
        "warnings": [*warnings(runs, metrics), *_looks(runs)],
        "parameters": parameters(runs),
        "metrics": scores(metrics, gains),
        "curves": drawn_curves(runs, metrics),
        "stages": stages(runs),
        "findings": findings(runs),
    }


def paired_gains(runs, metrics) -> tuple[dict[str, Difference], str]:
    """By how much the second run is better on the same held-out rows, a difference a metric.

    And why they can't be compared; empty where they can.
    """
    if refused := _other_questions(runs, metrics):
        return {}, refused
    answers = [read_answers(run) for run in runs]
    try:
        check_same_rows([run.name for run in runs], answers)
    except InputError as error:
        return {}, f"Which one is better can't be said. {error}"
    return _gains(metrics[0], answers), ""


def _other_questions(runs, metrics) -> str:
    """Why two runs answer no common question; empty where they do."""
    if not all(metrics):
        done = [run.name for run, found in zip(runs, metrics, strict=True) if found]
        return f"Only {done[0]} has been judged." if done else "Neither run has been judged."
    a, b = metrics
    if all(a[key] == b[key] for key in ("task", "target", "main_metric")):
        return ""
    asked = " and ".join(f"{m['task']} of {m['target']} by {m['main_metric']}" for m in metrics)
    return f"They answer different questions: {asked}."


def _gains(metrics: dict, answers: list[pd.DataFrame]) -> dict[str, Difference]:
    """The paired difference of each metric that both runs have."""
    task = Task(
        metrics["target"], metrics["task"], tuple(metrics.get("classes", ())),
        metrics.get("positive", ""), metrics["main_metric"],
    )  # fmt: skip
    one, other = (judged(task, kept) for kept in answers)
    pair = one[1:3], other[1:3]
    names = [name for name in metrics["test"] if name in task.metrics]
    return {m: paired_gain(task, one.truth, *pair, unit=one.unit, metric=m) for m in names}


def describe_gain(runs, metrics, gains: dict[str, Difference]) -> str:
    """Both values of the main metric, and by how much the second run is better, in a sentence."""
    metric, (one, other) = metrics[0]["main_metric"], [run.name for run in runs]
    gain, rows = gains[metric], metrics[0]["rows"]["test"]
    scores = [found["test"][metric] for found in metrics]
    units = f" ({gain.units:,} units)" if gain.units < rows else ""
    return (
        f"On the same {rows:,} held-out rows{units} {PLAIN_NAMES[metric]} is {scores[0]:.3f} in "
        f"{one} and {scores[1]:.3f} in {other}: {_in_words(gain, other)}."
    )


def _in_words(gain: Difference, other: str) -> str:
    if np.isnan(gain.low):
        return "too few units to tell them apart"
    ends = f"95 % interval of the gain {signed(gain.low)} to {signed(gain.high)}, paired by unit"
    if gain.low <= 0 <= gain.high:
        return f"the difference may be chance ({ends})"
    return f"{other} is {'better' if gain.low > 0 else 'worse'} by more than chance ({ends})"


def signed(value: float) -> str:
    """A difference with its sign and three decimals; plus where it rounds to zero.

    >>> signed(-0.0001), signed(0.02)
    ('+0.000', '+0.020')
    """
    return f"{round(value, 3) + 0:+.3f}"


def _looks(runs) -> list[str]:
    """How often the held-out rows of both were asked, once where they are the same rows."""
    return list(dict.fromkeys(text for run in runs if (text := describe_looks(looks(run)))))


def warnings(runs, metrics) -> list[str]:
    """Why the figures may not be comparable."""
    found = []
    if len({run.about.get("source") for run in runs}) > 1:
        found.append("The runs are of different tables.")
    if all(metrics):
        targets = {m["target"] for m in metrics}
        if len(targets) > 1:
            found.append(f"They predict different columns: {' and '.join(sorted(targets))}.")
    return found


def parameters(runs) -> list[dict]:
    """The parameters that differ: stage, name, and the value of each run ("–" for none)."""
    rows = []
    for stage in STAGES:
        given = [(run.line_of(stage.number) or {}).get("parameters", {}) for run in runs]
        for name in dict.fromkeys([*given[0], *given[1]]):
            values = [one.get(name, "–") for one in given]
            if name != "run" and values[0] != values[1]:
                shown = SET_ELSEWHERE.get(name, name)
                values = [_shown(name, value) for value in values]
                rows.append({"stage": stage.title, "name": shown, "values": values})
    return rows


def _shown(name: str, value) -> str:
    """A parameter's value as text, without the password of an address."""
    from ..base.addresses import shown
    from ..line.stage_list import NAME_SOURCES

    text = str(value)
    return (shown(text) if name in NAME_SOURCES and text else text) or "(none)"


def scores(metrics, gains: dict[str, Difference]) -> list[dict]:
    """A row per metric that either run has: both values, and how far the second is ahead."""
    if not any(metrics):
        return []
    names = dict.fromkeys(name for found in metrics if found for name in found["test"])
    return [_score(name, metrics, gains.get(name)) for name in names]


def _score(name: str, metrics, gain: Difference | None) -> dict:
    """A metric of both runs, and by how much the second is better, with its 95 % interval.

    Nothing is said of other rows; better or worse only where it is more than chance.
    """
    values = [found["test"].get(name) if found else None for found in metrics]
    shown = ["–" if value is None else f"{value:.3f}" for value in values]
    row = {"name": PLAIN_NAMES.get(name, name), "values": shown, "difference": "", "tone": ""}
    if gain is not None and np.isfinite([gain.low, gain.high]).all():
        ends = f"{signed(gain.low)} to {signed(gain.high)}"
        row["difference"] = f"{signed(gain.value)} ({ends})"
        row["tone"] = "good" if gain.low > 0 else "bad" if gain.high < 0 else ""
    return row


def drawn_curves(runs, metrics) -> list[str]:
    """The curves of both runs in one figure each, as SVG; none where a run has none."""
    if not all(metrics) or metrics[0]["task"] != metrics[1]["task"]:
        return []
    both = [found.get("curves", {}) for found in metrics]
    names = [name for name in both[0] if name in both[1]]
    labels = [run.name for run in runs]
    return [
        two_curves(name, both[0][name], both[1][name], labels, size=(4.2, 3.2)).svg
        for name in names
    ]


def stages(runs) -> list[dict]:
    """Each stage's headline, rows and seconds in both runs."""
    rows = []
    for stage in STAGES:
        lines = [run.line_of(stage.number) for run in runs]
        if any(lines):
            title, cells = f"{stage.number} · {stage.title}", [_line(line) for line in lines]
            rows.append({"title": title, "cells": cells})
    return rows


def _line(line: dict | None) -> dict:
    """What the page shows of a stage's ledger line."""
    if line is None:
        return {"headline": "not run", "rows": ""}
    return {
        "headline": line["headline"],
        "rows": f"{line['rows_out']:,} rows out, {line['seconds']:.1f} s",
    }


def findings(runs) -> list[dict]:
    """What was found in one run only, and in both."""
    keyed = [{(f["code"], f["message"]): f for f in run.findings} for run in runs]
    only = [[f for key, f in mine.items() if key not in other]
            for mine, other in (keyed, keyed[::-1])]  # fmt: skip
    both = [f for key, f in keyed[0].items() if key in keyed[1]]
    titles = [f"Only in {run.name}" for run in runs]
    groups = [*zip(titles, only, strict=True), ("In both", both)]
    return [{"title": title, "findings": found} for title, found in groups if found]


CURVE_AXES = {
    "ROC": ("false positive rate", "true positive rate (recall)"),
    "precision and recall": ("recall", "precision"),
    "errors": ("absolute error", "share of rows with at most this error"),
}


@drawing
def two_curves(figure: Figure, name: str, first: dict, second: dict, labels: list[str]) -> str:
    """A curve of two runs; bars where x are names."""
    axes = axes_with_margins(figure, 0.55, 0.5, top=0.3)
    sides = list(zip((first, second), labels, (GREY, BLUE), strict=True))
    if first["x"] and isinstance(first["x"][0], str):
        _draw_bars(axes, sides)
    else:
        _draw_lines(axes, sides)
        axes.set(xlabel=CURVE_AXES[name][0], ylabel=CURVE_AXES[name][1], ylim=(-0.02, 1.02))
    axes.legend(loc="best", frameon=False, fontsize=7)
    axes.set_title(name)
    return f"{name} of {labels[0]} and {labels[1]}"


def _draw_bars(axes, sides: list[tuple]) -> None:
    frame = pd.concat([pd.DataFrame(side).assign(run=label) for side, label, _ in sides])
    sns.barplot(frame, x="y", y="x", hue="run", ax=axes, palette=[GREY, BLUE], saturation=1)
    axes.set(xlabel="F1", ylabel="")


def _draw_lines(axes, sides: list[tuple]) -> None:
    for side, label, colour in sides:
        sns.lineplot(x=side["x"], y=side["y"], ax=axes, color=colour, label=short(label, 24),
                     estimator=None, sort=False)  # fmt: skip
