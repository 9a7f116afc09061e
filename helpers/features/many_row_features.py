"""Many row features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from skrub import SquashingScaler

from ..cells.coded_column import Columns, EncodedColumn
from .column_formulas import columns_of, evaluate
from .one_row_features import imputation_of, level_tables, scales_of

MISSING_LEVEL = "(missing)"  # as `encoders.ToText` has it

Fill = Callable[[np.ndarray, slice], None]  # writes the numbers of some rows into their places


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
