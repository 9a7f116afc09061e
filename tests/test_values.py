import subprocess
import sys
from collections import Counter
from datetime import datetime

import pytest

from helpers.cells.column_numbers import number_format
from helpers.cells.date_formats import parse_date
from helpers.cells.known_words import MISSING_WORDS, SURELY_MISSING
from helpers.cells.number_formats import (
    PLAIN_NUMBER,
    parse_number,
    parse_quantity,
    share_read,
)
from helpers.cells.tidy_text import fingerprint, tidy


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        (" -3.5 ", -3.5),
        ("+3", 3.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5),
        ("1 234", 1234.0),
        ("1'234.5", 1234.5),
    ],
)
def test_a_number_with_a_decimal_point_is_read(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,5", 1.5), ("1.234,5", 1234.5), ("1.234", 1234.0), ("-0,25", -0.25), ("7", 7.0)],
)
def test_a_number_with_a_decimal_comma_is_read(text, value):
    assert parse_number(text, "comma") == value


@pytest.mark.parametrize(
    "text", ["", "x", "12_000", "0x10", "(5)", "1,23", "1,234,56", "1.2.3", "5-", "nan", "inf"]
)
def test_what_is_not_a_number_is_none(text):
    assert parse_number(text) is None


def test_a_number_too_large_for_a_float_is_none_and_not_infinite():
    assert parse_number("1e400") is None


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("$1,200", (1200.0, "$")),
        ("-$5", (-5.0, "$")),
        ("$-5", (-5.0, "$")),
        ("12 %", (12.0, "%")),
        ("3kg", (3.0, "kg")),
        ("20 EUR", (20.0, "EUR")),
        ("7", (7.0, "")),
        ("70 mph", (70.0, "mph")),
        ("€1,234", (1234.0, "€")),
        ("50%", (50.0, "%")),
        ("5 m²", (5.0, "m2")),
        ("4 KG", (4.0, "KG")),
    ],
)
def test_a_quantity_is_read_with_its_unit_and_sign(text, quantity):
    assert parse_quantity(text) == quantity


@pytest.mark.parametrize(
    "text",
    ["", "kg", "$5 kg", "3 kg and 2 g", "about 3", "3-4", "--5", "+-5", "-$-5", "$--5", "5,"],
)
def test_what_is_not_one_quantity_is_none(text):
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2013-02-01", "iso", datetime(2013, 2, 1)),
        ("2013-02-01 10:30", "iso", datetime(2013, 2, 1, 10, 30)),
        ("02/01/2013", "%m/%d/%Y", datetime(2013, 2, 1)),
        ("02/01/2013", "%d/%m/%Y", datetime(2013, 1, 2)),
        ("1 Feb 2013", "%d %b %Y", datetime(2013, 2, 1)),
    ],
)
def test_a_date_is_read_in_the_named_format_only(text, form, day):
    assert parse_date(text, form) == day


def test_a_date_with_a_time_zone_comes_out_in_utc_without_one():
    assert parse_date("2013-01-01T02:00:00+05:00", "iso") == datetime(2012, 12, 31, 21)


@pytest.mark.parametrize("text", ["20130101", "2013-02-30", "", "soon", "13", "1.5"])
def test_what_is_not_an_iso_date_is_none(text):
    assert parse_date(text, "iso") is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_date_beyond_the_calendar_is_none_and_no_error(text):
    assert parse_date(text, "iso") is None


@pytest.mark.parametrize("text", ["  New \t York\n", "New\u00a0York", "Ｎｅｗ York", "New York"])
def test_tidy_gives_one_form_and_single_spaces(text):
    assert tidy(text) == "New York"


@pytest.mark.parametrize("text", [" a  b ", "ﬁne", "½ x²", "m²\u2003"])
def test_tidying_twice_changes_nothing_more(text):
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("New York", "new  york"),
        ("York, New", "New York"),
        ("Málaga", "malaga"),
        ("AIRBUS.", "Airbus"),
        ("a1", "A1"),
        ("café", "cafe"),
        ("cafe\u0301", "café"),
        ("A+", "a+"),
        ("ハ\u3099ス", "バス"),
    ],
)
def test_spellings_of_one_thing_share_a_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A1", "A2"),
        ("10 mg", "100 mg"),
        ("1.5", "15"),
        ("<5", ">5"),
        ("18+", "18-"),
        ("route 1 2", "route 2 1"),
        ("New York", "Newark"),
        ("+", "*"),
        ("A+", "A-"),
        ("A+", "A"),
        ("C++", "C#"),
        ("C++", "C"),
        ("-x", "x"),
        ("バス", "パス"),
        ("バス", "ハス"),
        ("パス", "ハス"),
    ],
)
def test_different_things_have_different_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_words_that_may_be_a_category_are_not_surely_missing():
    assert {"none", "unknown"} <= MISSING_WORDS - SURELY_MISSING
    assert {"", "n/a", "null", "-"} <= SURELY_MISSING


def test_importing_helpers_stays_cheap():
    code = "import sys, helpers; print({'pandas', 'numpy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("words", "form"),
    [
        (["1", "2.5"], {}),
        (["0,525", "0,7", "12,5"], {"style": "comma"}),
        (["1.234,5", "7,25"], {"style": "comma"}),
        (["5 µg", "7 µg"], {"unit": "μg"}),
        (["5 μg", "7 μg"], {"unit": "μg"}),
        (["5 m²", "6 m2"], {"unit": "m²"}),
        (["3 kg", "4 KG", "5 kg"], {"unit": "kg"}),
        (["€1,234", "€5"], {"unit": "€"}),
        (["50%", "7 %"], {"unit": "%"}),
        (["02134", "10001"], None),
        (["3 kg", "4 kg", "4 lb"], {"unit": "kg"}),
        (["3 kg", "4 km"], None),
        (["$3", "€4"], None),
        (["1A", "2B", "3C"], None),
        (["1.2.3", "1.2.4"], None),
        (["5 apples"], None),
        (["a", "1"], None),
    ],
)
def test_a_column_of_words_has_one_form_of_number_or_none(words, form):
    assert number_format(Counter(words)) == form


def test_nineteen_in_twenty_cells_must_read_as_numbers():
    assert number_format(Counter({"5": 95, "many": 5})) == {}
    assert number_format(Counter({"5": 94, "many": 6})) is None


def test_digits_that_a_float_would_lose_make_no_number():
    accounts = Counter(str(10**19 + n) for n in range(40))
    assert number_format(accounts) is None
    assert number_format(Counter(str(2**52 + n) for n in range(40))) == {}
    assert number_format(Counter({"5": 99, "9" * 17: 1})) == {}  # a slip among numbers


def test_the_share_that_reads_counts_cells_and_not_words():
    words = Counter({"1": 3, "x": 1})
    assert share_read(words, parse_number) == 0.75
    assert share_read(Counter(), parse_number) == 0


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [("5", True), ("-.5", True), ("1e3", True), ("5.", True)]
    + [(text, False) for text in ("", ".", "1,5", "5 ", "nan", "1_000", "--5")],
)
def test_a_plain_number_is_one_that_python_writes(text, is_plain):
    assert bool(PLAIN_NUMBER.fullmatch(text)) == is_plain
