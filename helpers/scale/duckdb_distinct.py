"""Distinct rows of Parquet larger than memory: a full shuffle, done out of core by DuckDB.

Rows are cleaned and scored a piece at a time. Whether two of them are the same can't be told from a
piece; an engine that spills to disk can tell, in as much memory as it is given.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from ..base.locks import only_writer
from ..base.user_errors import InputError

MEMORY = re.compile(r"\d+(\.\d+)?\s*(MB|GB|TB|MiB|GiB|TiB)", re.IGNORECASE)


def distinct_rows(source: Path, out: Path, memory: str = "1GB") -> dict[str, int]:
    """Write the distinct rows of a folder of Parquet (or one such file) into a new folder.

    Two rows are the same when all their cells are, missing ones included. The rows' order is not
    kept. `memory` is what DuckDB may hold; the rest goes to a hidden folder beside `out`, which
    appears whole, at the end. Returns `rows_in`, `rows_out` and `set_aside`. Raises InputError
    if the source is not Parquet, `out` exists already, or memory or disk are too small.
    """
    with only_writer(out):
        return _distinct_alone(source, out, memory)


def _distinct_alone(source: Path, out: Path, memory: str) -> dict[str, int]:
    files = _files(source)
    _check(source, out, memory)
    duckdb, draft = _duckdb(), out.with_name(f".{out.name}.draft")
    with _drafts(draft), _plain_errors(source, out, memory):
        with duckdb.connect(config=_options(memory, draft)) as base:
            count, kept = _copy_distinct(base, files, source.is_dir(), draft / "rows")
        (draft / "rows").replace(out)
    return {"rows_in": count, "rows_out": kept, "set_aside": count - kept}


@contextmanager
def _drafts(folder: Path):
    """A hidden folder for a block, and in it one for what memory does not hold."""
    shutil.rmtree(folder, ignore_errors=True)  # one that a kill left behind
    (folder / "spilled").mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


TOO_LITTLE = (
    "{} of memory is too little for the distinct rows of '{}': give more with --memory, or make "
    "room on the disk of '{}'."
)


@contextmanager
def _plain_errors(source: Path, out: Path, memory: str):
    """Turn what DuckDB raises in a block into an InputError that says what to do."""
    duckdb = _duckdb()
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise InputError(TOO_LITTLE.format(memory, source, out.parent)) from None
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"The distinct rows of '{source}' can't be written: {reason}") from None


def _options(memory: str, draft: Path) -> dict[str, str]:
    return {
        "memory_limit": memory,
        "temp_directory": str(draft / "spilled"),
        "preserve_insertion_order": "false",  # else a whole table is held back to keep it
        "autoinstall_known_extensions": "false",  # nothing is fetched
    }


def _copy_distinct(base, files: list[str], partitioned: bool, to: Path) -> tuple[int, int]:
    """Write the distinct rows; returns how many rows there were, and how many were written."""
    rows = f"read_parquet(?, union_by_name = true, hive_partitioning = {partitioned})"
    count = base.execute(f"SELECT count(*) FROM {rows}", [files]).fetchone()[0]
    base.execute(
        f"COPY (SELECT DISTINCT * FROM {rows}) TO '{_quoted(to)}' "
        f"(FORMAT parquet, PER_THREAD_OUTPUT true, FILE_EXTENSION 'parquet')",
        [files],
    )
    return count, _count(base, to)


def _files(source: Path) -> list[str]:
    found = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    if not found or not all(file.is_file() and file.suffix == ".parquet" for file in found):
        raise InputError(
            f"'{source}' is neither a folder with Parquet files (*.parquet) nor such a file: only "
            f"these may be larger than memory here."
        )
    return [str(file) for file in found]


def _check(source: Path, out: Path, memory: str) -> None:
    if not MEMORY.fullmatch(memory.strip()):
        raise InputError(f"--memory is a size such as 500MB or 2GB; it is '{memory}'.")
    if out.exists():
        raise InputError(f"'{out}' exists already: --out is a folder to be made.")
    if not out.parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")
    if source.resolve() in out.resolve().parents:
        raise InputError(f"--out '{out}' lies inside '{source}': its rows would count twice.")


def _count(base, folder: Path) -> int:
    query = "SELECT count(*) FROM read_parquet(?)"
    return base.execute(query, [f"{folder}/*.parquet"]).fetchone()[0]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _duckdb():
    try:
        import duckdb
    except ImportError:
        raise InputError(
            'Distinct rows of any number are found by DuckDB: pip install ".[duckdb]".'
        ) from None
    return duckdb
