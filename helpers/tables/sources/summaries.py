"""The rows of a key, or of a time before a moment, summed up: count, mean, last and the like."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...cells.kinds import is_counted
from ...cells.tidy_text import tidy as tidy_cell
from ..sure_numbers import numbers_if_surely

USUAL = {True: ["mean", "last"], False: ["last"]}  # of numbers; of anything else


def summaries(
    frame: pd.DataFrame,
    asked: dict[str, list[str]],
    order: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
) -> dict[str, np.ndarray]:
    """For each of n rows what its part `order[start:stop]` of a table comes to, by name.

    Always `count`; of each column in `asked` the summaries that are named (see `recipe.SUMMARIES`).
    """  # fmt: skip
    found = {"count": stop - start}
    for column, hows in asked.items():
        if column == "count":
            continue
        values = _numbers(frame[column]) if set(hows) - {"last"} else frame[column]
        for how in hows:
            part = values.iloc[order]
            found[f"{column}_{how}"] = _OF[how](part, start, stop)
    return found


def usual(frame: pd.DataFrame, columns: list[str], in_time: bool) -> dict[str, list[str]]:
    """What is summed up where nobody says: means of numbers; in time the last of everything."""
    found = {}
    for name in columns:
        hows = USUAL[holds_numbers(frame[name])]
        kept = [how for how in hows if in_time or how != "last"]
        found |= {name: kept} if kept else {}
    return found


def holds_numbers(column: pd.Series) -> bool:
    """Whether a column holds numbers, or texts that surely are."""
    return is_counted(column) or is_counted(numbers_if_surely(column.astype("str")))


def _numbers(column: pd.Series) -> pd.Series:
    """A column as floats, those written as text too; what is no number is missing."""
    if not is_counted(column):
        column = pd.to_numeric(column.map(lambda v: tidy_cell(str(v))), errors="coerce")
    return column.astype("Float64").astype("float64")


def _last(part: pd.Series, start: np.ndarray, stop: np.ndarray) -> pd.Series:
    place = np.where(stop > start, stop - 1, -1)
    return pd.Series(part.array.take(place, allow_fill=True))


def _sum_and_count(part: pd.Series, start, stop) -> tuple[np.ndarray, np.ndarray]:
    values = part.to_numpy()
    there = ~np.isnan(values)
    shift = values[there].mean() if there.any() else 0.0  # so that long sums keep their digits
    total = np.append(0.0, np.cumsum(np.where(there, values - shift, 0.0)))
    count = np.append(0, np.cumsum(there))
    cells = count[stop] - count[start]
    return total[stop] - total[start] + shift * cells, cells


def _sum(part: pd.Series, start, stop) -> np.ndarray:
    total, cells = _sum_and_count(part, start, stop)
    return np.where(cells > 0, total, np.nan)


def _mean(part: pd.Series, start, stop) -> np.ndarray:
    total, cells = _sum_and_count(part, start, stop)
    return np.divide(total, cells, out=np.full(len(cells), np.nan), where=cells > 0)


def _largest(part: pd.Series, start, stop) -> np.ndarray:
    values = part.to_numpy()
    padded = np.append(np.where(np.isnan(values), -np.inf, values), -np.inf)
    found = np.full(len(start), -np.inf)
    some = stop > start
    if some.any():
        ends = np.column_stack([start[some], stop[some]]).ravel()
        found[some] = np.maximum.reduceat(padded, ends)[::2]
    return np.where(np.isinf(found), np.nan, found)


def _smallest(part: pd.Series, start, stop) -> np.ndarray:
    return -_largest(-part, start, stop)


def _count(part: pd.Series, start, stop) -> np.ndarray:
    return _sum_and_count(part, start, stop)[1]


_OF = {"last": _last, "sum": _sum, "mean": _mean, "max": _largest, "min": _smallest,
       "count": _count}  # fmt: skip
