"""The one-row forms of fitted features and models: plain Python and small arrays.

scikit-learn is made for many rows: for a single one, nearly all the time goes into frames and
checks. What a fitted step has learnt is read out here once and kept as numbers and tables; the
functions that come out answer one row in microseconds, with the same numbers up to rounding. They
hold data and no code of their own making. A step that has no such form raises `NoRowFormError`,
and the pipeline itself answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier

from ..learning.row_form import NoRowFormError
from .calibrated_model import MIN_PROBABILITY, Calibrated

# --- Models -------------------------------------------------------------------------------------


def row_model(model) -> Callable[[np.ndarray], np.ndarray | float]:
    """The one-row form of a fitted model: the probabilities of its classes, or the number."""
    if isinstance(model, FixedThresholdClassifier):
        return row_model(model.estimator_)
    if isinstance(model, Calibrated):
        return _row_calibrated(model)
    if isinstance(model, (VotingClassifier, VotingRegressor)):
        members = [row_model(member) for member in model.estimators_]
        return lambda x: sum(member(x) for member in members) / len(members)
    for kinds, form in _MODELS.items():
        if isinstance(model, kinds):
            return form(model)
    raise NoRowFormError(f"the model {type(model).__name__}")


def _row_calibrated(model: Calibrated):
    inner, shifts = row_model(model.estimator_), np.asarray(model.shifts, dtype=float)
    if len(shifts) != len(model.classes_):
        return inner
    slope, shifts = float(model.slope), shifts.tolist()

    def answer(x: np.ndarray) -> np.ndarray:
        chances = zip(inner(x).tolist(), shifts, strict=True)
        margins = [slope * math.log(max(p, MIN_PROBABILITY)) + shift for p, shift in chances]
        raised = [math.exp(margin - max(margins)) for margin in margins]
        return np.array(raised) / sum(raised)

    return answer


def _row_constant(model):
    answer = model.class_prior_ if hasattr(model, "class_prior_") else float(model.constant_.item())
    return lambda x: answer


def _row_logistic(model: LogisticRegression):
    weights, start = model.coef_, model.intercept_
    if len(model.classes_) > 2:
        return lambda x: _softmax(weights @ x + start)
    weights, start = weights[0], float(start[0])
    return lambda x: _binary_probabilities(float(weights @ x) + start)


def _row_ridge(model: Ridge):
    weights, start = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    return lambda x: float(weights @ x) + start


def _binary_probabilities(margin: float) -> np.ndarray:
    """The probabilities of no and yes of a margin."""
    yes = 1 / (1 + math.exp(-margin)) if margin > -700 else 0.0
    return np.array([1 - yes, yes])


def _softmax(margins: np.ndarray) -> np.ndarray:
    raised = np.exp(margins - margins.max())
    return raised / raised.sum()


class _Forest:
    """Trees side by side in arrays: a row goes down all of them at once, a level a step.

    A node has two places, one behind the other: `feature` and `threshold` hold its question in
    both, `child` the first place of the node to go to, for yes and for no. A leaf leads to itself.
    """

    def __init__(self, trees: list[dict]):
        starts = np.cumsum([0, *(len(t["feature"]) for t in trees)])
        self.roots = 2 * starts[:-1]
        feature = np.concatenate([np.maximum(t["feature"], 0) for t in trees])
        self.feature = np.repeat(feature, 2).astype(np.intp)
        self.threshold = np.repeat(np.concatenate([t["threshold"] for t in trees]), 2)
        children = []
        for start, tree in zip(starts[:-1], trees, strict=True):
            own = np.arange(len(tree["feature"]))
            pair = [np.where(tree["leaf"], own, tree[side]) for side in ("left", "right")]
            children.append(np.column_stack(pair) + start)
        self.child = 2 * np.concatenate(children).ravel().astype(np.intp)
        self.value = np.concatenate([t["value"] for t in trees])
        self.depth = max(t["depth"] for t in trees)

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The value of the leaf that the row ends in, tree by tree."""
        places = self.roots
        feature, threshold, child = self.feature, self.threshold, self.child
        for _ in range(self.depth):
            right = x.take(feature.take(places)) > threshold.take(places)
            places = child.take(places + right)
        return self.value[places >> 1]


def _row_forest(model):
    trees = []
    for member in model.estimators_:
        tree = member.tree_
        value = tree.value[:, 0, :]
        trees.append({
            "feature": tree.feature, "threshold": tree.threshold, "left": tree.children_left,
            "right": tree.children_right, "leaf": tree.children_left < 0, "depth": tree.max_depth,
            "value": value / value.sum(axis=1, keepdims=True) if value.shape[1] > 1 else value,
        })  # fmt: skip
    forest, is_class = _Forest(trees), isinstance(model, RandomForestClassifier)

    def answer(x: np.ndarray):
        # Its trees were grown on single precision, and ask in it.
        mean = np.add.reduce(forest.leaves(x.astype(np.float32).astype(np.float64))) / len(trees)
        return mean if is_class else float(mean[0])

    return answer


def _row_boosting(model):
    columns = len(model._predictors[0])  # 1, or a tree a class in each round
    trees = [_boosted(tree) for each_class in zip(*model._predictors, strict=True)
             for tree in each_class]  # fmt: skip
    forest, start = _Forest(trees), np.ravel(model._baseline_prediction)

    def margins(x: np.ndarray) -> np.ndarray:
        return forest.leaves(x).reshape(columns, -1).sum(axis=1) + start

    if isinstance(model, HistGradientBoostingRegressor):
        return lambda x: float(margins(x)[0])
    if columns == 1:
        return lambda x: _binary_probabilities(float(margins(x)[0]))
    return lambda x: _softmax(margins(x))


def _boosted(tree) -> dict:
    nodes = tree.nodes
    if nodes["is_categorical"].any():
        raise NoRowFormError("boosting with categories of its own")
    return {
        "feature": nodes["feature_idx"].astype(int), "threshold": nodes["num_threshold"],
        "left": nodes["left"].astype(int), "right": nodes["right"].astype(int),
        "leaf": nodes["is_leaf"].astype(bool), "depth": int(nodes["depth"].max()),
        "value": nodes["value"],
    }  # fmt: skip


_MODELS = {
    (DummyClassifier, DummyRegressor): _row_constant,
    (LogisticRegression,): _row_logistic,
    (Ridge,): _row_ridge,
    (RandomForestClassifier, RandomForestRegressor): _row_forest,
    (HistGradientBoostingClassifier, HistGradientBoostingRegressor): _row_boosting,
}
