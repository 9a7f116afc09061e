"""A run logged to MLflow: its parameters, metrics, files, and its model as MLflow can load it."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..base import addresses
from ..base.findings import SEVERITIES
from ..line.run_folder import Run
from ..line.stage_list import NAME_SOURCES
from .mlflow_store import ROOT_TAG, address, artifacts_of

RUN_TAG, SHA_TAG = "pipeline.run", "model_sha256"

KEPT = {".html": "pages", ".png": "figures", ".json": "", ".yaml": "", ".csv": "", ".md": ""}
AT_ONCE = 100  # parameters or metrics in one request: MLflow takes no more parameters
LONGEST = 6_000  # letters of a parameter, MLflow's limit
LOADER = "helpers.registry.pyfunc_loader"  # what MLflow loads the model with
NEEDED = ("mlflow", "scikit-learn", "skops", "skrub", "pandas", "numpy")  # to load a logged model


@dataclass(frozen=True)
class Logged:
    """What was logged: the names MLflow has for it. `model_id` is empty without a model."""

    experiment: str
    run_id: str
    model_id: str = ""


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
    with _terminated(client, run_id):
        model_id = _log_model(client, run, number, run_id) if run.line_of(7) else ""
        _log_numbers(client, run, run_id, model_id)
        _log_files(client, run, run_id)
    return Logged(name, run_id, model_id)


@contextmanager
def _terminated(client, run_id: str):
    """End MLflow's run after the block: finished, or failed where the block raises."""
    try:
        yield
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)


def _experiment(client, name: str) -> str:
    """The id of the experiment of that name; made or restored where need be."""
    found = client.get_experiment_by_name(name)
    if found is None:
        return _new_experiment(client, name)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def _new_experiment(client, name: str) -> str:
    """The id of a new experiment, which in a store of ours knows where its artifacts lie."""
    folder = artifacts_of(address())
    if folder is None:
        return client.create_experiment(name)
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.as_uri()
    return client.create_experiment(name, artifact_location=root, tags={ROOT_TAG: root})


def _tags(run: Run) -> dict[str, str]:
    """The tags by which a run is found and described."""
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
    """The numbers of a run: scores on each set with their intervals, rows, seconds, findings.

    Those of the test rows have scikit-learn's names with `test.` before them.
    """
    metrics = run.read_json("metrics.json", {}) if run.line_of(6) else {}
    found = _scores(metrics)
    for line in run.ledger:
        found[f"rows.{line['name']}"] = line["rows_out"]
        found[f"seconds.{line['name']}"] = line["seconds"]
    for severity in SEVERITIES:
        found[f"findings.{severity}"] = sum(f["severity"] == severity for f in run.findings)
    return {name: float(v) for name, v in found.items() if v is not None and math.isfinite(v)}


def _scores(metrics: dict) -> dict[str, float]:
    """The scores on each set, and the intervals of those on the test rows."""
    found = {f"{part}.{name}": value for part in ("test", "train", "baseline")
             for name, value in metrics.get(part, {}).items()}  # fmt: skip
    for name, (low, high) in metrics.get("interval", {}).items():
        found |= {f"test.{name}.low": low, f"test.{name}.high": high}
    return found


def _log_numbers(client, run: Run, run_id: str, model_id: str) -> None:
    """Log parameters and metrics, so many in a request; scores on test rows belong to the model."""
    from mlflow.entities import Param

    metrics = _metrics(run, model_id)
    params = [Param(name, value) for name, value in parameters_of(run).items()]
    for at in range(0, max(len(metrics), len(params)), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        client.log_batch(run_id, metrics=metrics[part], params=params[part])


def _metrics(run: Run, model_id: str) -> list:
    from mlflow.entities import Metric

    now, of_model = int(1000 * time.time()), {"model_id": model_id or None}
    return [Metric(name, value, now, 0, **(of_model if name.startswith("test.") else {}))
            for name, value in metrics_of(run).items()]  # fmt: skip


def _log_files(client, run: Run, run_id: str) -> None:
    """The ledger, findings, plans and tables, the pages and the picture of the front page."""
    with tempfile.TemporaryDirectory() as draft:
        for path in sorted(run.path.iterdir()):
            if path.suffix in KEPT and not path.name.startswith(".") and path.is_file():
                folder = Path(draft, KEPT[path.suffix])
                folder.mkdir(exist_ok=True)
                shutil.copy(path, folder)
        client.log_artifacts(run_id, draft)


def _log_model(client, run: Run, experiment: str, run_id: str) -> str:
    """The id of the run's model in MLflow; one that was logged before is only linked."""
    from mlflow.entities import LoggedModelOutput

    card = run.read_json("model/card.json")
    same = f"tags.{SHA_TAG} = '{card[SHA_TAG]}'"
    known = client.search_logged_models([experiment], filter_string=same, max_results=1)
    is_logged = known and str(known[0].status) == "READY"
    model_id = known[0].model_id if is_logged else _new_model(client, run, experiment, run_id, card)
    client.log_outputs(run_id, [LoggedModelOutput(model_id, 0)])
    return model_id


def _new_model(client, run: Run, experiment: str, run_id: str, card: dict) -> str:
    """The id of the run's model, logged with its files."""
    tags = {RUN_TAG: run.name, SHA_TAG: card[SHA_TAG]}
    params = {k: v for k, v in parameters_of(run).items() if k.startswith("train.")}
    about = {"name": run.name, "source_run_id": run_id, "model_type": card["model"]}
    model = client.create_logged_model(experiment, tags=tags, params=params, **about)
    with tempfile.TemporaryDirectory() as draft:
        write_model(Path(draft), run, run_id, model.model_id)
        client.log_model_artifacts(model.model_id, draft)
    client.finalize_logged_model(model.model_id, "READY")
    return model.model_id


def write_model(folder: Path, run: Run, run_id: str, model_id: str) -> None:
    """Write the bundle of a run as a model that MLflow can load and serve.

    The files are those of `model/`, byte for byte, so that the hash in the card holds; MLflow's
    own `log_model` would load the model and write it again. Added are the file that says how to
    load it (`MLmodel`) and what has to be installed.
    """
    shutil.copytree(run.file("model"), folder, dirs_exist_ok=True)
    _write_description(folder, run, run_id, model_id)
    _write_requirements(folder, run.line_of(7)["versions"]["python"])


def _write_description(folder: Path, run: Run, run_id: str, model_id: str) -> None:
    """Write the file `MLmodel`: the signature, and how MLflow loads the model."""
    import mlflow.pyfunc
    from mlflow.models import Model

    from ..pipeline.trusted_types import TRUSTED

    card = run.read_json("model/card.json")
    model = Model(artifact_path="model", run_id=run_id, model_id=model_id,
                  signature=signature_of(run), metadata={SHA_TAG: card[SHA_TAG]})  # fmt: skip
    mlflow.pyfunc.add_to_model(
        model, loader_module=LOADER, model_path="model.skops", predict_fn="predict",
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


def _write_requirements(folder: Path, python: str) -> None:
    """Write the packages to install, and the environment with that version of Python."""
    needed = [f"{name}=={metadata.version(name)}" for name in NEEDED]
    (folder / "requirements.txt").write_text("\n".join(needed) + "\n")
    environment = {"python": python, "build_dependencies": ["pip"],
                   "dependencies": ["-r requirements.txt"]}  # fmt: skip
    (folder / "python_env.yaml").write_text(json.dumps(environment))  # JSON is YAML, too


def signature_of(run: Run):
    """MLflow's signature of the model: a raw row in, the prediction out.

    Each column takes any type: its own reader knows all forms (`helpers.cells.other_forms`), and
    MLflow would refuse a boolean for a text, or a whole number for one that had a gap. The columns
    that the model uses must be there, unless they are of a joined table.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    is_number = run.read_json("model/card.json")["task"]["task"] == "regression"
    answer = Schema([ColSpec("double" if is_number else "string")])
    return ModelSignature(Schema(_columns_of_rows(run)), answer)


def _columns_of_rows(run: Run) -> list:
    """MLflow's words for the columns of a raw row."""
    from mlflow.types import ColSpec
    from mlflow.types.schema import AnyType
    from pyarrow import parquet

    fields = run.read_json("model/schema.json")["fields"]
    examples = parquet.read_schema(run.file("model/examples.parquet"))
    needed = {name for name, field in fields.items() if "source" not in field}
    return [ColSpec(AnyType(), name, required=name in needed) for name in examples.names]
