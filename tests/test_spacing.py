"""Evenly spaced rows: the ends are there, steps are even, and there is one function for it."""

import re
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import helpers
from helpers.base.spacing import evenly_spaced


@given(st.integers(0, 10**6), st.integers(1, 5000))
def test_ends_are_there_and_steps_differ_by_one_at_most(count, most):
    places = evenly_spaced(count, most)
    assert len(places) == min(count, most)
    if len(places):
        assert places[0] == 0
    if len(places) > 1:
        steps = np.diff(places)
        assert places[-1] == count - 1 and steps.min() >= 1 and np.ptp(steps) <= 2
        even = np.arange(len(places)) * (count - 1) / (len(places) - 1)
        assert np.abs(places - even).max() <= 0.5 + 1e-9


def test_it_is_written_once():
    package = Path(helpers.__file__).parent
    by_hand = re.compile(r"np\.linspace\(0, .*len\(.*\) - 1|linspace\(.*\)\.astype\(int\)")
    found = {p.name for p in package.rglob("*.py") if by_hand.search(p.read_text())}
    assert found == set()
