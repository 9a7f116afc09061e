"""What is counted of a column: quantiles, moments, frequent values, a histogram or timeline."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.key_names import counts_up
from .surveyed_table import Column

BINS = 30
MOST_TOP = 12
MOST_KEPT = 20_000  # different texts whose counts are kept
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
PERIODS = {"year": "Y", "month": "M", "day": "D", "hour": "h", "minute": "m"}
MOST_PERIODS = 60


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
    key: np.ndarray | None = None  # equal where rows are equal


def count_column(name: str, position: int, read: CountedValues, sampled: np.ndarray) -> Column:
    """A column with all that is counted of it; `sampled` are the places of its sample's rows."""
    sample = _sample(name, read, sampled)
    column = Column(
        name, position, read.kind, read.stored, len(read.values), int(read.is_missing.sum()), 0,
        sample, unread=read.unread, unread_words=read.unread_words, as_text=read.as_text,
    )  # fmt: skip
    if read.kind in COUNT:
        COUNT[read.kind](column, read)
        column.examples = _examples(sample.astype("boolean") if read.kind == "boolean" else sample)
    return column


def _sample(name: str, read: CountedValues, sampled: np.ndarray) -> pd.Series:
    values = read.values[sampled]
    if read.words is None:
        return pd.Series(values, name=name)
    return pd.Series(read.words.array.take(values, allow_fill=True), name=name)


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
    column.quantiles = _quantiles(ordered)
    column.facts |= _moments(ordered) | _signs(ordered) | _far_out(ordered)
    column.facts["in order"] = counts_up(values)
    _count_runs(column, ordered)
    column.shape, column.cut = _histogram(ordered, column)


def _signs(ordered: np.ndarray) -> dict:
    """How many numbers are zero or below it, and whether all are whole."""
    negative, not_positive = (int(np.searchsorted(ordered, 0, side)) for side in ("left", "right"))
    whole = bool((np.floor(ordered) == ordered).all())
    return {"zeros": not_positive - negative, "negative": negative, "whole": whole}


def _count_runs(column: Column, ordered: np.ndarray) -> None:
    """The different numbers: how many, the outermost, the most frequent."""
    starts, runs = _runs(ordered)
    column.distinct = len(starts)
    column.extremes = ordered[starts[:5]].tolist(), ordered[starts[-5:]].tolist()
    frequent = np.argsort(-runs, kind="stable")[:MOST_TOP]
    column.counts = pd.Series(runs[frequent], index=ordered[starts[frequent]])


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
    with np.errstate(over="ignore"):
        span = ordered[-1] - ordered[0]
    if not np.isfinite(span):  # from -1e308 to 1e308: no axis holds that
        return None, 0.0
    is_far = column.facts["far below"] or column.facts["far above"]
    edges = _edges(*_ends(ordered, bool(is_far)), column.facts["whole"])
    inner = np.searchsorted(ordered, edges[1:-1], "left")
    first, last = np.searchsorted(ordered, edges[0]), np.searchsorted(ordered, edges[-1], "right")
    counts = np.diff(np.concatenate([[first], inner, [last]]))
    return (edges, counts), 1 - counts.sum() / len(ordered)


def _ends(ordered: np.ndarray, is_far: bool) -> tuple[float, float]:
    """The ends of a histogram: those of the values, or nearer where a few lie far out."""
    low, high = ordered[0], ordered[-1]
    near_low, near_high = _at(ordered, (0.005, 0.995))
    room = near_high - near_low
    if is_far and room > 0 and high - low > 4 * room:
        return max(low, near_low - 0.1 * room), min(high, near_high + 0.1 * room)
    return low, high


def _edges(low: float, high: float, is_whole: bool) -> np.ndarray:
    """Edges of equal bins; few whole numbers have one each."""
    if low == high:
        return np.array([low - 0.5, low + 0.5])
    if is_whole and high - low < BINS:
        return np.linspace(low - 0.5, high + 0.5, int(round(high - low)) + 2)
    return np.linspace(low, high, BINS + 1)


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
    column.words = _frequent_words(column.sample.dropna())


def _frequent_words(texts: pd.Series) -> pd.Series:
    """The ten most frequent words of more than three letters, with their counts."""
    counted: Counter = Counter()
    for text in texts:
        counted.update(word for word in text.casefold().split() if len(word) > 3)
    return pd.Series(dict(counted.most_common(10)), dtype=int)


def _count_date(column: Column, read: CountedValues) -> None:
    moments = read.values[~read.is_missing]
    ordered = np.sort(moments.astype("datetime64[us]").view(np.int64))
    column.distinct = len(_runs(ordered)[0])
    stamps = ordered.view("datetime64[us]")
    places = (np.asarray(QUANTILES) * (len(ordered) - 1)).astype(int)
    column.quantiles = {q: pd.Timestamp(stamps[p]) for q, p in zip(QUANTILES, places, strict=True)}
    dates = _different_days(stamps)
    column.facts |= {"days": len(dates), "midnight": bool((ordered % 86_400_000_000 == 0).all())}
    column.facts |= _longest_gap(dates)
    column.period, column.shape = _timeline(stamps)
    column.extremes = [pd.Timestamp(d) for d in dates[:1]], [pd.Timestamp(d) for d in dates[-1:]]


def _different_days(stamps: np.ndarray) -> np.ndarray:
    starts, _ = _runs(stamps.astype("datetime64[D]").view(np.int64))
    return stamps[starts].astype("datetime64[D]")


def _longest_gap(dates: np.ndarray) -> dict:
    """The longest run of days without a row, and how many such days there are in all."""
    steps = np.diff(dates).astype(int)
    if not len(steps):
        return {"gap": 0, "days without rows": 0}
    place = int(steps.argmax())
    start, end = map(pd.Timestamp, dates[place : place + 2])
    usual = int(np.median(steps))
    return {"gap": int(steps[place]) - 1, "usual step": usual, "gap from": start, "gap to": end,
            "in step": float((steps == usual).mean()),
            "days without rows": int((steps - 1).sum())}  # fmt: skip


def _timeline(stamps: np.ndarray) -> tuple[str, tuple[np.ndarray, np.ndarray]]:
    """The finest period that gives a readable timeline, with its edges and its rows."""
    for period in ("minute", "hour", "day", "month", "year"):
        first, last = (end.astype(f"datetime64[{PERIODS[period]}]") for end in stamps[[0, -1]])
        spanned = int((last - first).astype(int)) + 1
        if spanned <= MOST_PERIODS:
            break
    step = max(1, -(-spanned // MOST_PERIODS))  # years of centuries go together
    edges = first + np.arange(0, spanned + step, step)
    places = np.searchsorted(stamps, edges.astype("datetime64[us]"))
    return period, (edges, np.diff(places))


COUNT = {"number": _count_number, "date": _count_date, "boolean": _count_boolean,
         "category": _count_words, "text": _count_text}  # fmt: skip
