"""How large a table in a body is, before any of it is built: rows, columns, cells of Parquet.

A body of some kilobytes can hold a hundred million rows of Parquet, or thousands of cells that
repeat one text of a megabyte; one of CSV, millions of rows or columns of two bytes.
"""

from __future__ import annotations

import io
import re
from typing import NamedTuple

import pyarrow as pa
from pyarrow import compute, parquet

from ..pipeline.row_check import MOST_UNKNOWN
from .refusals import Refused

LINES_OF_A_ROW = 20  # at most, on average: a cell may have some, and blank ones are skipped
MOST_CHUNKS = 100_000  # parts of columns in a file of Parquet
MOST_INSIDE = 2**31  # bytes that the texts in lists might have
BREAK = re.compile(rb"[\r\n]")


class Most(NamedTuple):
    """What a table in a body may have: rows, and bytes of its cells."""

    rows: int
    bytes: int


def check_table(body: bytes, ending: str, known: set[str], most: Most) -> None:
    """Refuse a body with more rows, bytes once unpacked, or unknown columns than it may have.

    What can't be read at all is left to whoever reads it.

    >>> check_table(b"x\\n1\\n", ".csv", {"x"}, Most(rows=10, bytes=100))
    """
    if ending == ".csv":
        _check_lines(body, known, most.rows)
    elif (file := _opened(body)) is not None:
        try:
            _check_parquet(body, file, known, most)
        except (pa.ArrowException, OSError):
            raise Refused("not_a_table", "The body can't be read as a table of Parquet.") from None


def _opened(body: bytes) -> parquet.ParquetFile | None:
    """A file of Parquet, of which only what stands at its end has been read; None for none."""
    try:
        return parquet.ParquetFile(io.BytesIO(body))
    except (pa.ArrowException, OSError):
        return None


def check_count(found: int, most: int) -> None:
    """Refuse more rows than a request may hold."""
    if found > most:
        said = f"A request holds 1 to {most:,} rows; this one holds {found:,}."
        raise Refused("row_count", said)


def _check_lines(body: bytes, known: set[str], rows: int) -> None:
    lines = max(body.count(b"\n"), body.count(b"\r"))
    if lines > LINES_OF_A_ROW * (rows + 1):
        check_count(lines, rows)
    end = BREAK.search(body)
    first = body[: end.start()] if end else body
    _check_columns(1 + max(map(first.count, (b",", b";", b"\t", b"|"))), known)


def _check_columns(found: int, known: set[str]) -> None:
    most = len(known) + MOST_UNKNOWN
    if found > most:
        said = f"The table has {found:,} columns; {most:,} are the most."
        raise Refused("unknown_fields", said)


def _check_parquet(body: bytes, file: parquet.ParquetFile, known: set[str], most: Most) -> None:
    about = file.metadata
    check_count(about.num_rows, most.rows)
    _check_columns(about.num_columns, known)
    _check_leaves(about, most)
    _check_texts(body, file, most)


def _check_texts(body: bytes, file: parquet.ParquetFile, most: Most) -> None:
    """Refuse texts that take too many bytes, each counted as often as it stands there."""
    about = file.metadata
    kinds = [file.schema.column(place) for place in range(about.num_columns)]
    found = sum(one.length * about.num_rows for one in kinds if one.length > 0)
    texts = [one.path for one in kinds if one.physical_type == "BYTE_ARRAY" and not _is_list(one)]
    coded = parquet.ParquetFile(io.BytesIO(body), read_dictionary=texts)
    _check_bytes(found, most)
    for path in texts:
        found += sum(map(_bytes_of, _leaf(coded.read([path])).column(0).chunks))
        _check_bytes(found, most)


def _is_list(column) -> bool:
    return column.max_repetition_level > 0


def _leaf(table: pa.Table) -> pa.Table:
    """A table of one column, taken out of the mappings it may stand in."""
    while pa.types.is_struct(table.schema.field(0).type):
        table = table.flatten()
    return table


def _check_leaves(about, most: Most) -> None:
    """Refuse what unpacks to too many bytes, or to too many values in the lists of a row."""
    if about.num_row_groups * about.num_columns > MOST_CHUNKS:
        raise Refused("not_a_table", f"A table has {MOST_CHUNKS:,} chunks of columns at most.")
    groups = [about.row_group(place) for place in range(about.num_row_groups)]
    _check_bytes(sum(one.total_byte_size for one in groups), most)
    chunks = [one.column(place) for one in groups for place in range(one.num_columns)]
    for one in chunks:
        longest = one.total_uncompressed_size if "." in one.path_in_schema else 0  # of its texts
        if one.num_values > LINES_OF_A_ROW * most.rows or one.num_values * longest > MOST_INSIDE:
            said = f"The column '{one.path_in_schema:.80}' holds {one.num_values:,} values."
            raise Refused("not_a_table", said)


def _bytes_of(chunk: pa.Array) -> int:
    """The bytes of the texts of a column."""
    if not pa.types.is_dictionary(chunk.type):
        return chunk.nbytes
    lengths = compute.binary_length(chunk.dictionary)
    return compute.sum(lengths.take(chunk.indices)).as_py() or 0


def _check_bytes(found: int, most: Most) -> None:
    if found > most.bytes:
        raise Refused("body_too_large", f"A body has {most.bytes:,} bytes at most, unpacked.")
