"""What reads as a number and is none, and numbers that are written in other ways."""

import json
import random
from collections import Counter

import pandas as pd
import pytest
import sqlalchemy as sa

from helpers.cells.as_texts import texts
from helpers.cells.codes_like_numbers import are_codes
from helpers.cells.draft_column_plan import draft_column
from helpers.cells.durations import clock_of, parse_clock, parse_duration
from helpers.cells.number_formats import parse_quantity
from helpers.cells.reading_columns import repair_column
from helpers.cells.reading_values import cell_reader
from helpers.clean.cleaning_plan import read_plan
from helpers.tables.read_any import read_table
from helpers.tables.sure_numbers import numbers_if_surely
from helpers.tables.tidy_table import tidy

R = random.Random(25)
MANY = range(60)


def column(texts, name="x") -> pd.Series:
    """A column as a CSV file has it, read as stage 1 reads it."""
    return numbers_if_surely(pd.Series(list(texts), dtype="str", name=name))


CODES = {
    "powers of ten": ("sku", [R.choice(["7E3", "12E4", "830", "9E11"]) for _ in MANY]),
    "hexadecimal keys": ("key", [f"{n}e{n * 7}" for n in range(21, 81)]),
    "versions": ("release", [R.choice(["3.8", "3.9", "3.10", "3.12"]) for _ in MANY]),
    "versions by their look": (
        "x",
        [R.choice(["0.9", "1.8", "1.9", "1.10", "1.11"]) for _ in MANY],
    ),
    "a zero in front": ("x", [f"{n:04d}" for n in range(60, 120)]),
    "many digits": ("x", [str(2**60 + n) for n in MANY]),
    "grades": ("x", [R.choice(["1", "1-", "2+", "3"]) for _ in MANY]),
    "odds": ("x", [R.choice(["5:1", "16:9", "2:10"]) for _ in MANY]),
    "bands": ("x", [R.choice(["<18", "18-25", "26-40", "40+"]) for _ in MANY]),
}


@pytest.mark.parametrize(("name", "texts"), CODES.values(), ids=CODES)
def test_codes_stay_as_they_are_written(name, texts):
    raw = column(texts, name)
    plan = draft_column(raw)
    assert plan["kind"] in ("category", "text")
    assert repair_column(raw, plan)[0].tolist() == texts


NUMBERS = {
    "prices": [f"{n / 7:.2f}" for n in MANY],
    "no zero at the end": [f"{n / 8:g}" for n in MANY],
    "two significant digits": ["0.10", "0.2", "0.15", "0.30", "0.25"],
    "scientific": [f"{10.0**n:.1E}" for n in range(-5, 9)],
    "with a sign": ["1E+06", "5E-04", "2E+10"],
    "beside a point": ["1E6", "2.5E3", "120"],
    "small e": ["1e3", "1e4", "1e5"],
    "whole": list(map(str, MANY)),
}


@pytest.mark.parametrize("texts", [["1.5", None, "2"], ["1.9", None, "1.10", "2.0"], [None, "1E6"]])
def test_gaps_change_nothing_of_that(texts):
    raw = column(texts)
    assert pd.isna(raw.iloc[texts.index(None)])
    assert (raw.dtype == float) is (texts[0] == "1.5")


@pytest.mark.parametrize("texts", NUMBERS.values(), ids=NUMBERS)
def test_ordinary_numbers_stay_numbers(texts):
    raw = column(texts)
    assert raw.dtype.kind in "if" and raw.tolist() == [float(text) for text in texts]


QUANTITIES = {
    "minus behind": (["1303.16-", "12.50", "7.00-"], [-1303.16, 12.5, -7.0]),
    "minus behind a comma": (["1.303,16-", "12,50", "7,05-"], [-1303.16, 12.5, -7.05]),
    "brackets": (["(1303.16)", "12.50", "$(7)"], [-1303.16, 12.5, -7.0]),
    "a dash for nothing": (["$-", "$ - ", "$(5.20)", "$1,200", "-"], [0, 0, -5.2, 1200, 0]),
    "no cents": (["CHF 5.-", "CHF 1’234.—", "CHF 7.50"], [5, 1234, 7.5]),
    "apostrophes": (["1’234.50", "1'000", "12ʼ000.25", "9´001", "1′111"],
                    [1234.5, 1000, 12000.25, 9001, 1111]),
    "narrow spaces": (["1\u202f234,50", "1\u2009000,00", "1\u00a0000\u00a0000,25"],
                      [1234.5, 1000, 1000000.25]),
    "points and a comma": (["1.234,56 €", "€ 7,10", "1.000.000,00 €"], [1234.56, 7.1, 1e6]),
    "lakhs": (["₹ 12,34,567.50", "1,50,000", "Rs. 2,00,00,000"], [1234567.5, 150000, 2e7]),
    "percent": (["12,5 %", "7%", "100 %"], [12.5, 7, 100]),
    "magnitudes of money": (["$1.2M", "$950K", "$3bn", "$12"], [1.2e6, 9.5e5, 3e9, 12]),
    "magnitudes": (["1.2M", "950", "12.3K", "8k"], [1.2e6, 950, 12300, 8000]),
    "a word behind": ([f"{n} visits" for n in range(2, 30)], list(range(2, 30))),
    "beyond a limit": (["<0.5", "0.7", "1.2", "3.4", "8", "> 10"], [0.5, 0.7, 1.2, 3.4, 8, 10]),
    "ISO durations": (["PT5M", "PT1H", "P1DT1S"], [300, 3600, 86401]),
    "durations in letters": (["1h 20m", "45m", "2 hrs 5 min", "1d 2h"], [4800, 2700, 7500, 93600]),
    "minutes and seconds": (["73:10", "5:05", "58:00"], [4390, 305, 3480]),
    "hours, minutes, seconds": (["1:00:05", "58:12", "2:10:00"], [3605, 3492, 7800]),
    "days": (["1 day, 0:00:10", "0 days 00:01:00"], [86410, 60]),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "numbers"), QUANTITIES.values(), ids=QUANTITIES)
def test_numbers_in_other_forms_are_read_alike_cell_by_cell_and_as_a_column(texts, numbers):
    raw = column(texts * 3)
    plan = draft_column(raw)
    assert plan["kind"] == "number" and plan.get("note", "") != "identifier"
    assert repair_column(raw, plan)[0].tolist()[: len(texts)] == pytest.approx(numbers)
    plan = read_plan(json.dumps({"columns": {"x": plan}}), ["x"])["columns"]["x"]
    read = cell_reader(plan)  # what the service asks
    assert [read(text)[0] for text in texts] == pytest.approx(numbers)


@pytest.mark.parametrize(
    "text",
    ["5-", "3-4", "--5", "()", "(a)", "$", "$--5", "1,23,45", "12-34,567", "P", "PT", "5'13\""],
)  # fmt: skip
def test_what_is_no_amount_stays_none(text):
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("name", "texts", "clock"),
    [
        ("lap time", ["05:30", "12:10"], "m:s"),
        ("departure time", ["5:30", "12:10"], "time of day"),
        ("hours_worked", ["7:30", "8:15"], "h:m"),
        ("x", ["1:23.45", "2:01.10"], "m:s"),
        ("x", ["05:30", "23:10"], "time of day"),
        ("x", ["05:30", "99:10"], "m:s"),
        ("x", ["5:1", "16:9"], ""),
        ("x", ["3:16", "apples", "pears"], ""),
    ],
)
def test_durations_are_told_from_times_of_day_by_evidence(name, texts, clock):
    assert clock_of(Counter(texts), name) == clock


def test_a_duration_that_can_not_be_is_none():
    assert parse_clock("5:75", "m:s") is parse_clock("13:30 pm", "time of day") is None
    assert parse_duration("," * 400 + "1h") is parse_duration("1") is None


def test_a_dash_among_prices_that_are_no_ledger_stays_missing():
    raw = column(["$5", "$7.10", "-", "$12"] * 5)
    assert repair_column(raw, draft_column(raw))[0].isna().sum() == 5


def test_codes_are_told_by_the_whole_column():
    assert are_codes(["1E6", "2E4"]) and not are_codes(["1E6", "2E-4"])
    assert are_codes(["1.1", "1.10"], "app_version") and not are_codes(["1.10", "1.20"], "version")
    assert not are_codes(["5.5", "5.50", "7.25"], "price")


def test_values_beyond_a_limit_follow_the_plan():
    plan = {"kind": "number", "unit": "mg"}
    assert cell_reader(plan)("< 2 mg") == (2.0, "beyond")
    assert cell_reader(plan | {"beyond": "half"})("< 2 mg") == (1.0, "beyond")
    assert cell_reader(plan | {"beyond": "missing"})("2+") == (None, "beyond")


def test_whole_numbers_of_many_digits_stay_exact_beside_gaps_from_every_source(tmp_path):
    keys = [2**53 + 1 + 2 * n for n in range(20)]
    cells = [*map(str, keys[1:]), None]
    records = [{"key": k, "a": {"gap": g and int(g)}} for k, g in zip(keys, cells, strict=True)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, records)))
    frame = pd.DataFrame({"key": keys, "a.gap": pd.array([g and int(g) for g in cells], "Int64")})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.astype("str").to_excel(tmp_path / "t.xlsx", index=False, na_rep="")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/t.db")
    frame.to_sql("t", engine, index=False)
    engine.dispose()
    mixed = pd.DataFrame({"key": keys, "a.gap": pd.Series([*keys[1:], None], dtype=object)})
    read = [read_table(str(tmp_path / f"t.{kind}")) for kind in ("jsonl", "csv", "parquet", "xlsx")]
    for table in [*read, read_table(f"sqlite:///{tmp_path}/t.db"), tidy(mixed, "a sheet")]:
        gap = texts(table["a.gap"])
        assert gap.dropna().tolist() == cells[:-1] and pd.isna(gap.iloc[-1])
        assert texts(table["key"]).tolist() == list(map(str, keys))


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        ([*[f"{n}.{n + 100}" for n in range(1, 40)], "950"], 950.0),
        ([*[f"{n}.{n + 100}" for n in range(1, 40)], "1.200.300", "7"], 7.0),
        (["٣٣٫٥", "١٢٫٢٥", "٧"], 7.0),
        (["2,05E-03", "1,5E+02", "0,5E+00"], 0.5),
    ],
)
def test_points_that_part_thousands_and_decimals_of_other_writing_are_read(texts, value):
    column = pd.Series(texts, dtype="str")
    for cells in (column, numbers_if_surely(column)):
        plan = draft_column(cells)
        read = repair_column(cells, plan)[0]
        assert plan["kind"] == "number" and read.iloc[-1] == value
        assert texts[0] != "1.101" or read.iloc[0] == 1101.0


FRACTIONS = [f"{n}.125" for n in range(1, 40)]


@pytest.mark.parametrize(
    "texts", [FRACTIONS, ["0.125", "950"] * 30, [*FRACTIONS, "7.5", "950"], ["1.125", "950"] * 30]
)
def test_three_digits_behind_a_point_alone_are_decimals(texts):
    assert numbers_if_surely(pd.Series(texts, dtype="str")).iloc[0] < 2


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["10³", "10⁴", "10⁻²"], [1_000, 10_000, 0.01]),
        (["5.6×10⁴", "-2.5 x 10^3", "7·10⁰"], [56_000, -2_500, 7]),
        (["2,5×10³", "1,25×10²", "3,5"], [2_500, 125, 3.5]),
        (["½", "1½", "-2¾", "4"], [0.5, 1.5, -2.75, 4]),
    ],
)
def test_powers_of_ten_and_fractions_as_they_are_printed(cells, values):
    column = pd.Series(cells * 9, name="x", dtype="str")
    plan = draft_column(column)
    assert plan["kind"] == "number"
    assert [cell_reader(plan)(cell)[0] for cell in cells] == pytest.approx(values)


@pytest.mark.parametrize("text", ["12.5¹", "103²", "7₂"])
def test_digits_off_the_line_are_no_digits_of_the_number(text):
    assert cell_reader({"kind": "number"})(text)[0] is None
    assert cell_reader({"kind": "number", "unit": "m²"})("9 m²")[0] == 9


@pytest.mark.parametrize(
    ("cells", "kind"),
    [(["+4915161234567", "+14155550123", "+442071838750"], "category"), (["+5", "+12"], "number")],
)
def test_telephone_numbers_are_codes(cells, kind):
    column = pd.Series(cells * 9, name="x", dtype="str")
    assert draft_column(column)["kind"] == kind
    assert (str(numbers_if_surely(column).dtype) == "str") == (kind == "category")


def test_codes_in_which_case_counts_are_not_merged():
    ids = ["00150GvPXa", "00150gvpxA", "00150GVpXa"]
    plan = draft_column(pd.Series(ids * 5, name="account"))
    assert [cell_reader(plan)(one)[0] for one in ids] == ids
    shouted = draft_column(pd.Series(["MacBook2019"] * 9 + ["MACBOOK2019"], name="item"))
    assert cell_reader(shouted)("MACBOOK2019") == ("MacBook2019", "spelling")
