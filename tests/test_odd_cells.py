"""What is odd in cells is said once a kind, with its columns and an example."""

import numpy as np
import pandas as pd
import pytest

from helpers.collect import odd_cells
from tests.nasty import make


def said(column, **more) -> dict[str, str]:
    found = odd_cells.of(pd.DataFrame({"x": column} | more), *(["x"] if more else []))
    return {one.code: one.message for one in found}


@pytest.mark.parametrize(
    ("code", "cells", "example"),
    [
        ("digits lost", ["9" * 30, "Oslo"], "x (1 cell, such as ‘999"),
        ("digits lost", [2**53 + 1, 5], "9007199254740993"),
        ("infinite", ["1e400", "a"], "‘1e400’"),
        ("infinite", [np.inf, 1.0], "‘inf’"),
        ("overflow", [1e200, 1.0], "‘1e+200’"),
        ("unseen letters", ["a\u200bb", "ab"], "a[U+200B]b"),
        ("unseen letters", ["a\x07b", "ab"], "a[U+0007]b"),
        ("long texts", ["w" * 10_001, "short"], "10,000 letters"),
        ("formulas", ["=1+1", "a"], "‘=1+1’"),
        ("markup", ["<script>x</script>", "a"], "<script>"),
        ("nested", ['{"a": 1}', "[1]", "x"], "(2 cells"),
        ("far dates", ["9999-12-31", "2024-01-01"], "9999-12-31"),
        ("far dates", [pd.Timestamp("2300-01-01"), pd.Timestamp("2024-01-01")], "2300-01-01"),
        ("mixed", ["12", "many", "few"], "‘12’ beside ‘"),
        ("empty rows", ["a", None], "(row 2)"),
    ],
)
def test_an_odd_cell_is_named(code, cells, example):
    assert example in said(cells)[code]


@pytest.mark.parametrize(
    "cells",
    [
        ["1234567890123456", "2"],  # sixteen digits that a float keeps
        ["-5", "+3", "7.5"],
        ["a < b", "<3", "@home", "- none"],
        ["👩‍👩‍👧", "שלום"],
        [2**53 - 1, 1],
        ["2024-02-30", "1990-01-01"],
        ["12", "n/a", "-"],
    ],
)
def test_what_is_nothing_odd_is_not_said(cells):
    assert said(cells) == {}


def test_a_good_table_has_no_odd_cell():
    assert odd_cells.of(make.good(), "paid") == []


def test_a_class_of_one_row_is_named():
    assert (
        "maybe stands in one row" in said(["yes", "yes", "no", "no", "maybe"], y=1)["class of one"]
    )
    assert said(["a", "b", "c"], y=1) == {}  # names of rows, no classes


def test_a_column_that_cleaning_reads_as_numbers_is_not_said_to_stay_words():
    whole, broken, words = ["5", "7"], ["51,5", "7,25", "8,5", "9,1"], ["low", "high"]
    said = {
        name: [found.code for found in odd_cells.of(pd.DataFrame({"x": cells * 20}))]
        for name, cells in {"decimal commas": whole + broken, "words": whole + words}.items()
    }
    assert said == {"decimal commas": [], "words": ["mixed"]}
