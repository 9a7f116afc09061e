"""A delivery of rows, before it is scored: read in its own forms; what did not read is counted.

`helpers.pipeline.delivery_reading` does the work; here it is done for a bundle, and kept beside the
pieces of a batch, so that a command that was stopped and goes on knows of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..base.files import replacing
from ..base.spacing import evenly_spaced
from ..cells import form_tally
from ..pipeline import delivery_reading
from ..pipeline.delivery_reading import Tallies
from ..tables import arrow_tables
from ..tables.parquet_parts import Partition, read_partition
from .input_pieces import PIECE
from .model_bundle import Bundle

MOST_PARTS, ROWS_OF_A_PART = 8, 2_000  # of a delivery, by which its forms are told
NOTES = "{}.forms.json"  # beside a piece of answers: what was counted while it was read
WHOLE = "whole"  # what is said of the delivery as a whole
Forms = tuple[dict[str, dict], list[str]]


def forms_of(bundle: Bundle, rows: pa.Table, parts: Sequence[Partition] = ()) -> Forms:
    """The plans of the columns that a delivery has in another form; and a sentence for each.

    `rows` are its first ones, `parts` the parts that it comes in: where it holds dates or numbers
    as texts, the first rows of some of these tell its forms, too.
    """
    if bundle.model is None:
        return {}, []
    frame = arrow_tables.plain_frame(rows)
    if len(parts) > 1 and delivery_reading.may_differ(bundle.model, frame):
        frame = pd.concat([frame, *map(_first_rows, _some_of(parts))], ignore_index=True)
    return delivery_reading.fitted_plans(bundle.model, frame, bundle.fields)


def forms_of_parts(bundle: Bundle, parts: Sequence[Partition]) -> Forms:
    """What `forms_of` gives of a delivery in parts."""
    first = next(read_partition(parts[0], PIECE), None) if parts else None
    return ({}, []) if first is None else forms_of(bundle, first, parts)


def _some_of(parts: Sequence[Partition]) -> list[Partition]:
    """Parts evenly spread over those behind the first."""
    return [parts[1:][place] for place in evenly_spaced(len(parts) - 1, MOST_PARTS)]


def _first_rows(part: Partition) -> pd.DataFrame:
    first = next(read_partition(part, ROWS_OF_A_PART), None)
    return pd.DataFrame() if first is None else arrow_tables.plain_frame(first)


def in_forms(bundle: Bundle, plans: dict[str, dict]) -> Bundle:
    """A bundle that reads some columns by other plans (see `forms_of`)."""
    if not plans:
        return bundle
    return replace(bundle, model=delivery_reading.with_plans(bundle.model, plans))


def oddities_of(rows: pa.Table) -> list[str]:
    """What was odd in the file that the rows are from (see `helpers.tables.odd_files`)."""
    about = (rows.schema.pandas_metadata or {}).get("attributes") or {}
    return list(about.get("oddities", []))


def note(folder: Path, name: str, content: Tallies | list[str]) -> None:
    """Keep what was counted in a piece of a batch, beside its answers, if anything was."""
    if content:
        with replacing(folder / NOTES.format(name)) as draft:
            draft.write_text(json.dumps(content), encoding="utf-8")


def say_noted(folder: Path, bundle: Bundle, rows: int, say: Callable[[str], None]) -> None:
    """Say what was noted of a delivery of so many rows: as a whole, and of all its pieces."""
    found: Tallies = {}
    for file in sorted(folder.glob(NOTES.format("*"))):
        content = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(content, list):
            _say_each(content, say)
            continue
        for name, counted in content.items():
            form_tally.add_counts(found.setdefault(name, {}), counted)
    _say_each(delivery_reading.sentences(bundle.model, bundle.fields, found, rows), say)


def _say_each(sentences: list[str], say: Callable[[str], None]) -> None:
    for sentence in sentences:
        say(sentence)
