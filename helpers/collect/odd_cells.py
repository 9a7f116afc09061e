"""What is odd in the cells of a table that the line takes all the same: a sentence a kind.

Each names the columns, how many cells there are and one of them. Nothing is changed here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.findings import Finding
from ..cells.codes_like_numbers import loses_digits
from ..cells.draft_column_plan import draft_column
from ..cells.kinds import is_boolean, is_counted, is_date, is_number
from ..cells.known_words import MISSING_WORDS
from ..cells.number_formats import PLAIN_NUMBER
from ..tables.odd_files import lines, so_many, some

LONG_CELL, LONG_NAME = 10_000, 200  # letters
OVERFLOWS = 1e150  # its square is infinite
WHOLE = 2.0**53  # below it a float keeps every whole number
EARLY, LATE = 1700, 2200  # years
MIXED = (0.1, 0.99)  # share of plain numbers among the words of a column that is kept as words
LEAST_OF_A_CLASS = 2  # one to learn from, one to test
_UNSEEN = (  # the letters themselves: Arrow's patterns know no \u
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_YEAR = r"(?:\d{4}-\d\d-\d\d|\d\d?[./-]\d\d?[./-]\d{4}(?:$|\s))"
_TAGS = "script|img|iframe|svg|object|style|link|form|input|a|b|div|p|span"
_MARKUP = rf"(?i:<\s*/?\s*(?:{_TAGS})\b[^>]*>|javascript:)"


@dataclass(frozen=True)
class Kind:
    """An oddity of texts: which they are (a pattern, then a closer look), and the message."""

    code: str
    pattern: str
    says: str  # "{what}" is filled with the columns, their cells and an example
    severity: str = "note"
    surely: Callable[[str], bool] = bool
    least: float = 0.0  # share of the cells of a column, or it is nothing odd


def _is_infinite(text: str) -> bool:
    return not np.isfinite(float(text))


def _is_far(text: str) -> bool:
    return not EARLY <= int(re.search(r"\d{4}", text)[0]) <= LATE


KINDS = (
    Kind("digits lost", r"^\s*[+-]?\d[\d, ']{15,}(?:\.\d*)?\s*$",
         "Numbers of more digits than a float keeps: {what}. Texts of them stay text.",
         "warning", lambda text: loses_digits(text.strip())),
    Kind("infinite", r"(?i)^\s*[+-]?(?:inf|infinity|\d+\.?\d*e\+?\d{3,})\s*$",
         "Infinite, or past the largest float: {what}. Among numbers these become missing.",
         "warning", _is_infinite),
    Kind("unseen letters", _UNSEEN,
         "Letters that can't be seen (control, zero width, direction): {what}. Cleaning takes out "
         "those of zero width; two words that look alike may differ by the others."),
    Kind("long texts", rf"(?s)^.{{{1000}}}", "Texts of more than 10,000 letters: {what}. Pages "
         "show how they begin.", surely=lambda text: len(text) > LONG_CELL),
    Kind("formulas", r"^\s*(?:=\s*\S|[@+-]\s*[A-Za-z]+\()",
         "They look like formulas of a spreadsheet: {what}. They stay text, and can't run from "
         "what is written as CSV."),
    Kind("markup", _MARKUP, "HTML or script in cells: {what}. Pages show it as text."),
    Kind("nested", r"(?s)^\s*(?:\[.*\]|\{.*\})\s*$",
         "Lists or mappings in a cell: {what}. They are kept as text; split them into columns of "
         "their own to learn from them.", least=0.5),
    Kind("far dates", rf"^\s*{_YEAR}",
         f"Dates before {EARLY} or after {LATE}: {{what}}. Do they mean missing, or no end?",
         "warning", lambda text: _is_far(text.strip())),
)  # fmt: skip

# The code of each oddity of cells, its severity and its sentence, in the order they are told in
SENTENCES = (
    *((kind.code, kind.severity, kind.says) for kind in KINDS),
    ("overflow", "warning", "So large that sums and squares overflow: {what}."),
    ("mixed", "warning", "Numbers among words: {what}. The column is kept as words."),
)
WORDS = ("category", "text")  # kinds of columns that stay words when they are cleaned


def of(frame: pd.DataFrame, target: str = "") -> list[Finding]:
    """The oddities of a table's cells: `code`, `severity`, `columns`, `message` of each.

    >>> table = pd.DataFrame({"x": [1.0, float("inf")], "city": ["Oslo", "Os\u200blo"]})
    >>> [(found.code, found.columns) for found in of(table)]
    [('infinite', ('x',)), ('unseen letters', ('city',))]
    """
    found: dict[str, list] = {code: [] for code, *_ in SENTENCES}
    for name in frame:
        for code, cells, example in _of_column(frame[name]):
            found[code].append((str(name), cells, example))
    joint = [_joint_sentence(*sentence, found[sentence[0]]) for sentence in SENTENCES]
    return [*filter(None, joint), *_of_rows(frame), *_of_names(frame), *_of_classes(frame, target)]


def _of_column(column: pd.Series) -> Iterator[tuple[str, int, str]]:
    """Code, number of cells and an example of each oddity of a column."""
    if is_number(column):
        yield from _of_numbers(column)
    elif is_date(column):
        far = column[(column.dt.year < EARLY) | (column.dt.year > LATE)]
        if len(far):
            yield "far dates", len(far), str(far.iloc[0])
    elif not is_boolean(column):
        counts = column.astype("str").value_counts(sort=False)
        texts, cells = pd.Series(counts.index, dtype="str"), counts.to_numpy()
        yield from _of_texts(texts, cells)
        if (mixed := _of_mixed(texts, cells)) and draft_column(column)["kind"] in WORDS:
            yield mixed


def _of_numbers(column: pd.Series) -> Iterator[tuple[str, int, str]]:
    size = np.abs(column.to_numpy(dtype="float64", na_value=np.nan))
    is_large = size >= WHOLE
    looks = {
        "infinite": np.isinf(size),
        "overflow": np.isfinite(size) & (size > OVERFLOWS),
        "digits lost": is_large & pd.api.types.is_integer_dtype(column.dtype),
    }
    for code, there in looks.items():
        if there.any():
            yield code, int(there.sum()), f"{column.iloc[int(there.argmax())]}"


def _of_texts(texts: pd.Series, cells: np.ndarray) -> Iterator[tuple[str, int, str]]:
    for kind in KINDS:
        places = np.flatnonzero(texts.str.contains(kind.pattern).to_numpy(dtype=bool))
        odd = [place for place in places if kind.surely(texts.iloc[place])]
        count = int(cells[odd].sum())
        if odd and count >= kind.least * cells.sum():
            yield kind.code, count, texts.iloc[odd[0]]


def _of_mixed(texts: pd.Series, cells: np.ndarray) -> tuple[str, int, str] | None:
    """Plain numbers among other texts, where neither are few; None where there are none."""
    named = ~texts.str.strip().str.casefold().isin(MISSING_WORDS).to_numpy()
    plain = texts.str.strip().str.fullmatch(PLAIN_NUMBER.pattern).to_numpy(dtype=bool) & named
    share = cells[plain].sum() / max(cells[named].sum(), 1)
    if not MIXED[0] <= share <= MIXED[1]:
        return None
    word = texts[named & ~plain].iloc[0]
    return "mixed", int(cells[plain].sum()), f"{texts[plain].iloc[0]}’ beside ‘{word:.20}"


def _joint_sentence(code: str, severity: str, says: str, found: list) -> Finding | None:
    """One sentence of all columns that have an oddity; None where there is none."""
    if not found:
        return None
    what = some([f"{name:.40} ({so_many(range(cells), 'cell')}, such as ‘{_shown(example)}’)"
                 for name, cells, example in found])  # fmt: skip
    columns = [name for name, *_ in found]
    return Finding(code, severity, columns, says.format(what=what))


def _shown(text: str) -> str:
    """A text in one short line, with the codes of letters that can't be seen."""
    short = re.sub(_UNSEEN, lambda mark: f"[U+{ord(mark[0]):04X}]", " ".join(text[:200].split(" ")))
    return " ".join(short.split())[:45] + ("…" if len(text) > 45 else "")


def _of_rows(frame: pd.DataFrame) -> Iterator[Finding]:
    empty = np.ones(len(frame), dtype=bool)
    for name in frame:
        empty &= frame[name].isna().to_numpy()
        if not empty.any():
            return
    rows = [int(place) + 1 for place in np.flatnonzero(empty)]
    message = f"{so_many(rows, 'row')} with nothing in {'it' if len(rows) == 1 else 'them'}"
    yield Finding("empty rows", "warning", [], f"{message} ({lines(rows, 'row')}).")


def _of_names(frame: pd.DataFrame) -> Iterator[Finding]:
    names = list(map(str, frame.columns))
    odd = [n for n in names if re.search(rf"[\n\r\t]|{_UNSEEN}|{_MARKUP}", n) or len(n) > LONG_NAME]
    if odd:
        shown = some([f"‘{_shown(name)}’ ({len(name):,} letters)" for name in odd])
        yield Finding("odd names", "note", odd, f"Names that are long, or have line ends, "
                     f"markup or letters that can't be seen: {shown}. Rename them.")  # fmt: skip


def _of_classes(frame: pd.DataFrame, target: str) -> Iterator[Finding]:
    """Classes of a target of words with too few rows to learn from and be tested on."""
    if not target or is_counted(frame[target]):
        return
    counts = Counter(frame[target].dropna().astype("str"))
    rare = [word for word, rows in counts.items() if rows < LEAST_OF_A_CLASS]
    if 0 < len(rare) <= len(counts) / 2:
        yield Finding("class of one", "warning", [target], f"Of {target:.40}, {some(rare)} "
                     f"stands in one row: too few to train and to test.")  # fmt: skip
