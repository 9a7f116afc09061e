"""Forms that were found by trying situations by every road: dates as numbers, marks, scripts."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks import situations
from benchmarks.situation_table import COLUMN
from helpers.cells import numbered_dates
from helpers.cells.date_formats import parse_date
from helpers.cells.draft_column_plan import draft_and_repair, draft_column
from helpers.cells.durations import parse_duration
from helpers.cells.tidy_text import tidy
from helpers.clean import unusual_readings
from helpers.pipeline import beyond_training
from helpers.tables import header_rows

DAYS = pd.date_range("2021-03-28", periods=60, freq="D")


@pytest.mark.parametrize(
    ("name", "numbers", "form"),
    [
        ("x", DAYS.strftime("%Y%m%d"), "%Y%m%d"),  # eight digits that all are dates
        ("x", DAYS.strftime("%Y%m%d%H%M%S"), "iso"),
        ("created_at", DAYS.astype("int64") // 10**6, "epoch"),
        ("eventTime", DAYS.astype("int64") // 10**3, "epoch"),
        ("period", pd.date_range("2019-01-01", periods=40, freq="MS").strftime("%Y%m"), "%Y%m"),
        ("amount", pd.date_range("2019-01-01", periods=40, freq="MS").strftime("%Y%m"), ""),
        ("amount", DAYS.astype("int64") // 10**6, ""),  # they may be amounts as well
        ("date", np.arange(20_210_401, 20_210_461), ""),  # no 32nd of April
        ("date", np.arange(100_000, 100_060), ""),
        ("date", np.arange(60), ""),
    ],
)
@pytest.mark.parametrize("with_gaps", [False, True])
def test_numbers_that_surely_are_dates_are_dates(name, numbers, form, with_gaps):
    column = pd.Series(pd.to_numeric(pd.Index(numbers)), name=name)
    column = column.mask(column.index % 7 == 3) if with_gaps else column
    assert numbered_dates.format_of(column.to_numpy(float, na_value=np.nan), name) == form
    plan, (repaired, _) = draft_and_repair(column)
    assert (plan["kind"] == "date") == bool(form)
    said = unusual_readings.of(column.to_frame(), {"columns": {name: plan}}, NO_CHANGES)
    assert ("numbered dates" in [code for code, *_ in said]) == bool(form)
    if form:
        moments = numbered_dates.moments_of(column.to_numpy(float, na_value=np.nan), form)
        assert repaired.tolist() == pd.Series(moments).tolist()


NO_CHANGES = pd.DataFrame({"column": [], "kind": [], "before": []})


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("20210328T101500", "iso", datetime(2021, 3, 28, 10, 15)),
        ("20210328101500", "iso", datetime(2021, 3, 28, 10, 15)),
        ("2021-03-27 24:00", "iso", datetime(2021, 3, 28)),
        ("2021-03-27T24:00:00", "iso", datetime(2021, 3, 28)),
        ("28/Mar/2021:10:15:00 +0000", "%d %b %Y", datetime(2021, 3, 28, 10, 15)),
        ("28-MAR-21 10.15.00.000000000 PM", "%d-%b-%y", datetime(2021, 3, 28, 22, 15)),
        ("2021Q2", "%Y/%m", datetime(2021, 4, 1)),
        ("Q4 2021", "%Y/%m", datetime(2021, 10, 1)),
        ("Mar-21", "%b-%y", datetime(2021, 3, 1)),
        ("202111", "%Y%m%d", None),  # a month, not the first of January
        ("2021-03-27 25:00", "iso", None),
        ("Q5 2021", "%Y/%m", None),
    ],
)
def test_dates_as_systems_write_them_are_read(text, form, day):
    assert parse_date(text, form) == day


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h05", 3_900), ("12 h 30", 45_000), ("1h75", None)]
)
def test_hours_and_minutes_around_an_h_are_a_duration(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("\u0421\u0410B", "CAB"), ("\u0431o\u0442", "\u0431\u043e\u0442"),
     ("\u041e\u041e\u041e Rome", "\u041e\u041e\u041e Rome"), ("\u0416B", "\u0416\u0412"),
     ("\u0416Q", "\u0416Q"), ("Rome", "Rome")],
)  # fmt: skip
def test_a_word_of_two_scripts_that_look_the_same_is_one_of_its_own(typed, meant):
    assert tidy(typed) == meant


@pytest.mark.parametrize(
    ("word", "is_said"),
    [("{0}h{0}x", True), ("R{0}.{0}.2", True), ("2021-{0:03}", True), ("{0} CR", True),
     ("A-{0}", False), ("N{0}AB", False), ("shop {0}", False)],
)  # fmt: skip
def test_words_of_one_form_that_may_be_amounts_are_said(word, is_said):
    frame = pd.DataFrame({"x": [word.format(n) for n in range(100, 160)]})
    plan = {"columns": {"x": draft_column(frame["x"])}}
    assert plan["columns"]["x"]["kind"] in ("category", "text")
    said = {code: text for code, _, text in unusual_readings.of(frame, plan, NO_CHANGES)}
    assert ("one form" in said) == is_said
    assert not is_said or f"such as ‘{word.format(100)}’" in said["one form"]


def test_numbers_with_a_unit_beside_plain_ones_are_said():
    frame = pd.DataFrame({"share": [f"{n}.5 %" if n % 3 else f"{n / 90:.3f}" for n in range(60)]})
    plan = {"columns": {"share": draft_column(frame["share"])}}
    ((_, _, said),) = [one for one in unusual_readings.of(frame, plan, NO_CHANGES)
                       if one[0] == "some units"]  # fmt: skip
    assert "20 cells such as ‘0.000’ beside ‘1.5 %’: all in fraction" in said


def test_a_line_that_rules_off_a_header_is_no_part_of_its_names():
    assert header_rows.joined_names([["nr", "load"], ["----", "===="]]) == ["nr", "load"]


@pytest.mark.parametrize(
    ("field", "values", "says"),
    [
        ({"kind": "number", "whole": True, "range": [1, 9]}, [3.0, 4.25], "1 of 2 numbers are no"),
        ({"kind": "number", "range": [1, 9]}, [3.0, 4.25], ""),
        ({"kind": "date"}, pd.to_datetime(["2566-03-01", "2021-03-01"]), "1 of 2 dates are of"),
        ({"kind": "date"}, pd.to_datetime(["2021-03-01", "2021-03-02"]), ""),
    ],
)
def test_fractions_and_years_that_training_had_none_of_are_said(field, values, says):
    field = {"missing": 0} | field
    said = beyond_training._of_cells(pd.Series(values), field, {}, 100, 0)
    assert any(one.startswith(says) for one in said) if says else not any(said)


@pytest.mark.parametrize(
    ("answers", "said", "at", "cell"),
    [
        ([1.0, 2.0], [], [], "right"),
        ([1.0, 3.0], [f"{COLUMN}: 1 cell"], [], "said"),
        ([1.0, 3.0], ["steady: 1 cell"], [], "silent"),
        ([1.0, 3.0], ["x"], [["x"], []], "silent"),  # the row itself has to say it
        ([1.0, 3.0], ["x"], [[], [f"{COLUMN}: odd"]], "said"),
        ([1.0], [], [], "silent"),
    ],
)
def test_the_benchmark_of_situations_tells_silent_from_said(answers, said, at, cell):
    first = situations.Told(np.array([1.0, 2.0]))
    told = situations.Told(np.array(answers), said, at)
    assert situations.verdict("batch", first, told, situations.SITUATIONS[0])[0] == cell


@pytest.mark.parametrize("name", ["lakhs, 12,34,567.89", "20230723T101500", "Excel, a total below"])
@pytest.mark.slow
def test_a_situation_is_right_or_said_by_every_road(name):
    (found,) = situations.measured((name,))
    assert set(found["cells"].values()) <= {"right", "said", "-"}, found["said"]


@pytest.mark.parametrize(
    "word", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f52c"]
)
def test_joiners_that_words_and_emoji_need_stay(word):
    assert tidy(f" {word} ") == word and tidy("Ro\u200dme") == "Rome"
