"""One command at a time on a run; a refusal names the command that holds it."""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..base.files import write_json
from ..base.locks import lock
from ..base.user_errors import InputError
from ..line.run_folder import Run

IN_USE = (
    "The run '{}' is in use by {}: wait until it has finished, or give this one another --name."
)


@contextmanager
def alone(run: Run):
    """Hold the run for this process; refuse when another one holds it."""
    from filelock import Timeout

    try:
        with lock(run.name, timeout=0), _signed(run):
            run.clear_drafts()
            yield
    except Timeout:
        raise InputError(IN_USE.format(run.name, _holder(run))) from None


@contextmanager
def _signed(run: Run):
    """Say beside the lock who holds it; of a command only its first word, which is no secret."""
    place = _signature(run)
    word = next((w for w in sys.argv[1:2] if w.isalpha()), "")
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    holder = {"pid": os.getpid(), "host": platform.node(), "since": since, "command": word}
    write_json(place, holder)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def _signature(run: Run) -> Path:
    return run.path.parent / ".locks" / f"{run.name}.holder.json"


def _holder(run: Run) -> str:
    """Who holds a run, in words."""
    try:
        who = json.loads(_signature(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it has just begun or ended, or is another kind of command
        return "another command"
    command = f"`pipeline {who['command']}`" if who["command"] else "another command"
    return f"{command} (process {who['pid']} on {who['host']}, since {who['since']})"
