"""The number format of a whole column: decimal sign, unit, clock, and whether it holds numbers."""

from __future__ import annotations

import re
import statistics
from collections import Counter

from . import unit_conversion
from .codes_like_numbers import are_codes, are_thousands, loses_digits
from .durations import CLOCKS, clock_of
from .number_formats import (
    is_unit,
    minutes,
    parse_beyond,
    parse_leading_quantity,
    parse_quantity,
    scaled,
    singular,
)
from .tidy_text import LONGEST

SURE_SHARE = 0.95  # a column is numeric if at least this share of it reads so
LIKELY_SHARE = 0.85  # this share is enough if the rest are many different texts
_CODE = re.compile(r"\d+[A-Za-z]+\d*|\d+(\.\d+){2,}|[\d-]*\d-\d[\d-]*")  # 5A, 1.2.3, 55-12
FEWEST_PLAIN, PLAIN_SHARE = 4, 0.2  # plain numbers beside those beyond a limit
FEWEST_OF_A_WORD = 10  # different cells whose one word behind the number is taken for a unit
BARE_SHARE = 1 / 3  # of different texts have nothing behind a unit, where others have words
TIMES_A_SHARE = 20  # per cents are at least so many times the shares beside them: 1.2 % and 0.012


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
    point = {w: q for w in words if (q := parse_quantity(w))}
    rest = (w for w in words if w not in point)
    comma = {w: q for w in rest if (q := parse_quantity(w, "comma"))}
    style, own, other = "point", point, comma
    if are_thousands(words) or _reads_more(words, comma, point):
        own = {w: q for w in words if (q := parse_quantity(w, "comma"))}
        style, other = "comma", point
    own = {w: q for w, q in other.items() if unit_conversion.known(q[1])} | own
    return style, own | _with_words_behind(words, own, style)


def _reads_more(words: Counter, comma: dict, point: dict) -> bool:
    """Whether a decimal comma reads more cells than a point: what it gains is in `comma`."""
    gained = sum(words[word] for word in comma)
    for word in point if gained else ():
        if gained <= 0:
            break
        gained -= words[word] if parse_quantity(word, "comma") is None else 0
    return gained > 0


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
            named[singular(unit)] += words[word]
    word, cells = next(iter(named.most_common(1)), ("", 0))
    enough = len(words) >= FEWEST_OF_A_WORD and cells >= SURE_SHARE * words.total()
    return word if enough else ""


def _fits(named: str, unit: str) -> bool:
    """Whether a number in a unit that its cell names, or in none, can be told in a unit."""
    if not named or unit_conversion.known(named) == unit or singular(named) == singular(unit):
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
            named[unit_conversion.known(unit) or singular(unit)] += words[word]
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
        if q[1] and (unit_conversion.known(q[1]) or singular(q[1])) == unit
    )
