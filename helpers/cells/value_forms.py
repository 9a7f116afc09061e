"""Kinds of text that are more than names: one table of how each is found, read, made numbers of.

A column of such a kind keeps texts, all in one canonical form, so that they can be compared,
counted and filled. Its plan says which `form` it has; the service and batch read its cells by the
same `form_reader`. To add a kind, add a line to `FORMS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from ..base.spacing import evenly_spaced_words
from . import addresses, ordered_values, times_of_day
from .times_of_day import Found

CELLS, DISTINCT = 0.85, 0.75  # shares of the cells, and of the different texts, that must read
MOST_TRIED, TRIED = 200, 0.5  # of so many texts this share must read, or none is looked at further
OTHER_WORDS, OTHER_WAY = "extra words", "form"  # kinds of repair


class Form(NamedTuple):
    """A kind of text: what reads one, what tells a column of it, and what a model learns from it.

    `read` gives the canonical form and whether the text said nothing else. `is_shown` is asked with
    the words, the column's name and what they read as. `parts` make numbers of a canonical text, by
    the name of the feature; `level` makes a name of it that comes again. `is_early`: asked before
    numbers and dates; `is_listed`: a text that training did not have is worth a word. `learn` gives
    what `read` is told of the column, from the words and what they read as; it stands in the plan
    under `keys`.
    """

    says: str
    read: Callable[..., Found | None]
    is_shown: Callable[[Counter, str, dict[str, Found]], bool]
    parts: dict[str, Callable[[str], float]] = {}
    level: Callable[[str], str] | None = None
    is_early: bool = False
    is_listed: bool = False
    learn: Callable[[Counter, dict[str, Found]], dict] = lambda words, found: {}
    keys: tuple[str, ...] = ()


FORMS = {
    times_of_day.TIME: Form(
        "HH:MM; minutes since midnight, and the place on a circle",
        times_of_day.parse_time,
        times_of_day.are_times,
        times_of_day.PARTS,
        is_early=True,
    ),
    "phone": Form(
        "all as most are written; a name",
        addresses.parse_phone,
        addresses.are_phones,
        is_early=True,
        learn=addresses.template_of,
        keys=("template",),
    ),
    "postcode": Form(
        "as many digits as most have; the mean target of each area",
        addresses.parse_postcode,
        addresses.are_postcodes,
        level=addresses.area_of,
        is_early=True,
        is_listed=True,
        learn=addresses.width_of,
        keys=("width",),
    ),
    "coordinates": Form(
        "latitude and longitude in degrees, as two numbers",
        addresses.parse_place,
        addresses.are_places,
        addresses.PLACE_PARTS,
        is_early=True,
    ),
    "e-mail": Form(
        "small letters; the mean target of each domain",
        addresses.parse_mail,
        addresses.are_any,
        level=addresses.domain_of,
    ),
    "web address": Form(
        "host in small letters; the mean target of each host",
        addresses.parse_web,
        addresses.are_no_images,
        level=addresses.host_of,
    ),
    "range": Form(
        "low-high, low+ or <high; the low end and the middle as numbers",
        ordered_values.parse_range,
        ordered_values.are_ranges,
        ordered_values.RANGE_PARTS,
        is_listed=True,
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
            return {"form": form, "values": [], **own.learn(words, found)}
    return None


def plan_of_form(words: Counter, form: str) -> dict:
    """The plan of a column that a person says to be of a form.

    >>> plan_of_form(Counter(["2134", "10001", "60601"]), "postcode")
    {'form': 'postcode', 'values': [], 'width': 5}
    """
    own = FORMS[form]
    found = _read_all(words, own)
    return {"form": form, "values": []} | (own.learn(words, found) if found else {})


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
    own = FORMS[plan["form"]]
    read_one = partial(own.read, **{key: plan[key] for key in own.keys if key in plan})

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


OPEN = [form for form, own in FORMS.items() if not own.is_listed]  # any text may come
LEVELLED = [form for form, own in FORMS.items() if own.level]


def is_learnt_from(plan: dict) -> bool:
    """Whether a column of a form says something where each cell has a value of its own."""
    return plan.get("form") in (*NUMBERED, *LEVELLED)


def level_of(form: str, text: str) -> str:
    """The name that comes again in a canonical text: a domain, a host, an area.

    >>> level_of("e-mail", "ann@example.org")
    'example.org'
    """
    return FORMS[form].level(text)


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
