"""What is to be predicted: kinds, classes, refusals, and metrics that are scikit-learn's own."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as m
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.base.user_errors import InputError
from helpers.cells.kinds import kind_of
from helpers.learning.label_column import draft_label, read_label
from helpers.learning.metric_names import METRICS, PLAIN_NAMES
from helpers.learning.metric_scores import better, score
from helpers.learning.predicting import predict, predict_scores
from helpers.learning.task_kind import Task, as_labels, encode, find_task

BINARY = Task("y", "binary", ("no", "yes"), "yes")
THREE = Task("y", "multiclass", ("a", "b", "c"))
NUMBER = Task("y", "regression")


def read_target(column: pd.Series) -> pd.Series:
    """The target as stage 1 plans it and reads it."""
    return read_label(column, draft_label(column))


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["no", "yes", "no"], "binary"),
        ([0, 1, 1, 0], "binary"),
        ([True, False, True], "binary"),
        ([0.5, 1.5], "binary"),
        (["a", "b", "c"], "multiclass"),
        (list(range(20)), "multiclass"),
        (list(range(21)), "regression"),
        ([x + 0.5 for x in range(10)], "multiclass"),
        ([x + 0.5 for x in range(11)], "regression"),
    ],
)
def test_the_kind_follows_from_the_values(values, kind):
    assert find_task(pd.Series(values), "y").kind == kind


def test_a_kind_that_is_asked_for_overrides():
    assert find_task(pd.Series([1, 2, 3]), "y", "regression") == Task("y", "regression")
    assert find_task(pd.Series(["a", "b"]), "y", "multiclass").kind == "multiclass"


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ([None, None], "auto", "missing in every row"),
        (["a", "a", None], "auto", "one class only"),
        ([f"c{i}" for i in range(51)], "auto", "51 classes"),
        (["a", "b"], "regression", "needs numbers"),
        (["a", "b", "c"], "binary", "needs two classes"),
        (["a", "b"], "guess", "task is auto"),
    ],
)
def test_a_target_that_teaches_nothing_is_refused_in_one_line(values, kind, says):
    with pytest.raises(InputError) as error:
        find_task(pd.Series(values), "churned", kind)
    assert says in one_line(error)


def test_fifty_classes_are_still_taken():
    assert len(find_task(pd.Series([f"c{i}" for i in range(50)]), "y").classes) == 50


def test_labels_are_merged_by_case_and_space_into_the_commonest_spelling():
    column = pd.Series(["Yes", "yes", "yes ", "  YES", "No", "n/a", "", None])
    assert read_target(column).dropna().tolist() == [*["yes"] * 4, "No", "n/a"]


def test_none_and_unknown_may_be_classes():
    assert read_target(pd.Series(["none", "unknown", "x"])).notna().all()


def test_numbers_as_text_become_numbers_and_infinity_is_missing():
    measured = [str(n + 0.5) for n in range(30)]
    assert read_target(pd.Series([*measured, "N/A"])).tolist()[:2] == [0.5, 1.5]
    assert read_target(pd.Series([1.0, np.inf, -np.inf])).isna().tolist() == [False, True, True]


def test_the_positive_class_says_yes_or_is_the_rarer_one():
    assert find_task(pd.Series(["YES", "no", "YES"]), "y").positive == "YES"
    assert find_task(pd.Series([1, 0, 1, 1]), "y").positive == "1"
    assert find_task(pd.Series(["cat", "cat", "dog"]), "y").positive == "dog"
    assert find_task(pd.Series(["dog", "cat", "dog"]), "y").positive == "cat"


def test_classes_are_sorted_text_whatever_the_type():
    assert find_task(pd.Series([2.0, 1.0, 3.0]), "y").classes == ("1", "2", "3")
    assert find_task(pd.Series([True, False]), "y").classes == ("False", "True")


def test_labels_and_numbers_are_encoded_for_models():
    assert encode(pd.Series([0.0, 1.0]), BINARY).tolist() == ["0", "1"]
    assert encode(pd.Series([1, 2]), NUMBER).dtype == float
    assert as_labels(pd.Series([0.5, 1.0])).tolist() == ["0.5", "1"]


def test_the_main_metric_is_among_the_metrics_and_each_has_a_plain_name():
    for kind, names in METRICS.items():
        assert Task("y", kind).main_metric in names
        assert set(names) <= set(PLAIN_NAMES)
    areas = [name for name, said in PLAIN_NAMES.items() if "area" in said or "AUC" in said]
    assert areas == ["roc_auc"], "average precision is a sum of steps, no area under a curve"


def test_binary_metrics_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    truth = random.choice(["no", "yes"], 80, p=[0.7, 0.3])
    chance = random.random(80)
    said = np.where(chance > 0.4, "yes", "no")
    found = score(BINARY, truth, said, np.c_[1 - chance, chance])
    yes = truth == "yes"
    expected = {
        "roc_auc": m.roc_auc_score(yes, chance),
        "average_precision": m.average_precision_score(yes, chance),
        "accuracy": m.accuracy_score(truth, said),
        "precision": m.precision_score(truth, said, pos_label="yes"),
        "recall": m.recall_score(truth, said, pos_label="yes"),
        "f1": m.f1_score(truth, said, pos_label="yes"),
        "log_loss": m.log_loss(yes, chance),
    }
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_positive_class_may_sort_first():
    task = Task("y", "binary", ("late", "on time"), "late")
    truth = np.array(["late", "on time", "late", "on time"])
    chance = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])
    assert score(task, truth, truth, chance)["roc_auc"] == 1.0


def test_metrics_of_several_classes_are_those_of_scikit_learn():
    random = np.random.default_rng(1)
    truth, said = random.choice(list("abc"), 60), random.choice(list("abc"), 60)
    chance = random.dirichlet([1, 1, 1], 60)
    expected = {
        "accuracy": m.accuracy_score(truth, said),
        "f1_macro": m.f1_score(truth, said, average="macro"),
        "precision_macro": m.precision_score(truth, said, average="macro"),
        "recall_macro": m.recall_score(truth, said, average="macro"),
        "log_loss": m.log_loss(truth, chance, labels=list("abc")),
    }
    assert score(THREE, truth, said, chance) == pytest.approx(expected, abs=1e-12)


def test_a_class_that_is_absent_does_not_raise_the_mean_over_classes():
    truth, said = np.array(list("aabb")), np.array(list("aaba"))
    expected = m.f1_score(truth, said, labels=list("abc"), average="macro", zero_division=0)
    assert score(THREE, truth, said)["f1_macro"] == pytest.approx(expected)
    assert expected < m.f1_score(truth, said, average="macro")


def test_regression_metrics_are_those_of_scikit_learn():
    random = np.random.default_rng(2)
    truth = random.normal(size=50)
    said = truth + random.normal(size=50)
    expected = {
        "r2": m.r2_score(truth, said),
        "neg_mean_absolute_error": -m.mean_absolute_error(truth, said),
        "neg_root_mean_squared_error": -m.root_mean_squared_error(truth, said),
    }
    assert score(NUMBER, truth, said) == pytest.approx(expected, abs=1e-12)


def test_a_metric_that_is_not_defined_is_left_out():
    truth = np.array(["no", "no"])
    assert "roc_auc" not in score(BINARY, truth, truth, np.full((2, 2), 0.5))
    assert "r2" not in score(NUMBER, np.ones(3), np.zeros(3))


def test_only_the_metrics_that_are_asked_for_come_back():
    truth = np.array(["no", "yes"])
    assert list(score(BINARY, truth, truth, metrics=["f1"])) == ["f1"]


class Stub:
    classes_ = np.array(["c", "a"])

    def predict(self, rows):
        return np.array(["c"] * len(rows), dtype=object)

    def predict_proba(self, rows):
        return np.tile([0.8, 0.2], (len(rows), 1))


def test_probability_columns_follow_the_task_when_a_fold_lacks_a_class():
    _, probability = predict(THREE, Stub(), pd.DataFrame({"x": [1, 2]}))
    assert probability.tolist() == [[0.2, 0.0, 0.8]] * 2


def test_scores_of_a_model_that_lacks_a_class_are_finite():
    found = predict_scores(THREE, Stub(), pd.DataFrame({"x": [1, 2, 3]}), list("abc"))
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize("threshold", [None, 0.2, 0.5])
def test_a_prediction_is_what_the_model_says_by_itself(threshold):
    random = np.random.default_rng(4)
    X = random.normal(size=(300, 3))
    y = np.where(X[:, 0] + random.normal(size=300) > 0.8, "yes", "no").astype(object)
    model = RandomForestClassifier(20, max_depth=4, random_state=0)
    if threshold:
        model = FixedThresholdClassifier(
            model, threshold=threshold, pos_label="yes", response_method="predict_proba"
        )
    fitted = make_pipeline(StandardScaler(), model).fit(X, y)
    assert (predict(BINARY, fitted, X)[0] == fitted.predict(X)).all()


def test_equal_probabilities_share_their_rank():
    truth = np.array(["yes", "no", "yes", "no", "no"])
    chance = np.array([0.5, 0.5, 0.9, 0.1, 0.9])
    found = score(BINARY, truth, truth, np.c_[1 - chance, chance], ["roc_auc"])["roc_auc"]
    assert found == pytest.approx(m.roc_auc_score(truth == "yes", chance))


def test_a_regression_has_no_probabilities():
    model = SimpleNamespace(predict=lambda rows: np.zeros(len(rows)))
    assert predict(NUMBER, model, pd.DataFrame({"x": [1]}))[1] is None


def test_less_log_loss_and_more_of_anything_else_is_better():
    assert better("log_loss", 0.4, 0.5) == pytest.approx(0.1)
    assert better("roc_auc", 0.8, 0.7) == pytest.approx(0.1)
    assert better("neg_mean_absolute_error", -1, -2) == 1


# --- How the target is read ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["0,525", "0,25", "1,5"], [0.525, 0.25, 1.5]),
        (["0,525", "0,250", "0,125"], [0.525, 0.25, 0.125]),
        (["€1,234", "€5"], [1234.0, 5.0]),
        (["50%", "7 %"], [50.0, 7.0]),
        (["1.234,5", "7,25"], [1234.5, 7.25]),
    ],
)
def test_a_target_of_quantities_is_read_as_numbers(texts, numbers):
    assert read_target(pd.Series(texts)).tolist() == numbers


def test_a_target_with_leading_zeros_is_a_class():
    assert read_target(pd.Series(["02134", "10001"])).tolist() == ["02134", "10001"]


@pytest.mark.parametrize(
    "column", [pd.Series([1, 2]), pd.Series([True, False]), pd.Series([0.5, 1.5])]
)
def test_a_typed_target_is_read_as_it_is(column):
    assert draft_label(column) == {"kind": "as it is", "holds": str(kind_of(column))}
    assert read_target(column).tolist() == column.tolist()


def test_a_later_target_is_read_by_the_plan_of_the_first():
    plan = draft_label(pd.Series(["Yes", "No"]))
    assert read_label(pd.Series(["YES", "no ", "new"]), plan).tolist() == ["Yes", "No", "new"]
    plan = draft_label(pd.Series(["1,5", "2,25"]))
    later = read_label(pd.Series(["3,5", "junk", None]), plan)
    assert later[0] == 3.5 and later[1:].isna().all()
    plan = draft_label(pd.Series([1, 2]))
    assert read_label(pd.Series(["1", "2"]), plan).tolist() == [1, 2]


def test_a_plan_of_the_target_survives_json():
    for values in (["Yes", "no"], ["€5", "€6"], ["1,5"], [1, 2]):
        plan = draft_label(pd.Series(values))
        assert json.loads(json.dumps(plan)) == plan
