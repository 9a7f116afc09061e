"""Kinds of questions, and how an answer to one is graded, offline.

A verdict is correct, incorrect, not attempted, or not an answer (a text where a number is asked).
A wrong answer gets the reason that names the misconception, never the solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ..cells.kinds import is_counted

LEVELS = ("warm-up", "core", "stretch")  # of challenges, in the order in which they are tried
CORRECT, INCORRECT = "correct", "incorrect"
UNTOUCHED, NO_ANSWER = "not attempted", "not an answer"


@dataclass(frozen=True)
class Verdict:
    """The state of an answer, and the reason for it in a sentence."""

    state: str
    reason: str = ""


@dataclass(frozen=True)
class Choice:
    """A multiple-choice question; `why_not` holds, for each wrong option, its misconception."""

    question: str
    options: dict[str, str]
    right: str
    why: str
    why_not: dict[str, str]
    hints: tuple[str, str]

    def grade(self, answer, of=None) -> Verdict:
        """The verdict on the letter of an option."""
        if is_untouched(answer):
            return Verdict(UNTOUCHED)
        letter = str(answer).strip().casefold()
        if letter == self.right:
            return Verdict(CORRECT, self.why)
        if letter in self.why_not:
            return Verdict(INCORRECT, self.why_not[letter])
        return Verdict(NO_ANSWER, f"Write one of {', '.join(self.options)}.")

    def solution(self, of=None) -> str:
        """The right option and why it is right."""
        return f"**{self.right}** {self.options[self.right]} {self.why}"


@dataclass(frozen=True)
class Mistake:
    """A wrong result that is typical, computed as learners get it, and what led to it."""

    value: Callable[[Any], Any]
    why: str


@dataclass(frozen=True)
class Compute:
    """A question whose answer is computed from the run's own data, so it is right on every run.

    `expected` takes what the check is asked *of* (a frame, a split, an open stage) and gives a
    number, a text such as a column's name, a set, a Series or a frame. A number may be off by
    `within`; `form` is how it is shown. `how` is the solution: the code, or the way to it.
    """

    question: str
    expected: Callable[[Any], Any]
    how: str
    why: str
    hints: tuple[str, str]
    mistakes: tuple[Mistake, ...] = ()
    within: float = 0.0
    form: str = "{}"

    def grade(self, answer, of=None) -> Verdict:
        """The verdict on a computed answer: correct, a known mistake, or how far it is off."""
        if is_untouched(answer):
            return Verdict(UNTOUCHED)
        expected = self.expected(of)
        if (problem := _other_type(answer, expected)) is not None:
            return Verdict(NO_ANSWER, problem)
        if is_same(answer, expected, self.within):
            return Verdict(CORRECT, self.why)
        known = self._known_mistake(answer, of)
        return Verdict(INCORRECT, known or difference(answer, expected, self.within))

    def _known_mistake(self, answer, of) -> str:
        """What led to a wrong answer: of several mistakes that are as near, the nearest."""
        known = [m for m in self.mistakes if is_same(answer, m.value(of), self.within)]
        return min(known, key=lambda m: _apart(answer, m.value(of))).why if known else ""

    def solution(self, of=None) -> str:
        """How the answer is computed, and the answer where its data are known."""
        value = "" if of is None else f"**{self._shown(self.expected(of))}** "
        return f"{value}{self.how}"

    @property
    def asks(self) -> str:
        """How near a number has to come, as an addition to the question."""
        return f"(A number, to within {self.within:g}.)" if self.within else ""

    def _shown(self, value) -> str:
        if isinstance(value, pd.DataFrame | pd.Series):
            return f"{len(value):,} rows"
        if isinstance(value, set | frozenset):
            return ", ".join(sorted(map(str, value)))
        return self.form.format(value)


@dataclass(frozen=True)
class Guess:
    """What a learner is to predict before seeing it: a number, or a text such as a name.

    `result` takes what the guess is *of*. `high` and `low` say what a guess above and below it
    is, such as "too hopeful" and "too gloomy". `most` is the largest number that makes sense: 1
    for a share or a ROC AUC.
    """

    question: str
    result: Callable[[Any], Any]
    form: str = "{:.2f}"
    high: str = "too high"
    low: str = "too low"
    most: float = 1

    def refuse(self, guess) -> str:
        """What is asked for, where a guess can't be meant; "" where it can, or there is none.

        >>> Guess("Which share?", float).refuse(55)
        'That is no guess yet: write a number from 0 to 1, such as 0.55.'
        """
        if is_untouched(guess) or isinstance(guess, str):
            return ""
        if is_number(guess) and 0 <= guess <= self.most:
            return ""
        percent = is_number(guess) and self.most == 1 and 1 < guess <= 100
        wanted = (
            f"a number from 0 to {self.most:g}" if np.isfinite(self.most) else "a number above 0"
        )
        example = f", such as {guess / 100:g}" if percent else ""
        return f"That is no guess yet: write {wanted}{example}."

    def compare(self, guess, of) -> str:
        """Guess and result in a sentence; the result alone when there is no guess.

        >>> asked = Guess("Which AUC?", max, high="too hopeful")
        >>> asked.compare(0.9, [0.71])
        'You said 0.90; it is 0.71: 0.19 too hopeful.'
        >>> asked.compare(None, [0.71])
        'It is 0.71.'
        """
        result = self.result(of)
        if isinstance(result, str):
            return _compare_names(guess, result)
        shown = self.form.format(result)
        if is_untouched(guess) or not isinstance(guess, Real) or self.refuse(guess):
            return f"It is {shown}."
        apart = float(guess) - float(result)
        off, way = self.form.format(abs(apart)), self.high if apart > 0 else self.low
        how = "spot on" if off == self.form.format(0) else f"{off} {way}"
        return f"You said {self.form.format(guess)}; it is {shown}: {how}."


def _compare_names(guess, result: str) -> str:
    if is_untouched(guess):
        return f"It is {result}."
    same = str(guess).strip().casefold() == result.casefold()
    return f"You said {guess}; it is {result}{': spot on' if same else ''}."


@dataclass(frozen=True)
class Challenge:
    """A real piece of work: the task, and how what the learner made is examined.

    `examine` takes the thing and what it is tried *of*, and gives the reason why it is wrong, or
    "" when it is right. `makes` is the name that the thing has in the exercise, `solution` code
    that makes a right one. `level` is one of LEVELS; raises ValueError for another.
    """

    task: str
    examine: Callable[[Any, Any], str]
    makes: str
    solution: str
    why: str
    hints: tuple[str, str]
    level: str = "core"

    def __post_init__(self):
        if self.level not in LEVELS:
            raise ValueError(f"A challenge's level is one of {', '.join(LEVELS)}: '{self.level}'.")

    @property
    def titled(self) -> str:
        """The task, opened by the word for its level."""
        task = self.task.strip().removeprefix("**Challenge.**").strip()
        return f"**{self.level.capitalize()}.** {task}"

    def grade(self, thing, of=None) -> Verdict:
        """The verdict on a thing; an exception in it is the learner's error, not ours."""
        if is_untouched(thing):
            return Verdict(UNTOUCHED)
        try:
            reason = self.examine(_watched(thing), of)
        except _StubError:
            return Verdict(UNTOUCHED)
        except Exception as error:  # noqa: BLE001 - whatever the learner's code raises
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            return Verdict(INCORRECT, f"It could not be tried; it raised `{said}`.")
        return Verdict(INCORRECT, reason) if reason else Verdict(CORRECT, self.why)


def first_fault(faults: dict[str, Callable[[Any], bool]], **seen) -> str:
    """The reason of the first fault that shows; "" when none does.

    `faults` holds, in the order in which they are looked for, a reason and the test that gives it.
    A test is asked of what the examination saw, whose names may stand in the reason, in braces.
    The reason "" stands before the test of what is right: behind it nothing more is looked for.

    >>> faults = {"That is per cent.": lambda it: it.score > 1,
    ...           "A score of {score} is luck.": lambda it: it.score < 0.5}
    >>> [first_fault(faults, score=score) for score in (71, 0.4, 0.7)]
    ['That is per cent.', 'A score of 0.4 is luck.', '']
    """
    it = SimpleNamespace(**seen)
    return next((reason.format(**seen) for reason, shows in faults.items() if shows(it)), "")


class _StubError(Exception):
    """The learner's function is still the stub."""


def _watched(thing):
    """A function that tells when it is a stub still, which returns `...`; all else as it is."""
    if not callable(thing) or isinstance(thing, type) or hasattr(thing, "fit"):
        return thing

    def watched(*arguments, **options):
        result = thing(*arguments, **options)
        if result is ...:
            raise _StubError
        return result

    return watched


def is_untouched(answer) -> bool:
    """Whether that is no answer yet: None, `...` or an empty text.

    >>> [is_untouched(a) for a in (None, ..., " ", 0, "a")]
    [True, True, True, False, False]
    """
    return answer is None or answer is ... or (isinstance(answer, str) and not answer.strip())


def is_same(answer, expected, within: float = 0.0) -> bool:
    """Whether two values are the same: numbers to within a tolerance, texts whatever their case.

    >>> is_same(0.712, 0.71, within=0.01), is_same(" Tail", "tail"), is_same(["b", "a"], {"a", "b"})
    (True, True, True)
    """
    if isinstance(expected, pd.DataFrame | pd.Series):
        return type(answer) is type(expected) and not _frame_difference(answer, expected, within)
    if isinstance(expected, set | frozenset):
        return _as_set(answer) == set(expected)
    if isinstance(expected, str):
        return str(answer).strip().casefold() == expected.strip().casefold()
    if not is_number(answer) or not is_number(expected):
        return False
    return bool(np.isclose(float(answer), float(expected), rtol=1e-9, atol=within + 1e-12))


def _apart(answer, other) -> float:
    """How far two numbers are apart; all else that is the same is not apart at all."""
    return abs(float(answer) - float(other)) if is_number(answer) and is_number(other) else 0.0


def difference(answer, expected, within: float = 0.0) -> str:
    """What is wrong with an answer that no known mistake explains, without telling the solution.

    >>> difference({"a", "x"}, {"a", "b", "c"})
    '1 of your 2 is right, 2 are missing.'
    >>> difference(71, 0.71, within=0.01)
    'That looks like per cent; a share between 0 and 1 is expected.'
    """
    if isinstance(expected, set | frozenset):
        return _set_difference(_as_set(answer), set(expected))
    if isinstance(expected, pd.DataFrame | pd.Series):
        return _frame_difference(answer, expected, within)
    if not is_number(expected):
        return "It is another one: see the hint."
    if 0 < expected < 1 and is_same(answer / 100, expected, max(within, 0.001)):
        return "That looks like per cent; a share between 0 and 1 is expected."
    return f"The right value is {'smaller' if answer > expected else 'larger'}."


def _set_difference(given: set, expected: set) -> str:
    """How many of some names are right, and how many are missing."""
    right, missing = len(given & expected), len(expected - given)
    lacks = f", {missing} {'is' if missing == 1 else 'are'} missing" if missing else ""
    return f"{right} of your {len(given)} {'is' if right == 1 else 'are'} right{lacks}."


def _frame_difference(answer, expected, within: float) -> str:
    """The first way in which a table is not the one that is asked for; "" when it is."""
    if len(answer) != len(expected):
        return f"It has {len(answer):,} rows; {len(expected):,} are expected."
    if isinstance(expected, pd.DataFrame):
        return _other_columns(answer, expected) or _other_cells(answer, expected, within)
    cells = _cells_apart(answer, expected, within)
    return f"{cells:,} of {len(expected):,} values differ." if cells else ""


def _other_columns(answer: pd.DataFrame, expected: pd.DataFrame) -> str:
    if answer.shape[1] != expected.shape[1]:
        return f"It has {answer.shape[1]} columns; {expected.shape[1]} are expected."
    unknown = [str(c) for c in answer.columns if c not in set(expected.columns)]
    return f"These columns are not expected: {', '.join(unknown)}." if unknown else ""


def _other_cells(answer: pd.DataFrame, expected: pd.DataFrame, within: float) -> str:
    apart = {c: _cells_apart(answer[c], expected[c], within) for c in expected}
    wrong = [str(c) for c, cells in apart.items() if cells]
    return f"{sum(apart.values()):,} cells differ, in {', '.join(wrong)}." if wrong else ""


def _cells_apart(one: pd.Series, other: pd.Series, within: float) -> int:
    one, other = one.reset_index(drop=True), other.reset_index(drop=True)
    if is_counted(one) and is_counted(other):
        near = np.isclose(
            one.to_numpy(float, na_value=np.nan), other.to_numpy(float, na_value=np.nan),
            rtol=1e-9, atol=within + 1e-12, equal_nan=True,
        )  # fmt: skip
        return int((~near).sum())
    same = (one.astype(object) == other.astype(object)) | (one.isna() & other.isna())
    return int((~same.astype(bool)).sum())


LISTED = (set, frozenset, list, tuple, pd.Index, pd.Series, np.ndarray)


def _other_type(answer, expected) -> str | None:
    """What is asked for, when the answer is of another kind altogether."""
    if isinstance(expected, pd.DataFrame | pd.Series):
        asked, is_one = f"A {type(expected).__name__}", type(answer) is type(expected)
    elif isinstance(expected, set | frozenset):
        asked, is_one = "A set (or a list)", isinstance(answer, LISTED)
    elif isinstance(expected, str):
        asked, is_one = "A text in quotes", isinstance(answer, str)
    else:
        asked, is_one = "A number", is_number(answer)
    return None if is_one else f"{asked} is expected, not {type(answer).__name__}."


def is_number(value) -> bool:
    """Whether a value is a number, and not a gap."""
    return isinstance(value, Real | np.number) and not pd.isna(value)


def _as_set(answer) -> set:
    return set(answer) if not isinstance(answer, str) else {answer}
