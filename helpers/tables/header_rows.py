"""Which of the first rows are the header: told by columns whose cells below look otherwise.

`qty` above 3, 7, 2 is a name; `5` above 3, 7, 2 is a value. A first row is a header unless it
clearly is not, as files without one are the exception.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from .cell_kinds import kind, kind_of_column

MOST_HEADER_ROWS = 4
MOST_NAMED = 20  # rows among which one may hold names that are known
RULE = " -=_+:|~"  # of a line that rules off a header
FEW = 5  # the first rows are left out where the columns' kinds are told
Row = list[str]


@dataclass(frozen=True)
class Header:
    """How many rows stand above the header, and how many are the header: 0 for none."""

    skipped: int
    rows: int

    @property
    def end(self) -> int:
        """How many rows end with the header."""
        return self.skipped + self.rows


@dataclass(frozen=True)
class Below:
    """What the rows below look like: the kind of each column, and the cells that come again."""

    kinds: list[str]
    cells: list[set[str]]
    grows: bool  # whether numbers grow from column to column in the rows too

    def votes(self, row: Row, is_first: bool = True) -> tuple[int, int]:
        """In how many columns a row's cell is of the column's kind, and in how many not.

        Numbers may be names in the first row alone.
        """
        may_be = is_first and self._may_be_names(row)
        found = ["name" if may_be and kind(cell) == "number" else kind(cell)
                 for cell in row]  # fmt: skip
        pairs = [
            (mine, theirs)
            for mine, theirs in zip(found, self.kinds, strict=True)
            if mine and theirs
        ]
        same = sum(mine == theirs for mine, theirs in pairs)
        return same, len(pairs) - same

    def _may_be_names(self, row: Row) -> bool:
        """Whether a row's numbers may be names: years, or a sequence where the rows have none."""
        numbers = [cell.strip() for cell in row if kind(cell) == "number"]
        if not all(cell.isdecimal() for cell in numbers):
            return len(numbers) > 3 and is_growing(numbers) and not self.grows
        years = all(len(cell) == 4 and cell[:2] in ("19", "20") for cell in numbers)
        return years or (len(numbers) > 2 and is_growing(numbers) and not self.grows)

    def repeats(self, row: Row) -> int:
        """How many cells of a row come more than once in the rows below, in their column."""
        return sum(cell.strip() in cells for cell, cells in zip(row, self.cells, strict=True))


def is_growing(cells: Row) -> bool:
    """Whether numbers grow from cell to cell."""
    try:
        numbers = [float(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        return False
    return all(a < b for a, b in pairwise(numbers))


def below(rows: list[Row]) -> Below:
    """What rows look like, the header and what stands above it left out."""
    body = rows[min(FEW, len(rows) // 2) :]
    columns = list(zip(*body, strict=True))
    grow = sum(is_growing([cell for cell in row if kind(cell) == "number"]) for row in body)
    return Below([kind_of_column(column) for column in columns], list(map(_often, columns)),
                 2 * grow > len(body))  # fmt: skip


def _often(column: tuple[str, ...]) -> set[str]:
    """The texts that come more than once in a column."""
    return {cell for cell in map(str.strip, set(column)) if cell and column.count(cell) > 1}


def find_header(rows: list[Row], known: Collection[str] = ()) -> Header:
    """Which of the first rows are the header; names that are `known` settle what is open.

    >>> find_header([["", "speed"], ["city", "km/h"], ["Oslo", "7"], ["Rome", "9"], ["Bern", "8"]])
    Header(skipped=0, rows=1)
    >>> find_header([["3", "1.5"], ["7", "2.5"], ["2", "0.5"]])
    Header(skipped=0, rows=0)
    >>> find_header([["a: 1", "b: 2"], ["a: 1", "b: 2"], ["a: 1", "b: 2"]], {"a: 1", "b: 2"})
    Header(skipped=0, rows=1)
    """
    found = _told_by_cells(rows)
    named = (n for n, row in enumerate(rows[:MOST_NAMED]) if found.rows < 2 and names(row, known))
    return next((Header(place, 1) for place in named), found)


def names(row: Row, known: Collection[str]) -> bool:
    """Whether most cells of a row are names that are known, each once.

    >>> names(["id", " qty "], {"id", "qty", "day"}), names(["id", "7"], {"qty"})
    (True, False)
    """
    found = {cell.strip() for cell in row} & {*known}
    return bool(found) and 2 * len(found) > len(row)


def _told_by_cells(rows: list[Row]) -> Header:
    """Which of the first rows are the header, told by columns whose cells look otherwise."""
    if len(rows) < 2:
        return Header(0, int(not _is_lonely_data(rows)))
    looks = below(rows)
    first = _rows_above(rows, looks)
    if is_data(rows[first], looks):
        return Header(first, 0)
    places = range(first + 1, min(first + MOST_HEADER_ROWS, len(rows) - 1))
    last = max((place for place in places if is_more_header(rows[place], looks)), default=first)
    return Header(first, last - first + 1)


def _is_lonely_data(rows: list[Row]) -> bool:
    """Whether the only row is data: more than half of its cells look like values."""
    known = [kind(cell) in ("number", "time", "link") for row in rows for cell in row]
    return len(known) > 2 and 2 * sum(known) > len(known)


def _rows_above(rows: list[Row], looks: Below) -> int:
    """How many rows above the header have one filled cell at most, such as a title."""
    place = 0
    while place < len(rows) - 2 and len(rows[0]) > 2 and _filled(rows[place]) < 2:
        place += 1
    row = rows[place]
    is_header = looks.votes(row)[1] or not any(looks.kinds)
    return place if is_header and 4 * _filled(row) >= 3 * len(row) else 0


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def is_data(row: Row, looks: Below) -> bool:
    """Whether a row is surely one of the rows below, and not their header."""
    same, other = looks.votes(row)
    if same == 0:
        again = looks.repeats(row)
        return other == 0 and again > 1 and 2 * again >= len(row)
    if same == 1 and len(row) > 1:
        kinds = [
            mine
            for mine, theirs in zip(map(kind, row), looks.kinds, strict=True)
            if mine == theirs != ""
        ]
        return other == 0 and kinds in (["time"], ["link"])
    return same >= 3 * other


def is_more_header(row: Row, looks: Below) -> bool:
    """Whether a row below the first is surely of the header, too: units, or a second name."""
    same, other = looks.votes(row, is_first=False)
    known = sum(bool(one) for one in looks.kinds)
    return same == 0 and other > 1 and 2 * other >= known and not looks.repeats(row)


def is_other_header(row: Row, later: list[Row], looks: Below) -> bool:
    """Whether a row behind a gap begins another table, or is a footer: no cell is as those above.

    In a table with one column to tell by, the rows `later` must be otherwise, too.
    """
    same, other = looks.votes(row, is_first=False)
    known = sum(bool(one) for one in looks.kinds)
    if same or not other or other < known or not all(cell.strip() for cell in row):
        return False
    return known > 1 or not any(looks.votes(one, is_first=False)[0] for one in later)


def joined_names(rows: list[Row]) -> Row:
    """A name a column, from one header row or more; a group's name holds for the blanks after it.

    >>> joined_names([["", "2023", "", "2024"], ["id", "Q1", "Q2", "Q1"]])
    ['id', '2023 Q1', '2023 Q2', '2024 Q1']
    >>> joined_names([["id", "qty"], ["id", "qty"]])
    ['id', 'qty']
    """
    filled = [*map(_filled_forward, rows[:-1]), *rows[-1:]]
    columns = zip(*[[cell.strip() for cell in row] for row in filled], strict=True)
    return [" ".join(p for p in dict.fromkeys(column) if p.strip(RULE)) for column in columns]


def _filled_forward(row: Row) -> Row:
    """A row of groups' names, each also in the blank cells behind it."""
    found, last = [], ""
    for cell in row:
        last = cell if cell.strip() else last
        found.append(last)
    return found
