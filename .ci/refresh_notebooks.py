"""Run the committed notebooks in order and store their outputs: `make notebooks`.

`python .ci/refresh_notebooks.py notebooks/04_train_test_split.ipynb` does so for those that are
named, after running the stages before them. The run folder is a temporary one, and so is the file
of progress. Only what a reader sees is kept: no times, no widget state, no
version of the interpreter, so that a second refresh changes nothing. After the last stage the
run's ledger, shortened, becomes `data/flights_ledger.json`, which a lab reads.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from conftest import make_stages_before
from helpers.base.places import NOTEBOOKS
from helpers.course.labs.from_notebook_to_production import LEDGER, shortened
from helpers.examples.known import DEFAULT
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def refresh(path: Path) -> None:
    """Execute one notebook and write it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute()
    notebook.metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {k: cell.metadata[k] for k in ("tags", "jupyter") if cell.metadata.get(k)}
    nbformat.write(notebook, path)


def store_ledger(run: Run, file: Path = LEDGER) -> None:
    """The ledger of a finished run for the lab that reads it; where only times differ it stays."""
    new, old = shortened(run.ledger), json.loads(file.read_text(encoding="utf-8"))
    if [line | {"seconds": 0} for line in new] != [line | {"seconds": 0} for line in old]:
        file.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Refresh the notebooks that are named, or all."""
    named = [Path(name).resolve() for name in sys.argv[1:]]
    every = sorted(NOTEBOOKS.glob("*.ipynb")) + sorted(NOTEBOOKS.glob("labs/*.ipynb"))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    with tempfile.TemporaryDirectory() as reports:
        os.environ["PIPELINE_REPORTS"] = reports
        os.environ["PIPELINE_PROGRESS"] = f"{reports}/progress.json"
        os.environ["PIPELINE_SEED"] = "42"  # a learner's own seed; here everyone's
        os.environ["PIPELINE_TRACK"] = "off"
        for path in named or every:
            print(path.name, flush=True)
            make_stages_before(path)
            refresh(path)
            if path == STAGES[-1].path:
                store_ledger(Run(DEFAULT))


if __name__ == "__main__":
    main()
