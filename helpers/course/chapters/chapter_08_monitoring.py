"""Questions, guess and challenge of the notebook: stage 8, monitoring."""

from __future__ import annotations

import numpy as np

from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _fires(alarm, pairs) -> list[bool]:
    return [bool(alarm(before.copy(), after.copy())) for before, after in pairs]


def _examine_alarm(alarm, of=None) -> str:
    """No alarm if little or nothing changed; an alarm if the mean or the deviation changed."""
    random = np.random.default_rng(5)
    draw = random.normal
    still = [(draw(size=400), draw(size=60)) for _ in range(40)]
    wolf = sum(_fires(alarm, still))
    if wolf == len(still):
        return "It rings whatever comes."
    if wolf > 2:
        return (
            f"It rang {wolf} times of {len(still)} where nothing had changed: with sixty new rows "
            "shares also differ at random."
        )
    if any(_fires(alarm, [(draw(size=100_000), draw(0.03, size=100_000))])):
        return (
            "It fired at a shift of 0.03 standard deviations: significant, but too small to matter."
        )
    if not all(_fires(alarm, [(draw(size=2_000), draw(1, size=2_000))])):
        return "The column shifted by one standard deviation, and there was no alarm."
    if not all(_fires(alarm, [(draw(size=2_000), draw(0, 2.5, size=2_000))])):
        return "The mean stayed and the deviation grew: a broken sensor, and no alarm."
    return ""


CHALLENGES = {
    "monitor.alarm": Challenge(
        "**Challenge.** Write a drift alarm that does not cry wolf: a function "
        "`alarm(before, after)` that is given the numbers of a column in training and in service "
        "(two arrays of any length), and says `True` when somebody should look. It has to stay "
        "silent when nothing has changed, with few rows and with many, and for a change that is "
        "sure but too small to matter.",
        _examine_alarm,
        makes="alarm",
        solution="""
from scipy.stats import ks_2samp


def alarm(before, after):
    test = ks_2samp(before, after)
    return test.pvalue < 0.001 and test.statistic > 0.1
""",
        why="Two questions, two conditions: significant, and enough to matter.",
        hints=(
            "One condition is about significance, the other about size; both are needed.",
            "`scipy.stats.ks_2samp` compares whole distributions, and gives a p-value and a size.",
        ),
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


QUESTIONS = {
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

GUESSES = {
    "monitor.worst": Guess(
        "Before you look: how low does the ROC AUC of the worst of these months fall? Stage 6 "
        "says what was promised.",
        result=lambda by_period: float(by_period["roc_auc"].min()),
        high="too hopeful",
        low="too gloomy",
    ),
}
