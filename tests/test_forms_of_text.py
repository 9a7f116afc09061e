"""Kinds of text with one form: times, ranges, versions, ordered words; units in any spelling."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.cells.column_choices import with_choice
from helpers.cells.draft_column_plan import draft_as, draft_column, learn_again
from helpers.cells.reading_columns import repair_column
from helpers.cells.reading_values import cell_reader
from helpers.cells.times_of_day import parse_time
from helpers.cells.value_forms import FORMS, draft_form
from helpers.clean.cleaning_plan import draft
from helpers.clean.column_cleaner import Cleaner
from helpers.deploy.bundle_files import make_schema
from helpers.drift.comparable_columns import as_values
from helpers.examples.repair_scores import is_same_value
from helpers.features.category_encoder import form_level_steps
from helpers.features.feature_plan import plan_features
from helpers.pipeline import whole_pipeline
from helpers.pipeline.row_check import RowCheck, RowRefusedError


def column(texts: list[str], name: str = "x") -> pd.Series:
    return pd.Series(texts, dtype="str", name=name)


def cleaned(texts: list[str], name: str = "x") -> tuple[dict, list]:
    raw = column(texts, name)
    plan = draft_column(raw)
    return plan, repair_column(raw, plan)[0].tolist()


# --- Times of day


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8:05 a.m.", "08:05"), ("8:05 AM", "08:05"), ("8:05p", "20:05"), ("8.05 pm", "20:05"),
        ("8:05pJun 11", "20:05"), ("Jun 11 8:05 p.m.", "20:05"), ("Tue 20:05", "20:05"),
        ("06/11/2019 8:05 p.m.", "20:05"), ("2019-06-11T20:05:00Z", "20:05"), ("2005", "20:05"),
        ("12 midnight", "00:00"), ("noon", "12:00"), ("12 noon", "12:00"), ("7 pm", "19:00"),
        ("12:00 Midnight", "00:00"), ("12:10 a.m.", "00:10"), ("12:10 p.m.", "12:10"),
        ("20:05:30", "20:05:30"),
        ("8:05 p.m. (estimated)", "20:05"), ("20h05", "20:05"), ("24:00", "00:00"),
        ("20:05 Uhr", "20:05"), ("8:05 Apr 3", "08:05"), ("20:05:00+02:00", "20:05"),
    ],
)  # fmt: skip
def test_a_time_is_read_in_any_form(text, value):
    assert parse_time(text).value == value


@pytest.mark.parametrize(
    "text",
    ["25:10", "13:40 pm", "8:75", "8:05 - 9:10", "08:05-09:10", "-00:30", "cancelled", "8", "12.5",
     "3/4", "8:05 or 9:05", "1:2:3", "8:05 PMX", "gate 4", "", "8:05 " + "x" * 80],
)  # fmt: skip
def test_what_is_no_one_time_is_not_read(text):
    assert parse_time(text) is None


TIMES = ["9:40 p.m.", "9:40pMar 4", "Sat 21:40", "12 midnight", "03/04/2015 9:40 p.m.", "21:40"]


def test_times_in_many_forms_are_one_column():
    plan, values = cleaned(TIMES * 4)
    assert plan["form"] == "time of day"
    assert values[:6] == ["21:40", "21:40", "21:40", "00:00", "21:40", "21:40"]


def test_what_does_not_read_among_times_is_missing_and_in_review():
    frame = pd.DataFrame({"leaves": [*TIMES * 8, "ask the desk"]})
    plan, found = draft(frame)
    assert Cleaner(plan).fit(frame).transform(frame)["leaves"].isna().sum() == 1
    assert [(one["value"], one["kind"]) for one in found] == [("ask the desk", "unreadable")]
    assert "time of day" in found[0]["evidence"]


def test_the_usual_way_of_writing_times_fills_no_log_and_other_words_do():
    frame = pd.DataFrame({"leaves": [f"{h}:15 a.m." for h in range(1, 12)] * 3 + ["4:15aMay 2"]})
    changes = Cleaner().fit(frame).repair(frame)[1]
    assert changes[["kind", "before", "after"]].values.tolist() == [
        ["extra words", "4:15aMay 2", "04:15"]
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ["2015-03-04 21:40", "2015-03-05 09:10", "2015-03-06 10:00"],  # dates with a time
        ["05:30.5", "12:10.2", "63:05.1"],  # lengths
        ["1730", "0915", "2200"],  # codes
        ["4:3", "16:9", "21:9"],
        ["Meeting 9:40 room 4", "Lunch 12:30 hall", "Talk 15:00 hall"],  # prose
        ["517", "533", "542"],
    ],
)
def test_other_columns_are_no_times(texts):
    assert draft_column(column(texts * 10)).get("form") is None


def test_a_person_may_have_them_as_words_or_as_hours():
    raw = column(["09:30", "17:45"] * 10)
    plan = draft_column(raw)
    assert with_choice(raw, plan, {"kind": "category"})["values"] == ["09:30", "17:45"]
    hours = with_choice(raw, plan, {"kind": "number"})
    assert repair_column(raw, hours)[0].tolist()[:2] == [9.5, 17.75]
    assert with_choice(raw, {"kind": "text"}, {"kind": "time of day"})["form"] == "time of day"


def test_a_time_says_the_same_in_any_form():
    assert is_same_value("21:40", "9:40 p.m.") and is_same_value("7:10 a.m.", "07:10")
    assert not is_same_value("21:40", "9:40 a.m.") and not is_same_value("2140", "21:40")


# --- Ranges, versions, ordered words


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["18-29", "30 - 44", "45–64", "65+"], ["18-29", "30-44", "45-64", "65+"]),
        (["under 18", "18 to 29", "30 to 44", "45 and over"], ["<18", "18-29", "30-44", "45+"]),
        (["$50,000 - $99,999", "$100,000 - $149,999", "$150,000+"],
         ["50000-99999", "100000-149999", "150000+"]),
        (["1-5k", "5k-10k", "10k+"], ["1000-5000", "5000-10000", "10000+"]),
    ],
)  # fmt: skip
def test_ranges_have_one_form_and_an_order(texts, values):
    plan, found = cleaned(texts * 10)
    assert plan["form"] == "range" and found[: len(texts)] == values
    low = [FORMS["range"].parts["low"](value) for value in values]
    assert low == sorted(low)


@pytest.mark.parametrize(
    "texts",
    [
        [f"{n}-{n + 7}" for n in range(100, 400)],  # the pages of articles
        ["3-1", "0-2", "1-1", "2-0"],  # goals
        ["1234-5678", "0035-9157", "2041-1723"],  # codes
        ["red-blue", "blue-green", "red"],
    ],
)
def test_other_texts_with_dashes_are_no_ranges(texts):
    assert draft_column(column(texts * 4)).get("form") is None


def test_versions_are_ordered_part_by_part():
    plan, found = cleaned(["v1.9.0", "1.10.0", "1.10.1-rc1", "1.10.1"] * 5)
    assert plan["form"] == "version" and found[0] == "1.9.0"
    order = [FORMS["version"].parts["order"](one) for one in found[:4]]
    assert order == sorted(set(order))
    assert draft_column(column(["10.0.0.1", "10.0.0.2", "10.1.0.7"] * 9)).get("form") is None


@pytest.mark.parametrize(
    ("words", "ranks"),
    [
        (["high", "low", "medium"], ["low", "medium", "high"]),
        (["Never", "Often", "Sometimes"], ["Never", "Sometimes", "Often"]),
        (["L", "M", "S", "XL"], ["S", "M", "L", "XL"]),
        (["Agree", "Neutral", "Strongly disagree"], ["Strongly disagree", "Neutral", "Agree"]),
        (["red", "low", "high"], None),
        (["high", "low"], None),
        (["child", "man", "woman"], None),
    ],
)
def test_words_that_have_an_order_are_ranked(words, ranks):
    plan = draft_column(column(words * 12))
    assert plan.get("ranks") == ranks and plan["values"] == sorted(words)


def test_an_order_is_a_persons_to_give_and_to_take_away():
    raw = column(["bronze", "wood", "tin"] * 9)
    plan = with_choice(raw, draft_column(raw), {"ranks": ["wood", "tin", "bronze"]})
    assert plan["ranks"] == ["wood", "tin", "bronze"]
    assert learn_again(raw.iloc[:8], plan)[0]["ranks"] == plan["ranks"]
    sizes = column(["low", "medium", "high"] * 9)
    none = with_choice(sizes, draft_column(sizes), {"ranks": []})
    assert "ranks" not in none and "ranks" not in learn_again(sizes, none)[0]


# --- Phones, postcodes, addresses, places


@pytest.mark.parametrize(
    ("name", "form", "texts", "values"),
    [
        ("contact", "phone", ["312.555.0100", "312.555.0101", "(312) 555-0102", "+1 312 555 0103",
                              "3125550104"],
         ["312.555.0100", "312.555.0101", "312.555.0102", "312.555.0103", "312.555.0104"]),
        ("zip", "postcode", ["85023", "85023.0", "10001", "2134", "60601-1234"],
         ["85023", "85023", "10001", "02134", "60601-1234"]),
        ("PostCode", "postcode", ["sw1a 1aa", "EC1A1BB", "M1 1AE"],
         ["SW1A 1AA", "EC1A 1BB", "M1 1AE"]),
        ("from", "e-mail", ["Ann@Example.org", "mailto:bo@b.net"], ["ann@example.org", "bo@b.net"]),
        ("site", "web address", ["HTTP://Example.org/A/", "www.b.net", "c.io/x?y=1"],
         ["http://example.org/A", "www.b.net", "c.io/x?y=1"]),
        ("at", "coordinates", ["40.7128, -74.0060", "(41.88,-87.63)", "40°30'N 74°15'W"],
         ["40.7128, -74.006", "41.88, -87.63", "40.5, -74.25"]),
    ],
)  # fmt: skip
def test_addresses_have_one_form(name, form, texts, values):
    plan, found = cleaned(texts * 4, name)
    assert plan["form"] == form and found[: len(texts)] == values
    again = draft_as(column(texts, name), form)
    read = cell_reader(again)
    assert [read(value)[0] for value in values] == values


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("id", ["3125550100", "3125550101", "3125550199"]),
        ("x", ["85023", "10001", "60601"]),  # no name says that these are postcodes
        ("ssn", ["123-45-6789", "987-65-4321"]),
        ("file", ["http://a.org/b.png", "http://a.org/c.png"]),
        ("note", ["mail ann@b.org today", "ask bo"]),
        ("product", ["1234 AB", "5678 CD", "1111 EF", "2222 GH", "3333 IJ"]),
        ("name", ["report.txt", "notes.doc", "main.py"]),
    ],
)
def test_other_codes_stay_what_they_are(name, texts):
    assert draft_column(column(texts * 9, name)).get("form") is None


def test_postcodes_that_were_read_as_numbers_are_codes():
    raw = pd.Series([85023.0, 10001.0, None, 2134.0, 60601.0] * 9, name="zip_code")
    plan = draft_column(raw)
    assert plan["form"] == "postcode"
    assert repair_column(raw, plan)[0].dropna().tolist()[:3] == ["85023", "10001", "02134"]
    assert draft_column(raw.rename("price"))["kind"] == "number"
    assert with_choice(raw, plan, {"kind": "number"})["kind"] == "number"


def test_the_area_or_the_domain_is_learnt_from_where_each_text_comes_once():
    rows = pd.DataFrame({"from": [f"a{n}@{'xy'[n % 2]}.org" for n in range(60)]})
    plan = {"columns": {"from": draft_column(rows["from"])}}
    assert "note" not in plan["columns"]["from"]
    assert plan_features(rows, plan, {})["columns"] == {"from": "e-mail"}
    steps = form_level_steps("e-mail", "binary", 0).fit(rows, [n % 2 for n in range(60)])
    numbers = steps.transform(pd.DataFrame({"from": ["new@x.org", "new@y.org"]}))[:, 0]
    assert numbers[0] < 0 < numbers[1]


def test_months_and_quarters_are_dates_and_a_day_that_is_none_is_in_review():
    _, values = cleaned(["Q3 2021", "2021-07", "Jul 2021"] * 5)
    assert set(values) == {pd.Timestamp("2021-07-01")}
    frame = pd.DataFrame({"day": [*(f"Mar {n}, 2021" for n in range(1, 31)), "Feb 29, 2021"]})
    plan, found = draft(frame)
    assert plan["columns"]["day"]["kind"] == "date"
    assert [(one["value"], one["cells"]) for one in found] == [("Feb 29, 2021", 1)]


# --- Numbers with units


@pytest.mark.parametrize(
    ("texts", "unit", "values"),
    [
        (["250 g", "250 g.", "250 G", "250 gram", "500 g. Jar", "500 g. Po"], "g",
         [250, 250, 250, 250, 500, 500]),
        (["1 l", "1 Litre", "75 cl", "750 ML", "2 ltrs. Bottle"], "l", [1, 1, 0.75, 0.75, 2]),
        (["12.0 oz", "12.0 ounce", "16.0 OZ.", "12.0 oz. Silo Can", "12 Ounces"], "oz",
         [12, 12, 16, 12, 12]),
        (["5'7\"", "5'11", "5 ft 2 in", "170.18 cm", "6'"], "in", [67, 71, 62, 67, 72]),
        (["12 fl oz", "16 fl. oz.", "8 FL OZ", "1 pint"], "fl oz", [12, 16, 8, 16]),
        (["90 sq ft", "120 sq. ft.", "75 square feet"], "sqft", [90, 120, 75]),
        (["20 degrees C", "21 °C", "68 F"], "°C", [20, 21, 20]),
        (["60 W", "60 Watts", "0.1 kW"], "W", [60, 60, 100]),
        (["512 kB", "1 MB", "256 kilobytes"], "kB", [512, 1000, 256]),
        (["7 lb 3 oz", "100 oz", "6 lbs 1 oz"], "oz", [115, 100, 97]),
    ],
)  # fmt: skip
def test_units_in_any_spelling_are_one_unit(texts, unit, values):
    plan, found = cleaned(texts * 5)
    assert (plan["kind"], plan["unit"]) == ("number", unit)
    assert np.allclose(found[: len(texts)], values, rtol=1e-4)


@pytest.mark.parametrize(
    "texts",
    [
        ["2 in 1 shampoo", "3 in 1 oil", "2 in 1 printer"],
        ["5 min walk", "10 min walk", "2 min drive"],
        ["12 A", "14 B", "7 C"],
        ["500 g Jar", "250 g Can", "100 g Bag"],  # the jar would be lost
        ["500 g Jar", "250 g Can", "100 g Bag", "90 g Tube", "80 g"],
        ["100 m Street", "12 Oak Lane", "5 l Road"],
    ],
)
def test_texts_that_begin_with_a_number_stay_texts(texts):
    assert draft_column(column(texts * 10))["kind"] in ("category", "text")


def test_what_is_lost_behind_a_unit_is_in_the_log():
    frame = pd.DataFrame({"weight": ["250 g", "300 g", "400 g."] * 9 + ["500 g. Jar"]})
    changes = Cleaner().fit(frame).repair(frame)[1]
    assert changes["kind"].tolist() == ["extra words"] and changes["after"].tolist() == ["500"]


def test_per_cents_beside_shares_are_shares():
    plan, found = cleaned(["1,2 %", "0.012", "3.5%", "0.02", "0.5 %", "0.031"] * 4)
    assert plan["unit"] == "fraction"
    assert np.allclose(found[:6], [0.012, 0.012, 0.035, 0.02, 0.005, 0.031])
    plan, found = cleaned(["0.05%", "0.06", "0.07%", "0.05", "0.045"] * 4)
    assert plan["unit"] == "%" and found[0] == 0.05  # both say the same


def test_thousands_with_a_k_are_thousands():
    _, found = cleaned(["1.5k", "1500", "2k", "2300", "980"] * 5)
    assert found[:2] == [1500, 1500]


# --- One cell and a column agree; a delivery's cells are read so, too


COLUMNS = {
    "time of day": [*TIMES, "soon"],
    "range": ["18-29", "30 to 44", "65+", "old"],
    "version": ["v1.2.3", "1.10.0", "soon"],
    "phone": ["(312) 555-0100", "312.555.0101", "none yet"],
    "postcode": ["85023.0", "2134", "10001", "many"],
    "e-mail": ["A@b.org", "a at b"],
    "web address": ["HTTP://a.org/", "a.org", "see there"],
    "coordinates": ["(40.71,-74.01)", "north"],
}


def test_every_form_is_tested():
    assert set(COLUMNS) == set(FORMS)


@pytest.mark.parametrize("form", COLUMNS)
def test_one_cell_and_a_column_agree(form):
    plan = draft_as(column(COLUMNS[form]), form)
    values, kinds = repair_column(column(COLUMNS[form]), plan)
    one = [cell_reader(plan)(text) for text in COLUMNS[form]]
    assert [value for value, _ in one] == [None if pd.isna(v) else v for v in values]
    assert [kind for _, kind in one] == kinds.tolist()
    assert one[-1] == (None, "unreadable")
    again = values.dropna()
    assert repair_column(again, plan)[1] is None or not (repair_column(again, plan)[1] != "").any()


def test_the_evidence_is_most_cells_and_most_texts():
    words = Counter({f"{n}:10 pm": 1 for n in range(1, 10)})
    assert draft_form(words, is_early=True)
    assert draft_form(words + Counter({"ask": 5}), is_early=True) is None
    assert draft_form(words + Counter({"a": 1, "b": 1, "c": 1, "d": 1}), is_early=True) is None


def test_times_drift_by_their_hours_and_other_texts_as_words():
    hours = as_values(column(["06:30", "18:00"]))
    assert hours.tolist() == [6.5, 18.0]
    assert as_values(column(["06:30", "late"])).tolist() == ["06:30", "late"]


def test_a_schema_lists_the_texts_of_a_closed_form_alone():
    raw = pd.DataFrame({"leaves": ["06:30", "7:05 pm"] * 30, "age": ["18-29", "30 - 44"] * 30})
    plan = {"columns": {name: draft_column(raw[name]) for name in raw}}
    clean = Cleaner(plan).fit(raw).transform(raw)
    fields = make_schema(raw, clean, plan, {"columns": ["leaves", "age"]})["fields"]
    assert "levels" not in fields["leaves"] and fields["leaves"]["form"] == "time of day"
    assert fields["age"]["levels"] == ["18-29", "30-44"]
    check = RowCheck(fields, set(), plan["columns"])
    assert check.row({"leaves": "4:44 a.m.", "age": "18 to 29"}, 1)[0] == []
    with pytest.raises(RowRefusedError, match="a time of day such as '06:30' was expected"):
        check.row({"leaves": "when it is full", "age": "18-29"}, 1)


def test_a_stored_model_reads_the_forms_as_it_did(tmp_path):
    rows = pd.DataFrame({"leaves": [f"{n % 24:02d}:10" for n in range(80)],
                         "risk": ["low", "medium", "high", "low"] * 20,
                         "from": [f"a{n}@{'xyz'[n % 3]}.org" for n in range(80)]})  # fmt: skip
    cleaning = draft(rows)[0]
    clean = Cleaner(cleaning).fit(rows).transform(rows)
    plan = plan_features(clean, cleaning, {"target": "y", "task": "binary"})
    assert list(plan["columns"].values()) == ["time of day", "ordered words", "e-mail"]
    labels = np.array(["no", "yes"])[np.arange(80) % 24 // 12]
    model = whole_pipeline.fit(cleaning, plan, LogisticRegression(), clean, labels)
    whole_pipeline.save(model, tmp_path / "model.skops")
    again = whole_pipeline.load(tmp_path / "model.skops")
    asked = pd.DataFrame({"leaves": ["2:10 a.m.", "9:40pMar 4", None], "risk": ["LOW", None, "odd"],
                          "from": ["New@X.org", "n@new.org", None]})  # fmt: skip
    assert np.array_equal(again.predict_proba(asked), model.predict_proba(asked))
    assert again.predict(asked).tolist()[:2] == ["no", "yes"]
    names = list(model["features"].get_feature_names_out())
    assert {"leaves_minutes", "leaves_sin", "leaves_cos", "risk_rank"} <= set(names)
    ranks = model["features"].transform(clean)[:3, names.index("risk_rank")]
    assert ranks[0] < ranks[1] < ranks[2]
