"""Files by their format: CSV and TSV, JSON, JSON lines, Excel, Parquet, each as a frame."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..base import unpacking_limits
from ..base.user_errors import InputError
from .arrow_tables import as_frame
from .excel_sheets import read_excel
from .json_shapes import read_json
from .text_format import AS_FOUND, TextFormat
from .text_tables import read_text

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


def read_delimited(
    content: bytes, asked: TextFormat = AS_FOUND, typed: bool = False
) -> pd.DataFrame:
    """A delimited text in UTF-8 as a frame of texts; raises InputError where it is no table.

    If `typed`, columns that surely hold numbers are numbers.
    """
    content = _without_marks(content)
    if not content or content.isspace():
        raise InputError("is empty: it holds no header and no rows.")
    if named := re.match(rb"sep=(.)\r?\n", content):  # Excel's way to name the delimiter
        asked = replace(asked, delimiter=asked.delimiter or named[1].decode())
        content = b"\n" + content[named.end() :]  # the lines keep their numbers
    return read_text(content, asked, typed)


def _without_marks(content: bytes) -> bytes:
    """A text in UTF-8 without byte order marks: files put behind one another have one each."""
    content = content.removeprefix(codecs.BOM_UTF8)
    if content.isascii() or b"\n" + codecs.BOM_UTF8 not in content:
        return content
    return content.replace(b"\n" + codecs.BOM_UTF8, b"\n")


def _read_json(content: bytes) -> pd.DataFrame:
    return read_json(content.decode("utf-8-sig").strip())


READERS = {
    ".csv": read_delimited,
    ".txt": read_delimited,
    ".tsv": read_delimited,
    ".tab": read_delimited,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".xlsx": read_excel,
    ".parquet": read_parquet_bytes,
    ".feather": read_arrow_bytes,
    ".arrow": read_arrow_bytes,
}


DELIMITED = (".csv", ".txt", ".tsv", ".tab")
TOLD = (*DELIMITED, ".xlsx")  # a person may say how they are written: see `text_format`
TEXTUAL = (*DELIMITED, ".json", ".jsonl", ".ndjson")  # in some encoding: see `encodings`
