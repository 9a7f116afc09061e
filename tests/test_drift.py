"""Drift: the formula by hand, no false alarms, and what must be found."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.monitoring import answers, table
from helpers.base.findings import has_severity
from helpers.base.user_errors import InputError
from helpers.drift import (
    compare_columns,
    data_quality,
    domain_classifier,
    drift_measures,
    drift_report,
)


def normal(rows: int = 2_000, shift: float = 0.0, seed: int = 0) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).normal(shift, 1, rows))


def compared(before, after) -> pd.Series:
    before, after = (pd.Series(v).rename("x").to_frame() for v in (before, after))
    return compare_columns.compare(before, after).loc["x"]


def test_the_index_is_the_formula_by_hand():
    # (0.4-0.5) ln(0.4/0.5) + (0.6-0.5) ln(0.6/0.5)
    assert drift_measures.psi([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.0405465, abs=1e-6)
    assert drift_measures.psi([0.5, 0.5], [0.4, 0.6]) == pytest.approx(
        drift_measures.psi([0.4, 0.6], [0.5, 0.5])
    )


def test_an_empty_bin_counts_as_one_in_ten_thousand():
    expected = 1e-4 * 0 + (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5)
    assert drift_measures.psi([1, 0], [0.5, 0.5]) == pytest.approx(expected)


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
    table = compare_columns.compare(mixed(), mixed())
    assert table["psi"].tolist() == [0.0] * 7
    assert not table["drifts"].any()
    assert "No column is shown to drift" in drift_report.describe_drift(table)


def test_two_halves_of_one_table_in_lots_do_not_drift():
    table = mixed(4_000).drop(columns="day").sample(frac=1, random_state=0)
    assert not compare_columns.compare(table[:2000], table[2000:])["drifts"].any()


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
    assert compare_columns.compare(before, after)["drifts"].sum() == 0


def test_the_table_is_sorted_and_shown_in_words():
    before = pd.DataFrame({"still": normal(), "moved": normal()})
    table = compare_columns.compare(before, before.assign(moved=before["moved"] + 2))
    assert table.index.tolist() == ["moved", "still"]
    assert drift_report.shown(table)["drifts"].tolist() == ["yes", "no"]
    assert drift_report.shown(table, most=1).index.tolist() == ["moved"]
    assert drift_report.describe_drift(table).startswith("**1 of 2 columns drift**")


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


# --- Which test, and why --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "test"),
    [
        (normal(300), normal(300, seed=1), "Kolmogorov-Smirnov"),
        (pd.date_range("2020-01-01", periods=300), pd.date_range("2020-02-01", periods=300),
         "Kolmogorov-Smirnov"),
        (["a", "b"] * 150, ["a", "b", "b"] * 100, "chi-square"),
        ([0, 1, 2] * 100, [0, 1, 1] * 100, "chi-square"),
        ([True, False] * 100, [True, True] * 100, "chi-square"),
        (normal(300), normal(300).mask(np.arange(300) % 4 == 0), "Fisher"),
        (np.full(300, np.nan), np.full(300, np.nan), "not applicable"),
        ([7] * 300, [7] * 300, "not applicable"),
    ],
)  # fmt: skip
def test_the_test_fits_the_column_and_says_why(before, after, test):
    row = compared(before, after)
    assert row["test"] == test and row["why"]


def test_what_is_sure_is_told_from_what_matters():
    small = compared(normal(20_000), normal(20_000, shift=0.1, seed=1))
    large = compared(normal(), normal(shift=1, seed=1))
    assert (small["significant"], small["drifts"]) == (True, False)
    assert (large["significant"], large["drifts"]) == (True, True)
    severities = [
        drift_report.drift_findings(compare_columns.compare(a.to_frame("x"), b.to_frame("x")))[
            0
        ].severity
        for a, b in ((normal(20_000), normal(20_000, 0.1, 1)), (normal(), normal(2_000, 1, 1)))
    ]
    assert severities == ["note", "alarm"]
    table = compare_columns.compare(normal().to_frame("x"), normal(2_000, 1, 1).to_frame("x"))
    (found,) = drift_report.drift_findings(table)
    assert found.evidence["expected_psi"] == pytest.approx(table.loc["x", "expected psi"], abs=1e-4)


def test_the_adjusted_chance_counts_the_columns():
    before = pd.DataFrame({f"c{i}": normal(300, seed=i) for i in range(10)})
    after = pd.DataFrame({f"c{i}": normal(300, seed=50 + i) for i in range(10)})
    table_ = compare_columns.compare(before, after).sort_values("p_value")
    assert table_["adjusted"].iloc[0] == pytest.approx(min(1, 10 * table_["p_value"].iloc[0]))
    assert (table_["adjusted"] >= table_["p_value"]).all()


def test_nulls_up_by_five_points_in_a_column_with_some_move_it():
    random = np.random.default_rng(0)
    before = normal(5_000).mask(random.random(5_000) < 0.10)
    after = normal(5_000, seed=1).mask(random.random(5_000) < 0.15)
    row = compared(before, after)
    assert row["significant"] and row["test"] == "Fisher"


def test_the_index_of_samples_that_have_not_changed_is_what_chance_gives():
    random = np.random.default_rng(0)
    sizes = compare_columns.compare(
        *(pd.DataFrame(random.normal(size=(500, 100))) for _ in range(2))
    )
    assert sizes["psi"].mean() == pytest.approx(sizes["expected psi"].iloc[0], rel=0.2)


def test_a_large_index_that_chance_gives_is_no_drift():
    levels = np.random.default_rng(0).integers(0, 40, 400).astype(str)
    row = compared(levels[:200], levels[200:])
    assert row["psi"] > 0.1 and not row["significant"]


def test_the_distance_is_zero_for_the_same_and_one_for_nothing_in_common():
    assert compared(["a"] * 100, ["a"] * 100)["distance"] == 0
    assert compared(["a"] * 100, ["b"] * 100)["distance"] == pytest.approx(1)
    # by hand: shares 1, 0 and 1/2, 1/2 with the middle 3/4, 1/4
    bits = (np.log2(4 / 3) + (np.log2(2 / 3) + np.log2(2)) / 2) / 2
    assert drift_measures.jensen_shannon([1, 0], [0.5, 0.5]) == pytest.approx(np.sqrt(bits))


# --- Odd columns ----------------------------------------------------------------------------------


def test_numbers_that_come_as_text_are_compared_as_numbers():
    before = normal(300)
    assert not compared(before, before.map("{:.6f}".format))["significant"]
    assert compared(before, (before + 2).map("{:.6f}".format))["drifts"]


def test_a_flag_that_comes_as_0_and_1_has_not_moved():
    flags = pd.Series([True, False] * 100)
    assert not compared(flags, flags.astype(int))["significant"]


def test_numbers_that_become_words_drift():
    assert compared(normal(300), ["a", "b", "c"] * 100)["drifts"]
    assert compared(pd.Series([1, "a", None, 2.5] * 50, dtype=object), normal(200))["drifts"]


def test_moments_with_a_time_zone_and_durations_are_compared():
    days = pd.Series(pd.date_range("2020-01-01", periods=300, tz="Europe/Rome"))
    assert compared(days, days + pd.Timedelta(days=300))["drifts"]
    assert not compared(days, days.dt.tz_convert("UTC"))["significant"]
    spans = pd.Series(pd.to_timedelta(np.arange(300), unit="h"))
    assert compared(spans, spans + pd.Timedelta(days=10))["drifts"]


def test_infinities_are_values_like_others():
    before = normal(300)
    assert not compared(before.replace(before.max(), np.inf), before)["significant"]
    assert compared(before, np.full(300, np.inf))["drifts"]


@pytest.mark.parametrize("rows", [1, 2, 10])
def test_a_few_rows_are_no_reason_to_ring(rows):
    before, after = table(400, 0), table(rows, 1)
    found = compare_columns.compare(before, after)
    assert not found["significant"].any() and found["psi"].notna().all()
    assert not domain_classifier.domain_classifier(before, after).applicable


def test_ten_rows_that_are_all_far_off_do_ring():
    assert compared(normal(2_000), normal(10, shift=8, seed=1))["drifts"]


def test_no_rows_or_no_column_in_common_are_an_error_in_one_line():
    frame = mixed()
    with pytest.raises(InputError, match="no later rows"):
        compare_columns.compare(frame, frame[:0])
    with pytest.raises(InputError, match="none of the 7 columns"):
        compare_columns.compare(frame, pd.DataFrame({"other": [1]}))


def test_a_column_of_five_thousand_levels_whose_rare_ones_are_all_replaced_is_significant():
    random = np.random.default_rng(0)
    before = pd.Series(random.integers(0, 5_000, 10_000)).astype(str)
    same, other = (pd.Series(random.integers(0, 5_000, 10_000)).astype(str) + end
                   for end in ("", "x"))  # fmt: skip
    assert not compared(before, same)["significant"]
    row = compared(before, other)
    assert row["significant"] and row["test"] == "chi-square of rare levels"


# --- False alarms, and drift of known size --------------------------------------------------------


def says_anything(rows: int, split: int) -> bool:
    both = table(2 * rows, 300 + split)
    before, after = both[:rows], both[rows:].reset_index(drop=True)
    predictions = compare_columns.compare(answers(before), answers(after))
    joint, noticed = (
        domain_classifier.domain_classifier(before, after, seed=split),
        data_quality.compare(before, after),
    )
    return bool(
        drift_report.drift_findings(
            compare_columns.compare(before, after), predictions, joint, noticed
        )
    )


def test_the_same_distribution_twice_raises_no_alarm():
    assert not any(says_anything(500, split) for split in range(10))


@pytest.mark.slow
def test_the_same_distribution_twice_raises_no_alarm_with_more_rows():
    sizes = (1_000, 2_000, 10_000)
    assert np.mean([says_anything(rows, split) for rows in sizes for split in range(10)]) <= 0.05


def test_a_shift_is_found_from_as_many_rows_as_its_size_asks_for():
    before = table(10_000, 1)

    def found(shift: float, rows: int) -> float:
        some = (table(rows, 100 + draw) for draw in range(10))
        moved = [
            compare_columns.compare(before, s.assign(normal=s["normal"] + shift)) for s in some
        ]
        return np.mean([m.loc["normal", "significant"] for m in moved])

    assert found(0.5, 500) == 1
    assert found(0.2, 2_000) >= 0.9
    assert found(0.1, 500) <= 0.5  # too small for so few: not to be expected


# --- All columns together -------------------------------------------------------------------------


def tied(rows: int, sign: int, seed: int) -> pd.DataFrame:
    """Two numbers that rise together, or against each other, among eight others."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(rows, 10)), columns=list("abcdefghij"))
    return frame.assign(b=sign * 0.8 * frame["a"] + 0.6 * frame["b"])


def test_a_correlation_that_flips_is_found_though_no_column_changes():
    before, after = tied(2_000, 1, 0), tied(2_000, -1, 1)
    columns, joint = (
        compare_columns.compare(before, after),
        domain_classifier.domain_classifier(before, after),
    )
    assert not columns["significant"].any()
    assert joint.significant and joint.auc > 0.7 and set(joint.importance) == {"a", "b"}
    (alert,) = drift_report.drift_findings(columns, joint=joint)
    assert alert.code == "joint_drift" and "not alone but together with others" in alert.message
    assert alert.evidence == {"ROC AUC": round(joint.auc, 4), "p_value": joint.p_value,
                              "importance": joint.importance}  # fmt: skip
    assert "separates new rows from old" in drift_report.describe_domain(joint)


def test_a_classifier_guesses_where_nothing_has_changed():
    joint = domain_classifier.domain_classifier(tied(1_000, 1, 0), tied(1_000, 1, 1))
    assert (
        not joint.significant and joint.auc == pytest.approx(0.5, abs=0.05) and not joint.importance
    )
    assert "No joint drift" in drift_report.describe_domain(joint)


def test_a_category_that_goes_with_a_number_no_longer_is_found():
    random = np.random.default_rng(0)
    level = pd.Series(random.choice(["a", "b"], 3_000))
    number = (level == "a") * 2 + random.normal(size=3_000)
    before = pd.DataFrame({"level": level, "number": number})
    after = before.assign(number=before["number"].sample(frac=1, random_state=0).to_numpy())
    joint = domain_classifier.domain_classifier(before, after)
    assert joint.significant and set(joint.importance) == {"level", "number"}


def test_the_domain_classifier_says_when_it_is_not_applicable():
    constant = pd.DataFrame({"x": [1.0] * 200})
    for found in (
        domain_classifier.domain_classifier(constant, constant),
        domain_classifier.domain_classifier(mixed(50), mixed(400)),
    ):
        assert not found.applicable and not found.significant
        assert "not applicable" in drift_report.describe_domain(found)


def test_alerts_hold_columns_predictions_and_quality_the_gravest_first():
    before = pd.DataFrame({"x": normal(), "y": normal(seed=3)})
    after = before.assign(x=before["x"] + 2, y=normal(2_000, 0.2, 4))
    said = compare_columns.compare(
        before[["x"]].set_axis(["probability"], axis=1),
        after[["x"]].set_axis(["probability"], axis=1),
    )
    found = drift_report.drift_findings(
        compare_columns.compare(before, after), said, quality=data_quality.compare(before, after)
    )
    assert found[0].severity == "alarm" and has_severity(found)
    assert {"drift", "prediction_drift"} <= {f.code for f in found}
    assert [f.code for f in found if f.columns == ("y",)] == ["drift"]
    plain = [one.as_dict() for one in found]
    assert json.loads(json.dumps(plain)) == plain


def test_what_quality_says_of_empty_cells_is_not_said_again():
    random = np.random.default_rng(0)
    before, after = (normal(5_000, seed=i).mask(random.random(5_000) < share).to_frame("x")
                     for i, share in enumerate((0.10, 0.15)))  # fmt: skip
    other = normal(5_000, seed=5)  # or else empty rows repeat each other
    noticed = data_quality.compare(before.assign(y=other), after.assign(y=other))
    columns = compare_columns.compare(before, after)
    assert [f.code for f in drift_report.drift_findings(columns)] == ["drift"]
    assert [f.code for f in drift_report.drift_findings(columns, quality=noticed)] == ["nulls_up"]
