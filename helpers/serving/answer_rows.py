"""What the model that serves answers to rows: its compiled forms, the pipeline or the baseline.

Up to some hundreds of rows are answered one by one in the compiled row form, more as a table. All
are checked first, field by field: a value that is imputed is warned of, one that makes no sense is
refused with a sentence that names the field.
"""

from __future__ import annotations

import threading

import pandas as pd

from ..learning.predicting import Look, predict
from .asked import new_id
from .beside import Beside
from .model_bundle import MOST_ROWS, answers_frame, as_frame, check_rows, predict_rows
from .served_model import Served

ONE_BY_ONE = 500  # up to so many rows are answered one by one: a table's start costs as much
STRETCH = 2_000  # rows between two looks at whether anybody still waits for the answer


def path_of(now: Served, rows: int) -> str:
    """What answers so many rows of one request: compiled, pipeline or baseline."""
    return now.single_row_path if rows <= ONE_BY_ONE else now.many_row_path


def answer_one(now: Served, row: dict, number: int, beside: Beside | None = None) -> dict:
    """The answer of the compiled row form to a row; `number` is its place in the request."""
    found, seen = now.bundle.check.row(row, number)
    warnings = list(map(str, found))
    form = now.for_rows
    x = form.features_of(row, seen | form.read_rest(row, seen))
    prediction, chances = form.answer(x)
    probability = dict(zip(now.bundle.task.classes, chances, strict=True)) if chances else None
    answer = _worded(now, prediction, probability, warnings)
    return answer | beside.of_row(row, x, prediction, chances) if beside else answer


def answer_all(
    now: Served, rows: list[dict], given_up: threading.Event, most: int = MOST_ROWS,
    beside: Beside | None = None,
) -> list[dict]:  # fmt: skip
    """The answers to many rows, `most` or fewer; it stops when the client has given up."""
    if now.for_rows is not None and len(rows) <= ONE_BY_ONE:
        return [answer_one(now, row, n, beside) for n, row in enumerate(rows, 1)
                if not given_up.is_set()]  # fmt: skip
    answers = []
    for start in range(0, len(rows), STRETCH):
        if given_up.is_set():
            break
        answers += _answer_stretch(now, rows[start : start + STRETCH], start + 1, most, beside)
    return answers


def _answer_stretch(
    now: Served, rows: list[dict], first: int, most: int, beside: Beside | None
) -> list[dict]:
    """Rows as a table, by its compiled form or the pipeline; or each the baseline's answer."""
    warnings = check_rows(now.bundle, rows, most, first)
    if now.bundle.model is None:
        said = now.bundle.card["baseline_answer"]
        return [_worded(now, said["prediction"], said["probability"], w) for w in warnings]
    look = beside.look() if beside else None
    found = answers_to(now, rows, look).to_dict("records")
    more = look.in_json(rows) if look is not None else [{}] * len(rows)
    return [
        _worded(now, one["prediction"], _probability(now, one), w) | said
        for one, w, said in zip(found, warnings, more, strict=True)
    ]


def answers_to(now: Served, rows: list[dict], look: Look | None = None) -> pd.DataFrame:
    """The answers to checked rows: by the compiled table form where it may, or the pipeline."""
    frame, bundle = as_frame(now.bundle, rows), now.bundle
    if now.for_tables is not None:
        return answers_frame(bundle.task, *now.for_tables.frame(frame, look))
    if look is not None:
        return answers_frame(bundle.task, *predict(bundle.task, bundle.model, frame, look))
    return predict_rows(bundle, frame)


def add_warnings(answers: list[dict], more: list[list[str]]) -> None:
    """Put further warnings before those of each answer, in place."""
    for answer, said in zip(answers, more, strict=False):  # fewer where the client has given up
        answer["warnings"] = [*said, *answer["warnings"]]


def _probability(now: Served, answer: dict) -> dict | None:
    """By class its probability, out of the columns of an answer; None for numbers."""
    return {c: answer[f"probability_{c}"] for c in now.bundle.task.classes} or None


def _worded(now: Served, prediction, probability: dict | None, warnings: list) -> dict:
    """An answer as the client gets it."""
    answer = {"id": new_id(), "model": now.version, "prediction": prediction}
    if probability is not None:
        answer["probability"] = probability
    answer["warnings"] = warnings
    if now.fallback:
        answer["fallback"] = now.fallback
    return answer
