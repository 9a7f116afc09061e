"""Tests never touch the user's runs, and any one notebook passes alone.

Runs are kept in a temporary folder (PIPELINE_REPORTS). Before the
first cell of a notebook is compared, the stages before it are run, unless they have run already:
when all notebooks are compared in order, each makes what the next one needs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest


def pytest_configure(config):
    # Figures as SVG are left out of the comparison, as nbval leaves out PNGs: their bytes depend
    # on the machine.
    if hasattr(config.option, "nbval_sanitize_with") and not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests/sanitize.cfg")
    if getattr(config.option, "nbval", False) or getattr(config.option, "nbval_lax", False):
        from nbval import plugin

        from tests.watched_kernel import WatchedKernel

        plugin.RunningKernel = WatchedKernel
    config.reports = tempfile.mkdtemp(prefix="pipeline-tests-")
    os.environ["PIPELINE_REPORTS"] = config.reports
    os.environ["PIPELINE_PROGRESS"] = str(Path(config.reports) / "progress.json")
    os.environ["PIPELINE_SEED"] = "42"  # a learner's own seed; here everyone's
    os.environ["PIPELINE_TRACK"] = "off"  # a command need not pay for MLflow where it is not asked
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # silences a debugger's warning
    import helpers  # noqa: F401 - its thread settings hold for the kernels as well


def pytest_unconfigure(config):
    shutil.rmtree(config.reports, ignore_errors=True)


def pytest_runtest_setup(item):
    if item.path.suffix == ".ipynb":
        make_stages_before(item.path)


def make_stages_before(notebook: Path) -> None:
    """Run the stages of the flights before a notebook's own that have not run yet."""
    from helpers.line.stage_list import STAGES

    number = next((s.number for s in STAGES if s.path == notebook), 0)
    make_stages(range(1, number))


def make_stages(numbers) -> None:
    """Run those stages of the flights that have not run yet."""
    from helpers.examples.known import DEFAULT
    from helpers.line.run_folder import Run
    from helpers.run.run_request import Request
    from helpers.run.runner import run_line

    missing = [str(n) for n in numbers if Run(DEFAULT).line_of(n) is None]
    if missing:
        run_line(Request(stages=",".join(missing)), say=lambda _: None)


@pytest.fixture(scope="session")
def flights_run():
    """The run of the flights with all its stages."""
    from helpers.examples.known import DEFAULT
    from helpers.line.run_folder import Run

    make_stages(range(1, 9))
    return Run(DEFAULT)
