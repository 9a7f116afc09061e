"""The floor: the code of the notebooks in one Python process, its imports done, nothing around it.

`python -m benchmarks.floor name=value …` runs the cells of all stages on the flights and prints
the seconds that they took. What a cell shows is made, figures included, but sent nowhere.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import time

from helpers.examples.known import DEFAULT
from helpers.kernels.fork_server import import_libraries
from helpers.line.notebook_parameters import of_stage, read_settings
from helpers.line.stage_list import STAGES


def main() -> None:
    """Import, then time the cells."""
    import_libraries()
    for module in (
        "lessons",
        "surprises",
        "plots",
        "show",
        *(s.name for s in STAGES if not s.lesson),
    ):
        importlib.import_module(f"helpers.{module}")
    from IPython.core.interactiveshell import InteractiveShell

    values = read_settings(sys.argv[1:], list(STAGES)) | {"run": "floor", "data": DEFAULT}
    shell = InteractiveShell.instance()
    began = time.perf_counter()
    for stage in STAGES:
        shell.reset(new_session=False)
        for source in _cells(stage, values):
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell(source).raise_error()
    print(time.perf_counter() - began)


def _cells(stage, values: dict) -> list[str]:
    """The code cells of a stage, its parameters set."""
    known = {p.name for p in of_stage(stage)}
    given = "\n".join(f"{name} = {value!r}" for name, value in values.items() if name in known)
    cells = json.loads(stage.path.read_text(encoding="utf-8"))["cells"]
    sources = []
    for cell in cells:
        if cell["cell_type"] == "code":
            sources.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", []):
                sources.append(given)
    return sources


if __name__ == "__main__":
    main()
