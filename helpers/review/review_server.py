"""The review page, served on this machine alone: what a browser asks, answered as JSON.

The address holds a token. A page of another site knows neither it nor a name of this server (see
`helpers.serving.known_hosts`), so it can read and answer nothing here.
"""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ..base.user_errors import InputError
from ..pages.review_page import live_page
from ..serving.known_hosts import KnownHosts
from ..serving.refusals import Refused
from . import shown_question
from .review_session import Answer
from .reviewed_run import Review

HERE, MOST = "127.0.0.1", 100_000  # bytes of a request
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"
)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
}


class ReviewServer(ThreadingHTTPServer):
    """Serves the review of one run; one answer at a time."""

    daemon_threads, allow_reuse_address = True, False

    def __init__(self, review: Review, port: int = 0):
        self.review, self.token = review, secrets.token_urlsafe(24)
        self.turn = threading.Lock()
        self.hosts = KnownHosts([])
        try:
            super().__init__((HERE, port), _Handler)
        except OSError:
            raise InputError(
                f"Port {port} is taken: stop what listens there, or give another --port (0: any "
                f"free one)."
            ) from None

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"http://{HERE}:{self.server_address[1]}/?key={self.token}"


@contextmanager
def serving(review: Review, port: int = 0):
    """Serve a review while the block lasts; yields the server."""
    with ReviewServer(review, port) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(timeout=10)


class _Handler(BaseHTTPRequestHandler):
    """One request: the page, its state, a preview, an answer, an undo."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """The page, for who has the token."""
        found = parse_qs(urlsplit(self.path).query).get("key", [""])[0]
        if self._is_refused(found):
            return
        if urlsplit(self.path).path != "/":
            self._send(404, {"error": "There is nothing of that name here."})
            return
        self._send(200, live_page(self.server.review.run))

    def do_POST(self) -> None:
        """An answer, an undo, a preview, or the state; each gives JSON."""
        if self._is_refused(self.headers.get("X-Review-Key", "")):
            return
        try:
            asked = self._asked()
            with self.server.turn:
                self._send(200, self._reply(urlsplit(self.path).path, asked))
        except (InputError, KeyError, ValueError) as error:
            said = str(error) if isinstance(error, InputError) else "This request can't be read."
            self._send(400, {"error": said})

    def _reply(self, path: str, asked: dict) -> dict:
        review = self.server.review
        if path == "/preview":
            question = review.session.question(str(asked["id"]))
            return shown_question.effect(review.session, question, str(asked["answer"]))
        if path == "/question":
            return shown_question.shown(review.session, review.session.question(str(asked["id"])))
        done = self._done(path, asked)
        said = {} if done is None else {"done": {"text": done.text, "settled": done.settled}}
        return review.state() | said

    def _done(self, path: str, asked: dict) -> Answer | None:
        """The answer that is given or undone at this address; None at the others."""
        review = self.server.review
        if path == "/answer":
            return review.answer(str(asked["id"]), str(asked["answer"]))
        if path == "/undo":
            return review.undo(str(asked.get("id", "")))
        return None

    def _asked(self) -> dict:
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 <= size <= MOST:
            raise InputError("This request is too long.")
        asked = json.loads(self.rfile.read(size) or b"{}")
        if not isinstance(asked, dict):
            raise InputError("A request is a JSON object.")
        return asked

    def _is_refused(self, token: str) -> bool:
        """Whether a request is refused, and the refusal sent: another site, or no token."""
        headers = {k.lower().encode(): v.encode("latin-1") for k, v in self.headers.items()}
        try:
            self.server.hosts.check(self.command, headers)
        except Refused as refusal:
            self._send(403, {"error": str(refusal)})
            return True
        if secrets.compare_digest(token.encode(), self.server.token.encode()):
            return False
        self._send(403, {"error": "Open the address that `pipeline review` has printed."})
        return True

    def _send(self, status: int, content: dict | str) -> None:
        kind = "text/html" if isinstance(content, str) else "application/json"
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        data = body.encode("utf-8", "replace")
        self.send_response(status)
        about = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(data))}
        for name, value in (HEADERS | about).items():
            self.send_header(name, value)
        self.close_connection = self.close_connection or status != 200
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args) -> None:
        """Nothing: the page says what was done."""


def in_notebook(name: str, height: int = 720):
    """The review of a run inside a notebook's cell, served as long as its kernel lives."""
    from IPython.display import IFrame

    server = ReviewServer(Review(name))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return IFrame(server.address, width="100%", height=height)
