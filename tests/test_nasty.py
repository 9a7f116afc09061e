"""Bad tables and hostile data: the line runs and says what was odd, or one line says what to do."""

import functools
import gzip
import io
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.tables import from_web, read_any
from tests.nasty import make

CASES = make.cases()
EXPLORING = (1, 2, 3)
TO_PREDICT = {"huge_numbers.csv", "infinities.csv", "year_9999.csv", "mixed_types.csv",
              "strange_names.csv", "constants.csv"}  # fmt: skip
SOON = {*TO_PREDICT, "megabyte_cell.csv", "gaps_in_one_column.csv", "markup.csv", "no_header.csv",
        "two_headers.csv", "same_names.csv", "gaps_between_rows.csv", "mixed_encodings.csv",
        "merged_two_sheets.xlsx"}  # fmt: skip
SLOW = {c.name for c in CASES if not c.refused} - SOON


@functools.cache
def cells_of(number: int) -> list:
    """The compiled code of a stage's notebook, as the line runs it on a table of one's own."""
    stage = next(stage for stage in STAGES if stage.number == number)
    cells = nbformat.read(stage.path, as_version=4).cells
    own = [c for c in cells if c.cell_type == "code" and "lesson" not in c.metadata.get("tags", [])]
    return [compile(c.source, f"{stage.notebook}[{n}]", "exec") for n, c in enumerate(own)]


def through(source: str, target: str = "", name: str = "nasty") -> Run:
    """Take a table through stages 1 to 3 by the code of the notebooks, without their kernels."""
    for number in EXPLORING:
        parameters, *rest = cells_of(number)
        known: dict = {}
        exec(parameters, known)
        known |= {"run": name}
        known |= {"data": source, "target": target} if number == 1 else {}
        with redirect_stdout(io.StringIO()):
            for cell in rest:
                exec(cell, known)
    return Run(name)


@pytest.fixture(autouse=True)
def limits(monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_MOST_BYTES", "100MB")
    monkeypatch.chdir(tmp_path)


def test_the_readme_says_what_is_there():
    assert make.README.read_text(encoding="utf-8") == make.readme()
    assert len(CASES) + len(make.SERVERS) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


def written(case, folder) -> str:
    path = folder / case.name
    case.write(path)
    return f"sqlite:///{path}" if path.suffix == ".db" else str(path)


def is_slow(number: int, case) -> bool:
    """Two of three cases are for the slow ring, and each that takes long."""
    return bool(number % 3) or case.name in SLOW


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, id=c.name, marks=[pytest.mark.slow] * is_slow(n, c))
        for n, c in enumerate(CASES)
    ],
)
def test_a_nasty_table_runs_or_is_refused_in_one_line(case, tmp_path):
    source = written(case, tmp_path)
    if case.refused:
        with pytest.raises(InputError) as caught:
            through(source, case.target)
        text = str(caught.value)
        assert case.refused in text and "\n" not in text and len(text) < 500
    else:
        # With a target stages 1 to 3 look at more
        target = case.target or ("paid" if case.name in TO_PREDICT else "")
        run = through(source, target)
        first, second = run.line_of(1), run.line_of(2)
        assert first["rows_out"] == second["rows_in"] == case.rows
        assert second["rows_out"] + second["set_aside"] == case.rows
        said = " ".join(found["message"] for found in run.findings)
        assert case.says in said + run.file("review.csv").read_text(encoding="utf-8")
    assert not (tmp_path / "harm_was_done").exists()


# --- Servers and databases that misbehave -------------------------------------------------------


class Misbehaves(BaseHTTPRequestHandler):
    """Answers each address in a bad way of its own."""

    failures = 0

    def do_GET(self):  # noqa: N802 - the name that http.server asks for
        with suppress(BrokenPipeError, ConnectionResetError):  # the other side has had enough
            getattr(self, self.path.strip("/").partition(".")[0])()

    def stalls(self):
        self._begin(200, "1000")
        self.server.stop.wait(20)

    def drips(self):
        self._begin(200, "100000")
        while not self.server.stop.wait(0.1):
            self.wfile.write(b"a")

    def breaks(self):
        self._begin(200, "100000")
        self.wfile.write(b"a,b\n" + b"1,2\n" * 99)

    def redirects(self):
        self.send_response(302)
        self.send_header("Location", "/redirects.csv")
        self.end_headers()

    def recovers(self):
        type(self).failures += 1
        if self.failures < 3:
            self.send_error(500)
            return
        body = make.good().to_csv(index=False).encode()
        self._begin(200, str(len(body)))
        self.wfile.write(body)

    def bomb(self):
        body = gzip.compress(b"0" * 1_000_000) * 150  # made at once, or the time limit comes first
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _begin(self, status, length):
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", length)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaves)
    server.stop, server.daemon_threads = threading.Event(), True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("stalls.csv", "gave no table"),
        ("drips.csv", "PIPELINE_MOST_SECONDS"),
        ("breaks.csv", "gave no table"),
        ("redirects.csv", "gave no table"),
        ("bomb.csv", "PIPELINE_MOST_BYTES"),
    ],
)
def test_a_server_that_misbehaves_is_left_in_time(web, monkeypatch, path, refused):
    is_bomb = (
        path == "bomb.csv"
    )  # stopped by its size: time must not run out before, on any machine
    monkeypatch.setenv("PIPELINE_MOST_SECONDS", "60" if is_bomb else "0.5")
    monkeypatch.setattr(from_web, "TIMEOUT", (1, 60 if is_bomb else 0.5))
    began = time.monotonic()
    with pytest.raises(InputError, match=refused):
        through(f"{web}/{path}")
    assert time.monotonic() - began < 10


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_fails_twice_loses_no_row(web):
    Misbehaves.failures = 0
    run = through(f"{web}/recovers.csv")
    assert run.line_of(1)["rows_out"] == make.ROWS and Misbehaves.failures == 3


def test_a_database_that_goes_away_in_the_middle_is_one_line(tmp_path, monkeypatch):
    """Half of its pages are gone by the time they are asked for."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        make.good(20_000).to_sql("orders", database, index=False)
    database.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as caught:
        through(f"sqlite:///{path}")
    assert "could not be read" in str(caught.value) and "\n" not in str(caught.value)


# --- Limits -------------------------------------------------------------------------------------


def test_a_limit_can_be_raised(tmp_path, monkeypatch):
    source = written(next(c for c in CASES if c.name == "bomb.parquet"), tmp_path)
    monkeypatch.setenv("PIPELINE_MOST_BYTES", "1GB")
    assert len(read_any.read_table(source)) == 10_000_000


@pytest.mark.parametrize("said", ["much", "-5", "5 parsecs"])
def test_a_limit_that_is_no_size_is_refused(tmp_path, monkeypatch, said):
    monkeypatch.setenv("PIPELINE_MOST_BYTES", said)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="is a size such as"):
        read_any.read_table(str(tmp_path / "a.parquet"))


# --- The whole line, as somebody types it -------------------------------------------------------


def typed(*words) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "helpers", "run", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_the_whole_line_takes_a_nasty_table(tmp_path):
    case, run = next(case for case in CASES if case.name == "class_of_one.csv"), "whole"
    done = typed("--data", written(case, tmp_path), "--target", case.target, "--name", run,
                 "--set", "trials=0", "--set", "models=linear")  # fmt: skip
    assert done.returncode in (0, 2) and "Traceback" not in done.stderr, done.stderr
    if done.returncode == 2:  # too little to learn from: one line says so
        assert done.stderr.count("\n") == 1, done.stderr
    first = Run(run).line_of(1)
    assert first["rows_out"] == case.rows
    for entry in Run(run).ledger:
        assert entry["rows_in"] == entry["rows_out"] + entry["set_aside"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cut.xlsx", "bomb.parquet"])
def test_a_table_that_is_refused_leaves_nothing_behind(name, tmp_path):
    case = next(case for case in CASES if case.name == name)
    done = typed("--data", written(case, tmp_path), "--name", "refused")
    assert done.returncode == 2 and case.refused in done.stderr
    assert done.stderr.count("\n") == 1 and not Run("refused").path.exists()
