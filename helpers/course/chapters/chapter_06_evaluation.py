"""Questions, guess and challenges of the notebook: stage 6, evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..by_hand import my_seed
from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault

SCORES = ("accuracy", "precision", "recall", "F1")


def _scores(late, says) -> tuple[float, ...]:
    """Accuracy, precision, recall and F1 of answers, 0 where there is nothing to divide by."""
    right, called, caught = (late == says).mean(), says.sum(), (late & says).sum()
    precision, recall = caught / max(called, 1), caught / max(late.sum(), 1)
    return right, precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def _examine_four_scores(four_scores, of=None) -> str:
    """On flights of the learner's own seed, and where the model warns of none."""
    random = np.random.default_rng(my_seed())
    late = random.random(500) < 0.3
    says = np.where(random.random(500) < 0.75, late, ~late) & (random.random(500) < 0.6)
    given = _as_four(four_scores(late.copy(), says.copy()))
    if given is None:
        return "Give four numbers: accuracy, precision, recall and F1."
    return _why_not_these(given, _scores(late, says)) or _without_warnings(four_scores, late)


def _without_warnings(four_scores, late: np.ndarray) -> str:
    """What is wrong with the scores of a model that says no of every flight."""
    given = _as_four(four_scores(late.copy(), late & False))
    if given is None or not np.isfinite(given).all() or not np.allclose(given[1:], 0):
        return "What are precision and F1 of a model that warns of nothing? You divide by 0 there."
    return ""


def _as_four(given) -> np.ndarray | None:
    """Four numbers as an array, None where it is something else."""
    values = given.values() if isinstance(given, dict) else given
    try:
        found = np.array(list(values), dtype=float)
    except (TypeError, ValueError):
        return None
    return found if found.shape == (4,) else None


def _why_not_these(given: np.ndarray, expected: tuple) -> str:
    """The first thing that is wrong with four scores."""
    accuracy, precision, recall, f1 = expected
    if np.allclose(given / 100, expected):
        return "These look like per cent; a score is a share, between 0 and 1."
    if np.allclose(given[1:3], (recall, precision)):
        return "Precision and recall have changed places: which of them divides by the warnings?"
    if np.allclose(given[:3], expected[:3]) and np.isclose(given[3], (precision + recall) / 2):
        return "F1 is not the plain mean: it is small as soon as one of the two is."
    wrong = [name for name, a, b in zip(SCORES, given, expected, strict=True) if abs(a - b) > 1e-9]
    return f"Not right: {', '.join(wrong)}. Which of the four counts go into it?" if wrong else ""


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
    return _examine_costs(cheapest, 1.0, 8.0) or _examine_costs(cheapest, 4.0, 1.0)


def _examine_costs(cheapest, of_positive: float, of_negative: float) -> str:
    (probability, late), costs = _overconfident(), (of_positive, of_negative)
    given = cheapest(probability.copy(), late.copy(), *costs)
    if not np.isscalar(given) or not 0 <= float(given) <= 1.01:
        return "Give one threshold, a number between 0 and 1."
    best = min(_total_cost(probability, late, t, *costs) for t in np.linspace(0, 1.01, 203))
    if _total_cost(probability, late, float(given), *costs) <= 1.02 * best:
        return ""
    seen = {"of_positive": of_positive, "of_negative": of_negative}
    return first_fault(CHEAPEST_FAULTS, given=float(given), **seen)


CHEAPEST_FAULTS = {
    "One half ignores the costs. What if a false negative costs eight times as much?": lambda it: (
        np.isclose(it.given, 0.5)
    ),
    "That formula assumes calibrated probabilities. Are these calibrated?": lambda it: np.isclose(
        it.given, it.of_positive / (it.of_positive + it.of_negative)
    ),
    "When false negatives are dear, should the model say yes sooner, or later?": lambda it: (
        np.isclose(it.given, it.of_negative / (it.of_positive + it.of_negative))
    ),
    "With the costs {of_positive:g} (false positive) and {of_negative:g} (false negative) there is "
    "a cheaper threshold. What does your rule make small: cost, or something else?": bool,
}


def _group(name: str, rows: int, share: float, sharp: float, lift: float, random) -> pd.DataFrame:
    """Flights of a group: so many are late, ranked so sharply, with odds that are off by `lift`."""
    odds = np.log(share / (1 - share)) + sharp * random.normal(size=rows)
    late = random.random(rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame({"airport": name, "late": late, "chance": 1 / (1 + np.exp(-odds - lift))})


def _flights_by_airport(table: int) -> pd.DataFrame:
    """Flights of four airports by the learner's own seed; BBB is helped least in both tables.

    In the first, delays are rare there and the model knows nothing of them; in the second it ranks
    well and warns far too often. AAA has the noisiest outcomes, DDD too few flights.
    """
    random = np.random.default_rng([my_seed(), table])
    worst = (0.06, 0.0, 0.0) if table == 0 else (0.12, 1.6, 1.5)
    return pd.concat([
        _group("AAA", 4_000, 0.5, 1.3, 0.5, random), _group("BBB", 4_000, *worst, random),
        _group("CCC", 4_000, 0.3, 1.0, 0.0, random),
        _group("DDD", 4, 0.5, 0.0, 0.0, random).assign(late=False),
    ], ignore_index=True)  # fmt: skip


NOT_LEAST_HELPED = {
    ("AAA", 0): "Its outcomes are the noisiest, so any model's loss is large and its accuracy low. "
    "What would a model have lost that says the group's share to everybody?",
    ("CCC", 0): "That is what the share of *all* flights gives. Whose base rate is a group's own?",
    ("CCC", 1): "There the model ranks least well. But where are its probabilities so far off that "
    "they are worse than saying one share to everybody?",
    ("DDD", 0): "Four flights, none of them late: there is nothing to remove. Leave out groups in "
    "which all flights ended alike.",
}


def _examine_least_helped(least_helped, of=None) -> str:
    """In two tables the group that is held against its own base rate has to be found."""
    for number in (0, 1):
        table = _flights_by_airport(number)
        given = least_helped(table.rename(columns={"airport": "group"}), "group")
        if not isinstance(given, str) or given not in set(table["airport"]):
            return "Give the name of one group, a text as it stands in the column."
        if given != "BBB":
            return NOT_LEAST_HELPED.get((given, number)) or NOT_LEAST_HELPED[given, 0]
    return ""


CHALLENGES = {
    "evaluate.four_scores": Challenge(
        "**Challenge.** Write a function `four_scores(late, says)` that gives accuracy, precision, "
        "recall and F1, in this order. `late` and `says` are arrays of true and false: how flights "
        "ended, and what a model said. Count with `confusion_matrix`, and divide. A model that "
        "warns of nothing has a precision and an F1 of 0.",
        _examine_four_scores,
        makes="four_scores",
        solution="""
from sklearn.metrics import confusion_matrix


def four_scores(late, says):
    (passed, false_alarms), (missed, caught) = confusion_matrix(late, says)
    accuracy = (passed + caught) / len(late)
    precision = caught / (caught + false_alarms) if says.any() else 0.0
    recall = caught / (caught + missed)
    f1 = 2 * precision * recall / (precision + recall) if caught else 0.0
    return accuracy, precision, recall, f1
""",
        why="Four counts hold all that these scores know. Two learners have other flights, and "
        "other figures; the ways are compared.",
        hints=(
            "Say in words what each score is a share of: of the warnings, or of the late flights?",
            "`confusion_matrix` has the truth down and the answer across, false before true.",
        ),
        level="warm-up",
    ),
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
        level="core",
    ),
    "evaluate.least_helped": Challenge(
        "**Challenge.** Write a function `least_helped(table, column)` that gives the name of the "
        "group that a model helps least. `table` has a row per flight: `late` (true or false), "
        "`chance` (the model's probability of late), and a column of groups. Hold the log loss of "
        "each group against that of its own base rate: helped least is the group in which the "
        "model removes the smallest share of it. Leave out groups in which all flights ended "
        "alike.",
        _examine_least_helped,
        makes="least_helped",
        solution="""
import numpy as np


def least_helped(table, column):
    loss = -np.log(np.where(table["late"], table["chance"], 1 - table["chance"]))
    groups = table.assign(loss=loss).groupby(column).agg(
        share=("late", "mean"), loss=("loss", "mean"))
    groups = groups[(groups["share"] > 0) & (groups["share"] < 1)]
    share = groups["share"]
    own = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    return (1 - groups["loss"] / own).idxmin()
""",
        why="A group is held against its own base rate, so a common delay is not taken for a bad "
        "model. Little removed may also mean that little can be known. On real rows give each "
        "share its interval, too: small groups look extreme by chance.",
        hints=(
            "Which loss has a model that says 0.06 to a group in which 6 of 100 are late?",
            "`groupby(column).agg(...)` gives share and mean loss of each group; `idxmin` a name.",
        ),
        level="stretch",
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
        "From 0.50 on, the small model is hardly more accurate than never warning. Is it useless?",
        {
            "a": "Yes: a constant answer is as accurate, and it needs no model.",
            "b": "No: accuracy hardly shows whether it finds the rare class.",
            "c": "It is too early to tell: only service can show its use.",
        },
        "b",
        "Look at recall and precision of the class that you are after, and at the ranking (AUC).",
        {
            "a": "The constant answer finds not one late flight. Does accuracy show that?",
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
        "the small model's errors cost per thousand held-out flights, from 0.50 on? `counts` has "
        "the true class down and the predicted one across, late last.",
        expected=_cost,
        how="`1000 * (5 * missed + false_alarms) / counts.sum()`, where `counts` is the array.",
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
            Mistake(
                lambda counts: float(
                    1_000 * (5 * counts.iloc[0, 0] + counts.iloc[1, 1]) / counts.to_numpy().sum()
                ),
                "You gave prices to the right answers; which two cells are errors?",
            ),
            Mistake(
                lambda counts: _cost(counts) / 1_000,
                "That is the cost of one flight on average; a thousand are asked for.",
            ),
            Mistake(
                lambda counts: (
                    _cost(counts)
                    * counts.to_numpy().sum()
                    / (counts.iloc[0, 1] + counts.iloc[1, 0])
                ),
                "That is the cost for a thousand errors; the right answers are flights, too.",
            ),
        ),
        within=1.0,
        form="{:.0f}",
    ),
    "evaluate.coverage": Choice(
        "Intervals were made to hold nine in ten flights, with distances from flights of spring "
        "that were mixed with those learnt from. In July they hold fewer. What is to be done?",
        {
            "a": "Take a higher level, until the held-out flights of July are covered.",
            "b": "Nothing: by chance some hundreds of flights may well be covered less often.",
            "c": "Take the distances from later flights than those learnt from, and count days.",
        },
        "c",
        "The promise holds for rows that are like those whose distances were taken: later days, "
        "each with a weather of its own. Whether it still holds is seen once outcomes come.",
        {
            "a": "Which rows would then have chosen the level? And what of August?",
            "b": "Single flights would hardly stray so far. But are they independent draws?",
        },
        hints=(
            "What must new rows have in common with those whose distances were put in order?",
            "How many different storms were there among the flights whose distances were taken?",
        ),
    ),
    "evaluate.again": Choice(
        "The score is not what you had hoped for. You try ten more settings, score each on the "
        "held-out rows, and report the best. What is that figure?",
        {
            "a": "Too good: the held-out rows have helped to choose it.",
            "b": "Honest: the model has never been fitted on these rows.",
            "c": "Honest, provided that its interval is printed beside it.",
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
        "Before you look: which share of the late flights does the small model find (its recall), "
        "if it says *late* from a probability of one half on? (A number between 0 and 1.)",
        result=float,
        high="too hopeful",
        low="too gloomy",
    ),
}
