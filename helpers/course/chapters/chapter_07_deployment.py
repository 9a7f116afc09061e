"""Questions, guess and challenge of the notebook: stage 7, deployment."""

from __future__ import annotations

from ..grading import Challenge, Choice, Compute, Guess, Mistake

ROWS_TO_CHECK = (
    ({"carrier": "UA", "distance": 1400}, "", ""),
    ({"carrier": "UA", "distance": "1400"}, "", "A number that came as text can be read."),
    ({"carrier": "UA"}, "", "A field that is missing can be filled, with a warning."),
    ({"carrier": None, "distance": 900}, "", "An empty field can be filled, with a warning."),
    ({"carrier": "ZZ", "distance": 900}, "", "A carrier never seen is odd, not nonsense."),
    ({"carrier": "UA", "distance": 900, "colour": "red"}, "", "An unknown field is harmless."),
    ({"carrier": "UA", "distance": "far"}, "distance", "`far` is no distance, and it passed."),
    ({"carrier": "UA", "distance": float("inf")}, "distance", "Infinitely far, and it passed."),
    ({"carrier": "UA", "distance": "nan"}, "distance", "`float` reads `nan`: not a distance."),
    ({"carrier": "UA", "distance": -30}, "distance", "A distance below zero passed."),
    ({"carrier": ["UA", "DL"], "distance": 900}, "carrier", "A list passed for one value."),
)  # fmt: skip


def _examine_refusal(refuse, of=None) -> str:
    """Rows that make sense have to pass, and of the others the field has to be named."""
    refuse(dict(ROWS_TO_CHECK[0][0]))  # a stub shows itself here
    for row, field, misconception in ROWS_TO_CHECK:
        try:
            said = refuse(dict(row))
        except Exception as error:  # noqa: BLE001 - whatever the learner's code raises
            return f"On `{row}` it raised {type(error).__name__}. A service must not fall over."
        if not isinstance(said, str):
            return "Give a text each time: an empty one, or the reason for the refusal."
        if field and not said:
            return misconception
        if not field and said:
            return misconception or "A row with all that is needed was refused."
        if field not in said:
            return "A refusal names the field as the row spells it: the caller has to find it."
    return ""


CHALLENGES = {
    "deploy.refuse": Challenge(
        "**Challenge.** Make the API reject a row. Write a function `refuse(row)` that is given "
        'one row as a dictionary, as it came over HTTP, and gives `""` when it can be answered, '
        "or one sentence that names the field when it can't. The model uses two fields: `carrier`, "
        "a text, and `distance`, a number of miles. What can be filled or ignored is answered; "
        "what makes no sense is not.",
        _examine_refusal,
        makes="refuse",
        solution="""
import math


def refuse(row):
    carrier, distance = row.get("carrier"), row.get("distance")
    if carrier is not None and not isinstance(carrier, str):
        return f"carrier: a text such as UA was expected, and {carrier!r} came."
    if distance is None:
        return ""
    try:
        miles = float(distance)
    except (TypeError, ValueError):
        miles = math.nan
    if math.isfinite(miles) and miles >= 0:
        return ""
    return f"distance: a number of miles was expected, and {distance!r} came."
""",
        why="Missing and unknown are answered, nonsense is refused with the field's name, and "
        "nothing raises.",
        hints=(
            "Go through what traffic brings: complete, missing, unknown, text for a number, lists.",
            "`row.get(name)` is None for what is missing; `float` raises for words, but reads two "
            "words that are no distance: `math.isfinite` tells them.",
        ),
    ),
}


def _warned_though_unlikely(predicted, at: float = 0.25) -> float:
    return float(predicted["probability_True"].between(at, 0.5, inclusive="left").mean())


QUESTIONS = {
    "deploy.raw_rows": Choice(
        "Why does the service take raw rows, and not rows that are cleaned already?",
        {
            "a": "So that the same cleaning and features run in training and in service.",
            "b": "Because JSON can't hold cleaned rows.",
            "c": "Raw rows are smaller.",
        },
        "a",
        "A second road to a prediction is a second place to go wrong, silently.",
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
            "a": "Score the model once more on the held-out rows.",
            "b": "Ask the service for many rows, and see that each gets status 200.",
            "c": "Ask the service and the notebook for the same raw rows, and compare answers.",
        },
        "c",
        "Two roads are compared at their ends. That is what the table of roads does each time "
        "this station runs.",
        {
            "a": "The model is the same in both. On which road did those rows travel?",
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
        "warning. Of which share of these rows should it warn, although they are likelier to be "
        "punctual? `said` has the column `probability_True`.",
        expected=_warned_though_unlikely,
        how='`((said["probability_True"] >= 0.25) & (said["probability_True"] < 0.5)).mean()`',
        why="The cheapest threshold is f / (f + m), here 1 / (1 + 3). A warning does not say that "
        "a delay is likely; it says that the warning is worth its price.",
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
        ),
        within=0.003,
        form="{:.3f}",
    ),
}

GUESSES = {
    "deploy.otherwise": Guess(
        "Before you look: on which share of the rows will that other service say something else "
        "than the model? (A number between 0 and 1.)",
        result=lambda table: float(table.iloc[1, 0].rstrip("%")) / 100,
        form="{:.3f}",
        high="too gloomy",
        low="too hopeful",
    ),
}
