"""Requests in the envelopes of other services: answered, or refused with a reason."""

import json

import pytest
import requests

from helpers.serving import local_service
from helpers.serving.request_body import rows_in_body
from helpers.serving.served_model import Refused
from tests.small import bundle_of, prepared


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
