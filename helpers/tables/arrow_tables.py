"""Arrow tables read as the frames that pandas would read."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress

import pandas as pd
import pyarrow as pa
from pyarrow import compute

from .tidy_table import distinct_names

WHOLE = 2**53  # up to it a float keeps every whole number


def needs_no_repair(schema: pa.Schema) -> bool:
    """Whether `tidy` would leave a Parquet file's columns as they are."""
    metadata = schema.pandas_metadata or {"index_columns": []}
    no_index = all(isinstance(i, dict) and i["name"] is None for i in metadata["index_columns"])
    kinds = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp)
    known = all(is_text(f.type) or any(kind(f.type) for kind in kinds) for f in schema)
    known &= not any(pa.types.is_float16(f.type) for f in schema)
    names = [name.strip() for name in schema.names]
    return no_index and known and len(names) > 0 and distinct_names(list(names)) == schema.names


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow column holds texts as such."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_dictionary_text(kind: pa.DataType) -> bool:
    """Whether an Arrow column holds texts as codes."""
    return pa.types.is_dictionary(kind) and is_text(kind.value_type)


def as_frame(table: pa.Table, shared: bool = False) -> pd.DataFrame:
    """An Arrow table as a frame, without what pandas would lose or can't reckon with.

    Numbers of 16 bits become floats of 32, bytes that are text become text, and whole numbers
    beside gaps that a float would round become texts, as in a CSV file. Where columns are `shared`,
    numbers without gaps are not copied.

    >>> as_frame(pa.table({"order": [2**60 + 1, None]}))["order"].tolist()
    ['1152921504606846977', nan]
    """
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if wanted := _better_type(field.type, column):
            with suppress(pa.ArrowInvalid):  # bytes that are no text
                table = _retyped(
                    table.set_column(place, field.name, column.cast(wanted)), field.name
                )
    return table.to_pandas(split_blocks=shared)


def _retyped(table: pa.Table, name: str) -> pa.Table:
    """A table without the type that pandas has noted for a column that holds texts now."""
    noted = table.schema.pandas_metadata
    if not noted or not is_text(table.schema.field(name).type):
        return table
    for column in noted["columns"]:
        if column["field_name"] == name:
            column |= {"pandas_type": "unicode", "numpy_type": "object"}
    return table.replace_schema_metadata(
        (table.schema.metadata or {}) | {b"pandas": json.dumps(noted).encode()}
    )


def _better_type(kind: pa.DataType, column: pa.ChunkedArray) -> pa.DataType | None:
    """The type to read a column as, where its own does not do."""
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.large_string()
    is_rounded = pa.types.is_integer(kind) and column.null_count and kind.bit_width == 64
    if is_rounded and max(map(abs, compute.min_max(column).as_py().values() or [0])) > WHOLE:
        return pa.string()
    return None


def dictionary_encoded(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table, its texts as codes; the index is left out."""
    with warnings.catch_warnings():  # Arrow itself asks pandas for moments in the older way
        warnings.filterwarnings("ignore", "Series.values returning an ndarray that drops timezone")
        table = pa.Table.from_pandas(frame, preserve_index=False)
    return with_dictionary_texts(table)


def with_dictionary_texts(table: pa.Table) -> pa.Table:
    """An Arrow table with its texts as codes."""
    for place, field in enumerate(table.schema):
        if is_text(field.type) or is_dictionary_text(field.type):
            coded = _in_one(table.column(place), field.type)
            table = table.set_column(place, field.name, coded)
    return table


def _in_one(column: pa.ChunkedArray, kind: pa.DataType) -> pa.DictionaryArray:
    """A column of texts with one dictionary, of no more values than there are cells."""
    if pa.types.is_dictionary(kind):
        column = column.unify_dictionaries().combine_chunks()
        few = isinstance(column, pa.DictionaryArray) and len(column.dictionary) <= len(column)
        if few and column.dictionary.null_count == 0:
            wanted = pa.dictionary(pa.int32(), pa.string())
            return column if column.type == wanted else column.cast(wanted)
        column = column.cast(pa.string())
    coded = column.cast(pa.string()).dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    return coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame, as it was before its texts were coded."""
    for place, field in enumerate(table.schema):
        if is_dictionary_text(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table.to_pandas().reset_index(drop=True)
