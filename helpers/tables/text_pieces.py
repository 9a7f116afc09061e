"""A large plain CSV file so many rows at a time, so that it never has to fit into memory.

Whether it is plain is seen first, in one quick look at the whole file: a reader of pieces can't
take back what it has handed on.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..base.user_errors import InputError
from . import total_rows
from .odd_files import MOST_LOOKED_AT
from .text_blocks import Block, texts_but_odd_lines, texts_of
from .text_format import TextFormat
from .text_layout import Layout, find_layout
from .text_tables import SAMPLE, blocks_below, named, place_of_line

MARK = b"\xef\xbb\xbf"  # of UTF-8
END = 2**14  # bytes at the end in which the last line stands


@dataclass(frozen=True)
class PlainFile:
    """A plain CSV file: its path, its layout, and the byte where its first row begins."""

    path: Path
    layout: Layout
    start: int

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """The rows, so many at a time, with their columns' names."""
        kept: list[pa.Table] = []
        for block in self.blocks():
            kept.append(texts_of(block.body, self.layout))
            while sum(map(len, kept)) >= rows:
                whole = pa.concat_tables(kept)
                yield self._named(whole.slice(0, rows))
                kept = [whole.slice(rows)]
        if sum(map(len, kept)):
            yield self._named(pa.concat_tables(kept))

    def blocks(self) -> list[Block]:
        """The file below its header in blocks."""
        with self.path.open("rb") as file:  # the map is closed when the last block is forgotten
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return blocks_below(content, self.start, self.layout)

    def _named(self, piece: pa.Table) -> pd.DataFrame:
        return named(piece, self.layout, piece.slice(0, MOST_LOOKED_AT))

    def is_plain(self) -> bool:
        """Whether each line behind the header is a row, in UTF-8, none of them the header."""
        blocks = self.blocks()
        if blocks and blocks[0].content.find(b"\0") >= 0:
            return False
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return all(pool.map(self._is_plain, blocks))

    def _is_plain(self, block: Block) -> bool:
        found = texts_but_odd_lines(block.body, self.layout, check_utf8=True)
        return found is not None and not found[1]


def plain_file(path: Path, columns: Collection[str] = ()) -> PlainFile | None:
    """A CSV file that is plain from end to end; None of another one.

    `columns` are names that its header is known to have.
    """
    asked = TextFormat(columns=tuple(columns))
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    head = head[: head.rfind(b"\n") + 1]
    try:
        layout = find_layout(head.decode(), asked) if head and head[:3] != MARK else None
    except (UnicodeDecodeError, InputError):
        return None  # the usual reader says what is wrong with it
    if not layout or not layout.is_plain or layout.width == 1 or head.startswith(b"sep="):
        return None
    if any(map(total_rows.is_label, _last_cells(path, layout))):
        return None  # whether it is a row of totals, all rows tell
    text = head.decode()
    found = PlainFile(path, layout, len(text[: place_of_line(text, layout.start)].encode()))
    return found if found.is_plain() else None


def _last_cells(path: Path, layout: Layout) -> list[str]:
    """The cells of the last line of a file, as far as they tell whether it is a row of totals."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END))
        lines = file.read().rstrip(b"\r\n").splitlines()
    cells = lines[-1].decode(errors="replace").split(layout.dialect.delimiter) if lines else []
    return [cell.strip(' "') for cell in cells]
