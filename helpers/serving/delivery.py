"""A delivery of rows, before it is scored: read in its own forms; what did not read is counted.

`helpers.pipeline.delivery_reading` does the work; here it is done for a bundle, and kept beside the
pieces of a batch, so that a command that was stopped and goes on knows of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..base.files import replacing
from ..cells import form_tally
from ..pipeline import beyond_training, delivery_reading
from ..pipeline.delivery_reading import Tallies
from ..tables import arrow_tables
from .input_pieces import PIECE
from .model_bundle import Bundle

NOTES = "{}.forms.json"  # beside a piece of answers: what was counted while it was read
WHOLE = "whole"  # what is said of the delivery as a whole


def fitted_to(bundle: Bundle, rows: pd.DataFrame | pa.Table) -> tuple[Bundle, list[str]]:
    """A bundle that reads the rows in their own forms; and a sentence for each column that differs.

    The bundle itself comes back where all is as in training. Cells as training had none (levels,
    numbers out of range, gaps) are said too.
    """
    if bundle.model is None:
        return bundle, []
    frame = arrow_tables.plain_frame(rows) if isinstance(rows, pa.Table) else rows
    reading = delivery_reading.of_rows(bundle.model, frame, bundle.fields)
    said = [*reading.said, *_beyond_training(bundle, reading, frame)]
    is_same = reading.model is bundle.model
    return (bundle if is_same else replace(bundle, model=reading.model)), said


def _beyond_training(bundle: Bundle, reading, rows: pd.DataFrame) -> list[str]:
    found = beyond_training.sentences(reading, rows, bundle.fields, bundle.quality)
    part = f" (of the first {len(rows):,} rows)" if len(rows) >= PIECE else ""
    return [f"{sentence}{part}" for sentence in found]


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
