"""Joins in time, as of a row's moment: nothing that was not known by then is ever taken.

A row of the other table is known `known_after` its own time: a reading that is stamped with its
hour when the hour is over, the sales of a day on the next.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NONE = -1  # the position of no row
DAY, HOUR = pd.Timedelta("1D"), pd.Timedelta("1h")
FEWEST_STAMPS = 3  # distinct times, before anything is told from them


def last_known(
    key: np.ndarray,
    moment: pd.Series,
    other_key: np.ndarray,
    known_at: pd.Series,
    not_older: pd.Timedelta | None = None,
) -> np.ndarray:
    """For each of n rows the position of the last of m others that is known at its moment.

    `key` (n) and `other_key` (m) are numbers from 0, equal where the keys are (see `keys`); others
    of the same key and the same `known_at` are the last of them. -1 where none is, or where it has
    been known for longer than `not_older`.

    >>> when = lambda *hours: pd.Series(pd.to_datetime([f"2020-01-01 {h:02}:00" for h in hours]))
    >>> last_known(np.zeros(2, int), when(3, 9), np.zeros(3, int), when(2, 4, 9)).tolist()
    [0, 2]
    """  # fmt: skip
    asked = pd.DataFrame({"key": key, "moment": _microseconds(moment), "row": np.arange(len(key))})
    asked = asked[asked["moment"].notna() & (asked["key"] >= 0)]
    there = pd.DataFrame({"key": other_key, "at": _microseconds(known_at)})
    there = there.assign(place=np.arange(len(there)))[there["at"].notna() & (there["key"] >= 0)]
    found = pd.merge_asof(
        asked.sort_values("moment", kind="stable"), there.sort_values("at", kind="stable"),
        left_on="moment", right_on="at", by="key", tolerance=not_older,
    )  # fmt: skip
    place = np.full(len(key), NONE)
    place[found["row"]] = found["place"].fillna(NONE).to_numpy(dtype=int)
    return place


def _microseconds(times: pd.Series) -> np.ndarray:
    """Times in one unit, in UTC and without a zone, so that they can be compared."""
    plain = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz else times
    return plain.to_numpy(dtype="datetime64[us]")


def known_rows(
    key: np.ndarray,
    moment: pd.Series | None,
    other_key: np.ndarray,
    known_at: pd.Series | None,
    window: pd.Timedelta | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The others that each row may know: `order` of the others, and where each row's part of it is.

    Part i is `order[start[i]:stop[i]]`, in the order of time: those known before the moment (never
    at it: an event of the same time may be the row itself), at most `window` before. Without times
    all of the key.

    >>> when = lambda *days: pd.Series(pd.to_datetime([f"2020-01-{d:02}" for d in days]))
    >>> known_rows(np.zeros(1, int), when(5), np.zeros(3, int), when(5, 2, 4))
    (array([1, 2, 0]), array([0]), array([2]))
    """  # fmt: skip
    if moment is None or known_at is None:
        rank, low, high = np.zeros(len(other_key), int), 0, 1
        usable, asked = other_key >= 0, key >= 0
        steps = 1
    else:
        at, now = _microseconds(known_at), _microseconds(moment)
        usable, asked = (other_key >= 0) & ~np.isnat(at), (key >= 0) & ~np.isnat(now)
        times = np.unique(at[usable])
        rank, steps = np.searchsorted(times, at), len(times)
        high = np.searchsorted(times, now, "left")
        low = 0 if window is None else np.searchsorted(times, now - window.to_timedelta64(), "left")
    places = np.flatnonzero(usable)
    label = other_key[places].astype(np.int64) * (steps + 1) + rank[places]
    order = places[np.argsort(label, kind="stable")]
    label = np.sort(label)
    base = key.astype(np.int64) * (steps + 1)
    start, stop = np.searchsorted(label, base + low), np.searchsorted(label, base + high)
    none = ~asked
    start[none] = stop[none] = 0
    return order, start, stop


def stamped_by(times: pd.Series) -> pd.Timedelta:
    """How much time one stamp stands for: a day where all are midnights, an hour, or nothing.

    Months and years by their first days, weeks by one weekday. What is so stamped is surely known
    only when that time is over.

    >>> stamped_by(pd.Series(pd.date_range("2020-01-01", periods=30, freq="h")))
    Timedelta('0 days 01:00:00')
    """
    times = pd.Series(times.dropna().unique())
    if len(times) < FEWEST_STAMPS or (times != times.dt.floor("h")).any():
        return pd.Timedelta(0)
    if (times != times.dt.floor("D")).any():
        return HOUR
    if (times.dt.day == 1).all():
        return 366 * DAY if (times.dt.month == 1).all() else 31 * DAY
    return 7 * DAY if len(times) >= 5 and times.dt.day_of_week.nunique() == 1 else DAY
