"""Many row models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import (
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection import FixedThresholdClassifier

from .calibrated_model import Calibrated, apply_calibration


def table_model(model) -> Callable[[np.ndarray], np.ndarray]:
    """What a fitted model says of rows × features: n × classes probabilities, or n numbers."""
    if isinstance(model, FixedThresholdClassifier):
        return table_model(model.estimator_)
    if isinstance(model, Calibrated):
        inner, shifts = table_model(model.estimator_), np.asarray(model.shifts, dtype=float)
        if len(shifts) != len(model.classes_):
            return inner
        return lambda x: apply_calibration(inner(x), model.slope, shifts)
    if isinstance(model, (VotingClassifier, VotingRegressor)) and model.weights is None:
        members = [table_model(member) for member in model.estimators_]
        return lambda x: np.mean([member(x) for member in members], axis=0)
    if isinstance(model, (RandomForestClassifier, RandomForestRegressor)):
        return _forest(model)
    return model.predict_proba if hasattr(model, "predict_proba") else model.predict


def _forest(model) -> Callable[[np.ndarray], np.ndarray]:
    """The mean of the trees' answers, each asked directly; they ask in single precision."""
    trees = [member.tree_ for member in model.estimators_]
    is_class = isinstance(model, RandomForestClassifier)

    def answer(x: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(x, dtype=np.float32)
        total = sum(tree.predict(rows) for tree in trees) / len(trees)
        return total if is_class else total[:, 0]

    return answer
