"""Words that look missing and are values: kept where the evidence says so, and nowhere else."""

import pandas as pd
import pytest
from palmerpenguins import load_penguins_raw

from helpers.cells.column_choices import with_words
from helpers.cells.reading_values import cell_reader
from helpers.clean import training_plan
from helpers.clean.clean_rows import repair_rows
from helpers.clean.cleaning_plan import draft_plan
from helpers.clean.unusual_readings import of

ROWS = 60


def table(*values, **others) -> pd.DataFrame:
    """A table whose column `area` has these values in turn."""
    area = pd.Series((list(values) * ROWS)[:ROWS], dtype="str")
    return pd.DataFrame({"area": area, "n": range(ROWS), **others})


def kept(frame: pd.DataFrame, name: str = "area") -> list[str]:
    return draft_plan(frame)["columns"][name].get("keep", [])


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("NA", ["NA", "EU", "US"]),
        ("NA", ["EMEA", "APAC", "NA", "LATAM"]),
        ("NA", ["NA", "PCR", "RAT", None]),
        ("NA", ["NA", "PCR", "RAT", "?"]),
        ("Na", ["Na", "K", "Ca", "Mg"]),
        ("-", ["+", "-", "+", "+/-"]),
    ],
)
def test_a_word_among_its_kind_is_a_value_in_every_later_row_and_that_is_said(word, values):
    frame = table(*values)
    plan = draft_plan(frame)
    assert plan["columns"]["area"]["keep"] == [word] and word in plan["columns"]["area"]["values"]
    assert cell_reader(plan["columns"]["area"])(word) == (word, "")
    cleaned, changes = repair_rows(frame, plan, {})
    assert (cleaned["area"] == word).sum() == (frame["area"] == word).sum()
    (said,) = [text for code, _, text in of(frame, plan, changes) if code == "words kept"]
    assert f"area (‘{word}’; " in said and "missing in columns.yaml" in said
    again = training_plan.learn_again(frame.head(40), plan, {})  # from training rows alone
    assert again["columns"]["area"]["keep"] == [word]
    undone = with_words(plan, {"area": {"missing": [word]}})["columns"]["area"]
    assert cell_reader(undone)(word) == (None, "missing word")


@pytest.mark.parametrize(
    "values",
    [
        ["NA", "Oslo", "Rome", None],  # no code among names
        ["NA", "PCR", "RAT"],  # nothing else says what is missing
        ["NA", "PCR", "RAT", "n/a", "?"],  # missing is written in every way
        ["NA", "YES", "NO", None],
        ["NA", "MALE", "FEMALE", None],
        ["NA", "A1", "B2", None],
        ["NA", "PCR", "RAT", "n/a"],  # the same word, written otherwise
        ["n/a", "EU", "US", None],
        ["-", "a", "b"],
        ["Na", "Ann", "Bob"],
        *[[*["EWR", "JFK", "LGA"] * 19, "NA", None, "JFK"]],  # one cell: a slip
    ],
)
def test_ordinary_words_for_missing_stay_missing(values):
    assert kept(table(*values)) == []


@pytest.mark.parametrize(
    "gaps",
    [["1.5", "NA"], ["2021-03-04", "NA"], ["yes", "NA", "no"]],
)
def test_what_the_file_writes_for_missing_elsewhere_is_missing_here(gaps):
    other = pd.Series((gaps * ROWS)[:ROWS], dtype="str")
    assert kept(table("NA", "EU", "US", other=other)) == []


def test_penguins_are_read_as_before():
    raw = load_penguins_raw().astype("str")
    assert not any("keep" in plan for plan in draft_plan(raw)["columns"].values())
