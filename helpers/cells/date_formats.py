"""One text as a date: the formats that are known, and what a text says in one of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from .serial_days import SERIAL, day_of, number_of
from .tidy_text import LONGEST

DATE_FORMATS = (  # each may be followed by a time of day (see `parse_date`)
    "iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%Y%m%d", "%m/%d/%y", "%d/%m/%y",
    "%d.%m.%y", "%d-%b-%y",
)  # fmt: skip
_TIME = re.compile(r"(.*\S)[ T]+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s*([AaPp])\.?[Mm]\.?)?")


def parse_date(text: str, form: str) -> datetime | None:
    """A text as a date without a time zone (UTC where the text names one), or None.

    A time of day may follow a format of days alone.

    >>> parse_date("2013-01-01T10:00:00Z", "iso"), parse_date("31/12/2013 9:05", "%d/%m/%Y")
    (datetime.datetime(2013, 1, 1, 10, 0), datetime.datetime(2013, 12, 31, 9, 5))
    """
    text = str(text).strip()
    is_number = form == "iso" and (len(text) < 8 or "-" not in text[:8])  # such as "20130101"
    if len(text) > LONGEST or is_number:
        return None
    try:
        date = datetime.fromisoformat(text.upper()) if form == "iso" else _strptime(text, form)
        return date.astimezone(UTC).replace(tzinfo=None) if date and date.tzinfo else date
    except (ValueError, OverflowError):
        return None


def written(date: datetime, form: str) -> str:
    """A moment as a text in a format; of a format of days alone, a time of day is left out.

    >>> written(datetime(2023, 3, 15), "iso"), written(datetime(2023, 3, 15), "serial")
    ('2023-03-15 00:00:00', '45000')
    """
    if form == SERIAL:
        return number_of(date)
    return date.isoformat(sep=" ") if form == "iso" else date.strftime(form)


def is_format(form) -> bool:
    """Whether what is given is a format that dates can be read by.

    >>> is_format("%d.%m.%Y"), is_format("iso"), is_format("dd.mm")
    (True, True, False)
    """
    if form in DATE_FORMATS or form == SERIAL:
        return True
    try:
        moment = datetime(2001, 2, 3, 4, 5, 6)
        return "%" in form and parse_date(moment.strftime(form), form) is not None
    except (TypeError, ValueError):
        return False


def _strptime(text: str, form: str) -> datetime | None:
    if form == SERIAL:
        return day_of(text)
    timed = _TIME.fullmatch(text) if ":" in text and "%H" not in form else None
    if not timed:
        return datetime.strptime(text, form)
    clock = f"{timed[2]} {timed[3]}m" if timed[3] else timed[2]
    hour = ("%I" if timed[3] else "%H") + ":%M" + (":%S" if timed[2].count(":") == 2 else "")
    return datetime.strptime(f"{timed[1]} {clock}", f"{form} {hour}" + (" %p" if timed[3] else ""))


def date_of(text: str, form: str, plan: dict) -> datetime | None:
    """A text as a date as `parse_date` has it, its year of two digits by the plan's `pivot`.

    >>> date_of("26/03/42", "%d/%m/%y", {"pivot": 2030})
    datetime.datetime(1942, 3, 26, 0, 0)
    """
    date, pivot = parse_date(text, form), plan.get("pivot")
    return in_century(date, pivot) if date and pivot and "%y" in form else date


def in_century(date: datetime, pivot: int) -> datetime | None:
    """A date of a year of two digits in the hundred years that end with `pivot`.

    >>> in_century(datetime(2042, 3, 26), 2030), in_century(datetime(1971, 5, 1), 2075)
    (datetime.datetime(1942, 3, 26, 0, 0), datetime.datetime(2071, 5, 1, 0, 0))
    """
    year = date.year - 100 * -(-(date.year - pivot) // 100)
    try:
        return date.replace(year=year)
    except ValueError:  # the 29th of February
        return None


def swapped_format(form: str) -> str:
    """A date format with day and month exchanged.

    >>> swapped_format("%d/%m/%Y"), swapped_format("%Y/%m/%d"), swapped_format("iso")
    ('%m/%d/%Y', '', '')
    """
    if form.startswith("%Y") or "%m" not in form:
        return ""
    return form.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d")
