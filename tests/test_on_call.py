"""What an on-call engineer asks for: ids, keys, codes, metrics, the access log, options, gzip."""

import ast
import asyncio
import gzip
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from helpers.base.places import REPOSITORY
from helpers.base.user_errors import InputError
from helpers.cli.model_commands import serve
from helpers.pipeline import row_check
from helpers.serving import (
    access_log,
    answer_check,
    client_keys,
    earlier_metrics,
    http_limits,
    known_hosts,
    local_service,
    model_bundle,
    packed_body,
    prediction_log,
    prediction_service,
    served_model,
    service_options,
    start_service,
    web_app,
)
from helpers.serving.access_log import AccessLog
from helpers.serving.client_keys import ClientKey
from helpers.serving.prediction_log import LOG_FILE, PredictionLog
from helpers.serving.refusals import REFUSALS
from tests.ask_service import free_port
from tests.small import post, write_run

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def logged(now, tmp_path):
    """The address of a service with both logs, the log's file, the access log's lines, itself."""
    own, written = prediction_service.Service(now, PredictionLog("", tmp_path)), []
    own.access = AccessLog(written.append)
    with local_service.serving(now.bundle, own) as address:
        yield address, tmp_path / LOG_FILE, written, own


def send(address, row, page="predict", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{address}/{page}", json.dumps(row), headers=JSON | headers, timeout=30)


def in_log(file, columns: str) -> list[tuple]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as reader:
        return reader.execute(f"SELECT {columns} FROM predictions ORDER BY at, id").fetchall()


def lines_of(written: list[bytes], least: int) -> list[dict]:
    until = time.monotonic() + 10
    while len(found := b"".join(written).splitlines()) < least:
        assert time.monotonic() < until
        time.sleep(0.02)
    return [json.loads(line) for line in found]


# --- Request ids --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["predict", "v1/predict/", "health", "nowhere", "feedback"])
def test_every_reply_has_the_clients_request_id(logged, row, page):
    reply = send(logged[0], row, page, X_Request_ID="order-17/a.b:c=@+")
    assert reply.headers["X-Request-ID"] == "order-17/a.b:c=@+"
    assert reply.ok or reply.json()["request_id"] == "order-17/a.b:c=@+"


@pytest.mark.parametrize("odd", ["a b", "x" * 129, '"}', "é", ""])
def test_an_id_that_is_no_id_is_replaced_by_a_new_one(logged, row, odd):
    reply = send(logged[0], row, X_Request_ID=odd.encode())
    id_ = reply.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", id_)
    assert in_log(logged[1], "request_id")[-1] == (id_,)


def test_the_request_id_is_stored_with_each_answer(logged, row):
    address, file, *_ = logged
    one = send(address, row, X_Request_ID="r1").json()
    many = send(address, [row] * 30, X_Request_ID="r2").json()
    found = dict(in_log(file, "id, request_id"))
    assert found[one["id"]] == "r1" and {found[a["id"]] for a in many} == {"r2"}


# --- The client's own key -----------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_a_rows_key_is_stored_given_back_and_hidden_from_the_model(logged, row, rows):
    address, file, *_ = logged
    plain = send(address, row).json()
    told = send(address, [row | {"client_key": n} for n in range(rows)]).json()
    assert [one["client_key"] for one in told] == [str(n) for n in range(rows)]
    assert all(one["warnings"] == plain["warnings"] for one in told), "it is no unknown field"
    found = {id_: (key, json.loads(raw)) for id_, key, raw in in_log(file, "id, client_key, row")}
    assert all(found[one["id"]] == (one["client_key"], row) for one in told)
    assert "client_key" not in plain and found[plain["id"]][0] is None


def test_a_csv_body_may_have_a_column_of_keys(logged, made):
    rows = made.raw.head(3).assign(client_key=["a-1", "", "a-3"])
    told = post(logged[0], rows.to_csv(index=False), "text/csv").json()
    assert [one.get("client_key") for one in told] == ["a-1", None, "a-3"]


@pytest.mark.parametrize("key", [1.5, True, ["a"], "x" * 201, "a\nb", 10**30])
def test_what_is_no_key_is_refused_by_name(logged, row, key):
    reply = send(logged[0], [row, row | {"client_key": key}])
    said = reply.json()
    assert (reply.status_code, said["code"]) == (422, "client_key")
    assert (said["row"], said["field"]) == (2, "client_key")


def test_outcomes_are_told_by_the_clients_key_and_mean_its_last_answer(logged, row):
    address, file, *_ = logged
    ids = [send(address, row | {"client_key": "o17"}).json()["id"] for _ in range(2)]
    told = [{"client_key": "o17", "outcome": "yes"}, {"client_key": "o99", "outcome": "no"},
            {"id": "o17", "outcome": "no"}]  # fmt: skip
    assert post(address, told, page="feedback").json() == {"noted": 1, "unknown": ["o99", "o17"]}
    with sqlite3.connect(file) as reader:
        assert reader.execute("SELECT id, outcome FROM outcomes").fetchall() == [(ids[1], "yes")]


def test_another_field_may_be_the_key_also_one_that_the_model_knows(logged, row):
    address, file, _, own = logged
    own.key_field = "city"
    told = send(address, row).json()
    assert told["client_key"] == row["city"] and in_log(file, "client_key") == [(row["city"],)]
    assert json.loads(in_log(file, "row")[0][0])["city"] == row["city"]


def test_a_log_of_an_earlier_version_is_given_what_it_lacks(tmp_path):
    with sqlite3.connect(tmp_path / LOG_FILE) as earlier:
        columns = "id VARCHAR(40) PRIMARY KEY, at FLOAT, model TEXT, row TEXT, prediction TEXT"
        earlier.execute(f"CREATE TABLE predictions ({columns}, probability TEXT, warnings TEXT)")
        line = ("a1", 0.0, "v1", "{}", "yes", "", "[]")
        earlier.execute("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?)", line)
    for n in range(2):
        log = PredictionLog("", tmp_path)
        log.write([(f"b{n}", 1.0, "v1", "{}", "yes", "", "[]", f"r{n}", "key")])
        assert log.note_outcomes([(ClientKey("key"), "no")]) == []
        log.close()
    found = in_log(tmp_path / LOG_FILE, "id, request_id, client_key")
    assert found == [("a1", None, None), ("b0", "r0", "key"), ("b1", "r1", "key")]


# --- Structured refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "body", "headers", "code", "row", "field"),
    [
        ("predict", '{"weight": "twelve"}', {}, "cell_unreadable", 1, "weight"),
        ("predict", '[{"weight": 1}, {"weight": [1]}]', {}, "cell_unusable", 2, "weight"),
        ("predict", '{"city": "%s"}' % ("a" * 10_001), {}, "cell_too_long", 1, "city"),
        ("predict", '{"tail": 1}', {}, "unknown_fields", 1, None),
        ("predict", "[]", {}, "row_count", None, None),
        ("predict", "[1]", {}, "not_rows", None, None),
        ("predict", '{"weight": 1', {}, "not_json", None, None),
        ("predict", "x" * 40_000, {}, "not_json", None, None),
        ("predict", "{}", {"Content-Type": "text/plain"}, "content_type", None, None),
        ("predict", "{}", {"Content-Encoding": "br"}, "content_encoding", None, None),
        ("predict", "{}", {"Content-Encoding": "gzip"}, "not_gzip", None, None),
        ("predict", "{}", {"Host": "evil.example"}, "unknown_host", None, None),
        ("predict", "{}", {"Origin": "http://evil.example"}, "other_site", None, None),
        ("health", "{}", {"Host": "evil.example"}, "unknown_host", None, None),
        ("health", "{}", {}, "wrong_method", None, None),
        ("nowhere", "{}", {}, "not_found", None, None),
        ("feedback", '{"id": "x", "outcome": "Banana"}', {}, "outcome", 1, "outcome"),
        ("feedback", '{"outcome": "yes"}', {}, "outcome", None, None),
        ("reload", "", {}, "not_reloaded", None, None),
    ],
)  # fmt: skip
def test_each_refusal_has_a_code_a_sentence_and_where(
    logged, page, body, headers, code, row, field
):
    reply = requests.post(f"{logged[0]}/{page}", body, headers=JSON | headers, timeout=30)
    said = reply.json()
    assert set(said) == {"code", "detail", "row", "field", "request_id"}
    assert (said["code"], said["row"], said["field"]) == (code, row, field)
    assert reply.status_code == REFUSALS[code][0] and len(said["detail"]) > 15
    assert said["request_id"] == reply.headers["X-Request-ID"]


def test_a_405_says_what_is_allowed_and_a_415_what_may_be_packed(logged):
    address = logged[0]
    assert requests.get(f"{address}/predict", timeout=30).headers["Allow"] == "POST"
    assert requests.put(f"{address}/v1/health/", timeout=30).headers["Allow"] == "GET"
    refused = send(address, {}, Content_Encoding="br")
    assert "br" in refused.json()["detail"] and refused.headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("page", ["predict", "ready"])
def test_a_fault_is_told_without_its_insides_and_logged_with_the_id(logged, row, page, caplog,
                                                                    monkeypatch):  # fmt: skip
    address, _, written, own = logged
    monkeypatch.setattr(own, "state", lambda: 1 / 0)
    monkeypatch.setattr(own, "_listed", lambda *_: 1 / 0)
    ask = send if page == "predict" else lambda at, *_, **more: requests.get(
        f"{at}/ready", headers={"X-Request-ID": "broken-1"}, timeout=30)  # fmt: skip
    reply = ask(address, row, X_Request_ID="broken-1")
    assert reply.status_code == 500 and reply.json()["code"] == "internal"
    assert "division" not in reply.text and reply.headers["X-Request-ID"] == "broken-1"
    assert "broken-1" in caplog.text and "division by zero" in caplog.text
    assert lines_of(written, 1)[0]["error"] == "internal"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"NONSENSE\r\n\r\n", "not_http"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         "not_http"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40_000, "head_too_large"),
        (b"GET /health HTTP/1.1\r\nHost", "head_too_slow"),
    ],
)  # fmt: skip
def test_what_the_server_refuses_has_the_form_of_all_refusals(logged, sent, code, monkeypatch):
    monkeypatch.setattr(http_limits, "HEAD_SECONDS", 0.3)
    address, _, written, _ = logged
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 20) as line:
        line.sendall(sent)
        head, _, body = b"".join(iter(lambda: line.recv(10_000), b"")).partition(b"\r\n\r\n")
    said = json.loads(body)
    assert (said["code"], said["row"], said["field"]) == (code, None, None)
    status = REFUSALS[code][0]
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-request-id: " + said["request_id"].encode() in head
    noted = lines_of(written, 1)[0]
    assert (noted["request_id"], noted["error"]) == (said["request_id"], code)
    found = metrics_of(address)
    assert found["pipeline_errors_total", code] == 1
    assert found["pipeline_requests_total", noted["model"], "other", f"{status}"] == 1


def test_a_head_alone_is_asked_for_as_a_page(logged):
    address = logged[0]
    for page in ("health", "v1/ready/", "metrics", "openapi.json"):
        reply = requests.head(f"{address}/{page}", timeout=30)
        assert reply.status_code == 200 and not reply.content and reply.headers["X-Request-ID"]
    assert [requests.head(f"{address}/{page}", timeout=30).status_code
            for page in ("predict", "feedback", "nowhere")] == [405, 405, 404]  # fmt: skip


@pytest.mark.parametrize(("fault", "code"), [(asyncio.CancelledError, "stopping"),
                                             (ValueError, "internal")])  # fmt: skip
@pytest.mark.parametrize("page", ["/predict", "/feedback"])
def test_what_is_cut_short_is_told_in_the_same_form(now, page, fault, code, monkeypatch):
    own, sent = prediction_service.Service(now), []

    async def fails(*_):
        raise fault

    async def send(message):
        sent.append(message)

    monkeypatch.setattr(own, "predict", fails)
    app = web_app.PredictFirst(fails, own)
    scope = {"type": "http", "method": "POST", "path": page,
             "headers": [(b"host", b"x"), (b"content-type", b"application/json")]}  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == REFUSALS[code][0] and json.loads(sent[1]["body"])["code"] == code


def test_every_refusal_in_the_code_has_a_known_code_and_every_code_is_used():
    used = set()
    for file in (REPOSITORY / "helpers/serving").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("Refused", "RowError", "RowsError") and node.args:
                used |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    assert used | {"rows"} | set(row_check.REFUSED) == set(REFUSALS)


def test_the_description_tells_of_codes_and_of_required_fields(logged, made):
    said = requests.get(f"{logged[0]}/openapi.json", timeout=30).json()
    predict = said["paths"]["/predict"]["post"]
    assert {str(status) for status, _ in REFUSALS.values()} - {"404", "409"} <= set(
        predict["responses"]) | {"405"}  # fmt: skip
    schema = predict["responses"]["422"]["content"]["application/json"]["schema"]
    assert "cell_unreadable" in schema["properties"]["code"]["enum"]
    one = predict["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]
    never_missing = {name for name in one["properties"] if made.raw[name].notna().all()}
    assert set(one["required"]) == never_missing and "height" not in never_missing
    assert {server["url"] for server in said["servers"]} == {"/", "/v1"}


# --- Addresses and bodies -----------------------------------------------------------------------


@pytest.mark.parametrize("page", ["v1/predict", "predict/", "v1/predict//", "v1/predict/"])
def test_predictions_are_asked_for_with_a_version_or_a_slash_too(logged, row, page):
    assert send(logged[0], row, page).status_code == 200


@pytest.mark.parametrize("page", ["health", "ready", "model", "schema", "metrics", "openapi.json"])
def test_every_address_stands_below_the_version(logged, page):
    one, other = (requests.get(f"{logged[0]}/{at}{page}", timeout=30) for at in ("", "v1/"))
    assert one.status_code == other.status_code == 200


@pytest.mark.parametrize("rows", [1, 3, 700])
def test_packed_bodies_are_answered_as_plain_ones(logged, row, rows):
    body = json.dumps([row | {"note": "x" * 50}] * rows).encode()
    packed = post(logged[0], body).json()
    reply = requests.post(f"{logged[0]}/predict", gzip.compress(body), timeout=30,
                          headers=JSON | {"Content-Encoding": "GZip"})  # fmt: skip
    assert [a["probability"] for a in reply.json()] == [a["probability"] for a in packed]


def test_packed_csv_and_packed_outcomes_are_read(logged, made):
    packed = {"Content-Encoding": "gzip", "Content-Type": "text/csv"}
    body = gzip.compress(made.raw.head(40).to_csv(index=False).encode())
    told = requests.post(f"{logged[0]}/predict", body, headers=packed, timeout=30).json()
    pairs = [{"id": one["id"], "outcome": "yes"} for one in told] * 100
    reply = requests.post(f"{logged[0]}/feedback", gzip.compress(json.dumps(pairs).encode()),
                          headers=JSON | {"Content-Encoding": "gzip"}, timeout=30)  # fmt: skip
    assert reply.json() == {"noted": 4_000, "unknown": []}


BOMB = gzip.compress(b"[" + b" " * 100_000_000 + b"]")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "body_too_large"),
        (gzip.compress(b"{}") * 1_000, "not_gzip"),
        (gzip.compress(b"{}")[:-3], "not_gzip"),
        (gzip.compress(b'{"weight": 1}' * 9_000)[:-30], "not_gzip"),
        (gzip.compress(b"{}") + b"junk", "not_gzip"),
        (b"", "not_gzip"),
    ],
)
def test_bombs_and_broken_packages_are_refused(logged, body, code):
    for page in ("predict", "feedback"):
        reply = requests.post(f"{logged[0]}/{page}", body, timeout=30,
                              headers=JSON | {"Content-Encoding": "gzip"})  # fmt: skip
        assert reply.json()["code"] == code


def test_a_bomb_is_never_unpacked_as_a_whole():
    tracemalloc.start()
    assert packed_body.unpacked(BOMB, 1_000_000) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


# --- Metrics ------------------------------------------------------------------------------------


def metrics_of(address) -> dict[str, float]:
    text = requests.get(f"{address}/metrics", timeout=30).text
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found[one.name] = found.get(one.name, 0) + one.value
            found[one.name, *(value for _, value in sorted(one.labels.items()))] = one.value
    return found


def test_metrics_have_a_prefix_and_the_model(logged, row, now):
    address, *_, own = logged
    send(address, row)
    send(address, {"weight": "twelve"})
    requests.get(f"{address}/nowhere/{'x' * 50}", timeout=30)
    until = time.monotonic() + 10
    while "pipeline_log_bytes" not in (found := metrics_of(address)):
        assert time.monotonic() < until
        time.sleep(0.1)
    version = now.version
    assert found["pipeline_requests_total", version, "/predict", "200"] == 1
    assert found["pipeline_requests_total", version, "/predict", "422"] == 1
    assert found["pipeline_requests_total", version, "other", "404"] == 1
    assert found["pipeline_predictions_total", version, "compiled"] == 1
    assert found["pipeline_errors_total", "cell_unreadable"] == 1
    assert found["pipeline_errors_total", "busy"] == 0
    assert found["pipeline_predict_seconds_count", version] == 2
    assert found["pipeline_ready"] == found["pipeline_build_info"] == 1
    assert found["pipeline_model_info"] == 1 and found["pipeline_reloads_total", "loaded"] == 0
    assert found["pipeline_scorer_disagreements_total"] == found["pipeline_log_failing"] == 0
    assert found["pipeline_log_bytes"] > 10_000 and found["pipeline_log_free_bytes"] > 0
    for name in ("model_loaded", "log_oldest", "log_written"):
        assert abs(time.time() - found[f"pipeline_{name}_timestamp_seconds"]) < 300
    assert found["process_resident_memory_bytes"] > 1e7
    assert found["requests_total", "422"] == 1 and found["predictions_total", "compiled"] == 1


def test_earlier_names_are_still_shown(logged, row):
    send(logged[0], row)
    found = metrics_of(logged[0])
    own = logged[3].counters
    named = {family.name for family in earlier_metrics.EarlierMetrics(own.registry).collect()}
    assert {f"shadow_{x}" for x in ("answers", "differs", "left_out", "failures")} | named == set(
        earlier_metrics.EARLIER)  # fmt: skip
    assert found["predict_seconds_count"] == found["warnings_total"] + 1 == 1
    assert found["predict_seconds_bucket", "+Inf"] == 1


def test_reloads_are_counted_and_the_new_model_is_shown_from_0_on(now, row):
    own = prediction_service.Service(now, reload=lambda: now)
    with local_service.serving(now.bundle, own) as address:
        assert post(address, "", page="reload").status_code == 200
        assert metrics_of(address)["pipeline_reloads_total", "loaded"] == 1


def test_when_a_model_was_made_is_shown(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = write_run(made)
    run.file("ledger.json").touch()
    assert start_service.made_at(Path("no-such")) == 0
    assert start_service.made_at(run.file("model")) == pytest.approx(time.time(), abs=300)


# --- The access log -----------------------------------------------------------------------------


def test_each_request_is_a_line_without_a_cell(logged, row):
    address, _, written, own = logged
    send(address, [row, row], "v1/predict", X_Request_ID="r1")
    send(address, {"weight": "secret-cell"})
    requests.get(f"{address}/health?q=secret-cell", timeout=30)
    lines = lines_of(written, 3)
    assert list(lines[0]) == ["time", "request_id", "method", "path", "status", "ms", "rows",
                              "model", "error"]  # fmt: skip
    assert lines[0] | {"time": 0, "ms": 0} == {
        "time": 0, "request_id": "r1", "method": "POST", "path": "/v1/predict", "status": 200,
        "ms": 0, "rows": 2, "model": own.now.version, "error": None,
    }  # fmt: skip
    assert lines[1]["error"] == "cell_unreadable" and lines[2]["path"] == "/health"
    assert "secret-cell" not in json.dumps(lines) and 0 < lines[0]["ms"] < 5_000


def test_an_output_that_nobody_reads_holds_up_nothing_and_is_counted(now, row, monkeypatch):
    monkeypatch.setattr(access_log, "MOST_WAITING", 5)
    monkeypatch.setattr(access_log, "TOGETHER_SECONDS", 0.01)
    go_on, written = threading.Event(), []
    own = prediction_service.Service(now)
    own.access = AccessLog(lambda text: (go_on.wait(20), written.append(text)))
    with local_service.serving(now.bundle, own) as address:
        send(address, row)
        time.sleep(0.1)
        assert {send(address, row).status_code for _ in range(20)} == {200}
        assert metrics_of(address)["pipeline_access_log_left_out_total"] == 15
        go_on.set()
    assert len(b"".join(written).splitlines()) == 6


# --- Options ------------------------------------------------------------------------------------


def test_the_defaults_of_options_are_those_of_the_code():
    usual = {one.name or one.variable: one.default for one in service_options.OPTIONS}
    limits = served_model.Limits()
    assert usual["most-bytes"] == limits.body and usual["most-rows"] == limits.rows
    assert usual["seconds"] == limits.seconds and usual["at-once"] == limits.at_once
    assert usual["stalled-seconds"] == limits.stalled
    assert usual["most-arriving"] == limits.waiting
    assert usual["head-seconds"] == http_limits.HEAD_SECONDS
    assert usual["stop-seconds"] == http_limits.GRACE_SECONDS
    assert http_limits.GRACE_SECONDS * http_limits.CUT_OFF_AT == http_limits.STOP_SECONDS
    assert usual["check-one-in"] == answer_check.ONE_IN
    assert usual["key-field"] == client_keys.KEY_FIELD
    assert usual[row_check.LETTERS_VARIABLE] == row_check.MOST_LETTERS
    named = {one.variable for one in service_options.OPTIONS}
    assert named >= {model_bundle.KEY_VARIABLE, known_hosts.HOSTS_VARIABLE,
                     prediction_log.LOG_VARIABLE}  # fmt: skip


def test_every_option_is_taken_by_the_command_and_the_page_has_them_all():
    known = {one.name.replace("_", "-") for one in serve.params} - {"run"}
    assert known == {one.name for one in service_options.OPTIONS} - {""}
    page = service_options.PAGE.read_text(encoding="utf-8")
    assert page == service_options.page_with_tables(page), service_options.COMMAND


@pytest.mark.parametrize(("name", "value"), [("PORT", "tcp://10.0.0.1:80"), ("SECONDS", "soon"),
                                             ("AT_ONCE", "0")])  # fmt: skip
def test_a_variable_that_can_not_be_read_is_named(name, value):
    found = CliRunner().invoke(serve, ["none"], env={f"PIPELINE_SERVE_{name}": value})
    assert found.exit_code == 2 and f"PIPELINE_SERVE_{name}" in found.output


def test_a_port_in_use_is_one_line_before_the_model_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        found = CliRunner().invoke(serve, ["none", "--port", port])
    assert isinstance(found.exception, InputError), "exit code 2"
    assert f"Port {port} of 127.0.0.1 can't be listened on" in str(found.exception)


@pytest.mark.slow
def test_a_service_is_set_by_the_environment_alone(made, row, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    write_run(made)
    port = free_port()
    more = {"PORT": str(port), "ACCESS_LOG": "1", "MOST_ROWS": "3", "KEY_FIELD": "note"}
    environment = os.environ | {f"PIPELINE_SERVE_{name}": value for name, value in more.items()}
    process = subprocess.Popen([sys.executable, "-m", "helpers", "serve", "small"],
                               env=environment, stdout=subprocess.PIPE)  # fmt: skip
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while True:
        try:
            assert requests.get(f"{address}/health", timeout=9).ok
            break
        except requests.ConnectionError:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.2)
    assert send(address, [row] * 4).json()["code"] == "row_count"
    assert send(address, row).json()["client_key"] == row["note"]
    process.terminate()
    said = process.communicate(timeout=30)[0].splitlines()
    assert [json.loads(line)["status"] for line in said] == [200, 422, 200]
