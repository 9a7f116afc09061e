"""A folder of Parquet larger than memory, cut into parts that are read one by one or side by side.

A part is some whole row groups of one file: what one task works on. Which parts there are is told
by the files' own metadata, so that a part's number is the same for every reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from pyarrow.dataset import get_partition_keys

from ..base import user_errors
from ..base.user_errors import InputError
from . import arrow_tables, read_any, tidy_table


@dataclass(frozen=True)
class Partition:
    """Some row groups of a Parquet file, and what makes them look like the whole folder.

    `schema` is that of all files of the folder together, `keys` are the columns that the names of
    its folders stand for (day=2026-01-31/).
    """

    path: Path
    groups: tuple[int, ...]
    rows: int
    schema: pa.Schema
    keys: dict[str, object] = field(default_factory=dict)


def partitions_of(path: Path, rows: int) -> list[Partition]:
    """A Parquet file, or a folder of them, as parts of at least so many rows where it has them.

    The parts are in the order in which `read_table` reads the rows; nothing but what the files say
    about themselves is read.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"The folder '{path}' has no Parquet file (*.parquet) in it.")
    try:
        return list(_partitions(path, files, rows))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"'{path}' can't be read as Parquet: {user_errors.first_line(error)}"
        ) from None


def _partitions(path: Path, files: list[Path], rows: int) -> Iterator[Partition]:
    found = read_any.dataset_of(path, files)
    for fragment in found.get_fragments():
        keys, file = get_partition_keys(fragment.partition_expression), Path(fragment.path)
        for groups, count in _bundled(fragment.row_groups, rows):
            yield Partition(file, groups, count, found.schema, keys)


def _bundled(row_groups, rows: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """The numbers of row groups, as many together as have so many rows, and their rows."""
    groups, count = [], 0
    for group in row_groups:
        groups.append(group.id)
        count += group.num_rows
        if count >= rows:
            yield tuple(groups), count
            groups, count = [], 0
    if groups:
        yield tuple(groups), count


def read_partition(part: Partition, rows: int) -> Iterator[pa.Table]:
    """A part as `read_table` reads it, so many rows at a time, texts as codes."""
    plain, schema = arrow_tables.needs_no_repair(part.schema), part.schema
    texts = [n for n in schema.names if plain and arrow_tables.is_text(schema.field(n).type)]
    file = parquet.ParquetFile(part.path, read_dictionary=texts if plain else None)
    for batch in file.iter_batches(rows, row_groups=list(part.groups)):
        table = _conformed(pa.Table.from_batches([batch]), part, coded=texts)
        if plain:
            yield arrow_tables.with_dictionary_texts(table)
        else:  # an index may repeat itself: it is put aside
            tidied = tidy_table.tidy(arrow_tables.as_frame(table), part.path.name)
            yield arrow_tables.dictionary_encoded(tidied)


def _conformed(table: pa.Table, part: Partition, coded) -> pa.Table:
    """A piece of a file with the columns and types of the whole folder."""
    columns = {wanted.name: _column(table, wanted, part, coded) for wanted in part.schema}
    return pa.table(columns).replace_schema_metadata(part.schema.metadata)


def _column(table: pa.Table, wanted: pa.Field, part: Partition, coded):
    """A column of the folder: of the piece, of the name of its folder, or of nulls."""
    if wanted.name in part.keys:
        return pa.repeat(pa.scalar(part.keys[wanted.name], wanted.type), len(table))
    if wanted.name not in table.column_names:
        return pa.nulls(len(table), wanted.type)
    column = table.column(wanted.name)
    kept = wanted.name in coded or column.type == wanted.type
    return column if kept else column.cast(wanted.type)
