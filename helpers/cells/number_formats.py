"""One text as a number or a quantity, and the number format of a whole column."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter

from . import unit_conversion
from .codes_like_numbers import are_codes, are_thousands, loses_digits
from .compound_measures import parse_compound
from .currencies import CURRENCY_PATTERN
from .durations import CLOCKS, SECONDS, clock_of, parse_duration
from .tidy_text import DASHES, LONGEST, tidy
from .typeset_numbers import parse_typeset

SURE_SHARE = 0.95  # a column is numeric (or of dates) if at least this share of it reads so
LIKELY_SHARE = 0.85  # this share is enough if the rest are many different texts
PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
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
_CODE = re.compile(r"\d+[A-Za-z]+\d*|\d+(\.\d+){2,}|[\d-]*\d-\d[\d-]*")  # 5A, 1.2.3, 55-12
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u00b4\u2032\uff07\u066c`", "'") | {"\u066b": "."}
)  # the signs of thousands and of decimals among Arabic digits, too
_POWER_WITH_COMMA = re.compile(r"[+-]?\d+,\d+[eE][+-]?\d+")
MAGNITUDES = {
    **{"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9},
    **{"t": 1e12, "tn": 1e12, "lac": 1e5, "lakh": 1e5, "lakhs": 1e5, "cr": 1e7, "crore": 1e7},
}
FEWEST_PLAIN, PLAIN_SHARE = 4, 0.2  # plain numbers beside those beyond a limit
FEWEST_OF_A_WORD = 10  # different cells whose one word behind the number is taken for a unit
BARE_SHARE = 1 / 3  # of different texts have nothing behind a unit, where others have words
TIMES_A_SHARE = 20  # per cents are at least so many times the shares beside them: 1.2 % and 0.012


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


def number_format(words: Counter, unit: str = "", name: str = "") -> dict | None:
    """How the words of a column read as numbers, {"style": …, "unit": …}, or None if they do not.

    At least 95 % of the cells must read, in units that can be told in one another; less (85 %) is
    enough when what does not read is of many sorts, each of them rare. `unit` is the column's, if
    a person knows it; otherwise it is the one that most cells name, or of two about equally
    frequent the one that fits the plain numbers. Codes, versions and grades are no numbers (see
    `codes_like_numbers`), nor are digits that a float would lose. Times with colons have a `clock`
    (see `durations`), which the column's `name` helps to tell; values beyond a limit ("<5") among
    plain numbers are read as the limit (`beyond`).

    >>> number_format(Counter(["1.234,5", "7,25"])), number_format(Counter(["$5", "$1,200"]))
    ({'style': 'comma'}, {'unit': '$'})
    >>> number_format(Counter({"3 kg": 8, "6.6 lbs": 1, "4": 90}))
    {'unit': 'kg'}
    >>> number_format(Counter(["58:12", "1:02:10"])), number_format(Counter("1 2 3 4 <1".split()))
    ({'unit': 's', 'clock': 'm:s'}, {'beyond': 'limit'})
    """
    if are_codes(words, name):
        return None
    if clock := clock_of(words, name):
        return {"unit": CLOCKS[clock], "clock": clock}
    style, quantities, scale = _read_in_best_style(words)
    unit = unit_conversion.known(unit) or _unit_of(words, quantities)
    unit = unit_conversion.FRACTION if _has_shares(unit, quantities) else unit
    fits = {w: q for w, q in quantities.items() if _fits(q[1], unit)}
    beyond = _beyond_limits(words, fits, style, unit)
    if not _enough_read(words, fits | beyond):
        return None
    told = {"style": style, "unit": unit, "beyond": "limit" if beyond else "", "scale": scale}
    return {key: said for key, said in told.items() if said not in ("", "point")}


def _beyond_limits(words: Counter, plain: dict, style: str, unit: str) -> dict:
    """What the words beyond a limit read as; nothing where they are not among plain numbers."""
    cells = sum(words[word] for word in plain)
    if len(plain) < FEWEST_PLAIN or cells < PLAIN_SHARE * words.total():
        return {}
    found = {w: parse_beyond(w, style) for w in words if w not in plain}
    return {w: q[:2] for w, q in found.items() if q and _fits(q[1], unit)}


def _has_shares(unit: str, quantities: dict) -> bool:
    """Whether plain numbers beside per cents are shares: 0.012 beside 1.2 %."""
    plain, named = ([q[0] for q in quantities.values() if bool(q[1]) is b] for b in (False, True))
    if unit != "%" or len(plain) < 2 or not all(0 <= value <= 1 for value in plain):
        return False
    return statistics.median(named) >= TIMES_A_SHARE * max(statistics.median(plain), 0.001)


def _best_style(words: Counter) -> tuple[str, dict]:
    """The decimal sign that reads most words, and what those read as that do.

    With a known unit behind them, words are read with the other sign, too, and so are those with
    more words behind the unit (see `_with_words_behind`).
    """
    styles = ("point", "comma")
    found = {style: {w: parse_quantity(w, style) for w in words} for style in styles}
    best = max(styles, key=lambda s: share_read(words, found[s].get))
    style = "comma" if are_thousands(words) else best
    other = {w: q for w, q in found[styles[style == "point"]].items() if q and q[1]}
    own = {w: q for w, q in found[style].items() if q}
    own = {w: q for w, q in other.items() if unit_conversion.known(q[1])} | own
    return style, own | _with_words_behind(words, own, style)


def _with_words_behind(words: Counter, read: dict, style: str) -> dict:
    """What words read as that have more behind a unit, where many have none: `500 g. Jar`."""
    units = Counter(unit_conversion.dimension(q[1]) for q in read.values())
    units.pop("", None)
    if units.total() < BARE_SHARE * len(words):
        return {}
    rest = {w: parse_leading_quantity(w, style) for w in words if w not in read}
    return {w: q for w, q in rest.items() if q and unit_conversion.dimension(q[1]) in units}


def _read_in_best_style(words: Counter) -> tuple[str, dict, str]:
    """The decimal sign that reads most words, what they read as, and whether k means thousands.

    Units are those that are known, or a word that nearly all cells have behind the number.
    """
    style, read = _best_style(words)
    if _are_scaled(read):
        return style, {w: (scaled(*q), "") for w, q in read.items()}, "thousands"
    word = _common_word(words, read)
    known = {w: q for w, q in read.items() if is_unit(q[1], word)}
    are_times = any(unit_conversion.dimension(q[1]) == "time" for q in known.values())
    return style, {w: (q[0], minutes(q[1], are_times)) for w, q in known.items()}, ""


def _are_scaled(read: dict) -> bool:
    """Whether k, M and B behind numbers are thousands, millions and billions, not units.

    They are where two of them occur, or where plain numbers are larger than those with a k.
    """
    named = {q[1].casefold() for q in read.values() if q[1]}
    if not named or not named <= {"k", "m", "b", "bn", "mn"}:
        return False
    plain, others = ([q[0] for q in read.values() if bool(q[1]) is b] for b in (False, True))
    larger = plain and statistics.median(plain) > statistics.median(others)
    return "k" in named and bool(len(named) > 1 or larger)


def _common_word(words: Counter, read: dict) -> str:
    """The word behind the number in nearly all cells ("12 people"), where it is no known unit."""
    named = Counter()
    for word, (_, unit) in read.items():
        if len(unit) > 2 and " " in word and not unit_conversion.known(unit):
            named[_singular(unit)] += words[word]
    word, cells = next(iter(named.most_common(1)), ("", 0))
    enough = len(words) >= FEWEST_OF_A_WORD and cells >= SURE_SHARE * words.total()
    return word if enough else ""


def _singular(word: str) -> str:
    return word.casefold().rstrip(".").removesuffix("s")


def is_unit(named: str, word: str = "") -> bool:
    """Whether what stands behind a number is nothing, a known unit, or the column's own word.

    >>> is_unit("kg"), is_unit("people"), is_unit("Items", "item")
    (True, False, True)
    """
    return not named or bool(unit_conversion.known(named)) or _singular(named) == _singular(word)


def minutes(named: str, is_time: bool) -> str:
    """A unit as a cell names it; of times, "m" is the minute, not the metre.

    >>> minutes("m", True), minutes("m", False), minutes("h", True)
    ('min', 'm', 'h')
    """
    return "min" if is_time and named in ("m", "M", "m.") else named


def _fits(named: str, unit: str) -> bool:
    """Whether a number in a unit that its cell names, or in none, can be told in a unit."""
    if not named or unit_conversion.known(named) == unit or _singular(named) == _singular(unit):
        return True
    return unit_conversion.can_convert(named, unit)


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
            named[unit_conversion.known(unit) or _singular(unit)] += words[word]
    common = named.most_common()
    close = [unit for unit, n in common if 2 * n > common[0][1]] or [""]
    plain = [number for number, unit in quantities.values() if not unit]
    if len(close) == 1 or len(plain) < 10:
        return close[0]
    middle = statistics.median(plain)
    return min(close, key=lambda u: abs(_middle_of(u, quantities) - middle))


def _middle_of(unit: str, quantities: dict) -> float:
    return statistics.median(
        q[0]
        for q in quantities.values()
        if q[1] and (unit_conversion.known(q[1]) or _singular(q[1])) == unit
    )
