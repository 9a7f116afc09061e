"""`pipeline run --config`: the settings of a run in a file, written by each run and given again."""

import os
import subprocess
import sys

import pytest
import yaml

from helpers.base.user_errors import InputError
from helpers.features.column_formulas import parse_formulas
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES, parse_stages
from helpers.run import run_file
from helpers.run.run_request import Request

ROWS = "day,amount,bought\n" + "".join(f"2020-01-{i % 28 + 1:02},{i},{i % 2}\n" for i in range(60))


def pipeline(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "helpers", *map(str, arguments)], capture_output=True, text=True,
        timeout=400, env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    """Write a file of settings; returns its path."""

    def write(text: str):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return Run("mine")


def kept(run: Run) -> dict:
    return yaml.safe_load(run.file(run_file.FILE).read_text(encoding="utf-8"))


def test_a_file_fills_what_the_command_leaves_out(settings):
    path = settings(
        "data: mine.csv\ntarget: churned\nname: mine\n"
        "set:\n  folds: 5\n  balanced: no\n  until: 2013-08-31\n  drop: [a, b]\n"
    )
    request = run_file.with_file(Request(target="other", settings=("folds=7",)), path)
    assert (request.data, request.target, request.name) == ("mine.csv", "other", "mine")
    assert request.settings == (
        "folds=5", "balanced=no", "until=2013-08-31", "drop=a, b", "folds=7",
    ), "texts as they are written; what the command gives comes last, and wins"  # fmt: skip


def test_the_query_belongs_to_the_files_own_source(settings):
    path = settings("data: sqlite:///shop.db\nquery: SELECT 1\n")
    assert run_file.with_file(Request(), path).query == "SELECT 1"
    assert run_file.with_file(Request(data="mine.csv"), path).query == ""


def test_a_list_is_joined_as_its_parameter_is_parted(settings):
    """Formulas hold commas, so they are parted by semicolons; columns by commas."""
    derive = "  derive:\n  - ratio = a / b\n  - most = maximum(a, b)\n"
    path = settings(f"set:\n{derive}  drop: [a, b]\n")
    given = dict(pair.split("=", 1) for pair in run_file.with_file(Request(), path).settings)
    assert list(parse_formulas(given["derive"])) == ["ratio", "most"]
    assert given["drop"] == "a, b"


@pytest.mark.parametrize("text", ["", "set:\n", "# nothing\n"])
def test_an_empty_file_asks_for_nothing(settings, text):
    assert run_file.with_file(Request(), settings(text)) == Request()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("taget: y\n", "unknown key 'taget'. Did you mean 'target'"),
        ("folds: 5\n", "unknown key 'folds'. It is a parameter of a notebook: write it below"),
        ("gap: 5\n", "unknown key 'gap'. It is a parameter of a notebook"),
        ("set: folds\n", "'set' is name: value, one a line; it is 'folds'"),
        ("data: {a: b}\n", "'data' is a text"),
        ("set:\n  folds: {a: b}\n", "'folds' is a text or a list of texts"),
        ("- a\n", "holds no settings"),
        ("data: [\n", "can't be read as YAML"),
        ("data: postgresql://me:s3cret@h/shop\n", "holds a secret in 'data': write a reference"),
        ("set:\n  new_data: https://h/x?token=abc123\n", "holds a secret in 'new_data'"),
    ],
)
def test_what_can_not_be_used_is_one_clear_line(settings, text, says):
    with pytest.raises(InputError) as error:
        run_file.with_file(Request(), settings(text))
    said = str(error.value)
    assert says in said and "\n" not in said and "s3cret" not in said and "abc123" not in said


def test_a_reference_to_a_secret_is_taken(settings):
    path = settings("data: postgresql://me:${DB_PASSWORD}@h/shop\n")
    assert "${DB_PASSWORD}" in run_file.with_file(Request(), path).data


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        run_file.read(tmp_path / "none.yaml")


def test_only_what_was_given_is_kept(run):
    run_file.write(run, Request(data="flights"), list(STAGES))
    assert kept(run) == {"data": "flights", "name": "mine"}


def test_an_earlier_name_is_kept_as_the_one_of_today(run):
    run_file.write(run, Request(data="x.csv", settings=("gap=7 days",)), list(STAGES))
    assert kept(run)["set"] == {"embargo": "7 days"}


def test_what_was_given_to_stages_that_do_not_run_again_is_kept(run):
    run_file.write(run, Request(data="x", settings=("sample=99", "folds=5")), list(STAGES))
    run_file.write(run, Request(data="x", settings=("trials=3",)), parse_stages("4-5"))
    assert kept(run)["set"] == {"sample": "99", "trials": "3"}, "folds went back to its default"


def test_what_is_written_is_read_as_the_same_request(run):
    asked = Request("a: b.csv", "SELECT 'é'", "no", "mine", settings=("drop=a, b", "until=2013-08"))
    run_file.write(run, asked, list(STAGES))
    assert run_file.with_file(Request(), run.file(run_file.FILE)) == asked


@pytest.mark.slow
def test_a_run_writes_its_settings_and_can_be_made_again_from_them(run, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text(ROWS)
    given = ("--data", table, "--name", "mine", "--stages", "1", "--no-track")
    done = pipeline("run", *given, "--set", "sample=50", "--set", "mess=0")
    assert done.returncode == 0, done.stderr
    assert "The parameter 'mess' is now called 'injected_errors'." in done.stderr
    path = run.file(run_file.FILE)
    assert kept(run)["set"] == {"sample": "50", "injected_errors": "0"}
    assert f"pipeline run --config {path}" in pipeline("status", "mine").stdout
    again = pipeline("run", "--config", path, "--stages", "1", "--no-track")
    assert again.returncode == 0 and "kept" in again.stdout, "nothing differs, nothing runs again"
    other = ("--config", path, "--name", "less", "--set", "sample=40", "--stages", "1")
    assert pipeline("run", *other, "--no-track").returncode == 0
    assert Run("less").line_of(1)["rows_out"] == 40
    before = path.read_bytes()
    refused = pipeline("run", "--config", path, "--set", "fold=5", "--no-track")
    assert (refused.returncode, path.read_bytes()) == (2, before)
    assert "Did you mean 'folds'" in refused.stderr
