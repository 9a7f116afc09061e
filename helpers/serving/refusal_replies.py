"""A refusal, or a fault, as the reply that goes out: its status, body and headers."""

from __future__ import annotations

import logging

import orjson

from ..base.user_errors import InputError
from .asked import Asked
from .refusals import Refused, told

Reply = tuple[int, bytes, list[tuple[bytes, bytes]]]  # status, body, further headers
FAULT = "The service failed; its error output has more under this request's id."
LOG = logging.getLogger(__name__)


class NoReader(Refused):
    """A request for the pages of the service without the key."""


def refusal(error: Exception, asked: Asked) -> Reply:
    """The status, the body and further headers that a refusal, or a fault, is answered with."""
    if not isinstance(error, (Refused, InputError)):
        LOG.error("Request %s: %s", asked.id, type(error).__name__, exc_info=error)
        error = Refused("internal", FAULT)
    said = told(error)
    asked.code = said["code"]
    status = getattr(error, "status", 422)
    return status, orjson.dumps(said | {"request_id": asked.id}), _headers_of(error, status)


def _headers_of(error: Exception, status: int) -> list[tuple[bytes, bytes]]:
    """What a refusal says besides: when to ask again, how, and whether the connection goes on."""
    more = {405: (b"allow", getattr(error, "allow", b"POST")),
            503: (b"retry-after", b"1"),
            408: (b"connection", b"close"), 413: (b"connection", b"close")}  # fmt: skip
    found = [more[status]] if status in more else []
    if isinstance(error, NoReader):  # a browser asks for the key as a password
        found.append((b"www-authenticate", b'Basic realm="the API key, as password"'))
    if getattr(error, "code", "") == "content_encoding":
        found.append((b"accept-encoding", b"gzip"))
    return found
