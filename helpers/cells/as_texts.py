"""Cells as the text that a CSV file would hold."""

from __future__ import annotations

import numpy as np
import pandas as pd


def texts(column: pd.Series) -> pd.Series:
    """Each cell as the text that a CSV file would hold; missing stays missing."""
    if isinstance(column.dtype, pd.StringDtype):
        return column
    if column.dtype == object:
        return column.map(as_text, na_action="ignore").astype("str")
    codes, distinct = pd.factorize(column)
    written = pd.array([as_text(value) for value in distinct], dtype="str")
    return pd.Series(written.take(codes, allow_fill=True), index=column.index, name=column.name)


def as_text(value) -> str:
    """A cell as the text that a CSV file would hold: whole numbers without a point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def is_plain(value) -> bool:
    """Whether a value is one that a table's cell may hold."""
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and is_encodable(value))


def is_encodable(text: str) -> bool:
    """Whether a text has no half of a surrogate pair.

    >>> is_encodable("Zoë"), is_encodable(chr(0xD800))
    (True, False)
    """
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text
