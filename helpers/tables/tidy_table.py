"""A frame that any stage can take: distinct names, a plain index, cells that Parquet can hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError


def clean_name(cell) -> str:
    """A column's name as text without spaces around it; "" where it is missing."""
    return "" if pd.isna(cell) else str(cell).strip()


def evenly_spaced_rows(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """So many rows, at even steps from the first to the last.

    >>> evenly_spaced_rows(pd.DataFrame({"x": range(9)}), 3).x.tolist()
    [0, 4, 8]
    """
    if rows >= len(frame):
        return frame
    return frame.iloc[evenly_spaced(len(frame), rows)].reset_index(drop=True)


def tidy(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Column names as distinct text, an ordinary index, cells that Parquet can hold."""
    # An index without a name that counts rows is left over from some earlier step.
    counts_rows = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index.dtype)
    frame = frame.reset_index(drop=counts_rows and frame.index.nlevels == 1)
    if frame.shape[1] == 0 or frame.shape[0] == 0:
        raise InputError(
            f"'{name}' has {frame.shape[1]:,} columns and {frame.shape[0]:,} rows: a table needs "
            f"a header and at least one row below it."
        )
    frame.columns = distinct_names([str(column).strip() for column in frame.columns])
    # A frame in memory may share its blocks; each column is tidied separately.
    return frame.assign(**{c: _plain(frame[c]) for c in frame if not _is_plain(frame[c].dtype)})


def distinct_names(names: list[str]) -> list[str]:
    """Names without repeats or blanks: 'x', 'x' becomes 'x', 'x.2'."""
    taken: set[str] = set()
    for position, name in enumerate(names):
        name = name or f"column_{position + 1}"
        choice, number = name, 2
        while choice in taken:
            choice, number = f"{name}.{number}", number + 1
        taken.add(choice)
        names[position] = choice
    return names


def _is_plain(dtype) -> bool:
    """Whether every stage can work on a column of this type."""
    odd = (pd.PeriodDtype, pd.IntervalDtype, pd.SparseDtype, pd.CategoricalDtype)
    return dtype not in (object, np.float16) and not isinstance(dtype, odd)


def _plain(column: pd.Series) -> pd.Series:
    """A column of mixed objects as one type: text, unless pandas knows a better one.

    Categories and sparse columns become what they hold; periods and intervals, their text.
    """
    dtype = column.dtype
    if pd.api.types.is_dtype_equal(dtype, np.float16):
        return column.astype("float32")
    if isinstance(dtype, pd.CategoricalDtype):
        column = column.astype(dtype.categories.dtype if len(dtype.categories) else "str")
        return column if _is_plain(column.dtype) else _plain(column)
    if isinstance(dtype, pd.SparseDtype):
        return column.sparse.to_dense()
    if column.dtype != object:
        return column.astype(object).map(str, na_action="ignore").astype("str")
    better = column.infer_objects()
    if pd.api.types.is_float_dtype(better.dtype) and _is_rounded(column, better):
        return column.map(str, na_action="ignore").astype("str")
    if better.dtype != object:
        return better
    if column.dropna().map(lambda value: isinstance(value, bool)).all():
        return column.astype("boolean")
    return column.map(_as_text, na_action="ignore").astype("str")


def _is_rounded(column: pd.Series, floats: pd.Series) -> bool:
    """Whether whole numbers beside gaps lose a digit as floats."""
    large = column[floats.abs() >= 2**53]
    return bool(len(large)) and all(isinstance(value, int) for value in large)


def _as_text(value) -> str:
    """Any object as text: lists and mappings as JSON."""
    if isinstance(value, np.ndarray):  # a list, as Parquet has it; its own text is cut short
        value = value.tolist()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
