"""Numbers as printed pages have them: powers of ten (5.6×10⁴), fractions (1½), raised digits.

One Unicode form makes 10³ of ten to the third the number 103, and 12.5¹ with a footnote 12.51: the
digits of a number and those above its line have to stay apart.
"""

from __future__ import annotations

import math
import re

_RAISED = re.compile("(?<=[0-9])(?=[⁺⁻⁰¹²³⁴-⁹])")
_LOWERED = re.compile("(?<=[0-9])(?=[₀-₉])")
_DRAWN = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")
_POWER = re.compile(r"(?:([+-]?\d{1,15}(?:[.,]\d{1,20})?) ?[×x*·] ?|([+-]?))10\^([+-]?\d{1,3})")
_FRACTION = re.compile(r"([+-]?)(?:(\d{1,15}) )?(\d{1,9})\u2044(\d{1,9})")


def kept_apart(text: str) -> str:
    """A text whose numbers have signs before digits above or below the line, and before fractions.

    >>> kept_apart("10³"), kept_apart("12.5¹"), kept_apart("1½"), kept_apart("9 m²")
    ('10^³', '12.5^¹', '1 ½', '9 m²')
    """
    return _DRAWN.sub(" ", _LOWERED.sub("_", _RAISED.sub("^", text)))


def parse_typeset(text: str) -> float | None:
    """A power of ten or a fraction, in one Unicode form, as a number; None for another text.

    >>> parse_typeset("5.6×10^-4"), parse_typeset("10^3"), parse_typeset("1 1\u20442")
    (0.00056, 1000.0, 1.5)
    >>> parse_typeset("12.5^1"), parse_typeset("1/2")
    (None, None)
    """
    if power := _POWER.fullmatch(text):
        value = float(f"{(power[1] or f'{power[2]}1').replace(',', '.')}e{power[3]}")
        return value if math.isfinite(value) else None
    if not (drawn := _FRACTION.fullmatch(text)) or not int(drawn[4]):
        return None
    value = int(drawn[2] or 0) + int(drawn[3]) / int(drawn[4])
    return -value if drawn[1] == "-" else value
