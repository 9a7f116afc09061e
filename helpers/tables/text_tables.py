"""A delimited text as a table of texts: the quick road for plain text, the careful one for others.

The beginning of a text tells its layout. A plain text goes to Arrow's parser as it is. As soon as
anything in it is not plain (a line with a field more or fewer, a stray quote, a blank line, the
header once more), its lines are sorted one by one, and the rows among them go to the same parser.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from . import lines_said, odd_files, set_aside, sure_numbers
from .cut_lines import cut_lines
from .dialects import lines_of
from .drawn_tables import redrawn, undrawn
from .plain_check import count_line_ends, has_proper_quotes
from .sort_lines import Sorted, sort_pieces
from .text_format import TextFormat
from .text_layout import Layout, find_layout
from .tidy_table import distinct_names

SAMPLE = 2**18  # letters of the beginning
BLOCK = 2**22  # bytes that a thread of the parser takes at a time


def read_text(content: bytes, asked: TextFormat, typed: bool = False) -> pd.DataFrame:
    """The rows of a text in UTF-8; all cells texts, unless `typed` (see `sure_numbers`).

    What was found odd is noted in its `attrs`, and so are the lines set aside. Raises InputError
    where no delimiter fits, or too many lines are broken.
    """
    sample, mark = undrawn(beginning(content))
    asked = replace(asked, delimiter=asked.delimiter or mark)
    layout = find_layout(sample, asked)
    table, found = None, Sorted()
    if layout.is_plain and not mark:
        start = len(sample[: place_of_line(sample, layout.start)].encode())
        table = _read_plain(content, start, layout)
    if table is None:
        text = content.decode()
        table, found = _read_with_care(redrawn(text, mark) if mark else text, layout, asked)
    frame = named(table, layout, typed, lines_said.of_lines(found, layout))
    return set_aside.note(frame, [(piece.line, why, piece.text) for piece, why in found.aside])


def beginning(content: bytes) -> str:
    """The first lines of a text, whole ones."""
    if len(content) <= SAMPLE:
        return content.decode()
    end = max(content.rfind(b"\n", 0, SAMPLE), content.rfind(b"\r", 0, SAMPLE))
    return (content[: end + 1] if end > 0 else content).decode()


def _read_plain(content: bytes, start: int, layout: Layout) -> pa.Table | None:
    """The rows of a plain text; None where anything is not plain, such as a line set aside.

    `start` is the byte where the first row begins.
    """
    end = len(content)
    while end > start and content[end - 1] in b"\r\n":
        end -= 1
    body = memoryview(content)[start:end]
    has_quotes = b'"' in content
    if has_quotes and not has_proper_quotes(body, layout.dialect.delimiter):
        return None
    try:
        table = parse(body, layout, over_lines=layout.width == 1)
        if has_quotes and len(table) != 1 + count_line_ends(body):  # some end inside quotes
            table = parse(body, layout)
    except pa.ArrowInvalid:
        return None
    return None if has_other_lines(table, layout) else table


def place_of_line(text: str, number: int) -> int:
    """Where a line begins in a text."""
    place = 0
    for line, row in enumerate(io.StringIO(text, newline=""), 1):
        if line == number:
            return place
        place += len(row)
    return len(text)


def parse(body, layout: Layout, over_lines: bool = True) -> pa.Table:
    """Rows of standard CSV as texts, the columns numbered; raises pyarrow.ArrowInvalid."""
    if not len(body):
        return pa.table({name: pa.array([], pa.string()) for name in numbered(layout)})
    try:
        return _parse_by(arrow_options(layout, BLOCK, over_lines), body)
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):  # a row is longer than a block
            raise
        return _parse_by(arrow_options(layout, len(body) + 1, over_lines), body)


def _parse_by(options: tuple, body) -> pa.Table:
    return arrow_csv.read_csv(pa.BufferReader(body), *options)


def numbered(layout: Layout) -> list[str]:
    """Columns' numbers, as names until the header gives others."""
    return [str(place) for place in range(layout.width)]


def arrow_options(layout: Layout, block_size: int, over_lines: bool, check_utf8=False) -> tuple:
    """What Arrow's parser of CSV is told: to read all cells as texts, empty ones as missing."""
    names = numbered(layout)
    return (
        arrow_csv.ReadOptions(column_names=names, block_size=block_size),
        arrow_csv.ParseOptions(delimiter=layout.dialect.delimiter, newlines_in_values=over_lines,
                               ignore_empty_lines=False),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), null_values=[""],
                                 strings_can_be_null=True, check_utf8=check_utf8),
    )  # fmt: skip


def has_other_lines(table: pa.Table, layout: Layout) -> bool:
    """Whether a row is the header once more, or a blank line (which Arrow reads as a row)."""
    blank = layout.width > 1 and _has_row(table, [""] * layout.width)
    return blank or bool(layout.names) and _has_row(table, layout.names)


def _has_row(table: pa.Table, cells: list[str]) -> bool:
    """Whether a row has these texts in its cells; "" is a missing one."""
    found = True
    for column, text in zip(table.columns, cells, strict=True):
        found = pc.and_kleene(found, pc.equal(column, text) if text else column.is_null())
        if not pc.any(found).as_py():
            return False
    return True


def _read_with_care(text: str, layout: Layout, asked: TextFormat) -> tuple[pa.Table, Sorted]:
    """The rows of a text, sorted line by line, and what became of the lines."""
    body = [line for line in lines_of(text.rstrip("\r\n")) if line.number >= layout.start]
    pieces = list(cut_lines(text, body, layout.dialect, layout.width))
    found = sort_pieces(pieces, layout, asked.bad_lines)
    return parse("\n".join(found.rows).encode(), layout), found


def named(
    table: pa.Table, layout: Layout, typed: bool = False, said: Iterable[str] = ()
) -> pd.DataFrame:
    """The rows with their columns' names, as a frame; what is `said` of it is noted, and more."""
    written = [name.strip() for name in layout.names or [""] * layout.width]
    if layout.ends_blank and table.column(layout.width - 1).null_count == len(table):
        table, written = table.remove_column(layout.width - 1), written[:-1]
    names = distinct_names(list(written))
    table = table.rename_columns(names)
    first = table.slice(0, odd_files.MOST_LOOKED_AT).to_pandas()
    frame = (sure_numbers.typed(table) if typed else table).to_pandas()
    odd_files.note(frame, *said)
    if layout.names is not None and not layout.is_told and len(frame):
        odd_files.note(frame, odd_files.header_is_data(first))
    return odd_files.note(frame, *lines_said.of_layout(layout, written, names))
