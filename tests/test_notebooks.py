"""The committed notebooks: shape, stored outputs, and that nbval would catch a change."""

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from helpers.base.places import NOTEBOOKS
from helpers.course.course_table import lines_beside_imports
from helpers.line.notebook_parameters import SET_ELSEWHERE, of_stage, parse_cell
from helpers.line.stage_list import STAGES

PATHS = sorted(NOTEBOOKS.glob("*.ipynb")) + sorted(NOTEBOOKS.glob("labs/*.ipynb"))
STAGE_PATHS = [stage.path for stage in STAGES]
MACHINE_PATH = re.compile(r"(/root/|/home/|/tmp/|/work/|/Users/|[A-Z]:\\\\)")
PORT = re.compile(r"127\.0\.0\.1:\d+|localhost:\d+")


def cells(path, kind=None):
    notebook = nbformat.read(path, as_version=4)
    return [c for c in notebook.cells if kind in (None, c.cell_type)]


def tags(cell):
    return cell.metadata.get("tags", [])


def every(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_every_stage_has_its_notebook():
    assert all(stage.path.exists() for stage in STAGES)


@every(PATHS)
def test_every_code_cell_was_executed_in_order(path):
    counts = [c.execution_count for c in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every(PATHS)
def test_no_output_holds_a_path_a_port_or_an_error(path):
    for cell in cells(path, "code"):
        if "nbval-ignore-output" not in tags(cell):
            text = json.dumps(cell.outputs)
            assert not MACHINE_PATH.search(text)
            assert not PORT.search(text)
        assert not MACHINE_PATH.search(json.dumps(cell.outputs))
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


@every(PATHS)
def test_cells_whose_output_is_not_compared_are_few(path):
    ignored = [c for c in cells(path, "code") if "nbval-ignore-output" in tags(c)]
    assert len(ignored) <= 1


@every(PATHS)
def test_a_cell_is_short_and_never_three_of_code_in_a_row(path):
    in_a_row = 0
    for cell in cells(path):
        if cell.cell_type == "code":
            in_a_row += 1
            if "parameters" not in tags(cell):
                assert lines_beside_imports(cell.source) <= 8, cell.source
        else:
            in_a_row = 0
        assert in_a_row <= 2


def start_of(path) -> ast.Call:
    """The call that opens the stage of a notebook."""
    calls = [n for c in cells(path, "code") for n in ast.walk(tree_of(c))
             if isinstance(n, ast.Call) and ast.unparse(n.func) == "line.start"]  # fmt: skip
    assert len(calls) == 1
    return calls[0]


def tree_of(cell) -> ast.Module:
    lines = [line for line in cell.source.splitlines() if not line.startswith(("%", "!"))]
    return ast.parse("\n".join(lines))


def taken(path) -> set[str]:
    """The parameters that `line.start` takes: all that are declared, or those it is given."""
    call = start_of(path)
    number, run = map(ast.unparse, call.args)
    stage = STAGES[int(number)]
    assert stage.path == path
    if run == "globals()":
        assert call.keywords == []
        return {p.name for p in of_stage(stage)}
    return {run, *(k.arg for k in call.keywords)}


def read_below(path) -> set[str]:
    """The names that cells of the line read beside that call, and items of `work.parameters`."""
    plain = [c for c in cells(path, "code") if not {"parameters", "lesson"} & set(tags(c))]
    nodes = [n for c in plain for n in ast.walk(tree_of(c))]
    opening = {id(n) for c in nodes if isinstance(c, ast.Call)
               and ast.unparse(c.func) == "line.start" for n in ast.walk(c)}  # fmt: skip
    found = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
             and id(n) not in opening}  # fmt: skip
    parts = [n for n in nodes if isinstance(n, ast.Subscript)]
    items = {n.slice.value for n in parts if ast.unparse(n.value) == "work.parameters"}
    return found | items | read_by_helpers(nodes)


def read_by_helpers(nodes: list[ast.AST]) -> set[str]:
    """The texts in modules that read `work.parameters`, of functions that are given `work`."""
    homes = {alias.asname or alias.name: f"{n.module}.{alias.name}" for n in nodes
             if isinstance(n, ast.ImportFrom) for alias in n.names}  # fmt: skip
    given = {ast.unparse(n.func).split(".")[0] for n in nodes if isinstance(n, ast.Call)
             and "work" in map(ast.unparse, n.args)}  # fmt: skip
    modules = [importlib.import_module(homes[name]) for name in given & homes.keys()]
    sources = [source for m in modules if "work.parameters" in (source := inspect.getsource(m))]
    return {n.value for source in sources for n in ast.walk(ast.parse(source))
            if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # fmt: skip


@every(STAGE_PATHS)
def test_every_parameter_has_a_type_a_comment_and_is_read_below(path):
    stage = next(s for s in STAGES if s.path == path)
    declared = {p.name for p in of_stage(stage)}
    for parameter in of_stage(stage):
        assert parameter.type in ("str", "int", "float", "bool")
        assert parameter.help
    assert declared == taken(path)
    assert declared - {"run"} <= read_below(path)


@every(PATHS)
def test_papermill_can_read_every_parameter(path):
    from papermill.inspection import inspect_notebook

    found = inspect_notebook(str(path))
    declared = [c.source for c in cells(path, "code") if "parameters" in tags(c)]
    names = re.findall(r"^(\w+):", "\n".join(declared), re.MULTILINE)
    assert list(found) == names
    assert all(parameter["help"] for parameter in found.values())


def test_a_parameter_means_the_same_wherever_it_stands():
    seen = {}
    for stage in STAGES:
        for parameter in of_stage(stage):
            if parameter.name not in SET_ELSEWHERE:
                assert seen.setdefault(parameter.name, parameter) == parameter


def test_the_exploration_names_its_parameters_and_reads_each():
    path = NOTEBOOKS / "explore.ipynb"
    declared = next(c.source for c in cells(path, "code") if "parameters" in tags(c))
    source = "\n".join(c.source for c in cells(path, "code") if "parameters" not in tags(c))
    known = parse_cell(declared)
    assert [p.name for p in known] == ["data", "query", "target", "against", "run"]
    assert all(p.help and re.search(rf"\b{p.name}\b", source) for p in known)


@every(STAGE_PATHS)
def test_what_a_report_shows_of_another_table_makes_sense_alone(path):
    plain = [c for c in cells(path, "markdown") if "lesson" not in tags(c)]
    text = "\n".join(c.source for c in plain)
    if path.name != "00_start_here.ipynb":
        assert "flight" not in text.lower()
        assert text.startswith("# ")
    answers = [c for c in cells(path) if "answer" in tags(c)]
    assert [c.cell_type for c in answers] == ["markdown", "code"]


@every(PATHS)
def test_a_notebook_is_small(path):
    assert path.stat().st_size < 500_000


@pytest.mark.slow
def test_nbval_turns_red_when_one_stored_number_is_changed(tmp_path):
    """In that cell, and in no other: compared as `make test` does, with the root's conftest."""
    notebook = nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    [(number, cell)] = [(n, c) for n, c in enumerate(code) if 'print(f"training set' in c.source]
    stored = cell.outputs[0].text
    cell.outputs[0].text = stored.replace("1.000", "0.990", 1)
    assert cell.outputs[0].text != stored
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider",
               "--nbval", "-q", "."]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(NOTEBOOKS.parent)},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-2000:]
    assert re.findall(r"^FAILED (\S+ \d+)", done.stdout, re.M) == [f"changed.ipynb::Cell {number}"]
    assert "0.990" in done.stdout
