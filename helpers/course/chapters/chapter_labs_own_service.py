"""Challenge of the lab *Without the helpers*: a model in a file, and a service that answers alike.

The app is served on this machine, asked by HTTP, and its answers are held against the model's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ..grading import Challenge, first_fault
from ..trial_services import serving
from .chapter_labs_own_table import patients

SECONDS = 10  # to start, and to answer


def small_model() -> tuple[Pipeline, pd.DataFrame]:
    """A fitted pipeline that takes raw rows, and raw rows to ask it: age, town and pulse."""
    table = patients(400, seed=3)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    prepare = make_column_transformer((numbers, ["age", "pulse"]), (words, ["town"]))
    X, y = table[["age", "town", "pulse"]], table["sick"]
    return make_pipeline(prepare, LogisticRegression()).fit(X, y), X


def examine(store_and_serve, of=None) -> str:
    """The first fault of the file or of the service; "" when there is none."""
    model, rows = small_model()
    asked = _asked(rows)
    truth = model.predict_proba(asked)[:, 1]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.skops"
        app = store_and_serve(model, file, rows.head(3).copy())
        if reason := _app(app) or _file(file, truth, asked):
            return reason
        model.fit(rows, truth.mean() > _chances(model, rows))  # what is in memory changes
        with serving(app) as address:
            memory = _chances(model, asked)
            return _answers(address, asked, truth, memory) or _bad_rows(address, asked)


def _app(app) -> str:
    from fastapi import FastAPI

    return "" if isinstance(app, FastAPI) else "Give the app, an object of the class FastAPI."


def _chances(model, rows: pd.DataFrame):
    return model.predict_proba(rows)[:, 1]


def _asked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without gaps, then with a gap of each sort, then one of an unknown town."""
    whole = rows.dropna().head(6)
    gaps = [whole.head(1).assign(age=float("nan")), whole.head(1).assign(town=None)]
    every = pd.concat([whole, *gaps, whole.head(1).assign(town="Atlantis")], ignore_index=True)
    return every.astype(rows.dtypes)


STORED_FAULTS = {
    "There is something in the file, and it is no model.": lambda it: (
        not hasattr(it.stored, "predict_proba")
    ),
    "The model in the file answers otherwise than the one that was handed in.": lambda it: (
        abs(_chances(it.stored, it.asked) - it.truth).max() >= 1e-9
    ),
}


def _file(file: Path, truth, asked: pd.DataFrame) -> str:
    """Whether the file holds the model."""
    if not file.exists():
        return "There is no file: store the model there, so that a restart can load it."
    try:
        stored = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    except Exception:  # noqa: BLE001 - another format, or no model at all
        return "The file can't be loaded by `skops.io.load`. What is in it?"
    return first_fault(STORED_FAULTS, stored=stored, asked=asked, truth=truth)


def _answers(address: str, rows: pd.DataFrame, truth, memory) -> str:
    """Whether each raw row gets the answer of the file, not that of what is in memory."""
    asked = json.loads(rows.to_json(orient="records"))
    for row, expected, other in zip(asked, truth, memory, strict=True):
        status, answer = _post(address, row)
        seen = {"expected": expected, "memory": other, "row": row}
        if reason := _odd_answer(status, answer) or first_fault(
            OFF_FAULTS, found=answer["probability"], **seen
        ):
            return f"{reason} (Asked: `{row}`.)"
    _, answer = _post(address, dict(reversed(asked[0].items())))
    if abs(answer.get("probability", 9) - truth[0]) > 1e-9:
        return "The same fields in another order get another answer. JSON knows no order."
    return ""


def _post(address: str, row: dict) -> tuple[int, dict]:
    import requests

    answer = requests.post(address, json=row, timeout=SECONDS)
    try:
        content = answer.json()
    except ValueError:
        content = {}
    return answer.status_code, content if isinstance(content, dict) else {}


def _odd_answer(status: int, answer: dict) -> str:
    """What is wrong with the form of an answer to a row that is all right."""
    if status == 404:
        return "There is nothing at `POST /predict`."
    if status >= 500:
        return "The service fell over. A null in JSON is None in Python: what becomes of it?"
    if status >= 400:
        return "A row that the model can answer was refused."
    if not isinstance(answer.get("probability"), float):
        return 'The answer is to be `{"probability": …}`, with one number.'
    return ""


# How an answer differs from that of the file
OFF_FAULTS = {
    "": lambda it: abs(it.found - it.expected) < 1e-9,
    "It answers from the model in memory, which was fitted again since, not from the file.":
        lambda it: abs(it.found - it.memory) < 1e-9,
    "That is the probability of the other class.": lambda it: (
        abs(it.found - (1 - it.expected)) < 1e-6
    ),
    "Nearly: somewhere the probability is rounded. Leave that to whoever shows it.":
        lambda it: abs(it.found - it.expected) < 0.005,
    "That is an answer, yes or no, and not how likely it is.": lambda it: it.found in (0.0, 1.0),
    "A gap in a text is answered otherwise than the file does. In training it was NaN, and to an "
    "encoder None is another category: give the row the types of `example`.":
        lambda it: it.row["town"] is None,
    "The service answers otherwise than the file. Which transformation is another one?": bool,
}  # fmt: skip


def _bad_rows(address: str, rows: pd.DataFrame) -> str:
    """A row that is none is refused with the name of the field, and does no harm."""
    row = json.loads(rows.head(1).to_json(orient="records"))[0]
    status, answer = _post(address, row | {"age": "old"})
    if status >= 500:
        return 'Asked with `"age": "old"`, it fell over. Whose fault is that, and who is told?'
    if status < 400:
        return 'Asked with `"age": "old"`, it gave a probability. Of whom?'
    if "age" not in json.dumps(answer):
        return "It refuses a bad field, and does not say which."
    missing, _ = _post(address, {name: row[name] for name in ("age", "town")})
    return "It fell over where a field was missing." if missing >= 500 else ""


TASK = """
Write `store_and_serve(model, file, example)`. It stores a fitted model in
`file` with `skops.io.dump`, and returns a FastAPI app that answers from what it loads *from that
file*. `example` is a frame with a few raw rows as the model takes them: columns, order and types.

The app answers `POST /predict`. The request is one raw row as JSON, any field of which may be
null; the answer is `{"probability": …}`, that of the model's second class. A text where a number
belongs is refused with a status from 400 to 499 that names the field. The app is served and asked.
"""

SOLUTION = """
import pandas as pd
import skops.io
from fastapi import FastAPI
from pydantic import create_model


def store_and_serve(model, file, example):
    skops.io.dump(model, file)
    stored = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    numbers = example.select_dtypes("number").columns
    types = {name: float if name in numbers else str for name in example}
    Row = create_model("Row", **{name: (kind | None, ...) for name, kind in types.items()})
    app = FastAPI()

    @app.post("/predict")
    def predict(row: Row):
        asked = pd.DataFrame([row.model_dump()]).astype(example.dtypes)
        return {"probability": float(stored.predict_proba(asked)[0, 1])}

    return app
"""

CHALLENGES = {
    "labs.own_service": Challenge(
        TASK,
        examine,
        makes="store_and_serve",
        level="core",
        solution=SOLUTION,
        why="File and service give the same answer to every raw row, and a bad one learns why.",
        hints=(
            "`create_model` of pydantic makes the fields of a request from names and types: "
            "`(float | None, ...)` is a number that has to be there and may be null.",
            "A frame of one row with a None in it has other types than the rows of training; "
            "`astype` takes the types of a frame, too.",
        ),
    ),
}
