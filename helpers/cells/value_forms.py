"""Kinds of text that are more than names: one table of how each is found, read, made numbers of.

A column of such a kind keeps texts, all in one canonical form, so that they can be compared,
counted and filled. Its plan says which `form` it has; the service and batch read its cells by the
same `form_reader`. To add a kind, add a line to `FORMS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..base.spacing import evenly_spaced_words
from . import ordered_values, times_of_day
from .times_of_day import Found

CELLS, DISTINCT = 0.85, 0.75  # shares of the cells, and of the different texts, that must read
MOST_TRIED, TRIED = 200, 0.5  # of so many texts this share must read, or none is looked at further
OTHER_WORDS, OTHER_WAY = "extra words", "form"  # kinds of repair


class Form(NamedTuple):
    """A kind of text: what reads one, what tells a column of it, and its numbers for a model.

    `read` gives the canonical form and whether the text said nothing else. `is_shown` is asked with
    the words, the column's name and what they read as. `is_early`: asked before numbers and dates.
    `parts` make numbers of a canonical text, by the name of the feature.
    """

    says: str
    read: Callable[[str], Found | None]
    is_shown: Callable[[Counter, str, dict[str, Found]], bool]
    parts: dict[str, Callable[[str], float]]
    is_early: bool = False


FORMS = {
    times_of_day.TIME: Form(
        "HH:MM; minutes since midnight, and the place on a circle",
        times_of_day.parse_time,
        times_of_day.are_times,
        times_of_day.PARTS,
        is_early=True,
    ),
    "range": Form(
        "low-high, low+ or <high; the low end and the middle as numbers",
        ordered_values.parse_range,
        ordered_values.are_ranges,
        ordered_values.RANGE_PARTS,
    ),
    "version": Form(
        "numbers with points; one number that is larger for a later version",
        ordered_values.parse_version,
        ordered_values.are_version_numbers,
        {"order": ordered_values.order_of_version},
    ),
}


def draft_form(words: Counter, name: str = "", is_early: bool = False) -> dict | None:
    """The plan of a column whose words are of one of the `FORMS`; None where they are of none.

    85 % of the cells must read so, and three in four different texts.

    >>> draft_form(Counter(["9:40 p.m.", "9:40pMar 4", "Sat 21:40"]), is_early=True)
    {'form': 'time of day', 'values': []}
    """
    tried = evenly_spaced_words(words, MOST_TRIED) if len(words) > MOST_TRIED else words
    for form, own in FORMS.items():
        if own.is_early != is_early or len(_read_all(tried, own)) < TRIED * len(tried):
            continue
        found = _read_all(words, own)
        if _are_enough(words, found) and own.is_shown(words, name, found):
            return {"form": form, "values": []}
    return None


def _read_all(words: Counter, form: Form) -> dict[str, Found]:
    return {word: found for word in words if (found := form.read(word))}


def _are_enough(words: Counter, found: dict) -> bool:
    cells = sum(words[word] for word in found)
    return cells >= CELLS * words.total() and len(found) >= DISTINCT * len(words)


def form_reader(plan: dict) -> Callable[[str], tuple[str | None, str]]:
    """What reads the tidy texts of a plan with a `form`: the canonical text and kind of repair.

    >>> form_reader({"form": "time of day"})("Sat 9:40 pm")
    ('21:40', 'extra words')
    """
    read_one = FORMS[plan["form"]].read

    def read(text: str) -> tuple[str | None, str]:
        found = read_one(text)
        return (None, "") if found is None else (found.value, _repair_of(text, found))

    return read


def _repair_of(text: str, found: Found) -> str:
    if not found.plain:
        return OTHER_WORDS
    return "" if found.value == text else OTHER_WAY


RANKED = "ordered words"
NUMBERED = {form: [*own.parts] for form, own in FORMS.items() if own.parts} | {RANKED: ["rank"]}


def numbers_of(form: str, text: str | None, ranks: Sequence[str] = ()) -> list[float] | None:
    """The numbers of a canonical text, in the order of `NUMBERED`; None where it has none.

    >>> numbers_of("time of day", "06:00")[0], numbers_of(RANKED, "low", ["low", "high"])
    (360.0, [0.0])
    """
    if text is None or text != text:
        return None
    if form == RANKED:
        return [float(ranks.index(text))] if text in ranks else None
    try:
        return [part(text) for part in FORMS[form].parts.values()]
    except (ValueError, TypeError):  # a text that a person has put there
        return None


def role_said(plan: dict) -> str:
    """The role in features that a column's plan gives it by itself; "" where its cells tell.

    >>> role_said({"kind": "category", "ranks": ["low", "high"]}), role_said({"kind": "number"})
    ('ordered words', '')
    """
    if plan.get("ranks"):
        return RANKED
    return plan["form"] if plan.get("form") in NUMBERED else ""


def kind_said(plan: dict) -> str:
    """What a plan's column holds, as a person names it.

    >>> kind_said({"kind": "category", "form": "time of day"}), kind_said({"kind": "number"})
    ('time of day', 'number')
    """
    return plan.get("form", plan["kind"])
