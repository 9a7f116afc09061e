"""Each line of a text as a row of so many fields, or with the number of fields that it has instead.

Only lines with quotes need thought: a row in quotes may go over many lines, and a stray quote would
swallow the rows below it. A row that follows the rules is taken as it is; else the line is read in
the one way that gives it the right number of fields (`mend_quotes`); else it stays broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .dialects import Dialect, Line
from .mend_quotes import mended

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


def cut_lines(text: str, lines: list[Line], dialect: Dialect, width: int) -> Iterator[Piece]:
    """The pieces of a text, blank lines with a width of 0.

    >>> from .dialects import lines_of
    >>> text = 'a,"b' + chr(10) + 'c"' + chr(10) + '1,"2' + chr(10) + '3,4,5'
    >>> [(p.line, p.width, p.mended) for p in cut_lines(text, lines_of(text), Dialect(), 2)]
    [(1, 2, False), (3, 2, True), (4, 3, False)]
    """
    at_end = 0
    for place, line in enumerate(lines):
        if line.start < at_end:
            continue
        piece = _simple(line, dialect, width) or _whole(text, lines, place, dialect, width)
        at_end = line.start + len(piece.text)
        yield piece


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


def _whole(text: str, lines: list[Line], place: int, dialect: Dialect, width: int) -> Piece:
    """The piece that begins with a line that has quotes."""
    line = lines[place]
    if dialect.is_glued(line.text):
        return Piece(line.number, line.text, UNCLEAR)
    if proper := _proper(text, lines, place, dialect, width):
        return proper
    if cells := mended(line.text, dialect, width):
        return Piece(line.number, line.text, width, cells, mended=True)
    fields = len(dialect.loose_fields(line.text))
    return Piece(line.number, line.text, UNCLEAR if fields == width else fields)


def _proper(text: str, lines: list[Line], place: int, dialect: Dialect, width: int) -> Piece | None:
    """The piece as the rules of quotes have it; None where they are broken, or swallow rows."""
    line = lines[place]
    if not (found := dialect.record.match(text, line.start)):
        return None
    cells = dialect.fields(found[0])
    others = _whole_rows(lines, place, line.start + len(found[0]), dialect, width)
    if width > 1 and others and (all(others) if len(cells) == width else any(others[1:])):
        return None
    return Piece(line.number, found[0], len(cells), None if _stays(found[0], dialect) else cells)


def _whole_rows(
    lines: list[Line], place: int, end: int, dialect: Dialect, width: int
) -> list[bool]:
    """Which lines of a row over many are whole rows by themselves; none for a row of one line."""
    found = []
    while place < len(lines) and lines[place].start < end:
        found.append(lines[place].text.count(dialect.delimiter) + 1 >= width)
        place += 1
    return found if len(found) > 1 else []


def _stays(text: str, dialect: Dialect) -> bool:
    """Whether a row can be handed on as it is: no blanks stand around its quotes."""
    mark, quote = dialect.delimiter, dialect.quote
    around = (f"{mark} ", f" {mark}")
    return dialect.is_standard and text[:1] != " " and not any(
        one in text for one in (f"{around[0]}{quote}", f"{quote}{around[1]}")
    )  # fmt: skip
