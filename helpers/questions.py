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
    "start.one_flower": Compute(
        "By how much does the test accuracy fall when one more flower is answered wrongly? "
        "`parts` holds `X_train`, `X_test`, `y_train` and `y_test`, in this order.",
        expected=lambda parts: 1 / len(parts[3]),
        how="`1 / len(y_test)`",
        why="Each held-out flower is one answer among few: no difference between two models that "
        "is smaller than this can be seen here at all.",
        hints=(
            "Accuracy is right answers divided by answers; which flowers are asked for it?",
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
        "True labels and labels by lot give the same score on training rows; only unseen ones "
        "tell them apart.",
        {
            "a": "The forest did as well with labels dealt by lot. How did it fare afterwards?",
            "b": "The forest with the true labels was perfect on its training rows as well. Was "
            "it bad on the others?",
        },
        hints=(
            "Compare the two lines of the table: in which column do they differ?",
            "Both columns are scores. What is different about the rows that they rest on?",
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
    "collect.no_partner": Choice(
        "Some flights find no plane in the registry. An inner join would leave them out. Why are "
        "they kept?",
        {
            "a": "A model always gets better with more rows.",
            "b": "An inner join can't be done in pandas with several keys.",
            "c": "Flights by unknown planes will be asked about in service, too.",
        },
        "c",
        "Rows that were left out for convenience are a part of the world that the model never "
        "met, and no score on the rest would show it.",
        {
            "a": "More rows of what? Rows that don't stand for the question help nobody.",
            "b": "It can; the question is what would be missing afterwards.",
        },
        hints=(
            "Think of whoever asks the finished model. Can they choose the plane?",
            "Compare the flights in the table with those that will be asked about: which of them "
            "would there be in one and not in the other?",
        ),
    ),
    "collect.no_label": Compute(
        'Which share of the rows has no label at all, neither late nor on time? `raw["late"]` '
        "holds True, False or a missing value.",
        expected=lambda raw: float(raw["late"].isna().mean()),
        how='`raw["late"].isna().mean()`',
        why="Nobody knows whether these would have been late: they can neither teach nor be used "
        "to examine, so the next station sets them aside and says how many.",
        hints=(
            "A missing value is neither True nor False; pandas has a method that asks for it.",
            "`isna()` gives True where a value is missing; what is the mean of True and False?",
        ),
        mistakes=(
            Mistake(
                lambda raw: float(1 - raw["late"].sum() / len(raw)),
                "You counted all that is not True. Is a flight that arrived on time without label?",
            ),
            Mistake(
                lambda raw: float(raw["late"].sum() / len(raw)),
                "Those are the late ones; their label is known.",
            ),
            Mistake(
                lambda raw: float(raw["late"].isna().sum()),
                "That counts them. Out of how many rows?",
            ),
            Mistake(
                lambda raw: float(raw.isna().to_numpy().mean()),
                "You looked at all columns; only one of them holds the label.",
            ),
        ),
        within=0.001,
        form="{:.3f}",
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
    "clean.taken_away": Compute(
        "Some repairs take a value away and put nothing in its place. Which share of the repairs "
        "is that? `changes` has a line for each, with `before` and `after`.",
        expected=lambda changes: float(changes["after"].isna().mean()),
        how='`changes["after"].isna().mean()`',
        why="Where nobody can know the true value, an honest gap is the best repair: whoever "
        "fills it later knows that it was one.",
        hints=(
            "What stands in the log, after such a repair, where the value had been?",
            "A missing value is found by `isna()`; the mean of True and False is a share.",
        ),
        mistakes=(
            Mistake(
                lambda changes: float(changes["before"].isna().mean()),
                "Those cells were empty before. Which way round is a value taken away?",
            ),
            Mistake(
                lambda changes: float(changes["after"].isna().sum()),
                "That counts them. Out of how many repairs?",
            ),
            Mistake(
                lambda changes: float((changes["kind"] == "missing word").mean()),
                "Words that mean missing are one kind; does no other kind leave a gap?",
            ),
            Mistake(
                lambda changes: float(changes["after"].notna().mean()),
                "Those got a value. The question is about the others.",
            ),
        ),
        within=0.002,
        form="{:.3f}",
    ),
    "clean.best_recall": Choice(
        "A cleaner merges all spellings that look alike. Of all cleaners it mends most of the "
        "planted errors. Why is it not the best one?",
        {
            "a": "It is: to mend errors is what a cleaner is for.",
            "b": "It may break sound cells, and that does not show in what it mended.",
            "c": "Planted errors are not real ones, so nothing can be said.",
        },
        "b",
        "Recall alone can be had by changing everything; precision is the price that it cost.",
        {
            "a": "Then a cleaner that changes every cell it sees is a good one. Which figure "
            "would speak against it?",
            "c": "They differ from real ones, but they alone have a key. What else can be "
            "counted with the key in hand?",
        },
        hints=(
            "Two things can go wrong with a cell: it is wrong and stays so, or…?",
            "A bank that stops every payment stops all fraud. What do its customers say?",
        ),
    ),
}


def _late_at(cleaned, chosen) -> float:
    return float(cleaned.loc[chosen, "late"].mean())


def _evening(cleaned) -> float:
    hour = cleaned["scheduled"].dt.hour
    return _late_at(cleaned, hour >= 18) - _late_at(cleaned, hour < 9)


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
    "features.evening": Compute(
        "By how much is the share of late flights larger among those due to leave at 18:00 or "
        "later than among those due before 9:00? `cleaned` has the columns `scheduled` (a time) "
        "and `late` (True or False).",
        expected=_evening,
        how='`hour = cleaned["scheduled"].dt.hour`, then '
        '`cleaned.loc[hour >= 18, "late"].mean() - cleaned.loc[hour < 9, "late"].mean()`',
        why="One number of the timetable, known months ahead, moves the chance this far: that is "
        "a feature.",
        hints=(
            "`dt.hour` gives the hour of a time, and comparing it gives the rows of an evening.",
            "The mean of a column of True and False is a share; you need two, and the difference.",
        ),
        mistakes=(
            Mistake(lambda cleaned: -_evening(cleaned), "Which of the two is to be the larger?"),
            Mistake(
                lambda cleaned: _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18),
                "That is the evening's share alone; how far is it from the morning's?",
            ),
            Mistake(
                lambda cleaned: (
                    _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18)
                    - _late_at(cleaned, cleaned["scheduled"].dt.hour < 18)
                ),
                "You compared the evening with all of the day before it.",
            ),
            Mistake(
                lambda cleaned: (
                    _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18)
                    - _late_at(cleaned, cleaned["scheduled"].dt.hour <= 9)
                ),
                "Is a flight that is due at half past nine due *before* nine?",
            ),
        ),
        within=0.003,
        form="{:.3f}",
    ),
    "features.rare_level": Choice(
        "A tail number becomes the mean of the target over its flights. A plane has flown once, "
        "and late. What goes wrong when that mean is computed from all rows?",
        {
            "a": "The model reads that flight's own answer in its features.",
            "b": "Nothing: a mean is only a summary, and says nothing of single rows.",
            "c": "The mean is missing, since one flight has no spread.",
        },
        "a",
        "So such means are learnt from other rows than those that they are used on, and rare "
        "levels are pulled towards the mean of all.",
        {
            "b": "Of how many rows is it a summary here?",
            "c": "A spread needs two values. How many does a mean need?",
        },
        hints=(
            "Compute that mean by hand, for the plane with one flight.",
            "Suppose the flight is held out. What does the column now say about it?",
        ),
    ),
}


def _per_cent(text: str) -> float:
    return float(text.rstrip("%"))


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
    "split.best_of_fifty": Choice(
        "You train fifty models, ask each about the held-out rows, and report the best score. "
        "What is wrong with it?",
        {
            "a": "Nothing: no model was fitted on the held-out rows.",
            "b": "Too few models: with more of them the best score would be nearer the truth.",
            "c": "It is too good: the choice among the fifty was made on those very rows.",
        },
        "c",
        "The luckiest of fifty is in part lucky. Choose on folds, and ask the held-out rows about "
        "the one that you chose.",
        {
            "a": "No model was. What else about the result was decided by these rows?",
            "b": "With more models, does the largest of all their scores go up or down?",
        },
        hints=(
            "Suppose all fifty are equally good, and their scores differ by luck alone.",
            "If fifty people toss a coin ten times, how many heads has the one who got most? "
            "What will that person's next ten tosses look like?",
        ),
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
    "start.by_lot": Guess(
        "Before you look: the labels are dealt by lot, so nothing can be learnt. Which share of "
        "the training rows (0 to 1) will the forest answer correctly all the same?",
        result=lambda by_lot: float(by_lot.loc["labels by lot", "train"]),
    ),
    "collect.twice": Guess(
        "Before you look: by how many percentage points will the share of late flights move when "
        "the planes' file is joined twice over?",
        result=lambda twice: abs(
            _per_cent(twice["late"].iloc[1]) - _per_cent(twice["late"].iloc[0])
        ),
        form="{:.1f}",
    ),
    "clean.merged": Guess(
        "Before you look: names of plane models that are alike by 85 % are merged. Which share of "
        "the names (0 to 1) will be left?",
        result=lambda ways: ways["spellings"].iloc[1] / ways["spellings"].iloc[0],
        high="too many",
        low="too few",
    ),
    "features.leaky": Guess(
        "Before you look: which ROC AUC will the quick model reach with `dep_delay`, the minutes "
        "by which the flight left late?",
        result=lambda leaky: float(leaky.iloc[-1, 0]),
    ),
    "split.by_time": Guess(
        "Before you look: the quick model is asked about the latest flights instead of random "
        "ones. Which ROC AUC will it reach? (0.5 is tossing a coin, 1 is perfect.)",
        result=lambda comparison: comparison.iloc[-1, -1],
        high="too hopeful",
        low="too gloomy",
    ),
}
