"""A service as a process of its own, and what is done to it: its log, its health, its memory."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import shutil
import socket
import sqlite3
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import requests

from .serving import free_port, server, single_rows

ASKED = 25  # answers before and after each event
JSON = {"Content-Type": "application/json"}
FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
from helpers.cli.command_group import cli
import helpers.cli.model_commands
cli(["serve", "small", "--port", sys.argv[1]])
"""


def small_run():
    """The tests' small run, deployed in the folder of runs, and a row that it answers."""
    from tests.small import deployed_run, prepared

    made = prepared()
    row = made.raw.drop(columns="bought").dropna().iloc[0]
    return deployed_run(made), json.loads(row.to_json())


@contextmanager
def serving(command: list[str] | None = None):
    """The address of `pipeline serve small`, and its process, while the block lasts."""
    port = free_port()
    command = [*command, str(port)] if command else [
        sys.executable, "-m", "helpers", "serve", "small", "--port", str(port)]  # fmt: skip
    with server(command, port) as process:
        yield f"http://127.0.0.1:{port}", process


# --- The log ------------------------------------------------------------------------------------


def log(folder: Path) -> dict:
    """What is done to a log while answers go into it; which of those marked logged are found."""
    events = {"nothing": _nothing, "the file moved": _moved, "the file removed": _removed,
              "the file replaced": _replaced, "the folder swapped": _swapped,
              "locked for 5 s": _locked, "pull of the same run": _pulled,
              "reload": _reloaded}  # fmt: skip
    details, lost = {}, 0
    for name, do in events.items():
        shutil.rmtree(folder / "reports", ignore_errors=True)
        run, row = small_run()
        with serving() as (address, _):
            before, kept = _ask(address, row)
            files, gone = do(run.path, address, folder)
            after, late = _ask(address, row)
            marked = after | (set() if gone else before)
            later = kept | late | marked
            _wait(lambda f=files, r=run, a=later: a <= _found(r, f))
            missing = len(marked - _found(run, files))
            late_missing = len((kept | late) - _found(run, files))
        details[name] = f"{len(marked)} marked, {missing} lost; {len(kept | late)} said to be " \
                        f"unlogged, {late_missing} of these not written later"  # fmt: skip
        lost += missing + late_missing
    details["a full disk"], missing = _full_disk(folder)
    lost += missing
    return {"reached": lost == 0, "said": f"{len(details)} events, {lost} answers lost",
            "details": details}  # fmt: skip


def _ask(address: str, row: dict, times: int = ASKED) -> tuple[set[str], set[str]]:
    """The ids of answers that are marked logged, and of those that are not."""
    told = [requests.post(f"{address}/predict", json=row, timeout=30).json() for _ in range(times)]
    return ({a["id"] for a in told if a["logged"]}, {a["id"] for a in told if not a["logged"]})


def _found(run, more: list[Path]) -> set[str]:
    found = set()
    for file in [run.path / "predictions.sqlite", *more]:
        if file.exists():
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
                found |= {id_ for (id_,) in reader.execute("SELECT id FROM predictions")}
    return found


def _wait(true, seconds: float = 12) -> None:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.1)


def _nothing(*_):
    return [], False


def _moved(path, *_):
    (path / "predictions.sqlite").rename(path / "old.sqlite")
    return [path / "old.sqlite"], False


def _removed(path, *_):
    for file in path.glob("predictions.sqlite*"):
        file.unlink()
    return [], True


def _replaced(path, address, folder):
    from helpers.serving.prediction_log import PredictionLog

    (folder / "other").mkdir(exist_ok=True)
    PredictionLog("", folder / "other").close()
    old = _moved(path)
    shutil.copy(folder / "other" / "predictions.sqlite", path / "predictions.sqlite")
    return old


def _swapped(path, *_):
    path.rename(path.with_name("before"))
    shutil.copytree(path.with_name("before"), path, ignore=lambda *_: ["predictions.sqlite"])
    return [path.with_name("before") / "predictions.sqlite"], False


def _locked(path, address, folder):
    """The log is locked for 5 s, while answers go on."""
    with closing(sqlite3.connect(path / "predictions.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        row = small_row()
        for _ in range(25):
            requests.post(f"{address}/predict", json=row, timeout=30)
            time.sleep(0.2)
    return [], False


def small_row() -> dict:
    """A row that the small model answers."""
    from tests.small import raw_table

    row = raw_table().drop(columns=["bought", "price"]).dropna().iloc[0]
    return json.loads(row.to_json())


def _pulled(path, address, folder):
    from helpers.scale import push_and_pull

    push_and_pull.push("small", str(folder / "there"), True)
    push_and_pull.pull(str(folder / "there"))
    (path / "metrics.json").write_text("{}")
    push_and_pull.pull(str(folder / "there"))
    return [], False


def _reloaded(path, address, folder):
    told = requests.post(f"{address}/reload", headers=JSON, timeout=60)
    assert told.status_code == 200, told.text
    return [], False


def _full_disk(folder: Path) -> tuple[str, int]:
    """The disk is full (a limit of a file's size), then has room again."""
    shutil.rmtree(folder / "reports", ignore_errors=True)
    run, row = small_run()
    with serving([sys.executable, "-c", FULL]) as (address, process):
        told = [requests.post(f"{address}/predict", json=[row] * 20, timeout=30).json()
                for _ in range(60)]  # fmt: skip
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        marked = {a["id"] for some in told for a in some if a["logged"]}
        ids = {a["id"] for some in told for a in some}
        _wait(lambda: ids <= _found(run, []), 20)
        missing = len(ids - _found(run, []))
    return (f"{len(marked)} marked, {len(ids) - len(marked)} said to be unlogged; {missing} of "
            f"all not found once there was room"), missing  # fmt: skip


# --- Hostile clients ----------------------------------------------------------------------------


def health(folder: Path) -> dict:
    """The worst `/health`, and whether others are answered, while one client is hostile."""
    small_run()
    details, worst_of_all, kept_out = {}, 0.0, 0
    with serving() as (address, _):
        port = int(address.rpartition(":")[2])
        requests.post(f"{address}/predict", json=small_row(), timeout=30)
        for name, attack in _attacks(address, port).items():
            worst, answered, refused = _while_probed(port, attack)
            details[name] = (f"worst {worst:.0f} ms; others: {answered} answered, "
                             f"{refused} refused or failed")  # fmt: skip
            if name != "nobody":
                worst_of_all, kept_out = max(worst_of_all, worst), kept_out + refused
    said = f"worst {worst_of_all:.0f} ms; {kept_out} requests of others refused"
    return {"reached": worst_of_all < 100 and not kept_out, "said": said, "details": details,
            "about": "The probe is a process of its own; on a busy machine it waits for its turn "
                     "too (see *nobody*)."}  # fmt: skip


def _attacks(address: str, port: int) -> dict:
    """By name what a hostile client does."""
    found = {"nobody": lambda: time.sleep(3)}
    for size in (1, 2, 4, 8, 31):
        body = b'{"gender": "' + b"a" * (size * 2**20) + b'"}'
        found[f"a cell of {size} MB"] = lambda b=body: _post(address, b)
        cell = b'{"weight": "' + b"a" * (size * 2**20) + b'"}'
        found[f"a number of {size} MB"] = lambda b=cell: _post(address, b)
    rows = b"[" + b"{}," * 8_000_000 + b"{}]"
    found["8 M empty rows"] = lambda: _post(address, rows)
    many = json.dumps([small_row()] * 10_000).encode()
    found["10,000 rows of JSON"] = lambda: _post(address, many)
    found["128 half bodies"] = lambda: _half(port, 128, _HALF_BODY, 4)
    found["300 half heads"] = lambda: _half(port, 300, b"GET /health HTTP/1.1\r\nX-Half", 4)
    found["nine reloads"] = lambda: _nine_reloads(address)
    return found


_HALF_BODY = (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              b'Content-Length: 5000\r\n\r\n{"weight"')  # fmt: skip


def _post(address: str, body: bytes) -> None:
    requests.post(f"{address}/predict", data=body, headers=JSON, timeout=120)


def _half(port: int, count: int, begun: bytes, seconds: float) -> None:
    lines = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
    for line in lines:
        line.sendall(begun)
    time.sleep(seconds)
    for line in lines:
        line.close()


def _nine_reloads(address: str) -> None:
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda _: requests.post(f"{address}/reload", headers=JSON, timeout=120),
                      range(9)))  # fmt: skip


def _while_probed(port: int, attack) -> tuple[float, int, int]:
    """The worst `/health` in ms, and rows of others answered and refused, during an attack."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    probe = context.Process(target=_probe, args=(port, json.dumps(small_row()), there))
    probe.start()
    here.recv()  # it is ready
    attack()
    time.sleep(0.3)
    here.send("stop")
    found = here.recv()
    probe.join()
    return found


def _probe(port: int, row: str, line) -> None:
    """Ask for health and for a row, again and again, until told to stop."""
    os.nice(-5) if os.geteuid() == 0 else None
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.send("ready")
    times, answered, refused = [], 0, 0
    while not line.poll():
        began = time.perf_counter()
        client.request("GET", "/health")
        client.getresponse().read()
        times.append(1000 * (time.perf_counter() - began))
        client.request("POST", "/predict", row, JSON)
        reply = client.getresponse()
        reply.read()
        answered, refused = answered + (reply.status == 200), refused + (reply.status != 200)
        time.sleep(0.01)
    line.send((max(times), answered, refused))


def memory(folder: Path) -> dict:
    """Memory before and after 20 requests of 20 MB, each with a number of 20 million letters."""
    small_run()
    with serving() as (address, process):
        service = psutil.Process(process.pid)
        for _ in range(200):
            requests.post(f"{address}/predict", json=small_row(), timeout=30)
        before, details = service.memory_info().rss / 2**20, {}
        for n in range(20):
            cell = str(n).encode() + b"a" * (20 * 2**20)
            _post(address, b'{"weight": "' + cell + b'"}')
            if n in (0, 4, 9):
                details[f"after {n + 1}"] = f"{service.memory_info().rss / 2**20 - before:+.0f} MB"
        time.sleep(4)
        grown = service.memory_info().rss / 2**20 - before
    details["after 20, and 4 s"] = f"{grown:+.0f} MB"
    return {"reached": grown <= 20, "said": f"{grown:+.0f} MB, from {before:.0f} MB",
            "details": details}  # fmt: skip


def speed(folder: Path) -> dict:
    """Requests a second and p50, a row a request, against a constant reply and without a log."""
    small_run()
    sides = ("constant reply", "constant reply, as in the guide", "the line", "the line, no log")
    found = single_rows("small", "", 4.0, sides)
    keys = ("rps", "p50", "p99")
    median = {name: {key: statistics.median(one[key] for one in rounds) for key in keys}
              for name, rounds in found.items()}  # fmt: skip
    ratio = median["the line"]["p50"] / median["constant reply"]["p50"]
    details = {name: f"{one['rps']:.0f} requests/s, p50 {one['p50']:.2f} ms, p99 {one['p99']:.2f} "
                     f"ms" for name, one in median.items()}  # fmt: skip
    guide = median["the line"]["p50"] / median["constant reply, as in the guide"]["p50"]
    said = (f"{ratio:.1f} × the leanest constant reply, {guide:.1f} × the one of FastAPI's guide; "
            f"{median['the line']['rps']:.0f} requests/s")  # fmt: skip
    return {"reached": ratio <= 2.1, "said": said, "details": details,
            "about": "The small model, log on. SERVING.md has the flights."}  # fmt: skip
