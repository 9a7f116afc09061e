"""Monitoring: deliveries with labels, without, with one class; what is kept, what retrained."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.learning.labelled_data import TEST, TRAIN
from helpers.learning.predicting import predict
from helpers.learning.score_intervals import Spread
from helpers.learning.task_kind import Task
from helpers.line.run_folder import Run
from helpers.monitor import (
    better_than_champion,
    monitor_model,
    monitoring_report,
    period_scores,
    production_rows,
    refit_models,
    score_fall,
)
from helpers.monitor.monitor_model import KEEP, RETRAIN
from helpers.monitor.production_rows import Production
from helpers.monitor.refit_models import Refits
from tests.small import at_random, fitted, prepared, raw_table

METRICS = {"main_metric": "roc_auc", "test": {"roc_auc": 0.85}, "rows": {"test": 48}}


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def champion(made):
    return fitted(made)


def delivery(made, champion, y="as they are", periods=2, rows=240) -> Production:
    """Later rows of the same kind, in so many months."""
    raw = raw_table(rows, seed=7).drop(columns="price")
    if isinstance(y, str):
        y = raw["bought"].to_numpy(dtype=object)
    period = np.array([f"2021-{1 + i * periods // rows:02}" for i in range(rows)], dtype=object)
    X = champion["clean"].transform(raw)
    return Production(raw, X, y, period, champion, made.rows, "the next delivery")


@pytest.fixture(scope="module")
def later(made, champion):
    return delivery(made, champion)


NOTHING = pd.DataFrame(columns=["rows"])  # no expected scores


@pytest.fixture(scope="module")
def asked(made, later) -> period_scores.Unseen:
    """The answers of a model that has learnt from the training rows alone."""
    rows = at_random(made)
    learnt, test = rows.of(TRAIN), rows.of(TEST)
    model = fitted(SimpleNamespace(**(vars(made) | {"rows": learnt})))[1:]
    return period_scores.Unseen(test.y, *(predict(made.task, model, X) for X in (test.X, later.X)))


def still() -> pd.DataFrame:
    return pd.DataFrame({"psi": [0.0], "p_value": [1.0], "drifts": [False]}, index=["weight"])


def moved() -> pd.DataFrame:
    return still().assign(drifts=True)


def periods(values, p_values) -> pd.DataFrame:
    """A table of `period_scores.performance`, held against a promise of 0.85."""
    names = [f"2021-{n + 1:02}" for n in range(len(values))]
    columns = {"rows": 80, "roc_auc": values, "relative": np.subtract(values, 0.85)}
    return pd.DataFrame(columns | {"p_value": p_values}, index=names)


def promised() -> score_fall.Promise:
    """A promise of 0.85 that is almost sure."""
    spread = Spread(0.85, 0.001, 47.0, 48)
    return score_fall.Promise(Task("bought", "binary", ("no", "yes"), "yes"), spread)


# --- Performance --------------------------------------------------------------------------------


def test_each_period_has_its_rows_its_metrics_and_an_interval(later):
    table = period_scores.performance(later)
    assert table.index.tolist() == ["2021-01", "2021-02"]
    assert table["rows"].tolist() == table["units"].tolist() == [120, 120]
    assert table["roc_auc"].between(table["from"], table["to"]).all() and (table["to"] <= 1).all()
    shown = monitoring_report.shown_performance(table, METRICS)
    assert len(shown) == 3 and "to" not in shown and "ROC AUC, 95 % interval" in shown
    assert monitoring_report.performance_picture(table, METRICS, NOTHING).png


def test_rows_of_one_unit_make_the_interval_wider(later):
    unit = np.array([f"customer {i // 20}" for i in range(240)], dtype=object)
    alone = period_scores.performance(later)
    table = period_scores.performance(replace(later, unit=unit))
    assert table["units"].tolist() == [6, 6] and (table["roc_auc"] == alone["roc_auc"]).all()


def test_a_delivery_without_labels_goes_through(made, champion):
    production = delivery(made, champion, y=None)
    table = period_scores.performance(production)
    assert table.empty
    assert monitor_model.decide(table, still(), METRICS, 0.05)["decision"] == KEEP
    assert monitor_model.decide(table, moved(), METRICS, 0.05)["decision"] == RETRAIN
    assert "no labels" in monitor_model.decide(table, still(), METRICS, 0.05)["reason"]
    assert "no labels yet" in monitoring_report.performance_picture(table, METRICS, NOTHING).data
    assert len(monitoring_report.shown_performance(table, METRICS)) == 1
    assert not better_than_champion.can_compare(production)
    assert "without labels" in monitoring_report.describe_production(production)
    assert len(monitor_model.column_drift(production))


@pytest.mark.parametrize("label", ["yes", "no"])
def test_a_delivery_of_one_class_goes_through(made, champion, label):
    production = delivery(made, champion, y=np.full(240, label, dtype=object))
    table = period_scores.performance(production)
    assert table["rows"].tolist() == [120, 120] and "accuracy" in table
    assert monitor_model.decide(table, still(), METRICS, 0.05)["decision"] == KEEP
    assert monitor_model.decide(table, moved(), METRICS, 0.05)["decision"] == RETRAIN
    assert "one class only" in monitoring_report.performance_picture(table, METRICS, NOTHING).data
    assert len(monitoring_report.shown_performance(table, METRICS)) == 3


def test_one_period_of_one_class_among_others_goes_through(made, champion, later):
    y = np.where(later.period == "2021-02", "no", later.y).astype(object)
    table = period_scores.performance(delivery(made, champion, y=y))
    assert table["roc_auc"].isna().tolist() == [False, True]
    assert monitor_model.decide(table, still(), METRICS, 0.5)["decision"] == KEEP
    assert monitoring_report.performance_picture(table, METRICS, NOTHING).png
    assert len(monitoring_report.shown_performance(table, METRICS)) == 3


def test_a_period_of_one_row_goes_through(made, champion, later):
    period = later.period.copy()
    period[0] = "2020-12"
    one = Production(**(vars(later) | {"period": period}))
    table = period_scores.performance(one)
    assert (
        len(table) == 3
        and table.loc["2020-12", "rows"] == 1
        and pd.isna(table.loc["2020-12", "roc_auc"])
    )
    assert monitor_model.decide(table, still(), METRICS, 0.5)["decision"] == KEEP


def test_a_regression_goes_through():
    other = prepared("price")
    model = fitted(other)
    raw = raw_table(120, seed=3).drop(columns="bought")
    period = np.array(["2021-01", "2021-02"] * 60, dtype=object)
    y, X = raw["price"].to_numpy(float), model["clean"].transform(raw)
    table = period_scores.performance(Production(raw, X, y, period, model, other.rows, "later"))
    metrics = {"main_metric": "r2", "test": {"r2": 0.9}, "rows": {"test": 48}}
    assert (table["r2"] > 0.8).all() and table["r2"].between(table["from"], table["to"]).all()
    assert monitor_model.decide(table, still(), metrics, 0.2)["decision"] == KEEP


# --- The decision -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "p_values", "decision"),
    [
        ([0.84, 0.86], [0.9, 0.9], KEEP),
        ([0.84, 0.70], [0.9, 0.01], RETRAIN),
        ([0.84, 0.70], [0.9, 0.20], KEEP),  # may be chance
        ([0.84, 0.82], [0.9, 0.01], KEEP),  # sure, but small
        ([0.60, 0.74], [0.2, 0.01], RETRAIN),  # the worst may be chance, the other is not
        ([0.70, np.nan], [0.01, np.nan], RETRAIN),
        ([0.70, 0.84], [np.nan, 0.9], KEEP),  # judged at an earlier look
        ([np.nan, np.nan], [np.nan, np.nan], KEEP),
    ],
)
def test_the_model_is_retrained_when_its_score_dropped_far_and_by_more_than_chance(
    values, p_values, decision
):
    found = monitor_model.decide(periods(values, p_values), still(), METRICS, 0.05)
    assert found["decision"] == decision


def test_columns_that_move_are_named_and_do_not_decide_where_labels_do():
    found = monitor_model.decide(periods([0.86], [0.9]), moved(), METRICS, 0.05)
    assert found["decision"] == KEEP and found["drifted"] == ["weight"]


def test_the_reason_names_the_worst_period():
    found = monitor_model.decide(periods([0.84, 0.70], [0.9, 0.001]), still(), METRICS, 0.05)
    assert "0.85" in found["reason"] and "0.70 at worst (2021-02)" in found["reason"]
    assert "beyond 0.05 and beyond chance" in found["reason"]


def test_labels_that_turned_are_found(made, champion, later):
    turned = np.where(later.y == "yes", "no", "yes").astype(object)
    table = period_scores.performance(delivery(made, champion, y=turned), promised())
    assert monitor_model.decide(table, still(), METRICS, 0.05)["decision"] == RETRAIN


# --- What is expected without labels --------------------------------------------------------------


def test_the_expected_score_lies_near_the_one_that_comes(later, asked):
    expected, realised = (
        period_scores.estimated_performance(later, asked),
        period_scores.performance(later),
    )
    assert expected.index.tolist() == realised.index.tolist()
    assert (abs(expected["roc_auc"] - realised["roc_auc"]) < 0.06).all()
    assert monitoring_report.performance_picture(NOTHING, METRICS, expected).png
    assert "Expected before any label" in monitoring_report.describe_expected(
        later.known.task, expected, realised
    )


def test_expected_scores_decide_while_there_are_no_labels():
    expected = periods([0.8, 0.7], [0.9, 0.001])
    found = monitor_model.decide(NOTHING, moved(), METRICS, 0.05, expected)
    assert found["decision"] == RETRAIN and found["score_dropped"]
    assert "expected to be 0.70 at worst (2021-02)" in found["reason"]
    assert monitor_model.decide(NOTHING, moved(), METRICS, 0.2, expected)["decision"] == KEEP
    assert monitor_model.decide(NOTHING, moved(), METRICS, 0.05, NOTHING)["decision"] == RETRAIN
    labels = periods([0.84, 0.86], [0.9, 0.9])
    assert monitor_model.decide(labels, moved(), METRICS, 0.05, expected)["decision"] == KEEP


def test_held_out_rows_are_no_later_ones(later):
    held_out = Production(**(vars(later) | {"is_held_out": True}))
    assert period_scores.unseen(None, held_out) is None
    assert monitor_model.prediction_drift(later.known.task, None) is None
    assert period_scores.estimated_performance(held_out, None).empty
    assert "can't be compared" in monitoring_report.describe_prediction_drift(None)


def test_predictions_are_compared_with_those_for_unseen_rows(later, asked):
    table = monitor_model.prediction_drift(later.known.task, asked)
    assert table.index.tolist() == ["probability of yes"] and not table["significant"].any()
    high = [(said, np.clip(chance + [-0.4, 0.4], 0, 1)) for said, chance in [asked.later]][0]
    other = period_scores.Unseen(asked.truth, asked.held_out, high)
    assert monitor_model.prediction_drift(later.known.task, other)["drifts"].all()


def test_numbers_have_no_expected_score():
    other = prepared("price")
    raw = raw_table(80, seed=3).drop(columns="bought")
    model = fitted(other)
    X, y = model["clean"].transform(raw), raw["price"].to_numpy(float)
    production = Production(raw, X, y, np.full(80, "new rows"), model, other.rows, "later")
    asked = period_scores.Unseen(y, (y, None), (y, None))
    assert period_scores.estimated_performance(production, asked).empty
    assert "not applicable" in monitoring_report.describe_expected(other.task, NOTHING, NOTHING)
    said = monitoring_report.describe_performance(NOTHING, NOTHING, other.task)
    assert said == "No labels yet, and no probabilities to estimate scores from."


def test_columns_that_go_together_in_another_way_are_found(made, champion, later):
    sound, none = monitor_model.joint_drift(later), monitor_model.quality_changes(later)
    assert not sound.significant and not none
    X = later.X.assign(weight=later.X["height"].fillna(170) - 120)
    other = Production(**(vars(later) | {"X": X}))
    assert monitor_model.joint_drift(other).significant


def test_a_day_with_far_too_many_rows_is_found(later):
    known, X = later.known.X, later.X
    usual = pd.date_range("2021-01-01", periods=len(known) // 10 + 1).repeat(10)[: len(known)]
    known = replace(later.known, X=known.assign(day=usual))
    crowded = pd.date_range("2022-01-01", periods=len(X) // 10 + 1).repeat(10)[: len(X)]
    found = []
    together = crowded.where(~crowded.day.isin([2, 4, 5, 6]), pd.Timestamp("2022-01-03"))
    for when in (crowded, together):
        rows = replace(later, known=known, X=X.assign(day=when))
        found.append([c.code for c in monitor_model.quality_changes(rows, "day")])
        assert monitor_model.quality_changes(rows) == []
    assert found == [[], ["volume"]]


# --- The challenger -----------------------------------------------------------------------------


def test_the_challenger_is_judged_on_rows_that_neither_has_seen(later):
    refits = Refits(later)
    challenger, newer = refit_models.refit_challenger(later, refits)
    assert challenger is refits.before("2021-02")[0], "one fit serves the policies, too"
    assert set(later.period[newer]).isdisjoint(later.period[~newer])
    found = better_than_champion.compare_models(later, challenger, newer)
    assert found["rows"] == int(newer.sum())
    assert found["gain_from"] <= found["challenger"] - found["champion"] <= found["gain_to"]
    assert len(
        better_than_champion.compared_table(found)
    ) == 2 and better_than_champion.describe_comparison(found)


def test_one_period_is_halved(made, champion):
    production = delivery(made, champion, periods=1)
    challenger, newer = refit_models.refit_challenger(production, Refits(production))
    assert newer.tolist() == [False] * 120 + [True] * 120
    assert challenger["clean"].plan_ == champion["clean"].plan_


def test_the_champion_is_not_promoted_against_itself(later):
    found = better_than_champion.compare_models(later, later.champion, np.ones(240, dtype=bool))
    assert not found["promote"] and found["gain_from"] == found["gain_to"] == 0
    assert "Keep the champion" in better_than_champion.describe_comparison(found)


def test_nothing_to_compare_is_said():
    assert better_than_champion.compared_table(None).empty
    assert "too few" in better_than_champion.describe_comparison(None)


# --- A delivery as it comes ---------------------------------------------------------------------


def work_of(label: dict) -> SimpleNamespace:
    split = {"strategy": "random", "column": ""}
    about = {"label": label, "target": "bought"}
    return SimpleNamespace(about=about, run=SimpleNamespace(example=None),
                           read_json=lambda name: split)  # fmt: skip


CLASSES = {"kind": "class", "values": ["no", "yes"]}


def produced(made, champion, raw) -> Production:
    return production_rows._production(work_of(CLASSES), raw, champion, made.rows, "later")


def test_a_label_in_other_case_is_the_known_class(made, champion, later):
    raw = later.raw.assign(bought=later.raw["bought"].str.upper() + " ")
    found = produced(made, champion, raw)
    assert found.y.tolist() == later.y.tolist()
    assert period_scores.performance(found)["roc_auc"].notna().all()


def test_rows_without_a_label_count_for_drift_but_are_not_scored(made, champion, later):
    raw = later.raw.copy()
    raw.loc[:9, "bought"] = ["n/a", None] * 5
    found = produced(made, champion, raw)
    assert len(found.X) == len(found.raw) == 240 and found.labelled.sum() == 230
    assert period_scores.performance(found)["rows"].sum() == 230
    assert "230 of them with labels" in monitoring_report.describe_production(found)
    newer = refit_models.newer_half(found)
    assert not newer[:10].any() and newer.sum() == 115
    refitted = refit_models.refitted(found, ~newer)
    assert len(refitted.predict_proba(found.raw)) == 240


def test_a_delivery_without_the_target_has_no_labels(made, champion, later):
    found = produced(made, champion, later.raw.drop(columns="bought"))
    assert found.y is None and len(found.X) == 240


def test_a_class_that_is_not_known_is_refused(made, champion, later):
    with pytest.raises(InputError, match="does not know: 'perhaps'"):
        produced(made, champion, later.raw.assign(bought="perhaps"))


def test_some_labels_of_a_new_class_are_counted_and_said(made, champion, later):
    raw = later.raw.assign(bought=["perhaps"] * 7 + later.raw["bought"].tolist()[7:])
    found = produced(made, champion, raw)
    assert found.new_classes == {"perhaps": 7} and not found.labelled[:7].any()
    assert "perhaps" not in set(found.y)
    said = monitor_model._new_classes(found)[0]
    assert said.severity == "alarm" and "7 of 240 rows" in said.message


@pytest.mark.parametrize("empty", [None, "n/a", " "])
def test_labels_that_have_not_come_are_no_labels(made, champion, later, empty):
    found = produced(made, champion, later.raw.assign(bought=empty))
    assert found.y is None and not found.labelled.any()


def test_words_where_numbers_were_promised_are_refused():
    other = prepared("price")
    raw = raw_table(40, seed=3).drop(columns="bought")
    about = {"kind": "number", "style": "point"}
    with pytest.raises(InputError, match="'cheap' in the column 'price' is no number"):
        production_rows.labels_of(raw.assign(price="cheap"), other.task, about)
    some = raw["price"].astype(str).where(raw.index > 3, "cheap")
    assert np.isnan(production_rows.labels_of(raw.assign(price=some), other.task, about)).sum() == 4


def test_a_delivery_that_lacks_a_needed_column_is_refused(made, champion, later):
    with pytest.raises(InputError, match="lack 1 of the 2 columns .* is 'weight'"):
        production_rows.check_columns({"weight": {}, "city": {}}, later.raw.drop(columns="weight"))


def test_a_stored_result_of_an_earlier_version_is_read_under_the_keys_of_today(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = Run("earlier")
    earlier = {"said": {"Drift": "none"}, "moved": ["age"], "slipped": True}
    run.write_json("monitoring.json", earlier | {"joint": {"tells": {"age": 0.2}}})
    assert monitoring_report.read_result(run) == {
        "summary": {"Drift": "none"}, "significant": ["age"], "score_dropped": True,
        "joint": {"importance": {"age": 0.2}},
    }  # fmt: skip
    assert monitoring_report.read_result(Run("none")) is None


@pytest.mark.parametrize(
    ("gain", "verdict", "replaces"),
    [(0.001, "good enough", True), (0.001, "not good enough", False), (0.0, "good enough", False)],
)
def test_one_rule_says_whether_a_challenger_replaces_the_champion(gain, verdict, replaces):
    assert better_than_champion.replaces_champion({"gain_from": gain}, verdict) == replaces
