"""Groups of columns that say nearly the same, so that they can be judged together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.ranks import ranks
from ..base.spacing import evenly_spaced
from ..cells.kinds import Kind, kind_of

CORRELATED = 0.8  # of ranks, or Cramér's V: half of one column's variance is in the other
MOST_ROWS = 5_000
MOST_LEVELS = 50  # of a category; the rarer ones count as one
GROUPS = 10  # of numbers, beside a category


def groups_of_correlated(X: pd.DataFrame, at_least: float = CORRELATED) -> list[list[str]]:
    """The columns in groups: every two of a group go together at least so strongly.

    Two numbers (dates, flags) go together by the correlation of their ranks (Spearman), all else by
    Cramér's V with the correction of Bergsma (2013). Groups are made from the strongest pair on, by
    complete linkage, and are in the order of the table, as are their columns; most hold one column.

    >>> rows = pd.DataFrame({"a": range(50), "b": np.arange(50.0) ** 3, "c": [1, 2] * 25})
    >>> groups_of_correlated(rows)
    [['a', 'b'], ['c']]
    """
    names = list(X.columns)
    if len(names) < 2:
        return [[name] for name in names]
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - strengths(X).to_numpy()
    tree = linkage(squareform(apart, checks=False), "complete")
    label = fcluster(tree, 1 - at_least + 1e-9, "distance")
    groups: dict[int, list[str]] = {}
    for name, group in zip(names, label, strict=True):
        groups.setdefault(int(group), []).append(name)
    return list(groups.values())


def strengths(X: pd.DataFrame) -> pd.DataFrame:
    """How strongly every two columns go together, from 0 to 1."""
    rows = X.iloc[evenly_spaced(len(X), MOST_ROWS)]
    numbers = {name: one for name in rows if (one := _as_numbers(rows[name])) is not None}
    groups = {name: _as_groups(rows[name], numbers.get(name)) for name in rows}
    found = np.eye(len(X.columns))
    for i, a in enumerate(X.columns):
        for j, b in enumerate(X.columns[:i]):
            both = a in numbers and b in numbers
            value = _of_ranks(numbers[a], numbers[b]) if both else _cramer(groups[a], groups[b])
            found[i, j] = found[j, i] = value
    return pd.DataFrame(found, index=X.columns, columns=X.columns)


def _as_numbers(column: pd.Series) -> np.ndarray | None:
    """Numbers, flags and dates as floats, NaN where missing; None for text."""
    kind = kind_of(column)
    if kind == Kind.DATE:
        days = column.dt.tz_convert(None) if getattr(column.dtype, "tz", None) else column
        return ((days - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)).to_numpy(float)
    if kind == Kind.DURATION:
        return column.dt.total_seconds().to_numpy(float)
    if kind in (Kind.NUMBER, Kind.BOOLEAN):
        return column.astype("Float64").to_numpy(float, na_value=np.nan)
    return None


def _frequent_levels(codes: np.ndarray) -> np.ndarray:
    """The levels by how frequent they are, all rare ones as one."""
    counts = np.bincount(codes[codes >= 0])
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    return np.where(codes < 0, -1, np.minimum(rank, MOST_LEVELS)[codes]) if len(rank) else codes


def _as_groups(column: pd.Series, numbers: np.ndarray | None) -> np.ndarray:
    """A code for each row, -1 where missing: frequent levels, or equally full groups of numbers."""
    if numbers is None:
        return _frequent_levels(pd.factorize(column.astype("str"))[0])
    known = ~np.isnan(numbers)
    codes = np.full(len(numbers), -1)
    if known.any():
        edges = np.unique(np.nanquantile(numbers, np.arange(1, GROUPS) / GROUPS))
        codes[known] = np.searchsorted(edges, numbers[known], "left")
    return codes


def _of_ranks(a: np.ndarray, b: np.ndarray) -> float:
    """The absolute correlation of ranks on the rows that have both; 0 where one does not vary."""
    known = ~(np.isnan(a) | np.isnan(b))
    if known.sum() < 3:
        return 0.0
    one, other = ranks(a[known]), ranks(b[known])
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))


def _cramer(a: np.ndarray, b: np.ndarray) -> float:
    """Cramér's V, corrected for chance (Bergsma 2013), on the rows that have both."""
    known = (a >= 0) & (b >= 0)
    if known.sum() < 3:
        return 0.0
    table = pd.crosstab(a[known], b[known]).to_numpy(float)
    total, (r, c) = table.sum(), table.shape
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi = ((table - expected) ** 2 / expected).sum() / total - (r - 1) * (c - 1) / (total - 1)
    smaller = min(side - (side - 1) ** 2 / (total - 1) for side in (r, c)) - 1
    return float(min(np.sqrt(max(phi, 0) / smaller), 1.0)) if smaller > 0 else 0.0
