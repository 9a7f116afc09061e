"""The challenges of the course, one a notebook: a real piece of work, and how it is examined.

A challenge has the name of its notebook and its own, such as "split.whole_days". `examine` tries
what the learner made on rows whose right answer is known, and names the misconception that a wrong
result shows; it never tells the solution.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .grading import Challenge
from .learning.labelled_data import TEST as HELD_OUT
from .learning.labelled_data import TRAIN as LEARNT_FROM


def _two_tables(rows: int = 240, seed: int = 0) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """Four columns with random labels, and with labels that the first column determines."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    by_lot = pd.Series(random.permutation(np.arange(rows) % 2))
    return {"by lot": (X, by_lot), "settled": (X, (X["a"] > 0).astype(int))}


def _examine_honest_score(honest_score, of=None) -> str:
    """Random labels must score like a coin, and a rule that can be learnt nearly perfectly."""
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
            "With random labels your function still finds the model excellent. Had the "
            "model met the rows that it was asked about?"
        )
    if not 0.3 <= scores["by lot"] <= 0.7:
        return "With two random labels the score should be near 0.5. Which rows were scored?"
    if scores["settled"] < 0.9:
        return (
            "With a rule that a tree learns easily, your score is poor. Was the model fitted on "
            "true pairs of rows and labels?"
        )
    return ""


START_CHALLENGES = {
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
        why="The scored rows were not used for fitting, so memorising does not help.",
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
            raise _TooManyCallsError
        if self.busy.get(page, 0):
            self.busy[page] -= 1
            raise ConnectionError("busy")
        return list(self.pages[page]) if page < len(self.pages) else []


class _TooManyCallsError(BaseException):
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
    except _TooManyCallsError:
        return "The server was called more than fifty times for a few pages. When do you give up?"


def _what_rows_lack(given: list, wanted: list) -> str:
    if given and all(isinstance(row, list) for row in given):
        return "You return a list of pages; one list of rows is asked for."
    if given == wanted[:3]:
        return "You read the first page only."
    if given == wanted[: len(given)]:
        return "You stopped too early. Is a page that is shorter than others the last one?"
    return "Rows are missing, twice in the result, or in another order."


COLLECT_CHALLENGES = {
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
    if pd.api.types.is_datetime64_any_dtype(made) or pd.api.types.is_timedelta64_dtype(made):
        return f"Give the minutes as plain numbers; yours are {made.dtype}."
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


CLEAN_CHALLENGES = {
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


FEATURES_CHALLENGES = {
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


SPLIT_CHALLENGES = {
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


def _noise_and_signal(seed: int = 7) -> tuple:
    """A table of noise, one with something to learn, and labels for each: 80 rows, 400 columns."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(80) % 2)
    noise = random.normal(size=(80, 400))
    signal = random.normal(size=(80, 400))
    signal[:, :3] += 1.5 * y[:, None]
    return noise, signal, y


def _examine_honest_accuracy(accuracy, of=None) -> str:
    """On noise the truth is a half; on the other table much can be learnt."""
    noise, signal, y = _noise_and_signal()
    found = [accuracy(X.copy(), y.copy()) for X in (noise, signal)]
    if not all(isinstance(one, float | np.floating) for one in found):
        return "Give one number, the mean of the folds' accuracies."
    on_noise, on_signal = found
    if on_noise > 0.9:
        return "On pure noise it is nearly perfect: it is asked about rows that it has learnt from."
    if on_noise > 0.65:
        return (
            f"On pure noise it says {on_noise:.2f}, and nothing can be learnt there. Which step "
            "has seen the labels of the rows that are asked about?"
        )
    if on_signal < 0.75:
        return (
            "On a table with much to learn it does hardly better than a coin. Are ten columns "
            "chosen in each fold, and is a model fitted on them?"
        )
    return ""


TRAIN_CHALLENGES = {
    "train.honest": Challenge(
        "**Challenge.** Find the leak in this function and fix it.\n\n"
        "```python\n"
        "def accuracy(X, y):\n"
        "    X = StandardScaler().fit_transform(X)\n"
        "    X = SelectKBest(k=10).fit_transform(X, y)\n"
        "    return cross_val_score(LogisticRegression(), X, y, cv=5).mean()\n"
        "```\n\n"
        "It should still scale, choose ten columns and fit a logistic regression. It is tried on a "
        "table of noise and on one that can be learnt.",
        _examine_honest_accuracy,
        makes="accuracy",
        solution="""
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def accuracy(X, y):
    model = make_pipeline(StandardScaler(), SelectKBest(k=10), LogisticRegression())
    return cross_val_score(model, X, y, cv=5).mean()
""",
        why="Each fold now chooses its own ten columns, from the rows that it may learn from.",
        hints=(
            "Two steps are fitted before the folds are cut. Which of them is given the labels?",
            "What is handed to `cross_val_score` is fitted anew in each fold: hand it all steps.",
        ),
    ),
}


def _overconfident(rows: int = 4_000, seed: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that rank well and are far too high, and the actual outcomes."""
    random = np.random.default_rng(seed)
    true_chance = random.beta(1, 4, rows)
    return true_chance**0.4, random.random(rows) < true_chance


def _total_cost(probability, late, threshold, cost_false_positive, cost_false_negative) -> float:
    says = probability >= threshold
    return cost_false_positive * (says & ~late).sum() + cost_false_negative * (~says & late).sum()


def _examine_cheapest(cheapest, of=None) -> str:
    """Under two prices the threshold has to cost what the best one costs, nearly."""
    chance, late = _overconfident()
    for false_alarm, miss in ((1.0, 8.0), (4.0, 1.0)):
        given = cheapest(chance.copy(), late.copy(), false_alarm, miss)
        if not np.isscalar(given) or not 0 <= float(given) <= 1.01:
            return "Give one threshold, a number between 0 and 1."
        tried = [_total_cost(chance, late, t, false_alarm, miss) for t in np.linspace(0, 1.01, 203)]
        best, reached = min(tried), _total_cost(chance, late, float(given), false_alarm, miss)
        if reached <= 1.02 * best:
            continue
        if np.isclose(float(given), 0.5):
            return "One half ignores the prices. What if a miss costs eight times as much?"
        if np.isclose(float(given), false_alarm / (false_alarm + miss)):
            return "That formula assumes calibrated probabilities. Are these calibrated?"
        if np.isclose(float(given), miss / (false_alarm + miss)):
            return "When misses are dear, should the model say yes sooner, or later?"
        return (
            f"With prices {false_alarm:g} (false alarm) and {miss:g} (miss) there is a cheaper "
            "threshold. What does your rule make small: cost, or something else?"
        )
    return ""


EVALUATE_CHALLENGES = {
    "evaluate.cheapest": Challenge(
        "**Challenge.** An airline says what errors cost. Write a function "
        "`cheapest(chance, late, false_alarm, miss)` that gives the threshold at which the errors "
        "cost least. `chance` are a model's probabilities for some flights, `late` (true or false) "
        "the outcomes, and the other two are the costs of the two errors. The model says *late* "
        "from the threshold on. It is tried on a model that is sadly overconfident.",
        _examine_cheapest,
        makes="cheapest",
        solution="""
import numpy as np


def cheapest(chance, late, false_alarm, miss):
    def cost(threshold):
        says = chance >= threshold
        return false_alarm * (says & ~late).sum() + miss * (~says & late).sum()

    return min(np.linspace(0, 1, 201), key=cost)
""",
        why="It was chosen by what it costs on rows with known outcome, so it needs no belief in "
        "the probabilities. Choose it on validation rows, never on the held-out ones.",
        hints=(
            "What would one threshold cost? Write that first, then ask it of many.",
            "`min(candidates, key=cost)` gives the candidate for which a function is smallest.",
        ),
    ),
}

ROWS_TO_CHECK = (
    ({"carrier": "UA", "distance": 1400}, "", ""),
    ({"carrier": "UA", "distance": "1400"}, "", "A number that came as text can be read."),
    ({"carrier": "UA"}, "", "A field that is missing can be filled, with a warning."),
    ({"carrier": None, "distance": 900}, "", "An empty field can be filled, with a warning."),
    ({"carrier": "ZZ", "distance": 900}, "", "A carrier never seen is odd, not nonsense."),
    ({"carrier": "UA", "distance": 900, "colour": "red"}, "", "An unknown field is harmless."),
    ({"carrier": "UA", "distance": "far"}, "distance", "`far` is no distance, and it passed."),
    ({"carrier": "UA", "distance": float("inf")}, "distance", "Infinitely far, and it passed."),
    ({"carrier": "UA", "distance": "nan"}, "distance", "`float` reads `nan`: not a distance."),
    ({"carrier": "UA", "distance": -30}, "distance", "A distance below zero passed."),
    ({"carrier": ["UA", "DL"], "distance": 900}, "carrier", "A list passed for one value."),
)  # fmt: skip


def _examine_refusal(refuse, of=None) -> str:
    """Rows that make sense have to pass, and of the others the field has to be named."""
    refuse(dict(ROWS_TO_CHECK[0][0]))  # a stub shows itself here
    for row, field, misconception in ROWS_TO_CHECK:
        try:
            said = refuse(dict(row))
        except Exception as error:  # noqa: BLE001 - whatever the learner's code raises
            return f"On `{row}` it raised {type(error).__name__}. A service must not fall over."
        if not isinstance(said, str):
            return "Give a text each time: an empty one, or the reason for the refusal."
        if field and not said:
            return misconception
        if not field and said:
            return misconception or "A row with all that is needed was refused."
        if field not in said:
            return "A refusal names the field as the row spells it: the caller has to find it."
    return ""


DEPLOY_CHALLENGES = {
    "deploy.refuse": Challenge(
        "**Challenge.** Make the API reject a row. Write a function `refuse(row)` that is given "
        'one row as a dictionary, as it came over HTTP, and gives `""` when it can be answered, '
        "or one sentence that names the field when it can't. The model uses two fields: `carrier`, "
        "a text, and `distance`, a number of miles. What can be filled or ignored is answered; "
        "what makes no sense is not.",
        _examine_refusal,
        makes="refuse",
        solution="""
import math


def refuse(row):
    carrier, distance = row.get("carrier"), row.get("distance")
    if carrier is not None and not isinstance(carrier, str):
        return f"carrier: a text such as UA was expected, and {carrier!r} came."
    if distance is None:
        return ""
    try:
        miles = float(distance)
    except (TypeError, ValueError):
        miles = math.nan
    if math.isfinite(miles) and miles >= 0:
        return ""
    return f"distance: a number of miles was expected, and {distance!r} came."
""",
        why="Missing and unknown are answered, nonsense is refused with the field's name, and "
        "nothing raises.",
        hints=(
            "Go through what traffic brings: complete, missing, unknown, text for a number, lists.",
            "`row.get(name)` is None for what is missing; `float` raises for words, but reads two "
            "words that are no distance: `math.isfinite` tells them.",
        ),
    ),
}


def _fires(alarm, pairs) -> list[bool]:
    return [bool(alarm(before.copy(), after.copy())) for before, after in pairs]


def _examine_alarm(alarm, of=None) -> str:
    """No alarm if little or nothing changed; an alarm if the mean or the deviation changed."""
    random = np.random.default_rng(5)
    draw = random.normal
    still = [(draw(size=400), draw(size=60)) for _ in range(40)]
    wolf = sum(_fires(alarm, still))
    if wolf == len(still):
        return "It rings whatever comes."
    if wolf > 2:
        return (
            f"It rang {wolf} times of {len(still)} where nothing had changed: with sixty new rows "
            "shares also differ at random."
        )
    if any(_fires(alarm, [(draw(size=100_000), draw(0.03, size=100_000))])):
        return "It rang for a shift of three hundredths of the spread: sure, but who would care?"
    if not all(_fires(alarm, [(draw(size=2_000), draw(1, size=2_000))])):
        return "The column shifted by one standard deviation, and there was no alarm."
    if not all(_fires(alarm, [(draw(size=2_000), draw(0, 2.5, size=2_000))])):
        return "The mean stayed and the deviation grew: a broken sensor, and no alarm."
    return ""


MONITOR_CHALLENGES = {
    "monitor.alarm": Challenge(
        "**Challenge.** Write a drift alarm that does not cry wolf: a function "
        "`alarm(before, after)` that is given the numbers of a column in training and in service "
        "(two arrays of any length), and says `True` when somebody should look. It has to stay "
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
}

CHALLENGES = (
    START_CHALLENGES
    | COLLECT_CHALLENGES
    | CLEAN_CHALLENGES
    | FEATURES_CHALLENGES
    | SPLIT_CHALLENGES
    | TRAIN_CHALLENGES
    | EVALUATE_CHALLENGES
    | DEPLOY_CHALLENGES
    | MONITOR_CHALLENGES
)
