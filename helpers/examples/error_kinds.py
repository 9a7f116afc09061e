"""The kinds of injected errors: which columns each fits, and how it changes a cell's text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cells import alias_groups, unit_conversion
from ..cells.date_formats import parse_date
from ..cells.tidy_text import without_accents
from .error_columns import ColumnToSpoil, folded_letters

NULL_WORDS = ("N/A", "-", "unknown", "n/a", "NULL", "?")
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
OTHER_DATES = ("%d %b %Y", "%b %d, %Y", "%Y/%m/%d")
OTHER_UNITS = {"kg": "lb", "mi": "km", "cm": "in", "°F": "°C", "mph": "km/h", "ft": "m", "l": "gal"}


NOT_HERE = object()  # what a planter answers where its error can't be made


def _missing(text: str, column: ColumnToSpoil, random) -> None:
    return None


def _null_word(text: str, column: ColumnToSpoil, random) -> str:
    if column.code and random.random() < 0.5:
        return column.code
    return NULL_WORDS[random.integers(len(NULL_WORDS))]


def _same_word(text: str, spoilt: str, column: ColumnToSpoil):
    """A variant of a word, unless it is itself, or another sound value of the column."""
    return NOT_HERE if spoilt == text or spoilt in column.values else spoilt


def _case(text: str, column: ColumnToSpoil, random):
    ways = [
        way for way in (text.upper(), text.lower(), text.title(), text.swapcase()) if way != text
    ]
    return _same_word(text, ways[random.integers(len(ways))], column) if ways else NOT_HERE


def _space(text: str, column: ColumnToSpoil, random):
    ways = [f" {text}", f"{text} ", f"{text}\u00a0"]
    if " " in text:
        ways += [text.replace(" ", "  ", 1), text.replace(" ", "\u00a0", 1)]
    return _same_word(text, ways[random.integers(len(ways))], column)


def _unicode(text: str, column: ColumnToSpoil, random):
    ways = ["".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)]
    ways.append(unicodedata.normalize("NFD", text))
    ways.append(text.replace("-", "\u2010").replace("'", "\u2019"))
    ways = [way for way in ways if way != text]
    return _same_word(text, ways[random.integers(len(ways))], column) if ways else NOT_HERE


def _accent(text: str, column: ColumnToSpoil, random):
    return _same_word(text, without_accents(text), column)


def _mojibake(text: str, column: ColumnToSpoil, random):
    raw = text.encode("utf-8")
    for encoding in ("cp1252", "latin-1"):
        try:
            return _same_word(text, raw.decode(encoding), column)
        except UnicodeDecodeError:
            continue
    return NOT_HERE


def _alias(text: str, column: ColumnToSpoil, random):
    ways = [n for n in alias_groups.other_names(text, column.group) if n not in column.values]
    return ways[random.integers(len(ways))] if ways else NOT_HERE


def _typo(text: str, column: ColumnToSpoil, random):
    places = [n for n, mark in enumerate(text) if mark.isalpha()]
    if len(places) < 4:
        return NOT_HERE
    at = places[random.integers(len(places))]
    letter = "abcdefghijklmnopqrstuvwxyz"[random.integers(26)]
    letter = letter.upper() if text[at].isupper() else letter
    spoilt = _mistyped(text, at, letter, random.integers(4))
    return NOT_HERE if folded_letters(spoilt) in column.folded else spoilt


def _mistyped(text: str, at: int, letter: str, way: int) -> str:
    """A text with a letter left out, put in, replaced or exchanged with the next."""
    if way == 0:
        return text[:at] + text[at + 1 :]
    if way == 1:
        return text[:at] + letter + text[at:]
    if way == 2 or not text[at + 1 : at + 2].isalpha():
        return text[:at] + letter + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _number_as_text(text: str, column: ColumnToSpoil, random):
    grouped = f"{float(text):,.10f}".rstrip("0").rstrip(".") if "e" not in text else text
    if column.decoration == "$":
        return f"-${text[1:]}" if text.startswith("-") else f"${text}"
    if column.decoration == "%":
        return f"{text} %"
    if column.decoration == "unit":
        return f"{text} {column.unit}"
    return grouped if grouped != text else NOT_HERE


def _unit(text: str, column: ColumnToSpoil, random):
    own = unit_conversion.known(column.unit)
    other = OTHER_UNITS.get(own) or next((a for a, b in OTHER_UNITS.items() if b == own), None)
    if other is None:
        return NOT_HERE
    return f"{unit_conversion.convert(float(text), own, other):.8g} {other}"


def _with_time(moment, form: str) -> str:
    clock = " %H:%M:%S" if moment.second else " %H:%M" if moment.hour or moment.minute else ""
    return moment.strftime(form + clock)


def _date(text: str, column: ColumnToSpoil, random):
    moment = parse_date(text, "iso")
    if moment is None:
        return NOT_HERE
    ways = OTHER_DATES + ((DAY_FIRST, MONTH_FIRST) if moment.day > 12 else ())
    return _with_time(moment, ways[random.integers(len(ways))])


def _ambiguous_date(text: str, column: ColumnToSpoil, random):
    moment = parse_date(text, "iso")
    if moment is None or moment.day > 12 or moment.day == moment.month:
        return NOT_HERE
    return _with_time(moment, (DAY_FIRST, MONTH_FIRST)[random.integers(2)])


def _impossible(text: str, column: ColumnToSpoil, random) -> str:
    value, width = float(text), max(column.high - column.low, abs(column.high), 1.0)
    far = column.high + width * random.uniform(100, 10_000)
    far = -value if column.low > 0 and random.random() < 0.5 else far
    return f"{far:.10g}"


def _is_text(column: ColumnToSpoil) -> bool:
    return column.kind == "text"


def _has_letters(column: ColumnToSpoil) -> bool:
    return _is_text(column) and any(any(m.isalpha() for m in v) for v in _some(column.values))


def _has_accents(column: ColumnToSpoil) -> bool:
    return _is_text(column) and not all(value.isascii() for value in column.values)


def _has_aliases(column: ColumnToSpoil) -> bool:
    return bool(column.group)


def _some(values: set[str]) -> list[str]:
    return sorted(values)[:2000]


def _holds_numbers(column: ColumnToSpoil) -> bool:
    return column.kind == "number" and np.isfinite(column.low)


def _any(column: ColumnToSpoil) -> bool:
    return True


@dataclass(frozen=True)
class _Planter:
    """A kind of error: the columns that it fits, and how a cell's text is spoilt."""

    fits: Callable[[ColumnToSpoil], bool]
    write: Callable | None


PLANTERS = {  # in the order of planting: units need to know which numbers have theirs already
    "number as text": _Planter(_holds_numbers, _number_as_text),
    "unit": _Planter(lambda column: _holds_numbers(column) and bool(column.unit), _unit),
    "alias": _Planter(_has_aliases, _alias),
    "accent": _Planter(_has_accents, _accent),
    "mojibake": _Planter(_has_accents, _mojibake),
    "date": _Planter(lambda column: column.kind == "date", _date),
    "ambiguous date": _Planter(lambda column: column.kind == "date", _ambiguous_date),
    "impossible": _Planter(_holds_numbers, _impossible),
    "case": _Planter(_has_letters, _case),
    "space": _Planter(_is_text, _space),
    "unicode": _Planter(_is_text, _unicode),
    "typo": _Planter(_has_letters, _typo),
    "swapped": _Planter(_any, None),
    "null word": _Planter(lambda column: column.kind != "other", _null_word),
    "missing by another": _Planter(_any, _missing),
    "missing": _Planter(_any, _missing),
}


def typing_error(text: str, random) -> str | None:
    """The text with one typing error or in another case, by a NumPy generator; None for neither.

    >>> typing_error("Boston", np.random.default_rng(0)) != "Boston"
    True
    """
    blank = ColumnToSpoil(pd.Series(dtype="str"), "text", np.zeros(0, dtype=bool))
    for way in (_typo, _case)[:: 1 if random.random() < 0.7 else -1]:
        spoilt = way(text, blank, random)
        if spoilt is not NOT_HERE:
            return spoilt
    return None
