"""Reading a table from wherever it is: a file, a folder, a web address or a database.

Text stays as the source has it: "NA" or "None" may be a real category, so nothing but an empty
field is taken for a missing value here. Deciding is the cleaning stage's work.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pyarrow as pa

from . import odd_files
from .base import unpacking_limits
from .base.addresses import (
    filled,
    from_environment,
    is_path,
    local_path,
    refuse_pasted_password,
    shown,
)
from .base.credentials import REFERENCE
from .base.remote_files import fetch_stored, is_stored
from .base.spacing import evenly_spaced
from .base.user_errors import InputError, first_line, nearest

READABLE = "CSV, TSV, JSON, JSON lines, Excel or Parquet"
TIMEOUT = (5, 30)  # seconds to connect, and to wait for bytes
MOST_ATTEMPTS = 4
MOST_SECONDS = 600  # of one download; PIPELINE_MOST_SECONDS sets another
NEWLINE = b"\n"


def read_table(source: str, query: str = "", typed: bool = True) -> pd.DataFrame:
    """Read a table from a file, a folder of Parquet files, a web address, storage or a database.

    Storage is whatever fsspec knows, such as s3://bucket/key.csv, a file or a folder of Parquet.

    `${NAME}` in an address is filled from the environment, so that a password is named and never
    written. `query` is SQL for a database address. With `typed=False` the cells of a CSV file stay
    text, to be read one by one by a cleaning plan. Raises InputError, with what to do, when the
    source is missing, empty, has no rows or can't be read as a table.

    >>> read_table("missing.csv")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: There is no file 'missing.csv'. Give the path of a CSV, TSV, JSON, \
JSON lines, Excel or Parquet file, a folder of Parquet files, an http(s) or a database address.
    """
    if query and (is_path(source) or is_stored(source)):
        raise InputError("--query is for a database address such as sqlite:///shop.db.")
    if re.match(r"https?://", source, re.IGNORECASE):
        frame = _read_address(source, typed)
    elif is_stored(source):
        frame = _read_stored(source, typed)
    elif "://" in source:
        frame = read_sql(source, query)
    else:
        frame = _read_path(local_path(source), typed)
    return tidy(frame, shown(source))


def stamp(frame: pd.DataFrame, kind: str, address: str) -> None:
    """Note in `frame.attrs` where a table came from, and that it was read now (UTC)."""
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    frame.attrs |= {"kind": kind, "address": address, "time": now}


def session():
    """An HTTP session that waits for a limited time and tries again on 429, 500, 502, 503, 504."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=MOST_ATTEMPTS - 1,
        backoff_factor=0.1,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        redirect=5,
    )
    client = requests.Session()
    for scheme in ("http://", "https://"):
        client.mount(scheme, HTTPAdapter(max_retries=retry))
    return client


def fetch(address: str, client=None, whole: bool = False, **query):
    """GET an address, with a timeout and retries; raises InputError when it does not answer.

    With `whole` the answer is read here, within the limits of time and size.
    """
    import requests
    from urllib3.exceptions import HTTPError

    try:
        answer = (client or session()).get(address, params=query, timeout=TIMEOUT, stream=whole)
        answer.raise_for_status()
        if whole:
            answer._content = _within_limits(answer, shown(address))
    except (requests.RequestException, HTTPError) as error:
        reason = type(error).__name__
        if getattr(error, "response", None) is not None:
            reason = f"status {error.response.status_code}"
        raise InputError(
            f"The address {shown(address)} gave no table ({reason}, after up to {MOST_ATTEMPTS} "
            f"attempts). Open it in a browser, or download the file and give its path."
        ) from None
    return answer


def _within_limits(answer, name: str) -> bytes:
    """The content of an answer, unpacked as it comes; refused past the limit of time or size."""
    most, end, content = (
        unpacking_limits.most_bytes(),
        time.monotonic() + _most_seconds(),
        io.BytesIO(),
    )
    with answer:
        # What has come, however little: waiting for a full piece may take for ever.
        while piece := answer.raw.read1(2**16, decode_content=True):
            content.write(piece)
            if content.tell() > most:
                unpacking_limits.check(content.tell(), f"The address {name} sends at least")
            if time.monotonic() > end:
                raise InputError(
                    f"The address {name} has not sent all within {_most_seconds():g} seconds: "
                    f"download the file, or allow more: export PIPELINE_MOST_SECONDS=7200."
                )
    return content.getvalue()


def _most_seconds() -> float:
    said = os.environ.get("PIPELINE_MOST_SECONDS", "")
    return float(said) if said.replace(".", "", 1).isdigit() else MOST_SECONDS


def read_pages(address: str, client=None) -> pd.DataFrame:
    """All items of a JSON API whose pages hold `items` and `next`, the number of the next page."""
    items, page = [], 1
    while page is not None:
        answer = fetch(address, client, page=page).json()
        items += answer["items"]
        page = answer["next"]
    return pd.DataFrame(items)


def read_web_table(address: str, client=None) -> pd.DataFrame:
    """The first table of a web page."""
    page = fetch(address, client).text
    return pd.read_html(io.StringIO(page), keep_default_na=False, na_values=[""])[0]


def read_sensors(folder: Path) -> pd.DataFrame:
    """The readings of a folder of JSON lines files, one file a station."""
    return pd.concat([pd.read_json(f, lines=True) for f in sorted(folder.glob("*.jsonl"))])


def _read_address(source: str, typed: bool) -> pd.DataFrame:
    refuse_pasted_password(source)
    answer = fetch(from_environment(source, quoted=True), whole=True)
    kind = answer.headers.get("content-type", "").split(";")[0]
    ending = Path(urlsplit(source).path).suffix.lower()
    known = {"application/json": ".json", "text/csv": ".csv", "text/tab-separated-values": ".tsv"}
    if kind == "text/html":
        raise InputError(
            f"{shown(source)} is a web page, not a table. Give the address of the file itself."
        )
    ending = ending if ending in READERS else known.get(kind, ".csv")
    return _parse(answer.content, ending, shown(source), typed)


def _read_stored(source: str, typed: bool) -> pd.DataFrame:
    """A file or a folder in storage, copied to this machine for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
        return _read_path(fetch_stored(source, Path(folder)), typed)


def read_sql(source: str, query: str = "", values: dict | None = None) -> pd.DataFrame:
    """Read a query's rows from a database, or its only table where there is no query.

    `source` is a SQLAlchemy address; `values` fill the query's named placeholders (`:name`), so
    that no value is ever pasted into SQL. A `${NAME}` in the query, in a quoted text of it, is
    filled from the environment.
    """
    import sqlalchemy as sa

    refuse_pasted_password(source)
    try:
        url = filled(sa.engine.make_url(source))
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise InputError(f"There is no SQLite file '{url.database or ''}'.")
        engine = sa.create_engine(url)
        try:
            if query:
                return pd.read_sql_query(sa.text(_with_secrets(query)), engine, params=values)
            return pd.read_sql_table(_only_table(sa.inspect(engine), shown(source)), engine)
        finally:
            engine.dispose()
    except InputError:
        raise
    except (sa.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError, ValueError) as error:
        raise InputError(
            f"The database {shown(source)} could not be read: {_driver_message(error)}. Check the "
            f"address (such as sqlite:///shop.db) and the query."
        ) from None


def _driver_message(error: Exception) -> str:
    """The first line of what a database's driver says.

    pandas puts the query in front of it, of many lines perhaps, with its secrets filled in.
    """
    if isinstance(error, pd.errors.DatabaseError) and error.__cause__ is not None:
        error = error.__cause__
    return first_line(getattr(error, "orig", None) or error)


def _with_secrets(query: str) -> str:
    """A query whose `${NAME}` are filled, as SQLAlchemy's text has them within quotes."""
    return REFERENCE.sub(
        lambda named: from_environment(named[0]).replace("'", "''").replace(":", r"\:"), query
    )


def _only_table(inspector, source: str) -> str:
    names = inspector.get_table_names() + inspector.get_view_names()
    if len(names) != 1:
        raise InputError(
            f"{source} has {len(names)} tables ({', '.join(names[:20]) or 'none'}): say which "
            f"rows you mean with --query 'SELECT … FROM …'."
        )
    return names[0]


def _read_path(path: Path, typed: bool) -> pd.DataFrame:
    if str(path) and path.name and path.is_dir():
        return _read_folder(path)
    if path.is_symlink() and not path.exists():
        raise InputError(f"'{path}' is a link to nothing, or to itself: give the file's own path.")
    if path.exists() and not path.is_file():
        raise InputError(f"'{path}' is a pipe or a device, not a file: save its content as one.")
    if not path.is_file():
        raise InputError(
            f"There is no file '{path}'. Give the path of a {READABLE} file, a folder of Parquet "
            f"files, an http(s) or a database address."
        )
    if path.suffix.lower() == ".parquet" and path.stat().st_size:  # read in place: it may be large
        return _read_as(read_parquet_bytes, path, ".parquet", path.name)
    unpacking_limits.check(path.stat().st_size, f"'{path.name}' has")
    return _parse(_bytes_of(path), path.suffix.lower(), path.name, typed)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path}' can't be opened: {error.strerror}.") from None


def _read_folder(path: Path) -> pd.DataFrame:
    files = sorted(path.rglob("*.parquet"))
    if not files:
        others = sorted(p.name for p in path.iterdir() if p.suffix.lower() in READERS)
        instead = f" It has {others[0]}: give that file's path." if others else ""
        raise InputError(f"The folder '{path}' has no Parquet file (*.parquet) in it.{instead}")
    try:
        found = dataset_of(path, files)
        unpacking_limits.check(
            sum(part.metadata.num_rows for part in found.get_fragments())
            * len(found.schema) * unpacking_limits.BYTES_OF_A_CELL
        )  # fmt: skip
        _refuse_unlike(found)
        return found.to_table().to_pandas()
    except InputError as error:
        raise InputError(f"The folder '{path}' {error}") from None
    except Exception as error:  # Arrow has a dozen kinds of error; each means the same here
        raise InputError(
            f"The folder '{path}' can't be read as Parquet: {first_line(error)}"
        ) from None


def _refuse_unlike(found) -> None:
    """Raise where a file has a column that the first lacks: it would be left out, unsaid."""
    known = set(found.schema.names)
    for part in found.get_fragments():
        more = [name for name in part.physical_schema.names if name not in known]
        if more:
            raise InputError(
                f"has files of unlike columns: '{Path(part.path).name}' has '{more[0]}', the "
                f"first file does not. Give the files of one table."
            )


def read_parquet_bytes(source: Path | bytes) -> pd.DataFrame:
    unpacking_limits.check_parquet(source)
    return pd.read_parquet(io.BytesIO(source) if isinstance(source, bytes) else source)


def dataset_of(path: Path, files: list[Path]):
    """Parquet files as one table; the names of a folder's own folders may stand for columns."""
    from pyarrow import dataset

    if not path.is_dir():
        return dataset.dataset(files, format="parquet")
    return dataset.dataset(
        files, format="parquet", partitioning="hive", partition_base_dir=str(path)
    )


def _parse(content: bytes, ending: str, name: str, typed: bool) -> pd.DataFrame:
    if not content.strip():
        raise InputError(f"'{name}' is empty: it holds no header and no rows.")
    reader = READERS.get(ending)
    if said := disguised_as(content, ending):
        raise InputError(f"'{name}' {said}")
    if reader is None:
        raise InputError(
            f"'{name}' ends in '{ending or 'nothing'}'; what can be read is {READABLE}. "
            f"Save it as one of these."
        )
    frame = _read_as(reader, content, ending, name)
    if not typed or ending not in DELIMITED:
        return frame
    return odd_files.note(
        pd.DataFrame({column: numbers_if_surely(frame[column]) for column in frame}),
        *odd_files.of(frame),
    )


def disguised_as(content: bytes, ending: str) -> str:
    """What a file is that its first bytes say to be no text, and what to do; else empty."""
    if content.startswith(b"\x1f\x8b"):
        return "is packed (gzip): unpack it first, such as with gunzip."
    if ending not in DELIMITED:
        return ""
    if content.startswith(b"PK\x03\x04"):
        return (
            "is a zip or an Excel file: if it opens in Excel, rename it to .xlsx, else unpack it."
        )
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)\b", content[:200], re.IGNORECASE):
        return "is a web page, not a table: open it in a browser to see what it says."
    return ""


def _read_as(reader, content, ending: str, name: str) -> pd.DataFrame:
    try:
        return reader(content)
    except InputError as error:
        raise InputError(f"'{name}' {error}") from None
    except Exception as error:  # each parser has errors of its own; all mean "not such a file"
        kind = ending.lstrip(".").upper()
        raise InputError(f"'{name}' can't be read as {kind}: {_in_plain_words(error)}") from None


def _in_plain_words(error: Exception) -> str:
    """What a parser's error says, where it is, and what to do."""
    said = first_line(error)
    if width := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", said):
        return (
            f"line {width[2]} has {width[3]} fields and the header {width[1]}. Correct that line, "
            f"quote a cell that has a delimiter in it, or take out what stands above the header."
        )
    if row := re.search(r"EOF inside string starting at row (\d+)", said):
        return f"a quote that opens in row {row[1]} (the header is row 0) is never closed."
    return f"{said.rstrip('.')}. Is the file complete and of the type of its ending? Save it again."


def _decode(content: bytes) -> str:
    """The text in whatever encoding it is in: UTF-8 and UTF-16 surely, others by likelihood."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decode_utf16(content)
    if (nul := content.find(b"\x00")) >= 0:
        raise InputError(
            f"is not text: a NUL byte stands in line {content.count(NEWLINE, 0, nul) + 1}. If it "
            f"is a {READABLE} file, give it that ending; else save it as UTF-8."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        # A few accents are too little to guess from; Western Europe's encoding is the likeliest.
        strange = sum(byte > 127 for byte in content)
        best = from_bytes(content).best() if strange >= 30 else None
        for encoding in (best.encoding if best else "cp1252", "cp1252"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        return content.decode("latin-1")


def _decode_utf16(content: bytes) -> str:
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is UTF-16 that is broken or cut short at byte {error.start:,}: get the file again."
        ) from None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return True


def _read_delimited(content: bytes, delimiter: str | None = None) -> pd.DataFrame:
    text = _decode(content)
    if not text.strip():
        raise InputError("is empty: it holds no header and no rows.")
    if said := re.match(r"sep=(.)\r?\n", text):  # Excel's way to name the delimiter
        text, delimiter = text[said.end() :], said[1]
    delimiter = delimiter or find_delimiter(text)
    # The header is read as a row: rows with more fields than it are an error, not an index.
    shorter = _without_trailing(text, delimiter)
    ends = "Each row but the header's ends in a delimiter, which was left out." * (shorter != text)
    text = shorter.strip("\r\n")
    rows = pd.read_csv(
        io.StringIO(text),
        sep=delimiter,
        header=None,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=delimiter in text,  # in a single column a blank line is a missing cell
    )
    frame = rows.iloc[1:].reset_index(drop=True)
    names = [clean_name(cell) for cell in rows.iloc[0]]
    frame.columns = distinct_names(list(names))
    said = "" if _is_utf8(content) else "It is not UTF-8, and the likeliest encoding was taken."
    odd = odd_files.of_text(text, delimiter, frame) if len(frame) else []
    return odd_files.note(frame, said, ends, *odd, odd_files.renamed(names, list(frame.columns)))


def read_csv_in_pieces(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """A large CSV file as `read_table(typed=False)` reads it, so many rows at a time.

    A file that is not plain UTF-8, or has oddities that only the whole of it shows, comes in one.
    """
    with path.open("rb") as file:
        head = file.read(2**20)
    try:
        text = head[: head.rfind(b"\n") + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    delimiter = find_delimiter(text) if text else ","
    odd = not text or text.startswith("sep=") or text.splitlines()[-1].endswith(delimiter)
    if odd:
        yield read_table(str(path), typed=False)
        return
    options = {"sep": delimiter, "header": None, "dtype": str, "keep_default_na": False,
               "na_values": [""], "encoding": "utf-8-sig"}  # fmt: skip
    names: list[str] = []
    try:
        for piece in pd.read_csv(path, chunksize=rows, **options):
            if not names:
                names = distinct_names([clean_name(cell) for cell in piece.iloc[0]])
                piece = piece.iloc[1:]
            yield tidy(piece.set_axis(names, axis=1).reset_index(drop=True), path.name)
    except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"'{path.name}' can't be read as CSV: {first_line(error)}") from None


def needs_no_repair(schema: pa.Schema) -> bool:
    """Whether `tidy` would leave a Parquet file's columns as they are."""
    said = schema.pandas_metadata or {"index_columns": []}
    no_index = all(isinstance(i, dict) and i["name"] is None for i in said["index_columns"])
    kinds = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp)
    known = all(is_text(f.type) or any(kind(f.type) for kind in kinds) for f in schema)
    names = [name.strip() for name in schema.names]
    return no_index and known and len(names) > 0 and distinct_names(list(names)) == schema.names


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow column holds texts as such."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_dictionary_text(kind: pa.DataType) -> bool:
    """Whether an Arrow column holds texts as codes."""
    return pa.types.is_dictionary(kind) and is_text(kind.value_type)


def dictionary_encoded(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table, its texts as codes; the index is left out."""
    return with_dictionary_texts(pa.Table.from_pandas(frame, preserve_index=False))


def with_dictionary_texts(table: pa.Table) -> pa.Table:
    """An Arrow table with its texts as codes."""
    for place, field in enumerate(table.schema):
        if is_text(field.type) or is_dictionary_text(field.type):
            coded = _in_one(table.column(place), field.type)
            table = table.set_column(place, field.name, coded)
    return table


def _in_one(column: pa.ChunkedArray, kind: pa.DataType) -> pa.DictionaryArray:
    """A column of texts with one dictionary, of no more values than there are cells."""
    if pa.types.is_dictionary(kind):
        column = column.unify_dictionaries().combine_chunks()
        few = isinstance(column, pa.DictionaryArray) and len(column.dictionary) <= len(column)
        if few and column.dictionary.null_count == 0:
            wanted = pa.dictionary(pa.int32(), pa.string())
            return column if column.type == wanted else column.cast(wanted)
        column = column.cast(pa.string())
    coded = column.cast(pa.string()).dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    return coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame, as it was before its texts were coded."""
    for place, field in enumerate(table.schema):
        if is_dictionary_text(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table.to_pandas().reset_index(drop=True)


def clean_name(cell) -> str:
    return "" if pd.isna(cell) else str(cell).strip()


def find_delimiter(text: str) -> str:
    """The mark that parts the first rows into equally many fields, more than one; else a comma."""
    best, most = ",", (0.0, 0)
    for mark in ",;\t|":
        try:
            rows = list(islice(csv.reader(io.StringIO(text[:200_000]), delimiter=mark), 30))
        except csv.Error:
            continue
        rows = [row for row in rows if row][: 29 if len(text) > 200_000 else 30]
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (alike, width) > most:
            best, most = mark, (alike, width)
    return best


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

    A leading zero (a ZIP code) or more digits than a float keeps would be lost.
    """
    present = column.dropna()
    if present.empty or present.str.match(r"[+-]?(0\d|\d{16,}$)").any():
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    lost = numbers.isna() & column.notna()
    if lost.any() or np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any():
        return column
    return numbers


def _read_json(content: bytes) -> pd.DataFrame:
    text = _decode(content).strip()
    try:
        records = json.loads(text)
    except json.JSONDecodeError:
        records = _json_lines(text)
    if isinstance(records, dict):
        lists = [
            v for v in records.values() if isinstance(v, list) and v and isinstance(v[0], dict)
        ]
        if len(lists) == 1:  # the rows are one entry of an envelope
            records = lists[0]
        elif all(isinstance(value, (list, dict)) for value in records.values()):
            return pd.DataFrame(records).reset_index(drop=True)  # a mapping from column to values
        else:
            records = [records]
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise InputError("holds JSON that is not a list of objects, one a row.")
    return odd_files.note(pd.json_normalize(records), odd_files.of_records(records))


def _json_lines(text: str) -> list:
    records = []
    for number, one in enumerate(text.splitlines(), 1):
        try:
            records += [json.loads(one)] if one.strip() else []
        except json.JSONDecodeError as error:
            if number == 1:  # it was no JSON lines to begin with
                json.loads(text)
            raise InputError(f"holds a line that is no JSON, line {number}: {error.msg}.") from None
    return records


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
}


DELIMITED = (".csv", ".txt", ".tsv", ".tab")


def evenly_spaced_rows(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """So many rows, at even steps from the first to the last.

    >>> evenly_spaced_rows(pd.DataFrame({"x": range(9)}), 3).x.tolist()
    [0, 4, 8]
    """
    if rows >= len(frame):
        return frame
    return frame.iloc[evenly_spaced(len(frame), rows)].reset_index(drop=True)


def tidy(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Column names as distinct text, an ordinary index, cells that Parquet can hold."""
    # An index without a name that counts rows is left over from some earlier step.
    counts_rows = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index.dtype)
    frame = frame.reset_index(drop=counts_rows and frame.index.nlevels == 1)
    if frame.shape[1] == 0 or frame.shape[0] == 0:
        raise InputError(
            f"'{name}' has {frame.shape[1]:,} columns and {frame.shape[0]:,} rows: a table needs "
            f"a header and at least one row below it."
        )
    frame.columns = distinct_names([str(column).strip() for column in frame.columns])
    # A frame in memory may share its blocks; each column is tidied separately.
    return frame.assign(**{c: _plain(frame[c]) for c in frame if frame[c].dtype == object})


def distinct_names(names: list[str]) -> list[str]:
    """Names without repeats or blanks: 'x', 'x' becomes 'x', 'x.2'."""
    taken: set[str] = set()
    for position, name in enumerate(names):
        name = name or f"column_{position + 1}"
        choice, number = name, 2
        while choice in taken:
            choice, number = f"{name}.{number}", number + 1
        taken.add(choice)
        names[position] = choice
    return names


def _plain(column: pd.Series) -> pd.Series:
    """A column of mixed objects as one type: text, unless pandas knows a better one."""
    better = column.infer_objects()
    if better.dtype != object:
        return better
    present = column.dropna()
    if present.map(lambda value: isinstance(value, bool)).all():
        return column.astype("boolean")

    def as_text(value):
        if isinstance(value, np.ndarray):  # a list, as Parquet has it; its own text is cut short
            value = value.tolist()
        if isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=False, default=str)
        return str(value)

    return column.map(as_text, na_action="ignore").astype("str")


def check_target(frame: pd.DataFrame, target: str) -> None:
    """Raise InputError unless `target` is a column of the frame.

    >>> check_target(pd.DataFrame({"species": [1]}), "speceis")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: The target 'speceis' is not a column. Did you mean 'species'?
    """
    if target not in frame.columns:
        raise InputError(f"The target '{target}' is not a column. {nearest(target, frame.columns)}")
