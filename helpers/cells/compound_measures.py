"""Measures of two parts, such as `5'7"` or `7 lb 3 oz`, in the unit of the smaller one."""

from __future__ import annotations

import re

_SIZE = r"(\d+(?:\.\d+)?)"
_INCHES = rf"{_SIZE} ?(?:\"|''|in\b\.?|inch(?:es)?|)"
_FEET = re.compile(rf"(\d+) ?(?:'|ft\b\.?|ft(?=\d)|feet|foot)[ ,-]?(?:{_INCHES})?", re.IGNORECASE)
_INCHES_ALONE = re.compile(rf"{_SIZE} ?(?:\"|'')")
_POUNDS = re.compile(rf"(\d+) ?(?:lbs?\.?|pounds?),? ?{_SIZE} ?(?:oz\.?|ounces?)", re.IGNORECASE)
_ANGLE = re.compile(rf"(\d{{1,3}}) ?° ?(\d{{1,2}}) ?' ?(?:{_SIZE} ?(?:\"|''))? ?([NSEWnsew])?")
_PRIMES = str.maketrans({"\u2032": "'", "\u2033": '"'})


def parse_compound(text: str) -> tuple[float, str] | None:
    """A measure of two parts as a number and its unit; None for another text.

    >>> parse_compound("5'7\\""), parse_compound("6 ft 2 in"), parse_compound("7 lb 3 oz")
    ((67.0, 'in'), (74.0, 'in'), (115.0, 'oz'))
    >>> parse_compound("40°30'N"), parse_compound("5'13")
    ((40.5, '°'), None)
    """
    text = text.translate(_PRIMES)
    if match := _FEET.fullmatch(text):
        return _sum_of(match, 12, "in")
    if match := _POUNDS.fullmatch(text):
        return _sum_of(match, 16, "oz")
    if match := _INCHES_ALONE.fullmatch(text):
        return float(match[1]), "in"
    return _degrees(match) if (match := _ANGLE.fullmatch(text)) else None


def _sum_of(match: re.Match, size: int, unit: str) -> tuple[float, str] | None:
    """So many large parts and small ones; None where the small ones would make a large one."""
    small = float(match[2] or 0)
    return (int(match[1]) * size + small, unit) if small < size else None


def _degrees(match: re.Match) -> tuple[float, str] | None:
    whole, minutes, seconds = int(match[1]), int(match[2]), float(match[3] or 0)
    if whole > 180 or minutes > 59 or seconds >= 60:
        return None
    value = whole + minutes / 60 + seconds / 3600
    return (-value if (match[4] or "").upper() in ("S", "W") and match[4] else value), "°"
