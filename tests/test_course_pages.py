"""The course as pages to read: they are what the notebooks hold, small, and need nothing else."""

import re
from base64 import b64encode

import nbformat
import pytest

from helpers.base.places import REPOSITORY
from helpers.course import course_pages, course_table
from helpers.course.course_pages import EMBEDDED, page_of, pages, plain_html, write_pages
from helpers.line.stage_list import STAGES

FOLDER = REPOSITORY / "docs" / "course"
PNG = b"\x89PNG and so on"


@pytest.mark.parametrize("name", pages())
def test_a_page_is_what_its_notebook_holds(name):
    page = page_of(pages()[name])
    assert (FOLDER / name).read_text(encoding="utf-8") == page.text, "run `make course-pages`"
    assert all((FOLDER / picture).exists() for picture in page.pictures)
    assert "<style" not in page.text and "<script" not in page.text
    assert not EMBEDDED.search(page.text) and not re.search(r"(/root/|/home/|/tmp/)", page.text)


def test_there_is_nothing_else_and_it_is_small():
    wanted = {"README.md": 0, **pages()}
    wanted |= {picture: 0 for path in pages().values() for picture in page_of(path).pictures}
    there = [file for file in FOLDER.rglob("*") if file.is_file()]
    assert {file.relative_to(FOLDER).as_posix() for file in there} == set(wanted)
    assert sum(file.stat().st_size for file in there) < 2_500_000
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == course_pages.contents()
    assert all(f"]({name})" in course_pages.contents() for name in pages())


def test_pages_are_written_once_and_what_belongs_to_none_goes(tmp_path):
    (tmp_path / "old.md").write_text("gone")
    made = write_pages(tmp_path)
    assert not (tmp_path / "old.md").exists() and all((tmp_path / name).exists() for name in made)


def test_every_kind_of_output_is_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(course_pages, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()
    new = nbformat.v4
    shown = [
        new.new_output("execute_result", {"text/markdown": "*Late.*"}, execution_count=1),
        new.new_output("display_data", {"image/png": b64encode(PNG).decode()}),
        new.new_output("display_data", {"text/html": "<p class='a'>A\n\n</p>"}),
        new.new_output("stream", text="printed\n"),
    ]
    path = tmp_path / "notebooks" / "n.ipynb"
    cells = [new.new_markdown_cell("# N"), new.new_code_cell("1 + 1", outputs=shown)]
    cells.append(new.new_code_cell("run = 1", metadata={"tags": ["parameters"]}))
    nbformat.write(new.new_notebook(cells=cells), path)
    page = page_of(path)
    (picture,) = page.pictures
    assert page.pictures[picture] == PNG
    for part in ("# N", "```python\n1 + 1\n```", "*Late.*", f"]({picture})", "<p>A\n</p>",
                 "```text\nprinted\n```", "<details><summary>Parameters</summary>"):  # fmt: skip
        assert part in page.text


def test_a_table_that_is_too_large_is_left_to_the_notebook():
    assert plain_html("<td>x</td>" * 10_000) == course_pages.TOO_LARGE


# The syllabus


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_notebook_says_what_one_can_do_after_it_and_so_does_the_syllabus(stage):
    said = course_table.objectives(stage.path)
    page = (REPOSITORY / "docs" / "learn.md").read_text(encoding="utf-8")
    assert len(said) == 3 and "; ".join(said) in page, "run `make teaching-table`"


def test_the_hours_are_those_of_notebooks_and_exercises(tmp_path, monkeypatch):
    from helpers.line.run_folder import Run

    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = Run("some")
    reading, practice = course_table.hours(run)
    run.write_json("ledger.json", [{"stage": 4, "seconds": 3600.0}])
    assert course_table.hours(run) == (pytest.approx(reading + 1), practice)
    assert f"**{reading + 1 + practice:.0f} hours**" in course_table.syllabus(run)
