import csv

import pytest

from helpers.cells import alias_groups


def table():
    with alias_groups.TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_all_states_and_each_form_means_one_thing_in_its_group():
    states = [row for row in table() if row["group"] == "US state"]
    assert len({row["aliases"].split(";")[0] for row in states}) == len(states) == 56
    seen = {}
    for row in table():
        for form in [row["name"], *filter(None, row["aliases"].split(";"))]:
            key = row["group"], alias_groups._form(form)
            assert seen.setdefault(key, row["name"]) == row["name"]


@pytest.mark.parametrize(
    ("counts", "merged"),
    [
        ({"NY": 50, "CA": 40, "TX": 30, "New York": 1, "Calif.": 2},
         {"New York": "NY", "Calif.": "CA"}),
        ({"New York": 50, "Ohio": 40, "Texas": 30, "N.Y.": 1, "ny": 1},
         {"N.Y.": "New York", "ny": "New York"}),
        ({"New York": 9, "Boston": 9, "Chicago": 9, "Elmira": 9, "NYC": 1, "NY": 1},
         {"NY": "New York", "NYC": "New York"}),
        ({"Germany": 5, "France": 5, "United Kingdom": 5, "UK": 1, "USA": 2},
         {"UK": "United Kingdom"}),
        ({"Monday": 5, "Tuesday": 5, "Friday": 5, "Mon": 1}, {"Mon": "Monday"}),
    ],
)  # fmt: skip
def test_other_names_take_the_form_that_the_column_has_most_of(counts, merged):
    assert alias_groups.draft(counts) == merged


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"NY": 50, "CA": 40},  # two codes may be anything
        {"CA": 5, "red": 9, "blue": 9, "green": 9},
        {"NY": 50, "CA": 40, "TX": 30},  # one form each
        {"N": 5, "S": 5, "E": 4, "W": 3},
        {"M": 5, "F": 5},
        {"UA": 90, "DL": 80, "AA": 70, "B6": 60, "WN": 50},  # carriers
    ],
)
def test_columns_that_are_of_no_group_or_of_one_form_stay(counts):
    assert alias_groups.draft(counts) == {}


def test_a_form_means_what_it_means_in_its_group():
    assert alias_groups.other_names("CA", "US state") == ["California", "Calif.", "Cal."]
    assert alias_groups.other_names("CA", "country") == ["Canada", "CAN"]
