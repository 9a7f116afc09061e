"""Reading a table from wherever it is: a file, a folder, a web address or a database.

Text stays as the source has it: "NA" or "None" may be a real category, so nothing but an empty
field is taken for a missing value here. Deciding is the cleaning stage's work.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from ..base import unpacking_limits
from ..base.addresses import (
    from_environment,
    is_path,
    local_path,
    refuse_pasted_password,
    shown,
    with_format,
)
from ..base.recipe_files import is_recipe
from ..base.remote_files import fetch_stored, is_stored
from ..base.user_errors import InputError, first_line, nearest
from . import encodings, odd_files, text_format, text_pieces
from .arrow_tables import as_frame
from .file_formats import (
    DELIMITED,
    READABLE,
    READERS,
    TEXTUAL,
    TOLD,
    disguised_as,
    read_parquet_bytes,
)
from .from_database import read_sql
from .from_web import fetch
from .sources.joining import read_and_join
from .tidy_table import tidy

ENDING_OF_CONTENT = {
    "application/json": ".json",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
}


def read_table(
    source: str,
    query: str = "",
    typed: bool = True,
    encoding: str = encodings.AUTO,
    columns: Collection[str] = (),
) -> pd.DataFrame:
    """Read a table from a file, a folder of Parquet files, a web address, storage or a database.

    How a text file is written is found; what was found wrongly is told behind its name, as in
    `mine.csv?delimiter=semicolon&header=3` (see `text_format`). Lines that are no rows are set
    aside (`set_aside.of`).

    Storage is whatever fsspec knows, such as s3://bucket/key.csv, a file or a folder of Parquet.

    `${NAME}` in an address is filled from the environment, so that a password is named and never
    written. `query` is SQL for a database address. With `typed=False` the cells of a CSV file stay
    text, to be read one by one by a cleaning plan. `encoding` is that of a text file (see
    `encodings.decode`); one that is not UTF-8 stands in `frame.attrs["encoding"]`. `columns` are
    names that are known, such as a model's: they settle which line of a text is the header.

    Raises InputError, with what to do, when the source is missing, empty, has no rows or can't be
    read as a table.

    >>> read_table("missing.csv")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: There is no file 'missing.csv'. Give the path of a CSV, \
TSV, JSON, JSON lines, Excel, Parquet or Feather file, a folder of Parquet files, an http(s) or a \
database address.
    """
    if query and (is_path(source) or is_stored(source)):
        raise InputError("--query is for a database address such as sqlite:///shop.db.")
    if is_recipe(source):
        return read_and_join(source, read_table, typed).frame
    if re.match(r"https?://", source, re.IGNORECASE):
        frame = _read_address(source, typed, encoding, columns)
    elif is_stored(source):
        frame = _read_stored(source, typed, encoding, columns)
    elif "://" in source:
        frame = read_sql(source, query)
    else:
        written = with_format(source)[1]
        frame = _read_path(local_path(source), typed, encoding, columns, written)
    return tidy(frame, shown(source))


def stamp(frame: pd.DataFrame, kind: str, address: str) -> None:
    """Note in `frame.attrs` where a table came from, and that it was read now (UTC)."""
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    frame.attrs |= {"kind": kind, "address": address, "time": now}


def _read_address(source: str, typed: bool, encoding: str, columns) -> pd.DataFrame:
    refuse_pasted_password(source)
    answer = fetch(from_environment(source, quoted=True), whole=True)
    kind = answer.headers.get("content-type", "").split(";")[0]
    ending = Path(urlsplit(source).path).suffix.lower()
    if kind == "text/html":
        raise InputError(
            f"{shown(source)} is a web page, not a table. Give the address of the file itself."
        )
    ending = ending if ending in READERS else ENDING_OF_CONTENT.get(kind, ".csv")
    return _parse(answer.content, ending, shown(source), typed, encoding, columns)


def _read_stored(source: str, typed: bool, encoding: str, columns) -> pd.DataFrame:
    """A file or a folder in storage, copied to this machine for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
        return _read_path(fetch_stored(source, Path(folder)), typed, encoding, columns)


def _read_path(
    path: Path, typed: bool, encoding: str, columns: Collection[str], written: str = ""
) -> pd.DataFrame:
    if str(path) and path.name and path.is_dir():
        return _read_folder(path)
    _check_is_file(path)
    if path.suffix.lower() == ".parquet" and path.stat().st_size:  # read in place: it may be large
        return _read_as(read_parquet_bytes, path, ".parquet", path.name)
    unpacking_limits.check(path.stat().st_size, f"'{path.name}' has")
    return _parse(
        _bytes_of(path), path.suffix.lower(), path.name, typed, encoding, columns, written
    )


def _check_is_file(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise InputError(f"'{path}' is a link to nothing, or to itself: give the file's own path.")
    if path.exists() and not path.is_file():
        raise InputError(f"'{path}' is a pipe or a device, not a file: save its content as one.")
    if not path.is_file():
        raise InputError(
            f"There is no file '{path}'. Give the path of a {READABLE} file, a folder of Parquet "
            f"files, an http(s) or a database address."
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path}' can't be opened: {error.strerror}.") from None


def _read_folder(path: Path) -> pd.DataFrame:
    files = _parquet_files(path)
    try:
        found = dataset_of(path, files)
        _check_size(found)
        _refuse_unlike(found)
        return as_frame(found.to_table())
    except InputError as error:
        raise InputError(f"The folder '{path}' {error}") from None
    except Exception as error:  # Arrow has a dozen kinds of error; each means the same here
        said = f"The folder '{path}' can't be read as Parquet: {first_line(error)}"
        raise InputError(said) from None


def _check_size(found) -> None:
    """Raise InputError where the rows of a folder unpack to more than the limit."""
    rows = sum(part.metadata.num_rows for part in found.get_fragments())
    unpacking_limits.check(rows * len(found.schema) * unpacking_limits.BYTES_OF_A_CELL)


def _parquet_files(path: Path) -> list[Path]:
    files = sorted(path.rglob("*.parquet"))
    if not files:
        others = sorted(p.name for p in path.iterdir() if p.suffix.lower() in READERS)
        instead = f" It has {others[0]}: give that file's path." if others else ""
        raise InputError(f"The folder '{path}' has no Parquet file (*.parquet) in it.{instead}")
    return files


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


def dataset_of(path: Path, files: list[Path]):
    """Parquet files as one table; the names of a folder's own folders may stand for columns."""
    from pyarrow import dataset

    if not path.is_dir():
        return dataset.dataset(files, format="parquet")
    return dataset.dataset(
        files, format="parquet", partitioning="hive", partition_base_dir=str(path)
    )


def _parse(
    content: bytes,
    ending: str,
    name: str,
    typed: bool,
    encoding: str,
    columns: Collection[str],
    written: str = "",
) -> pd.DataFrame:
    if not content or content.isspace():
        raise InputError(f"'{name}' is empty: it holds no header and no rows.")
    if problem := disguised_as(content, ending):
        raise InputError(f"'{name}' {problem}")
    if ending not in READERS:
        said = f"'{name}' ends in '{ending or 'nothing'}'; what can be read is {READABLE}."
        raise InputError(f"{said} Save it as one of these.")
    if ending not in TEXTUAL:
        return _read_as(_reader_of(ending, written, typed, columns), content, ending, name)
    content, found, said = _read_as(lambda c: encodings.as_utf8(c, encoding), content, ending, name)
    frame = _read_as(_reader_of(ending, written, typed, columns), content, ending, name)
    frame = odd_files.note(frame, said)
    frame.attrs = frame.attrs | ({} if found == "utf-8" else {"encoding": found})
    return frame


def _reader_of(ending: str, written: str, typed: bool, columns: Collection[str]):
    """The reader of a kind of file, told what a person says of how it is written."""
    reader, asked = READERS[ending], replace(text_format.parse(written), columns=tuple(columns))
    told = {"asked": asked} if ending in TOLD else {}
    return partial(reader, **told | ({"typed": typed} if ending in DELIMITED else {}))


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
    return f"{said.rstrip('.')}. Is the file complete and of the type of its ending? Save it again."


def read_csv_in_pieces(
    path: Path, rows: int, encoding: str = encodings.AUTO, columns: Collection[str] = ()
) -> Iterator[pd.DataFrame]:
    """A large CSV file as `read_table(typed=False)` reads it, so many rows at a time.

    A file that is not plain UTF-8, or whose lines have to be sorted, is read whole first.
    """
    if plain := text_pieces.plain_file(path, columns):
        yield from (tidy(piece, path.name) for piece in plain.pieces(rows))
        return
    table = read_table(str(path), typed=False, encoding=encoding, columns=columns)
    for start in range(0, len(table), rows):
        yield table.iloc[start : start + rows]


def check_target(frame: pd.DataFrame, target: str) -> None:
    """Raise InputError unless `target` is a column of the frame.

    >>> check_target(pd.DataFrame({"sex": [1]}), "sexe")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: The target 'sexe' is not a column. Did you mean 'sex'?
    """
    if target not in frame.columns:
        raise InputError(f"The target '{target}' is not a column. {nearest(target, frame.columns)}")
