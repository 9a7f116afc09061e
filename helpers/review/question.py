"""One question of the review: what is asked, and which lines of `review.csv` an answer makes.

Doubts of one kind are one question, and the answer is a rule for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from ..base.files import sha256_of
from ..base.user_errors import InputError
from ..cells.rewriting import is_anywhere, replacement, rule_from
from ..clean.review_decisions import MISSING
from ..clean.review_rules import WRITTEN

YES, NO = "yes", "no"
MOST_TYPED = 2_000  # letters


@dataclass(frozen=True)
class Question:
    """What is asked of some cells of a column.

    `lines` are those of the review list that a yes marks (without `apply`); each has a `value`, a
    `suggestion` and so on (see `helpers.clean.doubtful_cells`). `cells` are in doubt, `likely` is
    how probable it is that an answer changes them. `choices` are answers that can be picked;
    `typed` says that a value can be typed, in place of that of `example`. `parts` are asked where
    the answer is no; with `opens` where it is yes, which changes nothing by itself.
    """

    kind: str
    column: str
    text: str
    lines: tuple[dict, ...]
    cells: int
    likely: float = 0.5
    evidence: str = ""
    typed: bool = False
    example: str = ""
    choices: tuple[str, ...] = ()
    parts: tuple[Question, ...] = field(default=(), repr=False)
    opens: bool = False

    @cached_property
    def id(self) -> str:
        """A name that stays the same from one session to the next."""
        said = [
            f"{one['kind']}|{one['column']}|{one['value']}|{one['where']}" for one in self.lines
        ]
        return sha256_of("\n".join([self.kind, self.column, *said]))[:12]

    @property
    def gain(self) -> float:
        """The cells that one answer is expected to change."""
        return self.cells * self.likely

    @property
    def has_yes(self) -> bool:
        """Whether yes says what becomes of the cells."""
        return self.opens or all(one["suggestion"] for one in self.lines)

    def answered(self, answer: str) -> list[dict]:
        """The lines that an answer makes: yes, no, or a text that is typed.

        Raises InputError for a yes that says nothing, or a text from which no rule can be learnt.
        """
        answer = answer.strip()
        if answer.casefold() in (YES, NO):
            return self._marked(answer.casefold())
        if not (self.typed or answer in self.choices):
            raise InputError("This question is answered with yes or no.")
        if not answer or len(answer) > MOST_TYPED:
            raise InputError(f"Type a value of 1 to {MOST_TYPED:,} letters, or answer no.")
        typed = [self._typed(line, answer) for line in self.lines]
        return [self._with_mark(one, YES) for one in typed if one["value"] != one["suggestion"]]

    def _marked(self, mark: str) -> list[dict]:
        if mark == YES and not self.has_yes:
            raise InputError("Nobody has said what these cells become: type the value.")
        if mark == YES and self.opens:
            return []
        return [self._with_mark(line, mark) for line in self.lines]

    def _with_mark(self, line: dict, mark: str) -> dict:
        return line | {"apply": mark, "question": self.id}

    def _typed(self, line: dict, answer: str) -> dict:
        """A line with what was typed; of a form, with the rule that is learnt from it."""
        if line["kind"] != WRITTEN or answer == MISSING:
            return line | {"suggestion": answer}
        if is_anywhere(line["value"]):
            signs = "".join(one["value"].strip("…") for one in self.lines)
            rule = replacement(self.example, answer, signs)
        else:
            rule = rule_from(line["value"], self.example, answer)
        if rule is None:
            raise InputError(f"No rule can be learnt from '{answer:.60}': answer no.")
        return line | {"suggestion": rule}


def line_of(column: str, kind: str, value: str, cells: int, **more: str) -> dict:
    """A line of the review list before it is marked."""
    line = {"column": column, "value": value, "where": "", "cells": int(cells), "kind": kind}
    return line | {"suggestion": "", "evidence": ""} | more


def in_order(
    questions: Iterable[Question], gain: Callable[[Question], float] = lambda one: one.gain
) -> list[Question]:
    """The questions, those whose answer is expected to change most cells first."""
    return sorted(questions, key=lambda one: (-gain(one), one.column, one.id))
