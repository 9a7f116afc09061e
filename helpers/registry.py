"""The registry: which versions of a model there are, which one serves, and the way back.

It is MLflow's own: a version a model that passed its verdict, the aliases `champion` (it serves)
and `challenger` (it would like to), and tags on a version that say when it was promoted. From
those times `rollback` reads which champion was before; nothing is kept beside MLflow.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from . import tracking
from .base.files import replacing_folder, sha256, write_json
from .base.places import reports_folder
from .base.user_errors import InputError, nearest
from .line.run_folder import Run, existing_run
from .tracking import RUN_TAG, SHA_TAG, moment, store

CHAMPION, CHALLENGER = "champion", "challenger"
GOOD = "good enough"  # the verdict of stage 6 that lets a model in
VERDICT_TAG = "verdict"
PROMOTED, ROLLED_BACK = "promoted", "rolled_back"  # tags: the times, the last one last
COPIES = ".registry"  # in the folder of runs: local copies of versions
ADDRESS = re.compile(r"models:/([^/@]+)(?:@([\w.-]+)|/(\d+))")


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    `run` is the run of the line that made it, `promoted` the times since which it was champion.
    """

    name: str
    number: int
    run: str
    aliases: tuple[str, ...] = ()
    model_sha256: str = ""
    verdict: str = ""
    promoted: tuple[str, ...] = ()

    def __str__(self) -> str:
        aliases = f" ({', '.join(self.aliases)})" if self.aliases else ""
        return f"{self.name} version {self.number}{aliases}"

    @property
    def address(self) -> str:
        """The address of this very version.

        >>> Version("mine", 3, "mine").address
        'models:/mine/3'
        """
        return f"models:/{self.name}/{self.number}"


def is_address(text: str) -> bool:
    """Whether a text is the address of a registered model, not the name of a run.

    >>> is_address("models:/mine@champion"), is_address("mine")
    (True, False)
    """
    return text.startswith("models:/")


def model_name(run: Run | str) -> str:
    """The name that a run's model is registered under: its own, or that of whom it challenges."""
    run = Run(run) if isinstance(run, str) else run
    return run.challenges.get("model", run.name)


# --- What there is ------------------------------------------------------------------------------


def champion(name: str) -> Version | None:
    """The version of a model that serves; None where there is none."""
    return _asked(name, CHAMPION)


def challenger(name: str) -> Version | None:
    """The version that would like to serve; None where there is none."""
    return _asked(name, CHALLENGER)


def _asked(name: str, alias: str) -> Version | None:
    if not tracking.exists():
        return None
    with store() as client:
        return _by_alias(client, name, alias)


def versions(name: str) -> list[Version]:
    """All versions of a model, the oldest first; none of a model that is not registered."""
    if not tracking.exists():
        return []
    with store() as client:
        return versions_of(client, name)


def version_of(run: Run | str) -> Version | None:
    """The version that holds the run's model as it is now; None where it is not registered."""
    run = existing_run(run) if isinstance(run, str) else run
    if not tracking.exists():
        return None
    with store() as client:
        return find_version_of(client, run)


def resolve(address: str) -> Version:
    """The version that an address names: models:/NAME@champion, models:/NAME/3."""
    match = ADDRESS.fullmatch(address)
    if not match:
        raise InputError(
            f"A registered model is models:/NAME@champion or models:/NAME/3; '{address}' is not."
        )
    name, alias, number = match.groups()
    if tracking.exists():
        with store() as client:
            found = (
                _by_alias(client, name, alias)
                if alias
                else version_by_number(client, name, int(number))
            )
            if found is None:
                refuse_unknown(client, name, alias or f"version {number}")
            return found
    raise InputError(
        f"There is no model '{name}': no store has been made yet. `pipeline run` makes it, or "
        f"MLFLOW_TRACKING_URI names another."
    )


def refuse_unknown(client, name: str, what: str) -> None:
    """Raise an InputError that says what there is instead."""
    aliases = aliases_of(client, name)
    if aliases is None:
        known = [model.name for model in client.search_registered_models()]
        raise InputError(f"There is no registered model '{name}'. {nearest(name, known)}")
    there = ", ".join(map(str, versions_of(client, name))) or "none"
    raise InputError(f"The model '{name}' has no {what}. There are: {there}.")


def aliases_of(client, name: str) -> dict[str, int] | None:
    """The aliases of a model and the versions they stand for; None when it is not registered.

    Of MLflow's calls only this one has them all: searching for versions leaves them out.
    """
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return {alias: int(number) for alias, number in found.aliases.items()}


def _by_alias(client, name: str, alias: str) -> Version | None:
    aliases = aliases_of(client, name) or {}
    return _get(client, name, aliases[alias], aliases) if alias in aliases else None


def version_by_number(client, name: str, number: int) -> Version | None:
    aliases = aliases_of(client, name)
    return None if aliases is None else _get(client, name, number, aliases)


def _get(client, name: str, number: int, aliases: dict[str, int]) -> Version | None:
    from mlflow.exceptions import MlflowException

    try:
        return _read(client.get_model_version(name, str(number)), aliases)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def versions_of(client, name: str, where: str = "") -> list[Version]:
    aliases, found, token = aliases_of(client, name), [], None
    if aliases is None:
        return []
    while True:
        page = client.search_model_versions(f"name = '{name}'{where}", page_token=token)
        found += [_read(one, aliases) for one in page]
        token = page.token
        if not token:
            return sorted(found, key=lambda version: version.number)


def find_version_of(client, run: Run) -> Version | None:
    if run.line_of(7) is None:
        return None
    sha = run.read_json("model/card.json")[SHA_TAG]
    found = versions_of(client, model_name(run), f" AND tags.`{SHA_TAG}` = '{sha}'")
    return found[-1] if found else None


def _read(found, aliases: dict[str, int]) -> Version:
    """A version as MLflow has it, as ours."""
    number, tags = int(found.version), found.tags
    return Version(
        found.name,
        number,
        tags.get(RUN_TAG, ""),
        tuple(sorted(alias for alias, of in aliases.items() if of == number)),
        tags.get(SHA_TAG, ""),
        tags.get(VERDICT_TAG, ""),
        promotion_times(tags.get(PROMOTED, "")),
    )


def promotion_times(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(", ")))


# --- What changes it ----------------------------------------------------------------------------


def track(run: Run, began: float | None = None) -> str:
    """Log a run, and register its model where the verdict lets it in; returns a line that says so.

    `began` is when the run began, in seconds since 1970.
    """
    with store(writing=True) as client:
        logged = tracking.log(client, run, model_name(run), began)
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
        return _register(client, run, tracking.log(client, run, model_name(run)))


def _verdict(run: Run) -> str:
    return run.read_json("model/card.json")["held_out"]["verdict"]


def _register(client, run: Run, logged: tracking.Logged) -> Version:
    """The version of the run's model, made where there is none; returns it with its alias.

    The first version of a model is champion, a later one challenges; one that was trained to
    challenge is never champion by being first: the run that it challenges is registered before it.
    """
    name, known, challenged = model_name(run), find_version_of(client, run), _challenged_by(run)
    if known is None and challenged and challenged.line_of(7) and not versions_of(client, name):
        _register(client, challenged, tracking.log(client, challenged, name))
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


def _create_version(client, run: Run, logged: tracking.Logged) -> int:
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


def set_challenger(name: str, version: Version | int) -> Version:
    """Name the version that would like to serve. Returns it as it is then."""
    number = _number(version)
    with store(writing=True) as client:
        if version_by_number(client, name, number) is None:
            refuse_unknown(client, name, f"version {number}")
        client.set_registered_model_alias(name, CHALLENGER, str(number))
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
    if not tracking.exists():
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


# --- Local copies -------------------------------------------------------------------------------


def bundle_folder(address: str | Version) -> Path:
    """The folder with the bundle of a version, fetched once; its model is the one registered.

    Raises InputError when it can't be fetched, or when the model's hash is not the one that the
    registry has for it.
    """
    version = address if isinstance(address, Version) else resolve(address)
    if not version.model_sha256:
        raise InputError(
            f"{version} was not logged by `pipeline run`: it has no schema to check rows against."
        )
    folder = copy_of(version)
    if not folder.exists():
        _fetch(version, folder)
    model = folder / "model.skops"
    if not model.exists() or sha256(model) != version.model_sha256:
        shutil.rmtree(folder, ignore_errors=True)  # what is in the store may be sound
        raise InputError(
            f"The model file of {version} is not the one that was registered (its hash differs), "
            f"so it was not loaded."
        )
    return folder


def copy_of(version: Version) -> Path:
    """Where the local copy of a version is, or would be."""
    return (
        reports_folder() / COPIES / version.name / f"{version.number}-{version.model_sha256[:12]}"
    )


def _fetch(version: Version, folder: Path) -> None:
    """Copy a version's files from the store, whole: into a draft, then a rename."""
    with replacing_folder(folder) as draft, TemporaryDirectory(dir=draft) as fetched:
        with store() as client:
            got = tracking.fetch(client, version.name, version.number, Path(fetched))
        for path in list(got.iterdir()):  # a store may put them a folder deeper
            path.rename(draft / path.name)


def remember(address: str, version: Version) -> None:
    """Note what an address named, for a service that starts while the store is away."""
    note = _note_of(address)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_json(note, asdict(version))


def remembered(address: str) -> Version | None:
    """The version that an address named last on this machine; None where none is known."""
    note = _note_of(address)
    if not note.exists():
        return None
    known = json.loads(note.read_text(encoding="utf-8"))
    return Version(**{k: tuple(v) if isinstance(v, list) else v for k, v in known.items()})


def _note_of(address: str) -> Path:
    name, alias, number = ADDRESS.fullmatch(address).groups()
    return reports_folder() / COPIES / name / f"{alias or number}.json"


class Copy(Run):
    """A folder with the files of a run's `model/` in it: a copy of a version, or of a bundle."""

    def __init__(self, version: Version | str, folder: Path):
        self.name, self.path = str(version), folder
