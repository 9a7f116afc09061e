"""Columns of a database whose cells are not what their declared type says.

SQLite keeps any value in any column: a column declared DATE may hold `01/03/2024`, and one declared
TIMESTAMP the seconds since 1970. Such a table is read as it is, and what can only be a moment is
read as one.
"""

from __future__ import annotations

import pandas as pd

from ..cells.kinds import is_number
from . import odd_files

# What numbers of this size count in a column of dates: from, below, pandas' words, and in words
COUNTS = (
    (1.7e6, 2.6e6, {"unit": "D", "origin": "julian"}, "Julian days"),
    (1.9e7, 2.1e7, {"format": "%Y%m%d"}, "year, month and day"),
    (1e8, 1e11, {"unit": "s"}, "seconds since 1970"),
    (1e11, 1e14, {"unit": "ms"}, "milliseconds since 1970"),
    (1e14, 1e17, {"unit": "us"}, "microseconds since 1970"),
    (1e17, 9e18, {"unit": "ns"}, "nanoseconds since 1970"),
)


def read_as_declared(frame: pd.DataFrame, dates: list[str]) -> pd.DataFrame:
    """A table as a database has it, with the columns that are declared as `dates` read as such.

    Numbers are read by their size, texts stay for the cleaning stage; both are noted.

    >>> table = pd.DataFrame({"at": [1_700_000_000, 1_700_086_400]})
    >>> read_as_declared(table, ["at"])["at"].dt.day.tolist()
    [14, 15]
    """
    for name in dates:
        present = frame[name].dropna()
        if is_number(present) and len(present):
            frame = _counted(frame, name, present)
        elif len(present):
            said = (
                f"‘{name}’ is declared as a date; its cells are texts such as ‘{present.iloc[0]}’"
            )
            frame = odd_files.note(frame, f"{said}, and were read as such.")
    return frame


def _counted(frame: pd.DataFrame, name: str, present: pd.Series) -> pd.DataFrame:
    """The table with a column of numbers read as moments, where they can be nothing else."""
    said = f"‘{name}’ is declared as a date, and holds numbers such as {present.iloc[0]}"
    for start, end, options, words in COUNTS:
        if present.between(start, end).all():
            moments = _as_moments(frame[name], options)
            if moments.notna().sum() == len(present):
                frame = frame.assign(**{name: moments.astype("datetime64[us]")})
                return odd_files.note(frame, f"{said}: they were read as {words}.")
    return odd_files.note(frame, f"{said}: they stay numbers.")


def _as_moments(column: pd.Series, options: dict) -> pd.Series:
    """A column of numbers as moments, read by their digits where they have a format."""
    plain = column.astype("Int64").astype("str") if "format" in options else column
    return pd.to_datetime(plain, errors="coerce", **options)
