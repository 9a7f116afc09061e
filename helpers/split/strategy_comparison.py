"""By how much a random split flatters: the same rows answered under it, and as production asks.

Everything is measured on the folds of the training rows; held-out rows are not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..learning.inner_folds import fit_by_unit
from ..learning.labelled_data import TRAIN, Labelled, evenly_spaced_positions
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import score
from ..learning.predicting import predict
from ..learning.score_intervals import Difference, paired_gain
from .leak_alarm import quick_model
from .split_at_random import with_folds
from .split_by_time import moments, time_folds
from .split_report import name_of
from .time_order import time_candidates

PROBE_ROWS = 12_000  # training rows of a quick model, and rows that it answers
TREES = 60


@dataclass(frozen=True)
class Comparison:
    """The scores of a quick model on the same rows, random and as `other` splits.

    `table` has a line a split: rows asked, training rows, score. `gain` says by how much the random
    one is better, with its interval by unit; None where there is nothing to compare with.
    """

    table: pd.DataFrame
    metric: str
    other: dict | None = None
    gain: Difference | None = None

    @property
    def flatters(self) -> bool:
        """Whether a random split scores higher by more than chance (97.5 %)."""
        return self.gain is not None and self.gain.low > 0


def _subsample(part: Labelled) -> Labelled:
    """Up to `PROBE_ROWS` rows, evenly spaced."""
    return part.at(evenly_spaced_positions(part.y, PROBE_ROWS))


def compare_with_random(
    rows: Labelled, features: dict, choice: dict, time_column: str = "", seed: int = 42
) -> Comparison:
    """The same rows answered by models of random folds, and by models of the folds of the split.

    `rows` are split by `choice`. Where that is random, folds by the first column that says when are
    tried. For each fold the random models learn from as many rows as the fold's own, drawn from all
    others: what differs is only which rows they are.
    """
    metric, learn = rows.task.main_metric, rows.of(TRAIN)
    other, learn = _compared(learn, choice, time_column)
    if other is None:
        return Comparison(_table(metric, {}), metric)
    asked = [_fold_answers(learn, features, fold, seed) for fold in _folds(learn, seed)]
    if not asked:
        return Comparison(_table(metric, {}), metric)
    position = np.concatenate([one.position for one in asked])
    truth, unit = learn.y[position], None if learn.unit is None else learn.unit[position]
    random, own = (_joined([getattr(one, side) for one in asked]) for side in ("random", "own"))
    learnt = max(one.learnt for one in asked)
    lines = {
        name: (len(position), learnt, score(rows.task, truth, *said, [metric]))
        for name, said in (("random", random), (name_of(other), own))
    }
    gain = paired_gain(rows.task, truth, own, random, unit=unit, metric=metric)
    return Comparison(_table(metric, lines), metric, other, gain)


def _compared(learn: Labelled, choice: dict, time_column: str) -> tuple[dict | None, Labelled]:
    """What a random split is compared with, and the training rows with such folds."""
    if choice["strategy"] in ("time", "group", "panel"):
        return choice, learn
    names = [time_column] if time_column else time_candidates(learn.X)
    for name in names[:1]:
        other, every = {"strategy": "time", "column": name}, np.arange(len(learn.y))
        try:
            fold = time_folds(moments(learn, name), int(learn.fold.max()) + 1, name)
        except InputError:
            continue
        cut = with_folds(learn, every, [], fold)
        ready = np.where(moments(learn, name).isna(), fold.max() + 1, fold + 1)
        return other, replace(cut, by_time=True, ready=ready)
    return None, learn


def _folds(learn: Labelled, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The folds of some rows, each thinned: places to learn from, and to answer."""
    folds = list(learn.folds())
    for train, valid in folds:
        train = train[evenly_spaced_positions(learn.y[train], PROBE_ROWS)]
        valid = valid[evenly_spaced_positions(learn.y[valid], PROBE_ROWS // len(folds))]
        if len(valid) > 1 and (learn.task.is_regression or len(set(learn.y[train])) > 1):
            yield train, valid


@dataclass(frozen=True)
class _Asked:
    """The places that a fold answers, what its own and random models say, and rows learnt from."""

    position: np.ndarray
    own: tuple
    random: tuple
    learnt: int


def _fold_answers(learn: Labelled, features: dict, fold: tuple, seed: int) -> _Asked:
    """A fold answered by its own model, and half by half by models of as many random rows."""
    train, valid = fold
    random = np.random.default_rng(seed)
    valid = random.permutation(valid)
    own = _answers(learn, features, train, valid, seed)
    said = []
    for half in np.array_split(valid, 2):
        others = np.setdiff1d(np.arange(len(learn.y)), half)
        some = random.choice(others, min(len(train), len(others)), replace=False)
        said.append(_answers(learn, features, some, half, seed))
    return _Asked(valid, own, _joined(said), len(train))


def _answers(learn: Labelled, features: dict, train, valid, seed: int) -> tuple:
    """What a quick model that has learnt some rows answers to others."""
    model = quick_model(learn.task, features, seed, TREES)
    fitted = fit_by_unit(model, learn, train)
    return predict(learn.task, fitted, learn.X.iloc[valid])


def _joined(said: list[tuple]) -> tuple:
    """Predictions and probabilities, one after the other."""
    columns = zip(*said, strict=True)
    return tuple(None if one[0] is None else np.concatenate(one) for one in columns)


def _table(metric: str, lines: dict) -> pd.DataFrame:
    """A line a split: rows asked, training rows, and the score."""
    rows = {name: (asked, learnt, found.get(metric, np.nan))
            for name, (asked, learnt, found) in lines.items()}  # fmt: skip
    columns = ["rows asked", "training rows, at most", PLAIN_NAMES[metric]]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("split")
