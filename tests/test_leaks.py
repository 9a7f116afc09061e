"""Leak alarms: each kind of leak is found with its evidence; sound tables stay silent."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.base.findings import Finding
from helpers.features import feature_plan
from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task
from helpers.split import find_leaks, leaks_report, one_column_probe, split_into_parts

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression")
RANDOM = {"strategy": "random", "column": ""}
ROWS = 600


@pytest.fixture
def table():
    """Numbers of which one says something about the label."""
    random = np.random.default_rng(3)
    X = pd.DataFrame(random.normal(size=(ROWS, 4)), columns=list("abcd")).round(6)
    yes = random.random(ROWS) < 1 / (1 + np.exp(-1.5 * X["a"]))
    return X, np.where(yes, "yes", "no").astype(object)


def plan_of(X: pd.DataFrame, task: Task, **more) -> dict:
    columns = {}
    for name in X:
        kind = "number" if pd.api.types.is_numeric_dtype(X[name].dtype) else "category"
        columns[name] = feature_plan.role_of(X[name], kind)
    return {"columns": columns, "derived": {}, "left_out": {}, "task": task.kind} | more


def alarms(X, y, task=BINARY, choice=RANDOM, alike=None, plan=None, **options) -> dict:
    rows = Labelled(task, X, y, np.arange(len(y)), alike)
    cut = split_into_parts.split_rows(rows, choice, **options)
    found = find_leaks.find_alarms(cut, plan or plan_of(X, task), choice)
    return {alarm.code: alarm for alarm in found}


def test_a_sound_table_is_silent(table):
    assert alarms(*table) == {}
    assert leaks_report.describe_alarms([]).startswith("**No alarm**")


@pytest.mark.parametrize("wrong", [0.0, 0.03])
def test_a_copy_of_the_target_is_found_with_its_remedy(table, wrong):
    X, y = table
    said = np.where(y == "yes", 7, 3)
    flip = np.random.default_rng(0).random(ROWS) < wrong
    found = alarms(X.assign(code=np.where(flip, 10 - said, said)), y)["predicts_the_target"]
    assert found.columns == ("code",) and found.severity == "alarm"
    assert "--set drop=code --stages 3-8" in found.message
    assert found.evidence["alone"] > 0.9


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_copy_of_a_number_is_found(table, noise):
    X, _ = table
    random = np.random.default_rng(1)
    y = (X["a"] * 2 + random.normal(size=ROWS)).to_numpy()
    assert alarms(X, y, NUMBER) == {}
    copy = np.exp(y + noise * random.normal(size=ROWS))  # another scale, the same order
    assert alarms(X.assign(copy=copy), y, NUMBER)["predicts_the_target"].columns == ("copy",)


def test_a_column_that_outdoes_all_others_is_worth_a_question(table):
    X, y = table
    random = np.random.default_rng(2)
    strong = np.where(y == "yes", 2.5, 0) + random.normal(size=ROWS)
    found = alarms(X[["b", "c"]].assign(strong=strong), y)["predicts_the_target"]
    assert found.severity == "warning" and "far better" in found.message


def test_a_strong_column_among_strong_ones_is_no_alarm(table):
    _, y = table
    random = np.random.default_rng(2)
    X = pd.DataFrame(
        {f"x{i}": np.where(y == "yes", 2.2, 0) + random.normal(size=ROWS) for i in range(4)}
    )
    assert alarms(X, y) == {}


def test_what_is_filled_in_after_the_event_is_found_by_its_gaps(table):
    X, y = table
    day = pd.Series(np.where(y == "yes", "2020-01-01", None)).astype("str")
    assert alarms(X.assign(when=day), y)["known_afterwards"].columns == ("when",)
    half = np.random.default_rng(0).random(ROWS) < 0.5
    some = pd.Series(np.where((y == "yes") & half, "a", None)).astype("str")
    found = alarms(X.assign(cancellation_reason=some), y)["known_afterwards"]
    assert "Its name, too" in found.message
    by_chance = pd.Series(np.where(half, "a", None)).astype("str")
    assert alarms(X.assign(cancellation_reason=by_chance), y) == {}


@pytest.mark.parametrize(
    ("name", "late"),
    [("closingDate", True), ("refund_amount", True), ("delay", False), ("closeness", False)],
)
def test_names_of_what_comes_afterwards(name, late):
    assert one_column_probe.sounds_late(name) is late


def test_an_identifier_that_was_dealt_by_the_answer_is_found(table):
    X, y = table
    order = np.argsort(y.astype(str), kind="stable")
    number = np.empty(ROWS, int)
    number[order] = np.arange(ROWS)
    left_out = {"left_out": {"id": "identifier: a name for the row, not a property of it"}}
    plan = plan_of(X, BINARY) | left_out
    assert alarms(X.assign(id=number), y, plan=plan)["identifier"].columns == ("id",)
    assert alarms(X.assign(id=np.arange(ROWS)), y, plan=plan) == {}
    spelt = np.where(y == "yes", "A-", "B-") + pd.Series(np.arange(ROWS)).astype(str)
    assert "identifier" in alarms(X.assign(id=pd.Series(spelt).astype("str")), y, plan=plan)


def test_columns_that_add_up_or_multiply_to_the_target_are_named(table):
    X, _ = table
    random = np.random.default_rng(1)
    parts = random.uniform(1, 5, (ROWS, 2))
    more = X.assign(first=parts[:, 0], other=parts[:, 1])
    for y in (parts.sum(axis=1), 3 * parts[:, 0] - 2 * parts[:, 1], parts.prod(axis=1)):
        found = alarms(more, y, NUMBER)["adds_up_to_target"]
        assert set(found.columns) == {"first", "other"}
    noisy = parts.sum(axis=1) + random.normal(0, 0.5, ROWS)
    assert "adds_up_to_target" not in alarms(more, noisy, NUMBER)


def test_twins_on_both_sides_are_counted_also_under_another_number(table):
    X, y = table
    again = np.arange(0, ROWS, 8)
    both = pd.concat([X, X.iloc[again]], ignore_index=True)
    both["entry"] = np.random.default_rng(0).permutation(len(both))
    found = alarms(both, np.concatenate([y, y[again]]))["rows_on_both_sides"]
    assert 0.02 < found.evidence["share"] < 0.5


def test_equal_rows_of_a_table_with_few_levels_are_no_copies(table):
    _, y = table
    X = pd.DataFrame({"sex": ["f", "m"] * (ROWS // 2), "class": [1, 2, 3] * (ROWS // 3)})
    assert alarms(X, y) == {}


def test_copies_among_few_levels_show_by_their_targets():
    """Of rows that many others equal, copies agree on a number that chance would not repeat."""
    random = np.random.default_rng(7)
    X = pd.DataFrame({"sex": random.choice(["f", "m"], ROWS), "age": random.integers(20, 60, ROWS)})
    y = random.normal(size=ROWS).round(3)
    assert alarms(X, y, NUMBER) == {}
    again = np.arange(0, ROWS, 8)
    both = pd.concat([X, X.iloc[again]], ignore_index=True)
    found = alarms(both, np.concatenate([y, y[again]]), NUMBER)["rows_on_both_sides"]
    assert found.severity == "warning" and 0.02 < found.evidence["share"] < 0.5


def test_a_key_that_predicts_the_target_is_explained_by_its_shared_rows():
    random = np.random.default_rng(5)
    who = np.repeat(np.arange(60), 10)
    X = pd.DataFrame(random.normal(size=(60, 3))[who] + random.normal(0, 0.01, (600, 3)))
    y = np.where(who < 30, "yes", "no").astype(object)  # the number of the patient tells it alone
    plan = plan_of(X := X.set_axis(list("abc"), axis=1).assign(patient_id=who), BINARY)
    found = alarms(X, y, plan=plan)
    assert one_column_probe.predictive_power(BINARY, X["patient_id"], y) > 0.98
    assert found["shared_entities"].columns == ("patient_id",)
    assert "predicts_the_target" not in found


def test_one_customer_on_both_sides_is_found_and_measured():
    random = np.random.default_rng(5)
    who = np.repeat(np.arange(100), 6)
    X = pd.DataFrame(random.normal(size=(100, 3))[who] + random.normal(0, 0.01, (600, 3)))
    X.columns = list("abc")
    y = np.where(random.permutation(np.arange(100) % 2)[who] == 1, "yes", "no").astype(object)
    found = alarms(X.assign(customer_id=who), y)["shared_entities"]
    assert found.columns == ("customer_id",)
    assert found.evidence["rows apart"] > found.evidence["groups"] + 0.2
    assert "group_column=customer_id" in found.message
    loose = np.where(random.random(600) < 0.5, "yes", "no").astype(object)
    assert "shared_entities" not in alarms(X.assign(customer_id=who), loose)


def test_parts_of_other_kinds_are_told_apart(table):
    X, y = table
    part = np.where(np.arange(ROWS) % 4 == 0, "test", "train")
    moved = X.assign(a=X["a"] + 3 * (part == "test"), part=pd.Series(part).astype("str"))
    choice = {"strategy": "column", "column": "part"}
    plan = plan_of(X, BINARY)
    found = alarms(moved, y, choice=choice, plan=plan)["sets_differ"]
    assert found.columns[0] == "a" and found.severity == "alarm" and "drop=a" in found.message
    assert alarms(moved.assign(a=X["a"]), y, choice=choice, plan=plan) == {}


def test_that_another_time_differs_is_no_reason_to_leave_columns_out(table):
    X, y = table
    moved = X.assign(a=X["a"] + 4 * (np.arange(ROWS) >= 0.75 * ROWS),
                     day=pd.date_range("2020-01-01", periods=ROWS))  # fmt: skip
    choice = {"strategy": "time", "column": "day"}
    found = alarms(moved, y, choice=choice, plan=plan_of(X, BINARY))["sets_differ"]
    assert found.severity == "warning" and found.columns[0] == "a"
    assert "drop=" not in found.message and "no reason to leave a column out" in found.message


def test_near_duplicates_on_both_sides_of_a_split_that_was_given(table):
    X, y = table
    part = pd.Series(np.where(np.arange(ROWS) % 4 == 0, "test", "train")).astype("str")
    alike = np.arange(ROWS)
    alike[1] = 0  # row 0 is held out, row 1 is not
    choice = {"strategy": "column", "column": "part"}
    found = alarms(X.assign(part=part), y, choice=choice, alike=alike, plan=plan_of(X, BINARY))
    assert found["near_duplicates_on_both_sides"].evidence == {"groups": 1}
    assert "near_duplicates_on_both_sides" not in alarms(X, y, alike=alike)


def test_several_classes_have_alarms_too(table):
    X, _ = table
    three = Task("y", "multiclass", ("a", "b", "c"))
    y = np.random.default_rng(0).choice(["a", "b", "c"], ROWS).astype(object)
    found = alarms(X.assign(code=pd.Series(y).map({"a": "x", "b": "q", "c": "m"})), y, three)
    assert found["predicts_the_target"].columns == ("code",)


def test_the_alarms_in_words_and_as_a_table():
    one = Finding("predicts_the_target", "alarm", ["a"], "a tells. Drop it.", {"alone": 0.99})
    text = leaks_report.describe_alarms([one, replace(one, severity="warning")])
    assert text.startswith("**1 alarm and 1 warning**") and "- **alarm**: a tells. Drop it." in text
    table = leaks_report.evidence_table([one])
    assert table["measured"].tolist() == ["alone 0.99"]
