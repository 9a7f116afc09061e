"""The compiled scorer: it says what the pipeline says, on every kind of column and model."""

import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from helpers.pipeline import agreement_check, one_row_scorer
from tests.scorer_cases import CASES, CLASSES, RAW, ROWS, fitted


@pytest.mark.parametrize(("kind", "model"), CASES, ids=lambda one: type(one).__name__)
def test_it_says_what_the_pipeline_says(kind, model):
    whole, used = fitted(kind, model)
    made, why = one_row_scorer.compile_scorer(CLASSES[kind], whole, used, RAW)
    assert made is not None, why
    asked = pd.concat(
        [agreement_check.perturbed(RAW, seed) for seed in (1, 2, 3)], ignore_index=True
    )
    assert one_row_scorer.differences(made, CLASSES[kind], whole, asked) == 0


def test_the_roles_of_the_table_are_all_there():
    whole, _ = fitted("binary", DummyClassifier())
    roles = {name for name, _, _ in whole["features"]["encode"].transformers_}
    assert {"number", "category", "many_categories", "date", "text"} <= roles
    assert any("to" in relation for relation in whole["clean"].plan_["relations"])


def test_selected_numbers_are_scored_too():
    whole, used = fitted("binary", LogisticRegression(max_iter=500), keep=7)
    assert one_row_scorer.compile_scorer(CLASSES["binary"], whole, used, RAW)[1] == ""


def test_a_model_without_a_row_form_is_named():
    whole, used = fitted("binary", GaussianNB())
    made, why = one_row_scorer.compile_scorer(CLASSES["binary"], whole, used, RAW)
    assert made is None and "GaussianNB" in why


def test_a_scorer_that_differs_is_not_used():
    """A reader that reads one column otherwise is noticed by the check at load."""
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    made = one_row_scorer.Scorer(CLASSES["binary"], whole, used)
    read = made.fields["size"]
    made.fields["size"] = lambda value: ((read(value)[0] or 0) + 0.001, "")
    assert one_row_scorer.differences(made, CLASSES["binary"], whole, RAW) > ROWS / 2


def test_without_examples_the_pipeline_answers():
    whole, used = fitted("binary", DummyClassifier())
    assert (
        "run stage 7 again"
        in one_row_scorer.compile_scorer(CLASSES["binary"], whole, used, None)[1]
    )
