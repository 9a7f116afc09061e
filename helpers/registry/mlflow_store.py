"""The MLflow store: where it is, opened for a block, one writer at a time, errors in one line.

It is a SQLite file in the folder of runs, unless the usual variables name another
(MLFLOW_TRACKING_URI, MLFLOW_REGISTRY_URI). MLflow takes seconds to import, so it is imported where
a store is opened; it is kept quiet, and off the network. `helpers.registry.mlflow_log` logs runs to
it, `helpers.registry.model_versions` says which of the logged models serves.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..base import addresses, credentials, extras
from ..base.places import reports_folder
from ..base.user_errors import InputError

STORE, ARTIFACTS = "mlflow.db", "mlflow-artifacts"  # in the folder of runs
SQLITE = "sqlite:///"
PATIENCE = 120  # seconds that a command waits for another one at the same store
IN_USE = (
    "The MLflow store {where} has been in use by another command for {seconds} s: try again later."
)
ANSWERS_WITHIN = 5  # seconds that a server has to show that it is there

# What keeps MLflow to itself: no telemetry, no lines about its own doings.
ALWAYS = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
UNLESS_SET = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # 7 of them take minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}

ROOT_TAG = "pipeline.artifacts"  # of an experiment: where its artifacts were when it was made
# Where MLflow keeps addresses of artifacts: absolute ones, so that a moved folder breaks.
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


class StoreError(InputError):
    """The store is not there, or can't be written to; nothing in it has changed."""


# --- The store ----------------------------------------------------------------------------------


def address() -> str:
    """The store's address: MLFLOW_TRACKING_URI, or the SQLite file in the folder of runs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{reports_folder() / STORE}"


def registry_address() -> str:
    """Where versions of models are kept: MLFLOW_REGISTRY_URI, or the store itself."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or address()


def exists() -> bool:
    """Whether there is a store to ask; False only where a SQLite file has not been made yet."""
    file = _file_of(registry_address())
    return file is None or (file.exists() and file.stat().st_size > 0)


def _file_of(where: str) -> Path | None:
    """The file of a SQLite store; None for any other."""
    return Path(where.removeprefix(SQLITE)).absolute() if where.startswith(SQLITE) else None


def artifacts_of(where: str) -> Path | None:
    """Where a store's artifacts lie; None where a server decides that."""
    file = _file_of(where)
    if file is not None:
        return file.with_name(f"{file.stem}-artifacts")
    is_database = where.partition(":")[0].partition("+")[0] in ("postgresql", "mysql", "mssql")
    return reports_folder() / ARTIFACTS if is_database else None


@contextmanager
def store(writing: bool = False) -> Iterator:
    """MLflow's client, for a block that reads the store or, alone at it, writes to it.

    A store that is a new file is made first, which takes seconds; of commands that come at once,
    one makes it. Raises StoreError when the store can't be used; what MLflow raises inside the
    block is turned into that.
    """
    where, of_models = address(), registry_address()
    with _store_errors(where), ExitStack() as held:
        for one in dict.fromkeys([where, of_models]):
            _reach(one)
        held.enter_context(_lock(where))
        for file in filter(None, (_file_of(where), _file_of(of_models))):
            follow_move(file)
        client = _client(where, of_models)
        if writing:
            held.enter_context(_in_environment(where, of_models))
        else:
            held.close()
        yield client


@contextmanager
def _store_errors(where: str) -> Iterator[None]:
    """Turn what MLflow and its database raise in a block into a StoreError."""
    from filelock import Timeout

    try:
        yield
    except InputError:
        raise
    except Timeout:
        raise StoreError(IN_USE.format(where=addresses.shown(where), seconds=PATIENCE)) from None
    except Exception as error:
        if not _is_of_the_store(error):
            raise
        raise _unusable(where, error) from error


def prepare() -> None:
    """Import MLflow and open the store, ahead of time; what is wrong with it is said later."""
    with suppress(Exception), store():
        import mlflow.pyfunc  # noqa: F401 - what a model is logged with


@contextmanager
def _in_environment(where: str, of_models: str):
    """Name the store in the environment for a block: where it registers, MLflow looks there."""
    names = {"MLFLOW_TRACKING_URI": where, "MLFLOW_REGISTRY_URI": of_models}
    before = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.update(names)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


def _is_of_the_store(error: Exception) -> bool:
    """Whether an exception says that the store failed, not that our own code is wrong."""
    of = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    return bool(of & {"mlflow", "sqlalchemy", "sqlite3", "requests", "urllib3"}) or isinstance(
        error, OSError
    )


def _unusable(where: str, error: Exception) -> StoreError:
    """The error of a store that can't be used: where it is, why, and what to do."""
    reason = credentials.mask(" ".join(str(error).split()) or type(error).__name__)[:300]
    return StoreError(
        f"The MLflow store {addresses.shown(where)} can't be used ({reason}): is it there, and may "
        f"it be written to? MLFLOW_TRACKING_URI names another; `pipeline run --no-track` does "
        f"without."
    )


def _lock(where: str):
    """The lock that one command at a time holds at a store."""
    from filelock import FileLock

    file = _file_of(where) or reports_folder() / ".locks" / "mlflow"
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{file}.lock", timeout=PATIENCE)


def _reach(where: str) -> None:
    """Raise StoreError at once when a store does not answer: MLflow tries for minutes."""
    try:
        if (file := _file_of(where)) is not None:
            _open_file(file)
        elif where.startswith(("http://", "https://")):
            import requests

            requests.get(f"{where.rstrip('/')}/health", timeout=ANSWERS_WITHIN)
        elif artifacts_of(where):
            _connect(where)
    except Exception as error:  # whatever it fails of, it is not there for us
        raise _unusable(where, _without_address(error)) from None


def _open_file(file: Path) -> None:
    """Open the SQLite file of a store once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=20)) as base:
        base.execute("PRAGMA schema_version")


def _connect(where: str) -> None:
    """Connect to a database server once."""
    import socket

    import sqlalchemy as sql

    url = sql.make_url(where)
    if url.host and url.port:
        socket.create_connection((url.host, url.port), ANSWERS_WITHIN).close()
    engine = sql.create_engine(where)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def _without_address(error: Exception) -> Exception:
    """An error as its kind alone: the text of some holds the address with user and password."""
    if isinstance(error, (sqlite3.Error, OSError)) and not hasattr(error, "request"):
        return error
    return Exception(type(error).__name__)


def _client(where: str, of_models: str):
    """MLflow's client of a store that answers; its tables are made where there are none."""
    os.environ.update(UNLESS_SET | dict(os.environ) | ALWAYS)
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise StoreError(extras.missing(error.name) or str(error)) from None

    client = mlflow.MlflowClient(where, of_models)
    client.search_registered_models(max_results=1)
    return client


def follow_move(file: Path) -> None:
    """Point a SQLite store whose folder was moved to where its artifacts are now."""
    here = artifacts_of(f"{SQLITE}{file}")
    if not here.is_dir():
        return
    with closing(sqlite3.connect(file, timeout=20)) as base, base:
        tables = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
        if "experiment_tags" not in tables:
            return
        found = base.execute("SELECT DISTINCT value FROM experiment_tags WHERE key = ?", [ROOT_TAG])
        for before in [value for (value,) in found if value != here.as_uri()]:
            _point_elsewhere(base, before, here.as_uri())


def _point_elsewhere(base: sqlite3.Connection, before: str, now: str) -> None:
    """Change each address below one folder to the same below another."""
    for table, column in PLACES:
        base.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - ours
            f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
            [now, len(before) + 1, before, len(before) + 1, f"{before}/"],
        )
    base.execute("UPDATE experiment_tags SET value = ? WHERE key = ? AND value = ?",
                 [now, ROOT_TAG, before])  # fmt: skip


def fetch(client, name: str, number: int, folder: Path) -> Path:
    """Copy the files of a version of a registered model into a folder; returns where they are."""
    import mlflow.artifacts

    where = client.get_model_version_download_uri(name, str(number))
    got = mlflow.artifacts.download_artifacts(where, dst_path=str(folder), tracking_uri=address())
    return Path(got)


def moment() -> str:
    """Now, in UTC, to the microsecond: what is later sorts later."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
