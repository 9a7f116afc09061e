"""Errors injected on purpose, with the answer key, and the score of a cleaning against that key.

`inject` spoils a seeded choice of a table's cells and rows in the ways that real deliveries are
spoilt, and writes down what was there. `score` says how many of the errors a cleaning repaired, and
what it broke. Injected errors are for measuring, and are announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.as_texts import texts
from ..cells.kinds import is_boolean, is_number
from .error_columns import ColumnToSpoil, column_to_spoil
from .error_kinds import NOT_HERE, PLANTERS, typing_error

KINDS = {
    "missing": "a cell emptied at random",
    "missing by another": "a cell emptied where another column's value is high, or of one class",
    "null word": 'a word or code that stands for missing: "N/A", "-", "unknown", 999',
    "case": "letters in another case",
    "space": "a space too many",
    "unicode": "full-width or decomposed letters, another dash or quote",
    "accent": "accents lost",
    "alias": 'another name of the same thing: "NY" for "New York"',
    "typo": "a letter inserted, deleted or substituted, or two letters transposed",
    "exact duplicate": "a row that comes twice",
    "near duplicate": "a row that comes twice, once with one or two cells spoilt",
    "number as text": '"1,234.50", "12 %", "$5", "3 kg"',
    "unit": 'a number in another unit: "6.61 lb" among kilograms',
    "date": 'a date in another format: "31/12/2013", "Dec 31, 2013"',
    "ambiguous date": "day and month in an order that can't be known, in a column with both",
    "impossible": "a number far outside what the column holds",
    "swapped": "two neighbouring cells of a row exchanged",
    "mojibake": 'text read in the wrong encoding: "SÃ£o Paulo"',
}
ROW_KINDS = ("exact duplicate", "near duplicate")
CELLS_OF_COPIES = "cells of near duplicates"
ANSWER_KEY_COLUMNS = ["row", "column", "kind", "true", "planted"]

MAX_RATE = 0.5
DUPLICATES = 0.2  # of the rate: so many rows come twice, exactly and nearly
DECORATIONS = ("unit", "thousands", "$", "%")


def inject(
    frame: pd.DataFrame,
    kinds: Iterable[str] = tuple(KINDS),
    rate: float = 0.05,
    seed: int = 42,
    *,
    columns: Sequence[str] | None = None,
    units: dict[str, str] | None = None,
    protect: Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame with injected errors, and the answer key.

    `rate` is the share of cells spoilt, all kinds together, each kind about as often as the others
    where columns allow it; besides, `rate / 5` of the rows come twice exactly, and as many nearly.
    `columns` are those that may be touched (all), `protect` those that may not; `units` says what
    a person knows of the numbers ({"weight": "kg"}). A cell is never spoilt twice; missing cells
    stay. The dirty frame has rows 0 … n - 1; a column that got text is text as a CSV file has it.

    The key has the columns `row` (in the dirty frame), `column` (missing for a row that comes
    twice), `kind`, `true` and `planted`, both as text; of a row that comes twice, `true` is the
    position of the one that it repeats. Raises InputError for kinds or columns that are not there.

    >>> frame = pd.DataFrame({"city": ["Boston", "Salem"] * 20})
    >>> dirty, key = inject(frame, ["case"], rate=0.05)
    >>> key["kind"].tolist(), dirty["city"].iloc[key["row"]].tolist() == key["planted"].tolist()
    (['case', 'case'], True)
    """
    kinds = _check(frame, kinds, rate, columns, protect)
    touched = [c for c in (frame.columns if columns is None else columns) if c not in protect]
    random = np.random.default_rng(seed)
    table = _Table(frame.reset_index(drop=True), touched, units or {}, rate, random)
    cell_kinds = [kind for kind in PLANTERS if kind in kinds and table.eligible(kind)]
    budget = round(rate * frame.shape[0] * frame.shape[1])
    for position, kind in enumerate(cell_kinds):  # what one kind can't use, the others get
        share = (budget - len(table.key)) // (len(cell_kinds) - position)
        table.spoil(kind, share)
    dirty, key = table.written()
    for kind in ROW_KINDS:
        if kind in kinds and len(frame) and rate:
            count = max(1, round(rate * DUPLICATES * len(frame)))
            dirty, key = _repeat_rows(dirty, key, kind, count, touched, random)
    return dirty, key.sort_values(["row", "column"], ignore_index=True)


def _check(frame, kinds, rate, columns, protect) -> list[str]:
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise InputError(f"There is no kind of error '{unknown[0]}'. {nearest(unknown[0], KINDS)}")
    if not 0 <= rate <= MAX_RATE:
        raise InputError(f"rate is a share of cells from 0 to {MAX_RATE}; it is {rate}.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"The table has more than one column '{twice}': rename it first.")
    _check_columns(frame, [*([] if columns is None else columns), *protect])
    return kinds


def _check_columns(frame: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, frame.columns)}")


class _Table:
    """A table being spoilt: its columns, the edits so far, and the key of them."""

    def __init__(self, frame: pd.DataFrame, touched, units: dict, rate: float, random):
        self.frame, self.rate, self.random = frame, rate, random
        self.known_units = set(units)
        self.columns = {name: column_to_spoil(frame[name]) for name in touched}
        self.edits: dict[str, dict[int, str | None]] = {name: {} for name in touched}
        self.key: list[tuple] = []
        numbers = [name for name, column in self.columns.items() if column.kind == "number"]
        for position, name in enumerate(numbers):
            _decorate(self.columns[name], units.get(name, ""), position if not units else None)

    def eligible(self, kind: str) -> list[str]:
        """The columns in which a kind of error can be injected."""
        fits = PLANTERS[kind].fits
        return [n for n, c in self.columns.items() if c.free.any() and fits(c)]

    def spoil(self, kind: str, count: int) -> None:
        """Inject up to so many errors of a kind."""
        if kind == "swapped":
            return self._swap(count)
        names = self.eligible(kind)
        quota = {name: -(-count // len(names)) for name in names}
        for name in names:
            room = min(quota[name], count)
            count -= self._spoil_column(kind, name, room)
        return None

    def _spoil_column(self, kind: str, name: str, count: int) -> int:
        column, planter = self.columns[name], PLANTERS[kind]
        if kind == "unit" and not column.unit:
            return 0
        if kind == "unit" and name not in self.known_units:
            glued = sum(1 for _, c, k, *_ in self.key if c == name and k == "number as text")
            count = min(count, glued // 2)  # most glued cells must be in the column's own unit
        count = min(count, int(np.ceil(self.rate * column.free.sum())))  # few cells, few errors
        rows = self._draw(kind, name, 2 * count + 10)
        true = texts(column.cells.iloc[rows]).tolist()
        planted = 0
        for row, text in zip(rows.tolist(), true, strict=True):
            if planted >= count:
                break
            spoilt = planter.write(text, column, self.random)
            if spoilt != text and spoilt is not NOT_HERE:
                self._edit(row, name, kind, text, spoilt)
                planted += 1
        return planted

    def _draw(self, kind: str, name: str, count: int) -> np.ndarray:
        """Rows of a column whose cell may be spoilt, in random order."""
        free = self.columns[name].free
        if kind == "missing by another":
            free = free & self._driver(name)
        if count < 0.05 * free.size:  # cheaper than listing all that are free
            rows = np.unique(self.random.integers(0, free.size, 2 * count))
            rows = rows[free[rows]]
            if len(rows) >= count:
                return self.random.permutation(rows)[:count]
        return self.random.permutation(np.flatnonzero(free))[:count]

    def _driver(self, name: str) -> np.ndarray:
        """The rows in which another column is high, or of its most frequent class."""
        others = [other for other in self.frame.columns if other != name]
        if not others:
            return np.zeros(len(self.frame), dtype=bool)
        return _high_or_frequent(self.frame[others[len(name) % len(others)]])

    def _swap(self, count: int) -> None:
        names = list(self.columns)
        pairs = [(a, b) for a, b in zip(names, names[1:], strict=False) if self._can_swap(a, b)]
        for a, b in pairs:
            both = np.flatnonzero(self.columns[a].free & self.columns[b].free)
            room = min(max(count // (2 * len(pairs)), 1), int(2 * self.rate * len(both)))
            for row in self.random.permutation(both)[:room].tolist():
                left, right = (texts(self.columns[c].cells.iloc[[row]]).iloc[0] for c in (a, b))
                if left != right:
                    self._edit(row, a, "swapped", left, right)
                    self._edit(row, b, "swapped", right, left)

    def _can_swap(self, a: str, b: str) -> bool:
        kinds = {self.columns[a].kind, self.columns[b].kind}
        return "text" in kinds and kinds <= {"text", "number", "date"}

    def _edit(self, row: int, name: str, kind: str, true: str, planted: str | None) -> None:
        self.columns[name].free[row] = False
        self.edits[name][row] = planted
        self.key.append((row, name, kind, true, planted))

    def written(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The dirty frame and the key so far."""
        dirty = self.frame.copy(deep=False)
        for name, edits in self.edits.items():
            if edits:
                dirty[name] = _with_edits(dirty[name], edits)
        return dirty, answer_key(self.key)


def _high_or_frequent(column: pd.Series) -> np.ndarray:
    """The rows with the upper three tenths of numbers, or with the most frequent value."""
    if is_number(column):
        finite = pd.to_numeric(column).replace([np.inf, -np.inf], np.nan)
        return (column >= finite.quantile(0.7)).fillna(False).to_numpy(dtype=bool)
    common = column.mode()
    if common.empty:
        return np.zeros(len(column), dtype=bool)
    return (column == common.iloc[0]).fillna(False).to_numpy()


def answer_key(lines: list[tuple]) -> pd.DataFrame:
    """The answer key of lines of `ANSWER_KEY_COLUMNS`; of a repeated row, column is missing."""
    key = pd.DataFrame(lines, columns=ANSWER_KEY_COLUMNS)
    return key.astype({"row": "int64"} | dict.fromkeys(ANSWER_KEY_COLUMNS[1:], "str"))


def _with_edits(column: pd.Series, edits: dict[int, str | None]) -> pd.Series:
    """A column with some cells overwritten: of its own type if it can hold them, else as text."""
    rows, planted = list(edits), list(edits.values())
    if not is_number(column) and not any(text is not None for text in planted):
        return column.mask(np.isin(np.arange(len(column)), rows))
    numbers = pd.to_numeric(pd.Series(planted, dtype="str"), errors="coerce")
    if is_number(column) and (numbers.notna() | pd.Series(planted).isna()).all():
        return _overwritten(column, column.astype("float64"), rows, numbers, "float64")
    return _overwritten(column, texts(column), rows, planted, "str")


def _overwritten(column: pd.Series, cells: pd.Series, rows: list, planted, dtype: str) -> pd.Series:
    """The cells of a column with those in some rows overwritten."""
    held = cells.to_numpy(dtype=object if dtype == "str" else dtype, copy=True)
    held[rows] = planted
    return pd.Series(held, index=column.index, name=column.name, dtype=dtype)


def _decorate(column: ColumnToSpoil, unit: str, position: int | None) -> None:
    """How numbers of this column are written as text: always with the same unit or sign.

    Where a person knows units, a column without one gets none.
    """
    largest = max(abs(column.low), abs(column.high))
    if unit or position is None:
        column.unit, column.decoration = unit, "unit" if unit else "thousands"
        return
    column.decoration = DECORATIONS[position % len(DECORATIONS)]
    if column.decoration == "thousands" and not largest >= 1000:
        column.decoration = "unit"
    if column.decoration == "unit":
        column.unit = ("kg", "cm", "l")[position // len(DECORATIONS) % 3]


def _repeat_rows(dirty, key, kind: str, count: int, touched, random):
    """The frame with copies of some rows at random places, and the key with new positions."""
    rows = len(dirty)
    originals = np.sort(random.choice(rows, min(count, rows), replace=False))
    place = np.concatenate([np.arange(rows), random.uniform(0, rows, len(originals))])
    order = np.argsort(place, kind="stable")
    position = np.empty(len(order), dtype="int64")
    position[order] = np.arange(len(order))
    copies = position[rows:]
    again = key[key["row"].isin(originals) & key["column"].notna()]
    copy_of = dict(zip(originals.tolist(), copies.tolist(), strict=True))
    again = again.assign(row=again["row"].map(copy_of))
    moved = _moved(key, position)
    lines = [(c, None, kind, str(position[o]), None) for o, c in copy_of.items()]
    dirty = dirty.iloc[np.concatenate([np.arange(rows), originals])[order]].reset_index(drop=True)
    if kind == "near duplicate":
        dirty, more = _spoil_copies(dirty, copies, again, touched, random)
        lines += more
    return dirty, pd.concat([moved, again, answer_key(lines)], ignore_index=True)


def _moved(key: pd.DataFrame, position: np.ndarray) -> pd.DataFrame:
    """The key after rows have moved; what an earlier copy repeats has moved, too."""
    copied = key["column"].isna()
    true = key["true"].copy()
    true[copied] = [str(position[int(text)]) for text in key.loc[copied, "true"]]
    return key.assign(row=position[key["row"].to_numpy()], true=true)


def _spoil_copies(dirty, copies: np.ndarray, again: pd.DataFrame, touched, random):
    """One or two cells of each copy mistyped, in another case, or emptied."""
    spoilt_already = set(zip(again["row"], again["column"], strict=True))
    names = [name for name in touched if not is_boolean(dirty[name])]
    edits: dict[str, dict[int, str | None]] = {}
    lines = []
    for row in copies.tolist():
        for _ in range(int(random.integers(1, 3))):
            name = names[random.integers(len(names))] if names else None
            if name is None or (row, name) in spoilt_already or pd.isna(dirty[name].iloc[row]):
                continue
            true = texts(dirty[name].iloc[[row]]).iloc[0]
            planted = typing_error(true, random)
            if planted != true:
                spoilt_already.add((row, name))
                edits.setdefault(name, {})[row] = planted
                lines.append((row, name, "near duplicate", true, planted))
    return dirty.assign(**{n: _with_edits(dirty[n], e) for n, e in edits.items()}), lines
