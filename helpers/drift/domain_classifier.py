"""All columns together: can a classifier tell later rows from earlier ones?

It finds what no column shows by itself, such as two numbers that no longer rise together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ..base.ranks import roc_auc
from ..base.spacing import evenly_spaced
from .alert_thresholds import DEFAULT, Thresholds
from .comparable_columns import alike

FEWEST_ROWS = 100  # on either side
MOST_ROWS = 5_000  # of either side; more would find differences too small to matter
MOST_CODES = 30  # levels that it can tell apart in a column
HUGE = 1e300  # stands for infinity, which trees don't take
TREES = 40
SHUFFLED_ROWS = 1_000
MIN_IMPORTANCE = 0.01  # ROC AUC that is lost when a column that tells is shuffled


@dataclass(frozen=True)
class Domain:
    """Whether a classifier can tell old rows from new ones, which no single column may show.

    `auc` is its ROC AUC on rows not used to fit it (0.5: it guesses), `p_value` the probability
    of so much when nothing has changed, `rows` how many it looked at, `tells` by column the ROC AUC
    that is lost when the column is shuffled (those it leans on, the strongest first).
    """

    auc: float
    p_value: float
    rows: int
    moves: bool
    drifts: bool
    tells: dict[str, float] = field(default_factory=dict)
    why: str = ""

    @property
    def applicable(self) -> bool:
        """Whether there was enough to try it on."""
        return not np.isnan(self.auc)


def domain_classifier(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT, seed: int = 42
) -> Domain:
    """Boosted trees try to tell old rows from new ones (domain classifier).

    They learn on one half of the rows and are asked on the other, then the other way round. On
    each half, chance gives a ROC AUC of 0.5 with the variance of Mann and Whitney (1947); the two
    are not independent, so their mean is given the variance of one, which errs to the quiet side.
    Not applicable with fewer than 100 rows on a side, or without a column that varies.
    """
    old, new = (_thinned(frame) for frame in (before, after))
    columns = {n: _codes(old[n], new[n]) for n in before.columns if n in after.columns}
    columns = {n: found for n, found in columns.items() if _varies(found[0])}
    if min(len(old), len(new)) < FEWEST_ROWS or not columns:
        why = f"it takes {FEWEST_ROWS} rows on each side and a column that varies"
        return Domain(float("nan"), 1.0, len(old) + len(new), False, False, why=why)
    X = np.column_stack([codes for codes, _ in columns.values()])
    grouped = np.array([is_level for _, is_level in columns.values()])
    is_new = np.repeat([False, True], [len(old), len(new)])
    halves = _halves(is_new, seed)
    models = [_classifier_scores(X[half], is_new[half], grouped) for half in halves]
    asked = list(zip(models, halves[::-1], strict=True))
    found = [_mann_whitney(model.predict_proba(X[h])[:, 1], is_new[h]) for model, h in asked]
    auc, z = np.mean(found, axis=0)
    chance = float(ndtr(-z))
    moves = bool(chance < thresholds.joint_level)
    tells = _importance(asked, X, is_new, list(columns), seed) if moves else {}
    drifts = moves and auc > thresholds.auc_large
    return Domain(float(auc), chance, len(X), moves, bool(drifts), tells)


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """Up to `MOST_ROWS` rows, evenly spread."""
    return frame.iloc[evenly_spaced(len(frame), MOST_ROWS)]


def _codes(before: pd.Series, after: pd.Series) -> tuple[np.ndarray, bool]:
    """Both columns under each other as numbers, and whether these are levels' ranks by frequency.

    Rare levels share a code. Labels are not used, so the null distribution is unchanged.
    """
    both = pd.concat(alike(before, after), ignore_index=True)
    if both.dtype == float:
        return np.clip(both.to_numpy(), -HUGE, HUGE), False
    codes, levels = pd.factorize(both)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    rank = np.empty(len(levels) + 1)
    rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(levels)), MOST_CODES)
    rank[-1] = np.nan  # the code of a missing cell
    return rank[codes], True


def _varies(codes: np.ndarray) -> bool:
    present = codes[~np.isnan(codes)]
    return bool(len(present)) and (len(present) < len(codes) or present.min() < present.max())


def _halves(is_new: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the rows at random, old and new in equal shares."""
    random = np.random.default_rng(seed)
    sides = [random.permutation(np.flatnonzero(is_new == side)) for side in (False, True)]
    return tuple(np.sort(np.concatenate([s[part::2] for s in sides])) for part in (0, 1))


def _classifier_scores(X: np.ndarray, is_new: np.ndarray, grouped: np.ndarray):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=15, early_stopping=False, categorical_features=grouped,
        random_state=0,
    )  # fmt: skip
    return model.fit(X, is_new)


def _mann_whitney(scores: np.ndarray, is_new: np.ndarray) -> tuple[float, float]:
    """The ROC AUC of scores, and how many standard deviations of chance it lies above a half."""
    new, old = is_new.sum(), (~is_new).sum()
    auc = roc_auc(is_new, scores)
    return auc, (auc - 0.5) / np.sqrt((new + old + 1) / (12 * new * old))


def _importance(asked, X, is_new, names: list[str], seed: int) -> dict[str, float]:
    """The ROC AUC that is lost when a column is shuffled, for the columns that the trees lean on.

    All shuffled copies are asked at once: a model spends more on being called than on the rows.
    """
    random, lost = np.random.default_rng(seed), np.zeros(len(names))
    for model, half in asked:
        some = half[evenly_spaced(len(half), SHUFFLED_ROWS)]
        copies = np.repeat(X[some][None], len(names) + 1, axis=0)
        for place in range(len(names)):
            copies[place, :, place] = random.permutation(copies[place, :, place])
        scores = model.predict_proba(copies.reshape(-1, X.shape[1]))[:, 1]
        aucs = [roc_auc(is_new[some], s) for s in scores.reshape(len(copies), -1)]
        lost += (aucs[-1] - np.array(aucs[:-1])) / len(asked)
    order = np.argsort(-lost, kind="stable")
    return {
        str(names[place]): float(lost[place]) for place in order if lost[place] > MIN_IMPORTANCE
    }
