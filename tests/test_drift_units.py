"""Drift where rows come in units: other customers are no drift, and what changes is still found."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulations import drift_alarms, generators
from helpers.drift import data_quality, domain_classifier, drift_report, stored_reference
from helpers.drift.compare_columns import TOO_FEW, compare
from helpers.drift.stored_reference import as_content, read_content, reference_of
from helpers.learning.units import UnitRule

RULE = UnitRule("entity", "customer")


def customers(seed: int, count: int = 60, rows: int = 20) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of customers who differ, and whose each row is; the seed makes other customers."""
    random = np.random.default_rng(seed)
    unit = drift_alarms.customers(random, count, rows)
    return drift_alarms.table(random, unit), np.array([f"customer {seed}-{u}" for u in unit])


def stored(before: pd.DataFrame, unit, **more) -> stored_reference.Reference:
    made = reference_of(before, list(before), unit=unit, units=RULE, **more)
    return read_content(json.loads(json.dumps(as_content(made))), "small")


def test_other_customers_are_no_drift_and_their_rows_alone_would_be():
    for seed in range(0, 10, 2):
        (before, was), (after, now) = customers(seed), customers(seed + 1)
        known = stored(before, was)
        assert not known.drift(after, unit=now)["significant"].any()
        assert data_quality.compare(known.quality, after, unit=now) == []
        joint = domain_classifier.domain_classifier
        assert not joint(before, after, unit_before=was, unit_after=now).significant
        assert joint(before, after).significant and compare(before, after)["significant"].any()


def test_a_shift_of_half_a_standard_deviation_is_found():
    (before, was), (after, now) = customers(0, 100, 6), customers(1, 100, 6)
    after["number 0.4"] += 0.5
    table = stored(before, was).drift(after, unit=now)
    assert table.index[table["significant"]].tolist() == ["number 0.4"]


def test_the_file_says_what_the_rows_say_and_names_no_unit():
    (before, was), (after, now) = customers(2, 80, 5), customers(3, 50, 8)
    after["visits"] += 2
    exact = compare(before, after, unit_before=was, unit_after=now)
    known = stored(before, was)
    table = known.drift(after, unit=now).loc[exact.index]
    np.testing.assert_allclose(table["psi"], exact["psi"], atol=1e-12)
    np.testing.assert_allclose(table["expected psi"], exact["expected psi"], atol=1e-9)
    np.testing.assert_allclose(table["units"], 50)
    assert (table["drifts"] == exact["drifts"]).all() and table["drifts"]["visits"]
    assert known.units == RULE and "customer 2-" not in json.dumps(as_content(known))


def test_later_rows_whose_units_are_not_known_are_taken_to_be_like_the_earlier_ones():
    (before, was), (after, now) = customers(4), customers(5)
    known = stored(before, was)
    told, untold = known.drift(after, unit=now), known.drift(after)
    assert not untold["significant"].any()
    np.testing.assert_allclose(untold["units"], told["units"])


def test_a_file_of_before_units_is_read_and_says_so():
    (before, _), (after, _) = customers(6), customers(7)
    content = as_content(reference_of(before, list(before)))
    old = {k: v for k, v in content.items() if k != "units"} | {"form": 2}
    known = read_content(json.loads(json.dumps(old)), "small")
    assert "taken for independent" in known.note and stored(before, None).note == ""
    pd.testing.assert_frame_equal(known.drift(after), stored(before, None).drift(after))


def test_few_units_can_not_tell_and_it_is_said():
    (before, was), (after, now) = customers(8), customers(9, 12, 40)
    after["number 0.4"] += 3
    table = stored(before, was).drift(after, unit=now)
    assert (table["test"] == TOO_FEW).all() and not table["significant"].any()
    assert "can't be told" in drift_report.describe_drift(table)
    assert "a side has 12 units" in drift_report.describe_drift(table)
    joint = domain_classifier.domain_classifier(before, after, unit_before=was, unit_after=now)
    assert not joint.applicable and "20 units" in joint.why


@pytest.mark.parametrize("shared", [False, True])
def test_no_unit_is_in_both_halves_of_the_classifier(shared):
    random = np.random.default_rng(0)
    unit = random.integers(0, 50, 400)
    is_new = np.arange(400) >= 200
    unit = unit if shared else unit + 50 * is_new
    halves = domain_classifier._halves_of_units(is_new, unit, seed=1)
    assert not set(unit[halves[0]]) & set(unit[halves[1]])
    assert sorted(np.concatenate(halves)) == list(range(400))
    assert all(0.3 < is_new[half].mean() < 0.7 for half in halves)


def rows_of(seed: int, count: int = 100, each: int = 20) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": random.normal(size=count * each),
                          "city": random.choice(["Rome", "Oslo"], count * each)})  # fmt: skip
    return frame, np.repeat([f"{seed}-{one}" for one in range(count)], each)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [("x", 9.0, "outside_range"), ("city", "Lima", "new_categories"), ("x", np.nan, "nulls_up")],
)
def test_what_one_customer_brings_is_no_change_and_what_many_bring_is(column, value, code):
    (before, was), (after, now) = rows_of(0), rows_of(1)
    known = data_quality.reference_of(before, was)
    one, many = after.copy(), after.copy()
    one.loc[:19, column] = value  # all twenty rows of one customer
    many.loc[::20, column] = value  # a row of each customer
    assert data_quality.compare(known, one, unit=now) == []
    assert code in [f.code for f in data_quality.compare(before, one)], "as if rows were alone"
    assert [f.code for f in data_quality.compare(known, many, unit=now)] == [code]


def test_a_column_that_stops_is_found_by_units_too():
    (before, was), (after, now) = rows_of(2), rows_of(3)
    known = data_quality.reference_of(before, was)
    stopped = after.assign(x=1.0, city="Rome")
    found = data_quality.compare(known, stopped, unit=now)
    assert [f.code for f in found if f.code == "constant"]


def test_days_that_differ_raise_no_alarm():
    simulation = next(one for one in drift_alarms.SIMULATIONS if "days" in one.name)
    found = [simulation.one(random)["any alarm"] for random in generators(simulation, 6, seed=5)]
    assert sum(found) == 0
