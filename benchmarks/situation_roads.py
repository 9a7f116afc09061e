"""The roads by which a table comes to a model, and how each is asked: training, batch, service,
monitor, MLflow.

Nothing is a mock: stages 1 and 2 read and clean the file, a ridge regression is fitted with the
whole pipeline, its bundle is written, and every road takes it from there. Only the pages are left
out, and the choice of a model.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import requests

from helpers.base.user_errors import InputError
from helpers.clean import clean_rows, cleaning_stage
from helpers.collect import collect_rows, collection_stage
from helpers.deploy import bundle_files, model_card
from helpers.features import feature_plan
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.predicting import predict_scores
from helpers.learning.task_kind import encode, find_task
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.monitor import monitor_model, production_rows
from helpers.pipeline import whole_pipeline
from helpers.registry import mlflow_log
from helpers.serving import batch_prediction, local_service, model_bundle
from helpers.tables import read_any
from tests import small

ROADS = ("training", "batch", "service", "monitor", "MLflow")
BODIES = {".csv": "text/csv", ".json": "application/json",
          ".parquet": "application/vnd.apache.parquet"}  # fmt: skip
ASKED = {"query": "", "until": "", "injected_errors": "auto"}


@dataclass
class Told:
    """What a road answered, a row each, and what it said; None where the road is not to be had.

    `at` are sentences of single rows.
    """

    answers: np.ndarray | None
    said: list[str] = field(default_factory=list)
    at: list[list[str]] = field(default_factory=list)


# --- Training -----------------------------------------------------------------------------------


def trained(file: Path | str, target: str, name: str) -> Run:
    """A run of a file, from its collection to its bundle."""
    run = Run(name)
    raw = _collected(run, file, target)
    made = _cleaned(run, raw)
    rows = small.at_random(made)
    model = whole_pipeline.fit(made.cleaning, made.plan, made.model, made.X, made.y)
    _stored(run, made, rows, model)
    return run


def _collected(run: Run, file: Path | str, target: str) -> pd.DataFrame:
    work = Work(1, run, ASKED | {"run": run.name, "data": str(file), "target": target})
    whole, sources = collect_rows.collect(str(file))
    collection_stage.finish(work, whole, sources, whole, None)
    return pd.read_parquet(run.file("data/raw.parquet"))


def _cleaned(run: Run, raw: pd.DataFrame) -> SimpleNamespace:
    """Stages 2 and 3: the plans, and the rows that stay."""
    work = Work(2, run, {"run": run.name})
    raw, about = work.read_table("raw"), work.about
    decided = cleaning_stage.decide(raw, about, "", "", "")
    cleaned, changes = clean_rows.repair_rows(raw, decided.plan, about)
    doubts = decided.review_list(cleaned)
    rows = cleaning_stage.sort_rows(cleaned, about)
    cleaning_stage.close(work, raw, decided, changes, rows, doubts, None)
    X, target = rows.kept, about["target"]
    task = find_task(X[target], target, about["task"])
    plan = feature_plan.plan_features(X, decided.plan, about, units=rows.units)
    plan["task"] = task.kind
    Work(3, run, {"run": run.name}).finish(len(X), len(X), "done")
    y, place = encode(X[target], task), np.flatnonzero(rows.stays)
    labelled = Labelled(task, X.drop(columns=target), y, place)
    model = (
        small.Ridge(alpha=1e-4) if task.is_regression else small.LogisticRegression(max_iter=2_000)
    )
    return SimpleNamespace(raw=raw.iloc[place], cleaning=decided.plan, plan=plan, rows=labelled,
                           task=task, about=about, X=labelled.X, y=y, model=model)  # fmt: skip


def _stored(run: Run, made: SimpleNamespace, rows: Labelled, model) -> None:
    """Stages 4 to 7: the split, the scores, the bundle."""
    metrics = _judged(made, rows, model)
    split = Work(4, run, {"run": run.name})
    split.write_table("split", pd.DataFrame({"row": rows.row, "part": rows.part,
                                             "fold": rows.fold}))  # fmt: skip
    split.write_json("split.json", {"strategy": "random", "column": ""})
    split.finish(len(rows.row), len(rows.row), "done")
    fitted = Work(5, run, {"run": run.name})
    fitted.write_json("training.json", {"metric": "auto"})
    fitted.finish(len(rows.row), len(rows.row), "done")
    judged = Work(6, run, {"run": run.name})
    judged.write_json("metrics.json", metrics)
    judged.finish(len(rows.row), len(rows.row), "done", verdict="good enough")
    work = Work(7, run, {"run": run.name})
    schema = bundle_files.make_schema(made.raw, made.X, made.cleaning, made.plan)
    schema["encoding"] = made.about.get("encoding", "")
    card = model_card.make_card(run.name, made.about, metrics, made.y, refitted=True)
    answers = bundle_files.held_out_answers(model, rows)
    known = bundle_files.make_reference(work, model, rows, answers)
    bundle_files.write_bundle(work, model, schema, card, known, made.raw)
    work.finish(len(made.raw), len(made.raw), "done")


def _judged(made: SimpleNamespace, rows: Labelled, model) -> dict:
    """What stage 6 writes, as far as a bundle needs it."""
    main, test = made.task.main_metric, rows.of(TEST)
    scores = predict_scores(made.task, model[1:], test.X, test.y)
    return {
        "task": made.task.kind, "target": made.task.target, "classes": made.task.classes,
        "positive": made.task.positive, "model": "linear", "main_metric": main, "test": scores,
        "train": scores, "baseline": {main: 0.5},
        "interval": {name: [value, value] for name, value in scores.items()},
        "rows": {"train": int((rows.part == TRAIN).sum()), "test": len(test.y)},
        "verdict": "good enough",
    }  # fmt: skip


# --- The roads ----------------------------------------------------------------------------------


def by_training(run: Run, file: Path | str, frame: pd.DataFrame | None) -> Told:
    """A file read as training reads it, by the model that was trained on its form."""
    raw = read_any.read_table(str(file), typed=False)
    said = [one["message"] for one in run.findings]
    return Told(_numbers(model_bundle.predict_rows(model_bundle.load_bundle(run.name), raw)), said)


def by_batch(run: Run, file: Path | str, frame: pd.DataFrame | None) -> Told:
    """`pipeline predict`."""
    said: list[str] = []
    out = run.path.with_name(f"{run.name}-scored.parquet")
    batch_prediction.predict_file(run.name, str(file), out, say=said.append)
    return Told(_numbers(pd.read_parquet(out)), said)


def by_service(run: Run, file: Path | str, frame: pd.DataFrame | None) -> Told:
    """`POST /predict`: rows of JSON where the cells are the matter, else the file as it is."""
    ending = Path(file).suffix
    if frame is None and ending not in BODIES:
        return Told(None)
    kind = "application/json" if frame is not None else BODIES[ending]
    body = file.read_bytes() if frame is None else json.dumps(_records(frame))
    with local_service.serving(model_bundle.load_bundle(run.name)) as address:
        reply = requests.post(f"{address}/predict", data=body, timeout=60,
                              headers={"Content-Type": kind})  # fmt: skip
    if reply.status_code != 200:
        raise InputError(str(reply.json()["detail"]))
    told = reply.json()
    at = [one["warnings"] for one in told]
    return Told(_numbers(pd.DataFrame(told)), at[0], at)


def _records(frame: pd.DataFrame) -> list[dict]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def by_monitor(run: Run, file: Path | str, frame: pd.DataFrame | None) -> Told:
    """`pipeline monitor`: the rows as it reads them, and its findings on them."""
    work = Work(8, run, {"run": run.name})
    rows = production_rows.later_rows(work, str(file))
    found = [*work._findings, *map(vars, monitor_model.quality_changes(rows))]
    answers = rows.reading.model[1:].predict(rows.X)
    return Told(_as_numbers(answers), [one["message"] for one in found])


def by_mlflow(run: Run, file: Path | str, frame: pd.DataFrame | None) -> Told:
    """`mlflow.pyfunc` with the frame that pandas reads, told nothing, where the columns fit."""
    from mlflow import pyfunc

    folder = run.file("model").parent / "for_mlflow"
    if not folder.exists():
        mlflow_log.write_model(folder, run, "0" * 32, "m-" + "0" * 32)
    rows = _by_pandas(file, set(run.read_json("model/schema.json")["fields"]))
    if rows is None:
        return Told(None)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            answers = pyfunc.load_model(str(folder)).predict(rows)
        except Exception as error:  # MLflow's own, where its signature refuses the rows
            if type(error).__name__ != "MlflowException":
                raise
            raise InputError(str(error).split("\n")[0]) from None
    said = [str(one.message) for one in heard if issubclass(one.category, UserWarning)]
    return Told(_as_numbers(answers), said)


READERS: dict[str, Callable] = {
    ".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet,
    ".xlsx": pd.read_excel,
}  # fmt: skip


def _by_pandas(file: Path | str, needed: set[str]) -> pd.DataFrame | None:
    """The frame that pandas makes of a file; None where it does not find the columns."""
    if (ending := Path(file).suffix) not in READERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = READERS[ending](file)
    except Exception:  # each parser has its own: without a frame there is nothing to ask
        return None
    return frame if needed <= set(frame.columns) else None


def _numbers(scored: pd.DataFrame) -> np.ndarray:
    return _as_numbers(scored["prediction"])


def _as_numbers(answers) -> np.ndarray:
    """Answers as numbers; classes stay words."""
    found = np.asarray(answers)
    return found.astype(float if found.dtype.kind in "fiu" else str)


TO: dict[str, Callable[[Run, Path, pd.DataFrame | None], Told]] = dict(
    zip(ROADS, (by_training, by_batch, by_service, by_monitor, by_mlflow), strict=True)
)
