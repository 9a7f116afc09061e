"""Records that are nearly the same: found by blocking, compared field by field, linked in groups.

No labels and no column names are used. After Fellegi and Sunter (1969), a field on which two
records agree speaks for one record as much as its value is rare: log2(rows / rows with it) bits.
What they differ in must look like an error (a slip, a gap, a value that nobody else has): two
values that both come again elsewhere, or differ in a digit and both come again, are two things.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.tidy_text import tidy

FREQUENT_ROWS = 3  # a value in at least this many rows is not a typing error
MOST_FIELDS = 60
FEW_FIELDS = 15  # up to so many, each field makes blocks of its own
SELECTIVE = 6  # of more fields, so many of the most different ones make blocks, two by two
MOST_IN_BLOCK = 30
MOST_PAIRS = 2_000_000
SIMILAR = 0.8  # from this similarity (by edit distance) on, a value is a typing error of another
SAME_START = 0.9  # by Jaro and Winkler, who weigh the first letters more: names cut short
DETERMINED = (
    0.9  # share of rows in which another column determines a field: then no further evidence
)
FEWEST_A_VALUE = 4  # rows, on average, before a column is thought to tell others
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
    rows = len(frame)
    if pairs.empty:
        return np.arange(rows)
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
            said = texts(frame.iloc[:, place])
            codes, values = pd.factorize(said)
            if not 2 <= len(values) < (codes >= 0).sum():  # all equal, or no value comes twice
                continue
            plain = pd.Series(values).map(lambda text: tidy(text).casefold())
            merged, values = pd.factorize(plain)
            codes = np.append(merged, -1)[codes]
            self.names.append(name)
            self.codes.append(codes)
            self.values.append(np.asarray(values, dtype=object))
            self.cells.append(np.bincount(codes[codes >= 0], minlength=len(values)))
            self.is_text.append(isinstance(frame.iloc[:, place].dtype, pd.StringDtype))
        self._keep_most_telling()
        self.is_told = [self._is_told(field) for field in range(len(self.names))]

    def _keep_most_telling(self) -> None:
        order = np.argsort([-len(values) for values in self.values], kind="stable")[:MOST_FIELDS]
        for name in ("names", "codes", "values", "cells", "is_text"):
            own = getattr(self, name)
            setattr(self, name, [own[place] for place in order])

    def _is_told(self, field: int) -> bool:
        """Whether a column of more values tells this one, as a model of plane its maker."""
        for other in range(field):
            known = (self.codes[other] >= 0) & (self.codes[field] >= 0)
            levels = len(self.values[other])
            if known.sum() < FEWEST_A_VALUE * levels:
                continue
            both = self.codes[other][known].astype(np.int64) * len(self.values[field])
            pairs, cells = np.unique(both + self.codes[field][known], return_counts=True)
            top = np.zeros(levels, dtype=cells.dtype)
            np.maximum.at(top, pairs // len(self.values[field]), cells)
            if top.sum() - levels >= DETERMINED * (known.sum() - levels):
                return True
        return False

    def bits(self, field: int) -> np.ndarray:
        """What agreement on each value is worth; nothing where another column tells it anyway."""
        return (not self.is_told[field]) * np.log2(self.rows / np.maximum(self.cells[field], 1))


def _candidates(fields: _Fields) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that agree on a rare value, or on two values together that few rows share."""
    count = len(fields.names)
    few = count <= FEW_FIELDS
    keys = [(field,) for field in range(count)] if few else []
    keys += list(combinations(range(count if few else SELECTIVE), 2))
    found, total = [], 0
    for key in keys:
        pairs = _same_block(_block_key(fields, key))
        found.append(pairs)
        total += len(pairs)
        if total > MOST_PAIRS:
            break
    pairs = np.unique(np.concatenate(found))
    return pairs // fields.rows, pairs % fields.rows


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
    order = known[np.argsort(key[known], kind="stable")]
    ordered = key[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    size = np.diff(np.r_[first, len(order)])
    small = np.repeat((size > 1) & (size <= MOST_IN_BLOCK), size)
    order, ordered = order[small], ordered[small]
    pairs = []
    for step in range(1, MOST_IN_BLOCK):
        same = ordered[step:] == ordered[:-step]
        if not same.any():
            break
        left, right = order[:-step][same], order[step:][same]
        pairs.append(np.minimum(left, right) * len(key) + np.maximum(left, right))
    return np.concatenate(pairs) if pairs else np.zeros(0, dtype=np.int64)


def _compare(fields: _Fields, left: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """The pairs that are surely one record."""
    needed = 2 * np.log2(fields.rows) + EXTRA_BITS
    left, right = _still_possible(fields, left, right, needed)
    total = np.zeros(len(left))
    differ = np.zeros(len(left), dtype=int)
    agree = np.zeros(len(left), dtype=int)
    known_others = np.zeros(len(left), dtype=int)
    for field in range(len(fields.names)):
        level, bits = _compare_field(fields, field, left, right)
        total += bits
        differ += level != "same"
        agree += (level == "same") | (level == "alike")
        known_others += level == "known other"
    chance = known_others <= 1
    sure = (total >= needed) & chance & (2 * agree >= len(fields.names))
    return pd.DataFrame(
        {"left": left[sure], "right": right[sure], "bits": total[sure], "differ": differ[sure]}
    )


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
    heard = (cells[a[other]] >= FREQUENT_ROWS) & (cells[b[other]] >= FREQUENT_ROWS)
    alike = _alike(values[a[other]], values[b[other]], heard, fields.is_text[field])
    level[other[heard & ~alike]] = "known other"
    weight[other[heard & ~alike]] = KNOWN_OTHER
    level[other[alike]] = "alike"
    weight[other[alike]] = ALIKE * np.maximum(bits[a[other]], bits[b[other]])[alike]
    return level, weight


def _alike(left: np.ndarray, right: np.ndarray, heard: np.ndarray, is_text: bool) -> np.ndarray:
    """Which values look like typing errors of each other.

    Two known values must not differ in a digit, and numbers are measurements, unless they are
    codes of five digits or more.
    """
    from rapidfuzz.distance import OSA, JaroWinkler
    from rapidfuzz.process import cpdist

    alike = np.zeros(len(left), dtype=bool)
    pairs = zip(left, right, heard, strict=True)
    asked = np.array([_may_be_alike(a, b, known, is_text) for a, b, known in pairs], dtype=bool)
    left, right = left[asked], right[asked]
    if not len(left):
        return alike
    near = cpdist(left, right, scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
    if is_text:
        near |= cpdist(left, right, scorer=OSA.normalized_similarity, dtype=np.float32) >= SIMILAR
        near |= cpdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float32) >= SAME_START
    alike[asked] = near
    return alike


def _may_be_alike(left: str, right: str, heard: bool, is_text: bool) -> bool:
    if not is_text:
        return left.isdigit() and right.isdigit() and min(len(left), len(right)) >= 5 and not heard
    return not heard or _digits(left) == _digits(right)


def _digits(text: str) -> list[str]:
    return [mark for mark in text if mark.isdigit()]
