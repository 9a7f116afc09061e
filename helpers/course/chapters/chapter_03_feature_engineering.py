"""Questions, guess and challenge of the notebook: stage 3, feature engineering."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..grading import Challenge, Choice, Compute, Guess, Mistake


def _planted_leaks(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """A target, two leaks of two sorts, an honest strong feature, and one with gaps by chance."""
    random = np.random.default_rng(seed)
    sick = random.integers(0, 2, rows)
    discharge = np.where(sick == 1, random.normal(5, 2, rows), np.nan)
    return pd.DataFrame(
        {
            "age": random.normal(50, 15, rows) + 4 * sick,
            "fever": random.normal(37, 1, rows) + 1.8 * sick,
            "invoice": 1_000 - 600 * sick + random.normal(0, 40, rows),
            "days_in_ward": discharge,
            "pulse": np.where(random.random(rows) < 0.3, np.nan, random.normal(70, 8, rows)),
            "sick": sick,
        }
    )


def _examine_suspects(suspects, of=None) -> str:
    """Both leaks are named, the honest columns and the target are not."""
    table = _planted_leaks()
    found = suspects(table.copy(), "sick")
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        return "Give a list of names of columns."
    found = set(found)
    if "sick" in found:
        return "You accuse the target itself."
    if found - set(table):
        return f"There is no column {min(map(str, found - set(table)))!r}."
    if "fever" in found:
        return "`fever` is a strong feature, and an honest one: it is often wrong. Who isn't?"
    if "pulse" in found:
        return "`pulse` has gaps by chance. Do they go with the answer?"
    if "age" in found:
        return "`age` says little about the answer. What made you suspect it?"
    if "days_in_ward" not in found:
        return "A column that is filled in only after the event got through. What of its gaps?"
    if "invoice" not in found:
        return "A column that moves *against* the answer, and gives it away, got through."
    renamed = _planted_leaks(seed=1).rename(columns=lambda name: f"{name}_2")
    if set(suspects(renamed, "sick_2")) != {"invoice_2", "days_in_ward_2"}:
        return "On another table it goes wrong. Do you look at the values, or at the names?"
    return ""


CHALLENGES = {
    "features.suspects": Challenge(
        "**Challenge.** A hospital's table has leaks. Write a function `suspects(table, target)` "
        "that returns the names of the columns that *alone* tell the target (0 or 1) nearly "
        "without error. All columns are numbers; some have gaps, and a gap may be the trace. A "
        "strong but honest feature, with an AUC below 0.95, is not to be accused.",
        _examine_suspects,
        makes="suspects",
        solution="""
def suspects(table, target):
    from sklearn.metrics import roc_auc_score

    def tells(column):
        area = roc_auc_score(table[target], column.fillna(column.min() - 1))
        return max(area, 1 - area) >= 0.95

    return [name for name in table.columns.drop(target) if tells(table[name])]
""",
        why="Each column was asked alone, in both directions, and its gaps were heard as well.",
        hints=(
            "`roc_auc_score(y, column)` takes any numbers as a ranking; which areas besides those "
            "near one give an answer away?",
            "A gap has to become a number before it can be ranked. Which one can't be mistaken "
            "for a value that was measured?",
        ),
    ),
}


def _late_at(cleaned, chosen) -> float:
    return float(cleaned.loc[chosen, "late"].mean())


def _evening(cleaned) -> float:
    hour = cleaned["scheduled"].dt.hour
    return _late_at(cleaned, hour >= 18) - _late_at(cleaned, hour < 9)


QUESTIONS = {
    "features.dep_delay": Choice(
        "Why is dep_delay, the best predictor by far, left out?",
        {
            "a": "It has missing values.",
            "b": "It is known only after the flight has left, when the prediction is of no use.",
            "c": "It correlates with the target, and correlated columns are bad.",
        },
        "b",
        "Ask of each column: is it known when the prediction is made?",
        {
            "a": "Many columns in use have gaps, too; those are filled.",
            "c": "Saying something about the target is what features are for. Think of *when*.",
        },
        hints=(
            (
                "Imagine the moment at which somebody asks for the prediction: the passenger is"
                " at home."
            ),
            "Go through the table's columns at that moment: which cells are still empty?",
        ),
    ),
    "features.evening": Compute(
        "By how much is the share of late flights larger among those due to leave at 18:00 or "
        "later than among those due before 9:00? `cleaned` has the columns `scheduled` (a time) "
        "and `late` (True or False).",
        expected=_evening,
        how='`hour = cleaned["scheduled"].dt.hour`, then '
        '`cleaned.loc[hour >= 18, "late"].mean() - cleaned.loc[hour < 9, "late"].mean()`',
        why="One number of the timetable, known months ahead, moves the chance this far: that is "
        "a feature.",
        hints=(
            "`dt.hour` gives the hour of a time, and comparing it gives the rows of an evening.",
            "The mean of a column of True and False is a share; you need two, and the difference.",
        ),
        mistakes=(
            Mistake(lambda cleaned: -_evening(cleaned), "Which of the two is to be the larger?"),
            Mistake(
                lambda cleaned: _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18),
                "That is the evening's share alone; how far is it from the morning's?",
            ),
            Mistake(
                lambda cleaned: (
                    _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18)
                    - _late_at(cleaned, cleaned["scheduled"].dt.hour < 18)
                ),
                "You compared the evening with all of the day before it.",
            ),
            Mistake(
                lambda cleaned: (
                    _late_at(cleaned, cleaned["scheduled"].dt.hour >= 18)
                    - _late_at(cleaned, cleaned["scheduled"].dt.hour <= 9)
                ),
                "Is a flight that is due at half past nine due *before* nine?",
            ),
        ),
        within=0.003,
        form="{:.3f}",
    ),
    "features.rare_level": Choice(
        "A tail number becomes the mean of the target over its flights. A plane has flown once, "
        "and late. What goes wrong when that mean is computed from all rows?",
        {
            "a": "The model reads that flight's own answer in its features.",
            "b": "Nothing: a mean is only a summary, and says nothing of single rows.",
            "c": "The mean is missing, since one flight has no standard deviation.",
        },
        "a",
        "So such means are learnt from other rows than those that they are used on, and rare "
        "levels are pulled towards the mean of all.",
        {
            "b": "Of how many rows is it a summary here?",
            "c": "A standard deviation needs two values. How many does a mean need?",
        },
        hints=(
            "Compute that mean by hand, for the plane with one flight.",
            "Suppose the flight is held out. What does the column now say about it?",
        ),
    ),
}

GUESSES = {
    "features.leaky": Guess(
        "Before you look: which ROC AUC will the quick model reach with `dep_delay`, the minutes "
        "by which the flight left late?",
        result=lambda leaky: float(leaky.iloc[-1, 0]),
    ),
}
