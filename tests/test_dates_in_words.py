"""Dates, yes and no, words for missing: as other languages, databases, spreadsheets have them."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from helpers.cells.date_formats import parse_date
from helpers.cells.dates_in_words import in_plain_form
from helpers.cells.draft_column_plan import draft_column
from helpers.cells.reading_columns import repair_column
from helpers.cells.reading_values import repair_value
from helpers.cells.tidy_text import repair_encoding, tidy
from helpers.clean.cleaning_plan import draft_plan
from helpers.collect import odd_cells

DAYS = pd.to_datetime("2022-11-20") + pd.to_timedelta(np.arange(0, 400, 9), unit="D")
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
          "diciembre",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
          "listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}  # fmt: skip


def read(texts, name="x") -> tuple[dict, pd.Series]:
    column = pd.Series(list(texts), name=name, dtype="str")
    plan = draft_column(column)
    return plan, repair_column(column, plan)[0]


@pytest.mark.parametrize("language", MONTHS)
@pytest.mark.parametrize(
    "form", ["{d}. {m} {y}", "{d} de {m} de {y}", "{m} {d}, {y}", "{d}-{m}-{y}"]
)
def test_months_have_names_in_other_languages(language, form):
    names = MONTHS[language].split()
    _, days = read(form.format(d=t.day, m=names[t.month - 1], y=t.year) for t in DAYS)
    assert days.tolist() == DAYS.tolist()


@pytest.mark.parametrize(
    "form",
    ["%Y年%m月%d日", "%Y. %m. %d.", "%Y.%m.%d", "%a, %d %b %Y %H:%M:%S +0000", "%A, %B %d, %Y",
     "%d%b%Y", "%H:%M %d/%m/%Y", "%d/%m/%Y %H:%M:%S.000", "%d-%m-%y", "%y/%m/%d", "%y-%m-%d",
     "%d/%b/%Y %H:%M:%S GMT"],
)  # fmt: skip
def test_dates_are_read_as_systems_write_them(form):
    _, days = read(DAYS.strftime(form))
    assert days.tolist() == DAYS.tolist()


@pytest.mark.parametrize("form", ["%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y"])
def test_months_without_a_day_are_dates(form):
    plan, days = read(DAYS.strftime(form))
    assert days.tolist() == [day.replace(day=1) for day in DAYS]
    assert repair_value("2023-05-17", plan)[0] == datetime(2023, 5, 17)


def test_a_month_is_no_day_of_a_column_of_days_and_a_code_no_month():
    assert repair_value("2023-05", {"kind": "date", "formats": ["iso"]}) == (None, "unreadable")
    assert read(f"{n}-0{n % 9 + 1}" for n in range(1000, 1040))[0]["kind"] == "category"


def test_moments_of_dotnet_and_of_zones_are_read():
    assert parse_date("/Date(1709596800000+0100)/", "iso") == datetime(2024, 3, 5)
    assert parse_date("05/03/2024 10:00:30.25 +0200", "%d/%m/%Y") == datetime(
        2024, 3, 5, 8, 0, 30, 250_000
    )


def test_a_format_of_a_person_that_names_its_time_is_followed():
    for form in ("%d.%m.%Y %H:%M", "%d/%m/%y %I:%M %p"):
        moment = datetime(2024, 3, 5, 16, 30)
        assert parse_date(moment.strftime(form), form) == moment


@pytest.mark.parametrize("text", ["Mayfair 3", "May 2024 to June 2024", "set 5", "room 5 mar 12"])
def test_other_texts_stay_as_they_are(text):
    assert in_plain_form(text) == text


@pytest.mark.parametrize(
    ("yes", "no"),
    [("ja", "nein"), ("OUI", "NON"), ("WAHR", "FALSCH"), ("sí", "no"), ("tak", "nie"),
     ("да", "нет"), ("是", "否"), ("✓", "✗"), ("b'\\x01'", "b'\\x00'")],
)  # fmt: skip
def test_yes_and_no_of_other_languages_are_booleans(yes, no):
    plan, _ = read([yes, no] * 12)
    assert plan["kind"] == "boolean"
    for text, value in ((yes, True), (no, False), ("True", True), ("0.0", False), (True, True)):
        assert repair_value(text, plan)[0] is value


@pytest.mark.parametrize(
    "word", ["k. A.", "n.d.", "s/d", "unbekannt", "нет данных", "无", "#REF!", "*", "0000-00-00"]
)
def test_other_words_for_missing_stand_among_numbers_and_dates(word):
    for texts in (DAYS.strftime("%d.%m.%Y"), [f"{n / 8}" for n in range(41)]):
        plan, cells = read([*texts, *[word] * 9])
        assert plan["kind"] in ("date", "number") and cells.isna().sum() == 9
    assert read([word, "red", "blue"] * 9)[1].isna().sum() == 0, "among names it may be one"


def test_days_that_stand_for_missing_are_missing_in_every_form():
    plan, days = read([*DAYS.strftime("%Y-%m-%d"), *["1900-01-01"] * 3, *["9999-12-31"] * 4])
    assert plan["missing"] == ["1900-01-01", "9999-12-31"] and days.isna().sum() == 7
    typed = pd.Series(pd.to_datetime(["2023-01-01", "1900-01-01"]).astype("datetime64[us]"))
    assert repair_column(typed, plan)[0].isna().tolist() == [False, True]
    assert repair_value("31.12.9999", plan) == (None, "missing word")


@pytest.mark.parametrize("few", [["1900-01-01"] * 2, ["1970-01-01"] * 9])
def test_days_that_are_rare_or_near_are_days(few):
    others = DAYS if few[0] == "1900-01-01" else pd.date_range("1965-01-01", periods=400, freq="9D")
    assert "missing" not in read([*others.strftime("%Y-%m-%d"), *few])[0]


def test_years_of_another_calendar_are_said():
    found = odd_cells.of(pd.DataFrame({"born": ["05/06/2566", "17/02/2560"] * 9}))
    assert [one.code for one in found] == ["far dates"]


@pytest.mark.parametrize("word", ["León", "Łódź", "Mérida", "città vecchia", "Málaga", "Cádiz"])
def test_a_wrong_encoding_is_mended_where_one_unicode_form_would_spoil_it(word):
    spoilt = word.encode().decode("latin-1")
    assert repair_encoding(tidy(spoilt)) == word and tidy(tidy(spoilt)) == tidy(spoilt)


def test_a_column_may_be_called_what_its_only_value_is():
    table = pd.DataFrame({"apple": ["apple", None, "Apple", "apple"] * 9, "y": range(36)})
    assert draft_plan(table, {"target": "y"})["columns"]["apple"]["values"] == ["apple"]
