"""The rows to score, a piece at a time: of a file, a folder of Parquet, or any other source."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..base.user_errors import InputError
from ..tables import arrow_tables, encodings, parquet_parts, read_any
from ..tables.sources.lookups import Lookup

PIECE = 50_000  # rows
LARGE = 64 * 2**20  # bytes of a CSV file that is read a piece at a time


def read_in_pieces(
    source: str, encoding: str = "", columns: Collection[str] = ()
) -> Iterator[tuple[str, pa.Table]]:
    """The rows of a source, a piece at a time where its form allows that, each with its name.

    Texts are coded. `encoding` is the one of the training file (see `encodings.expected`),
    `columns` are its names. A piece's name is the same for whoever reads the source.
    """
    path = Path(source).expanduser()
    if found := partitions_of(path):
        for number, part in enumerate(found):
            yield from pieces_of_part(part, number)
    else:
        for number, rows in enumerate(_frames_of(source, path, encoding, columns)):
            yield f"{number:06d}", arrow_tables.dictionary_encoded(rows)


def looked_up(
    pieces: Iterator[tuple[str, pa.Table]], lookups: tuple[Lookup, ...]
) -> Iterator[tuple[str, pa.Table]]:
    """The pieces with the columns of the tables that a bundle carries, where they lack them."""
    for name, rows in pieces:
        lacking = [one for one in lookups if not set(one.columns) & set(rows.column_names)]
        if lacking:
            frame = arrow_tables.plain_frame(rows)
            for one in lacking:
                frame = one.fill_frame(frame)
            rows = arrow_tables.dictionary_encoded(frame)
        yield name, rows


def _frames_of(
    source: str, path: Path, encoding: str, columns: Collection[str]
) -> Iterator[pd.DataFrame]:
    """The rows of a source without parts: a large CSV file as it is read, others cut up."""
    known = {"encoding": encodings.expected(encoding), "columns": columns}
    if path.suffix.lower() == ".csv" and path.is_file() and path.stat().st_size > LARGE:
        yield from read_any.read_csv_in_pieces(path, PIECE, **known)
    else:
        table = read_any.read_table(source, typed=False, **known)
        for start in range(0, len(table), PIECE):
            yield table.iloc[start : start + PIECE]


def partitions_of(path: Path) -> list[parquet_parts.Partition]:
    """The parts of a folder of Parquet, or of a large Parquet file; none of any other source."""
    is_file = path.suffix.lower() == ".parquet" and path.is_file() and path.stat().st_size
    if not is_file and not (path.name and path.is_dir()):
        return []
    try:
        found = parquet_parts.partitions_of(path, PIECE)
    except InputError:
        return []  # the usual reader says what is wrong with it
    return found if sum(part.rows for part in found) > PIECE else []


def pieces_of_part(part: parquet_parts.Partition, number: int) -> Iterator[tuple[str, pa.Table]]:
    """The rows of the part with this number, a piece at a time, each with its name."""
    for place, rows in enumerate(parquet_parts.read_partition(part, PIECE)):
        yield f"{number:06d}-{place:04d}", rows


def count_rows(source: str) -> int:
    """How many rows a source has, where that is known before it is read; else 0."""
    path = Path(source).expanduser()
    try:
        is_parquet = path.suffix.lower() == ".parquet" or (path.name and path.is_dir())
        return (
            sum(part.rows for part in parquet_parts.partitions_of(path, PIECE)) if is_parquet else 0
        )
    except InputError:
        return 0
