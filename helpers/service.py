"""The service over a bundle: HTTP in, answers out, and nothing that traffic sends makes it fall.

One row takes the compiled scorer and never leaves the event loop; many rows go to one worker thread
and through the pipeline. Both check each field, warn of what they fill, and refuse what makes no
sense with a sentence that names the field. What was answered is logged before the answer goes out.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pandas as pd
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import ClientDisconnect
from threadpoolctl import threadpool_limits

from .deploy import (
    MOST_ROWS,
    Bundle,
    as_frame,
    check_rows,
    load_bundle,
    open_bundle,
    predict_rows,
)
from .errors import InputError
from .line import Run, existing_run
from .prediction_log import PredictionLog
from .registry import Version, is_address
from .scorer import Scorer, compile_scorer

if TYPE_CHECKING:
    from .following import Follower

KEY_VARIABLE = "PIPELINE_API_KEY"
LAST_GOOD = "last_good"  # the folder of a run with the bundle that was served last
ONE_BY_ONE = 8  # up to so many rows are scored one by one: the pipeline's start costs as much
ENDINGS = {"text/csv": ".csv", "application/vnd.apache.parquet": ".parquet"}


@dataclass(frozen=True)
class Limits:
    """What one request may ask, and how many at once."""

    body: int = 32 * 2**20  # bytes
    rows: int = MOST_ROWS
    seconds: float = 30.0
    at_once: int = 64  # requests


@dataclass(frozen=True)
class Served:
    """The model that answers now: a bundle with its scorer, or only the baseline."""

    bundle: Bundle
    scorer: Scorer | None
    no_scorer: str = ""  # why there is none
    fallback: str = ""  # what answers instead of the current model, and why
    registered: Version | None = None  # the version of the registry that it is

    @property
    def version(self) -> str:
        """The first letters of the model file's hash."""
        return self.bundle.version

    @property
    def road(self) -> str:
        """What answers a single row: compiled, pipeline or baseline."""
        if self.bundle.model is None:
            return "baseline"
        return "compiled" if self.scorer else "pipeline"


def served(bundle: Bundle, fallback: str = "") -> Served:
    """A bundle made ready to answer: its scorer compiled and checked."""
    if bundle.model is None:
        return Served(bundle, None, "the baseline answers", fallback)
    scorer, why = compile_scorer(bundle.task, bundle.model, list(bundle.fields), bundle.examples)
    return Served(bundle, scorer, why, fallback)


def load_for_service(run: str) -> Served:
    """The model of a run; where it is broken the last good one, else the baseline of its card.

    Or the registered model of an address. Raises InputError when there is nothing to answer with.
    """
    if is_address(run):
        from .following import load_version

        return load_version(run)
    try:
        bundle = load_bundle(run)
    except InputError as error:
        why, folder = str(error), existing_run(run)
    else:
        _keep_as_last_good(existing_run(run))
        return served(bundle)
    try:
        return served(open_bundle(Run(folder.name), LAST_GOOD), f"the last good model: {why}")
    except InputError:
        return served(open_bundle(folder, without_model=True), f"the baseline: {why}")


def _keep_as_last_good(run: Run) -> None:
    """Copy the bundle aside, whole, once it has proved to be sound."""
    kept, draft = run.file(LAST_GOOD), run.file(f".{LAST_GOOD}.{os.getpid()}")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(run.file("model"), draft)
        shutil.rmtree(kept, ignore_errors=True)
        draft.replace(kept)
    except OSError:  # a folder that can't be written to: served all the same
        shutil.rmtree(draft, ignore_errors=True)


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, detail: str, retry: bool = False):
        super().__init__(detail)
        self.status, self.detail, self.retry = status, detail, retry


class Service:
    """What the endpoints share: the model that is served, the log, the limits, the counters."""

    def __init__(self, now: Served, log: PredictionLog | None = None, limits: Limits | None = None,
                 reload: Callable[[], Served] | None = None):  # fmt: skip
        self.now, self.log, self.limits = now, log, limits or Limits()
        self.reload, self.busy, self.key = reload, 0, os.environ.get(KEY_VARIABLE, "")
        self.follower: Follower | None = None  # of a registered model's alias
        self._waiting: list[tuple[list, asyncio.Future]] = []
        self._flushing = False
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
        self._ok = self.replies.labels("200")
        self._roads = {r: self.answered.labels(r) for r in ("compiled", "pipeline", "baseline")}

    # --- Answers -----------------------------------------------------------------------------

    async def predict(self, body: bytes, kind: str) -> bytes:
        """The answer to a body, as JSON."""
        now = self.now  # a reload meanwhile changes nothing for this request
        if kind in ENDINGS:
            return orjson.dumps(await self._many(now, lambda: _read_table(body, ENDINGS[kind])))
        content = parse_json(body)
        single = isinstance(content, dict)
        rows = [content] if single else content
        if now.scorer is None or len(rows) > ONE_BY_ONE:
            answers = await self._many(now, lambda: rows)
        else:
            check_count(rows, self.limits.rows)
            answers = [self._answer_one(now, row, n) for n, row in enumerate(rows, 1)]
            await self._note(now.road, answers, [body] if single else [*map(_as_bytes, rows)])
        return orjson.dumps(answers[0] if single else answers)

    def _answer_one(self, now: Served, row: dict, number: int) -> dict:
        warnings, seen = now.bundle.check.row(row, number)
        prediction, chances = now.scorer.answer(row, seen | now.scorer.read_rest(row, seen))
        probability = dict(zip(now.bundle.task.classes, chances, strict=True)) if chances else None
        return self._worded(now, prediction, probability, warnings)

    def _answer_all(self, now: Served, rows: list[dict]) -> list[dict]:
        """Many rows through the pipeline, or each the baseline's answer."""
        bundle = now.bundle
        warnings = check_rows(bundle, rows, self.limits.rows)
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
        answer = {"id": uuid.uuid4().hex, "model": now.version, "prediction": prediction}
        if probability is not None:
            answer["probability"] = probability
        answer["warnings"] = warnings
        if now.fallback:
            answer["fallback"] = now.fallback
        return answer

    async def _many(self, now: Served, read: Callable[[], list]) -> list[dict]:
        """The answers to many rows, in the worker thread, within the time that a request has."""

        def work() -> tuple[list[dict], list[bytes]]:
            rows = read()
            check_count(rows, self.limits.rows)
            answers = self._answer_all(now, rows)
            return answers, [_as_bytes(row) for row in rows]

        future = asyncio.get_running_loop().run_in_executor(self.worker, work)
        try:
            answers, raw = await asyncio.wait_for(future, self.limits.seconds)
        except TimeoutError:
            raise Refused(
                503, f"The rows took longer than {self.limits.seconds:g} s: send fewer, or try "
                f"again later.", retry=True) from None  # fmt: skip
        await self._note("pipeline" if now.bundle.model else "baseline", answers, raw)
        return answers

    # --- The log -----------------------------------------------------------------------------

    async def _note(self, road: str, answers: list[dict], raw: list[bytes]) -> None:
        """Count and log the answers; each says whether it was logged."""
        self._roads[road].inc(len(answers))
        if warned := sum(len(answer["warnings"]) for answer in answers):
            self.warned.inc(warned)
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

    def _logged(self, lines: list[tuple]) -> asyncio.Future:
        """Lines that wait for the next write; all that wait share one transaction."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append((lines, future))
        if not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        return future

    def _flush(self) -> None:
        """Write what waits. A file is written here and now; a server is waited for elsewhere."""
        waiting, self._waiting = self._waiting, []
        lines = [line for own, _ in waiting for line in own]
        if self.log.is_local and len(lines) <= 2 * self.limits.at_once:
            self._tell(waiting, self._write(lines))
        else:
            loop = asyncio.get_running_loop()
            done = loop.run_in_executor(self.log_worker, self._write, lines)
            done.add_done_callback(lambda future: self._tell(waiting, future.result()))

    def _write(self, lines: list[tuple]) -> bool:
        try:
            self.log.write(lines)
        except Exception:  # whatever a log fails of, the answer goes out
            return False
        return True

    def _tell(self, waiting: list, logged: bool) -> None:
        for _, future in waiting:
            if not future.done():
                future.set_result(logged)
        self._flushing = bool(self._waiting)
        if self._flushing:
            asyncio.get_running_loop().call_soon(self._flush)

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
        if now.registered:
            said["registered"] = str(now.registered)
        if self.follower and self.follower.trouble:
            said["registry"] = self.follower.trouble
        return said | {"log": self.log is not None}

    def close(self) -> None:
        """Let go of threads and connections."""
        if self.follower is not None:
            self.follower.stop()
        self.worker.shutdown(wait=False, cancel_futures=True)
        self.log_worker.shutdown(wait=True)
        if self.log is not None:
            self.log.close()


def _on_one_thread() -> None:
    """OpenMP threads inside a request get in the way of all others; this one keeps to itself."""
    threadpool_limits(1)


def _as_bytes(row: dict) -> bytes:
    """A row as JSON for the log, odd values in columns that nobody reads included."""
    try:
        return orjson.dumps(row, default=str)
    except TypeError:  # a number beyond 64 bits, half of a surrogate pair
        return json.dumps(row, default=str).encode()


def check_count(rows: list, most: int) -> None:
    """Refuse too many rows, or none."""
    if not 1 <= len(rows) <= most:
        raise Refused(422, f"A request holds 1 to {most:,} rows; this one holds {len(rows):,}.")


def parse_json(body: bytes) -> dict | list[dict]:
    """A body as a row or a list of rows; refuses anything else with a sentence."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = _parse_leniently(body)
    rows = content if isinstance(content, list) else [content]
    if not all(isinstance(row, dict) for row in rows):
        raise Refused(422, "The body is a JSON object (a row), or a list of objects.")
    return content


def _parse_leniently(body: bytes):
    """NaN and Infinity are no JSON; they are read so that the field can be named."""
    try:
        return json.loads(body)
    except RecursionError:
        raise Refused(422, "The JSON is nested too deeply: a row is a flat object.") from None
    except (ValueError, UnicodeDecodeError) as error:
        where = f" (at character {error.pos:,})" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused(422, f"The body can't be read as JSON{where}: was it cut off?") from None


def _read_table(body: bytes, ending: str) -> list[dict]:
    """A CSV or Parquet body as rows, read as `pipeline predict` reads a file."""
    from . import tables

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"body{ending}"
        file.write_bytes(body)
        try:
            table = tables.read_table(str(file), typed=False)
        except InputError as error:
            raise Refused(422, str(error).replace(str(file), "the body")) from None
    table = table.astype(object)
    table = table.where(table.notna(), None)
    return [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value):
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ")
    return value.item() if hasattr(value, "item") else value


# --- The app ------------------------------------------------------------------------------------


def make_app(service: Service):
    """The FastAPI application over a service."""

    @asynccontextmanager
    async def life(app):
        yield
        service.close()

    bundle = service.now.bundle
    app = FastAPI(title=f"Predicts {bundle.task.target}", version=service.now.version,
                  lifespan=life)  # fmt: skip

    def said(content, status: int = 200, **headers) -> Response:
        return Response(orjson.dumps(content), status, headers, "application/json")

    @app.exception_handler(Refused)
    async def refuse(request: Request, error: Refused) -> Response:
        more = {"Retry-After": "1"} if error.retry else {}
        more |= {"Connection": "close"} if error.status in (408, 413) else {}
        return said({"detail": error.detail}, error.status, **more)

    @app.exception_handler(InputError)
    async def refuse_input(request: Request, error: InputError) -> Response:
        return said({"detail": str(error)}, 422)

    def admit(request: Request) -> None:
        given = request.headers.get("x-api-key", "")
        if service.key and not hmac.compare_digest(given.encode(), service.key.encode()):
            raise Refused(401, "The header X-API-Key is missing or wrong.")

    @app.post("/predict", openapi_extra=_described(bundle))
    async def predict(request: Request) -> Response:
        admit(request)
        if service.busy >= service.limits.at_once:
            service.replies.labels("503").inc()
            raise Refused(503, f"{service.busy} requests are in progress: try again.", retry=True)
        service.busy += 1
        began = time.perf_counter()
        try:
            kind = request.headers.get("content-type", "application/json").partition(";")[0]
            kind = kind.strip().lower()
            if kind not in ("application/json", *ENDINGS):
                raise Refused(415, f"Send application/json, {' or '.join(ENDINGS)}; "
                                   f"{kind[:60]!r} came.")  # fmt: skip
            body = await read_body(request, service.limits)
            answer = await service.predict(body, kind)
        except (Refused, InputError) as error:
            service.replies.labels(str(getattr(error, "status", 422))).inc()
            raise
        finally:
            service.busy -= 1
            service.took.observe(time.perf_counter() - began)
        service._ok.inc()
        return Response(answer, 200, media_type="application/json")

    @app.post("/feedback")
    async def feedback(request: Request) -> Response:
        """True outcomes: {"id": ..., "outcome": ...}, or a list of such objects."""
        admit(request)
        content = parse_json(await read_body(request, service.limits))
        told = content if isinstance(content, list) else [content]
        for one in told:
            if not isinstance(one.get("id"), str) or one.get("outcome") is None:
                raise Refused(422, "Each outcome has the id of a prediction and the outcome.")
            if isinstance(one["outcome"], (dict, list)):
                raise Refused(422, "Field 'outcome': a single value was expected, not a list.")
        if service.log is None:
            raise Refused(409, "This service keeps no log, so there is nothing to add outcomes to.")
        pairs = [(one["id"][:40], str(one["outcome"])) for one in told]
        loop = asyncio.get_running_loop()
        try:
            unknown = await loop.run_in_executor(
                service.log_worker, service.log.note_outcomes, pairs
            )
        except Exception:  # noqa: BLE001 - whatever the database says
            raise Refused(503, "The log can't be written to: try again.", retry=True) from None
        return said({"noted": len(pairs) - len(unknown), "unknown": unknown})

    @app.post("/reload")
    async def reload(request: Request) -> Response:
        """Take up a new model; requests in progress are answered by the old one."""
        admit(request)
        if service.reload is None:
            raise Refused(409, "This service was started without a run to load again.")
        loop = asyncio.get_running_loop()
        try:
            fresh = await loop.run_in_executor(service.worker, service.reload)
        except InputError as error:
            raise Refused(409, f"The model stays as it was. {error}") from None
        if fresh.fallback and not service.now.fallback:
            raise Refused(409, f"The model stays as it was: {fresh.fallback}")
        service.now = fresh
        return said(service.state())

    @app.get("/health")
    async def health() -> Response:
        return said({"status": "ok", "model": service.now.version})

    @app.get("/ready")
    async def ready() -> Response:
        return said(service.state())

    @app.get("/model")
    async def model(request: Request) -> Response:
        admit(request)
        return said(service.now.bundle.card | {"service": service.state()})

    @app.get("/schema")
    async def schema(request: Request) -> Response:
        admit(request)
        return said(service.now.bundle.schema)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(service.registry), media_type="text/plain; version=0.0.4")

    return app


async def read_body(request, limits: Limits) -> bytes:
    """The body of a request, as long as it is neither too large nor too slow."""
    too_large = Refused(413, f"A body has {limits.body:,} bytes at most: send fewer rows at once.")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limits.body:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > limits.body:
                    raise too_large
    except TimeoutError:
        raise Refused(408, f"The body did not arrive within {limits.seconds:g} s.") from None
    except ClientDisconnect:
        raise Refused(400, "The body was cut off.") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


_JSON_TYPES = {"number": ["number", "string", "null"], "boolean": ["boolean", "string", "null"]}


def _described(bundle: Bundle) -> dict:
    """What the interactive pages (`/docs`) say of a row and an answer, made from the schema."""
    fields = {
        name: {"type": _JSON_TYPES.get(one["kind"], ["string", "number", "null"])}
        | ({"examples": [one["example"]]} if one.get("example") is not None else {})
        | ({"description": "{:g} to {:g} in training".format(*one["range"])}
           if "range" in one else {})
        for name, one in bundle.fields.items()
    }  # fmt: skip
    row = {"type": "object", "title": "Row", "properties": fields}
    example = {n: f["example"] for n, f in bundle.fields.items() if f.get("example") is not None}
    answer = {
        "type": "object", "title": "Answer",
        "required": ["id", "model", "prediction", "warnings"],
        "properties": {
            "id": {"type": "string"}, "model": {"type": "string"},
            "prediction": {"type": "number" if bundle.task.is_regression else "string"},
            "probability": {"type": "object",
                            "properties": {c: {"type": "number"} for c in bundle.task.classes}},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "logged": {"type": "boolean"}, "fallback": {"type": "string"},
        },
    }  # fmt: skip
    either = {"oneOf": [row, {"type": "array", "items": row, "minItems": 1}]}
    refused = {"type": "object", "properties": {"detail": {"type": "string"}}}
    answers = {"oneOf": [answer, {"type": "array", "items": answer}]}
    return {
        "summary": f"Predict {bundle.task.target} from raw rows, as the source has them",
        "requestBody": {"required": True, "content": {
            "application/json": {"schema": either, "example": example},
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in ENDINGS}}},
        "responses": {
            "200": {"description": "Answers",
                    "content": {"application/json": {"schema": answers}}},
            **{str(code): {"description": why,
                           "content": {"application/json": {"schema": refused}}}
               for code, why in _REFUSALS.items()}},
    }  # fmt: skip


_REFUSALS = {
    400: "The body was cut off",
    401: "The key is missing or wrong",
    408: "The body came too slowly",
    413: "The body is too large",
    415: "A content type that is not read",
    422: "The rows can't be answered: the sentence names the field",
    503: "Too busy; Retry-After says when to ask again",
}


@dataclass
class Options:
    """How a service is started."""

    log: str = ""  # a SQLAlchemy address; "" is SQLite in the run's folder, "off" none
    limits: Limits = field(default_factory=Limits)


def service_of(run: str, options: Options | None = None) -> Service:
    """The service of a run, with its log, ready to be served.

    Of a registered model (`models:/NAME@champion`), it follows the alias.
    """
    options = options or Options()
    now = load_for_service(run)
    log = None
    if options.log != "off":
        from .addresses import from_environment

        log = PredictionLog(from_environment(options.log), _log_folder(run, now))
    service = Service(now, log, options.limits, reload=lambda: load_for_service(run))
    if now.registered:
        from .following import follow

        service.follower = follow(service, run)
    return service


def _log_folder(run: str, now: Served) -> Path:
    """Where a service's log lies: with the run that made the model, or under the model's name."""
    if not now.registered:
        return existing_run(run).path
    made = Run(now.registered.run or now.registered.name)
    folder = made.path if made.path.is_dir() else Run(now.registered.name).path
    folder.mkdir(parents=True, exist_ok=True)
    return folder
