"""Questions, guess and challenge of the notebook: stage 3, feature engineering."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault

ENOUGH = 30  # flights to an airport, to judge it


LATEST_FAULTS = {
    "": lambda it: it.asked == it.enough["mean"].idxmax(),
    "None of these flights goes there.": lambda it: it.asked not in it.airports.index,
    "Too few flights go there to judge: how many were asked for?": lambda it: (
        it.asked not in it.enough.index
    ),
    "There the share is the smallest. The largest was asked for.": lambda it: (
        it.asked == it.enough["mean"].idxmin()
    ),
    "Most late flights go there, and many others. Of how many are they a share?": lambda it: (
        it.asked == it.enough["sum"].idxmax()
    ),
    "To another airport, with flights enough, the share is larger.": bool,
}


def _examine_latest(latest, of=None) -> str:
    """The airport with the largest share late, of those with enough flights."""
    if not isinstance(latest, str):
        return f"Give the code of an airport, a text; yours is {type(latest).__name__}."
    airports = of.groupby("dest")["late"].agg(["mean", "sum", "size"])
    enough = airports[airports["size"] >= ENOUGH]
    asked = latest.strip().upper()
    return first_fault(LATEST_FAULTS, asked=asked, airports=airports, enough=enough)


def _examine_recipe(recipe, of=None) -> str:
    """What the learner's transformer makes of flights: fitted on some, asked about others."""
    if not hasattr(recipe, "fit") or isinstance(recipe, type):
        return "Give a transformer, an object with `fit` and `transform`."
    if _is_fitted(recipe):
        return "It is fitted already. On which rows? The recipe comes before the rows."
    training, rows = of.iloc[:2_000], of.iloc[2_000:]
    made = clone(recipe).fit(training, training["late"])
    return _stranger(made, rows) or _numbers_made(made, training, rows)


def _is_fitted(recipe) -> bool:
    try:
        check_is_fitted(recipe)
    except (NotFittedError, TypeError):
        return False
    return True


def _stranger(made, rows: pd.DataFrame) -> str:
    try:
        made.transform(rows.assign(carrier="ZZ"))
    except ValueError as error:
        if "unknown" in str(error):
            return "An airline that training has not seen raises an error."
        raise
    return ""


NUMBERS_FAULTS = {
    "Rows have to stay: one row of numbers for each flight.": lambda it: len(it.asked) != it.rows,
    "A gap is left. Which step fills it, and before which other one?": lambda it: np.isnan(
        it.whole
    ).any(),
    "There are too few columns for one-hot names: is each name a number of its own?": lambda it: (
        it.whole.shape[1] < it.levels + 2
    ),
    "More columns got in than were asked for. Is one of them known too late?": lambda it: (
        it.whole.shape[1] > it.levels + 2
    ),
    "The numbers are not standardised: their standard deviation is to be 1.": lambda it: (
        it.measured.shape[1] != 2 or abs(it.measured.std(axis=0) - 1).max() > 0.01
    ),
}


def _numbers_made(made, training: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The numbers are looked at one by one: gaps, scales, one-hot columns, what else got in."""
    whole, asked = (_dense(made.transform(some)) for some in (training, rows))
    is_one_hot = np.isin(whole, (0.0, 1.0)).all(axis=0)
    return first_fault(
        NUMBERS_FAULTS,
        whole=whole,
        asked=asked,
        rows=len(rows),
        measured=whole[:, ~is_one_hot],
        levels=training["carrier"].nunique() + training["origin"].nunique(),
    ) or _filled_by_median(whole[:, ~is_one_hot], training)


def _filled_by_median(numbers: np.ndarray, training: pd.DataFrame) -> str:
    pressure = training["pressure"]
    filled = pressure.fillna(pressure.median())
    wanted = ((filled - filled.mean()) / filled.std(ddof=0)).to_numpy()
    if min(abs(column - wanted).max() for column in numbers.T) > 1e-6:
        return "The gaps in `pressure` are filled, and not with the median of the training rows."
    return ""


def _dense(made) -> np.ndarray:
    made = made.toarray() if hasattr(made, "toarray") else made
    return np.asarray(made, dtype=float)


def _planted_leaks(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """A target, two leaks of two sorts, an honest strong feature, and one with gaps by chance."""
    random = np.random.default_rng(seed)
    sick = random.integers(0, 2, rows)
    table = pd.DataFrame({"days_in_ward": np.where(sick == 1, random.normal(5, 2, rows), np.nan)})
    table["age"] = random.normal(50, 15, rows) + 4 * sick
    table["fever"] = random.normal(37, 1, rows) + 1.8 * sick
    table["invoice"] = 1_000 - 600 * sick + random.normal(0, 40, rows)
    table["pulse"] = np.where(random.random(rows) < 0.3, np.nan, random.normal(70, 8, rows))
    return table.assign(sick=sick)


LEAKS = {"invoice", "days_in_ward"}
SUSPECTS_FAULTS = {
    "You accuse the target itself.": lambda it: "sick" in it.found,
    "There is no column {unknown!r}.": lambda it: it.unknown,
    "`fever` is a strong feature, and an honest one: it is often wrong. Who isn't?": lambda it: (
        "fever" in it.found
    ),
    "`pulse` has gaps by chance. Do they go with the answer?": lambda it: "pulse" in it.found,
    "`age` says little about the answer. What made you suspect it?": lambda it: "age" in it.found,
    "A column that is filled in only after the event got through. What of its gaps?": lambda it: (
        "days_in_ward" not in it.found
    ),
    "A column that moves *against* the answer, and gives it away, got through.": lambda it: (
        "invoice" not in it.found
    ),
    "On another table it goes wrong. Do you look at the values, or at the names?": lambda it: (
        it.in_other_table() != {f"{name}_2" for name in LEAKS}
    ),
}


def _examine_suspects(suspects, of=None) -> str:
    """Both leaks are named, the honest columns and the target are not."""
    table = _planted_leaks()
    found = suspects(table.copy(), "sick")
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        return "Give a list of names of columns."
    return first_fault(
        SUSPECTS_FAULTS,
        found=(found := set(found)),
        unknown=min(map(str, found - set(table)), default=""),
        in_other_table=lambda: set(suspects(_planted_leaks(seed=1).add_suffix("_2"), "sick_2")),
    )


CHALLENGES = {
    "features.latest": Challenge(
        "`flights` are 3,000 flights drawn with your own seed: nobody else has these. Airports "
        "to which fewer than 30 of them go are left aside: too few to judge. To which of the rest "
        "is the share of late flights the largest? Give its code, such as `LAX`, from `dest`.",
        _examine_latest,
        makes="latest",
        solution="""
by_dest = flights.groupby("dest")["late"].agg(["mean", "size"])
latest = by_dest[by_dest["size"] >= 30]["mean"].idxmax()
""",
        why="A share, of groups that are large enough for one.",
        hints=(
            "Which two figures do you need of each airport? `groupby` gives both.",
            "`agg` takes a list of names, such as mean and size; `idxmax` names the row of the "
            "largest value. What has to happen between the two?",
        ),
        level="warm-up",
    ),
    "features.recipe": Challenge(
        "Make `recipe`, an unfitted scikit-learn transformer for flights with the columns "
        "`distance` and `pressure` (with gaps), `carrier` and `origin`. Gaps are filled with the "
        "median, numbers are standardised, names become one-hot, an airline that training has not "
        "seen raises no error, and no other column gets in. It is tried on flights drawn with "
        "your own seed.",
        _examine_recipe,
        makes="recipe",
        solution="""
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

recipe = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["distance", "pressure"]),
    (OneHotEncoder(handle_unknown="ignore"), ["carrier", "origin"]),
)
""",
        why="Every column goes its own way, what it learns it learns in `fit`, and a new airline "
        "is no error.",
        hints=(
            "Two ways, each with the list of its columns; a way of two steps is a pipeline.",
            "Think of the order of the two steps for numbers, and of what the encoder is to do "
            "with a name that it meets for the first time.",
        ),
        level="core",
    ),
    "features.suspects": Challenge(
        "A hospital's table has leaks. Write a function `suspects(table, target)` "
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
        level="stretch",
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
            "a": "It has missing values, and a model can't learn from a column with gaps.",
            "b": "It is known only once the flight has left, too late for a prediction.",
            "c": "It goes with the target too closely, and correlated columns are bad.",
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
        "later than among those due before 9:00? `known` has the columns `scheduled` (a time) "
        "and `late` (True or False).",
        expected=_evening,
        how='`hour = known["scheduled"].dt.hour`, then '
        '`known.loc[hour >= 18, "late"].mean() - known.loc[hour < 9, "late"].mean()`',
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
            Mistake(
                lambda rows: _late_at(rows, rows["scheduled"].dt.hour < 9),
                "That is the morning's share alone; how far is it from the evening's?",
            ),
            Mistake(
                lambda rows: (
                    _late_at(rows, rows["scheduled"].dt.hour > 18)
                    - _late_at(rows, rows["scheduled"].dt.hour < 9)
                ),
                "The hour of a flight at half past six in the evening is 18: is it in?",
            ),
            Mistake(
                lambda rows: (
                    _late_at(rows, rows["scheduled"].dt.hour >= 18)
                    / _late_at(rows, rows["scheduled"].dt.hour < 9)
                ),
                "That is how many times as large it is; the question is for a difference.",
            ),
            Mistake(
                lambda rows: float(
                    rows.loc[rows["scheduled"].dt.hour >= 18, "late"].sum()
                    - rows.loc[rows["scheduled"].dt.hour < 9, "late"].sum()
                ),
                "These are counts of flights, and there are not equally many of both.",
            ),
        ),
        within=0.003,
        form="{:.3f}",
    ),
    "features.rare_level": Choice(
        "A tail number becomes the mean of the target over its flights. A plane has flown once, "
        "and late. What goes wrong when that mean is computed from all rows?",
        {
            "a": "That flight's own answer stands in its features, for the model to read.",
            "b": "Nothing goes wrong: a mean is a summary, and says nothing of single rows.",
            "c": "The mean of that plane is missing: one flight has no standard deviation.",
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
        "Before you look: which ROC AUC will the same model reach with `dep_delay`, the minutes by "
        "which the flight left late?",
        result=float,
        high="too hopeful",
        low="too gloomy",
    ),
}
