"""Challenges: each solution is right, typical mistakes are named, the stub is not attempted."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, ttest_ind
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from helpers.challenges import CHALLENGES
from helpers.drift import psi
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


def selected_before(X, y):
    return cross_val_score(LogisticRegression(), SelectKBest(k=10).fit_transform(X, y), y).mean()


def asked_about_training_rows(X, y):
    return LogisticRegression().fit(X, y).score(X, y)


def no_model(X, y):
    return cross_val_score(DummyClassifier(), X, y).mean()


def best_accuracy(chance, late, false_alarm, miss):
    return max(np.linspace(0, 1, 101), key=lambda t: ((chance >= t) == late).mean())


def int_only(row):
    return "" if isinstance(row.get("distance"), int) else "distance: no number."


def no_missing(row):
    return "" if {"carrier", "distance"} <= set(row) else "a field is missing."


def trusting(row):
    try:
        float(row.get("distance") or 0)
    except ValueError:
        return "distance: no number."
    return ""


def nameless(row):
    return "bad row" if made("deploy.refuse")(row) else ""


def by_p_value(before, after):
    return ks_2samp(before, after).pvalue < 0.001


def by_mean(before, after):
    far = abs(before.mean() - after.mean()) / before.std() > 0.2
    return ttest_ind(before, after).pvalue < 0.001 and far


def by_psi(before, after):
    edges = np.quantile(before, np.linspace(0.1, 0.9, 9))
    shares = [np.bincount(np.searchsorted(edges, v), minlength=10) for v in (before, after)]
    return psi(*(s / s.sum() for s in shares)) > 0.1


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
    "train.honest": [
        (selected_before, "has seen the labels"),
        (asked_about_training_rows, "rows that it has learnt from"),
        (no_model, "hardly better than a coin"),
        (lambda X, y: LogisticRegression(), "Give one number"),
    ],
    "evaluate.cheapest": [
        (lambda chance, late, false_alarm, miss: 0.5, "One half ignores the prices"),
        (lambda c, late, false_alarm, miss: false_alarm / (false_alarm + miss), "at their word"),
        (lambda c, late, false_alarm, miss: miss / (false_alarm + miss), "sooner, or later"),
        (best_accuracy, "there is a cheaper threshold"),
        (lambda chance, *_: chance, "Give one threshold"),
    ],
    "deploy.refuse": [
        (int_only, "came as text can be read"),
        (no_missing, "can be filled"),
        (trusting, "Infinitely far"),
        (nameless, "names the field"),
        (lambda row: row["distance"] and "", "must not fall over"),
        (lambda row: True, "Give a text each time"),
        (lambda row: "", "it passed"),
    ],
    "monitor.alarm": [
        (by_p_value, "who would care"),
        (by_mean, "the values spread out"),
        (by_psi, "where nothing had changed"),
        (lambda before, after: True, "whatever comes"),
        (lambda before, after: False, "nothing rang"),
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
