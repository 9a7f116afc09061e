"""Bodies of requests: JSON, CSV or Parquet, read as rows or refused in one sentence."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson
import pandas as pd

from ..base.user_errors import InputError
from ..tables.json_shapes import rows_in
from . import body_outline
from .asked import JSON
from .model_bundle import Bundle, check_columns
from .packed_body import unpacked
from .refusals import Refused
from .table_outline import Most, check_count, check_table

READ_AS = "The body was read as {}; Content-Type: text/csv; charset=… names another encoding"
ENDINGS = {"text/csv": ".csv", "application/vnd.apache.parquet": ".parquet"}
AT_ONCE_BYTES = 2**15  # of a body that is read in the event loop


@dataclass
class Body:
    """A body as it came, what its headers say of it, and the id of its request."""

    content: bytes
    kind: str = JSON
    charset: str = ""
    is_packed: bool = False  # by gzip
    request_id: str = ""

    def is_small(self) -> bool:
        """Whether it may be read in the event loop; a packed one that is small is unpacked."""
        if self.is_packed and len(self.content) <= AT_ONCE_BYTES:
            small = unpacked(self.content, AT_ONCE_BYTES)
            self.content, self.is_packed = small or self.content, small is None
        return not self.is_packed and len(self.content) <= AT_ONCE_BYTES

    def unpack(self, most: int) -> None:
        """Unpack it, where it is packed; refuses more than `most` bytes."""
        if self.is_packed:
            content = unpacked(self.content, most)
            if content is None:
                raise Refused("body_too_large", f"A body has {most:,} bytes at most, unpacked.")
            self.content, self.is_packed = content, False

    def json(self) -> dict | list[dict]:
        """The row or rows of a small body of JSON."""
        return parse_json(self._in_utf8())

    def large_json(self, most: int) -> dict | list[dict]:
        """The row or rows of a large body of JSON, `most` or fewer (see `body_outline`)."""
        content = body_outline.rows_of(self._in_utf8(), most)
        _refuse_no_rows(content)
        return content

    def table(self, bundle: Bundle, most: Most) -> tuple[list[dict], list[str]]:
        """The rows of a CSV or Parquet body, and what is to be said of it as a whole."""
        ending, said = ENDINGS[self.kind], []
        if ending == ".csv":
            self.content, said = in_utf8(self.content, self.charset, bundle.encoding)
        check_table(self.content, ending, bundle.known, most)
        rows, odd = rows_of_table(self.content, ending, bundle.known, most.rows)
        rows = rows_in_body(rows, bundle.known)
        brought = [name for one in bundle.lookups for name in one.columns]
        check_columns(bundle, [name for row in rows[:1] for name in (*row, *brought)])
        return rows, said + odd

    def _in_utf8(self) -> bytes:
        return in_utf8(self.content, self.charset)[0] if self.charset else self.content


def parse_json(body: bytes) -> dict | list[dict]:
    """A body as a row or a list of rows; refuses anything else with a sentence."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = _parse_leniently(body)
    _refuse_no_rows(content)
    return content


def _refuse_no_rows(content) -> None:
    """Refuse what is no row, and no list of rows."""
    rows = content if isinstance(content, list) else [content]
    if not all(isinstance(row, dict) for row in rows):
        raise Refused("not_rows", "The body is a JSON object (a row), or a list of objects.")


def rows_in_body(content: dict | list[dict], known: set[str] | frozenset[str]) -> dict | list[dict]:
    """The rows of a body that was read: also those in the envelope of another service.

    `known` are the fields of a row. Refuses a row that has others only (an empty one is refused
    where rows are checked).

    >>> rows_in_body({"instances": [{"x": 1}]}, {"x", "y"})
    [{'x': 1}]
    """
    if isinstance(content, dict) and content and known.isdisjoint(content):
        content = _inside(content)
    if _has_paths(frozenset(known)):
        content = _flattened(content, known)
    for number, row in enumerate(content if isinstance(content, list) else [content], 1):
        if row and known.isdisjoint(row):
            _refuse_unknown(row, number, known)
    return content


@lru_cache(maxsize=8)
def _has_paths(known: frozenset[str]) -> bool:
    """Whether some names of columns are those of cells inside of others (`a.b`)."""
    return any("." in name for name in known)


def _flattened(content: dict | list[dict], known: set[str]) -> dict | list[dict]:
    """Rows with the cells of mappings as columns of their own (`a.b`), as in a file of JSON."""
    if isinstance(content, list):
        return [_flattened(row, known) for row in content]
    found = dict(content)
    for name, cell in content.items():
        if isinstance(cell, dict) and name not in known:
            inner = _flattened({f"{name}.{key}": one for key, one in cell.items()}, known)
            found = {key: one for key, one in found.items() if key != name} | inner
    return found


def _inside(content: dict) -> dict | list[dict]:
    """The rows that an object holds below a key; the object itself where it holds none."""
    try:
        rows = rows_in(content)[0]
    except InputError:
        return content
    return content if rows == [content] else rows


def _refuse_unknown(row: dict, number: int, known: set[str]) -> None:
    """Refuse a row of which the model knows no field."""
    came, fields = (", ".join(f"'{ascii(name)[1:-1]:.40}'" for name in list(names)[:5])
                    for names in (row, sorted(known)))  # fmt: skip
    raise Refused(
        "unknown_fields",
        f"Row {number} has unknown fields only ({came}): the model knows {fields}"
        f"{', …' * (len(known) > 5)} (all of them: GET /schema). Send a row as an object, or rows "
        f"as a list of objects.",
        number,
    )


def _parse_leniently(body: bytes):
    """NaN and Infinity are no JSON; they are read so that the field can be named."""
    try:
        return json.loads(body)
    except RecursionError:
        raise Refused("not_json", body_outline.TOO_DEEP) from None
    except (ValueError, UnicodeDecodeError) as error:
        where = f" (at character {error.pos:,})" if isinstance(error, json.JSONDecodeError) else ""
        said = f"The body can't be read as JSON{where}: was it cut off?"
        raise Refused("not_json", said) from None


def in_utf8(body: bytes, charset: str, likely: str = "") -> tuple[bytes, list[str]]:
    """A text in UTF-8, from the charset that its Content-Type names, and what is to be said.

    Without one its encoding is found, `likely` being that of the training file. Refuses a charset
    that is not known, or that the bytes are not in.

    >>> in_utf8("Łódź".encode("cp1250"), "windows-1250") == ("Łódź".encode(), [])
    True
    """
    from ..tables import encodings

    try:
        body, found, _ = encodings.as_utf8(body, charset or encodings.expected(likely))
    except InputError as error:
        said = str(error).removeprefix("encoding: ").partition(" Give another")[0]
        where = f"The charset {charset[:40]!r} of the body:" if charset else "The body"
        raise Refused("charset", f"{where} {said}") from None
    is_told = charset or found == "utf-8"
    return body, [] if is_told else [READ_AS.format(encodings.title(found))]


def rows_of_table(
    body: bytes, ending: str, known: Collection[str], most: int
) -> tuple[list[dict], list[str]]:
    """A CSV or Parquet body as rows, read as `pipeline predict` reads a file; and its oddities.

    `known` are names of its columns that are known; more rows than `most` are refused.
    """
    frame = _table_of(body, ending, known)
    check_count(len(frame), most)
    table = frame.astype(object)
    table = table.where(table.notna(), None)
    rows = [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]
    return rows, list(frame.attrs.get("oddities", []))


def _table_of(body: bytes, ending: str, known: Collection[str]) -> pd.DataFrame:
    """The table in a body, which is read as a file of its own."""
    from ..tables import read_any, set_aside

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"body{ending}"
        file.write_bytes(body)
        try:
            with set_aside.heard() as lines:
                table = read_any.read_table(str(file), typed=False, columns=known)
        except InputError as error:
            raise Refused("not_a_table", str(error).replace(str(file), "the body")) from None
    if lines:  # who asks for so many answers is to get as many
        said = set_aside.sentence(lines, "so nothing was answered: send rows alone")
        raise Refused("not_a_table", said)
    return table


def _plain(value):
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ")
    return value.item() if hasattr(value, "item") else value
