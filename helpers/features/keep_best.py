"""Keeps the features that say most about the target."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import f_classif, f_regression


class KeepBest(TransformerMixin, BaseEstimator):
    """Keeps the numbers that say most about the target, each looked at by itself (F test).

    `count` of them, or all where there are fewer. What it keeps is learnt from labels, so it
    belongs inside the folds: chosen before, noise looks like a signal.
    """

    def __init__(self, count: int):
        self.count = count

    def fit(self, X, y) -> KeepBest:
        """Rank the columns by F; those without any spread come last."""
        X = np.asarray(X, dtype=float)
        numeric = np.issubdtype(np.asarray(y).dtype, np.number)
        with np.errstate(all="ignore"):
            found = (f_regression if numeric else f_classif)(X, y)[0]
        order = np.argsort(-np.nan_to_num(found, nan=-1.0), kind="stable")
        self.kept_ = np.sort(order[: self.count])
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """The columns that are kept, in their order."""
        return X.iloc[:, self.kept_] if isinstance(X, pd.DataFrame) else X[:, self.kept_]

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of those that are kept."""
        return np.asarray(input_features, dtype=object)[self.kept_]
