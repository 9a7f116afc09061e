"""The ways to the leaves of trees: for each leaf what a row must fulfil to end in it.

A leaf's questions of one feature are put together to one interval, and so are the shares of
training rows that went the same way. TreeSHAP needs no more of a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..models.parallel_trees import Tree

NONE = -1  # the feature of a condition that a shorter way does not have


@dataclass(frozen=True)
class Paths:
    """L leaves with up to D conditions each; `value` is L × K, all else L × D.

    A row fulfils a condition when its `feature` lies above `low` and is at most `high` (NaN: no
    limit); where it is missing, when `missing` says so. `share` is the part of training rows that
    fulfil it, of those that came so far. Where a way has no more conditions, `feature` is `NONE`
    and `share` 1.
    """

    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    missing: np.ndarray
    value: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many conditions each leaf has."""
        return (self.feature != NONE).sum(axis=1)

    def only(self, leaves, width: int | None = None) -> Paths:
        """Some of the leaves, with their first `width` conditions."""
        cut = {f.name: getattr(self, f.name)[leaves, :width] for f in fields(self)[:-1]}
        return Paths(**cut, value=self.value[leaves])

    def fulfilled(self, x: np.ndarray) -> np.ndarray:
        """Which conditions one row of features fulfils: L × D, True where there is none."""
        asked = x[self.feature]
        inside = ~(asked <= self.low) & ~(asked > self.high)  # what is compared with NaN is False
        return np.where(np.isnan(asked), self.missing, inside) if np.isnan(x).any() else inside


@dataclass(frozen=True)
class _Front:
    """Nodes that are reached, and the conditions on the way to each: n × D."""

    node: np.ndarray
    count: np.ndarray
    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    missing: np.ndarray

    def only(self, these: np.ndarray) -> _Front:
        return _Front(*(getattr(self, f.name)[these] for f in fields(self)))


def paths_of(trees: list[Tree]) -> Paths:
    """The ways to all leaves, tree after tree, in each from left to right.

    >>> stump = Tree(np.array([0, 0, 0]), np.array([5.0, 0, 0]), np.array([1, 0, 0]),
    ...              np.array([2, 0, 0]), np.array([False, True, True]), 1, np.array([0.0, 1, 2]),
    ...              np.array([4.0, 3, 1]), np.zeros(3, dtype=bool))
    >>> paths_of([stump]).share.ravel().tolist(), paths_of([stump]).value.ravel().tolist()
    ([0.75, 0.25], [1.0, 2.0])
    """
    nodes, roots = _side_by_side(trees)
    asked = len(np.unique(nodes.feature[~nodes.is_leaf]))
    front, done = _start(roots, max(1, min(nodes.depth, asked))), []
    place = [np.arange(len(roots), dtype=float)]  # where a leaf stands from left to right
    placed, level = [], 0
    while len(front.node):
        ends = nodes.is_leaf[front.node]
        done.append(front.only(ends))
        placed.append(place[0][ends])
        front, before, level = front.only(~ends), place[0][~ends], level + 1
        front = _joined([_down(front, nodes, is_left) for is_left in (True, False)])
        place = [np.concatenate([before, before + 0.5**level])]
    found, order = _joined(done), np.argsort(np.concatenate(placed), kind="stable")
    value = nodes.value.reshape(len(nodes.value), -1)[found.node]
    ways = Paths(found.feature, found.low, found.high, found.share, found.missing, value)
    return ways.only(order)


def _side_by_side(trees: list[Tree]) -> tuple[Tree, np.ndarray]:
    """All nodes of the trees as one, and where the root of each stands."""
    starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])[:-1]
    moved = [replace(tree, left=tree.left + start, right=tree.right + start)
             for tree, start in zip(trees, starts, strict=True)]  # fmt: skip
    depth = max(tree.depth for tree in trees)
    names = [f.name for f in fields(Tree) if f.name != "depth"]
    joined = {name: np.concatenate([getattr(tree, name) for tree in moved]) for name in names}
    return Tree(depth=depth, **joined), starts


def _start(roots: np.ndarray, width: int) -> _Front:
    n = len(roots)
    nothing, one = np.full((n, width), np.nan), np.ones((n, width))
    return _Front(roots, np.zeros(n, dtype=int), np.full((n, width), NONE), nothing, nothing.copy(),
                  one, one.astype(bool))  # fmt: skip


def _down(front: _Front, nodes: Tree, is_left: bool) -> _Front:
    """From each node to one of its children: a condition more, or a narrower one."""
    rows, node = np.arange(len(front.node)), front.node
    asked, limit = nodes.feature[node], nodes.threshold[node]
    same = front.feature == asked[:, None]
    known = same.any(axis=1)
    at = rows, np.where(known, same.argmax(axis=1), front.count)
    new = _Front(*(getattr(front, f.name).copy() for f in fields(front)))
    child = (nodes.left if is_left else nodes.right)[node]
    new.node[:], new.feature[at] = child, asked
    new.count[:] += ~known
    if is_left:
        new.high[at] = np.fmin(front.high[at], limit)
    else:
        new.low[at] = np.fmax(front.low[at], limit)
    new.share[at] *= nodes.cover[child] / nodes.cover[node]
    new.missing[at] &= nodes.missing_left[node] == is_left
    return new


def _joined(fronts: list[_Front]) -> _Front:
    return _Front(*(np.concatenate([getattr(one, f.name) for one in fronts])
                    for f in fields(_Front)))  # fmt: skip
