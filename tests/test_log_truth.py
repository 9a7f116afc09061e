"""`logged: true` means that a reader finds the row, whatever is done to the log meanwhile."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
import requests

from helpers.scale import push_and_pull
from helpers.serving import (
    kept_lines,
    local_service,
    log_queue,
    prediction_log,
    prediction_service,
)
from helpers.serving.prediction_log import LOG_FILE, PredictionLog
from tests.ask_service import free_port
from tests.small import deployed_run, post


@pytest.fixture
def logged(now, tmp_path):
    """The address of a service, and the folder of its log."""
    folder = tmp_path / "run"
    folder.mkdir()
    own = prediction_service.Service(now, PredictionLog("", folder))
    with local_service.serving(now.bundle, own) as address:
        yield address, folder


def found_in(*files) -> set[str]:
    """The ids that a reader of files finds."""
    ids = set()
    for file in files:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as reader:
            ids |= {id_ for (id_,) in reader.execute("SELECT id FROM predictions")}
    return ids


def ask(address, row, times: int = 3) -> tuple[set[str], set[str]]:
    """The ids of answers that say they are logged, and of those that say they are not."""
    told = [post(address, row).json() for _ in range(times)]
    return ({a["id"] for a in told if a["logged"]}, {a["id"] for a in told if not a["logged"]})


def moved(folder):
    (folder / LOG_FILE).rename(folder / "old.sqlite")
    return [folder / "old.sqlite"]


def moved_whole(folder):
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace("predictions", "old"))
    return [folder / "old.sqlite"]


def replaced(folder):
    other = folder.with_name("other")
    other.mkdir()
    log = PredictionLog("", other)
    log.write([("earlier", 0.0, "v1", "{}", "yes", "", "[]")])
    log.close()
    moved(folder)
    shutil.move(other / LOG_FILE, folder / LOG_FILE)
    return [folder / "old.sqlite"]


def folder_swapped(folder):
    folder.rename(folder.with_name("before"))
    folder.mkdir()
    return [folder.with_name("before") / LOG_FILE]


def removed(folder):
    for file in folder.iterdir():
        file.unlink()


def wal_removed(folder):
    (folder / f"{LOG_FILE}-wal").unlink()


def table_dropped(folder):
    with sqlite3.connect(folder / LOG_FILE) as other:
        other.execute("DROP TABLE predictions")


@pytest.mark.parametrize("do", [moved, moved_whole, replaced, folder_swapped])
def test_what_was_logged_before_and_after_a_file_goes_elsewhere_is_found(logged, row, do):
    address, folder = logged
    before, _ = ask(address, row)
    old = do(folder)
    after, _ = ask(address, row)
    assert len(before) == len(after) == 3
    assert after <= found_in(folder / LOG_FILE)
    assert found_in(*old) == before, "none twice"
    told = post(address, {"id": min(after), "outcome": "yes"}, page="feedback").json()
    assert told == {"noted": 1, "unknown": []}


@pytest.mark.parametrize("do", [removed, wal_removed, table_dropped])
def test_what_is_logged_after_a_file_is_gone_is_found(logged, row, do, caplog):
    address, folder = logged
    ask(address, row)
    do(folder)
    after, _ = ask(address, row)
    assert len(after) == 3 and after <= found_in(folder / LOG_FILE)
    assert requests.get(f"{address}/ready", timeout=30).json()["log"] is True
    assert ("a new one is begun" in caplog.text) == (do is not table_dropped)


def wait_until(true, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_answers_that_a_locked_log_could_not_take_are_written_later(logged, row, caplog):
    address, folder = logged
    other = sqlite3.connect(folder / LOG_FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    none, kept = ask(address, row, 20)
    assert len(kept) == 20 and not none and time.monotonic() - began < 2, "only the first waits"
    state = requests.get(f"{address}/ready", timeout=30).json()
    assert state["status"] == "degraded" and state["log"] is False
    failing = state["log_failing"]
    assert failing["answers"] == failing["waiting"] == 20 and failing["lost"] == 0
    assert "locked" in failing["why"] and failing["since"].startswith("20")
    assert "log_waiting 20.0" in requests.get(f"{address}/metrics", timeout=30).text
    other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: found_in(folder / LOG_FILE) == kept)
    wait_until(lambda: requests.get(f"{address}/ready", timeout=30).json()["status"] == "ready")
    assert ask(address, row, 1)[0] <= found_in(folder / LOG_FILE)
    said = [one.message for one in caplog.records if one.name == log_queue.LOG.name]
    assert len(said) == 2 and "kept and written later" in said[0] and "20 answers" in said[1]

    def notes() -> int:
        with sqlite3.connect(folder / LOG_FILE) as reader:
            return reader.execute("SELECT COUNT(*) FROM requests").fetchone()[0]

    wait_until(lambda: notes() == 21)


def test_an_answer_does_not_wait_for_a_log_that_does_not_answer(logged, row, monkeypatch):
    address, folder = logged
    ask(address, row)
    monkeypatch.setattr(log_queue, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(PredictionLog, "is_ready", False)  # as a server's: asked in the thread
    write, go_on = PredictionLog.write, threading.Event()

    def late(*of, **how):
        go_on.wait(20)
        write(*of, **how)

    monkeypatch.setattr(PredictionLog, "write", late)
    none, kept = ask(address, row, 2)
    state = requests.get(f"{address}/ready", timeout=30).json()
    assert len(kept) == 2 and not none and "no answer within" in state["log_failing"]["why"]
    go_on.set()
    wait_until(lambda: kept <= found_in(folder / LOG_FILE))


def test_health_answers_while_the_log_is_locked(logged, row, monkeypatch):
    monkeypatch.setattr(prediction_log, "BUSY_MILLISECONDS", 800)
    address, folder = logged
    ask(address, row)
    with requests.Session() as session:
        session.get(f"{address}/health", timeout=30)
        other = sqlite3.connect(folder / LOG_FILE, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        asking = subprocess.Popen(  # another process: this one's threads would be in the way
            [sys.executable, "-c", "import sys, urllib.request as u\n"
             "u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), "
             "{'Content-Type': 'application/json'}))",
             f"{address}/predict", json.dumps(row)],
        )  # fmt: skip
        worst = 0.0
        while asking.poll() is None:
            began = time.perf_counter()
            session.get(f"{address}/health", timeout=30)
            worst = max(worst, time.perf_counter() - began)
        other.close()
    assert worst < 0.6


def test_what_is_kept_is_bounded_and_what_is_lost_is_counted():
    kept = kept_lines.KeptLines(most=3, most_bytes=5_000)
    lines = [(f"a{n}", 0.0, "v1", "{}", "yes", "", "[]") for n in range(5)]
    kept.take(lines)
    assert len(kept) == 3 and kept.lost == 2
    kept.done(2)
    kept.take([("long", 0.0, "v1", "x" * 9_000, "yes", "", "[]")])
    assert [line[0] for line in kept.first()] == ["a2"] and kept.lost == 3


def test_a_line_that_no_database_takes_does_not_hold_up_the_others(tmp_path):
    queue = log_queue.LogQueue(PredictionLog("", tmp_path), 8, list)
    lines = [(f"a{n}", 0.0, "v1", "{}", "yes", "", "[]") for n in range(9)]
    lines[4] = ("a4", 0.0, "v1", "\ud800", "yes", "", "[]")  # no UTF-8
    assert queue._kept_written(lines) == 1
    assert queue._kept_written(lines) == 1, "those that are there are not written twice"
    queue.close()
    assert found_in(tmp_path / LOG_FILE) == {f"a{n}" for n in range(9) if n != 4}


def test_what_is_kept_is_written_when_the_service_stops(now, row, tmp_path, monkeypatch):
    monkeypatch.setattr(log_queue, "RETRY_SECONDS", 60)
    own = prediction_service.Service(now, PredictionLog("", tmp_path))
    with local_service.serving(now.bundle, own) as address:
        other = sqlite3.connect(tmp_path / LOG_FILE, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        _, kept = ask(address, row)
        other.close()
    assert len(kept) == 3 and found_in(tmp_path / LOG_FILE) == kept


def test_many_outcomes_at_once_are_looked_up_in_parts(tmp_path):
    log = PredictionLog("", tmp_path)
    log.write([(f"a{n}", 0.0, "v1", "{}", "yes", "", "[]") for n in range(1_200)])
    outcomes = [(f"a{n}", "yes") for n in range(0, 300_000, 100)]
    assert len(log.note_outcomes(outcomes)) == 3_000 - 12
    log.close()


# --- pull ---------------------------------------------------------------------------------------


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return deployed_run(made)


def test_a_pull_leaves_the_folder_that_a_service_logs_to(run, now, row, tmp_path):
    there = tmp_path / "there"
    push_and_pull.push("small", str(there))
    own = prediction_service.Service(now, PredictionLog("", run.path))
    with local_service.serving(now.bundle, own) as address:
        ids, folder = ask(address, row)[0], run.path.stat().st_ino
        push_and_pull.pull(str(there))
        ids |= ask(address, row)[0]
        run.write_text("metrics.json", "{}")
        run.write_text("data/of_today.txt", "is in no manifest")
        assert push_and_pull.pull(str(there))["copied"] == 1
        ids |= ask(address, row)[0]
        assert run.path.stat().st_ino == folder and len(ids) == 9
        assert ids == found_in(run.file(LOG_FILE))
        assert post(address, {"id": min(ids), "outcome": "no"}, page="feedback").json()["noted"]
    assert json.loads(run.file("metrics.json").read_text())["model"] == "linear"
    assert not run.file("data/of_today.txt").exists() and run.line_of(7)


def test_a_pull_of_what_is_here_changes_nothing(run, tmp_path):
    push_and_pull.push("small", str(tmp_path / "there"))
    before = run.path.stat().st_ino
    assert push_and_pull.pull(str(tmp_path / "there"))["copied"] == 0
    assert run.path.stat().st_ino == before


# --- A disk that is full ------------------------------------------------------------------------

FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
from helpers.cli.command_group import cli
import helpers.cli.model_commands
cli(["serve", "small", "--port", sys.argv[1]])
"""


@pytest.mark.slow
def test_a_full_disk_is_said_and_nothing_is_lost_once_there_is_room(run, row):
    import psutil

    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", FULL, str(port)], text=True,
                               stderr=subprocess.PIPE, env=os.environ.copy())  # fmt: skip
    address, told = f"http://127.0.0.1:{port}", []

    def up() -> bool:
        try:
            return requests.get(f"{address}/health", timeout=30).status_code == 200
        except requests.ConnectionError:
            assert process.poll() is None
            return False

    try:
        wait_until(up, 60)
        told += [post(address, [row] * 20).json() for _ in range(60)]
        state = requests.get(f"{address}/ready", timeout=30).json()
        assert state["status"] == "degraded" and state["log_failing"]["waiting"] > 0
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        ids = {answer["id"] for answers in told for answer in answers}
        wait_until(lambda: found_in(run.file(LOG_FILE)) == ids, 20)
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[1]
    assert said.count("can't be written to since") == 1 and said.count("written to again") == 1
