"""What the XML of an Excel sheet says beside its cells: which are merged, which are hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_COLUMN = re.compile(rb"<col\s[^>]*>")
_ROW = re.compile(rb"<row\s[^>]*>")
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')
Area = tuple[int, int, int, int]  # first row and column, last row and column, from 0


@dataclass(frozen=True)
class Marks:
    """The areas of merged cells by name, hidden columns (from 0) and hidden rows (from 1)."""

    merged: dict[str, Area]
    hidden_columns: tuple[int, ...]
    hidden_rows: tuple[int, ...]

    def fill(self, rows: list[list], across: bool = False) -> int:
        """Give all rows of a merged cell its value, in place; how many cells that filled.

        `across` gives it to all columns, too, as in a header; not to those of a title over the
        whole width.

        >>> rows = [["Oslo", 1], [None, 2]]
        >>> Marks({"A1:A2": (0, 0, 1, 0)}, (), ()).fill(rows), rows
        (1, [['Oslo', 1], ['Oslo', 2]])
        """
        filled = 0
        for top, left, bottom, right in self.merged.values():
            is_title = left == 0 and rows and right >= len(rows[0]) - 1
            last = right if across and not is_title else left
            filled += sum(_fill(row, left, last, rows[top][left]) for row in rows[top : bottom + 1])
        return filled


def _fill(row: list, first: int, last: int, value) -> int:
    """Fill the empty cells of a row from one column to another; how many that were."""
    empty = [place for place in range(first, min(last + 1, len(row))) if row[place] is None]
    for place in empty if value is not None else ():
        row[place] = value
    return len(empty) if value is not None else 0


def marks_of(page: bytes) -> Marks:
    """The marks in the XML of a sheet.

    >>> marks_of(b'<cols><col min="2" max="3" hidden="1"/></cols>'
    ...          b'<row r="4" hidden="1"><mergeCell ref="A1:B1"/>')
    Marks(merged={'A1:B1': (0, 0, 0, 1)}, hidden_columns=(1, 2), hidden_rows=(4,))
    """
    merged = {f"{a.decode()}{b.decode()}:{c.decode()}{d.decode()}":
              (int(b) - 1, _place(a), int(d) - 1, _place(c))
              for a, b, c, d in _MERGED.findall(page)}  # fmt: skip
    spans = [(_number(one, b"min"), _number(one, b"max")) for one in _COLUMN.findall(page)
             if _HIDDEN.search(one)]  # fmt: skip
    columns = tuple(place - 1 for first, last in spans for place in range(first, last + 1))
    rows = tuple(_number(one, b"r") for one in _ROW.findall(page) if _HIDDEN.search(one))
    return Marks(dict(sorted(merged.items(), key=lambda one: one[1])), columns, rows)


def _place(letters: bytes) -> int:
    """The place of a column, from 0, by its letters.

    >>> _place(b"A"), _place(b"AB")
    (0, 27)
    """
    place = 0
    for letter in letters:
        place = 26 * place + letter - 64
    return place - 1


def _number(tag: bytes, name: bytes) -> int:
    found = re.search(rb"\s" + name + rb'="(\d+)"', tag)
    return int(found[1]) if found else 0
