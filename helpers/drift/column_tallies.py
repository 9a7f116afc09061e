"""Tallies: the counts of a column that drift needs, in a form that adds up over parts of a table.

A column of numbers is its distinct values and how often each occurs, a column of texts its levels
and their counts. Those of a part of a larger table are kept small: where a number falls between two
values of the training rows makes no difference to any test or index, so all that fall there are
counted together. The sum of the parts gives what the whole table gives, not an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..learning.unit_tests import Dependence, dependence
from .comparable_columns import as_numbers, as_values

OTHER = "(other)"


@dataclass(frozen=True)
class WithinUnits:
    """How much the rows of a unit resemble each other: in a column's values, and in its gaps."""

    values: Dependence
    gaps: Dependence

    def for_rows(self, known: int, rows: int) -> WithinUnits:
        """So many rows in units like these, so many of them known."""
        return WithinUnits(self.values.for_rows(known), self.gaps.for_rows(rows))


class _Counted:
    """A column that is counted: `counts` of what is there, and how many cells are missing."""

    def __len__(self) -> int:
        return self.known + self.gaps

    @property
    def known(self) -> int:
        """How many are not missing."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class NumberCounts(_Counted):
    """n distinct numbers in ascending order, how often each occurs, and how many are missing.

    Where only some numbers are counted one by one, `knots` has these; all that fall between two of
    them are counted just above the lower one. `within` is None where each row is a unit.
    """

    values: np.ndarray
    counts: np.ndarray
    gaps: int = 0
    knots: np.ndarray | None = None
    within: WithinUnits | None = None

    def below(self, edges: np.ndarray) -> np.ndarray:
        """How many numbers lie below each edge."""
        return np.append(0, self.counts.cumsum())[np.searchsorted(self.values, edges, "left")]

    def up_to(self, values: np.ndarray) -> np.ndarray:
        """How many numbers are as large as each value, or less."""
        return np.append(0, self.counts.cumsum())[np.searchsorted(self.values, values, "right")]

    def at(self, places: np.ndarray) -> np.ndarray:
        """The numbers at some places, counted from 0, of all in ascending order."""
        return self.values[np.searchsorted(self.counts.cumsum(), places, "right")]


@dataclass(frozen=True)
class LevelCounts(_Counted):
    """The count of each level (the index), in the order of appearance, and how many are missing.

    `folded`: levels that are not in the index are counted as `OTHER`. `within` is None where each
    row is a unit.
    """

    counts: pd.Series
    gaps: int = 0
    folded: bool = False
    within: WithinUnits | None = None


Tally = NumberCounts | LevelCounts


def tally_of(values: pd.Series, unit: np.ndarray | None = None) -> Tally:
    """The tally of a column as `comparable_columns.as_values` gives it.

    `unit` says of which customer, day or other unit each row is; None: each is by itself.

    >>> tally_of(pd.Series([2.0, 1.0, 2.0, None])).counts.tolist()
    [1, 2]
    """
    known = values.dropna()
    gaps, within = len(values) - len(known), _within_units(values, unit)
    if values.dtype == float:
        counted = np.unique(known.to_numpy(), return_counts=True)
        return NumberCounts(*counted, gaps, within=within)
    return LevelCounts(known.value_counts(sort=False), gaps, within=within)


def _within_units(values: pd.Series, unit: np.ndarray | None) -> WithinUnits | None:
    if unit is None:
        return None
    missing = values.isna().astype(float)
    return WithinUnits(dependence(values, unit), dependence(missing, unit))


def tally_partition(
    part: pd.Series, before: Tally, few: int, unit: np.ndarray | None = None
) -> tuple[Tally, Tally | None]:
    """The tally of a part of a later column, as fine as `before`, that of the training rows, needs.

    The second one has every number by itself, as long as they are no more than `few`.
    """
    values = as_values(part)
    if isinstance(before, LevelCounts):
        texts = values if values.dtype != float else part.astype("str")
        if before.folded:
            texts = texts.where(texts.isin(before.counts.index) | texts.isna(), OTHER)
        return tally_of(texts, unit), None
    exact = tally_of(_numbers_of(values, part.name), unit)
    known = before.values if before.knots is None else before.knots
    return between(exact, known), exact if len(exact.values) <= few else None


def _numbers_of(values: pd.Series, name) -> pd.Series:
    """Later values as numbers; raises InputError where one can't be read as such."""
    numbers = values if values.dtype == float else as_numbers(values)
    if numbers is None:
        unread = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
        raise InputError(
            f"The column '{name}' holds numbers in the training rows, and texts here, such as "
            f"'{unread.iloc[0]}'."
        )
    return numbers


def between(found: NumberCounts, known: np.ndarray) -> NumberCounts:
    """The numbers, with all that fall between two known values put on one place there."""
    place = np.searchsorted(known, found.values, "left")
    is_known = np.isin(found.values, known, assume_unique=True)
    just_above = np.nextafter(known[np.maximum(place - 1, 0)], np.inf) if len(known) else 0.0
    just_below = np.nextafter(known[0], -np.inf) if len(known) else 0.0
    moved = np.where(place == 0, just_below, just_above)
    values, inverse = np.unique(np.where(is_known, found.values, moved), return_inverse=True)
    counts = np.bincount(inverse, found.counts, len(values)).astype(int)
    return replace(found, values=values, counts=counts)


def sum_of(one: Tally, other: Tally) -> Tally:
    """The tally of two parts together; units may be in both, so they are not known any more.

    >>> sum_of(tally_of(pd.Series([1.0, 2.0])), tally_of(pd.Series([2.0]))).counts.tolist()
    [1, 2]
    """
    gaps = one.gaps + other.gaps
    if isinstance(one, LevelCounts):
        counts = pd.concat([one.counts, other.counts]).groupby(level=0, sort=False).sum()
        return LevelCounts(counts, gaps)
    values, inverse = np.unique(np.append(one.values, other.values), return_inverse=True)
    counts = np.bincount(inverse, np.append(one.counts, other.counts), len(values)).astype(int)
    return NumberCounts(values, counts, gaps)
