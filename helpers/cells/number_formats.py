"""One text as a number or a quantity, and the number format of a whole column."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from decimal import Decimal

from . import unit_conversion
from .currencies import CURRENCY_PATTERN
from .tidy_text import DASHES, LONGEST, tidy

SURE_SHARE = 0.95  # a column is numeric (or of dates) if at least this share of it reads so
LIKELY_SHARE = 0.85  # this share is enough if the rest are many different texts
PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_LONG = re.compile(r"[+-]?\d{16,}(\.\d*)?")
_NUMBERS = {  # a decimal point with thousands separated by commas, spaces or apostrophes; a comma
    "point": re.compile(r"[+-]?[1-9]\d{0,2}([, ']\d{3})+(\.\d+)?"),
    "comma": re.compile(r"[+-]?([1-9]\d{0,2}([. ]\d{3})+|\d+)(,\d+)?"),
}
_GLUED = re.compile(
    rf"(?P<sign>[+-])?\s*(?P<before>{CURRENCY_PATTERN})?\s*(?P<number>[+-]?[\d., ']*\d\.?)"
    rf"\s*(?P<unit>%|{CURRENCY_PATTERN}|[A-Za-z°µμ/]{{1,12}}[23²³]?\.?)?"
)
_CODE = re.compile(r"\d+[A-Za-z]+\d*|\d+(\.\d+){2,}|[\d-]*\d-\d[\d-]*")  # 5A, 1.2.3, 55-12
_ACCOUNTING = re.compile(r"\(([^()]*\d[^()]*)\)")  # (1,234) is minus 1,234 in a ledger


def parse_number(text: str, style: str = "point") -> float | None:
    """A text as a number, or None. `style` says what the decimal sign is: "point" or "comma".

    >>> parse_number("1,234.50"), parse_number("1.234,5", "comma"), parse_number("x")
    (1234.5, 1234.5, None)
    """
    text = tidy(str(text)).translate(DASHES)  # narrow spaces and minus signs as plain ones
    if len(text) > LONGEST:
        return None
    if not (PLAIN_NUMBER.fullmatch(text) and style == "point"):
        if not _NUMBERS[style].fullmatch(text):
            return None
        text = _without_separators(text, style)
    value = float(text)
    return value if math.isfinite(value) else None


def _without_separators(text: str, style: str) -> str:
    """A number without its signs of thousands, and with a decimal point."""
    plain = re.sub(r"[ ']", "", text)
    return plain.replace(",", "") if style == "point" else plain.replace(".", "").replace(",", ".")


def parse_quantity(text: str, style: str = "point") -> tuple[float, str] | None:
    """A number with a currency sign, per cent sign or unit glued on, and that unit; or None.

    >>> parse_quantity("$1,200"), parse_quantity("12 %"), parse_quantity("3kg")
    ((1200.0, '$'), (12.0, '%'), (3.0, 'kg'))
    """
    text = tidy(str(text)).translate(DASHES)
    if len(text) > LONGEST:
        return None
    if (ledger := _ACCOUNTING.fullmatch(text)) and (inside := parse_quantity(ledger[1], style)):
        return (-inside[0], inside[1]) if inside[0] > 0 else None
    match = _GLUED.fullmatch(text)
    if not match or not _has_one_sign_and_unit(match):
        return None
    if (value := parse_number(match["number"], style)) is None:
        return None
    return (-value if match["sign"] == "-" else value), match["before"] or match["unit"] or ""


def _has_one_sign_and_unit(match: re.Match) -> bool:
    """Whether a number has no unit on both sides, and no sign before and after a currency."""
    has_two_units = match["before"] and match["unit"]
    has_two_signs = match["sign"] and match["number"][0] in "+-"
    return not has_two_units and not has_two_signs


def parse_leading_quantity(text: str, style: str = "point") -> tuple[float, str] | None:
    """A number with a known unit and words after it, as `parse_quantity` has it; or None.

    >>> parse_leading_quantity("24.0 oz. in a can"), parse_leading_quantity("3 brown dogs")
    ((24.0, 'oz.'), None)
    """
    parts = tidy(str(text)).split(" ")
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


def number_format(words: Counter, unit: str = "") -> dict | None:
    """How the words of a column read as numbers, {"style": …, "unit": …}, or None if they do not.

    At least 95 % of the cells must read, in units that can be told in one another; less (85 %) is
    enough when what does not read is of many sorts, each of them rare. `unit` is the column's, if
    a person knows it; otherwise it is the one that most cells name, or of two about equally
    frequent the one that fits the plain numbers. A code with a leading zero (a ZIP), or letters
    glued to digits that are no unit (5A), make the column none of numbers, and so do digits that a
    float would lose (an account of 20 digits).

    >>> number_format(Counter(["1.234,5", "7,25"])), number_format(Counter(["$5", "$1,200"]))
    ({'style': 'comma'}, {'unit': '$'})
    >>> number_format(Counter({"3 kg": 8, "6.6 lbs": 1, "4": 90}))
    {'unit': 'kg'}
    """
    if any(word.isdigit() and len(word) > 1 and word[0] == "0" for word in words):
        return None
    style, quantities = _read_in_best_style(words)
    unit = unit_conversion.known(unit) or _unit_of(words, quantities)
    fits = {w: q for w, q in quantities.items() if _fits(q[1], unit)}
    if not _enough_read(words, fits):
        return None
    return ({} if style == "point" else {"style": style}) | ({"unit": unit} if unit else {})


def _read_in_best_style(words: Counter) -> tuple[str, dict]:
    """The decimal sign that reads most words, and what they read as, units that are known."""
    styles = ("point", "comma")
    found = {style: {w: parse_quantity(w, style) for w in words} for style in styles}
    style = max(styles, key=lambda s: share_read(words, found[s].get))
    read = {w: q for w, q in found[style].items() if q}
    return style, {w: q for w, q in read.items() if not q[1] or unit_conversion.known(q[1])}


def _fits(named: str, unit: str) -> bool:
    """Whether a number in a unit that its cell names, or in none, can be told in a unit."""
    if not named or unit_conversion.known(named) == unit:
        return True
    return unit_conversion.can_convert(named, unit)


def loses_digits(text: str) -> bool:
    """Whether a text is a number of 16 or more whole digits that a float does not keep.

    >>> loses_digits("9007199254740993"), loses_digits("9007199254740992"), loses_digits("1e30")
    (True, False, False)
    """
    if not 16 <= len(text) <= LONGEST or not (
        whole := _LONG.fullmatch(re.sub(r"(?<=\d)[, '](?=\d)", "", text))
    ):
        return False
    return Decimal(whole[0]) != Decimal(float(whole[0]))


def _enough_read(words: Counter, read: dict) -> bool:
    """Whether enough cells read for the others to be errors, not another kind of value.

    Digits that a float would lose are those of a code.
    """
    rest = {word: n for word, n in words.items() if word not in read}
    total, lost = words.total(), sum(rest.values())
    codes = sum(n for word, n in rest.items() if len(word) <= LONGEST and _CODE.fullmatch(word))
    codes += sum(n for word, n in words.items() if word in read and loses_digits(word))
    if codes > max(1, 0.02 * total) or not read:
        return False
    rare = max(rest.values(), default=0) <= max(2, 0.02 * total)
    return lost <= (1 - SURE_SHARE) * total or (
        rare and lost <= (1 - LIKELY_SHARE) * total and len(read) >= 10
    )


def _unit_of(words: Counter, quantities: dict) -> str:
    """The unit that most cells name; of two about as frequent, the one that plain cells fit."""
    named: Counter = Counter()
    for word, (_, unit) in quantities.items():
        if unit:
            named[unit_conversion.known(unit)] += words[word]
    common = named.most_common()
    close = [unit for unit, n in common if 2 * n > common[0][1]] or [""]
    plain = [number for number, unit in quantities.values() if not unit]
    if len(close) == 1 or len(plain) < 10:
        return close[0]
    middle = statistics.median(plain)
    return min(close, key=lambda u: abs(_middle_of(u, quantities) - middle))


def _middle_of(unit: str, quantities: dict) -> float:
    return statistics.median(
        q[0] for q in quantities.values() if unit_conversion.known(q[1]) == unit
    )
