import pytest

from helpers.cells.currencies import CURRENCIES
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
