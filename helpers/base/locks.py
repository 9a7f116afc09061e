"""Locks that keep two processes from the same work; they lie in the folder of runs."""

from __future__ import annotations

from contextlib import contextmanager

from .places import reports_folder


@contextmanager
def lock(name: str, timeout: float):
    """Hold a lock of that name in the folder of runs; `filelock.Timeout` when another has it."""
    from filelock import FileLock

    folder = reports_folder() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock", timeout=timeout):
        yield
