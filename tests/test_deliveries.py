"""Later rows from a service's log, and its traffic: real logs, as the service writes them."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.line.run_folder import CHALLENGES, Run
from helpers.line.stage_list import LOG
from helpers.line.stage_work import outside
from helpers.monitor import service_log_rows, service_traffic
from helpers.run import retraining, retraining_due
from helpers.serving.prediction_log import LOG_FILE, PredictionLog
from tests.small import BEGAN, DAY, deployed_run, log_rows, prepared, raw_table


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return deployed_run(made, "mine")


@pytest.fixture
def table():
    return raw_table(400, seed=7).drop(columns=["price", "note"])


def test_logged_rows_are_later_rows_with_the_outcomes_that_have_come(run, table):
    log_rows(run, table, told=300)
    assert service_log_rows.logged_rows(run) == 400
    assert retraining_due.new_rows_of(run, "") == LOG
    found = retraining.later_rows(run, LOG)
    assert len(found.X) == 400 and found.labelled.sum() == 300
    assert found.y[:300].tolist() == table["bought"].tolist()[:300]
    expected = found.champion["clean"].transform(table.drop(columns="bought"))
    pd.testing.assert_frame_equal(found.X.reset_index(drop=True), expected)
    assert np.unique(found.period).tolist() == ["2024-10-04", "2024-10-05", "2024-10-06"]


def test_a_file_that_is_named_like_the_log_is_not_taken_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / LOG).write_text("something")
    assert outside({"new_data": LOG}) == {LOG: None}


def test_few_answers_are_not_looked_at_unasked(run, table):
    assert service_log_rows.logged_rows(run) == 0 and retraining_due.new_rows_of(run, "") == ""
    log_rows(run, table.head(50))
    assert retraining_due.new_rows_of(run, "") == ""


def test_rows_that_clients_send_in_odd_ways_are_read(run, table):
    log_rows(run, table)
    log = PredictionLog("", run.path)
    odd = [{"weight": "51,5", "city": ["Rome"]}, {"weight": 40}, {}, {"paid": True}]
    texts = ["no JSON", *map(json.dumps, odd)]
    log.write([(f"o{i}", BEGAN + 1e6 + i, "v1", text, "no", "", "[]")
               for i, text in enumerate(texts)])  # fmt: skip
    log.close()
    found = retraining.later_rows(run, LOG)
    assert len(found.X) == 405 and found.X["city"].tail(4).isna().all()
    found.raw.to_parquet(run.file("later.parquet"))


def test_a_challenger_takes_the_log_from_where_it_has_learnt(run, made, table):
    log_rows(run, table)
    challenger = deployed_run(made, "mine-2")
    assert service_log_rows.logged_rows(challenger) == 0
    since = BEGAN + 99 * 600.0
    challenger.write_json(CHALLENGES, {"model": "mine", "run": "mine", "since": since})
    assert service_log_rows.logged_rows(challenger) == 300
    found = retraining.later_rows(challenger, LOG)
    assert len(found.X) == 300 and found.times.min() > since
    third = deployed_run(made, "mine-3")
    third.write_json(CHALLENGES, {"model": "mine", "run": "mine-2"})
    assert service_log_rows.logged_rows(third) == 300
    log_rows(challenger, table.head(220))
    assert service_log_rows.logged_rows(challenger) == 220, "its own service's log comes first"


def test_no_log_and_one_that_is_broken_are_said(run):
    with pytest.raises(InputError, match="no log of answers: start `pipeline serve mine`"):
        retraining.later_rows(run, LOG)
    run.file(LOG_FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="log of the run 'mine' can't be read"):
        retraining.later_rows(run, LOG)


def test_reading_a_log_does_not_change_it(run, table):
    log_rows(run, table)
    before = run.file(LOG_FILE).read_bytes()
    retraining.later_rows(run, LOG)
    assert run.file(LOG_FILE).read_bytes() == before


# --- Traffic ------------------------------------------------------------------------------------


def log_requests(run: Run, days: list[tuple]) -> None:
    """So many requests a day, with that status and those seconds."""
    log = PredictionLog("", run.path)
    for day, (count, status, seconds) in enumerate(days):
        log.write([], [(BEGAN + day * DAY + i, status, seconds, 2) for i in range(count)])
    log.close()


def test_traffic_is_counted_by_day(run):
    log_requests(run, [(10, 200, 0.002), (4, 422, 0.5)])
    days = service_traffic.by_day(run)
    assert days["requests"].tolist() == [10, 4] and days["rows"].tolist() == [20, 8]
    assert days["refused"].tolist() == [0, 1] and days["failed"].tolist() == [0, 0]
    assert days["median"].iloc[0] == 0.002 and days["median"].isna().iloc[1]
    assert len(
        service_traffic.shown(days)
    ) == 2 and "14 requests on 2 days" in service_traffic.describe_traffic(days)


def test_no_service_is_no_error(run):
    days = service_traffic.by_day(run)
    assert (
        days.empty
        and service_traffic.traffic_findings(days) == []
        and service_traffic.shown(days) is None
    )
    assert "No service" in service_traffic.describe_traffic(days)


@pytest.mark.parametrize(
    ("last", "codes"),
    [
        ((100, 200, 0.002), []),
        ((40, 200, 0.002), ["traffic"]),
        ((100, 200, 0.01), ["latency"]),
        ((100, 500, 0.002), ["failures"]),
    ],
)
def test_an_odd_day_is_an_alert(run, last, codes):
    log_requests(run, [(100, 200, 0.002)] * 4 + [last])
    found = service_traffic.traffic_findings(service_traffic.by_day(run))
    assert [one.code for one in found] == codes


def test_what_the_shadow_said_is_held_against_the_outcomes(run, made, table):
    assert service_traffic.in_shadow(run, made.task) is None
    log_rows(run, table.head(10), told=4)
    log = PredictionLog("", run.path)
    log.write([], shadow=[(f"r{i}", BEGAN, "old", "no", "") for i in range(10)])
    said = [*table["bought"].head(4), "yes", "no", "yes", "no"]
    log.write([], shadow=[(f"r{i}", BEGAN + 1, "v2", one, "") for i, one in enumerate(said)])
    log.close()
    found = service_traffic.in_shadow(run, made.task)
    yes = sum(one == "yes" for one in said)
    right = (table["bought"].head(4) == "yes").mean()
    assert found == {"model": "v2", "rows": 8, "alike": yes / 8, "outcomes": 4,
                     "shadow": 1.0, "serving": right}  # fmt: skip
    assert "it was right in 100.0%" in service_traffic.describe_shadow(found, made.task)
    assert service_traffic.describe_shadow(None, made.task) == ""


def test_a_first_odd_day_has_nothing_to_be_held_against(run):
    log_requests(run, [(100, 200, 0.002), (10, 200, 0.1)])
    assert service_traffic.traffic_findings(service_traffic.by_day(run)) == []
