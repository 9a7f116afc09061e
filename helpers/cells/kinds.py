"""What a column holds, by its type: the one question that every module asks in the same way."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd
from pandas.api import types


class Kind(StrEnum):
    """What the cells of a column are, as stored. Text may turn out to be more when it is read."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DURATION = "duration"
    TEXT = "text"


def kind_of(column: pd.Series | pd.Index | object) -> Kind:
    """The kind of a column, or of a dtype.

    Booleans are no numbers. Categories, Python objects and complex numbers, which have no order,
    are text.

    >>> kind_of(pd.Series([1.5])), kind_of(pd.Series([True, None], dtype="boolean"))
    (<Kind.NUMBER: 'number'>, <Kind.BOOLEAN: 'boolean'>)
    >>> kind_of(pd.to_datetime(pd.Series(["2013-01-01"]))) == "date"
    True
    """
    dtype = getattr(column, "dtype", column)
    if types.is_bool_dtype(dtype):
        return Kind.BOOLEAN
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return Kind.NUMBER
    if types.is_datetime64_any_dtype(dtype):
        return Kind.DATE
    return Kind.DURATION if types.is_timedelta64_dtype(dtype) else Kind.TEXT


def is_number(column: pd.Series | pd.Index | object) -> bool:
    """Whether a column (or a dtype) holds numbers; booleans are none."""
    return kind_of(column) == Kind.NUMBER


def is_date(column: pd.Series | pd.Index | object) -> bool:
    """Whether a column (or a dtype) holds moments, with or without a time zone."""
    return kind_of(column) == Kind.DATE


def is_boolean(column: pd.Series | pd.Index | object) -> bool:
    """Whether a column (or a dtype) holds true and false."""
    return kind_of(column) == Kind.BOOLEAN


def is_counted(column: pd.Series | pd.Index | object) -> bool:
    """Whether arithmetic can be done on a column (or a dtype): numbers, and booleans as 0 and 1."""
    return kind_of(column) in (Kind.NUMBER, Kind.BOOLEAN)
