"""The prediction log in a real PostgreSQL, started here; the service with it, when it goes away."""

import os
import time

import pytest
import requests
import sqlalchemy

from helpers.base import credentials
from helpers.base.user_errors import InputError
from helpers.deploy import service_proof
from helpers.line.stage_list import LOG
from helpers.monitor import service_log_rows, service_traffic
from helpers.run import retraining
from helpers.serving import (
    local_service,
    log_measures,
    log_pruning,
    log_room,
    prediction_service,
    served_model,
)
from helpers.serving.client_keys import ClientKey
from helpers.serving.prediction_log import LOG_VARIABLE, PredictionLog
from helpers.tables import read_any
from tests.postgres_server import BIN
from tests.small import bundle_of, deployed_run, post, prepared

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BIN / "initdb").exists(), reason="PostgreSQL is not installed"),
]


@pytest.fixture
def guarded(postgres, monkeypatch):
    """A role of the server that is asked for its password; its address with one."""
    rules = postgres.folder / "data/pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}")
    with sqlalchemy.create_engine(postgres.address).begin() as connection:
        for command in ("CREATE ROLE guarded LOGIN PASSWORD 'p@ss/w:rd?%41'",
                        "CREATE TABLE orders AS SELECT generate_series(1, 9) AS x",
                        "GRANT ALL ON orders TO guarded", "GRANT ALL ON SCHEMA public TO guarded",
                        "SELECT pg_reload_conf()"):  # fmt: skip
            connection.execute(sqlalchemy.text(command))
    before = set(os.environ)
    host = f"127.0.0.1:{postgres.port}"
    yield lambda password: f"postgresql+psycopg://guarded:{password}@{host}/postgres"
    rules.write_text(rules.read_text().partition("\n")[2])
    for name in set(os.environ) - before:
        del os.environ[name]


def test_a_pasted_password_opens_the_database_and_is_nowhere_repeated(guarded):
    hidden = credentials.hide(guarded("p%40ss%2Fw%3Ard%3F%2541"))
    assert read_any.read_table(hidden, "SELECT * FROM orders")["x"].sum() == 45
    PredictionLog(hidden).close()
    wrong = credentials.hide(guarded("wr0ng/Password"))
    assert wrong == hidden  # it is the same source
    for ask in (lambda: read_any.read_table(wrong, "SELECT 1"), lambda: PredictionLog(wrong)):
        with pytest.raises(InputError, match=r"guarded:\*\*\*@127.0.0.1") as raised:
            ask()
        assert "wr0ng" not in str(raised.value) and "\n" not in str(raised.value)


def wait_for_traffic(run):
    """The days' traffic, once the service has written its notes, which it does each second."""
    until = time.monotonic() + 10
    while (days := service_traffic.by_day(run)).empty:
        assert time.monotonic() < until
        time.sleep(0.1)
    return days


def test_answers_and_outcomes_are_in_the_database(postgres, monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    bundle = bundle_of(made := prepared())
    row = service_proof.as_record(made.raw.iloc[0])
    own = prediction_service.Service(served_model.served(bundle), PredictionLog(postgres.address))
    with local_service.serving(bundle, own) as address:
        told = [post(address, row).json() for _ in range(20)]
        many = post(address, local_service.as_json(made.raw)).json()
        assert all(answer["logged"] for answer in [*told, *many])
        body = {"id": told[0]["id"], "outcome": "yes"}
        assert post(address, body, page="feedback").json()["noted"] == 1
        with sqlalchemy.create_engine(postgres.address).connect() as connection:
            ids = {r[0] for r in connection.execute(sqlalchemy.text("SELECT id FROM predictions"))}
            outcomes = connection.execute(sqlalchemy.text("SELECT id, outcome FROM outcomes"))
            assert ids == {answer["id"] for answer in [*told, *many]}
            assert outcomes.fetchall() == [(told[0]["id"], "yes")]
        monkeypatch.setenv(LOG_VARIABLE, postgres.address)
        run = deployed_run(made, "mine")
        assert service_log_rows.logged_rows(run) == len(told) + len(many)
        found = retraining.later_rows(run, LOG)
        assert found.labelled.sum() == 1 and len(found.X) == len(told) + len(many)
        days = wait_for_traffic(run)
        assert days["rows"].sum() == len(told) + len(many)
        postgres.stop()
        answer = post(address, row)
        assert answer.status_code == 200 and answer.json()["logged"] is False
        assert post(address, body, page="feedback").status_code == 503
        assert requests.get(f"{address}/ready", timeout=30).json()["status"] == "degraded"
        postgres.start()
        until = time.monotonic() + 20
        while requests.get(f"{address}/ready", timeout=30).json()["status"] == "degraded":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert post(address, row).json()["logged"] is True
        known = own.log.log.unknown([(answer.json()["id"],)])
        assert known == [], "what was answered meanwhile is in the log now"


def test_retention_keys_and_columns_of_an_earlier_version(postgres):
    with sqlalchemy.create_engine(postgres.address).begin() as connection:
        for command in (
            "DROP TABLE IF EXISTS predictions, outcomes, requests, shadow",
            "CREATE TABLE predictions (id VARCHAR(40) PRIMARY KEY, at FLOAT, "
            "model TEXT, row TEXT, prediction TEXT, probability TEXT, warnings TEXT)",
        ):
            connection.execute(sqlalchemy.text(command))  # fmt: skip
    log, now = PredictionLog(postgres.address), time.time()
    log.write([(f"{n:032x}", now - 86_400 * (30 - n / 100), "v1", "x" * 300, "yes", "", "[]",
                f"r{n}", f"k{n % 2_990}") for n in range(3_000)],
              [(now - 86_400 * (30 - n / 100), 200, 0.1, 1) for n in range(3_000)])  # fmt: skip
    assert log.note_outcomes([(ClientKey("k5"), "no"), (ClientKey("none"), "no")]) == ["none"]
    room = log_room.LogRoom(log)
    assert room.asked("SELECT id FROM outcomes") == f"{2_995:032x}", "its last answer"
    assert log_pruning.prune(log, log_pruning.Retention(days=20)).answers in (1_000, 1_001)
    before = room.used()
    log_pruning.prune(log, log_pruning.Retention(most_bytes=before // 2))
    left = room.asked("SELECT COUNT(*) FROM predictions")
    assert room.used() <= before // 2 and 800 < left < 1_020
    assert room.asked("SELECT COUNT(*) FROM requests") == pytest.approx(left, abs=2)
    assert log_measures.bytes_of(log) > 100_000
    log.close()
