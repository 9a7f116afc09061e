"""The service on a real port: what it answers, refuses, logs, survives and falls back to."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest
import requests

from helpers.base.user_errors import InputError
from helpers.serving import (
    answer_rows,
    batch_prediction,
    input_pieces,
    local_service,
    model_bundle,
    prediction_service,
    served_model,
    start_service,
)
from helpers.serving.prediction_log import LOG_FILE, PredictionLog, ask_log
from tests.small import bundle_of, post, prepared, write_run


@pytest.fixture(scope="module")
def bundle(made):
    return bundle_of(made)


@pytest.fixture(scope="module")
def now(bundle):
    """The bundle with its compiled scorer: made once, it serves many services."""
    return served_model.served(bundle)


@pytest.fixture
def logged(bundle, now, tmp_path):
    """A service with a log, its address and the log's file."""
    own = prediction_service.Service(now, PredictionLog("", tmp_path))
    with local_service.serving(bundle, own) as address:
        yield address, tmp_path / LOG_FILE, own


def lines(file) -> list:
    with sqlite3.connect(file) as connection:
        return connection.execute("SELECT * FROM predictions ORDER BY at").fetchall()


# --- Answers ------------------------------------------------------------------------------------


def test_each_answer_has_an_id_the_model_and_is_logged(logged, row):
    address, file, _ = logged
    one, other = post(address, row).json(), post(address, [row, row]).json()
    assert one["logged"] is True and one["model"] == "0" * 12
    ids = {one["id"], *(answer["id"] for answer in other)}
    assert len(ids) == 3
    found = lines(file)
    assert {line[0] for line in found} == ids
    assert json.loads(found[0][3]) == row and found[0][4] == one["prediction"]
    assert json.loads(found[0][5]) == one["probability"]


def test_csv_and_parquet_bodies_are_answered_as_json_is(logged, made, tmp_path):
    address, rows = logged[0], made.raw.head(30)
    rows.to_parquet(tmp_path / "rows.parquet")
    answers = [
        post(address, local_service.as_json(rows)).json(),
        post(address, rows.to_csv(index=False), "text/csv; charset=utf-8").json(),
        post(address, (tmp_path / "rows.parquet").read_bytes(),
             "application/vnd.apache.parquet").json(),
    ]  # fmt: skip
    said = [[(a["prediction"], a["probability"]["yes"]) for a in one] for one in answers]
    assert len(said[0]) == 30
    for other in said[1:]:
        for (here, p), (there, q) in zip(said[0], other, strict=True):
            assert here == there and p == pytest.approx(q, abs=1e-9)


def test_compiled_and_pipeline_answers_agree_over_http(bundle, made):
    plain = prediction_service.Service(served_model.Served(bundle, None))
    with local_service.serving(bundle) as quick, local_service.serving(bundle, plain) as slow:
        assert requests.get(f"{quick}/ready", timeout=30).json()["single_row_path"] == "compiled"
        assert requests.get(f"{slow}/ready", timeout=30).json()["single_row_path"] == "pipeline"
        for record in json.loads(local_service.as_json(made.raw.head(15))):
            here, there = post(quick, record).json(), post(slow, record).json()
            assert here["prediction"] == there["prediction"]
            assert here["warnings"] == there["warnings"]
            assert here["probability"] == pytest.approx(there["probability"], abs=1e-9)


@pytest.mark.parametrize("count", [300, 1_300])
def test_many_rows_are_answered_by_the_compiled_form_as_by_the_pipeline(
    now, bundle, made, monkeypatch, count
):
    """Also above 500 rows, where they are answered as a table: the pipeline is not asked."""
    rows = pd.concat([made.raw] * 6, ignore_index=True).head(count)
    expected = model_bundle.predict_rows(bundle, rows)
    own = prediction_service.Service(now)

    def refuse(*_):
        raise AssertionError("The pipeline was asked.")

    monkeypatch.setattr(answer_rows, "predict_rows", refuse)
    with local_service.serving(bundle, own) as address:
        answers = post(address, local_service.as_json(rows)).json()
        text = requests.get(f"{address}/metrics", timeout=30).text
    assert f'predictions_total{{road="compiled"}} {count}.0' in text
    assert [answer["prediction"] for answer in answers] == expected["prediction"].tolist()
    found = [answer["probability"]["yes"] for answer in answers]
    assert found == pytest.approx(expected["probability_yes"].tolist(), abs=1e-9)


def test_ready_says_why_the_pipeline_answers_in_plain_keys_and_the_earlier_ones(bundle):
    why = {"row": "there is no one-row form of the model Oracle", "table": ""}
    now = served_model.served(bundle)
    own = prediction_service.Service(replace(now, why_not=why, fallback="the last good model: x"))
    with local_service.serving(bundle, own) as address:
        state = requests.get(f"{address}/ready", timeout=30).json()
    assert state["single_row_path"] == state["single rows"] == "pipeline"
    assert state["many_row_path"] == "compiled"
    assert state["no_compiled_scorer"] == state["no compiled scorer"] == why["row"]
    assert state["fallback"] == state["answers from"] == "the last good model: x"


def test_outcomes_are_noted_by_id(logged, row):
    address, file, _ = logged
    known = post(address, row).json()["id"]
    reply = post(address, [{"id": known, "outcome": "no"}, {"id": "x", "outcome": 1}],
                 page="feedback")  # fmt: skip
    assert reply.json() == {"noted": 1, "unknown": ["x"]}
    post(address, {"id": known, "outcome": "yes"}, page="feedback")  # a later word counts
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT id, outcome FROM outcomes").fetchall() == [(known, "yes")]
    for wrong in ({"id": known}, {"outcome": 1}, {"id": 5, "outcome": 1}, "junk",
                  {"id": known, "outcome": [1]}):  # fmt: skip
        assert post(address, wrong, page="feedback").status_code == 422


def test_metrics_count_what_happened(logged, row):
    address, *_ = logged
    post(address, row)
    post(address, {"weight": "twelve"})
    text = requests.get(f"{address}/metrics", timeout=30).text
    assert 'predictions_total{road="compiled"} 1.0' in text
    assert 'requests_total{status="200"} 1.0' in text
    assert 'requests_total{status="422"} 1.0' in text


def test_the_pages_describe_a_row_with_an_example(logged, row):
    said = requests.get(f"{logged[0]}/openapi.json", timeout=30).json()["paths"]["/predict"]["post"]
    content = said["requestBody"]["content"]["application/json"]
    assert content["example"]["city"] in ("Rome", "Oslo", "Lima")
    assert set(content["schema"]["oneOf"][0]["properties"]) == set(content["example"])
    assert "503" in said["responses"]


# --- Refusals -----------------------------------------------------------------------------------

NESTED = "[" * 1000 + "]" * 1000
DEEPER = '{"weight": ' + "[" * 200_000 + "]" * 200_000 + "}"


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        ('{"weight": NaN}', "application/json", 422, "field 'weight': nan"),
        ('{"weight": -Infinity}', "application/json", 422, "field 'weight': -inf"),
        ('{"weight": 1' + "0" * 400 + "}", "application/json", 422, "field 'weight'"),
        ('{"weight": ' + "9" * 5_000 + "}", "application/json", 422, ""),
        ('{"weight": "twelve"}', "application/json", 422, "field 'weight': a number such as"),
        ('{"weight": {"a": 1}}', "application/json", 422, "field 'weight': a single value"),
        ('{"weight": 51', "application/json", 422, "cut off"),
        (b"\xff\xfe\x00", "application/json", 422, "can't be read as JSON"),
        (NESTED, "application/json", 422, "list of objects"),
        (DEEPER, "application/json", 422, "nested too deeply"),
        ("", "application/json", 422, ""),
        ("[]", "application/json", 422, "1 to 10,000 rows"),
        (json.dumps({f"f{n}": 1 for n in range(10_000)}), "application/json", 422, "unknown"),
        (json.dumps([{}] * 10_001), "application/json", 422, "10,001"),
        ("<a/>", "application/xml", 415, "text/csv"),
        ("weight,height\n", "text/csv", 422, "row"),
        (b"PAR1 no parquet", "application/vnd.apache.parquet", 422, "Parquet"),
        (b"PAR1" + b"\x00" * 50, "application/vnd.apache.parquet", 422, ""),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(logged, body, kind, status, says):
    reply = post(logged[0], body, kind)
    assert reply.status_code == status
    assert says.lower() in reply.json()["detail"].lower()
    assert "Traceback" not in reply.text and "/tmp" not in reply.text


@pytest.mark.parametrize("odd", ["1" + "0" * 40 + ', "note": NaN', r'"\ud800"', "[[1]]", "{}"])
@pytest.mark.parametrize("count", [1, 3, 20])
def test_odd_values_of_columns_that_nobody_reads_do_no_harm(logged, row, odd, count):
    one = json.dumps(row)[:-1] + f', "bought": {odd}' + "}"
    reply = post(logged[0], "[" + ", ".join([one] * count) + "]")
    assert reply.status_code == 200 and all(answer["logged"] for answer in reply.json())


def with_limits(now, **limits):
    own = prediction_service.Service(now, limits=served_model.Limits(**limits))
    return local_service.serving(now.bundle, own)


def test_a_large_body_is_refused_before_it_is_read(now):
    with with_limits(now, body=2_000) as address:
        assert post(address, "[" + " " * 3_000 + "]").status_code == 413
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         b"Content-Length: 1000000000\r\n\r\n")  # fmt: skip
            assert line.recv(100).startswith(b"HTTP/1.1 413")
        chunks = (b" " * 1_000 for _ in range(100))  # no length is told beforehand
        as_json = {"Content-Type": "application/json"}
        reply = requests.post(f"{address}/predict", data=chunks, headers=as_json, timeout=30)
        assert reply.status_code == 413


def test_a_body_that_stops_half_way_is_given_up(now, row):
    with with_limits(now, seconds=0.5) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         b'Content-Length: 50\r\n\r\n{"weight"')  # fmt: skip
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        assert post(address, row).status_code == 200


def test_too_many_at_once_are_told_to_come_again(now, row, made):
    with with_limits(now, at_once=1) as address:
        body = local_service.as_json(pd.concat([made.raw] * 30))
        statuses, retry = [], []

        def ask():
            reply = post(address, body)
            statuses.append(reply.status_code)
            retry.append(reply.headers.get("Retry-After"))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses) == {200, 503}
        assert all(r == "1" for s, r in zip(statuses, retry, strict=True) if s == 503)
        assert post(address, row).status_code == 200


def test_rows_that_take_too_long_are_given_up_for_good(now, made, monkeypatch):
    monkeypatch.setattr(answer_rows, "STRETCH", 50)
    worked = []

    def slowly(now, rows, look):
        worked.append(len(rows))
        time.sleep(0.2)
        return answers_to(now, rows, look)

    answers_to = answer_rows.answers_to
    monkeypatch.setattr(answer_rows, "answers_to", slowly)
    many = local_service.as_json(pd.concat([made.raw] * 5))
    with with_limits(now, seconds=0.3) as address:
        reply = post(address, many)
        assert reply.status_code == 503 and "fewer" in reply.json()["detail"]
        time.sleep(1)
    assert 1 <= len(worked) <= 3  # of a dozen stretches and more


def test_requests_are_noted_with_status_time_and_rows(logged, row):
    address, file, _ = logged
    post(address, row)
    post(address, [row, row, row])
    post(address, {"weight": "twelve"})
    until = time.monotonic() + 10
    while len(found := ask_log(file.parent, "SELECT * FROM requests ORDER BY at")) < 3:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found["status"].tolist() == [200, 200, 422] and found["rows"].tolist() == [1, 3, 0]
    assert found["seconds"].between(0, 5).all() and found["at"].is_monotonic_increasing


def test_other_ways_to_ask_for_predictions_are_told_how(logged):
    reply = requests.get(f"{logged[0]}/predict", timeout=30)
    assert reply.status_code == 405 and "POST" in reply.json()["detail"]


def test_the_interactive_pages_need_no_network(logged):
    page = requests.get(f"{logged[0]}/docs", timeout=30).text
    assert "swagger-ui" in page and "https://" not in page
    script = requests.get(f"{logged[0]}/static-offline-docs/swagger-ui-bundle.js", timeout=30)
    assert script.status_code == 200 and len(script.content) > 100_000


def test_a_long_log_is_brought_into_its_file(tmp_path):
    log = PredictionLog("", tmp_path)
    wal = tmp_path / f"{LOG_FILE}-wal"
    for number in range(300):
        log.write([(f"a{number}", 0.0, "v1", "x" * 900, "yes", "", "[]")])
    before = wal.stat().st_size
    log.tidy()
    log.write([("b", 0.0, "v1", "x", "yes", "", "[]")])
    page = 4_120  # bytes of a page in the WAL; the last may not be on disk at once
    assert before > 1_000_000 and wal.stat().st_size <= before + page  # begun again from its start
    assert (tmp_path / LOG_FILE).stat().st_size > 200_000
    log.close()


def test_a_key_is_asked_for_where_one_is_set(bundle, row, monkeypatch):
    monkeypatch.setenv(model_bundle.KEY_VARIABLE, "open sesame")
    with local_service.serving(bundle) as address:
        assert post(address, row).status_code == 401
        assert post(address, row, headers={"X-API-Key": "wrong"}).status_code == 401
        assert post(address, row, headers={"X-API-Key": "open sesame"}).status_code == 200
        assert local_service.ask(address, row)[0] == 200  # stage 7 has the key, too
        assert requests.get(f"{address}/model", timeout=30).status_code == 401
        pages = f"{address}/openapi.json", f"{address}/docs"
        for page in pages:
            reply = requests.get(page, timeout=30)
            assert reply.status_code == 401 and "Basic" in reply.headers["WWW-Authenticate"]
            assert requests.get(page, auth=("me", "wrong"), timeout=30).status_code == 401
            assert requests.get(page, auth=("me", "open sesame"), timeout=30).status_code == 200
        key = {"X-API-Key": "open sesame"}
        described = requests.get(f"{address}/openapi.json", headers=key, timeout=30).json()
        assert described["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"
        assert requests.get(f"{address}/health", timeout=30).status_code == 200


# --- The log fails; the model fails -------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "page"),
    [("POST", "predict"), ("POST", "v1/predict/"), ("POST", "feedback"), ("POST", "reload"),
     ("GET", "model"), ("GET", "schema"), ("GET", "docs"), ("GET", "redoc"), ("GET", "v1/docs/"),
     ("GET", "openapi.json"), ("HEAD", "v1/openapi.json"), ("GET", "docs/oauth2-redirect")],
)  # fmt: skip
def test_what_a_key_guards_is_guarded_by_every_name(bundle, row, monkeypatch, method, page):
    monkeypatch.setenv(model_bundle.KEY_VARIABLE, "open sesame")
    with local_service.serving(bundle) as address:
        for key, status in (("", 401), ("open", 401), ("open sesame", None)):
            headers = {"Content-Type": "application/json", "X-API-Key": key}
            reply = requests.request(method, f"{address}/{page}", data=json.dumps(row),
                                     headers=headers, timeout=30)  # fmt: skip
            assert (reply.status_code == 401) == (status == 401)


@pytest.mark.parametrize("given", ["secret\n", " secret "])
def test_a_key_out_of_a_file_is_read_without_its_line_end(bundle, row, monkeypatch, given):
    monkeypatch.setenv(model_bundle.KEY_VARIABLE, given)
    with local_service.serving(bundle) as address:
        assert local_service.ask(address, row)[0] == 200
        assert post(address, row).status_code == 401


def test_a_key_of_blanks_lets_nobody_start(now, monkeypatch):
    monkeypatch.setenv(model_bundle.KEY_VARIABLE, "\n")
    with pytest.raises(InputError, match="blanks alone"):
        prediction_service.Service(now)


def test_a_log_that_is_locked_fails_no_prediction_says_so_and_recovers(logged, row):
    address, file, _ = logged
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = post(address, row)
    assert answer.status_code == 200 and answer.json()["logged"] is False
    assert "log_failures_total 1.0" in requests.get(f"{address}/metrics", timeout=30).text
    other.execute("ROLLBACK")
    other.close()
    until = time.monotonic() + 10
    while not post(address, row).json()["logged"]:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def run(made, monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return write_run(made)


def test_a_broken_model_gives_way_to_the_last_good_one_then_to_the_baseline(run, bundle, row):
    sound = start_service.load_for_service("small")
    assert not sound.fallback and sound.single_row_path == "compiled"
    expected = model_bundle.predict_rows(bundle, pd.DataFrame([row]))["prediction"][0]
    run.file("model/model.skops").write_bytes(b"no model")
    last = start_service.load_for_service("small")
    assert last.fallback.startswith("the last good model: ") and last.single_row_path == "compiled"
    with local_service.serving(bundle, prediction_service.Service(last)) as address:
        answer = post(address, row).json()
        assert answer["prediction"] == expected and "last good" in answer["fallback"]
        assert requests.get(f"{address}/ready", timeout=30).json()["status"] == "degraded"
    run.file("last_good/model.skops").unlink()
    none = start_service.load_for_service("small")
    assert none.fallback.startswith("the baseline: ") and none.single_row_path == "baseline"
    with local_service.serving(bundle, prediction_service.Service(none)) as address:
        answer = post(address, row).json()
        assert "the baseline" in answer["fallback"] and answer["prediction"] in ("no", "yes")
        assert sum(answer["probability"].values()) == pytest.approx(1)
    run.file("model/card.json").write_text("{")
    with pytest.raises(InputError, match="not the one that its card describes"):
        start_service.load_for_service("small")


def test_a_reload_takes_up_a_new_model_and_drops_no_request(run, made, bundle, row):
    own = start_service.service_of("small", start_service.Options(log="off"))
    old = own.now.version
    with local_service.serving(bundle, own) as address:
        statuses, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                statuses.append(post(address, row).status_code)

        asking = threading.Thread(target=ask)
        asking.start()
        other = prepared(raw=made.raw.assign(bought=made.raw["bought"][::-1].to_numpy()))
        write_run(other)
        state = post(address, "", page="reload").json()
        assert state["status"] == "ready" and state["model"] != old
        assert post(address, row).json()["model"] == state["model"]
        run.file("model/model.skops").write_bytes(b"no model")
        refused = post(address, "", page="reload")
        assert refused.status_code == 409 and "stays as it was" in refused.json()["detail"]
        assert post(address, row).json()["model"] == state["model"]
        stop.set()
        asking.join()
    assert set(statuses) == {200}


def test_what_was_logged_survives_a_kill(run, made, row):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "helpers", "serve", "small", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ.copy())
    try:
        address, until, told = f"http://127.0.0.1:{port}", time.monotonic() + 60, []
        while True:
            try:
                told.append(post(address, row).json())
                break
            except requests.ConnectionError:
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.1)
        told += [post(address, row).json() for _ in range(50)]
    finally:
        process.kill()
        process.wait()
    assert all(answer["logged"] for answer in told)
    assert {line[0] for line in lines(run.file(LOG_FILE))} >= {answer["id"] for answer in told}


def test_a_log_address_that_cannot_be_used_is_named(tmp_path):
    for address in ("nonsense", "oracle9://x", f"sqlite:///{tmp_path}/no/folder/x.db"):
        with pytest.raises(InputError, match="prediction log"):
            PredictionLog(address)


# --- Batch --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_batch_that_was_stopped_goes_on(run, made, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(input_pieces, "PIECE", 40)
    monkeypatch.setattr(input_pieces, "LARGE", 100)
    monkeypatch.setattr(batch_prediction, "FEW", 1_000)
    source, out = tmp_path / f"rows.{ending}", tmp_path / f"out.{ending}"
    frame = made.raw.drop(columns="bought")
    repeated = frame.set_axis([5] * len(frame))  # as when tables were put one below the other
    frame.to_csv(source, index=False) if ending == "csv" else repeated.to_parquet(source)
    scored = []
    score = model_bundle.predict_rows

    def until_the_fourth(bundle, rows):
        if len(scored) == 3:
            raise KeyboardInterrupt
        scored.append(len(rows))
        return score(bundle, rows)

    monkeypatch.setattr(batch_prediction, "predict_rows", until_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        batch_prediction.predict_file("small", str(source), out)
    assert not out.exists()
    again = []
    monkeypatch.setattr(
        batch_prediction, "predict_rows", lambda b, r: again.append(len(r)) or score(b, r)
    )
    told = []
    assert batch_prediction.predict_file(
        "small", str(source), out, lambda *at: told.append(at)
    ) == len(frame)
    assert sum(again) == len(frame) - sum(scored) and told[-1][0] == len(frame)
    found = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    expected = model_bundle.predict_rows(model_bundle.load_bundle("small"), frame)[
        "probability_yes"
    ]
    assert found["probability_yes"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)
    assert sorted(p.name for p in tmp_path.glob(".out*")) == []
