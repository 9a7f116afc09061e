"""Batch scoring: a file of any size, a piece at a time, each road's answer the same.

Pieces are answered side by side, a thread a core: nearly all of the work is in arrays, where
threads do not wait for each other. The pieces' answers go into a hidden folder beside the result; a
command that was stopped finds them there and goes on. The result is written as they come, into a
draft, and appears whole, at the end.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet
from threadpoolctl import threadpool_limits

from .base import addresses, remote_files
from .base.files import replacing, sha256_of
from .base.places import reports_folder
from .base.user_errors import InputError
from .deploy import (
    Bundle,
    answers_frame,
    check_columns,
    load_bundle,
    load_bundle_version,
    names_beside,
    predict_table,
)
from .pipeline.many_row_scorer import TableScorer, columns_of_table, why_not
from .scale import dask_cluster
from .tables import arrow_tables, file_formats, parquet_parts, read_any
from .tables.formula_cells import neutral, neutral_encoded, neutral_table

PIECE = 50_000  # rows
FEW = 10_000  # rows that the pipeline answers before a table scorer is checked
LARGE = 64 * 2**20  # bytes of a CSV file that is read a piece at a time
ENDINGS = (".csv", ".parquet")
TEXT = pa.dictionary(pa.int32(), pa.string())


def predict_file(
    run: str, source: str, out: Path, advance: Callable[[int, int], None] | None = None
) -> int:
    """Score a table and write it, whole, as CSV or Parquet. Returns the number of rows.

    `advance` gets the number of rows done and of all rows (0 if not yet known).
    """
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out ends in .csv or .parquet; it is '{out.name}'.")
    if not out.parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")
    bundle = load_bundle(run)
    folder = out.with_name(f".{out.name}.pieces")
    _begin(folder, _identity(bundle, source))
    if remote_files.is_stored(source):
        source = str(remote_files.fetch_stored(source, folder / "source"))
    draft = folder / "result.draft"  # one that a kill leaves behind is written over
    total, done = count_rows(source), 0
    if is_elsewhere := dask_cluster.current():
        _answer_elsewhere(run, bundle, source, folder, advance)
    try:
        with closing(open_answers_file(draft, out.suffix.lower())) as result:
            answered = _answer_in_order(bundle, read_in_pieces(source), folder, total)
            with _short_switch_interval(), closing(answered) as pieces:
                for rows, answers in pieces:
                    result.add(rows, answers)
                    done += len(rows)
                    if advance and not is_elsewhere:
                        advance(done, total)
            if not result.is_whole:
                result.begin_again()
                for name, rows in read_in_pieces(source):
                    result.add(rows, pd.read_parquet(_piece(folder, name)))
        draft.replace(out)
    except BaseException:
        if len(list(folder.glob("*.parquet"))) < 2:  # nothing is lost by beginning again
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        draft.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return done


def predict_to(
    run: str, source: str, out: str, advance: Callable[[int, int], None] | None = None
) -> int:
    """Score a table and write it to a file here or in storage, as `predict_file` does.

    What goes to storage is made in the folder of runs first; a command that was stopped goes on
    there.
    """
    if not remote_files.is_stored(out):
        if not addresses.is_path(out):
            raise InputError(f"--out is a file or an address of storage; it is '{out}'.")
        return predict_file(run, source, Path(out).expanduser(), advance)
    found, path = remote_files.filesystem(out)
    mark = sha256_of(out)[:12]
    folder = reports_folder() / ".scored" / mark
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / Path(path).name
    count = predict_file(run, source, made, advance)
    try:
        found.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        found.put_file(str(made), path)
    except Exception as error:  # each kind of storage has errors of its own
        raise remote_files.fails_at(out, error) from None
    shutil.rmtree(folder, ignore_errors=True)
    return count


@contextmanager
def _short_switch_interval():
    """Inside the block, threads switch ten times as often (a shorter switch interval).

    Else one that reads texts, in Python, holds up another that is at work in arrays and needs the
    lock for a moment between two of them: that one gets half as far or less (measured).
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _identity(bundle: Bundle, source: str) -> str:
    """What the pieces were made of: another model or another file makes other pieces."""
    if remote_files.is_stored(source):
        mark = remote_files.stored_mark(source)
        return sha256_of(f"{bundle.card['model_sha256']} {mark} {PIECE}")
    path = Path(source).expanduser()
    files = sorted(path.rglob("*.parquet")) if path.name and path.is_dir() else [path]
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    of_file = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats] or None
    said = ["answers", bundle.card["model_sha256"], str(path), of_file, PIECE]
    return sha256_of(json.dumps(said))


def _begin(folder: Path, identity: str) -> None:
    """Keep the pieces of the same model and file; throw away any others."""
    note = folder / "made_of"
    if not note.exists() or note.read_text() != identity:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        note.write_text(identity)


def _piece(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


# --- Reading ------------------------------------------------------------------------------------


def read_in_pieces(source: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows of a source, a piece at a time where its form allows that, each with its name.

    Texts are coded. A piece's name is the same for whoever reads the source.
    """
    path = Path(source).expanduser()
    if found := partitions_of(path):
        for number, part in enumerate(found):
            yield from pieces_of_part(part, number)
        return
    if path.suffix.lower() == ".csv" and path.is_file() and path.stat().st_size > LARGE:
        tables_read = map(arrow_tables.dictionary_encoded, read_any.read_csv_in_pieces(path, PIECE))
    else:
        table = read_any.read_table(source, typed=False)
        starts = range(0, len(table), PIECE)
        tables_read = (
            arrow_tables.dictionary_encoded(table.iloc[at : at + PIECE]) for at in starts
        )
    for number, rows in enumerate(tables_read):
        yield f"{number:06d}", rows


def partitions_of(path: Path) -> list[parquet_parts.Partition]:
    """The parts of a folder of Parquet, or of a large Parquet file; none of any other source."""
    is_file = path.suffix.lower() == ".parquet" and path.is_file() and path.stat().st_size
    if not is_file and not (path.name and path.is_dir()):
        return []
    try:
        found = parquet_parts.partitions_of(path, PIECE)
    except InputError:
        return []  # the usual reader says what is wrong with it
    return found if sum(part.rows for part in found) > PIECE else []


def pieces_of_part(part: parquet_parts.Partition, number: int) -> Iterator[tuple[str, pa.Table]]:
    for place, rows in enumerate(parquet_parts.read_partition(part, PIECE)):
        yield f"{number:06d}-{place:04d}", rows


def count_rows(source: str) -> int:
    """How many rows a source has, where that is known before it is read; else 0."""
    path = Path(source).expanduser()
    try:
        is_parquet = path.suffix.lower() == ".parquet" or (path.name and path.is_dir())
        return (
            sum(part.rows for part in parquet_parts.partitions_of(path, PIECE)) if is_parquet else 0
        )
    except InputError:
        return 0


# --- Answering ----------------------------------------------------------------------------------


def _answer_in_order(
    bundle: Bundle, pieces: Iterator[tuple[str, pa.Table]], folder: Path, total: int = 0
) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
    """The pieces in their order, each with its answers, which are written into the folder too.

    A few rows are answered by the pipeline, there and then; many, side by side, a thread a core.
    `total` is how many rows there are, where that is known.
    """
    road, pool, waiting = None, None, deque()
    try:
        for name, rows in pieces:
            piece = _piece(folder, name)
            if road is None:
                check_columns(bundle, rows.column_names)
                if max(len(rows), total) < FEW:
                    road = _ScoringPath(bundle)
                else:
                    pool = ThreadPoolExecutor(_cores(), "batch", threadpool_limits, (1,))
                    road = _ScoringPath(bundle, pool)
            if pool is None:
                yield rows, _answers(road, rows, piece)
                continue
            waiting.append((rows, pool.submit(_answers, road, rows, piece)))
            while len(waiting) > _cores():
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _answer_elsewhere(run: str, bundle: Bundle, source: str, folder: Path, advance) -> None:
    """Have the workers of the cluster answer the parts of a source, each into its own pieces."""
    path = Path(source).expanduser().resolve()
    found = partitions_of(path)
    if not found and not path.is_dir() and path.suffix.lower() != ".parquet":
        raise InputError(
            f"With --dask, rows are a folder of Parquet files, or one such file: each worker reads "
            f"a part of it. '{source}' is another kind; leave --dask out."
        )
    version, total, done = bundle.version, sum(part.rows for part in found), 0
    calls = (
        (run, version, part, number, str(folder.resolve())) for number, part in enumerate(found)
    )
    for rows in dask_cluster.map_tasks(answer_partition, calls):
        done += rows
        if advance:
            advance(done, total)


def answer_partition(
    run: str, version: str, part: parquet_parts.Partition, number: int, folder: str
) -> int:
    """Answer a part's rows into its pieces, unless they are there: the task of a worker.

    Returns the number of rows. `version` is that of the model that is meant.
    """
    dask_cluster.check_visible(part.path, folder)
    bundle, scorer = _open_once(run, version, threading.get_ident())
    road = partial(_by_scorer, scorer) if scorer else partial(_by_pipeline, bundle)
    count = 0
    with threadpool_limits(1):
        for name, rows in pieces_of_part(part, number):
            check_columns(bundle, rows.column_names)
            _answers(road, rows, _piece(Path(folder), name))
            count += len(rows)
    return count


@lru_cache(maxsize=8)
def _open_once(run: str, version: str, thread: int) -> tuple[Bundle, TableScorer | None]:
    """A model and its checked scorer, opened once in each thread of a worker."""
    bundle = load_bundle_version(run, version)
    scorer = TableScorer(bundle.task, bundle.model, list(bundle.fields))
    return bundle, None if why_not(scorer, bundle.model, bundle.examples) else scorer


def _next(waiting: deque[tuple[pa.Table, Future]]) -> tuple[pa.Table, pd.DataFrame]:
    rows, answers = waiting.popleft()
    return rows, answers.result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _ScoringPath:
    """How pieces are answered: by the pipeline; with a pool of threads, by the table scorer.

    The first thing that a thread does is to hold the scorer against the pipeline. Pieces are
    answered meanwhile, but none is kept before that is done; where they differ, the pipeline
    answers instead.
    """

    def __init__(self, bundle: Bundle, pool: ThreadPoolExecutor | None = None):
        self._bundle, self._own = bundle, threading.local()
        self._scorer = None
        if pool is not None:
            scorer = TableScorer(bundle.task, bundle.model, list(bundle.fields))
            self._why_not = pool.submit(why_not, scorer, bundle.model, bundle.examples)
            self._scorer = scorer

    def __call__(self, rows: pa.Table) -> pd.DataFrame:
        """The answers of a piece."""
        if self._scorer is None:
            return _by_pipeline(self._bundle, rows)
        if not hasattr(self._own, "scorer"):  # the one that is checked belongs to who checks it
            self._own.scorer = self._scorer.for_another_thread()
        found = _by_scorer(self._own.scorer, rows)
        return _by_pipeline(self._bundle, rows) if self._why_not.result() else found


def _by_pipeline(bundle: Bundle, rows: pa.Table) -> pd.DataFrame:
    scored = predict_table(bundle, arrow_tables.plain_frame(rows))
    return scored.iloc[:, rows.num_columns :]


def _by_scorer(scorer: TableScorer, rows: pa.Table) -> pd.DataFrame:
    found = scorer.answer(columns_of_table(rows, scorer.columns), len(rows))
    return answers_frame(scorer.task, *found)


def _answers(road: _ScoringPath, rows: pa.Table, piece: Path) -> pd.DataFrame:
    """The answers of a piece: those that an earlier command left, or new ones."""
    if piece.exists():
        return pd.read_parquet(piece)
    answers = road(rows)
    with replacing(piece) as draft:
        answers.to_parquet(draft, index=False)
    return answers


# --- Writing ------------------------------------------------------------------------------------


def open_answers_file(draft: Path, ending: str) -> _Csv | _Parquet:
    return _Parquet(draft) if ending == ".parquet" else _Csv(draft)


class _Csv:
    """The scored rows as CSV; all is text, and no cell is a formula to a spreadsheet."""

    is_whole = True

    def __init__(self, draft: Path):
        self._file = draft.open("w", encoding="utf-8", newline="")
        self._header = True

    def add(self, rows: pa.Table, answers: pd.DataFrame) -> None:
        """Write the rows of a piece with their answers."""
        names = names_beside(rows.column_names, answers)
        texts_only = all(arrow_tables.is_dictionary_text(kind) for kind in rows.schema.types)
        if texts_only and len(rows) >= FEW:
            self._add_texts(rows.rename_columns(names), answers)
        else:
            frame = arrow_tables.plain_frame(rows).set_axis(names, axis=1).join(answers)
            neutral_table(frame).to_csv(self._file, index=False, header=self._header)
        self._header = False

    def _add_texts(self, rows: pa.Table, answers: pd.DataFrame) -> None:
        """Many rows of texts, as pandas would write them, in a tenth of the time."""
        if self._header:
            header = rows.schema.empty_table().to_pandas().join(answers.head(0))
            neutral_table(header).to_csv(self._file, index=False)
        for name, column in answers.items():
            said = [neutral(str(value)) for value in column.tolist()]
            rows = rows.append_column(name, pa.array(said, pa.string()))
        plain = pa.table([_as_written(column) for column in rows.columns], rows.column_names)
        lines = pa.BufferOutputStream()
        csv.write_csv(plain, lines, csv.WriteOptions(include_header=False, quoting_style="needed"))
        self._file.flush()
        self._file.buffer.write(lines.getvalue())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _as_written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column's texts, those that a spreadsheet would run as formulas made safe."""
    if not arrow_tables.is_dictionary_text(column.type):
        return column
    safe = pa.chunked_array(list(map(neutral_encoded, column.chunks)), column.type)
    return safe.cast(pa.string())


class _Parquet:
    """The scored rows as Parquet, a row group a piece.

    A CSV file's numbers are written as numbers, which is told from the first piece. Where a later
    one has texts there, the file is not whole, and is written once more from the start: what is
    text in one piece is text in all.
    """

    def __init__(self, draft: Path):
        self._draft = draft
        self._writer: parquet.ParquetWriter | None = None
        self._seen: dict[str, set[pa.DataType]] = {}
        self._wanted: dict[str, pa.DataType] = {}
        self.is_whole = True

    def add(self, rows: pa.Table, answers: pd.DataFrame) -> None:
        """Write the rows of a piece with their answers."""
        said = arrow_tables.dictionary_encoded(answers)
        columns = dict(zip(names_beside(rows.column_names, answers), rows.columns, strict=True))
        columns |= dict(zip(said.column_names, said.columns, strict=True))
        texts = {name for name, kind in self._wanted.items() if kind == TEXT} | set(answers)
        told = {n: c if n in texts else _numbers_if_surely(c) for n, c in columns.items()}
        for name, column in told.items():
            self._seen.setdefault(name, set()).add(column.type)
        self._wanted = self._wanted or {name: _common({told[name].type}) for name in told}
        fits = all(_fits(column.type, self._wanted[name]) for name, column in told.items())
        self.is_whole = self.is_whole and fits
        if self.is_whole:
            ready = {n: _as(columns[n], told[n], kind) for n, kind in self._wanted.items()}
            if self._writer is None:
                self._writer = _parquet_writer(self._draft, self._wanted, rows.schema)
            self._writer.write_table(pa.table(ready))

    def begin_again(self) -> None:
        """Begin the file anew, with types that hold for every piece."""
        self.close()
        self._writer = None
        self._wanted = {name: _common(types) for name, types in self._seen.items()}
        self.is_whole = True

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def _numbers_if_surely(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column of texts as numbers, as `tables.numbers_if_surely` has it; nulls if all missing."""
    if not arrow_tables.is_dictionary_text(column.type):
        return column
    coded = column.chunk(0)
    if coded.null_count == len(coded):
        return pa.nulls(len(coded))
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(coded.dictionary)))
    texts = coded.dictionary.take(pa.array(used))
    if texts[0].as_py().lstrip()[:1].strip("+-.0123456789"):  # a letter: no need to read them all
        return column
    numbers = file_formats.numbers_if_surely(pd.Series(texts, dtype="str"))
    if not pd.api.types.is_numeric_dtype(numbers.dtype):
        return column
    places = np.full(len(coded.dictionary), -1)
    places[used] = np.arange(len(used))
    found = pa.array(numbers.to_numpy())
    if coded.null_count:
        found = found.cast(pa.float64())
    return found.take(pa.array(places[codes], mask=codes < 0))


def _fits(kind: pa.DataType, wanted: pa.DataType) -> bool:
    if kind == wanted or wanted == TEXT or pa.types.is_null(kind):
        return True
    return pa.types.is_integer(kind) and pa.types.is_float64(wanted)


def _as(column: pa.ChunkedArray, told: pa.ChunkedArray, wanted: pa.DataType):
    """A column in the type that the file has for it; a text stays as the source has it."""
    if wanted != TEXT:
        return told.cast(wanted)
    return column if column.type == TEXT else column.cast(pa.string()).dictionary_encode()


def _common(types: set[pa.DataType]) -> pa.DataType:
    known = {t for t in types if not pa.types.is_null(t)}
    if len(known) == 1:
        return known.pop()
    if known and all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in known):
        return pa.float64()
    return TEXT


def _parquet_writer(
    draft: Path, types: dict[str, pa.DataType], source: pa.Schema
) -> parquet.ParquetWriter:
    """A writer of texts as codes, which are plain texts for whoever reads the file."""
    plain = pa.schema([(n, pa.string() if kind == TEXT else kind) for n, kind in types.items()])
    if said := source.pandas_metadata:  # such as which columns of yes and no may hold gaps
        typed = {field.name for field in source if not arrow_tables.is_dictionary_text(field.type)}
        kept = [c for c in said["columns"] if c["field_name"] in typed & set(types)]
        said |= {"columns": kept, "index_columns": [], "column_indexes": []}
        plain = plain.with_metadata({"pandas": json.dumps(said)})
    writer = parquet.ParquetWriter(
        draft, pa.schema(types.items()), store_schema=False, write_statistics=False
    )
    writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(plain.serialize()).decode()})
    return writer
