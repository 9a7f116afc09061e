"""A seeded random search over the parameters of the leading models, within a budget of time."""

from __future__ import annotations

import time

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler

from ..base.user_errors import InputError
from ..learning.task_kind import Task
from ..models.model_ladder import ADDITIVE, BASELINE, MANY_ROWS, plain, space_of
from ..pages.show import progress
from .fold_trials import Candidate, Fold, Trial, best_of, thinned_fold, try_all
from .paired_trials import is_as_good
from .readable_model import BEST, READ

FINALISTS = 4  # one in so many candidates is tried again on all rows
SEARCH = "search"  # the title of its progress bar


class Budget:
    """So many minutes from now; 0 is no limit. `cut` says whether the time ran out."""

    def __init__(self, minutes: float = 0.0):
        if minutes < 0:
            raise InputError(f"minutes is 0 (no limit) or more; it is {minutes}.")
        self.minutes, self.cut = minutes, False
        self._until = time.monotonic() + minutes * 60 if minutes else np.inf

    def half(self) -> Budget:
        """A budget of half of the time that is left: a first round leaves some to a second."""
        part = Budget(self.minutes)
        part._until = time.monotonic() + max(self._until - time.monotonic(), 0) / 2
        return part

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether there is time for a task that takes so many seconds."""
        enough = time.monotonic() + seconds <= self._until
        self.cut = self.cut or not enough
        return enough


def search(
    task: Task, first_trials: list[Trial], folds: list[Fold], trials: int, seed=42, budget=None,
    prefer=BEST,
) -> list[Trial]:  # fmt: skip
    """So many `trials` of seeded random parameters, for the leading families in turn.

    A family leads when the best one's gain over it, on the same rows, is within the noise. Where
    rows are many, all candidates get a quarter of them, and only the best quarter of the candidates
    is tried on all rows (successive halving, Jamieson and Talwalkar 2016). Each candidate is
    returned as the trial of its last round; `best_of` looks only at those on all rows. With
    `prefer` "readable" the additive model gets some draws even where it does not lead.

    Why not scikit-learn's `HalvingRandomSearchCV` (1.9, experimental): it fits the features again
    for each candidate (here once a fold), takes fewer rows at random without regard to classes, and
    has no budget of time.
    """
    asked = folds, trials, seed, budget
    found = _searched(task, leading_trials(task, first_trials), *asked)
    return found + (search_additive(task, first_trials, *asked) if prefer == READ else [])


def search_additive(
    task: Task, first_trials: list[Trial], folds: list[Fold], trials: int, seed=42, budget=None
) -> list[Trial]:
    """A few more draws for an additive model that does not lead; none where it leads or is missing.

    A third of so many `trials`: it has few settings, and is held against models with more draws.
    """
    leads = {trial.family for trial in leading_trials(task, first_trials)}
    behind = [t for t in first_trials if t.family == ADDITIVE and t.family not in leads]
    return _searched(task, behind, folds, -(-trials // 3), seed, budget) if behind else []


def _searched(task: Task, leads: list[Trial], folds, trials: int, seed: int, budget) -> list[Trial]:
    """So many draws for these trials' models, in one round or, of many rows, in two."""
    drawn = _sampled_settings(task, leads, trials, seed)
    if best_of(leads).rows <= MANY_ROWS:
        return try_all(task, progress(drawn, SEARCH), folds, budget)
    first = _first_round(task, drawn, folds, budget)
    count = -(-trials // FINALISTS)
    finalists = [_with(trial, trial.parameters) for trial in first[:count]]
    finals = try_all(task, progress(finalists, SEARCH), folds, budget)
    return [*finals, *first[len(finals) :]]


def _first_round(task: Task, drawn: list[Candidate], folds: list[Fold], budget) -> list[Trial]:
    """The candidates tried on a quarter of the rows, best first, in half of the time."""
    half = budget.half() if budget else None
    found = try_all(task, progress(drawn, SEARCH), [thinned_fold(fold) for fold in folds], half)
    if half and half.cut:
        budget.cut = True
    return sorted(found, key=lambda trial: -trial.mean)


def leading_trials(task: Task, trials: list[Trial]) -> list[Trial]:
    """The best trial and those that may be as good on the same rows, best first; no baseline."""
    best = best_of(trials)
    ranked = sorted(trials, key=lambda trial: -trial.mean)
    near = [t for t in ranked if t.family != BASELINE and is_as_good(task, t, best)]
    return near or [best]


def _drawn(task: Task, trial: Trial, count: int, seed: int) -> list[Candidate]:
    settings = ParameterSampler(space_of(task, trial.family), count, random_state=seed)
    return [_with(trial, plain(one)) for one in settings]


def _sampled_settings(task: Task, families: list[Trial], count: int, seed: int) -> list[Candidate]:
    """The models of these trials with parameters drawn for each, the families in turn."""
    families = [trial for trial in families if space_of(task, trial.family)]
    if not families or count < 1:
        return []
    each = -(-count // len(families))
    drawn = [_drawn(task, trial, each, seed) for trial in families]
    return [candidate for in_turn in zip(*drawn, strict=True) for candidate in in_turn][:count]


def _with(start: Trial, parameters: dict) -> Candidate:
    """The model of a trial with other parameters."""
    settings = {k: v for k, v in parameters.items() if k in start.model.get_params()}
    return Candidate(start.family, clone(start.model).set_params(**settings), parameters)
