"""Doubts of lower evidence, asked where few are left: dependencies, forms, signs, empty cells.

Nothing here is repaired by itself: no cell is changed before a person has answered. `likely` says
how often such a doubt is one: it sets the order of the questions, no more.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.date_formats import SHORT_YEAR, parse_date
from ..cells.number_formats import PLAIN_NUMBER
from ..cells.rewriting import form_of
from ..clean import typing_errors, weak_dependencies
from ..clean.dependency_questions import DISAGREE
from ..clean.review_rules import EMPTY, ORDERS, WRITTEN, YEAR_FIRST
from .answered_table import AnsweredTable
from .listed_doubts import ORDER, TYPO, dependency, written
from .question import Question, line_of

FORMED, ODD = 0.5, 0.3  # the share of a column's usual form, and the most of one that is odd
LETTERS = 60  # of a text that has a form; what is longer is prose
MOST_OF_A_COLUMN = 12  # questions about forms
SIGNS = set(" .,;:!?'\"()[]{}<>/\\|@#$%&*+-=_~^`°€£§–—…´’‘“”«»®©™·•±×÷½²³")
MOST_EMPTY, FEWEST_EMPTY = 0.8, 5
FEWEST, MOST_SPELLINGS = 2, 20_000
TIMES, OFTEN = 2, 5  # the intended value is so many times as frequent; where digits differ
FEWEST_LETTERS = 3


def questions(table: AnsweredTable) -> list[Question]:
    """The questions that the table itself raises, beyond those of the review list."""
    found = [*dependencies(table), *orders(table), *gaps(table)]
    for name, plan in table.plan["columns"].items():
        column = pd.Series(table.texts.get(name, []), dtype=object)
        if len(column) and name in table.raw:
            for look in LOOKS:
                found += look(name, plan, column, texts(table.raw[name]).reset_index(drop=True))
    return found


# --- Dependencies ---------------------------------------------------------------------------------


def dependencies(table: AnsweredTable) -> list[Question]:
    """For each key one question about all columns that it may settle; else one about each."""
    frame = pd.DataFrame(table.texts, dtype=object)
    known = {(tuple(r["from"]), r["to"]) for r in table.plan.get("relations", [])
             if "to" in r and r.get("sure", True)}  # fmt: skip
    found: dict[str, list[tuple[dict, int]]] = {}
    for relation, cells in weak_dependencies.weak(frame, table.plan["columns"]):
        if (tuple(relation["from"]), relation["to"]) not in known:
            found.setdefault(" + ".join(relation["from"]), []).append((relation, cells))
    return [_of_key(key, own) for key, own in found.items()]


def _of_key(key: str, own: list[tuple[dict, int]]) -> Question:
    """Do rows of one key describe one thing? No: which of its columns does it settle?"""
    parts = tuple(_dependency(*one) for one in own)
    if len(parts) == 1:
        return parts[0]
    named, lines, cells = _together(parts)
    text = (
        f"Do rows of one {key} describe one thing, so that the value of most of them is right in "
        f"{named}?"
    )
    likely = min(one.likely for one in parts)
    return Question(DISAGREE, key, text, lines, cells, likely, "cells that differ", parts=parts)


def _together(parts: Sequence[Question]) -> tuple[str, tuple, int]:
    """Some questions asked as one: their columns in words, their lines and their cells."""
    named = ", ".join(f"{one.column} ({one.cells:,})" for one in parts)
    lines = tuple(line for one in parts for line in one.lines)
    return named, lines, sum(one.cells for one in parts)


def _dependency(relation: dict, cells: int) -> Question:
    key, agree = " + ".join(relation["from"]), relation["agree"]
    evidence = f"rows of one {key} agree in {agree:.0%}"
    return dependency(relation["to"], key, cells, relation["likely"], evidence)


# --- Forms ----------------------------------------------------------------------------------------


def forms(name: str, plan: dict, column: pd.Series, raw: pd.Series) -> list[Question]:
    """Cells that are written in another form than most of their column."""
    if plan["kind"] not in ("category", "text"):
        return []
    odd = _of_odd_form(Counter(column.dropna()))
    found = _by_form(Counter(odd), words=False).most_common(MOST_OF_A_COLUMN)
    return [_of_form(name, form, odd) for form, cells in found if cells >= FEWEST]


def _of_odd_form(counts: Counter) -> dict[str, int]:
    """The short texts of a rare form, with their cells, where most of the others share one."""
    if not counts or max(map(len, counts)) > 4 * LETTERS:
        return {}
    every, shapes = sum(counts.values()), _by_form(counts, words=True)
    if shapes.most_common(1)[0][1] < FORMED * every:
        return {}
    near = near_values(counts)  # asked about as misspellings
    return {t: n for t, n in counts.items()
            if t not in near and shapes[form_of(t, words=True)] < ODD * every}  # fmt: skip


def _by_form(counts: Counter, words: bool) -> Counter:
    found: Counter = Counter()
    for text, cells in counts.items():
        found[form_of(text, words)] += cells
    return found


def _of_form(name: str, form: str, odd: dict[str, int]) -> Question:
    """A question about a form; cells of few different values are rather meant so."""
    own = [text for text in odd if form_of(text) == form]
    cells = sum(odd[text] for text in own)
    likely = 0.5 * (len(own) / cells) ** 0.5 if len(own) > 1 else 0.05
    return written(name, form, own[0], cells, "most cells of the column have another form", likely)


# --- Signs, gaps, readings ------------------------------------------------------------------------


def damaged(name: str, plan: dict, column: pd.Series, raw: pd.Series) -> list[Question]:
    """Cells with signs that no text of the column should hold: what a wrong decoding leaves."""
    if plan["kind"] not in ("category", "text"):
        return []
    counts = column.dropna().value_counts()
    odd = {text: signs for text in counts.index if (signs := _odd_signs(text))}
    kinds = sorted({_sort_of(sign) for signs in odd.values() for sign in signs})
    return [_of_signs(name, sort, odd, counts) for sort in kinds]


def _odd_signs(text: str) -> set[str]:
    if text.isascii():
        return set()
    return {mark for mark in text if not mark.isascii() and mark not in SIGNS
            and unicodedata.category(mark)[0] not in "LNZ"}  # fmt: skip


def _sort_of(sign: str) -> str:
    return unicodedata.category(sign)[0]


def _of_signs(name: str, sort: str, odd: dict[str, set[str]], counts: pd.Series) -> Question:
    """What stands for the odd signs of one sort, asked of the text that has least else."""
    own = {t: [s for s in signs if _sort_of(s) == sort] for t, signs in odd.items()}
    own = {text: signs for text, signs in own.items() if signs}
    example = min(own, key=lambda text: (len(odd[text]) > len(own[text]), len(text)))
    signs = sorted({sign for some in own.values() for sign in some})
    cells = int(counts[list(own)].sum())
    text = _asked_of_signs(name, example, cells, signs)
    lines = tuple(line_of(name, WRITTEN, f"…{sign}…", cells) for sign in signs)
    return Question(
        WRITTEN, name, text, lines, cells, 0.3, "no sign of any alphabet", True, example
    )


def _asked_of_signs(name: str, example: str, cells: int, signs: list[str]) -> str:
    """The question about odd signs in words."""
    return (
        f"What should ‘{example:.200}’ in {name} be? {cells:,} cells hold such signs "
        f"({' '.join(signs[:5])})."
    )


def gaps(table: AnsweredTable) -> list[Question]:
    """Empty cells: one question for all columns; where some stand for a value, one a column."""
    empty = {n: int(np.equal(cells, None).sum()) for n, cells in table.texts.items()}
    rows = len(table.raw)
    parts = [_gap(n, cells) for n, cells in empty.items()
             if FEWEST_EMPTY <= cells <= MOST_EMPTY * rows]  # fmt: skip
    if len(parts) < 2:
        return parts
    named, lines, cells = _together(parts)
    text = f"Do the empty cells of some of these columns stand for a value? {named}"
    return [Question(EMPTY, "", text, lines, cells, 0.04, parts=tuple(parts), opens=True)]


def _gap(name: str, cells: int) -> Question:
    text = f"{cells:,} cells of {name} are empty. Do they stand for a value? Type it; no: missing."
    return Question(EMPTY, name, text, (line_of(name, EMPTY, "", cells),), cells, 0.25, typed=True)


def readings(name: str, plan: dict, column: pd.Series, raw: pd.Series) -> list[Question]:
    """Texts that were read as another number than the one that is written in them."""
    if plan["kind"] != "number":
        return []
    counts = raw.dropna().value_counts()
    odd = {str(t): int(n) for t, n in counts.items() if not PLAIN_NUMBER.fullmatch(str(t))}
    common = _by_form(Counter(odd), words=False).most_common(3)
    read = dict(zip(raw, column, strict=True))
    return [_reading(name, form, odd, cells, read) for form, cells in common if cells >= FEWEST]


def _reading(name: str, form: str, odd: dict[str, int], cells: int, read: dict) -> Question:
    example = next(text for text in odd if form_of(text) == form)
    became = read.get(example) or "missing"
    doubt = 0.05 if str(became) in example.replace(",", "") else 0.3
    return written(name, form, example, cells, f"read as {became}; no: that is right", doubt)


# --- Spelling and dates ---------------------------------------------------------------------------


def spellings(name: str, plan: dict, column: pd.Series, raw: pd.Series) -> list[Question]:
    """Rare values one sign off a more frequent one, where too few others say that it is meant."""
    if plan["kind"] != "category":
        return []
    counts = column.dropna().value_counts()
    if not FEWEST <= len(counts) <= MOST_SPELLINGS:
        return []
    words, codes = _words_and_codes(counts)
    found = (_spellings(name, *one, counts) for one in ((words, "letter"), (codes, "sign")))
    return [one for one in found if one]


def _words_and_codes(counts: pd.Series) -> tuple[dict[str, str], dict[str, str]]:
    """The near values that look like misspelt words, and like codes of another form."""
    pairs = near_values(counts.to_dict())
    words = {v: m for v, m in pairs.items() if typing_errors.is_typing_error(v, m)}
    codes = {v: m for v, m in pairs.items() if v not in words and form_of(v) != form_of(m)
             and counts[m] >= OFTEN * counts[v]}  # fmt: skip
    return words, codes


def _spellings(name: str, pairs: dict, sign: str, counts: pd.Series) -> Question | None:
    if not pairs:
        return None
    lines = tuple(_spelling(name, value, meant, counts) for value, meant in pairs.items())
    first, cells = lines[0], sum(line["cells"] for line in lines)
    text = (
        f"Are {len(lines):,} values of {name} misspellings of more frequent ones, such as "
        f"‘{first['value']}’ of ‘{first['suggestion']}’?"
    )
    return Question(TYPO, name, text, lines, cells, 0.35, f"one {sign} differs")


def near_values(cells: dict[str, int]) -> dict[str, str]:
    """Each rarer value with the most frequent of those that are one edit apart."""
    pairs = typing_errors.one_edit_pairs([text for text in cells if len(text) <= 200])
    meant: dict[str, str] = {}
    for a, b in zip(pairs["value"], pairs["other"], strict=True):
        rare, often = (a, b) if cells[a] < cells[b] else (b, a)
        enough = cells[often] >= TIMES * cells[rare] and len(rare) >= FEWEST_LETTERS
        if enough and cells[often] > cells.get(meant.get(rare, ""), 0):
            meant[rare] = often
    return {rare: often for rare, often in sorted(meant.items()) if often not in meant}


def _spelling(name: str, value: str, meant: str, counts: pd.Series) -> dict:
    evidence = f"{counts[meant]:,} cells hold {meant}"
    return line_of(name, TYPO, value, counts[value], suggestion=meant, evidence=evidence)


def orders(table: AnsweredTable) -> list[Question]:
    """Columns of dates with years of two digits that could come first."""
    dates = {n: p for n, p in table.plan["columns"].items() if p["kind"] == "date"}
    return [one for name in dates if name in table.raw
            for one in _order(name, dates[name], table.raw[name])]  # fmt: skip


def _order(name: str, plan: dict, column: pd.Series) -> list[Question]:
    forms = [form for form in plan.get("formats", ()) if form.endswith("%y")]
    if not forms:
        return []
    counts = texts(column).value_counts()
    other = f"{SHORT_YEAR}{forms[0][2]}%m{forms[0][2]}%d"
    both = {text: int(cells) for text, cells in counts.items()
            if parse_date(text, other) and parse_date(text, forms[0])}  # fmt: skip
    if not both or other in plan["formats"]:
        return []
    return [_asked_of_order(name, forms[0], both)]


def _asked_of_order(name: str, form: str, both: dict[str, int]) -> Question:
    """Which part comes first in dates that can be read both ways; they are read by `form`."""
    example, cells = max(both), sum(both.values())
    text = f"Which comes first in {name}, such as ‘{example}’? no: it is read right ({form})."
    line = line_of(name, ORDER, example, cells)
    return Question(ORDER, name, text, (line,), cells, 0.25, choices=(*ORDERS, YEAR_FIRST))


LOOKS = (forms, damaged, readings, spellings)
