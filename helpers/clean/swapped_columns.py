"""Two columns whose cells stand in each other's place: found in the plan, put back row by row."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pandas as pd

from ..cells.as_texts import as_text, texts
from ..cells.coded_column import Columns, EncodedColumn, is_in
from ..cells.reading_columns import Reader

FEWEST = 3  # rows that agree on a key's value before it is written down
MOST_DETERMINANTS = 5_000  # in one relation
MOST_SWAPPED = 0.1  # of the rows


def draft_swaps(raw: pd.DataFrame, columns: dict[str, dict]) -> list[dict]:
    """Neighbouring columns of text some of whose cells are exchanged: {"swap": [a, b], "home": …}.

    `home` lists, for a column of names, those that are at home there: in three cells or more, and
    ten times as often as in the other column; and at home in no third column that it is exchanged
    with. In a column of numbers or dates what reads is.
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
        drafted = {"swap": [a, b], "home": home}
        swap = Swap(drafted, readers)
        if swap.is_plausible(coded) and 0 < len(swap.rows(coded)) <= MOST_SWAPPED * len(raw):
            found.append(drafted)
    return [_own_homes(swap, _strangers(counts, found)) for swap in found]


def _own_homes(swap: dict, strangers: dict[str, set]) -> dict:
    """A swap whose lists leave out what is at home in another column, by any of the swaps."""
    home = {n: [t for t in own if t not in strangers[n]] for n, own in swap["home"].items()}
    return swap | {"home": home}


def _strangers(counts: dict[str, dict], swaps: list[dict]) -> dict[str, set]:
    """By column the texts that are at home in a column that it is exchanged with."""
    found: dict[str, set] = {}
    for a, b in [swap["swap"] for swap in swaps]:
        found.setdefault(a, set()).update(_at_home(counts[b], counts[a]))
        found.setdefault(b, set()).update(_at_home(counts[a], counts[b]))
    return found


def without_strangers(cleaned: pd.DataFrame, swaps: list[dict]) -> pd.DataFrame:
    """Cleaned rows to learn from: cells that are at home in another column are missing.

    Of two exchanged cells one may be too rare to be known. Then neither is put back, and what the
    other would teach of its column is wrong: that a plane called EWR has a jet engine.

    >>> land, city = ["Italy"] * 40 + ["Rome"], ["Rome"] * 40 + ["Utopia"]
    >>> rows = pd.DataFrame({"land": land, "city": city})
    >>> without_strangers(rows, [{"swap": ["land", "city"]}])["land"].isna().sum().item()
    1
    """
    named = dict.fromkeys(n for swap in swaps for n in swap["swap"])
    words = {n: texts(cleaned[n]) for n in named}
    strangers = _strangers({n: words[n].value_counts().to_dict() for n in named}, swaps)
    return cleaned.assign(**{n: cleaned[n].mask(words[n].isin(own))
                             for n, own in strangers.items() if own})  # fmt: skip


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)


def _at_home(own: dict[str, int], other: dict[str, int]) -> list[str]:
    frequent = (t for t, n in own.items() if n >= FEWEST and n >= 10 * other.get(t, 0))
    return sorted(islice(frequent, MOST_DETERMINANTS))


class Swap:
    """Two columns of which cells may stand in each other's place; what tells, for one row or many.

    `swap` is {"swap": [a, b], "home": …}; `readers` has by column the `Reader` of its raw cells. A
    text is at home in a column that lists it; in one without a list, where it can be read.

    >>> at_home = {"city": ["Rome", "Oslo"], "land": ["Italy", "Norway"]}
    >>> swap = Swap({"swap": ["city", "land"], "home": at_home}, {})
    >>> swap.is_exchanged("Italy", "Rome"), swap.is_exchanged("Rome", "Italy")
    (True, False)
    """

    def __init__(self, swap: dict, readers: dict[str, Reader]):
        self.left, self.right = swap["swap"]
        self.homes = {name: frozenset(texts) for name, texts in swap["home"].items()}
        self.readers = readers

    def is_exchanged(self, left: str, right: str) -> bool:
        """Whether each of two texts is at home in the other's column alone."""
        a, b = self.left, self.right
        if self._is_home(left, a) or self._is_home(right, b):
            return False
        return self._is_home(right, a) and self._is_home(left, b)

    def _is_home(self, text: str, name: str) -> bool:
        home = self.homes.get(name)
        return self.readers[name].cell(text)[0] is not None if home is None else text in home

    # --- One row

    def put_back(self, raw: dict, row: dict) -> dict:
        """The raw row, exchanged where that is sure; `row`, what was read, is changed in place."""
        a, b = self.left, self.right
        left, right = raw.get(a), raw.get(b)
        if left is None or right is None or self._stays(left, row):  # nearly every row
            return raw
        left, right = as_text(left), as_text(right)
        if not self.is_exchanged(left, right):
            return raw
        row[a], row[b] = self.readers[a].cell(right)[0], self.readers[b].cell(left)[0]
        return raw | {a: right, b: left}

    def _stays(self, left, row: dict) -> bool:
        """Whether the left cell is at home, by what was read of it."""
        home = self.homes.get(self.left)
        return row[self.left] is not None if home is None else left in home

    # --- Many rows: nearly all cells are at home, and only the others are asked one by one

    def rows(self, columns: dict[str, EncodedColumn]) -> np.ndarray:
        """The places of the rows that are exchanged."""
        left, right = columns[self.left], columns[self.right]
        moves = left.by_value(self._strange(self.left, left), False)
        rows = np.flatnonzero(moves & ~right.isna())
        pairs = left.codes[rows].astype(np.int64) * len(right.values) + right.codes[rows]
        distinct, which = np.unique(pairs, return_inverse=True)
        lefts, rights = np.divmod(distinct, max(len(right.values), 1))
        texts = zip(left.values.iloc[lefts], right.values.iloc[rights], strict=True)
        return rows[np.array([self.is_exchanged(*pair) for pair in texts], dtype=bool)[which]]

    def is_plausible(self, columns: dict[str, EncodedColumn]) -> bool:
        """Whether each column holds some text that is at home in the other alone."""
        for own, other in ((self.left, self.right), (self.right, self.left)):
            strange = columns[own].values[self._strange(own, columns[own])]
            if not any(self._is_home(text, other) for text in strange):
                return False
        return True

    def _strange(self, name: str, column: EncodedColumn) -> np.ndarray:
        """Which of a column's values are not at home in it."""
        present, home = column.values.notna().to_numpy(), self.homes.get(name)
        if home is not None:
            return present & ~is_in(column.values, home)
        return present & self.readers[name].column(column)[0].values.isna().to_numpy()


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
        rows = Swap(swap, readers).rows(raw)
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
