"""Batch scoring: a file of any size, a piece at a time, each road's answer the same.

The pieces' answers go into a hidden folder beside the result; a command that was stopped finds them
there and goes on. The result appears whole, at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from . import tables
from .deploy import Bundle, load_bundle, predict_table
from .errors import InputError

PIECE = 50_000  # rows
LARGE = 64 * 2**20  # bytes of a CSV file that is read a piece at a time
ENDINGS = (".csv", ".parquet")


def predict_file(
    run: str, source: str, out: Path, advance: Callable[[int, int], None] | None = None
) -> int:
    """Score a table and write it, whole, as CSV or Parquet. Returns the number of rows.

    `advance` is told the rows that are done and all rows (0 where nobody knows yet).
    """
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out ends in .csv or .parquet; it is '{out.name}'.")
    if not out.parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")
    bundle = load_bundle(run)
    folder = out.with_name(f".{out.name}.pieces")
    _begin(folder, _identity(bundle, source))
    total, done, pieces = _rows_of(source), 0, []
    try:
        for number, rows in enumerate(_pieces(source)):
            piece = folder / f"{number:06d}.parquet"
            if not piece.exists():
                _write_piece(_typed(predict_table(bundle, rows), out), piece)
            done, pieces = done + len(rows), [*pieces, piece]
            if advance:
                advance(done, total)
        _join(pieces, out)
    except BaseException:
        if len(pieces) < 2:  # nothing is lost by beginning again
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return done


def _identity(bundle: Bundle, source: str) -> str:
    """What the pieces were made of: another model or another file makes other pieces."""
    path = Path(source).expanduser()
    stat = path.stat() if path.is_file() else None
    of_file = stat and [stat.st_size, stat.st_mtime_ns]
    said = [bundle.card["model_sha256"], str(path), of_file, PIECE]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _begin(folder: Path, identity: str) -> None:
    """Keep the pieces of the same model and file; throw away any others."""
    note = folder / "made_of"
    if not note.exists() or note.read_text() != identity:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        note.write_text(identity)


def _pieces(source: str) -> Iterator[pd.DataFrame]:
    """The rows of a source, a piece at a time where its form allows that."""
    path = Path(source).expanduser()
    if path.suffix.lower() == ".parquet" and path.is_file() and path.stat().st_size:
        try:
            if parquet.read_metadata(path).num_rows > PIECE:
                yield from tables.read_parquet_in_pieces(path, PIECE)
                return
        except (pa.ArrowInvalid, OSError):
            pass  # the usual reader says what is wrong with it
    if path.suffix.lower() == ".csv" and path.is_file() and path.stat().st_size > LARGE:
        yield from tables.read_csv_in_pieces(path, PIECE)
        return
    table = tables.read_table(source, typed=False)
    for start in range(0, len(table), PIECE):
        yield table.iloc[start : start + PIECE].reset_index(drop=True)


def _rows_of(source: str) -> int:
    """How many rows a source has, where that is known before it is read; else 0."""
    path = Path(source).expanduser()
    try:
        return parquet.read_metadata(path).num_rows if path.suffix.lower() == ".parquet" else 0
    except (pa.ArrowInvalid, OSError):
        return 0


def _typed(scored: pd.DataFrame, out: Path) -> pd.DataFrame:
    """For Parquet, a CSV file's numbers as numbers; in a CSV file all is text anyway."""
    if out.suffix.lower() != ".parquet":
        return scored
    texts = scored.columns[scored.dtypes == "str"]
    return scored.assign(**{c: tables.numbers_if_surely(scored[c]) for c in texts})


def _write_piece(scored: pd.DataFrame, piece: Path) -> None:
    draft = piece.with_suffix(".draft")
    scored.to_parquet(draft, index=False)
    draft.replace(piece)


def _join(pieces: list[Path], out: Path) -> None:
    """Write the pieces as one file, whole: a draft, then a rename."""
    draft = out.with_name(f".{out.name}.{os.getpid()}.draft")
    try:
        if len(pieces) == 1 and out.suffix.lower() == ".parquet":
            pieces[0].replace(draft)
        elif out.suffix.lower() == ".parquet":
            _join_parquet(pieces, draft)
        else:
            _join_csv(pieces, draft)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _join_csv(pieces: list[Path], draft: Path) -> None:
    with draft.open("w", encoding="utf-8", newline="") as file:
        for number, piece in enumerate(pieces):
            pd.read_parquet(piece).to_csv(file, index=False, header=number == 0)


def _join_parquet(pieces: list[Path], draft: Path) -> None:
    """Where a column is numbers in one piece and text in another, it is text in all."""
    schemas = [parquet.read_schema(piece).remove_metadata() for piece in pieces]
    fields = [
        pa.field(name, _common([schema.field(name).type for schema in schemas]))
        for name in schemas[0].names
    ]
    schema = pa.schema(fields)
    with parquet.ParquetWriter(draft, schema) as writer:
        for piece in pieces:
            writer.write_table(parquet.read_table(piece).cast(schema))


def _common(types: list[pa.DataType]) -> pa.DataType:
    known = {t for t in types if not pa.types.is_null(t)}
    if len(known) == 1:
        return known.pop()
    if known and all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in known):
        return pa.float64()
    return pa.large_string()
