"""Questions, guess and challenges of the notebook: stage 7, deployment; but for a service of one's
own (`chapter_07_own_service`).

One challenge is tried over HTTP: a small service on a free port of this machine answers while the
examination lasts.
"""

from __future__ import annotations

import numpy as np

from ..by_hand import my_seed
from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault
from ..trial_services import answering, noting_timeouts

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
}


def _apart(answers: tuple) -> np.ndarray:
    """How far the probabilities of two services lie apart, row by row."""
    right, theirs = (np.asarray(one, float) for one in answers)
    return np.abs(right - theirs)


def _warns_otherwise(answers: tuple, at: float = 0.35) -> float:
    right, theirs = (np.asarray(one, float) for one in answers)
    return float(((right >= at) != (theirs >= at)).mean())


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
    "deploy.apart": Compute(
        "Compare two ways: `right` has the model's probabilities, `theirs` those of the service "
        "that writes 0 for a gap. On which share of the flights do they differ, by more than "
        "1e-9?",
        expected=lambda answers: float((_apart(answers) > 1e-9).mean()),
        how="`(abs(theirs - right) > 1e-9).mean()`",
        why="Gaps are answered otherwise, though hardly a warning changes: compare "
        "probabilities, not yes and no. One such comparison, on real rows, finds a second way of "
        "preparing them before a customer does.",
        hints=(
            "Subtract row by row; does it matter which of the two is larger?",
            "A comparison gives True and False for each row, and their mean is a share.",
        ),
        mistakes=(
            Mistake(
                _warns_otherwise,
                "That is where a warning changes. Probabilities differ on more flights.",
            ),
            Mistake(
                lambda answers: float((_apart(answers) <= 1e-9).mean()),
                "On those both agree. On which share do they not?",
            ),
            Mistake(
                lambda answers: float((_apart(answers) > 1e-9).sum()),
                "That counts them. Out of how many?",
            ),
            Mistake(
                lambda answers: float(_apart(answers).mean()),
                "That is how far apart they are on average. On how many are they apart at all?",
            ),
            Mistake(
                lambda answers: float(_apart(answers).max()),
                "That is the largest difference. On which share of the flights is there any?",
            ),
            Mistake(
                lambda answers: float((np.subtract(*map(np.asarray, answers)) > 1e-9).mean()),
                "You took one sign only: some answers are too high, others too low.",
            ),
            Mistake(
                lambda answers: float((np.subtract(*map(np.asarray, answers)) < -1e-9).mean()),
                "You took one sign only: some answers are too high, others too low.",
            ),
        ),
        within=0.003,
        form="{:.3f}",
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
