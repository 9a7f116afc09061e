"""Lengths of time and times of day, written with colons, with letters (1h 20m) or as ISO 8601.

Of the same cells, "05:30" may be five and a half minutes, five and a half hours, or half past five
in the morning. `clock_of` settles that for a whole column; its plan keeps it under `clock`.
"""

from __future__ import annotations

import re
from collections import Counter

CLOCKS = {"m:s": "s", "h:m": "s", "time of day": "h"}  # how "05:30" is read, and in which unit
SECONDS = "s"
MOSTLY = 0.95  # of the cells
_COLONS = re.compile(
    r"([+-])?(\d{1,5}):([0-5]\d)(?::([0-5]\d))?([.,]\d+)?(?:\s*([AaPp])\.?[Mm]\.?)?"
)
_DAYS = re.compile(r"([+-])?(\d+) days?,? (?:and )?([+-]?\d{1,2}:\d\d:\d\d(?:\.\d+)?)")
_ISO = re.compile(
    r"([+-])?P(?!$)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?!$)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_PART = r"(\d+(?:\.\d+)?)\s*({})\.?"
_PARTS = re.compile(
    r"([+-])?\s*"
    + r"[\s,]{0,2}".join(
        f"(?:{_PART.format(unit)})?"
        for unit in (
            "weeks?|wks?|w",
            "days?|d",
            "hours?|hrs?|h",
            "minutes?|mins?|m",
            "seconds?|secs?|s",
        )
    ),
    re.IGNORECASE,
)
_HOURS = re.compile(r"([+-])?(\d{1,4}) ?[hH] ?([0-5]\d)")  # 1h05, as the French write
_WEEK, _DAY, _HOUR, _MINUTE = 604_800, 86_400, 3_600, 60
_SIZES = (_WEEK, _DAY, _HOUR, _MINUTE, 1)
_LENGTHS = """
    duration dur elapsed length lap split pace runtime run took taken wait waiting delay cook
    cooking prep preparation played playtime spent talk call hold handle handling track song video
    gap interval uptime downtime age minutes mins secs seconds ride trip travel finish race swim
    bike chip net gun transit work worked session stay processing response dauer laufzeit duree
    durée duracion duración durata
"""
_MOMENTS = """
    at clock opens opening closes closing departure departs arrival arrives scheduled sched bedtime
    wakeup sunrise sunset showtime appointment slot uhrzeit heure hora ora check shift timestamp
    begin begins
"""


def parse_duration(text: str) -> float | None:
    """A length of time that says its parts, in seconds; None for another text.

    One part alone ("5 m") is a number with a unit, and is not read here.

    >>> parse_duration("1h 20m"), parse_duration("PT5M"), parse_duration("2 days 03:00:00")
    (4800.0, 300.0, 183600.0)
    >>> parse_duration("5 m"), parse_duration("1:20")
    (None, None)
    """
    if match := _ISO.fullmatch(text):
        return _sum_of(match[1], match.groups()[1:])
    if match := _DAYS.fullmatch(text):
        seconds = parse_clock(match[3], "m:s")
        return None if seconds is None else _signed(match[1], int(match[2]) * _DAY + seconds)
    if match := _HOURS.fullmatch(text):
        return _signed(match[1], int(match[2]) * _HOUR + int(match[3]) * _MINUTE)
    match = _PARTS.fullmatch(text) if any(mark.isdigit() for mark in text[:6]) else None
    sizes = match.groups()[1::2] if match else ()
    return _sum_of(match[1], sizes) if sum(size is not None for size in sizes) > 1 else None


def _sum_of(sign: str | None, sizes) -> float:
    return _signed(sign, sum(float(n) * size for n, size in zip(sizes, _SIZES, strict=True) if n))


def _signed(sign: str | None, value: float) -> float:
    return -float(value) if sign == "-" else float(value)


def parse_clock(text: str, clock: str) -> float | None:
    """A text with colons in the unit of `CLOCKS`: seconds, or hours since midnight; None for none.

    Three parts are hours, minutes and seconds; `clock` says what two are.

    >>> parse_clock("5:30", "m:s"), parse_clock("5:30", "h:m"), parse_clock("1:00:05", "m:s")
    (330.0, 19800.0, 3605.0)
    >>> parse_clock("5:30 pm", "time of day"), parse_clock("25:30", "time of day")
    (17.5, None)
    """
    if not (match := _COLONS.fullmatch(text)):
        return None
    sign, first, second, third, rest, half = match.groups()
    fraction = float(f"0{(rest or '.0').replace(',', '.')}")
    seconds = _whole_seconds(first, second, third, clock) + fraction
    if clock != "time of day":
        return None if half else _signed(sign, seconds)
    return _hours_of_day(seconds, half) if not sign else None


def _whole_seconds(first: str, second: str, third: str | None, clock: str) -> int:
    """The seconds of two or three parts, without their fraction."""
    if third is None and clock == "m:s":
        return int(first) * _MINUTE + int(second)
    return int(first) * _HOUR + int(second) * _MINUTE + int(third or 0)


def _hours_of_day(seconds: float, half: str | None) -> float | None:
    """Hours since midnight; `half` is a or p of a.m. and p.m."""
    hours = seconds / _HOUR
    if half:
        if not 1 <= hours < 13:
            return None
        hours = hours % 12 + 12 * (half in "Pp")
    return hours if hours <= 24 else None


def clock_of(words: Counter, name: str = "") -> str:
    """How a column's texts with colons are read (a key of `CLOCKS`); "" where they are no times.

    Told by hours past 24, by fractions of seconds, by a.m. and p.m., by the column's name, and
    else by a zero in front ("05:30"), which times of day have. Counts of goals have none.

    >>> clock_of(Counter(["73:10", "58:12"])), clock_of(Counter(["09:30", "17:45"]), "opens")
    ('m:s', 'time of day')
    """
    found = {w: m for w in words if ":" in w and len(w) < 30 and (m := _COLONS.fullmatch(w))}
    cells = sum(words[word] for word in found)
    if not found or cells < MOSTLY * words.total() or len(found) < 2:
        return ""
    return _told_by_cells(words, found, cells) or _told_by_name(name, found)


def _told_by_cells(words: Counter, found: dict, cells: int) -> str:
    if any(match[6] for match in found.values()):
        return "time of day"
    past = sum(words[w] for w, m in found.items() if int(m[2]) > 24 or m[1] == "-")
    if past > 0.01 * cells or any(m[5] and not m[4] for m in found.values()):
        return _length_of(found)
    return ""


def _length_of(found: dict) -> str:
    """Minutes and seconds, unless only some have three parts and minutes would run past sixty."""
    return "m:s" if any(match[4] is None for match in found.values()) else "h:m"


def _told_by_name(name: str, found: dict) -> str:
    named = set(re.sub(r"[^a-zà-ÿ]+", " ", _split_name(name)).split())
    if named & set(_MOMENTS.split()):
        return "time of day"
    if named & set(_LENGTHS.split()):
        return "h:m" if named & {"hours", "worked", "shift"} else _length_of(found)
    padded = all(len(match[2]) == 2 for match in found.values())
    return "time of day" if padded else _length_of(found)


def _split_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold().replace("_", " ")
