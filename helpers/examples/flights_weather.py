"""The weather that is known when a flight is asked about: one hour before its scheduled departure.

A reading is stamped with the hour in which it was taken, without the minute; the stations report at
minute 51. So a reading counts as known once its hour is over: who is asked at 13:35 knows that of
12 o'clock (taken at 12:51), not yet that of 13 o'clock (taken at 13:51).
"""

from __future__ import annotations

import pandas as pd

from ..tables.sources.as_of import last_known
from ..tables.sources.keys import key_codes

ASKED_BEFORE = pd.Timedelta("1h")  # the moment of prediction, before the scheduled departure
TAKEN_WITHIN = pd.Timedelta("1h")  # a reading is known so long after the hour on its stamp began
OUT_OF_DATE = pd.Timedelta("3h")  # a reading that has been known for longer says nothing of now
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure",
           "visib", "wind_max_6h", "precip_6h"]  # fmt: skip


def moment_of_prediction(flights: pd.DataFrame) -> pd.Series:
    """When each flight is asked about (UTC), from `time_hour` (UTC) and `sched_dep_time` (HHMM).

    >>> moment_of_prediction(pd.DataFrame({
    ...     "time_hour": ["2013-07-01T18:00:00Z"], "sched_dep_time": [1435]}))[0].isoformat()
    '2013-07-01T17:35:00+00:00'
    """
    minutes = pd.to_timedelta(flights["sched_dep_time"] % 100, unit="min")
    return pd.to_datetime(flights["time_hour"], utc=True) + minutes - ASKED_BEFORE


def known_weather(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """The last reading at each flight's airport that is known at the moment of prediction.

    A row for each of n flights, in their order: `known_at` (UTC) and the columns `WEATHER`; missing
    where no reading became known within the three hours before. Raises pandas' MergeError when a
    station has two readings of one hour.
    """
    readings = with_recent_hours(weather)
    readings["known_at"] = pd.to_datetime(readings["time_hour"], utc=True) + TAKEN_WITHIN
    if readings.duplicated(["origin", "known_at"]).any():
        raise pd.errors.MergeError("A weather station has two readings of one hour.")
    airport, station = key_codes([flights["origin"]], [readings["origin"]])
    moment, known_at = moment_of_prediction(flights), readings["known_at"]
    place = last_known(airport, moment, station, known_at, OUT_OF_DATE)
    return readings[["known_at", *WEATHER]].reindex(place).set_axis(flights.index)


def weather_of_the_hour(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """The reading of the hour of departure itself: the future, to measure what it would add.

    A row for each of n flights, in their order, with the columns `WEATHER`.
    """
    readings = with_recent_hours(weather)[["origin", "time_hour", *WEATHER]]
    key = ["origin", "time_hour"]
    found = flights[key].merge(readings, on=key, how="left", validate="m:1")
    return found.set_index(flights.index)[WEATHER]


def with_recent_hours(weather: pd.DataFrame) -> pd.DataFrame:
    """Hourly readings, with the strongest wind (mph) and the rain (inches) of the last six hours.

    A flight pays for the weather before it as well: planes and crews arrive late. Each window ends
    with the reading itself and looks back only.
    """
    readings = weather.assign(hour_start=pd.to_datetime(weather["time_hour"]))
    readings = readings.sort_values(["origin", "hour_start"]).reset_index(drop=True)
    recent = readings.groupby("origin").rolling("6h", on="hour_start")
    return readings.assign(
        wind_max_6h=recent["wind_speed"].max().to_numpy(),
        precip_6h=recent["precip"].sum().to_numpy().round(4),
    ).drop(columns="hour_start")
