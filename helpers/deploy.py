"""Stage 7, deploy: the bundle, the service over it, and proof that every road gives one answer.

The bundle (`model/`) is all that a service needs: the model, the schema of the rows it takes, the
reference statistics that monitoring compares with, and a card that says what it is good for.
"""

from __future__ import annotations

import json
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from .base.spacing import evenly_spaced
from .base.user_errors import InputError
from .cells.usual_values import usual_levels, usual_numbers
from .drift import stored_reference
from .examples import known as examples_known
from .learning.labelled_data import TEST, Labelled, time_column
from .learning.metric_names import PLAIN_NAMES
from .learning.predicting import predict
from .learning.task_kind import compared_answers
from .models.calibrated_model import Calibrated
from .pipeline import whole_pipeline
from .pipeline.whole_pipeline import model_columns
from .serving.local_service import as_json, ask
from .serving.model_bundle import (
    MOST_ROWS,
    Bundle,
    check_rows,
    open_bundle,
    predict_rows,
    predict_table,
)
from .tables import read_any

EXAMPLES = 2_000  # raw rows that a bundle holds
MOST_BYTES = 20 * 2**20  # of a model file
MOST_LEVELS = 1_000


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


def read_bundle(work) -> Bundle:
    """The bundle that the open stage 7 has just written, read back from its files."""
    return open_bundle(work.run)


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
