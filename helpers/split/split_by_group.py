"""A split by group: all rows of a patient, a customer or a place stay together."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from ..base.bins import equal_groups
from ..base.user_errors import InputError
from ..learning.labelled_data import NEVER, Labelled
from .split_at_random import check_share, with_folds

DRAWS = 200  # of groups to hold out, of which the one that is most like all rows is taken
MOST_DRAWN = 2_000_000  # groups over all draws; with many groups every draw is alike
MOST_STRATIFIED = 5_000  # groups; with more, any folds are alike
BINS = 5  # into which a number is cut, so that sets are alike in it


def by_group(rows: Labelled, column: str, share: float, folds: int, seed: int) -> Labelled:
    """The rows with whole groups held out: about a share of the rows, classes in proportion.

    Raises InputError for fewer than four groups.
    """
    groups = groups_of_rows(rows, column)
    if len(set(groups)) < 4:
        raise InputError(
            f"'{column}' has {len(set(groups))} groups; a group split needs 4 or more."
        )
    check_share(len(set(groups)), share, "groups")
    held_out = groups_to_hold_out(groups, strata(rows), share, seed)
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    fold = group_folds(groups[train], folds, strata(rows)[train], seed)
    return with_folds(rows, train, test, fold)


def strata(rows: Labelled) -> np.ndarray:
    """What sets are to be alike in: the class of each row as a number, or the fifth it is in."""
    if not rows.task.is_regression:
        return pd.factorize(rows.y)[0]
    return equal_groups(rows.y.astype(float), BINS)[0]


def groups_to_hold_out(
    groups: np.ndarray, stratum: np.ndarray, share: float, seed: int
) -> np.ndarray:
    """Which rows to hold out: whole groups, about a share of the rows, strata in proportion.

    Of many random draws of groups the one is taken whose rows are most like all rows, in number and
    in strata. At least one group is held out, and at least two stay.

    >>> groups = np.repeat(["a", "b", "c", "d"], [10, 10, 10, 70])
    >>> set(groups[groups_to_hold_out(groups, np.zeros(100, int), 0.2, 0)]) <= {"a", "b", "c"}
    True
    """
    codes, names = pd.factorize(groups)
    counts = np.zeros((len(names), int(stratum.max()) + 1))
    np.add.at(counts, (codes, stratum), 1)
    random = np.random.default_rng(seed)
    draws = max(1, min(DRAWS, MOST_DRAWN // len(names)))
    drawn = [one for _ in range(draws) for one in _drawn(counts, share, random)]
    return np.isin(codes, min(drawn, key=lambda taken: _unlike(counts, taken, share)))


def _drawn(counts: np.ndarray, share: float, random: np.random.Generator) -> list[np.ndarray]:
    """Groups in random order: as many as come nearest to the share, and one more.

    `counts` has a row a group and a column a stratum.
    """
    order, wanted = random.permutation(len(counts)), share * counts.sum()
    small = order[counts[order].sum(axis=1) <= 1.5 * wanted]  # a larger one would be all there is
    order = (small if len(small) else order)[: len(counts) - 2]
    nearest = np.argmin(np.abs(np.cumsum(counts[order].sum(axis=1)) - wanted))
    return [order[: nearest + 1], order[: nearest + 2]]


def _unlike(counts: np.ndarray, taken: np.ndarray, share: float) -> float:
    """How unlike all rows those of some groups are, in number and in the shares of the strata.

    A stratum that is on one side only counts as much as all else.
    """
    inside, every = counts[taken].sum(axis=0), counts.sum(axis=0)
    one_sided = ((inside == 0) | (inside == every)) & (every > 0)
    apart = np.abs(inside / inside.sum() - every / every.sum()).sum()
    return one_sided.sum() + apart + abs(inside.sum() / every.sum() - share) / share


def groups_of_rows(rows: Labelled, column: str) -> np.ndarray:
    """The group of each row; a row without one is a group of its own."""
    groups = rows.X[column].astype("str")
    alone = "row " + pd.Series(np.arange(len(groups)), index=groups.index).astype("str")
    groups = groups.where(groups.notna(), alone).to_numpy(dtype=object)
    return _joined(groups, rows.alike)


def group_folds(groups: np.ndarray, folds: int, stratum=None, seed: int = 42) -> np.ndarray:
    """The fold of each row; a group is in one fold, and folds are alike in size and strata.

    There are no more folds than groups.
    """
    fold, count = np.full(len(groups), NEVER), len(set(groups))
    number, cutter = min(folds, count), GroupKFold
    if stratum is not None and count <= MOST_STRATIFIED:
        stratum, cutter = _common(stratum, number), StratifiedGroupKFold
    cut = cutter(number, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer rows than folds
        for place, (_, validation) in enumerate(cut.split(groups, stratum, groups)):
            fold[validation] = place
    return _without_empty(fold)


def _common(stratum: np.ndarray, folds: int) -> np.ndarray:
    """The strata, or one for all where each is too rare to be in every fold."""
    return stratum if np.bincount(stratum).max() >= folds else np.zeros(len(stratum), int)


def _without_empty(fold: np.ndarray) -> np.ndarray:
    """The folds numbered from 0 on, those that got no group left out."""
    return np.unique(fold, return_inverse=True)[1]


def _joined(groups: np.ndarray, alike: np.ndarray | None) -> np.ndarray:
    """The groups, those that near duplicates reach into joined to one."""
    if alike is None:
        return groups
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group, alike = pd.factorize(groups)[0], pd.factorize(alike)[0]
    size = group.max() + 1
    ends, shape = (group, size + alike), [size + alike.max() + 1] * 2
    links = coo_array((np.ones(len(group)), ends), shape=shape)
    return connected_components(links, directed=False)[1][group]
