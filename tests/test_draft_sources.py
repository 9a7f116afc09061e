"""A recipe drafted from tables: keys against chance, times, and what joins add beside the zero."""

import functools
import sqlite3

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks.relations import plant, schools, shop
from benchmarks.sources import drafted, keys_of
from helpers.__main__ import cli
from helpers.base.user_errors import InputError
from helpers.collect import join_gain
from helpers.collect.draft_recipe import draft, find_sources
from helpers.collect.find_keys import match, names_agree, pair_keys
from helpers.collect.table_profile import profile, readings
from helpers.tables.read_any import read_table


@functools.cache
def made_once(relations, seed: int, rows: int):
    """Tables with planted keys, the recipe drafted for them, and the tables as it joins them."""
    of = relations(seed, rows)
    return of, *drafted(of)


def found(left, right, table="other"):
    """The match of the one column of two tables."""
    ours, theirs = profile("mine", pd.DataFrame(left)), profile(table, pd.DataFrame(right))
    column, key = next(iter(ours.columns.values())), next(iter(theirs.columns.values()))
    return match(column, key, "mine", table)


# --- Keys against chance ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"quantity": [1, 2, 3, 4] * 9}, {"id": range(1, 500)}),  # small numbers are in all others
        ({"id": range(1, 90)}, {"id": range(1, 300)}),  # each table counts its own rows
        (
            {"item": [f"P{n:03}" for n in range(1, 61)]},
            {"room": [f"P{n:03}" for n in range(1, 99)]},
        ),
        ({"size": list("SML") * 9}, {"letter": list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}),
        ({"age": np.arange(300) % 60 + 18}, {"seat": range(1, 120)}),
        ({"word": ["yes", "no"] * 20}, {"answer": ["yes", "no", "maybe"]}),
        ({"born": [1990, 1991, 1992] * 9}, {"year": range(1900, 2030)}),
        ({"customer_id": [1, 2, 3] * 9}, {"product_id": range(1, 40)}),
    ],
)
def test_what_chance_explains_is_no_key(left, right):
    assert found(left, right) is None


@pytest.mark.parametrize(
    ("left", "right", "table"),
    [
        ({"customer_id": [1, 2, 3] * 9}, {"id": range(1, 40)}, "customers"),
        ({"customer": [1, 2, 3] * 9}, {"customer_no": range(1, 40)}, "people"),
        ({"homeSchoolId": [4, 5, 6] * 9}, {"school_id": range(1, 40)}, "x"),
        ({"city": [4, 5, 6] * 9}, {"id": range(1, 40)}, "cities"),
        (
            {"sold_in": ["K7F2", "Z9Q1", "B3X8"] * 9},
            {"code": ["K7F2", "Z9Q1", "B3X8", "M4T0"]},
            "x",
        ),
        ({"plot": [90412, 55871, 31377] * 9}, {"number": [90412, 55871, 31377, 17, 62003]}, "x"),
        ({"customer_id": [1.0, 2.0, None] * 9}, {"id": ["1", "2", "3"]}, "customers"),
    ],
)
def test_what_names_or_values_say_is_a_key(left, right, table):
    assert found(left, right, table)


def test_a_key_that_repeats_or_is_hardly_contained_is_none():
    assert found({"shop_id": [1, 2] * 9}, {"shop_id": [1, 2, 2]}) is not None  # as one of several
    left = profile("mine", pd.DataFrame({"shop_id": [1, 2, 91, 92, 93, 94, 95, 96]}))
    right = profile("shops", pd.DataFrame({"shop_id": [1, 2, 3]}))
    assert match(left.columns["shop_id"], right.columns["shop_id"], "mine", "shops") is None


def test_names_agree_only_where_they_name_the_same():
    assert not names_agree(("day",), ("day",), "holidays")
    assert not names_agree(("id",), ("id",), "shops") and names_agree(("shop",), ("id",), "shops")


def test_a_key_of_two_columns_is_found_and_no_column_of_it_alone():
    random = np.random.default_rng(0)
    cells = [(row, seat) for row in range(1, 30) for seat in range(1, 15)]
    seats = pd.DataFrame(cells, columns=["row", "seat"]).assign(price=random.random(len(cells)))
    tickets = pd.DataFrame({"ticket": range(900), "row": random.integers(1, 30, 900),
                            "seat": random.integers(1, 15, 900)})  # fmt: skip
    pair = pair_keys(profile("tickets", tickets), profile("seats", seats))
    assert [one.before for one in pair] == ["row", "seat"]


@pytest.mark.parametrize("asked", [(shop, 9, 600), (plant, 8, 800), (schools, 7, 900)])
def test_planted_keys_are_found_and_no_others(asked):
    of, made, joined = made_once(*asked)
    assert keys_of(made, joined) == of.keys
    assert len(joined.frame) == len(of.tables[of.main])


# --- Times ----------------------------------------------------------------------------------------


def test_the_moment_is_the_earliest_time_that_all_rows_have():
    _, made, _ = made_once(shop, 9, 600)
    assert made.content["moment"] == {"column": "at"}
    born = pd.DataFrame({"born": ["1980-02-03", "1990-04-05"] * 30,
                         "created": ["2024-05-06", "2024-05-07"] * 30})  # fmt: skip
    assert profile("x", born.rename(columns={"born": "birth_date"})).times(True) == ["created"]


def test_rows_of_the_future_add_nothing():
    of, _, joined = made_once(plant, 8, 800)  # an alarm comes seven minutes after each failure
    rows = join_gain.rows_to_ask(joined, of.target, [])
    own = list(of.tables["jobs"].drop(columns="failed"))
    alarms = [name for name in rows.X if name.startswith("alarms_")]
    assert alarms and join_gain.score_of(rows, own + alarms) < 0.75
    leak = pd.to_datetime(of.tables["alarms"]["raised"]) - pd.Timedelta("7min")
    after = of.tables["jobs"]["at"].isin(leak.astype("str"))
    assert (
        after == (of.tables["jobs"]["failed"] == "yes")
    ).mean() > 0.95  # what they would give away


def test_regular_readings_join_by_the_last_and_by_the_mean_of_some():
    of, made, joined = made_once(plant, 8, 800)
    said = made.content["sources"]["sensors_recent"]
    assert said["join"] == "window" and said["window"] == "6 hours"
    assert said["aggregate"] == {"temp": "mean"} and "not_older" not in said
    sensors, row = of.tables["sensors"], joined.frame.iloc[100]
    known = pd.to_datetime(sensors["stamp"]) + pd.Timedelta("1h")  # each stands for its hour
    at = pd.Timestamp(row["at"])
    some = (known < at) & (known >= at - pd.Timedelta("6h"))
    some &= sensors["machine_code"] == row["machine"]
    assert 5 <= some.sum() <= 6
    assert row["sensors_recent_temp_mean"] == pytest.approx(sensors["temp"][some].mean())


def test_events_and_parts_of_a_time_have_no_such_mean():
    _, made, _ = made_once(shop, 9, 600)
    assert not [name for name in made.content["sources"] if name.endswith("_recent")]
    hours = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=9, freq="h"), "hour": range(9),
                          "month": 1, "load": range(9), "state": list("abcabcabc")})  # fmt: skip
    assert readings(profile("x", hours), ["at"]) == ["load"]


# --- The gain beside the zero -------------------------------------------------------------------


def test_a_join_that_tells_the_answer_adds_and_a_random_target_gains_nothing():
    of, _, joined = made_once(schools, 7, 900)
    _, found_gains = join_gain.gains(joined, of.target, shuffles=4)
    by_name = {one.source: one for one in found_gains}
    assert by_name["budgets"].adds > 0.05 and by_name["budgets"].is_beyond_chance
    assert abs(by_name["budgets"].zero) < 0.05 and abs(by_name["schools"].adds) < 0.05


def test_a_random_target_keeps_units_together():
    of, _, joined = made_once(plant, 8, 800)
    rows = join_gain.rows_to_ask(joined, of.target, [])
    unit = np.repeat(np.arange(len(rows.y) // 4 + 1), 4)[: len(rows.y)].astype(str)
    rows = join_gain.replace(rows, unit=unit, y=np.where(unit.astype(int) % 3 == 0, "yes", "no"))
    dealt = join_gain.with_random_target(rows, np.random.default_rng(1))
    assert sorted(dealt.y) == sorted(rows.y) and (dealt.y != rows.y).any()
    changes = (dealt.y[1:] != dealt.y[:-1]).sum()
    assert changes <= (rows.y[1:] != rows.y[:-1]).sum() + 8  # blocks stay blocks


def test_rows_of_the_last_fifth_are_not_asked():
    of, _, joined = made_once(plant, 8, 800)
    rows = join_gain.rows_to_ask(joined, of.target, [])
    assert rows.row.max() < 0.81 * 800


# --- The command ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_drafts_a_recipe_that_can_be_read(tmp_path):
    of = shop(9, 600)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        for name in ("customers", "regions"):
            of.tables[name].to_sql(name, database, index=False)
    for name in ("orders", "products"):
        of.tables[name].to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "visits").mkdir()
    of.tables["visits"].to_json(tmp_path / "visits" / "a.jsonl", orient="records", lines=True)
    places = [str(tmp_path / n) for n in ("products.csv", "orders.csv", "shop.db", "visits")]
    out = tmp_path / "sources.yaml"
    asked = ["sources", *places, "--target", "returned", "--out", str(out)]
    said = CliRunner().invoke(cli, asked, catch_exceptions=False).output
    assert "Main: orders, 600 rows" in said and "to a random target" in said
    assert str(tmp_path) not in out.read_text()  # paths are those of its folder
    frame = read_table(str(out))
    assert len(frame) == 600 and {"customers_segment", "regions_income", "visits_count"} <= {*frame}
    with pytest.raises(InputError, match="is there already"):
        CliRunner().invoke(cli, asked, catch_exceptions=False)


def test_bad_requests_are_refused_in_a_line(tmp_path):
    tables = {"a": pd.DataFrame({"x": [1, 2]}), "b": pd.DataFrame({"x": [1, 2]})}
    entries = {name: {"data": f"{name}.csv"} for name in tables}
    for given, line in (
        ({"main": "c"}, "no table 'c'"), ({"target": "y"}, "No table has the target 'y'"),
        ({"before": "1h"}, "--before needs a time"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=line):
            draft(entries, tables, **given)
    with pytest.raises(InputError, match="no SQLite file"):
        find_sources([str(tmp_path / "gone.db")])


def test_a_column_that_some_fold_never_sees_is_left_out_of_the_score():
    of = schools(7, 300)
    _, joined = drafted(of)
    joined.frame["seldom"] = np.where(np.arange(300) == 7, 1.5, np.nan)
    rows = join_gain.rows_to_ask(joined, of.target, [])
    assert 0 <= join_gain.score_of(rows, list(rows.X)) <= 1
