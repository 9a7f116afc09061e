"""Associations are Cramér's V with Bergsma's correction, pair by pair."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from helpers.base.bins import equal_groups
from helpers.explore.association import GROUPS, associate, missing_together
from helpers.explore.survey_table import survey

ROWS = 2_000


def corrected_v(a: pd.Series, b: pd.Series) -> float:
    """The formula as it is printed, for one pair of categories."""
    counts = pd.crosstab(a, b).to_numpy()
    n, (r, k) = counts.sum(), counts.shape
    phi = chi2_contingency(counts, correction=False)[0] / n
    phi = max(0, phi - (r - 1) * (k - 1) / (n - 1))
    r, k = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi / (min(r, k) - 1)))


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(1)
    x = random.normal(size=ROWS)
    city = np.where(x > 0.5, "Rome", random.choice(["Oslo", "Lima"], ROWS))
    return pd.DataFrame(
        {
            "x": x,
            "square": x**2,
            "noise": random.normal(size=ROWS),
            "city": pd.Series(city).where(random.random(ROWS) > 0.1),
            "colour": random.choice(list("abcd"), ROWS),
            "gone": np.where(city == "Oslo", np.nan, random.normal(size=ROWS)),
        }
    )


@pytest.fixture(scope="module")
def found(frame):
    return associate(survey(frame))


def test_pairs_of_categories_are_as_the_formula_says(frame, found):
    expected = corrected_v(frame["city"], frame["colour"])
    assert found.between.loc["city", "colour"] == pytest.approx(expected, abs=1e-4)


def test_numbers_are_in_ten_equally_full_groups(frame, found):
    tenths = pd.qcut(frame["x"], 10, labels=False)
    expected = corrected_v(tenths, frame["city"])
    assert found.between.loc["x", "city"] == pytest.approx(expected, abs=1e-3)


def test_a_tie_that_no_correlation_sees_is_seen(frame, found):
    assert abs(frame["x"].corr(frame["square"])) < 0.2
    assert found.between.loc["x", "square"] > 0.5


def test_noise_is_near_nothing(found):
    assert (found.between["noise"].drop("noise") < 0.06).all()


def test_the_matrix_is_symmetric(found):
    values = found.between.to_numpy()
    assert np.allclose(values, values.T, atol=1e-5, equal_nan=True)


def test_what_gaps_depend_on(frame, found):
    row = found.missing.loc["gone"]
    expected = corrected_v(frame["gone"].isna(), frame["city"])
    assert row["city"] == pytest.approx(expected, abs=1e-4)
    assert row["noise"] < 0.06 and np.isnan(row["gone"])
    assert list(found.missing.index) == ["city", "gone"]


def test_the_strongest_pairs_come_first_and_once(found):
    pairs = found.strongest(4)
    assert pairs["strength"].is_monotonic_decreasing
    assert set(pairs.loc[0, ["a", "b"]]) < {"x", "square", "city"}
    assert len({frozenset(p) for p in pairs[["a", "b"]].to_numpy()}) == 3, "the others are chance"


def test_a_constant_says_nothing():
    found = associate(survey(pd.DataFrame({"k": ["a"] * 50, "x": range(50)})))
    assert found.between.loc["k"].isna().all()
    assert found.strongest().empty


def test_gaps_in_the_same_rows_correlate():
    gaps = pd.Series([1.0, np.nan] * 50)
    frame = pd.DataFrame({"a": gaps, "b": gaps * 2, "c": gaps.shift(fill_value=np.nan), "d": 1.0})
    together = missing_together(survey(frame))
    assert list(together.columns) == ["a", "b", "c"]
    assert together.loc["a", "b"] == pytest.approx(1) and together.loc["a", "c"] < -0.9


def test_few_numbers_are_groups_of_their_own():
    codes, edges = equal_groups(np.array([3.0, 1.0, 1.0, np.nan, 7.0]), GROUPS)
    assert codes.tolist() == [1, 0, 0, -1, 2] and edges.tolist() == [1, 3, 7]


def test_many_numbers_are_groups_of_one_size():
    codes, edges = equal_groups(np.arange(1_000.0), GROUPS)
    sizes = np.bincount(codes)
    assert len(sizes) == 10 and sizes.sum() == 1_000 and np.ptp(sizes) <= 2 and len(edges) == 11
