"""The course as a whole: bounds of the notebooks, figures in prose, exercises' tools, copies."""

import ast
import re

import nbformat
import pytest

from helpers.base.places import NOTEBOOKS
from helpers.course import clean_copies, course_table
from helpers.course.course_table import Figures, figures
from helpers.course.exercises import SCRATCH, SOLUTIONS, exercise_of, without_answers
from helpers.course.library_calls import IN_THE_OPEN, Calls, count_calls, used_in_the_open
from helpers.course.questions import GUESSES, QUESTIONS
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from tests.stages.prose_numbers import GUARDS, numbers

PATHS = [stage.path for stage in STAGES]
TAUGHT = [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(NOTEBOOKS.glob("labs/*.ipynb"))]
PROSE = [*TAUGHT, *sorted(SOLUTIONS.glob("*.ipynb"))]

# The bounds of the design for the notebook of a stage, each a lowest and a highest figure.
BOUNDS = {
    "cells": (20, 46),
    "words": (700, 1_700),
    "longest": (1, 8),
    "in_a_row": (1, 2),
    "after_prose": (0.8, 1),
    "checks": (3, 9),
    "library": (15, 200),
}


def every(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def outside(path) -> set[str]:
    """The bounds that a notebook does not keep."""
    counted = figures(path)
    return {
        name for name, (low, high) in BOUNDS.items() if not low <= getattr(counted, name) <= high
    }


@every(PATHS)
def test_a_notebook_keeps_the_bounds(path):
    assert outside(path) == set(), figures(path)


def of_line() -> Calls:
    """The calls of the notebooks of the line together."""
    counted = [figures(stage.path) for stage in STAGES if not stage.lesson]
    return Calls(sum(f.library for f in counted), sum(f.helper for f in counted))


def test_libraries_are_called_at_least_as_often_as_helpers():
    assert of_line().library >= of_line().helper, of_line()


def test_what_the_field_uses_is_used_in_the_open():
    cells = [c.source for path in TAUGHT for c in nbformat.read(path, as_version=4).cells
             if c.cell_type == "code"]  # fmt: skip
    assert set(IN_THE_OPEN) - used_in_the_open(cells) == set()


def test_what_is_counted(tmp_path):
    new = nbformat.v4
    shown = [new.new_output("display_data", data={"text/markdown": "four five"}),
             new.new_output("display_data", data={"image/png": ""}),
             new.new_output("display_data", data={"text/html": "<table></table>"})]  # fmt: skip
    lesson = {"tags": ["lesson"]}
    notebook = new.new_notebook(cells=[
        new.new_markdown_cell("# One two"),
        new.new_code_cell("a = 1\n" * 12, metadata={"tags": ["parameters"]}),
        new.new_code_cell('lessons.check("x.y", answer="")\nlessons.check("x.z")', outputs=shown),
        new.new_code_cell("import pandas as pd\n\npd.Series([1]).mean()", metadata=lesson),
        new.new_code_cell('lessons.guess("x.g", of=1)', metadata=lesson),
        new.new_markdown_cell("three\n<details><summary>Deeper</summary>\n\nmore\n\n</details>"),
        new.new_code_cell('lessons.check("x.y")'),
    ])  # fmt: skip
    nbformat.write(notebook, tmp_path / "n.ipynb")
    assert figures(tmp_path / "n.ipynb") == Figures(
        cells=7, words=4, code_cells=5, longest=2, in_a_row=4, after_prose=0.4, checks=2, guesses=1,
        library=2, helper=0, by_hand=1, seen=6, tables=1, pictures=1,
    )  # fmt: skip


PD = "import pandas as pd\nfrom helpers.course import by_hand\nfrom helpers.pages import show\n"


@pytest.mark.parametrize(
    ("code", "library", "helper"),
    [
        ("flights = by_hand.flights()\nflights.groupby('origin')['late'].mean()", 2, 1),
        ("flights = by_hand.flights()\nflights['origin'].str.strip().replace('a', 'b')", 2, 1),
        ("work = show.start(1)\nwork.read_table('raw')\nwork.finish(1)", 0, 3),
        ("raw = show.start(1).read_table('raw')\nraw.isna().mean().sort_values()", 3, 2),
        ("from sklearn.linear_model import Ridge\nmodel = Ridge()\nmodel.fit(1).score(2)", 3, 0),
        ("from fastapi import FastAPI\napp = FastAPI()\n@app.post('/x')\ndef f(row): pass", 2, 0),
        ("import requests\nrequests.get('x').json().get('rows')", 3, 0),
        ("for a, b in {'x': 1}.items():\n    print(a.upper(), 'x'.join(b))", 0, 0),
        ("a, b = pd.Series([1]), 2\n(a == b).mean()\na.items()\nb.items()", 3, 0),
        ("def f(table):\n    return table.merge(table, validate='m:1')", 1, 0),
        ("%%writefile app.py\npd.Series([1])", 1, 0),
        ("with pd.HDFStore('x') as store:\n    store.get('y')", 2, 0),
        ("show.say(f'{1}'.upper())\nshow.together(show.say('x'))", 0, 3),
    ],
)
def test_calls_of_libraries_and_of_helpers_are_told_apart(code, library, helper):
    assert count_calls([PD, code]) == Calls(library, helper)


def test_the_table_has_a_line_for_each_stage_with_or_without_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = Run("some")
    assert course_table.table(run).count("| not run |") == len(STAGES)
    run.write_json("ledger.json", [{"stage": 4, "seconds": 61.0}])
    assert "| 61 |" in next(r for r in course_table.table(run).splitlines() if r[:5] == "| 4 ·")


@every(PROSE)
def test_no_figure_is_typed_without_a_guard(path):
    cells = nbformat.read(path, as_version=4).cells
    typed = {n for c in cells if c.cell_type == "markdown" for n in numbers(c.source)}
    guarded = set(GUARDS.get(path.stem, {}))
    assert typed - guarded == set(), "say where it comes from in tests/stages/prose_numbers.py"
    assert path in TAUGHT and guarded <= typed or path not in TAUGHT, "guards of nothing"


def test_guards_are_of_notebooks_that_there_are():
    assert set(GUARDS) <= {path.stem for path in PROSE}


def test_every_question_is_asked_in_a_notebook():
    source = "\n".join(c.source for path in TAUGHT for c in nbformat.read(path, as_version=4).cells)
    asked = set(re.findall(r'lessons\.(?:check|guess)\(\s*"([^"]+)"', source))
    assert asked == set(QUESTIONS) | set(GUESSES)


def test_no_notebook_holds_an_answer():
    for path in TAUGHT:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and "lessons." in cell.source:
                assert without_answers(cell.source) == cell.source, path.name


# Magic commands of IPython that are plausible as the name of a parameter
MAGICS = {"run", "time", "load", "save", "store", "edit", "macro", "history", "notebook", "env"}


@every(PROSE)
def test_no_cell_is_taken_for_a_magic_command(path):
    """`run: str = "flights"` alone in a cell is `%run` to IPython; two lines are not."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and len(cell.source.splitlines()) == 1:
            assert re.match(r"\w*", cell.source)[0] not in MAGICS, cell.source


@pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_an_exercise_has_no_answer_left(path):
    made = exercise_of(nbformat.read(path, as_version=4))
    for cell in made.cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert "SOLUTION" not in cell.source and without_answers(cell.source) == cell.source
            assert cell.outputs == [] and cell.execution_count is None


def test_names_after_the_mark_are_what_is_left_to_the_learner():
    source = "### BEGIN SOLUTION: app, model\nfit()\n### END SOLUTION\nask(app, model)"
    left = "app = ...  # your code\nmodel = ...  # your code\nask(app, model)"
    assert without_answers(source) == left


def test_a_check_that_is_to_be_computed_has_a_cell_to_try_things_in_before_it():
    new = nbformat.v4
    cells = [new.new_code_cell(f'lessons.check("{name}", answer=1, of=x)', id=name[-4:])
             for name in ("split.late_share", "split.latest")]  # fmt: skip
    made = exercise_of(new.new_notebook(cells=cells))
    nbformat.validate(made)
    assert [c.id for c in made.cells] == ["hare-try", "hare", "test"]
    assert made.cells[0].source == SCRATCH


def test_a_solution_that_gives_nothing_a_name_is_refused():
    with pytest.raises(ValueError, match="giving a name"):
        without_answers("### BEGIN SOLUTION\nprint(1)\n### END SOLUTION\n")


@every(PATHS)
def test_a_clean_copy_has_headings_and_parameters_and_no_prose_or_answer(path):
    notebook = nbformat.read(path, as_version=4)
    copy = clean_copies.clean_copy(notebook)
    nbformat.validate(copy)
    text = [c.source for c in copy.cells if c.cell_type == "markdown"]
    assert all(line.startswith("#") for t in text for line in t.splitlines() if line)
    heads = re.findall(r"^#+ .+$", "\n".join(c.source for c in notebook.cells
                       if c.cell_type == "markdown"), re.MULTILINE)  # fmt: skip
    assert "\n".join(text).replace("\n\n", "\n").splitlines() == heads
    declared = [c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    code = [c for c in copy.cells if c.cell_type == "code"]
    assert declared == [c.source for c in code if "parameters" in c.metadata.get("tags", [])]
    allowed = ast.Import | ast.ImportFrom | ast.AnnAssign | ast.Expr
    assert all(isinstance(s, allowed) for c in code for s in ast.parse(c.source).body)
    assert all(c.outputs == [] for c in code)
    assert figures(path).checks == sum(c.source.count("lessons.check(") for c in code)


def test_a_copy_that_was_worked_on_is_left_alone(tmp_path):
    made, left = clean_copies.write_copies(tmp_path)
    assert len(made) == len(STAGES) and left == []
    work = tmp_path / made[3]
    work.write_text("my own")
    (tmp_path / made[4]).unlink()
    again, left = clean_copies.write_copies(tmp_path)
    assert again == [made[4]] and len(left) == len(STAGES) - 1 and work.read_text() == "my own"
