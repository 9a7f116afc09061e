"""Columns of numbers: gaps filled with the median and marked, then scaled and softly clipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from skrub import SquashingScaler

from ..cells.coded_column import Columns, EncodedColumn
from .encoders import CompiledStep, Part, Stateless, compiled_step

LARGEST = 1e150  # beyond it squares overflow, and what is divided by a small scale is no number


class ToNumbers(Stateless):
    """Numbers and booleans as floats, at most `LARGEST`; missing is NaN."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as floats."""
        return X.astype("float64").clip(-LARGEST, LARGEST)


def number_steps(task: str | None, seed: int) -> Pipeline:
    """The unfitted steps for columns of numbers."""
    return make_pipeline(
        ToNumbers(), SimpleImputer(strategy="median", add_indicator=True), SquashingScaler()
    )


@dataclass(frozen=True)
class Scaling:
    """z = (x − centre) / divisor × factor, then z / √(1 + (z / most)²): soft clipping at ± most.

    As `skrub.SquashingScaler` does, to the last bit: boosting asks whether a number is at most one
    that it has seen. A constant column has factor 0.

    >>> scaling = Scaling(np.array(2.0), np.array(4.0), np.array(1.0), 3.0)
    >>> scaling.of(np.array([2.0, 1e9])).round(6).tolist()
    [0.0, 3.0]
    """

    centre: np.ndarray
    divisor: np.ndarray
    factor: np.ndarray
    most: float

    @classmethod
    def of_scaler(cls, scaler: SquashingScaler, count: int) -> Scaling:
        """The scaling of `count` columns that a fitted scaler has learnt."""
        centre, divisor, factor = np.zeros(count), np.ones(count), np.zeros(count)
        if scaler.robust_scaler_ is not None:
            centre[scaler.robust_cols_] = scaler.robust_scaler_.center_
            divisor[scaler.robust_cols_] = scaler.robust_scaler_.scale_
            factor[scaler.robust_cols_] = 1
        if scaler.minmax_scaler_ is not None:
            centre[scaler.minmax_cols_] = scaler.minmax_scaler_.median_
            factor[scaler.minmax_cols_] = scaler.minmax_scaler_.scale_
        return cls(centre, divisor, factor, scaler.max_absolute_value)

    def column(self, place: int) -> Scaling:
        """The scaling of one of the columns."""
        return Scaling(self.centre[place], self.divisor[place], self.factor[place], self.most)

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values scaled and clipped: one of each column, or any number of one column."""
        scaled = (values - self.centre) / self.divisor * self.factor
        with np.errstate(over="ignore"):  # a number beyond all others is clipped to 0 by overflow
            return scaled / np.sqrt(1 + (scaled / self.most) ** 2)


class CompiledNumbers(CompiledStep):
    """The numbers of a row at once, or of a column's distinct values at once, by one `Scaling`."""

    def __init__(self, steps: Pipeline, columns: list[str]):
        super().__init__(steps, columns)
        imputer, scaler = steps[1], steps[2]
        self.stays = np.flatnonzero(~np.isnan(imputer.statistics_))
        self.fill = imputer.statistics_[self.stays]
        none = np.array([], dtype=int)
        self.marked = imputer.indicator_.features_ if imputer.add_indicator else none
        self.scaling = Scaling.of_scaler(scaler, len(self.stays) + len(self.marked))
        self.all_stay = len(self.stays) == len(columns)
        self.no_row_form = ""

    def row(self, row: dict) -> np.ndarray:
        """Gaps filled, then the marks of gaps, all scaled."""
        values = np.array([row[name] for name in self.columns], dtype=float)  # None becomes NaN
        values = values.clip(-LARGEST, LARGEST)
        gaps = np.isnan(values)
        known, missing = (values, gaps) if self.all_stay else (values[self.stays], gaps[self.stays])
        known = np.where(missing, self.fill, known)
        return self.scaling.of(np.concatenate([known, gaps[self.marked]]))

    def table(self, clean: Columns) -> list[Part]:
        """A part for each column that stays, and one for each whose gaps are marked."""
        filled = [self._filled(clean, i, place) for place, i in enumerate(self.stays)]
        start = len(self.stays)
        return filled + [self._marks(clean, i, start + n) for n, i in enumerate(self.marked)]

    def origins(self) -> list[tuple[str, ...]]:
        """The column of each number, then that of each mark of a gap."""
        return [(self.columns[i],) for i in (*self.stays, *self.marked)]

    def described(self) -> dict:
        """The medians, which gaps are marked, and the scaling; see `helpers.pipeline.described`."""
        return {
            "kind": "numbers", "columns": self.columns, "largest": LARGEST,
            "stays": self.stays, "fill": self.fill, "marked": np.asarray(self.marked),
            **vars(self.scaling),
        }  # fmt: skip

    def _filled(self, clean: Columns, column: int, place: int) -> Part:
        values, codes = _distinct(clean[self.columns[column]])
        values = values.clip(-LARGEST, LARGEST)
        known = np.where(np.isnan(values), self.fill[place], values)
        return Part(self.scaling.column(place).of(known), codes, place)

    def _marks(self, clean: Columns, column: int, place: int) -> Part:
        values, codes = _distinct(clean[self.columns[column]])
        gaps = np.isnan(values).astype(float)
        return Part(self.scaling.column(place).of(gaps), codes, place)


def _distinct(column: EncodedColumn | pd.Series) -> tuple[np.ndarray, np.ndarray | None]:
    """A column's values, missing the last, and the codes of its cells; or its cells, and None."""
    if isinstance(column, EncodedColumn):
        values = column.values.to_numpy(dtype="float64", na_value=np.nan)
        return np.append(values, np.nan), column.codes
    return column.to_numpy(dtype="float64", na_value=np.nan), None


@compiled_step.register
def _(first: ToNumbers, steps, columns: list[str]) -> CompiledStep:
    return CompiledNumbers(steps, columns)
