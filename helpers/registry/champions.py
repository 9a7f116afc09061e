"""Champions."""

from __future__ import annotations

from ..base.user_errors import InputError
from ..line.run_folder import Run, existing_run
from . import mlflow_log, mlflow_store
from .mlflow_log import RUN_TAG, SHA_TAG
from .mlflow_store import moment, store
from .model_versions import (
    CHALLENGER,
    CHAMPION,
    PROMOTED,
    ROLLED_BACK,
    VERDICT_TAG,
    Version,
    aliases_of,
    find_version_of,
    model_name,
    promotion_times,
    refuse_unknown,
    version_by_number,
    versions_of,
)

GOOD = "good enough"  # the verdict of stage 6 that lets a model in


def track(run: Run, began: float | None = None) -> str:
    """Log a run, and register its model where the verdict lets it in; returns a line that says so.

    `began` is when the run began, in seconds since 1970.
    """
    with store(writing=True) as client:
        logged = mlflow_log.log(client, run, model_name(run), began)
        said = f"Logged to MLflow: experiment {logged.experiment}, run {logged.run_id[:8]}"
        if not logged.model_id:
            return said
        verdict = _verdict(run)
        if verdict != GOOD:
            return f"{said}; its verdict is {verdict}, so the model is not registered"
        return f"{said}, model {_register(client, run, logged)}"


def register(run: Run | str, force: bool = False) -> Version:
    """The version of a run's model, registered (and logged) first where it is not yet.

    Raises InputError when its verdict does not let it in, unless `force` does.
    """
    run = existing_run(run) if isinstance(run, str) else run
    run.require(7)
    with store(writing=True) as client:
        known = find_version_of(client, run)
        if known is not None:
            return known
        verdict = _verdict(run)
        if verdict != GOOD and not force:
            raise InputError(
                f"The verdict on run '{run.name}' is: {verdict}. Its model is not registered; "
                f"--force does it all the same."
            )
        return _register(client, run, mlflow_log.log(client, run, model_name(run)))


def _verdict(run: Run) -> str:
    return run.read_json("model/card.json")["held_out"]["verdict"]


def _register(client, run: Run, logged: mlflow_log.Logged) -> Version:
    """The version of the run's model, made where there is none; returns it with its alias.

    The first version of a model is champion, a later one challenges; one that was trained to
    challenge is never champion by being first: the run that it challenges is registered before it.
    """
    name, known, challenged = model_name(run), find_version_of(client, run), _challenged_by(run)
    if known is None and challenged and challenged.line_of(7) and not versions_of(client, name):
        _register(client, challenged, mlflow_log.log(client, challenged, name))
    number = known.number if known else _create_version(client, run, logged)
    aliases = aliases_of(client, name)
    if CHAMPION not in aliases and not challenged and not _promotions(client, name):
        _promote(client, name, number)
    elif known is None:
        client.set_registered_model_alias(name, CHALLENGER, str(number))
    return version_by_number(client, name, number)


def _challenged_by(run: Run) -> Run | None:
    """The run whose model a run was trained to challenge; it may be gone."""
    named = run.challenges.get("run", run.name)
    return Run(named) if named != run.name else None


def _create_version(client, run: Run, logged: mlflow_log.Logged) -> int:
    name, card = model_name(run), run.read_json("model/card.json")
    if aliases_of(client, name) is None:
        client.create_registered_model(name, description=card["question"])
    made = client.create_model_version(
        name,
        f"models:/{logged.model_id}",
        run_id=logged.run_id,
        model_id=logged.model_id,
        tags={RUN_TAG: run.name, SHA_TAG: card[SHA_TAG], VERDICT_TAG: _verdict(run)},
        description=run.file("model/card.md").read_text(encoding="utf-8"),
    )
    return int(made.version)


def set_champion(name: str, version: Version | int) -> Version:
    """Let a version serve; the one that served stays to go back to. Returns it as it is then."""
    number = _number(version)
    with store(writing=True) as client:
        if version_by_number(client, name, number) is None:
            refuse_unknown(client, name, f"version {number}")
        _promote(client, name, number)
        return version_by_number(client, name, number)


def _number(version: Version | int) -> int:
    return version.number if isinstance(version, Version) else int(version)


def _promote(client, name: str, number: int) -> None:
    """The alias first, then the time: killed between them, `rollback` still finds the way back."""
    aliases = aliases_of(client, name)
    if aliases.get(CHAMPION) != number:
        client.set_registered_model_alias(name, CHAMPION, str(number))
        _add_time(client, name, number, PROMOTED)
    if aliases.get(CHALLENGER) == number:
        client.delete_registered_model_alias(name, CHALLENGER)


def rollback(name: str) -> Version:
    """Let the champion before serve again; returns it. Raises InputError when there is none.

    The promotions of a model are a stack: each rollback takes one off, so a second one goes a step
    further back. What was rolled back is not the challenger any more.
    """
    if not mlflow_store.exists():
        raise InputError(
            f"There is no registered model '{name}', so there is nothing to go back to."
        )
    with store(writing=True) as client:
        now = (aliases_of(client, name) or {}).get(CHAMPION)
        if now is None:
            refuse_unknown(client, name, CHAMPION)
        history = _promotions(client, name)
        undone = []
        while history and history[-1][1] == now:
            undone.append(history.pop())
        if not history:
            raise InputError(
                f"The model '{name}' has had no champion before version {now}, so there is nothing "
                f"to go back to; version {now} goes on serving."
            )
        before = history[-1][1]
        for time, number in undone:  # the alias last: killed before it, a rollback does the same
            _take_time(client, name, number, time)
            _add_time(client, name, number, ROLLED_BACK)
        client.set_registered_model_alias(name, CHAMPION, str(before))
        return version_by_number(client, name, before)


def _promotions(client, name: str) -> list[tuple[str, int]]:
    """When which version was promoted, the last one last."""
    found = versions_of(client, name)
    return sorted((time, version.number) for version in found for time in version.promoted)


def _add_time(client, name: str, number: int, tag: str) -> None:
    times = promotion_times(client.get_model_version(name, str(number)).tags.get(tag, ""))
    client.set_model_version_tag(name, str(number), tag, ", ".join([*times, moment()]))


def _take_time(client, name: str, number: int, time: str) -> None:
    times = promotion_times(client.get_model_version(name, str(number)).tags.get(PROMOTED, ""))
    left = ", ".join(one for one in times if one != time)
    if left:
        client.set_model_version_tag(name, str(number), PROMOTED, left)
    else:
        client.delete_model_version_tag(name, str(number), PROMOTED)
