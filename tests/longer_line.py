"""A copy of the project with a stage more, to see who is built from the description of the line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.base.places import NOTEBOOKS, REPOSITORY
from helpers.line.stage_list import STAGES

NUMBER = len(STAGES)
NAME, TITLE, NOTEBOOK = "bill", "Billing", f"{NUMBER:02}_billing"
STAGE = f"""    Stage(
        number={NUMBER},
        name="{NAME}",
        title="{TITLE}",
        notebook="{NOTEBOOK}",
        asks="What does it earn?",
        reads=("metrics.json",),
        writes=("bill.json",),
        needs_target=True,
    ),
)"""
CELLS = {
    "parameters": [
        'run: str = "flights"  # the name of the run',
        'currency: str = "EUR"  # what to bill in',
    ],
    "work": [
        "from helpers.line import stage_work",
        f"work = stage_work.start({NUMBER}, run, currency=currency)",
        'work.write_json("bill.json", {"currency": currency})',
        'work.finish(0, 0, f"Billed in {currency}.")',
    ],
}


def copy_with_a_stage_more(folder: Path) -> Path:
    """Copy helpers and notebooks there, and add a stage where all stages are; its command.

    The command is the copy's own `pipeline`.
    """
    shutil.copytree(REPOSITORY / "helpers", folder / "helpers",
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    (folder / "notebooks").mkdir()
    for stage in STAGES:
        shutil.copy(stage.path, folder / "notebooks")
    notebook = json.loads((NOTEBOOKS / f"{STAGES[0].notebook}.ipynb").read_text("utf-8"))
    notebook["cells"] = [
        {"cell_type": "code", "id": tag, "metadata": {"tags": [tag]}, "source": "\n".join(lines),
         "outputs": [], "execution_count": None}
        for tag, lines in CELLS.items()
    ]  # fmt: skip
    (folder / "notebooks" / f"{NOTEBOOK}.ipynb").write_text(json.dumps(notebook), "utf-8")
    line = folder / "helpers" / "line" / "stage_list.py"
    before = line.read_text("utf-8")
    after = re.sub(r"(?<=\n)\)(?=[^\n]*\n\n\ndef stage\()", lambda _: STAGE, before, count=1)
    assert after != before, "STAGES has moved"
    line.write_text(after, "utf-8")
    command = folder / "pipeline"
    command.write_text(f'#!/bin/sh\nexport PYTHONPATH="{folder}"\n'
                       f'exec "{sys.executable}" -m helpers "$@"\n')  # fmt: skip
    command.chmod(0o755)
    return command


def said_by(command: Path, *arguments: str) -> str:
    """What a command of the copy says; raises unless it succeeds."""
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"COLUMNS": "100"}, cwd=command.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
