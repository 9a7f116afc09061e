"""A service on a port of this machine, for a notebook or a test, and what asks it."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pandas as pd

from .model_bundle import Bundle, api_key
from .on_loopback import running


@contextmanager
def serving(bundle: Bundle, service=None):
    """Run a service on a free loopback port while the block lasts; yields its address.

    `service` is one that was made before; without it, one that keeps no log is made.
    """
    from .prediction_service import Service
    from .served_model import served
    from .web_app import make_app

    with running(make_app(service or Service(served(bundle)))) as address:
        yield address


def ask(address: str, rows) -> tuple[int, object]:
    """POST rows to a running service: the status and the answer.

    The key, where the environment has one, goes with them.
    """
    import requests

    headers = {"Content-Type": "application/json"}
    if key := api_key():
        headers["X-API-Key"] = key
    reply = requests.post(f"{address}/predict", data=as_json(rows), timeout=60, headers=headers)
    return reply.status_code, reply.json()


def as_json(rows) -> str:
    """Rows (a frame, a dict or a list of dicts) as JSON; missing cells are null."""
    if isinstance(rows, pd.DataFrame):
        return rows.to_json(
            orient="records", date_format="iso", date_unit="us", double_precision=15
        )
    return json.dumps(rows)


def ready(address: str) -> dict:
    """What a running service says of itself."""
    import requests

    return requests.get(f"{address}/ready", timeout=60).json()
