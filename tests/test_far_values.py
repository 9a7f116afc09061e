"""Numbers beyond all others: set to missing where impossible, asked about where far."""

import numpy as np
import pandas as pd
import pytest

from helpers.clean.cleaning_plan import draft
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import apply_marks, review_list
from helpers.clean.far_values import BEYOND, far_items, fences
from helpers.clean.known_limits import broken_limits

SHAPES = {
    "normal": lambda random, n: random.normal(50, 10, n),
    "lognormal": lambda random, n: random.lognormal(3, 1, n),
    "incomes": lambda random, n: random.lognormal(10.5, 0.8, n).round(-2),
    "power law": lambda random, n: (random.pareto(1.5, n) + 1) * 10,
    "counts": lambda random, n: random.poisson(3, n).astype(float),
    "mostly nothing": lambda r, n: np.where(r.random(n) < 0.9, 0, r.lognormal(6, 1, n)),
    "both signs": lambda random, n: random.standard_t(4, n),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_sound_columns_give_a_handful_of_doubts_at_most(shape):
    found = [far_items(SHAPES[shape](np.random.default_rng(s), 2_000)) for s in range(10)]
    assert max(map(len, found)) <= 4 and np.mean([*map(len, found)]) <= 2


@pytest.mark.parametrize("shape", ["normal", "incomes", "counts"])
def test_what_is_planted_beyond_all_sound_values_is_found(shape):
    random, caught = np.random.default_rng(7), []
    for _ in range(5):
        sound = SHAPES[shape](random, 3_000)
        dirty, at = sound.copy(), random.choice(3_000, 15, replace=False)
        dirty[at] = np.where(np.arange(15) % 2, sound[at] * 100, -sound[at])
        low, high = fences(dirty)
        beyond = at[(dirty[at] > sound.max()) | (dirty[at] < sound.min())]
        caught += ((dirty[beyond] > high) | (dirty[beyond] < low)).tolist()
    assert np.mean(caught) >= 0.9


def test_a_second_mode_is_a_part_of_the_column():
    random = np.random.default_rng(1)
    assert far_items(np.append(random.normal(10, 1, 950), random.normal(100, 5, 50))) == []


def test_many_far_numbers_are_one_question_whose_yes_is_a_limit():
    random = np.random.default_rng(2)
    fee = np.append(random.normal(50, 5, 2_000), random.uniform(4_000, 9_000, 12)).round(2)
    frame = pd.DataFrame({"fee": fee})
    plan, items = draft(frame)
    asked = review_list(items, frame)
    assert asked["kind"].tolist() == [BEYOND] and asked["cells"].tolist() == [12]
    settled = apply_marks(plan, asked.assign(apply="yes"))
    cleaned = Cleaner(settled).fit_transform(frame)["fee"]
    assert cleaned.isna().sum() == 12 and cleaned.max() < 80


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("age", 400),
        ("Age at entry", -3),
        ("humidity_pct", 640),
        ("bodyHeight", -180),
        ("body_height_cm", -1),
        ("distance_km", -4),
        ("lat", 98),
    ],
)
def test_what_is_impossible_by_name_is_missing_and_stands_in_the_plan(name, wrong):
    sound = np.random.default_rng(3).integers(20, 80, 200).astype(float)
    frame = pd.DataFrame({name: np.append(sound, wrong)})
    cleaned, log = Cleaner().fit(frame).repair(frame)
    assert cleaned[name].isna().tolist() == [False] * 200 + [True]
    assert log["kind"].tolist() == ["impossible"]


@pytest.mark.parametrize(
    ("name", "unit", "numbers"),
    [
        ("age", "", np.linspace(0, 6_000, 100)),  # in months, or of trees
        ("growth", "%", np.append(np.full(99, 5.0), 130)),
        ("weight_change", "", np.append(np.full(99, 5.0), -2)),
        ("refund", "", np.append(np.full(99, 5.0), -2)),
        ("age", "", np.full(5, 400.0)),  # too few to say
        ("price_per_hour", "", np.append(np.full(99, 5.0), 30)),
        ("second_owner_km", "", np.append(np.full(99, 5.0), 90)),
        ("long_jump", "", np.append(np.full(99, 7.0), 800)),
    ],
)
def test_a_limit_that_the_column_does_not_keep_or_have_is_none(name, unit, numbers):
    assert broken_limits(name, unit, numbers) is None


def test_a_person_s_limits_go_before_the_known_ones():
    frame = pd.DataFrame({"age": [30.0, 40.0] * 50 + [400.0]})
    assert draft(frame, limits="age:0..500")[0]["columns"]["age"]["limits"] == [0.0, 500.0]
