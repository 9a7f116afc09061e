"""Lesson cells: no other cell needs them, and on a table without lessons they do not run."""

import ast
import builtins
import os
import subprocess
import symtable
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from sklearn.datasets import load_diabetes

from helpers.base.user_errors import InputError
from helpers.examples import penguins_example
from helpers.line import lesson_cells, stage_work
from helpers.line.lesson_cells import INSTEAD, LESSON, SAID
from helpers.line.notebook_parameters import of_stage
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES

LINE = [stage for stage in STAGES if not stage.lesson]


def code_cells(path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def is_lesson(cell) -> bool:
    return LESSON in cell.metadata.get("tags", [])


def plain(source: str) -> str:
    """The code of a cell without lines that are IPython's alone."""
    return "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))


def names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell gives something, and those that it reads, however deep."""
    given, read, tables = set(), set(), [symtable.symtable(plain(source), "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        own = comprehended(source) if table.get_type() == "module" else set()
        for symbol in table.get_symbols():
            if symbol.get_name() in own:
                continue
            if table.get_type() == "module" or symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                    given.add(symbol.get_name())
                if symbol.is_referenced():
                    read.add(symbol.get_name())
    return given, read


def comprehended(source: str) -> set[str]:
    """Names that a cell gives something in comprehensions alone: from Python 3.12 on they stand
    among the module's."""
    nodes = list(ast.walk(ast.parse(plain(source))))
    targets = [n.target for n in nodes if isinstance(n, ast.comprehension)]
    inside = [n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    within = {n.id for n in inside}
    given = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
             and not any(n is one for one in inside)}  # fmt: skip
    return within - given


def imports(source: str) -> set[str]:
    """The imports of a cell, one text for each name."""
    nodes = [n for n in ast.parse(plain(source)).body if isinstance(n, ast.Import | ast.ImportFrom)]
    return {f"{getattr(n, 'module', '')} {alias.name} {alias.asname or alias.name}"
            for n in nodes for alias in n.names}  # fmt: skip


def borrowed(cells: list) -> set[str]:
    """The names that a lesson gives something and another cell reads, but for equal imports."""
    of_lessons = [c.source for c in cells if is_lesson(c)]
    others = [c.source for c in cells if not is_lesson(c)]
    given = set().union(*(names(source)[0] for source in of_lessons))
    read = set().union(*(names(source)[1] for source in others))
    same = set().union(*map(imports, of_lessons)) & set().union(*map(imports, others))
    return (given & read) - {text.split()[-1] for text in same}


def altered(cells: list) -> set[str]:
    """The names of other cells of which a lesson sets an item or an attribute."""
    own = set().union(*(names(c.source)[0] for c in cells if is_lesson(c)))
    nodes = [n for c in cells if is_lesson(c) for n in ast.walk(ast.parse(plain(c.source)))]
    nodes = [n.value for n in nodes if isinstance(n, ast.Attribute | ast.Subscript)
             and not isinstance(n.ctx, ast.Load)]  # fmt: skip
    return {n.id for n in nodes if isinstance(n, ast.Name)} - own


def every(stages):
    return pytest.mark.parametrize("stage", stages, ids=lambda stage: stage.name)


@every(LINE)
def test_no_other_cell_reads_what_a_lesson_defines(stage):
    assert borrowed(code_cells(stage.path)) == set(), "it would be missing on another table"


@every(LINE)
def test_no_lesson_alters_what_the_line_goes_on_with(stage):
    assert altered(code_cells(stage.path)) == set()


@every(LINE)
def test_lessons_come_after_the_stage_is_open_and_have_a_text_of_their_own(stage):
    cells = code_cells(stage.path)
    opened = next(i for i, c in enumerate(cells) if "line.start(" in c.source)
    assert not any(is_lesson(c) for c in cells[: opened + 1])
    others = {lesson_cells._plain(c.source) for c in cells if not is_lesson(c)}
    assert not others & lesson_cells.lesson_texts(stage.path)


def made(*cells: tuple[str, bool]) -> list:
    new = nbformat.v4.new_code_cell
    return [new(source, metadata={"tags": [LESSON]} if lesson else {}) for source, lesson in cells]


@pytest.mark.parametrize(
    ("lesson", "other", "found"),
    [
        ("mine = 1", "print(mine)", {"mine"}),
        ("mine = 1", "[mine for x in y]", {"mine"}),
        ("mine = 1", "def f():\n    return mine", {"mine"}),
        ("def mine(): pass", "mine()", {"mine"}),
        ("import pandas as pd", "pd.concat([])", {"pd"}),
        ("import pandas as pd", "import pandas as pd\npd.concat([])", set()),
        ("import numpy as pd", "import pandas as pd\npd.concat([])", {"pd"}),
        ("for mine in x: pass", "mine", {"mine"}),
        ("print([mine for mine in x])", "[mine for mine in y]", set()),
        ("%%writefile app.py\nmine = 1", "1", set()),
        ("mine = 1", "mine = 2", set()),
    ],
)
def test_a_borrowed_name_is_found(lesson, other, found):
    assert borrowed(made((lesson, True), (other, False))) == found


def test_an_altered_frame_is_found():
    assert altered(made(("raw['x'] = 1", True))) == {"raw"}
    assert altered(made(("raw = raw.copy()\nraw['x'] = 1", True), ("raw['y'] = 1", False))) == set()


# What IPython does


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """As much of IPython as runs a cell's text through its transformers; runs in a folder."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    manager = TransformerManager()
    found = SimpleNamespace(input_transformers_cleanup=manager.cleanup_transforms)
    found.see = manager.transform_cell
    monkeypatch.setattr(builtins, "get_ipython", lambda: found, raising=False)
    return found


def a_lesson(stage) -> str:
    return next(c.source for c in code_cells(stage.path) if is_lesson(c))


def opened(number: int, **given):
    return stage_work.start(number, defaults(number) | given)


def defaults(number: int) -> dict:
    return {p.name: p.default for p in of_stage(STAGES[number])}


def test_a_lesson_is_skipped_on_another_table_and_comes_back_on_the_flights(shell):
    lesson = a_lesson(STAGES[1])
    opened(1, run="mine", data="mine.csv")
    assert shell.see(lesson) == INSTEAD and shell.see(lesson.replace("\n", "  \n")) == INSTEAD
    assert shell.see(lesson + "\n1") == lesson + "\n1\n", "somebody's own cell"
    assert shell.see("x = 1") == "x = 1\n"
    before = len(shell.input_transformers_cleanup)
    opened(1, run="other", data="other.csv")
    assert len(shell.input_transformers_cleanup) == before, "one at a time"
    opened(1, run="flights")
    assert shell.see(lesson) == lesson + "\n"


def test_a_later_stage_asks_what_the_run_is_about(shell):
    for name, table, skipped in (("mine", "own", True), ("flights", "flights", False)):
        run = Run(name)
        run.write_json("about.json", {"table": table, "target": "y"})
        run.write_json("ledger.json", [{"stage": 1, "verdict": "done"}])
        opened(2, run=name)
        assert (shell.see(a_lesson(STAGES[2])) == INSTEAD) is skipped


def test_the_lesson_before_the_line_is_never_skipped(shell):
    opened(0, run="mine")
    assert len(shell.input_transformers_cleanup) == len(TransformerManager().cleanup_transforms)


def test_the_sentence_is_shown():
    assert eval(INSTEAD).data == SAID


def test_outside_ipython_nothing_is_set(monkeypatch):
    monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    lesson_cells.skip_lessons(STAGES[1].path, True)
    monkeypatch.delattr(builtins, "get_ipython")
    lesson_cells.skip_lessons(STAGES[1].path, True)


# Parameters from a notebook's names


def test_a_stage_takes_the_parameters_that_its_notebook_declares_and_nothing_else(shell):
    work = opened(1, run="mine", data="mine.csv", other=3, sample="500")
    assert work.parameters == defaults(1) | {"run": "mine", "data": "mine.csv", "sample": "500"}
    assert work.run.name == "mine"


def test_a_parameter_without_a_value_is_named(shell):
    with pytest.raises(InputError, match="'data' of stage 1 .* has no value"):
        stage_work.start(1, {"run": "mine"})


# Whole notebooks by the plain command


def penguins(folder: Path) -> tuple[Path, str]:
    table = folder / "penguins.csv"
    table.write_bytes(penguins_example.penguins().read_bytes())
    return table, "Species"


def diabetes(folder: Path) -> tuple[Path, str]:
    table = folder / "diabetes.csv"
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(table, index=False)
    return table, "target"


@pytest.mark.slow
@pytest.mark.parametrize("table", [penguins, diabetes])
def test_every_notebook_runs_on_another_table_by_plain_papermill(tmp_path, table):
    data, target = table(tmp_path)
    given = {1: ["-p", "data", data, "-p", "target", target], 5: ["-p", "trials", "1"]}
    for stage in LINE:
        out = tmp_path / f"{stage.notebook}.ipynb"
        command = [sys.executable, "-m", "papermill", stage.path, out, "-p", "run", "mine"]
        done = subprocess.run(
            command + given.get(stage.number, []), cwd=tmp_path, capture_output=True, text=True,
            timeout=300, env=os.environ | {"PIPELINE_REPORTS": str(tmp_path / "reports")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        lessons = [c for c in code_cells(out) if is_lesson(c)]
        assert lessons and all(SAID in str(c.outputs) for c in lessons), stage.name
