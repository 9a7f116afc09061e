"""Columns of text as numbers, where each cell surely is one and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..cells import codes_like_numbers
from .arrow_tables import is_text

FEW = 100  # cells that tell quickly whether a column may hold numbers
LONG = 16  # digits from which on a float may not keep them
# Digits that a number would not keep; the plus of a telephone number
LOSES = rf"^([+-]?(0\d|\d{{{LONG},}}$)|\+[1-9]\d{{8,14}}$)"
SURELY_POWER = r"[eE][+-]|\.\d*[eE]"  # of ten: it has a sign or a point
LAST_MAJOR = 999
MAY_BE_VERSION = r"^\s*\d{1,3}(\.(0|[1-9]\d{0,2}))?\s*$"
MAY_BE_THOUSANDS = r"^\s*[+-]?\d{1,3}(\.\d{3})*\s*$"
ZERO, NINE, SIGNS = ord("0"), ord("9"), (ord("+"), ord("-"))
POWER, FRACTION, LOWER = b"eE", b".eE", 32
NONE, SOME, SURE, PLAIN = "none", "some", "sure", "plain"


@dataclass(frozen=True)
class Numbers:
    """A part of a column as integers or floats, and what tells whether its texts may be codes."""

    values: pa.ChunkedArray
    powers: str = NONE  # of ten: none; some without a sign or a point (1E6); or surely powers
    versions: pa.Array | None = None  # the different texts, where all may be versions
    thousands: str = NONE  # that points may part: some; plain, where no text has a point


def numbers_if_surely(column: pd.Series) -> pd.Series:
    """A column of text as numbers when each cell is one and nothing is lost by it.

    A leading zero (a ZIP code), more digits than a float keeps, what is a code (1E6 beside 5E4) or
    a version (1.10 after 1.9) would be lost (see `cells.codes_like_numbers`).

    >>> numbers_if_surely(pd.Series(["1.50", None])).tolist()
    [1.5, nan]
    """
    texts = pa.chunked_array(pa.array(column, from_pandas=True))
    part = numbers_of(texts) if is_text(texts.type) else None
    numbers = joined([part], str(column.name), lambda: texts) if part else None
    if numbers is None:
        return column
    return pd.Series(numbers.to_numpy(), index=column.index, name=column.name)


def joined(
    parts: list[Numbers], name: str, texts: Callable[[], pa.ChunkedArray]
) -> pa.ChunkedArray | None:
    """A column of parts; None where its texts are codes, or all missing.

    `texts` gives all of its texts, which are needed where only some parts have a power of ten.
    """
    if all(part.values.null_count == len(part.values) for part in parts):
        return None
    if _are_codes(parts, name, texts):
        return None
    kinds = {part.values.type for part in parts}
    kind = kinds.pop() if len(kinds) == 1 else pa.float64()
    return pa.chunked_array([c.cast(kind) for part in parts for c in part.values.chunks], kind)


def _are_codes(parts: list[Numbers], name: str, texts: Callable[[], pa.ChunkedArray]) -> bool:
    """Whether texts that read as numbers are codes (1E6 beside 5E4) or versions (1.10 after 1.9).

    Powers of ten have a sign, or a point, somewhere. Points that part thousands are no decimals.
    """
    powers, thousands = {part.powers for part in parts}, {part.thousands for part in parts}
    if SURE in powers:
        return False
    if SOME in thousands and NONE not in thousands:
        return codes_like_numbers.are_thousands(texts().drop_null().unique().to_pylist())
    different = texts().drop_null().unique() if SOME in powers else _versions_of(parts)
    return different is not None and codes_like_numbers.are_codes(
        map(str.strip, different.to_pylist()), name
    )


def _versions_of(parts: list[Numbers]) -> pa.Array | None:
    """The different texts of parts that all may be versions."""
    found = [part.versions for part in parts]
    return None if any(one is None for one in found) else pa.concat_arrays(found).unique()


def numbers_of(texts: pa.ChunkedArray, are_likely: bool = False) -> Numbers | None:
    """A part of a column as numbers; None where a text is none, or would lose digits.

    Where they `are_likely`, as another part held numbers, the first texts are not tried first.

    >>> numbers_of(pa.chunked_array([["1", "20"]])).values.type
    DataType(int64)
    """
    if texts.null_count == len(texts):
        return Numbers(texts.cast(pa.float64()), NONE, pa.array([], texts.type), PLAIN)
    if not (are_likely or _may_be_numbers(texts.slice(0, 4 * FEW))):
        return None  # most columns of words end here
    if (values := _values_of(texts)) is None:
        return None
    if pa.types.is_integer(values.type):
        versions = _none_above(values, texts.type)
        return Numbers(values, NONE, versions, NONE if versions is None else PLAIN)
    return Numbers(values, _powers_in(texts), _versions_in(texts), _thousands_in(texts))


def _values_of(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Texts as integers or floats."""
    if not _any_has(texts, FRACTION) and not texts.null_count:
        integers = _plain_integers(texts)
        return _numbers_with_care(texts) if integers is None else integers
    if (floats := _plain_floats(texts)) is None:
        return _numbers_with_care(texts)
    return None if _loses_digits(texts, floats) else floats


def _powers_in(texts: pa.ChunkedArray) -> str:
    """Whether texts have powers of ten, and surely so."""
    if not _any_has(texts, POWER):
        return NONE
    is_sure = any(map(_has_signed_power, texts.chunks)) or _any_matches(texts, SURELY_POWER)
    return SURE if is_sure else SOME


def _has_signed_power(chunk: pa.Array) -> bool:
    """Whether a sign follows an e: quicker than a pattern, and most powers have one."""
    letters, _ = letters_of(chunk)
    behind = letters.take(np.flatnonzero((letters | LOWER) == POWER[0]) + 1, mode="clip")
    return bool(np.isin(behind, SIGNS).any())


def _none_above(integers: pa.ChunkedArray, kind: pa.DataType) -> pa.Array | None:
    """No text, where all integers may be versions: what tells these has a point in it."""
    least, most = pc.min_max(integers).as_py().values()
    return pa.array([], kind) if least >= 0 and most <= LAST_MAJOR else None


def _versions_in(texts: pa.ChunkedArray) -> pa.Array | None:
    """The different texts where all may be versions; plain decimals end after a few."""
    if not _may_be_versions(texts.slice(0, 10 * FEW).drop_null().combine_chunks()):
        return None
    different = texts.drop_null().unique()
    return different if _may_be_versions(different) else None


def _thousands_in(texts: pa.ChunkedArray) -> str:
    """Whether points may part thousands in all texts; most decimals end after a few."""
    for some in (texts.slice(0, FEW), texts):
        if not pc.all(pc.match_substring_regex(some, MAY_BE_THOUSANDS), min_count=0).as_py():
            return NONE
    return SOME if _any_has(texts, b".") else PLAIN


def _may_be_numbers(texts: pa.ChunkedArray) -> bool:
    """Whether the first texts are numbers that keep their digits."""
    first = texts.drop_null().slice(0, FEW)
    numbers = pd.to_numeric(first.to_pandas(), errors="coerce")
    return bool(numbers.notna().all()) and not _any_matches(first, LOSES)


def _plain_integers(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Texts without gaps as integers of at most 15 digits; else None.

    Where a text has a zero in front, or is hexadecimal, it has another number of letters.
    """
    try:
        integers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    letters = pc.sum(pc.binary_length(texts)).as_py()
    return integers if _letters_needed(integers.to_numpy()) == letters else None


def _letters_needed(integers: np.ndarray) -> int:
    """How many letters integers take; -1 where one has more digits than a float may keep."""
    sizes, letters = np.abs(integers), len(integers) + np.count_nonzero(integers < 0)
    for power in range(1, LONG):
        if not (many := np.count_nonzero(sizes >= 10**power)):
            return letters
        letters += many
    return -1


def _plain_floats(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Texts as floats where each is a finite number or missing; else None."""
    try:
        floats = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return floats if pc.all(pc.is_finite(floats)).as_py() else None


def _loses_digits(texts: pa.ChunkedArray, floats: pa.ChunkedArray) -> bool:
    """Whether a text has a leading zero, or more whole digits than a float keeps."""
    if any(map(_has_leading_zero, texts.chunks)):
        return True
    is_large = max(map(abs, pc.min_max(floats).as_py().values())) >= 10 ** (LONG - 1)
    return is_large and _any_matches(texts, LOSES)


def _any_matches(texts: pa.ChunkedArray, pattern: str) -> bool:
    """Whether a text has the pattern in it."""
    return any(pc.any(pc.match_substring_regex(c, pattern)).as_py() for c in texts.chunks)


def letters_of(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The letters of all texts, one behind the other, and where each text begins (and ends)."""
    _, offsets, letters = chunk.buffers()
    kind = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
    places = np.frombuffer(offsets, kind)[chunk.offset : chunk.offset + len(chunk) + 1]
    found = np.frombuffer(letters, np.uint8) if letters else np.zeros(0, np.uint8)
    return found[: places[-1]], places


def _has_leading_zero(chunk: pa.Array) -> bool:
    """Whether a text has a zero and another digit in front, told by its first letters."""
    letters, places = letters_of(chunk) if len(chunk) else ([], [])
    if not len(letters):
        return False
    begin, end = _behind_signs(letters, places[:-1]), places[1:]
    zero = np.flatnonzero(letters.take(begin, mode="clip") == ZERO)
    second = begin[zero] + 1
    second = letters[second[second < end[zero]]]
    return bool(((second >= ZERO) & (second <= NINE)).any())


def _behind_signs(letters: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Where texts begin, the sign in front of some left out."""
    first = letters.take(begin, mode="clip")
    is_signed = (first == SIGNS[0]) | (first == SIGNS[1])
    return begin + is_signed if is_signed.any() else begin


def _numbers_with_care(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The same of any texts, cell by cell."""
    if _any_matches(texts, LOSES):
        return None
    column = texts.to_pandas()
    numbers = pd.to_numeric(column, errors="coerce")
    lost = numbers.isna() & column.notna()
    if lost.any() or np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any():
        return None
    return pa.chunked_array([pa.array(numbers, from_pandas=True)])


def _any_has(texts: pa.ChunkedArray, marks: bytes) -> bool:
    """Whether a text has one of these letters in it."""
    parts = (letters_of(chunk) for chunk in texts.chunks if len(chunk))
    return any(mark in letters[places[0] :] for letters, places in parts for mark in marks)


def _may_be_versions(texts: pa.Array) -> bool:
    """Whether each text looks like a version."""
    return pc.all(pc.match_substring_regex(texts, MAY_BE_VERSION), min_count=0).as_py()
