"""The additive forms of the models of the ladder.

Linear models and trees are exact. What a calibration or a mean of models does to them is carried
over (`carried_reasons`), and a class that registers nothing is sampled (`sampled_reasons`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from sklearn import ensemble
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier

from ..models.calibrated_model import Calibrated
from ..models.parallel_trees import Tree, boosting_trees, forest_trees
from . import cell_tables
from .additive import EXACT, LOG_ODDS, NUMBER, PROBABILITY, About, Additive, additive_model
from .carried_reasons import CARRIED, Stretched, as_probability, recalibrated
from .cut_trees import CUT, CutTrees
from .path_shapley import PathShapley
from .sampled_reasons import SAMPLED, Sampled
from .tree_paths import Paths, paths_of

MOST_EXACT = 200_000  # leaves; the ways to more of them take hundreds of megabytes

additive_model.register(object, Sampled)


@additive_model.register
def _(model: FixedThresholdClassifier, about: About) -> Additive:
    return additive_model(model.estimator_, about)


@additive_model.register(DummyClassifier)
@additive_model.register(DummyRegressor)
class NoReasons(Additive):
    """The same answer to every row: no column adds anything."""

    def __init__(self, model, about: About):
        is_class = hasattr(model, "class_prior_")
        self.scale = PROBABILITY if is_class else NUMBER
        self.base = np.ravel(model.class_prior_ if is_class else model.constant_).astype(float)
        self.base = self.base[1:] if is_class and len(self.base) == 2 else self.base
        self.columns = about.shares.shape[1]

    def rows(self, X: np.ndarray) -> np.ndarray:
        """Zeros."""
        return np.zeros((len(X), len(self.base), self.columns))


@additive_model.register(LogisticRegression)
@additive_model.register(Ridge)
class LinearSum(Additive):
    """weight × (feature − its mean in training): the Shapley values of a weighted sum."""

    def __init__(self, model, about: About):
        self.scale = LOG_ODDS if isinstance(model, LogisticRegression) else NUMBER
        self.weights = np.atleast_2d(model.coef_)
        self.mean, self.shares = about.background.mean(axis=0), about.shares
        self.base = self.weights @ self.mean + np.ravel(model.intercept_)

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns."""
        away = X - self.mean
        return np.stack([(away * weight) @ self.shares for weight in self.weights], axis=1)


class TreeSum(Additive):
    """TreeSHAP over fitted trees: by look-up where the tables fit in memory, else leaf by leaf.

    Leaf by leaf a forest needs a tenth of a second a row. Unless that is asked for (`exact`, up to
    `MOST_EXACT` leaves), trees too large for tables are cut (see `CutTrees`, also for `leaves_of`).
    """

    def __init__(self, trees: list[Tree], about: About, leaves_of=None, sums: int = 1):
        self.trees, self.shares = trees, about.shares
        leaves = sum(int(tree.is_leaf.sum()) for tree in trees)
        few = leaves <= cell_tables.MOST_LEAVES
        most = cell_tables.MOST_NUMBERS // sums
        self.quick = cell_tables.tables_of(self.paths, self.shares, most) if few else None
        if self.quick is None and about.exact and leaves <= MOST_EXACT:
            self.quick = self.plain
        elif self.quick is None:
            self.quick, self.error = CutTrees(trees, self.shares, leaves_of), CUT
        self.base = self.quick.base

    @cached_property
    def paths(self) -> Paths:
        """The ways to all leaves."""
        return paths_of(self.trees)

    @cached_property
    def plain(self) -> PathShapley:
        """The form leaf by leaf, which also knows the ways of missing features."""
        return PathShapley(self.paths, self.shares)

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return (self.plain if np.isnan(x).any() else self.quick).row(x)

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        found, gaps = self.quick.rows(X), np.flatnonzero(np.isnan(X).any(axis=1))
        if len(gaps):
            found[gaps] = self.plain.rows(X[gaps])
        return found


@additive_model.register(ensemble.RandomForestClassifier)
@additive_model.register(ensemble.RandomForestRegressor)
class ForestSum(Additive):
    """The mean of a forest's trees: of probabilities, or of numbers."""

    def __init__(self, model, about: About):
        is_class = isinstance(model, ensemble.RandomForestClassifier)
        self.scale, count = PROBABILITY if is_class else NUMBER, len(model.estimators_)
        trees = forest_trees([member.tree_ for member in model.estimators_])
        own = slice(1, None) if is_class and len(model.classes_) == 2 else slice(None)
        values = [tree.value.reshape(len(tree.value), -1)[:, own] / count for tree in trees]
        worth = [replace(tree, value=v) for tree, v in zip(trees, values, strict=True)]
        self.members = [member.tree_ for member in model.estimators_]
        self.trees = TreeSum(worth, about, self._leaves)
        self.base, self.error = self.trees.base, self.trees.error

    def _leaves(self, X: np.ndarray) -> np.ndarray:
        """n × trees: the node of each tree that each row ends in."""
        rows = np.ascontiguousarray(X, dtype=np.float32)
        return np.column_stack([member.apply(rows) for member in self.members])

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features, in the single precision that trees were grown on."""
        return self.trees.row(x.astype(np.float32).astype(float))

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        return self.trees.rows(X.astype(np.float32).astype(float))


@additive_model.register(ensemble.HistGradientBoostingClassifier)
@additive_model.register(ensemble.HistGradientBoostingRegressor)
def boosting_sum(model, about: About) -> Additive:
    """The trees of boosting; with categories of its own, which are no intervals, it is sampled."""
    if any(tree.nodes["is_categorical"].any() for some in model._predictors for tree in some):
        return Sampled(model, about)
    return BoostingSum(model, about)


class BoostingSum(Additive):
    """The sum of boosting's trees: the log odds, a margin for each of several classes, a number."""

    def __init__(self, model, about: About):
        is_class = isinstance(model, ensemble.HistGradientBoostingClassifier)
        self.scale = LOG_ODDS if is_class else NUMBER
        of_class = list(zip(*model._predictors, strict=True))
        self.sums = [TreeSum(boosting_trees([[tree] for tree in own]), about, sums=len(of_class))
                     for own in of_class]  # fmt: skip
        base = np.concatenate([trees.base for trees in self.sums])
        self.base = base + np.ravel(model._baseline_prediction)
        self.error = max((trees.error for trees in self.sums), key=_how_far)

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return np.concatenate([trees.row(x) for trees in self.sums])

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        return np.concatenate([trees.rows(X) for trees in self.sums], axis=1)


@additive_model.register
def _(model: Calibrated, about: About) -> Additive:
    inner = additive_model(model.estimator_, about)
    if len(model.shifts) != len(model.classes_):
        return inner
    return (Stretched if inner.scale == LOG_ODDS else recalibrated)(inner, model)


@additive_model.register(ensemble.VotingClassifier)
@additive_model.register(ensemble.VotingRegressor)
class MeanOfSums(Additive):
    """The mean of some models: of numbers, or of probabilities."""

    def __init__(self, model, about: About):
        self.members = [as_probability(additive_model(m, about)) for m in model.estimators_]
        weights = model.weights if model.weights is not None else [1] * len(self.members)
        self.weights = np.array(weights, dtype=float) / np.sum(weights)
        self.scale = self.members[0].scale
        self.error = max((m.error for m in self.members), key=_how_far)
        self.base = sum(w * m.base for w, m in zip(self.weights, self.members, strict=True))

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return sum(w * m.row(x) for w, m in zip(self.weights, self.members, strict=True))

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        return sum(w * m.rows(X) for w, m in zip(self.weights, self.members, strict=True))

    def deviations(self, x: np.ndarray) -> np.ndarray:
        """K × columns: standard errors; those of members are independent."""
        both = zip(self.weights, self.members, strict=True)
        return np.sqrt(sum((w * m.deviations(x)) ** 2 for w, m in both))


def _how_far(error: str) -> int:
    """How far contributions may be from Shapley values, of what is said of them."""
    return [EXACT, CARRIED, CUT, SAMPLED].index(error)
