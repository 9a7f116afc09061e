"""Which split a table calls for: time order tested, entities, both; and what is held out then."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.learning.labelled_data import ROW_ORDER
from helpers.learning.units import UnitRule
from helpers.split import choose_split, split_into_parts, split_report, time_order
from tests.small import labelled

ROWS = 240
PLAN = {"columns": {"size": "number"}, "derived": {}, "task": "regression"}
PANEL = {"strategy": "panel", "column": "when", "group": "who"}


def table(y, **columns):
    X = pd.DataFrame({"size": np.random.default_rng(5).normal(size=len(y)), **columns})
    return labelled(y, X, "regression")


def days(count: int = ROWS):
    return pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(count), unit="D")


def walk(seed: int = 0, count: int = ROWS):
    return np.cumsum(np.random.default_rng(seed).normal(size=count))


def noise(seed: int = 0, count: int = ROWS):
    return np.random.default_rng(seed).normal(size=count)


def auto(rows, **named):
    return choose_split.choose_split("auto", rows, PLAN, {}, **named)


def test_rows_in_time_order_are_split_by_time_in_whatever_order_they_lie():
    mixed = np.random.default_rng(1).permutation(ROWS)
    found = auto(table(walk()[mixed], when=days()[mixed]))
    assert split_report.name_of(found) == "time (when)"
    said = split_report.describe_choice(found)
    assert "resemble each other" in said and "split_strategy=random" in said


def test_exchangeable_rows_with_dates_are_split_at_random():
    assert auto(table(noise(), when=days()))["strategy"] == "random"


def test_a_year_or_the_order_of_the_file_may_tell_the_time():
    year = auto(table(walk(), year=1900 + np.arange(ROWS) // 4))
    assert split_report.name_of(year) == "time (year)"
    found = auto(rows := table(walk()))
    assert found["column"] == ROW_ORDER
    cut = split_into_parts.split_rows(rows, found)
    assert (np.flatnonzero(cut.part == "test") >= ROWS * 0.8 - 1).all()


@pytest.mark.parametrize("name", ["julday", "trend", "obsdate", "saleweek"])
def test_a_number_in_the_order_of_the_file_may_tell_the_time_by_how_its_name_ends(name):
    when = np.arange(ROWS) // 2
    assert split_report.name_of(auto(table(walk(), **{name: when}))) == f"time ({name})"
    assert auto(table(noise(3), **{name: when}))["strategy"] == "random"
    mixed = np.random.default_rng(1).permutation(ROWS)
    assert time_order.time_candidates(pd.DataFrame({name: when[mixed]})) == []


@pytest.mark.parametrize("name", ["weekday", "runtime", "birthday", "modest", "age"])
def test_another_number_that_a_file_is_sorted_by_tells_no_time(name):
    assert time_order.time_candidates(pd.DataFrame({name: np.arange(ROWS) // 30})) == []


def test_a_date_of_birth_does_not_put_rows_in_order():
    assert time_order.time_candidates(pd.DataFrame({"date_of_birth": days()})) == []


def test_a_file_that_is_sorted_is_not_in_time_order():
    order = np.argsort(noise())
    rows = table(noise()[order])
    assert time_order.sorted_by(rows) == "y" and auto(rows)["strategy"] == "random"
    X = table(noise()).X.assign(shelf=np.repeat(list("abcd"), ROWS // 4))
    assert time_order.sorted_by(labelled(noise(), X, "regression")) == "shelf"


def test_a_rare_flag_does_not_sort_a_file():
    rows = table(walk(), holiday=(np.arange(ROWS) % 120 == 60).astype(int))
    assert time_order.sorted_by(rows) == "" and auto(rows)["column"] == ROW_ORDER


def test_how_a_column_acts_may_change_in_time():
    size = table(noise()).X["size"].to_numpy()
    turns = np.repeat([2.0, -2.0], ROWS // 2) * size + 0.3 * noise(2)
    assert auto(table(turns, when=days()))["strategy"] == "time"


def of_entities(y, who, **columns):
    names = pd.Series([f"c{one}" for one in who])
    rows = table(y, who=names, **columns)
    rule = UnitRule("entity", "who", "rows of one who are alike")
    return replace(rows, unit=names.to_numpy(dtype=object), units=rule)


def test_entities_that_repeat_are_kept_whole():
    who = np.arange(ROWS) % 30
    rows = of_entities(noise(3, 30)[who] + 0.3 * noise(), who)
    found = auto(rows)
    assert split_report.name_of(found) == "group (who)" and "rows of one who" in found["why"]


def test_entities_of_too_few_years_for_a_split_by_time_are_kept_whole():
    year = np.repeat([2001, 2002, 2003], [ROWS // 2, ROWS - ROWS // 2 - 20, 20])
    who = np.arange(ROWS) % 30
    rows = of_entities(noise(3, 30)[who] + 2.0 * year + 0.3 * noise(), who, year=year)
    assert time_order.find_time_order(rows, PLAN) is not None
    assert split_report.name_of(auto(rows)) == "group (who)"


def test_a_panel_is_split_as_its_own_later_rows_come():
    month = np.arange(ROWS) // 8
    y = walk(4, 30)[month] + 0.3 * noise()
    stay = auto(of_entities(y, np.arange(ROWS) % 8, when=days()))
    assert stay["strategy"] == "time" and "100% of the later rows" in stay["why"]
    who = np.arange(ROWS) % 8 + 8 * (np.arange(ROWS) // 40)
    new = auto(of_entities(y, who, when=days()))
    assert split_report.name_of(new) == "panel (when, who)"
    named = auto(of_entities(y, np.arange(ROWS) % 8, when=days()), group_column="who")
    assert split_report.name_of(named) == "panel (when, who)"


def test_a_panel_holds_out_later_rows_of_other_groups_in_folds_too():
    who = np.arange(ROWS) % 12
    cut = split_into_parts.split_rows(of_entities(noise(), who, when=days()), PANEL)
    train, test = cut.part == "train", cut.part == "test"
    assert not set(who[train]) & set(who[test])
    assert cut.X["when"][train].max() < cut.X["when"][test].min()
    learn = cut.of("train")
    for earlier, valid in learn.folds():
        assert len(earlier) and len(valid)
        assert not set(learn.X["who"].iloc[earlier]) & set(learn.X["who"].iloc[valid])
        assert learn.X["when"].iloc[earlier].max() < learn.X["when"].iloc[valid].min()
    table_ = split_into_parts.split_table(cut)
    assert "apart" in table_ and "in neither" in split_report.headline(cut, PANEL)


def test_a_panel_of_too_few_groups_is_refused():
    with pytest.raises(InputError, match="3 groups of 'who'"):
        split_into_parts.split_rows(of_entities(noise(), np.arange(ROWS) % 3, when=days()), PANEL)


def test_a_split_that_nobody_asked_for_gives_way_where_it_can_not_be_made():
    y = ["no"] * 30 + ["yes"] * 30
    rows = labelled(y, pd.DataFrame({"when": days(60)}))
    found = {"strategy": "time", "column": "when", "why": "so it seems", "found": True}
    choice, cut = split_into_parts.split_as_chosen(rows, found, test_share=0.5)
    assert choice["strategy"] == "random" and "drawn at random" in choice["why"]
    assert set(cut.part) == {"train", "test"}
    with pytest.raises(InputError):
        split_into_parts.split_as_chosen(rows, found | {"found": False}, test_share=0.5)


@pytest.mark.parametrize("seed", range(4))
def test_unequal_groups_give_about_the_share_of_rows_and_of_classes(seed):
    random = np.random.default_rng(seed)
    size = np.concatenate([[300, 120], random.geometric(0.05, 40)])
    who = np.repeat(np.arange(len(size)), size)
    rate = random.beta(1, 2, len(size))[who]
    y = np.where(random.random(len(who)) < rate, "yes", "no").astype(object)
    rows = labelled(y, pd.DataFrame({"who": [f"p{one}" for one in who]}))
    cut = split_into_parts.split_rows(rows, {"strategy": "group", "column": "who"}, seed=seed)
    test = cut.part == "test"
    assert abs(test.mean() - 0.2) < 0.04
    assert abs((y[test] == "yes").mean() - (y == "yes").mean()) < 0.06
    sizes = np.bincount(cut.fold[cut.fold >= 0])
    assert len(sizes) == 4
