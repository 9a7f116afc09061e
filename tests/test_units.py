import subprocess
import sys

import pytest

from helpers.cells.currencies import CURRENCIES
from helpers.cells.number_formats import parse_quantity
from helpers.cells.unit_conversion import DIMENSIONS, can_convert, convert, dimension, known


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [
        (1, "mi", "km", 1.60934),
        (1, "nautical", "km", None),
        (100, "°C", "°F", 212),
        (-40, "f", "C", -40),
        (0, "°C", "K", 273.15),
        (60, "mph", "km/h", 96.5606),
        (1, "gallon", "l", 3.78541),
        (2, "hours", "min", 120),
        (12, "inches", "ft", 1),
        (16, "oz", "lbs", 1),
        (1, "bar", "millibars", 1000),
    ],
)
def test_conversions_against_published_factors(value, unit, into, expected):
    if expected is None:
        assert not can_convert(unit, into)
    else:
        assert convert(value, unit, into) == pytest.approx(expected, rel=1e-5)


def test_there_and_back_is_the_same_for_all_units_of_a_dimension():
    for table in DIMENSIONS.values():
        units = [unit for unit, (factor, _) in table.items() if factor]
        for unit in units:
            there = convert(7.25, units[0], unit)
            assert convert(there, unit, units[0]) == pytest.approx(7.25, rel=1e-5)


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [("OZ", "oz"), ("oz.", "oz"), ("Pounds", "lb"), ("KG", "kg"), ("EUR", "€"), ("apples", ""),
     ("", "")],
)  # fmt: skip
def test_spellings_of_a_unit(spelling, unit):
    assert known(spelling) == unit


def test_no_spelling_means_two_units():
    seen = {}
    for table in DIMENSIONS.values():
        for unit, (_, others) in table.items():
            for spelling in {unit.casefold(), *others.split()}:
                assert seen.setdefault(spelling, unit) == unit


@pytest.mark.parametrize(
    ("unit", "into"), [("kg", "km"), ("$", "€"), ("months", "d"), ("apples", "kg"), ("", "kg")]
)
def test_what_can_not_be_converted(unit, into):
    assert not can_convert(unit, into)
    assert all(dimension(sign) == "" for sign in CURRENCIES)


NEW_CURRENCY = """
from helpers.cells import currencies
source = open(currencies.__file__, encoding="utf-8").read()
line = '    "₩": "krw",\\n'
assert source.count(line) == 1
exec(source.replace(line, line + '    "Ft": "huf forint",\\n'), vars(currencies))
import pandas as pd
from helpers.cells.draft_column_plan import draft_column
from helpers.cells.reading_columns import repair_column
from helpers.cells.number_formats import parse_quantity
from helpers.cells.unit_conversion import known
prices = pd.Series(["5 Ft", "HUF 7.50", "12", "9 forint"] * 5)
plan = draft_column(prices)
print(known("HUF"), plan, repair_column(prices, plan)[0].tolist()[:4])
"""


def test_one_line_in_the_list_adds_a_currency():
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", NEW_CURRENCY], capture_output=True, text=True,
        encoding="utf-8",
    )  # fmt: skip
    said = "Ft {'kind': 'number', 'unit': 'Ft'} [5.0, 7.5, 12.0, 9.0]\n"
    assert (done.stdout, done.stderr) == (said, "")


@pytest.mark.parametrize("sign", CURRENCIES)
def test_every_currency_is_read_in_front_and_behind_by_sign_and_by_code(sign):
    code = CURRENCIES[sign].split()[0].upper()
    for text in (f"{sign}5", f"5 {sign}", f"{code} 5", f"5 {code}"):
        value, unit = parse_quantity(text)
        assert (value, known(unit)) == (5.0, sign), text
