"""The line as Airflow DAGs: `pipeline_line`, a task a stage, and `pipeline_nightly`, which looks
after a model that serves: monitor it, train it again where that is due, promote what is better.

Tasks call `pipeline` in the project's own environment, where Airflow need not be installed, nor
the project in Airflow's. Two variables of the environment say where that is:

- `PIPELINE_HOME`: the project's folder [default: where this file, or the one it links to, lies];
- `PIPELINE_BIN`: its command [default: `.venv/bin/pipeline` in that folder].

A DAG for a table of your own is a file beside this one:

    # an airflow dag
    from pipeline_dags import line_dag, nightly_dag

    line = line_dag("mine", schedule="0 2 * * 0", run="mine", data="/x.csv", target="churned")
    nightly = nightly_dag("mine_nightly", schedule="0 3 * * *", run="mine", new_data="/new.csv")
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param, chain, task

HOME = Path(os.environ.get("PIPELINE_HOME") or Path(__file__).resolve().parents[3])
BIN = Path(os.environ.get("PIPELINE_BIN") or HOME / ".venv" / "bin" / "pipeline")
REPORTS = Path(os.environ.get("PIPELINE_REPORTS") or HOME / "reports")

TASKS = {
    "execution_timeout": timedelta(hours=3),
    "retries": 2,  # a stage that was killed, a server that was away, a run that was in use
    "retry_delay": timedelta(minutes=1),
}
JSON_TYPES = {"str": ["string", "null"], "int": "integer", "float": "number", "bool": "boolean"}
FRONT_PAGE, DUE = "Front page: ", "Retraining is due"  # how lines of the command begin

# With --gate the command's exit code 1 says that training again is due, or that it failed: only
# its last line tells which.
MONITOR = f"""
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$PIPELINE_BIN" monitor --gate --data="$PARAM_new_data" --max-drop="$PARAM_max_drop" \
  -- "models:/$PARAM_run@champion" 2>&1 | tee "$said"
case "${{PIPESTATUS[0]}} $(tail -n 1 "$said")" in
  "0 "*) ;;
  "1 {DUE}"*) ;;
  *) exit 1 ;;
esac
"""
RETRAIN = """
exec "$PIPELINE_BIN" retrain --when always --no-promote --data="$PARAM_new_data" \
  --max-drop="$PARAM_max_drop" -- "$PARAM_run"
"""
PROMOTE = 'exec "$PIPELINE_BIN" promote -- "$CHALLENGER"'


def line_dag(dag_id: str, schedule: str | None = None, tasks: dict | None = None, **given):
    """A DAG that takes a table down the line, a task a stage; each gives the front page's path.

    `given` are parameters of the notebooks with other defaults than theirs, `tasks` arguments of
    every task (`retries`, `queue`, `pool` …). A task that is tried again does its stage again and
    no other. Without a target the line ends before the first stage that needs one.
    """
    stages = [stage for stage in describe_line() if not stage["lesson"]]
    params = params_of(stages, given)
    with _dag(dag_id, schedule, tasks, params, "The line: a task a stage.") as dag:
        steps = [_stage_task(stage, is_last=stage is stages[-1]) for stage in stages]
        first = [stage["needs_target"] for stage in stages].index(True)
        steps.insert(first, has_target(steps[first - 1].output))
        chain(*steps)
    return dag


def nightly_dag(dag_id: str, schedule: str | None = None, tasks: dict | None = None, **given):
    """A DAG that looks after a model: monitor → retrain if it is due → promote if it is better.

    `given` are parameters of stage 8 with other defaults than its own: `run`, the name of the
    model, `new_data` and `max_drop`; `tasks` are arguments of every task.
    """
    stage = next(stage for stage in describe_line() if stage["name"] == "monitor")
    wanted = ("run", "new_data", "max_drop")
    used = stage | {"parameters": [p for p in stage["parameters"] if p["name"] in wanted]}
    title = "Monitor, train again where that is due, promote what is better."
    with _dag(dag_id, schedule, tasks, params_of([used], given), title) as dag:
        env = environment(used)
        monitor = _bash("monitor", MONITOR, env)
        retrain = _bash("retrain", RETRAIN, env)
        better = is_better()
        promote = _bash("promote", PROMOTE, env | {"CHALLENGER": "{{ ti.xcom_pull('is_better') }}"})
        chain(monitor, is_due(monitor.output), retrain, better, promote)
    return dag


# --- What Airflow is told of the line -----------------------------------------------------------


def describe_line() -> list[dict]:
    """The stages in order, as the project describes them: `pipeline describe --json`."""
    if not BIN.exists():
        raise FileNotFoundError(
            f"There is no {BIN}: run `make setup` in the project, and name its folder in "
            f"PIPELINE_HOME or its command in PIPELINE_BIN."
        )
    command = [BIN, "describe", "--json"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"`{BIN} describe --json` failed: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)["stages"]


def params_of(stages: list[dict], given: dict) -> dict[str, Param]:
    """The stages' parameters, each once, as Airflow's form shows them: a section a stage."""
    params = {}
    for stage in stages:
        section = f"{stage['number']} {stage['title']}"
        for p in stage["parameters"]:
            default = given.get(p["name"], p["default"])
            kind = JSON_TYPES[p["type"]]
            param = Param(default, type=kind, description=p["help"], section=section)
            params.setdefault(p["name"], param)
    if unknown := set(given) - set(params):
        raise ValueError(f"No parameter of these stages: {', '.join(sorted(unknown))}.")
    return params


def environment(stage: dict) -> dict[str, str]:
    """What a task's command finds in its environment: the DAG's params, and where the project is.

    Whoever triggers a DAG writes the params. They reach the command as variables, so that no shell
    ever reads them as code.
    """
    names = {p["name"]: p["type"] for p in stage["parameters"]}
    values = {
        name: f"{{{{ params.{name} or '' }}}}" if kind == "str" else f"{{{{ params.{name} }}}}"
        for name, kind in names.items()
    }
    return {"PIPELINE_BIN": str(BIN)} | {f"PARAM_{name}": v for name, v in values.items()}


def command_of(stage: dict, is_last: bool) -> str:
    """The command that runs a stage, with its parameters taken from the environment.

    The last one logs the run to MLflow and registers its model: one entry a run, as by hand.
    """
    options = [
        f'--set="{p["name"]}=$PARAM_{p["name"]}"'
        if p["option"] == "--set"
        else f'{p["option"]}="$PARAM_{p["name"]}"'
        for p in stage["parameters"]
    ]
    options += [] if is_last else ["--no-track"]
    return f'exec "$PIPELINE_BIN" run --stages={stage["number"]} {" ".join(options)}'


# --- The tasks ----------------------------------------------------------------------------------


def _dag(dag_id: str, schedule, tasks: dict | None, params: dict, title: str) -> DAG:
    """A DAG of which one run goes at a time: two would write into the same folder.

    It belongs to the file that names it, not to every file that imports this one.
    """
    return DAG(
        dag_id,
        schedule=schedule,
        catchup=False,
        auto_register=False,
        max_active_runs=1,
        params=params,
        description=title,
        doc_md=__doc__,
        tags=["pipeline-notebooks"],
        default_args=TASKS | (tasks or {}),
    )


def _bash(task_id: str, command: str, env: dict[str, str], **more) -> BashOperator:
    return BashOperator(
        task_id=task_id, bash_command=command, env=env, append_env=True, cwd=str(HOME), **more
    )


def _stage_task(stage: dict, is_last: bool) -> BashOperator:
    return _bash(
        stage["name"],
        command_of(stage, is_last),
        environment(stage),
        output_processor=front_page,
        task_display_name=stage["title"],
        doc_md=stage["asks"],
    )


def front_page(line: str) -> str:
    """The path in the last line that `pipeline run` says."""
    return line.removeprefix(FRONT_PAGE)


@task.short_circuit
def has_target(page: str) -> bool:
    """Whether the run of that front page knows what to predict."""
    return bool(json.loads(Path(page).with_name("about.json").read_text("utf-8"))["target"])


@task.short_circuit
def is_due(line: str) -> bool:
    """Whether the last line that `pipeline monitor` said asks for training again."""
    return line.startswith(DUE)


@task.short_circuit
def is_better(params: dict | None = None) -> str:
    """The challenger of the retraining, where it is better by more than the noise; else nothing."""
    found = json.loads((REPORTS / params["run"] / "retraining.json").read_text("utf-8"))
    return found["challenger"] if found["outcome"] == "better" else ""


line = line_dag("pipeline_line")
nightly = nightly_dag("pipeline_nightly", schedule="0 3 * * *")
