"""The one-row form of `Cleaner`: what reads each field, and what repairs the row."""

from __future__ import annotations

from ..cells.reading_columns import Reader
from .one_row_repair import RowRepair
from .review_decisions import Decision, decide_row
from .swapped_columns import Swap


class RowCleaner:
    """Cleans a raw row (a dict) as `Cleaner` does, by the same plan.

    `fields` has by name what reads a cell of each column: it gives the value and the kind of
    repair. Only the columns in `needed`, and those that repair them, are looked at.

    >>> cleaner = RowCleaner({"columns": {"kg": {"kind": "number"}}}, ["kg"])
    >>> cleaner({"kg": "1,200"}, {"kg": cleaner.fields["kg"]("1,200")})
    {'kg': 1200.0}
    """

    def __init__(self, plan: dict, needed: list[str]):
        own = plan_for(plan, needed)
        columns, relations = own["columns"], own["relations"]
        readers = {name: Reader(column) for name, column in columns.items()}
        self.fields = {name: reader.cell for name, reader in readers.items()}
        self._swaps = [Swap(r, readers) for r in relations if "swap" in r]
        self._repair = RowRepair(relations, {n: c["kind"] for n, c in columns.items()})
        self._decisions = [Decision(one, columns) for one in own["decisions"]]

    def __call__(self, raw: dict, seen: dict[str, tuple]) -> dict:
        """The cleaned row (missing is None), of a raw row and what `fields` made of its cells."""
        row = {name: seen[name][0] for name in self.fields}
        for swap in self._swaps:
            raw = swap.put_back(raw, row)
        self._repair(row)
        decide_row(row, self._decisions)
        return row


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
        used = [r for r in every if found & set(_repaired_columns(r)) or _checks(r, found)]
        more |= {name for relation in used for name in _columns_of_dependency(relation)}
        more |= {name for one in decisions if one["column"] in found for name in one["where"]}
    return found


def _checks(relation: dict, names: set[str]) -> bool:
    """Whether a dependency tells something of a column that is its key, by what this gives."""
    return "wrong_key" in relation and len(relation["from"]) == 1 and relation["from"][0] in names


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
