"""Running the line: each notebook by papermill, its page, the front page; one line of progress."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import parameters, report, tables
from .errors import InputError
from .line import FLIGHTS, STAGES, Run, Stage, parse_stages, reports_folder, versions

KERNEL = "python3"
EXPLORATION = range(1, 4)  # the stages that need no target


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


def run_line(request: Request, say=print) -> Run:
    """Run the stages that were asked for; returns the run.

    `say` gets one line of text a stage. Raises InputError for a request or data that can't be
    used (the run is left as it was), StageError when a notebook broke.
    """
    run = Run(request.name or _name_for(request.data or FLIGHTS))
    request = _complete(request, run)
    data = _whole_address(request.data)
    stages = _stages(request, run, data)
    values = parameters.read_settings(list(request.settings), stages)
    values |= {"run": run.name, "data": data, "query": request.query, "target": request.target}
    with _alone(run):
        existed = run.path.exists()
        _refuse_other_source(run, data, request.force)
        try:
            for position, stage in enumerate(stages, start=1):
                _run_stage(run, stage, values, f"{position}/{len(stages)}", say)
        except InputError:
            if not existed and not run.ledger:  # nothing was made: leave nothing behind
                shutil.rmtree(run.path, ignore_errors=True)
            raise
    return run


def _complete(request: Request, run: Run) -> Request:
    """A run that exists keeps its source and target where none are given."""
    about = run.about
    if not request.data and about:
        request = replace(request, data=about["address"], query=request.query or about["query"])
    request = replace(request, data=request.data or FLIGHTS)
    if not request.target and about.get("address") == request.data:
        request = replace(request, target=about["target"])
    return request


def _name_for(data: str) -> str:
    if data == FLIGHTS:
        return FLIGHTS
    stem = Path(tables.shown(data)).stem
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem).strip("_-")
        or "table"
    )


def _whole_address(data: str) -> str:
    """A path is made absolute, so that a kernel finds it from any folder; checked at once."""
    if data == FLIGHTS or not tables.is_path(data):
        tables.refuse_pasted_password(data)
        return data
    path = Path(data).expanduser()
    if not path.exists():
        tables.read_table(data)  # says what is missing, and what can be given
    return str(path.resolve())


def _stages(request: Request, run: Run, data: str) -> list[Stage]:
    target = request.target or (FLIGHTS if data == FLIGHTS else "")
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
    last = len(STAGES) if target else EXPLORATION.stop
    return [s for s in STAGES[:last] if data == FLIGHTS or not s.lesson]


def _refuse_other_source(run: Run, data: str, force: bool) -> None:
    made_from = run.about.get("address", data)
    if made_from != data and not force:
        raise InputError(
            f"The run '{run.name}' was made from {tables.shown(made_from)}, not from "
            f"{tables.shown(data)}. Give another --name, or --force to write over it."
        )


@contextmanager
def _alone(run: Run):
    """Hold the run for this process; refuse when another one holds it."""
    from filelock import FileLock, Timeout

    folder = reports_folder() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{run.name}.lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"The run '{run.name}' is in use by another command: wait until it has finished, or "
            f"give this one another --name."
        ) from None


def _run_stage(run: Run, stage: Stage, values: dict, place: str, say) -> None:
    began = time.perf_counter()
    known = {p.name for p in parameters.of_stage(stage)}
    given = {name: value for name, value in values.items() if name in known}
    about_flights = values["data"] == FLIGHTS if stage.number <= 1 else run.is_flights
    try:
        notebook = _execute(run, stage, given, place, about_flights)
    except StageError as error:
        _write_failure(run, stage, str(error))
        report.write_front_page(run)
        raise
    _keep_notebook(run, stage, notebook)
    report.write_stage_page(run, stage, notebook)
    entry = run.line_of(stage.number)
    run.enter(entry | {"seconds": round(time.perf_counter() - began, 1)})
    report.write_front_page(run)
    say(f"{place}  {stage.title:<20} {time.perf_counter() - began:5.1f} s  {entry['headline']}")


def _execute(run: Run, stage: Stage, values: dict, place: str, about_flights: bool):
    """The executed notebook; without the lessons when the table is not the one they are about."""
    import nbformat
    import papermill

    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # silences a debugger's warning
    notebook = nbformat.read(stage.path, as_version=4)
    if not about_flights:
        notebook.cells = [c for c in notebook.cells if "lesson" not in c.metadata.get("tags", [])]
    draft = run.file(f"notebooks/.{stage.notebook}.source.ipynb")
    executed = run.file(f"notebooks/.{stage.notebook}.draft.ipynb")
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        nbformat.write(notebook, draft)
        return papermill.execute_notebook(
            draft,
            executed,
            parameters=values,
            kernel_name=KERNEL,
            extra_arguments=[
                "--log-level=CRITICAL"
            ],  # else each kernel warns of plain loopback TCP
            request_save_on_cell_execute=False,
            progress_bar={
                "desc": f"{place} {stage.title}",
                "leave": False,
                "disable": not sys.stderr.isatty(),
            },
        )
    except papermill.PapermillExecutionError as error:
        if error.ename == "InputError":
            raise InputError(error.evalue) from None
        _write_failed_page(run, stage, executed)
        raise StageError(
            f"Stage {stage.number} ({stage.title}) failed in cell {error.exec_count}: "
            f"{error.ename}: {error.evalue}"
        ) from None
    finally:
        draft.unlink(missing_ok=True)
        executed.unlink(missing_ok=True)


def _keep_notebook(run: Run, stage: Stage, notebook) -> None:
    import nbformat

    with run.replacing(f"notebooks/{stage.notebook}.ipynb") as draft:
        nbformat.write(notebook, draft)


def _write_failed_page(run: Run, stage: Stage, executed: Path) -> None:
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    _keep_notebook(run, stage, notebook)
    report.write_stage_page(run, stage, notebook)


def _write_failure(run: Run, stage: Stage, message: str) -> None:
    run.withdraw(stage.number)
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
            "inputs": {},
            "outputs": {},
            "versions": versions(),
            "seconds": 0.0,
        }
    )
