"""The service over a bundle: bodies in, answers out, and no request can crash it.

One row takes the compiled row form and never leaves the event loop; many rows go to one worker
thread, and very many of them through the compiled table form. All are checked field by field: a
value that is imputed is warned of, one that makes no sense is refused with a sentence that names
the field. An answer is logged before it goes out. `helpers.serving.web_app` puts the service behind
HTTP addresses.
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
import pandas as pd
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from threadpoolctl import threadpool_limits

from ..base.user_errors import InputError
from .answer_check import AnswerCheck
from .log_queue import LogQueue
from .model_bundle import (
    KEY_VARIABLE,
    answers_frame,
    as_frame,
    check_count,
    check_rows,
    predict_rows,
)
from .prediction_log import PredictionLog
from .request_body import ENDINGS, parse_json, rows_of_table
from .served_model import BASELINE, COMPILED, PIPELINE, Limits, Refused, Served
from .shadow_model import Shadow

AT_ONCE = 8  # up to so many rows are scored in the event loop: a thread costs as much
ONE_BY_ONE = 500  # up to so many rows are answered one by one: a table's start costs as much
STRETCH = 2_000  # rows between two looks at whether anybody still waits for the answer
# Keys of `/ready` as they were named before; scripts may still read them.
OLD_KEYS = {
    "single rows": "single_row_path",
    "no compiled scorer": "no_compiled_scorer",
    "answers from": "fallback",
}


class Follower(Protocol):
    """What keeps a service on the model that an alias of the registry names."""

    trouble: str

    def stop(self) -> None:
        """Follow no more."""


class Service:
    """What the addresses share: the model that is served, the log, the limits, the counters.

    `reload` loads the model again; `shadow` is a second model that is asked the same rows and whose
    answers only the log sees; `check` asks some answers again of the pipeline.
    """

    def __init__(
        self,
        now: Served,
        log: PredictionLog | None = None,
        limits: Limits | None = None,
        reload: Callable[[], Served] | None = None,
        shadow: Shadow | None = None,
        check: AnswerCheck | None = None,
    ):
        self.now, self.limits, self.reload, self.shadow = now, limits or Limits(), reload, shadow
        self.key = os.environ.get(KEY_VARIABLE, "")
        self.log = None
        if log is not None:
            taken = shadow.taken if shadow else list
            self.log = LogQueue(log, 2 * self.limits.at_once, taken)
        self.check = check or AnswerCheck()
        self.follower: Follower | None = None  # of a registered model's alias
        self.worker = ThreadPoolExecutor(1, "batch", initializer=_on_one_thread)
        self.busy, self._seconds = 0, 0
        self._ticking: asyncio.TimerHandle | None = None
        self._count()

    def _count(self) -> None:
        """The counters that `/metrics` shows."""
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
        self.check.count_in(registry)
        if self.shadow is not None:
            self.shadow.count_in(registry)
        self._ok = self.replies.labels("200")
        self._paths = {p: self.answered.labels(p) for p in (COMPILED, PIPELINE, BASELINE)}

    def begin(self) -> None:
        """Begin what is done each second. Called in the event loop, once it runs."""
        self._ticking = asyncio.get_running_loop().call_later(1.0, self._tick)

    def _tick(self) -> None:
        self._seconds += 1
        if self.log is not None:
            self.log.tick()
        if self.check.is_due(self._seconds):
            self.worker.submit(self.check.ask)
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
        if now.for_rows is None or len(rows) > AT_ONCE:
            answers = await self._many(now, lambda: rows)
        else:
            check_count(rows, self.limits.rows)
            answers = [self._answer_one(now, row, n) for n, row in enumerate(rows, 1)]
            self.check.offer(now, rows, answers)
            await self._note(COMPILED, answers, [body] if single else [*map(_as_bytes, rows)])
        return orjson.dumps(answers[0] if single else answers), len(answers)

    def _answer_one(self, now: Served, row: dict, number: int) -> dict:
        warnings, seen = now.bundle.check.row(row, number)
        form = now.for_rows
        prediction, found = form.row(row, seen | form.read_rest(row, seen))
        probability = dict(zip(now.bundle.task.classes, found, strict=True)) if found else None
        return self._worded(now, prediction, probability, warnings)

    def _answer_all(self, now: Served, rows: list[dict], given_up: threading.Event) -> list[dict]:
        """The answers to many rows; it stops when the client has left."""
        if now.for_rows is not None and len(rows) <= ONE_BY_ONE:
            return [self._answer_one(now, row, n) for n, row in enumerate(rows, 1)
                    if not given_up.is_set()]  # fmt: skip
        answers = []
        for start in range(0, len(rows), STRETCH):
            if given_up.is_set():
                break
            answers += self._answer_stretch(now, rows[start : start + STRETCH], start + 1)
        return answers

    def _answer_stretch(self, now: Served, rows: list[dict], first: int) -> list[dict]:
        """Rows as a table, by its compiled form or the pipeline; or each the baseline's answer."""
        bundle = now.bundle
        warnings = check_rows(bundle, rows, self.limits.rows, first)
        if bundle.model is None:
            said = bundle.card["baseline_answer"]
            return [self._worded(now, said["prediction"], said["probability"], w) for w in warnings]
        found = answers_to(now, rows).to_dict("records")
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
            if _path(now, len(rows)) == COMPILED and not given_up.is_set():
                self.check.offer(now, rows, answers)
            return answers, [_as_bytes(row) for row in rows]

        future = asyncio.get_running_loop().run_in_executor(self.worker, work)
        try:
            answers, raw = await asyncio.wait_for(future, self.limits.seconds)
        except TimeoutError:
            given_up.set()
            raise Refused(
                503, f"The rows took longer than {self.limits.seconds:g} s: send fewer, or try "
                f"again later.", retry=True) from None  # fmt: skip
        await self._note(_path(now, len(answers)), answers, raw)
        return answers

    # --- The log -----------------------------------------------------------------------------

    async def _note(self, path: str, answers: list[dict], raw: list[bytes]) -> None:
        """Count and log the answers; each says whether it was logged."""
        self._paths[path].inc(len(answers))
        if warned := sum(len(answer["warnings"]) for answer in answers):
            self.warned.inc(warned)
        if self.shadow is not None:
            self.shadow.offer(answers, raw)
        if self.log is None:
            return
        logged = await self.log.add(_log_lines(answers, raw))
        for answer in answers:
            answer["logged"] = logged
        if not logged:
            self.unlogged.inc(len(answers))

    def note_request(self, status: int, seconds: float, rows: int) -> None:
        """Count a request to `/predict`, and note it for the next write to the log."""
        (self._ok if status == 200 else self.replies.labels(str(status))).inc()
        self.took.observe(seconds)
        if self.log is not None:
            self.log.note((time.time(), status, seconds, rows))

    async def note_outcomes(self, pairs: list[tuple[str, str]]) -> list[str]:
        """Store actual outcomes by prediction id; returns the unknown ids."""
        if self.log is None:
            raise Refused(409, "This service keeps no log, so there is nothing to add outcomes to.")
        try:
            return await self.log.note_outcomes(pairs)
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
        said = {
            "status": "degraded" if now.fallback else "ready",
            "model": now.version,
            "single_row_path": now.single_row_path,
            "many_row_path": now.many_row_path,
            "no_compiled_scorer": "; ".join(dict.fromkeys(filter(None, now.why_not.values()))),
            "fallback": now.fallback,
            "scorer_warning": self.check.trouble,
            "shadow": self.shadow.version if self.shadow is not None else "",
            "registered": str(now.registered or ""),
            "registry": self.follower.trouble if self.follower else "",
            "log": self.log is not None,
        }
        said = {name: value for name, value in said.items() if value != ""}
        return said | {old: said[new] for old, new in OLD_KEYS.items() if new in said}

    def close(self) -> None:
        """Release threads and connections."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self.shadow is not None:
            self.shadow.close()
        if self.follower is not None:
            self.follower.stop()
        self.worker.shutdown(wait=False, cancel_futures=True)
        if self.log is not None:
            self.log.close()


def answers_to(now: Served, rows: list[dict]) -> pd.DataFrame:
    """The answers to checked rows: by the compiled table form where it may, or the pipeline."""
    frame = as_frame(now.bundle, rows)
    if now.for_tables is None:
        return predict_rows(now.bundle, frame)
    return answers_frame(now.bundle.task, *now.for_tables.frame(frame))


def _path(now: Served, rows: int) -> str:
    """What answers so many rows of one request."""
    return now.single_row_path if rows <= ONE_BY_ONE else now.many_row_path


def _log_lines(answers: list[dict], raw: list[bytes]) -> list[tuple]:
    """A line of the prediction log for each answer."""
    at = time.time()
    return [
        (a["id"], at, a["model"], row.decode("utf-8", "replace"), str(a["prediction"]),
         orjson.dumps(a.get("probability")).decode(), orjson.dumps(a["warnings"]).decode())
        for a, row in zip(answers, raw, strict=True)
    ]  # fmt: skip


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
