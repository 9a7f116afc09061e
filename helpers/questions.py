"""The questions of the course, notebook by notebook: checks and guesses, by name.

A name is the notebook's and the question's, such as "split.latest". The texts never name the
solution but in `why`, `how` and the right option. Compute-this checks take what they are asked
*of* and work on every run.
"""

from __future__ import annotations

import numpy as np

from .grading import Choice, Compute, Guess, Mistake

START_QUESTIONS = {
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

COLLECT_QUESTIONS = {
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
            "a": "More rows of what? Rows that do not represent the question do not help.",
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

CLEAN_QUESTIONS = {
    "clean.doubt": Choice(
        "A value looks wrong, but you are not sure. What does this line do with it?",
        {
            "a": "It is set to the column's mean.",
            "b": "The row is deleted.",
            "c": "It stays, and is written on a review list for a person.",
        },
        "c",
        "An uncertain repair is a person's decision; silent ones do most damage.",
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
        "A cleaner merges all spellings that look alike. Of all cleaners it repairs most of the "
        "planted errors. Why is it not the best one?",
        {
            "a": "It is: a cleaner is there to repair errors.",
            "b": "It may break sound cells, and the count of repairs does not show that.",
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


FEATURES_QUESTIONS = {
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


def per_cent(text: str) -> float:
    return float(text.rstrip("%"))


def _share(rows) -> float:
    return float((rows.y == rows.task.positive).mean())


def _apart(cut) -> float:
    return _share(cut.of("test")) - _share(cut.of("train"))


SPLIT_QUESTIONS = {
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
        "probability is off by this much, before it has scored a single row.",
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


def _lead(tried) -> float:
    best, second = tried.iloc[0], tried.iloc[1]
    return float((best.iloc[1] - second.iloc[1]) / best["spread"])


TRAIN_QUESTIONS = {
    "train.lead": Compute(
        "How many spreads does the first model of the table lie above the second? "
        "`tried.iloc[0]` is the first line; the score is its second column, and `spread` is "
        "the first model's.",
        expected=_lead,
        how='`(tried.iloc[0, 1] - tried.iloc[1, 1]) / tried.iloc[0]["spread"]`',
        why="A lead is big or small against what scores do anyway when only the rows change. "
        "Below one spread, take the simpler model with a good conscience.",
        hints=(
            "A difference by itself has no size. Against which other difference is it held here?",
            "First how far both scores lie apart, then how often the spread goes into that.",
        ),
        mistakes=(
            Mistake(
                lambda tried: float(tried.iloc[0, 1] - tried.iloc[1, 1]),
                "That is the lead itself; is that much or little, where scores differ from fold "
                "to fold anyway?",
            ),
            Mistake(
                lambda tried: float(tried.iloc[0, 1] / tried.iloc[1, 1]),
                "You divided one score by the other; what would that say of chance?",
            ),
            Mistake(
                lambda tried: -_lead(tried),
                "You took them the other way round: which of the two is the first?",
            ),
        ),
        within=0.02,
        form="{:.2f}",
    ),
    "train.pipeline": Choice(
        "Why does scikit-learn's Pipeline matter for preventing data leakage?",
        {
            "a": "It encrypts the test rows.",
            "b": (
                "It fits every step on the training rows of each fold alone, and only applies "
                "it to the others."
            ),
            "c": "It removes columns that leak.",
            "d": "It scales the columns, and unscaled columns leak.",
        },
        "b",
        (
            "What learns from data (filling, scaling, encoding) is fitted inside the fold, each "
            "time."
        ),
        {
            "a": "Nothing is hidden by it; think of *what is fitted on which rows*.",
            "c": "It can't know which columns leak: that was the work of stage 3.",
            "d": "Look at the last line of the table: what did scaling before the folds win?",
        },
        hints=(
            "Think of cross-validation: what is done again for each fold?",
            (
                "A mean that fills gaps is learnt from rows. From which, if it is computed "
                "before the folds are cut?"
            ),
        ),
    ),
    "train.luck": Choice(
        "A hundred settings are tried on the same folds. The best of them scores a hair above "
        "the defaults, by less than the spread. What does that tell?",
        {
            "a": "The best setting is the best one: it has the highest score.",
            "b": "Nothing was searched long enough: a thousand would have found it.",
            "c": "The highest of many noisy scores is high partly by luck.",
        },
        "c",
        "Whoever picks the maximum picks the noise along with it, and the more are tried, the "
        "more of it. So the line keeps the defaults unless the gain is beyond the noise.",
        {
            "a": "Suppose all hundred were equally good. Would their scores be equal, too?",
            "b": "More draws find a higher maximum even where nothing is to be found. Why?",
        },
        hints=(
            "Let a hundred people toss a coin ten times each, and look at the winner.",
            "How many heads will the winner throw the next time?",
        ),
    ),
}


def _cost(counts, cost_false_negative: float = 5, cost_false_positive: float = 1) -> float:
    misses, alarms = counts.iloc[1, 0], counts.iloc[0, 1]
    return float(
        1_000
        * (cost_false_negative * misses + cost_false_positive * alarms)
        / counts.to_numpy().sum()
    )


EVALUATE_QUESTIONS = {
    "evaluate.accuracy": Choice(
        "Saying *late* from one half on, the model is hardly more accurate than the baseline. "
        "Is it useless?",
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
    "evaluate.cost": Compute(
        "Suppose a missed delay costs five times as much as a false alarm, which costs 1. What do "
        "the model's errors cost for a thousand held-out flights? `counts` has the true class "
        "down and the predicted one across, late last.",
        expected=_cost,
        how="`1000 * (5 * counts.iloc[1, 0] + counts.iloc[0, 1]) / counts.to_numpy().sum()`",
        why="One figure for both kinds of errors, in the units that the decision is about. "
        "Compare rules by it, not by accuracy.",
        hints=(
            "Two of the four cells are errors. Which one is a late flight that was called "
            "punctual?",
            "Weigh each of the two by its price, add, and put the sum on a thousand of all rows.",
        ),
        mistakes=(
            Mistake(
                lambda counts: _cost(counts, 1, 5),
                "You gave the high price to the other error: which cell is a late flight that "
                "nobody was warned of?",
            ),
            Mistake(
                lambda counts: _cost(counts, 1, 1),
                "You gave both errors the same price, which is what accuracy does.",
            ),
            Mistake(
                lambda counts: _cost(counts) * counts.to_numpy().sum() / 1_000,
                "That is the cost of all held-out flights; a thousand are asked for.",
            ),
            Mistake(
                lambda counts: float(1_000 * 5 * counts.iloc[1, 0] / counts.to_numpy().sum()),
                "You counted one kind of error only. Is the other one free?",
            ),
        ),
        within=1.0,
        form="{:.0f}",
    ),
    "evaluate.again": Choice(
        "The score is not what you had hoped for. You try ten more settings, score each on the "
        "held-out rows, and report the best. What is that figure?",
        {
            "a": "Too good: the held-out rows have helped to choose.",
            "b": "Honest: the model has not learnt from these rows.",
            "c": "Honest, if the interval is printed beside it.",
        },
        "a",
        "A choice is learning, too. Choose on folds, and keep the held-out rows for one question "
        "at the end; after that, new rows are needed.",
        {
            "b": "`fit` has not seen them. Who has, and what did that person do with the scores?",
            "c": "The interval is of one model asked once. How many were asked?",
        },
        hints=(
            "Something was decided by looking at these rows. What?",
            "Imagine a pupil who may sit the same examination ten times and hand in the best.",
        ),
    ),
}


def _late_though_unlikely(predicted, at: float = 0.5) -> float:
    yes = predicted["prediction"].astype(str) == "True"
    return float((yes & (predicted["probability_True"] < at)).mean())


DEPLOY_QUESTIONS = {
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
        "Which share of these rows does the model call late, although by its own probability they "
        "are likelier to be punctual? `said` has the columns `prediction` (text) and "
        "`probability_True`.",
        expected=_late_though_unlikely,
        how='`((said["prediction"] == "True") & (said["probability_True"] < 0.5)).mean()`',
        why="The threshold was chosen for what it finds, not set at one half. Whoever reads the "
        "answers should know that *late* means *worth a warning* here.",
        hints=(
            "Likelier punctual than late: what does that say of `probability_True`?",
            "Two conditions, joined by `&`, each in brackets; the mean of that is a share.",
        ),
        mistakes=(
            Mistake(
                lambda said: float((said["prediction"].astype(str) == "True").mean()),
                "That is the share of all that are called late; some of them are likely to be.",
            ),
            Mistake(
                lambda said: float((said["probability_True"] < 0.5).mean()),
                "That is the share that is likelier punctual; what does the model call them?",
            ),
            Mistake(
                lambda said: float((said["probability_True"] >= 0.5).mean()),
                "Those are likelier late than punctual; the others are asked for.",
            ),
            Mistake(
                lambda said: (
                    _late_though_unlikely(said)
                    / max(float((said["prediction"].astype(str) == "True").mean()), 1e-9)
                ),
                "You took the share of the flights that are called late; all rows count here.",
            ),
        ),
        within=0.003,
        form="{:.3f}",
    ),
}


def _shares(values, edges) -> np.ndarray:
    known = values.dropna().to_numpy(float)
    groups = np.searchsorted(edges, known)
    return np.bincount(groups, minlength=len(edges) + 1) / len(known)


def _in_quarters(temps, of: int = 0) -> tuple[np.ndarray, np.ndarray]:
    edges = temps[of].quantile([0.25, 0.5, 0.75]).to_numpy()
    return _shares(temps[0], edges), _shares(temps[1], edges)


def _psi(old: np.ndarray, new: np.ndarray) -> float:
    return float(((new - old) * np.log(new / old)).sum())


def _one_sided(old: np.ndarray, new: np.ndarray) -> float:
    return float((new * np.log(new / old)).sum())


MONITOR_QUESTIONS = {
    "monitor.psi": Compute(
        "Compute a population stability index yourself: cut the temperature into four groups at "
        "the quartiles of the old rows, and leave empty cells out. `temps` holds the old and the "
        "new temperatures. The index is the sum, over the groups, of (new share − old share) × "
        "the natural logarithm of (new share / old share).",
        expected=lambda temps: _psi(*_in_quarters(temps)),
        how="With `old, new = (t.dropna() for t in temps)`: `edges = old.quantile([.25, .5, "
        ".75])`, shares `a, b = (np.bincount(np.searchsorted(edges, t), minlength=4) / len(t) "
        "for t in (old, new))`, and `((b - a) * np.log(b / a)).sum()`.",
        why="Groups that hold a quarter each before, and how far they are from it after. Fewer "
        "groups see less, so the index is smaller than over ten.",
        hints=(
            "The old rows settle where to cut; both sides are then counted in the same groups.",
            "`quantile` gives the three edges, `np.searchsorted(edges, values)` the group of each "
            "value, `np.bincount` how many are in each.",
        ),
        mistakes=(
            Mistake(
                lambda temps: -_psi(*_in_quarters(temps)),
                "The sign is turned: in each group both factors should have the same one.",
            ),
            Mistake(
                lambda temps: _psi(*_in_quarters(temps, of=1)),
                "You cut at the quartiles of the new rows. Which side is the yardstick?",
            ),
            Mistake(
                lambda temps: _one_sided(*_in_quarters(temps)),
                "You weighed each group by its new share alone; what the question asks for is "
                "the same seen from either side.",
            ),
            Mistake(
                lambda temps: float(np.abs(np.subtract(*_in_quarters(temps))).sum()),
                "You added the differences of shares as they are; the logarithm is missing.",
            ),
        ),
        within=0.03,
        form="{:.2f}",
    ),
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
            "a": "A retrained model may be worse. What would it improve?",
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
    "monitor.same_rows": Choice(
        "In training, the challenger reached a higher score on its own held-out rows than the "
        "champion once did on others. Is that enough to put it into service?",
        {
            "a": "Not yet: both have to answer the same rows, which neither has seen.",
            "b": "Yes: the higher score wins.",
            "c": "Yes, because it has learnt from more rows.",
        },
        "a",
        "Some months are easier than others. On the same rows the difference is the models', and "
        "its interval says whether it is more than luck.",
        {
            "b": "Suppose one of them was examined in a calm month, the other in a stormy one.",
            "c": "More rows help as a rule. Which table in this notebook tells whether they did?",
        },
        hints=(
            "Two pupils sat two different papers. Who is better?",
            "What differs between the two figures besides the model?",
        ),
    ),
}


def _gusty(table, others_only: bool = True) -> float:
    late = table["late"].astype("boolean")
    calm = table["wind_gust"].isna()
    return float(late[~calm].mean() - late[calm if others_only else slice(None)].mean())


EXPLORE_QUESTIONS = {
    "explore.gaps": Choice(
        "Gusts of wind are missing in three of four rows, and nearly always when the wind is "
        "weak. What happens when the gaps are filled with the column's mean?",
        {
            "a": "Nothing: the mean does not change.",
            "b": "Calm hours get the gusts of windy ones.",
            "c": "The rows become unusable.",
        },
        "b",
        "The gap itself says *calm*. Filling with an average hides it; a column that says "
        "*missing* keeps it.",
        {
            "a": "The column keeps its mean. And the single rows, and what goes with them?",
            "c": "They can be used; what do they say afterwards?",
        },
        hints=(
            "The mean of a column is the mean of the cells that are there. Which hours are they?",
            "Picture one calm hour, and the value that it is given.",
        ),
    ),
    "explore.nothing": Choice(
        "A column says nothing about the target by itself. May it be dropped?",
        {
            "a": "Yes: what says nothing alone says nothing.",
            "b": "Yes, if a plot shows no trend.",
            "c": "Not for that: together with another column it may say much.",
        },
        "c",
        "Left and right each say nothing about *same or different*; both together say all.",
        {
            "a": "Take two coins. What does one of them tell about whether both show the same?",
            "b": "The plot has two axes. How many columns are at work?",
        },
        hints=(
            "Alone is the word to look at.",
            "Look for a target that depends on two columns, and on neither of them alone.",
        ),
    ),
    "explore.gust": Compute(
        "By how much is the share of late flights higher where `wind_gust` has a value than where "
        "it is empty? `table` has the columns `wind_gust` and `late`.",
        expected=_gusty,
        how='With `calm = table["wind_gust"].isna()`: `table["late"][~calm].mean() - '
        'table["late"][calm].mean()`.',
        why="Being empty says something by itself here: no gust was reported since there was none. "
        "A gap like that is kept as a column of its own.",
        hints=(
            "Cut the table in two by whether the cell is empty, and take the share of late ones in "
            "each.",
            "`isna()` marks the empty cells, `~` turns the marks round; flights without a label "
            "count in neither share.",
        ),
        mistakes=(
            Mistake(
                lambda table: -_gusty(table),
                "You took it the other way round: which side is compared with which?",
            ),
            Mistake(
                lambda table: _gusty(table, others_only=False),
                "You compared with all flights, and the gusty ones are among these.",
            ),
        ),
        within=0.005,
        form="{:.3f}",
    ),
}


LABS_QUESTIONS = {
    "labs.scaling": Choice(
        "A colleague has scaled all columns before cutting the folds. What do you tell her?",
        {
            "a": "Her score is worthless.",
            "b": "Her score has hardly moved; the habit is what is dangerous.",
            "c": "It is right so: the scale has to be that of all rows.",
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
            "a": "Algorithms matter more than data, in general.",
            "b": "Among these five, on these tables, some are much worse than others.",
            "c": "Cleaning is not worth its time.",
        },
        "b",
        "A share depends on what was put into the grid. Leave the weak algorithms out, and the "
        "same table tells another story.",
        {
            "a": "Which alternatives were they compared with, and who chose them?",
            "c": "Where is the gain of cleaning shown, and for which algorithms is it large?",
        },
        hints=(
            "Think of who put which candidates into the grid.",
            "What would happen to the shares if one hopeless algorithm were added?",
        ),
    ),
    "labs.silent": Choice(
        "Another team sends clock times in another unit from tomorrow on. What notices?",
        {
            "a": "The score that was claimed at training.",
            "b": "The service: such requests fail.",
            "c": "A comparison of the columns in service with those of training.",
        },
        "c",
        "The numbers are numbers still, so nothing fails; only their distribution is another.",
        {
            "a": "It was measured before. Can it know of tomorrow?",
            "b": "Is 1075 no number? What would the service object to?",
        },
        hints=(
            "Go through the table of breaks: which line claims a good score and serves a bad one?",
            "What changes in a column when its unit does, if every cell stays a number?",
        ),
    ),
    "labs.clutch": Choice(
        "Comments alone tell perfectly whether a nest had its full clutch. What do you do?",
        {
            "a": "Keep them: a perfect score is the aim.",
            "b": "Take out the one sentence that gives it away.",
            "c": "Ask when they were written, and leave them out if it was afterwards.",
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

QUESTIONS = (
    START_QUESTIONS | COLLECT_QUESTIONS | CLEAN_QUESTIONS | FEATURES_QUESTIONS | SPLIT_QUESTIONS | TRAIN_QUESTIONS | EVALUATE_QUESTIONS | DEPLOY_QUESTIONS | MONITOR_QUESTIONS
    | EXPLORE_QUESTIONS | LABS_QUESTIONS
)  # fmt: skip

GUESSES = {
    "start.by_lot": Guess(
        "Before you look: the labels are random, so nothing can be learnt. Which share of "
        "the training rows (0 to 1) will the forest answer correctly all the same?",
        result=lambda by_lot: float(by_lot.loc["labels by lot", "train"]),
    ),
    "collect.twice": Guess(
        "Before you look: by how many percentage points will the share of late flights move when "
        "the planes' file is joined twice over?",
        result=lambda twice: abs(per_cent(twice["late"].iloc[1]) - per_cent(twice["late"].iloc[0])),
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
    "train.noise": Guess(
        "Before you look: the labels are random, so the true accuracy is 0.5. Which accuracy does "
        "cross-validation report when the twenty best columns were chosen on all rows before?",
        result=lambda table: float(table.iloc[0, 0]),
        high="too suspicious",
        low="too trusting",
    ),
    "evaluate.found": Guess(
        "Before you look: which share of the late flights does the model find (its recall), if it "
        "says *late* from a probability of one half on?",
        result=lambda table: float(table.iloc[1]["recall"]),
        high="too hopeful",
        low="too gloomy",
    ),
    "deploy.otherwise": Guess(
        "Before you look: on which share of the rows will that other service say something else "
        "than the model? (A number between 0 and 1.)",
        result=lambda table: float(table.iloc[1, 0].rstrip("%")) / 100,
        form="{:.3f}",
        high="too gloomy",
        low="too hopeful",
    ),
    "monitor.worst": Guess(
        "Before you look: how low does the ROC AUC of the worst of these months fall? Stage 6 "
        "says what was promised.",
        result=lambda by_period: float(by_period["roc_auc"].min()),
        high="too hopeful",
        low="too gloomy",
    ),
    "labs.selecting": Guess(
        "Before you look: by how much does choosing the twenty best of a thousand columns of "
        "noise, before the folds are cut, flatter the ROC AUC?",
        result=lambda looked: float(looked.loc["selecting columns", "gap"]),
        high="too suspicious",
        low="too trusting",
    ),
}
