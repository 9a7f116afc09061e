"""Retraining: is it due, and is the new model better? The champion serves until it is.

The notebook of stage 8 looks at later rows. When training again is due, the same notebooks that
made the champion make a challenger, a run of its own, from the old rows and the earlier part of the
new ones; both answer the newer part, which neither has seen. The challenger takes over only if it
is better by more than the noise, and by enough to be worth it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np

from ..base.user_errors import InputError
from ..line.run_folder import Run, existing_run, lock
from ..line.stage_work import Work
from ..monitor import better_than_champion, monitor_model, production_rows, refit_models
from ..monitor.production_rows import Production
from ..registry.model_versions import model_name
from .promotion_decision import (
    FAILED,
    NOT_DUE,
    STAYS,
    champion_of,
    compare_on_newer_rows,
    conclude,
    describe_comparison,
)
from .retraining_due import NOTHING_NEW, RetrainRequest, is_due, new_rows_of
from .runner import StageError
from .train_challenger import claim_folder, train

RESULT = "retraining.json"


def train_challenger_run(
    name: str, ask: RetrainRequest, say: Callable[[str], None] = print
) -> dict:
    """Train a challenger for the model of a run when it is due, and put it in place if better.

    `say` gets the lines that a person reads. Returns what is written to `retraining.json` in the
    folder of the run. Raises InputError for rows that can't be used, StageError when a notebook of
    the challenger breaks; the champion stays in service.
    """
    asked = existing_run(name)
    asked.require(7)
    with _alone(asked):
        champion = champion_of(asked, ask.track)
        if champion.name != asked.name:
            say(f"The champion of {asked.name} is the run {champion.name}.")
        begun = {"at": _now(), "when": ask.when, "champion": champion.name, "challenger": None}
        try:
            found = begun | _retrained(champion, ask, say)
        except (InputError, StageError) as error:
            message = f"{str(error).rstrip('.')}. {champion.name} {STAYS}."
            asked.write_json(RESULT, begun | {"outcome": FAILED, "message": message})
            _show_on_front_page(asked)
            raise type(error)(message) from None
        asked.write_json(RESULT, found)
    _show_on_front_page(asked)
    return found


def _retrained(champion: Run, ask: RetrainRequest, say) -> dict:
    due, why = is_due(champion, ask)
    if not due:
        message = f"Training again is not due: {why}. {champion.name} {STAYS}."
        say(message)
        return {"due": False, "why": why, "outcome": NOT_DUE, "message": message}
    say(f"Training again is due: {why}.")
    found = {"due": True, "why": why}
    return found | _trained_and_compared(champion, ask, found, say)


def _trained_and_compared(champion: Run, ask: RetrainRequest, found: dict, say) -> dict:
    """Train a challenger, compare it with the champion, and put it in place if it is better."""
    source = new_rows_of(champion, ask.data)
    production = later_rows(champion, source)
    if said := monitor_model.wrong_outcomes(production):
        say(said)
    newer = refit_models.newer_half(production)
    check_labels(production, newer)
    challenger = claim_folder(champion)
    say(f"Challenger {challenger.name}, by the notebooks of {champion.name}:")
    learnt = train(challenger, champion, production, newer, source, ask, say)
    compared = compare_on_newer_rows(production, challenger, newer, ask)
    found = found | {
        "challenger": challenger.name,
        "rows": {"training": learnt, "judged_on": compared["rows"]},
        "compared": compared,
        "challenger_verdict": challenger.line_of(6)["verdict"],
    }
    say(describe_comparison(compared))
    return found | conclude(challenger, champion, found, ask, say)


def later_rows(run: Run, source: str) -> Production:
    """The rows that came after a run was trained, as stage 8 takes them."""
    production = production_rows.later_rows(Work(8, run, {"new_data": source}), source)
    if production.is_held_out:
        raise InputError(NOTHING_NEW.format(run.name))
    return production


NO_LABELS = (
    "The new rows have no labels, so nothing can be learnt from them: give a table with the column "
    "'{}', or wait until outcomes have come."
)
FEW_LABELS = (
    "The new rows with labels are {}, too few to train and to judge by: at least {} are needed."
)
ONE_CLASS = (
    "The newer half of the new rows has one class only ({}), so two models can't be compared: wait "
    "for rows of another class."
)


def check_labels(production: Production, newer: np.ndarray) -> None:
    """Raise unless there are labels enough to learn from and to judge two models by."""
    if production.y is None:
        raise InputError(NO_LABELS.format(production.known.task.target))
    if not better_than_champion.can_compare(production):
        fewest = better_than_champion.FEWEST_COMPARED
        raise InputError(FEW_LABELS.format(production.labelled.sum(), fewest))
    judges = production.y[newer]
    if not production.known.task.is_regression and len(set(judges)) < 2:
        raise InputError(ONE_CLASS.format(judges[0]))


@contextmanager
def _alone(run: Run):
    """One retraining of a model at a time."""
    from filelock import Timeout

    try:
        with lock(f"{model_name(run)}.retraining", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"The model of '{run.name}' is being trained again by another command: wait until it "
            f"has finished."
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _show_on_front_page(run: Run) -> None:
    from ..pages import front_page

    front_page.write_front_page(run)
