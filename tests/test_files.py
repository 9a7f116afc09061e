"""Files written whole: a reader sees the old content or the new, never half of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import helpers
from helpers.base import files

PACKAGE = Path(helpers.__file__).parent
# Modules that rename by themselves, each for a reason of its own
RENAMES = {
    "base/files.py": "the one place",
    "serving/batch_prediction.py": "the draft of the result outlives a failed piece",
    "scale/duckdb_distinct.py": "what DuckDB spills is kept in the draft's folder",
    "serving/parquet_folders.py": "the draft is kept from one command to the next",
    "course/learner_progress.py": "a learner's file is put aside, not written",
    "scale/push_and_pull.py": "a run gives way to another one, and comes back where that fails",
}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_there_whole_or_as_it_was(tmp_path):
    file = tmp_path / "a.txt"
    files.write_text(file, "old")
    with pytest.raises(ValueError), files.replacing(file) as draft:
        draft.write_text("half")
        assert file.read_text() == "old"
        raise ValueError
    assert file.read_text() == "old" and names(tmp_path) == ["a.txt"]
    files.write_json(file, {"rows": 1})
    assert file.read_text() == '{\n "rows": 1\n}\n'


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "made"
    with pytest.raises(ValueError), files.replacing_folder(folder) as draft:
        (draft / "a").write_text("half")
        raise ValueError
    assert names(tmp_path) == []
    with files.replacing_folder(folder) as draft:
        (draft / "a").write_text("whole")
        assert not folder.exists()
    assert (folder / "a").read_text() == "whole" and names(tmp_path) == ["made"]


def test_of_two_who_make_one_folder_the_first_wins(tmp_path):
    folder = tmp_path / "made"
    with files.replacing_folder(folder) as draft:
        (draft / "a").write_text("second")
        folder.mkdir()
        (folder / "a").write_text("first")
    assert (folder / "a").read_text() == "first" and names(tmp_path) == ["made"]


def test_drafts_of_the_dead_are_cleared_and_those_of_the_living_stay(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    theirs, mine = tmp_path / f".a.{ended.pid}.draft", tmp_path / f".b.{os.getpid()}.draft"
    folder = tmp_path / f".c.{ended.pid}.draft"
    (folder / "in").mkdir(parents=True)
    theirs.write_text("")
    mine.write_text("")
    files.clear_drafts(tmp_path)
    assert names(tmp_path) == [mine.name]
    files.delete_drafts(tmp_path)
    assert names(tmp_path) == []


def test_files_are_renamed_and_hashed_in_one_place():
    """Draft-and-rename was in ten modules: a new copy has to say here why it is one."""
    sources = {p.relative_to(PACKAGE).as_posix(): p.read_text() for p in PACKAGE.rglob("*.py")}
    renames = re.compile(
        r"\b(draft|got|file|old|partial|temporary)\w*( / .rows.\))?\.(replace|rename)\(\w"
    )
    found = {name for name, source in sources.items() if renames.search(source)}
    assert found == set(RENAMES)
    of_a_file = re.compile(r"file_digest|sha256\(\w+\.read_bytes")
    digests = {name for name, source in sources.items() if of_a_file.search(source)}
    assert digests == {"base/files.py"}
