"""A delimited text as a table of texts: the quick road for plain text, the careful one for others.

The beginning of a text tells its layout. Its blocks go to Arrow's parser as they are. In those
that are not plain (a line with a field more or fewer, a stray quote, a blank line, the header once
more) the lines are sorted: all that surely are rows together, the others one by one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby, takewhile

import numpy as np
import pandas as pd
import pyarrow as pa

from . import lines_said, odd_files, set_aside, total_rows
from .byte_lines import ByteLines, lines_between, surely_rows
from .cut_lines import Piece, Run, cut_lines
from .drawn_tables import redrawn, undrawn
from .piece_list import PieceList
from .sort_lines import ABOVE, Sorted, sort_pieces
from .text_blocks import BLOCK, Block, Reader, cut_blocks
from .text_format import TextFormat
from .text_layout import Layout, find_layout
from .tidy_table import distinct_names

SAMPLE = 2**18  # letters of the beginning


@contextmanager
def memory_of_the_system() -> Iterator[None]:
    """Arrow takes its memory from the system within the block.

    Its own pool (mimalloc) asks the kernel for pages again for each block of a text: that takes as
    long as all of the reading.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


@memory_of_the_system()
def read_text(content: bytes, asked: TextFormat, typed: bool = False) -> pd.DataFrame:
    """The rows of a text in UTF-8; all cells texts, unless `typed` (see `sure_numbers`).

    What was found odd is noted in its `attrs`, and so are the lines set aside. Raises InputError
    where no delimiter fits, or too many lines are broken.
    """
    sample, mark = undrawn(beginning(content))
    asked = replace(asked, delimiter=asked.delimiter or mark)
    layout = find_layout(sample, asked)
    if mark:
        content = redrawn(content.decode(), mark).encode()
    start = len(sample[: place_of_line(sample, layout.start)].encode())
    reader = Reader(layout, typed)
    blocks, found = _read_body(reader, content, start, asked.bad_lines)
    table, head = reader.table(blocks), _head_of(blocks)
    del blocks  # half of the memory
    frame = named(table, layout, head, lines_said.of_lines(found, layout))
    lines = [(piece.line, why, piece.text) for piece, why in found.aside]
    frame, totals = total_rows.cut(frame, asked.total, typed)
    if totals:
        lines += total_rows.aside(totals, _line_of(content, totals[0].label))
    return set_aside.note(odd_files.note(frame, *total_rows.said(totals)), lines)


def _line_of(content: bytes, word: str) -> int:
    """The line in which a word stands last."""
    above = content[: max(content.rfind(word.encode()), 0)]
    return 1 + (above.count(b"\n") or above.count(b"\r"))


def beginning(content: bytes) -> str:
    """The first lines of a text, whole ones."""
    if len(content) <= SAMPLE:
        return content.decode()
    end = max(content.rfind(b"\n", 0, SAMPLE), content.rfind(b"\r", 0, SAMPLE))
    return (content[: end + 1] if end > 0 else content).decode()


def place_of_line(text: str, number: int) -> int:
    """Where a line begins in a text."""
    place = 0
    for line, row in enumerate(io.StringIO(text, newline=""), 1):
        if line == number:
            return place
        place += len(row)
    return len(text)


def _read_body(
    reader: Reader, content: bytes, start: int, most: float
) -> tuple[list[Block], Sorted]:
    """The rows from a byte on, in blocks, and what became of the lines that are none."""
    layout, blocks = reader.layout, blocks_below(content, start, reader.layout)
    if may_be_plain(layout):
        blocks = reader.read(blocks)
    if all(block.is_plain for block in blocks):
        return blocks, Sorted(aside=[(piece, ABOVE) for piece in layout.above])
    found = sort_pieces(_pieces_of(blocks, layout), layout, most)
    return reader.read(list(_blocks_of(found.rows)), surely=True), found


def blocks_below(content: bytes, start: int, layout: Layout) -> list[Block]:
    """The blocks from a byte on, blank lines at the end left out; none are read yet."""
    end = len(content)
    while end > start and content[end - 1] in b"\r\n":
        end -= 1
    return cut_blocks(content, start, end, layout.dialect.delimiter)


def may_be_plain(layout: Layout) -> bool:
    """Whether any CSV reader takes the rows as they are."""
    return layout.dialect.is_standard and not layout.has_rules


def _pieces_of(blocks: list[Block], layout: Layout) -> PieceList:
    """The lines of blocks as pieces; those that are read stay together."""
    parts, number, end = [], layout.start, blocks[-1].end
    for block in _odd_ones_joined(blocks):
        lines = lines_between(block.content, block.start, block.end, number)
        number += len(lines)
        is_known = block.is_read and block.rows + len(block.odd) == len(lines)
        parts += _cut_at(block, lines, layout) if is_known else _cut(lines, layout)
        if not is_known and block.end < end and _ends_behind(parts[-1], lines):
            return _pieces_of([Block(block.content, blocks[0].start, end)], layout)
    return PieceList(parts)


def _cut_at(block: Block, lines: ByteLines, layout: Layout) -> Iterator[Piece | Run]:
    """The pieces of a block that is read, a line each record: runs, and the odd lines between."""
    if block.is_plain:
        yield Run(lines, 0, len(lines), layout.width, block)
        return
    are_rows = np.ones(len(lines), bool)
    are_rows[list(block.odd)] = False
    for part in cut_lines(lines, are_rows, layout.dialect, layout.width):
        yield replace(part, block=block) if isinstance(part, Run) else part


def _odd_ones_joined(blocks: list[Block]) -> Iterator[Block]:
    """Blocks, neighbours that are not read as one: a row may begin in one and end in the next."""
    for is_read, group in groupby(blocks, key=lambda block: block.is_read):
        first, *others = group
        if is_read:
            yield from (first, *others)
        else:
            yield replace(first, end=others[-1].end if others else first.end)


def _cut(lines: ByteLines, layout: Layout) -> Iterator[Piece | Run]:
    """The pieces of lines."""
    are_rows = np.zeros(len(lines), bool)
    if may_be_plain(layout):
        header = [name.strip() for name in layout.names or []]
        are_rows = surely_rows(lines, layout.dialect, layout.width, header)
    return cut_lines(lines, are_rows, layout.dialect, layout.width)


def _ends_behind(part: Piece | Run, lines: ByteLines) -> bool:
    """Whether a row that begins in these lines ends behind them."""
    if isinstance(part, Run):
        return False
    start = lines.starts[part.line - lines.first]
    return bool(start + len(part.text.encode()) > lines.ends[-1])


def _blocks_of(rows: list[bytes | Run]) -> Iterator[Block]:
    """Rows in blocks: those that are read already, and the others put together."""
    kept, size = [], 0
    for part in _read_or_not(rows):
        is_read = isinstance(part, Block)
        if kept and (is_read or size > BLOCK):
            yield _joined(kept)
            kept, size = [], 0
        if is_read:
            yield part
        else:
            kept.append(part)
            size += len(part)
    if kept:
        yield _joined(kept)


def _read_or_not(rows: list[bytes | Run]) -> Iterator[Block | bytes | memoryview]:
    """The blocks that are read already, and of which all rows are kept; the bytes of other rows."""
    for block, group in groupby(rows, key=_block_of):
        group = list(group)
        if block and sum(map(len, group)) == block.rows:
            yield block
        else:
            yield from (row.body if isinstance(row, Run) else row for row in group)


def _block_of(row: bytes | Run) -> Block | None:
    """The block in which a row, or a run of them, is read already."""
    return row.block if isinstance(row, Run) else None


def _joined(rows: list) -> Block:
    """Rows of standard CSV as a block of their own."""
    content = b"\n".join([*rows, b""])
    return Block(content, 0, len(content))


def _head_of(blocks: list[Block]) -> pa.Table | None:
    """The first rows as texts."""
    heads = [one.head for one in takewhile(lambda block: block.head is not None, blocks)]
    return pa.concat_tables(heads).slice(0, odd_files.MOST_LOOKED_AT) if heads else None


def named(
    table: pa.Table, layout: Layout, head: pa.Table | None = None, said: Iterable[str] = ()
) -> pd.DataFrame:
    """The rows with their columns' names, as a frame; what is `said` of it is noted, and more.

    `head` are the first rows as texts.
    """
    written = [name.strip() for name in layout.names or [""] * layout.width]
    if layout.ends_blank and table.column(layout.width - 1).null_count == len(table):
        table, written = table.remove_column(layout.width - 1), written[:-1]
    names = distinct_names(list(written))
    frame = table.rename_columns(names).to_pandas()
    odd_files.note(frame, *said)
    if layout.names is not None and not layout.is_told and head is not None:
        first = head.select(range(len(names))).rename_columns(names).to_pandas()
        odd_files.note(frame, odd_files.header_is_data(first))
    return odd_files.note(frame, *lines_said.of_layout(layout, written, names))
