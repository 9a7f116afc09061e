"""Evaluation: intervals, verdicts and thresholds, advice, and what the model leans on."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.evaluate import evaluate_model, evaluation_report, model_verdict
from helpers.learning.metric_names import METRICS
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from tests.small import at_random, fitted, prepared

BINARY = Task("y", "binary", ("no", "yes"), "yes")
THREE = Task("y", "multiclass", ("a", "b", "c"))
NUMBER = Task("y", "regression")


def judged(target: str = "bought"):
    made = prepared(target)
    cut = at_random(made)
    learn, test = cut.of("train"), cut.of("test")
    made.rows = learn
    model = fitted(made)
    said = predict(made.task, model[1:], test.X)
    return made, model, learn, test, said


@pytest.fixture(scope="module")
def binary():
    return judged()


@pytest.fixture(scope="module")
def number():
    return judged("price")


def scores_of(metric="roc_auc", test=0.8, low=0.7, high=0.9, baseline=0.5, train=0.82):
    row = {"test": test, "from": low, "to": high, "baseline": baseline, "train": train}
    return pd.DataFrame(row, index=[metric])


@pytest.mark.parametrize("case", ["binary", "number"])
def test_each_interval_holds_its_score(case, request):
    made, _, _, test, said = request.getfixturevalue(case)
    found, interval = evaluate_model.held_out_scores(made.task, test.y, *said, resamples=60)
    assert list(found) == list(METRICS[made.task.kind])
    for metric, value in found.items():
        assert interval.loc[metric, "low"] <= value <= interval.loc[metric, "high"]
        assert interval.loc[metric, "low"] < interval.loc[metric, "high"]


def test_the_table_of_scores_has_a_row_a_metric_in_the_order_of_the_task(binary):
    made, model, learn, test, said = binary
    found, interval = evaluate_model.held_out_scores(made.task, test.y, *said, resamples=20)
    baseline = evaluate_model.baseline_scores(made.task, learn, test)
    table = evaluation_report.scores_table(made.task, found, baseline, found, interval)
    assert tuple(table.index) == made.task.metrics
    assert table.loc["roc_auc", "test"] > 0.7
    assert evaluation_report.shown_scores(table).loc["ROC AUC", "baseline"] == "0.50"


def test_the_baseline_ignores_every_column(binary, number):
    made, _, learn, test, _ = binary
    assert evaluate_model.baseline_scores(made.task, learn, test)["roc_auc"] == 0.5
    made, _, learn, test, _ = number
    assert evaluate_model.baseline_scores(made.task, learn, test)["r2"] <= 0


def test_the_whole_interval_must_beat_the_baseline_by_the_gain():
    good = model_verdict.judge(BINARY, scores_of(low=0.56), {}, 0.05)
    bad = model_verdict.judge(BINARY, scores_of(low=0.54), {}, 0.05)
    assert (good["verdict"], good["passed"]) == ("good enough", True)
    assert (bad["verdict"], bad["passed"]) == ("not good enough", False)


def test_a_threshold_that_is_not_reached_makes_the_verdict_no():
    assert model_verdict.judge(BINARY, scores_of(), {"roc_auc": 0.8}, 0.05)["passed"]
    verdict = model_verdict.judge(BINARY, scores_of(), {"roc_auc": 0.81}, 0.05)
    assert not verdict["passed"]
    assert [check["passed"] for check in verdict["checks"]] == [True, False]
    assert model_verdict.checks_table(verdict)["passed"].tolist() == ["yes", "no"]


def test_log_loss_must_stay_below_its_threshold():
    scores = pd.concat([scores_of(), scores_of("log_loss", 0.4, 0.3, 0.5, 0.7, 0.4)])
    assert model_verdict.judge(BINARY, scores, {"log_loss": 0.5}, 0)["passed"]
    verdict = model_verdict.judge(BINARY, scores, {"log_loss": 0.3}, 0)
    assert not verdict["passed"] and "at most 0.3" in verdict["checks"][1]["check"]


def test_thresholds_are_read_from_text():
    read = model_verdict.parse_thresholds("roc_auc:0.7, recall : 0.5,", BINARY)
    assert read == {"roc_auc": 0.7, "recall": 0.5}
    assert model_verdict.parse_thresholds("", BINARY) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("roc_acu:0.7", "Did you mean 'roc_auc'"),
        ("r2:0.7", "no metric 'r2' of this binary task"),
        ("recall", "'recall' does not"),
        ("recall:high", "'recall:high' does not"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(text, says):
    with pytest.raises(InputError, match=says):
        model_verdict.parse_thresholds(text, BINARY)


def test_the_verdict_in_words():
    good = model_verdict.judge(BINARY, scores_of(), {}, 0.05)
    bad = model_verdict.judge(BINARY, scores_of(low=0.4), {}, 0.05)
    assert "is good enough" in model_verdict.describe_verdict(good, BINARY, scores_of())
    assert "not good enough" in model_verdict.describe_verdict(bad, BINARY, scores_of())
    assert "not good enough" in evaluation_report.headline(bad, BINARY, scores_of())


def test_importance_finds_the_column_that_matters(binary, number):
    for made, model, _, test, _ in (binary, number):
        assert str(test.X["paid"].dtype) == "boolean" and test.X["paid"].isna().any()
        falls = evaluate_model.importance(made.task, model[1:], test)
        assert falls.index[0] == "weight" and falls["weight"] > 0.1
        assert falls["note"] == 0
        assert falls.is_monotonic_decreasing
        assert "**weight" in evaluation_report.describe_importance(falls, 90)


def test_importance_leaves_the_rows_as_they_were(number):
    made, model, _, test, _ = number
    before = test.X.copy()
    evaluate_model.importance(made.task, model[1:], test)
    pd.testing.assert_frame_equal(test.X, before)


def test_nothing_matters_when_shuffling_costs_nothing():
    assert "does not lower the score" in evaluation_report.describe_importance(
        pd.Series({"a": 0.0, "b": -0.1}), 90
    )


def test_confusion_counts_add_up_and_keep_classes_that_never_came():
    truth, said = ["a", "a", "b", "b", "b"], ["a", "b", "b", "b", "a"]
    counts = evaluation_report.confusion(THREE, truth, said)
    assert counts.to_numpy().sum() == 5
    assert counts.index.tolist() == counts.columns.tolist() == ["a", "b", "c"]
    assert counts.loc["a", "b"] == 1 and counts.loc["b", "b"] == 2 and counts.loc["c"].sum() == 0


def test_groups_by_risk_are_equal_and_rise():
    chance = np.linspace(0, 1, 200)
    truth = np.where(chance > 0.5, "yes", "no")
    table = evaluation_report.by_risk(BINARY, truth, np.c_[1 - chance, chance])
    assert table["group"].tolist() == list(range(1, 11))
    assert table["predicted"].is_monotonic_increasing
    assert table["observed"].tolist() == [0.0] * 5 + [1.0] * 5
    assert "**0%**" in evaluation_report.describe_by_risk(BINARY, table)


def test_a_lower_threshold_finds_more(binary):
    made, _, learn, test, (_, chance) = binary
    found = [
        evaluate_model.at_threshold(made.task, test.y, chance, t)["recall"] for t in (0, 0.3, 0.7)
    ]
    assert found[0] == 1 and found == sorted(found, reverse=True)
    baseline = evaluate_model.baseline_scores(made.task, learn, test)
    assert len(evaluate_model.compare_thresholds(made.task, test.y, chance, 0.3, baseline)) == 3


def test_the_metrics_file_has_the_shapes_that_others_rely_on(binary):
    made, _, learn, test, said = binary
    found, interval = evaluate_model.held_out_scores(made.task, test.y, *said, resamples=20)
    scores = evaluation_report.scores_table(made.task, found, found, found, interval)
    verdict = model_verdict.judge(made.task, scores, {}, 0.05)
    counts = {"train": len(learn.y), "test": len(test.y)}
    content = evaluate_model.metrics_file(made.task, counts, "linear", scores, verdict, "it reads")
    assert content["task"] == "binary" and content["target"] == "bought"
    assert content["test"] == found and content["rows"] == {"train": 192, "test": 48}
    assert {"train", "baseline", "model", "interval", "verdict"} <= set(content)


@pytest.mark.parametrize("case", ["binary", "number"])
def test_every_task_has_two_pictures_and_a_sentence(case, request):
    made, _, _, test, said = request.getfixturevalue(case)
    assert evaluation_report.main_picture(made.task, test.y, *said).png
    assert evaluation_report.second_picture(made.task, test.y, *said).png
    assert evaluation_report.describe_main_picture(made.task, test.y, *said).endswith(".")
    assert len(evaluation_report.confusion_shown(made.task, test.y, said[0]))


def test_several_classes_have_pictures_and_a_sentence_that_counts():
    truth, said = np.array(list("aabbc")), np.array(list("aabca"))
    assert evaluation_report.main_picture(THREE, truth, said, None).title
    assert evaluation_report.second_picture(THREE, truth, said, None).title == "F1 class by class"
    assert evaluation_report.describe_main_picture(THREE, truth, said, None).startswith(
        "**3 of 5 rows**"
    )


def test_errors_of_a_regression_are_read_with_their_sign():
    truth, said = np.zeros(10), np.full(10, 2.0)
    assert evaluation_report.describe_main_picture(NUMBER, truth, said, None).endswith(
        "2 too high."
    )
    assert (
        evaluation_report.confusion_shown(NUMBER, truth, said)["predicted − true"].tolist()
        == ["2"] * 5
    )


def test_a_threshold_on_a_metric_that_is_not_defined_is_not_reached():
    verdict = model_verdict.judge(BINARY, scores_of(), {"recall": 0.5}, 0.05)
    assert not verdict["passed"]
    assert model_verdict.checks_table(verdict)["passed"].tolist() == ["yes", "no"]
