"""When a challenger is promoted: seldom where both are equal, and not for a tiny gain."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task
from helpers.monitor.better_than_champion import (
    compare_answers,
    describe_comparison,
    replaces_champion,
    why_not,
)

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression", metric="neg_root_mean_squared_error")


def rows(task: Task, y, unit=None) -> SimpleNamespace:
    """Later rows as far as the comparison reads them."""
    known = Labelled(task, pd.DataFrame({"x": y}), np.asarray(y), np.arange(len(y)))
    return SimpleNamespace(known=known, y=np.asarray(y), unit=unit)


def answers(odds: np.ndarray) -> tuple:
    chance = 1 / (1 + np.exp(-odds))
    return np.where(chance > 0.5, "yes", "no"), np.column_stack([1 - chance, chance])


def equal_models(random, count: int, customers: int = 0) -> dict:
    """Two models that each err in their own way, by customer where there are customers."""
    y = random.random(count) < 0.4
    who = random.integers(0, customers, count) if customers else np.arange(count)
    errors = random.normal(0, 1, (2, customers or count))[:, who]
    both = [answers(1.5 * y + error) for error in errors]
    unit = np.array([f"customer {one}" for one in who]) if customers else None
    return compare_answers(rows(BINARY, np.where(y, "yes", "no"), unit), *both)


@pytest.mark.parametrize(("count", "customers"), [(60, 0), (300, 0), (600, 20)])
def test_of_equal_models_the_challenger_is_seldom_promoted(count, customers):
    random = np.random.default_rng(count)
    promoted = [equal_models(random, count, customers)["promote"] for _ in range(150)]
    assert np.mean(promoted) <= 0.05


def compared(gain: float, low: float, units: int = 200) -> dict:
    return {"metric": "roc_auc", "gain": gain, "gain_from": low, "gain_to": 2 * gain - low,
            "min_improvement": 0.01, "units": units}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "promoted", "says"),
    [
        (compared(0.03, 0.01), True, ""),
        (compared(0.03, -0.01), False, "may be chance (its interval reaches -0.010)"),
        (compared(0.005, 0.004), False, "more than chance, but less than 0.01"),
        (compared(0.03, 0.01, units=5), False, "5 units are too few"),
    ],
)
def test_a_gain_must_be_sure_and_worth_it(found, promoted, says):
    assert replaces_champion(found) == promoted
    if not promoted:
        assert says in why_not(found)
        assert says in describe_comparison(found | {"promote": promoted})


def test_a_comparison_that_an_earlier_version_stored_is_still_read():
    assert replaces_champion({"gain_from": 0.01}) and not replaces_champion({"gain_from": -0.01})


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_units_of_the_target_change_nothing(scale):
    random = np.random.default_rng(0)
    y = random.normal(0, 3, 400)
    champion, challenger = (y + error * random.normal(size=400) for error in (1.0, 0.9))
    found = [
        compare_answers(rows(NUMBER, y * by), (champion * by, None), (challenger * by, None))
        for by in (1.0, scale)
    ]
    assert found[0]["gain"] == pytest.approx(found[1]["gain"])
    assert found[0]["promote"] == found[1]["promote"] is True


def test_rows_of_one_unit_count_together():
    random = np.random.default_rng(1)
    y = random.random(400) < 0.4
    who = np.arange(400) // 40
    champion = answers(1.0 * y + 0.5 * random.normal(size=400))
    challenger = answers(1.6 * y + np.where(who < 3, -1, 0.4) * y + random.normal(size=400) / 2)
    judged = rows(BINARY, np.where(y, "yes", "no"))
    alone = compare_answers(judged, champion, challenger)
    judged.unit = who.astype(str)
    together = compare_answers(judged, champion, challenger)
    assert together["gain"] == alone["gain"] and together["units"] == 10
    assert together["gain_from"] < alone["gain_from"]
