"""A table with every kind of column, and models of every kind, to test the quick scorers."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from helpers.clean import cleaning_plan, column_cleaner
from helpers.features import feature_plan
from helpers.learning.task_kind import Task
from helpers.models import model_ladder
from helpers.models.calibrated_model import Calibrated
from helpers.pipeline import whole_pipeline
from helpers.pipeline.compiled import Compiled

ROWS = 400


RANDOM = np.random.default_rng(11)


def table() -> pd.DataFrame:
    """Every kind of column, with gaps, spellings, and a ZIP that gives its city."""
    cities = ["Salem", "Boston", "Lowell", "Lynn"]
    where = RANDOM.integers(0, 4, ROWS)
    day = pd.Timestamp("2020-03-01") + pd.to_timedelta(RANDOM.integers(0, 600, ROWS), unit="h")
    words = ["red", "warm", "loud", "thin", "sour", "late", "deep", "calm"]
    frame = pd.DataFrame(
        {
            "weight": [f"{value:.2f} kg" for value in RANDOM.normal(60, 9, ROWS)],
            "size": RANDOM.normal(10, 3, ROWS).round(3),
            "zip": np.array(["01970", "02108", "01850", "01901"])[where],
            "city": np.array(cities)[where],
            "maker": [f"maker {n}" for n in RANDOM.integers(0, 60, ROWS)],
            "seen": day.strftime("%Y-%m-%d %H:%M"),
            "sold": day.strftime("%d/%m/%Y"),
            "paid": RANDOM.choice(["yes", "no"], ROWS),
            "note": [" ".join(RANDOM.choice(words, 6)) for _ in range(ROWS)],
        }
    ).astype({"weight": "str", "paid": "str"})
    for name in ("weight", "size", "city", "seen", "note", "maker"):
        frame.loc[RANDOM.random(ROWS) < 0.05, name] = None
    frame.loc[RANDOM.random(ROWS) < 0.05, "city"] = "boston "
    return frame.assign(leaves=day.strftime("%I:%M %p"), **with_forms())


def with_forms() -> dict[str, pd.Series]:
    """Columns of texts that have numbers in them, with gaps."""
    random = np.random.default_rng(12)
    found = {"age": ["18-29", "30 - 44", "45+"], "release": ["v1.9.0", "1.10.2"]}
    found |= {"risk": ["low", "mid", "high"], "at": ["40.71, -74.01", "41.88, -87.63"]}
    found |= {"mail": [f"{n}@{host}.org" for n in range(90) for host in ("abc", "def", "gh")]}
    found |= {"postcode": [f"{n}{end:02d}" for n in (850, 606, 100) for end in range(60)]}
    columns = {name: pd.Series(random.choice(some, ROWS)) for name, some in found.items()}
    return {n: column.mask(random.random(ROWS) < 0.05) for n, column in columns.items()}


RAW = table()


CLASSES = {
    "binary": Task("y", "binary", ("no", "yes"), "yes"),
    "multiclass": Task("y", "multiclass", ("a", "b", "c")),
    "regression": Task("y", "regression"),
}


def labels(kind: str) -> np.ndarray:
    """Labels of the rows of `RAW`, the same each time."""
    noise = np.random.default_rng(13).normal(0, 1, ROWS)
    signal = RAW["size"].fillna(10).to_numpy() + noise
    if kind == "regression":
        return signal
    names = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"]}[kind]
    edges = np.quantile(signal, np.linspace(0, 1, len(names) + 1)[1:-1])
    return np.array(names, dtype=object)[np.searchsorted(edges, signal)]


@cache
def cleaned() -> tuple[dict, pd.DataFrame]:
    cleaning = cleaning_plan.draft_plan(RAW, {"target": "y"})
    return cleaning, column_cleaner.Cleaner(cleaning).fit_transform(RAW)


def fitted(kind: str, model, keep: int = 0):
    cleaning, rows = cleaned()
    derive = "ratio = size / weight; usual = size - mean_by(size, city); root = sqrt(size - 9)"
    derive += "; north = cos(size)"
    plan = feature_plan.plan_features(rows, cleaning, {"target": "y", "task": kind}, derive=derive)
    plan |= {"task": kind, "keep": keep}
    return whole_pipeline.fit(cleaning, plan, model, rows, labels(kind)), list(plan["columns"])


def compiled(kind: str, model, keep: int = 0) -> tuple[Compiled, Pipeline]:
    """The compiled form of a fitted pipeline, and the pipeline."""
    whole, used = fitted(kind, model, keep)
    return Compiled(CLASSES[kind], whole, used), whole


BOOSTED = {"max_iter": 30, "random_state": 0}
ADDITIVE = BOOSTED | model_ladder.ADDITIVE_SETTINGS


FOREST = {"n_estimators": 20, "max_depth": 7, "random_state": 0}


MODELS = {
    "binary": [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(**FOREST),
        HistGradientBoostingClassifier(**BOOSTED),
        HistGradientBoostingClassifier(**ADDITIVE),
        DummyClassifier(strategy="prior"),
        FixedThresholdClassifier(
            Calibrated(RandomForestClassifier(**FOREST), 1.2, (0.0, 0.3)),
            threshold=0.3, pos_label="yes", response_method="predict_proba"),
        model_ladder.ensemble_of(CLASSES["binary"], {"a": LogisticRegression(max_iter=500),
                                               "b": RandomForestClassifier(**FOREST)}),
    ],
    "multiclass": [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(**FOREST),
        HistGradientBoostingClassifier(**BOOSTED),
        Calibrated(LogisticRegression(max_iter=500), 0.8, (0.0, 0.1, 0.2), (1.0, 2.0, 3.0)),
    ],
    "regression": [
        Ridge(),
        RandomForestRegressor(**FOREST),
        HistGradientBoostingRegressor(**BOOSTED),
        HistGradientBoostingRegressor(**ADDITIVE),
        DummyRegressor(),
    ],
}  # fmt: skip


CASES = [(kind, model) for kind, own in MODELS.items() for model in own]
