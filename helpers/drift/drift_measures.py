"""Measures of how far two lists of shares over the same bins lie apart: PSI and Jensen-Shannon."""

from __future__ import annotations

import numpy as np


def psi(expected: np.ndarray, found: np.ndarray) -> float:
    """The population stability index of two lists of shares over the same bins.

    The sum of (found - expected) * ln(found / expected), from 0 up (Siddiqi 2006, "Credit Risk
    Scorecards"); the symmetric divergence of Kullback and Leibler (1951). Empty bins count as
    0.0001.

    >>> round(psi(np.array([0.5, 0.5]), np.array([0.4, 0.6])), 3)
    0.041
    """
    expected, found = (np.clip(np.asarray(s, float), 1e-4, None) for s in (expected, found))
    return float(((found - expected) * np.log(found / expected)).sum())


def expected_psi(bins: int, before: int, after: int) -> float:
    """The mean index of two samples of these sizes from the same distribution.

    It is then about (1 / before + 1 / after) times a chi-square variable with bins - 1 degrees of
    freedom (Yurdakul and Naranjo 2020, "Statistical properties of the population stability index").

    >>> round(expected_psi(10, 500, 500), 3)
    0.036
    """
    return max(bins - 1, 0) * (1 / before + 1 / after)


def jensen_shannon(expected: np.ndarray, found: np.ndarray) -> float:
    """The Jensen-Shannon distance of two lists of shares: 0 alike, 1 nothing in common.

    The square root of the divergence in bits (Lin 1991; Endres and Schindelin 2003).

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    middle = (expected + found) / 2
    bits = 0.0
    for shares in (expected, found):
        some = shares > 0
        bits += (shares[some] * np.log2(shares[some] / middle[some])).sum() / 2
    return float(np.sqrt(np.clip(bits, 0, 1)))
