"""Reasons in words: one sentence that says what speaks for an answer, and what against it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .additive import LOG_ODDS, PROBABILITY

MOST_LETTERS = 40  # of a cell
MOST = 3  # reasons on each side
SMALLEST = 0.02  # of all contributions together: what is smaller is not named


def sentence(
    answer: str, columns: Sequence[str], cells: Sequence, added: np.ndarray, scale: str,
    upwards: bool = True, most: int = MOST,
) -> str:  # fmt: skip
    """An answer and its reasons, the strongest first.

    `cells` are the row's own, `added` what each column adds in that `scale`. `upwards` says which
    sign speaks for the answer: for a number below the usual it is the minus.

    >>> columns, cells = ["hour", "miles", "carrier"], [20.0, 200, "EV"]
    >>> sentence("Late (71 %)", columns, cells, np.array([0.61, -0.1, 0.4]), "log odds", most=1)
    'Late (71 %), mostly because hour = 20 (+0.6); against it: miles = 200 (−0.1).'
    """
    added = np.asarray(added, dtype=float)
    least = SMALLEST * np.abs(added).sum()
    order = [n for n in np.argsort(-np.abs(added), kind="stable") if abs(added[n]) > least]
    words = {n: f"{condition(columns[n], cells[n])} ({size(added[n], scale)})" for n in order}
    with_it = [words[n] for n in order if (added[n] > 0) == upwards][:most]
    against = [words[n] for n in order if (added[n] > 0) != upwards][:most]
    said = f"mostly because {listed(with_it)}" if with_it else "though no column speaks for it"
    end = f"; against it: {listed(against)}" if against else ""
    return f"{answer}, {said if order else 'as of any row: no column changes it'}{end}."


def condition(column: str, cell) -> str:
    """What a row has in a column.

    >>> condition("hour", 20.0), condition("city", None), condition("price", 1 / 3)
    ('hour = 20', 'city is missing', 'price = 0.3333')
    """
    if cell is None or cell == "" or cell != cell:
        return f"{column} is missing"
    if isinstance(cell, float | np.floating) and math.isfinite(cell):
        cell = f"{cell:.0f}" if float(cell).is_integer() else plain_number(cell, 4)
    text = str(cell)
    return f"{column} = {text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + '…'}"


def size(added: float, scale: str) -> str:
    """A contribution with its sign: points of a probability, tenths of log odds, else 3 digits.

    >>> size(0.123, "probability"), size(-0.349, "log odds"), size(-1234.5, "price")
    ('+12 points', '−0.3', '−1,230')
    """
    sign, amount = "+" if added >= 0 else "−", abs(added)
    if scale == PROBABILITY:
        points = amount * 100
        return f"{sign}{points:.0f} points" if points >= 1 else f"{sign}{points:.1f} points"
    if scale == LOG_ODDS:
        return f"{sign}{amount:.1f}" if amount >= 0.1 else f"{sign}{amount:.2f}"
    return sign + plain_number(amount, 3)


def plain_number(number: float, digits: int) -> str:
    """A number with so many digits that count, never in e-notation.

    >>> plain_number(1234.5, 3), plain_number(0.00123456, 3), plain_number(0.0, 3)
    ('1,230', '0.00123', '0')
    """
    if number == 0 or not math.isfinite(number):
        return f"{number:.0f}"
    decimals = digits - 1 - math.floor(math.log10(abs(number)))
    text = f"{round(number, decimals):,.{min(max(decimals, 0), 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def listed(words: list[str]) -> str:
    """Words as a list in a sentence: "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def shared(columns: list[str], groups: list[list[str]]) -> str:
    """A sentence on those of some columns that go together; "" where none do.

    >>> shared(["dep_time", "hour", "carrier"], [["dep_time", "hour"], ["carrier"]])
    '`dep_time` and `hour` move together: their contributions are shared, so look at their sum.'
    """
    together = [[name for name in group if name in columns] for group in groups]
    said = [f"{listed([f'`{name}`' for name in some])} move together"
            for some in together if len(some) > 1]  # fmt: skip
    if not said:
        return ""
    return f"{'; '.join(said)}: their contributions are shared, so look at their sum."
