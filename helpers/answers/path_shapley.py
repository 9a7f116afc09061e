"""TreeSHAP, plainly: the Shapley values of a sum of leaves, condition by condition.

What a leaf adds to a row depends on which of its conditions the row fulfils. The value of condition
i in a leaf of value v is, with f = 1 where it is fulfilled (else 0) and z its share,

    v (f_i − z_i) ∫₀¹ Π_{j ≠ i} (t f_j + (1 − t) z_j) dt

since ∫ tˢ (1 − t)ᵈ⁻¹⁻ˢ dt are the weights of Shapley (1953). The integrand is a polynomial, which
Gauss-Legendre quadrature with half as many points integrates without error. This is the
path-dependent TreeSHAP of Lundberg et al. (2020), https://doi.org/10.1038/s42256-019-0138-9, whose
recursion has the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .tree_paths import Paths

MOST_NUMBERS = 1 << 18  # in one array: what stays in the processor's cache


@dataclass(frozen=True)
class Leaves:
    """Leaves that have equally many conditions."""

    paths: Paths
    place: np.ndarray  # (leaf, condition), flat: the feature


class PathShapley:
    """The Shapley values of the sum of the leaves that a row of features ends in.

    `shares` (features × columns) says how much of each feature belongs to which column. The result
    is K × columns, where leaves hold K numbers; `base` (K) is what the sum is on average.
    """

    def __init__(self, paths: Paths, shares: np.ndarray):
        self.shares = shares
        self.base = (paths.value * paths.share.prod(axis=1)[:, None]).sum(axis=0)
        self.leaves = list(_by_length(paths))

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        found = np.zeros((len(self.base), len(x)))
        for some in self.leaves:
            weight = weights(some.paths.fulfilled(x), some.paths.share)
            for k, value in enumerate(some.paths.value.T):
                added = (weight * value[:, None]).ravel()
                found[k] += np.bincount(some.place, added, len(x))
        return found @ self.shares

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        return np.stack([self.row(x) for x in X]) if len(X) else np.empty((0, *self._shape))

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.base), self.shares.shape[1]


def _by_length(paths: Paths):
    """The leaves in groups of equally many conditions, each of which fits the cache."""
    lengths = paths.lengths
    for length in np.unique(lengths[lengths > 0]):
        these = np.flatnonzero(lengths == length)
        most = max(1, MOST_NUMBERS // int(length * length))
        for start in range(0, len(these), most):
            some = paths.only(these[start : start + most], length)
            yield Leaves(some, some.feature.ravel())


def weights(fulfilled: np.ndarray, share: np.ndarray) -> np.ndarray:
    """What each condition adds to the weight of its leaf: … × D of which are fulfilled, and shares.

    >>> weights(np.array([True, False]), np.array([0.5, 0.25])).tolist()
    [0.0625, -0.1875]
    """
    points, weight = _points(share.shape[-1])
    factor = share[..., None] * (1 - points) + fulfilled[..., None] * points
    whole = factor.prod(axis=-2, keepdims=True)
    return (fulfilled - share) * ((whole / factor) @ weight)


@cache
def _points(conditions: int) -> tuple[np.ndarray, np.ndarray]:
    """The points and weights from 0 to 1 that integrate products of so many conditions."""
    points, weight = np.polynomial.legendre.leggauss(max(1, (conditions + 1) // 2))
    return (points + 1) / 2, weight / 2
