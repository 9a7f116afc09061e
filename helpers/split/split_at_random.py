"""A random split, and what every split needs: the parts, the folds, the smallest sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from ..base.user_errors import InputError
from ..learning.labelled_data import NEVER, TEST, TRAIN, Labelled


def records_at_random(rows: Labelled, share: float, folds: int, seed: int) -> Labelled:
    """A random split of the records; near duplicates go where the first of them goes."""
    if rows.alike is None:
        return _at_random(rows, share, folds, seed)
    _, first, record = np.unique(rows.alike, return_index=True, return_inverse=True)
    cut = _at_random(rows.at(first), share, folds, seed)
    return replace(rows, part=cut.part[record], fold=cut.fold[record])


def _at_random(rows: Labelled, share: float, folds: int, seed: int) -> Labelled:
    """Rows at random, the classes in proportion where they have enough rows."""
    positions = np.arange(len(rows.y))
    check_share(len(positions), share, "rows")
    enough = min(share, 1 - share) * len(positions) >= len(rows.task.classes)
    stratify = rows.y if _rarest(rows, rows.y) >= 2 and enough else None
    train, test = train_test_split(
        positions, test_size=share, random_state=seed, shuffle=True, stratify=stratify
    )
    train = np.sort(train)
    return with_folds(rows, train, test, random_folds(rows, train, folds, seed))


def _rarest(rows: Labelled, y: np.ndarray) -> int:
    """How many rows the rarest class of labels has; 0 for numbers."""
    return 0 if rows.task.is_regression else int(pd.Series(y).value_counts().min())


def check_share(count: int, share: float, what: str) -> None:
    """Raise InputError when a share of `count` rows or groups leaves fewer than two to train on."""
    if count - int(np.ceil(count * share)) < 2:
        raise InputError(
            f"test_share {share:g} of {count} {what} leaves fewer than two to train on: lower it."
        )


def random_folds(rows: Labelled, train: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of each training row; the classes in proportion where each has two rows or more."""
    y = rows.y[train]
    rarest = _rarest(rows, y)
    if rarest >= 2:
        cutter = StratifiedKFold(min(folds, rarest), shuffle=True, random_state=seed)
    else:
        cutter = KFold(min(folds, len(train)), shuffle=True, random_state=seed)
    fold = np.full(len(train), NEVER)
    for number, (_, validation) in enumerate(cutter.split(train, y)):
        fold[validation] = number
    return fold


def with_folds(rows: Labelled, train, test, fold) -> Labelled:
    """The rows with their part: `train` and `test` are positions, `fold` is of those in `train`."""
    part = np.full(len(rows.y), TRAIN, dtype=object)
    part[test] = TEST
    folds = np.full(len(rows.y), NEVER)
    folds[train] = fold
    return replace(rows, part=part, fold=folds)
