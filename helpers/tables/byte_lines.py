"""The lines of a text in bytes: where each begins and ends, and which of them surely are rows.

A line surely is a row where it has as many fields as the table has columns, and its quotes, if any,
follow the rules and are closed within it. numpy tells that of a megabyte at a time; all other lines
are looked at one by one (`cut_lines`).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from .dialects import Dialect, Line
from .plain_check import CR, LF, PIECE, QUOTE

BLANK = ord(" ")


@dataclass(frozen=True)
class ByteLines:
    """The lines of a part of a text: its bytes, where lines begin and end, the first's number."""

    content: bytes
    starts: np.ndarray
    ends: np.ndarray  # without the letters that end a line
    first: int = 1

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, place: int) -> Line:
        start = int(self.starts[place])
        text = self.content[start : self.ends[place]]
        return Line(self.first + place, start, bytes(text).decode())


def lines_between(content: bytes, start: int, end: int, first: int = 1) -> ByteLines:
    r"""The lines from one byte to another, separated by LF, CRLF or CR alone.

    >>> lines = lines_between(b"a\r\nb\rc\n\n", 0, 8)
    >>> [line.text for line in map(lines.__getitem__, range(len(lines)))]
    ['a', 'b', 'c', '']
    """
    letters = np.frombuffer(content, np.uint8)
    ends, behind = _ends(letters, start, end)
    starts = np.concatenate([[start], behind])
    if starts[-1] == end:
        starts = starts[:-1]
    else:
        ends = np.concatenate([ends, [end]])
    return ByteLines(content, starts, ends, first)


def _ends(letters: np.ndarray, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Where lines end, and the places behind the letters that end them."""
    lf, cr = _places(letters, LF, start, end), _places(letters, CR, start, end)
    if not len(cr):
        return lf, lf + 1
    is_pair = np.isin(cr + 1, lf, assume_unique=True)
    ends = np.union1d(cr, np.setdiff1d(lf, cr[is_pair] + 1, assume_unique=True))
    return ends, ends + 1 + np.isin(ends, cr[is_pair], assume_unique=True)


def _places(letters: np.ndarray, wanted: int, start: int, end: int) -> np.ndarray:
    """Where a letter is."""
    return np.concatenate([np.zeros(0, np.int64)] + [
        np.flatnonzero(letters[place : min(place + PIECE, end)] == wanted) + place
        for place in range(start, end, PIECE)
    ])  # fmt: skip


# --- Lines that surely are rows -----------------------------------------------------------------


def surely_rows(
    lines: ByteLines, dialect: Dialect, width: int, header: list[str] | None = None
) -> np.ndarray:
    """Which lines surely are rows of so many fields, and not the `header` once more.

    >>> lines = lines_between(b'1,"a, b"' + bytes([10]) + b'2,"c' + bytes([10]) + b"3,4,5", 0, 99)
    >>> surely_rows(lines, Dialect(), 2).tolist()
    [True, False, False]
    """
    if not (dialect.is_standard and dialect.delimiter.isascii()) or dialect.delimiter.isalnum():
        return np.zeros(len(lines), bool)
    steps = range(int(lines.starts[0]), int(lines.ends[-1]) + 1, PIECE)
    edges = [*np.searchsorted(lines.starts, steps), len(lines)]
    name = header[0].encode() if header else None
    rows = partial(_rows_among, lines, ord(dialect.delimiter), width, name)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate(list(pool.map(rows, edges[:-1], edges[1:])))


def _rows_among(
    lines: ByteLines, mark: int, width: int, name: bytes | None, first: int, until: int
) -> np.ndarray:
    """Which of the lines from one place to another surely are rows."""
    if first == until:
        return np.zeros(0, bool)
    start = int(lines.starts[first])
    letters = np.frombuffer(lines.content, np.uint8)[start : lines.ends[until - 1]]
    starts, ends = lines.starts[first:until] - start, lines.ends[first:until] - start
    marks, quotes = np.flatnonzero(letters == mark), np.flatnonzero(letters == QUOTE)
    fields = 1 + np.diff(np.searchsorted(marks, [*starts, len(letters)]))
    found = np.ones(len(starts), bool)
    if len(quotes):
        found = _have_proper_quotes(letters, starts, ends, quotes, mark)
        fields -= _marks_in_quotes(marks, fields - 1, quotes, np.searchsorted(quotes, starts))
    found &= (fields == width) & (ends > starts)
    if mark == BLANK:
        found &= fields - 1 < ends - starts  # a line of blanks alone is a blank line
    return found if name is None else found & ~_begin_with(name, letters, starts, ends, mark)


def _have_proper_quotes(letters, starts, ends, quotes: np.ndarray, mark: int) -> np.ndarray:
    """Of each line whether its quotes open and close fields, turn and turn about."""
    before = np.searchsorted(quotes, starts)
    many = np.diff([*before, len(quotes)])
    line = np.repeat(np.arange(len(starts)), many)
    closes = (np.arange(len(quotes)) - before[line]) % 2 == 1
    at_edge = np.where(closes, quotes + 1 == ends[line], quotes == starts[line])
    beside = letters.take(quotes + np.where(closes, 1, -1), mode="clip")
    is_proper = at_edge | (beside == mark) | (beside == QUOTE)
    found = many % 2 == 0
    found[line[~is_proper]] = False
    return found


def _marks_in_quotes(marks, many: np.ndarray, quotes, before: np.ndarray) -> np.ndarray:
    """Of each line how many of its delimiters (so `many`) stand in quotes.

    `before` is how many quotes come before the line.
    """
    line = np.repeat(np.arange(len(many)), many)
    inside = (np.searchsorted(quotes, marks) - before[line]) % 2 == 1
    return np.bincount(line[inside], minlength=len(many))


def _begin_with(name: bytes, letters: np.ndarray, starts, ends, mark: int) -> np.ndarray:
    """Of each line whether its first field may be this name, blanks and quotes left out."""
    found, lines = np.zeros(len(starts), bool), np.arange(len(starts))
    at = _behind_blanks(starts, letters, ends, mark)
    for step, letter in enumerate(name):
        lines = lines[letters.take(at[lines] + step, mode="clip") == letter]
    at = _behind_blanks(at[lines] + len(name), letters, ends[lines], mark)
    at_end = letters.take(at, mode="clip") == mark
    found[lines[(at == ends[lines]) | (at < ends[lines]) & at_end]] = True
    return found


def _behind_blanks(at: np.ndarray, letters: np.ndarray, ends: np.ndarray, mark: int) -> np.ndarray:
    """The places behind the blanks and quotes that stand at these places."""
    at, here = at.copy(), np.arange(len(at))
    while len(here):
        letter = letters.take(at[here], mode="clip")
        is_skipped = (letter == QUOTE) | ((letter == BLANK) & (mark != BLANK))
        here = here[is_skipped & (at[here] < ends[here])]
        at[here] += 1
    return at
