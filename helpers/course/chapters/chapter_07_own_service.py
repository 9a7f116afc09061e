"""Challenge of stage 7, deployment: a model in a file, and a service that answers from that file.

It is tried over HTTP, on a free port of this machine, while the examination lasts.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from ..by_hand import my_seed
from ..grading import Challenge, first_fault
from ..trial_services import serving


@cache
def _model_of(seed: int):
    """A small fitted pipeline that imputes and takes an unknown carrier, on rows of a seed."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({
        "carrier": random.choice(["UA", "DL", "B6"], 300),
        "distance": random.integers(100, 3_000, 300).astype(float),
        "pressure": random.normal(1_015, 8, 300).round(1),
    })  # fmt: skip
    late = (rows["distance"] / 900 - (rows["pressure"] - 1_015) / 5 + random.normal(size=300)) > 2
    return _unfitted().fit(rows, late)


def _unfitted() -> Pipeline:
    prepare = make_column_transformer(
        (SimpleImputer(strategy="median"), ["distance", "pressure"]),
        (OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
    )
    return make_pipeline(prepare, LogisticRegression(max_iter=10_000))


SENT = {"carrier": "UA", "distance": 1_400, "pressure": 1_003.5}
# Rows that a service is sent, the status that is expected, and the misconception otherwise
TRIED = (
    (SENT, 200, "A complete row was not answered."),
    (SENT | {"pressure": None}, 200, "A gap in the pressure was refused: the model can impute it."),
    ({"carrier": "UA", "distance": 1_400}, 200, "A row without pressure was refused: the model can "
     "impute it."),
    (SENT | {"carrier": "ZZ"}, 200, "A carrier that the model does not know is odd, not nonsense."),
    (SENT | {"distance": "far"}, 422, "`far` is no distance, and the row was not refused."),
    (SENT | {"distance": -30}, 422, "A distance below zero was not refused."),
    (SENT | {"distance": "inf"}, 422, "`inf` is no distance, though `float` reads the word."),
    (SENT | {"pressure": "inf"}, 422, "`inf` is no pressure, though `float` reads the word."),
    ({"carrier": "UA"}, 422, "A row without distance was answered. What did it put there?"),
)  # fmt: skip


def _examine_make_service(make_service, of=None) -> str:
    """A service has to answer as the model does, gaps and unknown carriers included, and refuse."""
    from fastapi import FastAPI

    model, handed = _model_of(my_seed()), deepcopy(_model_of(my_seed()))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.skops"
        service = make_service(handed, file)
        if not isinstance(service, FastAPI):
            return "Return the FastAPI object."
        if not file.exists():
            return "There is no file. From what does the service start tomorrow?"
        handed[-1].intercept_ += 1  # what is in memory changes, the file does not
        return _ask_all(service, (model, handed))


def _ask_all(service, models: tuple) -> str:
    """The first thing that a service gets wrong; empty where it gets all right."""
    with serving(service) as url:
        return next(filter(None, (_ask_service(url, *case, models) for case in TRIED)), "")


def _ask_service(url: str, row: dict, status: int, misconception: str, models: tuple) -> str:
    """What is wrong with the answer to one row; "" where nothing is."""
    import requests

    reply = requests.post(url, json=row, timeout=30)
    if reply.status_code in (404, 405):
        return "There is nothing at `/predict` that answers a POST."
    if reply.status_code >= 500:
        return f"On `{row}` it fell over (status {reply.status_code}). Refuse it with 422 instead."
    if reply.status_code != status:
        return misconception
    return "" if status == 422 else _why_not_this_answer(reply, row, *models)


PROBABILITY_FAULTS = {
    "": lambda it: abs(it.given - it.late) < 1e-9,
    "That is the probability of *punctual*: which column of `predict_proba` is late?": lambda it: (
        abs(it.given - it.punctual) < 1e-9
    ),
    "It answers by the model in memory, which has changed since. Tomorrow there is only the file.":
        lambda it: abs(it.given - it.memory) < 1e-9,
    "With a gap it answers otherwise than the model: who fills the gap, and with what?":
        lambda it: it.row.get("pressure") is None,
    "It answers otherwise than the model does. Is it a probability, in full?": bool,
}  # fmt: skip


def _why_not_this_answer(reply, row: dict, model, handed) -> str:
    said = reply.json()
    given = said.get("probability") if isinstance(said, dict) else None
    if not isinstance(given, int | float):
        return "Answer with a dictionary: a number under `probability`."
    asked = pd.DataFrame([SENT | {"pressure": None} | row]).astype({"pressure": float})
    punctual, late = model.predict_proba(asked)[0]
    seen = {"late": late, "memory": handed.predict_proba(asked)[0, 1], "row": row}
    return first_fault(PROBABILITY_FAULTS, given=given, punctual=punctual, **seen)


CHALLENGES = {
    "deploy.make_service": Challenge(
        "**Challenge.** Write a function `make_service(model, file)`. It stores the model in "
        "`file` with `skops.io.dump`, loads it again, and returns a FastAPI service that answers "
        "by what it has loaded. A POST to `/predict` sends one flight: `carrier` (a text), "
        "`distance` (a finite number above 0) and `pressure` (a finite number, which may be "
        "missing or null). "
        "The answer is "
        '`{"probability": …}`: the probability of late, as `predict_proba` gives it for a '
        "frame with these three columns. What makes no sense is refused with status 422.",
        _examine_make_service,
        makes="make_service",
        solution="""
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, Field, FiniteFloat
from skops import io


class Asked(BaseModel):
    carrier: str
    distance: FiniteFloat = Field(gt=0)
    pressure: FiniteFloat | None = None


def make_service(model, file):
    io.dump(model, file)
    loaded = io.load(file, trusted=io.get_untrusted_types(file=file))
    service = FastAPI()

    @service.post("/predict")
    def predict(asked: Asked):
        row = pd.DataFrame([asked.model_dump()]).astype({"pressure": float})
        return {"probability": loaded.predict_proba(row)[0, 1]}

    return service
""",
        why="The service checks, the model from the file does everything else: there is no second "
        "code path, and it starts again tomorrow from the same file.",
        hints=(
            "Begin with the model of a row: which of its fields may be missing?",
            "`pd.DataFrame([asked.model_dump()])` is the frame; a gap has to become `nan` in it.",
        ),
        level="stretch",
    ),
}
