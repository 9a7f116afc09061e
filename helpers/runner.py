"""Running the line: each notebook by papermill, its page, the front page; one line of progress.

A stage whose result still stands is not run again (see `helpers.line.freshness`), and the page of one
stage is made while the next one runs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from . import execution
from .base import addresses, credentials
from .base.files import write_json
from .base.user_errors import InputError
from .examples import known as examples_known
from .execution import WARM
from .line import code_fingerprint, freshness, notebook_files, notebook_parameters
from .line.run_folder import Run, lock
from .line.stage_list import STAGES, Stage, parse_stages
from .line.stage_work import versions
from .pages import front_page, page_parts, stage_page

JUMP = 1.0  # seconds by which the wall clock may be off a steady one before it counts as set
KEPT = "kept"  # what stands in place of the seconds of a stage that stands


class StageError(Exception):
    """A notebook's cell raised: which stage, and what it said."""


@dataclass(frozen=True)
class Request:
    """What `pipeline run` was asked for."""

    data: str = ""
    query: str = ""
    target: str = ""
    name: str = ""
    stages: str = ""
    settings: tuple[str, ...] = ()
    force: bool = False
    kernels: str = WARM
    track: bool = False


def run_line(request: Request, say=print, warn=None) -> Run:
    """Run the stages that were asked for, but for those that stand; returns the run.

    `say` gets one line of text a stage, `warn` (else `say`) what went wrong with the tracking,
    which never fails a run. Raises InputError for a request or data that can't be
    used (the run is left as it was), StageError when a notebook broke.
    """
    request = hidden(request)
    run = Run(request.name or name_for(request.data or examples_known.DEFAULT))
    request = complete(request, run)
    known = request.data == run.about.get("address")  # it may be gone: only stage 1 reads it
    data = request.data if known else whole_address(request.data)
    stages = stages_to_run(request, run, data)
    began, worked = time.time(), False
    values = notebook_parameters.read_settings(list(request.settings), stages)
    values |= {"run": run.name, "data": data, "query": request.query, "target": request.target}
    with alone(run):
        existed = run.path.exists()
        refuse_other_source(run, data, request.force)
        try:
            with _Pages(run) as pages:
                for position, stage in enumerate(stages, start=1):
                    place = f"{position}/{len(stages)}"
                    took, headline = _run_or_keep(run, stage, values, request, place, pages)
                    say(f"{place}  {stage.title:<20} {took:>7}  {headline}")
                    if request.track and not worked and took != KEPT and position < len(stages):
                        pages.meanwhile(_prepare_tracking)
                    worked = worked or took != KEPT
        except InputError:
            if not existed and not run.ledger:  # nothing was made: leave nothing behind
                shutil.rmtree(run.path, ignore_errors=True)
            raise
        if request.track and worked:
            _track(run, began, say, warn or say)
    return run


def _prepare_tracking() -> None:
    """Import MLflow and open its store while a notebook runs: that takes longer than logging."""
    from .registry import mlflow_store

    mlflow_store.prepare()


def _track(run: Run, began: float, say, warn) -> None:
    """Log the run to MLflow. Whatever that fails of, the run itself is done."""
    from .registry import champions

    try:
        say(champions.track(run, began))
    except InputError as error:
        warn(f"Not logged to MLflow: {error}")
    except Exception as error:  # noqa: BLE001
        warn(f"Not logged to MLflow: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def hidden(request: Request) -> Request:
    """The request with references in place of the secrets that it holds."""
    data, query = credentials.hide(request.data), credentials.hide(request.query)
    settings = tuple(credentials.hide(text) for text in request.settings)
    return replace(request, data=data, query=query, settings=settings)


def complete(request: Request, run: Run) -> Request:
    """A run that exists keeps its source and target where none are given."""
    about = run.about
    if not request.data and about:
        request = replace(request, data=about["address"], query=request.query or about["query"])
    request = replace(request, data=request.data or examples_known.DEFAULT)
    if not request.target and about.get("address") == request.data:
        before = (run.line_of(1) or {}).get("parameters", {})
        request = replace(request, target=before.get("target", about["target"]))
    return request


def name_for(data: str) -> str:
    """The name of a run that is given none: that of its source.

    >>> name_for("/data/my table.csv")
    'my_table'
    """
    if examples_known.example(data):
        return data
    stem = Path(re.sub("//[^/]*@", "//", addresses.shown(data))).stem
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem).strip("_-")
        or "table"
    )


def whole_address(data: str) -> str:
    """A source as kernels get it: a path made absolute, an address without its secrets.

    Raises InputError for a path where nothing is.
    """
    if examples_known.example(data):
        return data
    if not addresses.is_path(data):
        data = credentials.hide(data)
        addresses.refuse_pasted_password(data)  # and what is no address at all
        return data
    path = addresses.local_path(data)
    if not path.exists():
        from .tables import read_any

        read_any.read_table(data)  # says what is missing, and what can be given
    return str(path.resolve())


def stages_to_run(request: Request, run: Run, data: str) -> list[Stage]:
    example = examples_known.example(data)
    target = request.target or (example.target if example else "")
    lessons = example is not None and example.has_lessons
    if request.stages:
        chosen = parse_stages(request.stages)
        for earlier in range(1, chosen[0].number):
            run.require(earlier)
        if request.target and 1 not in [stage.number for stage in chosen]:
            known = run.about.get("target", "")
            if request.target != known:
                raise InputError(
                    f"--target is read by stage 1, which this run leaves out; run '{run.name}' has "
                    f"the target '{known}'. Include stage 1: --stages 1-{chosen[-1].number}."
                )
        return chosen
    return [s for s in STAGES if (target or not s.needs_target) and (lessons or not s.lesson)]


def refuse_other_source(run: Run, data: str, force: bool = False) -> None:
    """Raise when a run of that name was made from another source."""
    made_from = run.about.get("address", data)
    if credentials.blank(made_from) != credentials.blank(data) and not force:
        raise InputError(
            f"The run '{run.name}' was made from {addresses.shown(made_from)}, not from "
            f"{addresses.shown(data)}. Give another --name, or --force to write over it."
        )


@contextmanager
def alone(run: Run):
    """Hold the run for this process; refuse when another one holds it."""
    from filelock import Timeout

    try:
        with lock(run.name, timeout=0), _signed(run):
            run.clear_drafts()
            yield
    except Timeout:
        raise InputError(
            f"The run '{run.name}' is in use by {_holder(run)}: wait until it has finished, or "
            f"give this one another --name."
        ) from None


@contextmanager
def _signed(run: Run):
    """Say beside the lock who holds it; of a command only its first word, which is no secret."""
    place = _signature(run)
    word = next((w for w in sys.argv[1:2] if w.isalpha()), "")
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    holder = {"pid": os.getpid(), "host": platform.node(), "since": since, "command": word}
    write_json(place, holder)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def _signature(run: Run) -> Path:
    return run.path.parent / ".locks" / f"{run.name}.holder.json"


def _holder(run: Run) -> str:
    """Who holds a run, in words."""
    try:
        who = json.loads(_signature(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it has just begun or ended, or is another kind of command
        return "another command"
    command = f"`pipeline {who['command']}`" if who["command"] else "another command"
    return f"{command} (process {who['pid']} on {who['host']}, since {who['since']})"


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
    about = examples_known.example(values["data"]) if stage.number <= 1 else run.example
    lessons = about is not None and about.has_lessons
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
    used = code_fingerprint.fingerprint(
        stage.path
    )  # before it runs: an edit meanwhile makes it out of date
    began = time.monotonic()
    try:
        notebook = _execute(run, stage, given, kernels, place, lessons)
    except StageError as error:
        _write_failure(run, stage, str(error))
        executed = notebook_files.kept(run, stage.notebook)
        if executed:
            pages.make(stage, executed)
        else:
            pages.meanwhile(lambda: front_page.write_front_page(run))
        raise
    notebook_files.keep(run, stage.notebook, notebook)
    spent = _spent(notebook, run.line_of(stage.number)["opened"], time.monotonic() - began)
    run.amend(stage.number, code=used, spent=spent, seconds=round(sum(spent.values()), 2))
    pages.make(stage, notebook)


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
    cells = sum(end - start for _, start, end in times)
    imports = 0.0
    for source, start, end in times:
        if source.startswith(("import ", "from ")):
            opened_at = datetime.fromisoformat(opened).timestamp()
            imports = min(opened_at, end) - start
            break
    spent = {"kernel": took - cells, "imports": imports, "cells": cells - imports}
    if not all(-JUMP < seconds < took + JUMP for seconds in spent.values()):
        spent = {"kernel": 0.0, "imports": 0.0, "cells": took}
    return {what: round(max(seconds, 0.0), 2) for what, seconds in spent.items()}


def _seconds(cell, name: str) -> float:
    moment = datetime.fromisoformat(cell.metadata.papermill[name])
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _execute(run: Run, stage: Stage, values: dict, kernels: str, place, lessons: bool):
    """The executed notebook; without the lessons when the table is not the one they are about."""
    execution.begin(kernels)
    notebook_files.import_jupyter()
    import nbformat

    notebook = nbformat.read(stage.path, as_version=4)
    if not lessons:
        notebook_files.without(notebook, {"lesson"})
    title = f"{place} {stage.title}"
    try:
        return execution.execute(run, stage.notebook, notebook, values, kernels, title)
    except execution.CellError as error:
        raise StageError(f"Stage {stage.number} ({stage.title}) {error}") from None


def _write_failure(run: Run, stage: Stage, message: str) -> None:
    run.withdraw(stage.number, and_later=True)
    run.enter(
        {
            "stage": stage.number,
            "name": stage.name,
            "verdict": "failed",
            "headline": message,
            "rows_in": 0,
            "rows_out": 0,
            "set_aside": 0,
            "parameters": {},
            "sources": {},
            "inputs": {},
            "outputs": {},
            "identities": {},
            "versions": versions(),
            "seconds": 0.0,
        }
    )
