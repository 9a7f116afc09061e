"""The challenges of the course, one a notebook: a real piece of work, and how it is examined.

A challenge has the name of its notebook and its own, such as "split.whole_days". `examine` tries
what the learner made on rows whose right answer is known, and names the misconception that a wrong
result shows; it never tells the solution.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .grading import Challenge
from .rows import TEST, TRAIN


def _days_out_of_order(days: int = 20, a_day: int = 10, seed: int = 0) -> pd.DataFrame:
    """Departures over some days, as many each, in no order."""
    when = pd.Timestamp("2013-06-01") + pd.to_timedelta(np.arange(days * a_day) * 24 / a_day, "h")
    return pd.DataFrame({"scheduled": when}).sample(frac=1, random_state=seed, ignore_index=True)


def _examine_whole_days(hold_out, of=None) -> str:
    """The latest fifth of rows has to be held out, and no day may lie on both sides."""
    table = _days_out_of_order()
    part = pd.Series(hold_out(table.copy()))
    if len(part) != len(table) or set(part) - {TRAIN, TEST}:
        return "Give a series with `train` or `test` for each row of the table, and nothing else."
    test, when = (part == TEST).to_numpy(), table["scheduled"]
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


SPLIT = {
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

CHALLENGES = {**SPLIT}
