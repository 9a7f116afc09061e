"""Scored rows written as they come: CSV as text, Parquet with one type a column."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from ..cells.kinds import is_counted
from ..tables import arrow_tables
from ..tables.formula_cells import neutral, neutral_encoded, neutral_table
from ..tables.sure_numbers import numbers_if_surely
from .model_bundle import (
    names_beside,
)

FEW = 10_000  # fewer rows are answered by the pipeline: checking the compiled form takes longer
TEXT = pa.dictionary(pa.int32(), pa.string())


def open_answers_file(draft: Path, ending: str) -> _Csv | _Parquet:
    """What writes scored rows into a file, by the ending of its name."""
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
            empty = column.isna().tolist()  # a refused row's
            said = [None if none else neutral(str(value))
                    for value, none in zip(column.tolist(), empty, strict=True)]  # fmt: skip
            rows = rows.append_column(name, pa.array(said, pa.string()))
        self._file.flush()
        self._file.buffer.write(_as_lines(rows))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _as_lines(rows: pa.Table) -> pa.Buffer:
    """Rows of texts as lines of CSV, without a header."""
    plain = pa.table([_as_written(column) for column in rows.columns], rows.column_names)
    lines = pa.BufferOutputStream()
    csv.write_csv(plain, lines, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return lines.getvalue()


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
        columns = _columns_with_answers(rows, answers)
        told = self._typed(columns, set(answers))
        for name, column in told.items():
            self._seen.setdefault(name, set()).add(column.type)
        self._wanted = self._wanted or {name: _common({told[name].type}) for name in told}
        fits = all(_fits(column.type, self._wanted[name]) for name, column in told.items())
        self.is_whole = self.is_whole and fits
        if self.is_whole:
            ready = {n: _as(columns[n], told[n], kind) for n, kind in self._wanted.items()}
            self._write(pa.table(ready), rows.schema)

    def _typed(self, columns: dict, answers: set[str]) -> dict:
        """The columns, those of texts as numbers where they hold nothing else."""
        texts = {name for name, kind in self._wanted.items() if kind == TEXT} | answers
        return {n: c if n in texts else _numbers_if_surely(c) for n, c in columns.items()}

    def _write(self, piece: pa.Table, source: pa.Schema) -> None:
        if self._writer is None:
            self._writer = _parquet_writer(self._draft, self._wanted, source)
        self._writer.write_table(piece)

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


def _columns_with_answers(rows: pa.Table, answers: pd.DataFrame) -> dict:
    """By name the columns of some rows and of their answers."""
    said = arrow_tables.dictionary_encoded(answers)
    columns = dict(zip(names_beside(rows.column_names, answers), rows.columns, strict=True))
    return columns | dict(zip(said.column_names, said.columns, strict=True))


def _numbers_if_surely(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column of texts as numbers, as `tables.sure_numbers` has it; nulls if all missing."""
    if not arrow_tables.is_dictionary_text(column.type):
        return column
    coded = column.chunk(0)
    if coded.null_count == len(coded):
        return pa.nulls(len(coded))
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(coded.dictionary)))
    numbers = _as_numbers(coded.dictionary.take(pa.array(used)))
    return column if numbers is None else _by_code(numbers, used, codes, len(coded.dictionary))


def _as_numbers(texts: pa.Array) -> pa.Array | None:
    """Texts as numbers; None where some are none."""
    if texts[0].as_py().lstrip()[:1].strip("+-.0123456789"):  # a letter: no need to read them all
        return None
    numbers = numbers_if_surely(pd.Series(texts, dtype="str"))
    return pa.array(numbers.to_numpy()) if is_counted(numbers) else None


def _by_code(numbers: pa.Array, used: np.ndarray, codes: np.ndarray, size: int) -> pa.Array:
    """The number of each cell, by its code among `size` texts, of which `used` are numbers."""
    places = np.full(size, -1)
    places[used] = np.arange(len(used))
    is_gap = codes < 0
    found = numbers.cast(pa.float64()) if is_gap.any() else numbers
    return found.take(pa.array(places[codes], mask=is_gap))


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
    writer = parquet.ParquetWriter(
        draft, pa.schema(types.items()), store_schema=False, write_statistics=False
    )
    plain = base64.b64encode(_plain_schema(types, source).serialize()).decode()
    writer.add_key_value_metadata({"ARROW:schema": plain})
    return writer


def _plain_schema(types: dict[str, pa.DataType], source: pa.Schema) -> pa.Schema:
    """The schema that a file of coded texts is read by, with what pandas noted in its source."""
    plain = pa.schema([(n, pa.string() if kind == TEXT else kind) for n, kind in types.items()])
    if said := source.pandas_metadata:  # such as which columns of yes and no may hold gaps
        typed = {field.name for field in source if not arrow_tables.is_dictionary_text(field.type)}
        kept = [c for c in said["columns"] if c["field_name"] in typed & set(types)]
        said |= {"columns": kept, "index_columns": [], "column_indexes": []}
        plain = plain.with_metadata({"pandas": json.dumps(said)})
    return plain
