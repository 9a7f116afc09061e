"""A survey of a table: what each column holds, counted over all rows. Nothing is drawn here.

Numbers and dates are sorted once, and texts are encoded once (by Arrow); quantiles, histograms,
distinct values and repeated rows all follow from that, so they are exact at any size. What is
looked at on some rows only (words of a text, associations) says so: see `Survey.sampled`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .base.spacing import evenly_spaced
from .base.user_errors import InputError, nearest
from .cells.draft_column_plan import draft_column
from .cells.key_names import has_identifier_name
from .cells.kinds import Kind, kind_of
from .cells.reading_columns import repair_column

KINDS = ("number", "category", "boolean", "date", "text", "empty")
SAMPLE_ROWS = 50_000  # rows that associations, words and examples are taken from
PROBED_ROWS = 1_000  # cells that tell what a column of text holds
SEED = 42
BINS = 30
LARGE = 100_000  # rows from which threads are worth their while
THREADS = 2
MOST_TOP = 12
MOST_KEPT = 20_000  # different texts whose counts are kept
MOST_CLASSES = 1_000
FEW_NUMBERS = 12  # so many different numbers are drawn and grouped one by one
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
PERIODS = {"year": "Y", "month": "M", "day": "D", "hour": "h", "minute": "m"}
MOST_PERIODS = 60


@dataclass
class Column:
    """One column: its kind, its counts, and what fits that kind."""

    name: str
    position: int
    kind: str
    stored: str  # the type it came with
    rows: int
    missing: int
    distinct: int
    sample: pd.Series  # typed values of the sampled rows
    examples: list = field(default_factory=list)
    unread: int = 0  # cells of text that do not read as the column's kind
    unread_words: tuple[str, ...] = ()  # what they say, the most frequent first
    as_text: bool = False  # numbers, dates or yes and no that came as text
    quantiles: dict[float, object] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)  # mean, std, skew, zeros …
    extremes: tuple[list, list] = ((), ())  # the smallest and the largest different values
    counts: pd.Series | None = None  # cells of each value, most frequent first (20,000 at most)
    shape: tuple[np.ndarray, np.ndarray] | None = None  # edges and counts of a histogram
    cut: float = 0.0  # share of values that lie outside the histogram's edges
    words: pd.Series | None = None  # frequent words, of the sampled rows
    period: str = ""  # of a date's timeline

    @property
    def present(self) -> int:
        """Cells that hold something."""
        return self.rows - self.missing

    @property
    def anchor(self) -> str:
        """Where a page has this column."""
        return f"column-{self.position + 1}"

    @property
    def is_constant(self) -> bool:
        """Whether every row holds the same value."""
        return self.distinct == 1 and not self.missing

    @property
    def is_identifier(self) -> bool:
        """Whether (nearly) every row has a value of its own, so that nothing can be counted."""
        if self.present < 20 or self.kind not in ("category", "number"):
            return False
        if self.kind == "number":
            whole = bool(self.facts.get("whole")) and self.distinct == self.present == self.rows
            return whole and (self._counts_up or has_identifier_name(self.name))
        return self.distinct > 0.95 * self.present

    @property
    def _counts_up(self) -> bool:
        return self.quantiles[1.0] - self.quantiles[0.0] + 1 == self.rows


@dataclass
class Survey:
    """What was found in a table: its columns in order, repeated rows, and its target if named."""

    rows: int
    columns: list[Column]
    memory: int  # bytes
    repeated: int  # rows that say the same as an earlier one
    sampled: np.ndarray  # positions of the sampled rows
    missing: pd.DataFrame  # of the sampled rows: which cells are missing
    dates: dict[str, np.ndarray]  # every row's moment, of each column of dates
    target: str = ""
    label: np.ndarray | None = None  # every row's target: a number, or a code of `classes`
    classes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Column:
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            names = [column.name for column in self.columns]
            raise InputError(f"There is no column '{name}'. {nearest(name, names)}")
        return found

    @property
    def all_rows(self) -> bool:
        """Whether the sampled rows are all rows."""
        return len(self.sampled) == self.rows

    @property
    def sample_note(self) -> str:
        """What the sampled figures rest on, as words."""
        if self.all_rows:
            return f"all {self.rows:,} rows"
        return f"{len(self.sampled):,} of {self.rows:,} rows, drawn at random (seed {SEED})"

    def of_kind(self, *kinds: str) -> list[Column]:
        """The columns of these kinds."""
        return [column for column in self.columns if column.kind in kinds]


def survey(frame: pd.DataFrame, target: str = "", seed: int = SEED) -> Survey:
    """Survey a table. `target` is the column that the others are held against, "" for none.

    >>> found = survey(pd.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "b", "b"]}))
    >>> [(c.name, c.kind, c.missing, c.distinct) for c in found.columns]
    [('x', 'number', 1, 2), ('city', 'category', 0, 2)]
    """
    if target and target not in frame.columns:
        raise InputError(f"The target '{target}' is not a column. {nearest(target, frame.columns)}")
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        raise InputError(f"The table has {len(frame)} rows and {frame.shape[1]} columns.")
    sampled = _draw(len(frame), _sample_size(*frame.shape), seed)
    made, missing, dates, hashed = [], {}, {}, np.zeros(len(frame), dtype=np.uint64)
    label, classes = None, []
    for column, read in _each_column(frame, sampled):
        made.append(column)
        missing[column.name] = read.is_missing[sampled]
        _mix(hashed, read.key)
        if column.kind == "date":
            dates[column.name] = read.values
        if column.name == target:
            label, classes = _label(column, read)
    return Survey(
        rows=len(frame), columns=made, memory=int(frame.memory_usage(deep=False).sum()),
        repeated=len(hashed) - _distinct_of(hashed), sampled=sampled,
        missing=pd.DataFrame(missing), dates=dates, target=target, label=label, classes=classes,
    )  # fmt: skip


def _each_column(
    frame: pd.DataFrame, sampled: np.ndarray
) -> Iterator[tuple[Column, CountedValues]]:
    """Every column with what was read of it; in a large table two at a time.

    Sorting and encoding let other threads run. No more than two are held at once.
    """

    def one(position: int):
        read = _read(frame.iloc[:, position])
        return count_column(str(frame.columns[position]), position, read, sampled), read

    if len(frame) < LARGE:
        yield from map(one, range(frame.shape[1]))
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, frame.shape[1], THREADS):
            yield from pool.map(one, range(first, min(first + THREADS, frame.shape[1])))


def _sample_size(rows: int, columns: int) -> int:
    """Fewer rows of wide tables: what associations cost grows with the square of the columns."""
    return min(rows, SAMPLE_ROWS if columns <= 50 else 10_000 if columns <= 250 else 4_000)


def _draw(rows: int, most: int, seed: int) -> np.ndarray:
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


# --- Reading a column ---------------------------------------------------------------------------


@dataclass
class CountedValues:
    """A column as it is counted: values and codes by row, the words that codes stand for."""

    kind: str
    stored: str
    values: np.ndarray  # numbers, moments, booleans (as 0 and 1), or codes of words
    is_missing: np.ndarray
    words: pd.Series | None = None  # kept by Arrow: a million Python strings are 100 MB
    unread: int = 0
    unread_words: tuple[str, ...] = ()
    as_text: bool = False
    key: np.ndarray | None = None  # what tells rows apart


def _read(column: pd.Series) -> CountedValues:
    kind, stored = kind_of(column), str(column.dtype)
    if kind == Kind.BOOLEAN:
        gaps = column.isna().to_numpy()
        values = column.astype("boolean").fillna(False).to_numpy(dtype=float)
        return _typed("boolean", stored, np.where(gaps, np.nan, values))
    if kind == Kind.NUMBER:
        return _typed("number", stored, column.to_numpy(dtype=float, na_value=np.nan))
    if kind == Kind.DURATION:
        return _typed("number", "duration in seconds", column.dt.total_seconds().to_numpy())
    if kind == Kind.DATE:
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert(None)
        return _typed("date", stored, column.to_numpy(dtype="datetime64[us]"))
    return _read_text(column, stored)


def _typed(kind: str, stored: str, values: np.ndarray, **more) -> CountedValues:
    gaps = np.isnat(values) if kind == "date" else np.isnan(values)
    kind = "empty" if gaps.all() else kind
    return CountedValues(kind, stored, values, gaps, key=values.view(np.uint64), **more)


def _read_text(column: pd.Series, stored: str) -> CountedValues:
    """A column of text: what its words turn out to be, by the rules of the cleaning plan."""
    codes, words = _encode(column)
    gaps = codes < 0
    if gaps.all():
        return CountedValues("empty", stored, codes, gaps, words=words, key=codes)
    present = np.flatnonzero(~gaps)
    probed = present[evenly_spaced(len(present), PROBED_ROWS)]
    plan = draft_column(words.iloc[codes[probed]].rename(column.name).reset_index(drop=True))
    if plan["kind"] not in ("number", "date", "boolean"):
        kind = "text" if plan["kind"] == "text" else "category"
        return CountedValues(kind, stored, codes, gaps, words=words, key=codes)
    found, _ = repair_column(words, plan)
    if plan["kind"] == "date":
        of_words, nothing = found.to_numpy(dtype="datetime64[us]"), np.datetime64("NaT", "us")
    else:
        of_words, nothing = found.astype("Float64").to_numpy(dtype=float, na_value=np.nan), np.nan
    values = np.append(of_words, nothing)[codes]
    read = _typed(plan["kind"], stored, values, as_text=True)
    read.unread = int(read.is_missing.sum() - gaps.sum())
    if read.unread:
        cells = np.bincount(codes[read.is_missing & ~gaps], minlength=len(words))
        frequent = np.argsort(-cells, kind="stable")[: min(MOST_TOP, int((cells > 0).sum()))]
        read.unread_words = tuple(words.iloc[frequent])
    read.key = codes
    return read


def _encode(column: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Codes (-1 for missing) and the different texts that they stand for."""
    import pyarrow as pa

    if not isinstance(column.dtype, pd.StringDtype):
        column = column.astype(object).map(str, na_action="ignore").astype("str")
    try:
        array = pa.array(column, type=pa.large_string())
    except (pa.ArrowInvalid, UnicodeEncodeError):  # halves of surrogate pairs are no UTF-8
        codes, words = pd.factorize(column.astype(object))
        words = [word.encode("utf-8", "replace").decode() for word in words]
        return codes.astype(np.int32), pd.Series(words, dtype="str")
    encoded = array.dictionary_encode()  # the chunks share one dictionary
    chunks = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
    codes = [c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in chunks]
    words = pd.Series(pd.array(chunks[-1].dictionary, dtype="str"))
    return np.concatenate(codes).astype(np.int32, copy=False), words


def _mix(hashed: np.ndarray, key: np.ndarray) -> None:
    """Mix one more column into the hash of every row (64 bits: a chance meeting in 10^19)."""
    bits = key.astype(np.uint64)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    hashed ^= bits
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    hashed ^= hashed >> np.uint64(32)


def _distinct_of(values: np.ndarray) -> int:
    ordered = np.sort(values)
    return int(1 + (ordered[1:] != ordered[:-1]).sum()) if len(ordered) else 0


def _label(column: Column, read: CountedValues) -> tuple[np.ndarray, list[str]]:
    """The target of every row: numbers, or codes of classes (NaN where missing)."""
    if column.kind == "number" and column.distinct > FEW_NUMBERS:
        return read.values, []
    if column.kind in ("number", "boolean"):
        names = np.unique(read.values[~read.is_missing])
        codes = np.searchsorted(names, read.values).astype(float)
        codes[read.is_missing] = np.nan
        if column.kind == "boolean":
            return codes, [("no", "yes")[int(v)] for v in names]
        return codes, [f"{v:g}" for v in names]
    if column.kind == "category" and column.distinct <= MOST_CLASSES:
        return np.where(read.is_missing, np.nan, read.values.astype(float)), list(read.words)
    return None, []


# --- Counting a column --------------------------------------------------------------------------


def count_column(name: str, position: int, read: CountedValues, sampled: np.ndarray) -> Column:
    values = read.values[sampled]
    if read.words is not None:
        sample = pd.Series(read.words.array.take(values, allow_fill=True), name=name)
    else:
        sample = pd.Series(values, name=name)
    column = Column(
        name, position, read.kind, read.stored, len(read.values), int(read.is_missing.sum()), 0,
        sample, unread=read.unread, unread_words=read.unread_words, as_text=read.as_text,
    )  # fmt: skip
    count = {"number": _count_number, "date": _count_date, "boolean": _count_boolean,
             "category": _count_words, "text": _count_text}  # fmt: skip
    if read.kind in count:
        count[read.kind](column, read)
        column.examples = _examples(sample.astype("boolean") if read.kind == "boolean" else sample)
    return column


def _examples(sample: pd.Series, most: int = 5) -> list:
    """A few different values, evenly spread over the sampled rows."""
    present = sample.dropna()
    places = evenly_spaced(len(present), 40)
    return list(dict.fromkeys(present.iloc[places].tolist()))[:most]


def _runs(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each different value of a sorted array begins, and how often it comes."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return starts, np.diff(np.append(starts, len(ordered)))


def _count_number(column: Column, read: CountedValues) -> None:
    values = read.values[~read.is_missing] if column.missing else read.values
    infinite = int(np.isinf(values).sum())
    ordered = np.sort(values[np.isfinite(values)] if infinite else values)
    column.facts["infinite"] = infinite
    if not len(ordered):
        column.distinct = 1
        return
    starts, runs = _runs(ordered)
    column.distinct = len(starts)
    column.quantiles = _quantiles(ordered)
    column.facts |= _moments(ordered) | {
        "zeros": int(np.searchsorted(ordered, 0, "right") - np.searchsorted(ordered, 0)),
        "negative": int(np.searchsorted(ordered, 0)),
        "whole": bool((np.floor(ordered) == ordered).all()),
    }
    column.facts |= _far_out(ordered)
    column.extremes = ordered[starts[:5]].tolist(), ordered[starts[-5:]].tolist()
    frequent = np.argsort(-runs, kind="stable")[:MOST_TOP]
    column.counts = pd.Series(runs[frequent], index=ordered[starts[frequent]])
    column.shape, column.cut = _histogram(ordered, column)


@np.errstate(over="ignore", invalid="ignore")  # squares of 1e200 are infinite, and shown as that
def _moments(values: np.ndarray) -> dict[str, float]:
    mean, deviation = float(values.mean()), float(values.std())
    centred = (values - mean) / deviation if deviation > 0 else np.zeros(1)
    return {"mean": mean, "std": deviation, "skew": float(np.mean(centred * centred * centred))}


def _quantiles(ordered: np.ndarray) -> dict[float, float]:
    return dict(zip(QUANTILES, _at(ordered, QUANTILES).tolist(), strict=True))


def _at(ordered: np.ndarray, quantiles) -> np.ndarray:
    """Quantiles of a sorted array, linear between neighbours (NumPy's default)."""
    places = np.asarray(quantiles) * (len(ordered) - 1)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, len(ordered) - 1)
    return ordered[low] * (1 - (places - low)) + ordered[high] * (places - low)


def _far_out(ordered: np.ndarray) -> dict:
    """Values beyond three interquartile ranges from the quartiles (Tukey's outer fence)."""
    first, third = _at(ordered, (0.25, 0.75))
    with np.errstate(over="ignore"):
        reach = 3 * (third - first)
    if not np.isfinite(reach):
        return {"far below": 0, "far above": 0}
    below = int(np.searchsorted(ordered, first - reach)) if reach else 0
    above = len(ordered) - int(np.searchsorted(ordered, third + reach, "right")) if reach else 0
    return {"far below": below, "far above": above}


def _histogram(ordered: np.ndarray, column: Column) -> tuple[tuple | None, float]:
    """Edges and counts. A few values far out would leave one bar: the edges then leave them out."""
    low, high = ordered[0], ordered[-1]
    with np.errstate(over="ignore"):
        span = high - low
    if not np.isfinite(span):  # from -1e308 to 1e308: no axis holds that
        return None, 0.0
    if column.facts["far below"] or column.facts["far above"]:
        near_low, near_high = _at(ordered, (0.005, 0.995))
        room = near_high - near_low
        if room > 0 and high - low > 4 * room:
            low, high = max(low, near_low - 0.1 * room), min(high, near_high + 0.1 * room)
    if low == high:
        edges = np.array([low - 0.5, low + 0.5])
    else:
        bins = BINS
        if column.facts["whole"] and high - low < BINS:
            low, high = low - 0.5, high + 0.5
            bins = int(round(high - low))
        edges = np.linspace(low, high, bins + 1)
    inner = np.searchsorted(ordered, edges[1:-1], "left")
    first, last = np.searchsorted(ordered, edges[0]), np.searchsorted(ordered, edges[-1], "right")
    counts = np.diff(np.concatenate([[first], inner, [last]]))
    return (edges, counts), 1 - counts.sum() / len(ordered)


def _count_boolean(column: Column, read: CountedValues) -> None:
    yes = int(np.nansum(read.values))
    counts = pd.Series({"yes": yes, "no": column.present - yes})
    column.counts = counts[counts > 0].sort_values(ascending=False, kind="stable")
    column.distinct = len(column.counts)


def _count_words(column: Column, read: CountedValues) -> None:
    counts = np.bincount(read.values[~read.is_missing], minlength=len(read.words))
    order = np.argsort(-counts, kind="stable")
    column.distinct = int((counts > 0).sum())
    kept = order[:MOST_KEPT]
    names = pd.Index(read.words.iloc[kept].tolist(), dtype=object)
    column.counts = pd.Series(counts[kept], index=names)
    half = np.searchsorted(np.cumsum(counts[order]), column.present / 2)
    column.facts |= {"once": int((counts == 1).sum()), "make half": int(half) + 1}


def _count_text(column: Column, read: CountedValues) -> None:
    column.distinct = len(read.words)
    column.facts["repeated"] = column.present - column.distinct
    lengths_of_words = read.words.str.len().to_numpy(dtype=np.int64)
    lengths = np.sort(lengths_of_words[read.values[~read.is_missing]]).astype(float)
    column.quantiles = _quantiles(lengths)
    column.facts |= {"whole": True, "mean": float(lengths.mean())} | _far_out(lengths)
    column.shape, column.cut = _histogram(lengths, column)
    shortest, longest = lengths_of_words.argmin(), lengths_of_words.argmax()
    column.extremes = [read.words.iloc[shortest]], [read.words.iloc[longest]]
    counted: Counter = Counter()
    for text in column.sample.dropna():
        counted.update(word for word in text.casefold().split() if len(word) > 3)
    column.words = pd.Series(dict(counted.most_common(10)), dtype=int)


def _count_date(column: Column, read: CountedValues) -> None:
    moments = read.values[~read.is_missing]
    ordered = np.sort(moments.astype("datetime64[us]").view(np.int64))
    column.distinct = len(_runs(ordered)[0])
    stamps = ordered.view("datetime64[us]")
    places = (np.asarray(QUANTILES) * (len(ordered) - 1)).astype(int)
    column.quantiles = {q: pd.Timestamp(stamps[p]) for q, p in zip(QUANTILES, places, strict=True)}
    days, per_day = _runs(stamps.astype("datetime64[D]").view(np.int64))
    dates = stamps[days].astype("datetime64[D]")
    column.facts |= {"days": len(days), "midnight": bool((ordered % 86_400_000_000 == 0).all())}
    column.facts |= _longest_gap(dates)
    column.period, column.shape = _timeline(stamps)
    column.extremes = [pd.Timestamp(d) for d in dates[:1]], [pd.Timestamp(d) for d in dates[-1:]]


def _longest_gap(dates: np.ndarray) -> dict:
    """The longest run of days without a row, and how many such days there are in all."""
    steps = np.diff(dates).astype(int)
    if not len(steps):
        return {"gap": 0, "days without rows": 0}
    place = int(steps.argmax())
    return {
        "gap": int(steps[place]) - 1,
        "usual step": int(np.median(steps)),
        "gap from": pd.Timestamp(dates[place]),
        "gap to": pd.Timestamp(dates[place + 1]),
        "days without rows": int((steps - 1).sum()),
    }


def _timeline(stamps: np.ndarray) -> tuple[str, tuple[np.ndarray, np.ndarray]]:
    """The finest period that gives a readable timeline, with its edges and its rows."""
    for period in ("minute", "hour", "day", "month", "year"):
        unit = PERIODS[period]
        first, last = (
            stamps[0].astype(f"datetime64[{unit}]"),
            stamps[-1].astype(f"datetime64[{unit}]"),
        )
        spanned = int((last - first).astype(int)) + 1
        if spanned <= MOST_PERIODS or period == "year":
            break
    step = max(1, -(-spanned // MOST_PERIODS))  # years of centuries go together
    edges = first + np.arange(0, spanned + step, step)
    if len(edges) < 2:
        edges = np.append(edges, edges[-1] + 1)
    places = np.searchsorted(stamps, edges.astype("datetime64[us]"))
    return period, (edges, np.diff(places))
