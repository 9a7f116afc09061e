"""Records that are nearly the same: found by blocking, compared field by field, linked in groups.

No labels and no column names are used. After Fellegi and Sunter (1969), a field on which two
records agree speaks for one record as much as its value is rare: log2(rows / rows with it) bits.
What they differ in must look like an error (a typing error, a gap, a value that no other row has):
two values that both come again elsewhere, and are not alike or differ in a digit, are two things.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.tidy_text import tidy
from .blocking import pairs_in_blocks

FREQUENT_ROWS = 3  # a value in at least this many rows is not a typing error
MOST_FIELDS = 60
FEW_FIELDS = 15  # up to so many, each field makes blocks of its own
SELECTIVE = 6  # of more fields, so many of the most different ones make blocks, two by two
MOST_IN_BLOCK = 30
MOST_PAIRS = 2_000_000
SIMILAR = 0.8  # from this similarity (by edit distance) on, a value is a typing error of another
SAME_START = 0.9  # by Jaro and Winkler, who weigh the first letters more: names cut short
# Where another column determines a field in this share of rows, the field is no further evidence.
DETERMINED = 0.9
FEWEST_A_VALUE = 4  # rows, on average, before a column is thought to determine others
# Bits against one record, by field. In the FEBRL sets of persons 3 % of duplicates' fields differ
# beyond likeness, of other pairs nearly all: log2(0.03) is -5. Two known values are rarer still.
OTHER, KNOWN_OTHER, GAP = -5.0, -9.0, -0.5
ALIKE = 0.6  # of a value's bits, where the two are alike only
EXTRA_BITS = 0  # bits beyond what chance would link once among all pairs


def link(frame: pd.DataFrame) -> np.ndarray:
    """The group of each row: rows that are one record share the position of the first of them.

    A row that is like no other has its own position. Works on cleaned and on raw rows; columns in
    which no value comes twice (record numbers) say nothing and are left out.

    >>> rows = [(f"{n} long street", f"phone 0{n}{n}", 1900 + n) for n in range(40)] * 2
    >>> rows[47] = ("7 long stret", "phone 077", 1907)
    >>> link(pd.DataFrame(rows, columns=["street", "phone", "born"]))[[7, 47]]
    array([7, 7])
    """
    pairs = find_pairs(frame)
    return np.arange(len(frame)) if pairs.empty else _linked(pairs, len(frame))


def _linked(pairs: pd.DataFrame, rows: int) -> np.ndarray:
    """The first row of each row's group: rows that pairs link, directly or over others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = (np.ones(len(pairs)), (pairs["left"], pairs["right"]))
    _, group = connected_components(coo_array(links, shape=(rows, rows)), directed=False)
    first = np.full(group.max() + 1, rows)
    np.minimum.at(first, group, np.arange(rows))
    return first[group]


def find_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """The pairs of rows taken for one record: `left`, `right` (positions), `bits`, `differ`.

    `bits` is the weight of what speaks for the pair, the surest first; `differ` counts the fields
    in which they are not equal.
    """
    fields = _Fields(frame)
    empty = pd.DataFrame({"left": [], "right": [], "bits": [], "differ": []})
    if len(fields.names) < 2 or fields.rows < 2:
        return empty.astype({"left": int, "right": int, "differ": int})
    left, right = _candidates(fields)
    found = _compare(fields, left, right)
    return found.sort_values(["bits", "left", "right"], ascending=[False, True, True]).reset_index(
        drop=True
    )


class _Fields:
    """The columns that say something of identity, as numbers; how many rows hold each value."""

    def __init__(self, frame: pd.DataFrame):
        self.rows, self.names = len(frame), []
        self.codes, self.values, self.cells, self.is_text = [], [], [], []
        for place, name in enumerate(frame.columns):
            self._add(name, frame.iloc[:, place])
        self._keep_most_selective()
        self.is_determined = [self._is_determined(field) for field in range(len(self.names))]

    def _add(self, name, column: pd.Series) -> None:
        """Take up a column, unless all of it is equal, or no value comes twice."""
        codes, values = pd.factorize(texts(column))
        if not 2 <= len(values) < (codes >= 0).sum():
            return
        merged, values = pd.factorize(pd.Series(values).map(lambda text: tidy(text).casefold()))
        codes = np.append(merged, -1)[codes]
        self.names.append(name)
        self.codes.append(codes)
        self.values.append(np.asarray(values, dtype=object))
        self.cells.append(np.bincount(codes[codes >= 0], minlength=len(values)))
        self.is_text.append(isinstance(column.dtype, pd.StringDtype))

    def _keep_most_selective(self) -> None:
        order = np.argsort([-len(values) for values in self.values], kind="stable")[:MOST_FIELDS]
        for name in ("names", "codes", "values", "cells", "is_text"):
            own = getattr(self, name)
            setattr(self, name, [own[place] for place in order])

    def _is_determined(self, field: int) -> bool:
        """Whether a column of more values determines this one, as a model of plane its maker."""
        return any(self._determines(other, field) for other in range(field))

    def _determines(self, other: int, field: int) -> bool:
        known = (self.codes[other] >= 0) & (self.codes[field] >= 0)
        levels = len(self.values[other])
        if known.sum() < FEWEST_A_VALUE * levels:
            return False
        both = self.codes[other][known].astype(np.int64) * len(self.values[field])
        pairs, cells = np.unique(both + self.codes[field][known], return_counts=True)
        top = np.zeros(levels, dtype=cells.dtype)
        np.maximum.at(top, pairs // len(self.values[field]), cells)
        return top.sum() - levels >= DETERMINED * (known.sum() - levels)

    def bits(self, field: int) -> np.ndarray:
        """What agreement on each value is worth; nothing where another column determines it."""
        return (not self.is_determined[field]) * np.log2(
            self.rows / np.maximum(self.cells[field], 1)
        )


def _candidates(fields: _Fields) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that agree on a rare value, or on two values together that few rows share."""
    found, total = [], 0
    for names in _blocking_fields(len(fields.names)):
        found.append(_same_block(_block_key(fields, names)))
        total += len(found[-1])
        if total > MOST_PAIRS:
            break
    pairs = np.unique(np.concatenate(found))
    return pairs // fields.rows, pairs % fields.rows


def _blocking_fields(count: int) -> list[tuple[int, ...]]:
    """The fields that make blocks, one by one where they are few, and two by two."""
    few = count <= FEW_FIELDS
    alone = [(field,) for field in range(count)] if few else []
    return alone + list(combinations(range(count if few else SELECTIVE), 2))


def _block_key(fields: _Fields, names: tuple[int, ...]) -> np.ndarray:
    key = fields.codes[names[0]].astype(np.int64)
    for name in names[1:]:
        other = fields.codes[name]
        both = key * len(fields.values[name]) + other
        key = np.where((key < 0) | (other < 0), -1, both)
    return key


def _same_block(key: np.ndarray) -> np.ndarray:
    """All pairs of rows with the same key, as left * rows + right, where few rows share it."""
    known = np.flatnonzero(key >= 0)
    left, right = pairs_in_blocks(key[known], known, MOST_IN_BLOCK).T
    return left * len(key) + right


def _compare(fields: _Fields, left: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """The pairs that are surely one record."""
    needed = 2 * np.log2(fields.rows) + EXTRA_BITS
    left, right = _still_possible(fields, left, right, needed)
    total = np.zeros(len(left))
    same, alike, known_other = (np.zeros(len(left), dtype=int) for _ in range(3))
    for field in range(len(fields.names)):
        level, bits = _compare_field(fields, field, left, right)
        total += bits
        same += level == "same"
        alike += level == "alike"
        known_other += level == "known other"
    sure = (total >= needed) & (known_other <= 1) & (2 * (same + alike) >= len(fields.names))
    found = {"left": left, "right": right, "bits": total, "differ": len(fields.names) - same}
    return pd.DataFrame(found)[sure].reset_index(drop=True)


def _still_possible(fields: _Fields, left: np.ndarray, right: np.ndarray, needed: float):
    """The pairs that could still be one record if all that differs were alike."""
    best = np.zeros(len(left))
    for field, codes in enumerate(fields.codes):
        a, b = codes[left], codes[right]
        bits = np.append(fields.bits(field), 0.0)
        both = (a >= 0) & (b >= 0)
        best += np.where(a == b, bits[a], np.where(both, ALIKE * np.maximum(bits[a], bits[b]), 0))
    return left[best >= needed], right[best >= needed]


def _compare_field(fields: _Fields, field: int, left: np.ndarray, right: np.ndarray):
    """How a field compares, pair by pair, in words and in bits."""
    codes, values, cells = fields.codes[field], fields.values[field], fields.cells[field]
    bits = np.append(fields.bits(field), 0.0)
    a, b = codes[left], codes[right]
    gap = (a < 0) | (b < 0)
    same = (a == b) & ~gap
    other = np.flatnonzero(~same & ~gap)
    level = np.where(gap, "gap", np.where(same, "same", "other")).astype(object)
    weight = np.where(gap, GAP, np.where(same, bits[a], OTHER))
    frequent = (cells[a[other]] >= FREQUENT_ROWS) & (cells[b[other]] >= FREQUENT_ROWS)
    alike = are_alike(values[a[other]], values[b[other]], frequent, fields.is_text[field])
    level[other[frequent & ~alike]] = "known other"
    weight[other[frequent & ~alike]] = KNOWN_OTHER
    level[other[alike]] = "alike"
    weight[other[alike]] = ALIKE * np.maximum(bits[a[other]], bits[b[other]])[alike]
    return level, weight


def are_alike(
    left: np.ndarray, right: np.ndarray, frequent: np.ndarray, is_text: bool
) -> np.ndarray:
    """Which values look like typing errors of each other.

    Two frequent values must not differ in a digit, and numbers are measurements, unless they are
    codes of five digits or more.
    """
    pairs = zip(left, right, frequent, strict=True)
    alike = np.array([_may_be_alike(a, b, both, is_text) for a, b, both in pairs], dtype=bool)
    if alike.any():
        alike[alike] = _are_near(left[alike], right[alike], is_text)
    return alike


def _are_near(left: np.ndarray, right: np.ndarray, is_text: bool) -> np.ndarray:
    """Which values are one edit apart, or, of texts, similar as a whole or in their beginning."""
    from rapidfuzz.distance import OSA, JaroWinkler
    from rapidfuzz.process import cpdist

    near = cpdist(left, right, scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
    if is_text:
        near |= cpdist(left, right, scorer=OSA.normalized_similarity, dtype=np.float32) >= SIMILAR
        near |= cpdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float32) >= SAME_START
    return near


def _may_be_alike(left: str, right: str, frequent: bool, is_text: bool) -> bool:
    if is_text:
        return not frequent or _digits(left) == _digits(right)
    return not frequent and all(len(v) >= 5 and v.isdigit() for v in (left, right))


def _digits(text: str) -> list[str]:
    return [mark for mark in text if mark.isdigit()]
