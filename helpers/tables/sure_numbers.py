"""Columns of text as numbers, where each cell surely is one and nothing is lost by it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..cells import codes_like_numbers

FEW = 100  # cells that tell quickly whether a column may hold numbers
LONG = 16  # digits from which on a float may not keep them
LOSES = rf"^[+-]?(0\d|\d{{{LONG},}}$)"  # digits that a number would not keep
SURELY_POWER = r"[eE][+-]|\.\d*[eE]"  # of ten: it has a sign or a point
MAY_BE_VERSION = r"^\s*\d{1,3}(\.(0|[1-9]\d{0,2}))?\s*$"
ZERO, NINE, SIGNS = ord("0"), ord("9"), (ord("+"), ord("-"))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of texts, its columns that surely hold numbers as numbers; a thread a core.

    >>> typed(pd.DataFrame({"n": ["1", "2"], "zip": ["02134", "1"]})).dtypes.astype(str).tolist()
    ['int64', 'str']
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        columns = pool.map(numbers_if_surely, (frame[name] for name in frame))
        found = pd.DataFrame(dict(zip(frame, columns, strict=True)))
    found.attrs = frame.attrs
    return found


def numbers_if_surely(column: pd.Series) -> pd.Series:
    """A column of text as numbers when each cell is one and nothing is lost by it.

    A leading zero (a ZIP code), more digits than a float keeps, what is a code (1E6 beside 5E4) or
    a version (1.10 after 1.9) would be lost (see `cells.codes_like_numbers`).

    >>> numbers_if_surely(pd.Series(["1.50", None])).tolist()
    [1.5, nan]
    """
    first = column.iloc[: 4 * FEW].dropna().iloc[:FEW]
    if pd.to_numeric(first, errors="coerce").isna().any():
        return column  # most columns of words end here
    texts = pa.chunked_array(pa.array(column, from_pandas=True))
    for quick in (_plain_integers, _plain_floats):
        if (numbers := quick(texts)) is not None:
            is_code = quick is _plain_floats and _are_codes(texts, str(column.name))
            kept = column if is_code or _loses_digits(texts) else numbers
            return pd.Series(kept, index=column.index, name=column.name)
    return _numbers_with_care(column)


def _plain_integers(texts: pa.ChunkedArray) -> np.ndarray | None:
    """Texts without gaps as integers where each is one; else None."""
    if texts.null_count or not len(texts):
        return None
    try:
        return texts.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None


def _plain_floats(texts: pa.ChunkedArray) -> np.ndarray | None:
    """Texts as floats where each is a finite number, and some a fraction or missing; else None."""
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    present = numbers.drop_null().to_numpy()
    is_float = texts.null_count or not (present == np.floor(present)).all()
    if not len(present) or not is_float or not np.isfinite(present).all():
        return None
    return numbers.to_numpy()


def _loses_digits(texts: pa.ChunkedArray) -> bool:
    """Whether a text has a leading zero, or more digits than a float keeps."""
    return any(map(_chunk_loses_digits, texts.drop_null().chunks))


def _chunk_loses_digits(chunk: pa.Array) -> bool:
    """The same of a chunk, told by the letters at the beginning of each text.

    Only where some text is long, the rest of it is looked at.
    """
    if not len(chunk):
        return False
    chunk = chunk.cast(pa.large_string())
    _, offsets, letters = chunk.buffers()
    places = np.frombuffer(offsets, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    letters = np.frombuffer(letters, np.uint8)
    begin, end = places[:-1], places[1:]
    first = letters[begin]
    begin = begin + ((first == SIGNS[0]) | (first == SIGNS[1]))
    zero = begin[(letters[np.minimum(begin, end - 1)] == ZERO) & (begin + 1 < end)]
    second = letters[zero + 1]
    if ((second >= ZERO) & (second <= NINE)).any():
        return True
    is_long = (end - begin).max() >= LONG
    return is_long and pc.any(pc.match_substring_regex(chunk, LOSES)).as_py()


def _numbers_with_care(column: pd.Series) -> pd.Series:
    """The same of any column, cell by cell."""
    present = pa.array(column.dropna(), from_pandas=True)
    if not len(present) or pc.any(pc.match_substring_regex(present, LOSES)).as_py():
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    lost = numbers.isna() & column.notna()
    if lost.any() or np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any():
        return column
    return column if _are_codes(present, str(column.name)) else numbers


def _are_codes(texts, name: str) -> bool:
    """Whether texts that read as numbers are codes (1E6 beside 5E4) or versions (1.10 after 1.9).

    Powers of ten have a sign, or a point, somewhere. Points that part thousands are no decimals.
    """
    has_powers = any(pc.any(pc.match_substring(texts, mark)).as_py() for mark in "eE")
    if has_powers and pc.any(pc.match_substring_regex(texts, SURELY_POWER)).as_py():
        return False
    if codes_like_numbers.are_thousands(texts.slice(0, FEW).drop_null().to_pylist()):
        return codes_like_numbers.are_thousands(texts.drop_null().unique().to_pylist())
    first = texts.slice(0, 10 * FEW)  # where plain decimals end
    versions = (pc.all(pc.match_substring_regex(t, MAY_BE_VERSION)).as_py() for t in (first, texts))
    return (has_powers or all(versions)) and codes_like_numbers.are_codes(
        map(str.strip, texts.drop_null().unique().to_pylist()), name
    )
