"""Services on a free port of this machine on which what a learner made is tried over HTTP."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from ..serving.on_loopback import running


class _Answering(BaseHTTPRequestHandler):
    """A service that answers one row of JSON with a probability, and refuses words for miles."""

    def do_POST(self):  # noqa: N802 - the name that http.server asks for
        """Answer a request: status 200, or 422 with a reason."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            miles = float(json.loads(body)["distance"])
            status, said = 200, {"probability": self.server.probability(miles)}
        except (KeyError, TypeError, ValueError):
            status, said = 422, {"detail": [{"loc": ["body", "distance"], "msg": "no number"}]}
        self._send(status, json.dumps(said).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Keep no log."""


@contextmanager
def answering(probability):
    """The address of that service, while the block lasts; `probability` takes the miles."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.probability = probability
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/predict"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def noting_timeouts():
    """The timeouts of all requests in the block, in a list."""
    from requests.adapters import HTTPAdapter

    seen, send = [], HTTPAdapter.send

    def noted(self, request, **options):
        seen.append(options.get("timeout"))
        return send(self, request, **options)

    with patch.object(HTTPAdapter, "send", noted):
        yield seen


@contextmanager
def serving(service):
    """The address of a FastAPI service's `/predict`, while the block lasts.

    Raises RuntimeError for one that does not start.
    """
    with running(service, "critical") as address:
        yield f"{address}/predict"
