"""Files by their format: CSV and TSV, JSON, JSON lines, Excel, Parquet, each as a frame."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..base import unpacking_limits
from ..base.user_errors import InputError
from ..cells import codes_like_numbers
from . import odd_files
from .arrow_tables import as_frame
from .json_shapes import read_json
from .text_format import AS_FOUND, TextFormat
from .text_tables import read_text

READABLE = "CSV, TSV, JSON, JSON lines, Excel, Parquet or Feather"
FEW = 100  # cells that tell quickly whether a column may hold numbers
SURELY_POWER = r"[eE][+-]|\.\d*[eE]"  # of ten: it has a sign or a point
MAY_BE_VERSION = r"^\s*\d{1,3}(\.(0|[1-9]\d{0,2}))?\s*$"
LOSES = r"^[+-]?(0\d|\d{16,}$)"  # digits that a number would not keep


def read_parquet_bytes(source: Path | bytes) -> pd.DataFrame:
    """A Parquet file, or its bytes, as a frame; raises InputError where it unpacks to too much."""
    from pyarrow import parquet

    unpacking_limits.check_parquet(source)
    return as_frame(parquet.read_table(io.BytesIO(source) if isinstance(source, bytes) else source))


def read_arrow_bytes(content: bytes) -> pd.DataFrame:
    """A Feather or Arrow file (or stream) as a frame; InputError where it is too large."""
    from pyarrow import feather, ipc

    if content.startswith((b"ARROW1", b"FEA1")):
        table = feather.read_table(io.BytesIO(content))
    else:
        table = ipc.open_stream(content).read_all()
    unpacking_limits.check(table.nbytes)
    return as_frame(table)


def disguised_as(content: bytes, ending: str) -> str:
    """What a file is that its first bytes say to be no text, and what to do; else empty."""
    if content.startswith(b"\x1f\x8b"):
        return "is packed (gzip): unpack it first, such as with gunzip."
    if ending not in DELIMITED:
        return ""
    if content.startswith(b"PK\x03\x04"):
        return "is a zip or an Excel file: rename it to .xlsx if it opens in Excel, else unpack it."
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)\b", content[:200], re.IGNORECASE):
        return "is a web page, not a table: open it in a browser to see what it says."
    return ""


def read_delimited(content: bytes, asked: TextFormat = AS_FOUND) -> pd.DataFrame:
    """A delimited text in UTF-8 as a frame of texts; raises InputError where it is no table."""
    text = content.decode("utf-8-sig")
    if not text.strip():
        raise InputError("is empty: it holds no header and no rows.")
    if named := re.match(r"sep=(.)\r?\n", text):  # Excel's way to name the delimiter
        asked = replace(asked, delimiter=asked.delimiter or named[1])
        text = "\n" + text[named.end() :]  # the lines keep their numbers
    return read_text(text, asked)


def numbers_if_surely(column: pd.Series) -> pd.Series:
    """A column of text as numbers when each cell is one and nothing is lost by it.

    A leading zero (a ZIP code), more digits than a float keeps, what is a code (1E6 beside 5E4) or
    a version (1.10 after 1.9) would be lost (see `cells.codes_like_numbers`).
    """
    first = column.iloc[: 4 * FEW].dropna().iloc[:FEW]
    if pd.to_numeric(first, errors="coerce").isna().any():
        return column  # most columns of words end here
    texts = pa.array(column, from_pandas=True)
    for quick in (_plain_integers, _plain_floats):
        if (numbers := quick(texts, str(column.name))) is not None:
            return pd.Series(numbers, index=column.index, name=column.name)
    return _numbers_with_care(column)


def _plain_integers(texts, _) -> np.ndarray | None:
    """Texts as integers where each is one, written as Python would write it; else None."""
    if texts.null_count or not len(texts):
        return None
    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    is_same = pc.all(pc.equal(numbers.cast(texts.type), texts)).as_py()
    is_short = pc.max(numbers).as_py() < 10**15 and pc.min(numbers).as_py() > -(10**15)
    return numbers.to_numpy() if is_same and is_short else None


def _plain_floats(texts, name: str) -> np.ndarray | None:
    """Texts as floats where each is a finite number and nothing is lost; else None."""
    if not len(texts) or not (texts.null_count or pc.any(pc.match_substring(texts, ".")).as_py()):
        return None  # integers in another form, or none at all
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    present = numbers.drop_null()
    if not len(present) or not pc.all(pc.is_finite(present)).as_py():
        return None
    lost = pc.any(pc.match_substring_regex(texts, LOSES)).as_py() or _are_codes(texts, name)
    return None if lost else numbers.to_numpy(zero_copy_only=False)


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


def _are_codes(texts: pa.Array, name: str) -> bool:
    """Whether texts that read as numbers are codes (1E6 beside 5E4) or versions (1.10 after 1.9).

    Powers of ten have a sign, or a point, somewhere.
    """
    has_powers = any(pc.any(pc.match_substring(texts, mark)).as_py() for mark in "eE")
    if has_powers and pc.any(pc.match_substring_regex(texts, SURELY_POWER)).as_py():
        return False
    first = texts.slice(0, 10 * FEW)  # where plain decimals end
    versions = (pc.all(pc.match_substring_regex(t, MAY_BE_VERSION)).as_py() for t in (first, texts))
    return (has_powers or all(versions)) and codes_like_numbers.are_codes(
        map(str.strip, texts.drop_null().unique().to_pylist()), name
    )


def _read_json(content: bytes) -> pd.DataFrame:
    return read_json(content.decode("utf-8-sig").strip())


def _read_excel(content: bytes) -> pd.DataFrame:
    if not content.startswith(b"PK"):
        raise InputError("is not an Excel file of the .xlsx kind: save it as one, or as CSV.")
    unpacking_limits.check_zip(content)
    with pd.ExcelFile(io.BytesIO(content), engine="openpyxl") as book:
        odd = odd_files.of_workbook(book.sheet_names, content)
        # As objects, so that a text "02134" stays one.
        frame = pd.read_excel(book, dtype=object, keep_default_na=False, na_values=[""])
    named = ["" if re.match(r"Unnamed: \d+$", str(n)) else str(n) for n in frame.columns]
    return odd_files.note(frame, *odd, odd_files.renamed(named, list(map(str, frame.columns))))


READERS = {
    ".csv": read_delimited,
    ".txt": read_delimited,
    ".tsv": read_delimited,
    ".tab": read_delimited,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".xlsx": _read_excel,
    ".parquet": read_parquet_bytes,
    ".feather": read_arrow_bytes,
    ".arrow": read_arrow_bytes,
}


DELIMITED = (".csv", ".txt", ".tsv", ".tab")
TEXTUAL = (*DELIMITED, ".json", ".jsonl", ".ndjson")  # in some encoding: see `encodings`
