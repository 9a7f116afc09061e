"""The interval of a share of independent rows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri


def normal_quantile(level: float) -> float:
    """How many standard errors a normal interval has on either side."""
    return float(ndtri((1 + level) / 2))


def wilson(share: float, rows: float, quantile: float) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share of some rows; it stays within 0 and 1.

    >>> [round(end, 3) for end in wilson(0.9, 50, 1.96)]
    [0.786, 0.957]
    """
    extra = quantile**2 / rows
    centre = (share + extra / 2) / (1 + extra)
    half = quantile / (1 + extra) * np.sqrt(share * (1 - share) / rows + extra / (4 * rows))
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)
