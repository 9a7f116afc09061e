"""Columns derived by formula: the scikit-learn step and its compiled form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..cells.coded_column import Columns
from .column_formulas import parse_formula, waves_of_degrees
from .encoders import Stateless, as_series


class Derive(Stateless):
    """Adds columns by formula (see `column_formulas`); a formula may use those before it.

    What a formula asks of groups, such as the mean price of a city, is learnt from the rows that it
    is fitted on; a group that they lack gets what holds for all of them.
    """

    def __init__(self, formulas: dict[str, str]):
        self.formulas = formulas

    def fit(self, X, y=None) -> Derive:
        """Remember the names of the columns, and learn the statistics of groups."""
        super().fit(X)
        self.groups_ = {}
        out = X.copy(deep=False)
        for name, text in self.formulas.items():
            formula = parse_formula(text)
            self.groups_ |= formula.learn(out)
            out[name] = formula.table(out, self.groups_)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns and the derived ones."""
        out = X.copy(deep=False)
        for name, text in self.formulas.items():
            out[name] = parse_formula(text).table(out, self.groups_)
        return out

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns and of the derived ones."""
        return np.append(self.feature_names_in_, list(self.formulas)).astype(object)


class CompiledFormulas:
    """The columns that a fitted `Derive` adds to a row, and to many."""

    def __init__(self, derive: Derive):
        self.formulas = [(name, parse_formula(text)) for name, text in derive.formulas.items()]
        self.groups = derive.groups_
        self.used = {name for _, formula in self.formulas for name in formula.columns}

    def row(self, row: dict) -> dict:
        """A cleaned row and its derived cells."""
        if not self.formulas:
            return row
        row = dict(row)
        for name, formula in self.formulas:
            row[name] = formula.row(row, self.groups)
        return row

    def described(self) -> dict:
        """Each formula as a tree of parts, and the statistics of groups that they ask for."""
        parts = [
            {"name": name, "root": formula.root.described()} for name, formula in self.formulas
        ]
        degrees = waves_of_degrees() if parts else {}
        return {"formulas": parts, "groups": self.groups, "degrees": degrees}

    def table(self, clean: Columns) -> Columns:
        """Cleaned columns and the derived ones."""
        if not self.formulas:
            return clean
        frame = pd.DataFrame({n: as_series(clean[n]) for n in clean if n in self.used})
        for name, formula in self.formulas:
            frame[name] = formula.table(frame, self.groups)
        return clean | {name: frame[name] for name, _ in self.formulas}
