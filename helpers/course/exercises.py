"""Exercise notebooks are made from solution notebooks: `make exercises`.

A solution notebook in `notebooks/solutions/` is written by hand. Its exercise, of the same name in
`notebooks/exercises/`, is never edited: it is the same but for the answers. Between the lines

    ### BEGIN SOLUTION
    ### END SOLUTION

all is taken out. What is left returns `...` in a function, and elsewhere assigns `...` to what the
last of the lines defines, or to the names that follow the first mark after a colon, as in
`### BEGIN SOLUTION: app`. Literals after `answer=` and `guess=` in calls of `lessons` are emptied.
Before each check that is to be computed stands an empty cell to try things in.
"""

from __future__ import annotations

import ast
import re
import sys

import nbformat

from ..base.places import NOTEBOOKS, REPOSITORY
from .grading import Compute
from .questions import QUESTIONS

SOLUTIONS, EXERCISES = NOTEBOOKS / "solutions", NOTEBOOKS / "exercises"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
ASKING = ("check", "guess")  # functions of `lessons` whose answers are taken out
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
BLOCK = re.compile(rf"^( *){BEGIN}(?:: (.*?))?\n(.*?)^ *{END}(\n|\Z)", re.MULTILINE | re.DOTALL)
SCRATCH = "# try it here"


def exercise_of(notebook):
    """The notebook without its answers, outputs and execution counts; cells keep their ids."""
    cells = [_emptied(c) for cell in notebook.cells for c in (*_scratch_before(cell), cell)]
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.from_dict({**notebook, "cells": cells, "metadata": metadata})


def _scratch_before(cell) -> list:
    """A cell to try things in, before one with a check that is to be computed."""
    asked = re.findall(r'lessons\.check\(\s*"([^"]+)"', cell.source)
    computed = any(isinstance(QUESTIONS.get(name), Compute) for name in asked)
    return [nbformat.v4.new_code_cell(SCRATCH, id=f"{cell.id}-try")] if computed else []


def _emptied(cell) -> dict:
    kept = {"cell_type": cell.cell_type, "id": cell.id, "metadata": cell.metadata}
    if cell.cell_type != "code":
        return {**kept, "source": cell.source}
    source = without_answers(cell.source)
    return {**kept, "source": source, "execution_count": None, "outputs": []}


def without_answers(source: str) -> str:
    """A cell's code without what a learner is to write.

    >>> print(without_answers('lessons.check("split.latest", answer="a")'))
    lessons.check("split.latest", answer="")
    >>> print(without_answers("def half(x):\\n    ### BEGIN SOLUTION\\n    return x / 2\\n"
    ...                       "    ### END SOLUTION"))
    def half(x):
        return ...  # your code
    >>> print(without_answers("### BEGIN SOLUTION\\na = 1\\n### END SOLUTION\\nguess('', guess=a)"))
    a = ...  # your code
    guess('', guess=a)
    """
    return _without_keywords(BLOCK.sub(_stub, source)).rstrip("\n")


def _stub(block: re.Match) -> str:
    indent, named, lines, ending = block.groups()
    if indent:
        return f"{indent}return ...  # your code{ending}"
    names = named.split(", ") if named else _names_given(ast.parse(lines).body[-1])
    if not names:
        raise ValueError(f"A solution ends by giving a name something; this does not:\n{lines}")
    return "\n".join(f"{name} = ...  # your code" for name in names) + ending


def _names_given(statement: ast.stmt) -> list[str]:
    """The names that a statement gives something; none where it does something else."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]


def _without_keywords(source: str) -> str:
    """Calls of `lessons` without literal answers: an empty text for a text, None for others."""
    lines = source.splitlines(keepends=True)
    begins = [sum(len(line.encode()) for line in lines[:n]) for n in range(len(lines))]
    raw = source.encode()
    values = sorted(_literal_answers(source), key=lambda v: (v.lineno, v.col_offset), reverse=True)
    for value in values:  # from the last one on, so that places before it stay as they are
        start = begins[value.lineno - 1] + value.col_offset
        end = begins[value.end_lineno - 1] + value.end_col_offset
        is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        raw = raw[:start] + (b'""' if is_text else b"None") + raw[end:]
    return raw.decode()


def _literal_answers(source: str) -> list[ast.expr]:
    """What calls of `lessons` are given as answers, but for names: emptied where they are made."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    asking = [call for call in calls if getattr(call.func, "attr", "") in ASKING]
    values = [k.value for call in asking for k in call.keywords if k.arg in ("answer", "guess")]
    return [v for v in values if not any(isinstance(n, ast.Name) for n in ast.walk(v))]


def written(notebook) -> str:
    """A notebook as the text of its file."""
    return nbformat.writes(notebook) + "\n"


def main() -> None:
    """Make every exercise from its solution; tidy the solutions (no outputs are kept)."""
    EXERCISES.mkdir(exist_ok=True)
    sources = sorted(SOLUTIONS.glob("*.ipynb"))
    for path in sources:
        solution = nbformat.read(path, as_version=4)
        path.write_text(written(tidied(solution)), encoding="utf-8")
        (EXERCISES / path.name).write_text(written(exercise_of(solution)), encoding="utf-8")
    for stale in {p.name for p in EXERCISES.glob("*.ipynb")} - {p.name for p in sources}:
        (EXERCISES / stale).unlink()
    sys.stdout.write(f"{len(sources)} exercises made in {EXERCISES.relative_to(REPOSITORY)}\n")


def tidied(notebook):
    """A solution as it is kept: no outputs, no execution counts, the kernel's plain name."""
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    return notebook


if __name__ == "__main__":
    main()
