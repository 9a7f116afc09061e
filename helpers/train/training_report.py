"""The words and tables of stage 5: the trials, the search, the ensemble, the threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..learning.metric_names import PLAIN_NAMES, shown_score
from ..learning.score_intervals import Difference
from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated, calibration_error, is_moved, judged_probability
from ..models.model_ladder import ADDITIVE, BASELINE, BOOSTING, ENSEMBLE, FOREST, LINEAR
from ..pages import model_plots, show
from .calibrated_ensemble import calibration_gain
from .decision_threshold import best_f1_threshold
from .fold_trials import Fold, Trial, best_of, on_all_rows, spreads_by_fold
from .hyperparameter_search import Budget
from .paired_trials import SURE, describe_difference, gain_over, mean_if_chosen_elsewhere
from .readable_model import Preference, describe_preference


def _trial_row(trial: Trial, metric: str) -> dict:
    return {
        "model": trial.family,
        metric: trial.mean,
        "standard deviation": trial.std,
        "rows": trial.rows,
        "seconds": round(trial.seconds, 2),
        "parameters": _parameters(trial),
    } | {f"fold {number}": score for number, score in enumerate(trial.scores)}


def trials_table(trials: list[Trial], task: Task) -> pd.DataFrame:
    """A row per trial, best first: the mean score over the folds and its standard deviation.

    Also the rows, the seconds, the parameters, and the score on each fold. Trials on fewer rows
    than others come last.
    """
    metric = PLAIN_NAMES[task.main_metric]
    table = pd.DataFrame(_trial_row(trial, metric) for trial in trials)
    return table.sort_values(["rows", metric], ascending=False, kind="stable", ignore_index=True)


def _parameters(trial: Trial) -> str:
    """The parameters of a trial in a line; "default" where none were set."""
    return ", ".join(f"{k}={_short(v)}" for k, v in trial.parameters.items()) or "default"


def _short(value) -> str:
    """A value with three digits where it is a number with decimals."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def headline(task: Task, trials: list[Trial], baseline: Trial, budget=None, preference=None) -> str:
    """The stage's result in a sentence; it says how much too good the best of many scores is.

    The second figure is what a winner chosen on the other folds scores on each fold
    (`paired_trials.mean_if_chosen_elsewhere`). `preference` is what became of one
    (`readable_model.choose`; None: the best trial was taken).
    """
    best, metric = preference.taken if preference else best_of(trials), task.main_metric
    scored, guessed = (shown_score(metric, one.mean) for one in (best, baseline))
    cut = f" {describe_budget(budget)}" if budget and budget.cut else ""
    taken, reason = _taken_of(trials, best), describe_preference(preference) if preference else ""
    return (
        f"{taken} {best.family}: {PLAIN_NAMES[metric]} {scored} in cross-validation, against "
        f"{guessed} for the baseline. {describe_luck(trials, best)}"
        f"{' ' if reason else ''}{reason.replace('**', '')}{cut}"
    )


def _taken_of(trials: list[Trial], taken: Trial) -> str:
    if taken is best_of(trials):
        return f"The best of {len(trials)} trials is"
    return f"Of {len(trials)} trials the one that is taken is"


def describe_luck(trials: list[Trial], taken: Trial | None = None) -> str:
    """By how much the best of many trials is too good on the folds that chose it, in a sentence.

    Where another than the best was `taken`, it is the best of its own family.
    """
    if taken is not None and taken is not best_of(trials):
        trials = [trial for trial in trials if trial.family == taken.family]
    every, best = on_all_rows(trials), best_of(trials)
    elsewhere = mean_if_chosen_elsewhere(trials)
    told = "" if len(every) == len(trials) else " that learnt from all rows"
    text = f"It was chosen on these very folds, as the best of {len(every)}{told}, so the score is "
    if not np.isfinite(elsewhere):
        return f"{text}somewhat too good."
    luck = max(best.mean - elsewhere, 0.0)
    return f"{text}too good by {f'about {luck:.2g}' if luck >= 0.001 else 'very little'}."


def trials_by_fold(trials: list[Trial]) -> pd.DataFrame:
    """The score of each trial on each fold: a row a fold, a column a model, the best one first."""
    ranked = sorted(trials, key=lambda trial: -trial.mean)
    table = {trial.family: pd.Series(trial.scores) for trial in ranked}
    return pd.DataFrame(table).rename_axis("fold", axis=0)


def show_ladder(folds: list[Fold], trials: list[Trial], task: Task) -> None:
    """Show what the folds hold, which model leads, and all scores fold by fold."""
    said = show.say(describe_folds(folds), describe_ladder(trials, task))
    show.together(said, trials_by_fold(trials).round(3))


def show_search(first_trials: list[Trial], found: list[Trial], task: Task, budget: Budget) -> None:
    """Show by how much the search improved the score, and whether time ran out."""
    said = describe_search(first_trials, found, task), describe_budget(budget)
    show.together(show.say(*said))


def scores_picture(trials: list[Trial], task: Task):
    """The best trial of each family on all rows, the scores of a fold joined by a line."""
    families: dict[str, Trial] = {}
    for trial in sorted(on_all_rows(trials), key=lambda trial: -trial.mean):
        families.setdefault(trial.family, trial)
    return model_plots.paired_scores(trials_by_fold(list(families.values())), task.main_metric)


def describe_ladder(trials: list[Trial], task: Task) -> str:
    """A sentence that says which model leads, and which may be as good on the same rows."""
    best, baseline = best_of(trials), trials[0]
    others = [t for t in trials if t.family not in (best.family, BASELINE)]
    leader, guessed = (shown_score(task.main_metric, one.mean) for one in (best, baseline))
    text = f"**{best.family}** leads with {leader} ({PLAIN_NAMES[task.main_metric]}); "
    text += f"the baseline, which ignores every column, has {guessed}."
    leads = {one.family: gain_over(task, one, best) for one in others}
    said = [f"{name} by {describe_difference(lead)}" for name, lead in leads.items()]
    if said:
        text += f" On the same rows it leads {' and '.join(said)} (95 % intervals of the lead)."
    near = [name for name, lead in leads.items() if not lead.p_better < SURE / 2]
    if near:
        text += f" So {' and '.join(near)} may be as good."
    return text


def describe_search(first_trials: list[Trial], found: list[Trial], task: Task) -> str:
    """A sentence that says by how much the search improved the score, on the same rows."""
    if not found:
        return "No search was asked for: the default parameters stay."
    before, after = best_of(first_trials), best_of(found)
    first, last = (_digits(task.main_metric, one.mean) for one in (before, after))
    text = f"**The search found nothing better** than the defaults ({first}); they stay."
    if after.mean > before.mean:
        text = f"{len(found)} trials improved {PLAIN_NAMES[task.main_metric]} from {first} to "
        text += f"**{last}**, on the same rows by {_gain_in_words(gain_over(task, before, after))}"
    return f"{text}{_describe_rounds(found)}"


def _gain_in_words(gain: Difference) -> str:
    sure = "more than" if gain.p_better < SURE / 2 else "within"
    lead = describe_difference(gain)
    return f"{lead}: {sure} the noise, and a little too good, as the best of many."


def _digits(metric: str, value: float) -> str:
    """A score with three decimals; as it is shown elsewhere where it has a unit."""
    return shown_score(metric, value) if metric.startswith("neg_") else f"{value:.3f}"


def _describe_rounds(found: list[Trial]) -> str:
    """On how many rows the search's rounds worked, as a sentence; empty where it had one."""
    finalists = len(on_all_rows(found))
    if finalists == len(found):
        return ""
    few, all_rows = min(t.rows for t in found), max(t.rows for t in found)
    return (
        f" All {len(found)} candidates were fitted on up to {few:,} rows a fold, the best "
        f"{finalists} of them again on all {all_rows:,}."
    )


def describe_folds(folds: list[Fold]) -> str:
    """What the folds hold, in a sentence."""
    return (
        f"**{len(folds)} folds**, the last with {len(folds[-1].y):,} training rows and "
        f"{len(folds[-1].y_valid):,} validation rows; each row is {folds[-1].X.shape[1]} numbers."
    )


def describe_threshold(
    task: Task, trial: Trial, threshold: float, asked=0.0, costs: tuple = (0.0, 0.0)
) -> str:
    """From which probability on the positive class is predicted, and why, in a sentence."""
    if task.kind == "multiclass":
        return (
            "There is no threshold between several classes; where weights for rare ones improve "
            "macro F1 on the validation rows, the decision does."
        )
    if task.kind != "binary":
        return "There is no threshold to choose: it applies to two classes only."
    text = f"The model predicts {task.target} = {task.positive} from a probability of "
    return f"{text}**{threshold:.2g}** on, {_why(task, trial, threshold, asked, costs)}"


COUNT_ALIKE = (
    "where both errors count alike. F1 would be best from {0:.2g} on (`--set threshold={0:.2g}`); "
    "better still, say what each error costs."
)


def _why(task: Task, trial: Trial, threshold: float, asked: float, costs: tuple) -> str:
    """Why the threshold lies where it does."""
    if asked:
        return "as asked."
    if any(costs):
        price = f"{costs[0]:g} for a false positive, {costs[1]:g} for a false negative"
        by_theory = np.isclose(threshold, costs[0] / sum(costs))
        where = "f / (f + m) of the costs" if by_theory else "where errors cost least in the folds"
        return f"{where}: {price}."
    if task.main_metric == "f1":
        return "where F1 is best on the validation rows."
    return COUNT_ALIKE.format(best_f1_threshold(task, trial))


NO_ENSEMBLE = (
    "**No ensemble**: the mean of several models does not beat {} alone on the same rows by more "
    "than the noise, and would be slower."
)


def describe_ensemble(task: Task, trials: list[Trial], ensemble: list[Trial]) -> str:
    """Whether an ensemble was taken, and why, in a sentence."""
    best = best_of(trials)
    if not ensemble:
        return NO_ENSEMBLE.format(best.family)
    gain = gain_over(task, best, ensemble[0])
    return (
        f"**An ensemble wins**: the mean of {ensemble[0].parameters['members']} scores "
        f"{_digits(gain.metric, ensemble[0].mean)} ({PLAIN_NAMES[gain.metric]}), more than "
        f"{best.family} alone on the same rows by {describe_difference(gain)}."
    )


def describe_calibration(task: Task, before: Trial, after: Trial) -> str:
    """Whether the probabilities were calibrated, and what that gains.

    The gain is of the log loss on folds that did not choose it, with its interval by unit.
    """
    if task.is_regression or before is after:
        return "There are no probabilities to calibrate here."
    gain = calibration_gain(task, before)
    off = calibration_error(*winner_probabilities(task, before))
    text = (
        f"On validation rows the probabilities were {100 * off:.1f} percentage points off "
        f"(expected calibration error)"
    )
    change = f"changes the log loss by {-gain.value:+.4f} ({-gain.high:+.4f} to {-gain.low:+.4f})"
    if not is_moved(after.model.slope, after.model.shifts):
        return f"{text}. On folds that did not choose it calibration {change}: **not calibrated**."
    return (
        f"{text}. On folds that did not choose it calibration {change}: **calibrated**, with a "
        f"slope of {after.model.slope:.2f}."
    )


def winner_probabilities(task: Task, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """The probability that calibration uses in each row, and whether it was right."""
    return judged_probability(task, trial.truth, trial.predicted)


def describe_budget(budget: Budget) -> str:
    """Whether the time ran out, as a sentence; empty where it did not."""
    if not budget.cut:
        return ""
    return f"The search was cut after {budget.minutes:g} minutes, before all trials were made."


def summary(
    task: Task,
    best: Trial,
    threshold: float,
    headline: str,
    budget: Budget,
    calibration: Trial,
    costs: tuple = (0.0, 0.0),
    trials: list[Trial] = (),
    preference: Preference | None = None,
) -> dict:
    """The content of `training.json`: the winner and how it was found.

    `trials` are all trials; of them is kept what simpler models score on the same folds, and what
    became of a preference for a readable one.
    """
    how = {}
    if isinstance(calibration.model, Calibrated):
        how = {"slope": calibration.model.slope, "shifts": list(calibration.model.shifts)}
    return {
        "model": best.family,
        "parameters": best.parameters,
        "metric": task.main_metric,
        "cross_validated": best.mean,
        "folds": spreads_by_fold(task, best),
        "calibration": how,
        "threshold": threshold,
        "threshold_best_f1": best_f1_threshold(task, calibration),
        "costs": list(costs),
        "minutes": budget.minutes,
        "cut": budget.cut,
        "headline": headline,
        "simpler": simpler_models(task, list(trials), best) if trials else None,
        "readable": _readable(preference),
    }


def _readable(found: Preference | None) -> dict | None:
    """Whether a readable model was taken, and why; None where none was asked for."""
    reading = describe_preference(found).replace("**", "") if found else ""
    return {"taken": found.is_kept, "reading": reading} if reading else None


def simpler_models(task: Task, trials: list[Trial], taken: Trial | None = None) -> dict:
    """Whether a simpler model than the one that is taken may be as good on the same folds.

    `taken` is the best trial where none is named. `as_good`, and a sentence about it (`reading`).
    """
    best = taken or best_of(trials)
    order = BASELINE, LINEAR, ADDITIVE, FOREST, BOOSTING, ENSEMBLE
    simpler = order[1 : order.index(best.family)]
    ranked = sorted(on_all_rows(trials), key=lambda trial: -trial.mean)
    found = [next((t for t in ranked if t.family == family), None) for family in simpler]
    behind = {one.family: gain_over(task, one, best) for one in found if one is not None}
    if not behind:
        return {"as_good": False, "reading": "no simpler model was tried"}
    said = " and ".join(f"{name} by {describe_difference(gain)}" for name, gain in behind.items())
    near = [name for name, gain in behind.items() if not gain.p_better < SURE / 2]
    text = f"on the same folds {best.family} leads {said}"
    end = f"so {' and '.join(near)} may be as good" if near else "so no simpler model is as good"
    return {"as_good": bool(near), "reading": f"{text}, {end}"}
