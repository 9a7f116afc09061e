"""A learner's progress: what is noted, kept, shown and reset; and that a damaged file says so."""

import json
import os
import re
import sys
import threading

import nbformat
import pytest

from helpers.__main__ import main
from helpers.base.places import progress_summary_file
from helpers.base.user_errors import InputError
from helpers.course import learner_progress, lessons, objectives
from helpers.course.questions import CHALLENGES, QUESTIONS
from helpers.line import code_fingerprint
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES, stage
from helpers.pages import front_page

OF_THE_SUITE = os.environ["PIPELINE_PROGRESS"], os.environ["PIPELINE_REPORTS"]


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    monkeypatch.delenv("PIPELINE_PROGRESS", raising=False)
    return tmp_path / "progress.json"


@pytest.fixture
def command(monkeypatch, capsys):
    def type_in(*arguments):
        monkeypatch.setattr(sys, "argv", ["pipeline", "progress", *arguments])
        main()
        return capsys.readouterr().out

    return type_in


def states():
    return {i.name: i.state for chapter in learner_progress.chapters() for i in chapter.items}


def test_nothing_is_noted_before_an_answer(own_file):
    lessons.check("split.latest")
    lessons.attempt("split.whole_days", ...)
    assert not own_file.exists()
    assert set(states().values()) == {"not attempted"}


def test_answers_are_noted_and_what_was_passed_stays_passed(own_file):
    lessons.check("split.latest", "b")
    assert states()["split.latest"] == "incorrect"
    lessons.check("split.latest", "a")
    lessons.check("split.latest", "c")
    assert states()["split.latest"] == "correct"
    entry = json.loads(own_file.read_text())["split.latest"]
    assert entry["tries"] == 2 and entry["at"]
    lessons.attempt("split.whole_days", lambda table: table["scheduled"])
    assert states()["split.whole_days"] == "incorrect"


def test_the_suites_never_touch_the_learners_own_file():
    assert OF_THE_SUITE[0].startswith(OF_THE_SUITE[1]) and "pipeline-tests-" in OF_THE_SUITE[1]


def test_the_same_answers_given_again_leave_the_file_as_it_is(own_file):
    lessons.check("split.latest", "a")
    before = own_file.read_bytes()
    lessons.check("split.latest", "a")
    assert own_file.read_bytes() == before


def test_a_file_that_is_named_elsewhere_is_used(tmp_path, monkeypatch, own_file):
    monkeypatch.setenv("PIPELINE_PROGRESS", str(tmp_path / "mine" / "p.json"))
    lessons.check("split.latest", "a")
    assert (tmp_path / "mine" / "p.json").exists() and not own_file.exists()


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"split.latest": 3}', '{"a": {"state": 1}}'])
def test_a_damaged_file_is_one_clear_line_and_no_answer_is_lost_on_it(own_file, damage):
    own_file.write_text(damage)
    with pytest.raises(InputError, match=r"progress.json does not hold progress.*--reset"):
        learner_progress.read_progress()
    shown = lessons.check("split.latest", "a")
    assert shown.state == "correct" and "Not recorded" in repr(shown)
    assert own_file.read_text() == damage


def test_a_folder_that_cannot_be_written_to_does_not_stop_a_cell(own_file):
    own_file.mkdir()
    assert "Not recorded" in repr(lessons.check("split.latest", "a"))


def test_answers_from_several_kernels_are_all_kept(own_file):
    names = [f"split.n{n}" for n in range(20)]
    threads = [threading.Thread(target=learner_progress.record, args=(n, "correct")) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(json.loads(own_file.read_text())) == set(names)
    assert [p.name for p in own_file.parent.iterdir() if "draft" in p.name] == []


def test_each_notebook_has_three_objectives_and_what_shows_that_they_are_met():
    every = {*QUESTIONS, *CHALLENGES}
    for one in STAGES:
        text = "\n".join(c.source for c in nbformat.read(one.path, as_version=4).cells[:3])
        assert len(re.findall(r"^\d\. ", text, re.MULTILINE)) == 3
        shown = objectives.SHOWN_BY[one.name]
        named = {name for some in shown for name in some}
        assert len(shown) == 3 and all(shown) and named <= every
        graded = {name for name in CHALLENGES if name.partition(".")[0] == one.name}
        assert len(graded - named) <= 1, "nearly each exercise shows an objective"
    everything = objectives.describe(every)
    assert everything == "27 of 27 objectives met by doing."


def test_an_objective_is_met_once_all_that_shows_it_was_passed(own_file, command):
    lessons.check("start.stations", QUESTIONS["start.stations"].right)
    learner_progress.record("train.luck", "correct")
    assert " 1 of 27 objectives met by doing." in command()
    for name in ("train.honest", "train.tuned"):
        learner_progress.record(name, "correct")
    assert "3 of 27 objectives met by doing." in command(), "the second and third of training"
    learner_progress.sum_up()
    assert "3 of 27 objectives" in progress_summary_file().read_text()


def test_the_command_shows_what_was_passed_and_resets_it(own_file, command, capsys):
    lessons.check("split.latest", "b")
    lessons.check("split.latest", "a")
    said = command()
    assert "✓ split.latest  (2 tries)" in said and "○ split.whole_days (core)" in said
    assert "4 · Train-test split       1 of " in said and str(own_file) in said
    assert re.search(r"^1 of \d+ checks and 0 of \d+ exercises passed \(.*core 0 of \d+.*\)", said,
                     re.MULTILINE)  # fmt: skip
    kept = command("--reset")
    assert "split.latest" in (own_file.parent / kept.split()[-1]).read_text()
    assert not own_file.exists()
    own_file.write_text("{")
    with pytest.raises(SystemExit) as stopped:
        command()
    assert stopped.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def make_front_page(table="flights"):
    run = Run("shown")
    run.write_json("about.json", {"table": table, "question": "Late?"})
    entry = {"stage": 1, "verdict": "done", "headline": "h", "rows_in": 1, "rows_out": 1,
             "set_aside": 0, "seconds": 1.0, "outputs": {}}  # fmt: skip
    run.write_json("ledger.json", [entry])
    front_page.write_front_page(run)
    return run.file("index.html")


def test_the_front_page_of_the_flights_shows_an_answer_at_once(command):
    page = make_front_page()
    assert "Your progress" not in page.read_text()
    lessons.check("split.latest", "a")
    assert 'aria-label="split.latest: correct">✓' in page.read_text()
    command("--reset")
    assert "Your progress" not in page.read_text()


def test_the_front_page_of_another_table_shows_none():
    page = make_front_page("mine")
    lessons.check("split.latest", "a")
    front_page.write_front_page(Run("shown"))
    assert "Your progress" not in page.read_text()


def test_front_pages_are_written_again_only_when_something_is_newly_passed():
    page = make_front_page()
    lessons.check("split.latest", "a")
    page.write_text("as it was")
    lessons.check("split.latest", "a")
    lessons.check(
        "start.stations", next(k for k in "abc" if k != QUESTIONS["start.stations"].right)
    )
    assert page.read_text() == "as it was"


def test_a_damaged_summary_does_not_stop_the_front_page_and_is_written_anew(own_file, command):
    lessons.check("split.latest", "a")
    summary = own_file.with_name("progress_summary.json")
    for damage in ("{", "[]", "{}"):
        summary.write_text(damage)
        page = make_front_page()
        assert "progress_summary.json is damaged" in page.read_text()
    command()
    assert "split.latest: correct" in make_front_page().read_text()


def test_no_stage_is_out_of_date_for_what_a_learner_answers():
    beside = {"/".join(m.__name__.split(".")[1:]) for m in (learner_progress, front_page)}
    used = {*code_fingerprint.fingerprint(stage(4).path)}
    assert beside <= {"/".join(road) for road in code_fingerprint.sources()}
    assert any(name.endswith("lessons") for name in used)
    assert not beside & used
