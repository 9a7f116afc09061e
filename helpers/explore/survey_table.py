"""A survey of a table: what each column holds, counted over all rows. Nothing is drawn here.

Numbers and dates are sorted once, and texts are encoded once (by Arrow); quantiles, histograms,
distinct values and repeated rows all follow from that, so they are exact at any size. What is
looked at on some rows only (words of a text, associations) says so: see `Survey.sampled`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells import numbered_dates
from ..cells.kinds import Kind, kind_of
from ..cells.reading_columns import repair_column
from .column_counts import MOST_TOP, CountedValues, count_column
from .surveyed_table import SEED, Column, Survey
from .text_plans import plans_of_texts

KINDS = ("number", "category", "boolean", "date", "text", "empty")
SAMPLE_ROWS = 50_000  # rows that associations, words and examples are taken from
LARGE = 100_000  # rows from which threads are worth their while
THREADS = 2
MOST_CLASSES = 1_000
FEW_NUMBERS = 12  # so many different numbers are drawn and grouped one by one


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
    for column, read in _each_column(frame, sampled, plans_of_texts(frame)):
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
    frame: pd.DataFrame, sampled: np.ndarray, plans: dict[int, dict]
) -> Iterator[tuple[Column, CountedValues]]:
    """Every column with what was read of it, texts by their plans; in a large table two at a time.

    Sorting and encoding let other threads run. No more than two are held at once.
    """

    def one(position: int):
        read = _read(frame.iloc[:, position], plans.get(position))
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


def _read(column: pd.Series, plan: dict | None) -> CountedValues:
    kind, stored = kind_of(column), str(column.dtype)
    if kind == Kind.BOOLEAN:
        gaps = column.isna().to_numpy()
        values = column.astype("boolean").fillna(False).to_numpy(dtype=float)
        return _typed("boolean", stored, np.where(gaps, np.nan, values))
    if kind == Kind.NUMBER:
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        if form := numbered_dates.format_of(numbers, str(column.name)):
            return _typed("date", stored, numbered_dates.moments_of(numbers, form))
        return _typed("number", stored, numbers)
    if kind == Kind.DURATION:
        return _typed("number", "duration in seconds", column.dt.total_seconds().to_numpy())
    if kind == Kind.DATE:
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert(None)
        return _typed("date", stored, column.to_numpy(dtype="datetime64[us]"))
    return _read_text(column, stored, plan)


def _typed(kind: str, stored: str, values: np.ndarray, **more) -> CountedValues:
    gaps = np.isnat(values) if kind == "date" else np.isnan(values)
    kind = "empty" if gaps.all() else kind
    return CountedValues(kind, stored, values, gaps, key=values.view(np.uint64), **more)


def _read_text(column: pd.Series, stored: str, plan: dict | None) -> CountedValues:
    """A column of text: what its words turn out to be, by its plan; None: it holds nothing."""
    codes, words = _encode(column)
    gaps = codes < 0
    if gaps.all() or plan is None:
        return CountedValues("empty", stored, codes, gaps, words=words, key=codes)
    if plan["kind"] not in ("number", "date", "boolean"):
        kind = "text" if plan["kind"] == "text" else "category"
        return CountedValues(kind, stored, codes, gaps, words=words, key=codes)
    read = _typed(plan["kind"], stored, _typed_words(words, plan)[codes], as_text=True)
    read.key, unread = codes, codes[read.is_missing & ~gaps]
    read.unread, read.unread_words = len(unread), _most_frequent(unread, words)
    return read


def _typed_words(words: pd.Series, plan: dict) -> np.ndarray:
    """The numbers or dates that words read as, by their code; the last one, code -1, is missing."""
    found, _ = repair_column(words, plan)
    if plan["kind"] == "date":
        return np.append(found.to_numpy(dtype="datetime64[us]"), np.datetime64("NaT", "us"))
    return np.append(found.astype("Float64").to_numpy(dtype=float, na_value=np.nan), np.nan)


def _most_frequent(codes: np.ndarray, words: pd.Series) -> tuple[str, ...]:
    """The words that some codes stand for, the most frequent first."""
    cells = np.bincount(codes, minlength=len(words))
    frequent = np.argsort(-cells, kind="stable")[: min(MOST_TOP, int((cells > 0).sum()))]
    return tuple(words.iloc[frequent])


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
