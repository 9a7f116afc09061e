"""Questions, guess and challenge of the notebook: stage 2, data cleaning."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault

# What a person wrote into a column of durations, and the minutes that it surely means
DURATIONS = {
    "125": 125, "125 min": 125, "2h 05m": 125, "2:05": 125, "02:05": 125, " 0:45 ": 45, "3h": 180,
    "90 MIN": 90, "unknown": None, "": None, "5 or 6 h": None, "1:75": None, None: None,
}  # fmt: skip


ALIASES = {"ny": "new york", "NY": "New York"}


def _tidy_towns(towns: pd.Series, aliases=True) -> pd.Series:
    tidy = towns.str.strip().str.casefold()
    return tidy.replace(ALIASES) if aliases else tidy


REPEATS_FAULTS = {
    "Give a number of rows; yours is {given.__class__.__name__}.": lambda it: (
        isinstance(it.given, bool) or not isinstance(it.given, int | float | np.number)
    ),
    "": lambda it: it.given == it.found(_tidy_towns),
    "That is before tidying. Which pairs differ in their spelling only?": lambda it: (
        it.given == it.found(lambda towns: towns)
    ),
    "`NY` is still a town of its own.": lambda it: (
        it.given == it.found(lambda towns: _tidy_towns(towns, aliases=False))
    ),
    "Spaces at the ends still tell towns apart.": lambda it: (
        it.given == it.found(lambda towns: towns.str.casefold().replace(ALIASES))
    ),
    "Small and capital letters still tell towns apart.": lambda it: (
        it.given == it.found(lambda towns: towns.str.strip().replace(ALIASES))
    ),
    "So many rows stay. How many are set aside?": lambda it: (
        it.given == it.rows - it.found(_tidy_towns)
    ),
    "You counted both rows of a pair. One of them may stay.": lambda it: (
        it.given == it.found(_tidy_towns, keep=False)
    ),
    "That is another number. Which rows are equal once their towns are?": bool,
}


def _examine_repeats(repeats, of=None) -> str:
    """The number of rows that repeat an earlier one once their towns are tidy."""

    def found(tidy, keep: str | bool = "first") -> int:
        return int(of.assign(town=tidy(of["town"])).duplicated(keep=keep).sum())

    return first_fault(REPEATS_FAULTS, given=repeats, rows=len(of), found=found)


FILL_FAULTS = {
    "The rows that you were given have changed. Make new ones, as `assign` does.": lambda it: (
        not it.rows.equals(it.before)
    ),
    "Give a frame with the same rows, in the same order.": lambda it: (
        not isinstance(it.made, pd.DataFrame) or not it.made.index.equals(it.before.index)
    ),
    "Another column was touched as well. Which one was asked for?": lambda it: (
        it.made["town"].isna().sum() != 1
    ),
}


TRAINING = pd.DataFrame({"weight": [1.0, 2.0, 12.0, None], "town": list("abca")})
PARCELS = pd.DataFrame(
    {"weight": [None, 30.0, 40.0, 50.0], "town": ["a", None, "b", "c"]}, index=[7, 3, 9, 4]
)


def _examine_fill(fill, of=None) -> str:
    """Gaps are filled with the median of the training rows and marked; nothing else is touched."""
    rows = PARCELS.copy()
    made = fill(TRAINING.copy(), rows, "weight")
    return (
        first_fault(FILL_FAULTS, rows=rows, before=PARCELS, made=made)
        or _filled_with(made["weight"])
        or _marked(made)
        or _filled_alone(fill)
    )


def _filled_with(weight: pd.Series) -> str:
    if weight.isna().any():
        return "A gap is left."
    value = weight.loc[7]
    wrong = {
        0: "The gap became 0. Is that a likely weight?",
        40: "The median is that of the rows to be filled. Which rows may teach it?",
        5: "That is the mean: one heavy parcel pulls it up. The median was asked for.",
        21: "The median is that of both tables together. Which rows may teach it?",
    }
    return "" if value == 2 else wrong.get(value, f"The gap became {value}, not the median.")


def _marked(made: pd.DataFrame) -> str:
    if "weight_missing" not in made:
        return "The column `weight_missing` is not there: where had the gaps been?"
    marks = made["weight_missing"].astype(bool)
    if not marks.any():
        return "No gap is marked. Did you look for gaps after they had been filled?"
    return "" if marks.tolist() == [True, False, False, False] else "Other rows are marked."


def _filled_alone(fill) -> str:
    """Another column and another table: nothing may be written into the function."""
    training = pd.DataFrame({"age": [5.0, 7.0, 9.0]})
    made = fill(training, pd.DataFrame({"age": [None, 1.0]}), "age")
    is_right = "age_missing" in made and made["age"].tolist() == [7, 1]
    return "" if is_right else "With a column `age` it goes wrong. Is a name written in?"


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
    "clean.repeats": Challenge(
        "`parcels` are 300 rows made from your own seed: nobody else has these. Some parcels were "
        "entered twice, and the town was spelt otherwise the second time. Tidy `town` (spaces, "
        "small and capital letters, NY for New York), and leave the other columns as they are. How "
        "many rows repeat an earlier one then?",
        _examine_repeats,
        makes="repeats",
        solution="""
town = parcels["town"].str.strip().str.casefold().replace({"ny": "new york"})
repeats = int(parcels.assign(town=town).duplicated().sum())
""",
        why="The same parcels, once their towns are the same: duplicates show after tidying.",
        hints=(
            "Make a tidy column first and look at its `value_counts()`: how many towns are left?",
            "`assign` puts the tidy column in the place of the old one; `duplicated()` is True "
            "for each row that was there before.",
        ),
        level="warm-up",
    ),
    "clean.filled": Challenge(
        "Write a function `fill(training, rows, column)` that imputes: it returns `rows` with each "
        "gap in that column of numbers filled with the median of the *training* rows, and with a "
        "new column, `<column>_missing`, that is True where a gap had been. `rows` itself and all "
        "other columns stay as they are.",
        _examine_fill,
        makes="fill",
        solution="""
def fill(training, rows, column):
    marks = rows[column].isna()
    filled = rows[column].fillna(training[column].median())
    return rows.assign(**{column: filled, f"{column}_missing": marks})
""",
        why="Training rows taught the median, every gap is marked, and no input was changed.",
        hints=(
            "Which of the two tables is asked for its median, and which for its gaps?",
            "`rows.assign(**{name: values})` makes a new frame, also where the name of the column "
            "is in a variable. When do you have to look for the gaps?",
        ),
        level="core",
    ),
    "clean.minutes": Challenge(
        "The plan has no reader for a column of durations, written by people: "
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
        level="stretch",
    ),
}


def _outside(cleaned: pd.DataFrame) -> pd.Series:
    """The rows with a direction of the wind that there is not."""
    return cleaned["wind_dir"].notna() & ~cleaned["wind_dir"].between(0, 360)


QUESTIONS = {
    "clean.edited": Compute(
        "A wind comes from 0 to 360 degrees. Give `wind_dir` these limits in the plan, and run the "
        "cleaning again. How many cells of `wind_dir` does the change empty? `cleaned` has them as "
        "they are without it.",
        expected=lambda cleaned: int(_outside(cleaned).sum()),
        how='`edited["columns"]["wind_dir"]["limits"] = [0, 360]`, `again, _ = '
        'clean_rows.repair_rows(raw, edited, about)`, then `again["wind_dir"].isna().sum() - '
        'cleaned["wind_dir"].isna().sum()`',
        why="One line of the plan, and the same code cleans by it, here and in service. What a "
        "column can be, only somebody who knows it can say.",
        hints=(
            "The cell that sets limits for five columns has all that is needed.",
            "`isna().sum()` counts the empty cells of a column, before and after.",
        ),
        mistakes=(
            Mistake(
                lambda cleaned: int((cleaned["wind_dir"].isna() | _outside(cleaned)).sum()),
                "Those are all empty cells. How many of them were empty without your limits?",
            ),
            Mistake(
                lambda cleaned: int(cleaned["wind_dir"].isna().sum()),
                "Those were empty before. Did the plan that you ran have the new limits?",
            ),
            Mistake(
                lambda cleaned: int(cleaned["wind_dir"].between(0, 360).sum()),
                "Those stay. How many go?",
            ),
            Mistake(
                lambda cleaned: float(_outside(cleaned).mean()),
                "That is a share of the rows; a number of cells is asked for.",
            ),
            Mistake(
                lambda cleaned: 0,
                "Nothing was emptied. Was the edited plan the one that was run?",
            ),
        ),
    ),
    "clean.doubt": Choice(
        "A value looks wrong, but you are not sure. What does least harm?",
        {
            "a": "To put the median of its column in its place, so that no gap is left.",
            "b": "To delete the whole row, so that no model learns from the value.",
            "c": "To let it stay, and to show it to a person with the evidence.",
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
            Mistake(
                lambda changes: 0.0,
                "A missing value is no empty text, and `==` never finds it.",
            ),
        ),
        within=0.002,
        form="{:.3f}",
    ),
    "clean.best_recall": Choice(
        "A cleaner merges all spellings that look alike. Of all cleaners it repairs most of the "
        "planted errors. Why is it not the best one?",
        {
            "a": "It is the best one: to repair errors is what a cleaner is there for.",
            "b": "It may break sound cells, and counts of repairs do not show that.",
            "c": "Planted errors are not real ones, so that nothing can be said of it.",
        },
        "b",
        "Recall counts what was repaired; precision also counts what was broken.",
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
    "clean.absurd": Guess(
        "Before you look: the same rows, columns and model, with `StandardScaler` in the place of "
        "`QuantileTransformer`. Which ROC AUC will it reach?",
        result=float,
        form="{:.3f}",
        high="too hopeful",
        low="too gloomy",
    ),
}
