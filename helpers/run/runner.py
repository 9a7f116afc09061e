"""Running the line: each notebook by papermill, its page, the front page; one line of progress.

A stage whose result still stands is not run again (see `line/freshness.py`), and the page of one
stage is made while the next one runs.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from ..base.user_errors import InputError
from ..examples import known as examples_known
from ..line import (
    code_fingerprint,
    freshness,
    ledger,
    notebook_files,
    notebook_parameters,
    stage_work,
)
from ..line.lesson_cells import LESSON
from ..line.run_folder import Run
from ..line.stage_list import Stage
from ..pages import front_page, page_parts, stage_page
from . import notebook_execution, run_file
from .run_lock import alone
from .run_request import (
    Request,
    complete,
    hidden,
    name_for,
    refuse_other_source,
    stages_to_run,
    whole_address,
    with_encoding,
)

JUMP = 1.0  # seconds by which the wall clock may be off a steady one before it counts as set
KEPT = "kept"  # what stands in place of the seconds of a stage that stands


class StageError(Exception):
    """A notebook's cell raised: which stage, and what it said."""


def run_line(request: Request, say=print, warn=None) -> Run:
    """Run the stages that were asked for, but for those that stand; returns the run.

    `say` gets one line of text a stage, `warn` (else `say`) what went wrong with the tracking,
    which never fails a run. Raises InputError for a request or data that can't be
    used (the run is left as it was), StageError when a notebook broke.
    """
    began = time.time()
    run, request = _made_whole(request)
    stages = stages_to_run(request, run, request.data)
    values = notebook_parameters.read_settings(request.settings, stages, warn or say)
    values |= {name: getattr(request, name) for name in ("data", "query", "target")}
    values |= {"run": run.name}
    with alone(run):
        refuse_other_source(run, request.data, request.force)
        with _nothing_left_behind(run):
            worked = _run_stages(run, request, stages, values, say)
        if request.track and worked:
            _track(run, began, say, warn or say)
    return run


def _made_whole(request: Request) -> tuple[Run, Request]:
    """The run that a request is about, and the request without gaps and without secrets."""
    request = hidden(request)
    run = Run(request.name or name_for(request.data or examples_known.DEFAULT))
    request = with_encoding(complete(request, run), run)
    if request.data != run.about.get("address"):  # a known one may be gone: only stage 1 reads it
        request = replace(request, data=whole_address(request.data))
    return run, request


@contextmanager
def _nothing_left_behind(run: Run):
    """Remove the folder of a run that is refused before anything was made."""
    existed = run.path.exists()
    try:
        yield
    except InputError:
        if not existed and not run.ledger:
            shutil.rmtree(run.path, ignore_errors=True)
        raise


def _run_stages(run: Run, request: Request, stages: list[Stage], values: dict, say) -> bool:
    """Run the stages that do not stand, a line of text for each; whether any had to run."""
    worked = False
    with _Pages(run) as pages:
        for position, stage in enumerate(stages, start=1):
            place = f"{position}/{len(stages)}"
            took, headline = _run_or_keep(run, stage, values, request, place, pages)
            say(f"{place}  {stage.title:<20} {took:>7}  {headline}")
            if position == 1:  # not earlier: a request that is refused leaves the run as it was
                run_file.write(run, request, stages)
            if request.track and not worked and took != KEPT and position < len(stages):
                pages.meanwhile(_prepare_tracking)
            worked = worked or took != KEPT
    return worked


def _prepare_tracking() -> None:
    """Import MLflow and open its store while a notebook runs: that takes longer than logging."""
    from ..registry import mlflow_store

    mlflow_store.prepare()


def _track(run: Run, began: float, say, warn) -> None:
    """Log the run to MLflow. Whatever that fails of, the run itself is done."""
    from ..registry import champions

    try:
        say(champions.track(run, began))
    except InputError as error:
        warn(f"Not logged to MLflow: {error}")
    except Exception as error:  # noqa: BLE001
        warn(f"Not logged to MLflow: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


class _Pages:
    """Makes the pages of a run in a thread of their own, one after the other, as stages finish.

    Leaving it waits for the last; what broke in it is raised then.
    """

    def __init__(self, run: Run):
        self._run, self._thread, self._made = run, ThreadPoolExecutor(1), []

    def __enter__(self) -> _Pages:
        return self

    def __exit__(self, *_) -> None:
        self._thread.shutdown(wait=True)
        for made in self._made:
            made.result()

    def make(self, stage: Stage, notebook) -> None:
        """Make a stage's page, put its cost into the ledger, then make the front page anew."""
        notebook_files.import_jupyter()
        stage_page.prepare()
        self._made.append(self._thread.submit(self._make, stage, notebook))

    def meanwhile(self, work: Callable[[], None]) -> None:
        """Do other work in the thread of the pages, when they are made."""
        self._made.append(self._thread.submit(work))

    def _make(self, stage: Stage, notebook) -> None:
        began = time.perf_counter()
        stage_page.write_stage_page(self._run, stage, notebook)
        spent = (self._run.line_of(stage.number) or {}).get("spent", {})
        spent |= {"html": round(time.perf_counter() - began, 2)}
        self._run.amend(stage.number, spent=spent, seconds=round(sum(spent.values()), 2),
                        page=page_parts.stamp())  # fmt: skip
        front_page.write_front_page(self._run)


def _run_or_keep(run, stage: Stage, values: dict, request: Request, place, pages) -> tuple:
    """Run a stage unless its result still stands; how long it took, and its headline."""
    given = _given(stage, values)
    stands = not request.force and not freshness.reasons(run, stage, given)
    if stands and _keep_page(run, stage, pages):
        return KEPT, run.line_of(stage.number)["headline"]
    began = time.perf_counter()
    lessons = stage_work.has_lessons(run, stage, given)
    _run_stage(run, stage, given, request.kernels, place, lessons, pages)
    return f"{time.perf_counter() - began:.1f} s", run.line_of(stage.number)["headline"]


def _given(stage: Stage, values: dict) -> dict:
    known = {p.name for p in notebook_parameters.of_stage(stage)}
    return {name: value for name, value in values.items() if name in known}


def _keep_page(run: Run, stage: Stage, pages: _Pages) -> bool:
    """Keep the page of a stage that stands; make it anew when it is missing or looks otherwise.

    False when it can't be made, since the executed notebook is missing too.
    """
    current = run.line_of(stage.number).get("page") == page_parts.stamp()
    if current and run.file(stage.report).exists() and run.file("index.html").exists():
        return True
    if not run.file(f"notebooks/{stage.notebook}.ipynb").exists():
        return False
    pages.make(stage, notebook_files.kept(run, stage.notebook))
    return True


def _run_stage(run, stage: Stage, given: dict, kernels, place, lessons: bool, pages) -> None:
    # before: an edit meanwhile makes it outdated
    used = code_fingerprint.fingerprint(stage.path, lessons=lessons)
    began = time.monotonic()
    try:
        notebook = _execute(run, stage, given, kernels, place, lessons)
    except StageError as error:
        _show_failure(run, stage, str(error), pages)
        raise
    notebook_files.keep(run, stage.notebook, notebook)
    spent = _spent(notebook, run.line_of(stage.number)["opened"], time.monotonic() - began)
    run.amend(stage.number, code=used, spent=spent, seconds=round(sum(spent.values()), 2))
    pages.make(stage, notebook)


def _show_failure(run: Run, stage: Stage, message: str, pages) -> None:
    """Enter the failure into the ledger, and make the page of what ran, or the front page."""
    _write_failure(run, stage, message)
    executed = notebook_files.kept(run, stage.notebook)
    if executed:
        pages.make(stage, executed)
    else:
        pages.meanwhile(lambda: front_page.write_front_page(run))


def _spent(notebook, opened: str, took: float) -> dict[str, float]:
    """The seconds of a stage: starting and stopping the kernel, importing, the cells' own work.

    A notebook opens its stage right after its imports, in the same cell; where that comes later
    (the first one), the whole cell of the imports counts. Where somebody set the clock meanwhile,
    the moments of the cells say nothing: all that it took is theirs.
    """
    times = [
        (cell.source, _seconds(cell, "start_time"), _seconds(cell, "end_time"))
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.papermill.get("start_time")
    ]
    cells, imports = sum(end - start for _, start, end in times), _imports(times, opened)
    spent = {"kernel": took - cells, "imports": imports, "cells": cells - imports}
    if not all(-JUMP < seconds < took + JUMP for seconds in spent.values()):
        spent = {"kernel": 0.0, "imports": 0.0, "cells": took}
    return {what: round(max(seconds, 0.0), 2) for what, seconds in spent.items()}


def _imports(times: list[tuple[str, float, float]], opened: str) -> float:
    """The seconds of the cell that imports, until it opened its stage."""
    for source, start, end in times:
        if source.startswith(("import ", "from ")):
            return min(datetime.fromisoformat(opened).timestamp(), end) - start
    return 0.0


def _seconds(cell, name: str) -> float:
    moment = datetime.fromisoformat(cell.metadata.papermill[name])
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _execute(run: Run, stage: Stage, values: dict, kernels: str, place, lessons: bool):
    """The executed notebook; without the lessons when the table is not the one they are about."""
    notebook_execution.begin(kernels)
    notebook_files.import_jupyter()
    import nbformat

    notebook = nbformat.read(stage.path, as_version=4)
    if not lessons:
        notebook_files.without(notebook, {LESSON})
    title = f"{place} {stage.title}"
    try:
        return notebook_execution.execute(run, stage.notebook, notebook, values, kernels, title)
    except notebook_execution.CellError as error:
        raise StageError(f"Stage {stage.number} ({stage.title}) {error}") from None


def _write_failure(run: Run, stage: Stage, message: str) -> None:
    ledger.withdraw(run, stage.number, and_later=True)
    ledger.enter(run, ledger.line(stage, ledger.FAILED, message))
