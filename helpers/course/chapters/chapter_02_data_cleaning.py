"""Questions, guess and challenge of the notebook: stage 2, data cleaning."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..grading import Challenge, Choice, Compute, Guess, Mistake

# What a person wrote into a column of durations, and the minutes that it surely means
DURATIONS = {
    "125": 125, "125 min": 125, "2h 05m": 125, "2:05": 125, "02:05": 125, " 0:45 ": 45, "3h": 180,
    "90 MIN": 90, "unknown": None, "": None, "5 or 6 h": None, "1:75": None, None: None,
}  # fmt: skip


def _examine_minutes(minutes, of=None) -> str:
    """Sure forms are read, doubtful ones are gaps, and rows stay in place."""
    texts = [*DURATIONS, "3:10"]
    right = [*DURATIONS.values(), 190]
    column = pd.Series(texts, index=np.arange(len(texts)) * 2 + 5, dtype=object)
    made = minutes(column.copy())
    if not isinstance(made, pd.Series) or not made.index.equals(column.index):
        return "Rows have to stay in place: give a series with the same index, row by row."
    if pd.api.types.is_datetime64_any_dtype(made) or pd.api.types.is_timedelta64_dtype(made):
        return f"Give the minutes as plain numbers; yours are {made.dtype}."
    made = pd.to_numeric(made, errors="coerce")
    return _gaps_filled(made, column, right) or _misread(made, column) or _all_else(made, right)


def _gaps_filled(made: pd.Series, column: pd.Series, right: list) -> str:
    gaps = pd.isna(pd.Series(right, index=column.index, dtype=float))
    if (made[gaps] == 0).any():
        return "An unknown duration became 0. Is that what the person knew?"
    if made[gaps].nunique() == 1 and made[gaps].notna().all():
        return "Gaps are filled, all with one value. Whose knowledge is that, and from which rows?"
    return ""


def _misread(made: pd.Series, column: pd.Series) -> str:
    if abs(made[column == "2:05"].iloc[0] - 2.05) < 0.01:
        return "You read the hours and minutes of 2:05 as a decimal number."
    if pd.notna(made[column == "5 or 6 h"].iloc[0]):
        return "`5 or 6 h` got a value. Can you be sure which?"
    if pd.notna(made[column == "1:75"].iloc[0]):
        return "`1:75` got a value. How many minutes has an hour?"
    return ""


def _all_else(made: pd.Series, right: list) -> str:
    wrong = [
        f"`{text}`"
        for text, got, due in zip([*DURATIONS, "3:10"], made, right, strict=True)
        if not (pd.isna(got) if due is None else got == due)
    ]
    return f"Not read as meant: {', '.join(wrong[:3])}." if wrong else ""


CHALLENGES = {
    "clean.minutes": Challenge(
        "**Challenge.** The plan has no reader for a column of durations, written by people: "
        "`125`, `125 min`, `90 MIN`, `2h 05m`, `3h`, `2:05`, `02:05`, `unknown`, and empty. Write "
        "a function `minutes(column)` that takes such a series of texts and gives one of the "
        "same index with the minutes as numbers. What is surely meant is read, whatever the case "
        "and the spaces around it; what is *not* sure (`5 or 6 h`, `1:75`) becomes missing.",
        _examine_minutes,
        makes="minutes",
        solution="""
def minutes(column):
    text = column.str.strip().str.casefold()
    plain = text.str.extract(r"^(\\d+)(?: ?min)?$")[0].astype(float)
    parts = text.str.extract(r"^(\\d+)(?::([0-5]\\d)|h(?: ?([0-5]?\\d)m)?)$").astype(float)
    return plain.fillna(parts[0] * 60 + parts[1].fillna(parts[2]).fillna(0))
""",
        why="Sure forms are read, doubtful ones are left to a person, and no row has moved.",
        hints=(
            "Take one form at a time, with a pattern that has to match the *whole* text; what no "
            "pattern matches is missing by itself.",
            "`str.extract` with groups gives hours and minutes as columns. How would a pattern "
            "say that minutes go up to 59?",
        ),
    ),
}


QUESTIONS = {
    "clean.doubt": Choice(
        "A value looks wrong, but you are not sure. What does this line do with it?",
        {
            "a": "It is set to the column's mean.",
            "b": "The row is deleted.",
            "c": "It stays, and is written on a review list for a person.",
        },
        "c",
        "An uncertain repair is a person's decision; silent ones do most damage.",
        {
            "a": "That replaces one doubtful value by another, and leaves no doubt on record.",
            "b": "That also throws away the sound cells of the row.",
        },
        hints=(
            "Who finds out when a repair that nobody was sure of was wrong?",
            "There are three places a value can go: the data, the bin, or somebody's desk.",
        ),
    ),
    "clean.taken_away": Compute(
        "Some repairs take a value away and put nothing in its place. Which share of the repairs "
        "is that? `changes` has a line for each, with `before` and `after`.",
        expected=lambda changes: float(changes["after"].isna().mean()),
        how='`changes["after"].isna().mean()`',
        why="Where nobody can know the true value, an honest gap is the best repair: whoever "
        "fills it later knows that it was one.",
        hints=(
            "What stands in the log, after such a repair, where the value had been?",
            "A missing value is found by `isna()`; the mean of True and False is a share.",
        ),
        mistakes=(
            Mistake(
                lambda changes: float(changes["before"].isna().mean()),
                "Those cells were empty before. Which way round is a value taken away?",
            ),
            Mistake(
                lambda changes: float(changes["after"].isna().sum()),
                "That counts them. Out of how many repairs?",
            ),
            Mistake(
                lambda changes: float((changes["kind"] == "missing word").mean()),
                "Words that mean missing are one kind; does no other kind leave a gap?",
            ),
            Mistake(
                lambda changes: float(changes["after"].notna().mean()),
                "Those got a value. The question is about the others.",
            ),
        ),
        within=0.002,
        form="{:.3f}",
    ),
    "clean.best_recall": Choice(
        "A cleaner merges all spellings that look alike. Of all cleaners it repairs most of the "
        "planted errors. Why is it not the best one?",
        {
            "a": "It is: a cleaner is there to repair errors.",
            "b": "It may break sound cells, and the count of repairs does not show that.",
            "c": "Planted errors are not real ones, so nothing can be said.",
        },
        "b",
        "Recall alone can be had by changing everything; precision is the price that it cost.",
        {
            "a": "Then a cleaner that changes every cell it sees is a good one. Which figure "
            "would speak against it?",
            "c": "They differ from real ones, but they alone have a key. What else can be "
            "counted with the key in hand?",
        },
        hints=(
            "Two things can go wrong with a cell: it is wrong and stays so, or…?",
            "A bank that stops every payment stops all fraud. What do its customers say?",
        ),
    ),
}

GUESSES = {
    "clean.merged": Guess(
        "Before you look: names of plane models that are similar by 85 % are merged. Which share "
        "of the names (0 to 1) will be left?",
        result=lambda ways: ways["spellings"].iloc[1] / ways["spellings"].iloc[0],
        high="too many",
        low="too few",
    ),
}
