"""The review list as questions: lines of one kind and column are joined into one."""

from __future__ import annotations

import pandas as pd

from ..cells.rewriting import form_of, shown
from ..clean.dependency_questions import ANY_OTHER, BY, DISAGREE
from ..clean.doubtful_forms import OTHER_NAME
from ..clean.review_decisions import MISSING
from ..clean.review_rules import LABEL, ORDERS, PERCENT, WRITTEN, YEAR_FIRST
from .question import Question, line_of

ORDER, NEIGHBOUR, TYPO = "order of day and month", "contradicts its neighbour", "typo"
UNREAD = ("unreadable", "ambiguous date")
LIKELY = {
    OTHER_NAME: 0.5,
    PERCENT: 0.3,
    WRITTEN: 0.5,
    TYPO: 0.6,
    NEIGHBOUR: 0.7,
    DISAGREE: 0.7,
    "far from all others": 0.5,
    LABEL: 0.6,
}
SHOWN = 4  # pairs in a question
MOST_OF_A_KIND = 200  # questions of one kind; the rest stay in the list


def questions(review: pd.DataFrame) -> list[Question]:
    """The questions of the lines that nobody has marked yet."""
    left = review[review["apply"].str.strip() == ""]
    found = []
    for (kind, column), lines in left.groupby(["kind", "column"], sort=False):
        plain = [one | {"cells": int(one["cells"])} for one in _plain(lines)]
        found += JOINED.get(kind, _each)(column, kind, plain)
    return found


def _plain(lines: pd.DataFrame) -> list[dict]:
    return lines.drop(columns=["apply", "question"]).head(MOST_OF_A_KIND).to_dict("records")


def _cells(lines: list[dict]) -> int:
    return sum(line["cells"] for line in lines)


def _each(column: str, kind: str, lines: list[dict]) -> list[Question]:
    return [_single(column, kind, line) for line in lines]


def _single(column: str, kind: str, line: dict) -> Question:
    where = f" where {line['where']}" if line["where"] and kind != LABEL else line["where"]
    text = SAYS.get(kind, "Is ‘{value}’ in {column}{where} wrong?").format(
        **line | {"where": where}
    )
    likely = LIKELY.get(kind, 0.5)
    return Question(
        kind, column, text, (line,), line["cells"], likely, line["evidence"], typed=True
    )


SAYS = {
    TYPO: "Is ‘{value}’ in {column} a misspelling of ‘{suggestion}’?",
    NEIGHBOUR: "Should ‘{value}’ in {column}{where} be ‘{suggestion}’?",
    "code for missing": "Does {value} in {column} stand for “missing”?",
    OTHER_NAME: "Is ‘{value}’ in {column} another name of ‘{suggestion}’?",
    PERCENT: "Are the numbers of {column} without a sign shares of 1, beside ‘{value}’?",
    LABEL: "Is the label ‘{value}’ of {where} wrong, and ‘{suggestion}’ right?",
}


def _typing_errors(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """One question for all values that may be misspelt; the single ones where that is denied."""
    parts = tuple(_each(column, kind, lines))
    if len(parts) == 1:
        return list(parts)
    first = lines[0]
    text = (
        f"Are these {len(lines):,} rare values of {column} misspellings, such as "
        f"‘{first['value']}’ of ‘{first['suggestion']}’?"
    )
    return [Question(kind, column, text, tuple(lines), _cells(lines), LIKELY[kind], parts=parts)]


def _names(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """One question for all values that may be other names; the single ones where it is denied."""
    parts = tuple(_each(column, kind, lines))
    if len(parts) == 1:
        return list(parts)
    named = ", ".join(f"‘{one['value']}’ of ‘{one['suggestion']}’" for one in lines[:SHOWN])
    text = f"Are these {len(lines):,} values of {column} other names of others: {named}?"
    return [Question(kind, column, text, tuple(lines), _cells(lines), LIKELY[kind], parts=parts)]


def _rules(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """For each form one question: does it say the same as the usual one? Yes or no is enough."""
    said = (
        (
            one,
            f"Is ‘{shown(one['value'])}’ in {column} the same as "
            f"‘{shown(one['suggestion'])}’, only written otherwise?",
        )
        for one in lines
    )
    return [Question(kind, column, text, (one,), one["cells"], LIKELY[kind], one["evidence"])
            for one, text in said]  # fmt: skip


def _neighbours(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """For each dependency one question: does it settle its column?"""
    found: dict[str, list[dict]] = {}
    for line in lines:
        found.setdefault(line["evidence"].partition(" → ")[0], []).append(line)
    return [_dependency(column, kind, key, own) for key, own in found.items()]


def _dependency(column: str, kind: str, key: str, lines: list[dict]) -> Question:
    parts, cells = tuple(_each(column, kind, lines)), _cells(lines)
    if len(parts) == 1:
        return parts[0]
    return dependency(column, key, cells, LIKELY[kind], lines[0]["evidence"], parts)


def dependency(
    column: str, key: str, cells: int, likely: float, evidence: str, parts: tuple = ()
) -> Question:
    """Does one column, or two ("zip + street"), settle another?"""
    text = f"Does {key} settle {column}? {cells:,} cells differ from most rows of their {key}."
    line = line_of(column, DISAGREE, f"{ANY_OTHER} {BY}{key}", cells, suggestion=f"{BY}{key}",
                   evidence=evidence)  # fmt: skip
    return Question(DISAGREE, column, text, (line,), cells, likely, evidence, parts=parts)


def _unread(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """One question for all texts of a form that could not be read."""
    forms: dict[str, list[dict]] = {}
    for line in lines:
        forms.setdefault(form_of(line["value"]).casefold(), []).append(line)
    return [_form(column, own) for own in forms.values()]


def _form(column: str, lines: list[dict]) -> Question:
    example, cells = lines[0]["value"], _cells(lines)
    return written(column, form_of(example), example, cells, lines[0]["evidence"], 0.8)


def written(
    column: str, form: str, example: str, cells: int, evidence: str, likely: float
) -> Question:
    """What should cells of a form be? The value of one of them is typed."""
    many = f"{cells:,} cells are" if cells > 1 else "One cell is"
    text = f"What should ‘{example:.120}’ in {column} be? {many} written in this way."
    line = line_of(column, WRITTEN, form, cells, evidence=evidence)
    return Question(WRITTEN, column, text, (line,), cells, likely, evidence, True, example,
                    (MISSING,))  # fmt: skip


def _order(column: str, kind: str, lines: list[dict]) -> list[Question]:
    first = lines[0]
    text = f"Which comes first in {column}, such as ‘{first['value']}’? no: it is read right."
    return [Question(kind, column, text, (first,), first["cells"], 0.5, first["evidence"],
                     choices=(*ORDERS, YEAR_FIRST))]  # fmt: skip


def _majority(column: str, kind: str, lines: list[dict]) -> list[Question]:
    """A dependency whose rows agree too little to be sure."""
    keys = ((line, line["suggestion"].removeprefix(BY)) for line in lines)
    return [
        dependency(column, key, one["cells"], LIKELY[kind], one["evidence"]) for one, key in keys
    ]


JOINED = {
    DISAGREE: _majority,
    OTHER_NAME: _names, WRITTEN: _rules,
    TYPO: _typing_errors, NEIGHBOUR: _neighbours, ORDER: _order,
    **dict.fromkeys(UNREAD, _unread),
}  # fmt: skip
