"""What a run survives: `kill -9` at random moments in the runner, its kernel and its nursery.

The same command is given again and again, and killed each time at a random moment, until it comes
to its end; then what it made is held against a run that nobody disturbed, and all begins anew.

    make bench-faults        or: python -m benchmarks.faults --kills 50 --seed 0

Writes `benchmarks/faults.json`; what it says of each fault is in `benchmarks/RELIABILITY.md`.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
VICTIMS = ("runner", "nursery", "kernel")
LONGEST = 6.0  # seconds after the start within which a kill comes
PATIENCE = 10.0  # seconds within which all processes of a killed run must have gone


@dataclass
class Killed:
    """What came of the kills: how many in whom, runs that came to their end, what did not hold."""

    kills: Counter = field(default_factory=Counter)
    ends: int = 0
    slowest_exit: float = 0.0
    faults: list[str] = field(default_factory=list)


def kill_often(command: list[str], run: Path, expected: dict, kills: int, seed: int,
               environment: dict, longest: float = LONGEST) -> Killed:  # fmt: skip
    """Start the command and kill -9 a part of it, that often; hold each whole run to `expected`.

    `expected` is what `result` gives for an undisturbed run.
    """
    chance, found = random.Random(seed), Killed()
    while sum(found.kills.values()) < kills:
        victim, moment = chance.choice(VICTIMS), chance.uniform(0.2, longest)
        running = start(command, environment)
        until = time.monotonic() + moment
        while running.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if running.poll() is None:
            _kill(running, victim, found)
        else:
            _judge(running.returncode, run, expected, found)
            shutil.rmtree(run)
    last = start(command, environment)
    last.wait(timeout=400)
    _judge(last.returncode, run, expected, found)
    return found


def start(command: list[str], environment: dict) -> subprocess.Popen:
    """The command as a process of its own session, with its output thrown away."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
    atexit.register(running.kill)  # Ctrl-C in a session of its own does not reach it
    return running


def _kill(running: subprocess.Popen, victim: str, found: Killed) -> None:
    family = descendants(running.pid)
    generation = VICTIMS.index(victim)
    chosen = [pid for pid, depth in family.items() if depth == generation]
    pid = chosen[0] if chosen else running.pid  # there is no kernel between two stages
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    found.kills[victim if chosen else "runner"] += 1
    began = time.monotonic()
    if pid == running.pid:
        running.wait()
    else:
        with contextlib.suppress(subprocess.TimeoutExpired):  # a nursery is replaced: it goes on
            running.wait(timeout=PATIENCE)
        if running.poll() is None:
            family |= descendants(running.pid)
            running.kill()
            running.wait()
        began = time.monotonic()
    while any(map(is_alive, family)) and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
    left = [pid for pid in family if is_alive(pid)]
    if left:
        found.faults.append(f"{len(left)} processes left behind after a kill of the {victim}")
    found.slowest_exit = max(found.slowest_exit, time.monotonic() - began)


def _judge(code: int, run: Path, expected: dict, found: Killed) -> None:
    found.ends += 1
    if code != 0:
        found.faults.append(f"exit code {code} where nobody was killed")
        return
    made = result(run)
    other = [name for name in expected.keys() | made.keys() if made.get(name) != expected.get(name)]
    left = [p.name for p in run.rglob(".*") if p.is_file()]
    if other or left:
        found.faults.append(f"differs: {sorted(other)}; left behind: {left}")


def result(run: Path) -> dict[str, str]:
    """Hashes of what a run made that must not depend on kills: its tables and its metrics."""
    files = [*sorted(run.glob("data/*.parquet")), run / "metrics.json"]
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()
    }


def descendants(pid: int) -> dict[int, int]:
    """A process and those below it, each with its depth: runner 0, nursery 1, kernel 2, …"""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, waiting = {}, [(pid, 0)]
    while waiting:
        one, depth = waiting.pop()
        found[one] = depth
        waiting += [(child, depth + 1) for child in children.get(one, [])]
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def penguins(folder: Path) -> tuple[list[str], dict]:
    """The command that takes the penguins down the line, and its environment."""
    from helpers import flights

    table = folder / "penguins.csv"
    shutil.copy(flights.penguins(), table)
    command = [sys.executable, "-m", "helpers", "run", "--data", str(table), "--target", "Species",
               "--name", "penguins", "--set", "trials=1", "--no-track"]  # fmt: skip
    return command, os.environ | {"PIPELINE_REPORTS": str(folder / "reports")}


def main() -> None:
    """Run the kills and write their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pipeline-faults-") as name:
        folder, load, began = Path(name), os.getloadavg()[0], time.monotonic()
        command, environment = penguins(folder)
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - began
        run = folder / "reports" / "penguins"
        expected = result(run)
        shutil.rmtree(run)
        found = kill_often(command, run, expected, asked.kills, asked.seed, environment, whole)
    figures = {
        "kills": dict(found.kills), "ends": found.ends, "faults": found.faults,
        "slowest_exit": round(found.slowest_exit, 2), "whole_run": round(whole, 1),
        "seconds": round(time.monotonic() - began), "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2), "seed": asked.seed,
    }  # fmt: skip
    (HERE / "faults.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
