"""Lines that wait to be written to the prediction log: many together, in one transaction.

It lives in the event loop and never waits there. What is said of an answer is written before the
answer goes out; notes that nobody waits for (requests, the shadow's answers) go along some dozens
at a time. Where the log can't be written to, answers go out all the same and say so; their lines
are kept, and written once that is possible again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from . import log_measures
from .kept_lines import KeptLines, Trouble
from .prediction_log import LogMoved, PredictionLog
from .worker_thread import Worker
from .write_faults import is_locked, is_of_lines, why_unwritten

MEASURE_EVERY = 60  # seconds: how large the log is, and how old
TIDY_EVERY = 5  # seconds: while SQLite brings its log home, writes wait for the disk
NOTES_TOGETHER = 64  # requests that are noted in one write
MOST_NOTED = 100_000  # requests that wait to be written; where the log fails they are discarded
LONGEST_WAIT = 1.0  # seconds that an answer waits for a log that does not answer
RETRY_SECONDS = 0.25  # between two tries to write what was kept
STOP_SECONDS = 3.0  # for the last lines, when the service stops
LOG = logging.getLogger(__name__)


class LogQueue:
    """What waits for the next write to a log.

    A file takes up to `at_once` lines here and now; a server, or more lines, or a file that
    another process has locked, are waited for in a thread. `taken` gives what the shadow has
    answered since it was last asked.
    """

    def __init__(self, log: PredictionLog, at_once: int, taken: Callable[[], list[tuple]]):
        self.log, self._at_once, self._taken = log, at_once, taken
        self.worker = Worker("log")
        self.kept, self.trouble = KeptLines(), None
        self._waiting: list[tuple[list, asyncio.Future]] = []
        self._requests: list[tuple] = []
        self._shadowed: list[tuple] = []
        self._flushing = self._retrying = self._closed = False
        self._seconds = 0
        self.measured: dict[str, tuple[str, float]] = {}  # of the log, by the name of the metric

    def add(self, lines: list[tuple]) -> asyncio.Future:
        """Lines that wait for the next write; the future says whether they were written."""
        future = asyncio.get_running_loop().create_future()
        if self.trouble:
            self._keep([(lines, future)])
            return future
        self._waiting.append((lines, future))
        if not self._flushing:
            self._begin_flush()
        return future

    def note(self, request: tuple) -> None:
        """A line about a request, for some later write."""
        if len(self._requests) < MOST_NOTED:
            self._requests.append(request)

    def note_outcomes(self, pairs: list[tuple]) -> asyncio.Future:
        """Store actual outcomes by prediction id, in the thread; the future has the unknown ids."""
        return asyncio.wrap_future(self.worker.submit(self._outcomes_noted, pairs))

    def tick(self) -> None:
        """What is done each second: notes are written, and the log is tidied now and then."""
        if not self._flushing and not self.trouble:
            self._flush(with_notes=True)
        self._seconds += 1
        if self._seconds % TIDY_EVERY == 0:
            self.worker.submit(self.log.tidy)
        if self._seconds % MEASURE_EVERY == 1:
            self.worker.submit(self._measure)

    def state(self) -> dict:
        """What `/ready` says of the log: where it fails, since when, why, and what waits."""
        if not self.trouble:
            return {"log": True}
        failing = {"since": self.trouble.began, "answers": self.trouble.answers,
                   "waiting": len(self.kept), "lost": self.kept.lost,
                   "why": self.trouble.why}  # fmt: skip
        return {"status": "degraded", "log": False, "log_failing": failing}

    def close(self) -> None:
        """Write what waits, for some seconds at most, and release the thread and the log."""
        self._closed = True
        self.kept.take([line for lines, _ in self._waiting for line in lines])
        last = self.worker.submit(self._last_written, self._notes())
        with suppress(Exception):  # a log that fails to the end, or does not answer
            last.result(STOP_SECONDS)
            self.worker.submit(self.log.close).result(STOP_SECONDS)
        if self.kept:
            LOG.warning("The prediction log takes no more: %s answers are lost.", len(self.kept))
        self.worker.close()

    # --- Writing -----------------------------------------------------------------------------

    def _begin_flush(self) -> None:
        self._flushing = True
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self, with_notes: bool = False) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        lines = [line for own, _ in waiting for line in own]
        notes = self._notes() if with_notes or len(self._requests) >= NOTES_TOGETHER else ((), ())
        self._flushing = bool(lines or any(notes))
        if not self._flushing:
            return
        if self.log.is_ready and len(lines) <= self._at_once and self._written_here(lines, notes):
            self._done(waiting)
        else:
            self._write_elsewhere(waiting, lines, notes)

    def _written_here(self, lines: list[tuple], notes: tuple) -> bool:
        """Whether lines could be written at once, without waiting for anything."""
        try:
            self.log.write(lines, *notes)
        except Exception:  # noqa: BLE001 - the thread finds out what it is, and waits if need be
            return False
        return True

    def _write_elsewhere(self, waiting: list, lines: list[tuple], notes: tuple) -> None:
        loop = asyncio.get_running_loop()
        late = loop.call_later(LONGEST_WAIT, self._late, waiting)
        done = asyncio.wrap_future(self.worker.submit(self._written, lines, *notes))
        done.add_done_callback(lambda future: self._landed(waiting, notes, late, future))

    def _landed(self, waiting: list, notes: tuple, late: asyncio.TimerHandle, future) -> None:
        """What the thread has made of lines: written, or raised what the log said."""
        late.cancel()
        if (error := future.exception()) is not None:
            self._put_back(*notes)
            self._begin_trouble(why_unwritten(error))
            self._keep(waiting)
            self._keep_waiting()
        self._done(waiting)

    def _late(self, waiting: list) -> None:
        """Answers go out without waiting any longer; their lines are still being written."""
        self._begin_trouble(f"no answer within {LONGEST_WAIT:g} s")
        self.trouble.answers += sum(len(lines) for lines, _ in waiting)
        _tell(waiting, False)
        self._keep_waiting()

    def _done(self, waiting: list) -> None:
        _tell(waiting, True)
        self._flushing = False
        if self._waiting:
            self._begin_flush()

    # --- In the thread -----------------------------------------------------------------------

    def _written(self, *lines: list[tuple]) -> None:
        """Write lines patiently; where the file has gone, to one that is made anew."""
        try:
            self.log.write(*lines, patient=True)
        except Exception as error:
            if is_locked(error) or is_of_lines(error):
                raise
            if isinstance(error, LogMoved):
                LOG.warning("%s", error)
            self.log.reopen()  # tables that are gone are made again, too
            self.log.write(*lines, patient=True)

    def _measure(self) -> None:
        """Find out how large the log is; where it does not say, what was known stays."""
        with suppress(Exception):
            self.measured = log_measures.measured(self.log)

    def _outcomes_noted(self, pairs: list[tuple]) -> list[str]:
        """The unknown ids of outcomes, once the others are stored where a reader finds them."""
        if self.log.has_moved():
            self.log.reopen()
        return self.log.note_outcomes(pairs)

    def _kept_written(self, lines: list[tuple], notes: tuple = ()) -> int:
        """Write lines that were kept; returns how many are lost, as no database takes them."""
        try:
            self._written(self._not_there(lines), *notes)
        except Exception as error:
            if not is_of_lines(error):
                raise
            if len(lines) <= 1:
                return len(lines)
            half = len(lines) // 2
            return self._kept_written(lines[:half]) + self._kept_written(lines[half:], notes)
        return 0

    def _not_there(self, lines: list[tuple]) -> list[tuple]:
        """The lines that the log does not have; all, where it has no tables to ask."""
        try:
            return self.log.unknown(lines)
        except Exception as error:
            if is_locked(error):
                raise
            self.log.reopen()
            return self.log.unknown(lines)

    def _last_written(self, notes: tuple) -> None:
        """Write all that is left."""
        while lines := self.kept.first():
            self.kept.done(len(lines), self._kept_written(lines))
        if any(notes):
            self._written([], *notes)

    # --- A log that fails --------------------------------------------------------------------

    def _begin_trouble(self, why: str) -> None:
        if self.trouble is None:
            self.trouble = Trouble(why, lost_before=self.kept.lost)
            LOG.warning(
                "The prediction log can't be written to since %s (%s): answers go out with "
                '"logged": false, and are kept and written later.', self.trouble.began, why,
            )  # fmt: skip
        self.trouble.why = why
        if not self._retrying:
            self._retrying = True
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry)

    def _keep(self, waiting: list) -> None:
        """Keep the lines of answers that go out now and say that they are not logged."""
        for lines, future in waiting:
            self.kept.take(lines)
            if not future.done():
                self.trouble.answers += len(lines)
        _tell(waiting, False)

    def _keep_waiting(self) -> None:
        """Keep what waits behind a write that failed, or that takes too long."""
        waiting, self._waiting = self._waiting, []
        self._keep(waiting)

    def _put_back(self, requests: list[tuple] = (), shadowed: list[tuple] = ()) -> None:
        """Keep notes for a later write."""
        self._requests = [*requests, *self._requests][:MOST_NOTED]
        self._shadowed = [*shadowed, *self._shadowed][:MOST_NOTED]

    def _retry(self) -> None:
        """Write the oldest lines that were kept, in the thread."""
        lines, notes = self.kept.first(), self._notes()
        done = asyncio.wrap_future(self.worker.submit(self._kept_written, lines, notes))
        done.add_done_callback(lambda future: self._retried(len(lines), notes, future))

    def _retried(self, lines: int, notes: tuple, future: asyncio.Future) -> None:
        """Go on with what is kept, now or later; where nothing is left the trouble is over."""
        if self._closed or future.cancelled():
            return
        if (error := future.exception()) is not None:
            self._put_back(*notes)
            self.trouble.why = why_unwritten(error)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry)
        else:
            self.kept.done(lines, lost=future.result())
            (self._retry if self.kept else self._end_trouble)()

    def _end_trouble(self) -> None:
        over, self.trouble, self._retrying = self.trouble, None, False
        LOG.warning(
            "The prediction log is written to again, after %.0f s: the %s answers of this time "
            "are in it now, but for %s that are lost.",
            time.time() - over.since, over.answers, self.kept.lost - over.lost_before,
        )  # fmt: skip

    def _notes(self) -> tuple[list[tuple], list[tuple]]:
        """What nobody waits for: lines about requests, and what the shadow has answered."""
        requests, self._requests = self._requests, []
        shadowed, self._shadowed = self._shadowed, []
        return requests, [*shadowed, *self._taken()]


def _tell(waiting: list, logged: bool) -> None:
    """Tell those who wait whether their lines were written."""
    for _, future in waiting:
        if not future.done():
            future.set_result(logged)
