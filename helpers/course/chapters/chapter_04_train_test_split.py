"""Questions, guess and challenge of the notebook: stage 4, the train-test split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...learning.labelled_data import TEST as HELD_OUT
from ...learning.labelled_data import TRAIN as LEARNT_FROM
from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _days_out_of_order(days: int = 21, a_day: int = 10, seed: int = 0) -> pd.DataFrame:
    """Departures over some days, as many each, in no order.

    Four fifths of the rows end within a day, so that a cut by rows alone can't pass.
    """
    when = pd.Timestamp("2013-06-01") + pd.to_timedelta(np.arange(days * a_day) * 24 / a_day, "h")
    return pd.DataFrame({"scheduled": when}).sample(frac=1, random_state=seed, ignore_index=True)


def _examine_whole_days(hold_out, of=None) -> str:
    """The latest fifth of rows has to be held out, and no day may lie on both sides."""
    table = _days_out_of_order()
    part = pd.Series(hold_out(table.copy()))
    if len(part) != len(table) or set(part) - {LEARNT_FROM, HELD_OUT}:
        return "Give a series with `train` or `test` for each row of the table, and nothing else."
    test, when = (part == HELD_OUT).to_numpy(), table["scheduled"]
    if not 0.1 <= test.mean() <= 0.3:
        return f"{test.mean():.0%} of the rows are held out; about a fifth was asked for."
    if test[-int(test.sum()) :].all():
        return "You took the last rows of the table. Do rows come in the order of their time?"
    days = when.dt.normalize()
    if days[~test].max() > days[test].min():
        return "Rows of the training side are later than rows that are held out."
    if days[~test].max() == days[test].min():
        return "One day lies on both sides: what its rows share is known from training."
    return ""


CHALLENGES = {
    "split.whole_days": Challenge(
        "**Challenge.** The airline asks each evening about the days to come. Write a function "
        "`hold_out(table)` that gives, for each row of a table with the column `scheduled` (a "
        "timestamp; rows come in any order), `train` or `test`: about the latest fifth is held "
        "out, and *no day lies on both sides*.",
        _examine_whole_days,
        makes="hold_out",
        solution="""
def hold_out(table):
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
    ),
}


def _last_fold(cut) -> tuple[np.ndarray, np.ndarray]:
    """Whether each flight was late, in the last fold's training rows and in its validation rows."""
    learn = cut.of("train")
    train, valid = list(learn.folds())[-1]
    late = learn.y == learn.task.positive
    return late[train], late[valid]


def _apart(cut) -> float:
    train, valid = _last_fold(cut)
    return float(valid.mean() - train.mean())


QUESTIONS = {
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
        "By how much is the share of late flights larger among the last fold's validation rows "
        'than among its training rows? `learn = cut.of("train")` has the labels in `learn.y`, '
        '"True" for late; `list(learn.folds())[-1]` gives the positions of both.',
        expected=_apart,
        how='`late = learn.y == "True"`, then `late[valid].mean() - late[train].mean()`',
        why="Each season is another one: a model that gives every flight the training rows' "
        "probability is off by this much, before it has scored a single row.",
        hints=(
            "Compare the labels with the text that means late; the mean of that is a share.",
            "Take the two means, and subtract the training rows' from the other.",
        ),
        mistakes=(
            Mistake(
                lambda cut: -_apart(cut),
                "You took it the other way round: which rows are to be compared with which?",
            ),
            Mistake(
                lambda cut: float(_last_fold(cut)[1].mean()),
                "That is the share in one of the two; the question is how far both lie apart.",
            ),
            Mistake(
                lambda cut: float(_last_fold(cut)[1].mean() / _last_fold(cut)[0].mean()),
                "That is how many times as large it is; the question is for a difference.",
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

GUESSES = {
    "split.by_time": Guess(
        "Before you look: the quick model answers flights after learning from earlier ones alone, "
        "not from random ones. Which ROC AUC will it reach? (0.5 is tossing a coin, 1 is perfect.)",
        result=lambda comparison: comparison.iloc[-1, -1],
        high="too hopeful",
        low="too gloomy",
    ),
}
