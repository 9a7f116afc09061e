"""The service over a bundle: bodies in, answers out, and no request can crash it.

One row takes the compiled scorer and never leaves the event loop; many rows go to one worker
thread, and very many of them through the pipeline. Both check each field, warn of what they fill,
and refuse what makes no sense with a sentence that names the field. What was answered is logged
before the answer goes out. `helpers.serving.web_app` puts it behind HTTP addresses.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from threadpoolctl import threadpool_limits

from ..base.user_errors import InputError
from .model_bundle import (
    KEY_VARIABLE,
    as_frame,
    check_count,
    check_rows,
    predict_rows,
)
from .prediction_log import PredictionLog
from .request_body import ENDINGS, parse_json, rows_of_table
from .served_model import Limits, Refused, Served
from .shadow_model import Shadow

AT_ONCE = 8  # up to so many rows are scored in the event loop: a thread costs as much
ONE_BY_ONE = 500  # up to so many rows take the compiled scorer: the pipeline's start costs as much
STRETCH = 2_000  # rows between two looks at whether anybody still waits for the answer
TIDY_EVERY = 5  # seconds: while SQLite brings its log home, writes wait for the disk
NOTES_TOGETHER = 64  # requests that are noted in one write
MOST_NOTED = 100_000  # requests that wait to be written; where the log fails they are discarded


class Follower(Protocol):
    """What keeps a service on the model that an alias of the registry names."""

    trouble: str

    def stop(self) -> None:
        """Follow no more."""


class Service:
    """What the addresses share: the model that is served, the log, the limits, the counters.

    `reload` loads the model again; `shadow` is a second model that is asked the same rows and whose
    answers only the log sees.
    """

    def __init__(
        self,
        now: Served,
        log: PredictionLog | None = None,
        limits: Limits | None = None,
        reload: Callable[[], Served] | None = None,
        shadow: Shadow | None = None,
    ):
        self.now, self.log, self.limits = now, log, limits or Limits()
        self.reload, self.busy, self.key = reload, 0, os.environ.get(KEY_VARIABLE, "")
        self.shadow = shadow
        self.follower: Follower | None = None  # of a registered model's alias
        self._waiting: list[tuple[list, asyncio.Future]] = []
        self._requests: list[tuple] = []  # lines about requests, for the next write
        self._flushing, self._seconds = False, 0
        self._ticking: asyncio.TimerHandle | None = None
        self.worker = ThreadPoolExecutor(1, "batch", initializer=_on_one_thread)
        self.log_worker = ThreadPoolExecutor(1, "log")
        self.registry = registry = CollectorRegistry()
        self.answered = Counter("predictions", "Rows answered", ["road"], registry=registry)
        self.replies = Counter("requests", "Requests to /predict", ["status"], registry=registry)
        self.unlogged = Counter("log_failures", "Answers that were not logged", registry=registry)
        self.warned = Counter("warnings", "Warnings given", registry=registry)
        buckets = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)  # seconds
        self.took = Histogram(
            "predict_seconds", "Time of a request", buckets=buckets, registry=registry
        )
        Gauge("requests_in_progress", "Now", registry=registry).set_function(lambda: self.busy)
        if shadow is not None:
            shadow.count_in(registry)
        self._ok = self.replies.labels("200")
        self._roads = {r: self.answered.labels(r) for r in ("compiled", "pipeline", "baseline")}

    def begin(self) -> None:
        """Begin what is done each second. Called in the event loop, once it runs."""
        self._ticking = asyncio.get_running_loop().call_later(1.0, self._tick)

    def _tick(self) -> None:
        if self.log is not None:
            if not self._flushing and (self._requests or self.shadow):
                self._flush(with_notes=True)
            self._seconds += 1
            if self._seconds % TIDY_EVERY == 0:
                self.log_worker.submit(self.log.tidy)
        self.begin()

    # --- Answers -----------------------------------------------------------------------------

    async def predict(self, body: bytes, kind: str) -> tuple[bytes, int]:
        """The answer to a body, as JSON, and the number of its rows."""
        now = self.now  # a reload meanwhile changes nothing for this request
        if kind in ENDINGS:
            answers = await self._many(now, lambda: rows_of_table(body, ENDINGS[kind]))
            return orjson.dumps(answers), len(answers)
        content = parse_json(body)
        single = isinstance(content, dict)
        rows = [content] if single else content
        if now.scorer is None or len(rows) > AT_ONCE:
            answers = await self._many(now, lambda: rows)
        else:
            check_count(rows, self.limits.rows)
            answers = [self._answer_one(now, row, n) for n, row in enumerate(rows, 1)]
            await self._note("compiled", answers, [body] if single else [*map(_as_bytes, rows)])
        return orjson.dumps(answers[0] if single else answers), len(answers)

    def _answer_one(self, now: Served, row: dict, number: int) -> dict:
        warnings, seen = now.bundle.check.row(row, number)
        prediction, chances = now.scorer.answer(row, seen | now.scorer.read_rest(row, seen))
        probability = dict(zip(now.bundle.task.classes, chances, strict=True)) if chances else None
        return self._worded(now, prediction, probability, warnings)

    def _answer_all(self, now: Served, rows: list[dict], given_up: threading.Event) -> list[dict]:
        """The answers to many rows; it stops when the client has left."""
        if now.scorer is not None and len(rows) <= ONE_BY_ONE:
            return [self._answer_one(now, row, n) for n, row in enumerate(rows, 1)
                    if not given_up.is_set()]  # fmt: skip
        answers = []
        for start in range(0, len(rows), STRETCH):
            if given_up.is_set():
                break
            answers += self._answer_stretch(now, rows[start : start + STRETCH], start + 1)
        return answers

    def _answer_stretch(self, now: Served, rows: list[dict], first: int) -> list[dict]:
        """Rows through the pipeline, or each the baseline's answer."""
        bundle = now.bundle
        warnings = check_rows(bundle, rows, self.limits.rows, first)
        if bundle.model is None:
            said = bundle.card["baseline_answer"]
            return [self._worded(now, said["prediction"], said["probability"], w) for w in warnings]
        found = predict_rows(bundle, as_frame(bundle, rows)).to_dict("records")
        return [
            self._worded(now, one["prediction"],
                         {c: one[f"probability_{c}"] for c in bundle.task.classes} or None, w)
            for one, w in zip(found, warnings, strict=True)
        ]  # fmt: skip

    def _worded(self, now: Served, prediction, probability: dict | None, warnings: list) -> dict:
        answer = {"id": new_id(), "model": now.version, "prediction": prediction}
        if probability is not None:
            answer["probability"] = probability
        answer["warnings"] = warnings
        if now.fallback:
            answer["fallback"] = now.fallback
        return answer

    async def _many(self, now: Served, read: Callable[[], list]) -> list[dict]:
        """The answers to many rows, in the worker thread, within the time that a request has."""
        given_up = threading.Event()

        def work() -> tuple[list[dict], list[bytes]]:
            rows = read()
            check_count(rows, self.limits.rows)
            answers = self._answer_all(now, rows, given_up)
            return answers, [_as_bytes(row) for row in rows]

        future = asyncio.get_running_loop().run_in_executor(self.worker, work)
        try:
            answers, raw = await asyncio.wait_for(future, self.limits.seconds)
        except TimeoutError:
            given_up.set()
            raise Refused(
                503, f"The rows took longer than {self.limits.seconds:g} s: send fewer, or try "
                f"again later.", retry=True) from None  # fmt: skip
        road = now.road if len(answers) <= ONE_BY_ONE or now.bundle.model is None else "pipeline"
        await self._note(road, answers, raw)
        return answers

    # --- The log -----------------------------------------------------------------------------

    async def _note(self, road: str, answers: list[dict], raw: list[bytes]) -> None:
        """Count and log the answers; each says whether it was logged."""
        self._roads[road].inc(len(answers))
        if warned := sum(len(answer["warnings"]) for answer in answers):
            self.warned.inc(warned)
        if self.shadow is not None:
            self.shadow.offer(answers, raw)
        if self.log is None:
            return
        at = time.time()
        lines = [
            (a["id"], at, a["model"], row.decode("utf-8", "replace"), str(a["prediction"]),
             orjson.dumps(a.get("probability")).decode(), orjson.dumps(a["warnings"]).decode())
            for a, row in zip(answers, raw, strict=True)
        ]  # fmt: skip
        logged = await self._logged(lines)
        for answer in answers:
            answer["logged"] = logged
        if not logged:
            self.unlogged.inc(len(answers))

    def note_request(self, status: int, seconds: float, rows: int) -> None:
        """Count a request to `/predict`, and note it for the next write to the log."""
        (self._ok if status == 200 else self.replies.labels(str(status))).inc()
        self.took.observe(seconds)
        if self.log is not None and len(self._requests) < MOST_NOTED:
            self._requests.append((time.time(), status, seconds, rows))

    def _logged(self, lines: list[tuple]) -> asyncio.Future:
        """Lines that wait for the next write; all that wait share one transaction."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, future))
        if not self._flushing:
            self._begin_flush()
        return future

    def _begin_flush(self) -> None:
        self._flushing = True
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self, with_notes: bool = False) -> None:
        """Write what waits. A file is written here and now; a server is waited for elsewhere.

        Notes that nobody waits for go along some dozens at a time: few writes, none of them long.
        """
        self._flushing = True
        waiting, self._waiting = self._waiting, []
        lines = [line for own, _ in waiting for line in own]
        with_notes = with_notes or len(self._requests) >= NOTES_TOGETHER
        notes = self._taken_notes() if with_notes else ()
        if self.log.is_local and len(lines) <= 2 * self.limits.at_once:
            self._tell(waiting, self._write(lines, *notes))
        else:
            self._write_elsewhere(waiting, lines, *notes)

    def _write_elsewhere(self, waiting: list, lines: list[tuple], *more: list[tuple]) -> None:
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self.log_worker, self._write, lines, *more)
        done.add_done_callback(lambda future: self._tell(waiting, future.result()))

    def _write(self, lines: list[tuple], *more: list[tuple]) -> bool:
        try:
            self.log.write(lines, *more)
        except Exception:  # whatever a log fails of, the answer goes out
            return False
        return True

    def _taken_notes(self) -> tuple[list[tuple], list[tuple]]:
        """What nobody waits for: lines about requests, and what the shadow has said."""
        requests, self._requests = self._requests, []
        return requests, self.shadow.taken() if self.shadow else []

    def _tell(self, waiting: list, logged: bool) -> None:
        for _, future in waiting:
            if not future.done():
                future.set_result(logged)
        self._flushing = False
        if self._waiting:
            self._begin_flush()

    async def note_outcomes(self, pairs: list[tuple[str, str]]) -> list[str]:
        """Store actual outcomes by prediction id; returns the unknown ids."""
        if self.log is None:
            raise Refused(409, "This service keeps no log, so there is nothing to add outcomes to.")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.log_worker, self.log.note_outcomes, pairs)
        except Exception:  # whatever the database says
            raise Refused(503, "The log can't be written to: try again.", retry=True) from None

    # --- Another model -----------------------------------------------------------------------

    async def take_up(self) -> None:
        """Load the model again and answer with it; requests in progress keep the old one."""
        if self.reload is None:
            raise Refused(409, "This service was started without a run to load again.")
        loop = asyncio.get_running_loop()
        try:
            fresh = await loop.run_in_executor(self.worker, self.reload)
        except InputError as error:
            raise Refused(409, f"The model stays as it was. {error}") from None
        if fresh.fallback and not self.now.fallback:
            raise Refused(409, f"The model stays as it was: {fresh.fallback}")
        self.now = fresh

    # --- Words about itself ------------------------------------------------------------------

    def state(self) -> dict:
        """What `/ready` says."""
        now = self.now
        said = {"status": "degraded" if now.fallback else "ready", "model": now.version,
                "single rows": now.road}  # fmt: skip
        if now.no_scorer:
            said["no compiled scorer"] = now.no_scorer
        if now.fallback:
            said["answers from"] = now.fallback
        if self.shadow is not None:
            said["shadow"] = self.shadow.version
        if now.registered:
            said["registered"] = str(now.registered)
        if self.follower and self.follower.trouble:
            said["registry"] = self.follower.trouble
        return said | {"log": self.log is not None}

    def close(self) -> None:
        """Release threads and connections."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self.shadow is not None:
            self.shadow.close()
        if self.follower is not None:
            self.follower.stop()
        self.worker.shutdown(wait=False, cancel_futures=True)
        self.log_worker.shutdown(wait=True)
        if self.log is not None:
            self._write([], *self._taken_notes())
            self.log.close()


def new_id() -> str:
    """The id of an answer: 32 hexadecimal digits, the first 13 of them the time in microseconds.

    Ids that grow with time are added at the end of a database's index, not all over it.

    >>> len(new_id()), new_id() < new_id()[:12] + "g"
    (32, True)
    """
    return f"{time.time_ns() // 1000:013x}{secrets.randbits(76):019x}"


def _on_one_thread() -> None:
    """OpenMP threads inside a request get in the way of all others; this one keeps to itself."""
    threadpool_limits(1)


def _as_bytes(row: dict) -> bytes:
    """A row as JSON for the log, odd values in unused columns reads included."""
    try:
        return orjson.dumps(row, default=str)
    except TypeError:  # a number beyond 64 bits, half of a surrogate pair
        return json.dumps(row, default=str).encode()
