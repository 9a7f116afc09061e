"""The service over a bundle: bodies in, answers out, and no request can crash it.

A few rows are answered here, in the event loop; many go to one worker thread
(`helpers.serving.answer_rows` answers both). An answer is logged before it goes out.
`helpers.serving.web_app` puts the service behind HTTP addresses.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

import orjson
from threadpoolctl import threadpool_limits

from ..base.user_errors import InputError
from .answer_check import AnswerCheck
from .answer_rows import add_warnings, answer_all, answer_one, path_of
from .known_hosts import KnownHosts
from .log_queue import LogQueue
from .model_bundle import KEY_VARIABLE, Bundle, check_count
from .prediction_log import PredictionLog
from .refusals import Refused
from .request_body import (
    ENDINGS,
    in_utf8,
    parse_json,
    rows_in_body,
    rows_of_large,
    table_in_body,
)
from .served_model import COMPILED, Limits, Served
from .service_counters import ServiceCounters
from .shadow_model import Shadow
from .worker_thread import Worker

AT_ONCE = 8  # up to so many rows are scored in the event loop: a thread costs as much
AT_ONCE_BYTES = 2**15  # of a body that is read there
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
        self.hosts = KnownHosts(all_=bool(self.key))
        self.log = self._queue_of(log)
        self.check = check or AnswerCheck()
        self.follower: Follower | None = None  # of a registered model's alias
        self.worker = Worker("batch", begin=_on_one_thread)
        self.loader = Worker("loader")  # of models: a batch does not wait for one
        self.busy, self.sending, self._seconds = 0, 0, 0
        self._next_load: asyncio.Future | None = None
        self._loading = asyncio.Lock()
        self._ticking: asyncio.TimerHandle | None = None
        self.counters = self._new_counters()

    def _queue_of(self, log: PredictionLog | None) -> LogQueue | None:
        taken = self.shadow.taken if self.shadow else list
        return LogQueue(log, 2 * self.limits.at_once, taken) if log is not None else None

    def _new_counters(self) -> ServiceCounters:
        counters = ServiceCounters(lambda: self.busy)
        if self.log is not None:
            counters.watch_log(self.log.kept)
        self.check.count_in(counters.registry)
        if self.shadow is not None:
            self.shadow.count_in(counters.registry)
        return counters

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

    async def predict(self, body: bytes, kind: str, charset: str = "") -> tuple[bytes, int]:
        """The answer to a body, as JSON, and the number of its rows."""
        now = self.now  # a reload meanwhile changes nothing for this request
        if kind in ENDINGS:
            answers = await self._many(now, lambda: table_in_body(body, kind, charset, now.bundle))
            return orjson.dumps(answers), len(answers)
        if len(body) > AT_ONCE_BYTES:
            return await self._large(now, body, charset)
        body = in_utf8(body, charset)[0] if charset else body
        content = rows_in_body(parse_json(body), now.bundle.known)
        if isinstance(content, list):
            answers = await self._listed(now, content)
            return orjson.dumps(answers), len(answers)
        answers = await self._listed(now, [content], [body])
        return orjson.dumps(answers[0]), 1

    async def _large(self, now: Served, body: bytes, charset: str) -> tuple[bytes, int]:
        """The answer to a large body of JSON, which is read in the worker thread, too."""
        is_one = False

        def read() -> tuple[list[dict], list[str]]:
            nonlocal is_one
            text = in_utf8(body, charset)[0] if charset else body
            content = rows_in_body(rows_of_large(text, self.limits.rows), now.bundle.known)
            is_one = isinstance(content, dict)
            return [content] if is_one else content, []

        answers = await self._many(now, read)
        return orjson.dumps(answers[0] if is_one else answers), len(answers)

    async def _listed(
        self, now: Served, rows: list[dict], raw: list[bytes] | None = None
    ) -> list[dict]:
        """The answers to rows out of JSON; `raw` are their texts for the log, where they are known.

        A few are answered here, many in the worker thread.
        """
        if now.for_rows is None or len(rows) > AT_ONCE:
            return await self._many(now, lambda: (rows, []))
        check_count(rows, self.limits.rows)
        found, missed = now.bundle.looked_up(rows)
        raw = raw if found is rows else None  # the log holds rows as they were answered
        answers = [answer_one(now, row, n) for n, row in enumerate(found, 1)]
        add_warnings(answers, missed)
        self.check.offer(now, found, answers)
        await self._note(COMPILED, answers, raw or [_as_bytes(row) for row in found])
        return answers

    async def _many(self, now: Served, read: Callable[[], tuple]) -> list[dict]:
        """The answers to many rows, in the worker thread, within the time that a request has."""
        given_up = threading.Event()
        future = self.worker.submit(self._read_and_answer, now, read, given_up)
        try:
            answers, raw = await asyncio.wait_for(asyncio.wrap_future(future), self.limits.seconds)
        except TimeoutError:
            raise _too_slow(self.limits.seconds) from None
        finally:
            given_up.set()  # nobody waits any more
        await self._note(path_of(now, len(answers)), answers, raw)
        return answers

    def _read_and_answer(
        self, now: Served, read: Callable[[], tuple], given_up: threading.Event
    ) -> tuple[list[dict], list[bytes]]:
        """The answers to the rows that `read` gives, and the rows as JSON: the worker's task.

        What it gives besides, of the body as a whole, is said in the first answer.
        """
        rows, said = read()
        check_count(rows, self.limits.rows)
        rows, missed = now.bundle.looked_up(rows)
        answers = answer_all(now, rows, given_up, self.limits.rows)
        add_warnings(answers, [said + missed[0], *missed[1:]])
        if path_of(now, len(rows)) == COMPILED and not given_up.is_set():
            self.check.offer(now, rows, answers)
        return answers, [_as_bytes(row) for row in rows]

    async def read_json(self, body: bytes) -> dict | list[dict]:
        """The row or rows of a body of JSON; a large one is read in the worker thread."""
        if len(body) <= AT_ONCE_BYTES:
            return parse_json(body)
        asked = self.worker.submit(rows_of_large, body, self.limits.rows)
        return await asyncio.wrap_future(asked)

    # --- The log -----------------------------------------------------------------------------

    async def _note(self, path: str, answers: list[dict], raw: list[bytes]) -> None:
        """Count and log the answers; each says whether it was logged."""
        self.counters.count_answers(path, answers)
        if self.shadow is not None:
            self.shadow.offer(answers, raw)
        if self.log is None:
            return
        logged = await self.log.add(_log_lines(answers, raw))
        for answer in answers:
            answer["logged"] = logged
        if not logged:
            self.counters.count_unlogged(len(answers))

    def note_request(self, status: int, seconds: float, rows: int) -> None:
        """Count a request to `/predict`, and note it for the next write to the log."""
        self.counters.count_request(status, seconds)
        if self.log is not None:
            self.log.note((time.time(), status, seconds, rows))

    async def note_outcomes(self, pairs: list[tuple[str, object]]) -> list[str]:
        """Store actual outcomes by prediction id; returns the unknown ids.

        Refuses all of them where one is no class that the model knows, or no number.
        """
        if self.log is None:
            raise Refused("no_log", "This service keeps no log to add outcomes to.")
        if not 1 <= len(pairs) <= self.limits.rows:
            said = f"A request holds 1 to {self.limits.rows:,} outcomes; this one {len(pairs):,}."
            raise Refused("row_count", said)
        told = await asyncio.wrap_future(self.log.worker.submit(_read, self.now.bundle, pairs))
        try:
            return await self.log.note_outcomes(told)
        except Exception:  # whatever the database says
            raise Refused("log_unavailable", "The log can't be written to: try again.") from None

    # --- Another model -----------------------------------------------------------------------

    async def take_up(self) -> None:
        """Load the model again and answer with it; requests in progress keep the old one."""
        if self.reload is None:
            raise Refused("not_reloaded", "This service was started without a run to load again.")
        if self._next_load is None:
            self._next_load = asyncio.ensure_future(self._load())
        await asyncio.shield(self._next_load)  # of all that asked since the last one began

    async def _load(self) -> None:
        """Load the model again, once no other load is under way."""
        async with self._loading:
            self._next_load = None  # who comes from now on may mean newer files
            self.now = await self._loaded()

    async def _loaded(self) -> Served:
        """The model, loaded again in a thread of its own; refuses one that is no better."""
        try:
            fresh = await asyncio.wrap_future(self.loader.submit(self.reload))
        except InputError as error:
            raise Refused("not_reloaded", f"The model stays as it was. {error}") from None
        if fresh.fallback and not self.now.fallback:
            raise Refused("not_reloaded", f"The model stays as it was: {fresh.fallback}")
        return fresh

    # --- Words about itself ------------------------------------------------------------------

    def state(self) -> dict:
        """What `/ready` says."""
        said = {
            **self.now.state(),
            "scorer_warning": self.check.trouble,
            "shadow": self.shadow.version if self.shadow is not None else "",
            "registry": self.follower.trouble if self.follower else "",
            **(self.log.state() if self.log is not None else {"log": False}),
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
        self.worker.close()
        self.loader.close()
        if self.log is not None:
            self.log.close()


def _log_lines(answers: list[dict], raw: list[bytes]) -> list[tuple]:
    """A line of the prediction log for each answer."""
    at = time.time()
    return [
        (a["id"], at, a["model"], row.decode("utf-8", "replace"), str(a["prediction"]),
         orjson.dumps(a.get("probability")).decode(), orjson.dumps(a["warnings"]).decode())
        for a, row in zip(answers, raw, strict=True)
    ]  # fmt: skip


def _read(bundle: Bundle, pairs: list[tuple[str, object]]) -> list[tuple[str, str]]:
    """Outcomes as the log keeps them; refuses one that is none, by its place."""
    found = bundle.outcomes.read([outcome for _, outcome in pairs])
    if None in found:
        place = found.index(None)
        said = (
            f"Outcome {place + 1}: {pairs[place][1]!r:.60} is no outcome of "
            f"'{bundle.task.target}', which is {bundle.outcomes.expected}. Nothing was noted."
        )
        raise Refused("outcome", said, place + 1, "outcome")
    return [(id_, outcome) for (id_, _), outcome in zip(pairs, found, strict=True)]


def _too_slow(seconds: float) -> Refused:
    """The refusal of rows that take longer than a request may."""
    said = f"The rows took longer than {seconds:g} s: send fewer, or try again later."
    return Refused("too_slow", said)


def _on_one_thread() -> None:
    """OpenMP threads inside a request get in the way of all others; this one keeps to itself."""
    threadpool_limits(1)


def _as_bytes(row: dict) -> bytes:
    """A row as JSON for the log, odd values in unused columns reads included."""
    try:
        return orjson.dumps(row, default=str)
    except TypeError:  # a number beyond 64 bits, half of a surrogate pair
        return json.dumps(row, default=str).encode()
