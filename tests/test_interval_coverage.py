"""Coverage of intervals and sets in later rows: told by period and unit, with an alarm."""

import numpy as np
import pandas as pd
import pytest

from helpers.answers.certainty import Certainty
from helpers.answers.number_intervals import NumberIntervals
from helpers.answers.score_quantiles import ScoreQuantiles
from helpers.learning.task_kind import Task
from helpers.monitor import interval_coverage, monitor_bundle
from helpers.monitor.interval_coverage import coverage_findings, coverage_table, describe_coverage
from tests.small import deployed_run, prepared, raw_table

NUMBERS = Task("price", "regression")


def certainty(rows=2_000, units=2_000) -> Certainty:
    scores = ScoreQuantiles.of(np.abs(np.random.default_rng(0).normal(size=rows)))
    return Certainty(rows, units, numbers=NumberIntervals(scores))


def held(share: float, rows=300, seed=1) -> np.ndarray:
    return np.random.default_rng(seed).random(rows) < share


def table(*shares: float, **options) -> pd.DataFrame:
    """A month for each share."""
    rows = [held(share, seed=n) for n, share in enumerate(shares)]
    period = np.repeat([f"2024-{n:02}" for n in range(1, len(shares) + 1)], 300).astype(object)
    return coverage_table(np.concatenate(rows), period, None, certainty(), **options)


def test_a_fall_is_an_alarm_that_names_the_period():
    found = table(0.9, 0.75, 0.9)
    (alarm,) = coverage_findings(found, NUMBERS)
    assert alarm.severity == "alarm" and alarm.code == "coverage" and "2024-02" in alarm.message
    assert alarm.message.startswith("Intervals for 90 % held the truth of 7")
    assert found["from"].lt(found["coverage"]).all() and found["to"].gt(found["coverage"]).all()


def test_what_is_as_promised_is_no_alarm():
    found = table(0.9, 0.9, 0.87)
    assert coverage_findings(found, NUMBERS) == []
    assert "not beyond chance" in describe_coverage(found, NUMBERS)


def test_a_period_that_was_judged_is_not_judged_again():
    assert coverage_findings(table(0.9, 0.75, times={"2024-02": 0}), NUMBERS) == []


def test_a_unit_counts_once():
    """Of 30 customers one has 300 rows, all missed: 97 % of the customers' rows hold."""
    unit = np.array([f"c{n}" for n in range(29)] * 10 + ["large"] * 300)
    hit = np.array([True] * 290 + [False] * 300)
    found = coverage_table(hit, np.full(590, "now", dtype=object), unit, certainty(3_000, 60))
    assert found.loc["now", "coverage"] == pytest.approx(29 / 30)
    assert found.loc["now", "units"] == 30 and coverage_findings(found, NUMBERS) == []


def test_few_units_can_tell_little():
    """Three customers, one of whom is missed."""
    unit = np.repeat(["a", "b", "c"], 100)
    hit = np.repeat([True, True, False], 100)
    found = coverage_table(hit, np.full(300, "now", dtype=object), unit, certainty(3_000, 60))
    assert coverage_findings(found, NUMBERS) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of runs with classes (`bought`) and numbers (`price`)."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder))
        for target in ("bought", "price"):
            deployed_run(prepared(target), target)
    return folder


@pytest.mark.parametrize(("target", "what"), [("bought", "Sets"), ("price", "Intervals")])
def test_monitoring_tells_coverage_and_alarms_when_it_falls(
    folder, monkeypatch, tmp_path, target, what
):
    """By the bundle alone: rows as before, then rows whose target has other noise."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(folder))
    rows = raw_table(400, seed=9).drop(columns={"bought", "price"} - {target})
    file, bundle = tmp_path / "later.csv", str(folder / target / "model")
    rows.to_csv(file, index=False)
    seen = monitor_bundle.look(bundle, str(file))
    assert seen["summary"]["Coverage"].startswith(f"{what} for 90 % held the truth of ")
    assert sum(one["rows"] for one in seen["coverage"].values()) == 400
    assert "coverage" not in [one["code"] for one in seen["alerts"]]
    random = np.random.default_rng(3)
    other = (rows["price"] + random.normal(0, 20, 400)).round() if target == "price" else (
        np.where(rows["weight"] > 50, "no", "yes"))  # fmt: skip
    rows.assign(**{target: other}).to_csv(file, index=False)
    seen = monitor_bundle.look(bundle, str(file))
    alarm = next(one for one in seen["alerts"] if one["code"] == "coverage")
    assert alarm["severity"] == "alarm" and alarm["columns"] == [target]


def test_without_intervals_nothing_is_told():
    class NoRows:
        y, is_held_out = np.ones(3), False

    assert interval_coverage.coverage_by_period(NoRows, None).empty
    assert describe_coverage(pd.DataFrame(), NUMBERS) == ""
