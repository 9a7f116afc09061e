"""How a person wants columns to be read: `columns.yaml`, checked, and put into columns' plans.

Each run writes such a file: column by column what the file held and how it was read. A line of it
that is changed is a choice; what is left out is found as ever.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd

from ..base.user_errors import InputError, nearest
from ..base.yaml_texts import text_of, yaml_value
from .date_formats import DATE_FORMATS, is_format, swapped_format
from .draft_column_plan import draft_as
from .other_forms import first_named, is_open
from .reading_values import KINDS, cell_reader
from .value_forms import FORMS, kind_said

ENCODING = "encoding"  # an entry of the file as a whole
STYLES, ORDERS = ("point", "comma"), ("day", "month")
TOLD = ("held", "unread", "empty", "note", "doubt")  # what a run says of a column; no choice
ALL_KINDS = (*KINDS, *FORMS)
OF_KIND = {"format": "date", "order": "date", "unit": "number", "decimal": "number",
           "ranks": "category"}  # fmt: skip
Choices = dict[str, dict]


def open_choices(path: str, columns, target: str = "") -> Choices:
    """The choices in a file (see `read_choices`); none where the path is empty."""
    if not path:
        return {}
    return read_choices(text_of(path, "file for columns"), columns, target)


def read_choices(text: str, columns, target: str = "") -> Choices:
    """By column what was chosen: kind, format, order, unit, decimal, missing, keep.

    Raises InputError, in a line that names the column, for what can't be followed.

    >>> read_choices("day: {kind: date, order: day}", ["day"])
    {'day': {'kind': 'date', 'order': 'day'}}
    >>> read_choices("day: {order: noon}", ["day"])
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: columns: the order of 'day' is day or month; it is 'noon'.
    """
    content = _content(text)
    if isinstance(content.get(ENCODING), str) and ENCODING not in columns:
        del content[ENCODING]  # of the file: see `encoding_in`
    return {str(name): _checked(str(name), said, columns, target) for name, said in content.items()}


def _content(text: str) -> dict:
    content = yaml_value(text, "The file for columns") or {}
    if not isinstance(content, dict):
        raise InputError(
            "The file for columns needs an entry a column, such as 'day: {kind: date}'."
        )
    return content


def encoding_in(path: str) -> str:
    """The encoding that a file of choices names for the text file as a whole; "" for none."""
    named = _content(text_of(path, "file for columns")).get(ENCODING) if path else ""
    return named if isinstance(named, str) else ""


def _checked(name: str, said, columns, target: str) -> dict:
    """What a file says of a column, without what is only told."""
    if name == target:
        raise InputError(f"columns: '{name}' is the target; its labels are read as they stand.")
    if name not in columns:
        raise InputError(f"columns names no column '{name}'. {nearest(name, columns)}")
    if not isinstance(said, dict):
        raise InputError(
            f"columns: '{name}' needs entries such as 'kind: date'; it has {said!r:.40}."
        )
    chosen = {key: value for key, value in said.items() if key not in TOLD}
    for key, value in chosen.items():
        if key not in FORMS:
            raise InputError(
                f"columns: '{name}' has an unknown entry '{key}'. {nearest(key, FORMS)}"
            )
        is_right, form = FORMS[key]
        if not is_right(value):
            raise InputError(f"columns: the {key} of '{name}' is {form}; it is {value!r:.40}.")
    return chosen


def _are_formats(value) -> bool:
    return bool(_listed(value)) and all(isinstance(f, str) and is_format(f) for f in _listed(value))


def _are_words(value) -> bool:
    return isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value)


def _are_rules(value) -> bool:
    return isinstance(value, dict) and all(
        isinstance(t, str) for rule in value.items() for t in rule
    )


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


FORMS = {
    "kind": (lambda value: value in ALL_KINDS, f"one of {', '.join(ALL_KINDS)}"),
    "format": (_are_formats, "a date format such as '%d.%m.%Y' or iso, or a list of them"),
    "order": (lambda value: value in ORDERS, "day or month"),
    "unit": (lambda value: isinstance(value, str), "a text"),
    "decimal": (lambda value: value in STYLES, "point or comma"),
    "missing": (_are_words, "a list of words"),
    "keep": (_are_words, "a list of words"),
    "ranks": (_are_words, "the words of a category in their order, or [] for no order"),
    "rewrites": (_are_rules, "a mapping such as '{number} oz': '{number}', or {} for none"),
}


def with_choice(column: pd.Series, plan: dict, chosen: dict) -> dict:
    """A column's plan as it was drafted, with what was chosen of how its cells are read.

    >>> plan = {"kind": "date", "formats": ["%m/%d/%Y"], "ambiguous": "doubt"}
    >>> with_choice(pd.Series(["05/06/2021"]), plan, {"order": "day"})
    {'kind': 'date', 'formats': ['%d/%m/%Y']}
    """
    if chosen.get("kind", kind_said(plan)) != kind_said(plan):
        plan = draft_as(column, chosen["kind"])
    for key, kind in OF_KIND.items():
        if key in chosen and plan["kind"] == kind:
            plan = SETTERS[key](plan, chosen[key])
    return _with_rewrites(plan, chosen["rewrites"]) if "rewrites" in chosen else plan


def _with_formats(plan: dict, formats) -> dict:
    plan = {key: value for key, value in plan.items() if key != "ambiguous" or
            _listed(formats) == plan.get("formats")}  # fmt: skip
    return plan | {"formats": _listed(formats)}


def _with_order(plan: dict, order: str) -> dict:
    own = plan.get("formats", ["iso"])
    if not any(map(is_open, own)):
        own = [*own, *(form for form in DATE_FORMATS if is_open(form))]
    turned = [swapped_format(f) if is_open(f) and first_named(f) != order else f for f in own]
    if turned == plan.get("formats") and "ambiguous" not in plan:
        return plan
    rest = {key: value for key, value in plan.items() if key not in ("ambiguous", "formats")}
    return rest | {"formats": list(dict.fromkeys(turned))}


def _with_decimal(plan: dict, style: str) -> dict:
    rest = {key: value for key, value in plan.items() if key != "style"}
    return rest | ({"style": style} if style != "point" else {})


def _with_unit(plan: dict, unit: str) -> dict:
    rest = {key: value for key, value in plan.items() if key != "unit"}
    return rest | ({"unit": unit} if unit else {})


def _with_ranks(plan: dict, words: list) -> dict:
    rest = {key: value for key, value in plan.items() if key != "ranks"}
    return rest | ({"ranks": [str(word) for word in words]} if words else {})


def _with_rewrites(plan: dict, rules: dict) -> dict:
    rest = {key: value for key, value in plan.items() if key != "rewrites"}
    return rest | ({"rewrites": rules} if rules else {})


SETTERS = {"format": _with_formats, "order": _with_order, "decimal": _with_decimal,
           "unit": _with_unit, "ranks": _with_ranks}  # fmt: skip


def with_words(plan: dict, choices: Choices) -> dict:
    """A whole cleaning plan, with the words that were chosen to mean missing, or to be kept.

    >>> plan = {"columns": {"x": {"kind": "category", "values": ["a", "z"]}}}
    >>> with_words(plan, {"x": {"missing": ["z"]}})["columns"]["x"]["missing"]
    ['z']
    """
    named = {name: _column_with_words(plan["columns"][name], chosen)
             for name, chosen in choices.items() if name in plan["columns"]}  # fmt: skip
    return plan | {"columns": plan["columns"] | named}


def _column_with_words(plan: dict, chosen: dict) -> dict:
    for key, is_missing in (("missing", True), ("keep", False)):
        words = [str(word) for word in chosen.get(key, ())]
        more = [w for w in words if (cell_reader(plan)(w) == (None, "missing word")) != is_missing]
        if more:
            plan = plan | {key: [*plan.get(key, []), *more]}
    return plan


def missing_words(changed: pd.DataFrame, plan: dict) -> list[str]:
    """The words that a column's plan took for missing, of its log; those it names first."""
    seen = Counter(changed.loc[changed["kind"] == "missing word", "before"])
    return list(
        dict.fromkeys([*plan.get("missing", []), *(word for word, _ in seen.most_common(5))])
    )
