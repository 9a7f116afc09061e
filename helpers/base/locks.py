"""Locks that keep two processes from the same work; they lie in the folder of runs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

from .files import sha256_of
from .places import reports_folder
from .user_errors import InputError


@contextmanager
def lock(name: str, timeout: float):
    """Hold a lock of that name in the folder of runs; `filelock.Timeout` when another has it."""
    from filelock import FileLock

    folder = reports_folder() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock", timeout=timeout):
        yield


@contextmanager
def only_writer(out: Path):
    """Hold a file or folder to write for this process; InputError when another writes it."""
    from filelock import Timeout

    try:
        with lock(f"out-{sha256_of(str(out.resolve()))[:16]}", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"Another command is writing '{out}': wait until it has finished, or give this one "
            f"another --out."
        ) from None
