"""A question as the page shows it: examples, their neighbours in the row, and what would change."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..clean.review_rules import EMPTY, LABEL
from .answered_table import AnsweredTable, Change
from .question import YES, Question
from .review_session import Session

EXAMPLES, NEIGHBOURS, NEAR = 6, 6, 8  # rows, their other columns, and values of the column
LONGEST = 160  # letters of a cell that are shown


def brief(question: Question) -> dict:
    """A question in the list: its name, text, kind and cells."""
    return {
        "id": question.id,
        "text": question.text,
        "kind": question.kind,
        "column": question.column,
        "cells": question.cells,
        "evidence": question.evidence,
    }


def shown(session: Session, question: Question) -> dict:
    """All that the page shows of a question."""
    view = brief(question) | {
        "typed": question.typed,
        "example": _cut(question.example),
        "choices": [_cut(one) for one in question.choices],
        "yes": question.has_yes,
        "near": _near(session.table, question.column),
    }
    if question.has_yes and not question.opens and question.kind != LABEL:
        return view | effect(session, question, YES)
    return view | {"changes": 0, "examples": _as_they_stand(session.table, question)}


def effect(session: Session, question: Question, answer: str) -> dict:
    """What an answer would change: how many cells, and rows of them."""
    changes = session.effect(question, answer)
    each = max(1, EXAMPLES // max(len(changes), 1))
    rows = [one for change in changes[:EXAMPLES] for one in _examples(session.table, change, each)]
    return {"changes": sum(len(change.rows) for change in changes), "examples": rows}


def _examples(table: AnsweredTable, change: Change, count: int) -> list[dict]:
    """Rows of a change: different cells before the same ones."""
    pairs = list(zip(change.before, change.after, strict=True))
    first = list({pair: place for place, pair in reversed(list(enumerate(pairs)))}.values())
    return [
        _example(table, change.column, int(change.rows[at]), *pairs[at])
        for at in sorted(first)[:count]
    ]


def _example(table: AnsweredTable, column: str, row: int, before, after) -> dict:
    others = [name for name in table.texts if name != column][:NEIGHBOURS]
    beside = [[name, _cut(table.texts[name][row])] for name in others]
    return {"row": row, "column": column, "before": _cut(before), "after": _cut(after),
            "beside": beside}  # fmt: skip


def _as_they_stand(table: AnsweredTable, question: Question) -> list[dict]:
    """Rows that a question is about, where nothing is suggested."""
    if question.kind == LABEL:
        row = int(question.lines[0]["where"].removeprefix("row "))
        line = question.lines[0]
        return [_example(table, question.column, row, line["value"], line["suggestion"])]
    cells = table.texts.get(question.column)
    if cells is None:
        return []
    rows = np.flatnonzero(np.isin(_plain(cells), _wanted(question)))[:EXAMPLES]
    return [_example(table, question.column, int(row), cells[row], cells[row]) for row in rows]


def _plain(cells: np.ndarray) -> np.ndarray:
    return np.array(["" if one is None else one for one in cells], dtype=object)


def _wanted(question: Question) -> list[str]:
    if question.kind == EMPTY:
        return [""]
    return [question.example] if question.example else [one["value"] for one in question.lines]


def _near(table: AnsweredTable, column: str) -> list[list]:
    """The most frequent values of a column, with their cells."""
    counts = Counter(one for one in table.texts.get(column, ()) if one is not None)
    return [[_cut(value), cells] for value, cells in counts.most_common(NEAR)]


def _cut(text) -> str | None:
    if text is None:
        return None
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
