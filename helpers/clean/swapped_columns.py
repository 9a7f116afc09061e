"""Two columns whose cells stand in each other's place: found in the plan, put back row by row."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.coded_column import Columns, EncodedColumn, is_in
from ..cells.reading_columns import Reader

FEWEST = 3  # rows that agree on a key's value before it is written down
MOST_DETERMINANTS = 5_000  # in one relation
MOST_SWAPPED = 0.1  # of the rows


def draft_swaps(raw: pd.DataFrame, columns: dict[str, dict]) -> list[dict]:
    """Neighbouring columns of text some of whose cells are exchanged: {"swap": [a, b], "home": …}.

    `home` lists, for a column of names, those that are at home there: in three cells or more, and
    ten times as often as in the other column. In a column of numbers or dates what reads is.
    """
    kinds = {"category", "number", "date"}
    names = [n for n in columns if _is_text(raw[n]) and columns[n]["kind"] in kinds]
    counts = {n: raw[n].value_counts().to_dict() for n in names}
    coded = {n: EncodedColumn.of(raw[n]) for n in names}
    readers = {n: Reader(columns[n]) for n in names}
    found = []
    for a, b in [pair for step in (1, 2) for pair in zip(names, names[step:], strict=False)]:
        home = {
            name: _at_home(counts[name], counts[other])
            for name, other in ((a, b), (b, a))
            if columns[name]["kind"] == "category"
        }
        swap = {"swap": [a, b], "home": home}
        if not _has_strangers(counts, readers, swap):
            continue
        rows = _exchanged(coded[a], coded[b], readers, swap)
        if 0 < len(rows) <= MOST_SWAPPED * len(raw):
            found.append(swap)
    return found


def _has_strangers(counts: dict, readers: dict[str, Reader], swap: dict) -> bool:
    """Whether both columns hold some value that belongs only to the other."""
    a, b = swap["swap"]
    for own, other in ((a, b), (b, a)):
        values = pd.Series(list(counts[own]), dtype="str")
        strange = values[~_belongs(values, own, swap, readers)]
        if not _belongs(strange, other, swap, readers).any():
            return False
    return True


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)


def _at_home(own: dict[str, int], other: dict[str, int]) -> list[str]:
    frequent = (t for t, n in own.items() if n >= FEWEST and n >= 10 * other.get(t, 0))
    return sorted(islice(frequent, MOST_DETERMINANTS))


def _exchanged(
    left: EncodedColumn, right: EncodedColumn, readers: dict[str, Reader], swap: dict
) -> np.ndarray:
    """The rows in which each of two cells belongs only to the other column."""
    a, b = swap["swap"]
    rows = np.flatnonzero(left.by_value(~_at_home_here(left, a, swap, readers), False))
    rows = rows[np.append(~_at_home_here(right, b, swap, readers), False)[right.codes[rows]]]
    for cells, name in ((left, b), (right, a)):  # few are left: nearly all are at home
        codes = cells.codes[rows]
        strange = np.unique(codes)
        fits = _belongs(cells.values.iloc[strange], name, swap, readers)
        rows = rows[fits[np.searchsorted(strange, codes)]]
    return rows


def _at_home_here(
    column: EncodedColumn, name: str, swap: dict, readers: dict[str, Reader]
) -> np.ndarray:
    """Which of a column's values are at home in it."""
    if name in swap["home"]:
        return _belongs(column.values, name, swap, readers)
    return readers[name].column(column)[0].values.notna().to_numpy()


def _belongs(cells: pd.Series, name: str, swap: dict, readers: dict[str, Reader]) -> np.ndarray:
    """Which texts are at home in a column: listed there, or read as what it holds."""
    if name in swap["home"]:
        return is_in(cells, swap["home"][name])
    return readers[name].read(cells)[0].notna().to_numpy()


def unswap(raw: pd.DataFrame, columns: dict, relations: list[dict]):
    """The raw rows with exchanged cells put back, and by column the rows that this changed."""
    named = {n for r in relations for n in r.get("swap", ()) if n in raw.columns}
    coded = {n: as_encoded(raw[n]) for n in named}
    readers = {n: Reader(columns[n]) for n in coded}
    put_back, changed = unswap_encoded(coded, readers, relations)
    return raw.assign(**{n: put_back[n].column(raw.index, n) for n in changed}), changed


def unswap_encoded(raw: Columns, readers: dict[str, Reader], relations: list[dict]):
    """As `unswap`, of columns by name. Cells of typed columns are never exchanged."""
    changed: dict[str, np.ndarray] = {}
    for swap in relations:
        a, b = swap.get("swap", ("", ""))
        left, right = raw.get(a), raw.get(b)
        if not (isinstance(left, EncodedColumn) and isinstance(right, EncodedColumn)):
            continue
        rows = _exchanged(left, right, readers, swap)
        if len(rows):
            cells = [right.values.iloc[right.codes[rows]], left.values.iloc[left.codes[rows]]]
            raw = raw | {a: left.with_cells(rows, cells[0]), b: right.with_cells(rows, cells[1])}
            for name in (a, b):
                changed[name] = np.union1d(changed.get(name, rows), rows)
    return raw, changed


def as_encoded(column: pd.Series) -> EncodedColumn | pd.Series:
    """A column of text, or of any objects as text, coded; a typed one as it is."""
    is_text = _is_text(column) or column.dtype == object
    return EncodedColumn.of(texts(column)) if is_text else column
