"""The Dockerfile: what it copies is there, and its command serves from that alone.

No container engine is needed: the files are copied into a folder as the Dockerfile says, installed
into a fresh virtual environment, and the command is run there.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

import pytest
import requests

from helpers.base.places import REPOSITORY
from helpers.deploy import service_proof
from tests.small import prepared, write_run

TEXT = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(None, 1) for line in TEXT.splitlines() if re.match(r"[A-Z]+ ", line)]


def copied(run: str):
    """The Dockerfile's copies, as (sources, destination), the run's name filled in."""
    for word, rest in STEPS:
        if word == "COPY":
            *sources, destination = shlex.split(rest.replace("${RUN}", run))
            yield sources, destination


def test_all_that_it_copies_exists():
    found = [source for sources, _ in copied("flights") for source in sources]
    ours = [source for source in found if not source.startswith("reports/")]
    assert ours and len(ours) < len(found), "the code, and the run's own files"
    assert [source for source in ours if not (REPOSITORY / source).exists()] == []


def test_it_runs_as_nobody_special_and_checks_its_health():
    words = [word for word, _ in STEPS]
    assert words.index("USER") < words.index("CMD") and "HEALTHCHECK" in words
    assert dict(STEPS)["USER"] != "root"


@pytest.mark.slow
def test_its_command_serves_from_a_fresh_environment(tmp_path, monkeypatch):
    made, home = prepared(), tmp_path / "srv"
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run = write_run(made)
    run.file("about.json").write_text("{}") if not run.file("about.json").exists() else None
    for sources, destination in copied("small"):
        for source in sources:
            root = tmp_path if source.startswith("reports/") else REPOSITORY
            target = home / destination
            target = target / os.path.basename(source) if destination.endswith("/") else target  # noqa: PTH119
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (root / source).is_dir() else shutil.copy
            copy(root / source, target)
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, timeout=120)
    pip = [home / "venv/bin/python", "-m", "pip", "install", "--quiet"]
    for what in (["--requirement", "requirements.lock"], ["--no-deps", "--editable", "."]):
        subprocess.run([*pip, *what], cwd=home, check=True, timeout=900)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = next(rest for word, rest in STEPS if word == "CMD")
    command = command.replace("8000", str(port)).replace("0.0.0.0", "127.0.0.1")
    command = command.replace("/srv/", f"{home}/")
    (home / "reports" / "log").mkdir()
    environment = {"PATH": f"{home}/venv/bin:/usr/bin:/bin", "RUN": "small", "HOME": str(home),
                   "PIPELINE_REPORTS": str(home / "reports")}  # fmt: skip
    process = subprocess.Popen(command, shell=True, cwd=home, env=environment)  # noqa: S602
    try:
        until, row = time.monotonic() + 60, service_proof.as_record(made.raw.iloc[0])
        while True:
            try:
                answer = requests.post(f"http://127.0.0.1:{port}/predict", json=row, timeout=10)
                break
            except requests.ConnectionError:
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.2)
        assert answer.status_code == 200 and answer.json()["logged"] is True
    finally:
        process.terminate()
        process.wait(timeout=30)
