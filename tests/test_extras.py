"""What works with the core alone, and the one line where an extra is missing.

All modules that the chosen extras don't bring, directly or through others, are hidden from the
processes that are started here, by their own import machinery.
"""

import os
import sqlite3
import subprocess
import sys
from importlib import metadata

import licences
import pytest
from packaging.utils import canonicalize_name

from helpers.base import extras
from helpers.deploy import service_proof
from tests.ask_service import answer_of, free_port
from tests.small import prepared, raw_table, write_run

HIDE = """
import sys
from importlib.machinery import PathFinder

class Hidden(PathFinder):
    names = {names!r}

    @classmethod
    def find_spec(cls, name, *rest):
        return None if name.partition(".")[0] in cls.names else PathFinder.find_spec(name, *rest)

sys.meta_path[:] = [Hidden if one is PathFinder else one for one in sys.meta_path]
"""


def hidden(*chosen: str) -> set[str]:
    """The installed modules that the core and the chosen extras don't bring."""
    brought = {"pipeline-notebooks", *licences.needed()}.union(*map(licences.needed, chosen))
    own = {"_distutils_hack", "pip", "setuptools", "pkg_resources"}
    return {
        module
        for module, packages in metadata.packages_distributions().items()
        if not {canonicalize_name(p) for p in packages} & brought and module not in own
    }


def environment(folder, *extras) -> dict:
    """The environment of a process that has these extras alone, and keeps its runs in a folder."""
    (folder / "sitecustomize.py").write_text(HIDE.format(names=hidden(*extras)))
    return os.environ | {"PYTHONPATH": str(folder), "PIPELINE_REPORTS": str(folder / "reports")}


@pytest.fixture
def python(tmp_path):
    """What runs Python with some extras alone, in an empty folder."""

    def run(*arguments, extras=(), check=0):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment(tmp_path, *extras),
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == check, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def pipeline(python):
    """What runs a command with some extras alone."""

    def run(*arguments, **options):
        return python("-m", "helpers", *arguments, **options)

    return run


# --- The core -------------------------------------------------------------------------------------


def test_the_core_brings_no_jupyter_no_server_and_no_registry():
    assert {"IPython", "ipykernel", "papermill", "fastapi", "uvicorn", "mlflow"} <= hidden()
    assert not {"pandas", "sklearn", "skops"} & hidden()
    assert "jupyterlab" in hidden("serve", "notebooks", "track")
    assert "mlflow" in hidden("serve", "notebooks", "course")


CORE = """
from helpers.train import train_models
from tests.small import at_random, prepared

made = prepared()
rows = at_random(made, seed=1)
best = train_models.learn(rows, made.plan, trials=1, models="linear").best
model = train_models.fit_final(made.cleaning, made.plan, best.model, rows)
print(len(model.predict(made.raw)))
"""


@pytest.mark.slow
def test_the_core_cleans_and_trains(python):
    assert python("-c", CORE).split() == ["240"]


def test_the_core_predicts_from_a_stored_model(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    made = prepared()
    write_run(made)
    made.raw.head(20).to_csv(tmp_path / "rows.csv", index=False)
    assert "20 rows scored" in pipeline("predict", "small", "rows.csv", "--out", "scored.csv")


def test_the_core_describes_itself_and_the_doctor_says_what_it_has_not(pipeline):
    assert "seed=42" in pipeline("parameters")
    assert "Data cleaning" in pipeline("describe")
    said = {line[6:17].strip(): line for line in pipeline("doctor").splitlines()}
    assert said["packages"].startswith("OK")
    assert said["kernel"].startswith("WARN") and said["kernel"].endswith("[notebooks]'")


# --- One extra ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_extra_serve_is_all_that_a_service_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    made, port = prepared(), free_port()
    write_run(made)
    command = [sys.executable, "-m", "helpers", "serve", "small", "--port", str(port)]
    row = service_proof.as_record(made.raw.iloc[0])
    answer = answer_of(command, port, row, cwd=tmp_path, env=environment(tmp_path, "serve"))
    assert answer.status_code == 200 and answer.json()["logged"] is True


@pytest.mark.slow
def test_the_extra_notebooks_runs_the_line_and_says_why_it_is_not_logged(pipeline, tmp_path):
    raw_table(240).drop(columns="price").to_csv(tmp_path / "mine.csv", index=False)
    quick = ("--set=models=linear", "--set=trials=1", "--set=draws=20")
    command = ("run", "--track", "--data", "mine.csv", "--target", "bought", *quick)
    said = pipeline(*command, extras=["notebooks"])
    assert "8/8" in said and "Not logged to MLflow: This needs mlflow" in said


# --- One line where an extra is missing -----------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "has", "needs"),
    [
        (("run", "--data", "mine.csv"), (), "notebooks"),
        (("run",), (), "notebooks"),
        (("explore", "mine.csv"), (), "notebooks"),
        (("serve", "small"), (), "serve"),
        (("promote", "small"), ("notebooks",), "track"),
        (("rollback", "small"), ("notebooks",), "track"),
        (("serve", "models:/small@champion"), ("notebooks",), "track"),
        (("predict", "models:/small@champion", "mine.csv", "--out", "x.csv"), (), "track"),
        (("drift", "small", "folder", "--dask", "local"), (), "dask"),
    ],
)
def test_a_command_names_the_extra_that_it_misses_in_one_line(
    pipeline, tmp_path, monkeypatch, command, has, needs
):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    write_run(prepared())
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    (tmp_path / "folder").mkdir()
    with sqlite3.connect(tmp_path / "reports" / "mlflow.db") as store:
        store.execute("CREATE TABLE one (n)")  # without a store MLflow is not asked at all
    said = pipeline(*command, extras=has, check=2).splitlines()
    assert len(said) == 1 and said[0].startswith("Error: "), said
    assert f"[{needs}]" in said[0], said


def test_every_extra_for_use_is_named_for_its_packages():
    assert extras.missing("uvicorn").endswith("[serve]'")
    assert extras.missing("prometheus_client").endswith("[serve]'")
    assert extras.missing("IPython.display").endswith("[notebooks]'")
    assert extras.missing("palmerpenguins").endswith("[notebooks]'")
    assert extras.missing("jupyterlab").endswith("[course]'")
    assert extras.missing("dask").endswith("[dask]'")
    assert extras.missing("") == extras.missing(None) == extras.missing("pandas") == ""
