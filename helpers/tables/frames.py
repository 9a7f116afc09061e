"""Frames of other libraries: polars, Arrow, DuckDB, ADBC, each taken as the frame that stages use.

All of them hand out their columns by Arrow's C stream (`__arrow_c_stream__`), without a copy of
numbers and without any of these libraries imported here. Why not narwhals: the stages are written
for pandas, so that one conversion at the door is all that is needed.
"""

from __future__ import annotations

import pandas as pd

from ..base.user_errors import InputError
from .arrow_tables import as_frame
from .tidy_table import tidy

METHODS = ("fetch_arrow_table", "to_arrow_table", "to_arrow")  # of ADBC's cursor, older DuckDB
KNOWN = "pandas, polars, Arrow, a DuckDB relation or an ADBC result"


def is_frame(table) -> bool:
    """Whether something is a table with names, of any of these libraries, and no array.

    >>> is_frame(pd.DataFrame({"x": [1]})), is_frame([[1]])
    (True, False)
    """
    doors = ("__arrow_c_stream__", "__arrow_c_array__", *METHODS)
    return isinstance(table, pd.DataFrame) or any(hasattr(table, name) for name in doors)


def as_pandas(table) -> pd.DataFrame:
    """A table of any of these libraries as a frame; a frame of pandas itself, as it is.

    Raises InputError for anything else.

    >>> import pyarrow as pa
    >>> as_pandas(pa.table({"x": [1, 2]})).x.tolist()
    [1, 2]
    """
    if isinstance(table, pd.DataFrame):
        return table
    if not hasattr(table, "__arrow_c_stream__") and hasattr(table, "collect"):
        table = table.collect()  # a lazy frame of polars
    return tidy(as_frame(_as_arrow(table), shared=True), "the table")


def _as_arrow(table):
    """A table as one of Arrow, by its C stream or by the method that it has instead."""
    import pyarrow as pa

    if hasattr(table, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(table).read_all()
    if hasattr(table, "__arrow_c_array__"):  # a record batch
        return pa.Table.from_batches([pa.record_batch(table)])
    for name in METHODS:
        if callable(method := getattr(table, name, None)):
            return method()
    raise InputError(f"A table is a frame of {KNOWN}; a {type(table).__name__} came.")
