"""Reasons: do they sum to the score, are they what shap says, do they name what was planted?

A part of `make bench-answers`. The tables are made here, so that what decides is known: one column,
two together, a category; beside columns of noise and columns that go along with those that decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import Pipeline

from helpers.answers.additive import About
from helpers.answers.additive_models import additive_model
from helpers.answers.reasons import Reasons
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.models.calibrated_model import Calibrated
from helpers.models.compiled_models import compiled_model
from helpers.models.model_ladder import candidates, ensemble_of, on_one_thread
from helpers.pipeline.whole_pipeline import learner

ROWS, ASKED, SEEDS, NOISE = 2_000, 200, 1, 8
RULES = ("one column", "two columns", "a category")
BESIDE = ("noise", "noise and correlated columns")
TASKS = {
    "binary": Task("y", "binary", ("no", "yes"), "yes"),
    "multiclass": Task("y", "multiclass", ("a", "b", "c")),
    "regression": Task("y", "regression"),
}
PLANTED = ("binary", "regression")  # three classes take four times as long
BIG = 25_000  # rows for the forest of many rows


def measure(found: dict, **options) -> Iterator[dict]:
    """What is found, after each step."""
    for name, step in STEPS.items():
        found = found | {name: step()}
        yield found


# Tables with a rule


def table(rule: str, beside: str, seed: int) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Rows, where the rule holds, and the columns that decide it."""
    random = np.random.default_rng(seed)
    names = ["a", "b", *(f"noise_{n}" for n in range(NOISE))]
    X = pd.DataFrame(random.normal(size=(ROWS, len(names))).round(2), columns=names)
    X["kind"] = random.choice(["red", "green", "blue", "grey"], ROWS)
    if beside != "noise":
        for name in "ab":
            X[f"like_{name}"] = (0.7 * X[name] + 0.7 * random.normal(size=ROWS)).round(2)
    holds = {
        "one column": X["a"] > 0.8,
        "two columns": (X["a"] > 0.2) & (X["b"] > 0.2),
        "a category": X["kind"] == "red",
    }[rule]
    columns = {"one column": ["a"], "two columns": ["a", "b"], "a category": ["kind"]}[rule]
    return X, holds.to_numpy(), columns


def labels(kind: str, holds: np.ndarray, seed: int) -> np.ndarray:
    """Labels that the rule decides, nine times in ten, or by five standard deviations."""
    random = np.random.default_rng(seed + 1_000)
    if kind == "regression":
        return 5.0 * holds + random.normal(size=len(holds))
    flipped = random.random(len(holds)) < 0.1
    if kind == "binary":
        return np.where(holds ^ flipped, "yes", "no").astype(object)
    other = random.choice(["a", "b"], len(holds))
    return np.where(holds ^ flipped, "c", other).astype(object)


def models(kind: str) -> dict:
    """The ladder without its baseline, calibrated as the line does, and the mean of two."""
    task = TASKS[kind]
    ladder = {name: on_one_thread(m) for name, m in list(candidates(task, ROWS).items())[1:]}
    ladder["ensemble"] = ensemble_of(task, dict(list(ladder.items())[1:]))
    if task.is_regression:
        return ladder
    shifts = tuple(0.1 * n for n in range(len(task.classes)))
    return {name: Calibrated(model, 1.1, shifts) for name, model in ladder.items()}


def fitted(X: pd.DataFrame, y: np.ndarray, model) -> Pipeline:
    """Features and model, fitted."""
    roles = {name: "category" if name == "kind" else "number" for name in X}
    return learner({"columns": roles, "derived": {}}, model).fit(X, y)


# What is measured


def planted() -> dict:
    """By model the share of rows on which the rule's columns are named first, and the worst sum."""
    found: dict[str, list] = {}
    for rule, beside, kind, seed in product(RULES, BESIDE, PLANTED, range(SEEDS)):
        X, holds, columns = table(rule, beside, seed)
        y, asked = labels(kind, holds, seed), np.flatnonzero(holds)[-ASKED:]
        learn = np.setdiff1d(np.arange(ROWS), asked)
        for name, model in models(kind).items():
            if name == "linear" and rule == "two columns":
                continue  # it can't know what only two columns have together
            pipeline = fitted(X.iloc[learn], y[learn], model)
            named, apart = _asked(TASKS[kind], pipeline, X.iloc[learn], X.iloc[asked], columns)
            found.setdefault(name, []).append((rule, beside, named, apart))
    return {name: _summed(rows) for name, rows in found.items()}


def _asked(task: Task, model: Pipeline, learn, rows, columns: list[str]) -> tuple[float, float]:
    """The share of rows that name the columns first, and how far sums are from scores at most."""
    reasons, (prediction, probability) = Reasons.of(task, model, learn), predict(task, model, rows)
    at = None if probability is None else pd.Index(task.classes).get_indexer(prediction.astype(str))
    X = np.asarray(model[:-1].transform(rows), dtype=float)
    added = reasons.of_rows(X, at)
    first = np.argsort(-np.abs(added), axis=1)[:, : len(columns)]
    names = np.array(reasons.columns)[first]
    named = np.isin(names, columns).all(axis=1)
    base = [
        reasons.base_of(0 if at is None else p) for p in (at if at is not None else [0] * len(X))
    ]
    sums = added.sum(axis=1) + base
    apart = np.abs(sums - _score(reasons.scale, prediction, probability, at))
    inside = True if probability is None else (probability > 5e-3).all(axis=1)
    return float(named.mean()), float(np.max(apart, where=inside, initial=0))


def _score(scale: str, prediction, probability, at) -> np.ndarray:
    if probability is None:
        return prediction
    rows = np.arange(len(at))
    if scale == "probability":
        return probability[rows, at]
    logs, count = np.log(np.clip(probability, 1e-300, None)), probability.shape[1]
    return (logs[rows, at] - logs.mean(axis=1)) * count / (count - 1)


def _summed(rows: list[tuple]) -> dict:
    """By rule and beside the mean share; the worst sum."""
    frame = pd.DataFrame(rows, columns=["rule", "beside", "named", "apart"])
    shares = frame.groupby(["rule", "beside"])["named"].mean()
    by_rule = {f"{rule}, {beside}": float(share) for (rule, beside), share in shares.items()}
    return {"named": by_rule, "apart": float(frame["apart"].max())}


def against_shap() -> dict:
    """By kind of trees and task the largest difference from `shap.TreeExplainer`; {} without it."""
    try:
        import shap
    except ModuleNotFoundError:
        return {}
    found = {}
    for kind in TASKS:
        X, holds, _ = table("two columns", BESIDE[1], 0)
        y, numbers = labels(kind, holds, 0), X.drop(columns="kind").to_numpy()
        for name in ("random forest", "gradient boosting"):
            model = on_one_thread(candidates(TASKS[kind], ROWS)[name])
            model = model.set_params(n_estimators=20) if name == "random forest" else model
            model.fit(numbers, y)
            said = np.asarray(shap.TreeExplainer(model).shap_values(numbers[:50]))
            said = said[:, None] if said.ndim == 2 else np.moveaxis(said, 2, 1)
            about = About(np.eye(numbers.shape[1]), exact=True)
            own = additive_model(model, about).rows(numbers[:50])
            apart = np.abs(own - said[:, -own.shape[1] :]).max()
            found[f"{name}, {kind}"] = float(apart)
    return found


def seconds() -> dict:
    """What reasons take beside the model's own answer, and how near quick forests are."""
    return {"gradient boosting": _times(ROWS), "random forest": _times(BIG)}


def _times(rows: int) -> dict:
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, 20)).round(2)
    score = X[:, 0] + X[:, 1] * X[:, 2] + np.sin(3 * X[:, 3])
    y = np.where(score + random.logistic(size=rows) > 0, "yes", "no")
    name = "gradient boosting" if rows == ROWS else "random forest"
    model = on_one_thread(candidates(TASKS["binary"], rows)[name]).fit(X, y)
    about, compiled = About(np.eye(20)), compiled_model(model)
    start = time.perf_counter()
    reasons, made = additive_model(model, about), None
    made = time.perf_counter() - start
    found = {"seconds to make": made, "row": _ratio(reasons.row, compiled.row, X[:300])}
    found["rows"] = _best(reasons.rows, X) / _best(compiled.table, X)
    if isinstance(model, RandomForestClassifier | RandomForestRegressor):
        found |= _near(
            reasons.rows(X[:40]), additive_model(model, About(np.eye(20), exact=True)), X[:40]
        )
    return found


def _near(quick: np.ndarray, exact, X: np.ndarray) -> dict:
    """How near quick contributions are to TreeSHAP."""
    start = time.perf_counter()
    truth = exact.rows(X)
    taken = (time.perf_counter() - start) / len(X)
    same = (np.abs(quick).argmax(axis=2) == np.abs(truth).argmax(axis=2)).mean()
    together = np.corrcoef(quick.ravel(), truth.ravel())[0, 1]
    return {"correlation": float(together), "same first": float(same), "exact ms": taken * 1e3}


def _ratio(one: Callable, other: Callable, X: np.ndarray) -> float:
    return _best(lambda rows: [one(x) for x in rows], X) / _best(
        lambda rows: [other(x) for x in rows], X
    )


def _best(work: Callable, X: np.ndarray, times: int = 3) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work(X)
        taken.append(time.perf_counter() - start)
    return min(taken)


STEPS = {"shap": against_shap, "planted": planted, "seconds": seconds}


# The page


def section(found: dict) -> list[str]:
    """The lines of ANSWERS.md, of what was measured."""
    return [*_planted_lines(found.get("planted", {})), *_shap_lines(found.get("shap", {})),
            *_seconds_lines(found.get("seconds", {}))]  # fmt: skip


def _planted_lines(planted: dict) -> list[str]:
    if not planted:
        return []
    rules = [f"{rule}, {beside}" for rule in RULES for beside in BESIDE]
    lines = [
        f"A rule is planted in {ROWS:,} rows (a tenth of the labels is wrong), beside {NOISE} "
        "columns of noise or also columns that correlate by 0.7 with those that decide. In up to "
        f"{ASKED} held-out rows where it holds, how often the rule's columns come first among the "
        f"reasons (of two columns: both before all others); {SEEDS} seed(s), two classes and "
        "numbers. Goal: 99 %. *Sum*: how far base and contributions are from the score at most. "
        "Goal: 0.000000001 (where all probabilities are above 0.5 %: before the floor under them).",
        "",
        f"| model | {' | '.join(rules)} | sum |", f"|---|{'---|' * (len(rules) + 1)}",
    ]  # fmt: skip
    for name, one in planted.items():
        shares = [f"{one['named'][rule]:.1%}" if rule in one["named"] else "–" for rule in rules]
        lines.append(f"| {name} | {' | '.join(shares)} | {_small(one['apart'])} |")
    return lines


def _small(number: float) -> str:
    """A tiny number as a bound, for people."""
    for digits in range(15, 2, -1):
        if number < 10.0**-digits:
            return f"< 0.{'0' * (digits - 1)}1"
    return f"{number:.6f}"


def _shap_lines(shap: dict) -> list[str]:
    if not shap:
        return ["", "shap is not installed: `make setup-scale`."]
    worst = max(shap.values())
    return ["", f"Largest difference from `shap.TreeExplainer` (path-dependent), {len(shap)} "
            f"models: {_small(worst)}. Goal: 0.000001."]  # fmt: skip


def _seconds_lines(seconds: dict) -> list[str]:
    lines = ["", "Time of all contributions, as a multiple of the model's own answer to the same "
             "features, in one run; 20 columns, two classes.", "",
             "| model | one row | many rows | seconds to make |", "|---|---|---|---|"]  # fmt: skip
    for name, one in seconds.items():
        made = one["seconds to make"]
        lines.append(f"| {name} | {one['row']:.1f} × | {one['rows']:.1f} × | {made:.1f} |")
    forest = seconds.get("random forest", {})
    if "correlation" in forest:
        lines += ["", "Large forests are quick and near: against exact TreeSHAP "
                  f"({forest['exact ms']:.0f} ms a row) the contributions correlate by "
                  f"{forest['correlation']:.3f}, and the first column is the same in "
                  f"{forest['same first']:.0%} of rows."]  # fmt: skip
    return lines
