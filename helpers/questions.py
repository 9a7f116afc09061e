"""The questions of the course, notebook by notebook: checks and guesses, by name.

A name is the notebook's and the question's, such as "split.latest". The texts never name the
solution but in `why`, `how` and the right option. Compute-this checks take what they are asked
*of* and work on every run.
"""

from __future__ import annotations

from .grading import Choice, Compute, Guess, Mistake

START = {
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
}

COLLECT = {
    "collect.kappa": Choice(
        (
            "Two labellers judged the same 35 spellings. Why is their agreement given as Cohen's "
            "kappa, not as the share of equal labels?"
        ),
        {
            "a": "Kappa takes away the agreement that chance alone would give.",
            "b": "Kappa is always larger.",
            "c": "The share needs more than two labellers.",
        },
        "a",
        "Where one label is common, two labellers who guess agree often; kappa discounts that.",
        {
            "b": "Kappa is never above the share of equal labels; compare the two.",
            "c": "A share of equal labels can be counted for two; what does it flatter?",
        },
        hints=(
            (
                "Suppose nine makers in ten were Boeing, and both labellers had written Boeing "
                "without looking."
            ),
            "How often would those two have agreed, and what would that agreement be worth?",
        ),
    ),
}

CLEAN = {
    "clean.doubt": Choice(
        "A value looks wrong, but you are not sure. What does this line do with it?",
        {
            "a": "It is set to the column's mean.",
            "b": "The row is deleted.",
            "c": "It stays, and is written on a review list for a person.",
        },
        "c",
        "A repair that is not surely right is a person's decision; silent ones do most damage.",
        {
            "a": "That replaces one doubtful value by another, and leaves no doubt on record.",
            "b": "That also throws away the sound cells of the row.",
        },
        hints=(
            "Who finds out when a repair that nobody was sure of was wrong?",
            "There are three places a value can go: the data, the bin, or somebody's desk.",
        ),
    ),
}

FEATURES = {
    "features.dep_delay": Choice(
        "Why is dep_delay, the best predictor by far, left out?",
        {
            "a": "It has missing values.",
            "b": "It is known only after the flight has left, when the prediction is of no use.",
            "c": "It correlates with the target, and correlated columns are bad.",
        },
        "b",
        "Ask of each column: is it known when the prediction is made?",
        {
            "a": "Many columns in use have gaps, too; those are filled.",
            "c": "Saying something about the target is what features are for. Think of *when*.",
        },
        hints=(
            (
                "Imagine the moment at which somebody asks for the prediction: the passenger is"
                " at home."
            ),
            "Go through the table's columns at that moment: which cells are still empty?",
        ),
    ),
}


def _share(rows) -> float:
    return float((rows.y == rows.task.positive).mean())


def _apart(cut) -> float:
    return _share(cut.of("test")) - _share(cut.of("train"))


SPLIT = {
    "split.latest": Choice(
        "The model will be asked about next month's flights. Which rows should be held out?",
        {
            "a": "The latest ones.",
            "b": "Random ones: they are the most representative.",
            "c": "None: all rows help training.",
        },
        "a",
        "Hold out what is to the training rows as production will be.",
        {
            "b": "Random rows sit between training rows of the same day. Does production?",
            "c": "Then nothing is left to tell whether the model has learnt or memorised.",
        },
        hints=(
            (
                "What will lie between the rows that it learnt from and the rows that it is "
                "asked about?"
            ),
            (
                "Draw a line of days: mark the training rows, then the rows in service. Which "
                "held-out rows lie like those?"
            ),
        ),
    ),
    "split.late_share": Compute(
        "By how much is the share of late flights larger among the held-out rows than among the "
        'training rows? `cut.of("test").y` and `cut.of("train").y` hold the labels, "True" for '
        "late.",
        expected=_apart,
        how='`(cut.of("test").y == "True").mean() - (cut.of("train").y == "True").mean()`',
        why="Summer is a season of its own: a model that gives every flight the training rows' "
        "chance is off by this much, before it has said anything about a single one.",
        hints=(
            "Compare the labels with the text that means late; the mean of that is a share.",
            "Take the two means, and subtract the training rows' from the other.",
        ),
        mistakes=(
            Mistake(
                lambda cut: -_apart(cut),
                "You took it the other way round: which side is to be compared with which?",
            ),
            Mistake(
                lambda cut: _share(cut.of("test")),
                "That is the share on one side; the question is how far both lie apart.",
            ),
            Mistake(
                lambda cut: _share(cut.of("test")) / _share(cut.of("train")),
                "That is how many times as large it is; the question is for a difference.",
            ),
            Mistake(
                lambda cut: _share(cut.of("test")) - _share(cut),
                "You compared with all rows, and the held-out ones are among these.",
            ),
        ),
        within=0.002,
        form="{:.3f}",
    ),
}

TRAIN = {
    "train.pipeline": Choice(
        "Why does scikit-learn's Pipeline matter for preventing data leakage?",
        {
            "a": "It encrypts the test rows.",
            "b": (
                "It fits every step on the training rows of each fold alone, and only applies "
                "it to the others."
            ),
            "c": "It removes columns that leak.",
        },
        "b",
        (
            "What learns from data (filling, scaling, encoding) is fitted inside the fold, each "
            "time."
        ),
        {
            "a": "Nothing is hidden by it; think of *what is fitted on which rows*.",
            "c": "It can't know which columns leak: that was the work of stage 3.",
        },
        hints=(
            "Think of cross-validation: what is done again for each fold?",
            (
                "A mean that fills gaps is learnt from rows. From which, if it is computed "
                "before the folds are cut?"
            ),
        ),
    ),
}

EVALUATE = {
    "evaluate.accuracy": Choice(
        "The model's accuracy is hardly above the baseline's. Is it useless?",
        {
            "a": "Yes: accuracy is what counts.",
            "b": (
                "No: when one class is common, a model that finds the rare one may lose accuracy."
            ),
            "c": "It can't be told before deployment.",
        },
        "b",
        "Look at recall and precision of the class you are after, and at the ranking (AUC).",
        {
            "a": "Always saying no would have that accuracy, too, and find not one late flight.",
            "c": "The held-out rows tell; which figure would you ask them for?",
        },
        hints=(
            (
                "Think of a model that says no to everybody: how accurate is it where one in "
                "ten is a yes?"
            ),
            (
                "Which of two models would you rather have: equal in accuracy, but one of them "
                "finds what you are after?"
            ),
        ),
    ),
}

DEPLOY = {
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
            ("Two programs that should do the same: which of them is mended when a bug is found?"),
        ),
    ),
}

MONITOR = {
    "monitor.drift": Choice(
        "A column has drifted, but the model scores as well as ever. What now?",
        {
            "a": "Retrain at once.",
            "b": "Take a look at the column, and keep the model.",
            "c": "Switch monitoring off: it raises false alarms.",
        },
        "b",
        "Drift is a reason to look; a score that falls is a reason to retrain.",
        {
            "a": "A retrained model may be worse. What would it mend?",
            "c": "The column did move; next time the score may follow.",
        },
        hints=(
            (
                "Two things can move: what comes in, and how well the model does. Which of them"
                " costs you anything?"
            ),
            "A fire brigade that is called by smoke looks first. What would you look at?",
        ),
    ),
}

QUESTIONS = (
    START | COLLECT | CLEAN | FEATURES | SPLIT | TRAIN | EVALUATE | DEPLOY | MONITOR
)  # fmt: skip

GUESSES = {
    "split.by_time": Guess(
        "Before you look: the quick model is asked about the latest flights instead of random "
        "ones. Which ROC AUC will it reach? (0.5 is tossing a coin, 1 is perfect.)",
        result=lambda comparison: comparison.iloc[-1, -1],
        high="too hopeful",
        low="too gloomy",
    ),
}
