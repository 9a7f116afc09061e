"""Timing commands side by side: medians, spreads, and the peak memory of a family of processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
LONGEST = 1_800  # seconds that one command may take


def seconds_of(command: list, folder: Path | None = None, **environment: str) -> float:
    """The wall time of a command; raises when it fails."""
    began = time.perf_counter()
    run(command, folder, **environment)
    return time.perf_counter() - began


def run(command: list, folder: Path | None = None, **environment: str) -> str:
    """Run a command to its end; returns what it printed, raises with its last words if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder or REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def python(*arguments) -> list:
    """A command of this environment's Python."""
    return [sys.executable, *arguments]


def alternating(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """So many rounds; in each every side is measured once, so that noise hits all alike."""
    found = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            found[name].append(sides[name]())
            print(f"  {name}: {found[name][-1]:.2f} s", flush=True)
    return found


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def spread(values: list[float]) -> str:
    """The smallest and the largest, as text."""
    return f"{min(values):.2f} to {max(values):.2f}"


def peak_memory(command: list, **environment: str) -> tuple[float, int]:
    """The wall time of a command in seconds, and the most memory that it and its children held.

    Bytes, as proportional set size (PSS): what processes share, as forks do, is counted once.
    Looked at five times a second.
    """
    began = time.perf_counter()
    process = psutil.Popen(
        [str(part) for part in command], cwd=REPOSITORY, env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            most[0] = max(most[0], _held(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        if process.wait(timeout=LONGEST):
            raise RuntimeError(f"{command} failed with exit code {process.returncode}")
    finally:
        done.set()
        watcher.join()
    return time.perf_counter() - began, most[0]


@contextmanager
def grown_memory():
    """By how much this process grows while the block runs; yields {"most": bytes}.

    The largest resident size over the one at the beginning, looked at fifty times a second.
    """
    process, done = psutil.Process(), threading.Event()
    before, found = process.memory_info().rss, {"most": 0}

    def watch() -> None:
        while not done.wait(0.02):
            found["most"] = max(found["most"], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    held = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            held += member.memory_full_info().pss
        except psutil.Error:
            continue
    return held
