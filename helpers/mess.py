"""Mess planted on purpose, with the answer key, and the score of a cleaning against that key.

`inject` spoils a seeded choice of a table's cells and rows in the ways that real deliveries are
spoilt, and writes down what was there. `score` says how many of the errors a cleaning repaired, and
what it broke. Injected errors are for measuring, and are announced.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .base.spacing import evenly_spaced
from .base.user_errors import InputError, nearest
from .cells import alias_groups, unit_conversion
from .cells.as_texts import texts
from .cells.date_formats import parse_date
from .cells.kinds import is_boolean, is_date, is_number
from .cells.known_words import MISSING_WORDS
from .cells.number_formats import parse_quantity
from .cells.tidy_text import tidy, without_accents

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
    "ambiguous date": "day and month that can't be told apart, in a column with both orders",
    "impossible": "a number far outside what the column holds",
    "swapped": "two neighbouring cells of a row exchanged",
    "mojibake": 'text read in the wrong encoding: "SÃ£o Paulo"',
}
ROW_KINDS = ("exact duplicate", "near duplicate")
CELLS_OF_COPIES = "cells of near duplicates"
LEFT_OUT = ("missing", "missing by another")  # of the total's recall: nothing is left to go by
UNKNOWABLE = ("null word", "ambiguous date", "impossible")  # the original value can't be known
ANSWER_KEY_COLUMNS = ["row", "column", "kind", "true", "planted"]

MAX_RATE = 0.5
DUPLICATES = 0.2  # of the rate: so many rows come twice, exactly and nearly
SAME_NUMBER = 1e-4  # numbers that differ by less, relatively, say the same
NULL_WORDS = ("N/A", "-", "unknown", "n/a", "NULL", "?")
CODES = ("999", "9999", "99999", "999999", "-999", "-9999", "-99999")
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
OTHER_DATES = ("%d %b %Y", "%b %d, %Y", "%Y/%m/%d")
OTHER_UNITS = {"kg": "lb", "mi": "km", "cm": "in", "°F": "°C", "mph": "km/h", "ft": "m", "l": "gal"}
DECORATIONS = ("unit", "thousands", "$", "%")


# --- Planting -----------------------------------------------------------------------------------


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
    """The frame with planted errors, and the answer key.

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
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"There is no kind of error '{kind}'. {nearest(kind, KINDS)}")
    if not 0 <= rate <= MAX_RATE:
        raise InputError(f"rate is a share of cells from 0 to {MAX_RATE}; it is {rate}.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"The table has more than one column '{twice}': rename it first.")
    for name in (*(columns or ()), *protect):
        if name not in frame.columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, frame.columns)}")
    return kinds


@dataclass
class ColumnToSpoil:
    """What planting needs to know of a column: what it holds, and how its mess is written."""

    cells: pd.Series
    kind: str  # number, date, text or other
    free: np.ndarray  # which cells may still be spoilt
    unit: str = ""
    decoration: str = ""
    values: set[str] = field(default_factory=set)
    folded: set[str] = field(default_factory=set)
    group: str = ""  # of the alias table
    code: str = ""
    low: float = np.nan
    high: float = np.nan


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
        """The columns in which a kind of mess can be planted."""
        fits = PLANTERS[kind].fits
        return [n for n, c in self.columns.items() if c.free.any() and fits(c)]

    def spoil(self, kind: str, count: int) -> None:
        """Plant up to so many errors of a kind."""
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
        count = min(count, int(np.ceil(self.rate * column.free.sum())))  # few cells, little mess
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
        driver = self.frame[others[len(name) % len(others)]]
        if is_number(driver):
            finite = pd.to_numeric(driver).replace([np.inf, -np.inf], np.nan)
            high = finite.quantile(0.7)
            return (driver >= high).fillna(False).to_numpy(dtype=bool)
        common = driver.mode()
        return (
            (driver == common.iloc[0]).fillna(False).to_numpy()
            if len(common)
            else (np.zeros(len(driver), dtype=bool))
        )

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


def answer_key(lines: list[tuple]) -> pd.DataFrame:
    key = pd.DataFrame(lines, columns=ANSWER_KEY_COLUMNS)
    return key.astype({"row": "int64"} | dict.fromkeys(ANSWER_KEY_COLUMNS[1:], "str"))


def _with_edits(column: pd.Series, edits: dict[int, str | None]) -> pd.Series:
    """A column with some cells overwritten: of its own type if it can hold them, else as text."""
    rows, said = list(edits), list(edits.values())
    if is_number(column):
        numbers = pd.to_numeric(pd.Series(said, dtype="str"), errors="coerce")
        if (numbers.notna() | pd.Series(said).isna()).all():
            spoilt = column.astype("float64").to_numpy(copy=True)
            spoilt[rows] = numbers.to_numpy()
            return pd.Series(spoilt, index=column.index, name=column.name)
    elif all(text is None for text in said):
        return column.mask(np.isin(np.arange(len(column)), rows))
    spoilt = texts(column).to_numpy(dtype=object, copy=True)
    spoilt[rows] = said
    return pd.Series(spoilt, index=column.index, name=column.name, dtype="str")


def column_to_spoil(cells: pd.Series) -> ColumnToSpoil:
    free = cells.notna().to_numpy().copy()
    if is_number(cells):
        values = cells.dropna().astype("float64")
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if len(values) else (np.nan, np.nan)
        column = ColumnToSpoil(cells, "number", free, low=low, high=high)
        column.code = next((code for code in CODES if _far_outside(float(code), low, high)), "")
        return column
    if is_date(cells) or _reads_as_dates(cells):
        return ColumnToSpoil(cells, "date", free)
    if is_boolean(cells) or not free.any():
        return ColumnToSpoil(cells, "other", free)
    said = texts(cells)
    free &= ~said.str.casefold().isin(MISSING_WORDS).to_numpy(dtype=bool)
    values = set(said[free].unique())
    group = alias_groups.group_of(said[free].value_counts().to_dict())
    folded = {folded_letters(value) for value in values}
    return ColumnToSpoil(cells, "text", free, values=values, folded=folded, group=group)


def folded_letters(text: str) -> str:
    return without_accents(tidy(text).casefold())


def _far_outside(code: float, low: float, high: float) -> bool:
    """Whether a code lies so far from all values that it can't be one of them."""
    width = max(high - low, abs(high), abs(low), 1e-9)
    return bool(code > high + 6 * width or code < low - 6 * width)


def _reads_as_dates(cells: pd.Series) -> bool:
    probe = cells.dropna()
    if not isinstance(cells.dtype, pd.StringDtype) or probe.empty:
        return False
    probe = probe.iloc[evenly_spaced(len(probe), 50)]
    return all(parse_date(text, "iso") is not None for text in probe)


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


# --- The kinds ----------------------------------------------------------------------------------


NOT_HERE = object()  # what a planter answers where its mess can't be planted


def _missing(text: str, column: ColumnToSpoil, random) -> None:
    return None


def _null_word(text: str, column: ColumnToSpoil, random) -> str:
    if column.code and random.random() < 0.5:
        return column.code
    return NULL_WORDS[random.integers(len(NULL_WORDS))]


def _same_word(text: str, spoilt: str, column: ColumnToSpoil):
    """A variant of a word, unless it is itself, or another sound value of the column."""
    return NOT_HERE if spoilt == text or spoilt in column.values else spoilt


def _case(text: str, column: ColumnToSpoil, random):
    ways = [
        way for way in (text.upper(), text.lower(), text.title(), text.swapcase()) if way != text
    ]
    return _same_word(text, ways[random.integers(len(ways))], column) if ways else NOT_HERE


def _space(text: str, column: ColumnToSpoil, random):
    ways = [f" {text}", f"{text} ", f"{text}\u00a0"]
    if " " in text:
        ways += [text.replace(" ", "  ", 1), text.replace(" ", "\u00a0", 1)]
    return _same_word(text, ways[random.integers(len(ways))], column)


def _unicode(text: str, column: ColumnToSpoil, random):
    ways = ["".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)]
    ways.append(unicodedata.normalize("NFD", text))
    ways.append(text.replace("-", "\u2010").replace("'", "\u2019"))
    ways = [way for way in ways if way != text]
    return _same_word(text, ways[random.integers(len(ways))], column) if ways else NOT_HERE


def _accent(text: str, column: ColumnToSpoil, random):
    return _same_word(text, without_accents(text), column)


def _mojibake(text: str, column: ColumnToSpoil, random):
    raw = text.encode("utf-8")
    for encoding in ("cp1252", "latin-1"):
        try:
            return _same_word(text, raw.decode(encoding), column)
        except UnicodeDecodeError:
            continue
    return NOT_HERE


def _alias(text: str, column: ColumnToSpoil, random):
    ways = [n for n in alias_groups.other_names(text, column.group) if n not in column.values]
    return ways[random.integers(len(ways))] if ways else NOT_HERE


def _typo(text: str, column: ColumnToSpoil, random):
    places = [n for n, mark in enumerate(text) if mark.isalpha()]
    if len(places) < 4:
        return NOT_HERE
    at = places[random.integers(len(places))]
    letter = "abcdefghijklmnopqrstuvwxyz"[random.integers(26)]
    letter = letter.upper() if text[at].isupper() else letter
    way = random.integers(4)
    if way == 0:
        spoilt = text[:at] + text[at + 1 :]
    elif way == 1:
        spoilt = text[:at] + letter + text[at:]
    elif way == 2 or not text[at + 1 : at + 2].isalpha():
        spoilt = text[:at] + letter + text[at + 1 :]
    else:
        spoilt = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return NOT_HERE if folded_letters(spoilt) in column.folded else spoilt


def _number_as_text(text: str, column: ColumnToSpoil, random):
    grouped = f"{float(text):,.10f}".rstrip("0").rstrip(".") if "e" not in text else text
    if column.decoration == "$":
        return f"-${text[1:]}" if text.startswith("-") else f"${text}"
    if column.decoration == "%":
        return f"{text} %"
    if column.decoration == "unit":
        return f"{text} {column.unit}"
    return grouped if grouped != text else NOT_HERE


def _unit(text: str, column: ColumnToSpoil, random):
    own = unit_conversion.known(column.unit)
    other = OTHER_UNITS.get(own) or next((a for a, b in OTHER_UNITS.items() if b == own), None)
    if other is None:
        return NOT_HERE
    return f"{unit_conversion.convert(float(text), own, other):.8g} {other}"


def _with_time(moment, form: str) -> str:
    clock = " %H:%M:%S" if moment.second else " %H:%M" if moment.hour or moment.minute else ""
    return moment.strftime(form + clock)


def _date(text: str, column: ColumnToSpoil, random):
    moment = parse_date(text, "iso")
    if moment is None:
        return NOT_HERE
    ways = OTHER_DATES + ((DAY_FIRST, MONTH_FIRST) if moment.day > 12 else ())
    return _with_time(moment, ways[random.integers(len(ways))])


def _ambiguous_date(text: str, column: ColumnToSpoil, random):
    moment = parse_date(text, "iso")
    if moment is None or moment.day > 12 or moment.day == moment.month:
        return NOT_HERE
    return _with_time(moment, (DAY_FIRST, MONTH_FIRST)[random.integers(2)])


def _impossible(text: str, column: ColumnToSpoil, random) -> str:
    value, width = float(text), max(column.high - column.low, abs(column.high), 1.0)
    far = column.high + width * random.uniform(100, 10_000)
    far = -value if column.low > 0 and random.random() < 0.5 else far
    return f"{far:.10g}"


def _is_text(column: ColumnToSpoil) -> bool:
    return column.kind == "text"


def _has_letters(column: ColumnToSpoil) -> bool:
    return _is_text(column) and any(any(m.isalpha() for m in v) for v in _some(column.values))


def _has_accents(column: ColumnToSpoil) -> bool:
    return _is_text(column) and not all(value.isascii() for value in column.values)


def _has_aliases(column: ColumnToSpoil) -> bool:
    return bool(column.group)


def _some(values: set[str]) -> list[str]:
    return sorted(values)[:2000]


def _holds_numbers(column: ColumnToSpoil) -> bool:
    return column.kind == "number" and np.isfinite(column.low)


def _any(column: ColumnToSpoil) -> bool:
    return True


@dataclass(frozen=True)
class _Planter:
    """A kind of mess: the columns that it fits, and how a cell's text is spoilt."""

    fits: Callable[[ColumnToSpoil], bool]
    write: Callable | None


PLANTERS = {  # in the order of planting: units need to know which numbers have theirs already
    "number as text": _Planter(_holds_numbers, _number_as_text),
    "unit": _Planter(lambda column: _holds_numbers(column) and bool(column.unit), _unit),
    "alias": _Planter(_has_aliases, _alias),
    "accent": _Planter(_has_accents, _accent),
    "mojibake": _Planter(_has_accents, _mojibake),
    "date": _Planter(lambda column: column.kind == "date", _date),
    "ambiguous date": _Planter(lambda column: column.kind == "date", _ambiguous_date),
    "impossible": _Planter(_holds_numbers, _impossible),
    "case": _Planter(_has_letters, _case),
    "space": _Planter(_is_text, _space),
    "unicode": _Planter(_is_text, _unicode),
    "typo": _Planter(_has_letters, _typo),
    "swapped": _Planter(_any, None),
    "null word": _Planter(lambda column: column.kind != "other", _null_word),
    "missing by another": _Planter(_any, _missing),
    "missing": _Planter(_any, _missing),
}


# --- Rows that come twice -----------------------------------------------------------------------


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


def typing_error(text: str, random) -> str | None:
    blank = ColumnToSpoil(pd.Series(dtype="str"), "text", np.zeros(0, dtype=bool))
    for way in (_typo, _case)[:: 1 if random.random() < 0.7 else -1]:
        spoilt = way(text, blank, random)
        if spoilt is not NOT_HERE:
            return spoilt
    return None


# --- The score ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class RepairScore:
    """How a cleaning did against an answer key (see `score`).

    `total` maps planted, changed, right, wrong, broken, precision, recall, f1, rows_broken to
    numbers; `by_kind` and `by_column` are frames of the same by kind of mess and by column;
    `broken` holds the log's lines of sound cells that were changed.
    """

    total: dict
    by_kind: pd.DataFrame
    by_column: pd.DataFrame
    broken: pd.DataFrame


def score(
    changes: pd.DataFrame, key: pd.DataFrame, *, reason: pd.Series | None = None, groups=None
) -> RepairScore:
    """Precision, recall and F1 of a log of changes, and the sound cells it broke.

    `changes` is the log of the cleaner, `key` the answer key; `reason` says of each row why it was
    set aside (`clean.set_aside`), `groups` gives rows that are taken for one record one number.

    A planted cell is *right* when it reads as the true value afterwards: the same text, number
    (to one in ten thousand) or moment. For a null word, an ambiguous date and an impossible value
    the original value can't be known, so *missing* is right as well. Changed to anything else it
    is *wrong*. A sound cell that reads otherwise than before is *broken*; one that says the same
    in other words is no change.

    precision = right / (right + wrong + broken), recall = right / planted, F1 their harmonic mean.
    The total's recall leaves out emptied cells, of which nothing is left to go by; they are among
    `by_kind`. A row that comes twice is right when it was set aside or, where it comes nearly
    twice, linked with the one that it repeats; other rows set aside as duplicates are
    `rows_broken`.
    """
    cells = key[key["column"].notna()]
    merged = changes.merge(cells[ANSWER_KEY_COLUMNS].rename(columns={"kind": "mess"}),
                           on=["row", "column"], how="outer", indicator=True)  # fmt: skip
    merged["mess"] = merged["mess"].replace("near duplicate", CELLS_OF_COPIES)
    merged["changed"] = merged["_merge"] != "right_only"
    verdict = _verdicts(merged)
    merged["verdict"] = verdict
    merged = merged[verdict != "same"]
    by_kind = _tally(merged[merged["verdict"] != "broken"], "mess")
    rows, rows_broken = _row_scores(key, reason, groups)
    by_kind = _with_shares(pd.concat([by_kind, rows])) if len(rows) else _with_shares(by_kind)
    by_column = _with_shares(_tally(merged, "column"))
    broken = merged.loc[merged["verdict"] == "broken", ["row", "column", "kind", "before", "after"]]
    counted = by_kind[~by_kind.index.isin([*LEFT_OUT, *ROW_KINDS])]
    filled = by_kind[by_kind.index.isin(LEFT_OUT)]
    total = {
        "planted": int(counted["planted"].sum()),
        "changed": int((merged["changed"]).sum()),
        "right": int(counted["right"].sum()),
        "wrong": int(by_kind["wrong"].sum()),
        "broken": len(broken),
        "rows_broken": rows_broken,
    }
    said = total["right"] + int(filled["right"].sum())
    total["precision"] = _ratio(said, said + total["wrong"] + total["broken"])
    total["recall"] = _ratio(total["right"], total["planted"])
    total["f1"] = _f1(total["precision"], total["recall"])
    return RepairScore(total, by_kind, by_column, broken.reset_index(drop=True))


def _verdicts(merged: pd.DataFrame) -> np.ndarray:
    """For each line of log and key together: right, wrong, untouched, broken or same."""
    planted = merged["_merge"] != "left_only"
    after_true = _same(merged["after"], merged["true"])
    gone = merged["after"].isna() & merged["mess"].isin(UNKNOWABLE)
    right = merged["changed"] & (after_true | gone)
    sound = ~planted & _same(merged["before"], merged["after"])
    return np.select(
        [sound, ~planted, ~merged["changed"], right],
        ["same", "broken", "untouched", "right"],
        "wrong",
    )


def _same(left: pd.Series, right: pd.Series) -> np.ndarray:
    """Whether texts say the same, line by line; two that are missing do."""
    neither = (left.isna() & right.isna()).to_numpy()
    both = (left.notna() & right.notna()).to_numpy()
    equal = (left == right).fillna(False).to_numpy(dtype=bool) | neither
    rest = np.flatnonzero(~equal & both)
    pairs = list(zip(left.iloc[rest], right.iloc[rest], strict=True))
    known = {pair: is_same_value(*pair) for pair in set(pairs)}
    equal[rest] = [known[pair] for pair in pairs]
    return equal


def is_same_value(left: str, right: str) -> bool:
    """Whether two texts are the same text, number or moment.

    >>> is_same_value("1,234.50", "1234.5"), is_same_value("2013-01-02", "2013-01-02 00:00:00")
    (True, True)
    >>> is_same_value("Boston", "Bostom")
    False
    """
    left, right = tidy(left), tidy(right)
    if left == right or {left.casefold(), right.casefold()} in _TRUTHS:
        return True
    numbers = [parse_quantity(text) for text in (left, right)]
    if all(number and unit_conversion.known(number[1] or "%") for number in numbers):
        a, b = (number[0] for number in numbers)
        return abs(a - b) <= SAME_NUMBER * max(abs(a), abs(b))
    moments = [parse_date(text, "iso") for text in (left, right)]
    return None not in moments and moments[0] == moments[1]


_TRUTHS = [{"true", word} for word in ("yes", "y", "1", "t")] + [
    {"false", word} for word in ("no", "n", "0", "f")
]


def _tally(merged: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many lines of each verdict, by kind or column."""
    counts = pd.crosstab(merged[by], merged["verdict"])
    counts = counts.reindex(columns=["right", "wrong", "untouched", "broken"], fill_value=0)
    counts.insert(0, "planted", counts[["right", "wrong", "untouched"]].sum(axis=1))
    return counts.rename_axis(columns=None)


def _with_shares(counts: pd.DataFrame) -> pd.DataFrame:
    said = counts["right"] + counts["wrong"] + counts["broken"]
    recall = (counts["right"] / counts["planted"].where(counts["planted"] > 0)).astype(float)
    precision = (counts["right"] / said.where(said > 0)).astype(float)
    f1 = [_f1(p, r) for p, r in zip(precision, recall, strict=True)]
    return counts.assign(precision=precision, recall=recall, f1=f1)


def _row_scores(key: pd.DataFrame, reason, groups) -> tuple[pd.DataFrame, int]:
    """The rows that come twice, as lines of `by_kind`; and sound rows set aside as duplicates."""
    copies = key[key["column"].isna()]
    if reason is None and groups is None:
        return pd.DataFrame(), 0
    aside = set() if reason is None else set(np.flatnonzero((reason == "duplicate").to_numpy()))
    group = np.arange(0) if groups is None else np.asarray(groups)
    lines, expected = {}, set()
    for kind, rows in copies.groupby("kind"):
        pairs = [(int(row), int(of)) for row, of in zip(rows["row"], rows["true"], strict=True)]
        expected |= {row for pair in pairs for row in pair}
        linked = kind == "near duplicate" and len(group)
        right = sum(bool(aside & {a, b}) or (linked and group[a] == group[b]) for a, b in pairs)
        lines[kind] = {"planted": len(pairs), "right": right, "wrong": 0,
                       "untouched": len(pairs) - right, "broken": 0}  # fmt: skip
    return pd.DataFrame.from_dict(lines, orient="index"), len(aside - expected)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _f1(precision: float, recall: float) -> float:
    return _ratio(2 * precision * recall, precision + recall)


def answer_key_of(dirty: pd.DataFrame, clean: pd.DataFrame) -> pd.DataFrame:
    """The answer key of a dirty table and its clean twin: the same rows, columns in the same order.

    Cells that say the same (see `is_same_value`) are sound; the column names are the dirty table's.

    >>> answer_key_of(pd.DataFrame({"x": ["a", "b"]}), pd.DataFrame({"y": ["a", "c"]}))["row"].tolist()
    [1]
    """
    if dirty.shape != clean.shape:
        raise InputError(
            f"A dirty table and its clean twin have equal shapes; these have {dirty.shape[0]:,} × "
            f"{dirty.shape[1]} and {clean.shape[0]:,} × {clean.shape[1]}."
        )
    lines = []
    for position, name in enumerate(dirty.columns):
        planted = texts(dirty.iloc[:, position]).reset_index(drop=True)
        true = texts(clean.iloc[:, position]).reset_index(drop=True)
        rows = np.flatnonzero(~_same(planted, true))
        lines += [(r, name, "error", true.iloc[r], planted.iloc[r]) for r in rows.tolist()]
    return answer_key(lines)


def describe_score(scored: RepairScore) -> str:
    """The score in a sentence."""
    total = scored.total
    return (
        f"**Of {total['planted']:,} injected errors {_percent(total['recall'])} were repaired; "
        f"{_percent(total['precision'])} of all repairs are right, and {total['broken']:,} sound "
        f"cells were broken** (F1 {total['f1']:.2f}; emptied cells not counted)."
    )


def _percent(share: float) -> str:
    return "n/a" if pd.isna(share) else f"{share:.1%}"
