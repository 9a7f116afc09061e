"""Challenges: each solution is right, typical mistakes are named, the stub is not attempted."""

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, ttest_ind
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.course.grading import CORRECT, INCORRECT, UNTOUCHED
from helpers.course.questions import CHALLENGES
from helpers.drift.drift_measures import psi


def last_rows(table):
    return np.where(np.arange(len(table)) >= 0.8 * len(table), "test", "train")


def at_random(table):
    return np.random.default_rng(0).choice(["train", "test"], len(table), p=[0.8, 0.2])


def within_a_day(table):
    cut = table["scheduled"].sort_values().iloc[int(len(table) * 0.8) - 3]
    return np.where(table["scheduled"] > cut, "test", "train")


def latest_rows(table):
    """The plain cut by rows, at the very place that the task names."""
    cut = table["scheduled"].quantile(0.8)
    return np.where(table["scheduled"] >= cut, "test", "train")


def the_earliest(table):
    day = table["scheduled"].dt.normalize()
    return day.le(day.sort_values().iloc[len(day) // 5 - 1]).map({True: "test", False: "train"})


def half(table):
    day = table["scheduled"].dt.normalize()
    return day.ge(day.sort_values().iloc[len(day) // 2]).map({True: "test", False: "train"})


def on_what_it_learnt(model, X, y):
    return model.fit(X, y).score(X, y)


def fitted_on_all(model, X, y):
    return model.fit(X, y).score(X.tail(50), y.tail(50))


def in_per_cent(model, X, y):
    return 100 * model.fit(X[:100], y[:100]).score(X[100:], y[100:])


def labels_out_of_step(model, X, y):
    shuffled = X.sample(frac=1, random_state=1)
    return model.fit(shuffled[:160], y[:160]).score(shuffled[160:], y[160:])


def model_of(*steps, fitted=False):
    """Makes a pipeline of steps and a forest; `seed` of the forest where a step is "unseeded"."""

    def make_model(seed):
        forest = RandomForestClassifier(10, random_state=None if "unseeded" in steps else seed)
        model = make_pipeline(*(step() for step in steps if callable(step)), forest)
        X = np.random.default_rng(0).normal(size=(20, 2))
        return model.fit(X, X[:, 0] > 0) if fitted else model

    return make_model


def spread_of(held_out=0.2, by_kind=True, one_seed=False, on="test"):
    def test_scores(model, X, y, seeds):
        found = []
        for seed in seeds:
            drawn = {"random_state": 0 if one_seed else seed, "stratify": y if by_kind else None}
            X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=held_out, **drawn)
            model.fit(*((X, y) if on == "all" else (X_train, y_train)))
            asked = (X_train, y_train) if on == "train" else (X_test, y_test)
            found.append(model.score(*asked))
        return found

    return test_scores


def month_pasted(database, month):
    return pd.read_sql(f"SELECT * FROM flights WHERE month = {month}", database)


def month_limited(database, month):
    sql = "SELECT * FROM flights WHERE month = :month LIMIT 5"
    return pd.read_sql(sql, database, params={"month": month})


def always_july(database, month):
    return pd.read_sql("SELECT * FROM flights WHERE month = 7", database)


def every_month(database, month):
    return pd.read_sql("SELECT * FROM flights", database)


def month_of_carriers(database, month):
    sql = "SELECT month, carrier FROM flights WHERE month = :month"
    return pd.read_sql(sql, database, params={"month": month})


def month_as_rows(database, month):
    return database.execute("SELECT * FROM flights WHERE month = ?", (month,)).fetchall()


def joined(**options):
    return lambda flights, planes: flights.merge(planes, on="tailnum", **options)


def first_entry_of_a_plane(flights, planes):
    return flights.merge(planes.drop_duplicates("tailnum"), on="tailnum", how="left")


def sorted_by_plane(flights, planes):
    return joined(how="left", validate="m:1")(flights.sort_values("tailnum"), planes)


def unknown_as_zero(flights, planes):
    return joined(how="left", validate="m:1")(flights, planes).fillna({"seats": 0})


def first_page(fetch):
    return fetch(0)


def without_patience(fetch):
    rows, page = [], 0
    while batch := fetch(page):
        rows, page = rows + batch, page + 1
    return rows


def until_a_short_page(fetch):
    rows, page = [], 0
    while len(batch := fetch(page)) == 3:
        rows, page = rows + batch, page + 1
    return rows + batch


def as_pages(fetch):
    return [fetch(page) for page in range(4)]


def for_ever(fetch):
    rows, page = [], 0
    while True:
        try:
            if not (batch := fetch(page)):
                return rows
        except Exception:  # noqa: BLE001, S112 - the mistake that is to be found
            continue
        rows, page = rows + batch, page + 1


def swallowing(fetch):
    rows = []
    for page in range(10):
        with suppress(ConnectionError):
            rows += fetch(page)
    return rows


def giving_back_what_there_is(fetch):
    rows, page, failed = [], 0, 0
    while failed < 3:
        try:
            if not (batch := fetch(page)):
                break
            rows, page, failed = rows + batch, page + 1, 0
        except ConnectionError:
            failed += 1
    return rows


def rightly(column):
    return made("clean.minutes")(column)


def digits_alone(column):
    return pd.to_numeric(column.str.extract(r"(\d+)")[0])


def decimal_hours(column):
    return rightly(column).where(~column.eq("2:05"), 2.05)


def without_a_bound(column):
    parts = column.str.extract(r"^(\d+):(\d+)$").astype(float)
    return rightly(column).fillna(parts[0] * 60 + parts[1])


def areas(table, target, fill):
    from sklearn.metrics import roc_auc_score

    columns = {name: fill(table[name]) for name in table.columns.drop(target)}
    return {
        name: roc_auc_score(table.loc[column.index, target], column)
        for name, column in columns.items()
        if table.loc[column.index, target].nunique() == 2
    }


def below_all(column):
    return column.fillna(column.min() - 1)


def one_direction(table, target):
    return [name for name, area in areas(table, target, below_all).items() if area > 0.95]


def where_there_is_a_value(table, target):
    found = areas(table, target, lambda column: column.dropna())
    return [name for name, area in found.items() if not 0.05 < area < 0.95]


def by_correlation(table, target):
    related = table.corr()[target].abs().drop(target)
    return related[related > 0.5].index


def with_gaps(table, target):
    return [*made("features.suspects")(table, target), *table.columns[table.isna().any()]]


def selected_before(X, y):
    return cross_val_score(LogisticRegression(), SelectKBest(k=10).fit_transform(X, y), y).mean()


def asked_about_training_rows(X, y):
    return LogisticRegression().fit(X, y).score(X, y)


def no_model(X, y):
    return cross_val_score(DummyClassifier(), X, y).mean()


def best_accuracy(probability, late, cost_false_positive, cost_false_negative):
    return max(np.linspace(0, 1, 101), key=lambda t: ((probability >= t) == late).mean())


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
    "features.suspects": [
        (one_direction, "moves *against* the answer"),
        (where_there_is_a_value, "What of its gaps"),
        (by_correlation, "strong feature, and an honest one"),
        (with_gaps, "gaps by chance"),
        (lambda table, target: list(table), "the target itself"),
        (lambda table, target: ["invoice", "days_in_ward"], "at the names"),
        (lambda table, target: "invoice", "a list of names"),
    ],
    "clean.minutes": [
        (lambda column: rightly(column).fillna(0), "became 0"),
        (lambda column: rightly(column).fillna(rightly(column).mean()), "all with one value"),
        (lambda column: rightly(column).dropna(), "stay in place"),
        (lambda column: rightly(column).reset_index(drop=True), "stay in place"),
        (lambda column: rightly(column).tolist(), "stay in place"),
        (decimal_hours, "decimal number"),
        (digits_alone, "Can you be sure which"),
        (lambda column: pd.to_timedelta(rightly(column), unit="min"), "plain numbers"),
        (without_a_bound, "How many minutes has an hour"),
        (lambda column: pd.to_numeric(column, errors="coerce"), "Not read as meant: `125 min`"),
    ],
    "collect.one_month": [
        (month_pasted, "changed what it asks"),
        (month_limited, "Is there a limit"),
        (always_july, "another month"),
        (every_month, "All months are there"),
        (month_of_carriers, "Not all columns"),
        (month_as_rows, "Return a DataFrame; you return list"),
    ],
    "collect.with_planes": [
        (joined(), "They will be asked about, too"),
        (joined(how="left"), "became more without a word"),
        (joined(how="outer"), "planes that have not flown"),
        (first_entry_of_a_plane, "Which of the two is right"),
        (sorted_by_plane, "no longer in their order"),
        (unknown_as_zero, "stays missing"),
        (lambda flights, planes: planes, "columns of the planes beside their own"),
    ],
    "collect.pages": [
        (first_page, "first page only"),
        (without_patience, "What would a second call do"),
        (until_a_short_page, "shorter than others"),
        (as_pages, "a list of pages"),
        (for_ever, "When do you give up"),
        (swallowing, "busy is missing"),
        (giving_back_what_there_is, "as if all were well"),
    ],
    "start.three_steps": [
        (model_of(SimpleImputer, StandardScaler, fitted=True), "From which rows did it learn"),
        (model_of(StandardScaler), "Which step fills gaps"),
        (model_of(), "Which step fills gaps"),
        (model_of(SimpleImputer), "hundreds beside fractions"),
        (model_of(SimpleImputer, StandardScaler, "unseeded"), "Where is the seed used"),
        (lambda seed: model_of(SimpleImputer, StandardScaler)(1), "the seed that is given"),
        (lambda seed: RandomForestClassifier(), "you return RandomForestClassifier"),
        (lambda seed: make_pipeline(SimpleImputer(), StandardScaler()), "The last step"),
    ],
    "start.spread": [
        (spread_of(on="train"), "among those that were learnt from"),
        (spread_of(on="all"), "among those that were learnt from"),
        (spread_of(one_seed=True), "a split of its own"),
        (spread_of(by_kind=False), "a rare one may be missing"),
        (spread_of(held_out=0.25), "A quarter of the rows"),
        (lambda *given: np.mean(spread_of()(*given)), "a mean alone hides"),
        (lambda *given: spread_of()(*given)[:1], "you give 1 scores"),
    ],
    "start.honest_score": [
        (on_what_it_learnt, "Had the model met the rows"),
        (fitted_on_all, "Had the model met the rows"),
        (in_per_cent, "per cent"),
        (labels_out_of_step, "true pairs of rows and labels"),
        (lambda model, X, y: (1.0, 0.5), "one number"),
        (lambda model, X, y: 0.5, "your score is poor"),
        (lambda model, X, y: 0.0, "near 0.5"),
    ],
    "split.whole_days": [
        (last_rows, "in the order of their time"),
        (at_random, "later than rows that are held out"),
        (the_earliest, "later than rows that are held out"),
        (within_a_day, "One day lies on both sides"),
        (latest_rows, "One day lies on both sides"),
        (half, "52% of the rows"),
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
        (lambda *_: 0.5, "One half ignores the costs"),
        (lambda p, late, wrong_yes, wrong_no: wrong_yes / (wrong_yes + wrong_no), "calibrated"),
        (
            lambda p, late, wrong_yes, wrong_no: wrong_no / (wrong_yes + wrong_no),
            "sooner, or later",
        ),
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
        (by_p_value, "too small to matter"),
        (by_mean, "the deviation grew"),
        (by_psi, "where nothing had changed"),
        (lambda before, after: True, "whatever comes"),
        (lambda before, after: False, "there was no alarm"),
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
    lines = {
        line.strip() for line in CHALLENGES[name].solution.splitlines() if len(line.strip()) > 20
    }
    hints = " ".join(CHALLENGES[name].hints)
    assert not any(line in hints for line in lines)
