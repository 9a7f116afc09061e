"""A split by time and by group: later rows of groups that the model has not met (a panel)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..learning.labelled_data import GAP, NEVER, TEST, TRAIN, Labelled
from .split_by_group import groups_of_rows, groups_to_hold_out, strata
from .split_by_time import by_time

WIDER = (
    1.5  # times test_share of the time, and of the groups: the held-out rows are where both meet
)
MOST = 0.5


def by_time_and_group(
    rows: Labelled,
    column: str,
    group: str,
    share: float,
    test_from="",
    folds=4,
    embargo="",
    seed=42,
) -> Labelled:
    """The rows with later rows of some groups held out; earlier rows of the others are learnt from.

    Earlier rows of held-out groups and later rows of the others are in neither part. A fold is
    validated on half of the groups, by a model that has seen earlier rows of the other half. Raises
    InputError when a part would be empty.
    """
    wider = min(WIDER * share, MOST)
    cut = by_time(rows, column, wider, test_from, folds, embargo)
    groups, late = groups_of_rows(rows, group), cut.part == TEST
    if len(set(groups[late])) < 4:
        raise InputError(
            f"The later rows are of {len(set(groups[late]))} groups of '{group}'; a split by time "
            f"and group needs 4 or more."
        )
    chosen = groups_to_hold_out(groups[late], strata(rows)[late], wider, seed)
    held_out = np.isin(groups, groups[late][chosen])
    learnt = (cut.part == TRAIN) & ~held_out
    part = np.where(late & held_out, TEST, np.where(learnt, TRAIN, GAP)).astype(object)
    apart = pd.factorize(groups)[0]
    fold = np.where(learnt & _half(cut.fold, apart, seed), cut.fold, NEVER)
    return replace(cut, part=part, fold=fold, apart=apart)


def _half(fold: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Whether a row is of the half of the groups that its fold is validated on."""
    random = np.random.default_rng(seed)
    halves = [random.permutation(groups.max() + 1) % 2 for _ in range(fold.max() + 1)]
    return np.array(halves)[fold, groups] == 1


def known_before(rows: Labelled, column: str, group: str, share: float) -> float:
    """The share of the latest rows that are of groups with earlier rows.

    It is what a model in production would meet: known groups, or new ones.
    """
    cut = by_time(rows, column, share, "", 2)
    groups = groups_of_rows(rows, group)
    late = cut.part == TEST
    return float(np.isin(groups[late], groups[~late]).mean())
