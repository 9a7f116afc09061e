"""`kill -9` at random moments, in a run's runner, fork server and kernel, and in a service.

The same command is given again and again, and killed each time at a random moment, until it comes
to its end; then what it made is held against a run that nobody disturbed, and all begins anew.
A service is killed while it answers and started again on its port.

    make bench-faults        or: python -m benchmarks.faults --kills 50 --seed 0

Writes `benchmarks/faults.json` and, from it, `benchmarks/RELIABILITY.md`.
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
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import psutil
import requests

HERE = Path(__file__).parent
RAW, REPORT = HERE / "faults.json", HERE / "RELIABILITY.md"
VICTIMS = ("runner", "fork server", "kernel")
ROWS = 1_000  # that the model of each run scores, to be compared
LONGEST = 6.0  # seconds after the start within which a kill comes
PATIENCE = 10.0  # seconds within which all processes of a killed run must have gone
STARTING = 60.0  # seconds within which a service answers


@dataclass
class Killed:
    """What came of the kills: how many in whom, what came to its end, what did not hold."""

    kills: Counter = field(default_factory=Counter)
    ends: int = 0
    answered: int = 0
    slowest_exit: float = 0.0
    faults: list[str] = field(default_factory=list)


def kill_often(command: list[str], run: Path, expected: dict, kills: int, seed: int,
               environment: dict, longest: float = LONGEST,
               rows: Path | None = None) -> Killed:  # fmt: skip
    """Start the command and kill -9 a part of it, that often; hold each whole run to `expected`.

    `expected` is what `result` gives for an undisturbed run and the same rows.
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
            _nobody_holds(run, found)
        else:
            _judge(running.returncode, run, expected, found, rows)
            shutil.rmtree(run)
    last = start(command, environment)
    last.wait(timeout=400)
    _judge(last.returncode, run, expected, found, rows)
    return found


def start(command: list[str], environment: dict) -> subprocess.Popen:
    """The command as a process of its own session, with its output thrown away."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
    atexit.register(running.kill)  # Ctrl-C in a session of its own does not reach it
    return running


def _kill(running: subprocess.Popen, victim: str, found: Killed) -> None:
    generation, until = VICTIMS.index(victim), time.monotonic() + 3
    while True:
        family = descendants(running.pid)
        chosen = [pid for pid, depth in family.items() if depth == generation]
        if chosen or running.poll() is not None or time.monotonic() > until:
            break
        time.sleep(0.02)  # there is no kernel between two stages, no fork server at the start
    if running.poll() is not None:
        return  # it has come to its end meanwhile; the next start finds all stages kept
    pid, ports = (chosen or [running.pid])[0], _ports(family)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    found.kills[victim if chosen else "runner"] += 1
    if pid != running.pid:
        with contextlib.suppress(
            subprocess.TimeoutExpired
        ):  # a fork server is replaced: it goes on
            running.wait(timeout=PATIENCE)
        family |= descendants(running.pid)
        running.kill()
    running.wait()
    began = time.monotonic()
    while any(map(is_alive, family)) and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
    left = [pid for pid in family if is_alive(pid)]
    if left:
        found.faults.append(f"{len(left)} processes left behind after a kill of the {victim}")
    taken = [port for port in ports if _is_taken(port)]
    if taken:
        found.faults.append(f"{len(taken)} ports left behind after a kill of the {victim}")
    found.slowest_exit = max(found.slowest_exit, time.monotonic() - began)


def _ports(family) -> set[int]:
    """The TCP ports at which these processes listen."""
    found = set()
    for pid in family:
        with contextlib.suppress(psutil.Error):
            listening = psutil.Process(pid).net_connections("tcp")
            found |= {c.laddr.port for c in listening if c.status == psutil.CONN_LISTEN}
    return found


def _is_taken(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _nobody_holds(run: Path, found: Killed) -> None:
    """Take and free the run's lock, as the next command would."""
    from filelock import FileLock, Timeout

    lock = run.parent / ".locks" / f"{run.name}.lock"
    if lock.parent.exists():
        try:
            FileLock(lock).acquire(timeout=0).lock.release()
        except Timeout:
            found.faults.append("the run's lock is held by nobody who lives")


def _judge(code: int, run: Path, expected: dict, found: Killed, rows: Path | None) -> None:
    found.ends += 1
    if code != 0:
        found.faults.append(f"exit code {code} where nobody was killed")
        return
    made = result(run, rows)
    other = [name for name in expected.keys() | made.keys() if made.get(name) != expected.get(name)]
    left = [p.name for p in run.rglob(".*") if p.is_file()]
    if other or left:
        found.faults.append(f"differs: {sorted(other)}; left behind: {left}")


def result(run: Path, rows: Path | None = None) -> dict[str, str]:
    """Hashes of what must not depend on kills: a run's tables, metrics, and answers to the rows."""
    files = [*sorted(run.glob("data/*.parquet")), run / "metrics.json"]
    found = {file.name: _hash(file) for file in files if file.exists()}
    if rows is not None:
        out = rows.with_name("scored.csv")
        command = [sys.executable, "-m", "helpers", "predict", run.name, rows, "--out", out]
        environment = os.environ | {"PIPELINE_REPORTS": str(run.parent)}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        found["predictions"] = _hash(out)
        out.unlink()
    return found


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# --- A service ----------------------------------------------------------------------------------


def kill_service(run: Path, rows: list[dict], kills: int, seed: int) -> Killed:
    """Kill -9 a service while it answers, that often, and start it again on the same port.

    Every start must give the first row the answer that it got at first, and every answer that
    was said to be logged must be in the log, whole.
    """
    chance, found, told, first = random.Random(seed), Killed(), set(), None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "helpers", "serve", run.name, "--port", str(port)]
    environment = os.environ | {"PIPELINE_REPORTS": str(run.parent)}
    for _ in range(kills):
        service = start(command, environment)
        try:
            answer = _what_was_said(_ask_until_it_answers(service, port, rows[0]))
            first = first or answer
            if answer != first:
                found.faults.append("another answer to the same row after a kill")
            family = descendants(service.pid)
            threading.Timer(chance.uniform(0.05, 1.0), service.kill).start()
            with contextlib.suppress(requests.RequestException):  # it is killed while it answers
                while True:
                    answer = _ask(port, chance.choice(rows))
                    told |= {answer["id"]} if answer["logged"] else set()
        finally:
            service.kill()
            service.wait()
        found.kills["service"] += 1
        until = time.monotonic() + PATIENCE
        while any(map(is_alive, family)) and time.monotonic() < until:
            time.sleep(0.02)
        if any(map(is_alive, family)) or _is_taken(port):
            found.faults.append("a process or port left behind after a kill of the service")
    found.answered = len(told)
    found.faults += _of_the_log(run / "predictions.sqlite", told)
    return found


def _ask(port: int, row: dict) -> dict:
    answer = requests.post(f"http://127.0.0.1:{port}/predict", json=row, timeout=5)
    answer.raise_for_status()
    return answer.json()


def _what_was_said(answer: dict) -> dict:
    return {name: value for name, value in answer.items() if name != "id"}


def _ask_until_it_answers(service: subprocess.Popen, port: int, row: dict) -> dict:
    until = time.monotonic() + STARTING
    while True:
        try:
            return _ask(port, row)
        except requests.ConnectionError:
            if time.monotonic() > until or service.poll() is not None:
                raise
            time.sleep(0.05)


def _of_the_log(place: Path, told: set[str]) -> list[str]:
    """What does not hold in a prediction log: damaged, or without an answer that was given."""
    with contextlib.closing(sqlite3.connect(place)) as log:
        whole = log.execute("PRAGMA integrity_check").fetchone()[0]
        kept = {id for (id,) in log.execute("SELECT id FROM predictions WHERE row <> ''")}
    faults = [] if whole == "ok" else [f"the prediction log is damaged: {whole}"]
    return faults + [f"{n} logged answers are lost" for n in [len(told - kept)] if n]


# --- Processes ----------------------------------------------------------------------------------


def descendants(pid: int) -> dict[int, int]:
    """A process and those below it, each with its depth: runner 0, fork server 1, kernel 2, …"""
    found, generation = {pid: 0}, [pid]
    while generation:
        parents, generation = generation, []
        for parent in parents:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                generation += [child.pid for child in psutil.Process(parent).children()]
        found |= dict.fromkeys(generation, max(found.values()) + 1)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def penguins(folder: Path) -> tuple[list[str], dict]:
    """The command that takes the penguins down the line, and its environment."""
    from helpers.examples import penguins_example

    table = folder / "penguins.csv"
    shutil.copy(penguins_example.penguins(), table)
    command = [sys.executable, "-m", "helpers", "run", "--data", str(table), "--target", "Species",
               "--name", "penguins", "--set", "trials=1", "--no-track"]  # fmt: skip
    return command, os.environ | {"PIPELINE_REPORTS": str(folder / "reports")}


def rows_to_score(table: Path, seed: int) -> Path:
    """`ROWS` rows beside the table: its own, drawn again, a tenth of their cells another row's."""
    frame = pd.read_csv(table).drop(columns="Species")
    rows = frame.sample(ROWS, replace=True, random_state=seed).reset_index(drop=True)
    for number, column in enumerate(rows):
        other = frame[column].sample(ROWS, replace=True, random_state=seed + number + 1)
        chosen = rows.sample(frac=0.1, random_state=seed + number).index
        rows.loc[chosen, column] = other.to_numpy()[chosen]
    place = table.with_name("rows.csv")
    rows.to_csv(place, index=False)
    return place


def main() -> None:
    """Run the kills and write their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    figures = measure(asked.kills, asked.seed)
    RAW.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    REPORT.write_text(report(figures), encoding="utf-8")
    print(json.dumps(figures, indent=1))
    sys.exit(bool(figures["faults"]))


def measure(kills: int, seed: int) -> dict:
    """Kill a run of the penguins that often, then its service as often; the figures of both."""
    with tempfile.TemporaryDirectory(prefix="pipeline-faults-") as name:
        folder, load = Path(name), os.getloadavg()[0]
        command, environment = penguins(folder)
        began = time.monotonic()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - began
        rows = rows_to_score(folder / "penguins.csv", seed)
        run = folder / "reports" / "penguins"
        expected = result(run, rows)
        shutil.rmtree(run)
        of_run = kill_often(command, run, expected, kills, seed, environment, whole, rows)
        asked = json.loads(pd.read_csv(rows).head(100).to_json(orient="records"))
        of_service = kill_service(run, asked, kills, seed)
    return {
        "kills": dict(of_run.kills), "ends": of_run.ends, "whole_run": round(whole, 1),
        "slowest_exit": round(of_run.slowest_exit, 2), "compared": sorted(expected),
        "service_kills": of_service.kills["service"], "service_answers": of_service.answered,
        "faults": of_run.faults + of_service.faults, "seed": seed,
        "seconds": round(time.monotonic() - began), "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }  # fmt: skip


# What is tried of each fault, and what must hold: the tests are in tests/test_faults.py where no
# other file is named.
TRIED = [
    ("`kill -9` of the runner, the fork server or a kernel at seeded random moments",
     "the same command comes to the end; Parquet tables, `metrics.json` and the predictions of "
     "1,000 rows have the hashes of an undisturbed run; no process, port, lock or draft is left",
     "below; five kills: test_killed_at_random_moments_a_run_comes_to_the_same_end"),
    ("`kill -9` of the service while it answers",
     "started again on its port it gives the same answers; the log is whole and has every answer "
     "that was said to be logged",
     "below; three kills: test_a_service_that_is_killed_answers_again_and_lost_no_line"),
    ("a kernel is killed", "exit code 1; one line and the front page say which stage lost it; the "
     "command again goes on", "test_a_kernel_that_is_killed_fails_its_stage_in_one_line"),
    ("the disk is full (`RLIMIT_FSIZE` of 3,000 bytes)", "exit code 1, one line; tables and pages "
     "as before; with room again it goes on",
     "test_a_full_disk_is_one_line_and_leaves_what_was_there"),
    ("a folder that may not be written (root loses its right to write everywhere)", "exit code 1, "
     "one line; tables and pages as before; with the permission it goes on",
     "test_a_folder_without_permission_is_one_line_and_stays_as_it_was"),
    ("the clock jumps a year on or back in the middle of a stage (`LD_PRELOAD`)", "the run comes "
     "to the end with the same tables; no duration is negative or a year; status says current",
     "test_a_clock_that_jumps_changes_no_result"),
    ("two runs of one name at once", "the second is refused with process, host, since when and "
     "which command", "test_the_second_of_two_runs_of_a_name_is_told_who_holds_it"),
    ("two different runs at once", "each has the tables that it has alone",
     "test_two_different_runs_at_once_do_not_disturb_each_other"),
    ("a file was edited or cut short", "the next stage refuses it by name, with the command of "
     "the stage that makes it", "test_a_file_that_was_altered_is_refused_with_its_maker"),
    ("Ctrl-C", "exit code 130 and one line within 2 s, no process left, the command again goes on",
     "test_ctrl_c_stops_within_two_seconds_and_the_run_goes_on_later"),
    ("a cell raises", "exit code 1; the front page has the failed stage, the cell with a link to "
     "it, and the message; earlier pages stay",
     "test_a_cell_that_raises_is_shown_where_it_stands"),
    ("a library warns, again and again and in every worker; also under `PYTHONWARNINGS=error`",
     "the page shows it once, in its place; the run does not fail",
     "test_a_warning_is_shown_once_and_fails_nothing"),
]  # fmt: skip


def report(raw: dict) -> str:
    """RELIABILITY.md: what is tried of each fault, and the figures of the kills."""
    kills = ", ".join(f"{raw['kills'].get(victim, 0)} in the {victim}" for victim in VICTIMS)
    compared = ", ".join(f"`{name}`" for name in raw["compared"])
    faults = raw["faults"] or ["none"]
    return "\n".join([
        "# What a run survives",
        "",
        "Written by `make bench-faults` (`KILLS=50`); raw numbers in `faults.json`. Each row is a",
        "test; those without a file are in `tests/test_faults.py`.",
        "",
        "| fault | what must hold | where it is tried |",
        "|---|---|---|",
        *(f"| {fault} | {holds} | {where} |" for fault, holds, where in TRIED),
        "",
        "## Kills of a run and of its service",
        "",
        "| figure | measured |",
        "|---|---|",
        f"| kills of a run of the penguins | {sum(raw['kills'].values())}: {kills} |",
        f"| runs that came to their end, each compared | {raw['ends']} |",
        f"| what was compared by its hash | {compared} |",
        f"| longest time until all its processes were gone | {raw['slowest_exit']} s |",
        f"| an undisturbed run | {raw['whole_run']} s |",
        f"| kills of the service | {raw['service_kills']} |",
        f"| answers given meanwhile, each looked for in the log | {raw['service_answers']:,} |",
        f"| what did not hold | {'; '.join(faults)} |",
        f"| all of it took | {raw['seconds']} s, seed {raw['seed']} |",
        f"| load of the machine before and after | {raw['load_before']}, {raw['load_after']} |",
        "",
        "Not tried: a power cut (the log's SQLite syncs at checkpoints, not at each commit), a",
        "network file system, a disk that fills up for real.",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
