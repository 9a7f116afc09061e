"""Intervals of scores: they hold the true score as often as they say, also where rows depend."""

import numpy as np
import pytest

from helpers.learning.metric_scores import score
from helpers.learning.score_intervals import (
    JudgedRows,  # fmt: skip
    paired_gain,
    score_change,
    score_intervals,
    wilson,
)
from helpers.learning.task_kind import Task

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression")
REPEATS = 150


def answers(random, units=40, each=5, sway=0.0):
    """Rows of some units; `sway` is how far a unit's own odds lie from what the model says."""
    unit = np.repeat(np.arange(units), each)
    said = random.normal(size=len(unit))
    odds = said + sway * random.normal(size=units)[unit]
    truth = np.where(random.random(len(unit)) < 1 / (1 + np.exp(-odds)), "yes", "no")
    chance = 1 / (1 + np.exp(-said))
    prediction = np.where(chance >= 0.5, "yes", "no")
    return JudgedRows(truth, prediction, np.column_stack([1 - chance, chance]), unit)


def covered(make, metrics, by_unit):
    """How often the interval of each metric holds the score of a very large sample."""
    true = score(BINARY, *make(np.random.default_rng(9), 20_000)[:3])
    hits = []
    for seed in range(REPEATS):
        rows = make(np.random.default_rng(seed), 40)
        unit = rows.unit if by_unit else None
        found = score_intervals(BINARY, *rows[:3], unit=unit, metrics=metrics)
        hits.append([r["low"] <= true[m] <= r["high"] for m, r in found.iterrows()])
    return dict(zip(metrics, np.mean(hits, axis=0), strict=True))


@pytest.mark.parametrize("sway", [0.0, 2.0])
def test_intervals_by_unit_hold_the_true_score(sway):
    make = lambda random, units: answers(random, units, 10, sway)  # noqa: E731
    found = covered(make, ("accuracy", "roc_auc", "f1"), by_unit=True)
    assert min(found.values()) > 0.89, found


@pytest.mark.slow
def test_intervals_by_row_are_too_narrow_where_rows_depend():
    make = lambda random, units: answers(random, units, 60, 3.0)  # noqa: E731
    assert covered(make, ("accuracy",), by_unit=False)["accuracy"] < 0.85


def test_heavy_tails_are_warned_of():
    random = np.random.default_rng(3)
    truth, prediction = random.lognormal(0, 2.5, 300), np.full(300, 10.0)
    found = score_intervals(NUMBER, truth, prediction)
    assert "larger ones may be missing" in found["warning"]["neg_root_mean_squared_error"]
    symmetric = score_intervals(NUMBER, random.standard_cauchy(300), np.zeros(300))
    assert symmetric["warning"]["neg_root_mean_squared_error"] == "a few units decide it"
    calm = score_intervals(NUMBER, random.normal(size=300), np.zeros(300))
    assert (calm["warning"] == "").all()


def test_a_single_unit_tells_nothing():
    rows = answers(np.random.default_rng(0), 1, 50)
    found = score_intervals(BINARY, *rows[:3], unit=rows.unit, metrics=["roc_auc"])
    assert np.isnan(found["low"]["roc_auc"])
    assert found["warning"]["roc_auc"] == "too few units to tell"
    gain = paired_gain(BINARY, rows.truth, rows[1:3], rows[1:3], unit=rows.unit)
    assert (gain.p_better, gain.warning) == (1.0, "too few units to tell")


def test_a_gain_is_positive_where_less_is_better():
    random = np.random.default_rng(1)
    rows = answers(random, 100)
    vague = rows.prediction, np.full((len(rows.truth), 2), 0.5)
    gain = paired_gain(BINARY, rows.truth, vague, rows[1:3], metric="log_loss")
    assert gain.low > 0 and gain.p_better < 0.01 < 0.99 < gain.p_worse


def test_equal_models_seldom_seem_better():
    """Two equally good models whose errors go by unit: 5 % of gains seem significant at most."""
    found = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        truth, unit = random.normal(size=400), np.repeat(np.arange(20), 20)
        one, other = (truth + random.normal(size=20)[unit] for _ in range(2))
        found.append(
            paired_gain(NUMBER, truth, (one, None), (other, None), unit=unit).p_better < 0.025
        )
    assert np.mean(found) <= 0.05


@pytest.mark.parametrize("fall, most, least", [(0.0, 0.06, 0.0), (1.0, 1.0, 0.8)])
def test_a_change_is_found_where_there_is_one(fall, most, least):
    found = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        old, new = answers(random, 60, 10, 1.0), answers(random, 60, 10, 1.0)
        worse = new.probability[:, 1] ** (1 - fall)
        new = new._replace(probability=np.column_stack([1 - worse, worse]))
        new = new._replace(unit=new.unit + 1_000)
        found.append(score_change(BINARY, old, new).p_worse < 0.025)
    assert least <= np.mean(found) <= most


def test_units_on_both_sides_are_left_out_of_both():
    """Customers who are hard stay hard: their share in both scores is no change."""
    rows = answers(np.random.default_rng(5), 30, 20, 3.0)
    same = score_change(BINARY, rows, rows)
    assert (same.value, same.standard_error) == (0.0, 0.0)
    other = score_change(BINARY, rows, rows._replace(unit=rows.unit + 1_000))
    assert other.standard_error > 0


def test_wilson_stays_within_0_and_1():
    assert wilson(1.0, 10, 1.96)[1] == 1.0
    assert 0.65 < wilson(1.0, 10, 1.96)[0] < 0.75
