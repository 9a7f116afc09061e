"""Fixtures that several test modules share."""

import sys
from subprocess import CompletedProcess

import pytest

from helpers.__main__ import main
from tests.postgres_server import postgres  # noqa: F401


@pytest.fixture
def pipeline_here(monkeypatch, capsys):
    """The command line in this process, for what is refused: it need not start twice."""

    def run(*arguments, cwd=".") -> CompletedProcess:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["pipeline", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as end:
            main()
        return CompletedProcess(sys.argv, end.value.code, *capsys.readouterr())

    return run
