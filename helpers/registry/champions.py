"""The champion of a model: a run registered, a version promoted, the way back.

Whether a challenger is better is decided by `helpers.monitor.better_than_champion`.
"""

from __future__ import annotations

from ..base.user_errors import InputError
from ..base.verdicts import passes
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


def track(run: Run, began: float | None = None) -> str:
    """Log a run, and register its model where it passes the verdict; returns a line to show.

    `began` is when the run began, in seconds since 1970.
    """
    with store(writing=True) as client:
        logged = mlflow_log.log(client, run, model_name(run), began)
        line = f"Logged to MLflow: experiment {logged.experiment}, run {logged.run_id[:8]}"
        if not logged.model_id:
            return line
        verdict = _verdict(run)
        if not passes(verdict):
            return f"{line}; its verdict is {verdict}, so the model is not registered"
        return f"{line}, model {_register(client, run, logged)}"


def register(run: Run | str, force: bool = False) -> Version:
    """The version of a run's model, registered (and logged) first where it is not yet.

    Raises InputError when it does not pass the verdict, unless `force` is set.
    """
    run = existing_run(run) if isinstance(run, str) else run
    run.require(7)
    with store(writing=True) as client:
        if (known := find_version_of(client, run)) is not None:
            return known
        if not force:
            _refuse_not_good(run)
        return _register(client, run, mlflow_log.log(client, run, model_name(run)))


def _refuse_not_good(run: Run) -> None:
    """Raise InputError for a run whose verdict is not good enough."""
    if not passes(verdict := _verdict(run)):
        raise InputError(
            f"The verdict on run '{run.name}' is: {verdict}. Its model is not registered; "
            f"--force registers it all the same."
        )


def _verdict(run: Run) -> str:
    """The verdict of stage 6 on the run's model."""
    return run.read_json("model/card.json")["held_out"]["verdict"]


def _register(client, run: Run, logged: mlflow_log.Logged) -> Version:
    """The version of the run's model, made where there is none; returns it with its alias.

    The first version of a model is champion, a later one is challenger. A model that was trained as
    a challenger is never the first version: the run that it challenges is registered before it.
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
    """The number of a new version of the run's model, with its card as the description."""
    name, card = model_name(run), run.read_json("model/card.json")
    if aliases_of(client, name) is None:
        client.create_registered_model(name, description=card["question"])
    tags = {RUN_TAG: run.name, SHA_TAG: card[SHA_TAG], VERDICT_TAG: _verdict(run)}
    about = run.file("model/card.md").read_text(encoding="utf-8")
    from_model = {"run_id": logged.run_id, "model_id": logged.model_id}
    made = client.create_model_version(
        name, f"models:/{logged.model_id}", tags=tags, description=about, **from_model
    )
    return int(made.version)


def set_champion(name: str, version: Version | int) -> Version:
    """Make a version the champion; the one before can be gone back to. Returns the version."""
    number = _number(version)
    with store(writing=True) as client:
        if version_by_number(client, name, number) is None:
            refuse_unknown(client, name, f"version {number}")
        _promote(client, name, number)
        return version_by_number(client, name, number)


def _number(version: Version | int) -> int:
    """The number of a version."""
    return version.number if isinstance(version, Version) else int(version)


def _promote(client, name: str, number: int) -> None:
    """Set the alias first, then the time: killed between them, `rollback` still works."""
    aliases = aliases_of(client, name)
    if aliases.get(CHAMPION) != number:
        client.set_registered_model_alias(name, CHAMPION, str(number))
        _add_time(client, name, number, PROMOTED)
    if aliases.get(CHALLENGER) == number:
        client.delete_registered_model_alias(name, CHALLENGER)


def rollback(name: str) -> Version:
    """Make the champion before the champion again; returns it. Raises InputError for want of one.

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
        return _roll_back(client, name, now)


def _roll_back(client, name: str, now: int) -> Version:
    before, undone = _champion_before(client, name, now)
    for time, number in undone:  # the alias last: killed before it, a rollback does the same
        _take_time(client, name, number, time)
        _add_time(client, name, number, ROLLED_BACK)
    client.set_registered_model_alias(name, CHAMPION, str(before))
    return version_by_number(client, name, before)


def _champion_before(client, name: str, now: int) -> tuple[int, list[tuple[str, int]]]:
    """The champion before version `now`, and the promotions that a rollback to it undoes."""
    history, undone = _promotions(client, name), []
    while history and history[-1][1] == now:
        undone.append(history.pop())
    if not history:
        raise InputError(
            f"The model '{name}' has had no champion before version {now}, so there is nothing "
            f"to go back to; version {now} goes on serving."
        )
    return history[-1][1], undone


def _promotions(client, name: str) -> list[tuple[str, int]]:
    """When which version was promoted, the last one last."""
    found = versions_of(client, name)
    return sorted((time, version.number) for version in found for time in version.promoted)


def _add_time(client, name: str, number: int, tag: str) -> None:
    """Add the time of now to a tag of a version."""
    times = promotion_times(client.get_model_version(name, str(number)).tags.get(tag, ""))
    client.set_model_version_tag(name, str(number), tag, ", ".join([*times, moment()]))


def _take_time(client, name: str, number: int, time: str) -> None:
    """Remove a time of promotion from a version."""
    times = promotion_times(client.get_model_version(name, str(number)).tags.get(PROMOTED, ""))
    left = ", ".join(one for one in times if one != time)
    if left:
        client.set_model_version_tag(name, str(number), PROMOTED, left)
    else:
        client.delete_model_version_tag(name, str(number), PROMOTED)
