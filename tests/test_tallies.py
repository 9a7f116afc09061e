"""Tallies of parts add up to the drift of the whole table, to the last bit."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.drift import column_tallies, comparable_columns, compare_columns


def in_parts(before, after, cuts):
    """What `drift.compare` gives, from parts of the later table that are counted one by one."""
    sides = {}
    for name in before:
        known = column_tallies.tally_of(comparable_columns.as_values(before[name]))
        later = compare_columns.LaterTally(known)
        for part in np.split(np.arange(len(after)), cuts):
            later = later + compare_columns.LaterTally.of(known, after[name].iloc[part])
        sides[name] = known, later.tally
    return compare_columns.compare_tallies(sides)


@pytest.mark.parametrize("cuts", [[], [1, 400], [0, 333, 666, 1_000]])
def test_parts_add_up_to_the_whole_table(cuts):
    random = np.random.default_rng(7)

    def table(rows, shift):
        return pd.DataFrame(
            {
                "fine": random.normal(shift, 1, rows),
                "rounded": random.normal(shift, 3, rows).round(),
                "few": random.integers(0, 4, rows).astype(float),
                "gaps": np.where(random.random(rows) < shift + 0.1, np.nan, random.random(rows)),
                "edges": np.where(random.random(rows) < 0.4, 0.0, random.normal(shift, 1, rows)),
                "texts": random.choice(["a", "b", None, "c"], rows),
                "rare": random.integers(0, 500, rows).astype(str),
                "days": pd.to_datetime(random.integers(20_000, 20_090, rows), unit="D"),
            }
        )

    before, after = table(800, 0.0), table(1_000, 0.3)
    after.loc[:50, "texts"] = "new"
    whole, parts = compare_columns.compare(before, after), in_parts(before, after, cuts)
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    assert whole["drifts"].any() and not whole["drifts"].all()


def test_texts_where_numbers_were_are_named():
    before = column_tallies.tally_of(pd.Series([1.0, 2.0]))
    with pytest.raises(InputError, match="'price' holds numbers .* such as 'dear'"):
        column_tallies.tally_partition(pd.Series(["1", "dear"], name="price"), before, few=10)
    found, _ = column_tallies.tally_partition(pd.Series(["1", "3"], name="price"), before, few=10)
    assert found.known == 2


def test_a_tally_is_no_longer_than_twice_the_training_rows():
    before = column_tallies.tally_of(pd.Series(np.arange(50.0)))
    many = pd.Series(np.random.default_rng(0).normal(25, 30, 20_000))
    found, exact = column_tallies.tally_partition(many, before, few=10)
    assert len(found.values) <= 101 and found.known == 20_000 and exact is None
