"""Question and challenge of the lab on MLflow, Airflow and Kubeflow."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..grading import Challenge, Choice, first_fault

NAME, ALIAS = "exam-{}", "champion"
NUMBERS = count(1)


@dataclass
class _Store:
    """A registry in a temporary folder: the client, and the experiment of its runs."""

    client: Any
    experiment: str
    folder: TemporaryDirectory = field(repr=False)


@cache
def _store() -> _Store:
    """A new store of MLflow's; it is made once, since that takes seconds."""
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    folder = TemporaryDirectory()
    client = mlflow.MlflowClient(f"sqlite:///{Path(folder.name) / 'mlflow.db'}")
    files = (Path(folder.name) / "files").as_uri()
    return _Store(client, client.create_experiment("exam", artifact_location=files), folder)


def _champion_after(promote, scores: list[float | None], champion: int | None = None) -> int | None:
    """Which version is champion once `promote` was called with a margin of 0.01.

    There is a version for each of the scores; None is one whose run failed before it had any.
    """
    store, name = _store(), NAME.format(next(NUMBERS))
    store.client.create_registered_model(name)
    for score in scores:
        store.client.create_model_version(name, store.folder.name, _run_with(store, score))
    if champion is not None:
        store.client.set_registered_model_alias(name, ALIAS, champion)
    promote(store.client, name, 0.01)
    found = store.client.get_registered_model(name).aliases.get(ALIAS)
    return None if found is None else int(found)


def _run_with(store: _Store, score: float | None) -> str:
    """The id of a new run that logged a score, or of one that failed before."""
    run = store.client.create_run(store.experiment).info.run_id
    if score is not None:
        store.client.log_metric(run, "roc_auc", score)
    return run


PROMOTE_FAULTS = {
    "There was no champion yet, and there is none now: whom does a service ask?": lambda it: (
        it.first is None
    ),
    "Of versions with 0.70, 0.74 and 0.72, version {first} became champion.": lambda it: (
        it.first != 2
    ),
    "A version that is better by 0.05 did not become champion.": lambda it: (
        it.after([0.70, 0.75], champion=1) != 2
    ),
    "The champion lost its place to a version that is worse.": lambda it: (
        it.after([0.75, 0.70], champion=1) != 1
    ),
    "A gain of 0.003 replaced the champion: what is `least` for?": lambda it: (
        it.after([0.70, 0.703], champion=1) != 1
    ),
}


def _examine_promote(promote, of=None) -> str:
    """No champion yet, a clear gain, a tiny gain, a worse one, and a run without a score."""
    after = partial(_champion_after, promote)
    if fault := first_fault(PROMOTE_FAULTS, first=after([0.70, 0.74, 0.72]), after=after):
        return fault
    try:
        best = after([0.70, None, 0.75], champion=1)
    except (KeyError, TypeError) as error:
        return f"One of the runs failed and has no score: that raised `{type(error).__name__}`."
    return "" if best == 3 else "One of the runs has no score; the best of the others was missed."


CHALLENGES = {
    "labs.promote": Challenge(
        "Write `promote(client, name, least)`. `client` is an `mlflow.MlflowClient`, `name` a "
        "registered model. Each of its versions was made by a run that logged the metric "
        "`roc_auc`; a run that failed has none. The alias `champion` moves to the version with the "
        "highest metric if there is no champion yet, or if that is better than the champion's by "
        "`least` or more; else it stays.",
        _examine_promote,
        makes="promote",
        solution="""
def promote(client, name, least):
    scores = {}
    for version in client.search_model_versions(f"name='{name}'"):
        metrics = client.get_run(version.run_id).data.metrics
        if "roc_auc" in metrics:
            scores[int(version.version)] = metrics["roc_auc"]
    best = max(scores, key=scores.get)
    champion = client.get_registered_model(name).aliases.get("champion")
    if champion is None or scores[best] >= scores[int(champion)] + least:
        client.set_registered_model_alias(name, "champion", best)
""",
        why="The scores are the runs', the versions point to them, and the alias to one version.",
        hints=(
            "A version knows the `run_id` of the run that made it, and the run its metrics.",
            "`client.search_model_versions`, `client.get_run(...).data.metrics`, "
            "`client.get_registered_model(...).aliases`: each of them is in the lab.",
        ),
    ),
}

QUESTIONS = {
    "labs.scheduler": Choice(
        "Last night a task failed: the database was away for a minute. What should have been set?",
        {
            "a": "A later hour in the schedule of the DAG.",
            "b": "Retries of the task, with a delay between.",
            "c": "The alias of the model, to its former version.",
        },
        "b",
        "What fails for a minute works a minute later. The other tasks need not run again.",
        {
            "a": "Is the database always away at three o'clock?",
            "c": "The model was not at fault. What was?",
        },
        hints=(
            "Which of the arguments in the small DAG is about failures?",
            "How long does the fault last, and what would you do by hand?",
        ),
    ),
}
