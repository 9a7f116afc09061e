"""The versions of registered models: which there are, which one serves, what an address names.

The registry is MLflow's: a version per model that passed the verdict, the aliases `champion` (it
serves) and `challenger` (it may come to serve), and tags on a version that say when it was
promoted. From these times `champions.rollback` knows the champion before; nothing is stored beside
MLflow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..base.user_errors import InputError, nearest
from ..line.run_folder import Run
from . import mlflow_store
from .mlflow_log import RUN_TAG, SHA_TAG
from .mlflow_store import store

CHAMPION, CHALLENGER = "champion", "challenger"
VERDICT_TAG = "verdict"
PROMOTED, ROLLED_BACK = "promoted", "rolled_back"  # tags: the times, the last one last
NO_STORE = (
    "There is no model '{name}': no store has been made yet. `pipeline run` makes it, or "
    "MLFLOW_TRACKING_URI names another."
)
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
    """The name of a run's registered model: its own, or that of the run that it challenges."""
    run = Run(run) if isinstance(run, str) else run
    return run.challenges.get("model", run.name)


def champion(name: str) -> Version | None:
    """The version of a model that serves; None where there is none."""
    return _asked(name, CHAMPION)


def challenger(name: str) -> Version | None:
    """The version that is the challenger; None where there is none."""
    return _asked(name, CHALLENGER)


def _asked(name: str, alias: str) -> Version | None:
    """The version with an alias; None where there is none, or no store."""
    if not mlflow_store.exists():
        return None
    with store() as client:
        return _by_alias(client, name, alias)


def versions(name: str) -> list[Version]:
    """All versions of a model, the oldest first; none of a model that is not registered."""
    if not mlflow_store.exists():
        return []
    with store() as client:
        return versions_of(client, name)


def resolve(address: str) -> Version:
    """The version that an address names: models:/NAME@champion, models:/NAME/3.

    Raises InputError for a text of another form, and where there is no such version.
    """
    match = ADDRESS.fullmatch(address)
    if not match:
        raise InputError(
            f"A registered model is models:/NAME@champion or models:/NAME/3; '{address}' is not."
        )
    name, alias, number = match.groups()
    if not mlflow_store.exists():
        raise InputError(NO_STORE.format(name=name))
    with store() as client:
        return _named(client, name, alias, number)


def _named(client, name: str, alias: str | None, number: str | None) -> Version:
    """The version with an alias or a number; raises InputError where there is none."""
    if alias:
        found = _by_alias(client, name, alias)
    else:
        found = version_by_number(client, name, int(number))
    if found is None:
        refuse_unknown(client, name, alias or f"version {number}")
    return found


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
    """The version with an alias; None where there is none."""
    aliases = aliases_of(client, name) or {}
    return _get(client, name, aliases[alias], aliases) if alias in aliases else None


def version_by_number(client, name: str, number: int) -> Version | None:
    """A version of a model by its number; None where there is none. `client` is MLflow's."""
    aliases = aliases_of(client, name)
    return None if aliases is None else _get(client, name, number, aliases)


def _get(client, name: str, number: int, aliases: dict[str, int]) -> Version | None:
    """A version of a model whose aliases are known; None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return _read(client.get_model_version(name, str(number)), aliases)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def versions_of(client, name: str, where: str = "") -> list[Version]:
    """The versions of a model, the oldest first; `where` is added to the query of the search."""
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
    """The latest version that holds the run's model as it is now; None where there is none."""
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
    """The times in a tag of promotions.

    >>> promotion_times("2026-11-01T10:00, 2026-11-03T09:30")
    ('2026-11-01T10:00', '2026-11-03T09:30')
    """
    return tuple(filter(None, text.split(", ")))
