"""What is done by hand begins here: a small frame of flights, whatever table the run is about.

Each notebook does its work in plain pandas and scikit-learn first, on `flights()`; then a helper
does it for every column, and `agree` says that both came to the same.
"""

from __future__ import annotations

import os
import secrets

import numpy as np
import pandas as pd

from ..base.files import write_text
from ..base.places import progress_file
from ..base.user_errors import InputError
from ..examples.small_flights import small_flights
from ..pages.show import say

WEATHER_KINDS = ("known", "hour", "none")
HIGHEST_SEED = 9_999


def flights(weather: str = "known") -> pd.DataFrame:
    """About 12,000 clean flights of January to August 2013, from every day, by `scheduled`.

    Columns: `scheduled` (local time), `carrier`, `origin`, `dest`, `tailnum`, `sched_dep_time`
    (HHMM), `distance` (miles); the weather at the airport, as it is known one hour before the
    scheduled departure: `temp`, `dewp` (°F), `humid` (%), `wind_speed` (mph), `pressure`
    (millibars), `precip_6h` (inches), `visib` (miles); `dep_delay` (minutes, known afterwards); and
    `late`, whether it arrived 15 minutes late or more. What the sources lack is missing.
    `weather="hour"` gives the readings of the hour of departure itself, `"none"` no weather.
    Raises InputError for another word.
    """
    return _flights(False, weather)


def later_flights(weather: str = "known") -> pd.DataFrame:
    """About 6,000 flights of September to December 2013, with the columns of `flights`."""
    return _flights(True, weather)


def _flights(later: bool, weather: str) -> pd.DataFrame:
    if weather not in WEATHER_KINDS:
        raise InputError(f"weather is one of {', '.join(WEATHER_KINDS)}; it is '{weather}'.")
    return small_flights(later, weather).copy()


def agree(mine, theirs, within: float = 1e-9):
    """A sentence: what was made by hand and by the helper is the same, or where they differ.

    Takes numbers, series, arrays, and frames with the same columns; rows are compared in their
    order, whatever their index. Numbers may differ by the share `within`; missing equals missing.
    """
    return say(_compared(mine, theirs, within))


def _compared(mine, theirs, within: float) -> str:
    if np.ndim(mine) == 0 and np.ndim(theirs) == 0:
        return _compared_values(mine, theirs, within)
    mine, theirs = _as_frame(mine), _as_frame(theirs)
    if len(mine) != len(theirs):
        return f"**They differ:** {len(mine):,} rows by hand, {len(theirs):,} by the helper."
    if unlike := [str(name) for name in mine.columns.symmetric_difference(theirs.columns)]:
        return f"**They differ:** only one of them has {', '.join(unlike)}."
    same = pd.DataFrame({c: _equal(mine[c], theirs[c], within) for c in mine})
    if same.to_numpy().all():
        columns = f" and {mine.shape[1]} columns" if mine.shape[1] > 1 else ""
        return f"By hand and by the helper: equal in all {len(mine):,} rows{columns}."
    return _first_difference(mine, theirs, same)


def _compared_values(mine, theirs, within: float) -> str:
    if _equal(pd.Series([mine]), pd.Series([theirs]), within).all():
        return f"By hand and by the helper: {_shown(mine)}, both."
    return f"**They differ:** {_shown(mine)} by hand, {_shown(theirs)} by the helper."


def _first_difference(mine: pd.DataFrame, theirs: pd.DataFrame, same: pd.DataFrame) -> str:
    """How many rows differ, and the first cell that does."""
    rows = ~same.all(axis=1).to_numpy()
    row = int(rows.argmax())
    column = same.columns[int((~same.iloc[row]).to_numpy().argmax())]
    place = f"row {row}" + (f", {column}" if mine.shape[1] > 1 else "")
    pair = [_shown(frame[column].iloc[row]) for frame in (mine, theirs)]
    return (
        f"**They differ** in {rows.sum():,} of {len(same):,} rows. The first is {place}: "
        f"{pair[0]} by hand, {pair[1]} by the helper."
    )


def _as_frame(thing) -> pd.DataFrame:
    """A frame, series, array or sparse matrix as a frame whose rows are counted from 0."""
    if hasattr(thing, "toarray"):
        thing = thing.toarray()
    if isinstance(thing, pd.Series):
        thing = thing.to_numpy()  # two series may have two names
    return pd.DataFrame(thing).reset_index(drop=True)


def _equal(mine: pd.Series, theirs: pd.Series, within: float) -> pd.Series:
    """Whether each pair of cells is the same; texts of True and of numbers are these."""
    lacking = mine.isna() & theirs.isna()
    numbers = [pd.to_numeric(column.astype("str"), errors="coerce") for column in (mine, theirs)]
    close = np.isclose(numbers[0], numbers[1], rtol=within, atol=within)
    return lacking | close | ((mine.astype("str") == theirs.astype("str")) & mine.notna())


def _shown(value) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int | np.integer) else f"{value}"


def my_seed() -> int:
    """A learner's own seed, 1 to 9999: two learners compare ways, not figures.

    It is drawn once and kept beside the learner's progress, in `seed.txt`. PIPELINE_SEED sets it.
    Raises InputError when either is no whole number.
    """
    file = progress_file().with_name("seed.txt")
    given = os.environ.get("PIPELINE_SEED", "")
    if not given and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, str(1 + secrets.randbelow(HIGHEST_SEED)))
    given = given or file.read_text(encoding="utf-8").strip()
    if not given.isdecimal():
        raise InputError(f"A seed is a whole number; PIPELINE_SEED or {file} has '{given}'.")
    return int(given)
