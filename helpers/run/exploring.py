"""`pipeline explore`: the notebook that explores any table, run on one, and its page."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..base import addresses, credentials
from ..base.places import NOTEBOOKS
from ..line import notebook_files
from ..line.lesson_cells import LESSON
from ..line.run_folder import Run
from ..pages import page_parts, stage_page
from . import notebook_execution
from .run_lock import alone
from .run_request import name_for, refuse_other_source, whole_address

NOTEBOOK = "explore"


@dataclass(frozen=True)
class Question:
    """What `pipeline explore` was asked."""

    source: str
    query: str = ""
    target: str = ""
    against: str = ""
    name: str = ""
    kernels: str = notebook_execution.WARM


def explore(asked: Question) -> Path:
    """Run the notebook on a table and write its page; returns the page's path.

    Raises InputError for what can't be read or used, and leaves nothing behind then; CellError
    when the notebook broke.
    """
    source, against = (whole_address(a) if a else "" for a in (asked.source, asked.against))
    asked = replace(asked, source=source, against=against, query=credentials.hide(asked.query))
    run = Run(asked.name or _name(asked))
    existed = run.path.exists()
    refuse_other_source(run, source)
    notebook_execution.begin(asked.kernels, notebook_execution.EXPLORING)
    notebook_files.import_jupyter()
    with alone(run):
        with _nothing_left_behind(run, existed):
            executed = _executed(run, asked)
        notebook_files.keep(run, NOTEBOOK, executed)
        stage_page.write_exploration(run, executed)
    return run.file(page_parts.EXPLORATION)


@contextmanager
def _nothing_left_behind(run: Run, existed: bool):
    """Delete a new folder of a run where the block raises."""
    try:
        yield
    except BaseException:
        if not existed:
            shutil.rmtree(run.path, ignore_errors=True)
        raise


def _executed(run: Run, asked: Question):
    """The notebook, run on the table."""
    values = {"data": asked.source, "query": asked.query, "target": asked.target,
              "against": asked.against, "run": run.name}  # fmt: skip
    stage_page.prepare()  # while the kernel's libraries are imported
    return notebook_execution.execute(
        run, NOTEBOOK, _notebook(asked), values, asked.kernels, "explore"
    )


def _name(asked: Question) -> str:
    name = name_for(asked.source)
    return f"{name}_against_{name_for(asked.against)}"[:100] if asked.against else name


def _notebook(asked: Question):
    """The notebook under a heading that names the table, without lessons and subjectless parts."""
    import nbformat

    notebook = nbformat.read(NOTEBOOKS / f"{NOTEBOOK}.ipynb", as_version=4)
    unasked = {tag for tag in ("target", "against") if not getattr(asked, tag)}
    heading = f"What is in {addresses.shown(asked.source)}?"
    plain = re.sub(r"([\\`*_{}\[\]<>#|$&])", r"\\\1", heading)
    notebook.cells[0].source = f"# {plain}"  # what a learner is told there is not for a reader
    return notebook_files.without(notebook, unasked | {LESSON})
