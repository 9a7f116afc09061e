"""What the columns of a row say about each other: dependencies, and two facts in one cell.

`draft` mines all collected rows once and writes plain data into the plan; `repair` looks at one
row and the plan alone. A dependency `from → to` (a ZIP gives its city) holds the value of each key
that enough rows agree on. Every relation has a vote on a cell; a cell is overruled only when the
others of its row leave no doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from .base.user_errors import InputError, nearest
from .cells.as_texts import as_text, texts
from .cells.coded_column import Columns, EncodedColumn, is_in
from .cells.kinds import Kind, kind_of
from .cells.reading_columns import Reader
from .cells.reading_values import repair_value
from .spelling import is_typing_error

# A dependency is sure when each row is told by the other rows of its key in so many cases. With
# five errors in a hundred cells on both sides, as in the hospital benchmark, true dependencies
# reach 0.91 to 0.98; what holds by habit only (a plane flies for one carrier, a street lies in one
# town) stays below or has exceptions that come again, which take the vote from their key.
SURE = 0.9
LIFT = 0.8  # and this much better than always predicting the most frequent value
# Sources that disagree still agree on one value for nearly every key; they are asked about.
ASKED, ONE_TRUTH = 0.5, 0.9
REFINED = 0.7  # a second key column must take away so much of the errors that are left, or more
FEWEST = 3  # rows that agree on a key's value before it is written down
OTHERS = 0.1  # of the rows that agree: this share may hold one other value, more is an exception
COVERED = 0.3  # of the rows must have a key that others share
MOST_MINED = 10_000  # rows looked at for one key column, whole keys at a time
UNHEARD_ODDS, HEARD_ODDS = np.log(99), np.log(999)  # to overrule a value, new or known elsewhere
MOST_DETERMINANTS = 5_000  # in one relation
MOST_FOR_ONE = 6  # relations that give one column
MOST_COLUMNS = 80  # that are mined, the first ones; the time grows with their square
FEW_LEVELS = 60  # of a second key column
MOST_SWAPPED = 0.1  # of the rows
MOST_LIKELY = 300  # likely repairs that are listed for one column
SEPARATORS = (" ", ", ", " - ", "/", " (", ",")
KINDS = {
    "dependency": "its neighbours in the row agree on another value",
    "filled": "given by its neighbours in the row",
    "split": "two facts in one cell",
    "swapped": "two neighbouring cells exchanged, each at home in the other column",
}
DISAGREE, ANY_OTHER, BY = "sources disagree", "(any other)", "by "
JOIN = " | "  # between the values of a key of two columns

# --- Drafting -----------------------------------------------------------------------------------


def draft(
    frame: pd.DataFrame, columns: dict[str, dict], *, exclude: Iterable[str] = ()
) -> tuple[list[dict], list[dict]]:
    """The relations of a cleaned frame, and the likely repairs that they suggest.

    `columns` are the columns' plans; those in `exclude` are neither mended nor asked. A relation
    is {"from": columns, "to": column, "agree": share, "rows": support, "values": {key: value}} or
    {"split": column, "into": column, "tails": values}. It is written only if some cell of the
    frame contradicts it or misses what it gives.

    >>> city = ["Salem", "Boston", "Lowell"] * 20
    >>> frame = pd.DataFrame({"zip": ["01970", "02108", "01850"] * 20, "city": city})
    >>> frame.loc[0, "city"] = None
    >>> plans = {"zip": {"kind": "category"}, "city": {"kind": "category"}}
    >>> draft(frame, plans)[0][0]["values"]
    {'01850': 'Lowell', '01970': 'Salem', '02108': 'Boston'}
    """
    left_out = set(exclude)
    names = [n for n in frame if n not in left_out and columns[n]["kind"] != "text"]
    names = [n for n in names if columns[n].get("note") not in ("constant", "empty", "identifier")]
    table = _EncodedTable(frame, names[:MOST_COLUMNS])
    splits = _draft_splits(frame, columns, table.names)
    found = [relation for to in table.names for relation in _draft_target(table, columns, to)]
    columns, _ = repair({name: EncodedColumn.of(frame[name]) for name in table.names}, splits)
    contradicted = [len(count_votes(columns, [relation]).rows) for relation in found]
    useful = [relation for relation, cells in zip(found, contradicted, strict=True) if cells]
    sure = [relation for relation in useful if relation.get("sure", True)]
    asked = [
        low_agreement_item(relation, cells)
        for relation, cells in zip(found, contradicted, strict=True)
        if cells and not relation.get("sure", True)
    ]
    return splits + useful, likely_errors(columns, sure) + asked


class _EncodedTable:
    """Columns as whole numbers, one a value, -1 for missing."""

    def __init__(self, frame: pd.DataFrame, names: Sequence[str]):
        self.names, self.rows = list(names), len(frame)
        self.codes, self.values, self._whole = {}, {}, {}
        for name in self.names:
            self.codes[name], self.values[name] = pd.factorize(texts(frame[name]))

    def levels(self, name: str) -> int:
        return len(self.values[name])

    def key(self, names: Sequence[str]) -> np.ndarray:
        """One number for each combination of values; -1 where one is missing."""
        if len(names) == 1:
            return self.codes[names[0]]
        first, second = (self.codes[name] for name in names)
        both = first.astype(np.int64) * self.levels(names[1]) + second
        return np.where((first < 0) | (second < 0), -1, both)

    def whole_keys(self, names: Sequence[str]) -> np.ndarray:
        """Rows to look at for a key (see `_whole_keys`); found once for a single column."""
        if len(names) > 1:
            return _whole_keys(self.key(names))
        if names[0] not in self._whole:
            self._whole[names[0]] = _whole_keys(self.key(names))
        return self._whole[names[0]]


def _draft_target(table: _EncodedTable, columns: dict, to: str) -> list[dict]:
    """The relations that give a column, the surest first."""
    found = []
    for name in table.names:
        if name == to or not _can_be_key(table, columns, name):
            continue
        agree, covered = _agreement(table, [name], to)
        if agree < ASKED or covered < COVERED:
            continue
        names, agree = _refined(table, columns, [name], to, agree)
        found.append((agree, names))
    found.sort(key=lambda one: (-one[0], one[1]))
    sure = [_written(table, names, to, agree) for agree, names in found if agree >= SURE]
    asked = [_written(table, names, to, agree) for agree, names in found[:1] if agree < SURE]
    asked = [r | {"sure": False} for r in asked if r.pop("one_truth") >= ONE_TRUTH]
    for relation in sure:
        relation.pop("one_truth")
    return [relation for relation in [*sure[:MOST_FOR_ONE], *asked] if relation["values"]]


def _can_be_key(table: _EncodedTable, columns: dict, name: str) -> bool:
    """Whether values of a column come again, and are names, not measurements."""
    levels = table.levels(name)
    if not 2 <= levels <= 0.5 * table.rows or levels > 20 * MOST_DETERMINANTS:
        return False
    if columns[name]["kind"] != "number":
        return columns[name]["kind"] in ("category", "date")
    return all(text.lstrip("-").isdigit() for text in table.values[name][:1000]) and levels >= 10


def _refined(table: _EncodedTable, columns: dict, names: list[str], to: str, agree: float):
    """The key with a second column, where that takes most of the disagreement away."""
    best, key = agree, names
    if agree < 0.995:
        for second in table.names:
            if second in (to, *names) or not 2 <= table.levels(second) <= FEW_LEVELS:
                continue
            if columns[second]["kind"] not in ("category", "boolean"):
                continue
            both, covered = _agreement(table, [*names, second], to)
            if covered >= COVERED and 1 - both < REFINED * (1 - agree) and both > best + 0.01:
                best, key = both, [*names, second]
    return key, best


def _counts(key: np.ndarray, to: np.ndarray, levels: int):
    """By key: how many rows hold its most frequent value, the second, all; and the values."""
    known = (key >= 0) & (to >= 0)
    pairs, cells = np.unique(key[known].astype(np.int64) * levels + to[known], return_counts=True)
    keys, values = pairs // levels, pairs % levels
    order = np.lexsort((values, -cells, keys))
    keys, values, cells = keys[order], values[order], cells[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.arange(0)
    total = np.add.reduceat(cells, first) if len(first) else cells
    second = np.zeros(len(first), dtype=cells.dtype)
    follows = np.r_[first[1:], len(keys)] - first > 1
    second[follows] = cells[first[follows] + 1]
    return keys[first], values[first], cells[first], second, total


def _agreement(table: _EncodedTable, names: Sequence[str], to: str) -> tuple[float, float]:
    """How often the other rows of its key tell a row's value; and the share of rows they cover.

    The first figure is 0 where naming the most frequent value would do nearly as well.
    """
    key, values = table.key(names), table.codes[to]
    chosen = table.whole_keys(names)
    if len(chosen) < 20:
        return 0.0, 0.0
    _, _, top, second, total = _counts(key[chosen], values[chosen], table.levels(to))
    several = total > 1
    rows = int(total[several].sum())
    told = int(top[several & (top - 1 > second)].sum())
    tied = several & (top - 1 == second)
    told += int(top[tied].sum()) / 2
    if rows < 20:
        return 0.0, 0.0
    agree = told / rows
    needed = LIFT if agree >= SURE else LIFT * agree
    return (agree if _lift(key[chosen], values[chosen]) >= needed else 0.0), rows / len(chosen)


def _lift(key: np.ndarray, values: np.ndarray) -> float:
    """How much better than the most frequent value the determinant predicts, without rare values.

    Rare values are mostly errors, which nothing tells.
    """
    cells = np.bincount(values[values >= 0])
    frequent = np.append(cells >= max(FEWEST, 0.02 * cells.max()), False)[values]
    if cells.size < 2 or not frequent.any():
        return 0.0
    _, _, top, second, total = _counts(key[frequent], values[frequent], len(cells))
    several = total > 1
    told = top[several & (top - 1 > second)].sum() / max(total[several].sum(), 1)
    common = cells.max() / frequent.sum()
    return (told - common) / (1 - common) if common < 1 else 0.0


def _whole_keys(key: np.ndarray) -> np.ndarray:
    """Rows to look at: all of some keys, since a row is judged by the others of its key."""
    known = np.flatnonzero(key >= 0)
    if len(known) <= MOST_MINED:
        return known
    mixed = (key[known].astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return known[mixed < np.uint64(2**32 * MOST_MINED // len(known))]


def _written(table: _EncodedTable, names: list[str], to: str, agree: float) -> dict:
    """A dependency as it stands in the plan: only keys whose rows leave no doubt."""
    key, levels = table.key(names), table.levels(to)
    keys, values, top, second, total = _counts(key, table.codes[to], levels)
    others = OTHERS if agree >= SURE else ASKED
    clear = (top >= FEWEST) & (second <= np.maximum(1, others * top)) & (2 * top > total)
    large = total >= 2 * FEWEST
    most = np.argsort(-total[clear], kind="stable")[:MOST_DETERMINANTS]
    keys, values = keys[clear][most], values[clear][most]
    said = {
        _key_text(table, names, k): str(table.values[to][v])
        for k, v in zip(keys, values, strict=True)
    }
    return {
        "from": list(names),
        "to": to,
        "agree": round(float(agree), 3),
        "one_truth": float((clear & large).sum() / max(large.sum(), 1)),
        "rows": int(total[clear].sum()),
        "values": dict(sorted(said.items())),
    }


def _key_text(table: _EncodedTable, names: list[str], key: int) -> str:
    if len(names) == 1:
        return str(table.values[names[0]][key])
    first, second = divmod(int(key), table.levels(names[1]))
    return f"{table.values[names[0]][first]}{JOIN}{table.values[names[1]][second]}"


# --- Two facts in one cell ----------------------------------------------------------------------


def _draft_splits(frame: pd.DataFrame, columns: dict, names: list[str]) -> list[dict]:
    """Columns whose cells end in what belongs into another, missing there: "Portland OR"."""
    lists = {n: texts(frame[n]).value_counts() for n in names if columns[n]["kind"] == "category"}
    found = []
    for name, into in ((a, b) for a in lists for b in lists if a != b):
        if not frame[into].isna().any() or len(lists[into]) > 1000:
            continue
        tails = set(lists[into][lists[into] >= 2].index)
        relation = {"split": name, "into": into, "tails": sorted(tails)}
        heads = {value: head for value in lists[name].index
                 if (head := head_and_tail(value, tails)[0])}  # fmt: skip
        if not heads:
            continue
        rows = texts(frame[name]).isin(list(heads)).to_numpy()
        lost = frame[into].isna().to_numpy()
        known = sum(head in lists[name].index for head in heads.values())
        mostly_lost = (rows & lost).sum() >= 0.9 * rows.sum()
        if rows.sum() >= 2 and mostly_lost and 2 * known >= len(heads) and lost.mean() < 0.9:
            found.append(relation)
    return found


def head_and_tail(value: str, tails: set[str]) -> tuple[str, str]:
    """A text that ends in one of some values, cut before it; ("", "") where it does not."""
    for separator in SEPARATORS:
        head, mark, tail = value.rpartition(separator)
        tail = tail.rstrip(")") if "(" in separator else tail
        if mark and tail in tails and head.strip(" ,-/"):
            return head.strip(" ,-/"), tail
    return "", ""


def _split(
    columns: Columns, relation: dict
) -> dict[str, tuple[EncodedColumn | pd.Series, np.ndarray]]:
    """The two columns after a split, and which rows it changed."""
    name, into, tails = relation["split"], relation["into"], set(relation["tails"])
    codes, said = (whole := EncodedColumn.of_cells(columns[name])).said
    parts = [head_and_tail(text, tails) for text in said]
    is_both = np.array([bool(head) for head, _ in parts] + [False])
    rows = np.flatnonzero(is_both[codes] & EncodedColumn.of_cells(columns[into]).isna())
    cut = [parts[code] for code in codes[rows]]
    return {
        name: (whole.with_cells(rows, [head for head, _ in cut]), rows),
        into: (_with_texts(columns[into], rows, [tail for _, tail in cut]), rows),
    }


def _with_texts(
    column: EncodedColumn | pd.Series, rows: np.ndarray, new_texts: list[str]
) -> EncodedColumn:
    """The column with other cells in some rows, given as text."""
    coded = EncodedColumn.of_cells(column)
    return coded.with_cells(rows, _typed(new_texts, coded.values)) if len(rows) else coded


# --- Cells that are exchanged -------------------------------------------------------------------


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


# --- Repairing ----------------------------------------------------------------------------------


def repair(columns: Columns, relations: list[dict]) -> tuple[Columns, dict]:
    """The cleaned columns, repaired from other columns; by column the kind of repair of each row.

    A row's answer depends on that row and the relations alone; rows stay in their order. A missing
    cell is filled when all that know it agree. A cell is overruled when nothing in its row speaks
    for it and two relations or more agree on another value, with odds of 99 to 1 (999 to 1 where
    the cell's value is known from other rows), or one does and the cell looks like a slip of it.
    """
    kinds: dict[str, np.ndarray] = {}
    for relation in relations:
        if "split" in relation and {relation["split"], relation["into"]} <= set(columns):
            for name, (column, rows) in _split(columns, relation).items():
                columns = columns | {name: column}
                _note_kind(kinds, name, rows, "split", len(column))
    targets = _by_target(columns, relations)
    keys = {name for own in targets.values() for r in own for name in (*r["from"], r["to"])}
    columns = columns | {name: EncodedColumn.of_cells(columns[name]) for name in keys}
    votes = {to: count_votes(columns, own) for to, own in targets.items()}
    for to, vote in votes.items():
        for kind, these in (("filled", vote.filled), ("dependency", vote.overruled)):
            rows = vote.rows[these]
            column = _with_texts(columns[to], rows, vote.answers(these))
            columns = columns | {to: column}
            _note_kind(kinds, to, rows, kind, len(column))
    return columns, kinds


def _note_kind(kinds: dict, name: str, rows: np.ndarray, kind: str, count: int) -> None:
    if len(rows):
        kinds.setdefault(name, np.full(count, "", dtype=object))[rows] = kind


def _by_target(columns: Columns, relations: list[dict]) -> dict[str, list[dict]]:
    """The dependencies that can be asked of these columns, by the column that they give."""
    found: dict[str, list[dict]] = {}
    for relation in relations:
        if (
            "to" in relation
            and relation.get("sure", True)
            and {relation["to"], *relation["from"]} <= set(columns)
        ):
            found.setdefault(relation["to"], []).append(relation)
    return found


@dataclass(frozen=True)
class _Votes:
    """What is said of a column in the `rows` where some relation says another value than the cell.

    `every` has what each relation says there, rows × relations, as codes of `texts` (-1: nothing).
    """

    rows: np.ndarray
    every: np.ndarray
    texts: list[str]
    said: np.ndarray
    filled: np.ndarray
    overruled: np.ndarray
    doubted: np.ndarray

    def answers(self, these: np.ndarray) -> list[str]:
        """What is said in some of the rows, as text."""
        return [self.texts[code] for code in self.said[these]]


def count_votes(columns: dict[str, EncodedColumn], relations: list[dict]) -> _Votes:
    """What is said of a column by all that know it, and which cells it overrules or fills."""
    whole, known_texts = columns[relations[0]["to"]].said
    places = {text: code for code, text in enumerate(known_texts)}
    said = [_predicted_values(columns, relation, places) for relation in relations]
    rows = _contested(whole, said)
    own, every, names = whole[rows], np.column_stack([one[rows] for one in said]), list(places)
    known = every >= 0
    answer = every[np.arange(len(every)), known.argmax(axis=1)]
    agree = ((every == answer[:, None]) | ~known).all(axis=1)
    missing = own < 0
    for_it = ((every == own[:, None]) & known).any(axis=1)
    against = agree & ~missing & ~for_it
    unheard = ~_is_listed(own, names, relations)
    slip = against & unheard & (known.sum(axis=1) == 1)
    slip[slip] = [
        is_typing_error(names[a], names[b]) for a, b in zip(own[slip], answer[slip], strict=True)
    ]
    odds = known @ np.array([np.log(r["agree"] / max(1 - r["agree"], 0.001)) for r in relations])
    sure = (odds > np.where(unheard, UNHEARD_ODDS, HEARD_ODDS)) & (known.sum(axis=1) >= 2)
    by_person = known @ np.array([relation.get("sure") is True for relation in relations])
    overruled = against & (sure | slip | by_person)
    doubted = ~missing & ~for_it & ~overruled
    return _Votes(rows, every, names, answer, agree & missing, overruled, doubted)


def _predicted_values(
    columns: dict[str, EncodedColumn], relation: dict, places: dict[str, int]
) -> np.ndarray:
    """What a dependency says of its column, row by row; -1 where it knows nothing.

    As codes by `places`, which gets more of them where a text is new.
    """
    codes, keys = _determinant([columns[name] for name in relation["from"]])
    values = map(relation["values"].get, keys)
    answers = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return np.array([*answers, -1])[codes]


def _determinant(columns: list[EncodedColumn]) -> tuple[np.ndarray, list[str]]:
    """The texts of one column, or of two joined, as codes and their values."""
    (codes, said), *second = (column.said for column in columns)
    if not second:
        return codes, said
    others, said_too = second[0]
    both = codes * np.int64(len(said_too)) + others
    both[(codes < 0) | (others < 0)] = -1
    found, pairs = pd.factorize(both)
    keys = [
        said[pair // len(said_too)] + JOIN + said_too[pair % len(said_too)] if pair >= 0 else None
        for pair in pairs.tolist()
    ]
    return found, keys


def _contested(own: np.ndarray, said: list[np.ndarray]) -> np.ndarray:
    """The rows in which some relation says another value than the cell, or fills a gap."""
    rows = np.zeros(len(own), dtype=bool)
    for one in said:
        rows |= (one >= 0) & (one != own)
    return np.flatnonzero(rows)


def _is_listed(own: np.ndarray, names: list[str], relations: list[dict]) -> np.ndarray:
    """Which cells hold a value that some relation knows of."""
    listed = {value for relation in relations for value in relation["values"].values()}
    return np.array([code >= 0 and names[code] in listed for code in own.tolist()], dtype=bool)


def row_repair(relations: list[dict], kinds: dict[str, str]) -> Callable[[dict], None]:
    """The one-row form of `repair`: a function that repairs a cleaned row (a dict) in place.

    `kinds` has the kind of each column. The values of a row are Python's own; missing is None.

    >>> row = {"zip": "01970", "city": None}
    >>> row_repair([{"from": ["zip"], "to": "city", "agree": 1, "values": {"01970": "Salem"}}],
    ...            {"zip": "category", "city": "category"})(row)
    >>> row["city"]
    'Salem'
    """
    splits = [(r["split"], r["into"], set(r["tails"])) for r in relations if "split" in r]
    targets: dict[str, list[dict]] = {}
    for relation in relations:
        if "to" in relation and relation.get("sure", True):
            targets.setdefault(relation["to"], []).append(relation)
    voters = [(to, [_voter(r) for r in own]) for to, own in targets.items()]
    listed = {to: {v for r in own for v in r["values"].values()} for to, own in targets.items()}
    names = list({n: 0 for own in targets.values() for r in own for n in (*r["from"], r["to"])})

    def mend(row: dict) -> None:
        for name, into, tails in splits:
            if row[into] is None and row[name] is not None:
                head, tail = head_and_tail(as_text(row[name]), tails)
                if head:
                    row[name], row[into] = head, tail
        said = {n: v if (v := row[n]) is None or type(v) is str else as_text(v) for n in names}
        for to, own in voters:
            value = _overruled(said, to, own, listed[to])
            if value is not None:
                kind = kinds[to] if kinds[to] in ("number", "date", "boolean") else ""
                row[to] = repair_value(value, {"kind": kind})[0] if kind else value

    return mend


def _voter(relation: dict) -> tuple:
    odds = np.log(relation["agree"] / max(1 - relation["agree"], 0.001))
    first, second = (*relation["from"], None)[:2]
    return first, second, relation["values"], float(odds), relation.get("sure") is True


def _overruled(cell: dict, to: str, voters: list[tuple], listed: set[str]) -> str | None:
    """What a cell of one row becomes by the votes on it, as `count_votes` has it; None: it stays."""
    own, answer, known, odds, by_person = cell[to], None, 0, 0.0, False
    agree = contested = True
    for first, second, values, weight, personal in voters:
        key = cell[first]
        if key is None:
            continue
        if second is not None:
            key = None if cell[second] is None else key + JOIN + cell[second]
        vote = values.get(key)
        if vote is None:
            continue
        known, odds, by_person = known + 1, odds + weight, by_person or personal
        agree = agree and (answer is None or answer == vote)
        contested = contested and vote != own
        answer = vote if answer is None else answer
    if not known or not agree or not contested:
        return None
    if own is None:
        return answer
    unheard = own not in listed
    sure = known >= 2 and odds > (UNHEARD_ODDS if unheard else HEARD_ODDS)
    slip = unheard and known == 1 and is_typing_error(own, answer)
    return answer if sure or slip or by_person else None


def row_unswap(relations: list[dict], columns: dict, readers: dict) -> Callable[[dict, dict], None]:
    """The one-row form of `unswap`: puts exchanged cells of a raw row back, and reads them again.

    The function takes the raw row and what `readers` made of it; both are changed in their place.
    """
    swaps = []
    for swap in (r for r in relations if "swap" in r):
        homes = [frozenset(swap["home"][n]) if n in swap["home"] else None for n in swap["swap"]]
        swaps.append((*swap["swap"], *homes))

    def put_back(raw: dict, row: dict) -> None:
        for a, b, home_a, home_b in swaps:
            left, right = raw.get(a), raw.get(b)
            if left is None or right is None:
                continue
            if (row[a] is not None) if home_a is None else (left in home_a):
                continue  # nearly every row: it is at home where it is
            left, right = as_text(left), as_text(right)
            if _at_home_in(left, home_a, readers[a]) or _at_home_in(right, home_b, readers[b]):
                continue
            if _at_home_in(right, home_a, readers[a]) and _at_home_in(left, home_b, readers[b]):
                raw[a], raw[b] = right, left
                row[a], row[b] = readers[a](right)[0], readers[b](left)[0]

    return put_back


def _at_home_in(text: str, home: frozenset | None, reader: Callable) -> bool:
    return reader(text)[0] is not None if home is None else text in home


def _typed(values: list[str], column: pd.Series) -> list:
    """Texts as cells of a column."""
    kind = kind_of(column)
    if kind in (Kind.TEXT, Kind.DURATION):
        return values
    read = {value: repair_value(value, {"kind": kind})[0] for value in set(values)}
    return [read[value] for value in values]


def likely_errors(columns: dict[str, EncodedColumn], relations: list[dict]) -> list[dict]:
    """The cells that only one dependency contradicts: for a person to decide."""
    found = []
    for to in dict.fromkeys(relation["to"] for relation in relations):
        own = [relation for relation in relations if relation["to"] == to]
        vote = count_votes(columns, own)
        doubted = np.flatnonzero(vote.doubted)[: 10 * MOST_LIKELY]
        for relation, said in zip(own, vote.every[doubted].T, strict=True):
            speaks = said >= 0
            suggested = [vote.texts[code] for code in said[speaks]]
            found += _likely_of(columns, relation, vote.rows[doubted[speaks]], suggested)
    return found


def low_agreement_item(relation: dict, cells: int) -> dict:
    """The doubt about a whole relation whose rows agree too little: one line for a person."""
    return {
        "column": relation["to"],
        "value": ANY_OTHER,
        "where": {},
        "cells": cells,
        "kind": DISAGREE,
        "suggestion": BY + " + ".join(relation["from"]),
        "evidence": f"rows of one {' + '.join(relation['from'])} agree in "
        f"{relation['agree']:.0%} only; yes takes the majority",
    }


def confirm_dependency(relations: list[dict], to: str, suggestion: str) -> list[dict]:
    """The relations with the one that a person has agreed to made sure; see `low_agreement_item`.

    >>> confirm_dependency([{"from": ["train"], "to": "time", "sure": False}], "time", "by train")
    [{'from': ['train'], 'to': 'time', 'sure': True}]
    """
    named = suggestion.removeprefix(BY)
    return [
        r | {"sure": True} if r.get("to") == to and " + ".join(r["from"]) == named else r
        for r in relations
    ]


def _likely_of(
    columns: dict[str, EncodedColumn], relation: dict, rows: np.ndarray, suggested: list[str]
) -> Iterator[dict]:
    own, *keys = (_texts_at(columns[name], rows) for name in (relation["to"], *relation["from"]))
    lines = zip(own, suggested, *keys, strict=True)
    counts = pd.Series(list(lines), dtype=object).value_counts().head(MOST_LIKELY)
    for (value, suggestion, *key), cells in counts.items():
        yield {
            "column": relation["to"],
            "value": value,
            "where": dict(zip(relation["from"], key, strict=True)),
            "cells": int(cells),
            "kind": "contradicts its neighbour",
            "suggestion": suggestion,
            "evidence": f"{in_words(relation)} in {relation['agree']:.1%} of "
            f"{relation['rows']:,} rows",
        }


def _texts_at(column: EncodedColumn, rows: np.ndarray) -> list[str]:
    """What the cells of some rows say; none of them is missing."""
    codes, said = column.said
    return [said[code] for code in codes[rows]]


# --- Words, and checks --------------------------------------------------------------------------


def name_of(relation: dict) -> str:
    """What sort of relation it is, in words."""
    names = {"to": "columns that give another", "split": "columns with two facts in a cell"}
    return next((name for key, name in names.items() if key in relation), "exchanged columns")


def in_words(relation: dict) -> str:
    """A relation in words.

    >>> in_words({"from": ["zip"], "to": "city"})
    'zip → city'
    """
    if "to" in relation:
        return f"{' + '.join(relation['from'])} → {relation['to']}"
    if "split" in relation:
        return f"{relation['split']} → {relation['split']}, {relation['into']}"
    return " ↔ ".join(relation["swap"])


def check(relations, columns) -> None:
    """Raise InputError, saying what and where, when what a plan has of relations can't be followed.

    >>> check([{"from": ["zip"], "to": "town", "values": {}}], ["zip", "city"])
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: The plan's relation 1 names no column 'town'. There are: zip, city.
    """
    if not isinstance(relations, list):
        raise InputError("The plan's relations are a list, one mapping each.")
    for number, relation in enumerate(relations, 1):
        for name in _columns_of(number, relation):
            if name not in columns:
                raise InputError(
                    f"The plan's relation {number} names no column '{name}'. "
                    f"{nearest(name, columns)}"
                )


def _columns_of(number: int, relation) -> list[str]:
    """The columns that a relation names; raises where it is none."""
    relation = relation if isinstance(relation, dict) else {}
    if "split" in relation and _is_texts(relation.get("tails")):
        return [relation["split"], relation.get("into")]
    pair, home = relation.get("swap"), relation.get("home")
    if _is_texts(pair) and len(pair) == 2 and isinstance(home, dict):
        if all(_is_texts(listed) for listed in home.values()):
            return [*pair, *home]
    elif isinstance(relation.get("values"), dict):
        texts_only = all(isinstance(t, str) for pair in relation["values"].items() for t in pair)
        keys = relation.get("from")
        if texts_only and isinstance(keys, list) and 1 <= len(keys) <= 2:
            return [*keys, relation.get("to")]
    raise InputError(
        f"The plan's relation {number} can't be followed: it has from (one or two columns), to and "
        f"values (quoted text to quoted text), or split, into and tails, or swap and home (lists "
        f"of quoted text)."
    )


def _is_texts(some) -> bool:
    return isinstance(some, list) and all(isinstance(one, str) for one in some)
