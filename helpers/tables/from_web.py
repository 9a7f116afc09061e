"""A table from a web address: fetched within limits of size and time."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pandas as pd

from ..base import unpacking_limits
from ..base.addresses import (
    shown,
)
from ..base.user_errors import InputError, first_line

TIMEOUT = (5, 30)  # seconds to connect, and to wait for bytes
MOST_ATTEMPTS = 4
MOST_SECONDS = 600  # of one download; PIPELINE_MOST_SECONDS sets another


def session():
    """An HTTP session that waits for a limited time and tries again on 429, 500, 502, 503, 504."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    again = {"status_forcelist": (429, 500, 502, 503, 504), "allowed_methods": ("GET",)}
    retry = Retry(total=MOST_ATTEMPTS - 1, backoff_factor=0.1, redirect=5, **again)
    client = requests.Session()
    for scheme in ("http://", "https://"):
        client.mount(scheme, HTTPAdapter(max_retries=retry))
    return client


def fetch(address: str, client=None, whole: bool = False, **query):
    """GET an address, with a timeout and retries; raises InputError when it does not answer.

    With `whole` the answer is read here, within the limits of time and size.
    """
    import requests
    from urllib3.exceptions import HTTPError

    try:
        answer = (client or session()).get(address, params=query, timeout=TIMEOUT, stream=whole)
        answer.raise_for_status()
        if whole:
            answer._content = _within_limits(answer, shown(address))
    except (requests.RequestException, HTTPError) as error:
        raise _gave_no_table(address, error) from None
    return answer


def _gave_no_table(address: str, error: Exception) -> InputError:
    reason = type(error).__name__
    if getattr(error, "response", None) is not None:
        reason = f"status {error.response.status_code}"
    return InputError(
        f"The address {shown(address)} gave no table ({reason}, after up to {MOST_ATTEMPTS} "
        f"attempts). Open it in a browser, or download the file and give its path."
    )


def _within_limits(answer, name: str) -> bytes:
    """The content of an answer, unpacked as it comes; refused past the limit of time or size."""
    most, content = unpacking_limits.most_bytes(), io.BytesIO()
    end = time.monotonic() + _most_seconds()
    with answer:
        # What has come, however little: waiting for a full piece may take for ever.
        while piece := answer.raw.read1(2**16, decode_content=True):
            content.write(piece)
            if content.tell() > most:
                unpacking_limits.check(content.tell(), f"The address {name} sends at least")
            _refuse_late(name, end)
    return content.getvalue()


def _refuse_late(name: str, end: float) -> None:
    """Raise InputError where an address still sends after the time that it has."""
    if time.monotonic() > end:
        raise InputError(
            f"The address {name} has not sent all within {_most_seconds():g} seconds: "
            f"download the file, or allow more: export PIPELINE_MOST_SECONDS=7200."
        )


def _most_seconds() -> float:
    given = os.environ.get("PIPELINE_MOST_SECONDS", "")
    return float(given) if given.replace(".", "", 1).isdigit() else MOST_SECONDS


def read_pages(address: str, client=None) -> pd.DataFrame:
    """All items of a JSON API: a list, or pages of `items` and `next`, the number of the next one.

    Whatever the list is called, it is the only one of its page.
    """
    items, page = [], 1
    while page is not None:
        answer = _json_of(fetch(address, client, page=page), address)
        items += _items_of(answer, address)
        page = answer.get("next") if isinstance(answer, dict) else None
    return pd.DataFrame(items)


def _json_of(answer, address: str):
    try:
        return answer.json()
    except ValueError:
        raise InputError(f"The address {shown(address)} does not answer with JSON.") from None


def _items_of(answer, address: str) -> list:
    """The rows of one page of an API."""
    lists = _lists_in(answer)
    if len(lists) != 1:
        raise InputError(
            f"The address {shown(address)} answers with {len(lists)} lists of rows: a page has "
            f"one, such as {{'items': [...], 'next': 2}}."
        )
    return lists[0]


def _lists_in(answer) -> list[list]:
    """The lists of an answer that may be its rows: itself, its `items`, or any of its values."""
    if isinstance(answer, list):
        return [answer]
    if not isinstance(answer, dict):
        return []
    named = answer.get("items")
    every = [one for one in answer.values() if isinstance(one, list)]
    return [named] if isinstance(named, list) else every


def read_web_table(address: str, client=None) -> pd.DataFrame:
    """The first table of a web page."""
    page = fetch(address, client).text
    return pd.read_html(io.StringIO(page), keep_default_na=False, na_values=[""])[0]


def read_sensors(folder: Path) -> pd.DataFrame:
    """The readings of a folder of JSON lines files, one per station."""
    return pd.concat([_read_lines(file) for file in sorted(folder.glob("*.jsonl"))])


def _read_lines(file: Path) -> pd.DataFrame:
    try:
        return pd.read_json(file, lines=True)
    except ValueError as error:
        raise InputError(
            f"'{file.name}' can't be read as JSON lines: {first_line(error)}."
        ) from None
