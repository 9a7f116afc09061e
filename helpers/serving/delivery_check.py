"""A delivery held against a bundle before anything is scored: a line a difference.

What counts as a difference of cells: see `helpers.pipeline.beyond_training`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..base.user_errors import nearest
from ..pipeline import beyond_training, delivery_reading
from ..tables import encodings, odd_files, read_any
from .model_bundle import Bundle, load_bundle, load_reference


@dataclass(frozen=True)
class Checked:
    """What a delivery of so many `rows` holds: its `differences`, and `notes` on its file."""

    rows: int
    differences: list[str]
    notes: list[str]


def check(run: str, source: str) -> Checked:
    """Hold the table at `source` against the bundle of a run (or an address, or a folder).

    Raises InputError for a table that can't be read.
    """
    bundle, known = load_bundle(run), load_reference(run).quality
    likely = encodings.expected(bundle.encoding)
    rows = read_any.read_table(source, typed=False, encoding=likely, columns=bundle.known)
    for one in bundle.lookups:  # as for `predict`: the tables that the bundle carries
        if not set(one.columns) & set(rows.columns):
            rows = one.fill_frame(rows)
    return Checked(len(rows), differences(bundle, known, rows), odd_files.of(rows))


def differences(bundle: Bundle, known: dict, rows: pd.DataFrame) -> list[str]:
    """A line for each way in which raw rows are not as those of training.

    `known` is what the reference keeps of those (`Reference.quality`).
    """
    found = _of_columns(bundle, rows)
    if not set(bundle.fields) & set(rows.columns):
        return found
    reading = delivery_reading.of_rows(bundle.model, rows, bundle.fields)
    found += reading.sentences(bundle.fields)
    return found + beyond_training.sentences(reading, rows, bundle.fields, known)


def _of_columns(bundle: Bundle, rows: pd.DataFrame) -> list[str]:
    """The columns that are missing, and those that nobody knows."""
    names = list(map(str, rows.columns))
    missing = [name for name in bundle.fields if name not in names]
    known = {*bundle.fields, *bundle.ignored, bundle.task.target}
    added = [name for name in names if name not in known]
    return [
        *(f"{name}: the column is missing. {nearest(name, names)}".strip() for name in missing),
        *(f"{name}: a column that was not there in training, ignored" for name in added),
    ]
