"""The service over a bundle: bodies in, answers out, and no request can crash it.

A few rows are answered here, in the event loop; many go to one worker thread
(`helpers.serving.answer_rows` answers both). An answer is logged before it goes out.
`helpers.serving.web_app` puts the service behind HTTP addresses.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from threadpoolctl import threadpool_limits

from ..base.user_errors import InputError
from . import given_back
from .access_log import AccessLog
from .answer_check import AnswerCheck
from .answer_rows import add_warnings, answer_all, answer_one, path_of
from .asked import Asked
from .asked_options import NO_OPTIONS, Options
from .beside import Beside
from .body_forms import in_known_forms
from .client_keys import KEY_FIELD, ClientKey, give_back, take_keys
from .known_hosts import KnownHosts
from .log_queue import LogQueue
from .model_bundle import Bundle, api_key, check_count
from .prediction_log import PredictionLog
from .refusals import Refused
from .request_body import ENDINGS, Body, rows_in_body
from .served_model import COMPILED, Limits, Served
from .service_counters import ServiceCounters
from .service_state import ServiceState
from .shadow_model import Shadow
from .table_outline import Most
from .worker_thread import Worker

PREDICT = "/predict"
AT_ONCE = 8  # up to so many rows are scored in the event loop: a thread costs as much
# Keys of `/ready` as they were named before; scripts may still read them.
OLD_KEYS = {
    "single rows": "single_row_path",
    "no compiled scorer": "no_compiled_scorer",
    "answers from": "fallback",
}


@dataclass
class Rows:
    """The rows of a body, what is to be said of the body, and whether it is a row and no list."""

    rows: list[dict]
    said: list[str] = field(default_factory=list)  # in the first answer
    is_one: bool = False


@dataclass(frozen=True)
class Question:
    """Of one request its id, what is said beside its predictions, and what is said of the whole."""

    request_id: str
    beside: Beside | None = None
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, now: Served, request_id: str, options: Options) -> Question:
        """The question of a request to the model that serves."""
        if options is NO_OPTIONS:
            return cls(request_id)
        beside = Beside.of(now.bundle, options.wanted)
        return cls(request_id, beside if beside else None, (*options.said, *beside.cannot))


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
        self.loaded_at, self.key_field = time.time(), KEY_FIELD
        self.access: AccessLog | None = None
        self.key = api_key()
        self.hosts = KnownHosts(all_=bool(self.key))
        self.log = self._queue_of(log)
        self.check = check or AnswerCheck()
        self.follower: Follower | None = None  # of a registered model's alias
        self.worker = Worker("batch", begin=_on_one_thread)
        self.loader = Worker("loader")  # of models: a batch does not wait for one
        self.had_large = False
        self.busy, self.sending, self._seconds = 0, 0, 0
        self._next_load: asyncio.Future | None = None
        self._loading = asyncio.Lock()
        self._ticking: asyncio.TimerHandle | None = None
        self.counters = self._new_counters()

    def _queue_of(self, log: PredictionLog | None) -> LogQueue | None:
        taken = self.shadow.taken if self.shadow else list
        return LogQueue(log, 2 * self.limits.at_once, taken) if log is not None else None

    def _new_counters(self) -> ServiceCounters:
        counters = ServiceCounters()
        counters.registry.register(ServiceState(self))
        counters.expect(self.now.version)
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
        if self.had_large and self._seconds % given_back.EVERY == 0:
            self.had_large = False
            self.worker.submit(given_back.give_back)
        self.begin()

    # --- Answers -----------------------------------------------------------------------------

    async def predict(self, body: Body, options: Options = NO_OPTIONS) -> tuple[bytes, int]:
        """The answer to a body, as JSON, and the number of its rows."""
        now = self.now  # a reload meanwhile changes nothing for this request
        question = Question.of(now, body.request_id, options)
        self.had_large = self.had_large or len(body.content) > given_back.LARGE
        if body.kind in ENDINGS or not body.is_small():
            answers, is_one = await self._many(now, lambda: self._read(now, body), question)
        else:
            content = rows_in_body(body.json(), now.bundle.known)
            is_one = isinstance(content, dict)
            rows, raw = ([content], [body.content]) if is_one else (content, None)
            answers = await self._listed(now, rows, raw, question)
        return orjson.dumps(answers[0] if is_one else answers), len(answers)

    def _read(self, now: Served, body: Body) -> Rows:
        """The rows of a body that is read in the worker thread."""
        body.unpack(self.limits.body)
        if body.kind in ENDINGS:
            return Rows(*body.table(now.bundle, Most(self.limits.rows, self.limits.body)))
        content = rows_in_body(body.large_json(self.limits.rows), now.bundle.known)
        is_one = isinstance(content, dict)
        return Rows([content] if is_one else content, [], is_one)

    async def _listed(
        self, now: Served, rows: list[dict], raw: list[bytes] | None, question: Question
    ) -> list[dict]:
        """The answers to rows out of JSON; `raw` are their texts for the log, where they are known.

        A few are answered here, many in the worker thread.
        """
        if now.for_rows is None or len(rows) > AT_ONCE:
            return (await self._many(now, lambda: Rows(rows), question))[0]
        keys, (found, missed) = self._looked_at(now, rows, question)
        raw = raw if found is rows and not keys else None  # the log holds rows as answered
        answers = [answer_one(now, row, n, question.beside) for n, row in enumerate(found, 1)]
        add_warnings(answers, missed)
        give_back(answers, keys)
        self.check.offer(now, found, answers)
        raw = raw or [_as_bytes(row) for row in found]
        await self._note(COMPILED, answers, raw, question.request_id)
        return answers

    def _looked_at(
        self, now: Served, rows: list[dict], question: Question
    ) -> tuple[list[str | None], tuple]:
        """The client's own keys, taken out of rows; the rows, with what is looked up for them, in
        the forms of training; and what is to be said of each.
        """
        check_count(rows, self.limits.rows)
        keys = take_keys(rows, self.key_field, self.key_field in now.bundle.known)
        rows, missed = now.bundle.looked_up(rows)
        rows, said = in_known_forms(now.bundle, rows)
        missed[0] = [*question.said, *said, *missed[0]]
        return keys, (rows, missed)

    async def _many(
        self, now: Served, read: Callable[[], Rows], question: Question
    ) -> tuple[list[dict], bool]:
        """The answers to many rows, in the worker thread, within the time that a request has."""
        given_up = threading.Event()
        future = self.worker.submit(self._read_and_answer, now, read, given_up, question)
        try:
            done = await asyncio.wait_for(asyncio.wrap_future(future), self.limits.seconds)
        except TimeoutError:
            raise _too_slow(self.limits.seconds) from None
        finally:
            given_up.set()  # nobody waits any more
        await self._note(path_of(now, len(done[0])), *done[:2], question.request_id)
        return done[0], done[2]

    def _read_and_answer(
        self, now: Served, read: Callable[[], Rows], given_up: threading.Event, question: Question
    ) -> tuple[list[dict], list[bytes], bool]:
        """The answers to the rows that `read` gives, and the rows as JSON: the worker's task."""
        asked = read()
        keys, (rows, missed) = self._looked_at(now, asked.rows, question)
        answers = answer_all(now, rows, given_up, self.limits.rows, question.beside)
        add_warnings(answers, [asked.said + missed[0], *missed[1:]])
        give_back(answers, keys)
        if path_of(now, len(rows)) == COMPILED and not given_up.is_set():
            self.check.offer(now, rows, answers)
        return answers, [_as_bytes(row) for row in rows], asked.is_one

    async def read_json(self, body: Body) -> dict | list[dict]:
        """The row or rows of a body of JSON; a large one is read in the worker thread."""
        return body.json() if body.is_small() else await self._in_worker(self._large_json, body)

    def _large_json(self, body: Body) -> dict | list[dict]:
        body.unpack(self.limits.body)
        return body.large_json(self.limits.rows)

    async def _in_worker(self, task: Callable, *values):
        return await asyncio.wrap_future(self.worker.submit(task, *values))

    # --- The log -----------------------------------------------------------------------------

    async def _note(
        self, path: str, answers: list[dict], raw: list[bytes], request_id: str
    ) -> None:
        """Count and log the answers; each says whether it was logged."""
        self.counters.count_answers(path, answers, answers[0]["model"] if answers else "")
        if self.shadow is not None:
            self.shadow.offer(answers, raw)
        if self.log is None:
            return
        logged = await self.log.add(_log_lines(answers, raw, request_id))
        for answer in answers:
            answer["logged"] = logged
        if not logged:
            self.counters.count_unlogged(len(answers))

    def note_request(self, asked: Asked, status: int) -> None:
        """Count a request; note it in the access log and, where it is for rows, in the log."""
        seconds = time.perf_counter() - asked.began
        self.counters.count_request(asked, status, seconds, self.now.version)
        if self.log is not None and asked.address == PREDICT:
            self.log.note((time.time(), status, seconds, asked.rows))
        if self.access is not None:
            self.access.add(asked, status, seconds, self.now.version)

    async def note_outcomes(self, pairs: list[tuple[str | ClientKey, object]]) -> list[str]:
        """Store actual outcomes by prediction id or client's key; returns those that are unknown.

        Refuses all of them where one is no class that the model knows, or no number.
        """
        if self.log is None:
            raise Refused("no_log", "This service keeps no log to add outcomes to.")
        if not 1 <= len(pairs) <= self.limits.rows:
            said = f"A request holds 1 to {self.limits.rows:,} outcomes; this one {len(pairs):,}."
            raise Refused("row_count", said)
        told = await asyncio.wrap_future(self.log.worker.submit(_outcomes, self.now.bundle, pairs))
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
            with self.counters.reloading():
                self.serve(await self._loaded())

    def serve(self, fresh: Served) -> None:
        """Answer with another model from now on."""
        self.now, self.loaded_at = fresh, time.time()
        self.counters.expect(fresh.version)

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
        if self.follower is not None:
            self.follower.stop()
        for one in (self.shadow, self.worker, self.loader, self.log, self.access):
            if one is not None:
                one.close()


def _log_lines(answers: list[dict], raw: list[bytes], request_id: str) -> list[tuple]:
    """A line of the prediction log for each answer."""
    at = time.time()
    return [
        (a["id"], at, a["model"], row.decode("utf-8", "replace"), str(a["prediction"]),
         orjson.dumps(a.get("probability")).decode(), orjson.dumps(a["warnings"]).decode(),
         request_id, a.get("client_key"))
        for a, row in zip(answers, raw, strict=True)
    ]  # fmt: skip


def _outcomes(bundle: Bundle, pairs: list[tuple]) -> list[tuple]:
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
