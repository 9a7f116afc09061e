import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
import requests
from sklearn.metrics import cohen_kappa_score

from helpers.base.places import REPOSITORY
from helpers.base.user_errors import InputError
from helpers.collect import collect_rows, collection_report, collection_stage
from helpers.examples import flights_example, flights_sources, flights_weather, known
from helpers.line import stage_work
from helpers.tables import from_database, from_web

FRAME = pd.DataFrame({"x": [1, 2, 3, 4], "word": ["a", "NA", "b", None]})


@pytest.fixture(scope="module")
def sources():
    return flights_sources.read_sources(since="2013-02-10", until="2013-02-12")


@pytest.fixture(scope="module")
def joined(sources):
    return flights_example.join(sources)


# --- A table of one's own -------------------------------------------------------------------


def test_a_file_is_collected_whole_and_says_where_it_came_from(tmp_path):
    FRAME.to_csv(tmp_path / "mine.csv", index=False)
    frame, sources = collect_rows.collect(str(tmp_path / "mine.csv"))
    assert frame["word"].tolist()[:3] == ["a", "NA", "b"]
    table = collection_report.sources_table(sources).iloc[0]
    assert table[["kind", "address", "rows", "columns"]].tolist() == [
        "file or folder",
        "mine.csv",
        4,
        2,
    ]


def test_a_database_is_collected_with_its_query(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        FRAME.to_sql("orders", database, index=False)
    database.close()
    address = f"sqlite:///{tmp_path}/shop.db"
    frame, sources = collect_rows.collect(address, "SELECT x FROM orders WHERE x > 2")
    assert frame["x"].tolist() == [3, 4]
    assert sources["table"].attrs["kind"] == "sqlite"


def test_a_pasted_password_is_refused_before_anything_is_asked():
    for scheme in ("postgresql", "https"):
        with pytest.raises(InputError, match="plain text") as caught:
            collect_rows.collect(f"{scheme}://me:s3cret@127.0.0.1:1/shop")
        assert "s3cret" not in str(caught.value)


def test_a_last_day_is_a_matter_of_the_flights_only(tmp_path):
    with pytest.raises(InputError, match="until is a parameter of the flights"):
        collect_rows.collect(str(tmp_path / "mine.csv"), until="2013-08-31")


# --- Samples --------------------------------------------------------------------------------


def test_a_sample_is_spread_evenly_and_keeps_the_order():
    frame = pd.DataFrame({"x": range(1000)}, index=range(5, 1005))
    sample = collect_rows.draw_sample(frame, "10", "mine.csv")
    assert sample["x"].tolist() == [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]
    assert sample.index.tolist() == list(range(10))


@pytest.mark.parametrize("rows", [1, 2, 7, 99])
def test_a_sample_has_as_many_rows_as_asked_and_none_twice(rows):
    sample = collect_rows.draw_sample(pd.DataFrame({"x": range(100)}), str(rows), "mine.csv")
    assert len(sample) == rows and sample["x"].is_unique


@pytest.mark.parametrize("sample", ["all", "auto", "4", "5000"])
def test_a_small_table_is_taken_whole(sample):
    assert collect_rows.draw_sample(FRAME, sample, "mine.csv") is FRAME


def test_auto_takes_forty_thousand_flights():
    frame = pd.DataFrame({"x": np.arange(50_000)})
    assert len(collect_rows.draw_sample(frame, "auto", "flights")) == 40_000
    assert len(collect_rows.draw_sample(frame, "auto", "mine.csv")) == 50_000


@pytest.mark.parametrize("sample", ["", "0", "-5", "1.5", "some", "1e3"])
def test_what_is_no_number_of_rows_is_refused(sample):
    with pytest.raises(InputError, match="sample is a number of rows"):
        collect_rows.draw_sample(FRAME, sample, "mine.csv")


# --- The hash of the content ----------------------------------------------------------------


def test_the_same_content_has_the_same_hash():
    assert collect_rows.content_hash(FRAME) == collect_rows.content_hash(FRAME.copy())
    assert len(collect_rows.content_hash(FRAME)) == 12


@pytest.mark.parametrize(
    "other",
    [
        FRAME.rename(columns={"x": "z"}),
        FRAME.assign(x=[1, 2, 3, 5]),
        FRAME.assign(word=["a", "NA", "b", ""]),
        FRAME.assign(word=["a", "NA", "b", "nan"]),
        FRAME.assign(word=["a", None, "b", None]),
        FRAME.assign(x=["1", "2", "3", "4"]),
        FRAME.iloc[::-1].reset_index(drop=True),
        FRAME[["word", "x"]],
        FRAME.head(3),
        FRAME.assign(y=1),
    ],
)
def test_the_hash_changes_with_a_name_a_cell_or_the_order(other):
    assert collect_rows.content_hash(other) != collect_rows.content_hash(FRAME)


# --- What later stages need to know ---------------------------------------------------------


def test_about_names_the_target_and_its_task():
    about = collect_rows.table_facts(FRAME, {}, "/some/folder/mine.csv", target="x")
    assert about["source"] == "mine.csv" and about["task"] == "multiclass"
    assert about["question"] == "What will x be?"
    assert "No target is named" in collection_report.headline(
        FRAME, {"table": FRAME}, collect_rows.table_facts(FRAME, {}, "mine.csv")
    )


def test_a_misspelt_target_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'word'"):
        collect_rows.table_facts(FRAME, {}, "mine.csv", target="wrod")


def test_a_target_that_can_not_be_learnt_is_refused():
    with pytest.raises(InputError, match="one class only"):
        collect_rows.table_facts(FRAME.assign(y=1), {}, "mine.csv", target="y")


def test_about_can_be_written_as_json(joined, sources):
    about = collect_rows.table_facts(joined, sources, "flights")
    assert json.loads(json.dumps(about)) == about
    assert about["target"] == "late" and about["task"] == "binary"
    assert about["until"] == known.example("flights").settings["until"]
    assert about["aliases"]["manufacturer"]["AIRBUS INDUSTRIE"] == "AIRBUS"


def test_another_target_of_the_flights_may_not_know_whether_they_were_late(joined, sources):
    about = collect_rows.table_facts(joined, sources, "flights", target="arr_delay")
    assert "late" in about["not_known"] and "arr_delay" not in about["not_known"]


# --- Two labellers --------------------------------------------------------------------------


def test_the_makers_were_labelled_by_two_people_who_mostly_agree():
    labels = pd.read_csv(flights_sources.MAKER_LABELS)
    assert labels["spelling"].is_unique and labels["settled"].notna().all()
    assert 0.5 < cohen_kappa_score(labels["labeller_a"], labels["labeller_b"]) < 1


# --- The flights ----------------------------------------------------------------------------


def test_the_flights_come_from_six_sources_that_say_where_they_are(sources):
    table = collection_report.sources_table(sources)
    assert len(table) == 6 and table["kind"].is_unique
    assert table["rows"].gt(0).all() and table["read at (UTC)"].notna().all()
    assert not table["address"].str.contains(str(REPOSITORY)).any()


def test_the_period_starts_after_since_and_ends_with_until(joined):
    days = joined["scheduled"].str[:10]
    assert sorted(days.unique()) == ["2013-02-11", "2013-02-12"]
    assert joined["scheduled"].is_monotonic_increasing


def test_two_periods_that_meet_share_no_flight_and_lose_none(joined):
    database = f"sqlite:///{flights_sources.stage_sources() / 'flights.sqlite'}"
    period = {"since": "2013-02-10 99", "until": "2013-02-11 99"}
    first = from_database.read_sql(database, flights_sources.FLIGHTS_QUERY, period)
    assert len(first) == (joined["scheduled"] < "2013-02-12").sum() > 500
    assert first["scheduled"].max() < "2013-02-12"


def test_the_join_keeps_every_flight_in_its_place(sources, joined):
    columns = sources["flights"].columns
    pd.testing.assert_frame_equal(joined[columns], sources["flights"])


@pytest.mark.parametrize("source", ["airlines", "airports", "weather", "planes"])
def test_the_join_is_many_to_one(sources, source):
    twice = pd.concat([sources[source], sources[source]], ignore_index=True)
    with pytest.raises(pd.errors.MergeError):
        flights_example.join(sources | {source: twice})


def test_a_flight_without_a_partner_stays_with_missing_values(sources, joined):
    few = flights_example.join(sources | {"planes": sources["planes"].head(1)})
    assert len(few) == len(joined)
    assert few["manufacturer"].isna().mean() > 0.99


def test_late_is_fifteen_minutes_or_more_and_missing_without_a_delay(joined):
    known = joined["arr_delay"].notna()
    assert (joined.loc[known, "late"] == (joined.loc[known, "arr_delay"] >= 15)).all()
    assert joined.loc[~known, "late"].isna().all() and (~known).any()
    assert {14, 15} <= set(joined["arr_delay"])


def test_the_reading_of_1048_mph_reaches_the_flights_of_the_next_hours(sources, joined):
    assert sources["weather"]["wind_speed"].max() == pytest.approx(1048.36, abs=0.01)
    hit = joined[joined["wind_max_6h"] > 1000]
    assert len(hit) > 0 and set(hit["origin"]) == {"EWR"}
    assert hit["time_hour"].min() >= "2013-02-12T10" and hit["time_hour"].max() < "2013-02-12T16"


def test_the_last_six_hours_are_a_stations_own_and_never_the_future():
    hours = pd.date_range("2013-01-01", periods=8, freq="h").strftime("%Y-%m-%dT%H:%M:%SZ")
    weather = pd.DataFrame(
        {
            "origin": ["B"] * 8 + ["A"] * 8,
            "time_hour": [*hours, *hours],
            "wind_speed": [9.0, *[1.0] * 7, *[2.0] * 7, 30.0],
            "precip": 0.1,
        }
    )
    recent = (
        flights_weather.with_recent_hours(weather).set_index(["origin", "time_hour"]).sort_index()
    )
    assert recent.loc["B", "wind_max_6h"].tolist() == [9] * 6 + [1] * 2
    assert recent.loc["A", "wind_max_6h"].tolist() == [2] * 7 + [30]
    assert recent.loc["A", "precip_6h"].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6]


def test_no_flight_sees_a_reading_that_was_taken_after_the_moment_of_prediction(sources):
    flights, weather = sources["flights"].iloc[::500], sources["weather"]
    asked = flights_weather.moment_of_prediction(flights)
    departure = pd.to_datetime(flights["scheduled"]).dt.tz_localize("America/New_York")
    assert (departure.dt.tz_convert("UTC") - asked == pd.Timedelta("1h")).all()
    found = flights_weather.known_weather(flights, weather)
    age = asked - found["known_at"]
    assert age.dropna().between(pd.Timedelta(0), pd.Timedelta("3h")).all()
    assert (age < pd.Timedelta("1h")).mean() > 0.99
    stamps = pd.to_datetime(weather["time_hour"], utc=True)
    for place in (0, len(flights) // 3, len(flights) // 2, len(flights) - 1):
        # Taken at minute 51 of its hour at the latest: only what was taken by then may count.
        future = stamps + pd.Timedelta("51min") > asked.iloc[place]
        changed = weather.assign(wind_speed=weather["wind_speed"].mask(future, 999.0),
                                 precip=weather["precip"].mask(future, 99.0),
                                 temp=weather["temp"].mask(future, -99.0))  # fmt: skip
        one = flights.iloc[[place]]
        pd.testing.assert_frame_equal(
            flights_weather.known_weather(one, changed), flights_weather.known_weather(one, weather)
        )


@pytest.mark.parametrize(
    ("departs", "stamp"),
    [(1000, 8), (1050, 8), (1059, 8), (1100, 9), (1159, 9), (1401, None), (1359, 9)],
)
def test_a_flight_gets_the_last_reading_whose_hour_is_over_one_hour_before(departs, stamp):
    weather = pd.DataFrame({
        "origin": "JFK", "time_hour": [f"2013-07-01T{hour:02}:00:00Z" for hour in (7, 8, 9)],
        **dict.fromkeys(flights_weather.WEATHER, 0.0), "temp": [7.0, 8.0, 9.0]})  # fmt: skip
    flights = pd.DataFrame({"origin": ["JFK", "LGA"], "sched_dep_time": departs,
                            "time_hour": f"2013-07-01T{departs // 100:02}:00:00Z"})  # fmt: skip
    temp = flights_weather.known_weather(flights, weather)["temp"]
    assert temp.isna().tolist() == [stamp is None, True]
    assert stamp is None or temp[0] == stamp


def test_the_joined_weather_is_that_of_the_moment_in_both_deliveries(sources, joined):
    later = flights_example.join(flights_sources.read_sources(since="2013-12-20"))
    for table in (joined, later):
        known = flights_weather.known_weather(table, sources["weather"])
        assert table["temp"].equals(known["temp"])
        assert table["wind_max_6h"].equals(known["wind_max_6h"])
        hour = flights_weather.weather_of_the_hour(table, sources["weather"])
        assert (table["temp"] != hour["temp"]).mean() > 0.5


def test_the_website_is_busy_at_first_and_is_asked_again():
    with flights_sources.website(flights_sources.stage_sources()) as address:
        assert requests.get(f"{address}/airlines", timeout=5).status_code == 503
        assert requests.get(f"{address}/airlines", timeout=5).status_code == 200
    with flights_sources.website(flights_sources.stage_sources()) as address:
        assert from_web.fetch(f"{address}/airlines").json()["page"] == 1


def test_all_pages_of_the_airlines_are_read_each_once(sources):
    stored = json.loads(
        (flights_sources.stage_sources() / "airlines.json").read_text(encoding="utf-8")
    )
    assert len(stored) == 16 > flights_sources.PAGE_SIZE
    assert sources["airlines"].to_dict("records") == stored


def test_the_website_says_when_something_is_not_there_and_stops_at_the_end():
    site, refused = (
        flights_sources.website(flights_sources.stage_sources()),
        pytest.raises(InputError),
    )
    with site as address, refused as caught:
        from_web.fetch(f"{address}/secret")
    assert "status 404" in str(caught.value)
    with pytest.raises(InputError, match="gave no table"):
        from_web.fetch(f"{address}/airlines")


def test_the_sources_are_laid_out_once_and_then_kept(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    assert flights_sources.stage_sources(folder) == folder
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_deep_folder_is_made_with_all_the_sources_and_no_draft(tmp_path):
    folder = flights_sources.stage_sources(tmp_path / "deep" / "sources")
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    stations = [f"weather/{station}.jsonl" for station in ("EWR", "JFK", "LGA")]
    files = ["airlines.json", "airports.html", "flights.sqlite", "planes.csv"]
    assert names == sorted(files + stations)
    assert [p.name for p in folder.parent.iterdir()] == ["sources"]
    with sqlite3.connect(folder / "flights.sqlite") as database:
        assert database.execute("SELECT count(*) FROM flights").fetchone() == (336_776,)
    database.close()


def test_overviews_name_types_and_what_is_missing():
    overview = collection_report.column_overview(FRAME)
    assert overview.loc["word", "missing"] == "25.0%" and overview.loc["word", "distinct"] == 3


def test_injected_errors_are_handed_on_with_their_key_and_a_finding(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    raw = pd.DataFrame({"city": ["Boston", "Salem"] * 20, "weight": range(40)})
    dirty, key = collect_rows.inject_errors(raw, 0.05, "mine.csv")
    work = stage_work.start(1, "mine")
    collection_stage.hand_on(work, dirty, key, {"injected_errors": 0.05})
    assert len(pd.read_parquet(work.run.file("data/answer_key.parquet"))) == len(key) > 0
    work.finish(len(dirty), len(dirty), "made")
    (found,) = [one for one in work.run.findings if one["code"] == "injected_errors"]
    assert f"{key['column'].notna().sum()} of {dirty.size} cells" in found["message"]
