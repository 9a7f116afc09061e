"""Trees side by side in arrays: one row goes down all of them at once, a level a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tree:
    """A tree's nodes: what each asks, where yes (at most the threshold) and no lead, its value.

    `value` is one number a node, or a row of class shares; `cover` is how many rows of training
    came to it (weighted), `missing_left` whether a missing number takes the way of yes.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    is_leaf: np.ndarray
    depth: int
    value: np.ndarray
    cover: np.ndarray
    missing_left: np.ndarray


def forest_trees(members: list) -> list[Tree]:
    """The trees of a random forest (`tree_` of each member)."""
    return [
        Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right,
             tree.children_left < 0, tree.max_depth, _shares(tree.value[:, 0, :]),
             tree.weighted_n_node_samples, tree.missing_go_to_left.astype(bool))
        for tree in members
    ]  # fmt: skip


def _shares(value: np.ndarray) -> np.ndarray:
    """A node's class counts as shares; a regression's one number as it is."""
    return value / value.sum(axis=1, keepdims=True) if value.shape[1] > 1 else value


def boosting_trees(predictors: list[list]) -> list[Tree]:
    """The trees of histogram gradient boosting, class by class, each in the order of its rounds."""
    return [_boosting_tree(tree.nodes) for of_class in zip(*predictors, strict=True)
            for tree in of_class]  # fmt: skip


def _boosting_tree(nodes: np.ndarray) -> Tree:
    left, right = nodes["left"].astype(int), nodes["right"].astype(int)
    is_leaf, depth = nodes["is_leaf"].astype(bool), int(nodes["depth"].max())
    feature = nodes["feature_idx"].astype(int)
    cover, missing_left = nodes["count"].astype(float), nodes["missing_go_to_left"].astype(bool)
    return Tree(feature, nodes["num_threshold"], left, right, is_leaf, depth, nodes["value"],
                cover, missing_left)  # fmt: skip


class ParallelTrees:
    """Some trees as one array of nodes.

    A node has two places, one behind the other: `feature` and `threshold` hold its question in
    both, `child` the first place of the node to go to, for yes and for no. A leaf leads to itself.
    """

    def __init__(self, trees: list[Tree]):
        starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])[:-1]
        self.roots = 2 * starts
        feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees])
        self.feature = np.repeat(feature, 2).astype(np.intp)
        self.threshold = np.repeat(np.concatenate([tree.threshold for tree in trees]), 2)
        children = [_children(tree) + start for start, tree in zip(starts, trees, strict=True)]
        self.child = 2 * np.concatenate(children).ravel().astype(np.intp)
        self.value = np.concatenate([tree.value for tree in trees])
        self.cover = np.concatenate([tree.cover for tree in trees])
        self.depth = max(tree.depth for tree in trees)

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The value of the leaf that a row of features ends in, tree by tree."""
        return self.value[self.ends(x)]

    def ends(self, x: np.ndarray) -> np.ndarray:
        """The node that a row of features ends in, tree by tree, in the order of all nodes."""
        places = self.roots
        feature, threshold, child = self.feature, self.threshold, self.child
        for _ in range(self.depth):
            right = x.take(feature.take(places)) > threshold.take(places)
            places = child.take(places + right)
        return places >> 1

    def described(self) -> dict:
        """The nodes as plain arrays: how far on each side's child stands, 0 for a leaf; `cover`.

        Of a node that asks, `value` is 0; of a leaf, feature and threshold are.
        """
        own = np.arange(len(self.value))
        left, right = self.child[::2] // 2 - own, self.child[1::2] // 2 - own
        asks = left != 0
        keep = asks if self.value.ndim == 1 else asks[:, None]
        is_whole = bool((self.cover % 1 == 0).all())
        return {
            "roots": (self.roots // 2).astype(np.uint32), "left": left.astype(np.uint32),
            "right": right.astype(np.uint32), "value": np.where(keep, 0.0, self.value),
            "feature": np.where(asks, self.feature[::2], 0).astype(np.uint16),
            "threshold": np.where(asks, self.threshold[::2], 0.0),
            "cover": self.cover.astype(np.uint32) if is_whole else self.cover,
        }  # fmt: skip


def _children(tree: Tree) -> np.ndarray:
    """Nodes × (yes, no): where each leads."""
    own = np.arange(len(tree.feature))
    return np.column_stack([np.where(tree.is_leaf, own, side) for side in (tree.left, tree.right)])
