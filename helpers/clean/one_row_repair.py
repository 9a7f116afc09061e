"""The repair of one cleaned row by its other columns: the one-row form of two stages of cleaning.

`RowRepair` is that of `repair_by_dependency.repair`, `RowUnswap` that of `swapped_columns.unswap`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..cells.as_texts import as_text
from ..cells.reading_values import repair_value
from .dependency_vote import FILLED, OVERRULED, DependencyVote
from .repair_by_dependency import head_and_tail

READ_FROM_TEXT = ("number", "date", "boolean")  # kinds whose values are not texts
CHANGED = (FILLED, OVERRULED)


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
        targets: dict[str, list[dict]] = {}
        for relation in relations:
            if "to" in relation and relation.get("sure", True):
                targets.setdefault(relation["to"], []).append(relation)
        self.votes = [DependencyVote(own) for own in targets.values()]
        every = [r for own in targets.values() for r in own]
        self.names = list(dict.fromkeys(n for r in every for n in (*r["from"], r["to"])))
        self.kinds = {to: kinds[to] for to in targets if kinds[to] in READ_FROM_TEXT}

    def __call__(self, row: dict) -> None:
        """Split, fill and overrule cells of the row; all votes are on the row as it came."""
        for split in self.splits:
            split(row)
        cells = {name: _text(row[name]) for name in self.names}
        for vote in self.votes:
            verdict = vote.of_row(cells)
            if verdict.kind in CHANGED:
                row[vote.to] = self._value(vote.to, verdict.answer)

    def _value(self, name: str, text: str):
        kind = self.kinds.get(name)
        return repair_value(text, {"kind": kind})[0] if kind else text


def _text(value) -> str | None:
    return value if value is None or type(value) is str else as_text(value)


class RowUnswap:
    """Puts two exchanged cells of a raw row back, and reads them again.

    `home` lists by column the texts that are at home in it; without a list, what its reader reads.
    """

    def __init__(self, swap: dict, readers: dict[str, Callable]):
        self.left, self.right = swap["swap"]
        self.homes = {name: frozenset(texts) for name, texts in swap["home"].items()}
        self.readers = readers

    def __call__(self, raw: dict, row: dict) -> dict:
        """The raw row, exchanged where that is sure; `row`, what was read, is changed in place."""
        a, b = self.left, self.right
        left, right = raw.get(a), raw.get(b)
        if left is None or right is None or self._stays(left, row):  # nearly every row
            return raw
        left, right = as_text(left), as_text(right)
        if self._is_home(left, a) or self._is_home(right, b):
            return raw
        if not (self._is_home(right, a) and self._is_home(left, b)):
            return raw
        row[a], row[b] = self.readers[a](right)[0], self.readers[b](left)[0]
        return raw | {a: right, b: left}

    def _stays(self, left, row: dict) -> bool:
        """Whether the left cell is at home, by what was read of it."""
        home = self.homes.get(self.left)
        return row[self.left] is not None if home is None else left in home

    def _is_home(self, text: str, name: str) -> bool:
        home = self.homes.get(name)
        return self.readers[name](text)[0] is not None if home is None else text in home
