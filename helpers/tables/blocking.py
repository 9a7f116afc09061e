"""Blocking: pairs that share a key, so that not everything is compared with everything."""

from __future__ import annotations

import numpy as np


def pairs_in_blocks(keys: np.ndarray, places: np.ndarray, most: int) -> np.ndarray:
    """The pairs of places that share a key: n rows of two, the smaller place first.

    `keys` and `places` are aligned. A key that more than `most` places share says nothing, and is
    left out; a pair that shares two keys comes twice.

    >>> pairs_in_blocks(np.array([7, 3, 7]), np.array([0, 1, 2]), most=5).tolist()
    [[0, 2]]
    >>> pairs_in_blocks(np.zeros(3, dtype=int), np.arange(3), most=2).tolist()
    []
    """
    keys, places = _of_small_blocks(keys, places, most)
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for step in range(1, most):  # neighbours in a block, those next but one, …
        same = keys[step:] == keys[:-step]
        if not same.any():
            break
        pairs.append(np.column_stack([places[:-step][same], places[step:][same]]))
    return np.sort(np.concatenate(pairs), axis=1)


def _of_small_blocks(keys, places, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys in order with their places, where 2 to `most` places share the key."""
    _, block, size = np.unique(keys, return_inverse=True, return_counts=True)
    small = ((size > 1) & (size <= most))[block]
    order = np.argsort(keys[small], kind="stable")
    return keys[small][order], places[small][order]
