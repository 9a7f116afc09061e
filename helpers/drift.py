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

from .alerts import DEFAULT, Thresholds, by_size, finding, ranked
from .base.bins import quantile_places
from .base.user_errors import InputError
from .comparable import alike
from .domain import Domain
from .significance import chi_square, fisher, holm, kolmogorov_smirnov
from .tallies import LevelCounts, NumberCounts, Tally, sum_of, tally_of, tally_partition

BINS = 10
MOST_LEVELS = 50
FEWEST_EXPECTED = 5  # rows of a level in the smaller sample (Cochran 1954); rarer are pooled
FEWEST_RARE = 30  # rows with rare levels on either side, before they are tested one by one
PSI_LARGE = DEFAULT.psi_large
FISHER = "Fisher"


# --- Sizes --------------------------------------------------------------------------------------


def psi(expected: np.ndarray, found: np.ndarray) -> float:
    """The population stability index of two lists of shares over the same bins.

    Empty bins count as 0.0001.

    >>> psi(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
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
    """The same of columns whose earlier and later values have been counted (`helpers.tallies`)."""
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


# --- Alerts -------------------------------------------------------------------------------------


def drift_findings(
    columns: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    joint: Domain | None = None,
    quality: list[dict] | None = None,
    thresholds: Thresholds = DEFAULT,
) -> list[dict]:
    """All significant changes, as findings, the most severe first (see `helpers.alerts`).

    `columns` and `predictions` come from `compare`, `joint` from `domain`, `quality` from
    `helpers.quality.compare`; what that has said of empty cells is not said again.
    """
    found = [*(quality or [])]
    told = {n: f["severity"] for f in found if f["code"] == "nulls_up" for n in f["columns"]}
    if predictions is not None:
        found += _significant_drifts(
            predictions, "prediction_drift", "The predictions have drifted", thresholds
        )
    for one in _significant_drifts(columns, "drift", "The column {name} has drifted", thresholds):
        severity = told.get(one["columns"][0]) if one["evidence"]["test"] == FISHER else None
        if severity is None or ranked([{"severity": severity}, one])[0] is one:
            found.append(one)
    if joint is not None and joint.moves:
        found.append(_joint_finding(joint, columns, thresholds))
    return ranked(found)


def _significant_drifts(
    table: pd.DataFrame, code: str, says: str, thresholds: Thresholds
) -> list[dict]:
    found = []
    for name, row in table[table["moves"]].iterrows():
        beyond = row["psi"] - row["by chance"]
        severity = by_size(beyond, thresholds.psi_moderate, thresholds.psi_large)
        message = f"{says.format(name=name)} (PSI {row['psi']:.2f}, {row['test']}{_gaps(row)})."
        evidence = {"psi": round(row["psi"], 4), "by chance": round(row["by chance"], 4),
                    "distance": round(row["distance"], 4), "p_value": row["p_value"],
                    "adjusted": row["adjusted"], "test": row["test"]}  # fmt: skip
        found.append(finding(code, severity, [name], message, evidence))
    return found


def _gaps(row: pd.Series) -> str:
    if row["test"] != FISHER:
        return ""
    return f": {row['missing before']:.1%} empty before, {row['missing after']:.1%} now"


def _joint_finding(joint: Domain, columns: pd.DataFrame, thresholds: Thresholds) -> dict:
    severity = by_size(joint.auc, thresholds.auc_moderate, thresholds.auc_large)
    tells = list(joint.tells)[:5]
    unseen = [n for n in tells if n in columns.index and not columns.loc[n, "moves"]]
    by = f", most of all by {', '.join(tells)}" if tells else ""
    alone = f"; {', '.join(unseen)} not alone but together with others" if unseen else ""
    message = f"A classifier separates new rows from old ones (ROC AUC {joint.auc:.2f}){by}{alone}."
    evidence = {"ROC AUC": round(joint.auc, 4), "p_value": joint.p_value, "tells": joint.tells}
    return finding("joint_drift", severity, tells, message, evidence)


# --- What is shown ------------------------------------------------------------------------------


def shown(table: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The strongest rows as they are shown: two decimals, yes or no."""
    top = table.head(most)
    words = {True: "yes", False: "no"}
    return pd.DataFrame(
        {
            "PSI": top["psi"].map("{:.2f}".format),
            "distance": top["distance"].map("{:.2f}".format),
            "test": top["test"],
            "missing before": top["missing before"].map("{:.1%}".format),
            "missing after": top["missing after"].map("{:.1%}".format),
            "moves": top["moves"].map(words),
            "drifts": top["drifts"].map(words),
        }
    )


def describe_drift(table: pd.DataFrame) -> str:
    """A sentence that reads the table."""
    drifting = table.index[table["drifts"]].tolist()
    sure = int(table["moves"].sum())
    also = f" {sure} of {len(table)} changed significantly, even if only a little." if sure else ""
    if not drifting:
        return (
            f"**No column drifts**: none of {len(table)} has a PSI above {PSI_LARGE} that chance "
            f"does not explain.{also}"
        )
    names = ", ".join(drifting[:4]) + (" …" if len(drifting) > 4 else "")
    return (
        f"**{len(drifting)} of {len(table)} columns drift** (PSI above {PSI_LARGE}): {names}.{also}"
    )


def describe_domain(joint: Domain) -> str:
    """A sentence that reads the domain classifier's result."""
    if not joint.applicable:
        return f"**All columns together**: not applicable, {joint.why}."
    if not joint.moves:
        return (
            f"**No joint drift**: a classifier that tries to separate new rows from "
            f"old ones guesses (ROC AUC {joint.auc:.2f})."
        )
    by = f", most of all by {', '.join(list(joint.tells)[:3])}" if joint.tells else ""
    return f"**A classifier separates new rows from old ones** (ROC AUC {joint.auc:.2f}){by}."
