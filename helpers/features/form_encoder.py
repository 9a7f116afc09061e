"""Columns of a kind of text that has numbers in it: times of day, ranges, versions, ordered words.

What a text is worth stands in one table, `helpers.cells.value_forms.FORMS`; here its numbers become
features: gaps filled with the median and marked, then scaled.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..cells.times_of_day import TIME
from ..cells.value_forms import NUMBERED, numbers_of
from .encoders import CompiledStep, compiled_step, remember_columns


class FormNumbers(TransformerMixin, BaseEstimator):
    """The numbers of texts of one form, such as minutes since midnight of a time of day.

    `ranks` has by column its words in order, for ordered words. A text that has none is missing.

    >>> rows = pd.DataFrame({"leaves": ["06:00", None]})
    >>> FormNumbers("time of day").fit(rows).transform(rows)["leaves_minutes"].tolist()
    [360.0, nan]
    """

    def __init__(self, form: str, ranks: dict | None = None):
        self.form = form
        self.ranks = ranks

    def fit(self, X: pd.DataFrame, y=None) -> FormNumbers:
        """Remember the names of the columns."""
        remember_columns(self, X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """A column a part, each different text read once; missing is NaN."""
        found = {}
        for name in X.columns:
            codes, distinct = pd.factorize(X[name])
            numbers = [self.numbers(str(name), text) for text in distinct]
            table = np.array([*numbers, self.numbers(str(name), None)], dtype=float)
            parts = zip(NUMBERED[self.form], table[codes].T, strict=True)
            found |= {f"{name}_{part}": values for part, values in parts}
        return pd.DataFrame(found, index=X.index)

    def numbers(self, name: str, text: str | None) -> list[float]:
        """The numbers of one cleaned cell; NaN where it is missing."""
        ranks = (self.ranks or {}).get(name, ())
        return numbers_of(self.form, text, ranks) or [math.nan] * len(NUMBERED[self.form])

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_<part>`."""
        names = [f"{n}_{part}" for n in self.feature_names_in_ for part in NUMBERED[self.form]]
        return np.array(names, dtype=object)


def form_steps(form: str, task: str | None, seed: int, ranks: dict | None = None) -> Pipeline:
    """The unfitted steps for columns of a form; `ranks` as `FormNumbers` has them."""
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(FormNumbers(form, ranks), imputer, StandardScaler())


class CompiledForms(CompiledStep):
    """The numbers of a row's texts; many rows are asked of the steps, a distinct text at a time."""

    def __init__(self, steps: Pipeline, columns: list[str]):
        super().__init__(steps, columns)
        self.first, imputer, self.scaler = steps
        self.fill = np.where(np.isnan(imputer.statistics_), 0.0, imputer.statistics_)
        self.marked = imputer.indicator_.features_
        self.no_row_form = ""

    def row(self, row: dict) -> np.ndarray:
        """The numbers, gaps filled, then the marks of gaps; all scaled."""
        found = np.array([n for name in self.columns for n in self.first.numbers(name, row[name])])
        gaps = np.isnan(found)
        known = np.concatenate([np.where(gaps, self.fill, found), gaps[self.marked]])
        return (known - self.scaler.mean_) / self.scaler.scale_

    def origins(self) -> list[tuple[str, ...]]:
        """The column of each number, then that of each mark of a gap."""
        of_number = [(name,) for name in self.columns for _ in self.first.numbers(name, None)]
        return of_number + [of_number[i] for i in self.marked]

    def described(self) -> dict:
        """The form, the ranks of ordered words, what fills gaps, the scaling."""
        own = {"form": self.first.form, "ranks": self.first.ranks or {}, "columns": self.columns}
        learnt = {"fill": self.fill, "marked": self.marked, "mean": self.scaler.mean_}
        learnt |= {"scale": self.scaler.scale_, "waves": _all_times(self.first)}
        return {"kind": "forms"} | own | learnt


def _all_times(first: FormNumbers) -> dict[str, np.ndarray]:
    """The waves of each minute of a day, as they are computed here, to the last digit."""
    if first.form != TIME:
        return {}
    texts = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
    numbers = np.array([first.numbers("", text) for text in texts])
    return dict(zip(("sin", "cos"), numbers[:, 1:].T.copy(), strict=True))


@compiled_step.register
def _(first: FormNumbers, steps, columns: list[str]) -> CompiledStep:
    return CompiledForms(steps, columns)
