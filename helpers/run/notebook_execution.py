"""One notebook, run by papermill in a warm kernel or a stock one, and kept in the run folder."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from ..base.user_errors import InputError
from ..line.notebook_files import import_jupyter, keep
from ..line.run_folder import Run
from .library_warnings import each_warning_once

KERNEL_ARGUMENTS = [
    "--log-level=CRITICAL",  # else each kernel warns of plain loopback TCP
    "--InteractiveShellApp.ignore_cwd=True",  # a user's folder may have its `helpers`
]
KERNEL = "python3"
WARM, STOCK = "warm", "stock"
# Arrow's pool and the C library keep much of what is freed: 300 of 1,000 MB at a million rows.
FREE_AT_ONCE = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_MMAP_THRESHOLD_": "4000000"}
EXPLORING = "exploring"  # a purpose for which kernels import less


class CellError(Exception):
    """A cell of a notebook raised; the text says which, and what it said."""


def begin(kernels: str = WARM, purpose: str = "") -> None:
    """Start the process that imports for the kernels, while this one does other things."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # silences a debugger's warning
    if purpose == EXPLORING:
        for name, value in FREE_AT_ONCE.items():
            os.environ.setdefault(name, value)
    if kernels == WARM:
        from ..kernels.warm_provisioner import warm_up

        warm_up(purpose=purpose)


def execute(run: Run, name: str, notebook, values: dict, kernels: str, title: str):
    """Run a notebook with these parameters; returns it with its outputs.

    Raises InputError where a cell did, CellError when one broke: what ran until then is kept.
    CellError, too, when the kernel was lost, of which no notebook is left.
    """
    begin(kernels)
    import_jupyter()
    draft = run.place(f"notebooks/.{name}.source.ipynb")
    executed = run.file(f"notebooks/.{name}.draft.ipynb")
    try:
        with _cell_errors(run, name, executed):
            done = _run_all_cells(notebook, draft, executed, values, kernels, title)
            return each_warning_once(done)
    finally:
        draft.unlink(missing_ok=True)
        executed.unlink(missing_ok=True)


KERNEL_LOST = (
    "lost its kernel ({}): it was killed, or memory ran out. Run the command again to go on"
)


@contextmanager
def _cell_errors(run: Run, name: str, executed: Path):
    """Turn what papermill raises in a block into an error of ours."""
    import papermill

    try:
        yield
    except papermill.PapermillExecutionError as error:
        raise _cell_error(run, name, executed, error) from None
    except RuntimeError as error:  # nbclient's and our engine's word for a kernel that has gone
        run.file(f"notebooks/{name}.ipynb").unlink(missing_ok=True)  # of an earlier time
        raise CellError(KERNEL_LOST.format(" ".join(str(error).split()))) from None


def _run_all_cells(notebook, draft: Path, executed: Path, values: dict, kernels: str, title: str):
    import nbformat
    import papermill

    nbformat.write(notebook, draft)
    bar = {"desc": title, "leave": False, "disable": not sys.stderr.isatty()}
    kernel = {"kernel_name": KERNEL, "engine_name": kernels, "extra_arguments": KERNEL_ARGUMENTS}
    return papermill.execute_notebook(
        draft, executed, parameters=values, progress_bar=bar,
        request_save_on_cell_execute=False, **kernel,
    )  # fmt: skip


def _cell_error(run: Run, name: str, executed: Path, error) -> Exception:
    """What to raise for an error in a cell; what ran until then is kept, if the cell broke."""
    import nbformat

    if error.ename == "InputError":
        return InputError(error.evalue)
    keep(run, name, each_warning_once(nbformat.read(executed, as_version=4)))
    return CellError(f"failed in cell {error.exec_count}: {error.ename}: {error.evalue}")
