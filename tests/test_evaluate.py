"""Evaluation: intervals, verdicts and thresholds, advice, and what the model leans on."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.base.verdicts import passes
from helpers.evaluate import (
    evaluate_model,
    evaluation_report,
    importance,
    model_verdict,
    model_worth,
)
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_names import METRICS
from helpers.learning.metric_scores import score
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


def held_out(rows=400, skill=1.5, seed=0, units=None) -> tuple:
    """Held-out rows, the answers of a model to them, the baseline's, and the table of scores."""
    random = np.random.default_rng(seed)
    odds = skill * random.normal(size=rows)
    chance = 1 / (1 + np.exp(-odds))
    y = np.where(random.random(rows) < chance, "yes", "no").astype(object)
    unit = None if units is None else (np.arange(rows) % units).astype(str)
    test = Labelled(BINARY, pd.DataFrame({"x": odds}), y, np.arange(rows), unit=unit)
    half = np.full((rows, 2), 0.5)
    answers = np.where(chance >= 0.5, "yes", "no").astype(object), np.c_[1 - chance, chance]
    baseline = np.full(rows, "no", dtype=object), half
    return test, answers, baseline, table_of(BINARY, test, answers, baseline)


def table_of(task, test, answers, baseline) -> pd.DataFrame:
    found, interval = evaluate_model.held_out_scores(task, test, *answers)
    guessed = score(task, test.y, *baseline)
    return evaluation_report.scores_table(task, found, guessed, found, interval)


def verdict_of(made, at_least="", min_gain=0.0, costs=(0.0, 0.0)) -> dict:
    asked = model_verdict.requirement(BINARY, at_least, min_gain, costs)
    return model_verdict.judge(BINARY, *made, asked)


@pytest.mark.parametrize("case", ["binary", "number"])
def test_each_interval_holds_its_score(case, request):
    made, _, _, test, said = request.getfixturevalue(case)
    found, interval = evaluate_model.held_out_scores(made.task, test, *said)
    assert list(found) == list(METRICS[made.task.kind])
    for metric, value in found.items():
        assert interval.loc[metric, "low"] <= value <= interval.loc[metric, "high"]
        assert interval.loc[metric, "low"] < interval.loc[metric, "high"]


def test_the_table_of_scores_has_a_row_a_metric_in_the_order_of_the_task(binary):
    made, model, learn, test, said = binary
    baseline = evaluate_model.baseline_answers(made.task, learn, test)
    table = table_of(made.task, test, said, baseline)
    assert tuple(table.index) == made.task.metrics
    assert table.loc["roc_auc", "test"] > 0.7
    assert evaluation_report.shown_scores(table).loc["ROC AUC", "baseline"] == "0.50"


def test_the_baseline_ignores_every_column(binary, number):
    for made, _, learn, test, _ in (binary, number):
        answers = evaluate_model.baseline_answers(made.task, learn, test)
        found = score(made.task, test.y, *answers)[made.task.main_metric]
        assert found == 0.5 if made.task.kind == "binary" else found <= 0


def test_the_whole_interval_must_beat_the_baseline_by_the_gain():
    made = held_out()
    low = made[3].loc["roc_auc", "from"] - 0.5
    good, bad = (verdict_of(made, min_gain=low + step) for step in (-0.02, 0.02))
    assert (good["verdict"], good["passed"]) == ("good enough", True)
    assert (bad["verdict"], bad["passed"]) == ("not good enough", False)


def test_without_a_requirement_the_verdict_only_says_whether_the_baseline_is_beaten():
    better, no_better = verdict_of(held_out()), verdict_of(held_out(skill=0.0))
    assert (better["verdict"], better["passed"]) == ("better than the baseline", True)
    assert (no_better["verdict"], no_better["passed"]) == ("not better than the baseline", False)
    said = model_verdict.describe_verdict(better, BINARY, held_out()[3])
    assert "No requirement was set, so it is not judged" in said
    assert passes(better["verdict"]) and not passes(no_better["verdict"])


def test_a_threshold_is_reached_by_the_worse_end_of_the_interval():
    made = held_out()
    low, value = made[3].loc["roc_auc", ["from", "test"]]
    assert verdict_of(made, f"roc_auc:{low - 0.01}")["passed"]
    verdict = verdict_of(made, f"roc_auc:{(low + value) / 2}")
    assert not verdict["passed"], "the score reaches it, its interval does not"
    assert [check["passed"] for check in verdict["checks"]] == [True, False]
    assert model_verdict.checks_table(verdict)["passed"].tolist() == ["yes", "no"]


def test_log_loss_must_stay_below_its_threshold():
    made = held_out()
    high = made[3].loc["log_loss", "to"]
    assert verdict_of(made, f"log_loss:{high + 0.01}")["passed"]
    verdict = verdict_of(made, f"log_loss:{high - 0.01}")
    assert not verdict["passed"] and "at most 0." in verdict["checks"][1]["check"]


def test_with_costs_its_errors_must_cost_less_than_never_and_always_acting():
    made = held_out()
    assert verdict_of(made, costs=(1.0, 1.0))["verdict"] == "good enough"
    dear = verdict_of(made, costs=(1.0, 100.0))
    assert dear["verdict"] == "not good enough", "always acting is cheaper"
    assert [check["passed"] for check in dear["checks"]] == [True, True, False]


def test_units_are_what_the_verdict_rests_on():
    made = held_out(rows=60, units=2)
    verdict = verdict_of(made)
    assert verdict["warning"]
    assert "do not build on this" in model_verdict.describe_verdict(verdict, BINARY, made[3])


@pytest.mark.parametrize("metric", METRICS["regression"])
def test_the_verdict_does_not_depend_on_the_unit_of_the_target(metric):
    random = np.random.default_rng(0)
    X = pd.DataFrame({"x": random.normal(size=300)})
    y, said = 5 + X.x + random.normal(size=300) / 2, 5 + X.x
    task, found = Task("y", "regression", metric=metric), []
    for unit in (1.0, 1_000.0, 0.001):
        test = Labelled(task, X, unit * y.to_numpy(), np.arange(300))
        answers, baseline = (unit * said.to_numpy(), None), (np.full(300, 5.1 * unit), None)
        scores = table_of(task, test, answers, baseline)
        verdicts = [
            model_verdict.judge(task, test, answers, baseline, scores, asked)
            for asked in (
                model_verdict.Requirement(min_gain=gain) for gain in (0.0, 0.05, 0.4, 0.9)
            )
        ]
        worth = model_worth.describe_worth(task, test, answers, baseline)
        shown = [model_verdict.checks_table(one).to_dict() for one in verdicts]
        found.append(([one["verdict"] for one in verdicts], worth, shown))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == ["better than the baseline", *["good enough"] * 2, "not good enough"]


def test_what_a_model_is_worth_is_said_for_each_task():
    test, answers, baseline, _ = held_out()
    said = model_worth.describe_worth(BINARY, test, answers, baseline)
    assert "times** as many as in all rows" in said and "cost less than acting never" in said
    y = np.array(list("abc") * 40, dtype=object)
    three = Labelled(THREE, pd.DataFrame({"x": range(120)}), y, np.arange(120))
    said = model_worth.describe_worth(THREE, three, (y, None), (np.full(120, "a", object), None))
    assert "100% (95 % interval 87% to 100%) of the baseline's wrong answers" in said


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
    made = held_out()
    good, bad = verdict_of(made, min_gain=0.05), verdict_of(made, min_gain=0.4)
    assert "is good enough" in model_verdict.describe_verdict(good, BINARY, made[3])
    assert "not good enough" in model_verdict.describe_verdict(bad, BINARY, made[3])
    assert "not good enough" in evaluation_report.headline(bad, BINARY, made[3])
    assert "No requirement" in evaluation_report.headline(verdict_of(made), BINARY, made[3])


def test_importance_finds_the_column_that_matters(binary, number):
    for made, model, _, test, _ in (binary, number):
        assert str(test.X["paid"].dtype) == "boolean" and test.X["paid"].isna().any()
        falls = importance.importance(made.task, model[1:], test)
        assert falls.index[0] == "weight" and falls.iloc[0]["fall"] > 0.1 and falls.iloc[0]["sure"]
        assert falls.loc["note", "fall"] == 0 and not falls.loc["note", "sure"]
        assert falls["fall"].is_monotonic_decreasing
        assert "**weight" in importance.describe_importance(falls, 90)
        assert sorted(importance.columns_by_importance(falls)) == sorted(test.X)


def test_importance_is_of_the_columns_that_the_model_uses(number):
    made, model, _, test, _ = number
    falls = importance.importance(made.task, model[1:], test, shuffles=2, columns=["weight"])
    assert list(falls.index) == ["weight"]


def test_importance_leaves_the_rows_as_they_were(number):
    made, model, _, test, _ = number
    before = test.X.copy()
    importance.importance(made.task, model[1:], test, shuffles=2)
    pd.testing.assert_frame_equal(test.X, before)


class Sum:
    """A model of numbers: the sum of some columns, whatever the others say."""

    def __init__(self, columns):
        self.columns = columns

    def predict(self, rows):
        return rows[self.columns].sum(axis=1).to_numpy(float)


def test_columns_that_say_the_same_are_shuffled_together():
    random = np.random.default_rng(0)
    a = random.normal(size=400)
    X = pd.DataFrame({"a": a, "copy": a, "noise": random.normal(size=400)})
    y = 2 * a + random.normal(size=400)
    test = Labelled(NUMBER, X, y, np.arange(400))
    falls = importance.importance(NUMBER, Sum(["a", "copy"]), test)
    assert falls.index[0] == "a + copy" and falls.loc["a + copy", "sure"]
    assert falls.loc["noise", "fall"] == 0


def test_a_column_of_the_unit_is_shuffled_by_whole_units():
    unit = np.repeat(np.arange(20).astype(str), 10)
    X = pd.DataFrame({"of_unit": np.repeat(np.arange(20.0), 10), "of_row": np.arange(200.0)})
    test = Labelled(NUMBER, X, X["of_unit"].to_numpy(), np.arange(200), unit=unit)
    random = np.random.default_rng(0)
    by_unit = importance._shuffled(test, ["of_unit"], random)["of_unit"]
    assert (by_unit.groupby(unit).nunique() == 1).all()
    by_row = importance._shuffled(test, ["of_row"], random)["of_row"]
    assert sorted(by_row) == sorted(X["of_row"]) and (by_row.groupby(unit).std() > 20).any()


def test_nothing_matters_when_shuffling_costs_nothing():
    falls = pd.DataFrame({"fall": [0.0], "low": [-0.1], "high": [0.1], "sure": [False]}, ["a"])
    assert "No column's fall can be told from chance" in importance.describe_importance(falls, 90)


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
    made, _, _, test, (_, chance) = binary
    found = [
        evaluate_model.at_threshold(made.task, test.y, chance, t)["recall"] for t in (0, 0.3, 0.7)
    ]
    assert found[0] == 1 and found == sorted(found, reverse=True)


def test_the_metrics_file_has_the_shapes_that_others_rely_on(binary):
    made, _, learn, test, said = binary
    baseline = evaluate_model.baseline_answers(made.task, learn, test)
    scores = table_of(made.task, test, said, baseline)
    asked = model_verdict.Requirement()
    verdict = model_verdict.judge(made.task, test, said, baseline, scores, asked)
    found = scores["test"].to_dict()
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
    test, answers, baseline, scores = held_out()
    made = test, answers, baseline, scores.drop(index="recall")
    verdict = verdict_of(made, "recall:0.1")
    assert not verdict["passed"]
    assert model_verdict.checks_table(verdict)["passed"].tolist() == ["yes", "no"]
