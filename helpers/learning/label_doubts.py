"""Labels in doubt, by what models say that have not learnt from them: questions for a person.

Each training row was validated once, by models of the other folds. Its label is doubtful where they
are sure of another one: the margin is the probability of the label less that of the likeliest other
class (normalised margin; another class counts where it is as likely as it usually is for rows that
have it, the confident threshold: C. Northcutt, L. Jiang, I. Chuang 2021, Journal of Artificial
Intelligence Research 70, 1373-1411). Held-out rows are left alone: no label of theirs is looked at.
Of numbers, the label is doubtful whose residual is large beside those of like predictions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cells.as_texts import as_text
from .labelled_data import Labelled

COLUMNS = ["row", "label", "predicted", "score", "evidence"]
MOST = 200  # rows that are asked about
MODELS = 3  # whose probabilities are averaged: the best of so many families
ALIKE, FAR = 50, 8.0  # residuals of like predictions; times their median
MISSING = "missing"


def margins(labels: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """For n labels (class numbers) and n × classes probabilities: how much speaks for each label.

    >>> margins(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])).round(1).tolist()
    [0.8, -0.6]
    """
    rows = np.arange(len(labels))
    others = probability.copy()
    others[rows, labels] = -np.inf
    return probability[rows, labels] - others.max(axis=1)


def confident(labels: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Which rows have another class that is as likely as it usually is for rows that have it."""
    likeliest = probability.argmax(axis=1)
    usual = [_mean(probability[labels == k, k]) for k in range(probability.shape[1])]
    reached = probability.max(axis=1) >= np.array(usual)[likeliest]
    return reached & (likeliest != labels)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 1.0


def residual_scores(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """For n numbers: minus the residual, in medians of the residuals of the likest predictions.

    >>> scores = residual_scores(np.array([0.0, 1, 2, 90]), np.array([0.1, 1.1, 1.9, 3.0]))
    >>> int(scores.argmin())
    3
    """
    size = np.abs(truth - predicted)
    order = np.argsort(predicted, kind="stable")
    width = min(2 * ALIKE + 1, len(size))
    usual = pd.Series(size[order]).rolling(width, center=True, min_periods=1).median().to_numpy()
    scale = np.empty_like(size)
    scale[order] = np.maximum(usual, np.median(size) / 10 + 1e-12)
    return -size / scale


def averaged(trials: Sequence) -> np.ndarray:
    """The mean of what the best trials of a few families have predicted for the same rows.

    Empty where only a baseline was tried.
    """
    best: dict[str, object] = {}
    for trial in sorted(trials, key=lambda one: -one.mean):
        if trial.predicted is not None and trial.family != "baseline":
            best.setdefault(trial.family, trial)
    chosen = list(best.values())[:MODELS]
    return np.mean([one.predicted for one in chosen], axis=0) if chosen else np.empty(0)


def find(rows: Labelled, positions: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """The training rows whose label is doubtful, the most doubtful first (columns `COLUMNS`).

    `predicted` has, for the rows at `positions`, the probabilities or the numbers that models gave
    which had not seen them.
    """
    y = rows.y[positions]
    found = _numbers(y, predicted) if rows.task.is_regression else _classes(rows, y, predicted)
    found = found.assign(row=rows.row[positions][found.pop("at").to_numpy(dtype=int)])
    return found.sort_values("score", kind="stable").head(MOST)[COLUMNS].reset_index(drop=True)


def _classes(rows: Labelled, y: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    names = np.array(rows.task.classes, dtype=object)
    labels = pd.Categorical(y, categories=names).codes.astype(int)
    at, score = np.flatnonzero(confident(labels, probability)), margins(labels, probability)
    given, likeliest = labels[at], probability[at].argmax(axis=1)
    said = [
        f"models that had not seen it give ‘{names[k]}’ {p[k]:.0%}, ‘{names[own]}’ {p[own]:.0%}"
        for own, k, p in zip(given, likeliest, probability[at], strict=True)
    ]
    return _table(at, names[given], names[likeliest], score[at], said)


def _numbers(y: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    score = residual_scores(y, predicted)
    at = np.flatnonzero(score < -FAR)
    said = [f"models that had not seen the row give {predicted[n]:.4g}, {-score[n]:.0f} times "
            f"further than usual" for n in at]  # fmt: skip
    label = [as_text(float(one)) for one in y[at]]
    return _table(at, label, [MISSING] * len(at), score[at], said)


def _table(at, label, predicted, score, evidence) -> pd.DataFrame:
    columns = {"at": at, "label": label, "predicted": predicted, "score": score}
    return pd.DataFrame(columns | {"evidence": evidence})


def validated(rows: Labelled) -> np.ndarray:
    """The positions of the rows that the folds validate, in the order in which trials have them."""
    can = (valid for learn, valid in rows.folds() if _can_learn(rows, learn))
    return np.concatenate([np.arange(0), *can])


def _can_learn(rows: Labelled, learn: np.ndarray) -> bool:
    return rows.task.is_regression or len(set(rows.y[learn])) >= 2


def hand_on(work, rows: Labelled, trials: Sequence) -> None:
    """Write the doubtful labels of stage 5: `work` is the open stage, `rows` the training rows."""
    positions, predicted = validated(rows), averaged(trials)
    found = find(rows, positions, predicted) if len(predicted) == len(positions) else None
    work.write_table("label_doubts", pd.DataFrame(columns=COLUMNS) if found is None else found)
