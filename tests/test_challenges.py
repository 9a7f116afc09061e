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
from sklearn.metrics import precision_score, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from helpers.course.grading import CORRECT, INCORRECT, UNTOUCHED
from helpers.course.questions import CHALLENGES
from helpers.drift.drift_measures import psi
from tests import mistakes_of_features


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


def quarter(table, seed, **options):
    return train_test_split(table, test_size=0.25, random_state=seed, **options)


def the_other_way_round(table, seed):
    train, test = quarter(table, seed, stratify=table["late"])
    return test, train


def drawn_twice(table, seed):
    return table.sample(frac=0.75, random_state=seed), table.sample(frac=0.25, random_state=seed)


def the_last_quarter(table, seed):
    return table.iloc[:300], table.iloc[300:]


def always_42(table, seed):
    return quarter(table, 42, stratify=table["late"])


def labels_apart(table, seed):
    return train_test_split(table.drop(columns="late"), table["late"], test_size=0.25)


def cut_by_days(table, split, days=None):
    day = table["scheduled"].dt.normalize()
    days = np.sort(day.unique()) if days is None else days(day)
    places = [np.flatnonzero(day.isin(days[part])) for fold in split(days) for part in fold]
    return list(zip(places[::2], places[1::2], strict=True))


def rows_as_they_come(table):
    return TimeSeriesSplit(4).split(table)


def sorted_rows(table):
    order = np.argsort(table["scheduled"].to_numpy())
    return [(order[learn], order[asked]) for learn, asked in TimeSeriesSplit(4).split(order)]


def days_as_they_come(table):
    return cut_by_days(table, TimeSeriesSplit(4, gap=7).split, lambda day: day.unique())


def without_a_gap(table):
    return cut_by_days(table, TimeSeriesSplit(4).split)


def gap_of_six(table):
    return cut_by_days(table, TimeSeriesSplit(4, gap=6).split)


def places_of_days(table):
    return TimeSeriesSplit(4, gap=7).split(np.sort(table["scheduled"].dt.normalize().unique()))


def a_sliding_window(table):
    return cut_by_days(table, TimeSeriesSplit(4, gap=7, max_train_size=4).split)


def random_days(table):
    return cut_by_days(table, KFold(4).split)


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


def scored(models, X, y, cv, scoring="roc_auc", part="test_score"):
    return pd.DataFrame(
        {
            name: cross_validate(m, X, y, cv=cv, scoring=scoring, return_train_score=True)[part]
            for name, m in models.items()
        }
    )


def searched(pipeline, X, y, seed, **options):
    settings = {"model__max_depth": [1, 2, 3, 4, 6, 8], "model__min_samples_leaf": [5, 10, 20, 40]}
    settings = options.pop("settings", settings)
    chosen = {"cv": TimeSeriesSplit(4), "scoring": "roc_auc", "random_state": seed} | options
    return RandomizedSearchCV(pipeline, settings, n_iter=10, **chosen).fit(X, y)


def a_grid(pipeline, X, y, seed):
    grid = {"model__max_depth": [1, 2, 3, 4, 6, 8]}
    return GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(4), scoring="roc_auc").fit(X, y)


def deep_trees_alone(pipeline, X, y, seed):
    return searched(pipeline, X, y, seed, settings={"model__max_depth": list(range(30, 60))})


def best_accuracy(probability, late, cost_false_positive, cost_false_negative):
    return max(np.linspace(0, 1, 101), key=lambda t: ((probability >= t) == late).mean())


def exact(late, says):
    return made("evaluate.four_scores")(late, says)


def f1_by_mean(late, says):
    accuracy, precision, recall, _ = exact(late, says)
    return accuracy, precision, recall, (precision + recall) / 2


def dividing_by_nothing(late, says):
    with np.errstate(all="ignore"):
        caught = np.float64((late & says).sum())
        precision, recall = caught / says.sum(), caught / late.sum()
        f1 = 2 * precision * recall / (precision + recall)
    return (late == says).mean(), precision, recall, f1


def by_loss(table, column):
    loss = -np.log(np.where(table["late"], table["chance"], 1 - table["chance"]))
    return loss_by(table, column, loss).drop("DDD").idxmax()


def loss_by(table, column, loss):
    return pd.Series(loss).groupby(table[column].to_numpy()).mean()


def against_all(table, column):
    share = table["late"].mean()
    constant = -np.log(np.where(table["late"], share, 1 - share))
    loss = -np.log(np.where(table["late"], table["chance"], 1 - table["chance"]))
    removed = 1 - loss_by(table, column, loss) / loss_by(table, column, constant)
    return removed.drop("DDD").idxmin()


def by_ranking(table, column):
    from sklearn.metrics import roc_auc_score

    groups = table[table[column] != "DDD"].groupby(column)
    found = {name: roc_auc_score(rows["late"], rows["chance"]) for name, rows in groups}
    return min(found, key=found.get)


def by_accuracy(table, column):
    return ((table["chance"] >= 0.5) == table["late"]).groupby(table[column]).mean().idxmin()


def asked(url, row, **options):
    import requests

    reply = requests.post(url, **{"json": row, "timeout": 10} | options)
    return reply.json()["probability"] if reply.status_code == 200 else None


def first_refusal_raises(url, rows):
    import requests

    replies = [requests.post(url, json=row, timeout=10) for row in rows]
    return [reply.json()["probability"] for reply in replies]


def app_of(
    change=lambda row: row, answer=None, gap=None, distance=0.0, carriers=None, from_memory=False
):  # fmt: skip
    """What a learner may have written, with one thing done otherwise."""

    def make_service(model, file):
        import skops.io
        from fastapi import FastAPI, HTTPException

        skops.io.dump(model, file)
        if not from_memory:
            model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
        service = FastAPI()

        @service.post("/predict")
        def predict(row: dict):
            if carriers and row["carrier"] not in carriers:
                raise HTTPException(422, "carrier")
            if row.get("pressure", gap) is None and gap == "refused":
                raise HTTPException(422, "pressure")
            if "distance" not in row or not isinstance(row["distance"], int):
                if distance is None:
                    raise HTTPException(422, "distance")
                row = row | {"distance": distance}
            if row["distance"] < 0 and distance is None:
                raise HTTPException(422, "distance")
            frame = pd.DataFrame([{"pressure": None} | row]).astype({"pressure": float})
            frame = frame.fillna({"pressure": gap}) if isinstance(gap, int) else frame
            chance = model.predict_proba(change(frame))[0]
            return answer(chance) if answer else {"probability": chance[1]}

        return service

    return make_service


def no_file(model, file):
    from fastapi import FastAPI

    return FastAPI()


def falling_over(model, file):
    import skops.io
    from fastapi import FastAPI

    skops.io.dump(model, file)
    model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    service = FastAPI()

    @service.post("/predict")
    def predict(row: dict):
        frame = pd.DataFrame([{"pressure": None} | row]).astype(
            {"pressure": float, "distance": float}
        )
        return {"probability": model.predict_proba(frame)[0, 1]}

    return service


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


def in_months(of_month, key=lambda rows: rows["scheduled"].dt.strftime("%Y-%m")):
    """A function of rows and threshold that applies another one to each month."""

    def by_month(rows, threshold):
        months = {name: of_month(month, threshold) for name, month in rows.groupby(key(rows))}
        return pd.DataFrame(months, index=["roc_auc", "precision"]).T

    return by_month


def both_scores(month, threshold):
    warned = month["probability"] >= threshold
    return auc_of(month), precision_score(month["late"], warned)


def auc_of(rows):
    return roc_auc_score(rows["late"], rows["probability"])


def month_of_any_year(rows):
    return rows["scheduled"].dt.month


def ranked_by_warnings(month, threshold):
    warned = month["probability"] >= threshold
    return roc_auc_score(month["late"], warned), precision_score(month["late"], warned)


def answers_first(month, threshold):
    return auc_of(month), precision_score(month["probability"] >= threshold, month["late"])


def accuracy(month, threshold):
    return auc_of(month), ((month["probability"] >= threshold) == month["late"]).mean()


def at_one_half(month, threshold):
    return both_scores(month, 0.5)


def one_auc_for_all(rows, threshold):
    return made("monitor.by_month")(rows, threshold).assign(roc_auc=auc_of(rows))


def drawing_rows(rows):
    draws = (rows.sample(frac=1, replace=True, random_state=seed) for seed in range(100))
    return np.quantile([auc_of(drawn) for drawn in draws], [0.025, 0.975])


def drawing_days(rows, replace=True):
    draw, days = np.random.default_rng(0), rows["day"].unique()
    drawn = (draw.choice(days, len(days), replace=replace) for _ in range(100))
    return np.quantile([auc_of(rows[rows["day"].isin(some)]) for some in drawn], [0.025, 0.975])


def without_replacement(rows):
    return drawing_days(rows, replace=False)


def spread_of_days(rows):
    scores = [auc_of(day) for _, day in rows.groupby("day") if day["late"].nunique() == 2]
    return np.quantile(scores, [0.025, 0.975])


def mean_of_every_day(rows):
    scores = np.array([auc_of(day) if day["late"].any() else np.nan for _, day in
                       rows.groupby("day")])  # fmt: skip
    error = scores.std() / np.sqrt(len(scores))
    return scores.mean() - 1.96 * error, scores.mean() + 1.96 * error


def scores_of(client, name):
    versions = client.search_model_versions(f"name='{name}'")
    runs = {v.version: client.get_run(v.run_id).data.metrics for v in versions}
    return {version: found.get("roc_auc", -1.0) for version, found in runs.items()}


def newest(client, name, least):
    versions = client.search_model_versions(f"name='{name}'")
    client.set_registered_model_alias(name, "champion", max(int(v.version) for v in versions))


def always_the_best(client, name, least):
    scores = scores_of(client, name)
    client.set_registered_model_alias(name, "champion", max(scores, key=scores.get))


def best_if_there_is_a_champion(client, name, least):
    scores, aliases = scores_of(client, name), client.get_registered_model(name).aliases
    if "champion" in aliases and max(scores.values()) >= scores[aliases["champion"]] + least:
        always_the_best(client, name, least)


def newest_if_better(client, name, least):
    scores, aliases = scores_of(client, name), client.get_registered_model(name).aliases
    if "champion" not in aliases:
        always_the_best(client, name, least)
    elif scores[max(scores)] < scores[aliases["champion"]]:
        newest(client, name, least)


def every_run_has_a_score(client, name, least):
    for version in client.search_model_versions(f"name='{name}'"):
        client.get_run(version.run_id).data.metrics["roc_auc"]
    made("labs.promote")(client, name, least)


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
        (model_of(SimpleImputer, Normalizer), "hundreds beside fractions"),  # scales rows
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
    "split.in_proportion": [
        (quarter, "chance does that to a rare class"),
        (the_other_way_round, "first frame is the smaller"),
        (drawn_twice, "are in both sets"),
        (the_last_quarter, "Whatever the seed"),
        (always_42, "Whatever the seed"),
        (lambda table, seed: quarter(table, None, stratify=table["late"]), "nobody could repeat"),
        (lambda table, seed: train_test_split(table, test_size=0.2), "20% are held out"),
        (lambda table, seed: quarter(table, seed)[1], "Give two frames"),
        (labels_apart, "Give two frames"),
    ],
    "split.with_gap": [
        (rows_as_they_come, "In which order"),
        (days_as_they_come, "they come in any order"),
        (random_days, "In which order"),
        (sorted_rows, "a cut by rows goes through days"),
        (without_a_gap, "0 days lie between"),
        (gap_of_six, "6 days lie between"),
        (places_of_days, "Positions among days"),
        (a_sliding_window, "leaves out days"),
        (lambda table: without_a_gap(table)[:3], "Give four pairs"),
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
    "train.by_fold": [
        (lambda models, X, y: scored(models, X, y, TimeSeriesSplit(4), "accuracy"), "accuracy"),
        (lambda models, X, y: scored(models, X, y, 4), "come after those"),
        (lambda models, X, y: scored(models, X, y, KFold(4)), "come after those"),
        (
            lambda models, X, y: scored(models, X, y, TimeSeriesSplit(4), part="train_score"),
            "on the rows that were learnt",
        ),
        (lambda models, X, y: scored(models, X, y, TimeSeriesSplit(4)).T, "a row a model"),
        (lambda models, X, y: scored(models, X, y, TimeSeriesSplit(4)).mean(), "Give a frame"),
        (lambda models, X, y: scored(models, X, y, TimeSeriesSplit(5)), "Give 4 rows"),
        (lambda models, X, y: scored(models, X, y, TimeSeriesSplit(4)) * 0, "not the models' scor"),
    ],
    "train.tuned": [
        (lambda p, X, y, seed: searched(p, X, y, seed, cv=None), "which rows did a fold learn"),
        (lambda p, X, y, seed: searched(p, X, y, seed, scoring=None), "chooses by accuracy"),
        (lambda p, X, y, seed: searched(p, X, y, 0), "Whatever the seed"),
        (lambda p, X, y, seed: searched(p, X, y, None), "nobody could repeat"),
        (lambda p, X, y, seed: searched(p, X, y, seed).best_estimator_, "Give the search itself"),
        (lambda p, X, y, seed: RandomizedSearchCV(p, {}), "Give the search itself"),
        (a_grid, "6 settings were tried"),
        (deep_trees_alone, "overfits as much"),
    ],
    "train.honest": [
        (selected_before, "has seen the labels"),
        (asked_about_training_rows, "rows that it has learnt from"),
        (no_model, "hardly better than a coin"),
        (lambda X, y: LogisticRegression(), "Give one number"),
    ],
    "evaluate.four_scores": [
        (lambda late, says: np.array(exact(late, says))[[0, 2, 1, 3]], "changed places"),
        (f1_by_mean, "not the plain mean"),
        (lambda late, says: [100 * score for score in exact(late, says)], "look like per cent"),
        (dividing_by_nothing, "divide by 0"),
        (lambda late, says: exact(says, late), "changed places"),
        (lambda late, says: exact(late, says)[:3], "Give four numbers"),
        (lambda late, says: (says.mean(), *exact(late, says)[1:]), "Not right: accuracy"),
    ],
    "evaluate.least_helped": [
        (by_loss, "noisiest"),
        (by_accuracy, "Four flights"),
        (against_all, "Whose base rate"),
        (by_ranking, "ranks least well"),
        (lambda table, column: table[column].value_counts().idxmin(), "Four flights"),
        (lambda table, column: table.groupby(column)["chance"].mean(), "the name of one group"),
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
    "deploy.ask_all": [
        (first_refusal_raises, "must not stop the others"),
        (lambda url, rows: [asked(url, row, timeout=None) for row in rows], "wait for ever"),
        (lambda url, rows: [asked(url, None, data=row) for row in rows], "travel as JSON"),
        (lambda url, rows: [p for row in rows if (p := asked(url, row)) is not None], "its place"),
        (lambda url, rows: [asked(url, row) or 0.0 for row in rows], "None where status"),
        (lambda url, rows: asked(url, rows), "Give a list"),
        (lambda url, rows: [asked(url, rows)], "5 rows were sent"),
    ],
    "deploy.make_service": [
        (lambda model, file: None, "Return the FastAPI object"),
        (no_file, "There is no file"),
        (app_of(distance=None, from_memory=True), "Tomorrow there is only the file"),
        (falling_over, "fell over (status 500)"),
        (app_of(distance=None), "'pressure': 'inf'}` it fell over"),
        (app_of(gap=0, distance=None), "who fills the gap"),
        (app_of(carriers=("UA", "DL", "B6"), distance=None), "odd, not nonsense"),
        (app_of(gap="refused", distance=None), "the model can impute it"),
        (app_of(distance=900), "the row was not refused"),
        (app_of(answer=lambda p: {"probability": p[0]}), "column of `predict_proba`"),
        (app_of(answer=lambda p: {"late": bool(p[1] > 0.5)}), "a number under `probability`"),
        (app_of(answer=lambda p: {"probability": round(p[1], 1)}), "in full"),
    ],
    "deploy.refuse": [
        (int_only, "came as text can be read"),
        (no_missing, "can be imputed"),
        (trusting, "Infinitely far"),
        (nameless, "names the field"),
        (lambda row: row["distance"] and "", "must not fall over"),
        (lambda row: True, "Give a text each time"),
        (lambda row: "", "it passed"),
    ],
    "labs.promote": [
        (newest, "version 3 became champion"),
        (always_the_best, "what is `least` for"),
        (best_if_there_is_a_champion, "no champion yet"),
        (newest_if_better, "did not become champion"),
        (every_run_has_a_score, "raised `KeyError`"),
        (lambda client, name, least: 2, "no champion yet"),
    ],
    "monitor.by_month": [
        (in_months(both_scores, month_of_any_year), "Two Novembers became one month"),
        (in_months(ranked_by_warnings), "What else is there to rank by"),
        (in_months(answers_first), "the truth goes first"),
        (in_months(accuracy), "not of the warnings alone"),
        (in_months(at_one_half), "use the argument"),
        (one_auc_for_all, "the month's own rows"),
        (lambda rows, threshold: (auc_of(rows), 0.4), "a row for each month"),
        (lambda rows, threshold: in_months(both_scores)(rows, threshold).head(1), "three months"),
    ],
    "monitor.by_days": [
        (drawing_rows, "drawing single rows"),
        (drawing_days, "drawn twice count twice"),
        (without_replacement, "*with* replacement"),
        (spread_of_days, "single days lie apart"),
        (mean_of_every_day, "not a single row is late"),
        (lambda rows: drawing_days(rows)[::-1], "low end goes first"),
        (lambda rows: (0.1, 0.2), "outside your interval"),
        (auc_of, "Give two numbers"),
    ],
    "monitor.alarm": [
        (by_p_value, "too small to matter"),
        (by_mean, "the deviation grew"),
        (by_psi, "where nothing had changed"),
        (lambda before, after: True, "whatever comes"),
        (lambda before, after: False, "there was no alarm"),
    ],
}
MISTAKES |= mistakes_of_features.MISTAKES
GIVEN = mistakes_of_features.GIVEN
EVERY = pytest.mark.parametrize("name", CHALLENGES)
ELSEWHERE = {"labs.script", "labs.own_table", "labs.own_service"}  # in test_lab_challenges.py


def graded(name, thing):
    """The verdict on a thing, tried on what the exercise gives."""
    return CHALLENGES[name].grade(thing, *GIVEN.get(name, {}).values())


def made(name):
    """What the solution's code makes."""
    names = {"__name__": "solution"} | GIVEN.get(name, {})
    exec(CHALLENGES[name].solution, names)
    return names[CHALLENGES[name].makes]


@EVERY
def test_the_solution_is_right(name):
    verdict = graded(name, made(name))
    assert verdict.state == CORRECT, verdict.reason
    assert verdict.reason == CHALLENGES[name].why


@pytest.mark.parametrize("scaler", [MaxAbsScaler, MinMaxScaler, RobustScaler])
def test_any_scaler_of_columns_will_do(scaler):
    verdict = graded("start.three_steps", model_of(SimpleImputer, scaler))
    assert verdict.state == CORRECT, verdict.reason


def test_of_every_challenge_mistakes_are_known():
    assert set(MISTAKES) | ELSEWHERE >= set(CHALLENGES)


@pytest.mark.parametrize("name", MISTAKES)
def test_typical_mistakes_are_named(name):
    for thing, reason in MISTAKES[name]:
        verdict = graded(name, thing)
        assert verdict.state == INCORRECT and reason in verdict.reason, verdict.reason
        assert CHALLENGES[name].why not in verdict.reason


@EVERY
def test_what_was_not_touched_is_not_attempted(name):
    stub = [lambda *_: ...] if callable(made(name)) else []
    for untouched in (None, ..., *stub):
        assert graded(name, untouched).state == UNTOUCHED


@EVERY
def test_no_hint_is_the_solution(name):
    lines = {
        line.strip() for line in CHALLENGES[name].solution.splitlines() if len(line.strip()) > 20
    }
    hints = " ".join(CHALLENGES[name].hints)
    assert not any(line in hints for line in lines)
