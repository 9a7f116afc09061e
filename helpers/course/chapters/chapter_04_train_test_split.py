"""Questions, guess and challenge of the notebook: stage 4, the train-test split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...learning.labelled_data import TEST as HELD_OUT
from ...learning.labelled_data import TRAIN as LEARNT_FROM
from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault


def _days_out_of_order(days: int = 21, a_day: int = 10, seed: int = 0) -> pd.DataFrame:
    """Departures over some days, as many each, in no order.

    Four fifths of the rows end within a day, so that a cut by rows alone can't pass.
    """
    when = pd.Timestamp("2013-06-01") + pd.to_timedelta(np.arange(days * a_day) * 24 / a_day, "h")
    return pd.DataFrame({"scheduled": when}).sample(frac=1, random_state=seed, ignore_index=True)


WHOLE_DAYS_FAULTS = {
    "{share:.0%} of the rows are held out; about a fifth was asked for.": lambda it: (
        not 0.1 <= it.share <= 0.3
    ),
    "You took the last rows of the table. Do rows come in the order of their time?": lambda it: (
        it.test[-int(it.test.sum()) :].all() and not it.days.is_monotonic_increasing
    ),
    "Rows of the training side are later than rows that are held out.": lambda it: (
        it.days[~it.test].max() > it.days[it.test].min()
    ),
    "One day lies on both sides: what its rows share is known from training.": lambda it: (
        it.days[~it.test].max() == it.days[it.test].min()
    ),
}


ANY_ORDER = (
    "On rows in the order of time this is right; here they come in any order. Did you sort, and if "
    "so, is your answer about the sorted copy? Which row of the table given is meant?"
)


def _examine_in_any_order(examine, made, table: pd.DataFrame) -> str:
    """What is wrong with the answer for a table; that it is right only where rows are sorted."""
    if not (reason := examine(made, table)):
        return ""
    return reason if examine(made, table.sort_values("scheduled", ignore_index=True)) else ANY_ORDER


def _examine_whole_days(hold_out, of=None) -> str:
    """The latest fifth of rows has to be held out, and no day may lie on both sides."""
    return _examine_in_any_order(_unsound_days, hold_out, _days_out_of_order())


def _unsound_days(hold_out, table: pd.DataFrame) -> str:
    part = pd.Series(hold_out(table.copy()))
    if len(part) != len(table) or set(part) - {LEARNT_FROM, HELD_OUT}:
        return "Give a series with `train` or `test` for each row of the table, and nothing else."
    test, days = (part == HELD_OUT).to_numpy(), table["scheduled"].dt.normalize()
    return first_fault(WHOLE_DAYS_FAULTS, test=test, share=test.mean(), days=days)


def _rarely_late(rows: int = 400, late: int = 24) -> pd.DataFrame:
    """Flights of which few are late, sorted by nothing."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({"flight": np.arange(rows), "late": np.arange(rows) < late})
    return table.sample(frac=1, random_state=random).reset_index(drop=True)


PROPORTION_FAULTS = {
    "With one seed {train:.1%} of the training set are late, and {test:.1%} of the test set: "
    "chance does that to a rare class. What keeps the classes in proportion?": lambda it: (
        abs(it.train - it.test) > 0.005
    ),
    "Called twice with one seed it gives two splits: nobody could repeat your work.": lambda it: (
        it.drawn[0] != it.drawn[-1]
    ),
    "Whatever the seed, it holds out the same rows: does it draw by the seed given?": lambda it: (
        len(set(it.drawn)) == 1
    ),
}


def _examine_in_proportion(hold_out, of=None) -> str:
    """A quarter at random, classes in proportion, the same for the same seed alone."""
    table = _rarely_late()
    made = [hold_out(table.copy(), seed) for seed in (1, 2, 3, 4, 1)]
    if reason := next(filter(None, (_unsound_sets(sets, table) for sets in made)), ""):
        return reason
    shares = [[part["late"].mean() for part in sets] for sets in made]
    train, test = max(shares, key=lambda pair: abs(pair[0] - pair[1]))
    drawn = [frozenset(test["flight"]) for _, test in made]
    return first_fault(PROPORTION_FAULTS, train=train, test=test, drawn=drawn)


SETS_FAULTS = {
    "{both} flights are in both sets: the model would be asked what it has learnt.": lambda it: (
        it.both
    ),
    "The first frame is the smaller one. Which of the two is to be learnt from?": lambda it: (
        it.learnt < it.held_out
    ),
    "{neither} of {rows} flights are in neither set.": lambda it: it.neither,
    "{share:.0%} are held out; a quarter was asked for.": lambda it: abs(it.share - 0.25) >= 0.01,
}


def _unsound_sets(sets, table: pd.DataFrame) -> str:
    """What is wrong with a training and a test set as such: their kinds, rows, sizes."""
    if not (isinstance(sets, tuple | list) and len(sets) == 2):
        return "Give two frames: the training set and the test set."
    if not all(isinstance(part, pd.DataFrame) and "late" in part for part in sets):
        return "Give two frames with all columns: the training set and the test set."
    (train, test), rows = sets, len(table)
    both, neither = len(set(train["flight"]) & set(test["flight"])), rows - len(train) - len(test)
    sizes = {"learnt": len(train), "held_out": len(test), "share": len(test) / rows}
    return first_fault(SETS_FAULTS, both=both, neither=neither, rows=rows, **sizes)


GAP_DAYS = 7


def _examine_with_gap(folds, of=None) -> str:
    """Four folds of whole days, each learning from all days but the seven before it."""
    return _examine_in_any_order(_unsound_folds, folds, _days_out_of_order(63, 5))


def _unsound_folds(folds, table: pd.DataFrame) -> str:
    day = table["scheduled"].dt.normalize()
    made = list(folds(table.copy()))
    if len(made) != 4 or any(len(fold) != 2 for fold in made):
        return "Give four pairs: the positions to learn from, and the positions to be asked about."
    made = [(_positions(learn), _positions(asked)) for learn, asked in made]
    faults = (_unsound_fold(day, *fold) for fold in made)
    return next(filter(None, faults), "") or _asked_again([asked for _, asked in made])


def _asked_again(asked: list[np.ndarray]) -> str:
    every = np.concatenate([np.unique(rows) for rows in asked])
    if len(np.unique(every)) < len(every):
        return "Some rows are asked in two folds: each block should be another one."
    return ""


def _positions(rows) -> np.ndarray:
    """Positions of rows, from positions or from a mask."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)


FOLD_FAULTS = {
    "A fold learns from later days than it is asked of. In which order did they come?": lambda it: (
        it.learnt > it.first
    ).any(),
    "One day is learnt from and asked about: a cut by rows goes through days.": lambda it: (
        it.learnt == it.first
    ).any(),
    "Some flights of a day are asked, and others of that day are not: it was cut.": lambda it: (
        it.day.isin(it.day.iloc[it.asked]).sum() > len(it.asked)
    ),
    "{between} days lie between learning and asking; {wanted} were asked for.": lambda it: (
        it.between != it.wanted
    ),
    "A fold leaves out days that it could learn from: all earlier ones are known.": lambda it: (
        (it.day <= it.learnt.max()).sum() > len(it.learnt)
    ),
}


def _unsound_fold(day: pd.Series, learn: np.ndarray, asked: np.ndarray) -> str:
    """What is wrong with one fold by time."""
    if not len(learn) or not len(asked):
        return "One fold has no rows to learn from, or none to be asked about."
    if len(asked) < len(day) / 10:
        return f"A fold asks {len(asked)} of {len(day)} rows. Positions among days, not rows?"
    learnt, first = day.iloc[learn], day.iloc[asked].min()
    seen = {"day": day, "asked": asked, "learnt": learnt, "first": first}
    between = (first - learnt.max()).days - 1
    return first_fault(FOLD_FAULTS, between=between, wanted=GAP_DAYS, **seen)


CHALLENGES = {
    "split.in_proportion": Challenge(
        "Write a function `hold_out(table, seed)` that gives two frames, the training "
        "set and the test set. A quarter of the rows is held out at random, both sets have the "
        "same share of late flights (`late` is True or False, and rarely True), and the same "
        "`seed` gives the same split.",
        _examine_in_proportion,
        makes="hold_out",
        solution="""
from sklearn.model_selection import train_test_split


def hold_out(table, seed):
    return train_test_split(table, test_size=0.25, stratify=table["late"], random_state=seed)
""",
        why="With few rows of a class, chance alone would leave one set with too few of them.",
        hints=(
            "The notebook's first cell by hand does nearly this: what is different here?",
            "One option of `train_test_split` takes the labels, another the seed.",
        ),
        level="warm-up",
    ),
    "split.whole_days": Challenge(
        "The airline asks each evening about the days to come. Write a function "
        "`hold_out_days(table)` that gives, for each row of a table with the column `scheduled` (a "
        "timestamp; rows come in any order), `train` or `test`: about the latest fifth is held "
        "out, and *no day lies on both sides*.",
        _examine_whole_days,
        makes="hold_out_days",
        solution="""
def hold_out_days(table):
    day = table["scheduled"].dt.normalize()
    first_held_out = day.sort_values().iloc[int(len(day) * 0.8)]
    return day.ge(first_held_out).map({True: "test", False: "train"})
""",
        why="A cut between two days keeps what a day's rows share, the weather above all, on one "
        "side.",
        hints=(
            "Find the day on which the last fifth of the rows begins; rows need sorting for that.",
            "`dt.normalize()` makes the day of a timestamp; compare each row's with that one.",
        ),
        level="core",
    ),
    "split.with_gap": Challenge(
        "The service learns only once a week, so a fold should not learn from the "
        "seven days before the ones that it is asked about. Write a function `folds(table)` that "
        "gives four pairs of arrays, the positions of the rows to learn from and of the rows to be "
        "asked about. Folds go by time as `TimeSeriesSplit` lays them out, days are never cut, and "
        "seven days lie between both parts. `scheduled` is a timestamp; rows come in any order.",
        _examine_with_gap,
        makes="folds",
        solution="""
import numpy as np
from sklearn.model_selection import TimeSeriesSplit


def folds(table):
    day = table["scheduled"].dt.normalize()
    days = np.sort(day.unique())
    return [
        (np.flatnonzero(day.isin(days[learn])), np.flatnonzero(day.isin(days[asked])))
        for learn, asked in TimeSeriesSplit(4, gap=7).split(days)
    ]
""",
        why="Days are cut into blocks, not rows, and what the model could not have learnt yet is "
        "left out, as it will be in service.",
        hints=(
            "Split the sorted days first; then find the rows of these days.",
            "`help(TimeSeriesSplit)` has an option that leaves out some of what comes before.",
        ),
        level="stretch",
    ),
}


def _late_shares(known) -> tuple[float, float]:
    """The share of late flights in the rows that the last fold learns from, and in its own."""
    last = known["fold"].max()
    late = known["late"]
    return float(late[known["fold"] < last].mean()), float(late[known["fold"] == last].mean())


def _by_fold(known) -> pd.Series:
    return known.groupby("fold")["late"].mean()


def _apart(known) -> float:
    learnt, asked = _late_shares(known)
    return asked - learnt


QUESTIONS = {
    "split.latest": Choice(
        "The model will be asked about next month's flights. Which rows should be held out?",
        {
            "a": "The latest ones: they come after the others.",
            "b": "Random ones: they represent all the others.",
            "c": "None of them: all rows help the training.",
        },
        "a",
        "Hold out rows as production will bring them: next month is later, too.",
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
        "By how much is the share of late flights larger among the rows that the last fold is "
        "asked about than among those that it learns from? `known` has the columns `late` and "
        "`fold`; a fold learns from all rows with a smaller number.",
        expected=_apart,
        how='`asked = known["fold"] == 3`, then '
        '`known.loc[asked, "late"].mean() - known.loc[~asked, "late"].mean()`',
        why="Each season is another one: a model that gives every flight the training rows' "
        "share as its probability is off by this much, before it has scored a single row.",
        hints=(
            "The mean of a column of True and False is the share of True.",
            "Take the two means, and subtract the one of the rows that are learnt from.",
        ),
        mistakes=(
            Mistake(
                lambda known: -_apart(known),
                "You took it the other way round: which rows are to be compared with which?",
            ),
            Mistake(
                lambda known: _late_shares(known)[1],
                "That is the share in one of the two; the question is how far both lie apart.",
            ),
            Mistake(
                lambda known: _late_shares(known)[1] / _late_shares(known)[0],
                "That is how many times as large it is; the question is for a difference.",
            ),
            Mistake(
                lambda known: _by_fold(known).iloc[-1] - _by_fold(known).iloc[-2],
                "You compared with the fold before it alone. From which rows does the last learn?",
            ),
            Mistake(
                lambda known: _by_fold(known).iloc[-1] - _by_fold(known).loc[0:].iloc[:-1].mean(),
                "You took the mean of the folds' shares, and of three of them: which rows has the "
                "fold numbered -1, and are they learnt from?",
            ),
            Mistake(
                lambda known: _late_shares(known)[1] - float(known["late"].mean()),
                "You compared with all rows, and the rows that are asked are among them.",
            ),
        ),
        within=0.002,
        form="{:.3f}",
    ),
    "split.best_of_fifty": Choice(
        "You train fifty models, ask each about the held-out rows, and report the best score. "
        "What is wrong with it?",
        {
            "a": "Nothing: none of the fifty models was fitted on the held-out rows.",
            "b": "Too few models: the best score of more would be nearer the truth.",
            "c": "It is too good: the best was chosen on these very rows.",
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

GUESSES = {
    "split.by_time": Guess(
        "Before you look: the same flights are answered by models that have learnt from earlier "
        "days alone, not from random rows. Which mean ROC AUC will they reach? (0.5 is tossing a "
        "coin, 1 is perfect.)",
        result=lambda pairs: float(pairs.iloc[:, -1].mean()),
        high="too hopeful",
        low="too gloomy",
    ),
}
