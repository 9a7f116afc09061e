"""One text as a number or a quantity."""

from __future__ import annotations

import math
import re
from collections import Counter

from . import unit_conversion
from .compound_measures import parse_compound
from .currencies import CURRENCY_PATTERN
from .durations import SECONDS, parse_duration
from .tidy_text import DASHES, LONGEST, tidy
from .typeset_numbers import parse_typeset

PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_OF_DIGITS = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,50})?")  # read at once: most numbers are so
_NUMBERS = {  # a decimal point with thousands separated by commas, spaces or apostrophes (in India
    # by commas after two digits, too); a comma
    "point": re.compile(r"[+-]?([1-9]\d{0,2}([, ']\d{3})+|[1-9]\d?(,\d\d)+,\d{3})(\.\d+)?"),
    "comma": re.compile(r"[+-]?([1-9]\d{0,2}([. ']\d{3})+|\d+)(,\d+)?"),
}
_CURRENCY = rf"(?i:{CURRENCY_PATTERN})"
_GLUED = re.compile(
    rf"(?P<sign>[+-])?\s*(?P<before>{_CURRENCY})?\s*(?P<number>[+-]?[\d., ']*\d\.?)"
    rf"\s*(?P<unit>%|{_CURRENCY}|[A-Za-z°µμ/]{{1,12}}[23²³]?\.?)?"
)
_BRACKETS = re.compile(rf"((?:{_CURRENCY})?)\s*\(([^()]*\d[^()]*)\)\s*(%|(?:{_CURRENCY})?)")
_UNIT_IN_BRACKETS = re.compile(r"(.*\d\.?)\s*[(\[]\s*([^\W\d][^\d()\[\]]{0,20})[)\]]")  # 12 (oz)
_BEHIND = re.compile(rf"((?:{_CURRENCY})?\s*[\d., ']*)(-{{1,2}})\s*(%|(?:{_CURRENCY})?)")
_BEYOND = re.compile(
    r"(<=|=<|<|≤|under |below |less than |up to |>=|=>|>|≥|over |above |more than |at least )"
    r"\s*(\D?[\d.,].*)|(.*\d.*?) ?(\+| or more| and over| and above| or less| and under)",
    re.IGNORECASE,
)
_BELOW = ("<", "=<", "≤", "under", "below", "less", "up", "or less", "and under")
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u00b4\u2032\uff07\u066c`", "'") | {"\u066b": "."}
)  # the signs of thousands and of decimals among Arabic digits, too
_POWER_WITH_COMMA = re.compile(r"[+-]?\d+,\d+[eE][+-]?\d+")
MAGNITUDES = {
    **{"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9},
    **{"t": 1e12, "tn": 1e12, "lac": 1e5, "lakh": 1e5, "lakhs": 1e5, "cr": 1e7, "crore": 1e7},
}


def parse_number(text: str, style: str = "point") -> float | None:
    """A text as a number, or None. `style` says what the decimal sign is: "point" or "comma".

    >>> parse_number("1,234.50"), parse_number("1.234,5", "comma"), parse_number("x")
    (1234.5, 1234.5, None)
    """
    text = _plain(text)  # narrow spaces, apostrophes and minus signs as plain ones
    if len(text) > LONGEST:
        return None
    if not (PLAIN_NUMBER.fullmatch(text) and style == "point"):
        if not _NUMBERS[style].fullmatch(text):
            return None
        text = _without_separators(text, style)
    value = float(text)
    return value if math.isfinite(value) else None


def _plain(text) -> str:
    text = str(text)
    if text.isascii():
        return tidy(text.replace("`", "'"))
    text = tidy(text.translate(_APOSTROPHES)).translate(DASHES)
    return text.replace(" \u0301", "'")  # what tidying makes of an acute accent by itself


def _without_separators(text: str, style: str) -> str:
    """A number without its signs of thousands, and with a decimal point."""
    plain = re.sub(r"[ ']", "", text)
    return plain.replace(",", "") if style == "point" else plain.replace(".", "").replace(",", ".")


def parse_quantity(text: str, style: str = "point") -> tuple[float, str] | None:
    """A number with a currency sign, per cent sign or unit glued on, and that unit; or None.

    As in ledgers, a minus may be brackets or stand behind, and a dash stands for no cents or, with
    a currency, for nothing. A length of time that says its parts comes in seconds.

    >>> parse_quantity("$1,200"), parse_quantity("12 %"), parse_quantity("3kg")
    ((1200.0, '$'), (12.0, '%'), (3.0, 'kg'))
    >>> parse_quantity("$(1,200)"), parse_quantity("1303.16-"), parse_quantity("$ -")
    ((-1200.0, '$'), (-1303.16, ''), (0.0, '$'))
    >>> parse_quantity("CHF 1’234.-"), parse_quantity("1h 20m"), parse_quantity("12 (oz)")
    ((1234.0, 'CHF'), (4800.0, 's'), (12.0, 'oz'))
    """
    if (plain := _OF_DIGITS.fullmatch(text)) and (style == "point" or not plain[1]):
        return float(text), ""
    text = _plain(text)
    if len(text) > LONGEST:
        return None
    match = _GLUED.fullmatch(text)
    if not match:
        is_power = style == "comma" and _POWER_WITH_COMMA.fullmatch(text)
        return (float(text.replace(",", ".")), "") if is_power else _parse_marked(text, style)
    if not _has_one_sign_and_unit(match):
        return None
    if (value := parse_number(match["number"], style)) is None:
        return parse_compound(text)
    value, unit = -value if match["sign"] == "-" else value, match["unit"] or ""
    return (scaled(value, unit), match["before"]) if match["before"] else (value, unit)


def scaled(value: float, magnitude: str) -> float:
    """A number of thousands, millions …; as it is without a known magnitude.

    >>> scaled(1.2, "M"), scaled(3, "k"), scaled(3, "")
    (1200000.0, 3000.0, 3)
    """
    factor = MAGNITUDES.get(magnitude.casefold().rstrip("."))
    return float(f"{value * factor:.15g}") if factor else value


def _parse_marked(text: str, style: str) -> tuple[float, str] | None:
    """An amount as ledgers write it, or a length of time in its parts; None for another text."""
    if text[-1:] in ")]" and (named := _UNIT_IN_BRACKETS.fullmatch(text)):
        found = parse_quantity(" ".join(named.groups()), style)
        return found if found and unit_conversion.known(found[1]) else None
    if text[-1:] == ")" or text[-2:-1] == ")":
        if ledger := _BRACKETS.fullmatch(text):
            return _minus(parse_quantity("".join(ledger.groups()), style))
    elif "-" in text[-6:] and (behind := _BEHIND.fullmatch(text)):
        return _parse_dash_behind(*behind.groups(), style)
    for value, unit in ((parse_typeset(text), ""), (parse_duration(text), SECONDS)):
        if value is not None:
            return value, unit
    joined = unit_conversion.in_one_word(text)
    return parse_compound(text) if joined == text else parse_quantity(joined, style)


def is_ledger(text: str) -> bool:
    """Whether an amount is written as in ledgers: in brackets, a minus or only a dash behind.

    >>> is_ledger("$(5.20)"), is_ledger("1303.16-"), is_ledger("$ -"), is_ledger("-5.20")
    (True, True, True, False)
    """
    return (
        text[-1:] in ("-", ")")
        and len(text) > 1
        and _parse_marked(_plain(text), "point") is not None
    )


def _minus(found: tuple[float, str] | None) -> tuple[float, str] | None:
    return (-found[0], found[1]) if found and found[0] > 0 else None


def _parse_dash_behind(number: str, dash: str, unit: str, style: str) -> tuple[float, str] | None:
    """An amount with a dash behind it: for minus, for no cents, or all there is (nothing)."""
    digits = re.sub(r"\D", "", number)
    if not digits:
        return (0.0, number.strip() or unit) if number.strip() or unit else None
    if number[-1] in ".,":
        return parse_quantity(f"{number[:-1]} {unit}", style)
    is_amount = unit or len(digits) > 2 or not number.strip().isdigit()
    return _minus(parse_quantity(f"{number} {unit}", style)) if dash == "-" and is_amount else None


def _has_one_sign_and_unit(match: re.Match) -> bool:
    """Whether a number has no unit on both sides, and no sign before and after a currency.

    Behind it may stand a magnitude: $1.2M.
    """
    unit = (match["unit"] or "").casefold().rstrip(".")
    has_two_units = match["before"] and unit and unit not in MAGNITUDES
    has_two_signs = match["sign"] and match["number"][0] in "+-"
    return not has_two_units and not has_two_signs


def parse_beyond(text: str, style: str = "point") -> tuple[float, str, str] | None:
    """A value below or above a limit, "<5" or "100+": the limit, its unit, "<" or ">"; or None.

    >>> parse_beyond("< 0.5 mg"), parse_beyond("100+"), parse_beyond("≥ 3"), parse_beyond("5")
    ((0.5, 'mg', '<'), (100.0, '', '>'), (3.0, '', '>'), None)
    """
    text = _plain(text)
    if len(text) > LONGEST or not (match := _BEYOND.fullmatch(text)):
        return None
    found = parse_quantity(match[2] or match[3], style)
    mark = (match[1] or match[4]).strip().casefold()
    return found and (*found, "<" if mark.startswith(_BELOW) else ">")


def parse_leading_quantity(text: str, style: str = "point") -> tuple[float, str] | None:
    """A number with a known unit and words after it, as `parse_quantity` has it; or None.

    >>> parse_leading_quantity("24.0 oz. in a can"), parse_leading_quantity("3 brown dogs")
    ((24.0, 'oz.'), None)
    """
    parts = unit_conversion.in_one_word(tidy(str(text))).split(" ")
    for count in (1, 2):
        rest = parts[count:]
        if rest and not any(mark.isdigit() for mark in "".join(rest)):
            found = parse_quantity(" ".join(parts[:count]), style)
            if found and unit_conversion.known(found[1]):
                return found
    return None


def share_read(words: Counter, reads) -> float:
    """The share of cells whose word reads as something; `words` counts the cells of each word."""
    return sum(n for word, n in words.items() if reads(word) is not None) / max(words.total(), 1)


def singular(word: str) -> str:
    """A word behind a number, in small letters, without a point or a plural's s.

    >>> singular("Items.")
    'item'
    """
    return word.casefold().rstrip(".").removesuffix("s")


def is_unit(named: str, word: str = "") -> bool:
    """Whether what stands behind a number is nothing, a known unit, or the column's own word.

    >>> is_unit("kg"), is_unit("people"), is_unit("Items", "item")
    (True, False, True)
    """
    return not named or bool(unit_conversion.known(named)) or singular(named) == singular(word)


def minutes(named: str, is_time: bool) -> str:
    """A unit as a cell names it; of times, "m" is the minute, not the metre.

    >>> minutes("m", True), minutes("m", False), minutes("h", True)
    ('min', 'm', 'h')
    """
    return "min" if is_time and named in ("m", "M", "m.") else named
