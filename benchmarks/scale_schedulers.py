"""What a scheduler's task costs beyond the stage that it runs, on a table of 240 rows.

`make bench-scale` calls `airflow_overhead` and `kfp_overhead`. The first needs `make setup-airflow`
and opens one port on loopback, the second `make setup-scale`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from helpers.base.places import REPOSITORY
from helpers.line.stage_list import STAGES
from tests.small import raw_table

from .measure import run, seconds_of

AIRFLOW = REPOSITORY / ".venv-airflow" / "bin" / "airflow"
DAGS = REPOSITORY / "deploy" / "airflow" / "dags"
KUBEFLOW = REPOSITORY / "deploy" / "kubeflow"
PIPELINE = Path(sys.executable).with_name("pipeline")
SETTINGS = {"models": "linear", "trials": 1, "resamples": 20}
LONGEST = 600  # seconds that a DAG run may take


def airflow_overhead() -> dict:
    """Seconds that Airflow adds to a stage's command, and that a command a stage adds to one.

    `one_command` and `command_a_stage` are the line without Airflow; `gap_test` and `gap_scheduler`
    what passes between the end of a stage's command and the start of the next one's, by `airflow
    dags test` and by a scheduler with the LocalExecutor (medians); `start_*` is from the request to
    the first command.
    """
    with tempfile.TemporaryDirectory(prefix="pipeline-airflow-") as folder:
        home = Path(folder)
        env = _airflow(home)
        return _one_command(home) | _by_test(home, env) | _by_scheduler(home, env)


# --- The line without Airflow -------------------------------------------------------------------


def _one_command(home: Path) -> dict[str, float]:
    """The whole line in one command."""
    table = home / "small.csv"
    raw_table(240).drop(columns="price").to_csv(table, index=False)
    sets = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    command = [PIPELINE, "run", "--data", table, "--target", "bought", "--name", "one", *sets]
    reports = str(home / "reports")
    return {"one_command": seconds_of(command, PIPELINE_REPORTS=reports, PIPELINE_TRACK="off")}


# --- With Airflow -------------------------------------------------------------------------------


def _airflow(home: Path) -> dict[str, str]:
    """The environment of a new Airflow, whose tasks note when their commands begin and end."""
    command = home / "pipeline"
    command.write_text(
        f"""#!/bin/sh
note() {{ [ "$1" != run ] || echo "$3 $2 $(date +%s.%N)" >> "{home}/times"; }}
note "$1" "$2" begin
"{PIPELINE}" "$@"
code=$?
note "$1" "$2" end
exit $code
"""
    )
    command.chmod(0o755)
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "PIPELINE_BIN": str(command),
        "PIPELINE_HOME": str(REPOSITORY),
        "PIPELINE_REPORTS": str(home / "reports"),
        "PIPELINE_TRACK": "off",
    }
    run([AIRFLOW, "db", "migrate"], **env)
    return env


def _conf(home: Path) -> str:
    data = {"run": "small", "data": str(home / "small.csv"), "target": "bought"}
    return json.dumps(data | SETTINGS)


def _by_test(home: Path, env: dict[str, str]) -> dict[str, float]:
    """`airflow dags test`: one process that runs one task after the other."""
    began = time.time()
    run([AIRFLOW, "dags", "test", "pipeline_line", "--conf", _conf(home)], **env)
    begins, ends = _times(home)
    stages = sum(end - begin for begin, end in zip(begins, ends, strict=True))
    return {"command_a_stage": stages, "start_test": begins[0] - began, "gap_test": _gap(home)}


def _by_scheduler(home: Path, env: dict[str, str]) -> dict[str, float]:
    """A scheduler with the LocalExecutor, on the same run: its stages stand, so none is long."""
    (home / "times").unlink()
    port = _free_port()
    env = env | {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
    }
    server = ["api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with ExitStack() as stack:
        for words in (server, ["scheduler", "--skip-serve-logs"], ["dag-processor"]):
            stack.enter_context(_running([AIRFLOW, *words], home, env))
        _wait(lambda: _answers(port), "the API server")
        known = "select count(*) from dag where dag_id = 'pipeline_line'"
        _wait(lambda: _ask(home, known) == [(1,)], "the DAG")
        run([AIRFLOW, "dags", "unpause", "--yes", "pipeline_line"], **env)
        run([AIRFLOW, "dags", "trigger", "pipeline_line", "--conf", _conf(home)], **env)
        asked = time.time()
        last = "select state from dag_run order by id desc limit 1"
        _wait(lambda: _ask(home, last)[0][0] in ("success", "failed"), "the run")
        if _ask(home, last) != [("success",)]:
            raise RuntimeError("The DAG failed by the scheduler.")
    begins, _ = _times(home)
    return {"start_scheduler": begins[0] - asked, "gap_scheduler": _gap(home)}


@contextmanager
def _running(command: list, home: Path, env: dict[str, str]):
    """A process and what it starts, until the end."""
    with (home / f"{command[1]}.log").open("w") as log:
        process = subprocess.Popen(
            command, env=os.environ | env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(is_so, what: str) -> None:
    ends = time.monotonic() + LONGEST
    while not is_so():
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} took more than {LONGEST} s.")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def _ask(home: Path, query: str) -> list[tuple]:
    with sqlite3.connect(home / "airflow.db", timeout=30) as database:
        return database.execute(query).fetchall()


def _times(home: Path) -> tuple[list[float], list[float]]:
    """When the stages' commands began, and when they ended."""
    lines = [line.split() for line in (home / "times").read_text().splitlines()]
    begins, ends = (
        [float(at) for kind, _, at in lines if kind == word] for word in ("begin", "end")
    )
    return begins, ends


def _gap(home: Path) -> float:
    """Between two commands; the one with the task `has_target` in between does not count."""
    begins, ends = _times(home)
    line = [stage for stage in STAGES if not stage.lesson]
    return median(
        begin - end
        for end, begin, before, after in zip(
            ends[:-1], begins[1:], line[:-1], line[1:], strict=True
        )
        if before.needs_target == after.needs_target
    )


# --- With Kubeflow Pipelines --------------------------------------------------------------------


def kfp_overhead(rounds: int = 3) -> dict:
    """Seconds that kfp's local runner adds to a stage's command, by stages 1 to 3.

    `kfp_commands` is a command a stage without kfp, `kfp_start` importing kfp and making the
    pipeline, `kfp_pipeline` the whole; `kfp_task` what is left over, by task: starting the
    component's Python, and packing and unpacking the run folder. It is a small difference of large
    numbers: `kfp_task_range` is what the rounds gave. `cpu_*` are the same in seconds of processor
    time, which other work on the machine moves less. A first round, which warms up, does not count.
    """
    found = [_kfp_round(number) for number in range(rounds + 1)][1:]
    middle = {name: round(median(one[name] for one in found), 2) for name in found[0]}
    spread = {
        f"{name}_range": [round(f(one[name] for one in found), 2) for f in (min, max)]
        for name in ("kfp_task", "cpu_kfp_task")
    }
    return middle | spread


def _kfp_round(number: int) -> dict[str, float]:
    """Each side once; the sides change places from round to round."""
    stages = [stage for stage in STAGES if not stage.lesson and not stage.needs_target]
    with tempfile.TemporaryDirectory(prefix="pipeline-kubeflow-") as folder:
        home = Path(folder)
        table = home / "small.csv"
        raw_table(240).drop(columns="price").to_csv(table, index=False)
        source = ["--data", table, "--name", "mine"]

        def plain():
            env = {"PIPELINE_REPORTS": str(home / "plain"), "PIPELINE_TRACK": "off"}
            options = [source, *([["--name", "mine"]] * (len(stages) - 1))]
            times = [
                _both_times([PIPELINE, "run", "--stages", stage.number, *given], env)
                for stage, given in zip(stages, options, strict=True)
            ]
            return [sum(part) for part in zip(*times, strict=True)]

        def start():
            command = [sys.executable, KUBEFLOW / "compile.py", "--out", home / "pipeline.yaml"]
            return _both_times(command)

        def whole():
            env = {"PIPELINE_REPORTS": str(home / "kfp")}
            return _both_times([sys.executable, KUBEFLOW / "run_local.py", *source], env)

        sides = {"kfp_commands": plain, "kfp_start": start, "kfp_pipeline": whole}
        order = list(sides) if number % 2 else list(reversed(sides))
        times = {name: sides[name]() for name in order}
    found = {name: times[name][0] for name in sides}
    for prefix, part in (("", 0), ("cpu_", 1)):
        extra = times["kfp_pipeline"][part] - times["kfp_commands"][part] - times["kfp_start"][part]
        found[f"{prefix}kfp_task"] = extra / len(stages)
    return found


def _both_times(command: list, environment: dict | None = None) -> tuple[float, float]:
    """The wall time of a command, and the processor time of all that it started."""
    before = os.times()
    wall = seconds_of(command, **(environment or {}))
    after = os.times()
    used = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return wall, used


if __name__ == "__main__":
    print(json.dumps(airflow_overhead() | kfp_overhead(), indent=1))
