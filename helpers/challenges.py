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


def _two_tables(rows: int = 240, seed: int = 0) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """Four columns with labels by lot, and with labels that the first column settles."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    by_lot = pd.Series(random.permutation(np.arange(rows) % 2))
    return {"by lot": (X, by_lot), "settled": (X, (X["a"] > 0).astype(int))}


def _examine_honest_score(honest_score, of=None) -> str:
    """Labels by lot must score like a coin, and a rule that can be learnt nearly perfectly."""
    from sklearn.tree import DecisionTreeClassifier

    scores = {
        name: honest_score(DecisionTreeClassifier(random_state=0), X.copy(), y.copy())
        for name, (X, y) in _two_tables().items()
    }
    if any(np.ndim(score) or not isinstance(score, float | int) for score in scores.values()):
        return "Return one number, the accuracy."
    if max(scores.values()) > 1:
        return "That looks like per cent; a share between 0 and 1 is asked."
    if scores["by lot"] > 0.9:
        return (
            "With labels dealt by lot your function still finds the model excellent. Had the "
            "model met the rows that it was asked about?"
        )
    if not 0.3 <= scores["by lot"] <= 0.7:
        return "Two labels dealt by lot should come out near a half. Which rows were asked?"
    if scores["settled"] < 0.9:
        return (
            "With a rule that a tree learns easily, your score is poor. Was the model fitted on "
            "true pairs of rows and labels?"
        )
    return ""


START = {
    "start.honest_score": Challenge(
        "**Challenge.** A colleague fits models and reports their score on the rows that they "
        "learnt from. Write a function `honest_score(model, X, y)` that takes an unfitted model, "
        "a table and its labels, and gives the accuracy (0 to 1) to be expected on rows that the "
        "model has *not* met.",
        _examine_honest_score,
        makes="honest_score",
        solution="""
def honest_score(model, X, y):
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    return model.fit(X_train, y_train).score(X_test, y_test)
""",
        why="Whoever is asked was kept away from the fit, so remembering does not help.",
        hints=(
            "Which rows may `fit` see, and which may `score` be asked about?",
            "scikit-learn deals out rows at random to two sides, for the table and the labels at "
            "once; the program of this page uses it, too.",
        ),
    ),
}


class _Server:
    """Pages of rows, behind a server that is busy at some calls and refuses to be hammered."""

    def __init__(self, pages: list[list[int]], busy: dict[int, int]):
        self.pages, self.busy, self.calls = pages, dict(busy), 0

    def __call__(self, page: int) -> list[int]:
        self.calls += 1
        if self.calls > 50:
            raise _HammeredError
        if self.busy.get(page, 0):
            self.busy[page] -= 1
            raise ConnectionError("busy")
        return list(self.pages[page]) if page < len(self.pages) else []


class _HammeredError(BaseException):
    """Too many calls; no `except Exception` of a learner's catches it."""


def _examine_pages(read_all, of=None) -> str:
    """All rows of all pages, three attempts a page, and an error when these fail."""
    pages = [[1, 2, 3], [4, 5, 6], [7], [8, 9]]
    wanted = sum(pages, [])
    try:
        calm = read_all(_Server(pages, {}))
        if list(calm) != wanted:
            return _what_rows_lack(list(calm), wanted)
        try:
            busy = list(read_all(_Server(pages, {0: 1, 2: 2})))
        except ConnectionError:
            return "A server that was busy once or twice stopped you. What would a second call do?"
        if busy != wanted:
            return "A page at which the server was busy is missing, or twice in the result."
        try:
            read_all(_Server(pages, {1: 99}))
        except ConnectionError:
            return ""
        return "A page could not be read at all, and your function returned as if all were well."
    except _HammeredError:
        return "The server was called more than fifty times for a few pages. When do you give up?"


def _what_rows_lack(given: list, wanted: list) -> str:
    if given and all(isinstance(row, list) for row in given):
        return "You return a list of pages; one list of rows is asked for."
    if given == wanted[:3]:
        return "You read the first page only."
    if given == wanted[: len(given)]:
        return "You stopped too early. Is a page that is shorter than others the last one?"
    return "Rows are missing, twice in the result, or in another order."


COLLECT = {
    "collect.pages": Challenge(
        "**Challenge.** An API gives its rows in pages. Write a function `read_all(fetch)` that "
        "returns the rows of all pages as one list. `fetch(0)`, `fetch(1)` and so on give a list "
        "of rows each, an *empty* list after the last page; pages differ in length. Now and then "
        "`fetch` raises `ConnectionError`: ask for a page up to three times, then let the error "
        "through. (A real client would pause between two attempts; here none is needed.)",
        _examine_pages,
        makes="read_all",
        solution="""
def read_all(fetch):
    def ask(page, attempts=3):
        try:
            return fetch(page)
        except ConnectionError:
            if attempts == 1:
                raise
            return ask(page, attempts - 1)

    rows, page = [], 0
    while batch := ask(page):
        rows, page = rows + batch, page + 1
    return rows
""",
        why="Every row is there, a busy moment costs nothing, and a page that can't be read is an "
        "error, not a gap.",
        hints=(
            "Write the loop over pages first, without any error. What ends it?",
            "Then put the call into a function of its own, which tries a few times and raises "
            "what the last attempt raised.",
        ),
    ),
}


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
    made = pd.to_numeric(made, errors="coerce")
    gaps = pd.isna(pd.Series(right, index=column.index, dtype=float))
    if (made[gaps] == 0).any():
        return "An unknown duration became 0. Is that what the person knew?"
    if made[gaps].nunique() == 1 and made[gaps].notna().all():
        return "Gaps are filled, all with one value. Whose knowledge is that, and from which rows?"
    if abs(made[column == "2:05"].iloc[0] - 2.05) < 0.01:
        return "You read the hours and minutes of 2:05 as a decimal number."
    if pd.notna(made[column == "5 or 6 h"].iloc[0]):
        return "`5 or 6 h` got a value. Can you be sure which?"
    if pd.notna(made[column == "1:75"].iloc[0]):
        return "`1:75` got a value. How many minutes has an hour?"
    wrong = [
        text
        for text, got, due in zip(texts, made, right, strict=True)
        if not (pd.isna(got) if due is None else got == due)
    ]
    return f"Not read as meant: {', '.join(f'`{text}`' for text in wrong[:3])}." if wrong else ""


CLEAN = {
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


FEATURES = {
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

CHALLENGES = {**START, **COLLECT, **CLEAN, **FEATURES, **SPLIT}
