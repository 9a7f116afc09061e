"""Faults that a run must survive: kills, a full disk, a closed folder, files edited by hand."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from benchmarks import faults
from helpers import line, runner
from helpers.errors import InputError, disk_trouble


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return tmp_path / "reports"


@pytest.fixture
def table(tmp_path):
    place = tmp_path / "small.csv"
    rows = {"a": range(60), "b": ["x", "y", "z"] * 20, "sold": ["yes", "no"] * 30}
    pd.DataFrame(rows).to_csv(place, index=False)
    return place


def command(*arguments):
    return [sys.executable, "-m", "helpers", *map(str, arguments)]


def pipeline(*arguments, **options):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=200, **options
    )


def one_line(done) -> str:
    said = [text for text in done.stderr.splitlines() if text.strip()]
    assert len(said) == 1, done.stderr
    return said[0]


def collected_and_cleaned() -> line.Run:
    """A run whose first two stages have been done, without a kernel."""
    work = line.start(1, "mine", data="mine.csv")
    work.write_table("raw", pd.DataFrame({"x": [1, 2, 3]}))
    work.write_json("about.json", {"address": "mine.csv", "query": "", "target": ""})
    work.finish(3, 3, "three rows")
    work = line.start(2, "mine")
    work.write_table("clean", work.read_table("raw"))
    work.finish(3, 3, "three rows")
    return work.run


@pytest.mark.parametrize("harm", ["edited", "cut short"])
def test_a_file_that_was_altered_is_refused_with_its_maker(harm, reports):
    run = collected_and_cleaned()
    assert len(line.start(3, "mine").read_table("clean")) == 3
    place = run.file("data/clean.parquet")
    if harm == "edited":
        pd.DataFrame({"x": [9]}).to_parquet(place)
    else:
        place.write_bytes(place.read_bytes()[:-20])
    said = r"'data/clean.parquet' of run 'mine' is not as stage 2 \(Data cleaning\) .*--stages 2"
    with pytest.raises(InputError, match=said):
        line.start(3, "mine").read_table("clean")
    assert len(line.start(2, "mine").read_table("raw")) == 3, "the stage that mends it may run"


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_writes_stays(reports):
    run = collected_and_cleaned()
    ended = subprocess.Popen(["true"])
    ended.wait()
    theirs = run.file(f"data/.clean.parquet.{ended.pid}.draft")
    notebook = run.file("notebooks/.02_data_cleaning.source.ipynb")
    notebook.parent.mkdir()
    mine = run.file(f"data/.raw.parquet.{os.getpid()}.draft")
    for draft in (theirs, notebook, mine):
        draft.write_text("half")
    with runner.alone(run):
        assert not theirs.exists() and not notebook.exists() and mine.exists()


def test_the_second_of_two_runs_of_a_name_is_told_who_holds_it(reports):
    run = line.Run("mine")
    with runner.alone(run):
        done = pipeline("run", "--name", "mine")
        assert done.returncode == 2
        assert f"process {os.getpid()} on {os.uname().nodename}, since 2" in one_line(done)
        with runner.alone(line.Run("other")):
            pass
    with runner.alone(run):
        pass
    assert not list(reports.glob(".locks/*.json"))


def test_the_same_rows_give_the_same_bytes_whenever_they_were_read(reports):
    work = line.start(1, "mine")
    hashes = set()
    for moment in ("2013-01-01", "2014-01-01"):
        frame = pd.DataFrame({"x": [1, 2]})
        frame.attrs = {"time": moment}
        work.write_table("raw", frame)
        hashes.add(work.outputs["data/raw.parquet"])
        assert frame.attrs == {"time": moment}
    assert len(hashes) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EACCES])
def test_what_the_disk_refuses_is_said_in_a_line(number):
    said = disk_trouble(OSError(number, os.strerror(number), "place.parquet"))
    assert "place.parquet" in said and "\n" not in said
    assert disk_trouble(ConnectionResetError(errno.ECONNRESET, "reset")) == ""


def test_a_folder_that_can_not_be_written_is_one_line(tmp_path, table):
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    environment = os.environ | {"PIPELINE_REPORTS": str(tmp_path / "taken" / "reports")}
    done = pipeline("run", "--data", table, env=environment)
    assert done.returncode == 1
    assert "can't be written" in one_line(done) and "PIPELINE_REPORTS" in done.stderr


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_what_was_there(reports, table):
    assert pipeline("run", "--data", table, "--name", "full").returncode == 0
    run = line.Run("full")
    before = faults.result(run.path)
    page = run.file("02_data_cleaning.html").read_bytes()

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    done = pipeline("run", "--name", "full", "--force", preexec_fn=no_room)
    assert done.returncode == 1, done.stderr
    assert "no room" in one_line(done)
    assert faults.result(run.path) == before
    assert run.file("02_data_cleaning.html").read_bytes() == page
    assert pipeline("run", "--name", "full").returncode == 0, "with room again it goes on"
    assert not list(run.path.rglob(".*"))


@pytest.mark.slow
def test_ctrl_c_stops_within_two_seconds_and_the_run_goes_on_later(reports, table):
    running = subprocess.Popen(
        command("run", "--data", table, "--name", "cut"), start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdout.readline().startswith("1/3")
    time.sleep(0.5)
    family = faults.descendants(running.pid)
    assert len(family) >= 2
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, said = running.communicate(timeout=20)
    took = time.monotonic() - began
    assert running.returncode == 130, said
    assert said.strip().splitlines() == [
        "Stopped. What is finished is kept; run the command again to go on."
    ]
    assert not [pid for pid in family if faults.is_alive(pid)]
    assert took < 2
    again = pipeline("run", "--data", table, "--name", "cut")
    assert again.returncode == 0 and "kept" in again.stdout


@pytest.mark.slow
def test_a_kernel_that_is_killed_fails_its_stage_in_one_line(reports, table):
    running = subprocess.Popen(
        command("run", "--data", table, "--name", "lost", "--stages", "1"), text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    raw = line.Run("lost").file("data/raw.parquet")
    while not raw.exists() and running.poll() is None:
        time.sleep(0.01)  # one that dies while it starts has a stock one in its place
    family = faults.descendants(running.pid)
    os.kill(max(family, key=family.get), signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "lost its kernel" in said.strip().splitlines()[-1] and "Traceback" not in said, said
    assert "lost its kernel" in line.Run("lost").file("index.html").read_text()
    assert pipeline("run", "--data", table, "--name", "lost", "--stages", "1").returncode == 0


@pytest.mark.slow
def test_killed_at_random_moments_a_run_comes_to_the_same_end(reports, table):
    asked = command("run", "--data", table, "--name", "killed", "--target", "sold", "--stages",
                    "1-2")  # fmt: skip
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, timeout=200)
    run = line.Run("killed").path
    expected = faults.result(run)
    run.rename(run.with_name("whole"))
    found = faults.kill_often(asked, run, expected, kills=5, seed=1,
                              environment=dict(os.environ), longest=5.0)  # fmt: skip
    assert found.faults == []
    assert sum(found.kills.values()) == 5
    assert not list(reports.glob(".locks/killed.holder.json"))
