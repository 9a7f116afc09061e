"""Tracking: the inputs and results of a run, logged to MLflow in one step at its end.

The store is a SQLite file in the folder of runs, unless the usual variables name another
(MLFLOW_TRACKING_URI, MLFLOW_REGISTRY_URI). MLflow takes seconds to import, so it is imported where
a store is opened and nowhere else; it is kept quiet, and off the network. `helpers.registry` says
which of the logged models serves.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from .base import addresses, credentials, extras
from .base.places import reports_folder
from .base.user_errors import InputError
from .line.run_folder import Run
from .line.stage_list import NAME_SOURCES

STORE, ARTIFACTS = "mlflow.db", "mlflow-artifacts"  # in the folder of runs
SQLITE = "sqlite:///"
PATIENCE = 120  # seconds that a command waits for another one at the same store
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
RUN_TAG, SHA_TAG = "pipeline.run", "model_sha256"
# Where MLflow keeps addresses of artifacts: absolute ones, so that a moved folder breaks.
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)

KEPT = {".html": "pages", ".png": "figures", ".json": "", ".yaml": "", ".csv": "", ".md": ""}
AT_ONCE = 100  # parameters or metrics in one request: MLflow takes no more parameters
LONGEST = 6_000  # letters of a parameter, MLflow's limit
NEEDED = ("mlflow", "scikit-learn", "skops", "skrub", "pandas", "numpy")  # to load a logged model


class StoreError(InputError):
    """The store is not there, or can't be written to; nothing in it has changed."""


@dataclass(frozen=True)
class Logged:
    """What was logged: the names MLflow has for it. `model_id` is empty without a model."""

    experiment: str
    run_id: str
    model_id: str = ""


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
    from filelock import Timeout

    where, of_models = address(), registry_address()
    try:
        for one in dict.fromkeys([where, of_models]):
            _reach(one)
        with ExitStack() as held:
            held.enter_context(_lock(where))
            for file in filter(None, (_file_of(where), _file_of(of_models))):
                follow_move(file)
            client = _client(where, of_models)
            if writing:
                held.enter_context(_in_environment(where, of_models))
            else:
                held.close()
            yield client
    except InputError:
        raise
    except Timeout:
        raise StoreError(
            f"The MLflow store {addresses.shown(where)} has been in use by another command for "
            f"{PATIENCE} s: try again later."
        ) from None
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
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _is_of_the_store(error: Exception) -> bool:
    """Whether an exception says that the store failed, not that our own code is wrong."""
    of = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    return bool(of & {"mlflow", "sqlalchemy", "sqlite3", "requests", "urllib3"}) or isinstance(
        error, OSError
    )


def _unusable(where: str, error: Exception) -> StoreError:
    said = credentials.mask(" ".join(str(error).split()) or type(error).__name__)[:300]
    return StoreError(
        f"The MLflow store {addresses.shown(where)} can't be used ({said}): is it there, and may "
        f"it be written to? MLFLOW_TRACKING_URI names another; `pipeline run --no-track` does "
        f"without."
    )


def _lock(where: str):
    from filelock import FileLock

    file = _file_of(where) or reports_folder() / ".locks" / "mlflow"
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{file}.lock", timeout=PATIENCE)


def _reach(where: str) -> None:
    """Raise StoreError at once when a store does not answer: MLflow tries for minutes."""
    try:
        if (file := _file_of(where)) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(file, timeout=20)) as base:
                base.execute("PRAGMA schema_version")
        elif where.startswith(("http://", "https://")):
            import requests

            requests.get(f"{where.rstrip('/')}/health", timeout=ANSWERS_WITHIN)
        elif artifacts_of(where):
            _connect(where)
    except Exception as error:  # whatever it fails of, it is not there for us
        raise _unusable(where, _without_address(error)) from None


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


@cache
def _client(where: str, of_models: str):
    """MLflow's client of a store that answers; its tables are made where there are none."""
    os.environ.update(ALWAYS)
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
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
            for table, column in PLACES:
                base.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - ours
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    [here.as_uri(), len(before) + 1, before, len(before) + 1, f"{before}/"],
                )
            base.execute("UPDATE experiment_tags SET value = ? WHERE key = ? AND value = ?",
                         [here.as_uri(), ROOT_TAG, before])  # fmt: skip


# --- One run ------------------------------------------------------------------------------------


def log(client, run: Run, experiment: str, began: float | None = None) -> Logged:
    """Log a run: parameters, metrics, the ledger, pages, findings, and its model where it has one.

    `experiment` is the name of MLflow's experiment (MLFLOW_EXPERIMENT_NAME goes before it);
    `began` is when the run began, in seconds since 1970.
    """
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or experiment
    number = _experiment(client, name)
    begun = int(1000 * began) if began else None
    made = client.create_run(number, start_time=begun, run_name=run.name, tags=_tags(run))
    run_id = made.info.run_id
    try:
        model_id = _log_model(client, run, number, run_id) if run.line_of(7) else ""
        _log_numbers(client, run, run_id, model_id)
        _log_files(client, run, run_id)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
    return Logged(name, run_id, model_id)


def _experiment(client, name: str) -> str:
    """The id of the experiment of that name, made or taken back from the bin where need be."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return found.experiment_id
    folder = artifacts_of(address())
    if folder is None:
        return client.create_experiment(name)
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.as_uri()
    return client.create_experiment(name, artifact_location=root, tags={ROOT_TAG: root})


def _tags(run: Run) -> dict[str, str]:
    """What a run is found and described by."""
    about, metrics = run.about, run.read_json("metrics.json", {}) if run.line_of(6) else {}
    card = run.file("model/card.md")
    tags = {
        RUN_TAG: run.name,
        "mlflow.source.name": "pipeline run",
        "mlflow.source.type": "LOCAL",
        "source": about.get("source", ""),
        "question": about.get("question", ""),
        "target": metrics.get("target", ""),
        "task": metrics.get("task", ""),
        "model": metrics.get("model", ""),
        "mlflow.note.content": card.read_text(encoding="utf-8") if run.line_of(7) else "",
    }
    tags |= {f"verdict.{line['name']}": line["verdict"] for line in run.ledger}
    return {name: str(value) for name, value in tags.items() if value}


def parameters_of(run: Run) -> dict[str, str]:
    """The parameters of every stage that has run, as `stage.parameter`, and the versions.

    Of a source only what may be shown: a file's name, an address without its password.
    """
    found = {}
    for line in run.ledger:
        for name, value in line["parameters"].items():
            if name == "run":
                continue
            shown = addresses.shown(value) if name in NAME_SOURCES and value else value
            found[f"{line['name']}.{name}"] = str(shown)[:LONGEST]
        found |= {f"versions.{name}": value for name, value in line["versions"].items()}
    return found


def metrics_of(run: Run) -> dict[str, float]:
    """The numbers of a run: scores on each part with their intervals, rows, seconds, findings.

    Those of the test rows have scikit-learn's names with `test.` before them.
    """
    metrics = run.read_json("metrics.json", {}) if run.line_of(6) else {}
    found = {
        f"{part}.{name}": value
        for part in ("test", "train", "baseline")
        for name, value in metrics.get(part, {}).items()
    }
    for name, (low, high) in metrics.get("interval", {}).items():
        found |= {f"test.{name}.low": low, f"test.{name}.high": high}
    for line in run.ledger:
        found |= {
            f"rows.{line['name']}": line["rows_out"],
            f"seconds.{line['name']}": line["seconds"],
        }
    for severity in ("alarm", "warning", "note"):
        found[f"findings.{severity}"] = sum(f["severity"] == severity for f in run.findings)
    return {name: float(v) for name, v in found.items() if v is not None and math.isfinite(v)}


def _log_numbers(client, run: Run, run_id: str, model_id: str) -> None:
    from mlflow.entities import Metric, Param

    now = int(1000 * time.time())
    metrics = [
        Metric(name, value, now, 0,
               model_id=model_id if model_id and name.startswith("test.") else None)
        for name, value in metrics_of(run).items()
    ]  # fmt: skip
    params = [Param(name, value) for name, value in parameters_of(run).items()]
    for at in range(0, max(len(metrics), len(params)), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        client.log_batch(run_id, metrics=metrics[part], params=params[part])


def _log_files(client, run: Run, run_id: str) -> None:
    """The ledger, findings, plans and tables, the pages and the picture of the front page."""
    with tempfile.TemporaryDirectory() as draft:
        for path in sorted(run.path.iterdir()):
            if path.suffix in KEPT and not path.name.startswith(".") and path.is_file():
                folder = Path(draft, KEPT[path.suffix])
                folder.mkdir(exist_ok=True)
                shutil.copy(path, folder)
        client.log_artifacts(run_id, draft)


# --- The model ----------------------------------------------------------------------------------


def _log_model(client, run: Run, experiment: str, run_id: str) -> str:
    """The id of the run's model in MLflow; one that was logged before is only linked."""
    from mlflow.entities import LoggedModelOutput

    card = run.read_json("model/card.json")
    same = f"tags.{SHA_TAG} = '{card[SHA_TAG]}'"
    known = client.search_logged_models([experiment], filter_string=same, max_results=1)
    if known and str(known[0].status) == "READY":
        model = known[0]
    else:
        tags = {RUN_TAG: run.name, SHA_TAG: card[SHA_TAG]}
        model = client.create_logged_model(
            experiment, name=run.name, source_run_id=run_id, tags=tags, model_type=card["model"],
            params={k: v for k, v in parameters_of(run).items() if k.startswith("train.")},
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as draft:
            write_model(Path(draft), run, run_id, model.model_id)
            client.log_model_artifacts(model.model_id, draft)
        client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    return model.model_id


def write_model(folder: Path, run: Run, run_id: str, model_id: str) -> None:
    """Write the bundle of a run as a model that MLflow can load and serve.

    The files are those of `model/`, byte for byte, so that the hash in the card holds; MLflow's
    own `log_model` would load the model and write it anew. To them come the file that says how to
    load it (`MLmodel`) and what has to be installed.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    from .pipeline.trusted_types import TRUSTED

    shutil.copytree(run.file("model"), folder, dirs_exist_ok=True)
    card = run.read_json("model/card.json")
    model = Model(artifact_path="model", run_id=run_id, model_id=model_id,
                  signature=signature_of(run), metadata={SHA_TAG: card[SHA_TAG]})  # fmt: skip
    mlflow.pyfunc.add_to_model(
        model, loader_module="mlflow.sklearn", model_path="model.skops", predict_fn="predict",
        python_env="python_env.yaml",
    )  # fmt: skip
    model.add_flavor(
        "sklearn",
        pickled_model="model.skops",
        sklearn_version=card["versions"]["scikit-learn"],
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED),
        code=None,
    )
    model.save(str(folder / "MLmodel"))
    needed = [f"{name}=={metadata.version(name)}" for name in NEEDED]
    (folder / "requirements.txt").write_text("\n".join(needed) + "\n")
    python = run.line_of(7)["versions"]["python"]
    environment = {"python": python, "build_dependencies": ["pip"],
                   "dependencies": ["-r requirements.txt"]}  # fmt: skip
    (folder / "python_env.yaml").write_text(json.dumps(environment))  # JSON is YAML, too


def signature_of(run: Run):
    """MLflow's signature of the model: a raw row in, the prediction out.

    Whole numbers are doubles, since a column of longs takes neither 1.0 nor a gap. Only columns
    that were never missing in training must be there.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from pyarrow import parquet

    fields = run.read_json("model/schema.json")["fields"]
    columns = [
        ColSpec(_type_of(column.type), column.name,
                required=fields.get(column.name, {}).get("missing", 1) == 0)
        for column in parquet.read_schema(run.file("model/examples.parquet"))
    ]  # fmt: skip
    is_number = run.read_json("model/card.json")["task"]["task"] == "regression"
    return ModelSignature(Schema(columns), Schema([ColSpec("double" if is_number else "string")]))


def _type_of(arrow) -> str:
    """MLflow's type for a column of a Parquet file."""
    from pyarrow import types

    if types.is_boolean(arrow):
        return "boolean"
    if types.is_integer(arrow) or types.is_floating(arrow) or types.is_decimal(arrow):
        return "double"
    return "datetime" if types.is_timestamp(arrow) or types.is_date(arrow) else "string"


def fetch(client, name: str, number: int, folder: Path) -> Path:
    """Copy the files of a version of a registered model into a folder; returns where they are."""
    import mlflow.artifacts

    where = client.get_model_version_download_uri(name, str(number))
    got = mlflow.artifacts.download_artifacts(where, dst_path=str(folder), tracking_uri=address())
    return Path(got)


def moment() -> str:
    """Now, in UTC, to the microsecond: what is later sorts later."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
