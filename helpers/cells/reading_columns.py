"""Columns read by a plan: `reading_values.cell_reader` for each different value, once.

What becomes of a cell depends on its value and the plan alone, so a column is a map over its
different values. Two quick ways exist for many values at once, and are held against the reader in
the tests: texts that are plainly fine (`_read_plain`), and columns that have their type already.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .as_texts import texts
from .coded_column import EncodedColumn, is_in
from .form_tally import FormTally
from .kinds import kind_of
from .known_words import SURELY_MISSING
from .number_formats import PLAIN_NUMBER
from .reading_values import cell_reader, is_impossible, missing_codes, missing_days
from .rewriting import pattern_of
from .tidy_text import TIDY_ASCII


def repair_column(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    """One column, repaired, and the kind of repair of each cell ("" for none; None for no cell)."""
    if is_typed(column, plan["kind"]):
        return repair_typed(column, plan)
    coded = EncodedColumn.of(texts(column))
    repaired, kinds = Reader(plan).column(coded)
    kinds = None if kinds is None else coded.by_value(kinds, "")
    return repaired.column(column.index, column.name), kinds


class Reader:
    """Reads the different texts of a column by its plan, and remembers them for the next piece.

    `cell` reads one cell: its value (None is missing) and the kind of repair. `tally` counts the
    cells that did not read, or read in another form, where it is asked to.
    """

    def __init__(self, plan: dict):
        self.plan = plan
        self.cell = cell_reader(plan)
        self.tally = FormTally()
        self._texts = pd.Series(dtype="str")
        self._found: tuple | None = None

    def column(self, column: EncodedColumn) -> tuple[EncodedColumn, np.ndarray | None]:
        """A coded column, repaired, and the kind of repair of each of its values; or None.

        Values that begin with those of the last column are not read again.
        """
        count = len(self._texts)
        if self._found is None or not column.values.iloc[:count].equals(self._texts):
            self._texts, count = column.values, len(column.values)
            self._found = self.read(self._texts)
        values, kinds = self._found
        if len(column.values) > count:
            more, kinds_too = self.read(column.values.iloc[count:])
            values = pd.concat([values, more], ignore_index=True)
            kinds = _joined(kinds, kinds_too, count, len(more))
        return EncodedColumn(column.codes, values), kinds

    def read(self, distinct: pd.Series) -> tuple[pd.Series, np.ndarray | None]:
        """The values of different texts, and kinds of repair; what is plainly fine, at once."""
        kind = self.plan["kind"]
        values, fine = _read_plain(distinct, self.plan)
        doubtful, kinds = np.flatnonzero(~fine), None
        if len(doubtful):
            kinds = np.full(len(distinct), "", dtype=object)
            for place, text in zip(doubtful, distinct.iloc[doubtful].tolist(), strict=True):
                value, kinds[place] = self.cell(text)
                values[place] = _nothing(kind) if value is None else value
        return _with_type(pd.Series(values), kind), kinds


def _joined(kinds, more, count: int, count_more: int) -> np.ndarray | None:
    if kinds is None and more is None:
        return None
    none = np.full(max(count, count_more), "", dtype=object)
    return np.append(
        none[:count] if kinds is None else kinds, none[:count_more] if more is None else more
    )


def _nothing(kind: str):
    return {"number": np.nan, "date": np.datetime64("NaT", "us")}.get(kind)


# Texts read without a look at each: values, and which of them are fine as they are. All others go
# to the reader of single cells. A million different numbers take 0.2 s this way, 2 s one by one.


def _read_plain(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    values, fine = _PLAIN_READERS.get(plan["kind"], _plain_texts)(distinct, plan)
    return values, fine & ~_is_named(distinct, plan)


def _plain_numbers(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    values = pd.to_numeric(distinct, errors="coerce").to_numpy(dtype="float64").copy()
    fine = distinct.str.fullmatch(PLAIN_NUMBER.pattern).to_numpy(dtype=bool, copy=True)
    fine &= ~np.isnan(values) & ~is_impossible(values, plan)
    fine &= ~np.isin(values, missing_codes(plan))
    if plan.get("style", "point") != "point":
        fine &= ~distinct.str.contains(".", regex=False).to_numpy(dtype=bool)
    return values, fine


def _plain_dates(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    fine = distinct.str.fullmatch(_ISO_DATE).to_numpy(dtype=bool, copy=True)
    read = pd.to_datetime(distinct.where(fine), format="ISO8601", errors="coerce")
    values = read.to_numpy(dtype="datetime64[us]").copy()
    is_own = "iso" in plan.get("formats", ["iso"])
    return values, fine & ~np.isnat(values) & is_own & ~_is_missing_day(values, plan)


def _is_missing_day(values: np.ndarray, plan: dict) -> np.ndarray:
    """Which moments are of a day that the plan says to stand for "missing"."""
    lost = missing_days(plan)
    if not lost:
        return np.zeros(len(values), dtype=bool)
    return np.isin(values.astype("datetime64[D]"), np.array(sorted(lost), dtype="datetime64[D]"))


def _plain_booleans(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    return distinct.to_numpy(dtype=object, copy=True), np.zeros(len(distinct), dtype=bool)


def _plain_texts(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    values = distinct.to_numpy(dtype=object, copy=True)
    fine = distinct.str.fullmatch(TIDY_ASCII).to_numpy(dtype=bool, copy=True)
    if plan["kind"] == "category" and plan.get("values"):
        fine &= is_in(distinct, plan["values"])
    if width := plan.get("width"):
        fine &= (distinct.str.len() == width).to_numpy(dtype=bool)
    if "form" in plan:
        fine[:] = False
    return values, fine & ~is_in(distinct.str.casefold(), SURELY_MISSING)


_PLAIN_READERS = {"number": _plain_numbers, "date": _plain_dates, "boolean": _plain_booleans}
_ISO_DATE = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?"


def _is_named(distinct: pd.Series, plan: dict) -> np.ndarray:
    """Which texts the plan names one by one: as missing, as an alias, as a typing error."""
    named = [*plan.get("missing", ()), *plan.get("aliases", ()), *plan.get("typos", ())]
    found = is_in(distinct, named)
    if rules := plan.get("rewrites"):
        found |= distinct.str.fullmatch(pattern_of(rules)).to_numpy(dtype=bool)
    return found


def is_typed(column: pd.Series, kind: str) -> bool:
    """Whether a column already has the type that its kind asks for."""
    return kind != "text" and kind_of(column) == kind


def repair_typed(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    """A column of its plan's type, repaired; kinds of repair as `repair_column` has them.

    As `cell_reader` does it, for all cells at once: a million numbers take 2 ms, one by one 280.
    """
    if plan["kind"] == "boolean":
        return column.astype("boolean"), None
    if plan["kind"] == "date":
        plain = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz else column
        return _typed_dates(plain.astype("datetime64[us]"), plan)
    return _typed_numbers(column, plan)


def _typed_dates(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    lost = _is_missing_day(column.to_numpy(), plan)
    if not lost.any():
        return column, None
    return column.mask(lost), np.where(lost, "missing word", "").astype(object)


def _typed_numbers(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    missing, impossible = np.isin(values, missing_codes(plan)), is_impossible(values, plan)
    if not (impossible | missing).any():
        return column, None
    kinds = np.select([missing, impossible], ["missing word", "impossible"], "").astype(object)
    return column.astype(float).mask(impossible | missing), kinds


def _with_type(column: pd.Series, kind: str) -> pd.Series:
    dtype = {"number": "float64", "boolean": "boolean", "date": "datetime64[us]"}.get(kind, "str")
    return column.astype(dtype)
