"""Reasons of an answer: they sum to the score, are what shap says, and name what was planted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from helpers.answers import additive_models, cell_tables, cut_trees, path_shapley
from helpers.answers.additive import About
from helpers.answers.reasons import Reasons
from helpers.answers.sampled_reasons import ROWS as COMPARED
from helpers.answers.sampled_reasons import Sampled
from helpers.answers.tree_paths import paths_of
from helpers.base.places import REPOSITORY
from helpers.base.spacing import evenly_spaced
from helpers.base.user_errors import InputError
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.models import model_ladder
from helpers.models.calibrated_model import Calibrated
from helpers.models.parallel_trees import boosting_trees, forest_trees
from helpers.serving import model_bundle

from . import scorer_cases as cases
from .small import fitted, prepared

STORED = sorted(p.parent for p in (Path(__file__).parent / "stored").glob("*/*/given.json"))
FEW = 25
BOOSTED = {"max_iter": 15, "random_state": 0}
FOREST = {"n_estimators": 10, "max_depth": 5, "random_state": 0}
MIXED = {"a": LogisticRegression(), "b": RandomForestClassifier(**FOREST),
         "c": HistGradientBoostingClassifier(**BOOSTED)}  # fmt: skip
MORE = [
    ("binary", Calibrated(HistGradientBoostingClassifier(**BOOSTED), 1.3, (0.0, 0.4))),
    ("multiclass", Calibrated(RandomForestClassifier(**FOREST), 1.3, (0.0, 0.4, 0.1))),
    ("multiclass", model_ladder.ensemble_of(cases.CLASSES["multiclass"], MIXED)),
    ("binary", ExtraTreesClassifier(5, max_depth=3, random_state=0)),
]


def score_of(reasons: Reasons, task: Task, prediction, probability) -> np.ndarray:
    """What the contributions have to sum to, from the answers of the pipeline."""
    if probability is None:
        return prediction
    rows, at = np.arange(len(prediction)), positions(task, prediction)
    if reasons.scale == "probability":
        return probability[rows, at]
    logs = np.log(np.clip(probability, 1e-300, None))
    count = logs.shape[1]
    return (logs[rows, at] - logs.mean(axis=1)) * count / (count - 1)


def positions(task: Task, prediction) -> np.ndarray | None:
    if task.is_regression:
        return None
    return np.array([task.classes.index(str(label)) for label in prediction])


def explained(task: Task, model, raw: pd.DataFrame, asked: pd.DataFrame, **options):
    """The reasons, those of some raw rows, and their sums with the base."""
    reasons = Reasons.of(task, model, raw, **options)
    X = np.asarray(model[:-1].transform(asked), dtype=float)
    at = positions(task, predict(task, model, asked)[0])
    added = reasons.of_rows(X, at)
    own = [0] * len(X) if at is None else at
    each = np.stack([reasons.of_row(x, position) for x, position in zip(X, own, strict=True)])
    assert np.abs(each - added).max() < 1e-9, "one row is answered as many are"
    return reasons, added, added.sum(axis=1) + [reasons.base_of(p) for p in own]


@pytest.mark.parametrize(("kind", "model"), cases.CASES + MORE)
def test_the_contributions_sum_to_the_score_of_each_model(kind, model):
    task, asked = cases.CLASSES[kind], cases.RAW.head(FEW)
    whole, _ = cases.fitted(kind, model)
    reasons, _, sums = explained(task, whole, cases.RAW.head(100), asked)
    prediction, probability = predict(task, whole, asked)
    inside = np.full(FEW, True) if probability is None else (probability > 5e-3).all(axis=1)
    apart = np.abs(sums - score_of(reasons, task, prediction, probability))
    assert apart[inside].max() < 1e-9
    assert reasons.columns == list(dict.fromkeys(reasons.columns))
    assert set(reasons.columns) <= set(cases.RAW), "the columns are the user's own"


def by_features(model, X: np.ndarray, **options) -> np.ndarray:
    """n × K × features."""
    return additive_models.additive_model(model, About(np.eye(X.shape[1]), **options)).rows(X)


def numbers(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 6)).round(2)
    return X, X[:, 0] + X[:, 1] * X[:, 2] + np.sin(3 * X[:, 3]) + random.normal(0, 0.3, rows)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_contributions_of_boosting_are_what_shap_says(missing):
    shap = pytest.importorskip("shap", reason="shap is not installed: make setup-scale")
    X, y = numbers()
    X[np.random.default_rng(1).random(X.shape) < missing] = np.nan
    classes = np.digitize(y, [-0.5, 0.7])
    for model, target in [
        (HistGradientBoostingRegressor(**BOOSTED), y),
        (HistGradientBoostingClassifier(**BOOSTED), y > 0),
        (HistGradientBoostingClassifier(**BOOSTED), classes),
    ]:
        model.fit(X, target)
        said = shap.TreeExplainer(model).shap_values(X[:FEW])
        said = said[:, None] if said.ndim == 2 else np.moveaxis(said, 2, 1)
        assert np.abs(by_features(model, X[:FEW]) - said).max() < 1e-6


def test_contributions_of_forests_are_what_shap_says():
    shap = pytest.importorskip("shap", reason="shap is not installed: make setup-scale")
    X, y = numbers()
    classes = np.digitize(y, [-0.5, 0.7])
    for model, target in [
        (RandomForestRegressor(**FOREST), y),
        (RandomForestClassifier(**FOREST), classes),
        (RandomForestClassifier(**FOREST), y > 0),
    ]:
        said = shap.TreeExplainer(model.fit(X, target)).shap_values(X[:FEW])
        said = said[:, None] if said.ndim == 2 else np.moveaxis(said, 2, 1)
        own = by_features(model, X[:FEW])
        assert np.abs(own - said[:, -own.shape[1] :]).max() < 1e-6


def test_tables_and_leaves_say_the_same():
    X, y = numbers()
    model = HistGradientBoostingRegressor(**BOOSTED).fit(X, y)
    paths, shares = paths_of(boosting_trees(model._predictors)), np.eye(6)
    plain = path_shapley.PathShapley(paths, shares).rows(X[:FEW])
    tables = cell_tables.tables_of(paths, shares)
    assert np.abs(tables.rows(X[:FEW]) - plain).max() < 1e-12
    assert cell_tables.tables_of(paths, shares, most=10) is None, "they would be too large"


def test_cut_trees_sum_to_the_answer_and_are_near_to_treeshap(monkeypatch):
    X, y = numbers(2_000)
    model = RandomForestRegressor(10, max_depth=9, random_state=0).fit(X, y)
    exact = by_features(model, X[:FEW], exact=True)[:, 0]
    monkeypatch.setattr(cell_tables, "MOST_LEAVES", 100)
    monkeypatch.setattr(cut_trees, "MOST_LEAVES", 100)
    cut = additive_models.additive_model(model, About(np.eye(6)))
    near = cut.rows(X[:FEW])[:, 0]
    assert np.abs(near.sum(axis=1) + cut.base - model.predict(X[:FEW])).max() < 1e-9
    assert np.abs(cut.row(X[0]) - near[0]).max() < 1e-12
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.95
    assert cut.error == cut_trees.CUT
    assert np.abs(by_features(model, X[:3], exact=True)[:, 0] - exact[:3]).max() < 1e-12


def test_a_missing_feature_takes_the_way_of_the_trees():
    X, y = numbers()
    X[::3, 0] = np.nan
    model = HistGradientBoostingRegressor(**BOOSTED).fit(X, y)
    found = additive_models.additive_model(model, About(np.eye(6)))
    assert np.abs(found.rows(X).sum(axis=(1, 2)) + found.base - model.predict(X)).max() < 1e-9


def test_sampling_is_exact_where_columns_only_add_up():
    X, y = numbers()
    model = Ridge().fit(X, y)
    sampled = Sampled(model, About(np.eye(6), lambda: X))
    compared = X[evenly_spaced(len(X), COMPARED)]
    goal = model.coef_ * (X[0] - compared.mean(axis=0))
    assert np.abs(sampled.row(X[0])[0] - goal).max() < 1e-9
    assert sampled.deviations(X[0]).max() < 1e-9


def test_sampled_reasons_lie_within_their_standard_errors():
    X, y = numbers()
    model = HistGradientBoostingClassifier(**BOOSTED).fit(X, y > 0)
    sampled = Sampled(model, About(np.eye(6), lambda: X))
    added, wide = sampled.row(X[0])[0], sampled.deviations(X[0])[0]
    orders = [np.random.default_rng(n).permutation(6) for n in range(200)]
    many = np.mean([sampled._added(X[0], order)[0] for order in orders], axis=0) @ sampled.owners
    assert (np.abs(added - many) <= 5 * wide + 0.01).all()
    assert abs(added.sum() + sampled.base[0] - model.predict_proba(X[:1])[0, 1]) < 1e-9


def planted(seed: int, rows: int = 1_500) -> pd.DataFrame:
    """`a` decides alone where it is high; else `b` and `c` together; the others are noise."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(size=(rows, 8)).round(2), columns=list("abcdefgh"))
    table["g"] = (table["a"] + random.normal(0, 1, rows)).round(2)  # goes along with it
    table["kind"] = random.choice(["red", "green", "blue"], rows)
    return table


@pytest.mark.parametrize("model", [
    LogisticRegression(max_iter=500), RandomForestClassifier(40, max_depth=8, random_state=0),
    HistGradientBoostingClassifier(max_iter=40, random_state=0)])  # fmt: skip
def test_a_planted_rule_is_named_first(model):
    raw = planted(1)
    raw["y"] = np.where(raw["a"] > 0.5, "yes", "no")
    made = prepared("y", raw)
    whole = fitted(made, model)
    asked = raw.drop(columns="y")
    reasons, added, _ = explained(made.task, whole, asked, asked.iloc[:200])
    first = np.array(reasons.columns)[np.abs(added).argmax(axis=1)]
    sure = np.abs(asked["a"].iloc[:200] - 0.5) > 0.25  # beside its limit a rule says little
    assert (first == "a")[sure].mean() >= 0.99


def test_a_category_and_a_formula_are_named_by_the_columns_of_the_table():
    raw = planted(2)
    raw["y"] = raw["a"] * raw["b"]
    made = prepared("y", raw)
    made.plan["derived"] = {"both": "a * b"}
    whole = fitted(made, HistGradientBoostingRegressor(**BOOSTED))
    asked = raw.drop(columns="y")
    reasons, added, _ = explained(made.task, whole, asked, asked.iloc[:FEW])
    assert "both" not in reasons.columns and "kind" in reasons.columns
    a, b = (added[:, reasons.columns.index(name)] for name in "ab")
    assert np.corrcoef(a, b)[0, 1] > 0.9, "what both have together is shared equally"


def test_the_topics_of_a_text_are_one_column():
    random = np.random.default_rng(0)
    words = random.choice(["red", "warm", "loud", "thin", "sour", "late", "deep"], (300, 7))
    raw = pd.DataFrame({"note": [" ".join(some) for some in words], "x": random.normal(size=300)})
    raw["y"] = np.where(raw["note"].str.contains("loud"), "yes", "no")
    made = prepared("y", raw)
    assert made.plan["columns"]["note"] == "text"
    asked = raw.drop(columns="y")
    whole = fitted(made, LogisticRegression(max_iter=500))
    reasons, added, _ = explained(made.task, whole, asked, asked.head(FEW))
    assert sorted(reasons.columns) == ["note", "x"]
    size = np.abs(added).mean(axis=0)
    assert size[reasons.columns.index("note")] > 3 * size[reasons.columns.index("x")]


def test_a_constant_model_has_no_reasons():
    made = prepared()
    reasons, added, sums = explained(
        made.task, fitted(made, DummyClassifier(strategy="prior")), made.raw, made.raw.head(3)
    )
    assert not added.any() and reasons.is_exact
    assert abs(sum(reasons.base) - 1) < 1e-12


def test_a_model_that_saw_one_class_answers_it_and_knows_no_other():
    made = prepared()
    made.rows = replace(made.rows, y=np.full(len(made.rows.y), "no", dtype=object))
    whole = fitted(made, RandomForestClassifier(5, random_state=0))
    reasons, added, sums = explained(made.task, whole, made.raw, made.raw.head(3))
    assert not added.any() and (sums == 1).all()
    assert np.isnan(reasons.base[made.task.classes.index("yes")])


def test_without_rows_to_compare_with_there_is_one_clear_line():
    made = prepared()
    with pytest.raises(InputError, match="stages 7"):
        Reasons.of(made.task, fitted(made))
    forest = fitted(made, HistGradientBoostingClassifier(**BOOSTED))
    assert Reasons.of(made.task, forest).is_exact, "trees keep what they need"


@pytest.mark.parametrize("stored", STORED, ids=lambda folder: folder.name)
def test_a_bundle_of_an_earlier_version_has_reasons(stored, monkeypatch):
    monkeypatch.chdir(REPOSITORY)  # pictures are where they were
    bundle = model_bundle.load_bundle(str(stored / "model"))
    asked = bundle.examples.head(5)
    reasons, _, sums = explained(bundle.task, bundle.model, bundle.examples, asked)
    prediction, probability = predict(bundle.task, bundle.model, asked)
    assert np.abs(sums - score_of(reasons, bundle.task, prediction, probability)).max() < 1e-9


def test_two_classes_have_opposite_reasons():
    made = prepared()
    whole = fitted(made, HistGradientBoostingClassifier(**BOOSTED))
    reasons = Reasons.of(made.task, whole)
    x = np.asarray(whole[:-1].transform(made.raw), dtype=float)[0]
    assert np.abs(reasons.of_row(x, 0) + reasons.of_row(x, 1)).max() < 1e-12
    assert reasons.base[0] == -reasons.base[1]
    yes = predict(made.task, whole, made.raw.head(1))[1][0, 1]
    assert abs(reasons.base[1] + reasons.of_row(x, 1).sum() - logit(yes)) < 1e-9


def test_trees_keep_how_many_rows_came_to_each_node():
    X, y = numbers()
    forest = RandomForestRegressor(**FOREST).fit(X, y)
    paths = paths_of(forest_trees([member.tree_ for member in forest.estimators_]))
    assert abs(paths.share.prod(axis=1).sum() - FOREST["n_estimators"]) < 1e-9
