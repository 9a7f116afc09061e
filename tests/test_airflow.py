"""The DAGs in a real Airflow: they load, run the whole line, survive a kill, work at night."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from helpers.base.places import REPOSITORY
from helpers.line.notebook_parameters import of_stage
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.registry import model_versions
from tests import longer_line
from tests.small import changed, raw_table

pytestmark = pytest.mark.slow

DAGS = REPOSITORY / "deploy" / "airflow" / "dags"
BIN = REPOSITORY / ".venv-airflow" / "bin"
LINE = [stage for stage in STAGES if not stage.lesson]
HOSTILE = 'a "; touch pwned; $(touch pwned) `touch pwned` {{ 6 * 7 }}.csv'  # a file may be named so
OURS = """# an airflow dag
from datetime import timedelta
from pipeline_dags import line_dag, nightly_dag

soon, never = {"retry_delay": timedelta(seconds=1)}, {"retries": 0}
line = line_dag("mine", tasks=soon, run="mine", models="linear", trials=1)
nightly = nightly_dag("mine_nightly", tasks=never, run="mine")
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """An Airflow with an empty database, a folder with our DAGs and a folder of runs."""
    made = subprocess.run(["make", "setup-airflow", f"PYTHON={sys.executable}"], cwd=REPOSITORY,
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    if made.returncode:
        pytest.skip(f"Airflow could not be installed: {made.stderr.strip()[-300:]}")
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    (dags / "pipeline_dags.py").symlink_to(DAGS / "pipeline_dags.py")
    (dags / "mine.py").write_text(OURS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(home / "reports"))
        patch.setenv("PIPELINE_TRACK", "on")
        patch.setenv("PIPELINE_BIN", str(command_of_ours(home)))
        for name, value in {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": dags,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        }.items():
            patch.setenv(name, str(value))
        subprocess.run([BIN / "airflow", "db", "migrate"], check=True, capture_output=True)
        yield home


def command_of_ours(folder: Path) -> Path:
    """The project's command, but that on rows named `quiet` nothing is ever found."""
    real = Path(sys.executable).with_name("pipeline")
    command = folder / "pipeline"
    quiet = 'case "$PARAM_new_data" in quiet) echo "Page  08_monitoring.html"; exit 0;; esac'
    command.write_text(f'#!/bin/sh\n{quiet}\nexec "{real}" "$@"\n')
    command.chmod(0o755)
    return command


def probe(airflow: Path, *arguments, **environment):
    """What `airflow_probe` finds in Airflow's Python."""
    script = Path(__file__).with_name("airflow_probe.py")
    done = subprocess.run([BIN / "python", script, *map(str, arguments)], cwd=airflow, timeout=500,
                          env=os.environ | environment, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((airflow / "found.json").read_text())


def table_of(airflow: Path, query: str) -> list[tuple]:
    with sqlite3.connect(airflow / "airflow.db") as database:
        return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def loaded(airflow):
    return probe(airflow, "dags", airflow / "dags")


def test_the_dags_load_and_one_run_of_each_goes_at_a_time(loaded):
    assert loaded["errors"] == []
    names = {"pipeline_line", "pipeline_nightly", "mine", "mine_nightly"}
    assert set(loaded["dags"]) == names
    for name, dag in loaded["dags"].items():
        assert dag["at_once"] == 1
        assert all(t["hours"] > 0 for t in dag["tasks"].values())
        is_ours = name == "mine_nightly"
        assert all(t["retries"] == (0 if is_ours else 2) for t in dag["tasks"].values())
        called = [task for task in dag["tasks"].values() if task["command"]]
        assert all(t["keeps_environment"] and t["folder"] == str(REPOSITORY) for t in called)
        assert not any("{{" in task["command"] for task in called), "params never enter a command"


def test_the_tasks_are_the_stages_and_the_params_are_theirs(loaded):
    dag = loaded["dags"]["pipeline_line"]
    order = [stage.name for stage in LINE]
    order.insert([stage.needs_target for stage in LINE].index(True), "has_target")
    assert [dag["tasks"][name]["next"] for name in order] == [[name] for name in order[1:]] + [[]]
    for stage in LINE:
        command = dag["tasks"][stage.name]["command"]
        assert f" run --stages={stage.number} " in command
        for parameter in of_stage(stage):
            assert dag["params"][parameter.name]["default"] == parameter.default
            assert f"$PARAM_{parameter.name}" in command
    assert loaded["dags"]["mine"]["params"]["models"]["default"] == "linear"


def test_a_stage_that_is_added_to_the_line_is_a_task(airflow, tmp_path):
    command = longer_line.copy_with_a_stage_more(tmp_path)
    added = {"PIPELINE_HOME": str(tmp_path), "PIPELINE_BIN": str(command)}
    dag = probe(airflow, "dags", airflow / "dags", **added)["dags"]["pipeline_line"]
    assert dag["tasks"][LINE[-1].name]["next"] == [longer_line.NAME]
    assert f"run --stages={longer_line.NUMBER} " in dag["tasks"][longer_line.NAME]["command"]
    assert dag["params"]["currency"]["default"] == "EUR"


def test_without_the_project_it_is_said_what_to_do(airflow):
    errors = probe(airflow, "dags", DAGS, PIPELINE_BIN="/nowhere/pipeline")["errors"]
    (error,) = errors
    assert "There is no /nowhere/pipeline: run `make setup`" in error


def kill_in_the_middle(number: int, watched: psutil.Process) -> None:
    """Kill -9 the command that runs a stage, when its kernel is at work."""
    ends = time.monotonic() + 400
    while time.monotonic() < ends and watched.is_running():
        for process in watched.children(recursive=True):
            try:
                at_work = len(process.children(recursive=True)) > 1
                if at_work and f"--stages={number}" in process.cmdline():
                    time.sleep(0.3)
                    process.send_signal(signal.SIGKILL)
                    return
            except psutil.NoSuchProcess:
                pass
        time.sleep(0.05)
    raise AssertionError(f"Stage {number} was never seen at work.")


@pytest.fixture(scope="module")
def line_done(airflow):
    """The line run on a small table by `airflow dags test`, killed once in stage 5."""
    source = airflow / HOSTILE
    raw_table(240).drop(columns="price").to_csv(source, index=False)
    conf = {"data": str(source), "target": "bought"}
    command = [BIN / "airflow", "dags", "test", "mine", "--conf", json.dumps(conf)]
    log = airflow / "log.txt"
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            kill_in_the_middle(5, psutil.Process(process.pid))
            before = Run("mine").ledger
            code = process.wait(timeout=300)
        finally:
            process.kill()
    said = log.read_text()
    assert code == 0, said[-3000:]
    return before, said


def test_a_killed_task_is_tried_again_and_the_line_comes_to_its_end(airflow, line_done):
    before, said = line_done
    run = Run("mine")
    assert [entry["stage"] for entry in before] == [1, 2, 3, 4], "it was killed in stage 5"
    assert "Command exited with return code -9" in said
    runs = re.findall(r"run --stages=(\d) ", said)
    assert runs == ["1", "2", "3", "4", "5", "5", "6", "7", "8"], (
        "no stage but the killed ran twice"
    )
    assert [entry["stage"] for entry in run.ledger] == [stage.number for stage in LINE]
    assert [entry["opened"] for entry in run.ledger][:4] == [entry["opened"] for entry in before]
    command = [sys.executable, "-m", "helpers", "status", "mine"]
    status = subprocess.run(command, text=True, capture_output=True).stdout
    assert status.count("  current") == len(LINE), status


def test_every_task_gives_the_front_page(airflow, line_done):
    given = dict(table_of(airflow, "select task_id, value from xcom where key = 'return_value'"))
    page = str(Run("mine").file("index.html"))
    assert Path(page).exists()
    assert {json.loads(given[stage.name]) for stage in LINE} == {page}


def test_params_reach_the_command_as_they_are_and_no_shell_reads_them(airflow, line_done):
    assert Run("mine").about["address"] == str(airflow / HOSTILE)
    assert not list(airflow.rglob("pwned")) and not (REPOSITORY / "pwned").exists()


def test_the_run_is_one_entry_in_mlflow_and_its_model_is_registered(airflow, line_done):
    _, said = line_done
    assert said.count("Logged to MLflow") == 1
    assert model_versions.champion("mine").run == "mine"


@pytest.mark.parametrize(
    ("code", "last", "goes_on"),
    [
        (0, "Page         08_monitoring.html", True),
        (1, "Retraining is due: the score fell.", True),
        (1, "Error: Stage 8 (Monitoring) failed in cell 7: MemoryError", False),
        (1, "", False),
        (2, "Error: The new rows are 10, too few.", False),
        (137, "Retraining is due: but it was killed.", False),
    ],
)
def test_the_gate_is_told_from_a_failure(loaded, tmp_path, code, last, goes_on):
    says = tmp_path / "pipeline"
    says.write_text(f"#!/bin/sh\necho looking\necho '{last}' >&2\nexit {code}\n")
    says.chmod(0o755)
    command = loaded["dags"]["pipeline_nightly"]["tasks"]["monitor"]["command"]
    done = subprocess.run(["bash", "-c", command], env=os.environ | {"PIPELINE_BIN": str(says)},
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode == 0) == goes_on
    assert done.stdout == f"looking\n{last}\n", "the task's output is the command's"


def test_at_night_a_model_is_replaced_where_that_is_due_and_better(airflow, line_done):
    changed(900).to_csv(airflow / "moved.csv", index=False)
    rows = ("quiet", str(airflow / "none.csv"), str(airflow / "moved.csv"))
    confs = [json.dumps({"new_data": name}) for name in rows]
    nights = probe(airflow, "nights", airflow / "dags", "mine_nightly", *confs)
    tasks = ("monitor", "is_due", "retrain", "is_better", "promote")
    quiet, failed, due = ([night[name] for name in tasks] for night in nights)
    assert quiet == ["success"] * 2 + ["skipped"] * 3
    assert failed == ["failed"] + ["upstream_failed"] * 4
    assert due == ["success"] * 5
    assert model_versions.champion("mine").run == "mine-2"


def test_what_is_not_better_or_has_no_target_goes_no_further(airflow):
    for outcome in ("better", "kept", "failed"):
        run, found = Run(outcome), {"outcome": outcome, "challenger": "mine-3"}
        run.write_json("retraining.json", found)
        run.write_json("about.json", {"target": "bought" if outcome == "better" else ""})
    better, targets = probe(airflow, "decisions", DAGS, "better", "kept", "failed")
    assert better == ["mine-3", "", ""] and targets == [True, False, False]
