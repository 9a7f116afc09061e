"""A real browser under remote control: Debian's Chromium, by its DevTools protocol.

Clicks and keys are sent as a person's would come, which a script in the page can't do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1400,1000",
    "--remote-debugging-port=0", "--remote-allow-origins=*",
]  # fmt: skip
KEYS = {name: (name, ord(name.upper()), name) for name in "ynu"}
KEYS |= {"ArrowDown": ("ArrowDown", 40, ""), "ArrowRight": ("ArrowRight", 39, "")}
KEYS |= {"Tab": ("Tab", 9, ""), "Space": (" ", 32, " "), "Enter": ("Enter", 13, "\r")}


@contextmanager
def opened(folder, url: str, dark: bool = False):
    """A page in a browser with a profile of its own; it is closed in any case."""
    import websocket

    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _until(lambda: (folder / "profile" / "DevToolsActivePort").read_text().split()[0])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        socket = websocket.create_connection(target["webSocketDebuggerUrl"], timeout=60)
        page = Page(socket)
        if dark:
            scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
            page.send("Emulation.setEmulatedMedia", features=scheme)
        page.send("Page.navigate", url=url)
        page.wait("document.readyState === 'complete'")
        yield page
        socket.close()
    finally:
        process.terminate()
        process.wait(timeout=20)


class Page:
    """An open page: ask it, click in it, press keys in it."""

    def __init__(self, socket):
        self._socket, self._number = socket, 0

    def send(self, method: str, **parameters) -> dict:
        """Send a command of the protocol; returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                return answer.get("result", {})

    def ask(self, script: str):
        """The value of an expression in the page."""
        options = {"returnByValue": True, "awaitPromise": True}
        found = self.send("Runtime.evaluate", expression=script, **options)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> None:
        """Wait until an expression is true in the page."""
        _until(lambda: self.ask(script) or 1 / 0, seconds)

    def click(self, script: str) -> None:
        """Click in the middle of the element that an expression gives."""
        place = self.ask(
            f"(() => {{ const e = {script}; e.scrollIntoView({{block: 'center'}});"
            f"const r = e.getBoundingClientRect();"
            f"return [r.left + Math.min(r.width / 2, 60), r.top + r.height / 2]; }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1],
                      button="left", clickCount=1)  # fmt: skip

    def press(self, name: str) -> None:
        """Press a key and release it."""
        key, code, text = KEYS[name]
        about = {"key": key, "code": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)


def _until(look, seconds: float = 30):
    """What a function gives once it does not raise any more."""
    end = time.monotonic() + seconds
    while True:
        try:
            return look()
        except (OSError, IndexError, ZeroDivisionError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
