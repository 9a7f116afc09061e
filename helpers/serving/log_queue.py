"""Lines that wait to be written to the prediction log: many together, in one transaction.

It lives in the event loop. What is said of an answer is written before the answer goes out; notes
that nobody waits for (requests, the shadow's answers) go along some dozens at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .prediction_log import PredictionLog

TIDY_EVERY = 5  # seconds: while SQLite brings its log home, writes wait for the disk
NOTES_TOGETHER = 64  # requests that are noted in one write
MOST_NOTED = 100_000  # requests that wait to be written; where the log fails they are discarded


class LogQueue:
    """What waits for the next write to a log.

    A file takes up to `at_once` lines here and now; a server, or more lines, are waited for in a
    thread. `taken` gives what the shadow has answered since it was last asked.
    """

    def __init__(self, log: PredictionLog, at_once: int, taken: Callable[[], list[tuple]]):
        self.log, self._at_once, self._taken = log, at_once, taken
        self.worker = ThreadPoolExecutor(1, "log")
        self._waiting: list[tuple[list, asyncio.Future]] = []
        self._requests: list[tuple] = []
        self._flushing, self._seconds = False, 0

    def add(self, lines: list[tuple]) -> asyncio.Future:
        """Lines that wait for the next write; the future says whether they were written."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, future))
        if not self._flushing:
            self._begin_flush()
        return future

    def note(self, request: tuple) -> None:
        """A line about a request, for some later write."""
        if len(self._requests) < MOST_NOTED:
            self._requests.append(request)

    def note_outcomes(self, pairs: list[tuple[str, str]]) -> asyncio.Future:
        """Store actual outcomes by prediction id, in the thread; the future has the unknown ids."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self.worker, self.log.note_outcomes, pairs)

    def tick(self) -> None:
        """What is done each second: notes are written, and the log is tidied now and then."""
        if not self._flushing:
            self._flush(with_notes=True)
        self._seconds += 1
        if self._seconds % TIDY_EVERY == 0:
            self.worker.submit(self.log.tidy)

    def close(self) -> None:
        """Write what waits, and release the thread and the log."""
        self.worker.shutdown(wait=True)
        self._write([], *self._notes())
        self.log.close()

    def _begin_flush(self) -> None:
        self._flushing = True
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self, with_notes: bool = False) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        lines = [line for own, _ in waiting for line in own]
        notes = self._notes() if with_notes or len(self._requests) >= NOTES_TOGETHER else ()
        if not lines and not any(notes):
            return
        self._flushing = True
        if self.log.is_local and len(lines) <= self._at_once:
            self._done(waiting, self._write(lines, *notes))
        else:
            self._write_elsewhere(waiting, lines, *notes)

    def _write_elsewhere(self, waiting: list, lines: list[tuple], *more: list[tuple]) -> None:
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self.worker, self._write, lines, *more)
        done.add_done_callback(lambda future: self._done(waiting, future.result()))

    def _write(self, lines: list[tuple], *more: list[tuple]) -> bool:
        try:
            self.log.write(lines, *more)
        except Exception:  # whatever a log fails of, the answer goes out
            return False
        return True

    def _notes(self) -> tuple[list[tuple], list[tuple]]:
        """What nobody waits for: lines about requests, and what the shadow has answered."""
        requests, self._requests = self._requests, []
        return requests, self._taken()

    def _done(self, waiting: list, logged: bool) -> None:
        for _, future in waiting:
            if not future.done():
                future.set_result(logged)
        self._flushing = False
        if self._waiting:
            self._begin_flush()
