"""Each line of a text as a row of so many fields, or with the number of fields that it has instead.

Lines that surely are rows stay together, as a `Run`. Of the others only those with quotes need
thought: a row in quotes may go over many lines, and a stray quote would swallow the rows below it.
A row that follows the rules is taken as it is; else the line is read in the one way that gives it
the right number of fields (`mend_quotes`); else it stays broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .byte_lines import ByteLines, lines_between
from .dialects import Dialect, Line
from .mend_quotes import mended

MOST_OF_A_RUN = 2**15
UNCLEAR = -1  # the width of a line whose quotes can be read in two ways, or in none


@dataclass(frozen=True, slots=True)
class Piece:
    """A row or a broken line: its number, its text, how many fields it has, and which.

    `cells` is None where the text is a row as any CSV reader takes it, or broken.
    """

    line: int
    text: str
    width: int
    cells: list[str] | None = None
    mended: bool = False

    def fields(self, dialect: Dialect) -> list[str]:
        """The fields of a row."""
        return dialect.fields(self.text) if self.cells is None else self.cells


@dataclass(frozen=True, slots=True)
class Run:
    """Lines one below the other of which each is a row of `width` fields, as any reader takes it.

    They are `lines[first:until]`; `block` is where they were read already.
    """

    lines: ByteLines
    first: int
    until: int
    width: int
    block: object = None

    def __len__(self) -> int:
        return self.until - self.first

    def piece(self, place: int) -> Piece:
        """One of the rows."""
        line = self.lines[self.first + place]
        return Piece(line.number, line.text, self.width)

    @property
    def last_line(self) -> int:
        """The number of the last line."""
        return self.lines.first + self.until - 1

    @property
    def body(self) -> memoryview:
        """The rows as they are written, without the end of the last line."""
        start, end = self.lines.starts[self.first], self.lines.ends[self.until - 1]
        return memoryview(self.lines.content)[start:end]


def cut_text(text: str, dialect: Dialect, width: int, most: int) -> list[Piece]:
    """The pieces of the first lines of a text, blank lines with a width of 0.

    >>> text = 'a,"b' + chr(10) + 'c"' + chr(10) + '1,"2' + chr(10) + '3,4,5'
    >>> [(p.line, p.width, p.mended) for p in cut_text(text, Dialect(), 2, 300)]
    [(1, 2, False), (3, 2, True), (4, 3, False)]
    """
    content = text.encode()
    lines = lines_between(content, 0, len(content))
    first = replace(lines, starts=lines.starts[:most], ends=lines.ends[:most])
    return list(cut_lines(first, np.zeros(len(first), bool), dialect, width))


def cut_lines(
    lines: ByteLines, are_rows: np.ndarray, dialect: Dialect, width: int
) -> Iterator[Piece | Run]:
    """The pieces of lines, of which some surely are rows: those come together, as runs."""
    place = 0
    for odd in np.flatnonzero(~are_rows).tolist():
        if odd < place:  # within the piece before
            continue
        yield from _runs(lines, place, odd, width)
        piece = _simple(lines[odd], dialect, width) or _whole(lines, odd, dialect, width)
        end = int(lines.starts[odd]) + len(piece.text.encode())
        place = max(odd + 1, int(np.searchsorted(lines.starts, end)))
        yield piece
    yield from _runs(lines, place, len(lines), width)


def _runs(lines: ByteLines, first: int, until: int, width: int) -> Iterator[Run]:
    """The lines from one to another as runs of no more than so many."""
    for place in range(first, until, MOST_OF_A_RUN):
        yield Run(lines, place, min(place + MOST_OF_A_RUN, until), width)


def _simple(line: Line, dialect: Dialect, width: int) -> Piece | None:
    """The piece of a line without quotes; None of another one."""
    if not line.text.strip(" ") and (width > 1 or not line.text):
        return Piece(line.number, line.text, 1 if width == 1 else 0)
    if dialect.quote in line.text:
        return None
    if dialect.blank:
        cells = dialect.fields(line.text)
        return Piece(line.number, line.text, len(cells), cells)
    return Piece(line.number, line.text, line.text.count(dialect.delimiter) + 1)


def _whole(lines: ByteLines, place: int, dialect: Dialect, width: int) -> Piece:
    """The piece that begins with a line that has quotes."""
    line = lines[place]
    if dialect.is_glued(line.text):
        return Piece(line.number, line.text, UNCLEAR)
    if proper := _proper(lines, place, dialect, width):
        return proper
    if cells := mended(line.text, dialect, width):
        return Piece(line.number, line.text, width, cells, mended=True)
    fields = len(dialect.loose_fields(line.text))
    return Piece(line.number, line.text, UNCLEAR if fields == width else fields)


def _proper(lines: ByteLines, place: int, dialect: Dialect, width: int) -> Piece | None:
    """The piece as the rules of quotes have it; None where they are broken, or swallow rows."""
    if not (found := dialect.record_in_bytes.match(lines.content, int(lines.starts[place]))):
        return None
    text = found[0].decode()
    cells = dialect.fields(text)
    others = _whole_rows(lines, place, found.end(), dialect, width)
    if width > 1 and others and (all(others) if len(cells) == width else any(others[1:])):
        return None
    stays = _stays(text, dialect)
    return Piece(lines.first + place, text, len(cells), None if stays else cells)


def _whole_rows(lines: ByteLines, place: int, end: int, dialect: Dialect, width: int) -> list[bool]:
    """Which lines of a row over many are whole rows by themselves; none for a row of one line."""
    mark, until = dialect.delimiter.encode(), int(np.searchsorted(lines.starts, end))
    if until - place < 2:
        return []
    edges = zip(lines.starts[place:until], lines.ends[place:until], strict=True)
    return [lines.content.count(mark, a, b) + 1 >= width for a, b in edges]


def _stays(text: str, dialect: Dialect) -> bool:
    """Whether a row can be handed on as it is: no blanks stand around its quotes."""
    mark, quote = dialect.delimiter, dialect.quote
    around = (f"{mark} ", f" {mark}")
    return dialect.is_standard and text[:1] != " " and not any(
        one in text for one in (f"{around[0]}{quote}", f"{quote}{around[1]}")
    )  # fmt: skip
