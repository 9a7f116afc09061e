"""Questions, guess and challenge of the notebook: stage 8, monitoring."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from sklearn import metrics

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault


def _alarms(alarm, *pairs) -> int:
    return sum(bool(alarm(before.copy(), after.copy())) for before, after in pairs)


STILL = 40  # pairs of samples between which nothing has changed
ALARM_FAULTS = {
    "It rings whatever comes.": lambda it: it.wolf == STILL,
    f"It rang {{wolf}} times of {STILL} where nothing had changed: with sixty new rows shares also "
    "differ at random.": lambda it: it.wolf > 2,
    "It fired at a shift of 0.03 standard deviations: significant, but too small to matter.":
        lambda it: it.fires(100_000, shift=0.03),
    "The column shifted by one standard deviation, and there was no alarm.":
        lambda it: not it.fires(2_000, shift=1),
    "The mean stayed and the deviation grew: a broken sensor, and no alarm.":
        lambda it: not it.fires(2_000, deviation=2.5),
}  # fmt: skip


def _examine_alarm(alarm, of=None) -> str:
    """No alarm if little or nothing changed; an alarm if the mean or the deviation changed."""
    draw = np.random.default_rng(5).normal
    wolf = _alarms(alarm, *((draw(size=400), draw(size=60)) for _ in range(STILL)))

    def fires(rows: int, shift: float = 0, deviation: float = 1) -> bool:
        return _alarms(alarm, (draw(size=rows), draw(shift, deviation, size=rows))) > 0

    return first_fault(ALARM_FAULTS, wolf=wolf, fires=fires)


@cache
def _three_months(seed: int = 3) -> pd.DataFrame:
    """Rows of a November, a December and the November after, with probabilities."""
    random = np.random.default_rng(seed)
    begins = ("2013-11-01", "2013-12-01", "2014-11-01")
    hours = [pd.date_range(begin, periods=600, freq="h") for begin in begins]
    chance = random.uniform(0.05, 0.75, 1_800)
    actual = np.clip(chance + np.repeat([0.0, 0.15, -0.15], 600), 0.02, 0.98)
    late = random.uniform(size=1_800) < actual
    return pd.DataFrame({"scheduled": np.concatenate(hours), "late": late, "probability": chance})


SCORES = {
    "roc_auc": lambda late, warned, ranked: metrics.roc_auc_score(late, ranked),
    "precision": lambda late, warned, ranked: metrics.precision_score(late, warned),
    "recall": lambda late, warned, ranked: metrics.recall_score(late, warned),
    "accuracy": lambda late, warned, ranked: metrics.accuracy_score(late, warned),
}


def _by_month(rows: pd.DataFrame, threshold: float, of_warnings: bool = False) -> dict:
    """The ROC AUC, precision, recall and accuracy of each month, in order."""
    months = []
    for _, month in rows.groupby(rows["scheduled"].dt.strftime("%Y-%m")):
        warned = month["probability"] >= threshold
        months.append((month["late"], warned, warned if of_warnings else month["probability"]))
    return {name: np.array([score(*one) for one in months]) for name, score in SCORES.items()}


MONTHS_FAULTS = {
    "Give a frame with the columns `roc_auc` and `precision`, a row for each month.":
        lambda it: not {"roc_auc", "precision"} <= set(getattr(it.found, "columns", ())),
    "Two Novembers became one month: a month of another year is another month.":
        lambda it: len(it.found) == 2,
    "There are three months in the rows, and {rows} rows in your frame.": lambda it: it.rows != 3,
}  # fmt: skip


def _examine_by_month(by_month, of=None) -> str:
    """Three months, two of them Novembers, at a threshold of 0.4: both scores of each."""
    found = by_month(_three_months().copy(), 0.4)
    if fault := first_fault(MONTHS_FAULTS, found=found, rows=len(np.atleast_1d(found))):
        return fault
    right = _by_month(_three_months(), 0.4)
    return first_fault(PRECISION_FAULTS, column=found["precision"], right=right) or first_fault(
        AUC_FAULTS, column=found["roc_auc"], right=right
    )


def _is(column, values) -> bool:
    return np.allclose(column.to_numpy(float), values, atol=1e-9)


PRECISION_FAULTS = {
    "": lambda it: _is(it.column, it.right["precision"]),
    "That is the share of late flights that were warned of: the truth goes first.":
        lambda it: _is(it.column, it.right["recall"]),
    "That is the share of all answers that are right, not of the warnings alone.":
        lambda it: _is(it.column, it.right["accuracy"]),
    "The threshold is 0.5 whatever is given: use the argument.":
        lambda it: _is(it.column, _by_month(_three_months(), 0.5)["precision"]),
    "The precision of a month is another: of its warnings, which share was right?": bool,
}  # fmt: skip
AUC_FAULTS = {
    "": lambda it: _is(it.column, it.right["roc_auc"]),
    "Your ROC AUC ranks by yes and no. What else is there to rank by?":
        lambda it: _is(it.column, _by_month(_three_months(), 0.4, of_warnings=True)["roc_auc"]),
    "All months have one ROC AUC: it has to be that of the month's own rows.":
        lambda it: it.column.nunique() == 1,
    "The ROC AUC of a month is another: it takes the month's labels and probabilities.": bool,
}  # fmt: skip


@cache
def _forty_days(seed: int) -> pd.DataFrame:
    """Rows of forty days that differ: in how many are late, and in how well that is foreseen."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(40), 30)
    level, skill = random.normal(0, 1.2, 40)[day], random.normal(1.0, 1.2, 40)[day]
    known = random.normal(size=len(day))
    late = random.uniform(size=len(day)) < 1 / (1 + np.exp(-(level + skill * known)))
    late[day == 7] = False  # a day without a single late row
    return pd.DataFrame({"day": day, "late": late, "probability": 1 / (1 + np.exp(-known))})


def _auc(rows: pd.DataFrame) -> float:
    return metrics.roc_auc_score(rows["late"], rows["probability"])


@cache
def _width_by_days(seed: int) -> float:
    """How wide the 95 % interval is by the jackknife: each day left out once (Tukey 1958)."""
    rows = _forty_days(seed)
    left_out = np.array([_auc(rows[rows["day"] != day]) for day in range(40)])
    error = np.sqrt(39 / 40 * ((left_out - left_out.mean()) ** 2).sum())
    return float(2 * 1.96 * error)


EXAMINED = (1, 4)  # seeds of the tables that an interval is tried on
INTERVAL_FAULTS = {
    "An end is not a number: on one of the days not a single row is late.":
        lambda it: np.isnan(it.low) or np.isnan(it.high),
    "The low end goes first.": lambda it: it.low > it.high,
    "The ROC AUC of all rows lies outside your interval.":
        lambda it: not it.low - 1e-9 <= it.auc <= it.high + 1e-9,
}  # fmt: skip


def _examine_interval(interval, of=None) -> str:
    """Whether the interval is that of drawing whole days, on two tables."""
    widths = []
    for seed in EXAMINED:
        ends = interval(_forty_days(seed).copy())
        if np.shape(ends) != (2,):
            return "Give two numbers: the low end and the high end."
        low, high = (float(end) for end in ends)
        if fault := first_fault(INTERVAL_FAULTS, low=low, high=high, auc=_auc(_forty_days(seed))):
            return fault
        widths.append((high - low) / _width_by_days(seed))
    return first_fault(WIDTH_FAULTS, ratio=float(np.mean(widths)))


# What led to an interval that is so many times as wide as it should be
WIDTH_FAULTS = {
    "It has no width: each draw held the same days. Draw *with* replacement.":
        lambda it: it.ratio < 0.02,
    "Much too narrow: that is what drawing single rows gives. The rows of a day are alike.":
        lambda it: it.ratio < 0.62,
    "Too narrow by a quarter: does a day that is drawn twice count twice, and does the interval "
    "hold 95 %?": lambda it: it.ratio < 0.82,
    "Too wide: that is how far single days lie apart, not how far their mean moves.":
        lambda it: it.ratio > 1.4,
}  # fmt: skip


CHALLENGES = {
    "monitor.by_month": Challenge(
        "Write `by_month(rows, threshold)`: `rows` has the columns `scheduled` (a "
        "date), `late` (true or false) and `probability`. It returns a frame with a row for each "
        "month, in order, and the columns `roc_auc` and `precision`; a row with a probability of "
        "`threshold` or more is a warning.",
        _examine_by_month,
        makes="by_month",
        solution="""
import pandas as pd
from sklearn.metrics import precision_score, roc_auc_score


def by_month(rows, threshold):
    def scored(month):
        warned = month["probability"] >= threshold
        return pd.Series({
            "roc_auc": roc_auc_score(month["late"], month["probability"]),
            "precision": precision_score(month["late"], warned),
        })

    months = rows["scheduled"].dt.strftime("%Y-%m")
    return rows.groupby(months)[["late", "probability"]].apply(scored)
""",
        why="Two scores of each month: one for the ranking, one for what a warning is worth.",
        hints=(
            "A function of one month's rows, and a `groupby` that applies it to each.",
            'Group by `rows["scheduled"].dt.strftime("%Y-%m")`: the year belongs to a month.',
        ),
        level="warm-up",
    ),
    "monitor.alarm": Challenge(
        "Write a drift alarm that raises no false alarms: a function "
        "`alarm(before, after)` that is given the numbers of a column in training and in service "
        "(two arrays of any length), and returns `True` when somebody should look. It has to stay "
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
    "monitor.by_days": Challenge(
        "Write `interval(rows)`: the low and the high end of a 95 % interval of the "
        "ROC AUC. `rows` has the columns `day`, `late` and `probability`, and the rows of a day "
        "are alike, so days are what there is few of. Two hundred draws are enough.",
        _examine_interval,
        makes="interval",
        solution="""
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score


def interval(rows):
    draw = np.random.default_rng(42)
    days = [day for _, day in rows.groupby("day")]
    scores = []
    for _ in range(200):
        places = draw.integers(len(days), size=len(days))
        drawn = pd.concat([days[place] for place in places])
        scores.append(roc_auc_score(drawn["late"], drawn["probability"]))
    return np.quantile(scores, [0.025, 0.975])
""",
        why="Whole days are drawn, with replacement, and the score of all their rows is taken.",
        hints=(
            "The bootstrap of the notebook, in a function: what is it that has to be drawn?",
            "`pd.concat` of the drawn days keeps a day twice that was drawn twice.",
        ),
        level="stretch",
    ),
}


def _shares(values, edges) -> np.ndarray:
    groups = np.searchsorted(edges, values.dropna().to_numpy(float))
    return np.bincount(groups, minlength=len(edges) + 1) / len(groups)


def _in_quarters(temps, of: int = 0, groups: int = 4) -> tuple[np.ndarray, np.ndarray]:
    edges = temps[of].quantile(np.arange(1, groups) / groups).to_numpy()
    return _shares(temps[0], edges), _shares(temps[1], edges)


def _psi(old: np.ndarray, new: np.ndarray, both: bool = True) -> float:
    return float(((new - old if both else new) * np.log(new / old)).sum())


def _times_as_wide(promised: pd.DataFrame) -> float:
    width = promised["high"] - promised["low"]
    return float(width["days"] / width["flights"])


QUESTIONS = {
    "monitor.psi": Compute(
        "Compute a population stability index with four groups instead of ten: cut the temperature "
        "of `flights` at its quartiles, count that of `flights` and of `later` in these four "
        "groups, and leave empty cells out. The index is the sum, over the groups, of (new share "
        "− old share) × the natural logarithm of (new share / old share).",
        expected=lambda temps: _psi(*_in_quarters(temps)),
        how='`old, new = flights["temp"].dropna(), later["temp"].dropna()`, then '
        "`edges = np.quantile(old, [0.25, 0.5, 0.75])`, the shares `a, b = "
        "(np.bincount(np.searchsorted(edges, side), minlength=4) / len(side) for side in "
        "(old, new))`, and `((b - a) * np.log(b / a)).sum()`.",
        why="Groups that hold a quarter each before, and how far they are from it after. Fewer "
        "groups see less, so the index is smaller than over ten.",
        hints=(
            "The old rows settle where to cut; both sides are then counted in the same groups.",
            "`quantile` gives the three edges, `np.searchsorted(edges, values)` the group of each "
            "value, `np.bincount` how many are in each.",
        ),
        mistakes=(
            Mistake(
                lambda temps: _psi(*_in_quarters(temps, groups=10)),
                "That is the index over ten groups. How many are asked for?",
            ),
            Mistake(
                lambda temps: -_psi(*_in_quarters(temps)),
                "The sign is turned: in each group both factors should have the same one.",
            ),
            Mistake(
                lambda temps: _psi(*_in_quarters(temps, of=1)),
                "You cut at the quartiles of the new rows. Which side is the yardstick?",
            ),
            Mistake(
                lambda temps: _psi(*_in_quarters(temps), both=False),
                "You weighed each group by its new share alone; what the question asks for is "
                "the same seen from either side. (Or is your logarithm the one to base 10?)",
            ),
            *(
                Mistake(
                    lambda temps, by=by: float(by(np.subtract(*_in_quarters(temps))).sum()),
                    f"You {did} the differences of shares; the logarithm is missing.",
                )
                for by, did in ((np.abs, "added"), (np.square, "squared"))
            ),
        ),
        within=0.03,
        form="{:.2f}",
    ),
    "monitor.prior": Choice(
        "In September precision was half that of July. What explains most of the fall?",
        {
            "a": "It ranks about as well, but fewer flights were late.",
            "b": "The model has forgotten what it learnt in the spring.",
            "c": "The columns of the weather came in another unit.",
        },
        "a",
        "Late flights are rarer, so fewer warnings can be right. The model also warns less, of "
        "late and punctual flights in about the same proportion; precision then follows the share "
        "of late flights. The ROC AUC does not ask how many there are of each.",
        {
            "b": "A fitted model does not change. And what would that do to its ranking?",
            "c": "Numbers in another unit spoil the ranking too. Did the ROC AUC show that?",
        },
        hints=(
            "Of the columns of the table, which one moves together with precision?",
            "A warning is right or wrong. How many can be right, at most, in a calm month?",
        ),
    ),
    "monitor.drift": Choice(
        "A column has drifted, but the model scores as well as ever. What now?",
        {
            "a": "Train again now, before the score falls as well.",
            "b": "Look at the column, and keep the model as it is.",
            "c": "Watch that column no more: it was a false alarm.",
        },
        "b",
        "Drift is a reason to look; a score that falls is a reason to retrain.",
        {
            "a": "A retrained model may be worse. What would it improve?",
            "c": "The column did move; next time the score may follow.",
        },
        hints=(
            "Two things can move: what comes in, and how well the model does. Which of them costs "
            "you anything?",
            "A fire brigade that is called by smoke looks first. What would you look at?",
        ),
    ),
    "monitor.same_rows": Choice(
        "In training, the challenger reached a higher score on its own held-out rows than the "
        "champion once did on others. Is that enough to put it into service?",
        {
            "a": "No: both have to answer the same unseen rows.",
            "b": "Yes: of two models the higher score wins.",
            "c": "Yes: it has learnt from more rows than the old one.",
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
    "monitor.wider": Guess(
        "Before you look: the interval of the ROC AUC by days is how many times as wide as the one "
        "by flights?",
        result=_times_as_wide,
        form="{:.1f}",
        high="too cautious",
        low="too trusting",
        most=float("inf"),
    ),
}
