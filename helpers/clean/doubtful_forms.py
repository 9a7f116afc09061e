"""Doubts about how values are written: two forms, two names, per cents beside plain numbers.

Each is one line of the review list, so that one answer settles all its cells.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from ..cells import alias_groups, usual_form
from ..cells.number_formats import parse_quantity
from ..cells.unit_conversion import FRACTION
from .review_rules import PERCENT, WRITTEN

OTHER_NAME = "another name"
MOST_NAMES = 20_000
FEWEST_INITIALS, MOST_INITIALS = 2, 6


def items_of(counts: pd.Series, name: str = "") -> list[dict]:
    """The review items of a cleaned category, by the cells of each of its values.

    >>> counts = pd.Series({"NY": 9, "New York": 3, "Tosle": 8})
    >>> [(one["value"], one["suggestion"]) for one in items_of(counts)]
    [('New York', 'NY')]
    """
    if not 2 <= len(counts) <= MOST_NAMES:
        return []
    words = Counter({str(value): int(cells) for value, cells in counts.items()})
    rules = usual_form.doubtful_rules(words, name)
    forms = [_item(WRITTEN, r.form, r.cells, r.becomes, r.evidence) for r in rules]
    return forms + _other_names(words)


def _item(kind: str, value: str, cells: int, suggestion: str, evidence: str) -> dict:
    return {"kind": kind, "value": value, "cells": cells, "suggestion": suggestion,
            "evidence": evidence}  # fmt: skip


# --- Two names of one thing ------------------------------------------------------------------


def _other_names(words: Counter) -> list[dict]:
    """The values that may be the name of one other: in the table of names, or its initials."""
    pairs = alias_groups.pairs_of(words) | _initials(words)
    named: dict[str, dict[str, str]] = {}
    for pair, says in pairs.items():
        rarer, usual = sorted(pair, key=lambda value: (words[value], value))
        named.setdefault(rarer, {})[usual] = says
    return [_item(OTHER_NAME, rarer, words[rarer], usual, says)
            for rarer, of in named.items() if len(of) == 1
            for usual, says in of.items()]  # fmt: skip


def _initials(words: Counter) -> dict[tuple[str, str], str]:
    """Values of capitals alone that are the initials of one other value."""
    found: dict[str, list[str]] = {}
    for word in words:
        letters = "".join(part[0] for part in word.split() if part[0].isupper())
        if FEWEST_INITIALS <= len(letters) <= MOST_INITIALS and letters in words:
            found.setdefault(letters, []).append(word)
    return {(short, of[0]): f"{short} has the initials of {of[0]}"
            for short, of in found.items() if len(of) == 1 and of[0] != short}  # fmt: skip


# --- Per cents ---------------------------------------------------------------------------------


def percent_items(column: pd.Series, plan: dict, values: np.ndarray) -> list[dict]:
    """Whether numbers without a sign, all from 0 to 1, are shares beside per cents as small.

    They are read as per cents, so 0.05 is 0.05 %; as shares 0.05 % would be 0.0005 of them.

    >>> rates = pd.Series(["0.25", "0.5", "0.05%"])
    >>> percent_items(rates, {"unit": "%"}, np.array([0.25, 0.5, 0.05]))[0]["suggestion"]
    'fraction'
    """
    if plan.get("unit") != "%" or not len(values) or values.min() < 0 or values.max() > 1:
        return []
    texts = column.dropna().astype("str")
    signed = texts.str.contains(r"%|(?i:percent|pct)", regex=True)
    if not signed.any() or signed.all():
        return []
    first, plain = texts[signed].iloc[0], texts[~signed].iloc[0]
    share = parse_quantity(first)
    told = f"{share[0] / 100:g}" if share else "a hundredth"
    evidence = (
        f"‘{plain}’ beside ‘{first}’ is read as per cent, too; yes: numbers without a sign are "
        f"shares of 1, and ‘{first}’ is {told}"
    )
    return [_item(PERCENT, first, int(signed.sum()), FRACTION, evidence)]
