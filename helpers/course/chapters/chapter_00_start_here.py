"""Questions, guess and challenge of the notebook: start here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _two_tables(rows: int = 240, seed: int = 0) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """Four columns with random labels, and with labels that the first column determines."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    shuffled = pd.Series(random.permutation(np.arange(rows) % 2))
    return {"random": (X, shuffled), "settled": (X, (X["a"] > 0).astype(int))}


def _examine_honest_score(honest_score, of=None) -> str:
    """Random labels must score like a coin, and a rule that can be learnt nearly perfectly."""
    from sklearn.tree import DecisionTreeClassifier

    scores = {
        name: honest_score(DecisionTreeClassifier(random_state=0), X.copy(), y.copy())
        for name, (X, y) in _two_tables().items()
    }
    if any(np.ndim(score) or not isinstance(score, float | int) for score in scores.values()):
        return "Return one number, the accuracy."
    if max(scores.values()) > 1:
        return "That looks like per cent; a share between 0 and 1 is asked."
    if scores["random"] > 0.9:
        return (
            "With random labels your function still finds the model excellent. Had the "
            "model met the rows that it was asked about?"
        )
    if not 0.3 <= scores["random"] <= 0.7:
        return "With two random labels the score should be near 0.5. Which rows were scored?"
    if scores["settled"] < 0.9:
        return (
            "With a rule that a tree learns easily, your score is poor. Was the model fitted on "
            "true pairs of rows and labels?"
        )
    return ""


CHALLENGES = {
    "start.honest_score": Challenge(
        "**Challenge.** A colleague fits models and reports their score on the rows that they "
        "learnt from. Write a function `honest_score(model, X, y)` that takes an unfitted model, "
        "a table and its labels, and gives the accuracy (0 to 1) to be expected on rows that the "
        "model has *not* met.",
        _examine_honest_score,
        makes="honest_score",
        solution="""
def honest_score(model, X, y):
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    return model.fit(X_train, y_train).score(X_test, y_test)
""",
        why="The scored rows were not used for fitting, so memorising does not help.",
        hints=(
            "Which rows may `fit` see, and which may `score` be asked about?",
            "scikit-learn deals out rows at random to two sides, for the table and the labels at "
            "once; the program of this page uses it, too.",
        ),
    ),
}


QUESTIONS = {
    "start.stations": Choice(
        "Why is the line cut into stations that hand on files, and not one long script?",
        {
            "a": "It runs faster.",
            "b": "A station that breaks is noticed at once and by name, and can run again alone.",
            "c": "scikit-learn asks for it.",
        },
        "b",
        "Each station checks what it was handed and stamps the ledger.",
        {
            "a": "Writing and reading files costs time; what is it that one gets for it?",
            "c": "scikit-learn knows nothing of files; the reason lies in how work goes wrong.",
        },
        hints=(
            ("Think of the day on which something breaks, not of the day on which all goes well."),
            (
                "A long script stops somewhere; what do you know then, and from where do you "
                "start again?"
            ),
        ),
    ),
    "start.one_flower": Compute(
        "By how much does the test accuracy fall when one more flower is answered wrongly? "
        "`parts` holds `X_train`, `X_test`, `y_train` and `y_test`, in this order.",
        expected=lambda parts: 1 / len(parts[3]),
        how="`1 / len(y_test)`",
        why="Each held-out flower is one answer among few: no difference between two models that "
        "is smaller than this can be seen here at all.",
        hints=(
            "Accuracy is right answers divided by answers; on which flowers is it measured?",
            "One answer out of how many? `len(…)` counts rows.",
        ),
        mistakes=(
            Mistake(
                lambda parts: 1 / (len(parts[2]) + len(parts[3])),
                "You divided by all flowers. Is each of them asked in the test?",
            ),
            Mistake(
                lambda parts: 1 / len(parts[2]),
                "Those are the flowers that the model learnt from. Do they count in the test?",
            ),
            Mistake(
                lambda parts: 1.0,
                "That is one flower, as a count. What part of all the answers is it?",
            ),
            Mistake(
                lambda parts: 1 / len(parts),
                "`len(parts)` counts the four tables in it. How many flowers are in the last?",
            ),
            Mistake(
                lambda parts: len(parts[3]),
                "That is how many flowers there are in the test. What part of them is one?",
            ),
        ),
        within=0.001,
        form="{:.3f}",
    ),
    "start.unseen": Choice(
        "A model was fitted on all rows of a table and answers every one of them correctly. What "
        "does that tell about rows to come?",
        {
            "a": "It will be right about nearly all of them, too.",
            "b": "It will be wrong about most: a perfect score proves overfitting.",
            "c": "Nothing yet: it has not been asked about a row that it had not seen.",
        },
        "c",
        "True and random labels give the same score on training rows; only unseen rows "
        "show the difference.",
        {
            "a": "The forest did as well with random labels. How did it fare afterwards?",
            "b": "The forest with the true labels was perfect on its training rows as well. Was "
            "it bad on the others?",
        },
        hints=(
            "Compare the two lines of the table: in which column do they differ?",
            "Both columns are scores. What is different about the rows that they rest on?",
        ),
    ),
}

GUESSES = {
    "start.by_lot": Guess(
        "Before you look: the labels are random, so nothing can be learnt. Which share of "
        "the training rows (0 to 1) will the forest answer correctly all the same?",
        result=lambda table: float(table.loc["random labels", "train"]),
    ),
}
