"""Questions, guess and challenge of the notebook: stage 6, evaluation."""

from __future__ import annotations

import numpy as np

from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _overconfident(rows: int = 4_000, seed: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that rank well and are far too high, and the actual outcomes."""
    random = np.random.default_rng(seed)
    true_probability = random.beta(1, 4, rows)
    return true_probability**0.4, random.random(rows) < true_probability


def _total_cost(probability, late, threshold, cost_false_positive, cost_false_negative) -> float:
    says = probability >= threshold
    return cost_false_positive * (says & ~late).sum() + cost_false_negative * (~says & late).sum()


def _examine_cheapest(cheapest, of=None) -> str:
    """Under two pairs of costs the threshold has to cost nearly as little as the best one."""
    probability, late = _overconfident()
    for costs in ((1.0, 8.0), (4.0, 1.0)):
        given = cheapest(probability.copy(), late.copy(), *costs)
        if not np.isscalar(given) or not 0 <= float(given) <= 1.01:
            return "Give one threshold, a number between 0 and 1."
        best = min(_total_cost(probability, late, t, *costs) for t in np.linspace(0, 1.01, 203))
        if _total_cost(probability, late, float(given), *costs) > 1.02 * best:
            return _why_not_cheapest(float(given), *costs)
    return ""


def _why_not_cheapest(given: float, cost_false_positive: float, cost_false_negative: float) -> str:
    both = cost_false_positive + cost_false_negative
    if np.isclose(given, 0.5):
        return "One half ignores the costs. What if a false negative costs eight times as much?"
    if np.isclose(given, cost_false_positive / both):
        return "That formula assumes calibrated probabilities. Are these calibrated?"
    if np.isclose(given, cost_false_negative / both):
        return "When false negatives are dear, should the model say yes sooner, or later?"
    return (
        f"With the costs {cost_false_positive:g} (false positive) and {cost_false_negative:g} "
        "(false negative) there is a cheaper threshold. What does your rule make small: cost, or "
        "something else?"
    )


CHALLENGES = {
    "evaluate.cheapest": Challenge(
        "**Challenge.** An airline says what errors cost. Write a function "
        "`cheapest(probability, late, cost_false_positive, cost_false_negative)` that gives the "
        "threshold at which the errors cost least. `probability` are a model's probabilities for "
        "some flights, `late` (true or false) the outcomes, and the other two are the costs of "
        "the two errors. The model says *late* from the threshold on. It is tried on a model "
        "that is sadly overconfident.",
        _examine_cheapest,
        makes="cheapest",
        solution="""
import numpy as np


def cheapest(probability, late, cost_false_positive, cost_false_negative):
    def cost(threshold):
        says = probability >= threshold
        false_positives, false_negatives = (says & ~late).sum(), (~says & late).sum()
        return cost_false_positive * false_positives + cost_false_negative * false_negatives

    return min(np.linspace(0, 1, 201), key=cost)
""",
        why="It was chosen by what it costs on rows with known outcome, so it needs no belief in "
        "the probabilities. Choose it on validation rows, never on the held-out ones.",
        hints=(
            "What would one threshold cost? Write that first, then ask it of many.",
            "`min(candidates, key=cost)` gives the candidate for which a function is smallest.",
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


QUESTIONS = {
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

GUESSES = {
    "evaluate.found": Guess(
        "Before you look: which share of the late flights does the model find (its recall), if it "
        "says *late* from a probability of one half on?",
        result=lambda table: float(table.iloc[1]["recall"]),
        high="too hopeful",
        low="too gloomy",
    ),
}
