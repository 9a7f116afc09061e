"""One stage in a pod of its own, for Kubeflow: the run folder comes and goes packed.

Pods share no disk. Each unpacks the run folder that the pod before it handed on, does its stage as
`pipeline run --stages N` does, and packs the folder for the next. A pod that is tried again begins
from the folder that it was given, so it does its own stage again and no other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from ..base import credentials
from ..base.places import REPOSITORY
from ..base.verdicts import passes
from ..line.notebook_parameters import SET_ELSEWHERE
from ..line.stage_list import STAGES, Stage, stage

FRONT_PAGE, METRICS, MODEL = "index.html", "metrics.json", "model/"
STORE = "MLFLOW_TRACKING_URI"


def work(number: int, values: dict, before: str | None, outputs: dict) -> bool:
    """Do a stage in a folder of its own; whether the line goes on to what needs a target.

    It does where there is a target, and after the verdict where the model passes.

    `values` are the stage's parameters, `before` the packed folder that was handed on (None for the
    first), `outputs` kfp's artefacts by name: `folder`, `page`, `front_page` and `made`. Raises
    RuntimeError when the stage failed; the command has said why.
    """
    with tempfile.TemporaryDirectory(prefix="pipeline-") as reports:
        if before:
            unpack(before, reports)
        _run(number, values, reports)
        run = Path(reports) / values["run"]
        _hand_on(run, stage(number), outputs)
        line = next(line for line in _json(run / "ledger.json") if line["stage"] == number)
        outputs["page"].metadata |= {"verdict": line["verdict"], "headline": line["headline"]}
        return goes_on(stage(number), line["verdict"], _json(run / "about.json")["target"])


def goes_on(done: Stage, verdict: str, target: str) -> bool:
    """Whether the line goes on after a stage that ended with that verdict.

    >>> goes_on(stage(6), "good enough", "churned"), goes_on(stage(6), "no gain", "churned")
    (True, False)
    >>> goes_on(stage(3), "done", "churned"), goes_on(stage(3), "done", "")
    (True, False)
    """
    is_good = done.makes != METRICS or passes(verdict)
    return bool(target) and is_good


def command_of(number: int, values: dict, track: bool) -> list[str]:
    """The command that runs a stage with those parameters.

    >>> command_of(2, {"run": "mine", "plan": "a b"}, track=False)[3:]
    ['run', '--stages=2', '--no-track', '--name=mine', '--set=plan=a b']
    """
    options = [
        f"{SET_ELSEWHERE[name]}={value}" if name in SET_ELSEWHERE else f"--set={name}={value}"
        for name, value in values.items()
    ]
    logged = "--track" if track else "--no-track"
    return [sys.executable, "-m", "helpers", "run", f"--stages={number}", logged, *options]


def pack(run: Path, to: str | Path) -> None:
    """Pack a run folder into one file, under its name; uncompressed, as Parquet and skops are."""
    with tarfile.open(to, "w") as packed:
        packed.add(run, arcname=run.name)


def unpack(packed: str | Path, reports: str | Path) -> None:
    """Unpack a run folder among the runs; nothing in it may leave that folder."""
    with tarfile.open(packed) as files:
        files.extractall(reports, filter="data")


def _run(number: int, values: dict, reports: str) -> None:
    # A store in the pod would be gone with it
    track = number == STAGES[-1].number and STORE in os.environ
    command = [credentials.hide(word) for word in command_of(number, values, track)]
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"PIPELINE_REPORTS": reports})
    if done.returncode:
        title = stage(number).title
        raise RuntimeError(f"Stage {number} ({title}) ended with exit code {done.returncode}.")


def _hand_on(run: Path, done: Stage, outputs: dict) -> None:
    pack(run, outputs["folder"].path)
    shutil.copy(run / done.report, outputs["page"].path)
    shutil.copy(run / FRONT_PAGE, outputs["front_page"].path)
    if done.makes.startswith(MODEL):
        shutil.copytree(run / MODEL, outputs["made"].path, dirs_exist_ok=True)
    else:
        shutil.copy(run / done.makes, outputs["made"].path)
    if done.makes == METRICS:
        for name, value in numbers(_json(run / METRICS)).items():
            outputs["made"].log_metric(name, value)


def numbers(metrics: dict) -> dict[str, float]:
    """The scores in metrics.json, flat: of the test rows by name, the others with their part.

    >>> numbers({"task": "binary", "test": {"f1": 0.5}, "train": {"f1": 0.75}, "baseline": {}})
    {'f1': 0.5, 'train_f1': 0.75}
    """
    parts = {"test": "", "train": "train_", "baseline": "baseline_"}
    return {
        f"{prefix}{name}": value
        for part, prefix in parts.items()
        for name, value in metrics[part].items()
        if isinstance(value, int | float)
    }


def _json(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))
