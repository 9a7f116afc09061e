"""The table scorer: many raw rows to their answers, in a third of the pipeline's time.

Cleaning is the pipeline's own (`clean.clean_columns`), of the columns that the model needs. What a
cleaned value becomes as a number is worked out once a value, not once a row; trees are asked
without the ceremony around them. Like the scorer of single rows it is put together from a verified
model, nothing of it is stored, and before it answers anybody it is held against the pipeline; where
it differs, the pipeline answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from ..cells.coded_column import Columns, EncodedColumn
from ..cells.reading_columns import Reader
from ..clean.column_cleaner import clean_columns
from ..clean.one_row_cleaner import plan_for
from ..clean.swapped_columns import as_encoded
from ..features.encoders import KeepBest
from ..features.many_row_features import block_of_role, derived_series
from ..learning.predicting import predict, predictions_from_proba
from ..learning.task_kind import Task
from ..models.many_row_models import table_model
from ..tables.arrow_tables import is_dictionary_text
from .agreement_check import TOLERANCE, perturbed

BLOCK = 8_192  # rows whose numbers stand in memory at once
MOST_CHECKED = 1_000  # rows as they came, and as many with a cell of another row or none


class TableScorer:
    """Answers raw rows. It remembers what texts read as, so each thread has one of its own."""

    def __init__(self, task: Task, model: Pipeline, needed: list[str]):
        self.task = task
        self.plan = plan_for(model["clean"].plan_, needed)
        self._model, self._features = model, model["features"]
        self._blocks = [
            (
                block_of_role(name, steps, list(columns)),
                len(steps.get_feature_names_out(list(columns))),
            )
            for name, steps, columns in self._features["encode"].transformers_
            if not isinstance(steps, str)
        ]
        self._chances = table_model(model["model"])
        self._readers = {name: Reader(plan) for name, plan in self.plan["columns"].items()}

    def for_another_thread(self) -> TableScorer:
        """The same scorer, with a memory of its own."""
        twin = copy(self)
        twin._readers = {name: Reader(plan) for name, plan in self.plan["columns"].items()}
        return twin

    @property
    def columns(self) -> list[str]:
        """The raw columns that it looks at."""
        return list(self.plan["columns"])

    def answer(self, raw: Columns, rows: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Predictions and probabilities of so many raw rows, as `task.predict` has them."""
        nothing = EncodedColumn(np.full(rows, -1), pd.Series(dtype="str"))
        raw = {name: raw.get(name, nothing) for name in self.columns}
        clean, _ = clean_columns(raw, self._readers, self.plan)
        found = np.concatenate([self._chances(block) for block in self._numbers(clean, rows)])
        return (found, None) if self.task.is_regression else self._read(found)

    def _read(self, found: np.ndarray):
        return predictions_from_proba(self.task, self._model, found)

    def _numbers(self, clean: Columns, rows: int) -> Iterator[np.ndarray]:
        """The features of the rows, a block at a time: rows × features."""
        columns = clean | derived_series(self._features["derive"], clean)
        fills, width = [], 0
        for block, size in self._blocks:
            fills.append((block(columns), slice(width, width + size)))
            width += size
        last = self._features[-1]
        for start in range(0, rows, BLOCK):
            these = slice(start, min(start + BLOCK, rows))
            numbers = np.empty((these.stop - these.start, width))
            for fill, own in fills:
                fill(numbers[:, own], these)
            yield numbers[:, last.kept_] if isinstance(last, KeepBest) else numbers


# --- The check ----------------------------------------------------------------------------------


def why_not(scorer: TableScorer, model: Pipeline, rows: pd.DataFrame | None) -> str:
    """Why a scorer may not answer; "" where it agrees with the pipeline on raw `rows`.

    They are checked as they are, and once more with a cell of each taken from another row, or away.
    """
    if rows is None or rows.empty:
        return "the bundle holds no rows to check it on: run stage 7 again"
    rows = rows.head(MOST_CHECKED)
    for asked in (rows, perturbed(rows)):
        apart = differences(scorer, model, asked)
        if apart:
            return f"it differs from the pipeline on {apart:,} of {len(asked):,} rows"
    return ""


def differences(scorer: TableScorer, model: Pipeline, rows: pd.DataFrame) -> int:
    """On how many rows the scorer's answer is not the pipeline's, within 1e-9 (of the number)."""
    said, chances = predict(scorer.task, model, rows)
    own, own_chances = scorer.answer(columns_of_frame(rows), len(rows))
    if chances is None:
        return int((~(np.abs(own - said) <= TOLERANCE * np.maximum(1, np.abs(said)))).sum())
    near = (np.abs(own_chances - chances) <= TOLERANCE).all(axis=1)
    return int((~near | (own != said)).sum())


def columns_of_frame(rows: pd.DataFrame) -> Columns:
    """The columns of a frame, texts as codes."""
    return {str(name): as_encoded(rows[name]) for name in rows}


def columns_of_table(table: pa.Table, names: list[str]) -> Columns:
    """Some columns of an Arrow table whose texts are coded (see `tables.coded_table`)."""
    known = [name for name in names if name in table.column_names]
    coded = [name for name in known if is_dictionary_text(table.schema.field(name).type)]
    others = [name for name in known if name not in coded]
    frame = table.select(others).to_pandas().reset_index(drop=True)
    found = {name: EncodedColumn.of_arrow(table.column(name).chunk(0)) for name in coded}
    return found | columns_of_frame(frame)
