"""Questions, guess and challenge of the notebook: stage 5, model training."""

from __future__ import annotations

import numpy as np

from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _noise_and_signal(seed: int = 7) -> tuple:
    """A table of noise, one with something to learn, and labels for each: 80 rows, 400 columns."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(80) % 2)
    noise = random.normal(size=(80, 400))
    signal = random.normal(size=(80, 400))
    signal[:, :3] += 1.5 * y[:, None]
    return noise, signal, y


def _examine_honest_accuracy(accuracy, of=None) -> str:
    """On noise the truth is a half; on the other table much can be learnt."""
    noise, signal, y = _noise_and_signal()
    found = [accuracy(X.copy(), y.copy()) for X in (noise, signal)]
    if not all(isinstance(one, float | np.floating) for one in found):
        return "Give one number, the mean of the folds' accuracies."
    on_noise, on_signal = found
    if on_noise > 0.9:
        return "On pure noise it is nearly perfect: it is asked about rows that it has learnt from."
    if on_noise > 0.65:
        return (
            f"On pure noise it says {on_noise:.2f}, and nothing can be learnt there. Which step "
            "has seen the labels of the rows that are asked about?"
        )
    if on_signal < 0.75:
        return (
            "On a table with much to learn it does hardly better than a coin. Are ten columns "
            "chosen in each fold, and is a model fitted on them?"
        )
    return ""


CHALLENGES = {
    "train.honest": Challenge(
        "**Challenge.** Find the leak in this function and fix it.\n\n"
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
    ),
}


def _differences(by_fold) -> np.ndarray:
    return (by_fold.iloc[:, 0] - by_fold.iloc[:, 1]).to_numpy()


def _lead(by_fold) -> float:
    lead = _differences(by_fold)
    return float(lead.mean() / (lead.std(ddof=1) / np.sqrt(len(lead))))


def _lead_in_spread_of_one(by_fold) -> float:
    spread = by_fold.iloc[:, 0].std() / np.sqrt(len(by_fold))
    return float(_differences(by_fold).mean() / spread)


QUESTIONS = {
    "train.lead": Compute(
        "`by_fold` has the score of each model on each fold, the best model first. By how much "
        "does the first lead over the second, on average over the folds, in standard errors of "
        "that lead? (The standard error of a mean is the standard deviation by the square root of "
        "how many there are.)",
        expected=_lead,
        how="`d = by_fold.iloc[:, 0] - by_fold.iloc[:, 1]; d.mean() / (d.std() / len(d) ** 0.5)`",
        why="The difference is taken on each fold, so that what makes a fold hard for both drops "
        "out. A lead of less than two or three standard errors may be luck: take the simpler "
        "model. With so few folds the standard error is itself unsure, so the line takes it from "
        "the rows of the folds, by unit.",
        hints=(
            "Both models were asked the same fold. What is left if you subtract within each fold?",
            "First four differences, one a fold; then their mean by their standard error.",
        ),
        mistakes=(
            Mistake(
                lambda by_fold: float(_differences(by_fold).mean()),
                "That is the lead itself; is that much or little, for a mean of so few folds?",
            ),
            Mistake(
                _lead_in_spread_of_one,
                "You divided by the noise of one model's scores. Most of that is how hard the "
                "folds are, for both models alike; what is the noise of their difference?",
            ),
            Mistake(
                lambda by_fold: -_lead(by_fold),
                "You took them the other way round: which of the two is the first?",
            ),
        ),
        within=0.05,
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
        "the defaults, by less than the noise of that difference. What does that say?",
        {
            "a": "The best setting is the best one: it has the highest score.",
            "b": "Nothing was searched long enough: a thousand would have found it.",
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
        "Before you look: the labels are random, so the true accuracy is 0.5. Which accuracy does "
        "cross-validation report when the twenty best columns were chosen on all rows before?",
        result=lambda table: float(table.iloc[0, 0]),
        high="too suspicious",
        low="too trusting",
    ),
}
