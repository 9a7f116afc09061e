"""`pipeline explore` from the command line: one page, or one clear line and nothing left."""

import json
import re
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

from helpers.base.places import NOTEBOOKS, reports_folder
from helpers.line.run_folder import Run

from .command_here import pipeline_here
from .test_explore import NASTY, usual


def explore(*arguments):
    return pipeline_here("explore", *arguments)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "mine.csv"
    usual().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def page(table):
    done = explore(table, "--target", "late")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    run = Run("mine")
    assert done.stdout == f"Page: {run.file('explore.html')}\n"
    return run.file("explore.html").read_text()


def test_the_page_answers_first_and_has_every_part(page):
    assert "<h1" in page and "What is in mine.csv?" in page
    places = [page.index(f'id="{place}"') for place in (
        "findings", "overview", "every-column", "what-is-missing", "what-goes-together",
        "against-the-target", "over-time")]  # fmt: skip
    assert places == sorted(places)
    assert 'id="beside-another-table"' not in page
    assert "Not attempted" not in page and "Deeper:" not in page  # lessons are for learners
    assert re.search(r"<footer>Run mine · \d{4}-\d\d-\d\d \d\d:\d\d UTC · data [0-9a-f]{12}<", page)


def test_the_page_stands_by_itself(page):
    assert not re.search(r'(?:src|href)="(?!#|data:)[^"]*//', page)
    assert "@import" not in page and len(page) < 2 * 2**20


def test_the_findings_are_on_file(page):
    content = Run("mine").read_json("explore.json")
    assert content["source"] == "mine.csv" and content["target"] == "late"
    assert content["columns"]["day"] == "date"
    assert not list(Run("mine").path.rglob("*.draft*"))


def test_without_a_target_that_part_is_left_out(table):
    done = explore(table, "--name", "plain")
    assert done.returncode == 0, done.stderr
    text = Run("plain").file("explore.html").read_text()
    assert 'id="against-the-target"' not in text and "No target was named" not in text


@pytest.mark.slow
def test_two_tables_and_a_stock_kernel(table, tmp_path):
    later = tmp_path / "later.parquet"
    usual().assign(x=lambda f: f["x"] + 3).to_parquet(later)
    done = explore(table, "--against", later, "--kernels", "stock")
    assert done.returncode == 0, done.stderr
    text = Run("mine_against_later").file("explore.html").read_text()
    assert 'id="beside-another-table"' in text
    assert "1 of 6 columns</b> drifted" in text


def test_a_hostile_name_in_the_heading_is_text(tmp_path):
    path = tmp_path / "a <b>_x_ *y* $z$.csv"
    pd.DataFrame({"a": [1, 2, 3], NASTY: ["x", "y", "z"]}).to_csv(path, index=False)
    done = explore(path, "--name", "hostile")
    assert done.returncode == 0, done.stderr
    text = Run("hostile").file("explore.html").read_text()
    assert "What is in a &lt;b&gt;_x_ *y* $z$.csv?" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.csv"], "no file 'nowhere.csv'"),
        (["TABLE", "--target", "lat"], "Did you mean 'late'"),
        pytest.param(
            ["TABLE", "--against", "nowhere.csv"], "no file 'nowhere.csv'", marks=pytest.mark.slow
        ),
        pytest.param(
            ["TABLE", "--query", "SELECT 1"], "--query is for a database", marks=pytest.mark.slow
        ),
        pytest.param(["TABLE", "--name", "../away"], "name", marks=pytest.mark.slow),
        (["nosuch://a:secret7@127.0.0.1/x"], "nosuch://a:***@127.0.0.1/x"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(table, arguments, says):
    before = sorted(reports_folder().iterdir())
    given = [table if a == "TABLE" else a for a in arguments]
    if "--name" not in given:
        given += ["--name", "never"]
    done = explore(*given)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert sorted(reports_folder().iterdir()) == before


def test_a_run_of_another_table_is_not_written_over(table, tmp_path):
    Run("taken").write_json("about.json", {"address": str(tmp_path / "other.csv")})
    done = explore(table, "--name", "taken")
    assert done.returncode == 2 and "made from other.csv" in done.stderr
    assert not Run("taken").file("explore.html").exists()


@pytest.mark.slow
def test_the_notebook_runs_alone_on_any_table(table, tmp_path):
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "--engine", "warm", "--no-progress-bar", "-p",
               "data", str(table), "-p", "target", "late", "-p", "against", str(table),
               str(NOTEBOOKS / "explore.ipynb"), str(out)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    text = json.dumps(nbformat.read(out, as_version=4).cells)
    assert "No column is shown to drift" in text and "nothing was written" in text
