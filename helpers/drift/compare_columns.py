"""Drift column by column: how far later rows lie from the rows a model was fitted on.

Two questions are separate. Is the change *significant*? A test answers that (Kolmogorov-Smirnov
for numbers and dates, chi-square for categories, Fisher's for empty cells), corrected for the
number of columns. Is it large enough to matter? The population stability index (PSI) answers that:
a column *drifts* where its change is significant and its index is large beyond the expected one.

Rows of a unit (a customer, a day) are not independent: the tests take the effective number of rows,
and where a side has fewer than twenty units nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.bins import quantile_places
from ..base.user_errors import InputError
from ..learning.unit_tests import (
    FEWEST_UNITS,
    NO_EFFECT,
    Dependence,
    DesignEffect,
    design_effect,
    holm,
)
from .alert_thresholds import DEFAULT, Thresholds
from .column_tallies import LevelCounts, NumberCounts, Tally, sum_of, tally_of, tally_partition
from .comparable_columns import alike, shared_columns
from .drift_measures import expected_psi, jensen_shannon, psi
from .significance import chi_square, fisher, kolmogorov_smirnov

BINS = 10
MOST_LEVELS = 50
FEWEST_EXPECTED = 5  # rows of a level in the smaller sample (Cochran 1954); rarer are pooled
FEWEST_RARE = 30  # rows with rare levels on either side, before they are tested one by one
PSI_LARGE = DEFAULT.psi_large
FISHER = "Fisher"
MEASURES = {"psi": float, "expected psi": float, "distance": float, "test": object,
            "p_value": float, "missing before": float, "missing after": float,
            "why": object, "units": float}  # fmt: skip
TOO_FEW = "too few units"


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


def compare(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT, *,
    unit_before: np.ndarray | None = None, unit_after: np.ndarray | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row per column that both have: the size of its drift, its p-value, and the test.

    `before` and `after` are cleaned rows; `unit_before` and `unit_after` say of which unit each of
    them is (None: each is by itself). Columns of the table: `psi`, `expected psi` (its mean when
    nothing has changed), `distance` (Jensen-Shannon, 0 to 1), `test` and `why` it was chosen,
    `p_value` of the column by itself, `adjusted` (Holm, for all columns), `missing before` and
    `missing after` (shares), `significant`, `drifts` (significant and large), `units` (the
    effective number on the side that has fewer; missing where each row is by itself). Sorted by
    PSI, largest first. Raises InputError where one side has no rows, or no column is in both.

    >>> rows = pd.DataFrame({"age": np.arange(200.0) % 50})
    >>> compare(rows, rows + 30)[["significant", "drifts"]].loc["age"].tolist()
    [True, True]
    """
    if not len(before):
        raise InputError("There are no earlier rows to compare: drift needs some of both.")
    shared = shared_columns(before.columns, after)
    units, sides = (unit_before, unit_after), {}
    for name in shared:
        both = alike(before[name], after[name])
        sides[name] = tuple(tally_of(*side) for side in zip(both, units, strict=True))
    return compare_tallies(sides, thresholds)


def compare_tallies(
    sides: dict[str, tuple[Tally, Tally]], thresholds: Thresholds = DEFAULT
) -> pd.DataFrame:
    """The same table from counted columns: each name with its earlier and its later tally."""
    rows = {str(name): _compare_column(*both) for name, both in sides.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(MEASURES))
    table = table.rename_axis("column").astype(MEASURES)
    table.insert(5, "adjusted", holm(table["p_value"]))
    table["significant"] = table["adjusted"] < thresholds.level
    beyond = table["psi"] - table["expected psi"]
    table["drifts"] = table["significant"] & (beyond > thresholds.psi_large)
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
    def of(cls, known: Tally, part: pd.Series, unit: np.ndarray | None = None) -> LaterTally:
        """A part of the later column; `unit` is of use where it is the whole."""
        few = BINS if _are_few(known) else 0
        return cls(known, *tally_partition(part, known, few, unit))

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


def _compare_column(old: Tally, new: Tally) -> dict:
    """The measures of one column; its empty cells are a bin of their own."""
    units = _Units.of(old, new)
    found = _compare_values(old, new, units)
    shares = [np.append(counts, side.gaps) / len(side)
              for counts, side in zip(found.counts, (old, new), strict=True)]  # fmt: skip
    filled_bins = int(((shares[0] + shares[1]) > 0).sum())
    effective = [len(side) / units.values.mean for side in (old, new)]
    tests = [*found.tests, *_test_of_gaps(old, new, units.gaps)]
    return {
        "psi": psi(*shares),
        "expected psi": expected_psi(filled_bins, *effective),
        "distance": jensen_shannon(*shares),
        "missing before": old.gaps / len(old),
        "missing after": new.gaps / len(new),
        "units": units.fewest,
        **(_untold(units.fewest) if units.too_few else _most_significant(tests)),
    }


@dataclass(frozen=True)
class _Units:
    """What the units of both sides do to the tests of a column.

    `values` and `gaps` are the design effects of what it holds and of its empty cells, `alike` that
    of rows that are all the same within a unit; `fewest` is the number of units on a side.
    """

    values: DesignEffect = NO_EFFECT
    gaps: DesignEffect = NO_EFFECT
    alike: DesignEffect = NO_EFFECT
    fewest: float = np.nan
    too_few: bool = False

    @classmethod
    def of(cls, old: Tally, new: Tally) -> _Units:
        """A side whose units are not known is taken to have units like those of the other."""
        if old.within is None and new.within is None:
            return cls()
        was = old.within or new.within.for_rows(old.known, len(old))
        now = new.within or old.within.for_rows(new.known, len(new))
        sides = [one for one in (was.gaps, now.gaps) if one.sizes[1] > one.sizes[0]]
        return cls(
            design_effect(was.values, now.values), design_effect(was.gaps, now.gaps),
            design_effect(*(_all_alike(one.values) for one in (was, now))),
            min((one.units for one in sides), default=np.nan), any(one.too_few for one in sides),
        )  # fmt: skip


def _all_alike(one: Dependence) -> Dependence:
    return replace(one, icc=1.0, icc_squared=1.0)


def _untold(units: float) -> dict:
    why = f"a side has {units:.0f} units, and {FEWEST_UNITS} are needed to tell"
    return {"test": TOO_FEW, "p_value": 1.0, "why": why}


def _compare_values(old: Tally, new: Tally, units: _Units) -> _Compared:
    if isinstance(old, NumberCounts):
        return _compare_numbers(old, new, units)
    return _compare_levels(*_level_counts(old, new), units)


def _test_of_gaps(old: Tally, new: Tally, design: DesignEffect) -> list[tuple[str, float, str]]:
    if not 0 < old.gaps + new.gaps < len(old) + len(new):
        return []
    p_value = fisher(old.gaps, len(old), new.gaps, len(new), design)
    return [(FISHER, p_value, "its share of empty cells is compared")]


def _most_significant(tests: list[tuple[str, float, str]]) -> dict:
    """The test with the smallest p-value, corrected for the number of tests (Bonferroni)."""
    if not tests:
        why = "there is no value to compare, or one value only"
        return {"test": "not applicable", "p_value": 1.0, "why": why}
    test, p_value, why = min(tests, key=lambda made: made[1])
    return {"test": test, "p_value": min(1.0, p_value * len(tests)), "why": why}


@dataclass(frozen=True)
class _Compared:
    """Counts of both sides over the same bins, and the tests that were made: name, p-value, why."""

    counts: tuple[np.ndarray, np.ndarray]
    tests: list[tuple[str, float, str]]


def _compare_numbers(old: NumberCounts, new: NumberCounts, units: _Units) -> _Compared:
    values = np.union1d(old.values, new.values)
    if len(values) <= BINS:
        counts = [_counts(side, values[1:]) for side in (old, new)]
        return _compare_levels(*counts, units, "few different numbers: their shares are compared")
    edges, tests = _edges(old), []
    if old.known and new.known:
        why = "many different numbers: whole distributions are compared"
        tests = [("Kolmogorov-Smirnov", kolmogorov_smirnov(old, new, units.values), why)]
    return _Compared((_counts(old, edges), _counts(new, edges)), tests)


def _level_counts(old: LevelCounts, new: LevelCounts) -> tuple[np.ndarray, np.ndarray]:
    """How many rows each level has before and after; levels of both, in one order."""
    both = old.counts.index.append(new.counts.index.difference(old.counts.index, sort=False))
    return tuple(side.counts.reindex(both, fill_value=0).to_numpy() for side in (old, new))


def _compare_levels(
    old, new, units: _Units, why: str = "shares of levels are compared"
) -> _Compared:
    """Frequent levels one by one, rare ones pooled, and then the rare ones among themselves."""
    if min(old.sum(), new.sum()) == 0:
        return _Compared((np.array([old.sum()]), np.array([new.sum()])), [])
    frequent, rare = _by_frequency(old, new, units.values)
    pooled = [np.append(side[frequent], side[rare].sum()) for side in (old, new)]
    vary = np.count_nonzero(pooled[0] + pooled[1]) > 1
    tests = [("chi-square", chi_square(*pooled, units.values), why)] if vary else []
    if len(rare) > 1 and min(side[rare].sum() for side in (old, new)) >= FEWEST_RARE:
        says = "many rare levels: their rows are compared level by level"
        p_value = chi_square(old[rare], new[rare], units.alike)
        tests.append(("chi-square of rare levels", p_value, says))
    return _Compared(tuple(pooled), tests)


def _by_frequency(
    old: np.ndarray, new: np.ndarray, design: DesignEffect
) -> tuple[np.ndarray, np.ndarray]:
    """The places of the frequent levels and of the rare ones, by the effective number of rows.

    Both samples together decide which are rare, so that neither is favoured.
    """
    both = old + new
    order = np.argsort(-both, kind="stable")
    in_smaller = both[order] * min(old.sum(), new.sum()) / both.sum()
    frequent = order[in_smaller >= FEWEST_EXPECTED * design.square**0.5][:MOST_LEVELS]
    return frequent, np.setdiff1d(order, frequent)
