"""Load from a process of its own: one thread, many connections, requests that come when due.

python -m benchmarks.load PORT BODIES --rate 800 --seconds 60   open loop, by a Poisson clock
python -m benchmarks.load PORT BODIES --connections 8           closed loop: as fast as it goes

BODIES is a JSON list of [body, right prediction or null]. One line of JSON comes out. Only loopback
is ever asked. An open loop sends what is due whatever has come back, on a connection that is free
or a new one; times count from when a request was due, so nothing that waits is overlooked.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

import click
import numpy as np
import orjson
import uvloop

MOST = 512  # connections
HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
PATIENCE = 30.0  # seconds that the last answers are waited for


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, told):
        self.told, self.got, self.asked, self.transport = told, b"", None, None
        self.is_open = True

    def connection_made(self, transport) -> None:
        """Remember the way out."""
        self.transport = transport

    def ask(self, body: bytes, asked) -> None:
        """Send a body; `asked` comes back with the answer."""
        self.asked, self.got = asked, b""
        self.transport.write(HEAD % len(body) + body)

    def data_received(self, data: bytes) -> None:
        """Put the reply together; tell when it is whole."""
        self.got += data
        top, found, rest = self.got.partition(b"\r\n\r\n")
        if not found:
            return
        size = int(top.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) >= size:
            asked, self.asked = self.asked, None
            self.told(self, asked, int(top.split(b" ", 2)[1]), top, rest)

    def connection_lost(self, error) -> None:
        """A request that was on its way has no answer: status 0."""
        self.is_open = False
        if self.asked is not None:
            asked, self.asked = self.asked, None
            self.told(None, asked, 0, b"", b"")


class Load:
    """Asks, and counts what comes back."""

    def __init__(self, port: int, bodies: list[tuple[bytes, object]]):
        self.port, self.bodies = port, bodies
        self.free: list[Connection] = []
        self.waiting: list[tuple] = []  # due, but no connection was free
        self.opened = self.sent = self.done = self.wrong = self.bare = 0
        self.statuses, self.times, self.refused = Counter(), [], []
        self.after = self._free_again

    async def connect(self) -> Connection:
        """A new connection."""
        self.opened += 1
        loop = asyncio.get_running_loop()
        return (
            await loop.create_connection(lambda: Connection(self._told), "127.0.0.1", self.port)
        )[1]

    def _told(self, connection, asked, status: int, top: bytes, answer: bytes) -> None:
        due, at = asked
        took = time.perf_counter() - due
        self.done += 1
        self.statuses[status] += 1
        if status == 200:
            self.times.append(took)
            right = self.bodies[at][1]
            self.wrong += right is not None and orjson.loads(answer)["prediction"] != right
        elif status == 503:
            self.refused.append(took)
            self.bare += b"retry-after" not in top.lower()
        if connection is not None:
            self.after(connection)

    def _free_again(self, connection: Connection) -> None:
        if self.waiting:
            self._send(connection, *self.waiting.pop(0))
        else:
            self.free.append(connection)

    def _send(self, connection: Connection, due: float, at: int) -> None:
        self.sent += 1
        connection.ask(self.bodies[at][0], (due, at))

    async def open_loop(self, rate: float, seconds: float, seed: int = 42) -> None:
        """Requests by a Poisson clock."""
        self.free = [await self.connect() for _ in range(16)]
        gaps = np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds))
        dues = time.perf_counter() + 0.2 + np.cumsum(gaps)
        for number, due in enumerate(dues):
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            elif number % 16 == 0:
                await asyncio.sleep(0)  # answers are read in between
            at = number % len(self.bodies)
            while self.free and not self.free[-1].is_open:  # idle for long: the server hung up
                self.free.pop()
                self.opened -= 1
            if self.free:
                self._send(self.free.pop(), due, at)
            elif self.opened < MOST:
                self._send(await self.connect(), due, at)
            else:
                self.waiting.append((due, at))
        until = time.perf_counter() + PATIENCE
        while self.done < len(dues) and time.perf_counter() < until:
            await asyncio.sleep(0.05)
        self.statuses["none"] = len(dues) - self.done

    async def closed_loop(self, connections: int, seconds: float) -> None:
        """Each connection asks again as soon as it is answered."""
        until = time.perf_counter() + seconds

        def again(connection: Connection) -> None:
            if (now := time.perf_counter()) < until:
                self._send(connection, now, self.sent % len(self.bodies))

        self.after = again
        for connection in [await self.connect() for _ in range(connections)]:
            again(connection)
        await asyncio.sleep(seconds + 0.5)


@click.command(help=__doc__)
@click.argument("port", type=int)
@click.argument("bodies", type=click.Path(path_type=Path))
@click.option("--rate", default=0.0, help="Requests a second; 0 is a closed loop.")
@click.option("--seconds", default=5.0, show_default=True)
@click.option("--connections", default=8, show_default=True, help="Of a closed loop.")
def main(port, bodies, rate, seconds, connections):
    """Ask, and print what came of it."""
    pairs = [(body.encode(), right) for body, right in json.loads(bodies.read_text())]
    load = Load(port, pairs)
    ask = load.open_loop(rate, seconds) if rate else load.closed_loop(connections, seconds)
    uvloop.run(ask)
    found = {
        "rate": rate or load.done / seconds,
        "statuses": {str(status): count for status, count in load.statuses.items() if count},
        "wrong": load.wrong,
        "503 without Retry-After": load.bare,
        "connections": load.opened,
    }
    for name, times in (("", load.times), ("refused ", load.refused)):
        spread = np.quantile(times, [0.5, 0.99]).tolist() if times else [float("nan")] * 2
        found |= {f"{name}p50": 1000 * spread[0], f"{name}p99": 1000 * spread[1]}
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
