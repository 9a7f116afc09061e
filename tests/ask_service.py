"""A service that is started by a command, asked one row, and stopped."""

from __future__ import annotations

import socket
import subprocess
import time

import requests


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answer_of(command, port: int, row: dict, **options) -> requests.Response:
    """What the service that a command starts on a port answers to a row."""
    process = subprocess.Popen(command, **options)
    try:
        return _asked(f"http://127.0.0.1:{port}/predict", row, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _asked(address: str, row: dict, process: subprocess.Popen) -> requests.Response:
    until = time.monotonic() + 60
    while True:
        try:
            return requests.post(address, json=row, timeout=10)
        except requests.ConnectionError:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.2)
