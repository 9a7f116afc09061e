"""Wrong attempts at the exercises of notebooks 02 and 03, and what some of these are tried on."""

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from helpers.course import own_tables

PARCELS, FLIGHTS = own_tables.parcels(7), own_tables.flights(7)
TOWNS = PARCELS["town"]
NY = {"ny": "new york", "NY": "New York"}


def repeats(towns, **options):
    return int(PARCELS.assign(town=towns).duplicated(**options).sum())


def tidy():
    return TOWNS.str.strip().str.casefold().replace(NY)


def filled_by(value, marks=None):
    """A way to fill: `value` and `marks` take training rows, rows and the column's name."""

    def fill(training, rows, column):
        full = rows[column].fillna(value(training, rows, column))
        gaps = rows[column].isna() if marks is None else marks(full)
        return rows.assign(**{column: full, f"{column}_missing": gaps})

    return fill


def its_median(training, rows, column):
    return training[column].median()


def in_place(training, rows, column):
    rows[f"{column}_missing"] = rows[column].isna()
    rows[column] = rows[column].fillna(training[column].median())
    return rows


def weight_alone(training, rows, column):
    return filled_by(its_median)(training, rows, "weight")


def recipe(imputer="median", scaler=True, encoder=None, columns=("distance", "pressure")):
    """A recipe as the task asks for it, with one thing otherwise."""
    steps = [SimpleImputer(strategy=imputer)] if imputer else []
    steps += [StandardScaler()] if scaler else []
    numbers = make_pipeline(*steps) if steps else "passthrough"
    encoder = encoder or OneHotEncoder(handle_unknown="ignore")
    return make_column_transformer((numbers, list(columns)), (encoder, ["carrier", "origin"]))


def numbered():
    return recipe(encoder=OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))


def most(what):
    by = FLIGHTS.groupby("dest")["late"].agg(["mean", "sum", "size"])
    return by[by["size"] >= 30][what]


# For each exercise: what learners typically make, and a part of the reason that they are given.
MISTAKES = {
    "clean.repeats": [
        (repeats(TOWNS), "before tidying"),
        (repeats(TOWNS.str.strip().str.casefold()), "a town of its own"),
        (repeats(TOWNS.str.casefold().replace(NY)), "Spaces at the ends"),
        (repeats(TOWNS.str.strip().replace(NY)), "Small and capital letters"),
        (repeats(tidy(), keep=False), "both rows of a pair"),
        (300 - repeats(tidy()), "So many rows stay"),
        (PARCELS, "Give a number of rows"),
        (-1, "another number"),
    ],
    "clean.filled": [
        (filled_by(lambda training, rows, column: rows[column].median()), "rows to be filled"),
        (filled_by(lambda training, rows, column: training[column].mean()), "That is the mean"),
        (filled_by(lambda training, rows, column: 0), "became 0"),
        (
            filled_by(lambda training, rows, column: pd.concat([training, rows])[column].median()),
            "both tables together",
        ),
        (filled_by(its_median, marks=lambda full: full.isna()), "No gap is marked"),
        (lambda training, rows, _: rows.assign(town=rows["town"].fillna("?")), "Another column"),
        (lambda training, rows, column: rows.dropna(), "the same rows"),
        (lambda training, rows, column: rows.copy(), "A gap is left"),
        (in_place, "that you were given have changed"),
        (weight_alone, "it raised `KeyError"),
        (
            lambda training, rows, column: rows.assign(
                **{column: rows[column].fillna(training[column].median())}
            ),
            "`weight_missing` is not",
        ),
    ],
    "features.latest": [
        (most("sum").idxmax(), "Of how many"),
        (most("mean").idxmin(), "smallest"),
        (
            FLIGHTS.groupby("dest")["late"]
            .agg(["mean", "size"])
            .query("size < 30")["mean"]
            .idxmax(),
            "Too few flights",
        ),
        (most("mean").sort_values().index[-2], "the share is larger"),
        ("Paris", "None of these flights"),
        (0.4, "the code of an airport"),
    ],
    "features.recipe": [
        (recipe(encoder=OneHotEncoder()), "raises an error"),
        (recipe(imputer=None), "A gap is left"),
        (recipe(imputer="mean"), "not with the median"),
        (recipe(scaler=False), "not standardised"),
        (numbered(), "too few columns"),
        (recipe(columns=["distance", "pressure", "dep_delay"]), "known too late"),
        (recipe().fit(FLIGHTS), "fitted already"),
        (StandardScaler, "Give a transformer"),
    ],
}
# What some are tried on, by the name that it has in the exercise
GIVEN = {
    "clean.repeats": {"parcels": PARCELS},
    "features.latest": {"flights": FLIGHTS},
    "features.recipe": {"flights": FLIGHTS},
}
