"""Drift: the formula by hand, no false alarms, and what must be found."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import drift


def normal(rows: int = 2_000, shift: float = 0.0, seed: int = 0) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).normal(shift, 1, rows))


def compared(before, after) -> pd.Series:
    before, after = (pd.Series(v).rename("x").to_frame() for v in (before, after))
    return drift.compare(before, after).loc["x"]


def test_the_index_is_the_formula_by_hand():
    # (0.4-0.5) ln(0.4/0.5) + (0.6-0.5) ln(0.6/0.5)
    assert drift.psi([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.0405465, abs=1e-6)
    assert drift.psi([0.5, 0.5], [0.4, 0.6]) == pytest.approx(drift.psi([0.4, 0.6], [0.5, 0.5]))


def test_an_empty_bin_counts_as_one_in_ten_thousand():
    expected = 1e-4 * 0 + (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5)
    assert drift.psi([1, 0], [0.5, 0.5]) == pytest.approx(expected)


def test_the_index_of_levels_is_the_formula_over_their_shares():
    row = compared(["a"] * 50 + ["b"] * 50, ["a"] * 40 + ["b"] * 60)
    assert row["psi"] == pytest.approx(0.0405465, abs=1e-6)


def mixed(rows: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "number": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "whole": random.integers(0, 5, rows),
            "level": random.choice(["a", "b", None], rows),
            "flag": pd.Series(random.choice([True, False, None], rows), dtype="boolean"),
            "day": pd.date_range("2020-01-01", periods=rows),
            "constant": 7,
            "empty": np.nan,
        }
    )


def test_the_same_table_twice_does_not_drift():
    table = drift.compare(mixed(), mixed())
    assert table["psi"].tolist() == [0.0] * 7
    assert not table["drifts"].any()
    assert "No column drifts" in drift.read(table)


def test_two_halves_of_one_table_in_lots_do_not_drift():
    table = mixed(4_000).drop(columns="day").sample(frac=1, random_state=0)
    assert not drift.compare(table[:2000], table[2000:])["drifts"].any()


@pytest.mark.parametrize("shift", [1.0, -1.0])
def test_a_shift_of_one_deviation_is_found(shift):
    row = compared(normal(), normal(shift=shift, seed=1))
    assert row["drifts"] and row["psi"] > 0.5 and row["p_value"] < 1e-6


def test_a_large_difference_in_few_rows_may_be_chance():
    assert not compared(normal(20), normal(8, shift=0.3, seed=2))["drifts"]


def test_a_sure_but_small_difference_is_no_drift():
    row = compared(normal(20_000), normal(20_000, shift=0.1, seed=1))
    assert row["p_value"] < 1e-6 and not row["drifts"]


@pytest.mark.parametrize("value", [1.5, "a"])
def test_nulls_up_from_none_to_a_fifth_are_found(value):
    before = normal(500) if value == 1.5 else pd.Series(["a", "b"] * 250)
    after = before.mask(np.arange(500) % 5 == 0)
    row = compared(before, after)
    assert row["drifts"]
    assert (row["missing before"], row["missing after"]) == (0, 0.2)


def test_a_column_that_goes_missing_altogether_is_found():
    assert compared(normal(500), np.full(500, np.nan))["drifts"]
    assert compared(np.full(500, np.nan), normal(500))["drifts"]


def test_levels_that_change_their_shares_and_new_levels_are_found():
    before = ["a"] * 250 + ["b"] * 250
    assert compared(before, ["a"] * 450 + ["b"] * 50)["drifts"]
    assert compared(before, ["a"] * 250 + ["new"] * 250)["drifts"]


def test_later_dates_are_found():
    before = pd.Series(pd.date_range("2020-01-01", periods=300))
    assert compared(before, before + pd.Timedelta(days=300))["drifts"]
    assert not compared(before, before)["drifts"]


def test_a_flag_that_turns_is_found():
    before = pd.Series([True] * 300 + [False] * 200, dtype="boolean")
    assert compared(before, ~before)["psi"] > 0.1
    assert compared(before, pd.Series([False] * 450 + [True] * 50, dtype="boolean"))["drifts"]


def test_a_constant_that_starts_to_vary_downwards_is_found():
    assert not compared(np.full(300, 5.0), np.full(300, 5.0))["drifts"]
    assert compared(np.full(300, 5.0), np.arange(300) % 5)["drifts"]
    assert compared(["same"] * 300, ["other"] * 300)["drifts"]


def test_more_columns_ask_for_surer_differences():
    random = np.random.default_rng(4)
    before, after = (pd.DataFrame(random.normal(size=(60, 100))) for _ in range(2))
    assert drift.compare(before, after)["drifts"].sum() == 0


def test_the_table_is_sorted_and_shown_in_words():
    before = pd.DataFrame({"still": normal(), "moved": normal()})
    table = drift.compare(before, before.assign(moved=before["moved"] + 2))
    assert table.index.tolist() == ["moved", "still"]
    assert drift.shown(table)["drifts"].tolist() == ["yes", "no"]
    assert drift.shown(table, most=1).index.tolist() == ["moved"]
    assert drift.read(table).startswith("**1 of 2 columns drift**")


def test_reference_statistics_are_shares_that_add_up_and_plain_json():
    reference = json.loads(json.dumps(drift.reference_of(mixed())))
    for column in reference.values():
        shares = column.get("shares") or list(column["levels"].values())
        assert sum(shares) == pytest.approx(1)
    assert reference["level"]["levels"].keys() >= {"a", "b", "(missing)", "(other)"}
    assert len(reference["number"]["shares"]) == len(reference["number"]["edges"]) + 2


def test_rare_levels_are_taken_together():
    column = pd.Series([f"level {i % 80}" for i in range(800)])
    levels = drift.reference_of(column.to_frame("x"))["x"]["levels"]
    assert len(levels) == drift.MOST_LEVELS + 1
    assert levels["(other)"] == pytest.approx(30 / 80)


def test_a_flag_of_0_and_1_that_goes_from_few_to_many_is_found():
    few, many = (np.arange(400) % 100 < share for share in (5, 95))
    assert compared(few.astype(float), many.astype(float))["drifts"]
    assert compared(many.astype(int), few.astype(int))["drifts"]
    assert not compared(few.astype(float), few[::-1].astype(float))["drifts"]


def test_a_constant_that_becomes_another_is_found():
    assert compared(np.full(300, 5.0), np.full(300, 7.0))["drifts"]
    assert compared(np.full(300, 7.0), np.full(300, 5.0))["drifts"]
    assert compared(np.full(300, 0.0), np.full(300, 1e-9))["drifts"]


def test_a_constant_that_starts_to_vary_upwards_is_found():
    assert compared(np.full(300, 5.0), 5.0 + np.arange(300) % 5)["drifts"]


def test_a_few_values_that_change_their_shares_are_found():
    before, after = np.repeat([0, 1, 2], [280, 15, 5]), np.repeat([0, 1, 2], [5, 15, 280])
    assert compared(before, after)["drifts"]
