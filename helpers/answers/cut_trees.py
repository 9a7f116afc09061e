"""Trees too large for tables: their first questions by TreeSHAP, the rest along a row's own way.

A forest of 100 trees has hundreds of thousands of leaves, and TreeSHAP needs all of them for every
row. Cut after the first few questions, where most of the answer is decided, the trees fit in
tables. From there on each question adds to its column the change of the mean answer from one node
to the next (Saabas 2014). Both together add up to the answer exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import sparse

from ..models.parallel_trees import ParallelTrees, Tree
from .cell_tables import MOST_NUMBERS, CellTables, tables_of
from .tree_paths import paths_of

CUT = "TreeSHAP of the trees' first questions; what the later ones add is along the row's own way"
MOST_LEAVES = 2_000  # in all cut trees together
BLOCK = 8_192  # rows at once: their nodes stay in the cache


class CutTrees:
    """As `PathShapley`, for trees that are cut after `depth` questions.

    `leaves_of` gives the leaves (n × trees, numbered by tree) of n rows, where the model has
    something quicker than going down here.
    """

    def __init__(self, trees: list[Tree], shares: np.ndarray, leaves_of: Callable | None = None):
        trees = [with_means(tree) for tree in trees]
        self.shares, self.leaves_of, self.nodes = shares, leaves_of, ParallelTrees(trees)
        self.depth, self.top = _top(trees, _depth_of_cut(trees), shares)
        self.base = self.top.base
        below = [_below(tree, self.depth) for tree in trees]
        width = max(feature.shape[1] for feature, _ in below)
        self.feature = np.concatenate([_wide(feature, width) for feature, _ in below])
        self.step = np.concatenate([_wide(step, width) for _, step in below])  # nodes × W × K
        self.added = [self._by_column(step) for step in np.moveaxis(self.step, 2, 0)]

    def _by_column(self, step: np.ndarray) -> np.ndarray | sparse.csr_array:
        """Nodes × columns: what the questions below the cut add in each leaf."""
        node, place = np.nonzero(step)
        at = node, self.feature[node, place]
        shape = len(step), len(self.shares)
        found = sparse.csr_array((step[node, place], at), shape) @ sparse.csr_array(self.shares)
        return found.toarray() if math.prod(found.shape) <= MOST_NUMBERS else found

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        leaves = self.nodes.ends(x)
        feature, step = self.feature[leaves].ravel(), self.step[leaves]
        deep = [np.bincount(feature, step[..., k].ravel(), len(x)) for k in range(step.shape[2])]
        return self.top.row(x) + np.stack(deep) @ self.shares

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        found = self.top.rows(X)
        for start in range(0, len(X), BLOCK):
            these = slice(start, start + BLOCK)
            found[these] += self._deep(X[these])
        return found

    def _deep(self, X: np.ndarray) -> np.ndarray:
        leaves = self.leaves_of(X) + self.nodes.roots // 2 if self.leaves_of else self._leaves(X)
        ends = np.arange(len(X) + 1) * leaves.shape[1]
        shape = len(X), len(self.feature)
        ended = sparse.csr_array((np.ones(leaves.size), leaves.ravel(), ends), shape)
        found = [ended @ added for added in self.added]
        return np.stack([x.toarray() if sparse.issparse(x) else x for x in found], axis=1)

    def _leaves(self, X: np.ndarray) -> np.ndarray:
        return np.stack([self.nodes.ends(x) for x in X])


def _top(trees: list[Tree], depth: int, shares: np.ndarray) -> tuple[int, CellTables]:
    """How many questions come first (fewer where they would not fit), and their tables."""
    found = tables_of(paths_of([cut_after(tree, depth) for tree in trees]), shares)
    return (depth, found) if found else _top(trees, depth - 1, shares)


def _below(tree: Tree, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """For each leaf the questions below the cut: nodes × W features, and nodes × W × K steps."""
    levels = _levels(tree, tree.depth)
    deeper = max(tree.depth - depth, 1)
    feature = np.zeros((len(tree.feature), deeper), dtype=np.int32)
    step = np.zeros((len(tree.feature), deeper, tree.value.shape[1]))
    for place, level in enumerate(levels[depth:-1]):
        inner = level[~tree.is_leaf[level]]
        for child in (tree.left[inner], tree.right[inner]):
            feature[child], step[child] = feature[inner], step[inner]
            feature[child, place] = tree.feature[inner]
            step[child, place] = tree.value[child] - tree.value[inner]
    return feature, step


def _wide(array: np.ndarray, width: int) -> np.ndarray:
    """An array with so many places along its second axis, zeros behind."""
    more = [(0, 0)] * array.ndim
    more[1] = 0, width - array.shape[1]
    return np.pad(array, more)


def with_means(tree: Tree) -> Tree:
    """A tree whose inner nodes have the mean of their leaves, weighted by the rows of training."""
    value = np.array(tree.value, dtype=float).reshape(len(tree.value), -1)
    for level in reversed(_levels(tree, tree.depth)):
        inner = level[~tree.is_leaf[level]]
        left, right = tree.left[inner], tree.right[inner]
        part = (tree.cover[left] / tree.cover[inner])[:, None]
        value[inner] = part * value[left] + (1 - part) * value[right]
    return replace(tree, value=value)


def _levels(tree: Tree, depth: int) -> list[np.ndarray]:
    """The nodes after 0, 1, … questions."""
    found = [np.array([0])]
    for _ in range(depth):
        inner = found[-1][~tree.is_leaf[found[-1]]]
        found.append(np.concatenate([tree.left[inner], tree.right[inner]]))
    return found


def cut_after(tree: Tree, depth: int) -> Tree:
    """A tree that asks no more than so many questions."""
    is_leaf = tree.is_leaf.copy()
    is_leaf[_levels(tree, depth)[-1]] = True
    return replace(tree, is_leaf=is_leaf, depth=min(depth, tree.depth))


def _depth_of_cut(trees: list[Tree]) -> int:
    """The number of questions after which all trees together have no more than `MOST_LEAVES`."""
    deepest = max(tree.depth for tree in trees)
    for depth in range(1, deepest + 1):
        if sum(_leaves_after(tree, depth) for tree in trees) > MOST_LEAVES:
            return max(1, depth - 1)
    return deepest


def _leaves_after(tree: Tree, depth: int) -> int:
    levels = _levels(tree, depth)
    return sum(int(tree.is_leaf[level].sum()) for level in levels[:-1]) + len(levels[-1])
