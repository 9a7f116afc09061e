"""In a terminal, the bar of a long cell says how far its search is, and nothing of it is kept."""

import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from termios import TIOCSWINSZ

import nbformat
import pytest

from tests.small import raw_table


def said_in_a_terminal(command: list[str], **environment) -> str:
    """What a command writes to a terminal of 120 columns."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    running = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | environment
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # the other side has closed
        pass
    os.close(ours)
    assert running.wait(timeout=120) == 0, said
    return said.decode(errors="replace")


@pytest.mark.slow
def test_the_bar_counts_the_trials_of_the_search(tmp_path):
    raw_table(200).drop(columns="price").to_csv(tmp_path / "small.csv", index=False)
    command = [sys.executable, "-m", "helpers", "run", "--data", str(tmp_path / "small.csv"),
               "--target", "bought", "--set", "trials=3", "--stages", "1-5"]  # fmt: skip
    said = said_in_a_terminal(command, PIPELINE_REPORTS=str(tmp_path))
    assert "search 1/3" in said and "search 3/3" in said
    path = tmp_path / "small" / "notebooks" / "05_model_training.ipynb"
    assert "search 1/3" not in str(nbformat.read(path, as_version=4))
