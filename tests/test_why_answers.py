"""The report's reasons: which rows are picked, what is said of them, and the picture."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor

from helpers.answers import reason_words
from helpers.evaluate import why_answers
from helpers.learning.labelled_data import TEST, TRAIN
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task

from .small import at_random, fitted, prepared, raw_table

TWO = Task("late", "binary", ("no", "yes"), "yes")


@pytest.mark.parametrize(("target", "model"), [
    ("bought", HistGradientBoostingClassifier(max_iter=15, random_state=0)),
    ("price", RandomForestRegressor(8, random_state=0))])  # fmt: skip
def test_three_rows_are_explained_in_sentences_and_a_picture(target, model):
    made = prepared(target, raw_table(400))
    rows = at_random(made)
    learnt = SimpleNamespace(**(vars(made) | {"rows": rows.of(TRAIN)}))
    whole, test = fitted(learnt, model), rows.of(TEST)
    raw = made.raw.iloc[test.row]
    answers = predict(made.task, whole, raw)
    found = why_answers.explained_rows(whole[1:], rows.of(TRAIN), test, answers, raw)
    reasons, explained = found
    said = why_answers.describe(reasons, explained, [["weight", "height"]])
    assert [one.name for one in explained] == ["typical", "wrong", "surprising"]
    assert said[0].startswith("**A typical row:**") and "`weight`" in said[0]
    assert "add up to the score" in said[3]
    assert said[4].startswith("`weight` and `height` move together")
    assert why_answers.drawn(reasons, explained).png
    assert any(one.cells[reasons.columns.index("weight")] in set(raw["weight"])
               for one in explained), "cells are shown as they came"  # fmt: skip


def test_the_surprising_row_is_sure_and_wrong():
    chance = np.array([0.9, 0.8, 0.55, 0.97, 0.1])
    truth = np.array(["yes", "yes", "no", "no", "no"], dtype=object)
    said = np.where(chance >= 0.5, "yes", "no").astype(object)
    picked = why_answers.pick(TWO, truth, said, np.column_stack([1 - chance, chance]))
    assert picked["surprising"] == 3 and picked["typical"] in (0, 1, 4)
    right = why_answers.pick(TWO, said, said, np.column_stack([1 - chance, chance]))
    assert list(right) == ["typical"], "where nothing is wrong, nothing is said of it"


def test_a_sentence_says_what_speaks_against_an_answer():
    columns, cells = ["hour", "miles"], [20, None]
    only = reason_words.sentence("No (90%)", columns, cells, np.array([0.0, -0.5]), "log odds")
    assert only == "No (90%), though no column speaks for it; against it: miles is missing (−0.5)."
    none = reason_words.sentence("No (90%)", columns, cells, np.zeros(2), "log odds")
    assert none == "No (90%), as of any row: no column changes it."
    low = reason_words.sentence("3", columns, cells, np.array([-4.0, 1.0]), "y", upwards=False)
    assert low == "3, mostly because hour = 20 (−4); against it: miles is missing (+1)."


def test_tiny_numbers_are_written_without_an_exponent():
    assert reason_words.plain_number(1.23e-7, 3) == "0.000000123"
    assert reason_words.plain_number(1.23e15, 3) == "1,230,000,000,000,000"
