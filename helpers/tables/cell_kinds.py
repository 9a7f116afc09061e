"""What a cell of a text file looks like, told by its letters alone: number, date, link, code, word.

Enough to find the delimiter and the header. What a column is to the model is decided later.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

MOST_LETTERS = 60
SURE = 0.8  # the share of a column's cells that makes its kind
_DIGITS = r"(?:\d{1,3}(?:[.,'’ ]\d{3})+|\d+)(?:[.,]\d+)?|[.,]\d+"
NUMBER = re.compile(
    rf"[-+(]?\s?(?:[€$£¥]|[A-Z]{{3}}\s)?\s?[-+]?(?:{_DIGITS})(?:[eE][-+]?\d+)?\s?(?:%|[€$£¥]|[A-Z]{{3}})?[-)]?"
)  # fmt: skip
_DAY = r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d{1,2}[-. ][A-Za-z]{3,9}\.?[-, ]+\d{2,4}"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\s?(?:[AaPp][Mm])?(?:Z|[+-]\d\d:?\d\d)?"
TIME = re.compile(rf"(?:{_DAY})(?:[T ]\s?{_CLOCK})?|{_CLOCK}")
LINK = re.compile(r"(?:https?://|www\.)\S+|[^@\s]+@[^@\s]+\.\w+")
MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "--", "?", ".", "unknown"}


@lru_cache(maxsize=20_000)
def kind(cell: str) -> str:
    """The kind of a cell; "" of one that stands for a missing value.

    >>> [kind(cell) for cell in ["1,5", "03/04/2024", "MG-8769", "Oslo", "n/a"]]
    ['number', 'time', 'code A-9', 'word', '']
    """
    cell = cell.strip()
    if len(cell) > MOST_LETTERS:
        return "link" if LINK.fullmatch(cell) else "prose"
    if cell.casefold() in MISSING:
        return ""
    for name, pattern in (("number", NUMBER), ("time", TIME), ("link", LINK)):
        if pattern.fullmatch(cell):
            return name
    return _kind_of_letters(cell)


def _kind_of_letters(cell: str) -> str:
    """A code by its shape, prose, or a word."""
    if " " not in cell and any(map(str.isdigit, cell)) and any(map(str.isalpha, cell)):
        return "code " + re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "9", cell))
    return "prose" if cell.count(" ") > 4 else "word"


def kind_of_column(cells: Sequence[str]) -> str:
    """The kind that most cells of a column have; "" where they have none in common, or words.

    >>> kind_of_column(["1", "2", "", "n/a", "7"]), kind_of_column(["Oslo", "7"])
    ('number', '')
    """
    counts = Counter(found for found in map(kind, cells) if found)
    if not counts:
        return ""
    found, count = counts.most_common(1)[0]
    return found if count >= SURE * counts.total() and found != "word" else ""
