"""How sure an answer is: intervals, sets and rows for a person hold what they promise."""

import numpy as np
import pytest

from helpers.answers.certainty import learn_certainty
from helpers.answers.fold_answers import FoldAnswers
from helpers.answers.learn_from_model import features_as_learnt
from helpers.answers.number_intervals import bounds
from helpers.base.user_errors import InputError
from helpers.learning.task_kind import Task
from helpers.serving.model_bundle import load_bundle
from tests import small

NUMBER = Task("y", "regression")
LETTERS = Task("y", "multiclass", ("a", "b", "c"))


def answers(truth, predicted, unit=None) -> FoldAnswers:
    rows = np.arange(len(truth))
    return FoldAnswers(truth, predicted, rows, rows % 5, unit)


def noisy(rows: int, seed: int = 0):
    """Features, predictions and truths, whose noise grows along the second feature."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 3))
    predicted = 10 + 2 * X[:, 0]
    return X, predicted, predicted + np.exp(X[:, 1]) * random.normal(size=rows)


def lettered(rows: int, seed: int = 0):
    """Probabilities of three classes, and classes that are drawn by them."""
    random = np.random.default_rng(seed)
    probability = random.dirichlet([0.4, 0.4, 0.4], rows)
    drawn = (random.random(rows)[:, None] > probability.cumsum(axis=1)).sum(axis=1)
    return probability, np.array(LETTERS.classes, object)[np.minimum(drawn, 2)]


def covered(ends, truth) -> float:
    return float(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean())


LEVELS = [0.8, *(pytest.param(level, marks=pytest.mark.slow) for level in (0.5, 0.95))]


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_hold_the_truth_as_often_as_promised_and_are_wider_where_rows_are_hard(level):
    X, predicted, truth = noisy(1_500)
    sure = learn_certainty(NUMBER, answers(truth, predicted), X)
    later, said, came = noisy(4_000, seed=1)
    ends = sure.interval(said, later, level)
    assert covered(ends, came) == pytest.approx(level, abs=0.035)
    width = ends[:, 1] - ends[:, 0]
    hard = later[:, 1] > 1
    assert width[hard].mean() > 3 * width[later[:, 1] < -1].mean()


def test_one_row_and_many_agree():
    X, predicted, truth = noisy(600)
    sure = learn_certainty(NUMBER, answers(truth, predicted), X)
    assert sure.numbers.spread.models, "the hard case: trees tell the width"
    ends = sure.interval(predicted, X, 0.9)
    rows = [sure.interval_row(p, x, 0.9) for p, x in zip(predicted[:100], X, strict=False)]
    assert np.abs(ends[:100] - rows).max() < 1e-9


def test_positive_numbers_get_no_interval_below_zero():
    random = np.random.default_rng(0)
    predicted = np.exp(random.normal(size=500))
    truth = predicted * np.exp(random.normal(size=500))
    sure = learn_certainty(NUMBER, answers(truth, predicted))
    assert sure.numbers.logarithm
    ends = sure.interval(np.array([-1.0, 0.01, 5.0]), np.empty((3, 0)), 0.99)
    assert (ends[:, 0] >= 0).all()


def test_an_end_where_many_rows_stand_is_not_passed():
    truth = np.minimum(np.random.default_rng(0).normal(45, 10, 500), 50)
    found = bounds(truth)
    assert found["highest"] == 50 and "stand exactly at 50" in found["why_highest"]


def test_a_unit_counts_once_and_few_units_cannot_tell():
    random = np.random.default_rng(0)
    unit = np.repeat(np.arange(12).astype(str), 50)
    truth = np.repeat(random.normal(size=12), 50) + 0.1 * random.normal(size=600)
    sure = learn_certainty(NUMBER, answers(truth, np.zeros(600), unit))
    assert sure.units == 12 and np.isfinite(sure.interval([0.0], np.empty((1, 0)), 0.9)).all()
    assert not np.isfinite(sure.interval([0.0], np.empty((1, 0)), 0.95)).any()
    assert "up to a level of 92.3 %, not of 95 %" in sure.cannot_tell(0.95)
    assert sure.cannot_tell(0.9) == ""


def test_sets_hold_the_truth_and_are_never_empty():
    sure = learn_certainty(LETTERS, answers(*reversed(lettered(1_500))))
    probability, came = lettered(4_000, seed=1)
    held = sure.sets(probability, 0.9)
    assert held.any(axis=1).all()
    place = np.array([LETTERS.classes.index(c) for c in came])
    assert held[np.arange(4_000), place].mean() == pytest.approx(0.9, abs=0.03)


def test_the_rows_that_are_kept_are_wrong_no_more_often_than_asked():
    sure = learn_certainty(LETTERS, answers(*reversed(lettered(3_000))))
    probability, came = lettered(20_000, seed=1)
    kept = ~sure.abstains(probability, 0.05)
    said = np.array(LETTERS.classes)[probability.argmax(axis=1)]
    assert 0.05 < kept.mean() < 0.9
    assert 0.02 < (said[kept] != came[kept]).mean() <= 0.055
    assert not sure.abstains(probability, 0.9).any()


def test_no_row_is_kept_where_none_is_right_often_enough():
    random = np.random.default_rng(0)
    said = np.full((400, 3), 1 / 3) + random.normal(0, 0.01, (400, 3))
    truth = random.choice(LETTERS.classes, 400).astype(object)
    sure = learn_certainty(LETTERS, answers(truth, said))
    assert sure.abstains(said, 0.1).all()


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, float("nan")])
def test_a_level_lies_between_0_and_1(level):
    sure = learn_certainty(NUMBER, answers(np.arange(30.0), np.arange(30.0)))
    with pytest.raises(InputError, match="between 0 and 1"):
        sure.interval(np.zeros(1), np.empty((1, 0)), level)


def test_numbers_have_no_sets_and_classes_no_intervals():
    sure = learn_certainty(NUMBER, answers(np.arange(30.0), np.arange(30.0)))
    with pytest.raises(InputError, match="predicts numbers"):
        sure.sets(np.ones((1, 2)) / 2, 0.9)
    with pytest.raises(InputError, match="set of classes"):
        learn_certainty(LETTERS, answers(*reversed(lettered(50)))).interval([1], [[1]], 0.9)


@pytest.mark.parametrize("target", ["price", "bought"])
def test_a_bundle_keeps_how_sure_its_answers_are(target, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    made = small.prepared(target)
    small.deployed_run(made)
    bundle = load_bundle("small")
    assert "192 rows" in bundle.certainty.assumption and "no worse" in bundle.certainty.assumption
    if target == "price":
        X = bundle.model[:-1].transform(made.raw)
        ends = bundle.certainty.interval(bundle.model.predict(made.raw), X, 0.9)
        assert covered(ends, made.raw["price"].to_numpy(float)) > 0.8
    else:
        held = bundle.certainty.sets(bundle.model.predict_proba(made.raw), 0.9)
        assert held.shape == (len(made.raw), 2) and held.any(axis=1).all()


def test_features_are_those_that_the_model_has_learnt_from():
    """A town of one row has a mean of others, not its own number: else no residual seems left."""
    random = np.random.default_rng(0)
    raw = small.raw_table(240)
    raw["street"] = [f"street {n % 80}" for n in random.permutation(240)]
    made = small.prepared("price", raw)
    model = small.fitted(made)
    learnt = features_as_learnt(model, small.at_random(made))
    assert learnt.shape == (240, model["model"].n_features_in_)
    with_own = model[1:-1].transform(made.rows.X)
    assert not np.allclose(learnt, with_own), "the encoder of many levels is one that learns"
