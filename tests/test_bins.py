"""Equally full groups: one function, for exploring, for leaks, for features and for drift."""

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import helpers
from helpers.base.bins import equal_groups, quantile_places
from helpers.features.features_report import _target_variation


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=300), st.integers(2, 60))
def test_groups_are_in_order_and_no_fuller_than_their_share_and_one_value(values, most):
    values = np.array(values, dtype=float)
    codes, edges = equal_groups(values, most)
    order = np.argsort(values, kind="stable")
    assert (np.diff(codes[order]) >= 0).all() and codes.min() == 0
    assert edges[0] == values.min() and edges[-1] == values.max()
    fullest = np.unique(values, return_counts=True)[1].max()
    assert np.bincount(codes).max() <= np.ceil(len(values) / most) + fullest
    for value in values:  # equal numbers are never in two groups
        assert len(np.unique(codes[values == value])) == 1


@given(st.integers(1, 10_000), st.integers(2, 60))
def test_places_are_those_of_the_inverse_of_the_distribution(count, groups):
    places = quantile_places(count, groups)
    wanted = [min(p for p in range(count) if (p + 1) * groups >= i * count) if count < 200
              else -(-i * count // groups) - 1 for i in range(1, groups)]  # fmt: skip
    assert places.tolist() == wanted


def test_missing_and_infinite_numbers_have_no_group():
    codes, edges = equal_groups(np.array([np.nan, 1, np.inf, 2, -np.inf]), 5)
    assert codes.tolist() == [-1, 0, -1, 1, -1] and edges.tolist() == [1, 2]
    codes, edges = equal_groups(np.array([np.nan]), 5)
    assert codes.tolist() == [-1] and len(edges) == 0


def test_a_column_of_two_numbers_has_two_groups():
    """pandas.qcut finds one group where each of two numbers fills several: the signal was lost."""
    label = pd.Series([0.0, 1.0] * 50)
    assert _target_variation(pd.Series([0, 1] * 50), label) == 0.25


def test_it_is_written_once():
    package = Path(helpers.__file__).parent
    by_hand = [p.name for p in package.rglob("*.py")
               if "qcut(" in p.read_text() or "inverted_cdf" in p.read_text()]  # fmt: skip
    assert not by_hand
