"""Times of day in any form: `9:40 p.m.`, `9:40pMar 4`, `Sat 21:40`, `12 midnight`, `0940`.

Whatever else a text says (a weekday, a date, a gate) it holds one time, or it is not read. The
canonical form is `HH:MM`, with seconds where there are some.
"""

from __future__ import annotations

import re
from collections import Counter
from math import cos, pi, sin
from typing import NamedTuple

from .durations import clock_of

LONGEST_TIME = 60  # letters
MINUTES_OF_A_DAY = 1_440
TIME = "time of day"
PLAIN_SHARE = 0.3  # of the different texts are a time and nothing else: dates with a time are not
_HALF = (
    r"\s*(?:(?P<half>[AaPp])\.?\s?(?:m(?![a-z])|M(?![A-Za-z]))\.?"  # p.m., pm, pmMar 4
    r"|(?P<glued>[ap])(?=[A-Z])|(?P<short>[AaPp])\.?(?![A-Za-z]))"  # pMar 4; p
)
_CLOCK = re.compile(
    r"(?<![\w:.,/+-])(?P<hour>\d{1,2})(?:(?P<mark>[:.h])(?P<minute>[0-5]\d)"
    rf"(?::(?P<second>[0-5]\d)(?:[.,]\d+)?)?)?(?![\d:%])(?:{_HALF})?"
)
_NAMED = re.compile(r"(?i)\b(?:12(?:[:.]00)?\s*)?(noon|midday|midnight)\b")
_DIGITS = re.compile(r"([01]\d|2[0-3])([0-5]\d)")
_ZONE = re.compile(r"(?<=\d\d:\d\d:\d\d)(?:\.\d+)?\s?[+-]\d\d:?\d\d$|(?<=\d)Z$")
_OPEN = re.compile(r"\s*[AaPp]\.?\s?[Mm]|\s*[-\u2013]\s*\d")  # half a day that was not told, a span
_BESIDE = re.compile(
    r"(?i)[\s,;.()]+|\b(?:uhr|h|hrs?|hours|o'clock|local|time|utc|gmt|[ecmp][sd]t)\b\.?"
)


class Found(NamedTuple):
    """What a text reads as, and whether it says nothing else."""

    value: str
    plain: bool


def parse_time(text: str) -> Found | None:
    """The time of day in a text as HH:MM, and whether nothing else stands there; None for none.

    >>> parse_time("9:40pMar 4"), parse_time("12 midnight")
    (Found(value='21:40', plain=False), Found(value='00:00', plain=True))
    >>> parse_time("9:40 - 10:20"), parse_time("25:10")
    (None, None)
    """
    if len(text) > LONGEST_TIME:
        return None
    if digits := _DIGITS.fullmatch(text):
        return Found(f"{digits[1]}:{digits[2]}", True)
    found, rest = _times_in(_ZONE.sub("", re.sub(r"(?<=\d)T(?=\d)", " ", text)))
    value = found.pop() if len(found) == 1 else ""
    return Found(value, not _BESIDE.sub("", rest)) if value and ":" not in rest else None


def _times_in(text: str) -> tuple[set[str], str]:
    """The times that a text names ("" for one that is none or may be two), and what is left."""
    named, rest = _NAMED.search(text), _NAMED.sub(" ", text)
    found = {"00:00" if named[1].casefold() == "midnight" else "12:00"} if named else set()
    text = rest
    for match in filter(_is_time, _CLOCK.finditer(text)):
        found.add("" if _OPEN.match(text, match.end()) else _of_match(match))
        rest = rest.replace(match[0], " ", 1)
    return found, rest


def _is_time(match: re.Match) -> bool:
    """Whether digits are a time: with a colon, or with a half of the day."""
    return match["mark"] in (":", "h") or bool(_half_of(match))


def _half_of(match: re.Match) -> str:
    return (match["half"] or match["glued"] or match["short"] or "").casefold()


def _of_match(match: re.Match) -> str:
    """HH:MM of hour, minute and half of the day; "" where no clock shows that."""
    hour, half = int(match["hour"]), _half_of(match)
    if half and not (hour == 0 and half == "a" or 1 <= hour <= 12):
        return ""
    hour = hour % 12 + 12 * (half == "p") if half else hour % 24 if hour <= 24 else 99
    second = f":{match['second']}" if int(match["second"] or 0) else ""
    return f"{hour:02d}:{match['minute'] or '00'}{second}" if hour < 24 else ""


def minutes_of_day(value: str) -> float:
    """Minutes since midnight of a time in its canonical form.

    >>> minutes_of_day("21:40"), minutes_of_day("00:00:30")
    (1300.0, 0.5)
    """
    hour, minute, *second = map(int, value.split(":"))
    return hour * 60 + minute + sum(second) / 60


def are_times(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether words that mostly read as times are times of day, by what those alone show.

    Dates with a time are dates, and lengths of time lengths (see `durations.clock_of`); digits
    alone show nothing.
    """
    plain = Counter({w: words[w] for w, one in found.items() if one.plain and not w.isdigit()})
    if len(plain) < PLAIN_SHARE * len(words):
        return False
    colons = Counter({w: n for w, n in plain.items() if ":" in w})
    if any(_half(w) for w in plain):
        return True
    return clock_of(colons, name) == TIME if len(colons) > 1 else False


def _half(text: str) -> bool:
    return bool(_NAMED.search(text)) or any(_half_of(m) for m in _CLOCK.finditer(text))


PARTS = {
    "minutes": minutes_of_day,
    "sin": lambda value: sin(2 * pi * minutes_of_day(value) / MINUTES_OF_A_DAY),
    "cos": lambda value: cos(2 * pi * minutes_of_day(value) / MINUTES_OF_A_DAY),
}
