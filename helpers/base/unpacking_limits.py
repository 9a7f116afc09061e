"""How much a table may unpack to: checked before it is unpacked, so that no file can fill memory.

The limit is `MOST_BYTES`; the environment variable PIPELINE_MOST_BYTES sets another, such as 40GB.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

from .user_errors import InputError

MOST_BYTES = 16 * 10**9
VARIABLE = "PIPELINE_MOST_BYTES"
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
BYTES_OF_A_CELL = 8


def most_bytes() -> int:
    """The bytes that a table may have in memory: `MOST_BYTES`, or what the environment says."""
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return MOST_BYTES
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?b?)", given.casefold())
    if not parts or parts[2] not in UNITS:
        raise InputError(f"{VARIABLE} is a size such as 500MB or 40GB; it is '{given}'.")
    return int(float(parts[1]) * UNITS[parts[2]])


def check(size: int, what: str = "unpacks to") -> None:
    """Raise InputError if this many bytes are more than the limit."""
    if size > most_bytes():
        raise InputError(
            f"{what} {in_words(size)}, more than the {in_words(most_bytes())} that a table may "
            f"have. If it is what it should be, allow more: export {VARIABLE}="
            f"{in_words(2 * size).replace(' ', '')}."
        )


def in_words(size: int) -> str:
    """Bytes in the largest unit that they fill.

    >>> in_words(2_500_000)
    '2.5 MB'
    """
    unit = next(u for u in ("tb", "gb", "mb", "kb", "b") if size >= UNITS[u] or u == "b")
    return f"{size / UNITS[unit]:.3g} {unit.upper()}"


def check_zip(content: bytes) -> None:
    """Raise InputError where the parts of a ZIP file, as Excel's are, say they are too large.

    Python's reader stops at the size that a part says it has, so that one that lies gains nothing.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        check(sum(part.file_size for part in packed.infolist()))


def check_parquet(source: Path | bytes) -> None:
    """Raise InputError where a Parquet file unpacks to more than the limit.

    Its footer says what its pages unpack to. Texts that are stored once and named in many rows
    unpack further: where they might go past the limit, their letters are added up by their codes.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        about = file.metadata
        groups = [about.row_group(n) for n in range(about.num_row_groups)]
        pages = sum(group.total_byte_size for group in groups)
        check(max(pages, about.num_rows * about.num_columns * BYTES_OF_A_CELL))
    if coded := [n for n in range(about.num_columns) if _may_unpack_further(about, groups, n)]:
        check(pages + sum(_letters(source, about.schema.column(n).path) for n in coded))


def _may_unpack_further(about, groups: list, column: int) -> bool:
    """Whether a column's texts, each as large as all of them, would go past the limit."""
    told = about.schema.column(column)
    if told.physical_type != "BYTE_ARRAY" or "." in told.path:
        return False
    sizes = [group.num_rows * group.column(column).total_uncompressed_size for group in groups]
    return sum(sizes) > most_bytes()


def _letters(source: Path | bytes, name: str) -> int:
    """The bytes of all texts in a column, without writing them out."""
    from pyarrow import compute, parquet

    source = io.BytesIO(source) if isinstance(source, bytes) else source
    column = parquet.read_table(source, columns=[name], read_dictionary=[name])[name]
    return sum(
        compute.sum(compute.binary_length(part.dictionary).take(part.indices)).as_py() or 0
        for part in column.chunks
    )
