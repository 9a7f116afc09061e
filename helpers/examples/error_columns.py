"""A column that errors are injected into: what it holds, and which of its cells are free."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells import alias_groups
from ..cells.as_texts import texts
from ..cells.date_formats import parse_date
from ..cells.kinds import is_boolean, is_date, is_number
from ..cells.known_words import MISSING_WORDS
from ..cells.tidy_text import tidy, without_accents

CODES = ("999", "9999", "99999", "999999", "-999", "-9999", "-99999")


@dataclass
class ColumnToSpoil:
    """What planting needs to know of a column: what it holds, and how errors are written in it."""

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


def column_to_spoil(cells: pd.Series) -> ColumnToSpoil:
    """What injecting errors needs to know of a column of raw cells.

    >>> column_to_spoil(pd.Series(["Oslo", None, "Rome"])).free.tolist()
    [True, False, True]
    """
    free = cells.notna().to_numpy().copy()
    if is_number(cells):
        return _number_to_spoil(cells, free)
    if is_date(cells) or _reads_as_dates(cells):
        return ColumnToSpoil(cells, "date", free)
    if is_boolean(cells) or not free.any():
        return ColumnToSpoil(cells, "other", free)
    return _text_to_spoil(cells, free)


def _number_to_spoil(cells: pd.Series, free: np.ndarray) -> ColumnToSpoil:
    values = cells.dropna().astype("float64")
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (np.nan, np.nan)
    code = next((code for code in CODES if _far_outside(float(code), low, high)), "")
    return ColumnToSpoil(cells, "number", free, low=low, high=high, code=code)


def _text_to_spoil(cells: pd.Series, free: np.ndarray) -> ColumnToSpoil:
    held = texts(cells)
    free &= ~held.str.casefold().isin(MISSING_WORDS).to_numpy(dtype=bool)
    values = set(held[free].unique())
    group = alias_groups.group_of(held[free].value_counts().to_dict())
    folded = {folded_letters(value) for value in values}
    return ColumnToSpoil(cells, "text", free, values=values, folded=folded, group=group)


def folded_letters(text: str) -> str:
    """A text without case, accents and extra space: two of one value are equal.

    >>> folded_letters(" Zürich ")
    'zurich'
    """
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
