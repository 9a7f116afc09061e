"""One cell read by a column's plan: what it becomes, and which kind of repair that was.

`cell_reader` is the one reader: the service asks it cell by cell, a column is a map of it (see
`reading_columns`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from . import unit_conversion
from .as_texts import as_text
from .date_formats import parse_date, swapped_format
from .known_words import BOOLEANS, MISSING_WORDS, SURELY_MISSING
from .number_formats import (
    PLAIN_NUMBER,
    parse_leading_quantity,
    parse_quantity,
)
from .tidy_text import fingerprint, repair_encoding, tidy

KINDS = ("number", "boolean", "date", "category", "text")
REMEMBERED = 4_096  # texts of a column whose reading is remembered

RULES = {
    "missing word": "a word or code that means missing",
    "number": "a number written as text",
    "unit": "a number in the column's unit",
    "date": "a date written as text",
    "ambiguous date": "day and month are ambiguous",
    "boolean": "a yes or no written as text",
    "spelling": "one spelling for case, space, accent, punctuation",
    "alias": "another name of the same thing",
    "typo": "a typing error in a closed list of names",
    "spaces": "single spaces, one Unicode form",
    "mojibake": "text decoded with the wrong encoding",
    "impossible": "outside the possible range",
    "unreadable": "does not read as what the column holds",
    "label": "one spelling a class of the target",
}


def repair_value(text: str, plan: dict, read: Callable | None = None) -> tuple[object, str]:
    """What one text of a column becomes, and the kind of repair ("" when nothing was wrong).

    `read` is what `value_reader` has made of the plan, for many texts.

    >>> repair_value("1,200", {"kind": "number"}), repair_value("n/a", {"kind": "number"})
    ((1200.0, 'number'), (None, 'missing word'))
    >>> repair_value("2.2 lbs", {"kind": "number", "unit": "kg"})
    (0.997903, 'unit')
    """
    plain, kind = tidy(text), plan["kind"]
    if _means_missing(plain, plan):
        return None, "missing word"
    said = plan.get("aliases", {}).get(plain, plain)
    value, repair = (read or value_reader(plan))(said)
    if value is None:
        return None, "ambiguous date" if repair == "ambiguous date" else "unreadable"
    if kind == "number" and value in missing_codes(plan):
        return None, "missing word"
    if kind == "number" and is_impossible(np.array(value), plan):
        return None, "impossible"
    if said != plain:
        return value, "alias"
    if not repair and plain != text and kind in ("category", "text"):
        repair = "spaces"
    return value, repair


def value_reader(plan: dict) -> Callable[[str], tuple[object, str]]:
    """What reads a tidy text as the plan's kind of value: gives the value and kind of repair."""
    if plan["kind"] == "category":
        return _category_reader(plan)
    return partial(_READERS[plan["kind"]], plan=plan)


def _means_missing(plain: str, plan: dict) -> bool:
    if plain in plan.get("missing", ()):
        return True
    return plain.casefold() in _missing_words(plan["kind"]) and plain not in plan.get("keep", ())


def repair_cell(value, plan: dict) -> tuple[object, str]:
    """What one cell of any type becomes, and the kind of repair; as `repair_column` has it.

    >>> repair_cell(5, {"kind": "number", "limits": [0, 4]})
    (None, 'impossible')
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and plan["kind"] == "number":
        if value in missing_codes(plan):
            return None, "missing word"
        if abs(value) >= 1e308 or is_impossible(np.array(value), plan):
            return None, "impossible"
        return value, ""
    return repair_value(as_text(value), plan)


def cell_reader(plan: dict) -> Callable:
    """A function that does what `repair_cell` does, for one plan and many cells, and fast.

    Missing (None, NaN) stays missing. It remembers the last few thousand texts.

    >>> cell_reader({"kind": "number", "unit": "kg"})("3 kg")
    (3.0, 'number')
    """
    codes, (low, high) = frozenset(missing_codes(plan)), plan.get("limits", (-np.inf, np.inf))
    is_number = plan["kind"] == "number"

    read_text = value_reader(plan)

    @lru_cache(maxsize=REMEMBERED)
    def of_text(text: str) -> tuple[object, str]:
        return repair_value(text, plan, read_text)

    def read(value) -> tuple[object, str]:
        if value is None or value != value:
            return None, ""
        if is_number and isinstance(value, (int, float)) and not isinstance(value, bool):
            if value in codes:
                return None, "missing word"
            if abs(value) >= 1e308 or value < low or value > high:
                return None, "impossible"
            return float(value), ""
        return of_text(as_text(value))

    return read


def _missing_words(kind: str) -> frozenset[str]:
    return SURELY_MISSING if kind in ("category", "text") else MISSING_WORDS


def _read_number(text: str, plan: dict):
    style, unit = plan.get("style", "point"), plan.get("unit", "")
    if PLAIN_NUMBER.fullmatch(text) and (style == "point" or "." not in text):
        value = float(text)
        return (value, "") if np.isfinite(value) else (None, "")
    quantity = parse_quantity(text, style) or (unit and parse_leading_quantity(text, style))
    if not quantity:
        return None, ""
    value, named = quantity
    if (
        not named
        or unit_conversion.known(named) == unit_conversion.known(unit) != ""
        or named == unit
    ):
        return value, "number"
    if unit_conversion.can_convert(named, unit):
        return unit_conversion.convert(value, named, unit), "unit"
    return None, ""


def _read_date(text: str, plan: dict):
    formats = plan.get("formats", ["iso"])
    for form in formats:
        if date := parse_date(text, form):
            twin = swapped_format(form)
            if plan.get("ambiguous") == "missing" and twin in formats:
                other = parse_date(text, twin)
                if other not in (None, date):
                    return None, "ambiguous date"
            return date, "" if form == "iso" else "date"
    return parse_date(text, "iso"), ""


def _read_boolean(text: str, plan: dict):
    value = {"1": True, "0": False}.get(text, BOOLEANS.get(text.casefold()))
    return value, "" if text in ("True", "False", "1", "0") else "boolean"


def _category_reader(plan: dict) -> Callable[[str], tuple[str, str]]:
    """What reads the texts of one plan; the names that it holds are looked through once."""
    known = _spellings(tuple(plan.get("values", ())))
    kinds = [(kind, plan.get(key, {})) for kind, key in (("alias", "aliases"), ("typo", "typos"))]
    named = [(kind, names, _spellings(tuple(names))["common"]) for kind, names in kinds if names]

    def read(text: str) -> tuple[str, str]:
        said = repair_encoding(text)
        if said in known["values"]:
            return said, "" if said == text else "mojibake"
        key = fingerprint(said) if known["values"] or named else ""
        common = known["common"].get(key, said)
        for kind, names, spellings in named:
            common = common if common in names else spellings.get(key, common)
            if common in names:
                return names[common], kind
        if said != text and common == said:
            return common, "mojibake"
        return common, "" if common == text else "spelling"

    return read


def _read_text(text: str, plan: dict):
    said = repair_encoding(text)
    return said, "" if said == text else "mojibake"


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
    """Which numbers lie outside the possible range; a missing one does not."""
    low, high = plan.get("limits", (-np.inf, np.inf))
    return (values < low) | (values > high)


def missing_codes(plan: dict) -> list[float]:
    """The numbers that a plan says to stand for "missing"."""
    return [float(text) for text in plan.get("missing", ()) if PLAIN_NUMBER.fullmatch(text)]
