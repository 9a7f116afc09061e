"""The table scorer: many raw rows to their answers, in a third of the pipeline's time.

Cleaning is the pipeline's own (`clean.clean_columns`), of the columns that the model needs. What a
cleaned value becomes as a number is worked out once a value, not once a row; trees are asked
without the ceremony around them. Like the scorer of single rows it is put together from a verified
model, nothing of it is stored, and before it answers anybody it is held against the pipeline; where
it differs, the pipeline answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline
from skrub import SquashingScaler

from .cells.coded_column import Columns, EncodedColumn
from .cells.reading_columns import Reader
from .clean.column_cleaner import clean_columns
from .clean.one_row_cleaner import plan_for
from .clean.swapped_columns import as_encoded
from .encoders import KeepBest
from .formulas import columns_of, evaluate
from .learning.predicting import predict, predictions_from_proba
from .learning.task_kind import Task
from .models.many_row_models import table_model
from .row_forms import imputation_of, level_tables, scales_of
from .scorer import TOLERANCE, perturbed
from .tables.arrow_tables import is_dictionary_text

BLOCK = 8_192  # rows whose numbers stand in memory at once
MOST_CHECKED = 1_000  # rows as they came, and as many with a cell of another row or none
MISSING_LEVEL = "(missing)"  # as `encoders.ToText` has it

Fill = Callable[[np.ndarray, slice], None]  # writes the numbers of some rows into their places


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


# --- Features -----------------------------------------------------------------------------------


def derived_series(derive, clean: Columns) -> dict[str, pd.Series]:
    """The columns that formulas add."""
    if not derive.formulas:
        return {}
    used = {name for formula in derive.formulas.values() for name in columns_of(formula)}
    frame = pd.DataFrame({name: _series(clean[name]) for name in clean if name in used})
    for name, formula in derive.formulas.items():
        frame[name] = evaluate(formula, frame, derive.groups_)
    return {name: frame[name] for name in derive.formulas}


def _series(column: EncodedColumn | pd.Series) -> pd.Series:
    return column.column() if isinstance(column, EncodedColumn) else column


def block_of_role(name: str, steps, columns: list[str]) -> Callable[[Columns], Fill]:
    """What one role's fitted steps make of cleaned columns."""
    if name == "number":
        return _numbers_block(*(step for _, step in steps.steps[1:]), columns)
    if name in ("category", "many_categories"):
        return _levels_block(steps, columns)
    return _any_block(steps, columns)


def _numbers_block(imputer, scaler: SquashingScaler, columns: list[str]):
    """Gaps filled with medians and marked, then scaled by the quartiles and softly clipped."""
    stays, fill, marked = imputation_of(imputer)
    centre, divisor, factor = scales_of(scaler, len(stays) + len(marked))
    most = scaler.max_absolute_value

    def scaled(values: np.ndarray, place: int) -> np.ndarray:
        found = (values - centre[place]) / divisor[place] * factor[place]
        with np.errstate(over="ignore"):  # a number beyond all others is clipped to 0 by overflow
            return found / np.sqrt(1 + (found / most) ** 2)

    def numbers(column: np.ndarray, place: int) -> np.ndarray:
        return scaled(np.where(np.isnan(column), fill[place], column), place)

    def marks(column: np.ndarray, place: int) -> np.ndarray:
        return scaled(np.isnan(column).astype(float), place)

    works = [(columns[i], numbers, place) for place, i in enumerate(stays)]
    works += [(columns[i], marks, place) for place, i in enumerate(marked, start=len(stays))]

    def block(clean: Columns) -> Fill:
        coded = [_by_value(clean[name], work, place) for name, work, place in works]

        def fill_in(out: np.ndarray, these: slice) -> None:
            for place, (found, codes) in enumerate(coded):
                out[:, place] = found[these] if codes is None else found[codes[these]]

        return fill_in

    return block


def _by_value(column: EncodedColumn | pd.Series, work: Callable, place: int):
    """What becomes of each value of a column of numbers, and the codes; or of each row, None."""
    if isinstance(column, EncodedColumn):
        values = column.values.to_numpy(dtype="float64", na_value=np.nan)
        return work(np.append(values, np.nan), place), column.codes
    return work(column.to_numpy(dtype="float64", na_value=np.nan), place), None


def _levels_block(steps: Pipeline, columns: list[str]):
    """Categories by table: each level's numbers, found by asking the fitted steps once."""
    tables = [
        (column, {level: place for place, level in enumerate(levels)}, numbers)
        for column, levels, numbers in level_tables(steps, columns)
    ]

    def block(clean: Columns) -> Fill:
        parts, start = [], 0
        for name, levels, numbers in tables:
            codes, texts = EncodedColumn.of_cells(clean[name]).said
            places = [levels.get(text, -1) for text in (*texts, MISSING_LEVEL)]
            parts.append((slice(start, start + numbers.shape[1]), numbers[places], codes))
            start += numbers.shape[1]

        def fill_in(out: np.ndarray, these: slice) -> None:
            for own, found, codes in parts:
                out[:, own] = found[codes[these]]

        return fill_in

    return block


def _any_block(steps, columns: list[str]):
    """What the fitted steps themselves say: of each value of a single column, or of each row."""

    def block(clean: Columns) -> Fill:
        only = clean[columns[0]]
        codes = only.codes if len(columns) == 1 and isinstance(only, EncodedColumn) else None
        if codes is not None:
            asked = pd.DataFrame({columns[0]: only.values.reindex(range(len(only.values) + 1))})
        else:
            asked = pd.DataFrame({name: _series(clean[name]).array for name in columns})
        found = np.asarray(steps.transform(asked), dtype=float)

        def fill_in(out: np.ndarray, these: slice) -> None:
            out[:] = found[these] if codes is None else found[codes[these]]

        return fill_in

    return block


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
