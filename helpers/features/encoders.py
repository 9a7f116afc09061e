"""What every encoder of columns is made of: a scikit-learn step, and its compiled form.

An encoder's module holds both: the step, which is fitted on training rows and stored, and a
`CompiledStep` that reads out what the step has learnt and answers without the ceremony of frames:
one row in microseconds, many rows a distinct value at a time. `compiled_step` finds the compiled
form by the class of the first step; an encoder that registers none is answered by the step itself,
many rows at a time, and the pipeline answers single rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..cells.coded_column import Columns, EncodedColumn

ALL = slice(None)
HELD = "held"  # a step that is not written out: whoever runs the description brings its numbers


def remember_columns(step, X: pd.DataFrame) -> None:
    """Keep the names and number of the columns that a step is fitted on, as scikit-learn does."""
    step.feature_names_in_ = np.asarray(X.columns, dtype=object)
    step.n_features_in_ = X.shape[1]


class Stateless(TransformerMixin, BaseEstimator):
    """A transformer whose result for a row depends on the row alone."""

    def fit(self, X, y=None):
        """Remember the names of the columns."""
        remember_columns(self, X)
        return self

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        check_is_fitted(self)
        return self.feature_names_in_


@dataclass(frozen=True)
class Part:
    """The numbers of some features of many rows.

    `numbers` has a row for each distinct value, the last for a missing one, and `codes` say which
    of them each row of the table has; without codes it has a row for each row of the table. `place`
    is where the features stand among those of their step.
    """

    numbers: np.ndarray
    codes: np.ndarray | None
    place: int | slice

    def write(self, out: np.ndarray, these: slice) -> None:
        """Write the numbers of some rows into `out`, rows × features of the step."""
        at = these if self.codes is None else self.codes[these]
        out[:, self.place] = self.numbers[at]


class CompiledStep:
    """What the fitted steps of some columns make of them; this one asks the steps themselves.

    `no_row_form` says what has no form for one row, "" where there is one.
    """

    def __init__(self, steps, columns: list[str]):
        self.steps, self.columns = steps, columns
        self.width = len(steps.get_feature_names_out(columns))  # features that come out
        self.no_row_form = f"the encoder {type(first_step(steps)).__name__}"

    def row(self, row: dict) -> np.ndarray:
        """The numbers of a cleaned row (a dict; missing is None)."""
        raise NotImplementedError(f"There is no one-row form of {self.no_row_form}.")

    def table(self, clean: Columns) -> list[Part]:
        """The numbers of many cleaned rows: of each value of a single column, or of each row."""
        only = clean[self.columns[0]]
        if len(self.columns) == 1 and isinstance(only, EncodedColumn):
            values = only.values.reindex(range(len(only.values) + 1))
            return [Part(self._asked(pd.DataFrame({self.columns[0]: values})), only.codes, ALL)]
        frame = pd.DataFrame({name: as_series(clean[name]).array for name in self.columns})
        return [Part(self._asked(frame), None, ALL)]

    def origins(self) -> list[tuple[str, ...]]:
        """By feature the columns that it is made of; here, where more is not known, all of them."""
        return [tuple(self.columns)] * self.width

    def described(self) -> dict:
        """The step as plain data for `scorer.js`; without a written form its numbers are held."""
        return {"kind": HELD, "columns": self.columns, "width": self.width}

    def _asked(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.steps.transform(frame), dtype=float)


def as_series(column: EncodedColumn | pd.Series) -> pd.Series:
    """A column of cleaned cells as a Series."""
    return column.column() if isinstance(column, EncodedColumn) else column


def first_step(steps):
    """The step that columns come to first: its class says which encoder it is."""
    return steps[0] if isinstance(steps, Pipeline) else steps


@singledispatch
def compiled_step(first, steps, columns: list[str]) -> CompiledStep:
    """The compiled form of fitted `steps` over some columns, by the class of the `first` step."""
    return CompiledStep(steps, columns)
