"""Date columns settled together: the order of day and month, centuries, and a person's word."""

import json
from datetime import datetime, timedelta

import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.cells.dates_together import in_order
from helpers.cells.reading_values import cell_reader
from helpers.clean import doubtful_cells
from helpers.clean.clean_rows import repair_rows
from helpers.clean.cleaning_plan import draft, draft_plan, read_plan
from helpers.clean.unusual_readings import of

DAY = datetime(2021, 1, 2)


def dates(form: str, count=60, every=1, first=DAY, most=99) -> list[str]:
    """Dates in a format; with `most` only days up to that one."""
    found = [first + timedelta(days=every * n) for n in range(20 * count)]
    return [f"{d:{form}}" for d in found if d.day <= most][:count]


def kinds_of(frame: pd.DataFrame, plan: dict) -> list[str]:
    return [code for code, *_ in of(frame, plan, repair_rows(frame, plan, {})[1])]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y"])
@pytest.mark.parametrize("own", ["%d/%m/%Y", "%d/%m/%y"])
def test_a_column_that_reads_both_ways_follows_one_that_shows_the_order(form, own):
    own = own.replace("%d/%m", "%m/%d") if form.startswith("%m") else own
    frame = pd.DataFrame({"seen": dates(form, every=3), "paid": dates(own, 60, most=12)})
    plan = draft_plan(frame)
    cleaned, _ = repair_rows(frame, plan, {})
    assert cleaned["paid"].dt.day.max() <= 12 and cleaned["paid"].dt.month.nunique() > 4
    assert f"{cleaned['paid'][20]:{own}}" == frame["paid"][20]
    assert "ambiguous" not in plan["columns"]["paid"]
    assert "date order" in kinds_of(frame, plan)


def test_no_due_date_comes_before_its_issue_date():
    issued = [DAY + timedelta(days=n * 31 % 350) for n in range(200)]
    pairs = [(a, a + timedelta(days=d)) for a in issued for d in range(5, 60, 7)]
    both = [(a, b) for a, b in pairs if a.day <= 12 and b.day <= 12][:80]
    frame = pd.DataFrame({"issued": [f"{a:%d/%m/%Y}" for a, _ in both],
                          "due": [f"{b:%d/%m/%Y}" for _, b in both]})  # fmt: skip
    cleaned, _ = repair_rows(frame, draft_plan(frame), {})
    assert (cleaned["due"] > cleaned["issued"]).all()
    assert cleaned["issued"].tolist() == [a for a, _ in both]


def test_rows_that_are_sorted_by_time_show_the_order():
    frame = pd.DataFrame({"at": dates("%d/%m/%Y", most=12)})
    assert draft_plan(frame)["columns"]["at"]["formats"] == ["%d/%m/%Y"]
    shuffled = frame.sample(frac=1, random_state=1, ignore_index=True)
    assert draft_plan(shuffled)["columns"]["at"]["ambiguous"] == "doubt"


def test_columns_that_show_different_orders_settle_nothing():
    frame = pd.DataFrame({"a": dates("%d/%m/%Y"), "b": dates("%m/%d/%Y"),
                          "c": dates("%d/%m/%Y", most=12)[::-1]})  # fmt: skip
    plan = draft_plan(frame.sample(frac=1, random_state=3, ignore_index=True))
    assert plan["columns"]["c"]["ambiguous"] == "doubt"


@pytest.mark.parametrize("name", ["birth", "date_of_birth", "BirthDate", "house built", "x"])
def test_nobody_is_born_in_the_future(name):
    born = [datetime(1931 + n % 70, 1 + n % 12, 1 + n % 27) for n in range(140)]
    frame = pd.DataFrame({name: [f"{d:%d/%m/%y}" for d in born], "visit": dates("%Y-%m-%d", 140)})
    plan = draft_plan(frame)
    assert repair_rows(frame, plan, {})[0][name].tolist() == born
    assert "two-digit years" in kinds_of(frame, plan)
    stored = read_plan(json.dumps(plan), [name, "visit"])["columns"][name]
    assert cell_reader(stored)("26/03/42")[0] == datetime(1942, 3, 26)  # as the service reads it
    assert cell_reader(stored)("26.03.42")[0] == datetime(1942, 3, 26)  # in another form, too


@pytest.mark.parametrize("typed", [True, False])
def test_later_births_of_two_digits_are_in_the_century_of_the_known_ones(typed):
    born = pd.Series([datetime(1931 + n % 70, 1 + n % 12, 1 + n % 27) for n in range(140)])
    column = born if typed else born.dt.strftime("%d/%m/%Y")
    frame = pd.DataFrame({"patient": column, "visit": dates("%d/%m/%Y", 140)})
    plan = draft_plan(frame)
    assert repair_rows(frame, plan, {})[0]["patient"].tolist() == born.tolist()
    assert "two-digit years" not in kinds_of(frame, plan)
    stored = read_plan(json.dumps(plan), list(frame))["columns"]
    for text in ("26/03/42", "26.03.42"):
        assert cell_reader(stored["patient"])(text) == (datetime(1942, 3, 26), "other form")
        assert cell_reader(stored["visit"])(text)[0] == datetime(2042, 3, 26)


@pytest.mark.parametrize(
    ("name", "first", "is_date"),
    [("signup_date", 44_900, True), ("Datum", 30_000, True), ("orderDate", 45_000, True),
     ("birthday", 15_000, True), ("date", 20_240_101, False), ("date", 23_001, False),
     ("candidate", 45_000, False), ("startdate", 45_000, True), ("salary", 45_000, False),
     ("zip", 44_900, False)],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["int64", "float64", "str"])
def test_a_column_of_a_spreadsheets_day_numbers_is_one_of_dates(name, first, is_date, dtype):
    numbers = pd.Series([first + 7 * n % 90 for n in range(120)])
    frame = pd.DataFrame({name: numbers.astype(dtype), "x": range(120)})
    plan = draft_plan(frame)
    assert (plan["columns"][name]["kind"] == "date") == is_date
    assert ("numbered dates" in kinds_of(frame, plan)) == is_date
    if is_date:
        cleaned = repair_rows(frame, read_plan(json.dumps(plan), list(frame)), {})[0]
        assert cleaned[name][0] == datetime(1899, 12, 30) + timedelta(days=first)
        chosen = draft_plan(frame, {"columns": {name: {"kind": "number"}}})
        assert chosen["columns"][name]["kind"] == "number"


def test_day_numbers_among_dates_are_dates():
    mixed = [*dates("%Y-%m-%d", 40), *(str(45_000 + n) for n in range(30)), "45001.5"]
    frame = pd.DataFrame({"paid": mixed})
    cleaned = repair_rows(frame, draft_plan(frame), {})[0]["paid"]
    assert cleaned.notna().all() and cleaned.iloc[-1] == datetime(2023, 3, 16, 12)


@pytest.mark.parametrize(
    ("name", "years"),
    [("expires", range(24, 60)), ("maturity date", range(30, 68)), ("birth", range(1, 20)),
     ("signed", range(70, 99)), ("x", range(5, 26))],
)  # fmt: skip
def test_other_years_of_two_digits_keep_the_usual_rule(name, years):
    frame = pd.DataFrame({name: [f"13/{1 + n % 12:02d}/{n:02d}" for n in years] * 3})
    assert "pivot" not in draft_plan(frame)["columns"][name]


def test_the_usual_reading_of_ordinary_dates_stays():
    frame = pd.DataFrame({"a": dates("%Y-%m-%d"), "b": dates("%d.%m.%Y"), "c": dates("%d/%m/%Y")})
    plan = draft_plan(frame)
    assert all("follows" not in c and "pivot" not in c for c in plan["columns"].values())


def marked(frame: pd.DataFrame, suggestion: str) -> dict:
    plan, found = draft(frame)
    review = doubtful_cells.review_list(found, repair_rows(frame, plan, {})[0])
    review.loc[0, ["suggestion", "apply"]] = [suggestion, "yes"]
    return doubtful_cells.apply_marks(plan, review)


@pytest.mark.parametrize(
    ("order", "form"), [("day first", "%d/%m/%Y"), ("Month first", "%m/%d/%Y")]
)
def test_a_person_settles_the_order_of_a_whole_column(order, form):
    raw = dates(form, most=12)
    frame = pd.DataFrame({"at": raw}).sample(frac=1, random_state=1, ignore_index=True)
    plan = marked(frame, order)
    cleaned, _ = repair_rows(frame, plan, {})
    assert [f"{d:{form}}" for d in cleaned["at"]] == frame["at"].tolist()
    assert doubtful_cells.review_items_of(frame["at"], plan["columns"]["at"]) == []


def test_a_person_settles_a_column_that_has_both_orders():
    frame = pd.DataFrame({"at": [*dates("%d/%m/%Y", 30), *dates("%m/%d/%Y", 30)]})
    assert draft_plan(frame)["columns"]["at"]["ambiguous"] == "missing"
    cleaned, _ = repair_rows(frame, marked(frame, "day first"), {})
    assert cleaned["at"].notna().all() and cleaned["at"][0] == DAY


def test_another_suggestion_for_dates_is_still_refused():
    frame = pd.DataFrame({"at": dates("%d/%m/%Y", most=12)}).sample(frac=1, random_state=1)
    with pytest.raises(InputError, match="does not read"):
        marked(frame.reset_index(drop=True), "year first")


def test_formats_are_turned_once():
    plan = {"formats": ["%m/%d/%Y", "%d.%m.%Y", "iso"]}
    assert in_order(plan, "day")["formats"] == ["%d/%m/%Y", "%d.%m.%Y", "iso"]
    assert in_order(plan, "month")["formats"] == ["%m/%d/%Y", "%d.%m.%Y", "iso"]
