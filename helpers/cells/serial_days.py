"""Days as spreadsheets number them: 45000 is the 15th of March 2023, 45000.5 its noon.

A spreadsheet stores a date as the days since the end of 1899, and shows the number where a cell has
lost its format: one cell in a column of dates, or a whole column that is called a date.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import numpy as np

SERIAL = "serial"  # the format's name in a cleaning plan
EPOCH = datetime(1899, 12, 30)  # so that days from March 1900 on are right, as in Excel
FIRST, LAST = 10_000, 73_050  # 1927 to 2099: five digits, which no other form of a date has
USUAL = (29_221, 54_788)  # 1980 to 2049: what a whole column is called a date for
FEWEST = 5  # different days of a whole column
_NUMBER = re.compile(r"\d{5}(\.\d*)?")
_NAMED = re.compile(
    r"(?i)(^|[^a-z])(date|fecha|dob|birthday|day)([^a-z]|$)|datum$|"
    r"(birth|start|end|due|order|invoice|sales?|ship|hire|sign|pay|purchase|delivery|visit)date$"
)
_BIRTH = re.compile(r"(?i)birth|born|dob|geburt|naissance|nacimiento|nascita")


def day_of(text: str) -> datetime | None:
    """The moment that a spreadsheet's number of a day means, to the millisecond; or None.

    >>> day_of("45000"), day_of("45000.5"), day_of("1234")
    (datetime.datetime(2023, 3, 15, 0, 0), datetime.datetime(2023, 3, 15, 12, 0), None)
    """
    if not _NUMBER.fullmatch(text) or not FIRST <= (days := float(text)) < LAST:
        return None
    return EPOCH + timedelta(milliseconds=round(days * 86_400_000))


def number_of(moment: datetime) -> str:
    """The number that a spreadsheet has for a moment, as text.

    >>> number_of(datetime(2023, 3, 15)), number_of(datetime(2023, 3, 15, 12))
    ('45000', '45000.5')
    """
    return f"{(moment - EPOCH) / timedelta(days=1):.10g}"


def are_days(values: np.ndarray, name: str) -> bool:
    """Whether numbers are days of a spreadsheet: their column is called a date, and all may be.

    >>> are_days(np.arange(45000.0, 45100.0), "signup_date"), are_days(np.arange(45000.0), "price")
    (True, False)
    """
    if not _NAMED.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)):
        return False
    known = values[~np.isnan(values)]
    first, last = (FIRST, USUAL[1]) if _BIRTH.search(name) else USUAL
    fits = len(known) > 0 and bool(((known >= first) & (known <= last)).all())
    return fits and len(np.unique(known)) >= FEWEST
