"""Where the table stands in a text: its dialect, its width, its header, and what is above that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from ..base.user_errors import InputError
from . import header_rows
from .cell_kinds import kind
from .cut_lines import Piece, cut_text
from .dialects import Dialect, Line, lines_of
from .drawn_tables import is_rule
from .find_dialect import RARE, USUAL, Cut, cut_by, find_cut
from .text_format import TextFormat

MOST_LINES = 300
ENDS_BLANK = "Each row but the header's ends in a delimiter, which was left out."
NAMES_OF_MARKS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}


@dataclass(frozen=True)
class Layout:
    """How to read a text: see the module.

    `above` and `header` are pieces; `names` are as written, or None of a table without a header;
    `start` is the line of the first row.
    """

    dialect: Dialect
    width: int
    names: list[str] | None
    above: tuple[Piece, ...] = ()
    header: tuple[Piece, ...] = ()
    start: int = 1
    pads: bool = False  # rows may lack their last fields: the header has more
    ends_blank: bool = False  # each row ends in a delimiter that the header lacks
    is_told: bool = False  # a person said which line is the header
    has_rules: bool = False  # lines are drawn between rows
    notes: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether any CSV reader takes the rows as they are."""
        is_odd = self.pads or self.ends_blank or self.has_rules or self.above
        return self.dialect.is_standard and not is_odd


def find_layout(text: str, asked: TextFormat) -> Layout:
    """The layout of a text, told by its beginning; raises InputError where no delimiter fits."""
    lines = lines_of(text)
    cut = _cut_asked(text, lines, asked) or _only_column(text, lines, asked)
    pieces = cut_text(text, cut.dialect, cut.width, MOST_LINES)
    rules = [piece for piece in pieces if is_rule(piece.text)]
    rows = [piece for piece in pieces if not is_rule(piece.text)]
    found = replace(_with_header(rows, cut, asked), has_rules=bool(rules))
    return _said_of_one_column(found, lines) if cut.width == 1 and not asked.delimiter else found


def _cut_asked(text: str, lines: list[Line], asked: TextFormat) -> Cut | None:
    """The cut that fits best, or by the delimiter that was asked for."""
    if asked.delimiter == "none":
        return None
    if not asked.delimiter:
        return _cut_by_names(text, lines, asked) or find_cut(text, lines, asked.quote)
    if asked.delimiter not in text:
        raise InputError(f"has no {asked.delimiter!r} in its first lines, the delimiter named.")
    if (found := find_cut(text, lines, asked.quote)) and found.dialect.delimiter == asked.delimiter:
        return found
    full = [line for line in lines if line.text.strip()][:MOST_LINES]
    return cut_by(text, full, Dialect(asked.delimiter, asked.quote or '"'))


def _cut_by_names(text: str, lines: list[Line], asked: TextFormat) -> Cut | None:
    """The cut by the delimiter that parts a line into names that are known; None without one."""
    first = [line.text for line in lines[: header_rows.MOST_NAMED]] if asked.columns else []
    for mark in USUAL + RARE:
        parted = (Dialect(mark).fields(line) for line in first if mark in line)
        if any(len(row) > 1 and header_rows.names(row, asked.columns) for row in parted):
            return _cut_asked(text, lines, replace(asked, delimiter=mark))
    return None


def _only_column(text: str, lines: list[Line], asked: TextFormat) -> Cut:
    """The cut of a text of one column; InputError where its lines seem to have more."""
    full, marked = _lines_with_marks(lines)
    if asked.delimiter != "none" and 2 * marked > len(full) - 1:
        widths = [_widths(line, "".join(full)) for line in full[:2]]
        raise InputError(
            f"has no delimiter that parts its lines into equally many fields (fields of line 1: "
            f"{widths[0]}; of line 2: {widths[-1]}). Correct the lines, or name the delimiter: "
            f"add ?delimiter=semicolon to the file's name (none: one column)."
        )
    mark = next(mark for mark in "\x1f\x1e\x1d\x01," if mark not in text)
    return Cut(Dialect(mark, asked.quote or '"'), 1, 1.0, 1.0)


def _lines_with_marks(lines: list[Line]) -> tuple[list[str], int]:
    """The first lines, and how many below the first hold a usual delimiter outside quotes."""
    full = [line.text for line in lines if line.text.strip()][:MOST_LINES]
    unquoted = [Dialect("\x1f").loose_fields(line)[0] for line in full[1:]]
    return full, sum(any(mark in line for mark in USUAL) for line in unquoted)


def _said_of_one_column(layout: Layout, lines: list[Line]) -> Layout:
    """The layout of one column, with a note where some lines may be meant to have more."""
    full, marked = _lines_with_marks(lines)
    if not marked:
        return layout
    said = (
        f"The file was read as one column, though {marked:,} of its first {len(full):,} lines have "
        f"a comma or other delimiter (if it parts cells: ?delimiter=comma behind the file's name)."
    )
    return replace(layout, notes=(*layout.notes, said))


def _widths(line: str, text: str) -> str:
    """How many fields a line has by each delimiter that the text has."""
    return ", ".join(
        f"{len(Dialect(mark).loose_fields(line))} by {NAMES_OF_MARKS[mark]}"
        for mark in USUAL
        if mark in text
    )


def _with_header(pieces: list[Piece], cut: Cut, asked: TextFormat) -> Layout:
    """The layout with the header that was found or asked for."""
    fit = [piece for piece in pieces if piece.width == cut.width]
    plain = Layout(cut.dialect, cut.width, None)
    if not fit:
        return plain
    if asked.header == "none":
        return _headed(replace(plain, is_told=True), pieces, fit[0], ())
    if asked.header:
        return _headed(plain, pieces, fit[0], (_header_asked(fit, int(asked.header)),))
    return _found_header(plain, pieces, fit, asked.columns)


def _header_asked(fit: list[Piece], line: int) -> Piece:
    """The row in that line; raises InputError where none is."""
    for piece in fit:
        if piece.line == line:
            return piece
    raise InputError(
        f"has no row of {fit[0].width} fields in line {line}, which was named as the "
        f"header: the first such row is in line {fit[0].line}."
    )


def _headed(plain: Layout, pieces: list[Piece], first: Piece, header: tuple[Piece, ...]) -> Layout:
    """The layout with these pieces for the header, or none and the first row here."""
    rows = [piece.fields(plain.dialect) for piece in header]
    top = header[0].line if header else first.line
    return replace(
        plain, names=header_rows.joined_names(rows) if rows else None, header=header,
        above=tuple(p for p in pieces if p.line < top and p.text.strip()),
        start=_line_after(header[-1]) if header else first.line,
    )  # fmt: skip


def _line_after(piece: Piece) -> int:
    """The line behind a piece, which may go over many."""
    return piece.line + len(lines_of(piece.text + "\n"))


def _found_header(
    plain: Layout, pieces: list[Piece], fit: list[Piece], known: tuple[str, ...]
) -> Layout:
    """The layout with the rows that look like a header, of the table's width or of another one."""
    fit = _without_comments(fit, plain.dialect)
    rows = [piece.fields(plain.dialect) for piece in fit]
    found = header_rows.find_header(rows, known)
    is_told = bool(found.rows) and header_rows.names(rows[found.skipped], known)
    above = [p for p in pieces if p.line < fit[0].line and p.text.strip()]
    may_be = above and not found.skipped and _may_stand_above(rows, found, above)
    if may_be and (other := _odd_header(plain, above[-1], rows)):
        return replace(other, header=(above[-1],), above=tuple(above[:-1]), start=fit[0].line)
    header = tuple(fit[found.skipped : found.skipped + found.rows])
    return _headed(replace(plain, is_told=is_told), pieces, fit[found.skipped], header)


def _without_comments(fit: list[Piece], dialect: Dialect) -> list[Piece]:
    """The rows without remarks at the top, which begin with #; a header may begin so, too."""
    many = next((n for n, piece in enumerate(fit) if not piece.text.startswith("#")), 0)
    rows = [piece.fields(dialect) for piece in fit[many:]]
    if not many or len(rows) < 2 or header_rows.is_data(rows[0], header_rows.below(rows)):
        return fit
    return fit[many:]


def _may_stand_above(rows, found: header_rows.Header, above: list[Piece]) -> bool:
    """Whether the line above the rows may be their header, though it has another width."""
    if found.rows == 0:
        return True
    return len(above) == 1 and len(rows) > 1 and not header_rows.below(rows).votes(rows[0])[1]


def _odd_header(plain: Layout, piece: Piece, rows: list[list[str]]) -> Layout | None:
    """The layout of rows whose header has more or fewer names than they have fields.

    None where the line above the rows is no header.
    """
    width, names = plain.width, piece.fields(plain.dialect)
    for mark in USUAL + RARE:
        if len(others := Dialect(mark).loose_fields(piece.text)) == width > 1 and _are_names(
            others
        ):
            return _parted_otherwise(plain, Dialect(mark), piece)
    if len(names) < 2 or not _are_names([name for name in names if name.strip()]):
        return None
    if len(names) == width - 1 and not any(row[-1].strip() for row in rows):
        return replace(plain, names=[*names, ""], ends_blank=True, notes=(ENDS_BLANK,))
    if len(names) == width + 1 and "" in map(str.strip, names):
        return _without_blank_name(plain, names)
    if len(names) > width:
        return replace(plain, names=names, width=len(names), pads=True)
    return _too_few_names(plain, names, rows)


def _are_names(cells: list[str]) -> bool:
    """Whether cells may be columns' names: none is a number, a date or a link."""
    return bool(cells) and not any(kind(cell) in ("number", "time", "link") for cell in cells)


def _parted_otherwise(plain: Layout, dialect: Dialect, piece: Piece) -> Layout:
    mark = NAMES_OF_MARKS.get(dialect.delimiter, dialect.delimiter)
    said = f"The header (line {piece.line}) was read with another delimiter than the rows ({mark})."
    return replace(plain, names=dialect.fields(piece.text), notes=(said,))


def _without_blank_name(plain: Layout, names: list[str]) -> Layout:
    """The header has one name more than the rows have fields, and it is blank: it is left out."""
    blank = [place for place, name in enumerate(names) if not name.strip()]
    place = blank[-1] if blank[-1] == len(names) - 1 else blank[0]
    said = (
        f"The header has a blank name more than the rows have fields (name {place + 1}): left out."
    )
    return replace(plain, names=names[:place] + names[place + 1 :], notes=(said,))


def _numbers_rows(cells: list[str]) -> bool:
    """Whether a column counts the rows."""
    if not all(cell.isdecimal() for cell in cells):
        return False
    return all(int(b) == int(a) + 1 for a, b in pairwise(cells))


def _name_rows(cells: list[str]) -> bool:
    """Whether a column has texts of which none is a number, a date or like another."""
    return len(cells) > 1 and len({*cells}) == len(cells) and _are_names(cells)


def _too_few_names(plain: Layout, names: list[str], rows: list[list[str]]) -> Layout | None:
    """Fewer names than fields: the first column may number the rows; else none can be given."""
    if len(names) < plain.width - 1:
        return None
    if len(rows) > 1 and _numbers_rows([row[0].strip() for row in rows]):
        said = "The header has no name for the first column, which numbers the rows: column_1."
        return replace(plain, names=["", *names], notes=(said,))
    if len(names) == plain.width - 1 and _name_rows([row[0].strip() for row in rows]):
        said = ("The header has no name for the first column, whose texts are all different, as R "
                "writes the names of rows: column_1.")  # fmt: skip
        return replace(plain, names=["", *names], notes=(said,))
    said = (
        f"The header has {len(names)} names and the rows {plain.width} fields, so it is not known "
        f"which column is which: they are column_1, column_2 and so on. Correct the header "
        f"({', '.join(names)[:80]})."
    )
    return replace(plain, names=[""] * plain.width, notes=(said,))
