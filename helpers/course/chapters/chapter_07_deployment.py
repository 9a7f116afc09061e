"""Questions, guess and challenges of the notebook: stage 7, deployment.

Two challenges are tried over HTTP: a small service on a free port of this machine asks or answers
while the examination lasts.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from ..by_hand import my_seed
from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault
from ..trial_services import answering, noting_timeouts, serving

ROWS_TO_CHECK = (
    ({"carrier": "UA", "distance": 1400}, "", ""),
    ({"carrier": "UA", "distance": "1400"}, "", "A number that came as text can be read."),
    ({"carrier": "UA"}, "", "A field that is missing can be imputed, with a warning."),
    ({"carrier": None, "distance": 900}, "", "An empty field can be imputed, with a warning."),
    ({"carrier": "ZZ", "distance": 900}, "", "A carrier never seen is odd, not nonsense."),
    ({"carrier": "UA", "distance": 900, "colour": "red"}, "", "An unknown field is harmless."),
    ({"carrier": "UA", "distance": "far"}, "distance", "`far` is no distance, and it passed."),
    ({"carrier": "UA", "distance": float("inf")}, "distance", "Infinitely far, and it passed."),
    ({"carrier": "UA", "distance": "nan"}, "distance", "`float` reads `nan`: not a distance."),
    ({"carrier": "UA", "distance": -30}, "distance", "A distance below zero passed."),
    ({"carrier": "UA", "distance": 0}, "distance", "A flight of 0 miles passed."),
    ({"carrier": ["UA", "DL"], "distance": 900}, "carrier", "A list passed for one value."),
)  # fmt: skip


REFUSAL_FAULTS = {
    "Give a text each time: an empty one, or the reason for the refusal.": lambda it: (
        not isinstance(it.said, str)
    ),
    "{misconception}": lambda it: it.misconception and bool(it.field) != bool(it.said),
    "A row with all that is needed was refused.": lambda it: it.said and not it.field,
    "A refusal names the field as the row spells it: the caller has to find it.": lambda it: (
        it.field not in it.said
    ),
}


def _examine_refusal(refuse, of=None) -> str:
    """Rows that make sense have to pass, and of the others the field has to be named."""
    refuse(dict(ROWS_TO_CHECK[0][0]))  # a stub shows itself here
    return next(filter(None, (_refused(refuse, *case) for case in ROWS_TO_CHECK)), "")


def _refused(refuse, row: dict, field: str, misconception: str) -> str:
    """What is wrong with what is said of a row in which `field` is nonsense ("": none is)."""
    try:
        said = refuse(dict(row))
    except Exception as error:  # noqa: BLE001 - whatever the learner's code raises
        return f"On `{row}` it raised {type(error).__name__}. A service must not fall over."
    return first_fault(REFUSAL_FAULTS, said=said, field=field, misconception=misconception)


def _probability(miles: float) -> float:
    """What the service of the trial answers, by the learner's own seed."""
    return (miles * (my_seed() % 89 + 2)) % 101 / 101


def _examine_ask_all(ask_all, of=None) -> str:
    """Five rows, the third of which is refused: all answers in place, none waited for for ever."""
    miles = (200, 733, "far", 1400, 2475)
    expected = [None if isinstance(d, str) else _probability(d) for d in miles]
    with answering(_probability) as url, noting_timeouts() as timeouts:
        ask_all(url, [])  # a stub shows itself here
        try:
            given = ask_all(url, [{"carrier": "UA", "distance": d} for d in miles])
        except Exception as error:  # noqa: BLE001 - whatever the learner's code raises
            return ASK_ALL_RAISED.format(type(error).__name__)
    return _why_not_these_answers(given, expected) or _why_not_these_timeouts(timeouts)


ASK_ALL_RAISED = "It raised {}: one refused row (status 422) must not stop the others."
ANSWERS_FAULTS = {
    "One element a row: a refused row has its place, too, with None.": lambda it: (
        it.came == it.sent - 1
    ),
    "{sent} rows were sent, and {came} answers came back.": lambda it: it.came != it.sent,
    "Every row was refused. Does it travel as JSON, one row a request?": lambda it: all(
        one is None for one in it.given
    ),
    "An answer is the number under `probability`, and None where status is not 200.": lambda it: (
        it.given != it.expected
    ),
}


def _why_not_these_answers(given, expected: list) -> str:
    """What is wrong with a list of answers."""
    if not isinstance(given, list):
        return "Give a list with one element a row."
    sizes = {"came": len(given), "sent": len(expected)}
    return first_fault(ANSWERS_FAULTS, given=given, expected=expected, **sizes)


def _why_not_these_timeouts(timeouts: list) -> str:
    if any(one is None for one in timeouts):
        return "A service that hangs would make this wait for ever. What does `timeout` do?"
    return ""


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
    ({"carrier": "UA"}, 422, "A row without distance was answered. What did it put there?"),
)  # fmt: skip


def _examine_make_service(make_service, of=None) -> str:
    """A service has to answer as the model does, gaps and unknown carriers included, and refuse."""
    from fastapi import FastAPI

    model = _model_of(my_seed())
    service = make_service(model)
    if not isinstance(service, FastAPI):
        return "Return the FastAPI object."
    with serving(service) as url:
        return next(filter(None, (_ask_service(url, *case, model) for case in TRIED)), "")


def _ask_service(url: str, row: dict, status: int, misconception: str, model) -> str:
    """What is wrong with the answer to one row; "" where nothing is."""
    import requests

    reply = requests.post(url, json=row, timeout=30)
    if reply.status_code in (404, 405):
        return "There is nothing at `/predict` that answers a POST."
    if reply.status_code >= 500:
        return f"On `{row}` it fell over (status {reply.status_code}). Refuse it with 422 instead."
    if reply.status_code != status:
        return misconception
    return "" if status == 422 else _why_not_this_answer(reply, row, model)


PROBABILITY_FAULTS = {
    "": lambda it: abs(it.given - it.late) < 1e-9,
    "That is the probability of *punctual*: which column of `predict_proba` is late?": lambda it: (
        abs(it.given - it.punctual) < 1e-9
    ),
    "With a gap it answers otherwise than the model: who fills the gap, and with what?":
        lambda it: it.row.get("pressure") is None,
    "It answers otherwise than the model does. Is it a probability, in full?": bool,
}  # fmt: skip


def _why_not_this_answer(reply, row: dict, model) -> str:
    said = reply.json()
    given = said.get("probability") if isinstance(said, dict) else None
    if not isinstance(given, int | float):
        return "Answer with a dictionary: a number under `probability`."
    asked = pd.DataFrame([SENT | {"pressure": None} | row]).astype({"pressure": float})
    punctual, late = model.predict_proba(asked)[0]
    return first_fault(PROBABILITY_FAULTS, given=given, punctual=punctual, late=late, row=row)


CHALLENGES = {
    "deploy.ask_all": Challenge(
        "**Challenge.** Write a function `ask_all(url, rows)` that asks a service about rows. "
        "`rows` is a list of dictionaries; each is sent alone, as JSON, in a POST to `url`. It "
        "gives a list as long as `rows`: the number under `probability` where the service answers "
        "with status 200, None where it refuses the row. It waits for no answer for ever.",
        _examine_ask_all,
        makes="ask_all",
        solution="""
import requests


def ask_all(url, rows):
    answers = []
    for row in rows:
        reply = requests.post(url, json=row, timeout=10)
        answers.append(reply.json()["probability"] if reply.status_code == 200 else None)
    return answers
""",
        why="Each row has its answer or its refusal, in place, and a service that hangs stops "
        "nothing for ever.",
        hints=(
            "Send one row first, and look at `reply.status_code` and `reply.json()`.",
            "`requests.post` has one option for JSON and one for how long to wait.",
        ),
        level="warm-up",
    ),
    "deploy.refuse": Challenge(
        "**Challenge.** Make the API reject a row. Write a function `refuse(row)` that is given "
        'one row as a dictionary, as it came over HTTP, and gives `""` when it can be answered, '
        "or one sentence that names the field when it can't. The model uses two fields: `carrier`, "
        "a text, and `distance`, a number of miles. Every field may be missing; a number must be "
        "finite (`Field(gt=0, allow_inf_nan=False)`). What can be imputed or ignored is answered; "
        "what makes no sense is not.",
        _examine_refusal,
        makes="refuse",
        solution="""
from pydantic import BaseModel, Field, ValidationError


class Row(BaseModel):
    carrier: str | None = None
    distance: float | None = Field(None, gt=0, allow_inf_nan=False)


def refuse(row):
    try:
        Row(**row)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{first['loc'][0]}: {first['msg']}"
    return ""
""",
        why="Missing and unknown are answered, nonsense is refused with the field's name, and "
        "nothing raises.",
        hints=(
            "Go through what traffic brings: complete, missing, unknown, text for a number, lists.",
            "A pydantic model with `Field` can say all of it; `ValidationError` has a list of "
            "`errors()`. Of the words for numbers, `nan` and `inf` are read unless you forbid it.",
        ),
        level="core",
    ),
    "deploy.make_service": Challenge(
        "**Challenge.** Write a function `make_service(model)` that returns a FastAPI service. A "
        "POST to `/predict` sends one flight: `carrier` (a text), `distance` (a number above 0) "
        "and `pressure` (a number, which may be missing or null). The answer is "
        '`{"probability": …}`: the probability of late, as `model.predict_proba` gives it for a '
        "frame with these three columns. What makes no sense is refused with status 422.",
        _examine_make_service,
        makes="make_service",
        solution="""
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, Field


class Asked(BaseModel):
    carrier: str
    distance: float = Field(gt=0)
    pressure: float | None = None


def make_service(model):
    service = FastAPI()

    @service.post("/predict")
    def predict(asked: Asked):
        row = pd.DataFrame([asked.model_dump()]).astype({"pressure": float})
        return {"probability": model.predict_proba(row)[0, 1]}

    return service
""",
        why="The service checks, and the model does everything else: there is no second code path.",
        hints=(
            "Begin with the model of a row: which of its fields may be missing?",
            "`pd.DataFrame([asked.model_dump()])` is the frame; a gap has to become `nan` in it.",
        ),
        level="stretch",
    ),
}


def _warned_though_unlikely(predicted, at: float = 0.25) -> float:
    return float(predicted["probability_True"].between(at, 0.5, inclusive="left").mean())


QUESTIONS = {
    "deploy.raw_rows": Choice(
        "Why does the service take raw rows, and not rows that are cleaned already?",
        {
            "a": "So that the same code prepares rows in training and in service.",
            "b": "Because JSON has no form for rows whose numbers are cleaned.",
            "c": "Because raw rows are smaller, and so travel in less time.",
        },
        "a",
        "A second code path to a prediction is a second place to go wrong, silently.",
        {
            "b": "JSON could; who would do the cleaning then, with which code?",
            "c": "They are of the same size; think of who else would have to clean.",
        },
        hints=(
            "If the rows came cleaned, who would have cleaned them, and by which program?",
            ("Two programs that should do the same: which of them is fixed when a bug is found?"),
        ),
    ),
    "deploy.skew": Choice(
        "A service that cleans rows in its own way raises no error. Which test would have found "
        "it before a customer did?",
        {
            "a": "Score the model once more on the held-out rows, and compare the scores.",
            "b": "Send many rows to the service, and see that each of them gets status 200.",
            "c": "Send the same raw rows to service and notebook, and compare the answers.",
        },
        "c",
        "Two code paths are compared where they end. The table of three ways does so each time "
        "this station runs.",
        {
            "a": "The model is the same in both. Through whose cleaning did those rows go?",
            "b": "It answers everything, and cheerfully. Does 200 mean that it is right?",
        },
        hints=(
            "Nothing crashed, so a test that waits for a crash waits long.",
            "What would you put side by side to see a difference of this kind?",
        ),
    ),
    "deploy.called_late": Compute(
        "The service gives probabilities, so each caller may have a threshold of its own. For an "
        "airline a delay that nobody was warned of costs three times as much as a needless "
        "warning. Take its probabilities at their word. Of which share of these rows should it "
        "warn, although they are likelier to be punctual? The answers (`proof.answers`; in "
        "the exercise `said`) have the column `probability_True`.",
        expected=_warned_though_unlikely,
        how='`((said["probability_True"] >= 0.25) & (said["probability_True"] < 0.5)).mean()`',
        why="Where probabilities are taken at their word, the cheapest threshold is f / (f + m), "
        "here 1 / (1 + 3). A warning does not say that a delay is likely; it says that the "
        "warning is worth its price.",
        hints=(
            "From which probability on does a warning pay? Stage 6 has the formula.",
            "Two conditions, joined by `&`, each in brackets; the mean of that is a share.",
        ),
        mistakes=(
            Mistake(
                lambda said: float((said["probability_True"] >= 0.25).mean()),
                "That is the share of all warnings; some of these flights are likely to be late.",
            ),
            Mistake(
                lambda said: float((said["probability_True"] < 0.5).mean()),
                "That is the share that is likelier punctual; from where on does a warning pay?",
            ),
            Mistake(
                lambda said: float((said["probability_True"] >= 0.5).mean()),
                "Those are likelier late than punctual; the others are asked for.",
            ),
            Mistake(
                lambda said: _warned_though_unlikely(said, 1 / 3),
                "You divided the two costs; the threshold is f / (f + m).",
            ),
            Mistake(
                lambda said: float(
                    said["probability_True"].between(0.25, 0.5, inclusive="left").sum()
                ),
                "That counts them. Out of how many?",
            ),
            Mistake(
                lambda said: 1.0,
                "`|` takes rows of which one is true; both conditions have to be.",
            ),
        ),
        within=0.003,
        form="{:.3f}",
    ),
}

GUESSES = {
    "deploy.otherwise": Guess(
        "Before you look: on which share of the flights does the service with its own cleaning "
        "say something else than the model? (A number between 0 and 1.)",
        result=float,
        form="{:.3f}",
        high="too gloomy",
        low="too hopeful",
    ),
}
