"""Lessons: every check can be answered, and a wrong answer never shows the solution."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from helpers import lessons
from helpers.errors import InputError
from helpers.lessons import CHECKS, grade

EVERY = pytest.mark.parametrize("name", CHECKS)


@EVERY
def test_every_check_has_a_right_option_and_reasons_for_all_wrong_ones(name):
    asked = CHECKS[name]
    assert asked.right in asked.options and len(asked.options) >= 3
    assert set(asked.why_not) == set(asked.options) - {asked.right}
    assert asked.question.endswith("?") and asked.why
    assert len(set(asked.options.values())) == len(asked.options)


@EVERY
def test_a_wrong_answer_never_shows_the_solution(name):
    asked = CHECKS[name]
    for wrong in asked.why_not:
        said = grade(asked, wrong)
        assert said.startswith("*Incorrect.*") and asked.why_not[wrong] in said
        assert asked.why not in said
        assert asked.options[asked.right] not in said
        assert f"**{asked.right}**" not in said


@EVERY
def test_the_right_answer_is_told_why(name):
    asked = CHECKS[name]
    for answer in (asked.right, f" {asked.right.upper()} "):
        assert grade(asked, answer) == f"*Correct.* {asked.why}"


@EVERY
def test_an_untouched_check_stops_nothing(name):
    shown = lessons.check(name).data
    assert CHECKS[name].question in shown.replace("&lt;", "<").replace("&amp;", "&")
    assert "Not attempted" in shown and "Correct" not in shown
    assert not any(why in shown for why in CHECKS[name].why_not.values())


def test_the_right_letter_is_not_always_the_same():
    assert {asked.right for asked in CHECKS.values()} == {"a", "b", "c"}


def test_what_is_no_option_is_not_an_answer():
    assert grade(CHECKS["split"], "d") == "*Not an answer:* write a, b, c."


def test_an_unknown_check_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'split'"):
        lessons.check("splt")


def test_a_deep_tree_learns_labels_by_lot_by_heart():
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(200, 3)))
    y = (X[0] > 0).astype(int)
    table = lessons.memorised_labels(DecisionTreeClassifier(random_state=0), X, y)
    assert table["train"].tolist() == ["1.00", "1.00"]
    assert float(table.loc["labels by lot", "test"]) < 0.7 < float(table["test"].iloc[0])


def test_a_file_delivered_twice_doubles_the_rows_until_it_is_checked():
    planes = pd.DataFrame({"tailnum": ["N1", "N2"], "seats": [10, 20]})
    flights = pd.DataFrame({"tailnum": ["N1", "N1", "N2", "N9"], "late": [1, 1, 0, 0]})
    table = lessons.delivered_twice(flights, planes)
    assert table["rows"].tolist() == ["4", "7", "4"]
    assert table["late"].iloc[0] == table["late"].iloc[2] != table["late"].iloc[1]


def test_merging_by_likeness_changes_more_than_merging_by_fingerprint():
    column = pd.Series(["AIRBUS A320", "Airbus  a320", "AIRBUS A321", "BOEING"])
    table = lessons.merged_by_likeness(column)
    assert table.loc["same fingerprint", "spellings"] == 3
    assert table.loc["alike by 85%", "for example"] == "AIRBUS A320 → AIRBUS A321" or (
        table.loc["alike by 85%", "cells changed"] >= 1
    )


def test_selecting_before_the_folds_flatters_noise_and_scaling_does_not():
    table = lessons.selected_before(columns=1_000).astype(float)
    assert table.loc["select 20 columns", "before the folds"] > 0.75
    assert table["inside the Pipeline"].between(0.3, 0.7).all()
    assert table.loc["scale"].diff().abs().iloc[1] <= 0.01


def test_the_dirty_rows_have_a_mess_in_every_column():
    rows = lessons.eight_dirty_rows()
    assert len(rows) == 8 and rows.shape[1] == 4


def test_readings_hold_their_figures():
    text = lessons.read_iris({"train": 0.99, "test": 0.97, "five folds": 0.96}, 0.02, 30)
    assert "0.970" in text and "30 flowers" in text
    labels = pd.DataFrame(
        {"labeller_a": ["x", "y"], "labeller_b": ["x", "z"], "settled": "x", "spelling": ["x", "y"]}
    )
    said = lessons.read_agreement(labels)
    assert "**1 of 2**" in said and "kappa is 0.33" in said
    assert lessons.differing_labels(labels).index.name == "spelling"
