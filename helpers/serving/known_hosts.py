"""Whom a service answers: a page of another site, open in a browser beside it, is not among them.

A browser sends requests for any page to any address. What it can't change is told in the headers:
`Origin` (or `Sec-Fetch-Site`) says whose page it is, `Host` which name it knew the service by. A
name that a stranger's page points at this machine ("DNS rebinding") has dots and is not ours.
"""

from __future__ import annotations

import ipaddress
import os
import socket

from .refusals import Refused

HOSTS_VARIABLE = "PIPELINE_HOSTS"  # in the environment: more names, with commas between; * for all
MOST_REMEMBERED = 1_000
LOCAL = (".localhost", ".local", ".internal", ".svc", ".cluster.local")  # of no public site


class KnownHosts:
    """Names that a service goes by; `all_` where an API key keeps strangers out already.

    >>> hosts = KnownHosts()
    >>> [hosts.knows(name) for name in ("localhost:8000", "127.0.0.1", "[::1]:80", "api")]
    [True, True, True, True]
    >>> hosts.knows("evil.example:8000"), KnownHosts(["api.example"]).knows("api.example")
    (False, True)
    """

    def __init__(self, named: list[str] | None = None, all_: bool = False):
        given = os.environ.get(HOSTS_VARIABLE, "").split(",") if named is None else named
        self._named = {name.strip().lower() for name in given} - {""}
        self._named |= {socket.gethostname().lower()}
        self._all = all_ or "*" in self._named
        self._seen: dict[str, bool] = {}

    def knows(self, host: str) -> bool:
        """Whether a `Host` header is a name of this service."""
        known = self._seen.get(host)
        if known is None:
            known = self._all or self._is_ours(_name_in(host))
            if len(self._seen) < MOST_REMEMBERED:
                self._seen[host] = known
        return known

    def _is_ours(self, name: str) -> bool:
        """Whether a name is one that no public site can have, or was named."""
        return "." not in name or _is_address(name) or name in self._named or name.endswith(LOCAL)

    def check(self, method: str, headers: dict[bytes, bytes]) -> None:
        """Refuse a request by another name, and what another site's page sends to change things."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.knows(host):
            raise Refused(
                "unknown_host",
                f"This service does not go by the name {_name_in(host)[:60]!r}: name it in "
                f"{HOSTS_VARIABLE}, or set an API key.",
            )
        if method == "POST":
            _refuse_other_sites(host, headers)


def _refuse_other_sites(host: str, headers: dict[bytes, bytes]) -> None:
    """Refuse what a page of another site sends: a browser tells of it."""
    origin = headers.get(b"origin")
    site = headers.get(b"sec-fetch-site", b"none")
    own = origin is None or origin.decode("latin-1").partition("://")[2] == host
    if not own or site not in (b"none", b"same-origin"):
        raise Refused("other_site", "A page of another site can't post here.")


def _name_in(host: str) -> str:
    """The name in a `Host` header, without the port."""
    name = host.lower().strip()
    return name.rpartition("]")[0][1:] if name.startswith("[") else name.partition(":")[0]


def _is_address(name: str) -> bool:
    """Whether a name is an IP address: no page of another site goes by one of ours."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
