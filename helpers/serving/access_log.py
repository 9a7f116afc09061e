"""The access log: a line of JSON for each request on standard output, never a cell's value.

Lines are written some at a time in a thread of their own: an output that nobody reads, or a slow
one, holds up no answer. What it does not take is left out, and counted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime

import orjson
from prometheus_client import Counter

from .asked import Asked
from .worker_thread import Worker

TOGETHER_SECONDS = 0.1  # what comes within that time is written in one go
MOST_WAITING = 20_000  # lines
LONGEST_PATH = 200  # letters
STOP_SECONDS = 1.0  # for the last lines


class AccessLog:
    """Takes requests as they were answered; `write` takes bytes, standard output without it.

    >>> print(line((0.0, Asked("GET", "/health", "/health", "r1"), 200, 0.0012, "v1")).decode())
    {"time":"1970-01-01T00:00:00.000Z","request_id":"r1","method":"GET","path":"/health",\
"status":200,"ms":1.2,"rows":0,"model":"v1","error":null}
    """

    def __init__(self, write: Callable[[bytes], object] | None = None):
        self._write = write or _to_standard_output
        self._lines: list[tuple] = []
        self._writing: Future | None = None
        self._is_due = False
        self._worker = Worker("access log")
        self.left_out = Counter("access_log_left_out", "Lines that the output did not take",
                                namespace="pipeline", registry=None)  # fmt: skip

    def add(self, asked: Asked, status: int, seconds: float, model: str) -> None:
        """Take a request that was answered. Called in the event loop; never waits."""
        if len(self._lines) >= MOST_WAITING:
            self.left_out.inc()
            return
        self._lines.append((time.time(), asked, status, seconds, model))
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self._flush)

    def _flush(self) -> None:
        """Hand over what waits, once what was handed over before is written."""
        self._is_due = False
        if self._writing is None or self._writing.done():
            lines, self._lines = self._lines, []
            self._writing = self._worker.submit(self._written, lines)
        else:
            self._is_due = True
            asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self._flush)

    def _written(self, lines: list[tuple]) -> None:
        """Write lines: the thread's task."""
        try:
            self._write(b"".join(line(one) + b"\n" for one in lines))
        except OSError:  # a pipe that nobody holds any more
            self.left_out.inc(len(lines))

    def close(self) -> None:
        """Write what waits, for a second at most."""
        with suppress(Exception):
            self._worker.submit(self._written, self._lines).result(STOP_SECONDS)
        self._worker.close()


def line(noted: tuple) -> bytes:
    """A request as a line of JSON."""
    at, asked, status, seconds, model = noted
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    said = {"time": when.replace("+00:00", "Z"), "request_id": asked.id, "method": asked.method,
            "path": asked.path[:LONGEST_PATH], "status": status, "ms": round(1000 * seconds, 2),
            "rows": asked.rows, "model": model, "error": asked.code or None}  # fmt: skip
    return orjson.dumps(said)


def _to_standard_output(text: bytes) -> None:
    """Write all of a text; it may take more than one go."""
    sys.stdout.flush()
    while text:
        text = text[os.write(sys.stdout.fileno(), text) :]
