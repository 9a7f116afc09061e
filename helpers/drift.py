"""Drift: how far later rows lie from the rows a model was fitted on, column by column.

The size of a difference is the population stability index (PSI) over ten bins or over the levels;
whether it could be chance is tested (Kolmogorov-Smirnov, chi-square) with a correction for many
columns. A column drifts when its difference is both large and surely not chance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

BINS = 10
MOST_LEVELS = 50
PSI_LARGE = 0.2  # Siddiqi (2006), "Credit Risk Scorecards": above 0.25 large, above 0.1 moderate
LEVEL = 0.01  # chance of calling any column of a sound table drifted, before the size counts
MISSING, OTHER = "(missing)", "(other)"


def psi(expected: np.ndarray, found: np.ndarray) -> float:
    """The population stability index of two lists of shares over the same bins.

    Empty bins count as 0.0001.

    >>> psi(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    expected, found = (np.clip(np.asarray(s, float), 1e-4, None) for s in (expected, found))
    return float(((found - expected) * np.log(found / expected)).sum())


def as_values(column: pd.Series) -> pd.Series:
    """A column as drift sees it: numbers as floats, all else as text. Dates become day numbers."""
    types = pd.api.types
    if types.is_datetime64_any_dtype(column.dtype):
        days = (column - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return days.astype(float)
    if types.is_bool_dtype(column.dtype):
        return column.astype("str")
    if types.is_numeric_dtype(column.dtype):
        return column.astype(float)
    return column.astype("str")


def reference_of(frame: pd.DataFrame) -> dict:
    """Statistics to compare later rows with: bin edges or levels, and the share of rows in each."""
    return {str(name): _reference_column(as_values(frame[name])) for name in frame.columns}


def _reference_column(values: pd.Series) -> dict:
    if values.dtype == float:
        edges = _edges(values)
        return {
            "kind": "number",
            "edges": edges.tolist(),
            "shares": _shares(values, edges).tolist(),
        }
    counts = values.fillna(MISSING).value_counts(normalize=True)
    kept = counts.head(MOST_LEVELS)
    levels = kept.to_dict() | {OTHER: float(counts.iloc[MOST_LEVELS:].sum())}
    return {"kind": "category", "levels": {str(k): float(v) for k, v in levels.items()}}


def _edges(values: pd.Series) -> np.ndarray:
    """The edges of ten equal groups; a value that fills several of them gets a bin of its own."""
    present = values.dropna()
    if present.empty:
        return np.array([])
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1]))
    if len(edges) < BINS - 1:
        edges = np.unique(np.concatenate([edges, np.nextafter(edges, np.inf)]))
    return edges


def _shares(values: pd.Series, edges: np.ndarray) -> np.ndarray:
    """The share of rows in each bin, missing ones in a bin of their own at the end."""
    bins = np.searchsorted(edges, values.dropna().to_numpy(), side="right")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    return np.append(counts, values.isna().sum()) / max(len(values), 1)


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """A row per column: PSI, the chance of such a difference by itself, missing, and the verdict.

    `before` and `after` are cleaned rows with the same columns. Sorted by PSI, largest first.
    """
    rows = {str(name): _compare_column(before[name], after[name]) for name in before.columns}
    table = pd.DataFrame(rows).T.rename_axis("column")
    table = table.astype({"psi": float, "p_value": float})
    table["drifts"] = (table["psi"] > PSI_LARGE) & (table["p_value"] < LEVEL / max(len(table), 1))
    return table.sort_values("psi", ascending=False, kind="stable")


def _compare_column(before: pd.Series, after: pd.Series) -> dict:
    old, new = as_values(before), as_values(after)
    missing = {
        "missing before": float(old.isna().mean()),
        "missing after": float(new.isna().mean()),
    }
    reference = _reference_column(old)
    if reference["kind"] == "number":
        edges = np.array(reference["edges"])
        size = psi(np.array(reference["shares"]), _shares(new, edges))
        known = old.dropna(), new.dropna()
        chance = stats.ks_2samp(*known).pvalue if all(len(k) for k in known) else 1.0
        if (missing["missing before"] > 0) != (missing["missing after"] > 0) or size > PSI_LARGE:
            chance = min(chance, _chance_of_counts(old.isna(), new.isna()))
    else:
        levels = list(reference["levels"])
        old_in, new_in = (_levels_of(values, levels) for values in (old, new))
        shares = [
            v.value_counts(normalize=True).reindex(levels, fill_value=0) for v in (old_in, new_in)
        ]
        size, chance = psi(*shares), _chance_of_counts(old_in, new_in)
    return {"psi": size, "p_value": float(chance)} | missing


def _levels_of(values: pd.Series, levels: list[str]) -> pd.Series:
    filled = values.fillna(MISSING)
    return filled.where(filled.isin(levels), OTHER)


def _chance_of_counts(old: pd.Series, new: pd.Series) -> float:
    """The p-value of a chi-square test that two columns hold their levels in equal shares."""
    counts = pd.DataFrame({"old": old.value_counts(), "new": new.value_counts()}).fillna(0)
    counts = counts[counts.sum(axis=1) >= 10]
    if len(counts) < 2 or (counts.sum() == 0).any():
        return 1.0
    return float(stats.chi2_contingency(counts.to_numpy())[1])


def shown(table: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The strongest rows as they are shown: two decimals, yes or no."""
    top = table.head(most)
    return pd.DataFrame(
        {
            "PSI": top["psi"].map("{:.2f}".format),
            "missing before": top["missing before"].map("{:.1%}".format),
            "missing after": top["missing after"].map("{:.1%}".format),
            "drifts": top["drifts"].map({True: "yes", False: "no"}),
        }
    )


def read(table: pd.DataFrame) -> str:
    """A sentence that reads the table."""
    drifting = table.index[table["drifts"]].tolist()
    if not drifting:
        return f"**No column drifts**: none of {len(table)} has a PSI above {PSI_LARGE}."
    names = ", ".join(drifting[:4]) + (" …" if len(drifting) > 4 else "")
    return f"**{len(drifting)} of {len(table)} columns drift** (PSI above {PSI_LARGE}): {names}."
