"""Retention of the prediction log, also beside a service that writes to it."""

import sqlite3
import threading
import time

import pytest
from click.testing import CliRunner

from helpers.base.user_errors import InputError
from helpers.cli import log_commands
from helpers.deploy import service_proof
from helpers.serving import local_service, log_measures, log_pruning, log_room, served_model
from helpers.serving.log_pruning import Retention, prune
from helpers.serving.prediction_log import LOG_FILE, LOG_VARIABLE, PredictionLog
from helpers.serving.prediction_service import Service
from tests.small import bundle_of, post, prepared, write_run

DAY = 86_400


def filled(folder, answers: int = 3_000, days: int = 30, row: str = "x" * 300) -> PredictionLog:
    """A log of answers over so many days, evenly; each fifth with an outcome."""
    log, now = PredictionLog("", folder), time.time()
    at = [now - days * DAY * (1 - (n + 0.5) / answers) for n in range(answers)]
    log.write([(f"{n:032x}", when, "v1", row, "yes", "", "[]") for n, when in enumerate(at)],
              [(when, 200, 0.1, 1) for when in at],
              [(f"{n:032x}", when, "v2", "no", "") for n, when in enumerate(at)])  # fmt: skip
    log.note_outcomes([(f"{n:032x}", "yes") for n in range(0, answers, 5)])
    log.tidy()
    return log


def counts(folder) -> dict[str, int]:
    with sqlite3.connect(folder / LOG_FILE) as reader:
        names = ("predictions", "outcomes", "requests", "shadow")
        return {name: reader.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
                for name in names}  # fmt: skip


def test_answers_older_than_some_days_go_with_all_that_belongs_to_them(tmp_path):
    log, told = filled(tmp_path), []
    done = prune(log, Retention(days=10), told.append)
    assert done.answers == told[-1] == 2_000 and len(told) == 4
    assert counts(tmp_path) == {"predictions": 1_000, "outcomes": 200, "requests": 1_000,
                                "shadow": 1_000}  # fmt: skip
    with sqlite3.connect(tmp_path / LOG_FILE) as reader:
        first = reader.execute("SELECT MIN(at) FROM predictions").fetchone()[0]
    assert first > time.time() - 10 * DAY
    assert prune(log, Retention(days=10)).answers == 0
    log.close()


def test_the_file_is_smaller_afterwards(tmp_path):
    log = filled(tmp_path)
    done = prune(log, Retention(days=3))
    assert 1_500_000 < done.before < 5_000_000 and done.after < 0.2 * done.before
    assert log_measures.bytes_of(log) == done.after
    log.close()


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_the_latest_answers_that_fit_are_kept(tmp_path, share):
    log = filled(tmp_path)
    room = log_room.LogRoom(log)
    most = int(room.used() * share)
    prune(log, Retention(most_bytes=most))
    kept = counts(tmp_path)["predictions"]
    assert room.used() <= most and kept >= 0.7 * share * 3_000 - 100
    with sqlite3.connect(tmp_path / LOG_FILE) as reader:
        ids = {id_ for (id_,) in reader.execute("SELECT id FROM predictions")}
    assert ids == {f"{n:032x}" for n in range(3_000 - kept, 3_000)}
    log.close()


def test_a_limit_that_nothing_fits_empties_the_log_and_ends(tmp_path):
    log = filled(tmp_path, answers=50)
    assert prune(log, Retention(most_bytes=1)).answers == 50
    log.close()


def test_a_file_of_an_earlier_version_is_shrunk_where_that_is_asked_for(tmp_path, monkeypatch):
    with sqlite3.connect(tmp_path / LOG_FILE) as earlier:  # its pages stay in the file
        earlier.execute("CREATE TABLE other (x)")
    log = filled(tmp_path)
    done = prune(log, Retention(days=3))
    room = log_room.LogRoom(log)
    assert done.answers == 2_700 and room.used() < 0.5 * done.after
    done = prune(log, Retention(days=3, compact=True))
    assert done.after < 0.3 * done.before and log_room.LogRoom(log).is_shrinkable()
    log.close()


@pytest.mark.parametrize("compact", [False, True])
def test_a_service_goes_on_writing_meanwhile(tmp_path, monkeypatch, compact):
    monkeypatch.setattr(log_pruning, "TOGETHER", 50)
    made = prepared()
    bundle = bundle_of(made)
    filled(tmp_path).close()
    row = service_proof.as_record(made.raw.drop(columns="bought").iloc[0])
    log = PredictionLog("", tmp_path)
    own, told, stop = Service(served_model.served(bundle), log), [], threading.Event()
    with local_service.serving(bundle, own) as address:

        def ask():
            while not stop.is_set():
                told.append(post(address, row).json())

        asking = threading.Thread(target=ask)
        asking.start()
        other = PredictionLog("", tmp_path)
        prune(other, Retention(days=3, compact=compact))
        other.close()
        time.sleep(0.1)
        stop.set()
        asking.join()
        until = time.monotonic() + 10
        while own.log.trouble:
            assert time.monotonic() < until
            time.sleep(0.05)
    ids = {one["id"] for one in told}
    assert len(ids) > 10 and own.log.kept.lost == 0
    with sqlite3.connect(tmp_path / LOG_FILE) as reader:
        found = {id_ for (id_,) in reader.execute("SELECT id FROM predictions")}
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert ids <= found and len(found) == len(ids) + 300


# --- The command --------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    monkeypatch.delenv(LOG_VARIABLE, raising=False)
    return write_run(prepared())


def command(*words: str):
    return CliRunner().invoke(log_commands.prediction_log, words)


def test_the_command_shows_and_prunes(run):
    filled(run.path).close()
    said = command("small").output
    assert said.startswith("3,000 answers") and "100 answers and" in said
    said = command("small", "--prune", "--days", "10").output
    assert said.startswith("2,000 answers taken out; the log takes ")
    assert "1,000 answers" in command("small", "--prune", "--bytes", "2GB").output
    assert command("small", "--prune", "--bytes", "100 kB").output.count("answers") >= 2
    assert 0 < counts(run.path)["predictions"] < 300


@pytest.mark.parametrize("words", [["--prune"], ["--days", "3"], ["--bytes", "1GB"], []])
def test_what_is_not_clear_changes_nothing(run, words):
    if words:
        filled(run.path, 10).close()
    found = command("small", *words)
    assert isinstance(found.exception, InputError)
    assert not words or counts(run.path)["predictions"] == 10


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 500_000_000), ("2 gb", 2_000_000_000), ("1000", 1_000),
                       ("1.5k", 1_500)]
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text, size):
    assert log_commands.Bytes().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["many", "5 bananas", "1.2.3MB", "-3MB", ""])
def test_what_is_no_size_is_said(run, text):
    found = command("small", "--prune", "--bytes", text)
    assert found.exit_code == 2 and "500MB" in found.output
