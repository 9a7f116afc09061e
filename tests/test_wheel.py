"""The built wheel works without a clone: in an empty environment, in an empty folder.

The package comes from the wheel. What it depends on is lent by this environment, so that no
network is needed.
"""

import json
import os
import random
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from helpers.base.places import REPOSITORY
from helpers.line.stage_list import STAGES
from helpers.run import doctor
from tests.ask_service import answer_of, free_port

pytestmark = pytest.mark.slow
IMPORT_ALL = """
import helpers, importlib, pkgutil
names = [m.name for m in pkgutil.walk_packages(helpers.__path__, "helpers.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
PRINT_PLACES = """
import helpers, json
from helpers.base import places
print(json.dumps({"file": helpers.__file__, "repository": str(places.REPOSITORY)}))
"""


def build(folder: Path) -> Path:
    """The wheel, built into a folder by the declared back end."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


def install(wheel: Path, home: Path) -> Path:
    """A new environment with the wheel, to which this one lends all other packages."""
    venv = [sys.executable, "-m", "venv", "--without-pip", str(home)]
    subprocess.run(venv, check=True, timeout=120)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, timeout=120)
    lend(home)
    return python


def lend(home: Path) -> None:
    """Let an environment see the packages of this one.

    A line in a .pth file adds a folder, but not what the folder's own .pth files add: so a clone
    that is installed as editable stays unseen.
    """
    own = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (own / "lent.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    (home / "share" / "jupyter").mkdir(parents=True, exist_ok=True)
    name = Path("share", "jupyter", "nbconvert")  # its templates are data files
    (home / name).symlink_to(Path(sys.prefix) / name)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """What runs a command line where the wheel is installed; its working folder has one table."""
    python = install(wheel, tmp_path_factory.mktemp("environment"))
    folder = tmp_path_factory.mktemp("empty")
    (folder / "mine.csv").write_text(table(), encoding="utf-8")
    return Installed(python, folder)


class Installed:
    """An installation, and the working folder of its user."""

    def __init__(self, python: Path, folder: Path):
        self.python, self.folder = python, folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIPELINE_"))}
        self.environment = kept | {
            "PATH": f"{python.parent}:/usr/bin:/bin",
            "HOME": str(folder.with_name("home")),
            "XDG_CACHE_HOME": str(folder.with_name("cache")),
        }

    def run(self, *command: str, folder: Path | None = None) -> str:
        """What a command prints; it must end well."""
        done = subprocess.run(
            command, cwd=folder or self.folder, env=self.environment,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


def table(rows: int = 400) -> str:
    """A table to predict `churned` from."""
    drawn, lines = random.Random(0), ["age,plan,churned"]
    for _ in range(rows):
        age, plan = drawn.randint(18, 80), drawn.choice(["basic", "plus"])
        churns = drawn.random() < (age / 100 if plan == "plus" else 0.1)
        lines.append(f"{age},{plan},{'yes' if churns else 'no'}")
    return "\n".join(lines)


# --- What is in it --------------------------------------------------------------------------------


def test_the_wheel_has_the_package_whole_and_nothing_that_is_not_its_own(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    here = {str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "helpers").rglob("*.py")}
    assert here <= set(names)
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"helpers", "pipeline_notebooks"}
    unwanted = ("checkpoint", "__pycache__", "notebooks/clean_copies")
    assert not [name for name in names if any(part in name for part in unwanted)]


def test_it_carries_all_metadata_and_the_version_of_the_package(installed):
    code = "from importlib import metadata as m; print(m.version('pipeline-notebooks'))"
    version = installed.run(str(installed.python), "-c", code).strip()
    text = (REPOSITORY / "helpers" / "__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{version}"' in text
    assert version in installed.run("pipeline", "--version")


# --- What a user does with it ---------------------------------------------------------------------


def test_it_is_the_wheel_that_is_imported_and_not_the_clone(installed):
    places = json.loads(installed.run(str(installed.python), "-c", PRINT_PLACES))
    assert Path(places["file"]).is_relative_to(installed.python.parents[1])
    assert places["repository"] == "None"


def test_every_module_can_be_imported_where_there_is_no_clone(installed):
    modules = (REPOSITORY / "helpers").rglob("*.py")
    own = [path for path in modules if path.parent != REPOSITORY / "helpers"]
    assert int(installed.run(str(installed.python), "-c", IMPORT_ALL)) > len(own) * 0.9


def test_the_doctor_finds_it_well(installed):
    said = installed.run("pipeline", "doctor")
    states = {line[6:17].strip(): line[:5].strip() for line in said.splitlines()}
    assert doctor.FAIL not in states.values()
    for subject in ("packages", "helpers", "notebooks", "kernel warm", "kernel"):
        assert states[subject] == doctor.OK, said


def test_it_describes_itself_by_both_of_its_names(installed):
    module = [str(installed.python), "-m", "helpers"]
    assert "seed=42" in installed.run("pipeline", "parameters")
    assert installed.run("pipeline", "describe") == installed.run(*module, "describe")
    assert f"notebooks/{STAGES[-1].notebook}.ipynb" in installed.run(*module, "describe")


def test_a_table_is_explored_and_the_page_is_in_the_working_folder(installed):
    said = installed.run("pipeline", "explore", "mine.csv", "--name", "look")
    page = installed.folder / "reports" / "look" / "explore.html"
    assert str(page) in said and page.is_file()


def test_a_model_is_trained_predicts_and_serves_from_the_working_folder(installed):
    installed.run("pipeline", "run", "--data", "mine.csv", "--target", "churned")
    run = installed.folder / "reports" / "mine"
    assert (run / "index.html").is_file() and (run / "model").is_dir()
    assert (installed.folder / "reports" / "mlflow.db").is_file()
    installed.run("pipeline", "predict", "mine", "mine.csv", "--out", "scored.csv")
    scored = (installed.folder / "scored.csv").read_text(encoding="utf-8").splitlines()
    assert scored[0].endswith("prediction,probability_no,probability_yes")
    assert len(scored) == 401
    assert served(installed, {"age": 30, "plan": "plus"})["prediction"] in ("no", "yes")


def test_a_stock_kernel_and_the_flights_work_too(installed):
    """The sources of the flights are laid out in the user's cache, not in the package."""
    installed.run("pipeline", "run", "--stages", "1", "--kernels", "stock", "--no-track")
    assert list(installed.folder.with_name("cache").rglob("flights.sqlite"))
    assert (installed.folder / "reports" / "flights" / "data" / "raw.parquet").is_file()


def test_a_folder_of_the_user_named_helpers_does_not_come_in_its_way(installed, tmp_path):
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "__init__.py").write_text("raise ImportError('not this one')")
    (tmp_path / "mine.csv").write_text(table(), encoding="utf-8")
    for kernels in ("warm", "stock"):
        installed.run("pipeline", "explore", "mine.csv", "--kernels", kernels, folder=tmp_path)
    assert "another" in installed.run("pipeline", "doctor", folder=tmp_path)


def served(installed: Installed, row: dict) -> dict:
    """The answer of `pipeline serve` to one row."""
    port = free_port()
    command = ["pipeline", "serve", "mine", "--port", str(port)]
    answer = answer_of(command, port, row, cwd=installed.folder, env=installed.environment)
    assert answer.status_code == 200, answer.text
    return answer.json()
