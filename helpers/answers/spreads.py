"""How far the truth may lie from a predicted number, below and above, row by row.

A spread gives two scales, and the score of a row is how many of them its truth lies away. So one
list of scores tells intervals of any level. A spread that is learnt reads the features of the model
and the number that it predicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from ..models.compiled_models import CompiledModel, compiled_model

TAILS = 0.05, 0.95  # between them lie the scales of a spread that is not even
FLOOR = 0.05  # of the usual scale: less is taken for a guess
SMALL = 1e-12
TREES = {"max_iter": 40, "learning_rate": 0.12, "max_leaf_nodes": 8, "l2_regularization": 1.0}


@dataclass(frozen=True)
class Even:
    """The same distance below and above, for every row."""

    kind: ClassVar[str] = "even"
    below: float = 1.0
    above: float = 1.0
    models: tuple = ()

    @classmethod
    def fit(cls, X: np.ndarray, residuals: np.ndarray, weights: np.ndarray, seed: int) -> Even:
        """Learnt from n residuals (truth less prediction), their features and weights."""
        return cls()

    def scales(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The scale below and the scale above, n each; `X` is n × (features and prediction)."""
        return np.full(len(X), self.below), np.full(len(X), self.above)

    def row_scales(self, x: np.ndarray) -> tuple[float, float]:
        """The two scales of one row."""
        return self.below, self.above


@dataclass(frozen=True)
class Skewed(Even):
    """Other distances below and above, the same for every row: those of the outer residuals."""

    kind: ClassVar[str] = "skewed"

    @classmethod
    def fit(cls, X: np.ndarray, residuals: np.ndarray, weights: np.ndarray, seed: int) -> Skewed:
        """Learnt from n residuals."""
        low, high = (_quantile(residuals, weights, tail) for tail in TAILS)
        usual = max(high - low, SMALL)
        return cls(max(-low, FLOOR * usual), max(high, FLOOR * usual))


@dataclass(frozen=True)
class ByRow(Even):
    """Distances that trees have learnt from the row: quantiles of its residual, low and high.

    Conformalised quantile regression (Romano, Patterson and Candès 2019) of the residuals, in the
    form with scales (Sesia and Candès 2020), so that any level can be asked for. `below` and
    `above` are the least that is believed.
    """

    kind: ClassVar[str] = "by row"

    @classmethod
    def fit(cls, X: np.ndarray, residuals: np.ndarray, weights: np.ndarray, seed: int) -> ByRow:
        """Learnt from n residuals, their features and weights."""
        usual = Skewed.fit(X, residuals, weights, seed)
        least = FLOOR * (usual.below + usual.above)
        found = [_trees(X, residuals, weights, seed, loss="quantile", quantile=tail)
                 for tail in TAILS]  # fmt: skip
        return cls(least, least, tuple(found))

    def scales(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The scale below and the scale above, n each."""
        low, high = (model.predict(X) for model in self.models)
        return np.maximum(-low, self.below), np.maximum(high, self.above)

    def row_scales(self, x: np.ndarray) -> tuple[float, float]:
        """The two scales of one row."""
        low, high = (_row(model, x) for model in self._compiled)
        return max(-low, self.below), max(high, self.above)

    @property
    def _compiled(self) -> tuple[CompiledModel, ...]:
        """The one-row forms of the trees."""
        return _compiled_of(self.models)


@dataclass(frozen=True)
class Scaled(ByRow):
    """Distances as large as trees expect the residual of the row to be, in the ratio of the usual
    ones below and above: normalised conformal prediction (Papadopoulos et al. 2002).
    """

    kind: ClassVar[str] = "scaled"

    @classmethod
    def fit(cls, X: np.ndarray, residuals: np.ndarray, weights: np.ndarray, seed: int) -> Scaled:
        """Learnt from the logarithms of n residuals, their features and weights."""
        size = np.abs(residuals)
        least = max(FLOOR * float(np.average(size, weights=weights)), SMALL)
        model = _trees(X, np.log(size + least), weights, seed, loss="squared_error")
        skew = Skewed.fit(X, residuals / np.exp(model.predict(X)), weights, seed)
        return cls(skew.below, skew.above, (model,))

    def scales(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The scale below and the scale above, n each."""
        size = np.exp(self.models[0].predict(X))
        return size * self.below, size * self.above

    def row_scales(self, x: np.ndarray) -> tuple[float, float]:
        """The two scales of one row."""
        size = float(np.exp(_row(self._compiled[0], x)))
        return size * self.below, size * self.above


SPREADS = {one.kind: one for one in (Even, Skewed, Scaled, ByRow)}
_KEPT: dict[int, tuple] = {}


def _compiled_of(models: tuple) -> tuple[CompiledModel, ...]:
    """The one-row forms of some models, made once for each tuple of them."""
    found = _KEPT.get(id(models))
    if found is None or found[0] is not models:
        found = _KEPT[id(models)] = (models, tuple(compiled_model(one) for one in models))
    return found[1]


def _row(model: CompiledModel, x: np.ndarray) -> float:
    """What a compiled model says of one row; the model itself where it has no such form."""
    return float(model.table(x[None])[0]) if model.no_row_form else float(model.row(x))


def _trees(X, y, weights, seed: int, **loss) -> HistGradientBoostingRegressor:
    """Small boosted trees."""
    leaf = int(np.clip(len(y) // 40, 10, 60))
    model = HistGradientBoostingRegressor(
        **TREES, **loss, min_samples_leaf=leaf, early_stopping=False, random_state=seed
    )
    return model.fit(X, y, sample_weight=weights * len(y))


def _quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """A weighted quantile."""
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(weights[order].cumsum(), level - 1e-12)
    return float(values[order][min(place, len(values) - 1)])
