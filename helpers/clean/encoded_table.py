"""Columns of a table as whole numbers, and keys of them: what dependencies are mined in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from .dependency_vote import JOIN
from .typing_errors import strangers

FEW_ERRORS, MANY_ERRORS = (
    0.01,
    0.03,
)  # of the cells; of many, values that may be errors are left out
AT_HOME = 4  # rows of one key in which a value is at home, and most of its rows
BY_CHANCE = 0.01  # how often scattered errors would look so in a column
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
        self.mistyped: dict[str, float] = {}  # by column the share of typing errors, where known
        self.codes, self.values, self._whole = {}, {}, {}
        for name in self.names:
            self.codes[name], self.values[name] = pd.factorize(texts(frame[name]))
        self.said = dict(self.codes)
        if errors >= MANY_ERRORS:
            self.codes = {name: self._to_learn_from(name) for name in self.names}

    def _to_learn_from(self, name: str) -> np.ndarray:
        """A column's codes without values that may be errors (see `typing_errors.strangers`)."""
        codes = self.said[name]
        counts = pd.Series(np.bincount(codes[codes >= 0]), index=self.values[name])
        strange = np.isin(self.values[name], strangers(counts))
        for other in self.names if strange.any() else ():
            if other != name:
                strange[self._values_at_home(name, other)] = False
        return np.where(np.append(strange, True)[codes], -1, codes)

    def _values_at_home(self, name: str, other: str) -> np.ndarray:
        """The values that most rows of some value of another column hold: no errors, if rare."""
        from scipy.stats import binom

        known = (self.said[name] >= 0) & (self.said[other] >= 0)
        key, own = self.said[other][known].astype(np.int64), self.said[name][known]
        pairs, cells = np.unique(key * self.levels(name) + own, return_counts=True)
        keys, values = np.divmod(pairs, self.levels(name))
        rows = np.bincount(key, minlength=self.levels(other))
        many = np.flatnonzero((cells >= AT_HOME) & (2 * cells > rows[keys]))
        share = np.bincount(own, minlength=self.levels(name)) / max(len(own), 1)
        by_chance = binom.sf(cells[many] - 1, rows[keys[many]], share[values[many]])
        return values[many[by_chance * np.count_nonzero(rows) < BY_CHANCE]]

    @property
    def expected(self) -> float:
        """The share of rows in which a cell and its key are sound."""
        return (1 - self.errors) ** 2

    def levels(self, name: str) -> int:
        """How many different values a column has."""
        return len(self.values[name])

    def key(self, names: Sequence[str], rows: np.ndarray | None = None) -> np.ndarray:
        """One number for each combination of values, of all rows or some; -1: one is missing."""
        every = (self.codes[name] for name in names)
        first, *others = (codes if rows is None else codes[rows] for codes in every)
        return first if not others else _joined(first, others[0], self.levels(names[1]))

    def said_key(self, names: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """As `key`, of the values as they are said, those that may be errors included."""
        first, *others = (self.said[name][rows] for name in names)
        return first if not others else _joined(first, others[0], self.levels(names[1]))

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


def _joined(first: np.ndarray, second: np.ndarray, levels: int) -> np.ndarray:
    """One number for each pair of values; -1 where one of them is missing."""
    both = first.astype(np.int64) * levels + second
    return np.where((first < 0) | (second < 0), -1, both)


def value_counts_by_key(
    key: np.ndarray, to: np.ndarray, levels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The keys and values that come together in some rows, and in how many; missing ones do not."""
    known = (key >= 0) & (to >= 0)
    pairs, cells = np.unique(key[known].astype(np.int64) * levels + to[known], return_counts=True)
    return pairs // levels, pairs % levels, cells


def _whole_keys(key: np.ndarray) -> np.ndarray:
    """Rows to look at: all of some keys, since a row is judged by the others of its key."""
    known = np.flatnonzero(key >= 0)
    if len(known) <= MOST_MINED:
        return known
    mixed = (key[known].astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return known[mixed < np.uint64(2**32 * MOST_MINED // len(known))]
