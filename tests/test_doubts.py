import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.cells.draft_column_plan import SENTINELS, draft_and_repair
from helpers.clean import review_decisions
from helpers.clean.cleaning_plan import draft_plan, plan_text, read_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import (
    REVIEW_COLUMNS,
    apply_marks,
    keep_marks,
    open_review,
    review_items_of,
    review_list,
)
from helpers.clean.one_row_cleaner import RowCleaner

FRAME = pd.DataFrame(
    {
        "city": ["Boston", "Bostom", "Salem", "Boston", "Salem", "Boston", "Salem", "Boston"],
        "zip": ["02108", "02108", "01970", "02108", "01970", "02108", "02108", "02108"],
        "age": [31.0, 45.0, 999.0, 28.0, 61.0, 50.0, 33.0, 47.0],
    }
)
PLAN = {
    "columns": {
        "city": {"kind": "category", "values": ["Bostom", "Boston", "Salem"]},
        "zip": {"kind": "category", "values": ["01970", "02108"]},
        "age": {"kind": "number"},
    }
}


def doubt(column="city", value="Bostom", suggestion="Boston", where=None, kind="typo"):
    return {
        "column": column, "value": value, "where": where or {}, "cells": 1, "kind": kind,
        "suggestion": suggestion, "evidence": "1 cell against 4",
    }  # fmt: skip


def marked(*found, apply="yes", **edits):
    return review_list(list(found), FRAME).assign(apply=apply, **edits)


def cleaned(plan, frame=FRAME):
    return Cleaner(plan).fit(frame).repair(frame)


def test_a_doubt_that_nobody_marked_changes_nothing():
    for mark in ("", "no", " N "):
        assert apply_marks(PLAN, marked(doubt(), apply=mark)) == PLAN


@pytest.mark.parametrize("mark", ["yes", "Y", " x ", "1", "TRUE"])
def test_a_name_that_a_person_settles_is_written_from_then_on(mark):
    frame, changes = cleaned(apply_marks(PLAN, marked(doubt(), apply=mark)))
    assert frame["city"].tolist()[1] == "Boston"
    assert changes[["row", "column", "before", "after"]].values.tolist() == [
        [1, "city", "Bostom", "Boston"]
    ]


def test_the_spelling_of_a_settled_name_does_not_matter():
    plan = apply_marks(PLAN, marked(doubt()))
    frame = FRAME.assign(city=[" bostom"] + FRAME["city"].tolist()[1:])
    assert cleaned(plan, frame)[0]["city"].tolist()[:2] == ["Boston", "Boston"]


def test_a_code_that_a_person_calls_missing_becomes_missing():
    plan = apply_marks(PLAN, marked(doubt("age", "999", "missing", kind="code for missing")))
    frame, changes = cleaned(plan)
    assert frame["age"].isna().tolist() == [False, False, True] + [False] * 5
    assert changes["before"].tolist() == ["999"]


def test_a_repair_for_some_rows_only_touches_those():
    plan = apply_marks(PLAN, marked(doubt("city", "Salem", "Boston", where={"zip": "02108"})))
    frame, changes = cleaned(plan)
    assert frame["city"].tolist()[6] == "Boston" and frame["city"].tolist()[2] == "Salem"
    assert changes[["row", "kind"]].values.tolist() == [[6, "decision"]]


def test_what_a_person_decided_is_in_the_plan_and_survives_the_file():
    plan = apply_marks(PLAN, marked(doubt(), doubt("city", "Salem", "Boston", {"zip": "02108"})))
    assert read_plan(plan_text(plan), FRAME.columns) == plan
    assert apply_marks(plan, marked(doubt(), apply="")) == plan


def test_one_row_is_decided_as_in_a_batch():
    plan = apply_marks(PLAN, marked(doubt(), doubt("city", "Salem", "Boston", {"zip": "02108"})))
    batch = cleaned(plan)[0]
    for position in range(len(FRAME)):
        alone = cleaned(plan, FRAME.iloc[[position]])[0]
        pd.testing.assert_frame_equal(alone, batch.iloc[[position]])


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"apply": "perhaps"}, "yes or no"),
        ({"column": "town"}, "Did you mean"),
        ({"suggestion": ""}, "gives no new value"),
        ({"where": "postcode=1"}, "postcode=1"),
    ],
)
def test_a_mark_that_cant_be_followed_is_one_clear_line(edits, says):
    table = marked(doubt()).assign(**edits)
    table = table.assign(column=table["column"].replace("town", "citty"))
    with pytest.raises(InputError, match=says) as error:
        apply_marks(PLAN, table)
    assert "\n" not in str(error.value)


def test_a_number_that_does_not_read_as_one_is_refused():
    with pytest.raises(InputError, match="does not read as a number"):
        apply_marks(PLAN, marked(doubt("age", "999", "ninety-nine")))


def test_a_list_goes_through_a_file_and_back(tmp_path):
    table = marked(
        doubt(), doubt("age", "999", "missing"), doubt("zip", "02108", "01970", {"city": "Salem"})
    )
    table.to_csv(tmp_path / "review.csv", index=False)
    pd.testing.assert_frame_equal(open_review(str(tmp_path / "review.csv")), table)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no readable review list"),
        ("a,b\n1,2\n", "lacks the column 'column'"),
        ("", "no readable"),
    ],
)
def test_a_file_that_is_no_review_list_is_refused(tmp_path, text, says):
    if text is not None:
        (tmp_path / "review.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        open_review(str(tmp_path / "review.csv"))


def test_doubts_that_no_longer_hold_are_left_out():
    found = [doubt(), doubt("city", "Chicagoo"), doubt("city", "Salem", where={"zip": "99999"})]
    assert review_list(found, FRAME)["value"].tolist() == ["Bostom"]
    assert review_list([doubt("age", "??", "", kind="unreadable")], FRAME)["value"].tolist() == [
        "??"
    ]


def test_the_marks_of_a_person_outlive_the_next_run():
    before = marked(doubt(), apply="yes", suggestion="BOSTON")
    again = keep_marks(review_list([doubt(), doubt("age", "999", "missing")], FRAME), before)
    kept = again.set_index("value")
    assert kept.loc["Bostom", ["suggestion", "apply"]].tolist() == ["BOSTON", "yes"]
    assert kept.loc["999", "apply"] == "" and len(again) == 2
    gone = keep_marks(review_list([], FRAME), before)  # settled, so no doubt now: the line stays
    assert gone["value"].tolist() == ["Bostom"] and gone.columns.tolist() == REVIEW_COLUMNS


@pytest.mark.parametrize(
    "decision",
    [
        {"column": "city", "value": "Salem", "where": {}},
        {"column": "city", "value": "Salem", "where": {"zip": 2108}, "becomes": "Boston"},
        {"column": "town", "value": "Salem", "where": {"zip": "02108"}, "becomes": "Boston"},
        {"column": "city", "value": "Salem", "where": {"postcode": "1"}, "becomes": "Boston"},
        "Salem is Boston",
    ],
)
def test_a_decision_in_an_edited_plan_that_cant_be_followed_is_refused(decision):
    with pytest.raises(InputError, match="decision 1"):
        read_plan(plan_text(PLAN | {"decisions": [decision]}), FRAME.columns)


def test_an_empty_list_has_its_columns():
    empty = review_list([], FRAME)
    assert empty.columns.tolist() == REVIEW_COLUMNS and empty.empty
    assert keep_marks(empty, empty).empty and apply_marks(PLAN, empty) == PLAN


def test_the_plan_that_was_given_stays_as_it_was():
    before = plan_text(PLAN)
    apply_marks(PLAN, marked(doubt(), doubt("age", "999", "missing")))
    assert plan_text(PLAN) == before


def test_drafting_refuses_two_columns_of_one_name():
    with pytest.raises(InputError, match="more than one column 'x'"):
        draft_plan(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_decisions_without_their_column_change_nothing():
    plan = apply_marks(PLAN, marked(doubt("city", "Salem", "Boston", {"zip": "02108"})))
    frame = FRAME.drop(columns="zip")
    assert cleaned(plan, frame)[0]["city"].tolist() == frame["city"].tolist()
    assert review_decisions.decide(frame, {})[1] == {}


def test_a_decision_sees_the_cells_as_they_came_in_one_row_as_in_many():
    """The second decision does not find the value that the first one has just written."""
    chain = [
        {"column": "city", "value": "Salem", "where": {"zip": "02108"}, "becomes": "Boston"},
        {"column": "zip", "value": "02108", "where": {"city": "Boston"}, "becomes": "01970"},
        {"column": "age", "value": "999", "where": {}, "becomes": "missing"},
        {"column": "city", "value": "Boston", "where": {"age": "31"}, "becomes": "Salem"},
    ]
    plan = PLAN | {"decisions": chain}
    table, _ = cleaned(plan, FRAME)
    assert table["zip"].tolist()[6] == "02108" and table["city"].tolist()[6] == "Boston"
    alone = RowCleaner(plan, list(FRAME))
    for place, raw in enumerate(FRAME.to_dict("records")):
        row = alone(raw, {name: read(raw[name]) for name, read in alone.fields.items()})
        many = table.iloc[place].astype(object).where(table.iloc[place].notna(), None)
        assert row == many.to_dict(), place


@pytest.mark.parametrize("code", sorted(SENTINELS))
def test_a_number_that_surely_means_missing_is_a_doubt_where_it_is_less_sure(code):
    near = pd.Series([0.001 * n for n in range(90)] + [code] * 4)
    plan = draft_and_repair(near, None)[0]
    assert [float(text) for text in plan["missing"]] == [code]
    (found,) = review_items_of(near, {"kind": "number"})
    assert (float(found["value"]), found["kind"], found["cells"]) == (code, "code for missing", 4)
    spread = abs(code) / 8 * np.sin(np.arange(90))  # as far as the values are from one another
    less_far = pd.Series([*spread, *[code] * 4])
    assert "missing" not in draft_and_repair(less_far, None)[0]
    assert [float(one["value"]) for one in review_items_of(less_far, {"kind": "number"})] == [code]
