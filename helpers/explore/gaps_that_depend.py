"""Gaps that depend on another column: tested for all pairs of columns together, and large enough.

What is seen is that cells are missing more often where another column has certain values. Whether
they also depend on what they would have said can't be seen in any table.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .association import LEVEL, Associations, missing_together
from .oddity import Oddity, quoted, share_text
from .surveyed_table import SEED, Survey

CODE = "gaps depend on a column"
LARGE = 0.2  # strength of "is missing" with another column: Cohen's (1988) small to medium
SAME_GAPS = 0.95  # correlation of two columns' gaps
FEWEST_EXPECTED = 5  # gaps of a group, and cells that are there (Cochran 1954)
MOST_DRAWS = 200_000


def gaps_that_depend(survey: Survey, associations: Associations) -> Iterator[Oddity]:
    """Columns whose gaps depend on another column: the strongest such column for each.

    Columns that go missing in the same rows count as one.
    """
    sure = associations.with_gaps()
    tests = int(associations.p_missing.notna().to_numpy().sum())
    for names in _same_gaps(survey, associations.missing.index):
        column = survey[names[0]]
        large = sure.loc[column.name].dropna() if column.kind != "empty" else sure.iloc[0, :0]
        large = large[large >= LARGE].sort_values(ascending=False, kind="stable")
        for other, strength in large.items():
            gaps, rows = _gaps_by_group(survey, associations, column.name, str(other))
            if not _may_be_chance(gaps, rows, tests):
                yield _depends(survey, associations, names, str(other), float(strength))
                break


def _depends(survey: Survey, associations, names: list[str], other: str, strength: float) -> Oddity:
    column = survey[names[0]]
    gaps, rows = _gaps_by_group(survey, associations, column.name, other)
    group, most, least = _farthest(gaps, rows)
    label = associations.levels[other].labels[group]
    return Oddity(
        CODE, "warning", (*names, other), f"The gaps of {_and_others(names)} depend on {other}.",
        f"Missing in {share_text(most)} of the rows where {other} is {quoted([label])}, in "
        f"{share_text(least)} elsewhere (Cramér's V {strength:.2f}).",
        "what-is-missing", strength * min(1.0, 2 * column.missing / column.rows),
    )  # fmt: skip


def _may_be_chance(gaps: np.ndarray, rows: np.ndarray, tests: int) -> bool:
    """Whether a table that is too sparse for chi-square is met by chance more often than it may be.

    Simulated: the gaps are dealt to rows at random (Hope 1968, "A simplified Monte Carlo
    significance test procedure").
    """
    share = gaps.sum() / rows.sum()
    if min(share, 1 - share) * rows.min() >= FEWEST_EXPECTED:
        return False
    draws = min(MOST_DRAWS, int(3 * tests / LEVEL))
    random = np.random.default_rng(SEED)
    dealt = random.multivariate_hypergeometric(rows.astype(int), int(gaps.sum()), size=draws)
    found, by_chance = (((one - share * rows) ** 2 / rows).sum(axis=-1) for one in (gaps, dealt))
    times = int((by_chance >= found - 1e-9).sum())
    return bool(times) and (times + 1) / (draws + 1) * tests >= LEVEL


def _and_others(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    others = "1 other column" if len(names) == 2 else f"{len(names) - 1} other columns"
    return f"{names[0]} and {others}"


def _same_gaps(survey: Survey, names) -> list[list[str]]:
    """Groups of columns whose gaps are (nearly) the same rows', in the order of the table."""
    together = missing_together(survey)

    def are_same(a: str, b: str) -> bool:
        known = a in together.index and b in together.index
        return known and bool(together.loc[a, b] > SAME_GAPS)

    groups: list[list[str]] = []
    for name in map(str, names):
        group = next((group for group in groups if are_same(name, group[0])), None)
        if group is None:
            groups.append(group := [])
        group.append(name)
    return groups


def _gaps_by_group(survey: Survey, associations, name: str, other: str) -> tuple:
    """How many gaps a column has in each group of another one, and how many rows there are."""
    levels, gone = associations.levels[other], survey.missing[name].to_numpy()
    known = levels.codes >= 0
    rows = np.bincount(levels.codes[known], minlength=len(levels.labels))
    return np.bincount(levels.codes[known & gone], minlength=len(levels.labels)), rows


def _farthest(gaps: np.ndarray, rows: np.ndarray) -> tuple[int, float, float]:
    """The group whose share of gaps is farthest from all other groups' together, and both."""
    here = gaps / np.maximum(rows, 1)
    elsewhere = (gaps.sum() - gaps) / np.maximum(rows.sum() - rows, 1)
    group = int((np.abs(here - elsewhere) * np.sqrt(rows)).argmax())
    return group, float(here[group]), float(elsewhere[group])
