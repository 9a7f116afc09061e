"""When a stage has to run again, and when not: each reason is named, and nothing else is one."""

import json
import shutil

import pytest

from helpers.base import places
from helpers.line import code_fingerprint, freshness, run_folder, stage_list, stage_work
from helpers.line.notebook_parameters import of_stage


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run = run_folder.Run("mine")
    table = tmp_path / "mine.csv"
    table.write_text("x,y\n1,a\n")
    do_stage(run, 1, [], ["about.json", "data/raw.parquet"], data=str(table), target="y")
    do_stage(run, 2, ["data/raw.parquet"], ["data/clean.parquet"])
    do_stage(run, 3, ["data/clean.parquet"], ["features.yaml"])
    run.table = table
    return run


def do_stage(run, number, reads, writes, content='{"target": "y"}', **given):
    """What a stage and the runner leave behind."""
    stage = stage_list.stage(number)
    defaults = {p.name: p.default for p in of_stage(stage) if p.name != "run"}
    work = stage_work.start(number, run.name, **(defaults | given))
    for name in reads:
        work.read(name)
    for name in writes:
        work.write_text(name, content)
    work.finish(1, 1, "done")
    lessons = stage_work.has_lessons(run, stage, work.parameters)
    run.amend(number, code=code_fingerprint.fingerprint(stage.path, lessons=lessons))


def why(run, number, **given):
    asked = {p.name: p.default for p in of_stage(stage_list.stage(number))} | given
    asked |= {k: v for k, v in run.line_of(number)["parameters"].items() if k in ("data", "target")}
    return freshness.reasons(run, stage_list.stage(number), asked | given)


def test_nothing_changed_nothing_to_do(run):
    assert [why(run, n) for n in (1, 2, 3)] == [[], [], []]


def test_what_has_not_run_has_to_run(run):
    assert freshness.reasons(run, stage_list.stage(4)) == ["it has not run"]
    run.amend(3, verdict="failed")
    assert why(run, 3) == ["it failed"]


def test_what_was_run_by_hand_has_to_run(run):
    do_stage(run, 2, ["data/raw.parquet"], ["data/clean.parquet"])
    entry = run.line_of(2)
    del entry["code"]
    run.enter(entry)
    assert why(run, 2) == [freshness.BY_HAND]


def test_a_parameter_concerns_its_own_stage_alone(run):
    assert why(run, 2, duplicates="keep") == ["duplicates is 'keep', it was 'auto'"]
    assert why(run, 3, duplicates="keep") == []
    assert freshness.reasons(run, stage_list.stage(2)) == [], "compared with itself"


def test_changed_code_is_named(run, monkeypatch):
    entry = run.line_of(2)
    run.amend(2, code=entry["code"] | {"clean/clean_rows": "other"})
    assert why(run, 2) == ["helpers/clean/clean_rows.py has changed"]
    run.amend(2, code=entry["code"] | {"notebook": "other"})
    assert why(run, 2) == ["the notebook has changed"]
    assert why(run, 3) == []


def test_another_version_of_a_library_is_named(run):
    versions = run.line_of(2)["versions"]
    run.amend(2, versions=versions | {"pandas": "2.0"})
    assert why(run, 2) == [f"pandas is {versions['pandas']}, it was 2.0"]


def test_a_changed_source_concerns_the_stage_that_reads_it(run):
    run.table.write_text("x,y\n2,a\n")
    assert why(run, 1) == [f"{run.table} has changed"]
    assert why(run, 2) == []


def test_what_is_no_file_is_read_again_each_time(run):
    run.amend(1, parameters=run.line_of(1)["parameters"] | {"data": "https://127.0.0.1/x.csv"})
    assert "only a file can be checked for changes" in why(run, 1)[0]


@pytest.mark.parametrize("number", [2, 3])
def test_an_input_that_is_missing_or_changed_is_named(run, number):
    name = {2: "data/raw.parquet", 3: "data/clean.parquet"}[number]
    run.file(name).write_text("other")
    assert why(run, number) == [f"{name} has changed"]
    run.file(name).unlink()
    assert why(run, number) == [f"{name} is missing"]


def test_an_output_that_is_missing_or_altered_is_named(run):
    run.file("features.yaml").write_text("other")
    assert why(run, 3) == ["features.yaml, which it made, was altered"]
    run.file("features.yaml").unlink()
    assert why(run, 3) == ["features.yaml, which it made, is missing"]


def test_the_status_says_who_waits_for_whom(run):
    run.table.write_text("x,y\n2,a\n")
    found = freshness.status(run, [stage_list.stage(n) for n in (1, 2, 3, 4)])
    assert found[1] == [f"{run.table} has changed"]
    assert found[2] == found[3] == ["it stands only if stage 1 makes the same again"]
    assert found[4] == ["it has not run"]


@pytest.mark.parametrize(
    ("table", "reasons"), [("own", []), ("flights", ["the notebook has changed"])]
)
def test_a_lesson_that_was_edited_concerns_the_table_of_the_course_alone(
    run, tmp_path, monkeypatch, table, reasons
):
    place = tmp_path / "notebooks"
    shutil.copytree(places.NOTEBOOKS, place)
    monkeypatch.setattr(stage_list, "NOTEBOOKS", place)
    about = f'{{"target": "y", "table": "{table}"}}'
    do_stage(run, 1, [], ["about.json", "data/raw.parquet"], about, data=str(run.table), target="y")
    do_stage(run, 2, ["data/raw.parquet"], ["data/clean.parquet"])
    assert why(run, 2) == []
    notebook = stage_list.stage(2).path
    content = json.loads(notebook.read_text())
    lesson = next(c for c in content["cells"] if "lesson" in c["metadata"].get("tags", [])
                  and c["cell_type"] == "code")  # fmt: skip
    lesson["source"] = "1 + 1"
    notebook.write_text(json.dumps(content))
    assert [r for r in why(run, 2) if "notebook" in r] == reasons
    assert why(run, 2) == [] or table == "flights"
