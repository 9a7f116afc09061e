"""One value at a time: what a text says, as a number, a date, a yes or no, or nothing at all.

Everything here depends on the value and the named format alone, so that a row is read the same
by itself, in a batch of a million and behind the API.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime

MISSING_WORDS = frozenset(
    {
        "", "-", "--", "---", "?", "??", ".", "n/a", "na", "n.a.", "n.a", "#n/a", "#na", "nan",
        "null", "nil", "none", "(null)", "<na>", "missing", "(missing)", "not available",
        "unknown", "#value!", "#div/0!", "\\n", "nat", "tbd", "—", "–",
    }
)  # fmt: skip
SURE_SHARE = 0.95  # so much of a column must read as numbers or dates to call it that
SURELY_MISSING = MISSING_WORDS - {"none", "unknown", "missing", ".", "tbd"}
BOOLEANS = {
    "yes": True, "no": False, "y": True, "n": False, "true": True, "false": False,
    "t": True, "f": False, "on": True, "off": False,
}  # fmt: skip
DATE_FORMATS = (
    "iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%m/%d/%y",
    "%d/%m/%y",
)  # fmt: skip
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
UNITS = frozenset(
    {
        "%", "$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "kg", "g", "mg", "μg", "lb", "lbs", "oz",
        "t", "km", "m", "cm", "mm", "mi", "miles", "ft", "in", "inch", "yd", "mph", "kmh", "km/h",
        "kph", "kn", "m/s", "°c", "°f", "c", "f", "k", "l", "ml", "cl", "gal", "h", "hr", "hrs",
        "hours", "min", "mins", "minutes", "s", "sec", "ms", "d", "days", "weeks", "months",
        "years", "yr", "yrs", "kb", "mb", "gb", "tb", "hz", "khz", "mhz", "ghz", "w", "kw", "kwh",
        "v", "hp", "bhp", "cc", "ha", "m2", "km2", "m3", "cm3", "sqft", "bar", "hpa", "pa", "psi",
        "pcs", "ppm", "db", "kcal", "cal",
    }
)  # fmt: skip

_SIGNED = re.compile(
    r"\w[+#*<>]|(?<!\w)[-+#*<>!~]\w|\w-(?!\w)|\s[-+#*<>](\s|$)"
)  # A+ and A-, C# and C++, -x and x
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NUMBERS = {  # a decimal point with thousands parted by commas, spaces or apostrophes; a comma
    "point": re.compile(r"[+-]?[1-9]\d{0,2}([, ']\d{3})+(\.\d+)?"),
    "comma": re.compile(r"[+-]?([1-9]\d{0,2}([. ]\d{3})+|\d+)(,\d+)?"),
}
_CURRENCY = r"[$€£¥₹]|USD|EUR|GBP"
_GLUED = re.compile(rf"(?P<sign>[+-])?\s*(?P<before>{_CURRENCY})?\s*(?P<number>[+-]?[\d., ']*\d)"
                    rf"\s*(?P<unit>%|{_CURRENCY}|[A-Za-z°µμ/]{{1,8}}[23]?)?")  # fmt: skip


def tidy(text: str) -> str:
    """Text in one Unicode form (NFKC), with single spaces and none at the ends.

    >>> tidy(" New\u00a0 York ")
    'New York'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def fingerprint(text: str) -> str:
    """A key that spellings of one thing share: case, accents and spaces do not count, nor, without
    digits and signs, punctuation and a turn at a comma (after OpenRefine's fingerprint method,
    which forgets the order of all words; JFK-LAX is not LAX-JFK).

    >>> fingerprint("York, new") == fingerprint("New  York")
    True
    >>> fingerprint("1.5") == fingerprint("15")
    False
    """
    plain = without_accents(tidy(text).casefold())
    if any(mark.isdigit() for mark in plain) or _SIGNED.search(plain):
        return plain
    if plain.count(",") == 1:
        plain = " ".join(reversed(plain.split(",")))
    return " ".join("".join(mark if _in_a_word(mark) else " " for mark in plain).split()) or plain


def without_accents(text: str) -> str:
    """Latin letters without their accents; marks of other scripts make another letter and stay."""
    bare, base = [], ""
    for mark in unicodedata.normalize("NFD", text):
        if "\u0300" <= mark <= "\u036f" and "a" <= base <= "z":
            continue
        bare.append(mark)
        base = mark
    return unicodedata.normalize("NFC", "".join(bare))


def _in_a_word(mark: str) -> bool:
    return mark.isalnum() or mark == "_" or unicodedata.category(mark)[0] == "M"


def parse_number(text: str, style: str = "point") -> float | None:
    """A text as a number, or None. `style` says what the decimal sign is: "point" or "comma".

    >>> parse_number("1,234.50"), parse_number("1.234,5", "comma"), parse_number("x")
    (1234.5, 1234.5, None)
    """
    text = tidy(str(text))  # narrow and no-break spaces as plain ones
    if PLAIN_NUMBER.fullmatch(text) and style == "point":
        value = float(text)
    elif _NUMBERS[style].fullmatch(text):
        plain = re.sub(r"[ ']", "", text)
        plain = plain.replace(",", "") if style == "point" else plain.replace(".", "")
        value = float(plain.replace(",", "."))
    else:
        return None
    return value if math.isfinite(value) else None


def parse_quantity(text: str, style: str = "point") -> tuple[float, str] | None:
    """A number with a currency sign, per cent sign or unit glued on, and that unit; or None.

    >>> parse_quantity("$1,200"), parse_quantity("12 %"), parse_quantity("3kg")
    ((1200.0, '$'), (12.0, '%'), (3.0, 'kg'))
    """
    match = _GLUED.fullmatch(tidy(str(text)))
    if not match or (match["before"] and match["unit"]):
        return None
    if match["sign"] and match["number"][0] in "+-":
        return None
    value = parse_number(match["number"], style)
    if value is None:
        return None
    return (-value if match["sign"] == "-" else value), match["before"] or match["unit"] or ""


def parse_date(text: str, form: str) -> datetime | None:
    """A text as a date without a time zone (UTC where the text names one), or None.

    >>> parse_date("2013-01-01T10:00:00Z", "iso"), parse_date("31/12/2013", "%d/%m/%Y")
    (datetime.datetime(2013, 1, 1, 10, 0), datetime.datetime(2013, 12, 31, 0, 0))
    """
    text = str(text).strip()
    try:
        if form == "iso":
            if len(text) < 8 or "-" not in text[:8]:  # "20130101" may be a number
                return None
            date = datetime.fromisoformat(text)
        else:
            date = datetime.strptime(text, form)
        return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date
    except (ValueError, OverflowError):
        return None


def share_read(words: Counter, reads) -> float:
    """The share of cells whose word reads as something; `words` counts the cells of each word."""
    return sum(n for word, n in words.items() if reads(word) is not None) / max(words.total(), 1)


def number_format(words: Counter) -> dict | None:
    """How the words of a column read as numbers, {"style": …, "unit": …}, or None if they do not.

    At least 95 % of the cells must read, with one unit at most. A code with a leading zero (a ZIP)
    makes the column none of numbers.

    >>> number_format(Counter(["1.234,5", "7,25"])), number_format(Counter(["$5", "$1,200"]))
    ({'style': 'comma'}, {'unit': '$'})
    """
    if any(word.isdigit() and len(word) > 1 and word[0] == "0" for word in words):
        return None
    styles = ("point", "comma")
    found = {style: {w: parse_quantity(w, style) for w in words} for style in styles}
    style = max(styles, key=lambda s: share_read(words, found[s].get))
    if share_read(words, found[style].get) < SURE_SHARE:
        return None
    units: Counter = Counter()
    for word, quantity in found[style].items():
        if quantity and quantity[1]:
            units[quantity[1]] += words[word]
    if len({u.casefold() for u in units}) > 1 or any(u.casefold() not in UNITS for u in units):
        return None
    unit = max(units, key=units.get, default="")
    return ({} if style == "point" else {"style": style}) | ({"unit": unit} if unit else {})
