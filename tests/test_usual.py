"""What a service takes for seen in training: real ranges and levels, few needless warnings."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.cells.usual_values import MOST_LEFT_OUT, usual_levels, usual_numbers
from helpers.clean import cleaning_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.deploy import bundle_files, deployment_report, service_proof
from helpers.examples import flights_example, flights_sources, penguins_example
from helpers.pipeline.row_check import RowCheck
from helpers.tables import tidy_table

FIELDS = ["carrier", "origin", "dest", "distance", "sched_dep_time", "temp", "pressure", "seats"]


def checked(raw: pd.DataFrame, names: list[str]) -> tuple[dict, RowCheck]:
    """The schema of raw training rows with their errors, and the service's check by it."""
    plan = cleaning_plan.draft_plan(raw, {"units": flights_example.KNOWLEDGE["units"]})
    clean = Cleaner(plan).fit(raw).transform(raw)
    schema = bundle_files.make_schema(raw, clean, plan, {"columns": dict.fromkeys(names)})
    return schema, RowCheck(schema["fields"], set(schema["ignored"]), plan["columns"])


def share_warned(check: RowCheck, rows: pd.DataFrame) -> float:
    """The share of rows that the service would warn of."""
    records = [service_proof.as_record(row) for _, row in rows.iterrows()]
    return float(np.mean([bool(check.row(row, 1)[0]) for row in records]))


@pytest.fixture(scope="module")
def sound():
    """Flights without any planted error, of all days, spread evenly."""
    joined = flights_example.join(flights_sources.read_sources(until="2013-04-30"))
    return tidy_table.evenly_spaced_rows(joined, 10_000)


@pytest.fixture(scope="module")
def held_out(sound):
    return sound[sound.index % 5 == 4]


@pytest.fixture(scope="module")
def asked(sound):
    """The schema and the check of training rows with planted errors."""
    dirty, key = flights_example.with_injected_errors(
        sound[sound.index % 5 != 4].reset_index(drop=True), 0.01
    )
    assert {"distance", "origin"} <= set(key["column"])
    return checked(dirty, FIELDS)


@pytest.mark.parametrize("name", ["distance", "sched_dep_time", "temp", "pressure", "seats"])
def test_the_range_of_training_rows_with_planted_errors_is_the_real_one(sound, asked, name):
    low, high = asked[0]["fields"][name]["range"]
    real = sound[name].astype(float)
    assert real.min() <= low <= real.quantile(0.001)
    assert real.quantile(0.999) <= high <= real.max()


def test_the_longest_flight_is_the_greatest_distance(asked):
    assert asked[0]["fields"]["distance"]["range"] == [80.0, 4983.0]


def test_the_origins_are_the_three_airports_and_what_else_was_found_is_counted(asked):
    origin = asked[0]["fields"]["origin"]
    assert origin["levels"] == ["EWR", "JFK", "LGA"]
    assert origin["left_out"] >= len(origin["rare"]) > 0
    shown = deployment_report.fields_table(asked[0]).loc["origin", "seen in training"]
    assert shown == f"3 levels, {origin['left_out']:,} cells far outside or rare"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("distance", 48_293_521, "distance: 4.82935e+07 lies outside the training range, 80 to"),
        ("distance", -1400, "distance: '-1400' is taken as missing"),
        ("origin", "N99ZZ", "origin: 'N99ZZ' was not seen in training"),
    ],
)
def test_a_row_with_an_error_is_answered_and_warned_of_once(held_out, asked, field, value, says):
    row = service_proof.as_record(held_out.iloc[0])
    assert asked[1].row(row, 1)[0] == []
    warnings = asked[1].row(row | {field: value}, 1)[0]
    assert len(warnings) == 1 and str(warnings[0]).startswith(says)


def test_a_level_that_was_an_error_in_training_is_hardly_seen(held_out, asked):
    rare = asked[0]["fields"]["origin"]["rare"][0]
    row = service_proof.as_record(held_out.iloc[0]) | {"origin": rare}
    found = list(map(str, asked[1].row(row, 1)[0]))
    assert found == [f"origin: {rare!r} was hardly seen in training"]


@pytest.mark.parametrize("written", ["jfk", " JFK ", "Jfk"])
def test_levels_are_compared_after_cleaning(held_out, asked, written):
    assert asked[1].row(service_proof.as_record(held_out.iloc[0]) | {"origin": written}, 1)[0] == []


def test_few_sound_flights_are_warned_of(held_out, asked):
    assert share_warned(asked[1], held_out) < 0.01  # measured: 0.0015


def test_few_sound_penguins_are_warned_of():
    rows = pd.read_csv(penguins_example.penguins())
    names = [
        "Island", "Culmen Length (mm)", "Culmen Depth (mm)", "Flipper Length (mm)", "Body Mass (g)",
        "Sex",
    ]  # fmt: skip
    shares = []
    for part in range(5):
        train, rest = rows[rows.index % 5 != part], rows[rows.index % 5 == part]
        check = checked(train.reset_index(drop=True), names)[1]
        shares.append(share_warned(check, rest[names]))
    assert np.mean(shares) < 0.06  # measured: 0.023; by chance 8 new extremes in 276


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal", "standard_cauchy"])
def test_of_numbers_of_any_shape_few_are_left_out(draw):
    for seed in range(20):
        values = pd.Series(getattr(np.random.default_rng(seed), draw)(size=2_000))
        assert len(usual_numbers(values)) >= (1 - 2 * MOST_LEFT_OUT) * len(values)


def test_sound_numbers_that_cross_zero_keep_both_signs():
    cold = pd.Series(np.random.default_rng(0).normal(10, 4, 5_000))
    assert usual_numbers(cold).min() == cold.min() < 0


def test_many_rare_levels_are_no_errors():
    names = pd.Series([f"street {i}" for i in range(50)] + ["main street"] * 200)
    assert len(usual_levels(names)) == 51


def test_a_word_among_numbers_is_still_refused(held_out, asked):
    with pytest.raises(InputError, match="distance"):
        asked[1].row(service_proof.as_record(held_out.iloc[0]) | {"distance": "far"}, 1)
