"""Has the score fallen? How often it is said where nothing changed, and where something did."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.learning.score_intervals import JudgedRows, Spread
from helpers.learning.task_kind import Task
from helpers.monitor import earlier_looks, period_scores, refit_models, score_fall
from helpers.monitor.monitor_model import has_fallen
from helpers.monitor.production_rows import UNDATED, UNNAMED, Production, periods
from tests.small import fitted, prepared, raw_table

BINARY = Task("y", "binary", ("no", "yes"), "yes")
NUMBER = Task("y", "regression", metric="neg_mean_absolute_error")


def judged(random, rows: int, noise: float = 1.0) -> JudgedRows:
    """Rows of two classes, that one number separates, with noise."""
    yes = random.random(rows) < 0.4
    chance = 1 / (1 + np.exp(-(1.2 * yes + noise * random.normal(size=rows))))
    labels = [np.where(mask, "yes", "no") for mask in (yes, chance > 0.5)]
    return JudgedRows(*labels, np.column_stack([1 - chance, chance]))


def decided(random, test: int, rows: int, count: int, noise: float = 1.0) -> bool:
    """Whether a fall is said in one of some periods."""
    promised = score_fall.promise_of(BINARY, judged(random, test))
    later = {str(n): judged(random, rows, noise=noise) for n in range(count)}
    return bool(has_fallen(score_fall.compare_periods(promised, later), 0.05).any())


def test_where_nothing_changed_a_year_of_months_seldom_alarms():
    random = np.random.default_rng(1)
    assert np.mean([decided(random, 300, 300, 12) for _ in range(100)]) <= 0.07


def test_a_fall_is_found_within_three_periods():
    random = np.random.default_rng(2)
    assert np.mean([decided(random, 1_000, 1_000, 3, noise=1.7) for _ in range(30)]) >= 0.8


def test_a_year_at_once_and_month_by_month_are_judged_alike():
    random = np.random.default_rng(3)
    promised = score_fall.promise_of(BINARY, judged(random, 400))
    later = {f"2024-{n + 1:02}": judged(random, 200) for n in range(12)}
    at_once = score_fall.compare_periods(promised, later)
    alone = [score_fall.compare_periods(promised, {name: rows}) for name, rows in later.items()]
    pd.testing.assert_frame_equal(at_once, pd.concat(alone))


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_the_correction_is_right_for_comparisons_with_one_control(shared):
    random = np.random.default_rng(4)
    control, own = random.normal(size=(20_000, 1)), random.normal(size=(20_000, 12))
    smallest = (np.sqrt(shared) * control + np.sqrt(1 - shared) * own).min(axis=1)
    assert score_fall.smallest_of(-2.2, 12, shared) == pytest.approx(
        (smallest <= -2.2).mean(), abs=0.01
    )


def test_the_noise_of_the_promise_counts():
    random = np.random.default_rng(5)
    low = {"2024-01": judged(random, 1_000, noise=1.5)}
    few, many = (score_fall.promise_of(BINARY, judged(random, n)) for n in (60, 5_000))
    few = replace(few, spread=few.spread._replace(value=many.spread.value), rows=None)
    p_values = [score_fall.compare_periods(one, low)["p_value"].item() for one in (few, many)]
    assert p_values[1] < 0.01 < p_values[0]


def test_periods_that_always_differed_make_a_fall_less_sure():
    random = np.random.default_rng(6)
    low = {"2024-01": judged(random, 1_000, noise=1.4)}
    steady = score_fall.promise_of(BINARY, judged(random, 5_000))
    uneven = replace(steady, between=0.03**2, between_df=5.0)
    found = [score_fall.compare_periods(one, low).loc["2024-01"] for one in (steady, uneven)]
    assert found[0]["p_value"] < 0.01 < found[1]["p_value"]
    assert found[0]["change"] == found[1]["change"]


def test_folds_that_differ_beyond_their_noise_are_read_from_stage_5():
    rows = judged(np.random.default_rng(10), 800)
    asked = period_scores.Unseen(rows.truth, rows[1:3], ())
    value = score_fall.promise_of(BINARY, rows).spread.value
    for apart, differ in ((0.0, False), (0.08, True)):
        folds = [Spread(value + sign * apart, 0.01, 99.0, 100)._asdict() for sign in (-1, 1, -1)]
        promised = period_scores.promise(BINARY, {}, asked, {"folds": folds})
        assert (promised.between > 0.02**2) == differ
    assert period_scores.promise(BINARY, {}, asked, {"metric": "auto"}).between == 0


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_units_of_the_target_change_nothing(scale):
    random = np.random.default_rng(7)
    sides = []
    for error in (1.0, 1.2):
        truth = random.normal(0, 3, 500)
        sides.append((truth, truth + error * random.normal(size=500)))
    found = []
    for by in (1.0, scale):
        old, new = (JudgedRows(truth * by, said * by) for truth, said in sides)
        promised = score_fall.promise_of(NUMBER, old, baseline=-2.4 * by)
        found.append(
            score_fall.compare_periods(promised, {"2024-01": new})[["relative", "p_value"]]
        )
    np.testing.assert_allclose(*found, rtol=1e-6)
    assert has_fallen(found[0], 0.05).all()


def test_units_on_both_sides_are_left_out_of_both():
    random = np.random.default_rng(8)
    rows = judged(random, 600)._replace(unit=np.arange(600) // 20)
    promised = score_fall.promise_of(BINARY, rows)
    same = score_fall.compare_periods(promised, {"2024-01": rows})
    assert same["standard_error"].item() == pytest.approx(0, abs=1e-12)


def test_too_few_units_tell_nothing():
    random = np.random.default_rng(9)
    promised = score_fall.promise_of(BINARY, judged(random, 300))
    one = judged(random, 100, noise=4)._replace(unit=np.zeros(100))
    found = score_fall.compare_periods(promised, {"2024-01": one})
    assert found["p_value"].isna().all() and not has_fallen(found, 0.05).any()


# --- Looks ----------------------------------------------------------------------------------------


def mark(rows: int, content: str = "a") -> dict:
    return {"rows": rows, "mark": content}


def look(**months) -> dict:
    return {"model": "", "periods": {name.replace("_", "-"): one for name, one in months.items()}}


def test_the_first_look_judges_all_and_the_same_look_again_too():
    marks = look(m_01=mark(60), m_02=mark(70, "b"))["periods"]
    assert earlier_looks.times_looked([], marks) == {"m-01": 1, "m-02": 1}
    assert earlier_looks.times_looked([look(m_01=mark(60), m_02=mark(70, "b"))], marks) == {
        "m-01": 1, "m-02": 1,
    }  # fmt: skip


def test_a_period_is_judged_again_only_once_it_has_doubled():
    looks = [look(m_01=mark(60))]
    for rows, times in ((100, 0), (120, 2), (500, 2)):
        assert earlier_looks.times_looked(looks, {"m-01": mark(rows, "b")}) == {"m-01": times}
    looks.append(look(m_01=mark(130, "b")))
    assert earlier_looks.times_looked(looks, {"m-01": mark(200, "c")}) == {"m-01": 0}
    assert earlier_looks.times_looked(looks, {"m-01": mark(260, "c")}) == {"m-01": 3}


def test_other_rows_without_dates_are_another_period():
    looks = [look(**{UNNAMED: mark(60)})]
    looks[0]["periods"] = {UNNAMED: mark(60)}
    assert earlier_looks.times_looked(looks, {UNNAMED: mark(70, "b")}) == {UNNAMED: 1}
    together = {UNNAMED: mark(60), "2024-01": mark(50, "c")}
    assert earlier_looks.times_looked(looks, together) == {UNNAMED: 0, "2024-01": 1}


@pytest.fixture(scope="module")
def later() -> Production:
    made = prepared()
    champion = fitted(made)
    raw = raw_table(240, seed=7).drop(columns="price")
    period = np.repeat(np.array(["2021-01", "2021-02", UNDATED], dtype=object), 80)
    X, y = champion["clean"].transform(raw), raw["bought"].to_numpy(dtype=object)
    return Production(raw, X, y, period, champion, made.rows, "the next delivery")


def test_marks_tell_rows_apart_whatever_their_order(later):
    marks = earlier_looks.marks_of(later)
    assert {name: one["rows"] for name, one in marks.items()} == {"2021-01": 80, "2021-02": 80}
    order = np.random.default_rng(0).permutation(240)
    mixed = replace(
        later, raw=later.raw.iloc[order].reset_index(drop=True), y=later.y[order],
        X=later.X.iloc[order].reset_index(drop=True), period=later.period[order],
    )  # fmt: skip
    assert earlier_looks.marks_of(mixed) == marks
    assert earlier_looks.marks_of(replace(later, is_held_out=True)) == {}


def promised() -> score_fall.Promise:
    return score_fall.Promise(BINARY, Spread(1.3, 0.001, 400.0, 400))  # kept by no model


def test_what_was_judged_before_is_not_judged_again(later):
    first = period_scores.performance(later, promised())
    assert has_fallen(first, 0.05).tolist() == [True, True, False]
    second = period_scores.performance(later, promised(), {"2021-01": 0, "2021-02": 1})
    assert has_fallen(second, 0.05).tolist() == [False, True, False]
    assert second["roc_auc"].equals(first["roc_auc"])


def test_undated_rows_are_scored_by_themselves_and_decide_nothing(later):
    table = period_scores.performance(later, promised())
    assert table.index.tolist() == ["2021-01", "2021-02", UNDATED]
    assert np.isnan(table.loc[UNDATED, "p_value"]) and table.loc[UNDATED, "roc_auc"] > 0.5
    newer = refit_models.newer_half(later)
    assert set(later.period[newer]) == {"2021-02"}


def test_rows_none_of_which_is_dated_are_one_period_that_is_judged():
    frame = pd.DataFrame({"day": pd.to_datetime([None] * 40)})
    assert set(periods("day", frame)) == {UNNAMED}
    frame = pd.DataFrame({"day": pd.to_datetime([None] * 5 + ["2024-01-01"] * 40)})
    assert set(periods("day", frame)) == {UNDATED, "2024-01"}
