"""Setting up: uv installs what is locked, pip does where uv can't, and neither takes anything else.

The Makefile's own recipes run in an empty folder, on packages made here, without a network.
"""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import pythons
from packaging.version import Version

from benchmarks import setup as bench
from helpers.base.places import REPOSITORY

UV = Path(sys.executable).with_name("uv")
RECIPES = f"""
include {REPOSITORY}/Makefile
try:
	$(call environment,venv)
	$(call install,venv,-r tiny.lock)
"""


@pytest.mark.skipif(not bench.RAW.exists(), reason="make bench-setup has not been run")
def test_the_page_says_what_was_measured():
    raw = json.loads(bench.RAW.read_text(encoding="utf-8"))
    assert bench.REPORT.read_text(encoding="utf-8") == bench.report(raw)


@pytest.mark.slow
def test_every_python_of_this_machine_is_found_once_and_none_is_too_old():
    found = pythons.pythons()
    minors = [Version(version).release[:2] for version in found]
    assert sys.version_info[:2] in minors and len(minors) == len(set(minors))
    assert min(minors) >= (3, 11)
    for version, python in found.items():
        code = "import platform; print(platform.python_version())"
        assert subprocess.check_output([python, "-c", code], text=True).strip() == version


def wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """Make a wheel of some files; returns its line in a lock."""
    info = f"{name}-1.0.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for inside, text in (files | {f"{info}/RECORD": record}).items():
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = 0o100755 << 16  # a script must be one that can be run
            packed.writestr(entry, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def setup(tmp_path):
    """What sets up an environment with the package `tiny`, by some uv; returns what is said."""

    def run(uv: str | None, *options: str, fails: bool = False, tampered: bool = False) -> str:
        index = tmp_path / "index"
        index.mkdir()
        lock = wheel(index, "tiny", {"tiny.py": "INSTALLED = True\n"})
        if uv is not None:
            setup_lock = wheel(index, "uv", {"uv-1.0.data/scripts/uv": uv})
        else:
            setup_lock = "uv==1.0 --hash=sha256:" + "0" * 64
        if tampered:
            wheel(index, "tiny", {"tiny.py": "INSTALLED = 'another'\n"})
        (tmp_path / "tiny.lock").write_text(lock)
        (tmp_path / "requirements-setup.lock").write_text(setup_lock)
        (tmp_path / "own.mk").write_text(RECIPES)
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull,
                   "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(index), "UV_NO_CONFIG": "1",
                   "UV_CACHE_DIR": str(tmp_path / "cache")}  # fmt: skip
        done = subprocess.run(
            ["make", "-f", "own.mk", "try", f"PYTHON={sys.executable}", *options], cwd=tmp_path,
            env=os.environ | offline, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert bool(done.returncode) == fails, (done.stdout, done.stderr)
        return done.stdout

    return run


def installer_of(folder: Path, package: str = "tiny") -> str:
    """Who installed a package, as it is noted beside it; "" where it is not installed."""
    found = list(folder.glob(f"venv/lib/*/site-packages/{package}-1.0.dist-info/INSTALLER"))
    return found[0].read_text().strip() if found else ""


REAL = f'#!/bin/sh\nexec {UV} "$@"\n'
BROKEN = "#!/bin/sh\necho 'no route to the index' >&2\nexit 2\n"
slow = pytest.mark.slow
needs_uv = pytest.mark.skipif(not UV.exists(), reason="uv is not installed beside this Python")


@slow
@needs_uv
def test_uv_installs_what_is_locked_and_nothing_more_is_said(setup, tmp_path):
    said = setup(REAL)
    assert installer_of(tmp_path) == "uv", said
    assert "pip installs instead" not in said


@slow
@needs_uv
def test_bytecode_is_made_at_once_where_python_may_not_write_it(setup, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    setup(REAL)
    assert list(tmp_path.glob("venv/lib/*/site-packages/__pycache__/tiny.*.pyc"))


@slow
def test_pip_installs_where_uv_fails_and_one_line_says_why(setup, tmp_path):
    said = setup(BROKEN).splitlines()
    assert installer_of(tmp_path) == "pip"
    assert [line for line in said if "uv failed (no route to the index): pip installs" in line]


@slow
def test_pip_installs_where_uv_can_not_be_had_and_one_line_says_why(setup, tmp_path):
    said = setup(None).splitlines()
    assert installer_of(tmp_path) == "pip" and installer_of(tmp_path, "uv") == ""
    assert sum(line.startswith("uv can't be had (ERROR: ") for line in said) == 1, said


@slow
def test_who_asks_for_pip_gets_pip(setup, tmp_path):
    assert "uv failed" not in setup(BROKEN, "INSTALLER=pip")
    assert installer_of(tmp_path) == "pip"


@slow
@pytest.mark.parametrize("uv", [pytest.param(REAL, marks=needs_uv), BROKEN])
def test_neither_takes_a_package_that_is_not_the_locked_one(setup, tmp_path, uv):
    setup(uv, fails=True, tampered=True)
    assert installer_of(tmp_path) == ""
