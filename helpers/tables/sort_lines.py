"""The lines of a text that are rows, and those that are set aside, each with its number and reason.

Set aside are: what stands above the header; a line with another number of fields; the header, once
more; another table below the first. Lines in = rows + lines set aside + blank lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from ..base.user_errors import InputError
from .cell_kinds import kind
from .cut_lines import UNCLEAR, Piece, Run
from .dialects import standard_line
from .drawn_tables import is_rule
from .header_rows import below, is_other_header
from .odd_files import lines as line_numbers
from .odd_files import so_many
from .piece_list import PieceList, first_of
from .text_layout import Layout

LEAST_TABLE = 3  # lines in a row of another width that may be another table
CUSTOM = 0.1  # where more lines than that lack last fields, and none has more, that is the custom
MOST_BELOW = 3  # lines below the last row that are a footer, not broken rows
MOST_LOOKED_AT, LATER = 100, 6  # rows that tell what is usual; rows behind one that is not
ABOVE, AGAIN, OTHER = "above the header", "the header again", "another table or a footer"
DRAWN = "drawn between rows"


@dataclass
class Sorted:
    """Rows as lines of standard CSV, and pieces that are no rows, with their reasons."""

    rows: list[bytes | Run] = field(default_factory=list)
    many: int = 0  # rows
    aside: list[tuple[Piece, str]] = field(default_factory=list)
    broken: list[Piece] = field(default_factory=list)  # of `aside`: rows that can't be read
    mended: list[int] = field(default_factory=list)
    padded: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    last: int = 0  # the line of the last row


def sort_pieces(pieces: PieceList, layout: Layout, most: float) -> Sorted:
    """The pieces below the header as rows, and as lines set aside.

    `most` is the share of lines that may be broken. Where more are, short rows count as rows that
    lack their last fields; InputError where there are others.
    """
    found, odd = _sorted(pieces, layout)
    odd = _without_other_tables(odd, layout, found)
    if _may_be_padded(odd, layout) and _too_many(odd, min(most, CUSTOM), found):
        return sort_pieces(pieces, replace(layout, pads=True), most)
    if _too_many(odd, most, found):
        _refuse(odd, layout, found.many)
    found.broken = odd
    found.aside += [(piece, reason_of(piece, layout, piece.line > found.last)) for piece in odd]
    found.aside.sort(key=lambda one: one[0].line)
    found.blank = [line for line in found.blank if line < found.last]
    return found


def _sorted(pieces: PieceList, layout: Layout) -> tuple[Sorted, list[Piece]]:
    """The pieces that fit, as rows, and those that do not."""
    found = Sorted(aside=[(piece, ABOVE) for piece in layout.above])
    header, odd = [name.strip() for name in layout.names or []], []
    for piece in _of_first_table(pieces, layout, found):
        if isinstance(piece, Run):
            _take_run(piece, found)
        elif piece.width == 0:
            found.blank.append(piece.line)
        elif layout.has_rules and is_rule(piece.text):
            found.aside.append((piece, DRAWN))
        elif _fits(piece, layout):
            _take(piece, layout, header, found)
        else:
            odd.append(piece)
    return found, odd


def _of_first_table(pieces: PieceList, layout: Layout, found: Sorted) -> Iterator[Piece | Run]:
    """The pieces above another table of the same width; those of that are set aside."""
    looks, after_gap = None, False
    for place, part in pieces.placed():
        fits = part.width == layout.width > 1
        if fits and after_gap and place > 2:
            first = first_of(part)
            if looks is None or place < MOST_LOOKED_AT:
                looks = below(_rows(pieces[max(0, place - MOST_LOOKED_AT) : place], layout))
            later = _rows(pieces[place + 1 : place + LATER], layout)
            if is_other_header(first.fields(layout.dialect), later, looks):
                why = f"{OTHER}, from line {first.line}"
                found.aside += [(one, why) for one in pieces[place:] if one.width]
                return
        after_gap = not fits
        yield part


def _rows(pieces: list[Piece], layout: Layout) -> list[list[str]]:
    """The fields of those pieces that have as many as the table has columns."""
    return [piece.fields(layout.dialect) for piece in pieces if piece.width == layout.width]


def _too_many(odd: list[Piece], most: float, found: Sorted) -> bool:
    """Whether more lines are broken than may be; a few below the last row do not count."""
    below = sum(piece.line > found.last for piece in odd)
    counted = len(odd) - below * (below <= MOST_BELOW)
    if found.many < 2 * below:
        counted = len(odd)
    return bool(odd) and (not found.many or counted > max(1, most * (found.many + counted)))


def _fits(piece: Piece, layout: Layout) -> bool:
    return piece.width == layout.width or (layout.pads and 0 < piece.width < layout.width)


def _take(piece: Piece, layout: Layout, header: list[str], found: Sorted) -> None:
    """A piece of the right width as a row, but for the header once more."""
    cells = None
    if header and piece.text.lstrip(' "').startswith(header[0]):
        cells = piece.fields(layout.dialect)
        if [cell.strip() for cell in cells] == header:
            found.aside.append((piece, AGAIN))
            return
    found.rows.append(_line_of(piece, layout).encode())
    found.many += 1
    found.last = piece.line
    if piece.mended:
        found.mended.append(piece.line)
    if piece.width < layout.width:
        found.padded.append(piece.line)


def _take_run(run: Run, found: Sorted) -> None:
    """Lines that surely are rows."""
    found.rows.append(run)
    found.many += len(run)
    found.last = run.last_line


def _line_of(piece: Piece, layout: Layout) -> str:
    """A row as a line of standard CSV, with as many fields as the table has columns."""
    if piece.cells is None and layout.dialect.is_standard and piece.width == layout.width:
        return piece.text
    cells = piece.fields(layout.dialect)
    return standard_line(cells + [""] * (layout.width - len(cells)), layout.dialect.delimiter)


def _without_other_tables(odd: list[Piece], layout: Layout, found: Sorted) -> list[Piece]:
    """The pieces that are no other table; those of one are set aside as that."""
    rest = []
    for width, group in groupby(odd, key=lambda piece: piece.width):
        group = list(group)
        if width > 1 and len(group) >= LEAST_TABLE and _is_table(group, layout):
            found.aside += [(piece, f"{OTHER}, from line {group[0].line}") for piece in group]
        else:
            rest += group
    return rest


def _is_table(group: list[Piece], layout: Layout) -> bool:
    """Whether lines begin with names, and have a value below."""
    known = ("number", "time", "link")
    rows = [piece.fields(layout.dialect) for piece in group[:20]]
    first = [kind(cell) for cell in rows[0]]
    if any(one in known for one in first) or group[-1].line - group[0].line < len(group) - 1:
        return False
    return any(kind(cell) in known for row in rows[1:] for cell in row)


def _may_be_padded(odd: list[Piece], layout: Layout) -> bool:
    """Whether rows lack last fields by custom: many are shorter, none is longer."""
    short = all(1 < piece.width < layout.width for piece in odd)
    return short and layout.width > 2 and not layout.pads


def reason_of(piece: Piece, layout: Layout, is_below: bool) -> str:
    """Why a line can't be read.

    >>> reason_of(Piece(7, "a,b", 2), Layout(None, 3, None), False)
    '2 fields, the table has 3'
    """
    many = f"{piece.width} field{'s' * (piece.width != 1)}, the table has {layout.width}"
    if piece.width == UNCLEAR:
        many = "quotes that can't be read in one way"
    return f"{many} (below the last row)" if is_below else many


def _refuse(odd: list[Piece], layout: Layout, rows: int) -> None:
    """Raise InputError: too many lines are broken."""
    first = odd[0]
    raise InputError(
        f"line {first.line} is no row ({reason_of(first, layout, False)}): "
        f"{so_many(odd, 'line')} of {rows + len(odd):,} are broken "
        f"({line_numbers([piece.line for piece in odd])}). Correct them, quote a cell that has a "
        f"delimiter in it, name the delimiter (?delimiter=semicolon behind the file's name), or "
        f"let more lines be set aside (?bad_lines=0.9)."
    )
