"""One row cleaner."""

from __future__ import annotations

from collections.abc import Callable

from ..cells.reading_values import cell_reader
from . import one_row_repair, review_decisions


def row_cleaner(plan: dict, needed: list[str]) -> tuple[dict[str, Callable], Callable]:
    """The one-row form of `Cleaner`: a reader for each field, and a function to repair the row.

    Only the columns in `needed`, and those that mend them, are looked at. The second function takes
    a raw row and what the readers made of its fields (value and kind of repair), and gives the
    cleaned row: a dict in which missing is None.

    >>> readers, mend = row_cleaner({"columns": {"kg": {"kind": "number"}}}, ["kg"])
    >>> mend({"kg": "1,200"}, {"kg": readers["kg"]("1,200")})
    {'kg': 1200.0}
    """
    own = plan_for(plan, needed)
    columns, related = own["columns"], own["relations"]
    readers = {name: cell_reader(column) for name, column in columns.items()}
    put_back = one_row_repair.row_unswap(related, columns, readers)
    repair = one_row_repair.row_repair(related, {n: c["kind"] for n, c in columns.items()})
    decide = review_decisions.row_decisions(own["decisions"], columns)

    def mend(raw: dict, seen: dict[str, tuple]) -> dict:
        row = {name: seen[name][0] for name in columns}
        put_back(raw, row)
        repair(row)
        decide(row)
        return row

    return readers, mend


def plan_for(plan: dict, needed: list[str]) -> dict:
    """The part of a cleaning plan that some columns need: they, and the columns that repair them.

    >>> plan_for({"columns": {"kg": {"kind": "number"}, "id": {"kind": "text"}}}, ["kg"])
    {'columns': {'kg': {'kind': 'number'}}, 'relations': [], 'decisions': []}
    """
    every, decisions = plan.get("relations", []), plan.get("decisions", [])
    names = _with_repair_sources(needed, every, decisions)
    return {
        "columns": {name: column for name, column in plan["columns"].items() if name in names},
        "relations": [
            relation for relation in every if set(_columns_of_dependency(relation)) <= names
        ],
        "decisions": [one for one in decisions if one["column"] in names],
    }


def _with_repair_sources(needed, every: list[dict], decisions: list[dict]) -> set[str]:
    """The columns and, repeatedly, all columns used to repair them."""
    found: set[str] = set()
    more = set(needed)
    while more - found:
        found |= more
        for relation in every:
            if found & set(_repaired_columns(relation)):
                more |= set(_columns_of_dependency(relation))
        for one in decisions:
            if one["column"] in found:
                more |= set(one["where"])
    return found


def _columns_of_dependency(relation: dict) -> list[str]:
    """Every column that a relation looks at."""
    if "swap" in relation:
        return list(relation["swap"])
    if "split" in relation:
        return [relation["split"], relation["into"]]
    return [*relation["from"], relation["to"]]


def _repaired_columns(relation: dict) -> list[str]:
    """The columns that a relation may change."""
    return [relation["to"]] if "to" in relation else _columns_of_dependency(relation)
