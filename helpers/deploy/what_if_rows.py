"""Which held-out rows the page "What if" offers to begin with."""

from __future__ import annotations

import numpy as np

from ..base.spacing import evenly_spaced
from ..learning.task_kind import Task

ROWS = 50
SURPRISING, UNDECIDED, TYPICAL = "surprising", "undecided", "typical"


def chosen_rows(
    task: Task, truth: np.ndarray, predicted: np.ndarray, probability: np.ndarray | None, most: int
) -> tuple[np.ndarray, list[str]]:
    """Positions of up to `most` of n held-out rows, and what each is chosen for.

    `surprising`: what happened was thought least likely, or lay farthest from the prediction;
    `undecided` (classes): the two likeliest are nearly as likely; `typical`: evenly spaced from the
    least to the largest answer. No row comes twice.

    >>> chosen_rows(Task("y", "regression"), np.array([1.0, 2, 9]), np.array([1.0, 2, 3]), None, 3)
    (array([2, 0, 1]), ['surprising', 'typical', 'typical'])
    """
    share = {SURPRISING: 0.3, UNDECIDED: 0.0 if probability is None else 0.2}
    order = {SURPRISING: np.argsort(-surprise(task, truth, predicted, probability), kind="stable")}
    if probability is not None:
        order[UNDECIDED] = np.argsort(_lead(probability), kind="stable")
    places: list[int] = []
    kinds: list[str] = []
    for kind, ranked in order.items():
        own = [n for n in ranked.tolist() if n not in places][: int(most * share[kind] + 0.5)]
        places, kinds = places + own, kinds + [kind] * len(own)
    answers = predicted if probability is None else probability[:, _positive(task)]
    rest = np.setdiff1d(np.argsort(answers, kind="stable"), places, assume_unique=True)
    own = rest[evenly_spaced(len(rest), most - len(places))].tolist()
    return np.array(places + own, dtype=int), kinds + [TYPICAL] * len(own)


def surprise(task: Task, truth, predicted, probability) -> np.ndarray:
    """How little n rows' outcomes were expected: 1 less their probability, or the distance."""
    if probability is None:
        return np.abs(np.asarray(truth, float) - predicted)
    places = [task.classes.index(str(label)) for label in truth]
    return 1 - probability[np.arange(len(places)), places]


def _lead(probability: np.ndarray) -> np.ndarray:
    """By how much the likeliest class is ahead of the next."""
    ranked = np.sort(probability, axis=1)
    return ranked[:, -1] - ranked[:, -2]


def _positive(task: Task) -> int:
    return task.classes.index(task.positive) if task.positive else 0
