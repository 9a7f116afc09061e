"""The Kubeflow pipeline: what is compiled, and the whole line by kfp's local runner."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import psutil
import pytest
import yaml

from helpers.base.places import REPOSITORY
from helpers.line.notebook_parameters import of_stage
from helpers.line.stage_list import STAGES
from helpers.scale import kubeflow_pod
from tests import longer_line
from tests.small import raw_table

pytest.importorskip("kfp", reason="kfp is not installed: make setup-scale")

FOLDER = REPOSITORY / "deploy" / "kubeflow"
LINE = [stage for stage in STAGES if not stage.lesson]
KFP_TYPES = {"str": "STRING", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "bool": "BOOLEAN"}
SETTINGS = ("--set=models=linear", "--set=trials=1")
HOSTILE = 'a "; touch pwned; $(touch pwned).csv'  # a file may be named so


def compiled(folder, to):
    """What compile.py of that folder writes."""
    home = str(folder.parents[1])
    command = [sys.executable, folder / "compile.py", "--out", to]
    subprocess.run(command, check=True, timeout=60, env=os.environ | {"PYTHONPATH": home},
                   capture_output=True)  # fmt: skip
    return to.read_text("utf-8")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return compiled(FOLDER, tmp_path_factory.mktemp("kubeflow") / "pipeline.yaml")


@pytest.fixture(scope="module")
def spec(fresh):
    return yaml.load(fresh, yaml.CSafeLoader)


def test_the_compiled_pipeline_is_the_one_in_the_repository(fresh):
    stored = (FOLDER / "pipeline.yaml").read_text("utf-8")
    assert without_version(fresh) == without_version(stored), "run deploy/kubeflow/compile.py"


def without_version(text):
    """A compiled pipeline but for kfp's version, which is all that differs from one to the next."""
    return re.sub(r"^sdkVersion: kfp-[\d.]+$", "", text, flags=re.MULTILINE)


def test_a_component_a_stage_with_its_parameters_and_artefacts(spec):
    kinds = {"collect": "Dataset", "train": "Model", "evaluate": "Metrics", "deploy": "Model"}
    for stage in LINE:
        component = spec["components"][f"comp-{stage.name}"]
        typed = {
            n: p["parameterType"] for n, p in component["inputDefinitions"]["parameters"].items()
        }
        assert typed == {p.name: KFP_TYPES[p.type] for p in of_stage(stage)}
        made = component["outputDefinitions"]["artifacts"]
        kind = {name: a["artifactType"]["schemaTitle"] for name, a in made.items()}
        assert kind["page"] == kind["front_page"] == "system.HTML"
        if stage.name in kinds:
            assert kind["made"] == f"system.{kinds[stage.name]}"
        for p in of_stage(stage):
            root = spec["root"]["inputDefinitions"]["parameters"][p.name]
            assert root["parameterType"] == KFP_TYPES[p.type]
            assert root.get("defaultValue") == p.default and root["description"] == p.help


def test_a_step_needs_no_network_to_start(fresh):
    assert "pip install" not in fresh


def test_every_step_is_tried_again_and_none_is_taken_from_a_cache(spec):
    tasks = {
        name: task
        for dag in [spec["root"], *spec["components"].values()]
        for name, task in dag.get("dag", {}).get("tasks", {}).items()
        if not name.startswith("condition")
    }
    assert set(tasks) == {stage.name for stage in LINE}
    assert all(task["retryPolicy"]["maxRetryCount"] == 2 for task in tasks.values())
    assert not any(task["cachingOptions"].get("enableCache") for task in tasks.values())


def test_what_needs_a_target_or_a_good_verdict_stands_under_that_condition(spec):
    def inside(dag):
        tasks = dag["dag"]["tasks"]
        names = {name for name in tasks if not name.startswith("condition")}
        conditions = [task for name, task in tasks.items() if name.startswith("condition")]
        return names, conditions

    always, [has_target] = inside(spec["root"])
    with_target, [is_good] = inside(spec["components"][has_target["componentRef"]["name"]])
    when_good, none = inside(spec["components"][is_good["componentRef"]["name"]])
    assert always == {stage.name for stage in LINE if not stage.needs_target}
    assert with_target == {"split", "train", "evaluate"}
    assert when_good == {"deploy", "monitor"} and not none
    assert "features-Output'] == true" in has_target["triggerPolicy"]["condition"]
    assert re.search(r"evaluate-Output'\]\s+== true", is_good["triggerPolicy"]["condition"])


@pytest.mark.slow
def test_a_stage_that_is_added_to_the_line_is_a_component(tmp_path):
    longer_line.copy_with_a_stage_more(tmp_path)
    copy = tmp_path / "deploy" / "kubeflow"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = compiled(copy, tmp_path / "longer.yaml")
    assert f"comp-{longer_line.NAME}:" in text and "defaultValue: EUR" in text


def test_a_packed_folder_can_not_leave_the_runs(tmp_path):
    with tarfile.open(tmp_path / "bad", "w") as packed:
        packed.addfile(tarfile.TarInfo("../escaped"), io.BytesIO())
    (tmp_path / "reports").mkdir()
    with pytest.raises(tarfile.OutsideDestinationError):
        kubeflow_pod.unpack(tmp_path / "bad", tmp_path / "reports")
    assert not (tmp_path / "escaped").exists()


def run_local(*arguments, **environment):
    command = [sys.executable, FOLDER / "run_local.py", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=os.environ | environment)  # fmt: skip


@pytest.mark.slow
def test_bad_input_is_one_clear_line_and_leaves_nothing(tmp_path):
    reports = tmp_path / "reports"
    process = run_local("--data", tmp_path / "none.csv", PIPELINE_REPORTS=str(reports))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and said.startswith("Error: ") and said.count("\n") == 1
    assert not (reports / "none").exists()


def kill_in_the_middle(number: int, watched: psutil.Process) -> None:
    """Kill -9 the component that runs a stage, and what it started, when it is at work."""
    ends = time.monotonic() + 200
    while time.monotonic() < ends and watched.is_running():
        for process in watched.children(recursive=True):
            try:
                if f"--stages={number}" in process.cmdline():
                    process.parent().send_signal(signal.SIGKILL)
                    process.send_signal(signal.SIGKILL)
                    return
            except psutil.NoSuchProcess:
                pass
        time.sleep(0.05)
    raise AssertionError(f"Stage {number} was never seen at work.")


@pytest.mark.slow
def test_the_line_runs_survives_a_kill_and_gives_what_the_command_gives(tmp_path):
    source = tmp_path / HOSTILE
    raw_table(240).drop(columns="price").to_csv(source, index=False)
    rest = ("--data", source, "--target", "bought", "--name", "mine", *SETTINGS)
    (tmp_path / "tmp").mkdir()
    places = {"PIPELINE_REPORTS": str(tmp_path / "reports"), "TMPDIR": str(tmp_path / "tmp")}
    with run_local(*rest, **places) as process:
        try:
            kill_in_the_middle(5, psutil.Process(process.pid))
            said, _ = process.communicate(timeout=400)
        finally:
            process.kill()
    assert process.returncode == 0, said[-3000:]
    run = tmp_path / "reports" / "mine"
    assert said.splitlines()[-1] == f"Front page: {run / 'index.html'}"
    begun = re.findall(r"Looking for component `(\w+)`", said)
    names = [stage.name for stage in LINE]
    assert begun == sorted([*names, "train"], key=names.index), "only the killed stage ran twice"
    ledger = json.loads((run / "ledger.json").read_text())
    assert [entry["stage"] for entry in ledger] == [stage.number for stage in LINE]
    assert all((run / stage.report).exists() and (run / stage.makes).exists() for stage in LINE)
    assert not list(tmp_path.rglob("pwned")) and not (REPOSITORY / "pwned").exists()
    assert not list((tmp_path / "tmp").glob("*kubeflow*")), "what kfp wrote is gone"

    plain = {"PIPELINE_REPORTS": str(tmp_path / "plain"), "PIPELINE_TRACK": "off"}
    command = [sys.executable, "-m", "helpers", "run", "--stages=1-6", *map(str, rest)]
    subprocess.run(command, check=True, env=os.environ | plain, timeout=200, capture_output=True)
    expected = json.loads((tmp_path / "plain" / "mine" / "metrics.json").read_text())
    assert json.loads((run / "metrics.json").read_text()) == expected
    scores = kubeflow_pod.numbers(expected)
    [task] = re.findall(r"Task \S*'evaluate'\S* outputs:(.*?)-----", said, re.DOTALL)
    told = dict(re.findall(r"'(\w+)': ([\d.e-]+)[,}]", task))
    assert {name: float(value) for name, value in told.items()} == pytest.approx(scores)
