"""Planted wrong labels of numbers, and that the ranking of residuals finds them."""

import numpy as np

from benchmarks.label_flips import NAMES, NUMBERS, RATE, SHIFT, precision, shifted
from helpers.learning.label_doubts import residual_scores


def test_one_number_in_twenty_is_moved_by_two_to_four_standard_deviations():
    y = np.random.default_rng(0).normal(50, 10, 1_000)
    noisy, wrong = shifted(y)
    assert wrong.sum() == RATE * 1_000 and np.array_equal(noisy[~wrong], y[~wrong])
    moved = np.abs(noisy - y)[wrong] / y.std()
    assert SHIFT[0] <= moved.min() and moved.max() <= SHIFT[1]


def test_a_residual_is_judged_beside_those_of_like_predictions():
    """Where large numbers scatter more, plain residuals point at them; ours at what was moved."""
    random = np.random.default_rng(1)
    predicted = random.uniform(1, 100, 2_000)
    truth = predicted * random.normal(1, 0.3, 2_000)
    wrong = np.zeros(2_000, dtype=bool)
    wrong[random.choice(np.flatnonzero(predicted < 30), 60, replace=False)] = True
    truth = np.where(wrong, truth + 40, truth)
    ours = precision(residual_scores(truth, predicted), wrong)
    assert ours >= 0.75 > 0.5 > precision(-np.abs(truth - predicted), wrong)


def test_there_are_ten_tables_of_each():
    assert len(set(NAMES)) >= 10 and len(set(NUMBERS)) >= 10
