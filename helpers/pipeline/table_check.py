"""The policy of `row_check` for many rows at once: which are refused, and what is said of each.

A column is looked at while it is read (`FieldTally` stands in its reader), by its different values;
the words are those that the same cell gets in a row by itself (`FieldCheck.of`).
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cells.coded_column import EncodedColumn, is_in
from ..cells.form_tally import FormTally
from ..cells.other_forms import OTHER_FORM
from ..cells.reading_columns import Reader
from .row_check import HUGE, LOST, TOO_LONG_CELL, UNUSABLE, FieldCheck, RowCheck, empty_row

BETWEEN = " | "  # what is said of one row


@dataclass
class Checked:
    """What was found in so many `rows`: which are `refused`, and why.

    `present` counts by field the cells that hold something, `unread` those of them that refuse
    their row; `empty` are the rows without any value. The words are made of `columns`, and of what
    is said of columns that nobody knows (`unknown`).
    """

    rows: int = 0
    refused: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    empty: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    present: dict[str, int] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    columns: list[tuple[FieldCheck, EncodedColumn, np.ndarray]] = field(default_factory=list)

    def counts(self) -> dict:
        """The counts, as JSON holds them."""
        return {"rows": self.rows, "present": self.present, "unread": self.unread,
                "empty": int(self.empty.sum()), "refused": int(self.refused.sum())}  # fmt: skip

    def words(self) -> list[str]:
        """For each row what is said of it, as the service says it; "" for nothing."""
        found: list[list[str]] = [[] for _ in range(self.rows)]
        for place in np.flatnonzero(self.empty):
            found[place].append(f"refused: {empty_row().said}")
        for check, column, odd in self.columns:
            rows = np.flatnonzero(column.by_value(odd, check.is_never_missing))
            of_value = {place: _said(check, column.values.iloc[place])
                        for place in set(column.codes[rows]) - {-1}}  # fmt: skip
            for row, place in zip(rows, column.codes[rows], strict=True):
                found[row] += of_value.get(place, [str(check.missing)])
        return [BETWEEN.join(some + self.unknown) for some in found]


def _said(check: FieldCheck, value) -> list[str]:
    """What is said of a raw cell, the reason for a refusal marked."""
    value = value.item() if isinstance(value, np.generic) else value
    return [f"refused: {one}" if one.refuses else str(one) for one in check.of(value)]


class TableCheck:
    """Checks the columns of a table while `readers` read them; `taken` gives what was found."""

    def __init__(self, check: RowCheck, with_words: bool = False):
        self.fields, self.with_words = {one.name: one for one in check.fields}, with_words
        self.check = check
        self._found = Checked()

    def another(self) -> TableCheck:
        """The same, with nothing found yet."""
        twin = copy(self)
        twin._found = Checked()
        return twin

    def watch(self, readers: dict[str, Reader]) -> dict[str, Reader]:
        """The readers, each with a tally that hands on what it sees."""
        for name in self.fields.keys() & readers.keys():
            readers[name].tally = FieldTally(self.fields[name], self)
        return readers

    def taken(self, columns=()) -> Checked:
        """What was found since the last call; `columns` are the table's names."""
        found, self._found = self._found, Checked()
        found.refused = found.refused | found.empty
        found.unknown = list(map(str, self.check.unknown(map(str, columns))))
        return found

    def note(self, check: FieldCheck, lost: np.ndarray, missing: np.ndarray, present: int) -> None:
        """Take the rows whose cell refuses them, and those whose cell is missing once read."""
        name = check.name
        if not self._found.present or name in self._found.present:  # another table begins
            rows = len(missing)
            self._found = Checked(rows, np.zeros(rows, bool), np.ones(rows, bool))
        found = self._found
        found.present[name] = present
        found.empty &= missing & ~lost
        if lost.any():
            found.unread[name] = int(lost.sum())
            found.refused |= lost

    def keep(self, check: FieldCheck, column: EncodedColumn, odd: np.ndarray) -> None:
        """Keep what the words on a column are made of."""
        self._found.columns.append((check, column, odd))


class FieldTally(FormTally):
    """Counts as a `FormTally` does, and tells a `TableCheck` of each cell of one field."""

    def __init__(self, check: FieldCheck, table: TableCheck):
        super().__init__()
        self.check, self.table = check, table

    def add(self, column: EncodedColumn, read: EncodedColumn, kinds: np.ndarray | None) -> None:
        """Count the cells of a column of texts, and look at them."""
        super().add(column, read, kinds)
        long = _too_long(column.values, self.check.longest)
        self._count_unusable(TOO_LONG_CELL, column.by_value(long, False), column.values[long])
        huge = _no_number(read.values)
        self._count_unusable(UNUSABLE, column.by_value(huge, False), column.values[huge])
        lost = long | huge | _is(kinds, LOST, len(long))
        self._note(column, read, lost, _is(kinds, OTHER_FORM, len(lost)))

    def add_typed(self, column: pd.Series, read: pd.Series) -> None:
        """Look at a column that has its type: only a number may be none."""
        lost, missing = _no_number(column), read.isna().to_numpy()
        self._count_unusable(UNUSABLE, lost, column[lost])
        self.table.note(self.check, lost, missing, int(column.notna().sum()))
        if self.table.with_words:
            coded = EncodedColumn.of(column)
            places = np.flatnonzero(coded.codes >= 0)
            first = places[np.unique(coded.codes[places], return_index=True)[1]]
            self._keep(coded, read.iloc[first].reset_index(drop=True), _no_number(coded.values))

    def _count_unusable(self, kind: str, cells: np.ndarray, examples: pd.Series) -> None:
        """Count cells that are not even read."""
        if len(examples):
            self.add_cells(kind, int(cells.sum()), str(examples.iloc[0]))

    def _note(self, column: EncodedColumn, read: EncodedColumn, lost, other) -> None:
        missing = column.by_value(read.values.isna().to_numpy(), True)
        present = int((column.codes >= 0).sum())
        self.table.note(self.check, column.by_value(lost, False), missing, present)
        if self.table.with_words:
            self._keep(column, read.values, lost | other)

    def _keep(self, column: EncodedColumn, read: pd.Series, odd: np.ndarray) -> None:
        """Keep what the words are made of: the raw values of which there is something to say."""
        missing = read.isna().to_numpy()
        odd = odd | missing | _beyond_training(read, ~missing, self.check)
        self.table.keep(self.check, column, odd)


def _is(kinds: np.ndarray | None, kind: str, count: int) -> np.ndarray:
    return np.zeros(count, bool) if kinds is None else np.asarray(kinds == kind, dtype=bool)


def _too_long(values: pd.Series, longest: int) -> np.ndarray:
    return (values.str.len() > longest).to_numpy(dtype=bool)


def _no_number(values: pd.Series) -> np.ndarray:
    """Which typed values are numbers that the service takes for none."""
    if not pd.api.types.is_float_dtype(values.dtype):
        return np.zeros(len(values), bool)
    return (values.abs() >= HUGE).to_numpy(dtype=bool, na_value=False)


def _beyond_training(values: pd.Series, present: np.ndarray, check: FieldCheck) -> np.ndarray:
    """Which read values training had not: levels, or numbers outside its range."""
    found = np.zeros(len(values), bool)
    if check.levels is not None:
        found[present] = ~is_in(values[present].astype("str"), check.levels)
    elif check.limits is not None:
        numbers = values[present].to_numpy(dtype=float)
        is_broken = numbers % 1 != 0 if check.is_whole else False
        found[present] = (numbers < check.limits[0]) | (numbers > check.limits[1]) | is_broken
    return found
