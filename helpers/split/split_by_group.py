"""A split by group: all rows of a patient, a customer or a place stay together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from ..base.user_errors import InputError
from ..learning.labelled_data import NEVER, Labelled
from .split_at_random import check_share, with_folds


def by_group(rows: Labelled, column: str, share: float, folds: int, seed: int) -> Labelled:
    """The rows with whole groups of a column held out; raises InputError for fewer than four."""
    groups = groups_of_rows(rows, column)
    if len(set(groups)) < 4:
        raise InputError(
            f"'{column}' has {len(set(groups))} groups; a group split needs 4 or more."
        )
    check_share(len(set(groups)), share, "groups")
    cutter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    train, test = next(cutter.split(rows.X, rows.y, groups))
    return with_folds(rows, train, test, group_folds(groups[train], folds))


def groups_of_rows(rows: Labelled, column: str) -> np.ndarray:
    """The group of each row; a row without one is a group of its own."""
    groups = rows.X[column].astype("str")
    alone = "row " + pd.Series(np.arange(len(groups)), index=groups.index).astype("str")
    groups = groups.where(groups.notna(), alone).to_numpy(dtype=object)
    return _joined(groups, rows.alike)


def group_folds(groups: np.ndarray, folds: int) -> np.ndarray:
    """The fold of each row; a group is in one fold. There are no more folds than groups."""
    fold = np.full(len(groups), NEVER)
    cutter = GroupKFold(min(folds, len(set(groups))))
    for number, (_, validation) in enumerate(cutter.split(groups, groups=groups)):
        fold[validation] = number
    return fold


def _joined(groups: np.ndarray, alike: np.ndarray | None) -> np.ndarray:
    """The groups, those that near duplicates reach into joined to one."""
    if alike is None:
        return groups
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group, alike = pd.factorize(groups)[0], pd.factorize(alike)[0]
    size = group.max() + 1
    links = coo_array(
        (np.ones(len(group)), (group, size + alike)), shape=[size + alike.max() + 1] * 2
    )
    return connected_components(links, directed=False)[1][group]
