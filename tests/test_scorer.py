"""The compiled pipeline: it answers as the pipeline does, on every kind of column and model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from helpers.features import feature_plan
from helpers.features.category_encoder import CompiledLevels
from helpers.features.encoders import compiled_step, first_step
from helpers.features.number_encoder import CompiledNumbers
from helpers.learning.decision_rule import DecisionRule
from helpers.learning.predicting import predict
from helpers.models import model_ladder
from helpers.models.compiled_models import compiled_model
from helpers.pipeline import agreement_check
from helpers.pipeline.agreement_check import agreement
from helpers.pipeline.feature_steps import STEPS_OF_ROLE
from tests.scorer_cases import CASES, CLASSES, RAW, ROWS, compiled, fitted


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
    as_they_came = slice(0, 200)
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


def test_every_encoder_has_a_compiled_form():
    """A new role whose compiled form is forgotten is slow for single rows, and can't be described.

    That of images asks the pipeline.
    """
    assert set(STEPS_OF_ROLE) == set(feature_plan.ROLES)
    none = compiled_step.dispatch(object)
    assert {
        encoder for encoder in every_encoder() if compiled_step.dispatch(encoder) is none
    } == set()


def test_every_model_of_the_ladder_has_a_compiled_form():
    for task in CLASSES.values():
        for model in model_ladder.candidates(task, ROWS).values():
            assert compiled_model.dispatch(type(model)) is not compiled_model.dispatch(object)
