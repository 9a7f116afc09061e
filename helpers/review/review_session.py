"""A review under way: the open questions in order, the answers so far, what each has changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..clean.dependency_questions import BY, DISAGREE
from ..clean.doubtful_cells import KEY, REVIEW_COLUMNS
from . import listed_doubts, weaker_doubts
from .answered_table import AnsweredTable, Change
from .disputed_keys import disputes
from .question import NO, YES, Question, in_order

NOTHING = "This question is answered already, or its cells are settled: go on with the next one."
KNOWN = 3  # answers of its kind that count as much as what was expected of a question
IN_A_CELL = listed_doubts.TYPO, listed_doubts.NEIGHBOUR  # kinds that speak of one value


@dataclass(frozen=True)
class Answer:
    """An answer that was given: to which question, its marked lines, and the cells it settled."""

    id: str
    text: str
    said: str
    lines: tuple[dict, ...]
    settled: int


class Session:
    """The review of one table; `review` is its review list, with the marks of earlier sessions.

    >>> raw = pd.DataFrame({"city": ["Bostom", "Boston", "Boston"]})
    >>> line = dict.fromkeys(REVIEW_COLUMNS, "") | {"column": "city", "value": "Bostom"}
    >>> line |= {"kind": "typo", "suggestion": "Boston", "cells": 1}
    >>> table = AnsweredTable(raw, {"columns": {"city": {"kind": "category"}}})
    >>> session = Session(table, pd.DataFrame([line]), more=False)
    >>> session.answer(session.first().id, "yes").settled, session.first()
    (1, None)
    """

    def __init__(self, table: AnsweredTable, review: pd.DataFrame, more: bool = True):
        self.table, self.review = table, review
        self.answers = _earlier(table.marks)
        listed = listed_doubts.questions(review)
        every = listed + (weaker_doubts.questions(table) if more else [])
        done = {one.id for one in self.answers}
        self._said: dict[str, list[bool]] = {}  # by kind, whether the answers changed something
        self.open = self._in_order(_once(q for q in every if q.id not in done))
        self.total = len(self.open)
        self._counted: dict[str, int] = {}  # by question, after how many answers

    def question(self, id: str) -> Question:
        """The open question of that name; InputError where it is open no more."""
        found = next((one for one in self.open if one.id == id), None)
        if found is None:
            raise InputError(NOTHING)
        return found

    def first(self) -> Question | None:
        """The question to ask next: of those that still change something, the one of most gain.

        What an earlier answer has settled is counted anew where a question comes to the top.
        """
        while self.open:
            top = self.open[0]
            now = self._as_it_stands(top)
            gain = 0.0 if now is None else self._gain(now)
            if now is not None and (len(self.open) < 2 or gain >= self._gain(self.open[1])):
                self.open[0] = now
                return now
            self.open = self._in_order([*([] if now is None else [now]), *self.open[1:]])
        return None

    def _in_order(self, questions) -> list[Question]:
        return in_order(questions, self._gain)

    def _gain(self, question: Question) -> float:
        """The cells that an answer is expected to change, as answers to its like have shown."""
        said = self._said.get(question.kind, [])
        return question.cells * (KNOWN * question.likely + sum(said)) / (KNOWN + len(said))

    def _as_it_stands(self, question: Question) -> Question | None:
        """A question with the cells that it is about by now; None where nothing is left to ask."""
        if question.typed or question.choices or question.opens or not question.has_yes:
            return question if self._is_there(question) else None
        lines = question.answered(YES)
        if self._counted.get(question.id) != len(self.answers):
            changed = sum(len(change.rows) for change in self.table.preview(lines))
            self._counted[question.id] = len(self.answers)
            return replace(question, cells=changed) if changed else None
        return question

    def _is_there(self, question: Question) -> bool:
        """Whether the values that a question is about are still in the table."""
        if question.kind not in IN_A_CELL:
            return True
        held = set(self.table.texts.get(question.column, ()))
        return any(line["value"] in held for line in question.lines)

    def effect(self, question: Question, answer: str) -> list[Change]:
        """What an answer would change, column by column."""
        lines = question.answered(answer)
        return self.table.preview(lines)

    def answer(self, id: str, answer: str) -> Answer:
        """Answer a question; its rule is applied at once."""
        question = self.question(id)
        lines = question.answered(answer)
        changed = sum(len(change.rows) for change in self.table.apply(lines))
        is_no = answer.strip().casefold() == NO
        settled = question.cells if is_no else changed
        given = Answer(id, question.text, answer.strip(), tuple(lines), settled)
        self.answers.append(given)
        self._said.setdefault(question.kind, []).append(not is_no)
        self._go_on(question, is_no)
        return given

    def _go_on(self, question: Question, is_no: bool) -> None:
        """Take a question off the list, and put what follows from its answer on it."""
        left = [one for one in self.open if one.id != question.id]
        known = {one.id for one in [*left, *self.answers]}
        follow = question.parts if is_no != question.opens else self._disputes(question)
        self.open = self._in_order([*left, *(one for one in follow if one.id not in known)])

    def _disputes(self, question: Question) -> list[Question]:
        """What a dependency that was agreed to leaves open: keys whose rows hold two values."""
        if question.kind != DISAGREE:
            return []
        named = ((one["column"], one["suggestion"].removeprefix(BY)) for one in question.lines)
        return [one for to, key in named for one in disputes(self.table, key.split(" + "), to)]

    def undo(self, id: str = "") -> Answer:
        """Take back the last answer, or the one to that question; it is asked again."""
        given = next((one for one in reversed(self.answers) if id in ("", one.id)), None)
        if given is None:
            raise InputError("There is no answer to undo.")
        self.table.take_back(list(given.lines))
        self.answers.remove(given)
        again = [q for q in listed_doubts.questions(self._unmarked()) if q.id == given.id]
        again = again or [q for q in weaker_doubts.questions(self.table) if q.id == given.id]
        for one in again:
            if self._said.get(one.kind):
                self._said[one.kind].remove(given.said.casefold() != NO)
        self.open = self._in_order(_once([*again, *self.open]))
        return given

    def _unmarked(self) -> pd.DataFrame:
        """The review list as if nobody had answered anything."""
        return self.review.assign(apply="", question="")

    @property
    def left(self) -> int:
        """The cells that are in doubt still, each counted once a question."""
        return sum(one.cells for one in self.open)

    def marked(self) -> pd.DataFrame:
        """The review list to write: what is open, and the lines of all answers."""
        lines = pd.DataFrame([line for one in self.answers for line in one.lines])
        lines = lines.reindex(columns=REVIEW_COLUMNS, fill_value="")
        rest = self._unmarked().merge(lines[KEY], on=KEY, how="left", indicator=True)
        rest = rest[(rest["_merge"] == "left_only").to_numpy()]
        both = pd.concat([rest, lines], ignore_index=True)[REVIEW_COLUMNS]
        return both.assign(cells=both["cells"].astype("int64"))


def _once(questions) -> list[Question]:
    """Each question once; of two about the same, the first."""
    return list({one.id: one for one in reversed(list(questions))}.values())[::-1]


def _earlier(marks: list[dict]) -> list[Answer]:
    """The answers of earlier sessions, and marks that were written into the file by hand."""
    found: dict[str, list[dict]] = {}
    for number, line in enumerate(marks):
        found.setdefault(line.get("question") or f"by hand {number}", []).append(line)
    return [_answer_of(id, lines) for id, lines in found.items()]


def _answer_of(id: str, lines: list[dict]) -> Answer:
    first = lines[0]
    more = f" and {len(lines) - 1:,} more" if len(lines) > 1 else ""
    text = f"{first['column']}: ‘{first['value']}’{more}, {first['kind']}"
    is_yes = first["apply"].strip().casefold() not in ("no", "n", "0", "false")
    said = (first["suggestion"] or YES) if is_yes else NO
    return Answer(id, text, said, tuple(lines), int(np.sum([line["cells"] for line in lines])))
