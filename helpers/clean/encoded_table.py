"""Columns of a table as whole numbers, and keys of them: what dependencies are mined in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from .dependency_vote import JOIN

MOST_MINED = 10_000  # rows looked at for one key column, whole keys at a time


class EncodedTable:
    """Columns as whole numbers, one a value, -1 for missing; `unit` numbers the unit of each row.

    Without units each row is its own.
    """

    def __init__(
        self, frame: pd.DataFrame, names: Sequence[str], unit: np.ndarray | None = None,
        errors: float = 0.0,
    ):  # fmt: skip
        self.names, self.rows = list(names), len(frame)
        self.unit, self.errors = unit, errors
        self.expected = (1 - errors) ** 2  # both cells of a pair are sound
        self.codes, self.values, self._whole = {}, {}, {}
        for name in self.names:
            self.codes[name], self.values[name] = pd.factorize(texts(frame[name]))

    def levels(self, name: str) -> int:
        """How many different values a column has."""
        return len(self.values[name])

    def key(self, names: Sequence[str], rows: np.ndarray | None = None) -> np.ndarray:
        """One number for each combination of values, of all rows or some; -1: one is missing."""
        every = (self.codes[name] for name in names)
        first, *others = (codes if rows is None else codes[rows] for codes in every)
        if not others:
            return first
        second = others[0]
        both = first.astype(np.int64) * self.levels(names[1]) + second
        return np.where((first < 0) | (second < 0), -1, both)

    def whole_keys(self, names: Sequence[str]) -> np.ndarray:
        """Rows to look at for a key (see `_whole_keys`); found once for a single column."""
        if len(names) > 1:
            return _whole_keys(self.key(names))
        if names[0] not in self._whole:
            self._whole[names[0]] = _whole_keys(self.key(names))
        return self._whole[names[0]]

    def key_text(self, names: Sequence[str], key: int) -> str:
        """The text of a key, as relations of a plan have it."""
        if len(names) == 1:
            return str(self.values[names[0]][key])
        first, second = divmod(int(key), self.levels(names[1]))
        return f"{self.values[names[0]][first]}{JOIN}{self.values[names[1]][second]}"


def _whole_keys(key: np.ndarray) -> np.ndarray:
    """Rows to look at: all of some keys, since a row is judged by the others of its key."""
    known = np.flatnonzero(key >= 0)
    if len(known) <= MOST_MINED:
        return known
    mixed = (key[known].astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return known[mixed < np.uint64(2**32 * MOST_MINED // len(known))]
