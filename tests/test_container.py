"""The Dockerfiles: what they copy is there, and the service's command works from that alone.

No container engine is needed: the files are copied into folders as the Dockerfile says, its `pip`
lines are run in a fresh virtual environment, and its command is run there.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from helpers.base.places import REPOSITORY
from helpers.deploy import service_proof
from tests.ask_service import answer_of, free_port
from tests.small import prepared, write_run

FILES = [REPOSITORY / "deploy" / "Dockerfile", REPOSITORY / "deploy" / "kubeflow" / "Dockerfile"]
SERVICE = FILES[0]


def steps(file: Path) -> list[list[str]]:
    """The steps of a Dockerfile, as [word, rest]."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]


def copied(file: Path) -> list[str]:
    """What a Dockerfile copies from the repository."""
    copies = [shlex.split(rest) for word, rest in steps(file) if word == "COPY"]
    return [one for parts in copies if not parts[0].startswith("--from") for one in parts[:-1]]


@pytest.mark.parametrize("file", FILES)
def test_all_that_it_copies_exists(file):
    ours = [source for source in copied(file) if not source.startswith("reports/")]
    assert {"helpers", "pyproject.toml"} <= set(ours)
    assert [source for source in ours if not (REPOSITORY / source).exists()] == []


@pytest.mark.parametrize("file", FILES)
def test_it_installs_the_wheel_and_nothing_from_the_clone(file):
    text = file.read_text(encoding="utf-8")
    assert "--editable" not in text and " -e " not in text and "/wheel/*.whl" in text
    last = text.rpartition("\nFROM ")[2]
    assert "COPY helpers" not in last and "COPY notebooks" not in last


def test_it_runs_as_nobody_special_and_checks_its_health():
    words = [word for word, _ in steps(SERVICE)]
    assert words.index("USER") < words.index("CMD") and "HEALTHCHECK" in words
    assert dict(steps(SERVICE))["USER"] != "root"


@pytest.mark.slow
def test_its_command_serves_from_a_fresh_environment(tmp_path, monkeypatch):
    made = prepared()
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run = write_run(made)
    run.file("about.json").write_text("{}") if not run.file("about.json").exists() else None
    image = Image(tmp_path / "image", tmp_path)
    command = image.follow(SERVICE)
    assert image.has("fastapi") and not image.has("jupyterlab", "ipykernel", "mlflow")
    row = service_proof.as_record(made.raw.iloc[0])
    answer = image.ask(command, row)
    assert answer.status_code == 200 and answer.json()["logged"] is True


class Image:
    """A folder in the place of an image's root, and an environment in the place of its Python."""

    def __init__(self, root: Path, beside: Path):
        self.root, self.beside, self.venv = root, beside, root / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(self.venv)], check=True, timeout=120)
        self.environment = {
            k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "http"))
        } | {"PATH": f"{self.venv}/bin:/usr/bin:/bin", "RUN": "small", "HOME": str(root),
             "MLFLOW": "", "PIPELINE_REPORTS": f"{root}/srv/reports",
             "PIPELINE_LOG": f"sqlite:///{root}/srv/reports/log/predictions.sqlite"}  # fmt: skip
        self.folder = root

    def follow(self, file: Path) -> str:
        """Do the steps of a Dockerfile; returns the command that it ends with."""
        for word, rest in steps(file):
            if word == "WORKDIR":
                self.folder = self._place(rest)
                self.folder.mkdir(parents=True, exist_ok=True)
            elif word == "COPY" and not rest.startswith("--from"):  # both stages are in one root
                *sources, destination = shlex.split(rest.replace("${RUN}", "small"))
                for source in sources:
                    self._copy(source, destination)
            elif word == "RUN" and rest.startswith("pip "):
                self._run(rest)
        return dict(steps(file))["CMD"]

    def _place(self, path: str) -> Path:
        return self.root / path.lstrip("/") if path.startswith("/") else self.folder / path

    def _copy(self, source: str, destination: str) -> None:
        root = self.beside if source.startswith("reports/") else REPOSITORY
        target = self._place(destination)
        if destination.endswith("/"):
            target = target / Path(source).name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (root / source).is_dir() else shutil.copy
        copy(root / source, target)

    def _run(self, line: str) -> None:
        line = line.replace("/wheel", f"{self.root}/wheel")
        subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            check=True,
            timeout=900,
            capture_output=True,
        )

    def has(self, *packages: str) -> bool:
        """Whether any of these packages is installed."""
        code = "import importlib.util as u, sys; print(any(map(u.find_spec, sys.argv[1:])))"
        command = [self.venv / "bin" / "python", "-c", code, *packages]
        return subprocess.check_output(command, text=True).strip() == "True"

    def ask(self, command: str, row: dict) -> requests.Response:
        """The answer of the image's command to a row."""
        port = free_port()
        command = command.replace("8000", str(port)).replace("0.0.0.0", "127.0.0.1")
        command = command.replace("/srv/", f"{self.root}/srv/")
        (self.root / "srv" / "reports" / "log").mkdir()
        return answer_of(command, port, row, shell=True, cwd=self.folder, env=self.environment)
