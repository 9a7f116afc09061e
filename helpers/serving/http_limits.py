"""Limits of a connection, before there is a request: how long a head may take, and how large it is.

uvicorn waits for the head of a request as long as a client likes. Its protocol is extended here by
what the server's own options have no word for. What is refused here, before there is a request that
the application sees, is told in the same form, counted, and noted in the access log.
"""

from __future__ import annotations

import asyncio
import logging

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .asked import JSON, OTHER, Asked, new_id
from .refusal_replies import refusal
from .refusals import Refused

HEAD_SECONDS = 10.0  # from the start of a connection, or of a request, to the end of its headers
HEAD_BYTES = 2**15
MOST_CONNECTIONS = 1_000  # more, and those that have waited longest for a request, or its body, go
WARN_EVERY = 60.0  # seconds: that connections were closed for their number
CUT_OFF_AT = 0.8  # of the time to stop
STOP_SECONDS = 8.0  # from a signal to stop until what is still being sent is cut off
LOG = logging.getLogger(__name__)
GRACE_SECONDS = 10  # until the process ends in any case: containers are killed after that


def _most_connections() -> int:
    """How many connections may be open: no more than half of the files that a process may have."""
    try:
        import resource  # not on Windows
    except ImportError:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, for a connection that may not stay without a request."""

    head_seconds: float | None = None  # HEAD_SECONDS without another
    cut_off_seconds: float | None = None  # STOP_SECONDS without another
    _limit: asyncio.TimerHandle | None = None
    _in_head, _head, _heard_at = True, 0, 0.0
    _warned_at = -WARN_EVERY  # of all connections

    def connection_made(self, transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._heard_at = self.loop.time()
        self._wait_for_head()
        if len(self.connections) > _most_connections():
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that has waited longest: files are few, and a client may open all.

        One whose request is being answered stays.
        """
        waiting = [one for one in self.connections if one is not self and one.is_waiting()]
        if waiting:
            min(waiting, key=lambda one: one._heard_at).transport.abort()
        if self._heard_at - BoundedHttp._warned_at >= WARN_EVERY:
            BoundedHttp._warned_at = self._heard_at
            LOG.warning("%s connections: those that wait longest for a request are closed.",
                        len(self.connections))  # fmt: skip

    def is_waiting(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _wait_for_head(self) -> None:
        self._limit = self.loop.call_later(self.head_seconds or HEAD_SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is not complete yet may take no longer, nor be larger."""
        self._heard_at = self.loop.time()
        super().data_received(data)
        if self._in_head and self.parser is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse_head()
            elif self._limit is None:
                self._wait_for_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head of a request is here."""
        self._in_head, self._head = False, 0
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        super().on_headers_complete()

    def connection_lost(self, exc) -> None:
        """Forget what was waited for."""
        if self._limit is not None:
            self._limit.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: what is answered goes out, what is still being sent is given up."""
        super().shutdown()
        self.loop.call_later(self.cut_off_seconds or STOP_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        if not self.transport.is_closing() and self.cycle is not None and self.cycle.more_body:
            self.transport.abort()

    def _give_up(self) -> None:
        if self.transport.is_closing():
            return
        if self._head and not self.transport.get_write_buffer_size():
            seconds = self.head_seconds or HEAD_SECONDS
            said = f"The head of the request did not arrive within {seconds:g} s."
            self._refuse(Refused("head_too_slow", said))
        else:
            self.transport.abort()

    def _refuse_head(self) -> None:
        said = f"The head of a request has {HEAD_BYTES:,} bytes at most."
        self._refuse(Refused("head_too_large", said))

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(Refused("not_http", msg))

    def _refuse(self, error: Refused) -> None:
        """Answer instead of the application, and close the connection."""
        asked = Asked("", "", OTHER, new_id())
        status, body, _ = refusal(error, asked)
        self.transport.write(_reply(status, body, asked))
        self.transport.close()
        service = getattr(self.app, "service", None)
        if service is not None:
            service.note_request(asked, status)

    def _unsupported_upgrade_warning(self) -> None:
        """Who asks for another protocol is answered by this one: nothing to warn of."""


def _reply(status: int, body: bytes, asked: Asked) -> bytes:
    """A whole reply as it goes over the line."""
    headers = {"content-type": JSON, "content-length": len(body), "x-request-id": asked.id,
               "connection": "close"}  # fmt: skip
    lines = "".join(f"{name}: {said}\r\n" for name, said in headers.items())
    return STATUS_LINE[status] + lines.encode() + b"\r\n" + body


SERVER = {  # of `uvicorn.Config`
    "http": BoundedHttp,
    "ws": "none",
    "access_log": False,
    "proxy_headers": False,  # nobody asks who the client is
    "timeout_graceful_shutdown": GRACE_SECONDS,
}


def server_with(head_seconds: float, stop_seconds: float) -> dict:
    """`SERVER` with other times for a head, and for a service to stop.

    >>> server_with(5.0, 20.0)["timeout_graceful_shutdown"]
    20
    """
    times = {"head_seconds": head_seconds, "cut_off_seconds": stop_seconds * CUT_OFF_AT}
    http = type("TimedHttp", (BoundedHttp,), times)
    return SERVER | {"http": http, "timeout_graceful_shutdown": max(1, round(stop_seconds))}
