"""One column: mixed units, dates of both orders, words that may be missing, other names."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.cells.draft_column_plan import draft_column
from helpers.cells.reading_columns import repair_column
from helpers.cells.reading_values import cell_reader, repair_value
from helpers.clean.doubtful_cells import review_items_of


def read(values, **known):
    column = pd.Series(values, name="x")
    plan = draft_column(column, **known)
    repaired, kinds = repair_column(column, plan)
    return plan, repaired.tolist(), [] if kinds is None else kinds.tolist()


WEIGHTS = [str(n) for n in range(40, 90)]


def test_a_column_in_kilograms_with_some_pounds():
    plan, values, kinds = read([*WEIGHTS, "3 kg", "4 kgs", "70 kg", "6.61387 lb", "16 ounces"])
    assert plan["unit"] == "kg"
    assert values[-5:] == pytest.approx([3, 4, 70, 3.0, 0.453592], rel=1e-5)
    assert kinds[-5:] == ["number", "number", "number", "unit", "unit"]


def test_the_unit_that_a_person_knows_wins_over_the_most_frequent():
    plan, values, _ = read([*WEIGHTS, "50 °F", "10 °C", "20 °C"], unit="°F")
    assert plan["unit"] == "°F" and values[-3:] == [50, 50, 68]


def test_of_two_units_the_one_that_plain_numbers_fit():
    glued = ["60 kg", "70 kg", "132 lb", "154 lb"]
    assert read([*WEIGHTS, *glued])[0]["unit"] == "kg"
    pounds = [str(n) for n in range(100, 190)]
    assert read([*pounds, *glued])[0]["unit"] == "lb"


@pytest.mark.parametrize(
    "values",
    [["$3", "€4", "5"], ["3 kg", "4 km", "5 kg"], ["1A", "2B", "3C"], ["1.2.3", "1.2.4"],
     ["02134", "10001"], ["555-1234", "555-9876"]],
)  # fmt: skip
def test_what_is_no_column_of_numbers(values):
    assert draft_column(pd.Series(values * 3))["kind"] == "category"


@pytest.mark.parametrize(
    ("text", "value"),
    [("(1,234)", -1234.0), ("−5", -5.0), ("1 234.50", 1234.5), ("1'234", 1234.0), ("+3", 3.0),
     ("3 kg", 3.0), ("24.0 kg net", 24.0), ("3 dogs", None), ("1/2", None), ("3 kg 5", None)],
)  # fmt: skip
def test_numbers_as_people_write_them(text, value):
    assert repair_value(text, {"kind": "number", "unit": "kg"})[0] == value


def test_a_number_column_stays_one_under_a_tenth_of_mess():
    odd = ["Boston", "n/a", "N123AA", "?", "red", "blue", "x y"]
    plan, values, kinds = read([*WEIGHTS, *odd])
    assert plan["kind"] == "number"
    assert kinds[-7:].count("unreadable") == 5 and np.isnan(values[-1])


DAYS = pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d").tolist()


def test_dates_of_one_order_are_read_by_it():
    plan, values, _ = read([*DAYS, "25/12/2020", "05/11/2020", "Dec 31, 2020", "2020/03/04"])
    assert "ambiguous" not in plan
    expected = ["2020-12-25", "2020-11-05", "2020-12-31", "2020-03-04"]
    assert values[-4:] == [pd.Timestamp(day) for day in expected]


def test_where_both_orders_are_in_use_nobody_can_tell():
    plan, values, kinds = read([*DAYS, "25/12/2020", "12/25/2020", "05/11/2020", "06/06/2020"])
    assert plan["ambiguous"] == "missing"
    assert kinds[-2:] == ["ambiguous date", "date"]  # the sixth of June is that both ways
    assert pd.isna(values[-2]) and values[-1] == pd.Timestamp("2020-06-06")
    assert review_items_of(pd.Series([*DAYS, "05/11/2020"]), plan)[0]["value"] == "05/11/2020"


def test_a_slip_in_the_order_does_not_cost_the_others():
    many = [f"{month:02d}/{day:02d}/2020" for month in range(1, 13) for day in range(1, 28)]
    plan, values, kinds = read([*many, "25/12/2020"])
    assert plan["ambiguous"] == "doubt" and not pd.isna(values).any()
    assert values[0:2] == [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]


def test_a_time_of_day_is_kept():
    values = read([*DAYS, "25/12/2020 10:30", "Dec 31, 2020 9:05 pm"])[1]
    assert values[-2:] == [pd.Timestamp("2020-12-25 10:30"), pd.Timestamp("2020-12-31 21:05")]


TOWNS = ["São Paulo"] * 6 + ["Zürich"] * 5 + ["Boston"] * 9


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [("SÃ£o Paulo", "mojibake"), ("Sao Paulo", "spelling"), ("ＳãＯ Paulo", "spelling"),
     ("são  paulo", "spelling"), ("Sa\u0303o Paulo", "spaces"), ("S\u200bão Paulo", "spaces")],
)  # fmt: skip
def test_one_name_in_many_guises(spoilt, kind):
    _, values, kinds = read([*TOWNS, spoilt])
    assert values[-1] == "São Paulo" and kinds[-1] == kind


def test_words_that_may_be_missing_are_where_they_are_rare():
    assert pd.isna(read([*TOWNS, "unknown"])[1][-1])
    assert read(["good", "unknown", "bad"] * 5)[1][1] == "unknown"
    assert read([*TOWNS, "none"])[1][-1] == "none"


def test_two_levels_that_differ_in_case_only_stay_two():
    assert read(["A", "a"] * 10)[1] == ["A", "a"] * 10


def test_states_take_the_form_that_most_have():
    states = ["NY", "CA", "TX", "OH"] * 5
    plan, values, kinds = read([*states, "New York", "N.Y.", "calif."])
    assert values[-3:] == ["NY", "NY", "CA"] and set(kinds[-3:]) == {"alias"}
    assert plan["aliases"]["New York"] == "NY"


def test_a_cell_alone_is_read_as_in_its_column():
    columns = [
        [*WEIGHTS, "6 lb", "3 kg", "n/a", "999999"],
        [*DAYS, "25/12/2020", "x"],
        [*TOWNS, "Sao Paulo"],
    ]
    for values in columns:
        column = pd.Series(values)
        plan = draft_column(column)
        check_alone(column, plan)
        check_alone(column, plan | {"missing": [values[0]]})


@pytest.mark.parametrize(
    ("values", "plan"),
    [
        ([5, 7.5, 999.0, -3.0, None, 1e308], {"missing": ["999"], "limits": [0, 1e9]}),
        ([5, 999, -3], {"missing": ["999"], "limits": [0, 100]}),
        ([5.0, 1.7e308, np.inf, -np.inf, 1e308], {}),
        ([True, False, None], {"kind": "boolean"}),
        ([pd.Timestamp("2020-01-02"), pd.NaT], {"kind": "date"}),
    ],
)
def test_a_typed_cell_alone_is_read_as_in_its_column(values, plan):
    check_alone(pd.Series(values), {"kind": "number"} | plan)


def check_alone(column, plan):
    """A column is a map of the reader of single cells, which the service uses."""
    repaired, kinds = repair_column(column, plan)
    kinds = [""] * len(column) if kinds is None else kinds
    read_cell = cell_reader(plan)
    for place, cell in enumerate(column):
        for value, kind in (read_cell(cell), read_cell(cell)):
            same = repaired[place] == value or (value is None and pd.isna(repaired[place]))
            assert same and kind == kinds[place], (cell, value, kind)


PLANS = [
    {"kind": "number"},
    {"kind": "number", "style": "comma", "unit": "kg", "missing": ["999", "x"], "limits": [0, 50]},
    {"kind": "date", "formats": ["%d/%m/%Y", "%m/%d/%Y", "iso"], "ambiguous": "missing"},
    {"kind": "date", "missing": ["2020-01-02"]},
    {"kind": "boolean"},
    {"kind": "text"},
    {"kind": "category", "values": []},
    {"kind": "category", "values": ["New York", "Paris", "NA"], "keep": ["NA"],
     "aliases": {"NY": "New York"}, "typos": {"Pariss": "Paris"}},
]  # fmt: skip
PIECES = st.sampled_from(
    ["1", "12", "999", "3", ".", ",", "-", "e", " ", "kg", "lb", "$", "%", "/", "2020", "01", "02",
     "yes", "no", "True", "NA", "n/a", "x", "é", "New York", "NY", "Paris", "s", "  ", "\u00a0"]
)  # fmt: skip

TEXTS = st.lists(PIECES, max_size=5).map("".join)
DIGITS = st.from_regex(r"-?[0-9]{1,3}[.,]?[0-9]{0,3}", fullmatch=True)


@pytest.mark.parametrize("plan", PLANS, ids=str)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(cells=st.lists(st.one_of(TEXTS, DIGITS), min_size=1, max_size=12))
def test_any_texts_alone_are_read_as_in_their_column(plan, cells):
    check_alone(pd.Series(cells, dtype="str"), plan)
    iso = [f"2020-01-{len(cell) % 28 + 1:02}" for cell in cells]
    check_alone(pd.Series([*cells, *iso], dtype="str"), plan)


@pytest.mark.parametrize(
    ("words", "things"), [("Ja ja nein", 2), ("No no maybe", 2), ("CO Co He", 3)]
)
def test_two_letters_in_two_cases_are_one_thing_where_they_are_an_answer(words, things):
    _, values, _ = read(words.split() * 20)
    assert len(set(values)) == things
