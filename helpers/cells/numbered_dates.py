"""Columns of numbers that are dates: days of a spreadsheet, 20230723, 202307, seconds since 1970.

Eight or fourteen digits that all are dates are dates, whatever their column is called; the others
may be amounts as well, so that the column's name has to say that it holds dates.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from .serial_days import SERIAL, are_days, moments

EPOCH = "epoch"  # the format's name in a cleaning plan
UNITS = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}  # so many to a second
FIRST_SECOND, LAST_SECOND = 1e8, 4.1e9  # 1973 to 2099: seconds since 1970 that may be meant
FEWEST = 5  # different numbers
YEARS = (1900, 2100)
WHOLE_FORMS = {8: "%Y%m%d", 14: "iso"}  # by the number of digits; of the name's own accord
MONTHS = "%Y%m"
_PLAIN = re.compile(r"\d+(\.\d*)?([eE]\+?\d+)?")
_NAMED = re.compile(
    r"(?i)(^|[^a-z])(date|time|datetime|timestamp|ts|epoch|created|updated|modified|at|when|dob|"
    r"moment|month|period|yyyymm|yearmonth|fecha|datum|zeit|monat|mois|mes)([^a-z]|$)"
    r"|(date|time|datetime|timestamp|datum|month)$"
)


def of_epoch(text: str) -> datetime | None:
    """Seconds, or thousandths to billionths of them, since 1970, as a date; None for other texts.

    No two units give a number a date between 1973 and 2099.

    >>> of_epoch("1690070400"), of_epoch("1690070400000"), of_epoch("1690")
    (datetime.datetime(2023, 7, 23, 0, 0), datetime.datetime(2023, 7, 23, 0, 0), None)
    """
    if not _PLAIN.fullmatch(text):
        return None
    count = float(text)
    for parts in UNITS.values():
        if FIRST_SECOND <= count / parts < LAST_SECOND:
            return datetime.fromtimestamp(round(count / parts, 6), UTC).replace(tzinfo=None)
    return None


def format_of(values: np.ndarray, name: str) -> str:
    """The format of the dates that a column's numbers surely are; "" for other numbers.

    >>> format_of(np.arange(20230701.0, 20230731.0), "x"), format_of(np.arange(100.0), "date")
    ('%Y%m%d', '')
    >>> format_of(np.arange(1.69e9, 1.70e9, 1e6), "created_at")
    'epoch'
    """
    return SERIAL if are_days(values, name) else _format_of_whole(values, name)


def _format_of_whole(values: np.ndarray, name: str) -> str:
    """The same of whole numbers that are no days of a spreadsheet."""
    known = np.unique(values[~np.isnan(values)])
    if len(known) < FEWEST or not np.isfinite(known).all() or (known % 1 != 0).any():
        return ""
    is_named = bool(_NAMED.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)))
    if is_named and _are_epochs(known):
        return EPOCH
    forms = WHOLE_FORMS | ({6: MONTHS} if is_named else {})
    digits = len(f"{known[0]:.0f}")
    form = forms.get(digits, "")
    return form if form and len(f"{known[-1]:.0f}") == digits and _are_dates(known) else ""


def _are_epochs(known: np.ndarray) -> bool:
    """Whether all numbers are seconds since 1970, or the same parts of them."""
    return any(known[0] / n >= FIRST_SECOND and known[-1] / n < LAST_SECOND for n in UNITS.values())


def _are_dates(known: np.ndarray) -> bool:
    """Whether all numbers of one length read as dates of the usual years."""
    read = _moments(known)
    return bool(read.notna().all() and read.dt.year.between(*YEARS).all())


def _moments(values: np.ndarray) -> pd.Series:
    """Numbers of 6, 8 or 14 digits as moments; missing where they are none."""
    texts = pd.Series([f"{value:.0f}" for value in values], dtype="str")
    forms = {6: MONTHS, 8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
    form = forms.get(len(texts.iloc[0]), MONTHS) if len(texts) else MONTHS
    return pd.to_datetime(texts, format=form, errors="coerce")


def moments_of(values: np.ndarray, form: str) -> np.ndarray:
    """The moments that numbers mean in a format of `format_of`; NaT for a missing one.

    >>> moments_of(np.array([20230723.0, np.nan]), "%Y%m%d").astype("datetime64[D]").tolist()
    [datetime.date(2023, 7, 23), None]
    """
    if form == SERIAL:
        return moments(values)
    known = ~np.isnan(values)
    found = np.full(len(values), np.datetime64("NaT", "us"))
    if form == EPOCH:
        read = [of_epoch(f"{value:.6f}") for value in values[known]]
        found[known] = np.array(read, dtype="datetime64[us]")
    else:
        found[known] = _moments(values[known]).to_numpy(dtype="datetime64[us]")
    return found
