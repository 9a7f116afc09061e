"""All steps of training: models from a baseline up, cross-validated; a seeded search; one winner.

On each fold the features are fitted on its training rows alone, and every model gets these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from ..base.user_errors import InputError
from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task
from ..models.model_ladder import ADDITIVE, BASELINE, READABLE, candidates
from ..pipeline import whole_pipeline
from .calibrated_ensemble import calibrated, try_ensemble
from .decision_threshold import choose_threshold
from .fold_trials import Candidate, Fold, Trial, make_folds, try_all
from .hyperparameter_search import Budget, search, search_additive
from .readable_model import BEST, READ, checked_preference, choose


def cross_validate_candidates(
    task: Task, folds: list[Fold], rows: int, models="all", seed=42, balanced=False, prefer=BEST
) -> list[Trial]:
    """A trial of each model that suits the task, the baseline first.

    `models` names some of them, separated by commas. With `prefer` "readable" those that can be
    read are tried in any case; without, an additive one only where it is named, since it takes as
    long as the others. Raises InputError for an unknown name or preference.
    """
    ladder, wants = candidates(task, rows, seed, balanced), checked_preference(prefer)
    usual = [name for name in ladder if name != ADDITIVE]
    chosen = usual if models == "all" else [m.strip() for m in models.split(",")]
    for name in chosen:
        if name not in ladder:
            raise InputError(f"models are {', '.join(ladder)}, or all; '{name}' is none of them.")
    first = [BASELINE, *(READABLE if wants == READ else ())]
    chosen = [*first, *[name for name in chosen if name not in first]]
    return try_all(task, [Candidate(name, ladder[name]) for name in chosen], folds)


@dataclass(frozen=True)
class TrainingResult:
    """What training found: every trial, the winner with calibrated probabilities, the threshold.

    `cut` says whether the time ran out.
    """

    trials: list[Trial]
    best: Trial
    threshold: float
    cut: bool = False


def learn(
    rows: Labelled, plan: dict, trials=12, minutes=0.0, models="all", seed=42, searcher=search,
    prefer=BEST,
) -> TrainingResult:  # fmt: skip
    """All steps of this stage on rows that have folds; `plan` is the feature plan.

    `searcher` is called as `search` is; another one may take its place. `prefer` is as for
    `choose_winner`.
    """
    task, budget = rows.task, Budget(minutes)
    folds = make_folds(rows, plan, seed)
    ladder = cross_validate_candidates(task, folds, len(rows.y), models, seed, prefer=prefer)
    found = ladder + searcher(task, ladder, folds, trials, seed, budget)
    if prefer == READ:
        found += search_additive(task, ladder, folds, trials, seed, budget)
    found += try_ensemble(task, found, folds)
    best = calibrated(task, choose(task, found, prefer).taken)
    return TrainingResult(found, best, choose_threshold(task, best), budget.cut)


def fit_final(cleaning: dict, features: dict, model, rows: Labelled, seed: int = 42) -> Pipeline:
    """The whole pipeline, fitted on the training rows."""
    return whole_pipeline.fit(cleaning, features, model, rows.X, rows.y, seed, rows)
