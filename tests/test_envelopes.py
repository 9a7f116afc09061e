"""Requests in the envelopes of other services: answered, or refused with a reason."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import requests

from helpers.base.user_errors import InputError
from helpers.registry import pyfunc_loader
from helpers.serving import local_service
from helpers.serving.model_bundle import check_columns
from helpers.serving.refusals import Refused
from helpers.serving.request_body import rows_in_body
from tests.small import bundle_of, post, prepared


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def address(made):
    with local_service.serving(bundle_of(made)) as address:
        yield address


@pytest.fixture(scope="module")
def rows(made) -> list[dict]:
    return json.loads(made.raw.head(3).to_json(orient="records", date_format="iso"))


def split(rows: list[dict]) -> dict:
    return {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}


def by_column(rows: list[dict]) -> dict:
    return {name: [row[name] for row in rows] for name in rows[0]}


ENVELOPES = {
    "instances": lambda rows: {"instances": rows},
    "instances and parameters": lambda rows: {"instances": rows, "parameters": {"a": 1}},
    "dataframe_split": lambda rows: {"dataframe_split": split(rows)},
    "dataframe_split and params": lambda rows: {"dataframe_split": split(rows), "params": {"a": 1}},
    "dataframe_records": lambda rows: {"dataframe_records": rows},
    "inputs": lambda rows: {"inputs": rows},
    "inputs by column": lambda rows: {"inputs": by_column(rows)},
    "data": lambda rows: {"data": rows},
    "rows": lambda rows: {"rows": rows},
    "split": split,
    "nested": lambda rows: {"request": {"body": {"records": rows}}},
}


@pytest.mark.parametrize("name", ENVELOPES)
@pytest.mark.parametrize("count", [1, 3])
def test_rows_in_an_envelope_are_answered_as_a_list_of_rows_is(address, rows, name, count):
    body = ENVELOPES[name](rows[:count])
    told = requests.post(f"{address}/predict", json=body, timeout=30)
    assert told.status_code == 200, told.text
    plain = requests.post(f"{address}/predict", json=rows[:count], timeout=30).json()
    answers = [{k: a[k] for k in ("prediction", "probability", "warnings") if k in a}
               for a in (told.json(), plain) for a in a]  # fmt: skip
    assert answers[:count] == answers[count:]


@pytest.mark.parametrize(
    "body", [{"instances": [[1, 2]]}, {"colour": "blue"}, [{"colour": 1}], {"a": "x", "b": "y"},
             {"instances": []}],
)  # fmt: skip
def test_what_matches_no_field_is_refused_with_the_fields_known(address, body):
    told = requests.post(f"{address}/predict", json=body, timeout=30)
    assert told.status_code == 422
    if body != {"instances": []}:
        assert "has unknown fields only" in told.json()["detail"]
        assert "GET /schema" in told.json()["detail"]


def test_one_strange_row_among_others_is_named(address, rows):
    told = requests.post(f"{address}/predict", json=[*rows, {"colour": "blue"}], timeout=30)
    assert told.json()["detail"].startswith("Row 4 has unknown fields only ('colour')")


def test_a_field_of_the_name_of_an_envelope_is_a_field():
    assert rows_in_body({"data": 3, "x": 1}, {"data", "x"}) == {"data": 3, "x": 1}
    with pytest.raises(Refused):
        rows_in_body({"data": 3}, {"x"})


# --- The charset of a body


LODZ = "weight,city,height,day,paid\n50,Łódź,170,2020-01-07,yes\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv; charset=windows-1250", LODZ.encode("cp1250")),
        ('text/csv; header=present; Charset="ISO-8859-2"', LODZ.encode("iso8859-2")),
        ("text/csv; charset=utf-16", LODZ.encode("utf-16")),
        ("text/csv; charset=utf-8", LODZ.encode("utf-8-sig")),
        ("text/csv", LODZ.encode()),
        ("application/json; charset=cp1250", '{"weight": 50, "city": "Łódź"}'.encode("cp1250")),
        ("application/json; charset=utf-8", '{"weight": 50, "city": "Łódź"}'.encode()),
    ],
)
def test_a_body_is_read_in_the_charset_that_it_names(address, kind, body):
    told = post(address, body, kind)
    assert told.status_code == 200, told.text
    (answer,) = told.json() if isinstance(told.json(), list) else [told.json()]
    assert "city: 'Łódź' was not seen in training" in answer["warnings"]
    assert not any("was read as" in said for said in answer["warnings"])


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("text/csv; charset=klingon", "there is no encoding 'klingon'"),
        ("text/csv; charset=utf-8", "is not UTF-8: line 2"),
        ("application/json; charset=ascii", "line 2"),
    ],
)
def test_a_charset_that_can_not_be_is_refused_in_one_line(address, kind, says):
    told = post(address, LODZ.encode("cp1250"), kind)
    assert told.status_code == 415 and says in told.json()["detail"]
    assert "--set" not in told.text and "\\n" not in told.text


def test_a_body_without_a_charset_is_read_by_its_letters_and_that_is_said(address):
    cities, rest = ["Kraków", "Łódź", "Wrocław", "Poznań", "Gdańsk"], "170,2020-01-07,yes"
    body = "weight,city,height,day,paid\n" + "".join(f"50,{one},{rest}\n" for one in cities)
    answers = post(address, body.encode("cp1250"), "text/csv").json()
    assert "city: 'Łódź' was not seen in training" in answers[1]["warnings"]
    said = "The body was read as Windows-1250 (Central European); Content-Type: text/csv; charset"
    assert answers[0]["warnings"][0].startswith(said)
    assert not any("The body" in one for one in answers[1]["warnings"])


def test_what_is_odd_in_a_body_is_said_in_the_first_answer(address):
    answers = post(
        address,
        b"weight\tcity\tcity\theight\tday\tpaid\n" + b"50\tRome\tOslo\t170\t2020-01-07\tyes\n" * 2,
        "text/csv",
    ).json()
    assert "had a name that is blank or taken" in answers[0]["warnings"][0]
    assert "taken" not in str(answers[1]["warnings"])


# --- Columns of other sources


def test_what_a_row_has_to_bring_is_said_by_every_road(made, rows, tmp_path):
    weather = {"source": "weather", "join": "nearest", "key": ["city"], "columns": ["height"],
               "carried": False}  # fmt: skip
    bundle = bundle_of(made)
    fields = bundle.fields | {"height": bundle.fields["height"] | {"source": "weather"}}
    bundle = replace(bundle, schema=bundle.schema | {"sources": [weather], "fields": fields})
    says = "weather: a row has to bring the columns of its nearest join (height)"
    lacking = [{k: v for k, v in row.items() if k != "height"} for row in rows]
    with local_service.serving(bundle) as address:
        for kind in (lacking[0], lacking):
            told = post(address, kind).json()
            one = told if isinstance(told, dict) else told[-1]
            assert sum(said.startswith(says) for said in one["warnings"]) == 1
        assert not any("weather" in said for said in post(address, rows[0]).json()["warnings"])
    model = pyfunc_loader.ReadingModel(bundle.model, bundle.schema)
    with pytest.warns(UserWarning, match=re.escape(says)):
        model.predict(pd.DataFrame(lacking))
    with pytest.raises(InputError, match="joined from the source 'weather': give a recipe"):
        check_columns(bundle, list(lacking[0]))  # as batch does, here and by workers


def test_a_row_with_mappings_is_read_as_a_file_of_such_rows_is():
    row = {"load": {"weight": 3, "of": {"axle": 2}}, "town": "Oulu"}
    known = {"load.weight", "load.of.axle", "town"}
    flat = {"load.weight": 3, "load.of.axle": 2, "town": "Oulu"}
    assert rows_in_body([row, row], known) == [flat, flat] and rows_in_body(row, known) == flat
    assert rows_in_body({"instances": [row]}, known) == [flat]
    assert rows_in_body(row, {"load", "town"}) == row, "a mapping for one field is refused later"
