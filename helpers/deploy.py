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
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from .base.files import sha256
from .base.places import reports_folder
from .base.spacing import evenly_spaced
from .base.user_errors import InputError, nearest
from .cells.as_texts import is_plain
from .cells.usual_values import usual_levels, usual_numbers
from .drift import stored_reference
from .examples import known as examples_known
from .learning.labelled_data import TEST, Labelled, time_column
from .learning.metric_names import PLAIN_NAMES
from .learning.predicting import predict
from .learning.task_kind import Task, compared_answers
from .line.run_folder import Run, existing_run
from .models.calibrated_model import Calibrated
from .pipeline import whole_pipeline
from .pipeline.whole_pipeline import model_columns
from .registry.local_copies import Copy, bundle_folder
from .registry.model_versions import Version, is_address, resolve
from .row_check import RowCheck
from .tables import read_any

MOST_ROWS = 10_000  # in one request
KEY_VARIABLE = "PIPELINE_API_KEY"  # in the environment: the key that a service asks for
EXAMPLES = 2_000  # raw rows that a bundle holds
MOST_BYTES = 20 * 2**20  # of a model file
MOST_LEVELS = 1_000


# --- The bundle ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bundle:
    """A deployed model with what is needed to ask it: its task and the schema of its rows.

    `examples` are raw rows on which a compiled scorer is checked. `model` is None where only the
    baseline of the card can answer.
    """

    model: Pipeline | None
    task: Task
    schema: dict
    card: dict
    examples: pd.DataFrame | None = None

    @property
    def version(self) -> str:
        """The first letters of the model file's hash."""
        return self.card["model_sha256"][:12]

    @cached_property
    def check(self) -> RowCheck:
        """What looks at a row before it is answered."""
        plans = None if self.model is None else self.model["clean"].plan_["columns"]
        return RowCheck(self.fields, self.ignored, plans)

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

    `raw` and `clean` are the training rows. Ranges and levels are of the cleaned ones, without what
    lies far outside or is `rare` (`left_out` counts such cells, see `helpers.cells.usual_values`). Columns that
    the model does not use are `ignored`.
    """
    fields = {
        name: _field(cleaning["columns"][name]["kind"], raw[name], clean[name])
        for name in features["columns"]
    }
    return {"fields": fields, "ignored": [c for c in raw.columns if c not in fields]}


def _field(kind: str, raw: pd.Series, clean: pd.Series) -> dict:
    """A field of the schema, from its raw and its cleaned cells."""
    field = {"kind": kind, "missing": round(float(clean.isna().mean()), 4)}
    present = clean.dropna()
    kept = present
    if kind == "number" and len(present):
        usual = usual_numbers(present)
        field["range"] = [float(usual.min()), float(usual.max())]
        kept = present[present.astype(float).between(*field["range"])]
    if kind == "category" and present.nunique() <= MOST_LEVELS:
        field["levels"] = usual_levels(present)
        kept = present[present.isin(field["levels"])]
        field["rare"] = sorted(set(present) - set(field["levels"]))
    if len(kept) < len(present):
        field["left_out"] = len(present) - len(kept)
    if len(kept):
        field["example"] = _plain(raw.loc[kept.index[0]])
    return field


def _plain(value):
    """A cell as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value


def write_bundle(
    work, model: Pipeline, schema: dict, card: dict, known: dict, raw: pd.DataFrame
) -> dict:
    """Write the files of `model/`, the model first and the card last. Returns sizes in bytes.

    Of the `raw` rows that it was fitted on, up to 2,000 go along, with the columns of the cleaning
    plan: on them a service checks its compiled scorer, and later rows are told from them. `known`
    is the reference. Raises InputError when the model takes more than 20 MB.
    """
    with work.writing("model/model.skops") as draft:
        whole_pipeline.save(model, draft)
        size = draft.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"The model takes {size / 2**20:.0f} MB, more than {MOST_BYTES / 2**20:.0f} MB: "
                f"limit its depth or use another with --set models=…"
            )
    with work.writing("model/examples.parquet") as draft:
        names = [name for name in model["clean"].get_feature_names_out() if name in raw]
        raw[names].iloc[evenly_spaced(len(raw), EXAMPLES)].to_parquet(draft, index=False)
    work.write_json("model/schema.json", schema)
    work.write_json("model/reference.json", known)
    work.write_json("model/card.json", card | {"model_sha256": work.outputs["model/model.skops"]})
    work.write_text("model/card.md", card_text(card))
    names = (
        "model.skops",
        "examples.parquet",
        "schema.json",
        "reference.json",
        "card.json",
        "card.md",
    )
    return {name: work.run.file(f"model/{name}").stat().st_size for name in names}


def make_card(run: str, about: dict, metrics: dict, y: np.ndarray, refitted: bool) -> dict:
    """The model card (Mitchell et al. 2019): what it predicts, from what, how well, its limits.

    `y` are the labels it was fitted on; their mean, or the share of each class, is the answer of
    last resort.
    """
    return {
        "run": run,
        "question": about["question"],
        "source": about["source"],
        "task": {k: metrics[k] for k in ("task", "target", "classes", "positive")},
        "model": metrics["model"],
        "fitted_on_rows": len(y),
        "refitted_on_all_labelled_rows": refitted,
        "held_out": {
            "rows": metrics["rows"]["test"],
            "main_metric": metrics["main_metric"],
            "scores": metrics["test"],
            "interval": metrics["interval"],
            "baseline": metrics["baseline"],
            "verdict": metrics["verdict"],
        },
        "baseline_answer": _baseline(metrics, y),
        "limits": _limits(about, metrics),
        "versions": {n: metadata.version(n) for n in ("scikit-learn", "skops", "pandas")},
    }


def _baseline(metrics: dict, y: np.ndarray) -> dict:
    """What a service answers when it has no model: the mean, or the most frequent class."""
    if metrics["task"] == "regression":
        return {"prediction": float(np.mean(y)), "probability": None}
    shares = pd.Series(y).astype("str").value_counts(normalize=True)
    known = {label: float(shares.get(label, 0.0)) for label in metrics["classes"]}
    return {"prediction": str(shares.index[0]), "probability": known}


def _limits(about: dict, metrics: dict) -> list[str]:
    limits = ["It knows only what its training rows show."]
    if about.get("time_column"):
        limits.append("It was judged on rows later than those it learnt from; it will age.")
    example = examples_known.example(about.get("table", ""))
    limits += example.limits if example else ()
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
    """The bundle of a run, checked against its card: a file that was changed is refused.

    `run` is a run's name, the address of a registered model such as models:/NAME@champion, or a
    folder that holds the files of a bundle.
    """
    return open_bundle(*_place_of(run))


def load_reference(run: str) -> stored_reference.Reference:
    """What the bundle of a run (or an address, or a folder) keeps of the rows it was fitted on."""
    folder, name = _place_of(run)
    return stored_reference.read_content(folder.read_json(f"{name}/reference.json"), f"'{run}'")


def _place_of(run: str) -> tuple[Run, str]:
    """The folder that holds a bundle, and the bundle's name in it."""
    if is_address(run):
        version = resolve(run)
        return Copy(version, bundle_folder(version)), "."
    if is_bundle_folder(run):
        return Copy(run, Path(run).expanduser()), "."
    if os.sep in run:
        raise InputError(
            f"'{run}' holds no bundle: that is a folder with card.json and model.skops, such as "
            f"reports/<run>/model, or a copy of it."
        )
    folder = existing_run(run)
    folder.require(7)
    return folder, "model"


def is_bundle_folder(text: str) -> bool:
    """Whether a text names a folder with a bundle in it, and no run."""
    if is_address(text) or (reports_folder() / text / "ledger.json").exists():
        return False
    folder = Path(text).expanduser()
    return all((folder / name).is_file() for name in ("card.json", "model.skops"))


def load_bundle_version(run: str, version: str) -> Bundle:
    """The bundle of a run if it is still that version; for work done in parts."""
    bundle = load_bundle(run)
    if bundle.version != version:
        raise InputError(f"The model of '{run}' was replaced in the meantime: start again.")
    return bundle


def open_copy(version: Version) -> Bundle:
    """The bundle of a registered version, from its local copy; refused when it was changed."""
    return open_bundle(Copy(version, bundle_folder(version)), ".")


def read_bundle(work) -> Bundle:
    """The bundle that the open stage 7 has just written, read back from its files."""
    return open_bundle(work.run)


def open_bundle(folder: Run, name: str = "model", without_model: bool = False) -> Bundle:
    """The bundle in a folder of a run; refused when its model is not the one of its card."""
    card, schema = _read_card(folder, name), None
    path = folder.file(f"{name}/model.skops")
    sound = without_model or (path.exists() and sha256(path) == (card or {}).get("model_sha256"))
    if card is not None:
        schema = folder.read_json(f"{name}/schema.json")
    if not sound or schema is None:
        raise InputError(
            f"The model of run '{folder.name}' is not the one that its card describes. Make "
            f"it again: `pipeline run --name {folder.name} --stages 7`."
        )
    said = card["task"]
    task = Task(said["target"], said["task"], tuple(said["classes"]), said["positive"])
    rows = folder.file(f"{name}/examples.parquet")
    examples = pd.read_parquet(rows) if rows.exists() and not without_model else None
    return Bundle(
        None if without_model else whole_pipeline.load(path), task, schema, card, examples
    )


def _read_card(folder: Run, name: str) -> dict | None:
    try:
        return folder.read_json(f"{name}/card.json")
    except ValueError:  # cut short
        return None


# --- Predictions --------------------------------------------------------------------------------


def predict_rows(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """Raw rows in, `prediction` out and, for classes, `probability_<class>`; row for row."""
    return answers_frame(bundle.task, *predict(bundle.task, bundle.model, rows), rows.index)


def answers_frame(task: Task, prediction, probability, index=None) -> pd.DataFrame:
    """Predictions and probabilities as columns; see `predict_rows`."""
    out = pd.DataFrame({"prediction": prediction}, index=index)
    if probability is not None:
        for position, label in enumerate(task.classes):
            out[f"probability_{label}"] = probability[:, position]
    return out


def predict_table(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows' own columns and the predictions; an error when a needed column is missing."""
    check_columns(bundle, rows.columns)
    answers = predict_rows(bundle, rows)
    return rows.set_axis(names_beside(rows.columns, answers), axis=1).join(answers)


def check_columns(bundle: Bundle, columns) -> None:
    """Raise InputError when a column that the model needs is missing."""
    missing = [name for name in bundle.fields if name not in columns]
    if missing:
        raise InputError(
            f"The rows lack {len(missing)} of the {len(bundle.fields)} columns that the model "
            f"needs, the first is '{missing[0]}'. {nearest(missing[0], columns)}"
        )


def names_beside(columns, answers) -> list[str]:
    """The rows' columns, with another name for those that are named as the answers are."""
    taken = set(answers)
    return [_free(f"{name} (in the rows)", columns) if name in taken else name for name in columns]


def _free(name: str, columns) -> str:
    """A column name that the rows do not have yet."""
    return _free(f"{name}'", columns) if name in columns else name


# --- Rows of a request --------------------------------------------------------------------------


def as_frame(bundle: Bundle, rows: list[dict]) -> pd.DataFrame:
    """Checked rows as a raw table: the model's fields, and the columns that help to clean them.

    These were not checked: a value that is not a plain one counts as missing.
    """
    fields = bundle.fields
    known = bundle.model["clean"].get_feature_names_out()
    plain = [{name: v for name, v in row.items() if name in fields or is_plain(v)} for row in rows]
    return pd.DataFrame(plain, columns=known, dtype=object)


def check_count(rows: list, most: int) -> None:
    """Refuse too many rows, or none: InputError."""
    if not 1 <= len(rows) <= most:
        raise InputError(f"A request holds 1 to {most:,} rows; this one holds {len(rows):,}.")


def check_rows(
    bundle: Bundle, rows: list[dict], most: int = MOST_ROWS, first: int = 1
) -> list[list[str]]:
    """The warnings of each row; raises InputError for rows that can't be answered.

    `first` is the number of the first row, by which a sentence names it.
    """
    check_count(rows, most)
    return [bundle.check.row(row, number)[0] for number, row in enumerate(rows, start=first)]


# --- The service --------------------------------------------------------------------------------


@contextmanager
def serving(bundle: Bundle, service=None):
    """Run a service on a free loopback port while the block lasts; yields its address.

    `service` is one that was made before (see `helpers.service`); else one without a log.
    """
    import uvicorn

    from .app import make_app
    from .service import Service, served

    listener = socket.create_server(("127.0.0.1", 0))
    app = make_app(service or Service(served(bundle)))
    config = uvicorn.Config(app, log_level="error", ws="none")
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
    """POST rows to a running service: the status and the answer.

    The key, where the environment has one, goes with them.
    """
    import requests

    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(KEY_VARIABLE):
        headers["X-API-Key"] = key
    reply = requests.post(f"{address}/predict", data=as_json(rows), timeout=60, headers=headers)
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


def ready(address: str) -> dict:
    """What a running service says of itself."""
    import requests

    return requests.get(f"{address}/ready", timeout=60).json()


def speeds(bundle: Bundle, rows: pd.DataFrame, address: str, repeats: int = 7) -> dict[str, float]:
    """The median time of a single row, in milliseconds: by the pipeline, and over HTTP."""
    import requests

    some = rows.iloc[evenly_spaced(len(rows), repeats)]
    frames = [some.iloc[[i]] for i in range(len(some))]
    bodies = [as_json(as_record(row)) for _, row in some.iterrows()]
    with requests.Session() as client:
        options = {"headers": {"Content-Type": "application/json"}, "timeout": 60}
        client.post(f"{address}/predict", data=bodies[0], **options)  # the first opens the line
        by_http = [
            _seconds(lambda b=body: client.post(f"{address}/predict", data=b, **options))
            for body in bodies
        ]
    by_pipeline = [_seconds(lambda f=frame: predict_rows(bundle, f)) for frame in frames]
    found = {"pipeline": by_pipeline, "service": by_http}
    return {name: 1000 * float(np.median(times)) for name, times in found.items()}


def _seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def describe_speeds(state: dict, speed: dict[str, float]) -> str:
    """A sentence that says how single rows are scored, and whether that is the faster way.

    Times differ from run to run, so the sentence names none.
    """
    if state["single rows"] != "compiled":
        return f"Single rows are answered by the pipeline itself: {state['no compiled scorer']}."
    quicker = speed["pipeline"] > speed["service"]
    return (
        "**Single rows are answered by the compiled scorer**, which agreed with the pipeline on "
        "every example within 1e-9. Asked over HTTP, it took "
        f"{'less' if quicker else 'more'} time than the pipeline does in this notebook."
    )


def answerable(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the service answers; one with a value that can't be read it refuses (422)."""
    records = json.loads(as_json(rows))

    def is_answered(record: dict) -> bool:
        try:
            check_rows(bundle, [record])
        except InputError:
            return False
        return True

    return rows[[is_answered(record) for record in records]].reset_index(drop=True)


def prediction_agreement(
    bundle: Bundle, rows: pd.DataFrame, address: str, folder: Path
) -> pd.DataFrame:
    """The same raw rows scored in three ways: the distance from the in-process model's answers.

    Batch goes through a CSV file and back, the API through JSON.
    """
    here = predict_rows(bundle, rows).reset_index(drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    batch = predict_table(bundle, read_any.read_table(str(file), typed=False))[
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


def describe_agreement(table: pd.DataFrame) -> str:
    """A sentence that reads the proof."""
    if (table["same answers"] == "yes").all():
        return (
            f"**Three ways, one answer**: on {table['rows'].iloc[0]:,} raw rows the API, the "
            f"batch file and the model in this notebook agree within 1e-9."
        )
    roads = ", ".join(table.index[table["same answers"] != "yes"])
    return f"**The predictions differ**: {roads} disagree with the model in this notebook."


def headline(card: dict, size: int, roads: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    agree = (roads["same answers"] == "yes").all()
    return (
        f"A {card['model']} model fitted on {card['fitted_on_rows']:,} rows "
        f"({size / 2**20:.1f} MB) answers over HTTP; API, batch and notebook "
        f"{'agree' if agree else 'do NOT agree'}."
    )


def model_facts(model: Pipeline, rows: int, refitted: bool) -> pd.DataFrame:
    """What is deployed: the steps, the rows it was fitted on, whether held-out rows were used."""
    last = model["model"]
    inner, mended = last, False
    while isinstance(inner, (FixedThresholdClassifier, Calibrated)):
        mended = mended or isinstance(inner, Calibrated)
        inner = inner.estimator
    facts = {
        "steps": " → ".join(model.named_steps),
        "model": type(inner).__name__ + (", calibrated" if mended else ""),
        "fitted on": f"{rows:,} rows" + (", held-out ones included" if refitted else ""),
    }
    if isinstance(last, FixedThresholdClassifier):
        facts["says yes from"] = f"{last.threshold:.2g}"
    return pd.DataFrame({"": facts}).rename_axis("deployed")


def held_out_answers(model: Pipeline, rows: Labelled) -> pd.DataFrame:
    """The answers to the held-out rows of a model that has not learnt from them."""
    X = rows.of(TEST).X
    return compared_answers(rows.task, *predict(rows.task, model[1:], X))


def make_reference(work, model: Pipeline, rows: Labelled, answers: pd.DataFrame) -> dict:
    """What later rows will be held against: the cleaned `rows` that the model was fitted on.

    `answers` are those to the held-out rows, of the model before its last fit. `work` is the stage.
    """
    used, when, label = model_columns(model), time_column(work), work.about["label"]
    made = stored_reference.reference_of(
        rows.X, used, answers=answers, time_column=when, label=label
    )
    return stored_reference.as_content(made)


def fields_table(schema: dict) -> pd.DataFrame:
    """A row per field of the schema: kind, share missing, example, range or levels."""
    rows = {}
    for name, field in schema["fields"].items():
        known = ""
        if "range" in field:
            known = "{:g} to {:g}".format(*field["range"])
        elif "levels" in field:
            known = f"{len(field['levels'])} levels"
        if field.get("left_out"):
            known += f", {field['left_out']:,} cells far outside or rare"
        rows[name] = {
            "kind": field["kind"],
            "missing": f"{field['missing']:.1%}",
            "example": f"{field.get('example', '')!s:.40}",
            "seen in training": known,
        }
    return pd.DataFrame(rows).T.rename_axis("field")


def rows_to_compare(rows: np.ndarray, asks: int) -> np.ndarray:
    """So many of the rows, evenly spaced; no more than the service takes in one request.

    `asks` is the notebook's parameter: InputError where it is not 1 or more.
    """
    if asks < 1:
        raise InputError(f"asks is 1 or more; it is {asks}.")
    return rows[evenly_spaced(len(rows), min(asks, MOST_ROWS))]


def as_record(row: pd.Series) -> dict:
    """One raw row as a client would send it: JSON values, missing as null."""
    return json.loads(as_json(pd.DataFrame([row])))[0]
