"""What is known of a request before it is answered: its address and its id."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field

ADDRESSES = (
    "/predict", "/feedback", "/reload", "/health", "/ready", "/model", "/schema", "/metrics",
    "/docs", "/redoc", "/openapi.json",
)  # fmt: skip
JSON = "application/json"
OTHER = "other"  # addresses that are none of these, in counts
VERSION = "/v1"  # before an address it means the same as without
ID_HEADER = b"x-request-id"
USABLE_ID = re.compile(rb"[\w.:/+=@-]{1,128}")


def new_id() -> str:
    """The id of an answer: 32 hexadecimal digits, the first 13 of them the time in microseconds.

    Ids that grow with time are added at the end of a database's index, not all over it.

    >>> len(new_id()), new_id() < new_id()[:12] + "g"
    (32, True)
    """
    return f"{time.time_ns() // 1000:013x}{os.urandom(10).hex()[1:]}"


@dataclass(slots=True)
class Asked:
    """A request: `rows` and `code` (of a refusal) are filled in as it is answered."""

    method: str
    path: str  # as it came
    address: str  # one of ADDRESSES, or as it came
    id: str
    began: float = field(default_factory=time.perf_counter)
    rows: int = 0
    code: str = ""
    query: bytes = b""


def asked_of(scope, headers: dict[bytes, bytes]) -> Asked:
    """What a request asks, and its id: the client's own, where it is usable, or a new one."""
    path, given = scope["path"], headers.get(ID_HEADER, b"")
    id_ = given.decode() if given and USABLE_ID.fullmatch(given) else new_id()
    query = scope.get("query_string", b"")
    return Asked(scope["method"], path, address_of(path), id_, query=query)


def address_of(path: str) -> str:
    """The address that a path means: `/v1` before it and slashes behind it change nothing.

    >>> address_of("/v1/predict/"), address_of("/predict"), address_of("/")
    ('/predict', '/predict', '/')
    """
    if path in ADDRESSES:
        return path
    shorter = path.removeprefix(VERSION) if path.startswith(f"{VERSION}/") else path
    return shorter.rstrip("/") or "/"
