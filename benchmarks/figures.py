"""The figures: each function measures one thing and returns raw seconds (or bytes) by side."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from helpers.base.places import NOTEBOOKS
from helpers.line.stage_list import STAGES

from .measure import alternating, peak_memory, python, run, seconds_of

# Overheads are differences of two times: on fewer rows they are not lost in the noise of the work.
QUICK = ("sample=4000", "trials=1")
KERNEL = {"name": "python3", "display_name": "Python 3"}
PIPELINE = ("-m", "helpers", "run")


def per_notebook(rounds: int) -> dict:
    """From the call to the first cell of own work, and from that cell's end to the return."""
    import nbformat
    import papermill

    from helpers.kernels import warm_provisioner

    warm_provisioner.warm_up()
    imports = (
        "import pandas as pd\nfrom helpers.clean import clean_rows\nfrom helpers.pages import show"
    )
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (imports, "None")]

    def once(engine: str | None, folder: Path) -> float:
        began = time.time()
        papermill.execute_notebook(
            folder / "in.ipynb", folder / "out.ipynb", engine_name=engine, progress_bar=False,
            extra_arguments=["--log-level=CRITICAL"], language="python",
        )  # fmt: skip
        return time.time() - began

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(notebook, folder / "in.ipynb")
        once("warm", folder)  # waits for the fork server, whose cost the whole run counts
        sides = {"warm": lambda: once("warm", folder), "stock": lambda: once(None, folder)}
        return alternating(sides, max(rounds, 9))


def whole_run(rounds: int) -> dict:
    """The flights by `pipeline run`, by stock papermill and nbconvert, and the floor; few rows."""
    return _three_ways(rounds, QUICK)


def whole_run_default(rounds: int) -> dict:
    """The same on the 40,000 rows of the default."""
    return _three_ways(rounds, ())


def _three_ways(rounds: int, settings: tuple[str, ...]) -> dict:
    sets = [word for setting in settings for word in ("--set", setting)]

    def line() -> float:
        with fresh_reports() as reports:
            return seconds_of(python(*PIPELINE, *sets), PIPELINE_REPORTS=reports)

    def floor() -> float:
        with fresh_reports() as reports:
            command = python("-m", "benchmarks.floor", *settings)
            return float(run(command, PIPELINE_REPORTS=reports).split()[-1])

    def stock() -> float:
        with fresh_reports() as reports:
            return _stock(settings, reports)

    return alternating({"line": line, "stock": stock, "floor": floor}, rounds)


def _stock(settings: tuple[str, ...], reports: str) -> float:
    """Each notebook by the commands `papermill` and `jupyter nbconvert`, one after the other."""
    from helpers.line.notebook_parameters import of_stage

    seconds = 0.0
    given = dict(setting.split("=") for setting in settings)
    for stage in STAGES:
        out = Path(reports) / f"{stage.notebook}.ipynb"
        asked = [
            word
            for p in of_stage(stage)
            if p.name in given
            for word in ("-r" if p.type == "str" else "-p", p.name, given[p.name])
        ]
        command = python("-m", "papermill", stage.path, out, "--no-progress-bar", *asked)
        seconds += seconds_of(command, PIPELINE_REPORTS=reports)
        convert = python("-m", "jupyter", "nbconvert", "--to", "html", out)
        seconds += seconds_of(convert, PIPELINE_REPORTS=reports)
    return seconds


def nothing_changed(rounds: int) -> dict:
    """`pipeline run` on the flights when nothing has changed since the last one."""
    with fresh_reports() as reports:
        run(python(*PIPELINE), PIPELINE_REPORTS=reports)
        again = lambda: seconds_of(python(*PIPELINE), PIPELINE_REPORTS=reports)  # noqa: E731
        return alternating({"again": again}, rounds)


def start(rounds: int) -> dict:
    """Importing the package, and the command's help; interpreter start included."""
    sides = {
        "import helpers": lambda: seconds_of(python("-c", "import helpers")),
        "pipeline --help": lambda: seconds_of(python("-m", "helpers", "--help")),
        "python alone": lambda: seconds_of(python("-c", "pass")),
    }
    return alternating(sides, max(rounds, 9))


def nbval(rounds: int) -> dict:
    """nbval over all committed notebooks."""
    base = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", NOTEBOOKS)
    sides = {
        "warm": lambda: seconds_of([*base, "--nbval-kernel-name", "warm"]),
        "stock": lambda: seconds_of(base),
    }
    return alternating(sides, rounds)


def full_data(rounds: int) -> dict:
    """All 336,776 flights through all stages: seconds and bytes."""
    found = {"seconds": [], "bytes": []}
    for _ in range(rounds):
        with fresh_reports() as reports:
            command = python(*PIPELINE, "--set", "sample=all")
            seconds, held = peak_memory(command, PIPELINE_REPORTS=reports)
        found["seconds"].append(seconds)
        found["bytes"].append(held)
        print(f"  {seconds:.0f} s, {held / 1e9:.2f} GB", flush=True)
    return found


def make_test(rounds: int) -> dict:
    """`make test` from a ready .venv."""
    return alternating({"make test": lambda: seconds_of(["make", "test"])}, rounds)


@contextmanager
def fresh_reports():
    """The path of a folder for runs that is empty, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield os.fspath(name)


FIGURES = {
    f.__name__: f
    for f in (per_notebook, start, nothing_changed, whole_run, nbval, full_data,
              whole_run_default, make_test)
}  # fmt: skip
