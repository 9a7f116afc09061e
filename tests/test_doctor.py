"""The doctor: what is well, what is not, and the fix on the same line."""

import socket
import subprocess
import sys

import pytest

from helpers.line import stage_list
from helpers.run import doctor
from helpers.run.doctor import FAIL, OK, WARN


def command(*arguments, **environment):
    import os

    line = [sys.executable, "-m", "helpers", "doctor", *arguments]
    env = os.environ | environment
    return subprocess.run(line, capture_output=True, text=True, timeout=60, env=env)


def test_a_machine_that_runs_the_tests_is_well():
    done = command()
    states = {line[:5].strip() for line in done.stdout.splitlines()}
    assert done.returncode == 0 and states <= {OK, WARN}, done.stdout
    assert len(done.stdout.splitlines()) == 13 and done.stderr == ""


def test_what_fails_is_told_with_its_fix_and_exit_code_1(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command("--port", str(port), PIPELINE_REPORTS=str(tmp_path / "file"))
    said = {line[6:17].strip(): line for line in done.stdout.splitlines()}
    assert done.returncode == 1
    assert said["reports"].startswith(FAIL) and "PIPELINE_REPORTS" in said["reports"]
    assert said["port"].startswith(WARN) and f"--port {port + 1}" in said["port"]
    assert said["kernel"].startswith(OK)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (doctor.python((3, 10, 2)), FAIL),
        (doctor.python((3, 13, 0)), OK),
        (doctor.packages(["pandas>=99"]), FAIL),
        (doctor.packages(["no-such-package-here"]), FAIL),
        (doctor.packages(["pandas>=3", "no-such; extra == 'dev'", "x; sys_platform=='none'"]), OK),
        (doctor.disk(0.5), FAIL),
        (doctor.disk(50.0), OK),
        (doctor.memory(1.0), WARN),
        (doctor.memory(16.0), OK),
    ],
)
def test_bounds(found, state):
    assert found.state == state
    assert (": " in str(found)[20:]) == (state != OK), str(found)


def test_a_wrong_version_is_named_with_the_declared_one():
    assert "pandas is 3" in str(doctor.packages(["pandas>=99"]))
    assert ">=99 is declared" in str(doctor.packages(["pandas>=99"]))


def test_what_cannot_be_checked_is_a_finding_of_its_own():
    def broken():
        raise ModuleNotFoundError("No module named 'psutil'")

    found = doctor._safely("memory", broken)
    assert (
        found.state == FAIL
        and "No module named 'psutil'" in str(found)
        and "make setup" in found.fix
    )


# --- The name `helpers`, the notebooks ------------------------------------------------------------


def test_another_package_named_helpers_is_found(tmp_path, monkeypatch):
    other = tmp_path / "helpers-9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Name: helpers\nVersion: 9\n")
    (other / "top_level.txt").write_text("helpers\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = doctor.helpers()
    assert found.state == FAIL and found.detail.startswith("helpers installs")


def test_a_folder_named_helpers_is_found_where_it_hides_ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctor.helpers().state == OK
    (tmp_path / "helpers").mkdir()
    assert doctor.helpers().state == OK  # without an __init__.py it hides nothing
    (tmp_path / "helpers" / "__init__.py").touch()
    found = doctor.helpers()
    assert found.state == WARN and str(tmp_path) in found.detail


def test_a_copy_that_is_not_the_installed_one_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.places, "PACKAGE", tmp_path)
    monkeypatch.chdir(tmp_path)
    found = doctor.helpers()
    assert found.state == WARN and found.detail.startswith(f"imported from {tmp_path}")


@pytest.mark.parametrize("name", ["notebooks", "data"])
def test_notebooks_or_data_that_are_missing_are_named(tmp_path, monkeypatch, name):
    assert doctor.notebooks().state == OK
    where, module = (doctor.places, "DATA") if name == "data" else (stage_list, "NOTEBOOKS")
    monkeypatch.setattr(where, module, tmp_path)
    found = doctor.notebooks()
    assert found.state == FAIL and str(tmp_path) in found.detail
