"""What one client can't do to the others: long cells, many rows, slow bodies, half heads, reloads;
and what the page of another site can't do at all.
"""

import json
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from helpers.base.user_errors import InputError
from helpers.cells import reading_values
from helpers.pipeline import row_check
from helpers.serving import (
    body_outline,
    http_limits,
    local_service,
    prediction_service,
    refusals,
    served_model,
)
from helpers.serving.known_hosts import HOSTS_VARIABLE, KnownHosts
from tests.small import bundle_of, post, prepared


@pytest.fixture
def own(now):
    return prediction_service.Service(now)


@pytest.fixture
def address(own):
    with local_service.serving(own.now.bundle, own) as address:
        yield address


def line_to(address) -> socket.socket:
    """A connection to a service."""
    return socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=20)


def half_body(address) -> socket.socket:
    """A connection that has sent the half of a body."""
    line = line_to(address)
    line.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                 b'Content-Length: 5000\r\n\r\n{"weight"' + b" " * 2_000)  # fmt: skip
    return line


# --- Bodies -------------------------------------------------------------------------------------

TEXTS = ["a", 'a"b', "\\", '\\\\"', "{}[],:", "é€😀", '" ', '\\"', "x" * 60, "}]", ""]


def test_the_outline_of_a_body_gives_the_rows_that_a_parser_gives(monkeypatch):
    monkeypatch.setattr(body_outline, "STRETCH", 37)  # so that all borders are met
    monkeypatch.setattr(body_outline, "TOGETHER", 50)
    draw = random.Random(1)
    for _ in range(300):
        values = [*TEXTS, 1.5, None, True, [1, {"a": "]"}]]
        names = [[draw.choice(TEXTS) + str(n) for n in range(draw.randint(0, 4))]
                 for _ in range(draw.randint(0, 7))]  # fmt: skip
        rows = [{name: draw.choice(values) for name in some} for some in names]
        text = json.dumps(rows, ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1]))
        body = text.encode()
        assert body_outline.rows_of(body, 10) == rows
        with pytest.raises((refusals.Refused, AssertionError)):
            assert body_outline.rows_of(body[: draw.randint(1, len(body) - 1)], 10) == rows


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[" + b"{}," * 200_000 + b"{}]", "or more"),
        (b'[{"weight": 5}' + b',{"weight": 5}' * 10_000 + b"]", "10,001"),
        (b'{"city": "' + b"a" * 5_000_000 + b'"}', "more than 10,000 letters"),
        (b'{"city": "' + b"a" * 12_000 + b'"}', "field 'city': a cell has more than 10,000"),
        (b'{"city": "' + b'\\"' * 2_000_000 + b'"}', "more than 10,000 letters"),
        (b"{" + b",".join(b'"f%d":1' % n for n in range(600_000)) + b"}", "is no row"),
        (b'{"weight": ' + b"[" * 200_000, "nested too deeply"),
        (b"[" + b'{"weight": 5}' * 5_000 + b"]", "cut off"),
        (b'[{"weight": 5}] ' + b" " * 40_000 + b"[]", "cut off"),
        (b"[" + b"1," * 40_000 + b"1]", "list of objects"),
    ],
)
def test_what_is_too_much_is_refused_before_it_is_built(address, body, says):
    reply = post(address, body)
    assert reply.status_code == 422 and says in reply.json()["detail"]


@pytest.mark.parametrize(
    "body", [b'{"city": "' + b"a" * 100_000 + b'"}', b"[" + b"{}," * 11 + b"{}]"]
)
def test_the_outline_alone_refuses_what_is_too_much(body, monkeypatch):
    monkeypatch.setattr(body_outline, "_parsed", None)  # nothing is built
    with pytest.raises(refusals.Refused, match="letters|rows"):
        body_outline.rows_of(body, 10)


def test_many_rows_with_nan_are_read_and_the_field_is_named(address, row):
    text = json.dumps([row] * 600 + [row | {"weight": float("nan")}])
    reply = post(address, text)
    assert reply.status_code == 422 and "Row 601, field 'weight': nan" in reply.json()["detail"]


def test_a_large_body_keeps_only_the_worker_busy(own, address, row):
    go_on = threading.Event()
    own.worker.submit(go_on.wait, 20)
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(post, address, json.dumps(row | {"note": " " * 40_000}))
        while not own.busy and not large.done():
            time.sleep(0.01)
        assert post(address, row).status_code == 200, "a small one is answered meanwhile"
        assert not large.done()
        go_on.set()
        assert large.result(20).status_code == 200


def test_how_long_a_cell_may_be_is_a_setting(monkeypatch, now):
    monkeypatch.setenv(row_check.LETTERS_VARIABLE, "20000")
    assert bundle_of(prepared()).check.row({"city": "a" * 15_000}, 1)
    monkeypatch.setenv(row_check.LETTERS_VARIABLE, "many")
    with pytest.raises(InputError, match="whole number"):
        row_check.most_letters()


def test_long_texts_are_not_remembered():
    read = reading_values.cell_reader({"kind": "text"})
    of_text = dict(zip(read.__code__.co_freevars, read.__closure__, strict=True))
    remembered = of_text["of_text"].cell_contents.cache_info
    for n in range(50):
        assert read("x" * 5_000 + str(n))[0] == "x" * 5_000 + str(n)
        read(str(n))
    assert remembered().currsize == 50


# --- Slow clients -------------------------------------------------------------------------------


def test_bodies_that_are_still_being_sent_keep_nobody_out(now, row):
    own = prediction_service.Service(now, limits=served_model.Limits(at_once=2))
    with local_service.serving(now.bundle, own) as address:
        lines = [half_body(address) for _ in range(10)]
        assert {post(address, row).status_code for _ in range(5)} == {200}
        for line in lines:
            line.close()


def test_a_body_that_stops_is_given_up_and_too_many_are_refused(now, row):
    limits = served_model.Limits(stalled=1.0, waiting=15_000)
    with local_service.serving(now.bundle, prediction_service.Service(now, None, limits)) as at:
        lines = [half_body(at) for _ in range(6)]
        for line in lines:
            line.sendall(b" " * 2_000)
            time.sleep(0.02)
            line.sendall(b" ")
        replies = [line.recv(100) for line in lines]
        assert {reply[9:12] for reply in replies} == {b"408", b"503"}
        assert post(at, row).status_code == 200


def test_a_connection_without_a_request_is_closed(now, monkeypatch):
    monkeypatch.setattr(http_limits, "HEAD_SECONDS", 0.3)
    with local_service.serving(now.bundle) as address:
        silent, half, later = (line_to(address) for _ in range(3))
        half.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Half")
        later.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert later.recv(100).startswith(b"HTTP/1.1 200")
        later.sendall(b"GET /hea")
        assert silent.recv(100) == b""
        assert half.recv(100).startswith(b"HTTP/1.1 408") and b"head_too_slow" in half.recv(1_000)
        while later.recv(1_000):
            pass


def test_connections_that_wait_make_room_for_others(address, row, monkeypatch, caplog):
    monkeypatch.setattr(http_limits, "MOST_CONNECTIONS", 8)
    monkeypatch.setattr(http_limits.BoundedHttp, "_warned_at", -1e9)
    lines = [half_body(address) if n % 2 else line_to(address) for n in range(30)]
    for _ in range(3):
        assert post(address, row).status_code == 200
    assert b"" in (lines[0].recv(10), lines[1].recv(10)), "the oldest have gone"
    assert caplog.text.count("connections: those that wait longest") == 1
    for line in lines:
        line.close()


def test_a_request_that_is_answered_keeps_its_connection(own, address, row, monkeypatch):
    monkeypatch.setattr(http_limits, "MOST_CONNECTIONS", 4)
    go_on = threading.Event()
    own.worker.submit(go_on.wait, 20)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, address, [row] * 20)
        while not own.busy:
            time.sleep(0.01)
        lines = [line_to(address) for _ in range(20)]
        assert requests.get(f"{address}/health", timeout=20).ok
        go_on.set()
        assert slow.result(20).status_code == 200
    for line in lines:
        line.close()


def test_a_head_that_is_too_large_is_refused(address):
    with line_to(address) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40_000)
        assert line.recv(100).startswith(b"HTTP/1.1 431")


def test_a_half_body_does_not_hold_up_a_service_that_stops(now, monkeypatch):
    monkeypatch.setattr(http_limits, "STOP_SECONDS", 0.3)
    with local_service.serving(now.bundle) as address:
        line = half_body(address)
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 8
    line.close()


def test_reloads_at_once_are_one_or_two_and_hold_up_no_batch(now, row):
    go_on, loads = threading.Event(), []

    def load():
        loads.append(1)
        go_on.wait(20)
        return now

    limits = served_model.Limits(seconds=5.0)  # less than a load takes
    own = prediction_service.Service(now, limits=limits, reload=load)
    with local_service.serving(now.bundle, own) as address, ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(post, address, "", page="reload") for _ in range(9)]
        while not loads:
            time.sleep(0.01)
        assert post(address, [row] * 20).status_code == 200, "a batch is answered meanwhile"
        go_on.set()
        assert {one.result(30).status_code for one in asked} == {200}
    assert 1 <= len(loads) <= 3


# --- Other sites --------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("page", "headers", "status"),
    [
        ("predict", JSON, 200),
        ("predict", JSON | {"Host": "evil.example"}, 421),
        ("predict", JSON | {"Host": "localhost:8000"}, 200),
        ("predict", JSON | {"Host": "model.default.svc"}, 200),
        ("predict", JSON | {"Origin": "http://evil.example"}, 403),
        ("predict", JSON | {"Origin": "null"}, 403),
        ("predict", JSON | {"Origin": "http://x:1", "Host": "x:1"}, 200),
        ("predict", JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        ("predict", {"Content-Type": "text/plain"}, 415),
        ("predict", {"Content-Type": ""}, 415),
        ("feedback", {"Content-Type": "text/plain"}, 415),
        ("reload", {"Origin": "http://evil.example"}, 403),
        ("reload", {"Host": "evil.example:8000"}, 421),
    ],
)
def test_a_page_of_another_site_gets_nothing(address, row, page, headers, status):
    reply = requests.post(f"{address}/{page}", data=json.dumps(row).encode(), headers=headers,
                          timeout=30)  # fmt: skip
    assert reply.status_code == status and "Traceback" not in reply.text


def test_a_name_that_was_told_and_any_name_with_a_key_are_known(monkeypatch):
    monkeypatch.setenv(HOSTS_VARIABLE, "api.example, other.example")
    assert KnownHosts().knows("API.example:443") and not KnownHosts().knows("evil.example")
    assert KnownHosts(all_=True).knows("evil.example")


def test_the_description_holds_no_row_of_the_training_data(own, address, made):
    said = requests.get(f"{address}/openapi.json", timeout=30).json()["paths"]["/predict"]["post"]
    example = said["requestBody"]["content"]["application/json"]["example"]
    rows = made.raw[list(example)].astype(str)
    assert not (rows == [str(one) for one in example.values()]).all(axis=1).any()
    numbers = rows[["weight", "height"]].astype(float)
    assert example["weight"] not in numbers["weight"].tolist()
    assert post(address, example).status_code == 200, "it is a row that is answered"


def test_refused_bodies_do_not_stay_in_memory(own, address, monkeypatch):
    given_back = []
    monkeypatch.setattr(prediction_service.given_back, "give_back", lambda: given_back.append(1))
    assert post(address, b'{"weight": "' + b"a" * 2**21 + b'"}').status_code == 422
    until = time.monotonic() + 10
    while not given_back:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not own.had_large
