"""Questions and guess of the notebooks: the labs."""

from __future__ import annotations

from ..grading import Choice, Compute, Guess, Mistake

GUESSES = {
    "labs.selecting": Guess(
        "Before you look: by how much does choosing the twenty best of a thousand columns of "
        "noise, before the folds are cut, flatter the ROC AUC?",
        result=lambda looked: float(looked.loc["selecting columns", "gap"]),
        high="too suspicious",
        low="too trusting",
    ),
}

QUESTIONS = {
    "labs.scaling": Choice(
        "A colleague has scaled all columns before cutting the folds. What do you tell her?",
        {
            "a": "Her score is worthless: test rows have leaked into it.",
            "b": "Her score has hardly moved; the habit is dangerous.",
            "c": "She did right: the scale has to be that of all rows.",
        },
        "b",
        "A mean over all rows knows no label, and one row hardly moves it. The next step that she "
        "puts there may be one that looks at labels.",
        {
            "a": "That is the usual advice. What did twenty seeds measure?",
            "c": "In service there is one row at a time. Whose mean is subtracted then?",
        },
        hints=(
            "Look at the gap and at its error, not at the rule.",
            "Ask of a step: does it look at labels, or make rows out of rows?",
        ),
    ),
    "labs.surest": Compute(
        "The largest gap need not be the surest one. Which mistake's gap is the most standard "
        "errors away from nothing? `every` has a line for each, with the columns `gap` and "
        "`error`.",
        expected=lambda every: str((every["gap"] / every["error"]).idxmax()),
        how='`(every["gap"] / every["error"]).idxmax()`',
        why="How large and how sure are two questions, here as in monitoring.",
        hints=(
            "A gap is sure when it is many times as large as what seeds alone make of it.",
            "Divide one column by the other, line by line; `idxmax` names the line.",
        ),
        mistakes=(
            Mistake(
                lambda every: str((every["error"] / every["gap"]).idxmax()),
                "You divided the wrong way, upside down: how many errors long is a gap?",
            ),
            Mistake(
                lambda every: str(every["gap"].idxmax()),
                "That is the largest gap. How much does it move from seed to seed?",
            ),
            Mistake(
                lambda every: str(every["error"].idxmin()),
                "That is the steadiest gap. Is it also away from nothing?",
            ),
        ),
    ),
    "labs.shares": Choice(
        "In this grid the algorithm explains much of the variance. What follows?",
        {
            "a": "In general, the algorithm matters more than the data.",
            "b": "Of these five algorithms, some do far worse here.",
            "c": "On tables like these, cleaning is not worth its time.",
        },
        "b",
        "A share depends on what was put into the grid. Leave the weak algorithms out, and the "
        "same table tells another story.",
        {
            "a": "Which alternatives were they compared with, and who chose them?",
            "c": "These errors are of one kind and rate. What would others do, beyond this score?",
        },
        hints=(
            "Think of who put which candidates into the grid.",
            "What would happen to the shares if one hopeless algorithm were added?",
        ),
    ),
    "labs.silent": Choice(
        "Another team sends a 12-hour clock, without am or pm, from tomorrow on. What notices?",
        {
            "a": "The score that was claimed for it at training time.",
            "b": "The service, which refuses requests of another clock.",
            "c": "A comparison of its column now with that of training.",
        },
        "c",
        "The numbers are numbers still, so nothing fails; only their distribution is another.",
        {
            "a": "It was measured before. Can it know of tomorrow?",
            "b": "Is 555 no number? What would the service object to?",
        },
        hints=(
            "Go through the table of breaks: which line claims a good score and serves a bad one?",
            "What changes in a column when its unit does, if every cell stays a number?",
        ),
    ),
    "labs.clutch": Choice(
        "Comments alone tell perfectly whether a nest had its full clutch. What do you do?",
        {
            "a": "Keep them: a perfect score is what we are looking for.",
            "b": "Keep them without the one sentence that gives it away.",
            "c": "Leave them out if they were written after the count.",
        },
        "c",
        "A column that is filled in once the outcome is known is empty when it is needed.",
        {
            "a": "What will stand in that cell on the day of the prediction?",
            "b": "You found one such sentence by reading. How will you find the others?",
        },
        hints=(
            "A perfect answer to a hard question is a reason to be suspicious.",
            "Eggs are laid, the observer writes, the model is asked: in which order?",
        ),
    ),
}
