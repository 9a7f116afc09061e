"""A web app on a free port of this machine, for a notebook, an exercise or a test."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

START_SECONDS = 30


@contextmanager
def running(app, log_level: str = "error"):
    """Run a web app on a free loopback port while the block lasts; yields its address.

    Raises RuntimeError for one that does not start.
    """
    import uvicorn

    from .http_limits import SERVER

    server = uvicorn.Server(uvicorn.Config(app, log_level=log_level, **SERVER))
    with socket.create_server(("127.0.0.1", 0)) as listener, _at_work(server, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _at_work(server, listener: socket.socket):
    """Run a server in a thread of its own while the block lasts."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_for_start(server, thread)
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def _wait_for_start(server, thread: threading.Thread) -> None:
    """Wait until a server answers; RuntimeError where it does not."""
    until = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise RuntimeError(f"The service did not start within {START_SECONDS} seconds.")
        time.sleep(0.01)
