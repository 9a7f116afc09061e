"""The processor's time of one request, in process, beside that of an earlier version of this code.

Both versions are processes of their own on the same small model, log on, and take turns some
hundred requests at a time: what the machine does besides falls on both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
BEFORE = "bb67a4a^"  # the commit before codes, ids, keys, the one policy and the access log came
ROUNDS, REQUESTS = 60, 300
WARM = 3_000  # requests before the first round
SIDE = """
import asyncio, json, sys, tempfile, time
from pathlib import Path
from helpers.deploy.service_proof import as_record
from helpers.serving.prediction_log import PredictionLog
from helpers.serving.prediction_service import Service
from helpers.serving.served_model import served
from helpers.serving.web_app import make_app
from tests.small import bundle_of, prepared

made = prepared()
rows = made.raw.drop(columns="bought").dropna().head(50)
bodies = [json.dumps(as_record(row)).encode() for _, row in rows.iterrows()]
HEADERS = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json")]

async def ask(app, number):
    body, told = bodies[number % len(bodies)], []
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"",
             "headers": [*HEADERS, (b"content-length", b"%d" % len(body))]}
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        told.append(message)
    await app(scope, receive, send)
    assert told[0]["status"] == 200 and b'"logged":true' in told[1]["body"], told

async def main(folder):
    service = Service(served(bundle_of(made)), PredictionLog("", folder))
    app, loop, number = make_app(service), asyncio.get_running_loop(), 0
    service.begin()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        began = time.process_time()
        for number in range(number, number + int(line)):
            await ask(app, number)
        print(time.process_time() - began, flush=True)
    service.close()

with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder)))
"""


def cost(folder: Path) -> dict:
    """The processor's time of a request, before and now, and the middle of the ratios by round."""
    earlier = _earlier(folder / "before")
    if earlier is None:
        said = f"not measured: the history has no {BEFORE}"
        return {"reached": None, "said": said, "details": {}}
    with _side(earlier) as before, _side(HERE) as now:
        for side in (before, now):
            _ask(side, WARM)
        pairs = [_pair(before, now, place % 2 == 0) for place in range(ROUNDS)]
    ratio = statistics.median(there / here for here, there in pairs)
    medians = [statistics.median(some) for some in zip(*pairs, strict=True)]
    named = zip(("before", "now"), medians, strict=True)
    details = {name: f"{took:.1f} µs" for name, took in named}
    said = f"{details['now']}, before {details['before']}: {100 * (ratio - 1):+.1f} %"
    about = (f"The middle of {ROUNDS} rounds of {REQUESTS} requests on each side, in turns; "
             f"*before* is the version of commit {BEFORE[:-1]}'s parent.")  # fmt: skip
    return {"reached": ratio <= 1.0, "said": said, "details": details, "about": about}


def _earlier(folder: Path) -> Path | None:
    """The code of before, in a folder; None where the history does not go back so far."""
    folder.mkdir()
    packed = subprocess.run(["git", "-C", str(HERE), "archive", BEFORE, "helpers", "tests", "data"],
                            capture_output=True, check=False)  # fmt: skip
    if packed.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


@contextmanager
def _side(code: Path) -> Iterator[subprocess.Popen]:
    """A process that answers requests by the code in a folder, as many as a line says."""
    process = subprocess.Popen(
        [sys.executable, "-c", SIDE], cwd=code, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env=os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(timeout=30)


def _ask(side: subprocess.Popen, requests: int) -> float:
    """Microseconds of processor time that a request took, of so many."""
    side.stdin.write(f"{requests}\n")
    side.stdin.flush()
    return 1e6 * float(side.stdout.readline()) / requests


def _pair(before, now, is_first: bool) -> tuple[float, float]:
    """What a request takes before and now; who begins changes from round to round."""
    sides = (before, now) if is_first else (now, before)
    took = {id(side): _ask(side, REQUESTS) for side in sides}
    return took[id(before)], took[id(now)]
