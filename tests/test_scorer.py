"""The compiled pipeline: it answers as the pipeline does, on every kind of column and model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB

from helpers.clean import cleaning_plan, column_cleaner
from helpers.features import feature_plan
from helpers.features.category_encoder import CompiledLevels
from helpers.features.encoders import compiled_step, first_step
from helpers.features.image_encoders import ImageToNumbers
from helpers.features.number_encoder import CompiledNumbers
from helpers.learning.decision_rule import DecisionRule
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.models import model_ladder
from helpers.models.calibrated_model import Calibrated
from helpers.models.compiled_models import compiled_model
from helpers.pipeline import agreement_check, whole_pipeline
from helpers.pipeline.agreement_check import agreement
from helpers.pipeline.compiled import Compiled
from helpers.pipeline.feature_steps import STEPS_OF_ROLE

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
    return frame


RAW = table()
CLASSES = {
    "binary": Task("y", "binary", ("no", "yes"), "yes"),
    "multiclass": Task("y", "multiclass", ("a", "b", "c")),
    "regression": Task("y", "regression"),
}


def labels(kind: str) -> np.ndarray:
    signal = RAW["size"].fillna(10).to_numpy() + RANDOM.normal(0, 1, ROWS)
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
    plan = feature_plan.plan_features(rows, cleaning, {"target": "y", "task": kind}, derive=derive)
    plan |= {"task": kind, "keep": keep}
    return whole_pipeline.fit(cleaning, plan, model, rows, labels(kind)), list(plan["columns"])


BOOSTED = {"max_iter": 30, "random_state": 0}
FOREST = {"n_estimators": 20, "max_depth": 7, "random_state": 0}
MODELS = {
    "binary": [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(**FOREST),
        HistGradientBoostingClassifier(**BOOSTED),
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
        DummyRegressor(),
    ],
}  # fmt: skip
CASES = [(kind, model) for kind, own in MODELS.items() for model in own]


def compiled(kind: str, model, keep: int = 0) -> tuple[Compiled, object]:
    whole, used = fitted(kind, model, keep)
    return Compiled(CLASSES[kind], whole, used), whole


def asked() -> pd.DataFrame:
    more = [agreement_check.perturbed(RAW, seed) for seed in (1, 2, 3)]
    odd = [agreement_check.with_odd_cells(RAW.astype(object), seed) for seed in (1, 2)]
    return agreement_check.questions(pd.concat([*more, *odd], ignore_index=True))


@pytest.mark.parametrize(("kind", "model"), CASES, ids=lambda one: type(one).__name__)
def test_one_row_and_many_are_answered_as_by_the_pipeline(kind, model):
    made, whole = compiled(kind, model)
    assert agreement(made, whole, asked()) == {"row": "", "table": ""}


def test_the_roles_of_the_table_are_all_there():
    whole, _ = fitted("binary", DummyClassifier())
    roles = {name for name, _, _ in whole["features"]["encode"].transformers_}
    assert {"number", "category", "many_categories", "date", "text"} <= roles
    assert any("to" in relation for relation in whole["clean"].plan_["relations"])


def test_selected_numbers_are_answered_too():
    made, whole = compiled("binary", LogisticRegression(max_iter=500), keep=7)
    assert agreement(made, whole, RAW) == {"row": "", "table": ""}


def test_a_model_without_a_row_form_is_named_and_answers_tables():
    made, whole = compiled("binary", GaussianNB())
    found = agreement(made, whole, RAW)
    assert "GaussianNB" in found["row"] and found["table"] == ""


def test_models_with_weights_of_their_own_are_weighted():
    members = [("a", LogisticRegression(max_iter=500)), ("b", DummyClassifier())]
    made, whole = compiled("binary", VotingClassifier(members, voting="soft", weights=[3, 1]))
    assert agreement(made, whole, RAW) == {"row": "", "table": ""}


@pytest.mark.parametrize("part", ["reads", "scales", "decides"])
def test_a_form_that_differs_is_not_used(part):
    """A reader, a scale, a rule of decision that is a little off is noticed, in both forms."""
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    if part == "reads":
        read = made.fields["size"]
        made.fields["size"] = lambda value: ((read(value)[0] or 0) + 0.001, "")
    elif part == "scales":
        (numbers,) = [step for step in made.features.steps if isinstance(step, CompiledNumbers)]
        numbers.scaling = replace(numbers.scaling, centre=numbers.scaling.centre + 1e-3)
    else:
        made.answers = replace(made.answers, rule=DecisionRule(threshold=0.6))
    found = agreement(made, whole, RAW)
    assert "differs from the pipeline on" in found["row"]
    assert ("differs from the pipeline on" in found["table"]) == (part != "reads")


def test_a_form_that_fails_is_not_used():
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    made.features.kept = np.array([10_000])
    assert all("it fails" in why for why in agreement(made, whole, RAW).values())


def test_what_only_an_unseen_level_shows_is_noticed():
    """A table that takes an unseen level for the first one agrees on every row of the bundle."""
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    for step in made.features.steps:
        if isinstance(step, CompiledLevels):
            step.tables = [
                replace(t, numbers=np.vstack([t.numbers[:-1], t.numbers[:1]])) for t in step.tables
            ]
    rows = agreement_check.questions(RAW, 200)
    as_they_came = slice(0, 400)
    given = [answer[as_they_came] for answer in agreement_check.by_row(made, rows)]
    expected = [answer[as_they_came] for answer in predict(made.task, whole, rows)]
    assert agreement_check.differing(given, expected) == 0
    assert "differs" in agreement(made, whole, RAW)["row"]


def test_without_examples_the_pipeline_answers():
    made, whole = compiled("binary", DummyClassifier())
    for nothing in (None, RAW.head(0)):
        found = agreement(made, whole, nothing)
        assert all("run stage 7 again" in why for why in found.values())


def test_what_is_asked_holds_unseen_levels_extremes_and_junk():
    rows = agreement_check.questions(RAW)
    cells = set(rows.stack().map(str))
    for odd in (agreement_check.UNSEEN, agreement_check.EXTREME, agreement_check.JUNK):
        assert set(map(str, odd)) & cells
    assert len(rows) == 3 * ROWS and rows.head(ROWS)["size"].notna().mean() > 0.9


def every_encoder() -> set[type]:
    """The first step of every role: what columns come to first."""
    return {type(first_step(make(None, 0))) for make in STEPS_OF_ROLE.values()}


def test_every_encoder_has_a_compiled_form_but_those_that_are_named():
    """A new role whose compiled form is forgotten is slow for single rows: it is named here."""
    assert set(STEPS_OF_ROLE) == set(feature_plan.ROLES)
    lacking = {
        e for e in every_encoder() if compiled_step.dispatch(e) is compiled_step.dispatch(object)
    }
    assert lacking == {ImageToNumbers}


def test_every_model_of_the_ladder_has_a_compiled_form():
    for task in CLASSES.values():
        for model in model_ladder.candidates(task, ROWS).values():
            assert compiled_model.dispatch(type(model)) is not compiled_model.dispatch(object)
