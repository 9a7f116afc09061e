"""What a model needs beside scikit-learn, in plain functions that are copied into an export.

Nothing here is called by this project (see `plain_cells`).
"""
# ruff: noqa: F821 - constants are those of the exported file

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import FunctionTransformer, TargetEncoder


class EncoderByUnit(TargetEncoder):
    """The mean target of each level; of a training row, from rows of other days or groups."""

    def fit_transform(self, X, y):
        """The numbers of training rows, those of each fold moved to the mean of all rows."""
        numbers, y = super().fit_transform(X, y), np.asarray(y)
        is_number, classes = self.target_type_ == "continuous", getattr(self, "classes_", None)
        target = y[:, None].astype(float) if is_number else (y[:, None] == classes).astype(float)
        target = target[:, 1:] if self.target_type_ == "binary" else target
        for learnt, encoded in self.cv:
            shift = target.mean(axis=0) - target[learnt].mean(axis=0)
            numbers[encoded] += np.tile(shift, numbers.shape[1] // len(shift))
        return numbers


def folds_in_time(days):
    """Rows to learn from and to encode: five blocks of whole days, one after the other."""
    day = pd.factorize(days, sort=True)[0]
    counts = np.bincount(day)
    block = ((counts.cumsum() - counts / 2) / len(day) * 5).astype(int)[day]
    return list(GroupKFold(min(5, len(np.unique(block)))).split(block, groups=block))


def folds_of_groups(groups):
    """Rows to learn from and to encode: a group is never on both sides."""
    group = pd.factorize(groups, sort=True)[0]
    return list(GroupKFold(min(5, group.max() + 1)).split(group, groups=group))


def rounded():
    """The last bits of a product of matrices differ from machine to machine: they are cut off."""
    return FunctionTransformer(np.round, kw_args={"decimals": 12})


def finite(values):
    """Numbers, missing where they are not defined, such as 0 / 0."""
    return values.astype("float64").replace([np.inf, -np.inf], np.nan)


def calibrate(probability):
    """The probabilities, stretched and shifted as the validation rows showed; at least 1e-4."""
    logs = SLOPE * np.log(np.clip(probability, 1e-4, 1)) + np.asarray(SHIFTS)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def bounded(probability):
    """Probabilities of at least one in ten thousand: a model is never surer than that."""
    kept = np.clip(probability, 1e-4, 1)
    return kept / kept.sum(axis=1, keepdims=True)
