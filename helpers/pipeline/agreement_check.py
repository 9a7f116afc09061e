"""Agreement check."""

from __future__ import annotations

import numpy as np
import pandas as pd

TOLERANCE = 1e-9


def perturbed(rows: pd.DataFrame, seed: int = 42) -> pd.DataFrame:
    """The rows, in each of which one cell is taken from another row, or away."""
    random = np.random.default_rng(seed)
    table = rows.astype(object).reset_index(drop=True)
    column = random.integers(0, table.shape[1], len(table))
    other = random.integers(0, len(table), len(table))
    values = table.to_numpy(dtype=object, copy=True)
    taken = values[other, column]
    gone = random.random(len(table)) < 0.4
    values[np.arange(len(table)), column] = np.where(gone, None, taken)
    return pd.DataFrame(values, columns=table.columns, dtype=object)
