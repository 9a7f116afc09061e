"""Groups of rows that a column makes: its levels, the quarters of its numbers, its empty cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..cells.kinds import is_counted, is_date

FEWEST_IN_GROUP = 30
MOST_LEVELS = 12


def groups_of(X: pd.DataFrame, columns) -> list[tuple[str, np.ndarray]]:
    """The groups of at least 30 rows, but not all, that some columns make: a name and a mask each.

    >>> [name for name, _ in groups_of(pd.DataFrame({"city": ["Rome", "Oslo"] * 40}), ["city"])]
    ['city = Rome', 'city = Oslo']
    """
    every = [group for name in columns if name in X for group in _groups_of_column(X[name])]
    return [(name, mask) for name, mask in every if FEWEST_IN_GROUP <= mask.sum() < len(X)]


def _groups_of_column(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """Groups of a column's rows, as a name and a mask each."""
    empty = column.isna().to_numpy()
    found = [(f"{column.name} is empty", empty)] if empty.any() else []
    if is_date(column):
        return found
    if is_counted(column) and column.nunique() > MOST_LEVELS:
        return found + _quarters(column)
    return found + _levels(column)


def _levels(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """The most frequent levels of a column."""
    text = column.astype("str")
    levels = text.value_counts().head(MOST_LEVELS).index
    return [(f"{column.name} = {one}", (text == one).fillna(False).to_numpy()) for one in levels]


def _quarters(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """The four groups between the quartiles of a column of numbers; fewer where they are equal."""
    numbers, found = column.astype("float64"), []
    edges = np.unique(numbers.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy())
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        first, last = low == edges[0], high == edges[-1]
        inside = ((numbers >= low) if first else (numbers > low)) & (numbers <= high)
        where = f"above {low:.4g}" if last else f"from {low:.4g} to {high:.4g}"
        where = f"up to {high:.4g}" if first else where
        found.append((f"{column.name} {where}", inside.to_numpy()))
    return found
