"""Stage 7, deploy: the bundle, the service over it, and proof that every road gives one answer.

The bundle (`model/`) is all that a service needs: the model, the schema of the rows it takes, the
reference statistics that monitoring compares with, and a card that says what it is good for.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from . import pipeline, tables
from .columns import repair_cell
from .drift import reference_of
from .errors import InputError, nearest
from .line import existing_run, sha256
from .metrics import PLAIN_NAMES
from .task import Task, predict
from .values import tidy

MOST_ROWS = 10_000  # in one request
MOST_UNKNOWN = 1_000  # unknown fields in one row
MOST_BYTES = 20 * 2**20  # of a model file
MOST_LEVELS = 1_000


# --- The bundle ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bundle:
    """A deployed model with what is needed to ask it: its task and the schema of its rows."""

    model: Pipeline
    task: Task
    schema: dict
    card: dict

    @property
    def fields(self) -> dict[str, dict]:
        """The fields of a row that the model uses, by name."""
        return self.schema["fields"]

    @property
    def ignored(self) -> set[str]:
        """Columns of the raw table that the model does not use, the target among them."""
        return set(self.schema["ignored"])


def make_schema(raw: pd.DataFrame, clean: pd.DataFrame, cleaning: dict, features: dict) -> dict:
    """What a row must look like: each field's kind, an example, its range or levels.

    `raw` and `clean` are the training rows. Columns that the model does not use are `ignored`.
    """
    fields = {}
    for name in features["columns"]:
        kind, column = cleaning["columns"][name]["kind"], clean[name]
        field = {"kind": kind, "missing": round(float(column.isna().mean()), 4)}
        present = column.dropna()
        if len(present):
            field["example"] = _plain(raw[name].loc[present.index[0]])
        if kind == "number" and len(present):
            field["range"] = [float(present.min()), float(present.max())]
        if kind == "category" and present.nunique() <= MOST_LEVELS:
            field["levels"] = sorted(present.unique().tolist())
        fields[name] = field
    return {"fields": fields, "ignored": [c for c in raw.columns if c not in fields]}


def _plain(value):
    """A cell as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value


def write_bundle(work, model: Pipeline, schema: dict, card: dict, reference: dict) -> dict:
    """Write the four files of `model/`, the model first and the card last. Returns sizes in bytes.

    Raises InputError when the model takes more than 20 MB.
    """
    with work.writing("model/model.skops") as draft:
        pipeline.save(model, draft)
        size = draft.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"The model takes {size / 2**20:.0f} MB, more than {MOST_BYTES / 2**20:.0f} MB: "
                f"limit its depth or use another with --set models=…"
            )
    work.write_json("model/schema.json", schema)
    work.write_json("model/reference.json", reference)
    work.write_json("model/card.json", card | {"model_sha256": work.outputs["model/model.skops"]})
    work.write_text("model/card.md", card_text(card))
    names = ("model.skops", "schema.json", "reference.json", "card.json", "card.md")
    return {name: work.run.file(f"model/{name}").stat().st_size for name in names}


def make_card(run: str, about: dict, metrics: dict, rows: int, refitted: bool) -> dict:
    """The model card (Mitchell et al. 2019): what it predicts, from what, how well, its limits."""
    return {
        "run": run,
        "question": about["question"],
        "source": about["source"],
        "task": {k: metrics[k] for k in ("task", "target", "classes", "positive")},
        "model": metrics["model"],
        "fitted_on_rows": rows,
        "refitted_on_all_labelled_rows": refitted,
        "held_out": {
            "rows": metrics["rows"]["test"],
            "scores": metrics["test"],
            "interval": metrics["interval"],
            "baseline": metrics["baseline"],
            "verdict": metrics["verdict"],
        },
        "limits": _limits(about, metrics),
        "versions": {n: metadata.version(n) for n in ("scikit-learn", "skops", "pandas")},
    }


def _limits(about: dict, metrics: dict) -> list[str]:
    limits = ["It knows nothing of what the rows it was fitted on do not show."]
    if about.get("time_column"):
        limits.append("It was judged on rows later than those it learnt from; it will age.")
    if about.get("table") == "flights":
        limits.append("Its weather is what was observed, not what was forecast beforehand.")
    if metrics["verdict"] != "good enough":
        limits.append("It did not reach its thresholds: do not use it for decisions.")
    return limits


def card_text(card: dict) -> str:
    """The card as Markdown."""
    held_out = card["held_out"]
    metric_lines = [
        f"| {PLAIN_NAMES[m]} | {value:.3f} | {held_out['baseline'].get(m, float('nan')):.3f} |"
        for m, value in held_out["scores"].items()
    ]
    refit = ", refitted on all labelled rows" if card["refitted_on_all_labelled_rows"] else ""
    return "\n".join(
        [
            f"# Model card: {card['task']['target']}",
            "",
            f"**Question.** {card['question']}",
            "",
            f"**Model.** {card['model']}, fitted on {card['fitted_on_rows']:,} rows of "
            f"{card['source']}{refit}.",
            "",
            f"**Verdict.** {held_out['verdict']}, on {held_out['rows']:,} held-out rows:",
            "",
            "| metric | held out | baseline |",
            "|---|---|---|",
            *metric_lines,
            "",
            "**Limits.**",
            "",
            *[f"- {limit}" for limit in card["limits"]],
            "",
        ]
    )


def load_bundle(run: str) -> Bundle:
    """The bundle of a run, checked against its card: a file that was changed is refused."""
    folder = existing_run(run)
    folder.require(7)
    return _open_bundle(folder)


def read_bundle(work) -> Bundle:
    """The bundle that the open stage 7 has just written, read back from its files."""
    return _open_bundle(work.run)


def _open_bundle(folder) -> Bundle:
    card = folder.read_json("model/card.json")
    path = folder.file("model/model.skops")
    if not path.exists() or card is None or sha256(path) != card["model_sha256"]:
        raise InputError(
            f"The model of run '{folder.name}' is not the one that its card describes. Make "
            f"it again: `pipeline run --name {folder.name} --stages 7`."
        )
    said = card["task"]
    task = Task(said["target"], said["task"], tuple(said["classes"]), said["positive"])
    return Bundle(pipeline.load(path), task, folder.read_json("model/schema.json"), card)


# --- Predictions --------------------------------------------------------------------------------


def predict_rows(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """Raw rows in, `prediction` out and, for classes, `probability_<class>`; row for row."""
    prediction, probability = predict(bundle.task, bundle.model, rows)
    out = pd.DataFrame({"prediction": prediction}, index=rows.index)
    if probability is not None:
        for position, label in enumerate(bundle.task.classes):
            out[f"probability_{label}"] = probability[:, position]
    return out


def predict_table(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows' own columns and the predictions; an error when a needed column is missing."""
    missing = [name for name in bundle.fields if name not in rows.columns]
    if missing:
        raise InputError(
            f"The rows lack {len(missing)} of the {len(bundle.fields)} columns that the model "
            f"needs, the first is '{missing[0]}'. {nearest(missing[0], rows.columns)}"
        )
    answers = predict_rows(bundle, rows)
    taken = {name: _free(f"{name} (in the rows)", rows) for name in answers if name in rows}
    return rows.rename(columns=taken).join(answers)


def _free(name: str, rows: pd.DataFrame) -> str:
    """A column name that the rows do not have yet."""
    return _free(f"{name}'", rows) if name in rows else name


def predict_file(run: str, source: str, out: Path) -> int:
    """Score a table and write it, whole, as CSV or Parquet. Returns the number of rows."""
    writers = {
        ".csv": lambda t, p: t.to_csv(p, index=False),
        ".parquet": lambda t, p: t.to_parquet(p),
    }
    if out.suffix.lower() not in writers:
        raise InputError(f"--out ends in .csv or .parquet; it is '{out.name}'.")
    if not out.parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")
    bundle = load_bundle(run)
    scored = predict_table(bundle, tables.read_table(source, typed=False))
    if out.suffix.lower() == ".parquet":  # a CSV file's numbers as numbers; in a CSV all is text
        texts = scored.columns[scored.dtypes == "str"]
        scored = scored.assign(**{c: tables.numbers_if_surely(scored[c]) for c in texts})
    draft = out.with_name(f".{out.name}.{os.getpid()}.draft")
    try:
        writers[out.suffix.lower()](scored, draft)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return len(scored)


# --- The service --------------------------------------------------------------------------------


def make_app(bundle: Bundle):
    """The FastAPI service over a bundle: `POST /predict`, `GET /health`, `/model`, `/schema`.

    A body is a row or a list of rows; a row is an object with the columns of the raw table. What
    is missing is filled as in training, an unseen category is answered with a warning, a value
    of the wrong type is refused (422) with a sentence that names the field.
    """
    from fastapi import Body, FastAPI
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse

    app = FastAPI(title=f"Predicts {bundle.task.target}", version=bundle.card["model_sha256"][:12])
    example = {n: f["example"] for n, f in bundle.fields.items() if f.get("example") is not None}

    @app.exception_handler(RequestValidationError)
    def refuse(request, error):  # the default repeats the input, which JSON may not be able to hold
        return JSONResponse(
            {"detail": "The body is a JSON object (a row), or a list of objects."}, 422
        )

    @app.post("/predict")
    def answer(body: dict | list[dict] = Body(examples=[example])):  # noqa: B008 - FastAPI's way
        rows = body if isinstance(body, list) else [body]
        try:
            warnings = check_rows(bundle, rows)
        except InputError as error:
            return JSONResponse({"detail": str(error)}, status_code=422)
        answers = predict_rows(bundle, _as_frame(bundle, rows)).to_dict("records")
        said = [_one_answer(bundle, a, w) for a, w in zip(answers, warnings, strict=True)]
        return said if isinstance(body, list) else said[0]

    @app.get("/health")
    def health():
        return {"status": "ok", "model": app.version}

    @app.get("/model")
    def model():
        return bundle.card

    @app.get("/schema")
    def schema():
        return bundle.schema

    return app


def _as_frame(bundle: Bundle, rows: list[dict]) -> pd.DataFrame:
    """Checked rows as a raw table: the model's fields, and the columns that help to clean them.

    Those were not checked: what is no plain value in them is taken as missing.
    """
    fields = bundle.fields
    known = bundle.model["clean"].get_feature_names_out()
    plain = [{name: v for name, v in row.items() if name in fields or _is_plain(v)} for row in rows]
    return pd.DataFrame(plain, columns=known, dtype=object)


def _is_plain(value) -> bool:
    return isinstance(value, (bool, int, float)) or (
        isinstance(value, str) and _is_encodable(value)
    )


def _one_answer(bundle: Bundle, answer: dict, warnings: list[str]) -> dict:
    said = {"prediction": answer["prediction"]}
    if not bundle.task.is_regression:
        said["probability"] = {c: answer[f"probability_{c}"] for c in bundle.task.classes}
    return said | {"warnings": warnings}


def check_rows(bundle: Bundle, rows: list[dict]) -> list[list[str]]:
    """The warnings of each row; raises InputError for rows that can't be answered."""
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InputError(f"A request holds 1 to {MOST_ROWS:,} rows; this one holds {len(rows):,}.")
    return [_check_row(bundle, row, number) for number, row in enumerate(rows, start=1)]


def _check_row(bundle: Bundle, row: dict, number: int) -> list[str]:
    warnings = []
    for name, field in bundle.fields.items():
        value = row.get(name)
        if value is None:
            if field["missing"] == 0:
                warnings.append(f"{name}: missing, filled as the model has learnt")
        else:
            warnings += _check_value(bundle, name, field, value, number)
    unknown = [name for name in row if name not in bundle.fields and name not in bundle.ignored]
    if len(unknown) > MOST_UNKNOWN:
        raise InputError(f"Row {number} has {len(unknown):,} unknown fields.")
    return warnings + [f"{ascii(name)[1:-1]:.80}: unknown field, ignored" for name in unknown[:10]]


def _check_value(bundle: Bundle, name: str, field: dict, value, number: int) -> list[str]:
    if isinstance(value, (dict, list)):
        raise InputError(f"Row {number}, field '{name}': a single value was expected, not a list.")
    if isinstance(value, (int, float)) and not abs(value) < 1e308:
        raise InputError(f"Row {number}, field '{name}': {str(value):.20} is not a usable number.")
    if isinstance(value, str) and not _is_encodable(value):
        raise InputError(f"Row {number}, field '{name}': the text is not valid Unicode.")
    seen, repair = repair_cell(value, bundle.model["clean"].plan_["columns"][name])
    if repair == "unreadable":
        raise InputError(
            f"Row {number}, field '{name}': a {field['kind']} such as "
            f"{field.get('example')!r} was expected, and {value!r:.80} came."
        )
    if seen is None:
        return [f"{name}: {tidy(str(value))!r:.80} is taken as missing"]
    if "levels" in field and seen not in field["levels"]:
        return [f"{name}: {seen!r:.80} was not seen in training"]
    if "range" in field and not field["range"][0] <= seen <= field["range"][1]:
        low, high = field["range"]
        return [f"{name}: {seen:g} lies outside the training range, {low:g} to {high:g}"]
    return []


def _is_encodable(text: str) -> bool:
    return text.encode("utf-8", "ignore").decode() == text


@contextmanager
def serving(bundle: Bundle):
    """Run the service on a free loopback port while the block lasts; yields its address."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_app(bundle), log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            if time.monotonic() > until or not thread.is_alive():
                raise RuntimeError("The service did not start within 30 seconds.")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()


def ask(address: str, rows) -> tuple[int, object]:
    """POST rows to a running service: the status and the answer."""
    import requests

    reply = requests.post(f"{address}/predict", data=as_json(rows), timeout=60,
                          headers={"Content-Type": "application/json"})  # fmt: skip
    return reply.status_code, reply.json()


def as_json(rows) -> str:
    """Rows (a frame, a dict or a list of dicts) as JSON; missing cells are null."""
    if isinstance(rows, pd.DataFrame):
        return rows.to_json(
            orient="records", date_format="iso", date_unit="us", double_precision=15
        )
    return json.dumps(rows)


# --- What the notebook shows --------------------------------------------------------------------


def edge_cases(bundle: Bundle, row: dict) -> dict[str, dict]:
    """Rows that real traffic brings: complete, a field short, an unseen category, a wrong type."""
    kinds = {name: field["kind"] for name, field in bundle.fields.items()}
    category = next((n for n, f in bundle.fields.items() if "levels" in f), None)
    number = next((n for n, k in kinds.items() if k == "number"), None)
    complete = next((n for n, f in bundle.fields.items() if f["missing"] == 0), next(iter(kinds)))
    cases = {
        "complete row": row,
        f"without {complete}": {k: v for k, v in row.items() if k != complete},
        "an extra field": row | {"favourite_colour": "blue"},
    }
    if category:
        cases[f"unseen {category}"] = row | {category: "ZZZ"}
    if number:
        cases[f"text as {number}"] = row | {number: "twelve"}
    return cases


def answers_table(address: str, cases: dict[str, dict]) -> pd.DataFrame:
    """A row per case: status, prediction and what the service said of it."""
    rows = {}
    for name, row in cases.items():
        status, answer = ask(address, row)
        said = "; ".join(answer["warnings"]) if status == 200 else answer["detail"]
        prediction = str(answer.get("prediction", "none"))
        rows[name] = {
            "status": status,
            "prediction": prediction,
            "the service says": said or "fine",
        }
    return pd.DataFrame(rows).T.rename_axis("case")


def answerable(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the service answers; one with a value that can't be read it refuses (422)."""
    records = json.loads(as_json(rows))

    def is_answered(record: dict) -> bool:
        try:
            return bool(check_rows(bundle, [record])) or True
        except InputError:
            return False

    return rows[[is_answered(record) for record in records]].reset_index(drop=True)


def agreement(bundle: Bundle, rows: pd.DataFrame, address: str, folder: Path) -> pd.DataFrame:
    """The same raw rows by three roads: how far the answers lie from the in-process model's.

    Batch goes through a CSV file and back, the API through JSON.
    """
    here = predict_rows(bundle, rows).reset_index(drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    batch = predict_table(bundle, tables.read_table(str(file), typed=False))[
        here.columns
    ].reset_index(drop=True)
    file.unlink()
    status, answers = ask(address, rows)
    if status != 200:
        raise RuntimeError(f"The service refused the rows ({status}): {answers}")
    api = pd.DataFrame([_flat(answer) for answer in answers])[here.columns]
    return pd.DataFrame(
        {road: _distance(here, other) for road, other in (("batch", batch), ("API", api))}
    ).T.rename_axis("road")


def _flat(answer: dict) -> dict:
    shares = answer.get("probability", {})
    return {"prediction": answer["prediction"]} | {f"probability_{c}": p for c, p in shares.items()}


def _distance(here: pd.DataFrame, other: pd.DataFrame) -> dict:
    numbers = here.select_dtypes("number").columns
    apart = (here[numbers] - other[numbers].astype(float)).abs().to_numpy().max()
    same = [c for c in here if c not in numbers]
    equal = all((here[c].astype(str) == other[c].astype(str)).all() for c in same)
    return {
        "rows": len(here),
        "same answers": "yes" if equal and apart < 1e-9 else "no",
        "largest difference": float(apart),
    }


def read_agreement(table: pd.DataFrame) -> str:
    """A sentence that reads the proof."""
    if (table["same answers"] == "yes").all():
        return (
            f"**One answer by three roads**: on {table['rows'].iloc[0]:,} raw rows the API, the "
            f"batch file and the model in this notebook agree within 1e-9."
        )
    roads = ", ".join(table.index[table["same answers"] != "yes"])
    return f"**The roads part**: {roads} differ from the model in this notebook."


def headline(card: dict, size: int, roads: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    agree = (roads["same answers"] == "yes").all()
    return (
        f"A {card['model']} model fitted on {card['fitted_on_rows']:,} rows "
        f"({size / 2**20:.1f} MB) answers over HTTP; API, batch and notebook "
        f"{'agree' if agree else 'do NOT agree'}."
    )


def reference(rows: pd.DataFrame, predictions: pd.DataFrame, columns: list[str]) -> dict:
    """Reference statistics for monitoring: of the columns in use, and of the predictions."""
    return reference_of(rows[columns]) | {"(predictions)": reference_of(predictions)}


def describe_model(model: Pipeline, rows: int, refitted: bool) -> pd.DataFrame:
    """What is deployed: the steps, the rows it was fitted on, whether held-out rows were among."""
    last = model["model"]
    inner = last.estimator if isinstance(last, FixedThresholdClassifier) else last
    facts = {
        "steps": " → ".join(model.named_steps),
        "model": type(inner).__name__,
        "fitted on": f"{rows:,} rows" + (", held-out ones included" if refitted else ""),
    }
    if inner is not last:
        facts["says yes from"] = f"{last.threshold:.2g}"
    return pd.DataFrame({"": facts}).rename_axis("deployed")


def predict_rows_clean(model: Pipeline, rows) -> pd.DataFrame:
    """A model's answers on rows that are cleaned already, as a frame for the reference."""
    prediction, probability = predict(rows.task, model[1:], rows.X)
    out = pd.DataFrame({"prediction": prediction})
    if rows.task.kind == "binary":
        chance = probability[:, rows.task.classes.index(rows.task.positive)]
        out[f"probability_{rows.task.positive}"] = chance
    return out


def fields_table(schema: dict) -> pd.DataFrame:
    """A row per field of the schema: kind, share missing, example, range or levels."""
    rows = {}
    for name, field in schema["fields"].items():
        known = ""
        if "range" in field:
            known = "{:g} to {:g}".format(*field["range"])
        elif "levels" in field:
            known = f"{len(field['levels'])} levels"
        rows[name] = {
            "kind": field["kind"],
            "missing": f"{field['missing']:.1%}",
            "example": f"{field.get('example', '')!s:.40}",
            "seen in training": known,
        }
    return pd.DataFrame(rows).T.rename_axis("field")


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """So many of the rows, evenly spread."""
    if count < 1:
        raise InputError(f"asks is 1 or more; it is {count}.")
    count = min(count, len(rows), MOST_ROWS)
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


def as_record(row: pd.Series) -> dict:
    """One raw row as a client would send it: JSON values, missing as null."""
    return json.loads(as_json(pd.DataFrame([row])))[0]
