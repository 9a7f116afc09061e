"""Columns made comparable: those of two deliveries as values of one kind, numbers or text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.kinds import Kind, kind_of
from ..cells.times_of_day import minutes_of_day

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
EPOCH = pd.Timestamp(0).as_unit("s")  # in nanoseconds it would bound the years to 1678 to 2262


def shared_columns(known: Iterable[str], later: pd.DataFrame) -> list[str]:
    """Those of the `known` columns that later rows have too.

    Raises InputError where there are no later rows, or they have none of the columns.

    >>> shared_columns(["age", "city"], pd.DataFrame({"age": [41]}))
    ['age']
    """
    known = list(known)
    if not len(later):
        raise InputError("There are no later rows to compare: drift needs some of both.")
    shared = [name for name in known if name in later.columns]
    if known and not shared:
        raise InputError(
            f"The later rows have none of the {len(known)} columns to compare, such as "
            f"'{known[0]}': are they of another table?"
        )
    return shared


def as_values(column: pd.Series) -> pd.Series:
    """A column as drift compares it: numbers as floats, all else as text.

    Dates become days since 1970, durations seconds, times of day (HH:MM) hours since midnight.

    >>> as_values(pd.Series(pd.to_datetime(["1970-01-02"]))).tolist()
    [1.0]
    """
    column = inferred(column) if column.dtype == object else column
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)
    kind = kind_of(column)
    if kind == Kind.DATE:
        return ((column - EPOCH) / pd.Timedelta(days=1)).astype(float)
    if kind == Kind.DURATION:
        return column.dt.total_seconds()
    return column.astype(float) if kind == Kind.NUMBER else _hours_or_texts(column)


def _hours_or_texts(column: pd.Series) -> pd.Series:
    """Hours since midnight of a column that holds times of day alone; another as texts."""
    first = column.dropna().head(1)
    if not len(first) or not _CLOCK.fullmatch(str(first.iloc[0])):
        return column.astype("str")
    codes, distinct = pd.factorize(column)
    if not all(map(_CLOCK.fullmatch, map(str, distinct))):
        return column.astype("str")
    hours = np.array([*(minutes_of_day(str(text)) / 60 for text in distinct), np.nan])
    return pd.Series(hours[codes], index=column.index, name=column.name)


def inferred(column: pd.Series) -> pd.Series:
    """A column of Python objects as numbers or dates, where all that it holds are such."""
    found = column.infer_objects()
    kind = pd.api.types.infer_dtype(found, skipna=True) if found.dtype == object else ""
    if kind in ("decimal", "mixed-integer-float", "integer", "floating"):
        return pd.to_numeric(found)
    return pd.to_datetime(found, errors="coerce") if kind in ("date", "datetime") else found


def alike(before: pd.Series, after: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both columns as values of one kind: as numbers where both can be read so, or as text."""
    old, new = as_values(before), as_values(after)
    if old.dtype == new.dtype:
        return old, new
    numbers = [side if side.dtype == float else as_numbers(side) for side in (old, new)]
    if all(side is not None for side in numbers):
        return tuple(numbers)
    return before.astype("str"), after.astype("str")


def as_numbers(texts: pd.Series) -> pd.Series | None:
    """Texts (or flags) read as numbers; None when one can't be.

    >>> as_numbers(pd.Series(["1.5", "True"])).tolist(), as_numbers(pd.Series(["many"]))
    ([1.5, 1.0], None)
    """
    flags = {"True": "1", "False": "0"}
    found = pd.to_numeric(texts.replace(flags), errors="coerce").astype(float)
    return found if found.notna().sum() == texts.notna().sum() else None
