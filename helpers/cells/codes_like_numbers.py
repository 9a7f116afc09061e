"""Texts that read as numbers and are none: codes, versions, grades. As numbers they lose something.

1E6 is a product beside 5E4, not a million; version 1.10 comes after 1.9; a ZIP code begins with a
zero; an account of 17 digits loses its last; a mark of 3- is no minus 3. Each function takes the
different texts of a column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from .tidy_text import LONGEST

_LONG = re.compile(r"[+-]?\d{16,}(\.\d*)?")
_POWER = re.compile(r"\d+[eE]\d+")
_SURELY_POWER = re.compile(r"[+-]?(\d+\.\d*|\.?\d+)[eE][+-]\d+|[+-]?\d*\.\d*[eE]\d+|[+-]\d+[eE]\d+")
_PHONE = re.compile(r"\+[1-9]\d{8,14}")
MOSTLY = 0.9  # of the texts
_VERSION = re.compile(r"[vV]?(\d{1,3})\.(0|[1-9]\d{0,2})")
_NAMES_VERSION = re.compile(
    r"(?i)(^|[^a-z])(version|ver|release|firmware|build|revision|rev|sdk|api|os|patch|chapter|"
    r"section|clause|paragraph|article)([^a-z]|$)"
)
LATE_MINOR, LAST_MINOR = 7, 40  # versions count on: 1.7, 1.8, 1.9, 1.10; few go past 1.40
MOST_MAJORS = 30
_PARTED = re.compile(r"[+-]?(?:[1-9]\d{0,2}((?:\.\d{3})+)|\d{1,3})")  # 12.500, 950
FEWEST_PARTED = 20  # different ones; of decimals some of so many end in a zero, which is left out


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


def are_thousands(texts: Iterable[str]) -> bool:
    """Whether points part thousands: 12.500 beside 950, with three digits behind every point.

    Decimals have fewer digits behind some points, or as many in all cells: 950 would be 950.000.

    >>> are_thousands([f"{n}.500" for n in range(1, 40)] + ["950"])
    True
    >>> are_thousands([f"{n}.500" for n in range(1, 40)]), are_thousands(["1.5", "2.125", "3"])
    (False, False)
    """
    parted = whole = 0
    for text in texts:
        if not (match := _PARTED.fullmatch(text)):
            return False
        parted, whole = parted + bool(match[1]), whole + (not match[1])
    return whole > 0 and parted >= FEWEST_PARTED


def are_codes(texts: Iterable[str], name: str = "") -> bool:
    """Whether texts that read as numbers are codes; `name` is the column's.

    >>> are_codes(["1E6", "5E4", "120"]), are_codes(["1.9", "1.10", "2.0"], "version")
    (True, True)
    >>> are_codes(["1e-3", "1E6", "2.5"]), are_codes(["1.90", "1.10", "2.00"], "price")
    (False, False)
    """
    texts = list(texts)
    return (
        any(len(t) > 1 and t[0] == "0" and t.isdigit() for t in texts)
        or _are_codes_with_e(texts)
        or are_versions(texts, name)
        or _are_grades(texts)
        or _are_phone_numbers(texts)
    )


def _are_codes_with_e(texts: list[str]) -> bool:
    """Whether digits, an E and digits are a code: powers of ten have a sign or a point somewhere.

    With a small e only where all texts are of one length, as keys are.
    """
    powers = [text for text in texts if _POWER.fullmatch(text)]
    if not powers or any(_SURELY_POWER.fullmatch(text) for text in texts):
        return False
    capital = any("E" in text for text in powers)
    return capital or (len({len(text) for text in texts}) == 1 and len(texts[0]) > 3)


def are_versions(texts: Iterable[str], name: str = "") -> bool:
    """Whether texts such as 1.9 and 1.10 are versions, of which 1.10 is the later one.

    A number is written with as many decimals as its neighbours, or without a zero at its end;
    decimals of two digits begin with a zero now and then, and are spread up to 99. Where the
    column is called a version, one that ends in a zero is enough.
    """
    texts = list(texts)
    if not any(text.endswith("0") and "." in text for text in texts):
        return False
    parts = [_VERSION.fullmatch(text) for text in texts if "." in text]
    if not parts or not all(parts):
        return False
    minors = {match[2] for match in parts}
    late = [minor for minor in minors if len(minor) > 1]
    if _NAMES_VERSION.search(_split_name(name)):
        return len({len(minor) for minor in minors}) > 1
    counts_on = any(len(m) == 1 and int(m) >= LATE_MINOR for m in minors)
    majors = {int(match[1]) for match in parts}
    return bool(
        counts_on
        and any(minor.endswith("0") for minor in late)
        and max(map(int, minors)) <= LAST_MINOR
        and 0 < max(majors) <= MOST_MAJORS
    )


def _split_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)


def has_mixed_case(text: str) -> bool:
    """Whether a text is a code in which case counts: digits beside letters of both cases, at will.

    >>> has_mixed_case("00150GvPXa"), has_mixed_case("MACBOOK2019"), has_mixed_case("Route 66")
    (True, False, False)
    """
    letters = "".join(filter(str.isalpha, text))
    is_usual = letters.islower() or letters.isupper() or letters.istitle()
    return not is_usual and len(text) > 7 and " " not in text and any(map(str.isdigit, text))


def _are_phone_numbers(texts: list[str]) -> bool:
    """Whether nearly all texts have a plus and the digits of a telephone number."""
    called = sum(bool(_PHONE.fullmatch(text)) for text in texts)
    return bool(texts) and called >= MOSTLY * len(texts)


def _are_grades(texts: list[str]) -> bool:
    """Whether marks have a plus and a minus behind: 2+, 3-."""
    ends = Counter(t[-1] for t in texts if 1 < len(t) < 4 and t[:-1].isdigit() and t[-1] in "+-")
    return len(ends) == 2
