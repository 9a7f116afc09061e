"""The rows of a text as an Arrow table, read a block of some megabytes at a time, a thread a core.

A block is read in one go: the rules of its quotes are checked, Arrow cuts its cells, and those of
columns that surely hold numbers become numbers before the next block needs the memory. Lines with
a field more or fewer are passed over, and their numbers kept, for `text_tables` to sort them. A
block in which anything else is not plain (a stray quote, a blank line, the header once more) is
left unread.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from . import sure_numbers
from .odd_files import MOST_LOOKED_AT
from .plain_check import has_proper_quotes
from .sure_numbers import Numbers
from .text_layout import Layout

BLOCK = 2**22  # bytes
FIRST = 8  # blocks of which the first rows are kept as texts
BLANK, ASCII = ord(" "), 127
MOST_ODD = 1_000  # lines of another number of fields in a block that is read all the same
NEAR, MOST_TRIES = 2**16, 100  # bytes behind a line's end that tell whether it is within quotes


@dataclass(frozen=True)
class Block:
    """The bytes of a text from `start` to `end`; where it is read, its columns and first rows.

    `odd` are the records, by number from 0, that were passed over: they have other fields.
    """

    content: bytes
    start: int
    end: int
    columns: tuple[pa.ChunkedArray | Numbers, ...] = ()
    rows: int = 0
    head: pa.Table | None = None
    odd: tuple[int, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether its rows are read."""
        return bool(self.columns)

    @property
    def is_plain(self) -> bool:
        """Whether all of its lines are read."""
        return self.is_read and not self.odd

    @property
    def body(self) -> memoryview:
        """The bytes themselves."""
        return memoryview(self.content)[self.start : self.end]


# --- Where blocks end ---------------------------------------------------------------------------


def cut_blocks(content: bytes, start: int, end: int, mark: str) -> list[Block]:
    """A text from one byte to another in blocks that end with a line, and most likely with a row.

    >>> [(b.start, b.end) for b in cut_blocks(b"a,b", 0, 3, ",")]
    [(0, 3)]
    """
    line_end = b"\n" if content.find(b"\n", start, start + BLOCK) >= 0 else b"\r"
    edges = [start]
    while edges[-1] < end:
        edges.append(_edge(content, edges[-1] + BLOCK, end, line_end, mark.encode()))
    return [Block(content, *edge) for edge in pairwise(edges)]


def _edge(content: bytes, place: int, end: int, line_end: bytes, mark: bytes) -> int:
    """The first place behind a row that lies behind this place, as far as can be told by a look."""
    for _ in range(MOST_TRIES):
        if place >= end or (found := content.find(line_end, place, end)) < 0:
            return end
        place = found + 1 + (content[found : found + 2] == b"\r\n")
        quote = content.find(b'"', place, min(place + NEAR, end))
        if quote < 0 or _opens(content, quote, place, mark):
            return place
        place = quote + 1
    found = content.find(line_end, place, end)
    return end if found < 0 else found + 1


def _opens(content: bytes, quote: int, start: int, mark: bytes) -> bool:
    """Whether a quote looks as if it opened a field, in a line from `start` on."""
    edges = (mark, b"\n", b"\r")
    before, after = content[quote - 1 : quote], content[quote + 1 : quote + 2]
    if quote > start and before not in edges:
        return False
    if after == b'"':
        return content[quote + 2 : quote + 3] in edges
    return after not in edges


# --- Reading ------------------------------------------------------------------------------------


class Reader:
    """Reads blocks of rows by a layout; all cells as texts, unless numbers are to be `typed`."""

    def __init__(self, layout: Layout, typed: bool = False):
        self.layout = layout
        self._words = set() if typed else set(range(layout.width))  # columns with another cell
        self._numbers: set[int] = set()  # columns of which a part held numbers

    def read(self, blocks: list[Block], surely: bool = False) -> list[Block]:
        """The blocks, those that are plain but for odd lines with their columns.

        Where all of them `surely` are rows, none is looked at; raises pyarrow.ArrowInvalid.
        """
        read = partial(self._read, _all_texts_of if surely else texts_but_odd_lines)
        return _in_threads(read, blocks, range(len(blocks)))

    def _read(self, way, block: Block, number: int) -> Block:
        """A block with its columns, read by one of the two ways."""
        if block.is_read or (found := way(block.body, self.layout)) is None:
            return block
        texts, odd = found
        columns = tuple(map(self._numbers_or_texts, range(self.layout.width), texts.columns))
        head = texts.slice(0, MOST_LOOKED_AT) if number < FIRST else None
        return replace(block, columns=columns, rows=len(texts), head=head, odd=odd)

    def _numbers_or_texts(self, place: int, texts: pa.ChunkedArray) -> pa.ChunkedArray | Numbers:
        """A part of the column at a place; once it has held another text, it stays text."""
        if place not in self._words:
            numbers = sure_numbers.numbers_of(texts, are_likely=place in self._numbers)
            if numbers is not None:
                self._numbers.add(place)
                return numbers
            self._words.add(place)
        return texts

    def table(self, blocks: list[Block]) -> pa.Table:
        """The rows of all blocks."""
        if not blocks:
            return pa.table({name: pa.array([], pa.string()) for name in numbered(self.layout)})
        columns = [self._joined([one.columns[place] for one in blocks], place, blocks)
                   for place in range(self.layout.width)]  # fmt: skip
        lacking = [place for place, column in enumerate(columns) if column is None]
        for place, column in zip(lacking, self._texts(blocks, lacking), strict=True):
            columns[place] = column
        return pa.table(columns, numbered(self.layout))

    def _joined(self, parts: list, place: int, blocks: list[Block]) -> pa.ChunkedArray | None:
        """A column of parts; None where numbers are to be read once more, as texts."""
        if all(isinstance(part, Numbers) for part in parts):
            name = (self.layout.names or [""] * self.layout.width)[place].strip()
            return sure_numbers.joined(parts, name, lambda: self._texts(blocks, [place])[0])
        if any(isinstance(part, Numbers) for part in parts):
            return None
        return _in_one(parts)

    def _texts(self, blocks: list[Block], places: list[int]) -> list[pa.ChunkedArray]:
        """Columns of all blocks as texts; those that are numbers are read once more."""
        read = partial(_texts_again, self.layout, places)
        tables = _in_threads(read, blocks) if places else []
        return [_in_one([table[n] for table in tables]) for n in range(len(places))]


def _in_threads(work, *items) -> list:
    """What a function makes of items, a thread a core."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, *items))


def _in_one(parts: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The parts of a column, one behind the other."""
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)


def _texts_again(layout: Layout, places: list[int], block: Block) -> list[pa.ChunkedArray]:
    """Columns of a block as texts."""
    again = [place for place in places if isinstance(block.columns[place], Numbers)]
    read = texts_of(block.body, layout, again, odd=[] if block.odd else None) if again else None
    return [read.column(str(p)) if p in again else block.columns[p] for p in places]


def texts_but_odd_lines(
    body: memoryview, layout: Layout, check_utf8: bool = False
) -> tuple[pa.Table, tuple[int, ...]] | None:
    """The rows of a text as texts, and the numbers of records with a field more or fewer.

    None where anything else in it is not plain.
    """
    if not has_proper_quotes(body, layout.dialect.delimiter):
        return None
    odd: list[int] = []
    try:
        table = texts_of(body, layout, check_utf8=check_utf8, odd=odd)
    except pa.ArrowInvalid:
        return None
    return None if _has_other_lines(table, layout) else (table, tuple(odd))


def _all_texts_of(body: memoryview, layout: Layout) -> tuple[pa.Table, tuple[int, ...]]:
    """The same where all records surely are rows."""
    return texts_of(body, layout), ()


def texts_of(
    body: memoryview,
    layout: Layout,
    places: list[int] | None = None,
    check_utf8: bool = False,
    odd: list[int] | None = None,
) -> pa.Table:
    """Rows of standard CSV as texts, in columns by number; raises pyarrow.ArrowInvalid.

    With `places` only those columns. Empty cells are missing. Records with a field more or fewer
    are passed over where a list is given for their numbers: `odd`.
    """

    def pass_over(record: arrow_csv.InvalidRow) -> str:
        odd.append(record.number - 1)
        return "skip" if len(odd) <= MOST_ODD else "error"

    names = numbered(layout)
    wanted = names if places is None else [names[place] for place in places]
    return arrow_csv.read_csv(
        pa.BufferReader(body),
        arrow_csv.ReadOptions(column_names=names, block_size=len(body) + 1, use_threads=False),
        arrow_csv.ParseOptions(delimiter=layout.dialect.delimiter, newlines_in_values=True,
                               ignore_empty_lines=False,
                               invalid_row_handler=None if odd is None else pass_over),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.string()), null_values=[""],
                                 strings_can_be_null=True, include_columns=wanted,
                                 check_utf8=check_utf8),
    )  # fmt: skip


def numbered(layout: Layout) -> list[str]:
    """Columns' numbers, as names until the header gives others."""
    return [str(place) for place in range(layout.width)]


def _has_other_lines(table: pa.Table, layout: Layout) -> bool:
    """Whether a row is the header once more, or a blank line (which Arrow reads as a row)."""
    if layout.width > 1 and _has_gap_row(table):
        return True
    if not layout.names:
        return False
    names = [name.strip() for name in layout.names]
    may_be = [_may_be(names[0], chunk) for chunk in table.column(0).chunks]
    rows = np.flatnonzero(np.concatenate([np.zeros(0, bool), *may_be]))
    trimmed = map(pc.utf8_trim_whitespace, table.take(rows).columns) if len(rows) else []
    return bool(len(rows)) and _has_row(list(trimmed), names)


def _has_gap_row(table: pa.Table) -> bool:
    """Whether a row has nothing in it."""
    found = True
    for column in table.columns:
        if not column.null_count:
            return False
        found = pc.and_(found, column.is_null())
    return pc.any(found).as_py()


def _may_be(name: str, texts: pa.Array) -> np.ndarray:
    """Which texts may be a name with blanks around it, told by their first letters."""
    letters, places = sure_numbers.letters_of(texts)
    if not name or not len(letters):
        return np.ones(len(texts), bool)
    first = letters.take(places[:-1], mode="clip")
    return (first == name.encode()[0]) | (first <= BLANK) | (first > ASCII)


def _has_row(columns, cells: list[str]) -> bool:
    """Whether a row has these texts in its cells; "" is a missing or an empty one."""
    found = True
    for column, text in zip(columns, cells, strict=True):
        is_it = pc.equal(column, text) if text else pc.equal(pc.fill_null(column, ""), "")
        found = pc.and_kleene(found, is_it)
        if not pc.any(found).as_py():
            return False
    return True
