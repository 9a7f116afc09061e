"""Whole series by the command line: three kinds of task, exploration, bad input, exit codes."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from helpers.base.places import reports_folder
from helpers.examples import penguins_example
from helpers.line import lesson_cells
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.serving import model_bundle

from .command_here import pipeline_here

BAD = {
    "a file that is missing": (["--data", "nowhere.csv"], "no file"),
    "an empty file": (["--data", "empty.csv"], "empty"),
    "a header only": (["--data", "header.csv"], "header"),
    "a file that is not text": (["--data", "binary.csv"], "not text"),
    "a target that is no column": (["--data", "ok.csv", "--target", "labl"], "'label'"),
    "a target of one class": (["--data", "ok.csv", "--target", "same"], "one class"),
    "a target that is all missing": (["--data", "ok.csv", "--target", "void"], "missing in every"),
    "an unknown parameter": (["--set", "tria1s=3"], "trials"),
    "a parameter of the wrong type": (["--set", "trials=many"], "whole number"),
    "a parameter of another stage": (["--stages", "1-2", "--set", "trials=3"], "stage 5"),
    "an unknown stage": (["--stages", "9"], "0 to 8"),
    "a stage whose turn has not come": (["--name", "new", "--stages", "5"], "Stage 1"),
    "a name that leaves the folder": (["--name", "../away"], "name"),
    "a pasted password": (
        ["--data", "nosuch://a:secret7@127.0.0.1/x"],
        "nosuch://a:***@127.0.0.1/x",
    ),
}


def pipeline(*arguments, cwd=None):
    command = [sys.executable, "-m", "helpers", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=400,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100"},
    )


def check_whole_run(run: Run, task: str):
    metrics = run.read_json("metrics.json")
    assert metrics["task"] == task
    assert metrics["main_metric"] in metrics["test"]
    ledger = {entry["stage"]: entry for entry in run.ledger}
    assert sorted(ledger) == list(range(1, 9))
    for entry in ledger.values():
        assert entry["rows_in"] == entry["rows_out"] + entry["set_aside"]
        described = STAGES[entry["stage"]]
        assert set(entry["inputs"]) <= set(described.reads), described.name
        assert set(entry["outputs"]) <= set(described.writes), described.name
    raw = pd.read_parquet(run.file("data/raw.parquet"))
    clean = pd.read_parquet(run.file("data/clean.parquet"))
    aside = pd.read_parquet(run.file("data/quarantine.parquet"))
    assert len(raw) == len(clean) + len(aside)
    assert run.file("model/model.skops").stat().st_size < 20 * 2**20
    assert not list(run.path.rglob("*.draft*"))
    index = run.file("index.html").read_text()
    assert "http://" not in index and "https://" not in index
    return metrics


def check_predictions(run: Run, table: Path, tmp_path: Path):
    out = tmp_path / "scored.csv"
    done = pipeline_here("predict", run.name, table, "--out", out)
    assert done.returncode == 0, done.stderr
    given, scored = pd.read_csv(table), pd.read_csv(out)
    assert list(scored.columns[: given.shape[1]]) == list(given.columns)
    assert len(scored) == len(given)
    bundle = model_bundle.load_bundle(run.name)
    names = ["prediction"]
    if not bundle.task.is_regression:
        names += [f"probability_{c}" for c in bundle.task.classes]
        shares = scored[names[1:]].sum(axis=1)
        assert (abs(shares - 1) < 1e-6).all()
    assert list(scored.columns[given.shape[1] :]) == names


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    (folder / "empty.csv").write_text("")
    (folder / "header.csv").write_text("a,b\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 8)
    table = pd.DataFrame({"x": range(40), "label": ["a", "b"] * 20, "same": "c", "void": None})
    table.to_csv(folder / "ok.csv", index=False)
    return folder


def kept(done) -> list[int]:
    """The positions of the stages that were kept."""
    assert done.returncode == 0, done.stderr
    stages = re.findall(r"^(\d)/\d  .{20}  +(kept|\d+\.\d s) ", done.stdout, re.MULTILINE)
    assert stages
    return [int(number) for number, took in stages if took == "kept"]


@pytest.mark.slow
def test_no_stage_runs_twice_for_nothing(folder, tmp_path):
    table = tmp_path / "twice.csv"
    table.write_bytes((folder / "ok.csv").read_bytes())
    run = Run("twice")
    assert kept(pipeline_here("run", "--data", table)) == []
    pages = {page: page.read_bytes() for page in run.path.glob("*.html")}
    assert kept(pipeline_here("run", "--data", table)) == [1, 2, 3]
    assert {page: page.read_bytes() for page in run.path.glob("*.html")} == pages, "pages are kept"
    assert pipeline_here("status", "twice").stdout.count("  current") == 3

    assert kept(pipeline_here("run", "--data", table, "--set", "drop=x")) == [1, 2]
    status = pipeline_here("status", "twice")
    assert status.stdout.count("  current") == 3, status.stdout
    assert kept(pipeline_here("run", "--data", table)) == [1, 2], "the default is another parameter"
    assert kept(pipeline_here("run", "--data", table, "--force")) == []

    page = run.file("02_data_cleaning.html")
    page.unlink()
    assert kept(pipeline_here("run", "--data", table)) == [1, 2, 3]
    assert page.exists(), "a page is made again without running its stage"
    page.unlink()
    run.file("notebooks/02_data_cleaning.ipynb").unlink()
    assert kept(pipeline_here("run", "--data", table)) == [1, 3], "nothing is left to make it from"
    assert page.exists()

    table.write_text(table.read_text() + "77,a,c,\n")
    assert "twice.csv has changed" in pipeline_here("status", "twice").stdout
    assert kept(pipeline_here("run", "--data", table)) == []

    spent = [entry["spent"] for entry in run.ledger]
    assert all(set(s) == {"kernel", "imports", "cells", "html"} for s in spent)
    assert "Where the time went" in run.file("index.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["warm", "stock"])
def test_both_kinds_of_kernel_make_the_same(folder, kernels):
    name = f"by-{kernels}"
    done = pipeline_here("run", "--data", folder / "ok.csv", "--name", name, "--kernels", kernels)
    assert done.returncode == 0, done.stderr
    files = ("data/clean.parquet", "cleaning.yaml", "features.yaml")
    made = [Run(name).file(file).read_bytes() for file in files]
    assert made == [Run("by-warm").file(file).read_bytes() for file in files]


def test_penguins_three_classes_from_start_to_end(tmp_path):
    table = tmp_path / "penguins.csv"
    table.write_bytes(penguins_example.penguins().read_bytes())
    done = pipeline("run", "--data", table, "--target", "Species", "--set", "trials=2")
    assert done.returncode == 0, done.stderr
    run = Run("penguins")
    metrics = check_whole_run(run, "multiclass")
    assert metrics["test"]["accuracy"] > 0.9
    assert len(metrics["classes"]) == 3
    check_predictions(run, table, tmp_path)
    split = run.read_json("split.json")
    assert (split["strategy"], split["column"]) == ("time", "Date Egg")  # three seasons
    for page in run.path.glob("0*.html"):
        text = re.sub(r'<details class="code">.*?</details>', "", page.read_text(), flags=re.S)
        assert "Quick check" not in text and "flight" not in text, "lessons are left out"

    taken = tmp_path / "other.csv"
    taken.write_text("a,b\n1,2\n3,4\n")
    refused = pipeline("run", "--data", taken, "--name", "penguins")
    assert refused.returncode == 2 and "--force" in refused.stderr
    assert Run("penguins").read_json("metrics.json") == metrics, "a refusal changes nothing"

    again = pipeline(
        "run", "--name", "penguins", "--stages", "6", "--gate", "--set", "at_least=accuracy:2"
    )
    assert again.returncode == 1, "a verdict of no is exit code 1 with --gate"


@pytest.mark.slow
def test_notebooks_run_by_plain_papermill_and_the_line_goes_on_from_them(tmp_path):
    """By themselves, from another folder, lessons included; then the stages after them."""
    table = tmp_path / "alone.csv"
    table.write_bytes(penguins_example.penguins().read_bytes())
    first = pipeline_here("run", "--data", table, "--target", "Species", "--stages", "1-4")
    assert first.returncode == 0, first.stderr
    for number in (2, 3):
        source = STAGES[number].path
        command = [sys.executable, "-m", "papermill", source, "out.ipynb", "-p", "run", "alone"]
        alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert alone.returncode == 0, alone.stderr[-2000:]
        assert lesson_cells.SAID in (tmp_path / "out.ipynb").read_text()
    onward = pipeline_here("run", "--name", "alone", "--stages", "4-6", "--set", "trials=1")
    assert onward.returncode == 0, onward.stderr

    later = pipeline_here("run", "--name", "alone", "--stages", "7-8", "--set", f"new_data={table}")
    assert later.returncode == 0, later.stderr
    assert Run("alone").read_json("monitoring.json")["seen"] is True


@pytest.mark.slow
def test_diabetes_a_number_from_start_to_end(tmp_path):
    table = tmp_path / "diabetes.csv"
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(table, index=False)
    done = pipeline_here(
        "run", "--data", table, "--target", "target", "--set", "trials=2", "--gate"
    )
    assert done.returncode == 0, done.stderr
    metrics = check_whole_run(Run("diabetes"), "regression")
    assert metrics["test"]["r2"] > 0.3
    check_predictions(Run("diabetes"), table, tmp_path)
    check_report(Run("diabetes"))
    check_comparison(Run("diabetes"), table)


def check_report(run: Run):
    """The pages made again are the pages that were there, and all go into one file."""
    page = run.file(STAGES[6].report)
    before = page.read_text()
    page.unlink()
    done = pipeline_here("report", run.name, "--zip")
    assert done.returncode == 0, done.stderr
    assert without_time(page.read_text()) == without_time(before)
    packed = run.file(f"{run.name}_report.zip")
    assert str(packed) in done.stdout
    with zipfile.ZipFile(packed) as archive:
        names = {f"{run.name}/{path.name}" for path in run.path.glob("*.html")}
        assert set(archive.namelist()) == names and len(names) == 12
        assert archive.testzip() is None


def without_time(page: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", page)


def check_comparison(run: Run, table: Path):
    done = pipeline_here("run", "--data", table, "--target", "target", "--name", "few", "--stages",
                    "1-6", "--set", "trials=1", "--set", "sample=200")  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = pipeline_here("compare", run.name, "few")
    assert done.returncode == 0, done.stderr
    page = run.file("compared_with_few.html").read_text()
    assert 'aria-label="errors of diabetes and few"' in page
    assert "<td>2</td><td>1</td>" in page and "diabetes and few were tested on other rows" in page
    assert pipeline_here("compare", run.name, run.name).returncode == 2
    assert pipeline_here("explore", table, "--name", run.name).returncode == 0
    front = run.file("index.html").read_text()
    assert 'href="compared_with_few.html"' in front and 'href="explore.html"' in front
    assert pipeline_here("report", "nobody").returncode == 2


def test_without_a_target_the_line_explores_and_says_what_is_missing(tmp_path):
    table = tmp_path / "explored.csv"
    pd.DataFrame({"a": range(30), "b": ["x", "y", "z"] * 10}).to_csv(table, index=False)
    done = pipeline_here("run", "--data", table)
    assert done.returncode == 0, done.stderr
    assert "--target" in done.stdout
    run = Run("explored")
    assert [entry["stage"] for entry in run.ledger] == [1, 2, 3]
    assert "--target" in run.file("03_feature_engineering.html").read_text()
    onward = pipeline_here("run", "--name", "explored", "--stages", "4")
    assert onward.returncode == 2 and "--target" in onward.stderr


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_leaves_nothing(case, folder):
    arguments, said = BAD[case]
    before = {path.name for path in reports_folder().glob("*")}
    done = pipeline_here("run", *arguments, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(errors) == 1 and errors[0].startswith("Error: "), done.stderr
    assert said in errors[0]
    assert {path.name for path in reports_folder().glob("*")} - {".locks"} <= before


def test_a_run_in_use_is_refused(folder):
    from filelock import FileLock

    locks = reports_folder() / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / "held.lock"):
        done = pipeline_here("run", "--data", "ok.csv", "--name", "held", cwd=folder)
    assert done.returncode == 2
    assert "in use" in done.stderr


def test_predict_says_which_run_does_not_exist(tmp_path):
    done = pipeline_here("predict", "nobody", "x.csv", "--out", tmp_path / "y.csv")
    assert done.returncode == 2
    assert "no run 'nobody'" in done.stderr


@pytest.mark.parametrize(
    "command", ["run", "explore", "report", "compare", "predict", "serve", "parameters", "describe"]
)
def test_help_reads_like_documentation(command):
    done = pipeline(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) >= 5


def test_what_a_person_marks_in_the_review_list_is_applied_and_never_lost(tmp_path):
    towns = ["Salem", "Boston", "Lowell", "Lynn"] * 20
    table = pd.DataFrame({"town": towns, "fee": [20 + n % 50 for n in range(80)]})
    table.loc[3, "town"], table.loc[7, "fee"] = "Boston", 4_000
    table["zip"] = ["01970", "02108", "01850", "01901"] * 20
    source = tmp_path / "marked.csv"
    table.to_csv(source, index=False)
    run = Run("marked")
    assert pipeline_here("run", "--data", source, "--stages", "1-2").returncode == 0
    review = pd.read_csv(run.file("review.csv"), dtype="str", keep_default_na=False)
    assert set(review["value"]) == {"Boston", "4000", "01901"}

    review["apply"] = review["value"].map({"Boston": "yes", "4000": "x", "01901": "no"})
    mine = tmp_path / "mine.csv"
    review.to_csv(mine, index=False)
    done = pipeline_here("run", "--data", source, "--stages", "1-2", "--set", f"review={mine}")
    assert done.returncode == 0, done.stderr
    clean = pd.read_parquet(run.file("data/clean.parquet"))
    assert clean["town"][3] == "Lynn" and pd.isna(clean["fee"][7])
    changes = pd.read_parquet(run.file("data/changes.parquet"))
    assert set(changes["kind"]) == {"decision", "missing word"}
    kept_list = pd.read_csv(run.file("review.csv"), dtype="str", keep_default_na=False)
    assert set(kept_list["apply"]) == {"yes", "x", "no"}

    # Without it the marks stay
    assert pipeline_here("run", "--data", source, "--stages", "1-2").returncode == 0
    again = pd.read_csv(run.file("review.csv"), dtype="str", keep_default_na=False)
    assert set(again["apply"]) == {"yes", "x", "no"}

    mine.write_text(mine.read_text().replace("yes", "maybe"))
    refused = pipeline_here("run", "--data", source, "--stages", "1-2", "--set", f"review={mine}")
    assert refused.returncode == 2 and "write yes or no" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_mess_can_be_planted_in_a_table_of_ones_own_and_is_scored(tmp_path):
    source = tmp_path / "spoilt.csv"
    random = np.random.default_rng(0)
    towns = random.choice(["Salem", "Boston", "Lowell"], 300)
    pd.DataFrame({"town": towns, "price": random.integers(100, 999, 300)}).to_csv(source)
    done = pipeline_here("run", "--data", source, "--set", "injected_errors=0.05")
    assert done.returncode == 0, done.stderr
    run = Run("spoilt")
    assert run.about["injected_errors"] == 0.05 and run.file("data/answer_key.parquet").exists()
    assert "of the injected errors" in run.line_of(2)["headline"]
    refused = pipeline_here("run", "--data", source, "--set", "injected_errors=much")
    assert refused.returncode == 2 and "a share from 0 to 0.3" in refused.stderr
