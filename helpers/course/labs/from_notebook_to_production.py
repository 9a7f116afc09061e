"""The lab on MLflow, Airflow and Kubeflow: sources of the line's own, shown and tried; a ledger.

Airflow has an environment of its own (`make setup-airflow`), Kubeflow's compiler comes with `make
setup-scale`. Where one is not installed, its part is read only, and says so.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ...base.places import DATA, REPOSITORY
from ...base.user_errors import InputError
from ...line.run_folder import Run
from ...line.stage_list import STAGES
from ...pages.show import say

LEDGER = DATA / "flights_ledger.json"
KEPT = ["stage", "name", "headline", "rows_in", "rows_out", "set_aside", "verdict", "seconds"]
NO_CLONE = "*These files are in the repository, not in the installed package.*"
LOAD_DAGS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import pipeline_dags as dags
order = lambda dag: [task.task_id for task in dag.topological_sort()]
print(json.dumps({dag.dag_id: order(dag) for dag in (dags.line, dags.nightly)}))
"""


def source_of(file: str, *names: str):
    """Functions of a file of the repository, as code to read.

    Raises KeyError where there is no function of that name.
    """
    if REPOSITORY is None:
        return say(NO_CLONE)
    text = (REPOSITORY / file).read_text(encoding="utf-8")
    found = {n.name: n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
    return code("\n\n\n".join(_lines_of(found[name], text) for name in names))


def _lines_of(function: ast.FunctionDef, text: str) -> str:
    """The lines of a function, with its decorators."""
    first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : function.end_lineno])


def code(text: str):
    """Python code as Markdown, as it is: `say` would write `<` as an entity."""
    from IPython.display import Markdown

    return Markdown(f"```python\n{text}\n```")


def try_schedulers():
    """Load the line's DAGs in Airflow and compile its Kubeflow pipeline, where these are installed.

    Sentences that say what came out, or why it was not tried.
    """
    if REPOSITORY is None:
        return say(NO_CLONE)
    return say(_try(_dags_in_airflow), _try(_compiled_for_kubeflow))


def _try(part) -> str:
    """What a part says, or the last line of what went wrong in its process."""
    try:
        return part()
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "no message").strip().splitlines()
        return f"**It failed**: {lines[-1]}"


NO_AIRFLOW = "**Airflow** is not installed here (`make setup-airflow`), so its DAGs are read only."
NO_KUBEFLOW = (
    "**Kubeflow's compiler** is not installed here (`make setup-scale`), so its pipeline is read "
    "only."
)


def _dags_in_airflow() -> str:
    python = REPOSITORY / ".venv-airflow" / "bin" / "python"
    if not python.exists():
        return NO_AIRFLOW
    with tempfile.TemporaryDirectory() as home:
        command = [python, "-c", LOAD_DAGS, REPOSITORY / "deploy" / "airflow" / "dags"]
        said = _said_by(command, {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"})
    dags = json.loads(said.splitlines()[-1])
    tasks = [f"`{name}`: {' → '.join(names)}" for name, names in dags.items()]
    return f"**Airflow** has loaded {len(dags)} DAGs. {'; '.join(tasks)}."


def _compiled_for_kubeflow() -> str:
    if find_spec("kfp") is None:
        return NO_KUBEFLOW
    script = REPOSITORY / "deploy" / "kubeflow" / "compile.py"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "pipeline.yaml"
        _said_by([sys.executable, script, "--out", made], {"PYTHONPATH": str(REPOSITORY)})
        same = made.read_bytes() == script.with_name("pipeline.yaml").read_bytes()
    compared = "the same as" if same else "not quite"
    return f"**Kubeflow** has compiled the pipeline: {compared} the stored `pipeline.yaml`."


def _said_by(command: list, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(part) for part in command], env=os.environ | environment, timeout=120, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def ledger_file(run: str = "") -> Path:
    """The ledger of a finished run; without a name the one that comes with the project.

    Raises InputError where that run has not finished.

    >>> ledger_file().name
    'flights_ledger.json'
    """
    if not run:
        return LEDGER
    made = Run(run)
    if missing := [s.number for s in STAGES if not s.lesson and not made.line_of(s.number)]:
        raise InputError(f"The run '{run}' has no stage {missing[0]} yet. Finish it by "
                         f"`pipeline run --name {run}`, or leave `run` empty.")  # fmt: skip
    return made.file("ledger.json")


def shortened(ledger: list[dict]) -> list[dict]:
    """What the lab reads of a run's ledger: a line per stage of the line, without its files.

    >>> line = dict.fromkeys(KEPT) | {"stage": 1}
    >>> shortened([line | {"stage": 0}, line | {"inputs": {}}]) == [line]
    True
    """
    return [{key: line[key] for key in KEPT} for line in ledger if line["stage"] > 0]
