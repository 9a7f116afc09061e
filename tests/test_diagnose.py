"""Diagnosis: groups that are served worse, calibration, costs, learning curve, the way back."""

import numpy as np
import pandas as pd
import pytest

from helpers.evaluate import (
    calibration_curve,
    cost_of_errors,
    diagnosis,
    learning_curves,
    partial_dependence_curves,
    served_worse,
    way_back,
)
from helpers.learning.labelled_data import Labelled
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from tests.small import at_random, fitted, prepared, raw_table

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression")


def both(chance) -> np.ndarray:
    return np.c_[1 - np.asarray(chance), chance]


@pytest.fixture
def said():
    """Labels, and probabilities that are good but where `city` is Oslo: there they are noise."""
    random = np.random.default_rng(0)
    city = random.choice(["Rome", "Oslo", "Lima"], 900)
    truth = np.where(random.random(900) < 0.5, "yes", "no")
    sound = np.where(truth == "yes", 0.8, 0.2)
    chance = np.where(city == "Oslo", random.uniform(0.05, 0.95, 900), sound)
    size = pd.Series(random.normal(size=900)).mask(city == "Rome")
    X = pd.DataFrame({"city": pd.Series(city).astype("str"), "size": size})
    return X, truth, np.where(chance >= 0.5, "yes", "no"), both(chance)


def test_the_group_that_is_served_worse_is_named_first(said):
    X, *answers = said
    table = served_worse.served_worse(BINARY, X, *answers, X.columns)
    assert table.index[0] == "city = Oslo"
    assert not table.index.str.contains("Rome|Lima").any()
    assert table["excess loss"].iloc[0] > 0.2
    assert table["ROC AUC"].iloc[0] < 0.6 < table["ROC AUC, all rows"].iloc[0]
    assert "city = Oslo" in served_worse.describe_groups(table)
    shown = served_worse.shown_groups(table)
    assert shown.loc["city = Oslo", "rows"] == f"{(X.city == 'Oslo').sum()}"


def test_where_all_are_served_alike_no_group_is_listed(said):
    X, truth, *_ = said
    chance = np.where(truth == "yes", 0.8, 0.2)
    table = served_worse.served_worse(BINARY, X, truth, truth, both(chance), X.columns)
    assert table.empty and "No group is shown to be" in served_worse.describe_groups(table)


def test_a_group_with_noisier_outcomes_is_not_served_worse_and_one_with_wrong_answers_is(said):
    X, random = said[0], np.random.default_rng(1)
    noisier = X["size"].isna().to_numpy()
    y = random.normal(size=900)
    error = np.where(noisier, 5.0, 1.0) * random.normal(size=900)
    found = served_worse.served_worse(NUMBER, X, y + error, y, None, ["size"])
    assert found.empty, "the model knows all that can be known"
    found = served_worse.served_worse(NUMBER, X, y, y + error, None, ["size"])
    assert found.index.tolist() == ["size is empty"], "here its answers are what is off"


def test_rows_of_one_unit_are_not_counted_as_many():
    random = np.random.default_rng(0)
    unit = np.repeat(np.arange(40), 25)
    X = pd.DataFrame({"city": np.where(unit % 4 == 0, "Oslo", "Rome")})
    mood = random.normal(size=40)
    mood[::4] += 0.7 - mood[::4].mean()  # two standard errors of a mean of ten units
    y = np.repeat(mood, 25) + random.normal(size=1_000)
    alone = [
        len(served_worse.served_worse(NUMBER, X, y, 0 * y, None,
                                      ["city"], unit=by))
        for by in (None, unit)
    ]  # fmt: skip
    assert alone == [1, 0]


def test_the_worst_errors_come_first_with_the_rows_as_they_came(said):
    X, truth, prediction, chance = said
    table = diagnosis.worst_errors(BINARY, X, truth, prediction, chance, ["city"], most=3)
    assert table["city"].tolist() == ["Oslo"] * 3
    given = table["predicted probability"].astype(float)
    assert given.is_monotonic_increasing and given.iloc[0] < 0.1
    numbers = diagnosis.worst_errors(NUMBER, X, [1.0, 2.0, 3.0], [1.0, 9.0, 2.5], None, ["city"], 2)
    assert numbers["true y"].tolist() == [2.0, 3.0]


def test_what_was_mended_can_be_seen_as_it_was():
    from helpers.models.calibrated_model import apply_calibration

    before = both(np.linspace(0.05, 0.95, 50))
    training = {"calibration": {"slope": 0.6, "shifts": [0.0, 0.4]}}
    after = apply_calibration(before, 0.6, (0.0, 0.4))
    assert np.abs(calibration_curve.before_calibration(after, training) - before).max() < 1e-9
    assert calibration_curve.before_calibration(after, {}) is after
    truth = np.where(np.arange(50) % 2, "yes", "no")
    errors = calibration_curve.calibration_errors(BINARY, truth, after, training)
    assert set(errors) == {
        "before",
        "after",
    } and "off on average" in calibration_curve.describe_calibration(errors)
    assert calibration_curve.calibration_errors(NUMBER, [1.0], None, {}) == {}


@pytest.mark.parametrize("training", [{}, {"calibration": {"slope": 1.0, "shifts": [0.0, 0.0]}}])
def test_probabilities_that_were_left_alone_have_no_before(training):
    truth, given = np.where(np.arange(50) % 2, "yes", "no"), both(np.linspace(0.05, 0.95, 50))
    errors = calibration_curve.calibration_errors(BINARY, truth, given, training)
    assert set(errors) == {"after"}
    assert "before" not in calibration_curve.describe_calibration(errors)
    drawn = calibration_curve.calibration_picture(BINARY, truth, given, training)
    assert drawn.png.startswith(b"\x89PNG") and "before" not in drawn.title


def test_a_calibration_that_does_not_help_on_held_out_rows_is_reported():
    worse, better = {"before": 0.022, "after": 0.028}, {"before": 0.028, "after": 0.022}
    assert "does not help on these rows" in calibration_curve.describe_calibration(worse)
    assert "not help" not in calibration_curve.describe_calibration(better)


def test_costs_choose_the_rule():
    truth = np.array(["no"] * 90 + ["yes"] * 10)
    chance = np.r_[np.full(85, 0.1), np.full(5, 0.4), np.full(10, 0.4)]
    asked = BINARY, truth, both(chance), 0.3
    dear = cost_of_errors.costs_table(*asked, (1.0, 10.0))
    assert dear.index[0] == "threshold 0.3 (the model's)"
    assert dear.iloc[0].to_dict() == {"false positives": "5", "false negatives": "0",
                                      "cost per 1,000 rows": "50"}  # fmt: skip
    cheap = cost_of_errors.costs_table(*asked, (10.0, 1.0))
    assert cheap.index[0] in ("always predict no", "threshold 0.50")
    assert "a false negative 10: **threshold 0.3" in cost_of_errors.describe_costs(
        BINARY, dear, (1.0, 10.0)
    )
    assert "No costs of errors were given" in cost_of_errors.describe_costs(
        BINARY, dear, (0.0, 0.0)
    )
    assert cost_of_errors.costs_table(NUMBER, [1.0], None, 0.5, (0, 0)).empty


@pytest.fixture(scope="module", params=["bought", "price"])
def model(request):
    made = prepared(request.param, raw_table(600))
    cut = at_random(made)
    made.rows = cut.of("train")
    return made, fitted(made)[1:], cut


def test_the_learning_curve_doubles_its_rows_and_rises(model):
    made, fit, cut = model
    curve = learning_curves.learning_curve(fit, cut.of("train"))
    assert len(curve) == 4
    steps = curve["rows"].to_numpy()
    assert np.allclose(steps[1:] / steps[:-1], 2, atol=0.05)
    assert (curve["low"] <= curve["score"]).all() and (curve["score"] <= curve["high"]).all()
    assert curve["train"].notna().all()
    assert curve["score"].iloc[-1] > curve["score"].iloc[0] - 0.05
    text = learning_curves.describe_learning_curve(made.task, curve)
    assert "Doubling the rows" in text and "95 % interval" in text


def test_more_rows_help_only_where_the_gain_is_sure():
    curve = pd.DataFrame({"rows": [10, 20], "score": [0.5, 0.6], "gain_from": [0.05] * 2,
                          "gain_to": [0.2] * 2})  # fmt: skip
    assert learning_curves.more_rows_help(curve) and "more rows would help" in (
        learning_curves.describe_learning_curve(BINARY, curve)
    )
    unsure = curve.assign(gain_from=-0.01)
    assert not learning_curves.more_rows_help(unsure)
    assert "not shown" in learning_curves.describe_learning_curve(BINARY, unsure)


def test_the_answer_rises_along_the_column_that_decides(model):
    made, fit, cut = model
    found = partial_dependence_curves.partial_dependence(
        made.task, fit, cut.of("test").X, ["weight", "city"]
    )
    assert found["weight"].is_monotonic_increasing
    assert set(found["city"].index) == {"Rome", "Oslo", "Lima"}
    assert np.ptp(found["city"]) < np.ptp(found["weight"]) / 2


def test_a_column_that_is_nearly_always_the_same_has_points_of_its_other_values(model):
    made, fit, cut = model
    X = cut.of("test").X
    rare = X.assign(weight=np.where(np.arange(len(X)) % 40, 60.0, X["weight"]))
    found = partial_dependence_curves.partial_dependence(made.task, fit, rare, ["weight"])
    assert len(found["weight"]) >= 3


def scores_of(test=0.8, train=0.82):
    row = {"test": test, "from": 0.7, "to": 0.9, "baseline": 0.5, "train": train}
    return pd.DataFrame(row, index=["roc_auc"])


def back(scores=None, rows=5_000, gain=-0.01, worst=(), by_time=False, simpler=False) -> list[int]:
    X = pd.DataFrame({"a": np.arange(rows, dtype=float)})
    learn = Labelled(BINARY, X, np.array(["no"] * rows, object), np.arange(rows), by_time=by_time)
    curve = pd.DataFrame({"rows": [1, 2], "score": [0.7, 0.7], "gain_from": [gain] * 2,
                          "gain_to": [0.1] * 2})  # fmt: skip
    table = pd.DataFrame(index=pd.Index(worst, dtype=object))
    training = {"simpler": {"as_good": simpler, "reading": "linear is as good, or is not"}}
    scores = scores_of() if scores is None else scores
    found = way_back.next_steps(BINARY, scores, learn, curve, table, training)
    assert sorted(found.index) == [1, 2, 3, 5] and found["evidence"].str.len().gt(10).all()
    return sorted(found.index[found["go back"] == "yes"])


def test_the_way_back_names_the_stations_that_evidence_points_to():
    assert back() == [3] and back(rows=200) == [3]
    assert back(gain=0.01) == [1]
    assert back(scores_of(train=0.99)) == [3], "a gap is no evidence for a simpler model"
    assert back(simpler=True) == [3, 5]
    assert back(worst=["size is empty"]) == [2, 3]


def test_the_way_back_of_a_run_that_kept_no_ladder():
    learn = Labelled(BINARY, pd.DataFrame({"a": [1.0]}), np.array(["no"]), np.arange(1))
    none = pd.DataFrame(index=pd.Index([], dtype=object))
    found = way_back.next_steps(BINARY, scores_of(), learn, pd.DataFrame(), none, {})
    assert found.loc[5, "go back"] == "no" and "was not kept" in found.loc[5, "evidence"]


@pytest.mark.parametrize("ratio", [0.5, 1, 3])
def test_the_model_that_knows_the_chances_pays_at_its_own_threshold(ratio):
    random = np.random.default_rng(0)
    chance = random.beta(1, 2, 3_000)
    truth = np.where(random.random(3_000) < chance, "yes", "no")
    table = cost_of_errors.worth_by_ratio(BINARY, truth, both(chance))
    row = table.loc[ratio]
    assert row["model"] < min(row["never"], row["always"]) and row["cheaper"]
    said = cost_of_errors.describe_worth_by_ratio(table)
    assert "times as much as a false positive" in said
    nothing = cost_of_errors.worth_by_ratio(BINARY, truth, both(np.full(3_000, 0.33)))
    assert "At no ratio" in cost_of_errors.describe_worth_by_ratio(nothing)


def test_the_way_back_in_words():
    table = pd.DataFrame(
        {"station": ["1 (collect more rows)"], "evidence": ["few."], "go back": ["yes"]}
    )
    assert way_back.describe_next_steps(table, passed=False).startswith("Where to go from here")
    assert "- **stage 1** (collect more rows): few." in way_back.describe_next_steps(
        table, passed=True
    )


def test_predictions_of_one_table_fit_all_the_pieces(model):
    made, fit, cut = model
    test = cut.of("test")
    prediction, probability = predict(made.task, fit, test.X)
    shown = diagnosis.appendix(test.X, made.task, test.y, prediction, probability, ["weight"])
    assert "<details>" in shown.data
