"""A large plain CSV file so many rows at a time, so that it never has to fit into memory.

Whether it is plain is seen first, in one quick look at the whole file: a reader of pieces can't
take back what it has handed on.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from ..base.user_errors import InputError
from .plain_check import has_proper_quotes
from .text_format import AS_FOUND
from .text_layout import Layout, find_layout
from .text_tables import BLOCK, SAMPLE, arrow_options, has_other_lines, named, place_of_line

MARK = b"\xef\xbb\xbf"  # of UTF-8


@dataclass(frozen=True)
class PlainFile:
    """A plain CSV file: its path, its layout, and the byte where its first row begins."""

    path: Path
    layout: Layout
    start: int

    def batches(self, check_utf8: bool = False) -> Iterator[pa.Table]:
        """The rows as tables of some thousands each; raises pyarrow.ArrowInvalid."""
        with self.path.open("rb") as file:  # the map is closed when Arrow lets go of it
            m = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        options = arrow_options(self.layout, BLOCK, m.find(b'"') >= 0, check_utf8)
        body = pa.py_buffer(m).slice(self.start)
        for batch in arrow_csv.open_csv(pa.BufferReader(body), *options):
            yield pa.Table.from_batches([batch])

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """The rows, so many at a time, with their columns' names."""
        kept: list[pa.Table] = []
        for batch in self.batches():
            kept.append(batch)
            while sum(map(len, kept)) >= rows:
                whole = pa.concat_tables(kept)
                yield named(whole.slice(0, rows), self.layout)
                kept = [whole.slice(rows)]
        if sum(map(len, kept)):
            yield named(pa.concat_tables(kept), self.layout)


def plain_file(path: Path) -> PlainFile | None:
    """A CSV file that is plain from end to end; None of another one."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    head = head[: head.rfind(b"\n") + 1]
    try:
        layout = find_layout(head.decode(), AS_FOUND) if head and head[:3] != MARK else None
    except (UnicodeDecodeError, InputError):
        return None  # the usual reader says what is wrong with it
    if not layout or not layout.is_plain or layout.width == 1 or head.startswith(b"sep="):
        return None
    text = head.decode()
    found = PlainFile(path, layout, len(text[: place_of_line(text, layout.start)].encode()))
    return found if _is_plain(found) else None


def _is_plain(found: PlainFile) -> bool:
    """Whether each line behind the header is a row, in UTF-8, and none the header once more."""
    with found.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
        proper = m.find(b'"') < 0 or has_proper_quotes(m, found.layout.dialect.delimiter)
        if not proper or m.find(b"\0") >= 0:
            return False
    try:
        return not any(has_other_lines(batch, found.layout) for batch in found.batches(True))
    except pa.ArrowInvalid:
        return False
