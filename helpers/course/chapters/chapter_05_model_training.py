"""Questions, guess and challenge of the notebook: stage 5, model training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault

FOLDS, SETTINGS = 4, 10
BY_TIME = TimeSeriesSplit(FOLDS)


def _noise_and_signal(seed: int = 7) -> tuple:
    """A table of noise, one with something to learn, and labels for each: 80 rows, 400 columns."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(80) % 2)
    noise = random.normal(size=(80, 400))
    signal = random.normal(size=(80, 400))
    signal[:, :3] += 1.5 * y[:, None]
    return noise, signal, y


ACCURACY_FAULTS = {
    "Give one number, the mean of the folds' accuracies.": lambda it: (
        not all(isinstance(one, float | np.floating) for one in (it.noise, it.signal))
    ),
    "That looks like per cent; a share between 0 and 1 is expected.": lambda it: it.noise > 1,
    "On pure noise it is nearly perfect: you ask about rows that it has learnt from.": lambda it: (
        it.noise > 0.9
    ),
    "On pure noise it says {noise:.2f}, and nothing can be learnt there. Which step has seen the "
    "labels of the rows that are asked about?": lambda it: it.noise > 0.65,
    "On a table with much to learn it does hardly better than a coin. Are ten columns chosen in "
    "each fold, and is a model fitted on them?": lambda it: it.signal < 0.75,
}


def _examine_honest_accuracy(accuracy, of=None) -> str:
    """On noise the truth is a half; on the other table much can be learnt."""
    noise, signal, y = _noise_and_signal()
    on_noise, on_signal = (accuracy(X.copy(), y.copy()) for X in (noise, signal))
    return first_fault(ACCURACY_FAULTS, noise=on_noise, signal=on_signal)


def _by_time(rows: int = 320, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Rows in the order of time: one column says a little, six are noise, and seasons change."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 7)), columns=list("abcdefg"))
    season = np.sin(np.arange(rows) / 30)
    return X, pd.Series(X["a"] + season + random.normal(size=rows) > 0.4)


def _scores(model, X, y, cv, scoring: str = "roc_auc") -> np.ndarray:
    return cross_val_score(model, X, y, cv=cv, scoring=scoring)


MODELS = {
    "baseline": DummyClassifier(),
    "logistic": LogisticRegression(),
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
}
FROM_LATER = "A fold learns from rows that come after those that it is asked about."
ACCURACY = "That is the accuracy, which the baseline has without looking at any column."
# What is wrong with a table of scores ("": nothing), and how its column of a model is made
TABLES = (
    ("", lambda *asked: _scores(*asked, BY_TIME)),
    (ACCURACY, lambda *asked: _scores(*asked, BY_TIME, "accuracy")),
    (ACCURACY, lambda *asked: _scores(*asked, KFold(FOLDS), "accuracy")),
    (ACCURACY, lambda *asked: _scores(*asked, StratifiedKFold(FOLDS), "accuracy")),
    (FROM_LATER, lambda *asked: _scores(*asked, KFold(FOLDS))),
    (FROM_LATER, lambda *asked: _scores(*asked, StratifiedKFold(FOLDS))),
    ("These are scores on the rows that were learnt: what do they say of new ones?",
     lambda *asked: _scores_on_learnt(*asked)),
)  # fmt: skip


def _scores_on_learnt(model, X, y) -> np.ndarray:
    found = cross_validate(model, X, y, cv=BY_TIME, scoring="roc_auc", return_train_score=True)
    return found["train_score"]


FORM_FAULTS = {
    "Give a frame with all scores: a mean hides which fold was hard for all models.": lambda it: (
        not isinstance(it.made, pd.DataFrame)
    ),
    "You have a row a model; a row a fold, and a column a model, was asked for.": lambda it: (
        it.made.shape == (len(MODELS), FOLDS)
    ),
    f"Give {FOLDS} rows, one a fold, and a column for each of: {', '.join(MODELS)}.": lambda it: (
        set(it.made.columns) != set(MODELS) or len(it.made) != FOLDS
    ),
}


def _examine_by_fold(by_fold, of=None) -> str:
    """A row a fold by time, a column a model, ROC AUC on validation rows."""
    X, y = _by_time()
    made = by_fold({name: clone(model) for name, model in MODELS.items()}, X.copy(), y.copy())
    if reason := first_fault(FORM_FAULTS, made=made):
        return reason
    for reason, score in TABLES:
        scores = [score(model, X, y) for model in MODELS.values()]
        if np.allclose(made[list(MODELS)].astype(float), np.array(scores).T):
            return reason
    return "These are not the models' scores: is each model fitted and asked anew on each fold?"


TUNED_FAULTS = {
    "Give the search itself, after it was fitted: it holds every setting's scores.": lambda it: (
        not (hasattr(it.search, "cv_results_") and hasattr(it.search, "best_params_"))
    ),
    f"{{tried}} settings were tried; {SETTINGS} were asked for.": lambda it: it.tried != SETTINGS,
    "Called twice with one seed it draws other settings: nobody could repeat it.": lambda it: (
        _tried(it.search) != _tried(it.drawn(1))
    ),
    "Whatever the seed, it draws the same settings: does it use the seed given?": lambda it: (
        _tried(it.search) == _tried(it.drawn(2))
    ),
}


def _tried(search) -> list[dict]:
    return getattr(search, "cv_results_", {"params": []})["params"]


def _tree_that_grows() -> Pipeline:
    tree = DecisionTreeClassifier(random_state=0)
    return Pipeline([("scale", StandardScaler()), ("model", tree)])


def _examine_tuned(tuned, of=None) -> str:
    """Ten settings by the seed, on folds by time, by ROC AUC; the best holds the tree back."""
    X, y = _by_time()
    pipeline = _tree_that_grows()

    def drawn(seed: int):
        return tuned(clone(pipeline), X.copy(), y.copy(), seed)

    search = drawn(1)
    return first_fault(
        TUNED_FAULTS, search=search, tried=len(_tried(search)), drawn=drawn
    ) or _unsound_search(search, pipeline, X, y)


def _unsound_search(search, pipeline, X, y) -> str:
    """What is wrong with a fitted search: its folds, its score, or settings that hold nothing."""
    best = clone(pipeline).set_params(**search.best_params_)
    if not np.isclose(search.best_score_, _scores(best, X, y, BY_TIME).mean()):
        if np.isclose(search.best_score_, _scores(best, X, y, BY_TIME, "accuracy").mean()):
            return "It chooses by accuracy: rank the settings by a score that ranks the rows."
        return "Its score is not the ROC AUC of four folds by time: which rows did a fold learn?"
    if search.best_score_ < _scores(pipeline, X, y, BY_TIME).mean() + 0.02:
        return "The best of your settings overfits as much as the tree that may grow for ever."
    return ""


CHALLENGES = {
    "train.by_fold": Challenge(
        "Write a function `by_fold(models, X, y)`. `models` maps names to unfitted models, the "
        "rows of `X` and `y` come in the order of time. It gives a frame with a row for each of "
        "four folds by time, a column for each model, and the ROC AUC on the validation rows.",
        _examine_by_fold,
        makes="by_fold",
        solution="""
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit, cross_val_score


def by_fold(models, X, y):
    cv = TimeSeriesSplit(4)
    return pd.DataFrame({
        name: cross_val_score(model, X, y, cv=cv, scoring="roc_auc")
        for name, model in models.items()
    })
""",
        why="A line of this table is one fold, answered by all models: it can be compared.",
        hints=(
            "The notebook's ladder does this for four models: what is different here?",
            "`cross_val_score` takes the folds as `cv` and the metric as `scoring`.",
        ),
        level="warm-up",
    ),
    "train.honest": Challenge(
        "Find the leak in this function and fix it.\n\n"
        "```python\n"
        "def accuracy(X, y):\n"
        "    X = StandardScaler().fit_transform(X)\n"
        "    X = SelectKBest(k=10).fit_transform(X, y)\n"
        "    return cross_val_score(LogisticRegression(), X, y, cv=5).mean()\n"
        "```\n\n"
        "It should still scale, choose ten columns and fit a logistic regression. It is tried on a "
        "table of noise and on one that can be learnt.",
        _examine_honest_accuracy,
        makes="accuracy",
        solution="""
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def accuracy(X, y):
    model = make_pipeline(StandardScaler(), SelectKBest(k=10), LogisticRegression())
    return cross_val_score(model, X, y, cv=5).mean()
""",
        why="Each fold now chooses its own ten columns, from the rows that it may learn from.",
        hints=(
            "Two steps are fitted before the folds are cut. Which of them is given the labels?",
            "What is handed to `cross_val_score` is fitted anew in each fold: hand it all steps.",
        ),
        level="core",
    ),
    "train.tuned": Challenge(
        "Write a function `tuned(pipeline, X, y, seed)`. The last step of the pipeline is named "
        "`model`; it is a decision tree that may grow for ever. The function gives a search that "
        "has tried ten settings, drawn at random by `seed`, on four folds by time, by the ROC AUC. "
        "The best of them should overfit less than the tree as it comes. Rows are in the order of "
        "time.",
        _examine_tuned,
        makes="tuned",
        solution="""
from sklearn.model_selection import RandomizedSearchCV, TimeSeriesSplit


def tuned(pipeline, X, y, seed):
    settings = {"model__max_depth": [1, 2, 3, 4, 6, 8], "model__min_samples_leaf": [5, 10, 20, 40]}
    search = RandomizedSearchCV(
        pipeline, settings, n_iter=10, cv=TimeSeriesSplit(4), scoring="roc_auc", random_state=seed
    )
    return search.fit(X, y)
""",
        why="The whole pipeline is fitted anew in each fold, and the drawn settings are "
        "the same for everyone who has the seed.",
        hints=(
            "Which two settings of a decision tree keep it small? `help` on its class tells.",
            "A setting of a step is named by the step, two underscores, and the setting.",
        ),
        level="stretch",
    ),
}


def _differences(scores) -> np.ndarray:
    return (scores["random forest"] - scores["logistic regression"]).to_numpy()


def _lead(scores) -> float:
    lead = _differences(scores)
    return float(lead.mean() / (lead.std(ddof=1) / np.sqrt(len(lead))))


def _lead_in_spread_of_one(scores) -> float:
    spread = scores["random forest"].std() / np.sqrt(len(scores))
    return float(_differences(scores).mean() / spread)


def _lead_by_numpy(scores) -> float:
    lead = _differences(scores)
    return float(lead.mean() / (np.std(lead) / np.sqrt(len(lead))))


def _lead_in_deviations(scores) -> float:
    return float(_differences(scores).mean() / _differences(scores).std(ddof=1))


QUESTIONS = {
    "train.lead": Compute(
        "`scores` has a row a fold and a column a model. By how much does the random forest lead "
        "over logistic regression, on average over the folds, in standard errors of that lead? "
        "(The standard error of a mean is the standard deviation, pandas' `.std()`, by the square "
        "root of how many there are.)",
        expected=_lead,
        how='`d = scores["random forest"] - scores["logistic regression"]`, then '
        "`d.mean() / (d.std() / len(d) ** 0.5)`",
        why="The difference is taken on each fold, so that what makes a fold hard for both drops "
        "out. A lead of less than two or three standard errors may be luck. With four folds, "
        "which share training rows, the standard error is itself unsure, so the line takes it from "
        "the rows of the folds, by whole days.",
        hints=(
            "Both models were asked the same fold. What is left if you subtract within each fold?",
            "First four differences, one a fold; then their mean by their standard error.",
        ),
        mistakes=(
            Mistake(
                lambda scores: float(_differences(scores).mean()),
                "That is the lead itself; is that much or little, for a mean of so few folds?",
            ),
            Mistake(
                _lead_in_spread_of_one,
                "You divided by the noise of one model's scores. Most of that is how hard the "
                "folds are, for both models alike; what is the noise of their difference?",
            ),
            Mistake(
                _lead_by_numpy,
                "`np.std` divides by the number of folds; with so few, divide by one less: pandas' "
                "`.std()`, or `ddof=1`.",
            ),
            Mistake(
                _lead_in_deviations,
                "You divided by the standard deviation of one difference; a mean of four is surer.",
            ),
            Mistake(
                lambda scores: -_lead(scores),
                "You took them the other way round: which of the two is to lead?",
            ),
        ),
        within=0.05,
        form="{:.2f}",
    ),
    "train.pipeline": Choice(
        "Why does scikit-learn's Pipeline matter for preventing data leakage?",
        {
            "a": "It keeps the test set apart in a place of its own.",
            "b": "It fits each step on a fold's training rows alone.",
            "c": "It finds columns of the future and removes them.",
            "d": "It scales all columns, and unscaled columns leak.",
        },
        "b",
        (
            "What learns from data (filling, scaling, encoding) is fitted inside the fold, each "
            "time."
        ),
        {
            "a": "It keeps no rows, and is fitted on those it is given. Which are they, in a fold?",
            "c": "It can't know which columns leak: that was the work of stage 3.",
            "d": "Look at the second line of the table: what did scaling before the folds win?",
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
        "the defaults, by less than the noise of that difference. What does that say?",
        {
            "a": "The best setting is the best one: its score is the highest.",
            "b": "The search was too short: a thousand draws would tell.",
            "c": "The highest of many noisy scores is high partly by luck.",
        },
        "c",
        "Whoever picks the maximum picks the noise along with it, and the more are tried, the "
        "more of it. So the line says how much too good the best of many is, and stage 6 asks "
        "other rows.",
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

GUESSES = {
    "train.noise": Guess(
        "Before you look: the columns are noise, so the true accuracy is 0.5. Which accuracy does "
        "cross-validation report when the twenty best columns were chosen on all rows before?",
        result=float,
        high="too suspicious",
        low="too trusting",
    ),
}
