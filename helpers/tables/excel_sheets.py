"""A sheet of an Excel file as a table: which sheet, where its table begins, what its cells show.

Merged cells, a header over several rows, a title above it, blank rows and columns are what people
make for their eyes. What is decided is said, with the switch behind the file's name.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ..base import unpacking_limits
from ..base.user_errors import InputError, nearest
from . import header_rows, odd_files, set_aside, sheet_said, total_rows
from .header_rows import Header
from .odd_files import some
from .sheet_marks import Marks, marks_of
from .sort_lines import ABOVE
from .text_format import AS_FOUND, TextFormat
from .tidy_table import distinct_names

MOST_ROWS = 300  # that tell where the header is
ALL, SHEET = "all", "sheet"  # all sheets are asked for; the column that says which one
FEW_COLUMNS = 2  # of a row of a preamble, such as "Region: | North"
Row = list


@dataclass
class Sheet:
    """A sheet's cells in their places, how numbers are shown by column, and its marks.

    `formats` counts the number formats of a column's numbers; `errors` are the cells of #DIV/0!.
    """

    title: str
    rows: list[Row]
    marks: Marks
    formats: dict[int, Counter] = field(default_factory=dict)
    errors: int = 0

    @property
    def is_table(self) -> bool:
        """Whether there are two rows and two columns or more."""
        columns = zip(*self.rows, strict=True)
        return len(self.rows) > 1 and sum(not is_blank(column) for column in columns) > 1


def read_excel(content: bytes, asked: TextFormat = AS_FOUND) -> pd.DataFrame:
    """The table of an Excel file; what is odd in it is noted. Raises InputError where it is none.

    `asked` may name the `sheet` (its name or number; "all": those with the columns of the first,
    one below the other) and the row of the `header` (none: there is none).
    """
    book = _opened(content)
    if asked.sheet == ALL and ALL not in book.sheetnames:
        return _all_of(book, content, asked)
    sheet, notes = _chosen(book, content, asked)
    frame = _table_of(sheet, asked) if sheet.rows else pd.DataFrame()
    return odd_files.note(frame, *notes, *odd_files.of(frame))


# --- Which sheet


def _opened(content: bytes):
    """The workbook of a file's bytes, its cells read when they are asked for."""
    if not content.startswith(b"PK"):
        raise InputError("is not an Excel file of the .xlsx kind: save it as one, or as CSV.")
    unpacking_limits.check_zip(content)
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)


def _chosen(book, content: bytes, asked: TextFormat) -> tuple[Sheet, list[str]]:
    """The sheet that was asked for, or the first visible one that holds a table; what is said."""
    if asked.sheet:
        return _read(_named(book.worksheets, asked.sheet), content), []
    shown = _shown(book.worksheets)
    found = _first_table(_read(one, content) for one in shown)
    others = [one for one in book.worksheets if one.title != found.title]
    if not others:
        return found, []
    alike = [one.title for one in others if one in shown and _is_alike(one, content, found)]
    said = _said_of_sheets(found, shown[0].title, [one.title for one in others])
    return found, [said, sheet_said.of_sheets_alike(alike)]


def _first_table(sheets: Iterator[Sheet]) -> Sheet:
    """The first sheet that holds a table, else the first."""
    first = next(sheets)
    return first if first.is_table else next((one for one in sheets if one.is_table), first)


def _shown(sheets: list) -> list:
    """The visible sheets; all of them where none is."""
    return [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets


def _is_alike(sheet, content: bytes, found: Sheet) -> bool:
    """Whether a sheet has a table with the columns of one that was read, told by its first rows."""
    head = _read(sheet, content, MOST_ROWS)
    return head.is_table and found.is_table and _columns_of(head) == _columns_of(found)


def _columns_of(sheet: Sheet) -> list[str]:
    """The names of a sheet's columns, sorted."""
    copy = replace(sheet, rows=[list(row) for row in sheet.rows[:MOST_ROWS]])
    texts, _ = _top(copy)
    return sorted(_names(texts, header_of(texts)))


def _all_of(book, content: bytes, asked: TextFormat) -> pd.DataFrame:
    """The visible sheets with the columns of the first table, one below the other.

    A column in front says which sheet a row is from.
    """
    sheets = [_read(sheet, content) for sheet in _shown(book.worksheets)]
    tables = {one.title: _table_of(one, asked) for one in sheets if one.is_table}
    columns = sorted(next(iter(tables.values()), pd.DataFrame()))
    alike = {title: table for title, table in tables.items() if sorted(table) == columns}
    if not alike:
        return pd.DataFrame()
    frame = _one_below_the_other(alike, distinct_names([*columns, SHEET])[-1])
    lines = [(line, f"{why} (sheet {title})", text) for title, table in alike.items()
             for line, why, text in table.attrs.get("set_aside", [])]  # fmt: skip
    others = [title for title in book.sheetnames if title not in alike]
    said = [sheet_said.of_all(list(alike), others, frame.columns[0])]
    said += [f"{title}: {one}" for title, table in alike.items() for one in odd_files.of(table)]
    return odd_files.note(set_aside.note(frame, lines), *said)


def _one_below_the_other(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Tables of the same columns as one; a first column of that name says whose a row is."""
    frame = pd.concat([table.assign(**{name: title}) for title, table in tables.items()])
    frame = frame[[name, *frame.columns.drop(name)]].reset_index(drop=True)
    frame.attrs = {}
    return frame


def _named(sheets: list, asked: str):
    titles = [sheet.title for sheet in sheets]
    if asked in titles:
        return sheets[titles.index(asked)]
    if asked.isdecimal() and 0 < int(asked) <= len(sheets):
        return sheets[int(asked) - 1]
    raise InputError(f"has no sheet '{asked:.40}': it has {some(titles)}. {nearest(asked, titles)}")


def _said_of_sheets(found: Sheet, first: str, others: list[str]) -> str:
    which = "the first" if found.title == first else "the first with a table"
    return (
        f"Of {len(others) + 1} sheets {which}, {found.title}, is read; left out: {some(others)} "
        f"(?sheet={others[0]} behind the file's name: another one)."
    )


def _read(sheet, content: bytes, most: int | None = None) -> Sheet:
    """The cells of a sheet, or of its first rows, without blank rows at its end."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        marks = marks_of(packed.read(sheet._worksheet_path.lstrip("/")))
    made = Sheet(sheet.title, [], marks)
    made.rows = [[_value(cell, made) for cell in cells] for cells in sheet.iter_rows(max_row=most)]
    while made.rows and is_blank(made.rows[-1]):
        made.rows.pop()
    width = max(map(len, made.rows), default=0)
    made.rows = [row + [None] * (width - len(row)) for row in made.rows]
    return made


def _value(cell, sheet: Sheet):
    """A cell's value: whole numbers as such, an error of Excel and a blank text as missing."""
    value = cell.value
    if isinstance(value, str):
        is_error = cell.data_type == "e"
        sheet.errors += is_error
        return None if is_error or not value.strip() else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        sheet.formats.setdefault(cell.column - 1, Counter())[cell.number_format] += 1
        return int(value) if float(value).is_integer() else value
    return value


def is_blank(row: Sequence) -> bool:
    """Whether no cell of a row or a column is filled."""
    return all(value is None for value in row)


# --- Where its table is


def _table_of(sheet: Sheet, asked: TextFormat) -> pd.DataFrame:
    """The table of a sheet, its names joined from the rows of its header; what is odd is noted."""
    texts, kept = _top(sheet)
    found = _header_asked(sheet, asked.header) if asked.header else header_of(texts, asked.columns)
    filled, names = sheet.marks.fill(sheet.rows), _names(texts, found)
    frame = _body(sheet.rows[found.end :], kept).set_axis(distinct_names(list(names)), axis=1)
    frame, totals = total_rows.cut(frame, asked.total)
    above = _above(texts[: found.skipped])
    renamed = odd_files.renamed(names, list(frame)) if found.rows else ""
    said = [sheet_said.of_rows_above(above), sheet_said.of_header(found, asked.header), renamed]
    said += sheet_said.of_cells(sheet, filled, dict(zip(kept, frame, strict=True)), found.end)
    aside = above + total_rows.aside(totals, len(sheet.rows))
    return odd_files.note(set_aside.note(frame, aside), *said, *total_rows.said(totals))


def _above(rows: list[list[str]]) -> list[tuple[int, str, str]]:
    """The rows above the header as `set_aside` notes them: number, reason, text."""
    return [(n, ABOVE, " ".join(filter(None, row))) for n, row in enumerate(rows, 1) if any(row)]


def _top(sheet: Sheet) -> tuple[list[list[str]], list[int]]:
    """The first rows as texts, merged cells filled; and which columns hold anything."""
    kept = [place for place, column in enumerate(zip(*sheet.rows, strict=True))
            if any(value is not None for value in column)]  # fmt: skip
    rows = [list(row) for row in sheet.rows[:MOST_ROWS]]
    sheet.marks.fill(rows, across=True)
    return [[_text(row[place]) for place in kept] for row in rows], kept


def _text(value) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return "" if value is None else str(value).strip()


def _names(texts: list[list[str]], found: Header) -> list[str]:
    """The columns' names, joined from the rows of the header; blank without one."""
    if not found.rows:
        return [""] * len(texts[0])
    return header_rows.joined_names(texts[found.skipped : found.end])


def _body(rows: list[Row], kept: list[int]) -> pd.DataFrame:
    """The rows below the header, blank ones left out, their columns numbered."""
    cells = [[row[place] for place in kept] for row in rows if not is_blank(row)]
    frame = pd.DataFrame(cells, columns=range(len(kept)), dtype=object)
    return frame.where(frame.notna(), np.nan)


def _header_asked(sheet: Sheet, header: str) -> Header:
    if header == "none":
        return Header(0, 0)
    if int(header) > len(sheet.rows):
        raise InputError(f"has {len(sheet.rows):,} rows, so row {header} is not its header.")
    return Header(int(header) - 1, 1)


def header_of(rows: list[list[str]], known: Collection[str] = ()) -> Header:
    """Which of the first rows are the header (`known`: names in it), and how many are above it.

    >>> header_of([["Sales", "", ""], ["", "", ""], ["id", "n", "x"], ["a", "1", "2"]])
    Header(skipped=2, rows=1)
    """
    top = _rows_above(rows)
    while not any(rows[top]):
        top += 1
    found = header_rows.find_header([row for row in rows[top:] if any(row)], known)
    return Header(top + found.skipped, found.rows)


def _rows_above(rows: list[list[str]]) -> int:
    """How many rows at the top are a title or a preamble, up to the first row that is none."""
    usual = max(sum(map(bool, row)) for row in rows)
    if usual <= FEW_COLUMNS:
        return 0
    top = 0
    for place, row in enumerate(rows[:-1], 1):
        if any(row) and not _is_above(row, usual):
            break
        top = place
    return top


def _is_above(row: list[str], usual: int) -> bool:
    """Whether a row is a title, or a preamble in the first columns of a wider table."""
    filled = list(filter(None, row))
    is_title = bool(row[0]) and len(set(filled)) == 1
    return is_title or (2 * len(filled) <= usual and not any(row[FEW_COLUMNS:]) and bool(row[0]))
