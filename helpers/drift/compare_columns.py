"""Drift: how far later rows lie from the rows a model was fitted on, by column and jointly.

Two questions are separate. Is it significant? A test says so (Kolmogorov-Smirnov for numbers
and dates, chi-square for categories, Fisher's for empty cells), corrected for the many columns: a
column *moves*. Is it enough to matter? The population stability index (PSI) says so: a column that
moves, and whose index is large beyond what chance gives, *drifts*. A classifier that tries to tell
old rows from new ones finds what no column shows by itself (`domain`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.bins import quantile_places
from ..base.user_errors import InputError
from .alert_thresholds import DEFAULT, Thresholds
from .column_tallies import LevelCounts, NumberCounts, Tally, sum_of, tally_of, tally_partition
from .comparable_columns import alike
from .drift_measures import expected_psi, jensen_shannon, psi
from .significance import chi_square, fisher, holm, kolmogorov_smirnov

BINS = 10
MOST_LEVELS = 50
FEWEST_EXPECTED = 5  # rows of a level in the smaller sample (Cochran 1954); rarer are pooled
FEWEST_RARE = 30  # rows with rare levels on either side, before they are tested one by one
PSI_LARGE = DEFAULT.psi_large
FISHER = "Fisher"

# --- Bins ----------------------------------------------------------------------------------------


def _edges(numbers: NumberCounts) -> np.ndarray:
    """The edges of ten equal groups of numbers; a value that fills several has its own."""
    if not numbers.known:
        return numbers.values
    edges = np.unique(numbers.at(quantile_places(numbers.known, BINS)))
    if len(edges) < BINS - 1:
        edges = np.unique(np.concatenate([edges, np.nextafter(edges, np.inf)]))
    return edges


def _counts(numbers: NumberCounts, edges: np.ndarray) -> np.ndarray:
    """How many of the numbers lie in each bin; a number on an edge is in the upper one."""
    return np.diff(np.concatenate([[0], numbers.below(edges), [numbers.known]]))


# --- Column by column ---------------------------------------------------------------------------


def compare(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT
) -> pd.DataFrame:
    """A row per column that both have: the size of its drift, its p-value, and the test.

    `before` and `after` are cleaned rows. Columns of the table: `psi`, `by chance` (the index to
    expect when nothing has changed), `distance` (Jensen-Shannon), `test` and `why` it was chosen,
    `p_value` of the column by itself, `adjusted` (Holm, for all columns), `missing before`,
    `missing after`, `moves` (more than chance), `drifts` (and enough to matter). Sorted by PSI,
    largest first. Raises InputError where one side has no rows, or no column is in both.
    """
    for name, frame in (("earlier", before), ("later", after)):
        if not len(frame):
            raise InputError(f"There are no {name} rows to compare: drift needs some of both.")
    shared = [name for name in before.columns if name in after.columns]
    if len(before.columns) and not shared:
        raise InputError(
            f"The later rows have none of the {len(before.columns)} columns to compare, such as "
            f"'{before.columns[0]}': are they of another table?"
        )
    sides = {name: alike(before[name], after[name]) for name in shared}
    return compare_tallies({n: tuple(map(tally_of, both)) for n, both in sides.items()}, thresholds)


def compare_tallies(
    sides: dict[str, tuple[Tally, Tally]], thresholds: Thresholds = DEFAULT
) -> pd.DataFrame:
    """The same of columns whose earlier and later values have been counted (`helpers.drift.column_tallies`)."""
    rows = {str(name): _compare_column(*both) for name, both in sides.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(MEASURES))
    table = table.rename_axis("column").astype(MEASURES)
    table.insert(5, "adjusted", holm(table["p_value"]))
    table["moves"] = table["adjusted"] < thresholds.level
    beyond = table["psi"] - table["by chance"]
    table["drifts"] = table["moves"] & (beyond > thresholds.psi_large)
    return table.sort_values("psi", ascending=False, kind="stable")


@dataclass(frozen=True)
class LaterTally:
    """What has been counted of a later column, compared with the tally of the training rows.

    `exact` has every number by itself while there are no more than could be compared as levels.
    """

    known: Tally
    found: Tally | None = None
    exact: Tally | None = None

    @classmethod
    def of(cls, known: Tally, part: pd.Series) -> LaterTally:
        """A part of the later column."""
        few = BINS if _are_few(known) else 0
        return cls(known, *tally_partition(part, known, few))

    def __add__(self, other: LaterTally) -> LaterTally:
        """Two parts together."""
        if self.found is None or other.found is None:
            return other if self.found is None else self
        exact = None
        if self.exact is not None and other.exact is not None:
            exact = sum_of(self.exact, other.exact)
            exact = exact if len(exact.values) <= BINS else None
        return LaterTally(self.known, sum_of(self.found, other.found), exact)

    @property
    def tally(self) -> Tally:
        """The tally of all parts."""
        if self.found is None:
            raise InputError("There are no later rows to compare: drift needs some of both.")
        return self.found if self.exact is None else self.exact


def _are_few(known: Tally) -> bool:
    """Whether numbers are few enough to be compared as levels, if the later ones are, too."""
    return isinstance(known, LevelCounts) or len(known.values) <= BINS


MEASURES = {"psi": float, "by chance": float, "distance": float, "test": object, "p_value": float,
            "missing before": float, "missing after": float, "why": object}  # fmt: skip


def _compare_column(old: Tally, new: Tally) -> dict:
    gaps = [side.gaps for side in (old, new)]
    if isinstance(old, NumberCounts):
        found = _compare_numbers(old, new)
    else:
        found = _compare_levels(*_level_counts(old, new))
    counts = [np.append(c, gap) for c, gap in zip(found.counts, gaps, strict=True)]
    shares = [side / side.sum() for side in counts]
    tests = [*found.tests]
    if 0 < sum(gaps) < len(old) + len(new):
        chance = fisher(gaps[0], len(old), gaps[1], len(new))
        tests.append((FISHER, chance, "its share of empty cells is compared"))
    test, chance, why = _most_significant(tests)
    return {
        "psi": psi(*shares),
        "by chance": expected_psi(int(((shares[0] + shares[1]) > 0).sum()), len(old), len(new)),
        "distance": jensen_shannon(*shares),
        "test": test,
        "p_value": chance,
        "missing before": gaps[0] / len(old),
        "missing after": gaps[1] / len(new),
        "why": why,
    }


def _most_significant(tests: list[tuple]) -> tuple[str, float, str]:
    """The test with the smallest p-value, corrected for the number of tests (Bonferroni)."""
    if not tests:
        return "not applicable", 1.0, "there is no value to compare, or one value only"
    test, chance, why = min(tests, key=lambda made: made[1])
    return test, min(1.0, chance * len(tests)), why


@dataclass(frozen=True)
class _Compared:
    """Counts of both sides over the same bins, and the tests that were made: name, chance, why."""

    counts: tuple[np.ndarray, np.ndarray]
    tests: list[tuple[str, float, str]]


def _compare_numbers(old: NumberCounts, new: NumberCounts) -> _Compared:
    values = np.union1d(old.values, new.values)
    if len(values) <= BINS:
        counts = [_counts(side, values[1:]) for side in (old, new)]
        return _compare_levels(*counts, "few different numbers: their shares are compared")
    edges = _edges(old)
    tests = []
    if old.known and new.known:
        why = "many different numbers: whole distributions are compared"
        tests = [("Kolmogorov-Smirnov", kolmogorov_smirnov(old, new), why)]
    return _Compared((_counts(old, edges), _counts(new, edges)), tests)


def _level_counts(old: LevelCounts, new: LevelCounts) -> tuple[np.ndarray, np.ndarray]:
    """How many rows each level has before and after; levels of both, in one order."""
    both = old.counts.index.append(new.counts.index.difference(old.counts.index, sort=False))
    return tuple(side.counts.reindex(both, fill_value=0).to_numpy() for side in (old, new))


def _compare_levels(old, new, why: str = "shares of levels are compared") -> _Compared:
    """Frequent levels one by one, rare ones taken together, and then among themselves.

    Which are rare is decided by both samples together, so that it favours neither.
    """
    both = old + new
    rows, fewest = both.sum(), min(old.sum(), new.sum())
    if fewest == 0:
        return _Compared((np.array([old.sum()]), np.array([new.sum()])), [])
    order = np.argsort(-both, kind="stable")
    frequent = order[both[order] * fewest >= FEWEST_EXPECTED * rows][:MOST_LEVELS]
    rare = np.setdiff1d(order, frequent)
    pooled = [np.append(side[frequent], side[rare].sum()) for side in (old, new)]
    tests = []
    if np.count_nonzero(pooled[0] + pooled[1]) > 1:
        tests.append(("chi-square", chi_square(*pooled), why))
    if len(rare) > 1 and min(side[rare].sum() for side in (old, new)) >= FEWEST_RARE:
        says = "many rare levels: their rows are compared level by level"
        tests.append(("chi-square of rare levels", chi_square(old[rare], new[rare]), says))
    return _Compared(tuple(pooled), tests)
