"""The score to expect on other rows: as wide as what such scores differ by, and no wider."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulations import later_scores as worlds
from helpers.deploy import model_card
from helpers.evaluate import evaluation_report, model_verdict
from helpers.learning.labelled_data import with_folds_score
from helpers.learning.later_scores import (
    OTHERS,
    Before,
    between_times,
    describe_promise,
    score_on_later_rows,
    still_moves,
)
from helpers.learning.score_intervals import Spread
from helpers.learning.units import UnitRule

EVEN = tuple(Spread(value, 0.02, 90.0, 91) for value in (0.71, 0.74, 0.70, 0.73))
UNEVEN = tuple(
    one._replace(value=value) for one, value in zip(EVEN, (0.6, 0.8, 0.65, 0.85), strict=True)
)
HELD_OUT = Spread(0.72, 0.02, 90.0, 91)


def promised(metric, held_out, folds, **more):
    return score_on_later_rows(metric, held_out, Before("later rows", tuple(folds), **more))


def width(found) -> float:
    return found.high - found.low


def test_a_later_score_has_its_own_noise():
    found = promised("roc_auc", HELD_OUT, EVEN)
    of_who_knows = 2 * 1.96 * np.sqrt(2) * HELD_OUT.standard_error
    assert 1 < width(found) / of_who_knows < 1.3
    assert found.low < HELD_OUT.value < found.high and not found.warning


def test_what_the_folds_differ_by_is_in_it():
    assert width(promised("roc_auc", HELD_OUT, UNEVEN)) > 3 * width(
        promised("roc_auc", HELD_OUT, EVEN)
    )


def test_of_one_unit_a_score_the_scores_tell_their_noise():
    shops = [Spread(value, np.nan, np.nan, 1) for value in (0.82, 0.71, 0.88, 0.79, 0.84)]
    found = promised("roc_auc", shops[-1], shops[:-1])
    assert found.low < 0.71 and found.high > 0.88
    assert promised("roc_auc", shops[-1], [shops[-1]] * 4) is None
    assert promised("roc_auc", shops[-1], shops[:1]) is None


def test_of_few_held_out_units_the_noise_is_that_of_the_folds_too():
    few = Spread(0.72, 0.05, 1.0, 2)
    folds = [one._replace(df=9.0, units=10, standard_error=0.03) for one in EVEN]
    alone = promised("roc_auc", few, [])
    assert width(promised("roc_auc", few, folds)) < width(alone) / 2


@pytest.mark.parametrize("by", [1e-3, 1e3])
def test_the_units_of_the_target_change_nothing(by):
    scores = [Spread(-2.0 * one, 0.1, 50.0, 51) for one in (1.0, 1.1, 0.9, 1.2, 1.05)]
    scaled = [one._replace(value=one.value * by, standard_error=0.1 * by) for one in scores]
    one, other = (
        promised("neg_mean_absolute_error", folds[-1], folds[:-1]) for folds in (scores, scaled)
    )
    assert [other.low, other.high] == pytest.approx([one.low * by, one.high * by])
    assert one.low < scores[-1].value < one.high < 0


def test_a_perfect_score_promises_nothing():
    assert promised("r2", Spread(1.0, 0.0, 9.0, 10), []) is None
    assert promised("roc_auc", Spread(np.nan, np.nan, np.nan, 1), EVEN) is None


def test_with_one_period_it_is_said_that_periods_are_too_few():
    assert "too few periods" in promised("roc_auc", HELD_OUT, EVEN[:1]).warning
    of_groups = Before("rows of new groups", EVEN[:1])
    assert not score_on_later_rows("roc_auc", HELD_OUT, of_groups).warning


def test_what_early_folds_lacked_in_rows_is_not_between_periods():
    learning = [one._replace(value=value) for one, value in
                zip(EVEN, (0.30, 0.52, 0.62, 0.68), strict=True)]  # fmt: skip
    falling = [one._replace(value=1 - one.value) for one in learning]
    for folds, most, least in ((learning, 1.5, 1.0), (falling, 99, 5.0)):
        held_out = HELD_OUT._replace(value=0.72 if folds is learning else 0.28)
        level = width(promised("r2", held_out, [held_out] * 4))
        assert least < width(promised("r2", held_out, folds)) / level < most


def test_scores_that_differ_by_their_noise_alone_have_no_variance_between():
    assert between_times([*EVEN, HELD_OUT])[0] == 0
    assert between_times([*UNEVEN, HELD_OUT])[0] > 0.05**2


@pytest.mark.parametrize("name", ["independent rows", "calm times and loud ones",
                                  "100 unequal groups", "counts, 250 rows"])  # fmt: skip
def test_promises_are_kept(name):
    """At 93 % or more in the simulations; the interval of the mean keeps 53 to 85 %."""
    world, how = worlds.WORLDS[name]
    found = pd.DataFrame(
        worlds.kept(np.random.default_rng([1, seed]), world, how) for seed in range(25)
    )
    assert found["kept"].mean() >= 0.84


def test_exchangeable_stretches_seldom_move():
    random, when = np.random.default_rng(4), pd.Series(np.arange(400))
    noise = [random.normal(size=(400, 1)) for _ in range(150)]
    assert np.mean([still_moves(one, when) for one in noise]) <= 0.06


@pytest.mark.parametrize("shape, moves", [("trend", True), ("half a season", True),
                                          ("three seasons", False)])  # fmt: skip
def test_a_trend_moves_and_seasons_that_came_back_do_not(shape, moves):
    time = np.linspace(0, 1, 400)
    waves = {"trend": time, "half a season": np.sin(np.pi * time - 1),
             "three seasons": np.sin(6 * np.pi * time)}  # fmt: skip
    noise = 0.3 * np.random.default_rng(5).normal(size=400)
    shuffled = np.random.default_rng(6).permutation(400)
    values = (waves[shape] + noise)[shuffled, None]
    assert still_moves(values, pd.Series(time[shuffled])) == moves


def test_too_few_rows_or_moments_move_nothing():
    assert not still_moves(np.arange(30.0)[:, None], pd.Series(np.arange(30)))
    assert not still_moves(np.arange(90.0)[:, None], pd.Series(np.arange(90) // 30))


def made(strategy: str):
    """Held-out rows of a split, with answers and what was known before."""
    random = np.random.default_rng(8)
    rows, _ = worlds.drawn(random, worlds.growth, worlds.NUMBER, strategy)
    return worlds.asked(rows, strategy)


def test_the_verdict_carries_the_promise_of_a_split_by_time():
    test, said = made("time")
    found = model_verdict.promise(test.task, test, said)
    assert found["on"] == "later rows" and found["periods"] == 5
    assert found["rows"] == len(test.y) and found["units"] == ""
    assert "still moves" in found["warning"], "the target grows"


def test_rows_held_out_at_random_promise_nothing_of_later_ones():
    test, said = made("random")
    found = model_verdict.promise(test.task, test, said)
    assert found["on"] == OTHERS and not found["warning"]
    told = describe_promise(found)
    assert f"{len(test.y)} other rows like these may score" in told
    assert "Of later rows or new groups it promises nothing" in told


@pytest.mark.parametrize("choice", [{"strategy": "file"}, {"strategy": "random"}])
def test_without_folds_like_the_held_out_rows_it_is_said_that_nothing_is_promised(choice):
    test, said = made("random")
    test = with_folds_score(replace(test, before=None), choice, [])
    assert model_verdict.promise(test.task, test, said) is None
    scores = pd.DataFrame({"test": 0.72, "from": 0.7, "to": 0.74, "baseline": 0.5}, ["r2"])
    verdict = {"verdict": "good enough", "warning": "", "promise": None}
    told = model_verdict.describe_verdict(verdict, worlds.NUMBER, scores)
    assert "Of other rows nothing is promised" in told


def test_fewer_rows_score_less_surely():
    test, said = made("random")
    many, few = (model_verdict.promise(test.task, test, said, rows=rows) for rows in (160, 16))
    assert few["high"] - few["low"] > 1.5 * (many["high"] - many["low"])
    assert few["rows"] == 16 and "16 other rows" in describe_promise(few)


def test_the_units_of_a_promise_are_counted():
    random = np.random.default_rng(8)
    rows, _ = worlds.drawn(random, worlds.WORLDS["25 unequal groups"][0], worlds.NUMBER, "group")
    test, said = worlds.asked(replace(rows, units=UnitRule("entity", "unit")), "group")
    found = model_verdict.promise(test.task, test, said)
    count = len(np.unique(test.unit))
    assert found["units"] == f"{count} values of unit"
    assert f"rows of new groups ({count} values of unit) may score" in describe_promise(found)


def test_the_promise_is_said_wherever_the_score_is():
    promise = {"metric": "roc_auc", "low": 0.66, "high": 0.8, "on": "later rows", "periods": 5,
               "warning": "the target still moves"}  # fmt: skip
    scores = pd.DataFrame({"test": 0.72, "from": 0.7, "to": 0.74, "baseline": 0.5}, ["roc_auc"])
    verdict = {"verdict": "good enough", "warning": "", "promise": promise}
    for text in (
        describe_promise(promise),
        model_verdict.describe_verdict(verdict, worlds.CLASSES, scores),
        evaluation_report.headline(verdict, worlds.CLASSES, scores),
    ):
        assert "0.66 to 0.80" in text and "later rows" in text and "still moves" in text
    assert "95 % prediction interval" in describe_promise(promise)
    without = verdict | {"promise": None}
    assert "later" not in evaluation_report.headline(without, worlds.CLASSES, scores)


def test_the_model_card_holds_the_promise():
    held_out = {"verdict": "good enough", "rows": 9, "scores": {}, "baseline": {},
                "promise": {"metric": "r2", "low": 0.1, "high": 0.4, "on": "rows of new groups",
                            "periods": 5, "warning": ""}}  # fmt: skip
    card = {"task": {"target": "y"}, "question": "", "model": "linear", "fitted_on_rows": 9,
            "source": "a file", "refitted_on_all_labelled_rows": True, "held_out": held_out,
            "limits": []}  # fmt: skip
    assert "as many rows of new groups may score R² **0.10 to 0.40**" in model_card.card_text(card)
