"""The lab on what matters most: data, features, algorithm, tuning, crossed and separated.

Every combination is scored on the same rows. The variance of the scores is then split between the
factors (analysis of variance). A sum of squares over the total flatters what has many degrees of
freedom, since chance gives each of them its part; so the shares are omega squared (Hays 1963,
"Statistics for Psychologists"), which takes that part off.

    python -m helpers.course.labs.what_matters_most     the whole grid, some ten minutes

It writes data/what_matters.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import RandomizedSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from ...base.places import DATA
from ...cells.kinds import is_date
from ...clean import cleaning_plan, column_cleaner
from ...examples import flights_example, flights_sources, penguins_example, plant_errors
from ...features import feature_plan
from ...learning.label_column import draft_label, read_label
from ...learning.task_kind import Task, encode, find_task
from ...pipeline import feature_steps
from ...tables import tidy_table

RESULTS = DATA / "what_matters.csv"
FACTORS = ("data", "features", "algorithm", "tuning")
SEEDS, DRAWS = 5, 6
ERROR_RATE = 0.08  # of all cells; what a hand-kept table looks like
MOST_ROWS = 1_500


def _flights() -> tuple[pd.DataFrame, dict]:
    joined = flights_example.join(flights_sources.read_sources(until="2013-08-31"))
    late = joined[joined["late"].notna()]
    about = flights_example.KNOWLEDGE | {"target": "late"}
    hidden = [*about["not_known"], *about["leave_out"]]
    rows = tidy_table.evenly_spaced_rows(late, MOST_ROWS).drop(columns=hidden, errors="ignore")
    return rows.reset_index(drop=True), about


def _penguins() -> tuple[pd.DataFrame, dict]:
    birds = pd.read_csv(penguins_example.penguins())
    birds = birds[birds["Sex"].notna()].drop(columns=["Individual ID", "Sample Number"])
    ratio = {"bill": "`Culmen Length (mm)` / `Culmen Depth (mm)`",
             "weight_for_size": "`Body Mass (g)` / `Flipper Length (mm)`"}  # fmt: skip
    return birds.reset_index(drop=True), {"target": "Sex", "derive": ratio}


def _diabetes() -> tuple[pd.DataFrame, dict]:
    from sklearn.datasets import load_diabetes

    rows = load_diabetes(as_frame=True, scaled=False).frame
    ratio = {"lipids": "s1 / s3", "pressure_for_size": "bp / bmi", "bmi_s5": "bmi * s5"}
    return rows, {"target": "target", "derive": ratio}


TABLES: dict[str, Callable] = {
    "flights": _flights,
    "penguins": _penguins,
    "diabetes": _diabetes,
}


CLASSIFIERS = {
    "linear": LogisticRegression(max_iter=500),
    "nearest neighbours": KNeighborsClassifier(),
    "tree": DecisionTreeClassifier(),
    "forest": RandomForestClassifier(60),
    "boosting": HistGradientBoostingClassifier(max_iter=60),
}
REGRESSORS = {
    "linear": Ridge(),
    "nearest neighbours": KNeighborsRegressor(),
    "tree": DecisionTreeRegressor(),
    "forest": RandomForestRegressor(60),
    "boosting": HistGradientBoostingRegressor(max_iter=60),
}
SPACES = {  # settings that tuning may draw
    "linear": {"C": loguniform(1e-3, 1e2)},
    "nearest neighbours": {"n_neighbors": randint(3, 60)},
    "tree": {"max_depth": randint(2, 12), "min_samples_leaf": randint(1, 40)},
    "forest": {"min_samples_leaf": randint(1, 20), "max_features": loguniform(0.1, 1)},
    "boosting": {"learning_rate": loguniform(0.02, 0.3), "max_leaf_nodes": randint(4, 32)},
}
OF_RIDGE = {"alpha": loguniform(1e-2, 1e3)}


def algorithms(task: Task, seed: int) -> dict[str, tuple]:
    """Five algorithms as they come, each with the settings that tuning may draw."""
    models = REGRESSORS if task.is_regression else CLASSIFIERS
    spaces = SPACES | {"linear": OF_RIDGE} if task.is_regression else SPACES
    return {name: (_seeded(model, seed), spaces[name]) for name, model in models.items()}


def _seeded(model, seed: int):
    draws = "random_state" in model.get_params()
    return clone(model).set_params(random_state=seed) if draws else clone(model)


def sides(name: str, seed: int, data: str, made: str):
    """Numbers and labels to learn from and to be asked, made from a table in one of four ways.

    `data` is "dirty" or "cleaned", `made` "raw" or "engineered" features. The errors are injected
    alike in both and in the rows that are asked, since production is no cleaner than training.
    """
    table, about = TABLES[name]()
    task, X, y = _with_errors(table, about["target"], seed)
    learnt, asked = train_test_split(np.arange(len(y)), test_size=0.3, random_state=seed,
                                     stratify=None if task.is_regression else y)  # fmt: skip
    X, plan = _cleaned(X, learnt, about) if data == "cleaned" else _as_it_came(X)
    makes = _engineered(X, plan, about, task) if made == "engineered" else _raw(X)
    maker = makes.fit(X.iloc[learnt], y[learnt])
    numbers = maker.fit_transform(X.iloc[learnt], y[learnt]), maker.transform(X.iloc[asked])
    return task, numbers[0], y[learnt], numbers[1], y[asked]


def _with_errors(table: pd.DataFrame, target: str, seed: int) -> tuple:
    """The task, and the rows with a label, errors injected, beside their labels."""
    dirty = plant_errors.inject(table, rate=ERROR_RATE, protect=[target], seed=seed)[0]
    label = read_label(dirty[target], draft_label(dirty[target]))
    task, known = find_task(label, target), label.notna().to_numpy()
    X = dirty[known].reset_index(drop=True).drop(columns=target)
    return task, X, encode(label[known], task)


def _cleaned(X: pd.DataFrame, learnt: np.ndarray, about: dict) -> tuple[pd.DataFrame, dict]:
    plan = cleaning_plan.draft_plan(X.iloc[learnt], about)
    return column_cleaner.Cleaner(plan).fit(X).transform(X), plan


def _as_it_came(X: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """The rows with nothing mended: numbers where a cell reads as one at once, words elsewhere."""
    read = {name: _read_at_once(X[name]) for name in X}
    columns = {name: {"kind": kind} for name, (kind, _) in read.items()}
    return pd.DataFrame({name: cells for name, (_, cells) in read.items()}), {"columns": columns}


def _read_at_once(column: pd.Series) -> tuple[str, pd.Series]:
    """The kind of a column and its cells: what more than half of them read as."""
    enough = 0.5 * column.notna().sum()
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().sum() > enough:
        return "number", numbers.astype(float)
    days = pd.to_datetime(column, errors="coerce", format="ISO8601")
    if days.notna().sum() > enough:
        return "date", days
    return "category", column.astype("str")


def _raw(X: pd.DataFrame) -> Pipeline:
    """What takes no thought: numbers scaled, a code for each word, a date as a count of days."""
    return make_pipeline(_Codes(), SimpleImputer(keep_empty_features=True), StandardScaler())


class _Codes:
    """Words as codes in the order of the alphabet, dates as days; a word not seen is missing."""

    def fit(self, X: pd.DataFrame, y=None):
        self.levels_ = {c: pd.Index(sorted(X[c].dropna().unique())) for c in X
                        if pd.api.types.is_string_dtype(X[c].dtype)}  # fmt: skip
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return np.column_stack([self._numbers(X[name]) for name in X])

    def fit_transform(self, X: pd.DataFrame, y=None) -> np.ndarray:
        return self.fit(X).transform(X)

    def _numbers(self, column: pd.Series) -> np.ndarray:
        if column.name in self.levels_:
            codes = self.levels_[column.name].get_indexer(column).astype(float)
            return np.where(codes < 0, np.nan, codes)
        if is_date(column):
            days = (column - pd.Timestamp("2000-01-01")).dt.total_seconds() / 86_400
            return days.to_numpy(dtype=float)
        return column.astype("float64").to_numpy()


def _engineered(X: pd.DataFrame, plan: dict, about: dict, task: Task) -> Pipeline:
    """The line's own features: dates in parts, categories encoded, formulas."""
    made = feature_plan.plan_features(X, plan, about)
    return feature_steps.make_features(made | {"task": task.kind})


def score_one(name: str, seed: int, algorithm: str, tuned: bool, made) -> float:
    """ROC AUC or R² on the rows that are asked; `made` is what `sides` gives.

    An R² below 0 counts as 0: one would predict the mean instead.
    """
    task, X, y, asked, truth = made
    model, space = algorithms(task, seed)[algorithm]
    scoring = "r2" if task.is_regression else "roc_auc"
    if tuned:
        model = RandomizedSearchCV(model, space, n_iter=DRAWS, cv=3, scoring=scoring,
                                   random_state=seed)  # fmt: skip
    with threadpool_limits(1):
        found = float(get_scorer(scoring)(model.fit(X, y), asked, truth))
    return max(found, 0.0) if task.is_regression else found


def grid(tables=tuple(TABLES), seeds: int = SEEDS, only: dict | None = None) -> pd.DataFrame:
    """A row per combination: table, the four factors, seed, score. `only` fixes some factors."""
    rows = [row for name in tables for seed in range(seeds) for row in _scores(name, seed, only)]
    return pd.DataFrame(rows)


def _scores(name: str, seed: int, only: dict | None) -> Iterator[dict]:
    names = list(algorithms(Task("y", "binary"), seed))
    for sort in _chosen(only, data=("dirty", "cleaned"), features=("raw", "engineered")):
        prepared = sides(name, seed, sort["data"], sort["features"])
        for way in _chosen(only, algorithm=names, tuning=("defaults", "tuned")):
            found = score_one(name, seed, way["algorithm"], way["tuning"] == "tuned", prepared)
            yield {"table": name} | sort | way | {"seed": seed, "score": round(found, 4)}


def _chosen(only: dict | None, **levels) -> Iterator[dict]:
    """Every combination of levels in which those that `only` fixes are as it says."""
    every = (dict(zip(levels, found, strict=True)) for found in product(*levels.values()))
    fixed = {factor: level for factor, level in (only or {}).items() if factor in levels}
    return (one for one in every if fixed.items() <= one.items())


def shares(results: pd.DataFrame) -> pd.DataFrame:
    """The share of the scores' variance that each factor explains, a column a table.

    The seeds' own level (which rows were asked) is taken out first. "Together" is what pairs of
    factors explain beyond each alone; "rest" is chance and higher orders. The design is balanced.
    Shares are omega squared, at least 0; the rest is what remains of 1.

    >>> rows = [(f, a, s, f == "new") for f in ("raw", "new") for a in "xy" for s in (0, 1)]
    >>> one = pd.DataFrame(rows, columns=["features", "algorithm", "seed", "score"])
    >>> shares(one.assign(table="t", data="d", tuning="u"))["t"].round(2).to_dict()
    {'data': 0.0, 'features': 1.0, 'algorithm': 0.0, 'tuning': 0.0, 'together': 0.0, 'rest': 0.0}
    """
    found = {}
    for name, rows in results.groupby("table", sort=False):
        squares, free = _sums_of_squares(rows)
        chance = max(squares["rest"], 0) / max(free["rest"], 1)
        total = sum(squares.values()) + chance or 1.0
        parts = {f: max(squares[f] - free[f] * chance, 0) / total for f in (*FACTORS, "together")}
        found[name] = parts | {"rest": 1 - sum(parts.values())}
    return pd.DataFrame(found).rename_axis("share of the variance")


def _sums_of_squares(rows: pd.DataFrame) -> tuple[dict[str, float], dict[str, int]]:
    """The sums of squares of the factors, all pairs and the rest; their degrees of freedom."""
    score = rows["score"].astype(float) - rows.groupby("seed")["score"].transform("mean")
    squares = {f: _explained(score, rows, [f]) for f in FACTORS}
    free = {f: rows[f].nunique() - 1 for f in FACTORS}
    pairs = list(combinations(FACTORS, 2))
    squares["together"] = sum(
        _explained(score, rows, [a, b]) - squares[a] - squares[b] for a, b in pairs
    )
    free["together"] = sum(free[a] * free[b] for a, b in pairs)
    squares["rest"] = float((score**2).sum()) - sum(squares.values())
    free["rest"] = len(rows) - rows["seed"].nunique() - sum(free.values())
    return squares, free


def _explained(score: pd.Series, rows: pd.DataFrame, factors: list[str]) -> float:
    means = score.groupby([rows[f] for f in factors]).transform("mean")
    return float((means**2).sum())


STEPS = {  # a factor, with the step and without it
    "cleaning": ("data", "cleaned", "dirty"),
    "engineering features": ("features", "engineered", "raw"),
    "tuning": ("tuning", "tuned", "defaults"),
}


def effects(results: pd.DataFrame) -> pd.DataFrame:
    """What one gains by each step, all else averaged: the mean score with it minus without it."""
    found = {}
    for name, rows in results.groupby("table", sort=False):
        means = {step: rows[rows[f] == a]["score"].mean() - rows[rows[f] == b]["score"].mean()
                 for step, (f, a, b) in STEPS.items()}  # fmt: skip
        by_algorithm = rows.groupby("algorithm")["score"].mean()
        means["best algorithm instead of the worst"] = by_algorithm.max() - by_algorithm.min()
        found[name] = means
    return pd.DataFrame(found).rename_axis("gain by")


def describe_shares(table: pd.DataFrame) -> str:
    """What the grid says of the claim, in a sentence."""
    mine = table.loc[["data", "features"]].sum().mean()
    theirs = table.loc["algorithm"].mean()
    verdict = "holds" if mine >= 0.8 and theirs <= table.loc["tuning"].mean() else "does not hold"
    each = ", ".join(f"{n} {s:.0%}" for n, s in table.loc[["data", "features"]].sum().items())
    return (
        f"**On these tables the claim {verdict}.** Data and features together explain "
        f"**{mine:.0%}** of the variance on average ({each}), the choice of the algorithm "
        f"**{theirs:.0%}**, tuning {table.loc['tuning'].mean():.0%}."
    )


def compare(slice_again: pd.DataFrame, committed: pd.DataFrame) -> float:
    """The largest difference between scores that were measured again and those committed."""
    keys = ["table", *FACTORS, "seed"]
    both = slice_again.merge(committed, on=keys, suffixes=("", "_committed"), validate="1:1")
    return float((both["score"] - both["score_committed"]).abs().max())


def main(path: Path = RESULTS) -> None:
    """Run the whole grid and write its table."""
    grid().to_csv(path, index=False)


if __name__ == "__main__":
    main()
