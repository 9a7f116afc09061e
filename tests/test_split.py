"""Split: parts that do not overlap, folds that never look ahead, groups that stay together."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit

from helpers.base.user_errors import InputError
from helpers.learning.labelled_data import NEVER
from helpers.learning.units import UnitRule
from helpers.split import (
    choose_split,
    split_by_time,
    split_into_parts,
    split_report,
    strategy_comparison,
)
from tests.small import labelled, prepared, raw_table

RANDOM = {"strategy": "random", "column": ""}
TIME = {"strategy": "time", "column": "when"}
GROUP = {"strategy": "group", "column": "who"}


def labels(rows: int, share: float = 0.25) -> list[str]:
    return ["yes" if i < rows * share else "no" for i in range(rows)]


def by_time(rows: int = 60, days: int = 30):
    """Two rows a day, in mixed order."""
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows) % days, unit="D")
    return labelled(["no", "yes"] * (rows // 2), pd.DataFrame({"when": when}))


def by_group(rows: int = 60, groups: int = 12):
    who = [f"p{i % groups}" for i in range(rows)]
    return labelled(["no", "yes"] * (rows // 2), pd.DataFrame({"who": who}))


EVERY = [
    pytest.param(lambda: labelled(labels(80)), RANDOM, id="random"),
    pytest.param(by_time, TIME, id="time"),
    pytest.param(by_group, GROUP, id="group"),
]


@pytest.mark.parametrize(("rows", "choice"), EVERY)
def test_each_row_is_in_one_part_and_rows_stay_in_place(rows, choice):
    before = rows()
    cut = split_into_parts.split_rows(before, choice)
    train, test = cut.of("train"), cut.of("test")
    assert not set(train.row) & set(test.row)
    assert sorted([*train.row, *test.row]) == before.row.tolist()
    pd.testing.assert_frame_equal(cut.X, before.X)
    assert cut.y.tolist() == before.y.tolist()


@pytest.mark.parametrize(("rows", "choice"), EVERY)
def test_folds_leave_test_rows_out_and_do_not_overlap(rows, choice):
    cut = split_into_parts.split_rows(rows(), choice)
    assert (cut.fold[cut.part == "test"] == NEVER).all()
    folds = list(cut.of("train").folds())
    assert len(folds) >= 2
    for learn, valid in folds:
        assert len(learn) and len(valid)
        assert not set(learn) & set(valid)
    examined = np.concatenate([valid for _, valid in folds])
    assert len(examined) == len(set(examined))


@pytest.mark.parametrize(("rows", "choice"), EVERY)
def test_the_same_seed_gives_the_same_split(rows, choice):
    first, second = (split_into_parts.split_rows(rows(), choice, seed=3) for _ in range(2))
    assert (first.part == second.part).all() and (first.fold == second.fold).all()


def test_another_seed_gives_another_split():
    first, second = (
        split_into_parts.split_rows(labelled(labels(80)), RANDOM, seed=s) for s in (1, 2)
    )
    assert (first.part != second.part).any()


def test_a_random_split_keeps_the_shares_of_the_classes():
    cut = split_into_parts.split_rows(labelled(labels(200)), RANDOM, test_share=0.2, folds=5)
    assert (cut.part == "test").sum() == 40
    for part in ("train", "test"):
        assert (cut.of(part).y == "yes").mean() == pytest.approx(0.25)
    train = cut.of("train")
    for _, valid in train.folds():
        assert (train.y[valid] == "yes").mean() == pytest.approx(0.25, abs=0.02)


def test_random_folds_examine_every_training_row_once():
    train = split_into_parts.split_rows(labelled(labels(80)), RANDOM).of("train")
    assert sorted(np.concatenate([valid for _, valid in train.folds()])) == list(range(64))


ALIKE = np.array([0, 1, 2, 2, 0, *range(5, 77), 5, 5, 40])  # rows that are one record


@pytest.mark.parametrize(("rows", "choice"), EVERY)
def test_near_duplicates_are_on_one_side_and_in_one_fold(rows, choice):
    table = rows()
    alike = np.resize(ALIKE, len(table.y))
    cut = split_into_parts.split_rows(replace(table, alike=alike), choice)
    assert (pd.Series(cut.part).groupby(alike).nunique() == 1).all()
    assert (pd.Series(cut.fold).groupby(alike).nunique() == 1).all()
    share = (cut.part == "test").mean()
    assert 0.1 < share < 0.45
    if choice["strategy"] == "group":
        assert (pd.Series(cut.part).groupby(table.X[choice["column"]]).nunique() == 1).all()


def test_rows_without_near_duplicates_are_split_as_ever():
    table = labelled(labels(80))
    plain, linked = (
        split_into_parts.split_rows(t, RANDOM) for t in (table, replace(table, alike=np.arange(80)))
    )
    assert (plain.part == linked.part).all() and (plain.fold == linked.fold).all()


def test_a_time_split_holds_out_later_rows_only_and_ties_never_straddle():
    rows = by_time()
    cut = split_into_parts.split_rows(rows, TIME, test_share=0.25)
    when = rows.X["when"]
    assert when[cut.part == "train"].max() < when[cut.part == "test"].min()
    assert (pd.Series(cut.part).groupby(when).nunique() == 1).all()
    assert cut.by_time


def test_folds_by_time_learn_from_earlier_rows_only():
    train = split_into_parts.split_rows(by_time(), TIME, folds=4).of("train")
    when = train.X["when"]
    folds = list(train.folds())
    assert len(folds) == 4
    for learn, valid in folds:
        assert when[learn].max() < when[valid].min()
    assert [len(learn) for learn, _ in folds] == sorted(len(learn) for learn, _ in folds)


def test_a_day_that_is_a_unit_lies_in_one_part_and_in_one_fold():
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(400) * 2.4, unit="h")
    rows = labelled(["no", "yes"] * 200, pd.DataFrame({"when": when}))
    day = when.normalize().astype(str).to_numpy(dtype=object)
    rows = replace(rows, units=UnitRule("day", "when"), unit=day)
    cut = split_into_parts.split_rows(rows, TIME, test_share=0.23)
    place = pd.DataFrame({"part": cut.part, "fold": cut.fold})
    assert (place.groupby(day).nunique() == 1).all(axis=None)
    train = cut.of("train")
    days = np.unique(train.unit)
    for (_, valid), (_, asked) in zip(train.folds(), TimeSeriesSplit(4).split(days), strict=True):
        assert set(train.unit[valid]) == set(days[asked])


def test_moments_are_dealt_out_to_folds_as_scikit_learn_deals_out_rows():
    when = pd.Series(pd.date_range("2020-01-01", periods=23))
    fold = split_by_time.time_folds(when, 4, "when")
    for number, (_, asked) in enumerate(TimeSeriesSplit(4).split(when)):
        assert np.flatnonzero(fold == number).tolist() == asked.tolist()


def test_a_day_to_hold_out_from_is_kept_to():
    cut = split_into_parts.split_rows(rows := by_time(), TIME, test_from="2020-01-21")
    assert ((cut.part == "test") == (rows.X["when"] >= "2020-01-21")).all()


def test_rows_without_a_date_are_in_no_fold_and_that_is_said():
    rows = by_time()
    rows.X.loc[[0, 7], "when"] = pd.NaT
    cut = split_into_parts.split_rows(rows, TIME)
    assert (cut.part[[0, 7]] == "train").all() and (cut.fold[[0, 7]] == NEVER).all()
    undated = np.flatnonzero(cut.of("train").X["when"].isna())
    assert not any(set(undated) & {*learn, *valid} for learn, valid in cut.of("train").folds())
    assert split_report.describe_undated(cut, TIME).startswith("2 rows have no when")
    assert split_report.describe_undated(split_into_parts.split_rows(by_time(), TIME), TIME) == ""


def test_time_may_be_a_number():
    rows = labelled(["no", "yes"] * 20, pd.DataFrame({"when": np.arange(40) // 4 + 2000}))
    cut = split_into_parts.split_rows(rows, TIME)
    assert rows.X["when"][cut.part == "test"].min() > rows.X["when"][cut.part == "train"].max()


def test_groups_never_straddle_parts_or_folds():
    rows = by_group()
    cut = split_into_parts.split_rows(rows, GROUP, folds=3)
    who = rows.X["who"]
    assert (pd.Series(cut.part).groupby(who).nunique() == 1).all()
    assert (pd.Series(cut.fold).groupby(who).nunique() == 1).all()


def test_rows_without_a_group_are_each_on_their_own():
    rows = labelled(["no", "yes"] * 20, pd.DataFrame({"who": ["a", "b"] * 5 + [None] * 30}))
    cut = split_into_parts.split_rows(rows, GROUP, test_share=0.5)
    assert set(cut.part[10:]) == {"train", "test"}


def test_ten_rows_are_enough_and_nine_are_refused():
    assert (
        split_into_parts.split_rows(labelled(labels(10, 0.5)), RANDOM).part == "test"
    ).sum() == 2
    with pytest.raises(InputError, match="9 rows have a label"):
        split_into_parts.split_rows(labelled(labels(9, 0.5)), RANDOM)


@pytest.mark.parametrize("rare", [3, 4, 5])
def test_a_rare_class_does_not_stop_the_split(rare):
    cut = split_into_parts.split_rows(labelled(["yes"] * rare + ["no"] * 40), RANDOM)
    assert (cut.part == "test").sum() == 9
    assert set(cut.of("test").y) == set(cut.of("train").y) == {"no", "yes"}
    assert cut.of("train").fold.min() == 0


def test_more_classes_than_held_out_rows_do_not_stop_the_split():
    cut = split_into_parts.split_rows(labelled([f"c{i % 6}" for i in range(12)]), RANDOM)
    assert (cut.part == "test").sum() == 3


def test_a_regression_is_split_too():
    cut = split_into_parts.split_rows(labelled(np.arange(50.0), kind="regression"), RANDOM)
    assert (cut.part == "test").sum() == 10


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"test_share": 0}, "test_share lies between 0 and 1"),
        ({"test_share": 1.5}, "it is 1.5"),
        ({"test_share": float("nan")}, "test_share"),
        ({"folds": 1}, "folds is 2 or more"),
    ],
)
def test_options_out_of_range_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        split_into_parts.split_rows(labelled(labels(40)), RANDOM, **options)


@pytest.mark.parametrize("day", ["soon", "2030-01-01", "1990-01-01"])
def test_a_day_that_leaves_one_side_empty_or_is_none_is_refused(day):
    with pytest.raises(InputError):
        split_into_parts.split_rows(by_time(), TIME, test_from=day)


def test_a_column_of_words_gives_no_order_in_time():
    with pytest.raises(InputError, match="no order in time"):
        split_into_parts.split_rows(by_group(), {"strategy": "time", "column": "who"})


def test_three_groups_are_too_few():
    with pytest.raises(InputError, match="3 groups"):
        split_into_parts.split_rows(by_group(groups=3), GROUP)


def who_and_when(rows: int = 60):
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows), unit="D")
    X = pd.DataFrame({"when": when, "who": [f"p{i % 12}" for i in range(rows)], "part": "train"})
    return labelled(["no", "yes"] * (rows // 2), X)


def chosen(strategy: str, about: dict, time="", group="", column=""):
    plan = {"columns": {}, "derived": {}}
    rows = who_and_when()
    return choose_split.choose_split(strategy, rows, plan, about, time, group, column)


@pytest.mark.parametrize(
    ("asked", "about", "expected"),
    [
        (("auto", "when", ""), {}, "time (when)"),
        (("auto", "", "who"), {}, "group (who)"),
        (("auto", "when", "who"), {}, "panel (when, who)"),
        (("auto", "", ""), {"time_column": "when"}, "time (when)"),
        (("random", "when", ""), {}, "random"),
        (("panel", "when", "who"), {}, "panel (when, who)"),
    ],
)
def test_the_strategy_is_what_is_named(asked, about, expected):
    found = chosen(asked[0], about, *asked[1:])
    assert split_report.name_of(found) == expected
    assert found["why"] and split_report.describe_choice(found)


def test_a_named_column_that_is_not_used_is_not_passed_over_in_silence():
    assert "when is not used" in chosen("group", {}, "when", "who")["why"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("tme", "", ""), "Did you mean 'time'"),
        (("time", "", ""), "time_column=COLUMN"),
        (("group", "", ""), "group_column=COLUMN"),
        (("panel", "when", ""), "group_column=COLUMN"),
        (("auto", "whn", ""), "Did you mean 'when'"),
    ],
)
def test_a_strategy_that_can_not_be_followed_is_refused(asked, says):
    with pytest.raises(InputError, match=says):
        chosen(asked[0], {}, *asked[1:])


def test_the_flights_day_holds_for_their_own_column_only():
    about = {"time_column": "when", "test_from": "2013-07-01"}
    assert split_report.options(TIME, about, 0.2, "", "", 4, 1)["test_from"] == "2013-07-01"
    other = {"strategy": "time", "column": "other"}
    assert split_report.options(other, about, 0.2, "", "", 4, 1)["test_from"] == ""
    assert (
        split_report.options(TIME, about, 0.2, "2013-08-01", "", 4, 1)["test_from"] == "2013-08-01"
    )


def test_random_and_time_are_compared_on_the_same_rows():
    made = prepared(raw=raw_table(120))
    cut = split_into_parts.split_rows(made.rows, RANDOM)
    found = strategy_comparison.compare_with_random(cut, made.plan, RANDOM)
    assert found.table.index.tolist() == ["random", "time (day)"]
    assert found.table["rows asked"].nunique() == 1
    assert found.table["ROC AUC"].between(0.6, 1).all()
    assert "may be chance" in split_report.describe_comparison(found)


def test_held_out_rows_are_not_asked_for_the_comparison():
    made = prepared(raw=raw_table(120))
    cut = split_into_parts.split_rows(made.rows, RANDOM)
    open_, sealed = (
        strategy_comparison.compare_with_random(rows, made.plan, RANDOM).table
        for rows in (cut, cut.sealed())
    )
    pd.testing.assert_frame_equal(open_, sealed)


def test_neighbours_in_time_flatter_a_random_split():
    random = np.random.default_rng(1)
    day = np.arange(600) // 6
    X = pd.DataFrame({"when": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D")})
    X["place"] = day + random.normal(0, 0.1, 600)
    y = random.normal(size=100)[day] + random.normal(0, 0.3, 600)
    rows = labelled(y, X, "regression")
    plan = {"columns": {"place": "number"}, "derived": {}, "task": "regression"}
    cut = split_into_parts.split_rows(replace(rows, unit=day.astype(str)), TIME)
    found = strategy_comparison.compare_with_random(cut, plan, TIME)
    assert found.flatters and found.gain.value > 0.3
    assert "flatters it by" in split_report.describe_comparison(found)


def test_without_dates_and_groups_there_is_nothing_to_compare():
    cut = split_into_parts.split_rows(labelled(labels(80)), RANDOM)
    plan = {"columns": {"x": "number"}, "derived": {}}
    found = strategy_comparison.compare_with_random(cut, plan, RANDOM)
    assert found.gain is None and "nothing to compare" in split_report.describe_comparison(found)


def test_the_tables_of_the_split_add_up():
    cut = split_into_parts.split_rows(labelled(labels(80)), RANDOM)
    table = split_into_parts.split_table(cut)
    assert table.columns.tolist() == ["row", "part", "fold"] and len(table) == 80
    assert split_report.sets_overview(cut)["rows"].tolist() == ["64", "16"]
    assert len(split_report.folds_table(cut, RANDOM)) == 4
    assert split_report.headline(cut, RANDOM).startswith("16 of 80 rows are held out")


# --- Defects that were mended -------------------------------------------------------------------


@pytest.mark.parametrize("rare", [1, 2])
def test_a_class_too_rare_for_both_sides_is_refused(rare):
    with pytest.raises(InputError, match="rows of one class only \\(no\\) to test on"):
        split_into_parts.split_rows(labelled(["yes"] * rare + ["no"] * 40), RANDOM)


@pytest.mark.parametrize(
    ("y", "does"),
    [(["no"] * 30 + ["yes"] * 30, "train on"), (["no", "yes"] * 15 + ["no"] * 30, "test on")],
)
def test_one_class_on_a_side_of_a_time_split_is_refused(y, does):
    rows = labelled(y, pd.DataFrame({"when": np.arange(60)}))
    with pytest.raises(InputError, match=f"one class only \\(no\\) to {does}"):
        split_into_parts.split_rows(rows, TIME, test_share=0.5)


def test_one_class_on_a_side_of_a_group_split_is_refused():
    who = ["a", "b", "c", "d"] * 10
    rows = labelled(["yes" if w == "a" else "no" for w in who], pd.DataFrame({"who": who}))
    for seed in range(5):
        with pytest.raises(InputError, match="one class only"):
            split_into_parts.split_rows(rows, GROUP, seed=seed)


@pytest.mark.parametrize("share", [0.95, 0.99, 0.9999])
def test_a_share_that_leaves_nothing_to_learn_from_is_refused(share):
    for rows, choice in (
        (labelled(labels(12, 0.5)), RANDOM),
        (labelled(np.arange(12.0), kind="regression"), RANDOM),
        (by_group(groups=12), GROUP),
    ):
        with pytest.raises(InputError, match="leaves fewer than two to train on"):
            split_into_parts.split_rows(rows, choice, test_share=share)
    with pytest.raises(InputError):
        split_into_parts.split_rows(by_time(), TIME, test_share=share)


TO_SPLIT = [
    (labelled(labels(40, 0.5)), RANDOM),
    (labelled(np.arange(12.0), kind="regression"), RANDOM),
    (by_group(groups=12), GROUP),
    (by_time(), TIME),
]


@pytest.mark.parametrize(("rows", "choice"), TO_SPLIT)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_any_other_share_is_split_as_asked(rows, choice, share):
    cut = split_into_parts.split_rows(rows, choice, test_share=share)
    assert (cut.part == "test").sum() >= 2 and (cut.part == "train").sum() >= 2
    assert abs((cut.part == "test").mean() - share) < 1 / 12  # a group, or one row of twelve


@pytest.mark.parametrize(("rows", "choice"), TO_SPLIT)
def test_a_share_that_leaves_nothing_to_judge_by_is_refused(rows, choice):
    with pytest.raises(InputError, match="to test on.*change test_share"):
        split_into_parts.split_rows(rows, choice, test_share=0.01)


def test_one_moment_before_the_held_out_rows_is_refused():
    when = [2000] * 30 + [2001] * 30
    rows = labelled(["no", "yes"] * 30, pd.DataFrame({"when": when}))
    with pytest.raises(InputError, match="one moment only before the held-out rows"):
        split_into_parts.split_rows(rows, TIME, test_from="2001")


def test_two_moments_before_the_held_out_rows_are_one_fold():
    when = [2000] * 20 + [2001] * 20 + [2002] * 20
    rows = labelled(["no", "yes"] * 30, pd.DataFrame({"when": when}))
    train = split_into_parts.split_rows(rows, TIME, test_from="2002").of("train")
    ((learn, valid),) = train.folds()
    assert set(train.X["when"][learn]) == {2000} and set(train.X["when"][valid]) == {2001}


@pytest.mark.parametrize(("text", "first"), [("2005", 2005), ("2004.5", 2005), (" 2005 ", 2005)])
def test_the_moment_of_a_numeric_time_is_a_number(text, first):
    rows = labelled(["no", "yes"] * 20, pd.DataFrame({"when": np.arange(40) // 4 + 2000}))
    cut = split_into_parts.split_rows(rows, TIME, test_from=text)
    assert rows.X["when"][cut.part == "test"].min() == first


def test_a_day_is_no_moment_of_a_numeric_time():
    rows = labelled(["no", "yes"] * 20, pd.DataFrame({"when": np.arange(40) // 4 + 2000}))
    with pytest.raises(InputError, match="test_from is a number such as 2009; it is '2005-01-01'"):
        split_into_parts.split_rows(rows, TIME, test_from="2005-01-01")


@pytest.mark.parametrize("text", ["2020-01-21T00:00:00Z", "2020-01-21 02:00+02:00", "2020-01-21"])
def test_a_moment_with_a_time_zone_is_taken_in_utc(text):
    cut = split_into_parts.split_rows(rows := by_time(), TIME, test_from=text)
    assert ((cut.part == "test") == (rows.X["when"] >= "2020-01-21")).all()


# --- Parts that are given, and gaps -------------------------------------------------------------


def given(words) -> tuple:
    y = ["no", "no", "yes", "yes", "yes"] * (len(words) // 5)
    rows = labelled(y, pd.DataFrame({"part": words}))
    return split_into_parts.split_rows(rows, {"strategy": "column", "column": "part"})


def test_a_column_says_which_rows_are_held_out():
    cut = given(["train", "Test", "train", "VALID"] * 10)
    assert (cut.part == np.array(["train", "test", "train", "train"] * 10)).all()
    assert (cut.fold[cut.part == "test"] == NEVER).all() and cut.fold.max() >= 1


@pytest.mark.parametrize(("name", "held"), [("is_test", True), ("train", False)])
def test_true_and_false_are_read_by_the_name_of_their_column(name, held):
    rows = labelled(["no", "no", "yes", "yes"] * 10, pd.DataFrame({name: [held, not held] * 20}))
    cut = split_into_parts.split_rows(rows, {"strategy": "column", "column": name})
    assert (cut.part[::2] == "test").all() and (cut.part[1::2] == "train").all()


@pytest.mark.parametrize("words", [["a", "b"] * 20, ["train", None] * 20, ["train", "train"] * 20])
def test_a_column_that_does_not_say_is_refused(words):
    with pytest.raises(InputError, match="split_column|at least"):
        given(words)


def test_a_second_file_is_held_out_whole():
    rows = labelled(["no", "yes"] * 20)
    cut = split_into_parts.split_rows(rows, {"strategy": "file", "column": ""}, test_rows=30)
    assert (cut.part == np.where(np.arange(40) < 30, "train", "test")).all()
    assert split_report.headline(cut, {"strategy": "file", "column": ""}).startswith(
        "10 of 40 rows"
    )


def test_a_split_that_is_given_comes_first():
    assert chosen("auto", {"test_rows": 9})["strategy"] == "file"
    found = chosen("auto", {"test_rows": 9}, time="when", column="part")
    assert found["strategy"] == "column"
    with pytest.raises(InputError, match="split_column=COLUMN"):
        chosen("column", {})
    with pytest.raises(InputError, match="test_data=FILE"):
        chosen("file", {})


@pytest.mark.parametrize("embargo", ["3 days", "3", "72 hours"])
def test_an_embargo_keeps_near_rows_out_of_both_sets_and_out_of_every_fold(embargo):
    rows = by_time(120, 60)
    cut = split_into_parts.split_rows(rows, TIME, embargo=embargo)
    when = rows.X["when"]
    train, test = (when[cut.part == part] for part in ("train", "test"))
    assert test.min() - train.max() >= pd.Timedelta(days=3)
    assert set(cut.part) == {"train", "test", "gap"}
    assert (
        split_report.rows_in_sets(cut) + split_report.rows_in_embargo(cut) == 120
        and split_report.rows_in_embargo(cut) > 0
    )
    learn = cut.of("train")
    for earlier, valid in learn.folds():
        nearest = learn.X["when"].iloc[valid].min() - learn.X["when"].iloc[earlier].max()
        assert nearest >= pd.Timedelta(days=3)


def test_without_an_embargo_nothing_changes():
    plain, none = (
        split_into_parts.split_rows(by_time(), TIME, embargo=length) for length in ("", "0 days")
    )
    assert (plain.part == none.part).all() and (plain.fold == none.fold).all()
    assert "gap" not in plain.part


@pytest.mark.parametrize("embargo", ["soon", "-3 days", "999 days"])
def test_an_embargo_that_makes_no_sense_is_refused(embargo):
    with pytest.raises(InputError, match="embargo"):
        split_into_parts.split_rows(by_time(), TIME, embargo=embargo)


def test_the_options_of_a_run_are_those_that_the_split_takes():
    about = {"time_column": TIME["column"], "test_from": "2020-02-20", "test_rows": 0}
    options = split_report.options(TIME, about, 0.2, "", "3 days", 3, 7)
    cut = split_into_parts.split_rows(by_time(120, 60), TIME, **options)
    assert split_report.rows_in_embargo(cut) > 0 and set(cut.fold) == {-1, 0, 1, 2}
