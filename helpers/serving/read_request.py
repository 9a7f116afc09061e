"""What comes with a request: the key, what the body is said to be, and the body, bounded."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from contextlib import suppress
from functools import lru_cache

from .asked import JSON
from .begun import Begun
from .prediction_service import Service
from .refusal_replies import NoReader
from .refusals import Refused
from .request_body import ENDINGS, Body
from .served_model import Limits


def check_api_key(service: Service, headers: dict[bytes, bytes]) -> None:
    """Refuse a request without the API key, where one is required."""
    given = headers.get(b"x-api-key", b"")
    if service.key and not hmac.compare_digest(given, service.key.encode()):
        raise Refused("wrong_key", "The header X-API-Key is missing or wrong.")


def check_reader(service: Service, headers: dict[bytes, bytes]) -> None:
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


@lru_cache(maxsize=64)  # what it refuses is not remembered
def content_type(header: bytes) -> tuple[str, str]:
    """The content type of a body and its charset ("" where none is named); refuses other types.

    >>> content_type(b'text/csv; charset="Windows-1250"')
    ('text/csv', 'windows-1250')
    """
    said = header.decode("latin-1").lower()
    kind = said.partition(";")[0].strip()
    if kind != JSON and kind not in ENDINGS:
        came = f"{kind[:60]!r} came" if kind else "no Content-Type came"
        raise Refused("content_type", f"Send {JSON}, {' or '.join(ENDINGS)}; {came}.")
    charset = re.search(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", said)
    return kind, charset[1] if charset else ""


def is_packed(headers: dict[bytes, bytes]) -> bool:
    """Whether a body is packed by gzip; refuses other encodings."""
    if b"content-encoding" not in headers:
        return False
    said = headers[b"content-encoding"].strip().lower()
    if said not in (b"", b"identity", b"gzip", b"x-gzip"):
        came = said.decode("latin-1")[:60]
        raise Refused("content_encoding", f"Send the body as it is, or as gzip; {came!r} came.")
    return said.endswith(b"gzip")


async def body_of(receive, headers: dict[bytes, bytes], service: Service, request_id: str) -> Body:
    """The body of a request with what its headers say; refused where it can't be read."""
    kind, charset = content_type(headers.get(b"content-type", b""))
    packed = is_packed(headers)
    content = await read_body(receive, headers, service)
    return Body(content, kind, charset, packed, request_id)


async def read_body(receive, headers: dict[bytes, bytes], service: Service) -> bytes:
    """The body of a request, if it is not too large and not too slow."""
    length, limits = headers.get(b"content-length", b"0"), service.limits
    _refuse_too_large(int(length) if length.isdigit() else 0, limits)
    first = Begun(receive())
    if first.is_done and _is_whole(first.result):
        _refuse_too_large(len(first.result["body"]), limits)
        return first.result["body"]
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(min(limits.stalled, limits.seconds)) as clock:
            await _take_parts(parts, first, receive, service, clock)
    except TimeoutError:
        said = f"{limits.seconds:g} s, or stopped for {limits.stalled:g} s"
        raise Refused("body_too_slow", f"The body did not arrive within {said}.") from None
    finally:
        service.sending -= sum(map(len, parts[:-1]))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _is_whole(message: dict) -> bool:
    """Whether a message from the server holds a whole body."""
    return "body" in message and not message.get("more_body", False)


async def _take_parts(parts: list[bytes], first: Begun, receive, service: Service, clock) -> None:
    """Take the parts of a body as they come; a next one may be waited for, but not for ever."""
    limits, size, end = service.limits, 0, clock.when() + service.limits.seconds
    message = await first
    while True:
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
        message = await receive()


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
