"""Units: which rows belong together is found, named alike in any table, and carried along."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.learning.labelled_data import Labelled, with_units
from helpers.learning.resemblance import _share_as_large, resemblance, slopes_differ
from helpers.learning.task_kind import Task
from helpers.learning.unit_candidates import may_be_entity
from helpers.learning.units import UnitRule, describe_units, find_units, unit_labels, units_of


def table(seed=0, key="customer", levels=60, rows=10, icc=0.5, of="level"):
    """Rows of a key whose target, a number, resembles itself within levels with that ICC."""
    random = np.random.default_rng(seed)
    level = np.repeat(np.arange(levels), rows)
    X = pd.DataFrame({key: level + 1000, "x": random.normal(size=len(level))})
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(level, unit="D")
    X["seen"] = day + pd.to_timedelta(random.integers(0, 86400, len(level)), unit="s")
    order = level if of == "level" else random.permutation(level)
    y = np.sqrt(icc) * random.normal(size=levels)[order] + np.sqrt(1 - icc) * random.normal(
        size=len(level)
    )
    return X, y


def test_entities_that_repeat_are_the_units():
    X, y = table()
    assert find_units(X.drop(columns="seen"), y).column == "customer"
    two = [find_units(*table(seed, levels=300, rows=2)).kind for seed in range(5)]
    assert "row" not in two


def test_a_key_whose_rows_are_not_alike_is_no_unit():
    found = [find_units(*table(seed, icc=0.0, of="nothing")).kind for seed in range(20)]
    assert found.count("row") >= 19


def test_permutations_stop_once_the_level_is_missed_and_decide_the_same():
    asked = []

    def drawn() -> float:
        """As large as was found in every 200th permutation: nine times, so p is 0.005."""
        asked.append(len(asked) + 1)
        return float(asked[-1] % 200 == 0)

    for alpha, draws in ((0.01, 1_999), (0.0051, 1_999), (0.0049, 1_800), (0.0009, 200)):
        asked.clear()
        p = _share_as_large(drawn, 1.0, alpha)
        assert len(asked) == draws
        assert p == pytest.approx(0.005) if alpha > 0.005 else p > alpha


@pytest.mark.parametrize("size", [0.0, 3.0])
def test_units_of_heavy_tails_are_found_by_permutation(size):
    random = np.random.default_rng(11)
    level = np.repeat(np.arange(20), 10)
    heavy = random.standard_t(2, size=(200, 4)) + size * random.normal(size=20)[level, None]
    found = resemblance(heavy - heavy.mean(axis=0), level, alpha=0.001)
    assert ((found.p <= 0.001) == (size > 0)).all()


@pytest.mark.parametrize("name", ["age", "city", "rank", "floor_no"])
def test_a_number_or_category_that_the_target_depends_on_is_no_unit(name):
    X, _ = table(key=name)
    y = np.sin(X[name] / 10) + np.random.default_rng(1).normal(size=len(X))
    X[name] = (
        X[name].map("c{}".format).str.replace(r"\d", "x", regex=True) if name == "city" else X[name]
    )
    assert find_units(X.drop(columns="seen"), y).kind == "row"


@pytest.mark.parametrize("name", ["distid", "fcode", "villnum", "parishid", "wardnr"])
def test_a_key_that_is_run_together_with_its_noun_is_known_where_its_rows_stand_together(name):
    X, y = table(key=name)
    assert find_units(X.drop(columns="seen"), y).column == name
    assert find_units(*table(3, key=name, icc=0.0, of="nothing")).is_row
    shuffled = np.random.default_rng(2).permutation(len(X))
    assert not may_be_entity(name, X[name].iloc[shuffled])


@pytest.mark.parametrize("name", ["humid", "weeknum", "width"])
def test_a_measurement_that_a_file_is_sorted_by_is_no_unit(name):
    X, _ = table(key=name)
    y = np.sin(X[name] / 10) + np.random.default_rng(1).normal(size=len(X))
    assert find_units(X.drop(columns="seen"), y).is_row


def test_a_curve_is_taken_out_where_there_is_one_and_costs_nothing_where_there_is_none():
    random, level = np.random.default_rng(21), np.repeat(np.arange(20), 20)
    noise = random.normal(size=(400, 300))
    noise -= noise.mean(axis=0)
    curve = np.sin(level / 6)[:, None]
    alike = 0.33 * random.normal(size=(20, 300))[level]
    found = {
        of: resemblance(y - y.mean(axis=0), level, smooth=True).p <= 0.05
        for of, y in {
            "nothing": noise,
            "a curve": noise + 0.7 * curve,
            "a slight curve": noise + 0.15 * curve,
            "levels": noise + alike,
        }.items()
    }
    rates = {of: one.mean() for of, one in found.items()}
    assert max(rates["nothing"], rates["a curve"], rates["a slight curve"]) <= 0.1
    plain = resemblance(noise + alike - (noise + alike).mean(axis=0), level).p <= 0.05
    assert rates["levels"] >= plain.mean() - 0.03


def uneven(random: np.random.Generator) -> np.ndarray:
    """The number of the level of each row: 20 levels, the largest with half the rows or so."""
    return np.repeat(np.arange(20), np.maximum(1, (random.pareto(1.5, 20) * 10).astype(int) + 1))


def test_a_key_of_uneven_frequency_that_says_nothing_is_no_unit():
    """Its own product with the target once made it one in 12 % of such tables."""
    found = 0
    for seed in range(60):
        random = np.random.default_rng([18, seed])
        level = uneven(random)
        X = pd.DataFrame({"patient_no": random.permutation(20)[level],
                          "length": random.normal(size=len(level))})  # fmt: skip
        found += not find_units(X, random.normal(size=len(level)) + 0.3 * X["length"]).is_row
    assert found <= 3


def test_slopes_that_differ_are_told_from_those_that_do_not():
    p = {}
    for spread in (0.0, 0.6):
        for seed in range(60):
            random = np.random.default_rng([19, seed])
            level = uneven(random)
            x, noise = random.normal(size=(2, len(level)))
            y = (1 + spread * random.normal(size=20))[level] * x + noise
            p[spread, seed] = slopes_differ(y - y.mean(), x[:, None], level).p[0]
    by_spread = pd.Series(p).groupby(level=0).agg(lambda one: (one <= 0.05).mean())
    assert by_spread[0.0] <= 0.1 and by_spread[0.6] >= 0.7


def test_slopes_of_a_rare_class_are_compared_by_permutation():
    random = np.random.default_rng(20)
    level, x = np.repeat(np.arange(20), 20), random.normal(size=400)
    rare = (np.arange(400) % 40 == 0) * 1.0
    found = [slopes_differ(rare - rare.mean(), x[order, None], level).p[0]
             for order in (random.permutation(400) for _ in range(40))]  # fmt: skip
    assert np.mean(np.array(found) <= 0.05) <= 0.15


def test_days_are_the_units_where_rows_of_a_day_are_alike():
    X, y = table(key="reading")
    assert find_units(X[["x", "seen"]], y, time_column="seen").kind == "day"


def test_a_person_decides_and_a_wrong_name_gets_the_nearest():
    X, y = table(icc=0.0)
    assert find_units(X, y, unit_column="customer").kind == "entity"
    assert find_units(X, y, group_column="x").kind == "group"
    assert find_units(*table(), unit_column="row").is_row
    with pytest.raises(InputError, match="Did you mean 'customer'"):
        find_units(X, y, unit_column="custmer")


def test_near_duplicates_are_units_where_nothing_else_is():
    X, y = table(icc=0.0, of="nothing")
    X = X[["x"]]
    alike = np.arange(len(X))
    alike[1] = 0
    rule = find_units(X, y, alike)
    assert rule.kind == "near duplicates"
    labels = unit_labels(rule, X, alike)
    assert labels[0] == labels[1] != labels[2]
    assert units_of(rule, X) is None


def test_one_customer_has_one_label_in_any_table():
    rule = UnitRule("entity", "customer")
    one = unit_labels(rule, pd.DataFrame({"customer": [17, 4]}))
    other = unit_labels(rule, pd.DataFrame({"customer": [4.0, np.nan, np.nan]}))
    assert one[1] == other[0] == "customer 4"
    assert len({*one, *other}) == 4  # rows without a customer are alone


def test_labels_of_days_and_weeks():
    X = pd.DataFrame(
        {"at": pd.to_datetime(["2013-07-04 23:59", "2013-07-05 08:00", "2013-12-30 08:00"])}
    )
    assert unit_labels(UnitRule("day", "at"), X)[0] == "2013-07-04"
    assert unit_labels(UnitRule("week", "at"), X).tolist() == ["2013-W27", "2013-W27", "2014-W01"]


def test_counts_in_words():
    day = UnitRule("day", "at")
    assert describe_units(np.array(["a", "b", "a"]), day, 3) == "3 rows of 2 days"
    assert describe_units(None, UnitRule(), 1200) == "1,200 rows"


def test_units_go_with_the_rows():
    X, y = table()
    rows = Labelled(Task("y", "regression"), X, y, np.arange(len(y)))
    rows = with_units(rows, group_column="customer")
    some = rows.at(np.array([0, 599]))
    assert some.unit.tolist() == ["customer 1000", "customer 1059"]
    assert some.units.kind == "group"
