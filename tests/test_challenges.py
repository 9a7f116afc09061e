"""Challenges: each solution is right, typical mistakes are named, the stub is not attempted."""

import numpy as np
import pandas as pd
import pytest

from helpers.challenges import CHALLENGES
from helpers.grading import CORRECT, INCORRECT, UNTOUCHED


def last_rows(table):
    return np.where(np.arange(len(table)) >= 0.8 * len(table), "test", "train")


def at_random(table):
    return np.random.default_rng(0).choice(["train", "test"], len(table), p=[0.8, 0.2])


def within_a_day(table):
    cut = table["scheduled"].sort_values().iloc[int(len(table) * 0.8) - 3]
    return np.where(table["scheduled"] > cut, "test", "train")


def the_earliest(table):
    day = table["scheduled"].dt.normalize()
    return day.le(day.sort_values().iloc[len(day) // 5 - 1]).map({True: "test", False: "train"})


def half(table):
    day = table["scheduled"].dt.normalize()
    return day.ge(day.sort_values().iloc[len(day) // 2]).map({True: "test", False: "train"})


# For each challenge: what learners typically make, and a part of the reason that they are given.
MISTAKES = {
    "split.whole_days": [
        (last_rows, "in the order of their time"),
        (at_random, "later than rows that are held out"),
        (the_earliest, "later than rows that are held out"),
        (within_a_day, "One day lies on both sides"),
        (half, "50% of the rows"),
        (lambda table: table["scheduled"] > "2013-06-16", "`train` or `test`"),
        (lambda table: pd.Series(["test"]), "`train` or `test`"),
        (lambda table: table["day"], "it raised `KeyError"),
    ],
}
EVERY = pytest.mark.parametrize("name", CHALLENGES)


def made(name):
    """What the solution's code makes."""
    names = {}
    exec(CHALLENGES[name].solution, names)
    return names[CHALLENGES[name].makes]


@EVERY
def test_the_solution_is_right(name):
    verdict = CHALLENGES[name].grade(made(name))
    assert verdict.state == CORRECT, verdict.reason
    assert verdict.reason == CHALLENGES[name].why


@EVERY
def test_typical_mistakes_are_named(name):
    for thing, reason in MISTAKES[name]:
        verdict = CHALLENGES[name].grade(thing)
        assert verdict.state == INCORRECT and reason in verdict.reason, verdict.reason
        assert CHALLENGES[name].why not in verdict.reason


@EVERY
def test_what_was_not_touched_is_not_attempted(name):
    for untouched in (None, ..., lambda *_: ...):
        assert CHALLENGES[name].grade(untouched).state == UNTOUCHED


@EVERY
def test_no_hint_is_the_solution(name):
    lines = {line.strip() for line in CHALLENGES[name].solution.splitlines() if len(line) > 20}
    hints = " ".join(CHALLENGES[name].hints)
    assert not any(line in hints for line in lines)
