"""One source of a recipe opened, for reading only: file, database, API, web page, sensor files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ...base import credentials
from ...base.addresses import from_environment, is_path, shown
from ...base.user_errors import InputError
from .. import from_database, from_web
from ..tidy_table import tidy
from .recipe import Source

Read = Callable[..., pd.DataFrame]  # read_any.read_table: source, query, typed
DATABASE_FILES = (".db", ".sqlite", ".sqlite3")


def open_source(source: Source, read: Read, typed: bool = True) -> pd.DataFrame:
    """The table of a source; raises InputError that begins with the source's name."""
    try:
        frame = tidy(_table_of(source, read, typed), shown(source.data))
    except InputError as error:
        raise InputError(f"{source.name}: {error}") from None
    frame.attrs |= {"kind": kind_of_source(source), "address": shown(source.data)}
    return frame


def _table_of(source: Source, read: Read, typed: bool) -> pd.DataFrame:
    web = source.data.startswith(("http://", "https://"))
    if web and (source.pages or source.token):
        address = from_environment(source.data, quoted=True)
        return from_web.read_pages(address, client(source.token))
    if source.table != "" and (web or source.data.lower().endswith((".html", ".htm"))):
        return _web_table(source, web)
    if is_sensor_folder(source.data):
        return from_web.read_sensors(Path(source.data))
    address = database_address(source.data)
    query = source.query
    if address and source.table:
        return from_database.read_named_table(address, str(source.table))
    return read(address or source.data, query, typed)


def database_address(data: str) -> str:
    """The address of a database, of its file too; "" for what is none.

    >>> database_address("shop.db"), database_address("orders.csv")
    ('sqlite:///shop.db', '')
    """
    if is_path(data):
        return f"sqlite:///{data}" if data.lower().endswith(DATABASE_FILES) else ""
    return "" if data.startswith(("http://", "https://", "s3://")) else data


def client(token: str = ""):
    """A web client that sends the token which an environment variable of that name holds."""
    made = from_web.session()
    if token:
        made.headers["Authorization"] = f"Bearer {_token(token)}"
    return made


def _token(name: str) -> str:
    if name not in os.environ:
        credentials.read_env_file()
    if not os.environ.get(name):
        raise InputError("token names an environment variable that is not set: export it first.")
    return os.environ[name]


def _web_table(source: Source, web: bool) -> pd.DataFrame:
    """The table of a web page by its number, from 1, or by a text in it."""
    page = (
        from_web.fetch(source.data, client()).text if web else Path(source.data).read_text("utf-8")
    )
    by_number = isinstance(source.table, int)
    match = {} if by_number else {"match": str(source.table)}
    try:
        found = pd.read_html(io.StringIO(page), keep_default_na=False, na_values=[""], **match)
    except ValueError:
        raise InputError(f"no table of the page has the text '{source.table}'.") from None
    place = source.table if by_number else 1
    if not 1 <= place <= len(found):
        raise InputError(f"table is {place}, and the page has {len(found)}: they count from 1.")
    return found[place - 1]


def is_sensor_folder(data: str) -> bool:
    """Whether a source is a folder of JSON lines, a file a sensor."""
    path = Path(data)
    return is_path(data) and path.is_dir() and any(path.glob("*.jsonl"))


def kind_of_source(source: Source) -> str:
    """What kind of source it is, as a report says it."""
    if source.data.startswith(("http://", "https://")):
        return "HTTP API" if source.pages or source.token else "web page" if source.table else "web"
    if database_address(source.data):
        return "database"
    return "sensor files" if is_sensor_folder(source.data) else "file or folder"
