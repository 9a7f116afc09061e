"""The web application over a service: which address says what, who may ask, how much at once.

`POST /predict` is taken straight from the server, since a framework's road to a handler costs as
much as the answer to a row; everything else, the interactive pages included, is FastAPI's.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import time
from contextlib import asynccontextmanager, suppress

import orjson
from fastapi import Request, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import generate_latest

from ..base.user_errors import InputError
from .prediction_service import Service
from .refusals import Refused, told
from .request_body import ENDINGS
from .served_model import Limits
from .service_description import JSON, PREDICT, describe, outcomes

Reply = tuple[int, bytes, list[tuple[bytes, bytes]]]  # status, body, further headers
PAGES = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")
PLAIN_TEXT = "text/plain; version=0.0.4"  # as Prometheus asks for it


def make_app(service: Service):
    """The ASGI application over a service."""
    app = _new_app(service)
    _refuse_in_one_line(app)
    _add_feedback(app, service)
    _add_reload(app, service)
    _add_status_routes(app, service)
    describe(app, service)
    return PredictFirst(app, service)


def _new_app(service: Service):
    """FastAPI without a route; it begins and closes the service as the server starts and ends."""

    @asynccontextmanager
    async def life(app):
        service.begin()
        yield
        service.close()

    now = service.now
    about = {"title": f"Predicts {now.bundle.task.target}", "version": now.version}
    question = now.bundle.card.get("question", "")
    return FastAPIOffline(**about, description=question, lifespan=life)


class PredictFirst:
    """An ASGI application that answers `POST /predict` itself and leaves the rest to `app`."""

    def __init__(self, app, service: Service):
        self.app, self.service = app, service

    async def __call__(self, scope, receive, send) -> None:
        """Take a request, or a word from the server about its start and end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            self._let_in(scope, headers)
        except Refused as error:
            await _reply(send, *refusal(error))
            return
        if scope["path"] != PREDICT:
            await self.app(scope, receive, send)
        elif scope["method"] == "POST":
            await _reply(send, *await self._answered(headers, receive))
        else:
            await _reply(send, *refusal(Refused("wrong_method", f"POST rows to {PREDICT}.")))

    def _let_in(self, scope, headers: dict[bytes, bytes]) -> None:
        """Refuse strangers: other sites' pages, and who reads the description without the key."""
        self.service.hosts.check(scope["method"], headers)
        if self.service.key and scope["path"] in PAGES:
            _check_reader(self.service, headers)

    async def _answered(self, headers: dict[bytes, bytes], receive) -> Reply:
        """The status, the body and further headers of the reply to a request."""
        service, began = self.service, time.perf_counter()
        status, rows, more = 200, 0, []
        try:
            check_api_key(service, headers)
            kind, charset = content_type(headers)
            content = await read_body(receive, headers, service)
            body, rows = await self._in_turn(content, kind, charset)
        except (Refused, InputError) as error:
            status, body, more = refusal(error)
        except asyncio.CancelledError:  # the time to stop is over
            status, body, more = refusal(Refused("stopping", "The service is stopping."))
        except Exception:
            service.note_request(500, time.perf_counter() - began, rows)
            raise
        service.note_request(status, time.perf_counter() - began, rows)
        return status, body, more

    async def _in_turn(self, content: bytes, kind: str, charset: str) -> tuple[bytes, int]:
        """The answer to a body that is complete: only now it counts among those in progress."""
        service = self.service
        if service.busy >= service.limits.at_once:
            raise Refused("busy", f"{service.busy} requests are in progress: try again.")
        service.busy += 1
        try:
            return await service.predict(content, kind, charset)
        finally:
            service.busy -= 1


async def _reply(send, status: int, body: bytes, more: list[tuple[bytes, bytes]]) -> None:
    """Send a reply in JSON."""
    headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def refusal(error: Exception) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """The status, the body and further headers that a refusal is answered with."""
    status, more = getattr(error, "status", 422), []
    if getattr(error, "retry", False):
        more.append((b"retry-after", b"1"))
    if isinstance(error, NoReader):  # a browser asks for the key as a password
        more.append((b"www-authenticate", b'Basic realm="the API key, as password"'))
    if status in (408, 413):  # what is left of the body is not read
        more.append((b"connection", b"close"))
    return status, orjson.dumps(told(error)), more


def check_api_key(service: Service, headers: dict[bytes, bytes]) -> None:
    """Refuse a request without the API key, where one is required."""
    given = headers.get(b"x-api-key", b"")
    if service.key and not hmac.compare_digest(given, service.key.encode()):
        raise Refused("wrong_key", "The header X-API-Key is missing or wrong.")


class NoReader(Refused):
    """A request for the pages of the service without the key."""


def _check_reader(service: Service, headers: dict[bytes, bytes]) -> None:
    """Refuse a page to who has no key, in the header X-API-Key or as a browser's password."""
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"basic":
        with suppress(ValueError):
            key = base64.b64decode(given).partition(b":")[2]
            headers = headers | {b"x-api-key": key}
    try:
        check_api_key(service, headers)
    except Refused as error:
        raise NoReader(error.code, error.detail) from None


def content_type(headers: dict[bytes, bytes]) -> tuple[str, str]:
    """The content type of a body and its charset ("" where none is named); refuses other types.

    >>> content_type({b"content-type": b'text/csv; charset="Windows-1250"'})
    ('text/csv', 'windows-1250')
    """
    said = headers.get(b"content-type", b"").decode("latin-1").lower()
    kind = said.partition(";")[0].strip()
    if kind != JSON and kind not in ENDINGS:
        came = f"{kind[:60]!r} came" if kind else "no Content-Type came"
        raise Refused("content_type", f"Send {JSON}, {' or '.join(ENDINGS)}; {came}.")
    charset = re.search(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", said)
    return kind, charset[1] if charset else ""


async def read_body(receive, headers: dict[bytes, bytes], service: Service) -> bytes:
    """The body of a request, if it is not too large and not too slow."""
    length, limits = headers.get(b"content-length", b"0"), service.limits
    _refuse_too_large(int(length) if length.isdigit() else 0, limits)
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(min(limits.stalled, limits.seconds)) as clock:
            await _take_parts(parts, receive, service, clock)
    except TimeoutError:
        said = f"{limits.seconds:g} s, or stopped for {limits.stalled:g} s"
        raise Refused("body_too_slow", f"The body did not arrive within {said}.") from None
    finally:
        service.sending -= sum(map(len, parts[:-1]))
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _take_parts(parts: list[bytes], receive, service: Service, clock) -> None:
    """Take the parts of a body as they come; a next one may be waited for, but not for ever."""
    limits, size, end = service.limits, 0, clock.when() + service.limits.seconds
    while message := await receive():
        if message["type"] == "http.disconnect":
            raise Refused("body_cut_off", "The body was cut off.")
        if parts:
            _make_room(service, len(parts[-1]))
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        _refuse_too_large(size, limits)
        if not message.get("more_body", False):
            return
        clock.reschedule(min(end, asyncio.get_running_loop().time() + limits.stalled))


def _make_room(service: Service, size: int) -> None:
    """Count a part of a body that is still being sent; refuse it where there are too many."""
    service.sending += size
    if service.sending > service.limits.waiting:
        service.sending -= size
        raise Refused("busy", "Too many large bodies are being sent: try again.")


def _refuse_too_large(size: int, limits: Limits) -> None:
    if size > limits.body:
        said = f"A body has {limits.body:,} bytes at most: send fewer rows at once."
        raise Refused("body_too_large", said)


# --- What FastAPI answers -----------------------------------------------------------------------


def json_reply(content, status: int = 200) -> Response:
    """Content as a JSON reply."""
    return Response(orjson.dumps(content), status, media_type=JSON)


def _refuse_in_one_line(app) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        status, body, more = refusal(error)
        headers = {name.decode(): value.decode() for name, value in more}
        return Response(body, status, headers, JSON)

    for kind in (Refused, InputError):
        app.add_exception_handler(kind, refuse)


def _add_feedback(app, service: Service) -> None:
    @app.post("/feedback", tags=["predictions"], summary="Report actual outcomes",
              openapi_extra=outcomes(service.now.bundle))  # fmt: skip
    async def feedback(request: Request) -> Response:
        """One outcome, or a list of them; a later word on a prediction replaces an earlier one."""
        headers = dict(request.headers.raw)
        check_api_key(service, headers)
        if content_type(headers)[0] != JSON:
            raise Refused("content_type", f"Send outcomes as {JSON}.")
        content = await service.read_json(await read_body(request.receive, headers, service))
        pairs = [_outcome(one) for one in (content if isinstance(content, list) else [content])]
        unknown = await service.note_outcomes(pairs)
        return json_reply({"noted": len(pairs) - len(unknown), "unknown": unknown})


def _outcome(told: dict) -> tuple[str, object]:
    """The id of a prediction and its actual outcome; refuses what is neither."""
    if not isinstance(told.get("id"), str) or told.get("outcome") is None:
        raise Refused("outcome", "Each outcome has the id of a prediction and the outcome.")
    if isinstance(told["outcome"], (dict, list)):
        raise Refused("outcome", "Field 'outcome': a single value was expected, not a list.")
    return told["id"][:40], told["outcome"]


def _add_reload(app, service: Service) -> None:
    @app.post("/reload", tags=["the service"], summary="Load a new model")
    async def reload(request: Request) -> Response:
        """The run's model is loaded again; requests in progress are answered by the old one."""
        check_api_key(service, dict(request.headers.raw))
        await service.take_up()
        return json_reply(service.state())


def _add_status_routes(app, service: Service) -> None:
    about = ["the service"]

    @app.get("/health", tags=about, summary="Whether it is alive")
    async def health() -> Response:
        return json_reply({"status": "ok", "model": service.now.version})

    @app.get("/ready", tags=about, summary="Which model answers, and whether there is a problem")
    async def ready() -> Response:
        return json_reply(service.state())

    @app.get("/model", tags=about, summary="The model card")
    async def model(request: Request) -> Response:
        check_api_key(service, dict(request.headers.raw))
        return json_reply(service.now.bundle.card | {"service": service.state()})

    @app.get("/schema", tags=about, summary="What a row looks like")
    async def schema(request: Request) -> Response:
        check_api_key(service, dict(request.headers.raw))
        return json_reply(service.now.bundle.schema)

    @app.get("/metrics", tags=about, summary="Counts and times, for Prometheus")
    async def metrics() -> Response:
        return Response(generate_latest(service.counters.registry), media_type=PLAIN_TEXT)
