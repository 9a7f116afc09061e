"""The end of stage 5 as its notebook asks for it: one winner from all trials, fitted, handed on."""

from __future__ import annotations

from dataclasses import dataclass

from ..answers.fold_answers import keep_fold_answers
from ..learning import label_doubts
from ..learning.labelled_data import Labelled, training_plan
from ..learning.task_kind import Task
from ..pages import show
from ..pipeline import whole_pipeline
from . import training_report as report
from .calibrated_ensemble import calibrated, final_model, try_ensemble
from .decision_threshold import choose_threshold
from .fold_trials import Fold, Trial, answers_of_folds
from .hyperparameter_search import Budget
from .readable_model import BEST, Preference, choose, describe_preference
from .train_models import fit_final


@dataclass(frozen=True)
class Winner:
    """What came of all `trials` (an ensemble that is better is one of them, and in `ensemble`).

    `best` is the trial that is taken: the best one, or by `preference` a readable one that may be
    as good. `calibrated` is the same with calibrated probabilities where that helps, `threshold`
    the probability from which on it says yes. `asked` and `costs` are the threshold and the costs
    of a false positive and a false negative that were asked for (0: none).
    """

    trials: list[Trial]
    ensemble: list[Trial]
    best: Trial
    calibrated: Trial
    threshold: float
    asked: float = 0.0
    costs: tuple[float, float] = (0.0, 0.0)
    preference: Preference | None = None


def choose_winner(
    task: Task, trials: list[Trial], folds: list[Fold], asked: float = 0.0, costs=(0.0, 0.0),
    prefer: str = BEST,
) -> Winner:  # fmt: skip
    """The best trial or an ensemble that is better, calibrated where that helps, its threshold.

    With `prefer` "readable", a readable model that may be as good takes its place. Raises
    InputError for a threshold outside of 0 to 1, negative costs, and another preference.
    """
    ensemble = try_ensemble(task, trials, folds)
    every = trials + ensemble
    preference = choose(task, every, prefer)
    ready = calibrated(task, preference.taken)
    threshold = choose_threshold(task, ready, asked, *costs)
    decided = ready, threshold, asked, tuple(costs), preference
    return Winner(every, ensemble, preference.taken, *decided)


def show_winner(task: Task, winner: Winner) -> None:
    """Show what became of ensemble, calibration and threshold, and all trials, folded."""
    before = winner.trials[: len(winner.trials) - len(winner.ensemble)]
    decided = winner.calibrated, winner.threshold, winner.asked, winner.costs
    said = (
        report.describe_ensemble(task, before, winner.ensemble),
        describe_preference(winner.preference),
        report.describe_calibration(task, winner.best, winner.calibrated),
        report.describe_threshold(task, *decided),
    )
    table = report.trials_table(winner.trials, task).drop(columns="seconds")
    show.together(show.say(*said), show.folded("All trials, best first", table.round(3)))


def fit_and_save(work, winner: Winner, learn: Labelled, plan: dict, seed: int = 42) -> None:
    """Fit the winner on all training rows, with its cleaning and features, and save it.

    What it answered on the folds is kept, too.

    `work` is the open stage, `plan` the feature plan.
    """
    model = final_model(learn.task, winner.calibrated, winner.threshold)
    fitted = fit_final(training_plan(work), plan, model, learn, seed)
    with work.writing("data/trained.skops") as draft:
        whole_pipeline.save(fitted, draft)
    keep_fold_answers(work, learn.task, answers_of_folds(learn, winner.calibrated))


def hand_on(work, winner: Winner, learn: Labelled, baseline: Trial, budget: Budget) -> dict:
    """Write the trials and the winner, show the answer, and give the stage's line of the ledger."""
    task, every = learn.task, winner.trials
    work.write_text("trials.csv", report.trials_table(every, task).to_csv(index=False))
    headline = report.headline(task, every, baseline, budget, winner.preference)
    decided = winner.best, winner.threshold, headline, budget, winner.calibrated, winner.costs
    label_doubts.hand_on(work, learn, every)
    work.write_json("training.json", report.summary(task, *decided, every, winner.preference))
    entry = work.finish(len(learn.y), len(learn.y), headline)
    show.together(show.say(f"**{headline}**"))
    return entry
