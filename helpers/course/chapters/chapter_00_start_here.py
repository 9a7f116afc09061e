"""Questions, guess and challenges of the notebook: start here."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault


def _two_tables(rows: int = 240, seed: int = 0) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """Four columns with random labels, and with labels that the first column determines."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    shuffled = pd.Series(random.permutation(np.arange(rows) % 2))
    return {"random": (X, shuffled), "settled": (X, (X["a"] > 0).astype(int))}


HONEST_SCORE_FAULTS = {
    "Return one number, the accuracy.": lambda it: any(
        np.ndim(score) or not isinstance(score, float | int) for score in (it.random, it.settled)
    ),
    "That looks like per cent; a share between 0 and 1 is asked.": lambda it: (
        max(it.random, it.settled) > 1
    ),
    "With random labels your function still finds the model excellent. Had the model met the rows "
    "that it was asked about?": lambda it: it.random > 0.9,
    "With two random labels the score should be near 0.5. Which rows were scored?": lambda it: (
        not 0.3 <= it.random <= 0.7
    ),
    "With a rule that a tree learns easily, your score is poor. Was the model fitted on true pairs "
    "of rows and labels?": lambda it: it.settled < 0.9,
}


def _examine_honest_score(honest_score, of=None) -> str:
    """Random labels must score like a coin, and a rule that can be learnt nearly perfectly."""
    scores = {
        name: honest_score(DecisionTreeClassifier(random_state=0), X.copy(), y.copy())
        for name, (X, y) in _two_tables().items()
    }
    return first_fault(HONEST_SCORE_FAULTS, **scores)


def _rows_with_gaps(rows: int = 120, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Two columns of unlike scales with gaps, and labels that depend on both and on noise."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({"miles": random.normal(900, 300, rows), "share": random.random(rows)})
    y = pd.Series((X["miles"] / 900 + X["share"] + random.normal(0, 0.5, rows) > 1.5).astype(int))
    return X.mask(random.random(X.shape) < 0.1), y


THREE_STEPS_FAULTS = {
    "A pipeline is asked for; you return {model.__class__.__name__}.": lambda it: (
        not isinstance(it.model, Pipeline)
    ),
    "The last step of the pipeline is to be the random forest.": lambda it: (
        not isinstance(it.model[-1], RandomForestClassifier)
    ),
    "Your model is fitted already. From which rows did it learn? Return it unfitted.": lambda it: (
        hasattr(it.model[-1], "estimators_")
    ),
    "A row with a gap reaches the forest as it is. Which step fills gaps?": lambda it: (
        len(it.model) == 1 or np.isnan(it.reaching(it.model[:-1])).any()
    ),
    "The columns reach the forest on scales of their own, hundreds beside fractions.": lambda it: (
        not _are_on_one_scale(it.reaching(it.model[:-1]))
    ),
    "Two models with the same seed give different answers. Where is the seed used?": lambda it: (
        not np.array_equal(it.answers(7), it.answers(7))
    ),
    "Models with two different seeds are the same. Is the seed that is given used?": lambda it: (
        np.array_equal(it.answers(7), it.answers(8))
    ),
}


def _are_on_one_scale(columns: np.ndarray) -> bool:
    """Whether the columns spread about alike, whichever scaler they went through."""
    spreads = columns.std(axis=0)
    return spreads.max() <= 3 * spreads.min()


def _examine_three_steps(make_model, of=None) -> str:
    """An unfitted pipeline of three steps; what reaches the forest has no gaps, and one scale."""
    X, y = _rows_with_gaps()
    return first_fault(
        THREE_STEPS_FAULTS,
        model=make_model(7),
        reaching=lambda steps: np.asarray(steps.fit_transform(X), float),
        answers=lambda seed: make_model(seed).fit(X, y).predict_proba(X),
    )


def _three_kinds(rows: int = 150, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Flowers of three kinds, some more frequent than others; two columns tell which is which."""
    random = np.random.default_rng(seed)
    y = pd.Series(random.choice(3, rows, p=[0.6, 0.25, 0.15]))
    return pd.DataFrame(
        random.normal(size=(rows, 2)) + y.to_numpy()[:, None], columns=["a", "b"]
    ), y


def _split_scores(model, X, y, seeds, share: float = 0.2, by_kind: bool = True) -> list[float]:
    """The accuracy on a test set for each seed."""
    found = []
    for seed in seeds:
        kinds = y if by_kind else None
        parts = train_test_split(X, y, test_size=share, random_state=seed, stratify=kinds)
        found.append(clone(model).fit(parts[0], parts[2]).score(parts[1], parts[3]))
    return found


SPREAD_FAULTS = {
    "Give a score for each seed, as a list; a mean alone hides how far they differ.": lambda it: (
        np.ndim(it.given) != 1
    ),
    "For {asked} seeds you give {scores} scores.": lambda it: it.scores != it.asked,
    "": lambda it: it.is_like(),
    "All scores are perfect. Were the scored rows among those that were learnt from?": lambda it: (
        min(it.given) > 0.99
    ),
    "All scores are the same. Does each seed draw a split of its own?": lambda it: (
        len(set(it.given)) == 1
    ),
    "The kinds are drawn by chance, so that a rare one may be missing on one side.": lambda it: (
        it.is_like(by_kind=False)
    ),
    "A quarter of the rows is held out. A fifth is asked for.": lambda it: it.is_like(share=0.25),
    "These are other scores than those of a fifth held out, each kind in its share, by seed.": bool,
}


def _examine_spread(test_scores, of=None) -> str:
    """A score for each seed, each of a split of its own."""
    model, (X, y), seeds = DecisionTreeClassifier(random_state=0), _three_kinds(), [11, 5, 23, 42]
    given = test_scores(model, X.copy(), y.copy(), seeds)

    def is_like(**other) -> bool:
        return np.allclose(np.asarray(given, float), _split_scores(model, X, y, seeds, **other))

    return first_fault(
        SPREAD_FAULTS, given=given, scores=np.size(given), asked=len(seeds), is_like=is_like
    )


CHALLENGES = {
    "start.three_steps": Challenge(
        "Write a function `make_model(seed)` that gives an unfitted pipeline of three steps: it "
        "fills gaps, scales the columns, and learns with a random forest whose random draws the "
        "seed fixes.",
        _examine_three_steps,
        makes="make_model",
        solution="""
def make_model(seed):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    forest = RandomForestClassifier(random_state=seed)
    return make_pipeline(SimpleImputer(), StandardScaler(), forest)
""",
        why="Gaps are filled and columns scaled before the forest, and whoever fits it decides on "
        "which rows.",
        hints=(
            "The page builds this very model, with one more call at the end that is not asked for.",
            "A function returns what it makes; which of its lines needs `seed`?",
        ),
        level="warm-up",
    ),
    "start.honest_score": Challenge(
        "A colleague fits models and reports their score on the rows that they "
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
            "scikit-learn draws rows at random for two sides, for the table and the labels at "
            "once; the program of this page uses it, too.",
        ),
    ),
    "start.spread": Challenge(
        "How far does a test score depend on which rows are held out? Write a function "
        "`test_scores(model, X, y, seeds)` that gives a list: for each seed the accuracy on a test "
        "set of a fifth of the rows, drawn with that seed, with each kind of label in its share.",
        _examine_spread,
        makes="test_scores",
        solution="""
def test_scores(model, X, y, seeds):
    from sklearn.model_selection import train_test_split

    scores = []
    for seed in seeds:
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.2, random_state=seed, stratify=y
        )
        scores.append(model.fit(X_train, y_train).score(X_test, y_test))
    return scores
""",
        why="Each seed holds out other rows, and the scores differ by what is luck in any one.",
        hints=(
            "Do it for one seed first, with the lines of the page; then put them into a loop.",
            "Three arguments of the split matter here: how many rows, which draw, which shares.",
        ),
        level="stretch",
    ),
}


QUESTIONS = {
    "start.stations": Choice(
        "Why are small steps that hand on files easier to trust than one long script?",
        {
            "a": "They run faster, because a computer does several short programs at once.",
            "b": "What breaks is noticed at once and by name, and can run again alone.",
            "c": "scikit-learn can only fit a model to rows that come from a file.",
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
        "By how much does the accuracy on the test set fall when one more of its flowers is "
        "answered wrongly?",
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
            "c": "Nothing yet: only rows that it has not met can tell.",
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
    "start.shuffled": Guess(
        "Before you look: the labels are shuffled, so there is nothing to learn. Which share of "
        "the training set (0 to 1) will the forest answer correctly all the same?",
        result=lambda table: float(table.loc["shuffled labels", "train"]),
    ),
}
