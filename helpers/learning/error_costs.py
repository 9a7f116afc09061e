"""What the answer of each row costs, given the costs of a false positive and a false negative."""

from __future__ import annotations

import numpy as np


def row_costs(yes: np.ndarray, predicted: np.ndarray, costs: tuple[float, float]) -> np.ndarray:
    """The cost of each row's answer; `costs` are those of a false positive and a false negative.

    >>> row_costs(np.array([True, False, True]), np.array([False, True, True]), (1, 5)).tolist()
    [5, 1, 0]
    """
    return costs[0] * (predicted & ~yes) + costs[1] * (~predicted & yes)
