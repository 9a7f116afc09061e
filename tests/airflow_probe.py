"""What Airflow makes of the DAGs: runs in Airflow's own Python and writes `found.json`.

python airflow_probe.py dags FOLDER
python airflow_probe.py nights FOLDER DAG CONF...
python airflow_probe.py better FOLDER RUN...
"""

import json
import sys
from pathlib import Path


def dags(folder: str) -> dict:
    """The DAGs of a folder as Airflow reads them, and what it could not import."""
    bag = _bag(folder)
    return {
        "errors": list(bag.import_errors.values()),
        "dags": {name: _dag(dag) for name, dag in bag.dags.items()},
    }


def nights(folder: str, name: str, *confs: str) -> list[dict]:
    """Run a DAG once for each set of params; the state of each task."""
    dag, states = _bag(folder).dags[name], []
    for conf in confs:
        done = dag.test(run_conf=json.loads(conf))
        states.append({task.task_id: str(task.state) for task in done.get_task_instances()})
    return states


def decisions(folder: str, *runs: str) -> tuple[list, list]:
    """What the tasks `is_better` and `has_target` say of those runs."""
    sys.path.insert(0, folder)
    import pipeline_dags as dags

    pages = [str(dags.REPORTS / run / "index.html") for run in runs]
    better = [dags.is_better.function({"run": run}) for run in runs]
    return better, [dags.has_target.function(page) for page in pages]


def _bag(folder: str):
    from airflow.dag_processing.dagbag import DagBag

    sys.path.insert(0, folder)
    return DagBag(folder)


def _dag(dag) -> dict:
    tasks = {}
    for task in dag.tasks:
        tasks[task.task_id] = {
            "next": sorted(task.downstream_task_ids),
            "hours": task.execution_timeout.total_seconds() / 3600,
            "retries": task.retries,
            "command": getattr(task, "bash_command", ""),
            "folder": getattr(task, "cwd", ""),
            "keeps_environment": getattr(task, "append_env", None),
        }
    params = {
        name: {"default": dag.params[name], **dag.params.get_param(name).schema}
        for name in dag.params
    }
    return {"tasks": tasks, "params": params, "at_once": dag.max_active_runs}


if __name__ == "__main__":
    asked = {"dags": dags, "nights": nights, "decisions": decisions}[sys.argv[1]]
    Path("found.json").write_text(json.dumps(asked(*sys.argv[2:])), encoding="utf-8")
