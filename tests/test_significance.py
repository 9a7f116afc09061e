"""Tests of difference: against scipy's, and held to their word by random order."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy import stats

from helpers.drift import significance
from helpers.drift.column_tallies import NumberCounts


def counted(*numbers):
    return NumberCounts(*np.unique(np.asarray(numbers, float), return_counts=True))


def test_kolmogorov_smirnov_is_scipys_asymptotic_test():
    random = np.random.default_rng(0)
    old, new = random.normal(size=3_000), random.normal(0.08, 1, size=2_000)
    distance = stats.ks_2samp(old, new).statistic
    expected = stats.kstwobign.sf(distance * np.sqrt(3_000 * 2_000 / 5_000))
    assert significance.kolmogorov_smirnov(counted(*old), counted(*new)) == pytest.approx(expected)


def test_equal_values_count_as_equal():
    old, new = counted(*[0, 1] * 50), counted(*[0, 1] * 500)
    assert significance.kolmogorov_smirnov(old, new) == pytest.approx(1)
    assert significance.kolmogorov_smirnov(counted(1, np.inf), counted(np.inf, 1)) == 1


def test_chi_square_is_the_usual_one_where_levels_are_frequent():
    old, new = np.array([500, 300, 200]), np.array([460, 310, 230])
    usual = stats.chi2_contingency([old, new]).pvalue
    assert significance.chi_square(old, new) == pytest.approx(usual, rel=0.02)


def test_chi_square_holds_where_levels_have_a_row_or_two():
    random = np.random.default_rng(1)
    levels, chances, usual = random.multinomial(1_000, np.full(5_000, 1 / 5_000)), [], []
    levels = levels[levels > 0]
    for _ in range(1_000):
        old = random.multivariate_hypergeometric(levels, 500, method="marginals")
        chances.append(significance.chi_square(old, levels - old))
        usual.append(stats.chi2_contingency([old, levels - old]).pvalue)
    chances, usual = np.array(chances), np.array(usual)
    assert (chances < 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert (chances < 0.001).mean() <= 0.004
    assert (usual < 0.05).mean() < 0.01  # why the usual law won't do


def test_chi_square_of_levels_that_each_have_one_row_says_nothing():
    assert significance.chi_square([1] * 50 + [0] * 50, [0] * 50 + [1] * 50) == 1


@pytest.mark.parametrize("counts", [(3, 10, 9, 10), (0, 50, 8, 50), (20, 400, 5, 20)])
def test_fisher_is_the_sum_of_all_tables_that_are_no_likelier(counts):
    """Counted out in whole numbers, so that no rounding decides which tables are as likely."""
    a, rows_a, b, rows_b = counts
    ways = {k: comb(rows_a, a + b - k) * comb(rows_b, k) for k in range(min(a + b, rows_b) + 1)}
    wanted = Fraction(sum(n for n in ways.values() if n <= ways[b]), comb(rows_a + rows_b, a + b))
    assert significance.fisher(*counts) == pytest.approx(float(wanted), rel=1e-9)
    assert significance.fisher(b, rows_b, a, rows_a) == pytest.approx(float(wanted), rel=1e-9)


def test_nothing_to_compare_is_sure_of_nothing():
    assert significance.kolmogorov_smirnov(counted(), counted(0, 1, 2)) == 1
    assert significance.chi_square([5, 0], [5, 0]) == 1
    assert significance.chi_square([5, 5], [0, 0]) == 1
    assert significance.fisher(0, 10, 0, 10) == significance.fisher(10, 10, 10, 10) == 1
    assert significance.fisher(0, 0, 3, 10) == significance.fisher(3, 10, 0, 0) == 1


def test_chance_that_all_lie_in_a_part():
    assert significance.p_value_all_in_part(1, 30, 100) == pytest.approx(0.3)
    assert significance.p_value_all_in_part(2, 30, 100) == pytest.approx(0.3 * 29 / 99)
    assert significance.p_value_all_in_part(31, 30, 100) == 0
