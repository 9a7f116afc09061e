"""The end of a retraining: both models compared, the outcome in words, the registry told.

The rule that decides is `helpers.monitor.better_than_champion.replaces_champion`, and nowhere else.
"""

from __future__ import annotations

import numpy as np

from ..learning.metric_names import PLAIN_NAMES
from ..learning.predicting import predict
from ..line.run_folder import Run
from ..monitor import better_than_champion
from ..monitor.production_rows import Production
from ..pipeline import whole_pipeline
from ..registry.model_versions import model_name
from .retraining_due import RetrainRequest

NOT_DUE, KEPT, BETTER, PROMOTED, FAILED = "not due", "kept", "better", "promoted", "failed"
STAYS = "stays in service"


def compare_on_newer_rows(
    production: Production, challenger: Run, newer: np.ndarray, ask: RetrainRequest
) -> dict:
    """Both models, each from raw row to answer, on the newer rows with labels.

    See `better_than_champion.compare_answers` for the returned values.
    """
    judged = production.at(newer)
    other = whole_pipeline.load(challenger.file("model/model.skops"))
    task = production.known.task
    answers = [predict(task, model, judged.raw) for model in (production.champion, other)]
    return better_than_champion.compare_answers(judged, *answers, ask.min_improvement)


def describe_comparison(compared: dict) -> str:
    """The comparison in a sentence."""
    low, high = (better_than_champion.signed(compared[end], 3) for end in ("gain_from", "gain_to"))
    units = compared.get("units", compared["rows"])
    rows = f"{compared['rows']:,} rows" + (
        f" ({units:,} units)" if units < compared["rows"] else ""
    )
    return (
        f"On {rows} that neither has seen: {PLAIN_NAMES[compared['metric']]} "
        f"{compared['champion']:.3f} and {compared['challenger']:.3f}, a gain of {low} to {high} "
        f"(95 %)."
    )


def conclude(challenger: Run, champion: Run, found: dict, ask: RetrainRequest, say) -> dict:
    """Say what follows; where the challenger won, tell the registry."""
    compared, verdict = found["compared"], found["challenger_verdict"]
    promote = better_than_champion.replaces_champion(compared, verdict)
    outcome = BETTER if promote else KEPT
    if outcome == BETTER and ask.promote and ask.track:
        _promote(challenger)
        outcome = PROMOTED
    message = _conclusion(outcome, challenger, champion, compared)
    if not promote and better_than_champion.replaces_champion(compared):
        but = f"{challenger.name} is better, but its verdict is '{verdict}'."
        message = f"{champion.name} {STAYS}: {but}"
    say(message)
    return {"outcome": outcome, "message": message}


def _conclusion(outcome: str, challenger: Run, champion: Run, compared: dict) -> str:
    """What an outcome means, and the command that follows."""
    return {
        KEPT: f"{champion.name} {STAYS}: {better_than_champion.why_not(compared)}.",
        BETTER: f"{challenger.name} is better by more than the noise. To put it into service: "
        f"pipeline promote {challenger.name}",
        PROMOTED: f"{challenger.name} is better by more than the noise: it is the champion now. "
        f"To go back: pipeline rollback {model_name(champion)}",
    }[outcome]


def champion_of(run: Run, track: bool = True) -> Run:
    """The run whose model serves under the name of a run's model; without a registry it is its own.

    Where the champion's folder is gone it is the run itself, too.
    """
    if not track:
        return run
    from ..registry import champions, model_versions

    serving = model_versions.champion(model_name(run))
    if serving is None:  # the first to be registered becomes champion: not a challenger, unjudged
        champions.register(run, force=True)
        return run
    is_here = bool(serving.run) and Run(serving.run).file("model/model.skops").exists()
    return Run(serving.run) if is_here else run


def _promote(challenger: Run) -> None:
    """Make the challenger champion; it is registered already, unless the store was away then."""
    from ..registry import champions

    champions.set_champion(model_name(challenger), champions.register(challenger))
