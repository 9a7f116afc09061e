"""A model that a person can read, taken where it was asked for and may be as good as the best."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.user_errors import InputError
from ..learning.metric_names import PLAIN_NAMES
from ..learning.score_intervals import Difference
from ..learning.task_kind import Task
from ..models.model_ladder import BASELINE, READABLE
from .fold_trials import Trial, best_of, on_all_rows
from .paired_trials import describe_difference, gain_over, is_as_good

BEST, READ = "best", "readable"


def checked_preference(prefer: str) -> str:
    """What is preferred; raises InputError for anything but `best` and `readable`.

    >>> checked_preference(" Readable ")
    'readable'
    """
    found = prefer.strip().lower()
    if found not in (BEST, READ):
        raise InputError(f"prefer is {BEST} or {READ}; it is '{prefer}'.")
    return found


@dataclass(frozen=True)
class Preference:
    """What became of a preference: the trial that is taken, and why.

    `readable` is the readable trial that was held against the `best` one, by which it was taken or
    not; `behind` is the best one's gain over it, on the same rows.
    """

    taken: Trial
    best: Trial
    readable: Trial | None = None
    behind: Difference | None = None

    @property
    def is_kept(self) -> bool:
        """Whether what is taken is readable (or the baseline, which needs no reading)."""
        return self.taken.family in (BASELINE, *READABLE)


def choose(task: Task, trials: list[Trial], prefer: str = BEST) -> Preference:
    """The best trial; with `prefer` "readable", a readable one that may be as good.

    A linear model is simpler than an additive one, so it comes first: the first whose best trial is
    within the noise of the best of all (`paired_trials.is_as_good`: on the same rows, by unit).
    Where none is, the best one stays, held against the better of the readable ones. Raises
    InputError for another preference.
    """
    best = best_of(trials)
    if checked_preference(prefer) == BEST or best.family == BASELINE:
        return Preference(best, best)
    known = {trial.family for trial in on_all_rows(trials)}
    readable = [best_of_family(trials, family) for family in READABLE if family in known]
    near = [trial for trial in readable if is_as_good(task, trial, best)]
    if not readable:
        return Preference(best, best)
    held = near[0] if near else best_of(readable)
    return Preference(near[0] if near else best, best, held, gain_over(task, held, best))


def best_of_family(trials: list[Trial], family: str) -> Trial:
    """The best trial on all rows of one family."""
    return best_of([trial for trial in on_all_rows(trials) if trial.family == family])


def describe_preference(found: Preference) -> str:
    """Whether a readable model was taken, and what that costs, in a sentence; "" if not asked."""
    if found.readable is None:
        return ""
    name, leader = found.readable.family, found.best.family
    if found.readable is found.best:
        return f"**The {name} model is taken**: it can be read, as asked, and is the best as well."
    lead = f"{describe_difference(found.behind)} in {PLAIN_NAMES[found.behind.metric]}"
    if found.is_kept:
        return (
            f"**The {name} model is taken**, since it can be read, as asked: on the same rows "
            f"{leader} leads it by {lead}, which is within the noise."
        )
    return (
        f"**No readable model is taken**: on the same rows {leader} leads the best of them, "
        f"the {name} one, by {lead}, more than the noise. So {leader} stays."
    )
