"""The web application over a service: which address says what, who may ask, how much at once.

`POST /predict` is taken straight from the server, since a framework's road to a handler costs as
much as the answer to a row; everything else, the interactive pages included, is FastAPI's. Each
request has an id, which goes back in `X-Request-ID`; each refusal is told as `refusals` has it.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import orjson
from fastapi import Request, Response
from fastapi.exceptions import StarletteHTTPException  # what its routes raise: 404, 405
from fastapi_offline import FastAPIOffline

from ..base.user_errors import InputError
from .asked import JSON, Asked, asked_of
from .asked_options import options_in
from .client_keys import ClientKey
from .prediction_service import PREDICT, Service
from .read_request import body_of, check_api_key, check_reader
from .refusal_replies import Reply, refusal
from .refusals import Refused
from .service_description import describe, outcomes

PAGES = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")
PLAIN_TEXT = "text/plain; version=0.0.4"  # as Prometheus asks for it
STOPPING = "The service is stopping."


def make_app(service: Service):
    """The ASGI application over a service."""
    app = _new_app(service)
    _refuse_in_one_form(app)
    _add_feedback(app, service)
    _add_reload(app, service)
    _add_status_routes(app, service)
    _add_descriptions(app, service)
    describe(app, service)
    return PredictFirst(app, service)


def _new_app(service: Service):
    """FastAPI without a route; it begins and closes the service as the server starts and ends."""

    @asynccontextmanager
    async def life(app):
        service.begin()
        service.counters.text()  # the first time takes ten times as long as the others
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
        asked = asked_of(scope, headers)
        if asked.address == PREDICT:
            await self._predict(asked, headers, receive, send)
        else:
            await self._passed_on(asked, headers, (scope, receive, send))

    async def _predict(self, asked: Asked, headers: dict[bytes, bytes], receive, send) -> None:
        """Answer a request for predictions."""
        reply = await self._answered(asked, headers, receive)
        self.service.note_request(asked, reply[0])
        await _reply(send, asked, *reply)

    def _let_in(self, asked: Asked, headers: dict[bytes, bytes]) -> None:
        """Refuse strangers: other sites' pages, and who reads the description without the key."""
        self.service.hosts.check(asked.method, headers)
        if asked.address == PREDICT and asked.method != "POST":
            raise Refused("wrong_method", f"POST rows to {PREDICT}.")
        if self.service.key and asked.address in PAGES:
            check_reader(self.service, headers)

    async def _answered(self, asked: Asked, headers: dict[bytes, bytes], receive) -> Reply:
        """The reply to a request for predictions."""
        try:
            self._let_in(asked, headers)
            check_api_key(self.service, headers)
            body, asked.rows = await self._in_turn(asked, headers, receive)
        except asyncio.CancelledError:  # the time to stop is over
            return refusal(Refused("stopping", STOPPING), asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told in one form
            return refusal(error, asked)
        return 200, body, []

    async def _in_turn(self, asked: Asked, headers, receive) -> tuple[bytes, int]:
        """The answer to a body once it is complete: only now it counts among those in progress."""
        service, options = self.service, options_in(asked.query)
        body = await body_of(receive, headers, service, asked.id)
        if service.busy >= service.limits.at_once:
            raise Refused("busy", f"{service.busy} requests are in progress: try again.")
        service.busy += 1
        try:
            return await service.predict(body, options)
        finally:
            service.busy -= 1

    async def _passed_on(self, asked: Asked, headers: dict[bytes, bytes], passed: tuple) -> None:
        """Let FastAPI answer, with the request's id in the reply; note how it was answered."""
        scope, receive, send = passed
        sending = _WithId(send, asked)
        try:
            self._let_in(asked, headers)
            await self.app(_for_framework(scope, asked), receive, sending)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - told in one form
            await sending.refuse(error)
        finally:
            self.service.note_request(asked, sending.status)


def _for_framework(scope, asked: Asked) -> dict:
    """A request as FastAPI gets it: HEAD is GET there (the server sends no body)."""
    method = "GET" if asked.method == "HEAD" else asked.method
    return scope | {"path": asked.address, "method": method, "asked": asked}


class _WithId:
    """Sends a reply on, with the request's id in it; `status` is how it was answered."""

    def __init__(self, send, asked: Asked):
        self._send, self._asked, self.status = send, asked, 0

    async def __call__(self, message) -> None:
        """Send a part of the reply."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            id_ = (b"x-request-id", self._asked.id.encode())
            message["headers"] = [*message["headers"], id_]
        await self._send(message)

    async def refuse(self, error: BaseException) -> None:
        """Send a refusal, unless a reply has begun: then FastAPI has told it, and logged it."""
        if self.status:
            return
        is_over = isinstance(error, asyncio.CancelledError)  # the time to stop
        refused = Refused("stopping", STOPPING) if is_over else error
        self.status, body, more = refusal(refused, self._asked)
        await _reply(self._send, self._asked, self.status, body, more)


async def _reply(send, asked: Asked, status: int, body: bytes, more: list) -> None:
    """Send a reply in JSON."""
    headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body)),
               (b"x-request-id", asked.id.encode()), *more]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# --- What FastAPI answers -----------------------------------------------------------------------


def json_reply(content, status: int = 200) -> Response:
    """Content as a JSON reply."""
    return Response(orjson.dumps(content), status, media_type=JSON)


def _refuse_in_one_form(app) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        status, body, more = refusal(_as_refused(request, error), request.scope["asked"])
        headers = {name.decode(): value.decode() for name, value in more}
        return Response(body, status, headers, JSON)

    for kind in (Refused, InputError, StarletteHTTPException, Exception):
        app.add_exception_handler(kind, refuse)


def _as_refused(request: Request, error: Exception) -> Exception:
    """A framework's own refusal in the words of the service; other errors as they are."""
    if not isinstance(error, StarletteHTTPException) or error.status_code not in (404, 405):
        return error
    path = ascii(request.url.path)[1:-1]
    if error.status_code == 404:
        return Refused("not_found", f"There is no address {path:.80}: /docs shows those there are.")
    allow = (error.headers or {}).get("Allow", "GET")
    refused = Refused("wrong_method", f"Ask {path:.80} by {allow}.")
    refused.allow = allow.encode()
    return refused


def _add_feedback(app, service: Service) -> None:
    @app.post("/feedback", tags=["predictions"], summary="Report actual outcomes",
              openapi_extra=outcomes(service.now.bundle))  # fmt: skip
    async def feedback(request: Request) -> Response:
        """One outcome, or a list of them; a later word on a prediction replaces an earlier one."""
        pairs = await _outcomes_in(request, service)
        request.scope["asked"].rows = len(pairs)
        unknown = await service.note_outcomes(pairs)
        return json_reply({"noted": len(pairs) - len(unknown), "unknown": unknown})


async def _outcomes_in(request: Request, service: Service) -> list[tuple]:
    """The outcomes in the body of a request, each with what names its prediction."""
    headers = dict(request.headers.raw)
    check_api_key(service, headers)
    body = await body_of(request.receive, headers, service, request.scope["asked"].id)
    if body.kind != JSON:
        raise Refused("content_type", f"Send outcomes as {JSON}.")
    content = await service.read_json(body)
    return [_outcome(one) for one in (content if isinstance(content, list) else [content])]


def _outcome(told: dict) -> tuple[str | ClientKey, object]:
    """What a prediction is named by (its id, or the client's key) and its actual outcome."""
    id_, key = told.get("id"), told.get("client_key")
    named = id_[:40] if isinstance(id_, str) else _key(key)
    if not named or told.get("outcome") is None:
        said = "Each outcome has the id of a prediction, or its client_key, and the outcome."
        raise Refused("outcome", said)
    if isinstance(told["outcome"], (dict, list)):
        raise Refused("outcome", "Field 'outcome': a single value was expected, not a list.")
    return named, told["outcome"]


def _key(key) -> ClientKey | None:
    """A client's key, as it is kept with an answer; None for what is no key."""
    is_key = isinstance(key, (str, int)) and not isinstance(key, bool) and key != ""
    return ClientKey(str(key)[:200]) if is_key else None


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

    @app.get("/metrics", tags=about, summary="Counts and times, for Prometheus")
    async def metrics() -> Response:
        return Response(service.counters.text(), media_type=PLAIN_TEXT)


def _add_descriptions(app, service: Service) -> None:
    @app.get("/model", tags=["the service"], summary="The model card")
    async def model(request: Request) -> Response:
        check_api_key(service, dict(request.headers.raw))
        return json_reply(service.now.bundle.card | {"service": service.state()})

    @app.get("/schema", tags=["the service"], summary="What a row looks like")
    async def schema(request: Request) -> Response:
        check_api_key(service, dict(request.headers.raw))
        return json_reply(service.now.bundle.schema)
