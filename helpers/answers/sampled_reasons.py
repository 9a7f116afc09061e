"""Reasons of any model, sampled: columns are exchanged one after the other, in random orders."""

from __future__ import annotations

import numpy as np

from ..base.spacing import evenly_spaced
from ..models.compiled_models import compiled_model
from .additive import NUMBER, PROBABILITY, About, Additive

SAMPLED = "sampled"
ORDERS = 10  # each is taken forwards and backwards
ROWS = 20  # of training, that a row is compared with
SEED = 42


class Sampled(Additive):
    """Shapley values of the columns by permutation sampling (Štrumbelj and Kononenko 2014).

    From rows of training a row is made column by column; what each exchange does to the model's
    answer, on average over orders, is the column's contribution, and the sum is exact. Each order
    is also taken backwards, which lowers the noise (Mitchell et al. 2022). Features that are made
    of the same columns are exchanged together.
    """

    error = SAMPLED

    def __init__(self, model, about: About):
        self.model = compiled_model(model)
        self.scale = PROBABILITY if hasattr(model, "predict_proba") else NUMBER
        owners, self.player = np.unique(about.shares, axis=0, return_inverse=True)
        self.player, self.owners = np.ravel(self.player), owners  # players × columns
        rows = about.background
        self.rows_compared = rows[evenly_spaced(len(rows), ROWS)]
        self.base = self._ask(self.rows_compared).mean(axis=0)

    def _ask(self, X: np.ndarray) -> np.ndarray:
        """n × K answers."""
        found = self.model.table(X)
        found = found.reshape(len(X), -1)
        return found[:, 1:] if self.scale == PROBABILITY and found.shape[1] == 2 else found

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        found = [self.row(x) for x in X]
        return np.stack(found) if found else np.zeros((0, len(self.base), self.owners.shape[1]))

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        return self._pairs(x).mean(axis=0) @ self.owners

    def deviations(self, x: np.ndarray) -> np.ndarray:
        """K × columns: the standard errors of the contributions, from pairs of orders."""
        pairs = self._pairs(x) @ self.owners
        return pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))

    def _pairs(self, x: np.ndarray) -> np.ndarray:
        """Pairs × K × players: what each player adds, the mean of an order and its reverse."""
        random, count = np.random.default_rng(SEED), len(self.owners)
        orders = [random.permutation(count) for _ in range(ORDERS)]
        both = [self._added(x, order) + self._added(x, order[::-1]) for order in orders]
        return np.stack(both) / 2

    def _added(self, x: np.ndarray, order: np.ndarray) -> np.ndarray:
        """K × players: what each adds when it comes in this order."""
        turn = np.argsort(order)[self.player]  # when each feature is exchanged
        taken = turn[None] < np.arange(len(order) + 1)[:, None]
        rows = np.where(taken[:, None], x, self.rows_compared[None])
        answers = self._ask(rows.reshape(-1, len(x))).reshape(*rows.shape[:2], -1).mean(axis=1)
        found = np.empty((answers.shape[1], len(order)))
        found[:, order] = np.diff(answers, axis=0).T
        return found
