"""A reason as a person reads it: the column, its cell, and what that adds to the score."""

from __future__ import annotations

import math

MOST_LETTERS = 40  # of a cell


def reason_text(column: str, value, contribution: float) -> str:
    """A reason in words.

    >>> reason_text("dep_delay", 35.0, 0.4211), reason_text("city", None, -12.04)
    ('dep_delay = 35: +0.421', 'city is missing: -12.0')
    """
    return f"{column} {_cell(value)}: {signed(contribution)}"


def _cell(value) -> str:
    if value is None or value == "":
        return "is missing"
    text = str(int(value)) if _is_whole(value) else str(value)
    return f"= {text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + '…'}"


def _is_whole(value) -> bool:
    return isinstance(value, float) and value.is_integer() and abs(value) < 1e15


def signed(value: float) -> str:
    """A number with its sign and three digits, or all before the point; never in e-notation.

    >>> signed(0.4211), signed(-12345.6), signed(0.0000123), signed(0.0)
    ('+0.421', '-12,346', '+0.0000123', '+0')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:+g}"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:+,.{min(max(decimals, 0), 12)}f}"
