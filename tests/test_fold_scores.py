"""Scores from the folds: each row answered by a model that has not seen it, held-out rows never."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from helpers.learning.fold_scores import fold_scores
from helpers.pipeline import whole_pipeline
from tests.small import at_random, labelled, prepared


@pytest.fixture(scope="module")
def made():
    return prepared()


def quick(made):
    return lambda: whole_pipeline.learner(made.plan, LogisticRegression(max_iter=500))


def test_every_training_row_is_answered_once(made):
    cut = at_random(made)
    found = fold_scores(cut, quick(made), ["roc_auc", "accuracy"])
    learn = cut.of("train")
    assert sorted(found.position) == list(range(len(learn.y)))
    assert (found.truth == learn.y[found.position]).all()
    assert (found.fold == learn.fold[found.position]).all()
    assert found.probability.shape == (len(learn.y), 2)
    assert found.mean["roc_auc"] > 0.8 and len(found.scores) == 4


def test_a_model_that_learns_by_heart_gains_nothing():
    random = np.random.default_rng(0)
    rows = labelled(random.choice(["no", "yes"], 300))
    made = at_random(type("Made", (), {"rows": rows}))
    found = fold_scores(made, lambda: KNeighborsClassifier(1), ["accuracy"])
    assert found.mean["accuracy"] < 0.65


def test_held_out_rows_change_nothing(made):
    cut = at_random(made)
    held_out, other = cut.part == "test", cut.y.copy()
    other[held_out] = "no"
    X = cut.X.copy()
    X.loc[held_out, "weight"] = 0.0
    scores = [
        fold_scores(rows, quick(made), ["roc_auc"]).scores
        for rows in (cut, replace(cut, y=other, X=X))
    ]
    assert scores[0].equals(scores[1])


def test_a_fold_of_one_class_is_left_out():
    rows = labelled(["no"] * 10 + ["yes"] * 10)
    part, fold = np.repeat(["train"], 20).astype(object), np.repeat([0, 1], 10)
    with pytest.raises(ValueError, match="two classes"):
        fold_scores(replace(rows, part=part, fold=fold), lambda: KNeighborsClassifier(1))
