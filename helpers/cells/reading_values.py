"""One cell read by a column's plan: what it becomes, and which kind of repair that was.

`cell_reader` is the one reader: the service asks it cell by cell, a column is a map of it (see
`reading_columns`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial

import numpy as np

from . import unit_conversion
from .as_texts import as_text
from .date_formats import date_of, parse_date, swapped_format
from .durations import parse_clock
from .known_words import BOOLEANS, MISSING_WORDS, SURELY_MISSING
from .number_formats import (
    PLAIN_NUMBER,
    is_unit,
    minutes,
    parse_beyond,
    parse_leading_quantity,
    parse_quantity,
    scaled,
)
from .other_forms import OTHER_FORM, other_reader
from .rewriting import rewriter
from .tidy_text import fingerprint, repair_encoding, tidy
from .value_forms import OTHER_WAY, OTHER_WORDS, form_reader

KINDS = ("number", "boolean", "date", "category", "text")
REMEMBERED = 4_096  # texts of a column whose reading is remembered
SHORT = 200  # letters of a text that is remembered: what is longer rarely comes again
LOST = ("ambiguous date", "beyond")  # kinds of repair that make a cell missing by themselves
REWRITTEN = "rewritten"
LARGEST = sys.float_info.max  # a whole number may be larger, and is no float then

RULES = {
    "missing word": "a word or code that means missing",
    "number": "a number written as text",
    "unit": "a number in the column's unit",
    "beyond": "a value beyond a limit, such as <5 or 100+",
    "date": "a date written as text",
    "ambiguous date": "day and month are ambiguous",
    "boolean": "a yes or no written as text",
    "spelling": "one spelling for case, space, accent, punctuation",
    "alias": "another name of the same thing",
    REWRITTEN: "written as most of the column is, by a rule of the plan",
    "typo": "a typing error in a closed list of names",
    OTHER_FORM: "written in another form than the column's own",
    OTHER_WAY: "a value of this kind in its one form",
    OTHER_WORDS: "other words beside the value, left out",
    "spaces": "single spaces, one Unicode form",
    "mojibake": "text decoded with the wrong encoding",
    "impossible": "outside the possible range",
    "unreadable": "does not read as what the column holds",
    "label": "one spelling a class of the target",
}


def cell_reader(plan: dict) -> Callable[[object], tuple[object, str]]:
    """The function that reads cells of one plan: what a cell becomes, and the kind of repair.

    The kind is "" when nothing was wrong (all kinds: `RULES`). Missing (None, NaN) stays missing, a
    number that has its type is checked, all else is read as text. The last few thousand texts are
    remembered.

    >>> read = cell_reader({"kind": "number", "unit": "kg", "limits": [0, 400]})
    >>> read("3 kg"), read("2.2 lbs"), read(500), read("n/a"), read(None)
    ((3.0, 'number'), (0.997903, 'unit'), (None, 'impossible'), (None, 'missing word'), (None, ''))
    """
    of_number = _number_checker(plan)
    of_any = _text_reader(plan, of_number)
    of_text = lru_cache(maxsize=REMEMBERED)(of_any)
    holds_numbers = plan["kind"] == "number"

    def read(value) -> tuple[object, str]:
        if value is None or value != value:
            return None, ""
        if holds_numbers and isinstance(value, (int, float)) and not isinstance(value, bool):
            return of_number(value)
        text = as_text(value)
        return (of_text if len(text) <= SHORT else of_any)(text)

    return read


def repair_value(value, plan: dict) -> tuple[object, str]:
    """One cell as `cell_reader` reads it; where many cells share a plan, make the reader once.

    >>> repair_value("1,200", {"kind": "number"}), repair_value("n/a", {"kind": "number"})
    ((1200.0, 'number'), (None, 'missing word'))
    """
    return cell_reader(plan)(value)


def _number_checker(plan: dict) -> Callable[..., tuple[float | None, str]]:
    """What a number becomes: missing where it is a code for that, or can't be."""
    codes, (low, high) = frozenset(missing_codes(plan)), _limits(plan)

    def check(value: float, repair: str = "") -> tuple[float | None, str]:
        if value in codes:
            return None, "missing word"
        if not low <= value <= high or abs(value) > LARGEST:
            return None, "impossible"
        return float(value), repair

    return check


def _text_reader(plan: dict, of_number: Callable) -> Callable[[str], tuple[object, str]]:
    """What reads the texts of a plan, tidied, its missing words and other names known."""
    kind, aliases, read_tidy = plan["kind"], plan.get("aliases", {}), _tidy_reader(plan)
    read_other, lost_days = other_reader(plan), missing_days(plan)
    rewritten = rewriter(plan["rewrites"]) if "rewrites" in plan else str

    def read(text: str) -> tuple[object, str]:
        plain = tidy(text)
        named = aliases[plain] if plain in aliases else rewritten(plain)
        if _means_missing(plain, plan) or not named:
            return None, "missing word"
        value, repair = read_tidy(named)
        if read_other and (kind == "category" or value is None and repair != "ambiguous date"):
            other = read_other(named)
            value, repair = (value, repair) if other is None else (other, OTHER_FORM)
        if value is None:
            return None, repair if repair in LOST else "unreadable"
        if lost_days and value.date() in lost_days:
            return None, "missing word"
        if named != plain:
            repair = "alias" if plain in aliases else REWRITTEN
        elif not repair and plain != text and kind in ("category", "text"):
            repair = "spaces"
        return of_number(value, repair) if kind == "number" else (value, repair)

    return read


def _tidy_reader(plan: dict) -> Callable[[str], tuple[object, str]]:
    """What reads a tidy text as the plan's kind of value: gives the value and kind of repair."""
    if plan["kind"] == "category":
        return form_reader(plan) if "form" in plan else _category_reader(plan)
    return partial(_READERS[plan["kind"]], plan=plan)


def _means_missing(plain: str, plan: dict) -> bool:
    if plain in plan.get("missing", ()):
        return True
    kept = (*plan.get("keep", ()), *plan.get("zero", ()))
    return plain.casefold() in _missing_words(plan["kind"]) and plain not in kept


def _missing_words(kind: str) -> frozenset[str]:
    return SURELY_MISSING if kind in ("category", "text") else MISSING_WORDS


def _read_number(text: str, plan: dict):
    style, unit = plan.get("style", "point"), plan.get("unit", "")
    if PLAIN_NUMBER.fullmatch(text) and (style == "point" or "." not in text):
        value = float(text)
        return (value, "") if np.isfinite(value) else (None, "")
    if (":" in text) and (value := parse_clock(text, plan.get("clock", "m:s"))) is not None:
        return (value, "number") if "clock" in plan else (None, "")
    if text in plan.get("zero", ()):
        return 0.0, "number"
    quantity = parse_quantity(text, style)
    if quantity is None and unit and (quantity := parse_leading_quantity(text, style)):
        value, repair = _in_unit(*quantity, unit)
        return value, repair and OTHER_WORDS
    if quantity and "scale" in plan:
        quantity = scaled(*quantity), ""
    return _in_unit(*quantity, unit) if quantity else _read_beyond(text, plan)


def _read_beyond(text: str, plan: dict) -> tuple[float | None, str]:
    """A value beyond a limit: the limit, or half of it below one, or missing, as the plan says."""
    if not (found := parse_beyond(text, plan.get("style", "point"))):
        return None, ""
    value, named, side = found
    rule, value = plan.get("beyond", "limit"), _in_unit(value, named, plan.get("unit", ""))[0]
    if value is None or rule == "missing":
        return None, "beyond"
    return (value / 2 if rule == "half" and side == "<" else value), "beyond"


def _in_unit(value: float, named: str, unit: str) -> tuple[float | None, str]:
    """A number in the column's unit, of one in the unit that its cell names, and the repair."""
    named = minutes(named, unit_conversion.dimension(unit) == "time")
    is_same = unit_conversion.known(named) == unit_conversion.known(unit) != ""
    if not named or is_same or (unit and is_unit(named, unit) and not unit_conversion.known(named)):
        return value, "number"
    if unit_conversion.can_convert(named, unit):
        return unit_conversion.convert(value, named, unit), "unit"
    return None, ""


def _read_date(text: str, plan: dict):
    formats = plan.get("formats", ["iso"])
    for form in formats:
        if found := date_of(text, form, plan):
            twin = swapped_format(form)
            if plan.get("ambiguous") == "missing" and twin in formats:
                other = date_of(text, twin, plan)
                if other not in (None, found):
                    return None, "ambiguous date"
            return found, "" if form == "iso" else "date"
    return None, ""


def _read_boolean(text: str, plan: dict):
    value = {"1": True, "0": False}.get(text, BOOLEANS.get(text.casefold()))
    return value, "" if text in ("True", "False", "1", "0") else "boolean"


def _category_reader(plan: dict) -> Callable[[str], tuple[str, str]]:
    """What reads the texts of one plan; the names that it holds are looked through once."""
    known = _spellings(tuple(plan.get("values", ())))
    kinds = [(kind, plan.get(key, {})) for kind, key in (("alias", "aliases"), ("typo", "typos"))]
    named = [(kind, names, _spellings(tuple(names))["common"]) for kind, names in kinds if names]

    def read(text: str) -> tuple[str, str]:
        decoded = repair_encoding(text)
        if decoded in known["values"]:
            return decoded, "" if decoded == text else "mojibake"
        key = fingerprint(decoded) if known["values"] or named else ""
        common = known["common"].get(key, decoded)
        for kind, names, spellings in named:
            common = common if common in names else spellings.get(key, common)
            if common in names:
                return names[common], kind
        if decoded != text and common == decoded:
            return common, "mojibake"
        return common, "" if common == text else "spelling"

    return read


def _read_text(text: str, plan: dict):
    decoded = repair_encoding(text)
    return decoded, "" if decoded == text else "mojibake"


_READERS = {
    "number": _read_number,
    "date": _read_date,
    "boolean": _read_boolean,
    "text": _read_text,
}


@lru_cache(maxsize=256)
def _spellings(values: tuple[str, ...]) -> dict:
    """The canonical values as a set, and the one of each fingerprint that only one has."""
    found: dict[str, list[str]] = {}
    for value in values:
        found.setdefault(fingerprint(value), []).append(value)
    common = {key: several[0] for key, several in found.items() if len(several) == 1}
    return {"values": frozenset(values), "common": common}


def is_impossible(values: np.ndarray, plan: dict) -> np.ndarray:
    """Which numbers lie outside the possible range, or are infinite; a missing one is not."""
    low, high = _limits(plan)
    return (values < low) | (values > high) | np.isinf(values)


def _limits(plan: dict) -> tuple[float, float]:
    return plan.get("limits", (-np.inf, np.inf))


def missing_codes(plan: dict) -> list[float]:
    """The numbers that a plan says to stand for "missing"."""
    return [float(text) for text in plan.get("missing", ()) if PLAIN_NUMBER.fullmatch(text)]


def missing_days(plan: dict) -> frozenset[date]:
    """The days that the plan of a column of dates says to stand for "missing".

    >>> missing_days({"kind": "date", "missing": ["1900-01-01", "soon"]})
    frozenset({datetime.date(1900, 1, 1)})
    """
    named = plan.get("missing", ()) if plan["kind"] == "date" else ()
    return frozenset(found.date() for text in named if (found := parse_date(text, "iso")))
