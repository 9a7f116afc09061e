"""Tests of rows that come in units: what they are worth, and the correction for many tests."""

import numpy as np
import pandas as pd
import pytest

from helpers.learning.correlated_columns import groups_of_correlated
from helpers.learning.unit_tests import (
    NO_EFFECT,
    Dependence,
    DesignEffect,
    dependence,
    design_effect,
    holm,
)


def customers(random, count=200, rows=6, icc=0.5):
    """Numbers whose ranks go together within customers, and who each row is of."""
    own = np.repeat(random.normal(size=count), rows)
    values = np.sqrt(icc) * own + np.sqrt(1 - icc) * random.normal(size=count * rows)
    return pd.Series(values), np.repeat(np.arange(count), rows)


def test_holm_multiplies_the_least_by_all_and_keeps_the_order():
    assert holm([0.5, 0.01, 0.4]) == pytest.approx([0.8, 0.03, 0.8])
    assert len(holm([])) == 0


def test_rows_that_are_units_have_no_design_effect():
    alone = dependence(pd.Series(np.arange(50.0)), np.arange(50))
    assert design_effect(alone, alone) is NO_EFFECT
    assert NO_EFFECT.p_value(0.03) == 0.03
    assert not alone.too_few and alone.effective_rows == 50


def test_a_column_that_is_one_value_a_unit_is_worth_a_row_a_unit():
    values, unit = customers(np.random.default_rng(1), icc=1.0)
    found = dependence(values, unit)
    assert found.effective_rows == pytest.approx(200, rel=0.05)
    levels = dependence((values > 0).astype("str"), unit)
    assert levels.effective_rows == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize("as_levels", [False, True])
def test_independent_rows_of_units_are_worth_nearly_all_of_them(as_levels):
    values, unit = customers(np.random.default_rng(2), icc=0.0)
    values = pd.cut(values, 5).astype("str") if as_levels else values
    assert dependence(values, unit).effective_rows > 0.8 * len(values)


def test_the_design_effect_is_that_of_the_variance_of_a_share():
    """Kish's formula, held against the spread of the share over many tables."""
    random = np.random.default_rng(3)
    shares, factors = [], []
    for _ in range(300):
        values, unit = customers(random, count=60)
        flag = (values > 0.5).astype(float)
        shares.append(flag.mean())
        factors.append(design_effect(*[dependence(flag, unit)] * 2).mean)
    share = np.mean(shares)
    true = np.var(shares) / (share * (1 - share) / 360)
    assert np.mean(factors) == pytest.approx(true, rel=0.2)


def test_both_sides_tell_the_correlation_and_each_its_own_rows_a_unit():
    random = np.random.default_rng(4)
    old, new = (dependence(*customers(random, rows=rows)) for rows in (1, 20))
    assert old.icc == 0.0 and new.icc > 0.2
    assert 1 < design_effect(old, new).mean < design_effect(new, new).mean
    assert design_effect(Dependence.of_rows(100), old.for_rows(100)) is NO_EFFECT


def test_few_units_make_a_p_value_larger():
    assert DesignEffect(2.0, 4.0, 20.0).p_value(0.001) > 0.002
    few = dependence(*customers(np.random.default_rng(5), count=12))
    assert few.too_few


def test_levels_that_come_in_kinds_of_units_have_a_larger_square_than_mean():
    """Half of the units hold the levels 0 to 4, the others 5 to 9: one direction, not nine."""
    random = np.random.default_rng(6)
    unit = np.repeat(np.arange(300), 6)
    levels = pd.Series(random.integers(0, 5, 1800) + 5 * (unit % 2)).astype("str")
    effect = design_effect(*[dependence(levels, unit)] * 2)
    assert effect.mean == pytest.approx((6 + 8) / 9, rel=0.1)
    assert effect.square == pytest.approx((36 + 8) / 9, rel=0.15)


def test_columns_that_say_the_same_are_one_group():
    random = np.random.default_rng(7)
    x = random.normal(size=400)
    kind = pd.Series(random.integers(0, 4, 400))
    X = pd.DataFrame({
        "x": x, "city": kind.map("city {}".format), "x3": -(x**3), "noise": random.normal(size=400),
        "zip": kind.map("zip {}".format), "gaps": np.where(random.random(400) < 0.2, np.nan, x + 1),
    })  # fmt: skip
    assert groups_of_correlated(X) == [["x", "x3", "gaps"], ["city", "zip"], ["noise"]]
