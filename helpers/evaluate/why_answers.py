"""Why this answer? The reasons of three held-out rows, as sentences and in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..answers.additive import LOG_ODDS, PROBABILITY
from ..answers.reason_words import condition, plain_number, sentence, shared
from ..answers.reasons import Reasons
from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task
from .diagnosis import losses

FAR = 0.9  # the error of a wrong number: larger than so many others


@dataclass(frozen=True)
class Explained:
    """An answer and its reasons: `name` says why the row was picked, `added` is by column."""

    name: str
    answer: str
    cells: list
    added: np.ndarray
    upwards: bool


def explained_rows(
    model: Pipeline, learn: Labelled, test: Labelled, answers: tuple, raw: pd.DataFrame
) -> tuple[Reasons, list[Explained]]:
    """The reasons of a typical, a wrong and a surprising held-out row.

    `model` takes cleaned rows, `answers` are its predictions and probabilities of the `test` rows,
    `raw` these rows as they came.
    """
    task, (prediction, probability) = learn.task, answers
    reasons = Reasons.of(task, model, learn.X, exact=True)
    picked = pick(task, test.y, prediction, probability)
    X = np.asarray(model[:-1].transform(test.X.iloc[list(picked.values())]), dtype=float)
    found = []
    for x, (name, row) in zip(X, picked.items(), strict=True):
        at = 0 if task.is_regression else task.classes.index(str(prediction[row]))
        added, base = reasons.of_row(x, at), reasons.base_of(at)
        cells = [_cell(raw, test.X, column, row) for column in reasons.columns]
        said = _answer(task, prediction[row], test.y[row], probability, row, at, base)
        upwards = not task.is_regression or prediction[row] >= base
        found.append(Explained(name, said, cells, added, upwards))
    return reasons, found


def pick(task: Task, truth, prediction, probability) -> dict[str, int]:
    """By name the places of up to three rows: typical, wrong, and surprising (sure and wrong).

    Of numbers, the wrong row has an error larger than nine in ten, the surprising one the largest.
    """
    loss = losses(task, truth, prediction, probability)
    order = np.argsort(loss, kind="stable")
    if task.is_regression:
        wrong = order[int(FAR * (len(order) - 1)) :]
        right, middle = order, wrong[:1]
    else:
        is_wrong = np.asarray(prediction).astype(str) != np.asarray(truth).astype(str)
        right, wrong = order[~is_wrong[order]], order[is_wrong[order]]
        middle = wrong[(len(wrong) - 1) // 2 :][:1]
    typical = right[len(right) // 2 :][:1]
    rows = {"typical": typical, "wrong": middle, "surprising": wrong[-1:]}
    found: dict[str, int] = {}
    for name, some in rows.items():
        if len(some) and int(some[0]) not in found.values():
            found[name] = int(some[0])
    return found


def _cell(raw: pd.DataFrame, clean: pd.DataFrame, column: str, row: int):
    """A cell as it came; a column that cleaning made is read from the cleaned rows."""
    cell = (raw if column in raw else clean)[column].iloc[row]
    return None if pd.isna(cell) else cell


def _answer(task: Task, answer, truth, probability, row: int, at: int, base: float) -> str:
    """An answer in words: "late (71 %)"; of a number with what is usual."""
    if task.is_regression:
        usual = f"{plain_number(base, 3)} is usual"
        truly = f"in fact {plain_number(float(truth), 3)}"
        return f"{task.target} = {plain_number(float(answer), 3)} ({usual}, {truly})"
    truly = "" if str(truth) == str(answer) else f", in fact {truth}"
    return f"{answer} ({probability[row, at]:.0%}{truly})"


def describe(reasons: Reasons, found: list[Explained], groups: list[list[str]]) -> list[str]:
    """A sentence a row, what the numbers are, and which columns share theirs."""
    rows = [_sentence(reasons, one) for one in found]
    named = {reasons.columns[n] for one in found for n in np.argsort(-np.abs(one.added))[:6]}
    return [*rows, _scale(reasons), shared([c for c in reasons.columns if c in named], groups)]


def _sentence(reasons: Reasons, one: Explained) -> str:
    """**Typical row:** late (71 %), mostly because …"""
    names = [f"`{name}`" for name in reasons.columns]
    said = sentence(one.answer, names, one.cells, one.added, reasons.scale, one.upwards)
    return f"**A {one.name} row:** {said}"


def _scale(reasons: Reasons) -> str:
    """What is added up, and how exact it is."""
    said = {
        LOG_ODDS: "The numbers are log odds: +0.7 doubles the odds of the answer.",
        PROBABILITY: "The numbers are points of probability (100 points are 100 %).",
    }.get(reasons.scale, f"The numbers are in the unit of `{reasons.scale}`.")
    exact = "" if reasons.is_exact else f" They are {reasons.error}."
    sums = "with the base value they add up to the score"
    caution = "They say what the model did with a row, not what causes what."
    return f"These contributions are SHAP values: {sums}. {said}{exact} {caution}"


def drawn(reasons: Reasons, found: list[Explained]):
    """The picture: a panel a row."""
    from ..pages import reason_plots

    rows = [
        (
            f"A {one.name} row: {one.answer}",
            list(map(condition, reasons.columns, one.cells)),
            one.added,
        )
        for one in found
    ]
    bars = sum(min(len(reasons.columns), 7) for _ in rows)
    what = {LOG_ODDS: "log odds of the answer", PROBABILITY: "probability of the answer"}
    axis = f"what the column adds to the {what.get(reasons.scale, reasons.scale)}"
    return reason_plots.reasons(rows, axis, height=0.9 + 0.35 * len(rows) + 0.21 * bars)
