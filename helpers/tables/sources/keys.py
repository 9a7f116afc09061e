"""Keys of two tables made comparable: one number for one key, however each table stores it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ...cells.as_texts import as_text, texts

_ENDINGS = r"(?<=\d)\.0+$| 00:00:00$"  # as pandas writes whole numbers and days


def key_text(column: pd.Series) -> pd.Series:
    """The cells of a key as text: trimmed, `17.0` as `17`; missing where nothing stands.

    >>> key_text(pd.Series([17.0, None])).tolist()[0], key_text(pd.Series([" 17"])).tolist()
    ('17', ['17'])
    """
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("str").mask(column.isna())
    codes, distinct = pd.factorize(texts(column))
    found = pd.Series(distinct, dtype="str").str.strip().str.replace(_ENDINGS, "", regex=True)
    found = found.mask(found == "")
    return pd.Series(found.array.take(codes, allow_fill=True), index=column.index)


def key_cell(value) -> str:
    """One cell of a key as `key_text` writes it; "" where nothing stands.

    >>> key_cell(17.0), key_cell(" N17 "), key_cell(None)
    ('17', 'N17', '')
    """
    return "" if value is None else re.sub(_ENDINGS, "", as_text(value).strip())


def key_codes(left: list[pd.Series], right: list[pd.Series]) -> tuple[np.ndarray, np.ndarray]:
    """The number of each row's key in two tables, equal where the keys are; -1: a part is missing.

    `left` and `right` are the key columns, in the same order. Without any, all rows have one key.

    >>> key_codes([pd.Series(["a", "b", None])], [pd.Series(["b"])])[0].tolist()
    [0, 1, -1]
    """
    count = len(left[0]) if left else 0
    both = [pd.concat([key_text(a), key_text(b)], ignore_index=True)
            for a, b in zip(left, right, strict=True)]  # fmt: skip
    code = np.zeros(len(both[0]) if both else 0, dtype=np.int64)
    for column in both:
        own, distinct = pd.factorize(column)
        missing = (own < 0) | (code < 0)
        code = pd.factorize(code * (len(distinct) + 1) + own)[0]
        code[missing] = -1
    return code[:count], code[count:]
