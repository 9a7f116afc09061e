"""Times of a column read as moments in UTC, in whatever form a source writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...base.user_errors import InputError
from ...cells.as_texts import texts
from ...cells.draft_column_plan import draft_column
from ...cells.kinds import Kind, kind_of
from ...cells.reading_columns import repair_column

MOST_UNREAD = 0.2  # share of the cells; with more the column holds something else
EPOCHS = ((1e8, 1e10, "s"), (1e11, 1e13, "ms"), (1e14, 1e16, "us"))  # 1973 to 2286
_ZONE = re.compile(r"\d(?:Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Moments:
    """n times in UTC (missing where there is none), whether they named their zone, what failed."""

    at: pd.Series
    has_zone: bool
    unread: int = 0
    example: str = ""


def read_moments(column: pd.Series, zone: str = "", where: str = "") -> Moments:
    """A column's times; those without a zone are of `zone`, else as they stand.

    Raises InputError, which begins with `where`, for a column that holds no times.

    >>> read_moments(pd.Series(["2020-07-01 12:00", "2020-07-02 09:30"]), "Europe/Oslo").at[0]
    Timestamp('2020-07-01 10:00:00')
    """
    at, has_zone = _read(column)
    lost = column.notna() & at.isna()
    if lost.sum() > MOST_UNREAD * max(column.notna().sum(), 1) or not at.notna().any():
        cell = str(column[lost].iloc[0]) if lost.any() else "nothing"
        raise InputError(
            f"{where}the times can't be read, such as {cell!r:.60}: name a column of dates, or of "
            f"seconds since 1970."
        )
    if zone and not has_zone:
        at, has_zone = _in_zone(at, zone, where), True
    example = str(column[lost].iloc[0])[:40] if lost.any() else ""
    return Moments(at.astype("datetime64[us]"), has_zone, int(lost.sum()), example)


def _read(column: pd.Series) -> tuple[pd.Series, bool]:
    """The times, missing where they can't be read, and whether they named their zone."""
    kind = kind_of(column)
    if kind == Kind.DATE:
        aware = column.dt.tz is not None
        return (column.dt.tz_convert("UTC").dt.tz_localize(None) if aware else column), aware
    if kind == Kind.NUMBER:
        return _of_numbers(column), True
    if kind == Kind.TEXT:
        return _of_texts(texts(column))
    return pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]"), False


def _of_numbers(column: pd.Series) -> pd.Series:
    """Seconds, milliseconds or microseconds since 1970 as times."""
    numbers = column.to_numpy(dtype="float64", na_value=np.nan)
    middle = np.nanmedian(numbers) if np.isfinite(numbers).any() else 0
    unit = next((unit for low, high, unit in EPOCHS if low <= middle < high), "")
    found = pd.to_datetime(numbers, unit=unit or "s", errors="coerce") if unit else pd.NaT
    return pd.Series(found, index=column.index, dtype="datetime64[us]")


def _of_texts(column: pd.Series) -> tuple[pd.Series, bool]:
    """Texts as times: by the plan of their column, or with fractions of a second, as ISO has it."""
    codes, distinct = pd.factorize(column)
    distinct = pd.Series(distinct, dtype="str")
    plan = draft_column(column)
    if plan["kind"] == "date":
        found = repair_column(distinct, plan)[0]
    else:
        found = pd.to_datetime(distinct, format="ISO8601", errors="coerce", utc=True)
        found = found.dt.tz_localize(None)
    found = found.astype("datetime64[us]")
    aware = bool(distinct.str.contains(_ZONE).mean() > 0.5) if len(distinct) else False
    values = found.to_numpy()
    read = np.where(codes >= 0, values[codes], np.datetime64("NaT", "us")) if len(values) else codes
    return pd.Series(read, index=column.index, dtype="datetime64[us]"), aware


def _in_zone(at: pd.Series, zone: str, where: str) -> pd.Series:
    """Times of a zone's clocks in UTC; those that its clocks skip or strike twice are missing."""
    try:
        local = at.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    except Exception:  # zoneinfo's and pandas' own kinds of error
        raise InputError(f"{where}zone is such as Europe/Oslo or UTC; it is '{zone}'.") from None
    return local.dt.tz_convert("UTC").dt.tz_localize(None)
