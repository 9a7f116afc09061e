"""Near-duplicate records (stub)."""

import numpy as np


def link(frame):
    """Stub."""
    return np.arange(len(frame))
