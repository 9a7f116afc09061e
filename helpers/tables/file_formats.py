"""Files by their format: CSV and TSV, JSON, JSON lines, Excel, Parquet, each as a frame."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import unpacking_limits
from ..base.user_errors import InputError
from ..cells import codes_like_numbers
from . import odd_files
from .arrow_tables import as_frame
from .json_shapes import read_json
from .tidy_table import clean_name, distinct_names

READABLE = "CSV, TSV, JSON, JSON lines, Excel, Parquet or Feather"


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


def _read_delimited(content: bytes, delimiter: str | None = None) -> pd.DataFrame:
    text = content.decode("utf-8-sig")
    if not text.strip():
        raise InputError("is empty: it holds no header and no rows.")
    if named := re.match(r"sep=(.)\r?\n", text):  # Excel's way to name the delimiter
        text, delimiter = text[named.end() :], named[1]
    return _rows_of_text(text, delimiter or find_delimiter(text))


def _rows_of_text(text: str, delimiter: str) -> pd.DataFrame:
    """The rows of a delimited text, with notes on what is odd in it."""
    # The header is read as a row: rows with more fields than it are an error, not an index.
    shorter = _without_trailing(text, delimiter)
    ends = "Each row but the header's ends in a delimiter, which was left out." * (shorter != text)
    text = shorter.strip("\r\n")
    frame, names = _frame_of(text, delimiter)
    odd = odd_files.of_text(text, delimiter, frame) if len(frame) else []
    renamed = odd_files.renamed(names, list(frame.columns))
    return odd_files.note(frame, ends, *odd, renamed)


def _frame_of(text: str, delimiter: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a delimited text, all cells texts; and the header as it was written."""
    as_texts = {"header": None, "dtype": str, "keep_default_na": False, "na_values": [""]}
    has_columns = delimiter in text  # in a single column a blank line is a missing cell
    rows = pd.read_csv(io.StringIO(text), sep=delimiter, skip_blank_lines=has_columns, **as_texts)
    frame = rows.iloc[1:].reset_index(drop=True)
    names = [clean_name(cell) for cell in rows.iloc[0]]
    frame.columns = distinct_names(list(names))
    return frame, names


def find_delimiter(text: str) -> str:
    """The mark that parts the first rows into equally many fields, more than one; else a comma."""
    best, most = ",", (0.0, 0)
    for mark in ",;\t|":
        rows = _first_rows(text, mark)
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (alike, width) > most:
            best, most = mark, (alike, width)
    return best


def _first_rows(text: str, mark: str) -> list[list[str]]:
    """Up to thirty rows with fields; none where the text can't be cut at that mark."""
    try:
        rows = list(islice(csv.reader(io.StringIO(text[:200_000]), delimiter=mark), 30))
    except csv.Error:
        return []
    return [row for row in rows if row][: 29 if len(text) > 200_000 else 30]


def _without_trailing(text: str, delimiter: str) -> str:
    """The text without the delimiter that ends every row but the header's, where one does."""
    header, *rows = text.splitlines()
    width = len(next(csv.reader([header], delimiter=delimiter), []))
    longer = [len(r.split(delimiter)) > width for r in rows[:1]]
    if (
        header.endswith(delimiter)
        or not all(longer)
        or not all(r.endswith(delimiter) for r in rows if r)
    ):
        return text
    return "\n".join([header, *[row.removesuffix(delimiter) for row in rows]])


def numbers_if_surely(column: pd.Series) -> pd.Series:
    """A column of text as numbers when each cell is one and nothing is lost by it.

    A leading zero (a ZIP code), more digits than a float keeps, what is a code (1E6 beside 5E4) or
    a version (1.10 after 1.9) would be lost (see `cells.codes_like_numbers`).
    """
    present = column.dropna()
    if present.empty or present.str.match(r"[+-]?(0\d|\d{16,}$)").any():
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    lost = numbers.isna() & column.notna()
    if lost.any() or np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any():
        return column
    return column if _are_codes(present, numbers, str(column.name)) else numbers


def _are_codes(texts: pd.Series, numbers: pd.Series, name: str) -> bool:
    """Whether texts that read as these numbers are codes; whole numbers without an E are none."""
    if pd.api.types.is_integer_dtype(numbers.dtype):
        return False
    # an E, or an end of a zero behind a point: other texts are as good as their number
    if not texts.str.contains(r"[eE]|\.\d*0\s*$").any():
        return False
    return codes_like_numbers.are_codes(texts.str.strip().unique(), name)


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
    ".csv": _read_delimited,
    ".txt": _read_delimited,
    ".tsv": lambda content: _read_delimited(content, "\t"),
    ".tab": lambda content: _read_delimited(content, "\t"),
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
