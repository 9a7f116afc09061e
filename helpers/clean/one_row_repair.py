"""Repairs one cleaned row by its other columns: the one-row form of `repair_by_dependency`."""

from __future__ import annotations

from dataclasses import dataclass

from ..cells.as_texts import as_text
from ..cells.reading_values import repair_value
from .dependency_vote import CHANGED, PASSES, DependencyVote
from .repair_by_dependency import head_and_tail
from .row_evidence import others_of

READ_FROM_TEXT = ("number", "date", "boolean")  # kinds whose values are not texts


@dataclass(frozen=True)
class RowSplit:
    """Two facts in one cell: a text that ends in one of `tails` is cut, where `into` is missing."""

    name: str
    into: str
    tails: frozenset[str]

    def __call__(self, row: dict) -> None:
        """Split the cell of a cleaned row, in place."""
        if row[self.into] is None and row[self.name] is not None:
            head, tail = head_and_tail(as_text(row[self.name]), self.tails)
            if head:
                row[self.name], row[self.into] = head, tail


def _sure_by_target(relations: list[dict]) -> dict[str, list[dict]]:
    """The relations that give each column, without those that are not sure."""
    targets: dict[str, list[dict]] = {}
    for relation in relations:
        if "to" in relation and relation.get("sure", True):
            targets.setdefault(relation["to"], []).append(relation)
    return targets


class RowRepair:
    """Repairs a cleaned row (a dict of Python values; missing is None) in place.

    `kinds` has the kind of each column.

    >>> row = {"zip": "01970", "city": None}
    >>> by_zip = {"from": ["zip"], "to": "city", "agree": 1, "values": {"01970": "Salem"}}
    >>> RowRepair([by_zip], {"zip": "category", "city": "category"})(row)
    >>> row["city"]
    'Salem'
    """

    def __init__(self, relations: list[dict], kinds: dict[str, str]):
        self.splits = [RowSplit(r["split"], r["into"], frozenset(r["tails"]))
                       for r in relations if "split" in r]  # fmt: skip
        targets = _sure_by_target(relations)
        every = [r for own in targets.values() for r in own]
        self.votes = [DependencyVote(own, others_of(to, own, every)) for to, own in targets.items()]
        self.names = list(dict.fromkeys(n for r in every for n in (*r["from"], r["to"])))
        self.keys = {name for relation in every for name in relation["from"]}
        self.kinds = {to: kinds[to] for to in targets if kinds[to] in READ_FROM_TEXT}

    def __call__(self, row: dict) -> None:
        """Split, fill and overrule cells of the row; votes are on the row as it came to a pass."""
        for split in self.splits:
            split(row)
        for _ in range(PASSES):
            if not self._vote(row):
                return

    def _vote(self, row: dict) -> bool:
        """Fill and overrule cells of the row; whether a cell was changed that gives others."""
        cells, again = {name: _text(row[name]) for name in self.names}, False
        for vote in self.votes:
            verdict = vote.of_row(cells)
            if verdict.kind in CHANGED:
                row[vote.to] = self._value(vote.to, verdict.answer)
                again |= vote.to in self.keys
        return again

    def _value(self, name: str, text: str):
        kind = self.kinds.get(name)
        return repair_value(text, {"kind": kind})[0] if kind else text


def _text(value) -> str | None:
    return value if value is None or type(value) is str else as_text(value)
