"""Faults that a run must survive: kills, a full disk, a closed folder, a clock that jumps, …

What is tried is listed in `benchmarks/faults.py`, which writes benchmarks/RELIABILITY.md from it.
"""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from benchmarks import faults
from helpers.base import places
from helpers.base.user_errors import InputError, describe_disk_error
from helpers.line import run_folder, stage_list, stage_work
from helpers.run import run_lock
from helpers.run.library_warnings import each_warning_once
from tests.small import prepared, write_run


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return tmp_path / "reports"


@pytest.fixture
def table(tmp_path):
    return small_table(tmp_path / "small.csv")


def small_table(place: Path) -> Path:
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


def collected_and_cleaned() -> run_folder.Run:
    """A run whose first two stages have been done, without a kernel."""
    work = stage_work.start(1, "mine", data="mine.csv")
    work.write_table("raw", pd.DataFrame({"x": [1, 2, 3]}))
    work.write_json("about.json", {"address": "mine.csv", "query": "", "target": ""})
    work.finish(3, 3, "three rows")
    work = stage_work.start(2, "mine")
    work.write_table("clean", work.read_table("raw"))
    work.finish(3, 3, "three rows")
    return work.run


def test_the_page_is_made_from_the_figures_and_names_tests_that_are_there():
    raw = json.loads(faults.RAW.read_text(encoding="utf-8"))
    assert faults.REPORT.read_text(encoding="utf-8") == faults.report(raw)
    assert raw["faults"] == []
    tests = Path(__file__).read_text(encoding="utf-8")
    for *_, where in faults.TRIED:
        assert f"def {re.search(r'test_[a-z_]+', where)[0]}(" in tests


@pytest.mark.parametrize("harm", ["edited", "cut short"])
def test_a_file_that_was_altered_is_refused_with_its_maker(harm, reports):
    run = collected_and_cleaned()
    assert len(stage_work.start(3, "mine").read_table("clean")) == 3
    place = run.file("data/clean.parquet")
    if harm == "edited":
        pd.DataFrame({"x": [9]}).to_parquet(place)
    else:
        place.write_bytes(place.read_bytes()[:-20])
    said = r"'data/clean.parquet' of run 'mine' is not as stage 2 \(Data cleaning\) .*--stages 2"
    with pytest.raises(InputError, match=said):
        stage_work.start(3, "mine").read_table("clean")
    assert len(stage_work.start(2, "mine").read_table("raw")) == 3, (
        "the stage that mends it may run"
    )


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
    with run_lock.alone(run):
        assert not theirs.exists() and not notebook.exists() and mine.exists()


def test_the_second_of_two_runs_of_a_name_is_told_who_holds_it(reports):
    run = run_folder.Run("mine")
    with run_lock.alone(run):
        done = pipeline("run", "--name", "mine")
        assert done.returncode == 2
        assert f"process {os.getpid()} on {os.uname().nodename}, since 2" in one_line(done)
        with run_lock.alone(run_folder.Run("other")):
            pass
    with run_lock.alone(run):
        pass
    assert not list(reports.glob(".locks/*.json"))


def test_the_same_rows_give_the_same_bytes_whenever_they_were_read(reports):
    work = stage_work.start(1, "mine")
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
    said = describe_disk_error(OSError(number, os.strerror(number), "place.parquet"))
    assert "place.parquet" in said and "\n" not in said
    assert describe_disk_error(ConnectionResetError(errno.ECONNRESET, "reset")) == ""


def test_a_folder_that_can_not_be_written_is_one_line(tmp_path, table):
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    environment = os.environ | {"PIPELINE_REPORTS": str(tmp_path / "taken" / "reports")}
    done = pipeline("run", "--data", table, env=environment)
    assert done.returncode == 1
    assert "can't be written" in one_line(done) and "PIPELINE_REPORTS" in done.stderr


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_what_was_there(reports, table):
    assert pipeline("run", "--data", table, "--name", "full").returncode == 0
    run = run_folder.Run("full")
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
    raw = run_folder.Run("lost").file("data/raw.parquet")
    while not raw.exists() and running.poll() is None:
        time.sleep(0.01)  # one that dies while it starts has a stock one in its place
    family = faults.descendants(running.pid)
    os.kill(max(family, key=family.get), signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "lost its kernel" in said.strip().splitlines()[-1] and "Traceback" not in said, said
    assert "lost its kernel" in run_folder.Run("lost").file("index.html").read_text()
    assert pipeline("run", "--data", table, "--name", "lost", "--stages", "1").returncode == 0


@pytest.mark.slow
def test_killed_at_random_moments_a_run_comes_to_the_same_end(reports, table):
    asked = command("run", "--data", table, "--name", "killed", "--target", "sold", "--stages",
                    "1-2")  # fmt: skip
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, timeout=200)
    run = run_folder.Run("killed").path
    expected = faults.result(run)
    run.rename(run.with_name("whole"))
    found = faults.kill_often(asked, run, expected, kills=5, seed=1,
                              environment=dict(os.environ), longest=5.0)  # fmt: skip
    assert found.faults == []
    assert sum(found.kills.values()) == 5
    assert not list(reports.glob(".locks/killed.holder.json"))


@pytest.mark.slow
def test_a_service_that_is_killed_answers_again_and_lost_no_line(reports):
    made = prepared()
    run = write_run(made)
    rows = json.loads(made.raw.drop(columns="bought").head(20).to_json(orient="records"))
    found = faults.kill_service(run.path, rows, kills=3, seed=1)
    assert found.faults == []
    assert found.kills["service"] == 3 and found.answered > 10


# --- The folder, the clock, two at once ---------------------------------------------------------

TWO = ("--target", "sold", "--stages", "1-2")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What a run of the small table has that nobody disturbs: its hashes."""
    folder = tmp_path_factory.mktemp("alone")
    small_table(folder / "small.csv")
    environment = os.environ | {"PIPELINE_REPORTS": str(folder / "reports")}
    done = pipeline("run", "--data", folder / "small.csv", *TWO, env=environment)
    assert done.returncode == 0, done.stderr
    return faults.result(folder / "reports" / "small")


def as_permissions_say() -> list[str]:
    """What stands before a command so that permissions hold for it, as they do not for root."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv (util-linux) is not there to change it")
    return ["setpriv", "--bounding-set=-dac_override"]


@pytest.mark.slow
def test_a_folder_without_permission_is_one_line_and_stays_as_it_was(reports, table, alone):
    assert pipeline("run", "--data", table, *TWO).returncode == 0
    run = run_folder.Run("small").path
    folders = [run, *(p for p in run.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    asked = [*as_permissions_say(), *command("run", "--name", "small", "--stages", "1-2")]
    try:
        done = subprocess.run([*asked, "--force"], capture_output=True, text=True, timeout=200)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 1, done.stderr
    said = one_line(done)
    assert "can't be written" in said and str(run) in said, said
    assert faults.result(run) == alone
    done = subprocess.run(asked, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0 and faults.result(run) == alone


# A wall clock that is so many seconds off as a file says; a steady clock stays what it is
SHIFTED = """
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    FILE *file = id == CLOCK_REALTIME ? fopen(getenv("CLOCK_SHIFT"), "r") : NULL;
    long seconds = 0;
    if (file) {
        if (fscanf(file, "%ld", &seconds) == 1) now->tv_sec += seconds;
        fclose(file);
    }
    return failed;
}
"""


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """The library with that clock, to be loaded before all others (LD_PRELOAD)."""
    folder = tmp_path_factory.mktemp("clock")
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(SHIFTED)
    compiler = shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip(
            "the wall clock is shifted by a small C library: no C compiler (cc), or no Linux"
        )
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library


HOUR, YEAR = 3_600, 365 * 86_400


@pytest.mark.slow
@pytest.mark.parametrize("jumps", [(YEAR, -YEAR), (-HOUR, 0)], ids=["a year", "an hour"])
def test_a_clock_that_jumps_changes_no_result(jumps, reports, table, alone, shifted, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("0")
    environment = os.environ | {"LD_PRELOAD": str(shifted), "CLOCK_SHIFT": str(clock)}
    running = subprocess.Popen(
        command("run", "--data", table, *TWO), env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    run = run_folder.Run("small")
    for jump, sign in zip(jumps, ("notebooks", "data/raw.parquet"), strict=True):
        until = time.monotonic() + 60
        while not run.file(sign).exists() and running.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        clock.write_text(str(jump))  # while stage 1 runs, and again before it ends
    out, said = running.communicate(timeout=200)
    assert running.returncode == 0, said
    assert len(out.splitlines()) >= 2 and said == ""
    assert faults.result(run.path) == alone
    spent = [seconds for entry in run.ledger for seconds in entry["spent"].values()]
    assert spent and all(0 <= seconds < 200 for seconds in spent), spent
    status = pipeline("status", "small")
    assert status.stdout.count("  current") == 2, status.stdout


@pytest.mark.slow
def test_two_different_runs_at_once_do_not_disturb_each_other(reports, table, alone):
    both = [
        subprocess.Popen(
            command("run", "--data", table, "--name", name, *TWO), text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for name in ("one", "other")
    ]  # fmt: skip
    said = [running.communicate(timeout=200)[1] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert (
        faults.result(run_folder.Run("one").path)
        == faults.result(run_folder.Run("other").path)
        == alone
    )


# --- Notebooks that raise, and libraries that warn ----------------------------------------------

# The command line on notebooks of one's own, which stand in the folder that is named first
ON_NOTEBOOKS = """
import sys
from pathlib import Path
from helpers.line import stage_list
stage_list.NOTEBOOKS = Path(sys.argv.pop(1))
from helpers.__main__ import main
main()
"""


def with_cell(folder: Path, source: str, number: int = 2, below: str = "") -> list[str]:
    """The command line on the notebooks with a further cell in that stage's: its fourth of code,
    or the first below a heading."""
    shutil.copytree(places.NOTEBOOKS, folder)
    path = folder / next(s for s in stage_list.STAGES if s.number == number).path.name
    notebook = nbformat.read(path, as_version=4)
    place = [n for n, c in enumerate(notebook.cells) if c.cell_type == "code"][3]
    if below:
        place = 1 + next(n for n, c in enumerate(notebook.cells) if c.source.startswith(below))
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)
    return [sys.executable, "-c", ON_NOTEBOOKS, str(folder)]


@pytest.mark.slow
def test_a_cell_that_raises_is_shown_where_it_stands(reports, table, tmp_path):
    own = with_cell(tmp_path / "raise", "1 / 0")
    done = subprocess.run([*own, "run", "--data", table, "--name", "raises"], capture_output=True,
                          text=True, timeout=200)  # fmt: skip
    assert done.returncode == 1
    assert one_line(done).endswith(
        "(Data cleaning) failed in cell 4: ZeroDivisionError: division by zero"
    )
    run = run_folder.Run("raises")
    assert [entry["verdict"] for entry in run.ledger] == ["done", "failed"]
    assert run.file("01_data_collection.html").exists(), "earlier pages stay"
    front = run.file("index.html").read_text()
    assert "failed in cell 4: ZeroDivisionError: division by zero" in front
    assert 'href="02_data_cleaning.html#failed-cell"' in front
    page = run.file("02_data_cleaning.html").read_text()
    assert 'id="failed-cell"' in page and "ZeroDivisionError" in page
    assert page.index("cell 4</a>") < page.index('id="failed-cell"')
    assert "papermill" not in page.partition("<main")[2].replace(str(run.path), "")


WARNS = """
import warnings
from joblib import Parallel, delayed
def careless(n):
    import warnings
    warnings.simplefilter("always")
    warnings.warn("This is careless", FutureWarning, stacklevel=2)
for n in range(3):
    careless(n)
_ = Parallel(n_jobs=2)(delayed(careless)(n) for n in range(4))
"""


@pytest.mark.slow
def test_a_warning_is_shown_once_and_fails_nothing(reports, table, tmp_path):
    own = with_cell(tmp_path / "warn", WARNS, below="## The plan")
    done = subprocess.run([*own, "run", "--data", table, "--name", "warns", "--stages", "1-2"],
                          capture_output=True, text=True, timeout=200,
                          env=os.environ | {"PYTHONWARNINGS": "error"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = run_folder.Run("warns").file("02_data_cleaning.html").read_text()
    shown = re.sub('<details class="code">.*?</details>', "", page, flags=re.DOTALL)
    assert shown.count("This is careless") == 1
    assert "FutureWarning: This is careless (" in shown and " times)" in shown
    before, _, after = shown.partition("<main")[2].partition("This is careless")
    assert ">The plan<" in before and ">The repairs<" in after, "it stands where it was raised"
    assert ">The repairs<" not in before and ">The plan<" not in after


def test_a_warning_is_told_once_in_its_place_and_other_text_stays():
    def said(text):
        return nbformat.v4.new_output("stream", name="stderr", text=text)

    warning = "/a/lib/some.py:7: UserWarning: Take care\n  take(1)\n"
    first = [said(f"one\n{warning}two\n{warning}"), nbformat.v4.new_output("stream", text="out")]
    cells = [nbformat.v4.new_code_cell(outputs=o) for o in (first, [said(warning)])]
    first, second = each_warning_once(nbformat.v4.new_notebook(cells=cells)).cells
    told = "UserWarning: Take care (some.py, line 7; 3 times)"
    assert first.outputs[0].text == f"one\n{told}\ntwo\n" and len(first.outputs) == 2
    assert second.outputs == []
