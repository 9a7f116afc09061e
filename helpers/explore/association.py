"""How strongly columns go together, numbers and categories alike, on one scale from 0 to 1.

The measure is Cramér's V with Bergsma's correction for chance (Bergsma 2013, "A bias-correction
for Cramér's V and Tschuprow's T", J. Korean Stat. Soc. 42:323). Numbers, dates and lengths of text
are put into ten equally full groups, categories into their nine most frequent values and the rest.
Every pair is counted on the rows where both are present, all pairs in one matrix product.

Why not `skrub.column_associations` (0.11): its Cramér's V is not corrected for chance, so columns
of noise look related (500 rows, seven columns: 0.11 to 0.15; here 0.00 to 0.07), it does not say
what goes with gaps, and it takes three times as long (30,000 rows of 19 columns: 1.6 s against
0.6 s).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.bins import equal_groups
from .surveyed_table import Column, Survey

MEASURE = "Cramér's V (bias-corrected; numbers in ten groups)"
GROUPS = 10
GROUPS_IF_WIDE = 5
WIDE = 250  # columns
ROWS_AT_A_TIME = 10_000
FEWEST_ROWS = 20  # of a pair, or its strength is not given
SMALL = 1e-12


@dataclass
class Grouped:
    """A column in groups: a code for each row (-1 where missing), and the groups' names."""

    name: str
    codes: np.ndarray
    labels: list[str]


@dataclass
class Associations:
    """The strength of every pair, and of "is missing" with every column.

    `between` is symmetric, columns by columns; `missing` has a row for each column with gaps.
    NaN where a pair says nothing (a constant, too few rows).
    """

    between: pd.DataFrame
    missing: pd.DataFrame
    levels: dict[str, Grouped]

    def strongest(self, most: int = 12) -> pd.DataFrame:
        """The strongest pairs: columns `a`, `b`, `strength`; the strongest first."""
        values = self.between.to_numpy()
        upper = np.triu(np.nan_to_num(values, nan=0.0), 1)
        places = np.argsort(-upper, axis=None, kind="stable")[:most]
        rows, columns = np.unravel_index(places, upper.shape)
        names = self.between.columns
        found = pd.DataFrame(
            {"a": names[rows], "b": names[columns], "strength": upper[rows, columns]}
        )
        return found[found["strength"] > 0].reset_index(drop=True)

    def with_target(self, target: str) -> pd.Series:
        """Every other column's strength with the target, the strongest first."""
        found = self.between[target].drop(target).dropna()
        return found.sort_values(ascending=False, kind="stable")


def associate(survey: Survey) -> Associations:
    """The associations of a survey's sampled rows.

    >>> from helpers.explore.survey_table import survey
    >>> x = pd.Series(range(100)) % 5
    >>> found = associate(survey(pd.DataFrame({"x": x, "same": x.map(str) + "!", "k": 1})))
    >>> float(found.between.loc["x", "same"].round(2))
    1.0
    """
    most = GROUPS if len(survey.columns) <= WIDE else GROUPS_IF_WIDE
    levels = [group(column, most) for column in survey.columns]
    counts, starts = _counts(levels)
    names = [one.name for one in levels]
    gaps = [i for i, column in enumerate(survey.columns) if column.missing]
    between = pd.DataFrame(_strengths(counts, starts), index=names, columns=names)
    missing = pd.DataFrame(_missing_strengths(counts, starts, gaps),
                           index=[names[i] for i in gaps], columns=names)  # fmt: skip
    return Associations(between, missing, {one.name: one for one in levels})


def group(column: Column, most: int = GROUPS) -> Grouped:
    """A column's sampled values in at most so many groups."""
    kind = column.kind
    if kind == "empty":
        return Grouped(column.name, np.full(len(column.sample), -1), [])
    if kind == "category":
        return _frequent(column, most)
    codes, edges = equal_groups(as_numbers(column), most)
    return Grouped(column.name, codes, _names(column, codes, edges))


def as_numbers(column: Column) -> np.ndarray:
    """Sampled values as numbers, NaN where missing: dates as seconds, text by its length."""
    if column.kind == "text":
        return column.sample.str.len().to_numpy(dtype=float, na_value=np.nan)
    if column.kind == "date":
        values = column.sample.to_numpy(dtype="datetime64[s]").astype(float)
        return np.where(column.sample.isna(), np.nan, values)
    return column.sample.to_numpy(dtype=float)


def edge_text(column: Column, edge: float) -> str:
    """The edge of a group of `as_numbers`, as people write such a value."""
    if column.kind == "date":
        return str(np.datetime64(int(edge), "s").astype("datetime64[D]"))
    return ("no", "yes")[int(edge)] if column.kind == "boolean" else f"{edge:.4g}"


def _names(column: Column, codes: np.ndarray, edges: np.ndarray) -> list[str]:
    count = int(codes.max(initial=-1)) + 1
    edges = [edge_text(column, edge) for edge in edges]
    if len(edges) == count:
        return edges
    if column.kind == "date":
        return [f"from {low}" for low in edges[:-1]][:count]
    return [f"{low} to {high}" for low, high in zip(edges[:-1], edges[1:], strict=True)][:count]


def _frequent(column: Column, most: int) -> Grouped:
    """The most frequent values of a category, and all others as one."""
    kept = column.counts.index[: most if column.distinct <= most else most - 1]
    codes = pd.Index(kept).get_indexer(column.sample.astype(object))
    labels = [str(value) for value in kept]
    if column.distinct > most:
        codes = np.where((codes < 0) & column.sample.notna().to_numpy(), len(kept), codes)
        labels.append("(other)")
    return Grouped(column.name, codes, labels)


def _counts(levels: list[Grouped]) -> tuple[np.ndarray, np.ndarray]:
    """How often each group of one column meets each group of another, missing as a last group.

    Returns the square matrix of counts and where each column's groups begin (and the end).
    """
    sizes = [len(one.labels) + 1 for one in levels]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    places = np.column_stack([
        np.where(one.codes < 0, len(one.labels), one.codes) + start
        for one, start in zip(levels, starts[:-1], strict=True)
    ])  # fmt: skip
    counts = np.zeros((starts[-1], starts[-1]), dtype=np.float32)
    for first in range(0, len(places), ROWS_AT_A_TIME):
        some = places[first : first + ROWS_AT_A_TIME]
        shown = np.zeros((len(some), starts[-1]), dtype=np.float32)
        shown[np.arange(len(some))[:, None], some] = 1
        counts += shown.T @ shown
    return counts, starts


def _strengths(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The corrected V of every pair, from the counts of all their groups but "missing"."""
    kept = counts.copy()
    last = starts[1:] - 1
    kept[last], kept[:, last] = 0, 0
    columns = np.repeat(np.arange(len(last)), np.diff(starts))
    within = np.add.reduceat(kept, starts[:-1], axis=1)  # a group's rows where the other is present
    expected = within[:, columns] * within[:, columns].T
    np.multiply(kept, kept, out=kept)
    np.divide(kept, expected, out=kept, where=expected > 0)
    kept[expected <= 0] = 0
    total = np.add.reduceat(within, starts[:-1], axis=0)
    used = np.add.reduceat((within > 0).astype(np.float32), starts[:-1], axis=0)
    phi = np.add.reduceat(np.add.reduceat(kept, starts[:-1], axis=1), starts[:-1], axis=0) - 1
    return corrected_v(phi.astype(float), total, used, used.T)


def corrected_v(phi, total, rows, columns) -> np.ndarray:
    """Bergsma's corrected Cramér's V from chi-square over n, n, and the sizes of the tables.

    NaN for tables of one row or column, or with fewer than 20 cases.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (rows - 1) * (columns - 1) / (total - 1)  # where columns are independent
        size = [side - (side - 1) ** 2 / (total - 1) for side in (rows, columns)]
        v = np.sqrt(np.maximum(0, phi - expected) / (np.minimum(*size) - 1))
    is_known = (total >= FEWEST_ROWS) & (rows > 1) & (columns > 1)
    return np.where(is_known, np.clip(v, 0, 1), np.nan)


def _missing_strengths(counts: np.ndarray, starts: np.ndarray, gaps: list[int]) -> np.ndarray:
    """The corrected V of "is missing" with each other column's groups ("missing" not among them).

    With its own column, and where the other's groups hold none or all of the gaps: NaN or 0.
    """
    if not gaps:
        return np.empty((0, len(starts) - 1))
    absent = counts[starts[np.array(gaps) + 1] - 1].astype(float)
    every = np.diag(counts).astype(float)[None, :] - absent
    last = starts[1:] - 1
    absent[:, last], every[:, last] = 0, 0
    both = absent + every

    def total(values):
        return np.add.reduceat(values, starts[:-1], axis=1)

    rows, gone = total(both), total(absent)
    columns = np.repeat(np.arange(len(last)), np.diff(starts))
    share = (gone / np.maximum(rows, 1))[:, columns]
    deviation = np.where(both > 0, (absent - both * share) ** 2 / np.maximum(both, 1), 0)
    phi = total(deviation) / np.maximum(rows, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = phi / (gone / rows * (1 - gone / rows))
    sides = np.where((gone > 0) & (gone < rows), 2.0, 1.0)
    found = corrected_v(phi, rows, sides, total((both > 0).astype(float)))
    found[np.arange(len(gaps)), gaps] = np.nan
    return found


def missing_together(survey: Survey) -> pd.DataFrame:
    """The correlation (phi) of "is missing" between columns that have gaps, but not only gaps."""
    gaps = survey.missing.loc[:, survey.missing.any() & ~survey.missing.all()].astype(np.float32)
    if gaps.shape[1] < 2:
        return pd.DataFrame()
    centred = gaps.to_numpy() - gaps.to_numpy().mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    phi = (centred.T @ centred) / np.maximum(np.outer(size, size), SMALL)
    return pd.DataFrame(phi, index=gaps.columns, columns=gaps.columns)
