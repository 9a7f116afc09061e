"""Names that are known to mean the same: the alias table that ships with the project.

`data/aliases.csv` has US states, provinces, countries, large cities, months and weekdays, each
with its codes and other names. A short form means something else in another group (CA is
California or Canada), so a column is read by one group only, and only if it surely belongs to it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from ..base.places import DATA
from .tidy_text import tidy

TABLE = DATA / "aliases.csv"
SURE_CELLS, SURE_VALUES = 0.9, 0.7  # of a column's cells and values: so many known in the group
CITY_CELLS = 0.5  # no list has all cities
FEWEST_NAMES = 3  # different things: two codes may be anything


@cache
def _groups() -> dict[str, dict[str, str]]:
    """For each group, each form of a name (its key, see `_form`) and the name."""
    found: dict[str, dict[str, str]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            forms = [row["name"], *filter(None, row["aliases"].split(";"))]
            found.setdefault(row["group"], {}).update({_form(f): row["name"] for f in forms})
    return found


@cache
def _aliases() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            forms = [row["name"], *filter(None, row["aliases"].split(";"))]
            for form in forms:
                found.setdefault(_form(form), {})[row["group"]] = [f for f in forms if f != form]
    return found


def _form(text: str) -> str:
    """A name's key: case and spaces don't count, nor, in "N.Y.", dots between single letters."""
    plain = tidy(text).casefold()
    return plain.replace(".", "") if _is_dotted(plain) else plain


def _is_dotted(text: str) -> bool:
    return "." in text and all(len(part.strip()) <= 1 for part in text.split("."))


def other_names(text: str, group: str) -> list[str]:
    """The other names of what a text names in a group.

    >>> other_names("California", "US state"), other_names("Ohio", "city")
    (['CA', 'Calif.', 'Cal.'], [])
    """
    return _aliases().get(_form(text), {}).get(group, [])


def group_of(counts: Mapping[str, int]) -> str:
    """The group of a column, if it is sure, "" for none. `counts` has the cells of each value."""
    total = sum(counts.values())
    for group, forms in _groups().items():
        known = {value: forms[_form(value)] for value in counts if _form(value) in forms}
        cells = sum(counts[value] for value in known)
        enough = CITY_CELLS if group == "city" else SURE_CELLS
        many = group == "city" or len(known) >= SURE_VALUES * len(counts)
        if cells >= enough * total and many and len(set(known.values())) >= FEWEST_NAMES:
            return group
    return ""


def pairs_of(values: Iterable[str]) -> dict[tuple[str, str], str]:
    """The pairs of values that some group has as names of one thing, and in which group.

    >>> pairs_of(["NY", "Tosle", "New York"])
    {('NY', 'New York'): 'both name New York (US state)'}
    """
    values, found = list(values), {}
    for group, forms in _groups().items():
        named: dict[str, list[str]] = {}
        for value in values:
            if name := forms.get(_form(value)):
                named.setdefault(name, []).append(value)
        for name, both in named.items():
            if len(both) == 2 and len(set(map(_form, both))) == 2:
                found.setdefault(tuple(both), f"both name {name} ({group})")
    return found


def draft(counts: Mapping[str, int]) -> dict[str, str]:
    """What to write for each other name in a column: the form that the column has most of it in.

    Codes stay codes and names stay names: of each thing the most frequent form wins, and of forms
    that are equally frequent the one of the kind (code or name) that is most frequent overall.

    >>> draft({"NY": 50, "CA": 40, "TX": 30, "New York": 1})
    {'New York': 'NY'}
    >>> draft({"NY": 50, "first": 40})
    {}
    """
    spellings = _spellings_of_things(counts)
    codes = sum(n for found in spellings for v, n in found.items() if _is_code(v))
    prefers_codes = 2 * codes > sum(found.total() for found in spellings)
    merged = {}
    for found in spellings:
        if len({_form(value) for value in found}) == 1:
            continue  # one form in several spellings is the fingerprint's work
        best = max(found, key=lambda v: (found[v], _is_code(v) == prefers_codes, v))
        merged |= {value: best for value in found if value != best}
    return dict(sorted(merged.items()))


def _spellings_of_things(counts: Mapping[str, int]) -> list[Counter]:
    """The values of a column that name the same thing, thing by thing; none without a group."""
    group = group_of(counts)
    forms = _groups()[group] if group else {}
    spellings: dict[str, Counter] = {}
    for value, cells in counts.items():
        if name := forms.get(_form(value)):
            spellings.setdefault(name, Counter())[value] += cells
    return list(spellings.values())


def _is_code(text: str) -> bool:
    return len(text) <= 3 and text.isupper()
