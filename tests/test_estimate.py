"""Performance before labels come: by hand, right where it may be, wrong where it can't."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from helpers.learning.metric_scores import score
from helpers.learning.task_kind import Task
from helpers.monitor import performance_without_labels

BINARY = Task("late", "binary", ("no", "yes"), "yes")
THREE = Task("kind", "multiclass", ("a", "b", "c"))
NUMBER = Task("price", "regression")


def two(chance) -> np.ndarray:
    """n × 2 probabilities from the chances of yes."""
    return np.column_stack([1 - np.asarray(chance), chance])


def drawn(chance, seed: int = 0) -> np.ndarray:
    """Labels that come true as often as the chances say."""
    yes = np.random.default_rng(seed).random(len(chance)) < chance
    return np.where(yes, "yes", "no").astype(object)


def decided(chance, threshold: float = 0.5) -> np.ndarray:
    return np.where(np.asarray(chance) >= threshold, "yes", "no").astype(object)


def some_chances(rows: int = 20_000, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).beta(2, 4, rows)


def test_expected_counts_by_hand():
    chance = np.array([0.9, 0.6, 0.2])
    found = performance_without_labels.expected(BINARY, two(chance), ["yes", "yes", "no"])
    assert found["accuracy"] == pytest.approx((0.9 + 0.6 + 0.8) / 3)
    assert found["precision"] == pytest.approx(1.5 / 2)
    assert found["recall"] == pytest.approx(1.5 / 1.7)
    assert found["f1"] == pytest.approx(2 * 1.5 / (2 + 1.7))


def test_expected_confusion_adds_up_to_the_rows():
    weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    found = performance_without_labels.expected_confusion(weights, np.array([0, 2]))
    assert found.tolist() == [[0.7, 0, 0.1], [0.2, 0, 0.1], [0.1, 0, 0.8]]


def test_sure_probabilities_give_the_metrics_themselves():
    random = np.random.default_rng(0)
    truth = random.random(500) < 0.3
    scores = np.round(truth * 0.3 + random.random(500), 1)  # many ties
    assert performance_without_labels.expected_roc_auc(truth * 1.0, scores) == pytest.approx(
        roc_auc_score(truth, scores)
    )
    assert performance_without_labels.expected_average_precision(
        truth * 1.0, scores
    ) == pytest.approx(average_precision_score(truth, scores))


def test_a_row_makes_no_pair_with_itself():
    # rows 0 and 1: p0 (1 - p1) pairs with row 0 ahead, which is wrong, p1 (1 - p0) the right way
    right, wrong = 0.9 * (1 - 0.4), 0.4 * (1 - 0.9)
    found = performance_without_labels.expected_roc_auc(np.array([0.4, 0.9]), np.array([0.1, 0.2]))
    assert found == pytest.approx(right / (right + wrong))


def test_every_binary_metric_is_foretold_where_probabilities_hold():
    chance = some_chances()
    said = decided(chance, 0.35)
    found = performance_without_labels.expected(BINARY, two(chance), said)
    realised = score(BINARY, drawn(chance), said, two(chance))
    assert found.keys() == realised.keys()
    assert found == pytest.approx(realised, abs=0.015)


def test_every_multiclass_metric_is_foretold_where_probabilities_hold():
    random = np.random.default_rng(0)
    probability = random.dirichlet([1, 2, 3], 20_000)
    truth = np.array([random.choice(3, p=p) for p in probability])
    said = np.array(["a", "b", "c"], dtype=object)[probability.argmax(axis=1)]
    found = performance_without_labels.expected(THREE, probability, said)
    realised = score(THREE, np.array(["a", "b", "c"])[truth], said, probability)
    assert found.keys() == realised.keys()
    assert found == pytest.approx(realised, abs=0.015)


def test_the_loss_under_covariate_shift_is_foretold():
    """Rows move to where the model can't tell: the score falls, and the estimate knows."""
    random = np.random.default_rng(0)

    def rows(centre, spread):
        x = random.normal(centre, spread, (20_000, 1))
        return x, drawn(1 / (1 + np.exp(-2 * x[:, 0])), seed=3)

    x, y = rows(0, 2)
    model = LogisticRegression().fit(x, y)
    x, y = rows(0, 0.3)
    probability, said = model.predict_proba(x), model.predict(x)
    found = performance_without_labels.expected(
        BINARY, probability, said, ["roc_auc", "accuracy", "f1"]
    )
    realised = score(BINARY, y, said, probability, ["roc_auc", "accuracy", "f1"])
    assert found == pytest.approx(realised, abs=0.02)
    assert realised["roc_auc"] < 0.7


def test_a_change_of_meaning_is_not_seen_as_the_assumptions_say():
    chance = some_chances()
    found = performance_without_labels.expected(BINARY, two(chance), decided(chance))
    realised = score(BINARY, drawn(1 - chance), decided(chance), two(chance))
    assert found["accuracy"] - realised["accuracy"] > 0.2
    assert "has not changed" in performance_without_labels.ASSUMPTIONS


def test_probabilities_that_are_too_sure_are_mended_on_held_out_rows():
    chance = some_chances()
    odds = chance / (1 - chance)
    too_sure = odds**2.5 / (1 + odds**2.5)
    said = decided(too_sure)
    calibration = performance_without_labels.calibrate(
        BINARY, drawn(chance, 5)[:5_000], two(too_sure[:5_000])
    )
    realised = score(BINARY, drawn(chance), said, two(too_sure))
    names = ["accuracy", "f1", "roc_auc", "log_loss"]
    naive = performance_without_labels.expected(BINARY, two(too_sure), said, names)
    found = performance_without_labels.expected(BINARY, two(too_sure), said, names, calibration)
    assert abs(naive["accuracy"] - realised["accuracy"]) > 0.05
    assert found == pytest.approx({n: realised[n] for n in names}, abs=0.02)


def test_few_held_out_rows_mend_nothing():
    calibration = performance_without_labels.calibrate(
        BINARY, drawn(np.full(50, 0.5)), two(np.full(50, 0.5))
    )
    assert (calibration.slope, set(calibration.shifts)) == (1, {0})


def test_the_interval_holds_the_realised_metric_nineteen_times_in_twenty():
    chance = some_chances(500)
    said = decided(chance, 0.35)
    limits = performance_without_labels.interval(BINARY, two(chance), said, ["roc_auc", "accuracy"])
    names = limits.index.tolist()
    assert sorted(names) == ["accuracy", "roc_auc"]
    drawn_scores = [score(BINARY, drawn(chance, 100 + i), said, two(chance), names)
                    for i in range(200)]  # fmt: skip
    for name in names:
        values = np.array([one[name] for one in drawn_scores])
        inside = (values >= limits.loc[name, "low"]) & (values <= limits.loc[name, "high"])
        assert inside.mean() == pytest.approx(0.95, abs=0.05)


def test_periods_have_their_own_rows_and_intervals_beside_what_came_true():
    chance = np.concatenate([some_chances(2_000), np.full(1_000, 0.5)])
    period = np.repeat(["2024-01", "2024-02"], [2_000, 1_000])
    found = performance_without_labels.by_period(BINARY, two(chance), decided(chance), period)
    assert found["rows"].tolist() == [2_000, 1_000]
    assert found.loc["2024-02", "accuracy"] == pytest.approx(0.5)
    assert found.loc["2024-01", "from"] < found.loc["2024-01", "roc_auc"]
    assert found.loc["2024-01", "roc_auc"] < found.loc["2024-01", "to"]
    realised = pd.DataFrame({"roc_auc": {"2024-01": 0.7}})
    shown = performance_without_labels.shown(found, realised, "roc_auc")
    assert shown["ROC AUC, realised"].tolist() == ["0.70", "(no labels)"]
    text = performance_without_labels.describe_estimate(BINARY, found, realised)
    assert (
        "ROC AUC" in text and performance_without_labels.ASSUMPTIONS in text and "Realised" in text
    )
    assert "Realised" not in performance_without_labels.describe_estimate(BINARY, found)


def test_numbers_are_not_applicable():
    assert performance_without_labels.expected(NUMBER, None, [1.0, 2.0]) == {}
    table = performance_without_labels.by_period(NUMBER, None, [1.0, 2.0], ["a", "a"])
    assert table.empty and performance_without_labels.interval(NUMBER, None, [1.0]).empty
    assert "not applicable" in performance_without_labels.describe_estimate(NUMBER, table)
    assert performance_without_labels.shown(table, None, "r2").empty
    assert (
        performance_without_labels.calibrate(NUMBER, [1.0], None)
        == performance_without_labels.Calibration()
    )


def test_one_class_without_any_chance_of_the_other_is_not_a_number():
    assert np.isnan(
        performance_without_labels.expected_roc_auc(np.ones(3), np.array([0.1, 0.2, 0.3]))
    )
    assert np.isnan(
        performance_without_labels.expected_average_precision(
            np.zeros(3), np.array([0.1, 0.2, 0.3])
        )
    )
    found = performance_without_labels.expected(BINARY, two(np.zeros(3)), ["no"] * 3)
    assert "roc_auc" not in found and found["accuracy"] == 1
