"""One text as a date: the formats that are known, and what a text says in one of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

from .dates_in_words import in_plain_form
from .numbered_dates import EPOCH, of_epoch
from .serial_days import SERIAL, day_of, number_of
from .tidy_text import LONGEST

DATE_FORMATS = (  # each may be followed by a time of day (see `parse_date`)
    "iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%Y%m%d", "%m/%d/%y", "%d/%m/%y",
    "%d.%m.%y", "%d-%b-%y", "%Y.%m.%d", "%d-%m-%y", "%d%b%Y", "%y/%m/%d", "%y-%m-%d", "%y.%m.%d",
    "%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%y",
)  # fmt: skip
WIDTHS = {"%Y%m%d": 8, "%Y%m": 6}  # without separators, fewer digits would read as well
SHORT_YEAR = "%-y"  # a year of two digits that may lack its zero; only a person asks for it
YEARS = range(1900, 2101)  # of a format without a day: 1234-05 is a code
OF_NUMBERS = {SERIAL: day_of, EPOCH: of_epoch}
_TIME = re.compile(
    r"(.*\S)[ T]+(\d{1,2}:\d{2}(?::\d{2})?)([.,]\d{1,6})?(?:\s*([AaPp])\.?[Mm]\.?)?"
    r"(?:\s*(Z|GMT|UTC|[+-]\d{2}:?\d{2}))?"
)
_COMPACT = re.compile(r"(\d{8})T?(\d{4}(?:\d\d)?(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)")
_MIDNIGHT = re.compile(r"(.{8,}[ T])24:00(?::00(?:[.,]0+)?)?$")  # of the day before
_DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")  # thousandths since 1970


def parse_date(text: str, form: str) -> datetime | None:
    """A text as a date without a time zone (UTC where the text names one), or None.

    A time of day may follow a format of days alone.

    >>> parse_date("2013-01-01T10:00:00Z", "iso"), parse_date("31/12/2013 9:05", "%d/%m/%Y")
    (datetime.datetime(2013, 1, 1, 10, 0), datetime.datetime(2013, 12, 31, 9, 5))
    """
    text = str(text).strip()
    if len(text) > LONGEST:
        return None
    if form == "iso":
        return _of_iso(text)
    return _of_format(text, form) or _of_format(in_plain_form(text), form, text)


def _of_iso(text: str) -> datetime | None:
    if counted := _DOTNET.fullmatch(text):
        return datetime(1970, 1, 1) + timedelta(milliseconds=int(counted[1]))
    if ended := _MIDNIGHT.fullmatch(text):
        day = _of_iso(ended[1].rstrip(" T"))
        return day and day + timedelta(days=1)
    return _of_plain_iso(text)


def _of_plain_iso(text: str) -> datetime | None:
    """A moment as ISO 8601 has it, with separators or without."""
    if compact := _COMPACT.fullmatch(text) if text[:8].isdecimal() else None:
        text = "T".join(compact.groups())
    elif len(text) < 8 or "-" not in text[:8]:  # such as "20130101"
        return None
    try:
        return _in_utc(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None


def _of_format(text: str, form: str, tried: str = "") -> datetime | None:
    """A text as a date in a format; None for none, or for the text that was `tried` before."""
    if text == tried or len(text) < WIDTHS.get(form, 0) or _lacks_signs(text, form):
        return None
    if form.startswith(SHORT_YEAR):  # strptime asks for two digits
        text, form = text if text[1:2].isdecimal() else f"0{text}", plain_year(form)
    try:
        date = OF_NUMBERS[form](text) if form in OF_NUMBERS else _in_utc(_strptime(text, form))
    except (ValueError, OverflowError):
        return None
    return date if form in OF_NUMBERS or "%d" in form or date.year in YEARS else None


def _lacks_signs(text: str, form: str) -> bool:
    """Whether a text lacks a sign that a format has between its parts."""
    return any(sign not in text for sign in _signs(form))


@cache
def _signs(form: str) -> str:
    return "".join(set(re.sub("%-?[A-Za-z]|[^-/.,]", "", form)) if "%" in form else "")


def _in_utc(date: datetime) -> datetime:
    return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date


def written(date: datetime, form: str) -> str:
    """A moment as a text in a format; of a format of days alone, a time of day is left out.

    >>> written(datetime(2023, 3, 15), "iso"), written(datetime(2023, 3, 15), "serial")
    ('2023-03-15 00:00:00', '45000')
    """
    if form in OF_NUMBERS:
        return number_of(date) if form == SERIAL else f"{date.replace(tzinfo=UTC).timestamp():.0f}"
    return date.isoformat(sep=" ") if form == "iso" else date.strftime(plain_year(form))


def plain_year(form: str) -> str:
    """A format whose year has two digits, of one that takes one, too: 9/2/14 is of 2009.

    >>> plain_year("%-y/%m/%d")
    '%y/%m/%d'
    """
    return form.replace(SHORT_YEAR, "%y")


def is_format(form) -> bool:
    """Whether what is given is a format that dates can be read by.

    >>> is_format("%d.%m.%Y"), is_format("iso"), is_format("dd.mm")
    (True, True, False)
    """
    if form in DATE_FORMATS or form in OF_NUMBERS:
        return True
    try:
        moment = datetime(2001, 2, 3, 4, 5, 6)
        said = moment.strftime(plain_year(form))
        return "%" in form and parse_date(said, form) is not None
    except (TypeError, ValueError):
        return False


_PARTS = {  # as strptime reads them
    "%d": r"(?P<day>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])",
    "%m": r"(?P<month>1[0-2]|0[1-9]|[1-9])",
    "%Y": r"(?P<year>\d{4})",
    "%y": r"(?P<year>\d{2})",
}
_OF_DIGITS = re.compile(r"(%[dmYy][-/.]?){3}")
LAST_YEAR = 68  # that two digits mean in this century, by POSIX


@cache
def _pattern(form: str) -> re.Pattern | None:
    """What reads a format of a day in digits alone; None for another format."""
    if not _OF_DIGITS.fullmatch(form) or len(set(re.findall("%[dm]|%[yY]", form.lower()))) < 3:
        return None
    return re.compile(re.sub("%.", lambda part: _PARTS[part[0]], form.replace(".", r"\.")))


def _day_of(text: str, form: str) -> datetime:
    """As `datetime.strptime`, which takes ten times as long."""
    if (pattern := _pattern(form)) is None:
        return datetime.strptime(text, form)
    if not (found := pattern.fullmatch(text)):
        raise ValueError(text)
    year = int(found["year"])
    if "%y" in form:
        year += 2000 if year <= LAST_YEAR else 1900
    return datetime(year, int(found["month"]), int(found["day"]))


def _strptime(text: str, form: str) -> datetime:
    has_day_alone = "%d" in form and "%H" not in form and "%I" not in form
    timed = _TIME.fullmatch(text) if ":" in text and has_day_alone else None
    if not timed:
        return _day_of(text, form)
    day, clock, fraction, half, zone = timed.groups()
    date = _with_time(day, form, clock, half, zone)
    return date + timedelta(seconds=float(f"0.{(fraction or '.0')[1:]}"))


def _with_time(day: str, form: str, clock: str, half: str | None, zone: str | None) -> datetime:
    """A day with a time: a clock, perhaps with a.m. or p.m., and a time zone."""
    hour = ("%I" if half else "%H") + ":%M" + (":%S" if clock.count(":") == 2 else "")
    parts, forms = [day, clock], [form, hour]
    if half:
        parts, forms = [*parts, f"{half}m"], [*forms, "%p"]
    if zone:
        parts, forms = [*parts, "+0000" if zone.isalpha() else zone], [*forms, "%z"]
    return datetime.strptime(" ".join(parts), " ".join(forms))


def date_of(text: str, form: str, plan: dict) -> datetime | None:
    """A text as a date as `parse_date` has it, its year of two digits by the plan's `pivot`.

    >>> date_of("26/03/42", "%d/%m/%y", {"pivot": 2030})
    datetime.datetime(1942, 3, 26, 0, 0)
    """
    date, pivot = parse_date(text, form), plan.get("pivot")
    return in_century(date, pivot) if date and pivot and "%y" in plain_year(form) else date


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
    if form.startswith(("%Y", "%y", SHORT_YEAR)) or not {"%d", "%m"} <= set(re.findall("%.", form)):
        return ""
    return form.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d")
