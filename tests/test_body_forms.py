"""A body of many rows shows its forms together, as a file does: and that is said."""

import json
import sqlite3

import pandas as pd
import pytest

from benchmarks import forms
from helpers.base.user_errors import InputError
from helpers.cells.other_forms import OTHER_FORM
from helpers.cells.reading_values import cell_reader
from helpers.pipeline.delivery_reading import rewriter
from helpers.serving import (
    batch_prediction,
    body_forms,
    local_service,
    model_bundle,
    prediction_service,
    served_model,
)
from helpers.serving.prediction_log import LOG_FILE, PredictionLog
from tests import small


@pytest.fixture(scope="module")
def bundle():
    return small.bundle_of(small.prepared(forms.TARGET, forms.table()))


@pytest.fixture(scope="module")
def rows():
    """Rows in the forms of training, some of whose dates have a day beyond 12."""
    return forms.table(40, seed=3).drop(columns=forms.TARGET)


@pytest.fixture(scope="module")
def other(rows):
    """The same rows with the month first and a decimal comma."""
    days = pd.to_datetime(rows["joined"], format="%d/%m/%Y").dt.strftime("%m/%d/%Y")
    return rows.assign(joined=days, weight=rows["weight"].str.replace(".", ","))


@pytest.fixture
def asked(bundle, tmp_path):
    """The address of a service that logs, and the log's file."""
    own = prediction_service.Service(served_model.served(bundle), PredictionLog("", tmp_path))
    with local_service.serving(bundle, own) as address:
        yield address, tmp_path / LOG_FILE


def sent(address, rows, kind: str) -> list[dict]:
    body = rows.to_csv(index=False) if kind == "text/csv" else rows.to_json(orient="records")
    reply = small.post(address, body, kind)
    assert reply.status_code == 200, reply.text
    return reply.json()


def logged(file) -> list[dict]:
    with sqlite3.connect(file) as reader:
        return [json.loads(row) for (row,) in reader.execute("SELECT row FROM predictions")]


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
@pytest.mark.parametrize("count", [7, 40], ids=["few", "many"])
def test_rows_in_other_forms_get_the_answers_of_the_same_rows(asked, rows, other, kind, count):
    address, file = asked
    same = sent(address, rows.head(count), kind)
    found = sent(address, other.head(count), kind)
    assert [one["probability"] for one in found] == [one["probability"] for one in same]
    said = found[0]["warnings"]
    assert said[0].startswith("joined: the month comes first here (such as ")
    assert said[1].startswith("weight: the decimal sign is a comma here (such as ")
    assert [one["warnings"] for one in found[1:]] == [one["warnings"] for one in same[1:]]
    kept = logged(file)
    assert len(kept) == 2 * count
    for name in ("joined", "weight"):  # whoever reads the log reads what was answered
        was, is_ = ([cell_reader(plan_of(name))(row[name]) for row in some]
                    for some in (kept[:count], kept[count:]))  # fmt: skip
        assert [value for value, _ in was] == [value for value, _ in is_]


def plan_of(name: str) -> dict:
    plans = {"joined": {"kind": "date", "formats": ["%d/%m/%Y"]}, "weight": {"kind": "number"}}
    return plans[name]


def test_the_service_answers_as_batch_does(bundle, asked, other, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_prediction, "load_bundle", lambda run: bundle)
    other.to_csv(tmp_path / "rows.csv", index=False)
    batch_prediction.predict_file("any", str(tmp_path / "rows.csv"), tmp_path / "out.parquet")
    scored = pd.read_parquet(tmp_path / "out.parquet")
    found = sent(asked[0], other, "text/csv")
    chances = [one["probability"]["yes"] for one in found]
    assert chances == pytest.approx(scored["probability_yes"].tolist(), abs=1e-12)


@pytest.mark.parametrize("places", [[0], [0, 1]], ids=["one row", "both orders"])
def test_what_shows_no_form_is_refused_as_before(asked, rows, other, places):
    late = pd.to_datetime(rows["joined"], format="%d/%m/%Y").dt.day > 12
    some = pd.concat([other[late].head(1), rows[late].tail(1)]).iloc[places]
    reply = small.post(asked[0], some.to_json(orient="records"))
    assert reply.json()["code"] == "cell_unreadable" and reply.json()["field"] == "joined"


def test_rows_in_the_forms_of_training_are_not_touched(bundle, rows):
    some = rows.to_dict("records")
    assert body_forms.in_known_forms(bundle, some) == (some, [])
    assert body_forms.in_known_forms(bundle, some)[0] is some
    assert body_forms.in_known_forms(bundle, [{"weight": 3.5}, {"joined": None}, {}])[1] == []


def test_a_table_in_a_notebook_is_read_in_its_forms_and_that_is_said(bundle, rows, other):
    same = model_bundle.predict_table(bundle, rows)
    with pytest.warns(UserWarning) as said:
        found = model_bundle.predict_table(bundle, other)
    assert [str(one.message)[:13] for one in said] == ["joined: the m", "weight: the d"]
    assert found["probability_yes"].tolist() == same["probability_yes"].tolist()
    with pytest.raises(InputError, match="the first is 'joined'"):
        model_bundle.predict_table(bundle, rows.drop(columns="joined"))


@pytest.mark.parametrize(
    ("plan", "fitted", "text"),
    [
        ({"kind": "date", "formats": ["%d/%m/%y"]},
         {"kind": "date", "formats": ["%m/%d/%Y"]}, "07/23/1931"),
        ({"kind": "date", "formats": ["%d.%m.%Y"]},
         {"kind": "date", "formats": ["%m/%d/%Y"]}, "07/05/2031"),
        ({"kind": "date", "formats": ["%d/%m/%Y"]},
         {"kind": "date", "formats": ["%m/%d/%Y"]}, "07/23/2024 10:30"),
        ({"kind": "date", "formats": ["%d/%m/%Y"]},
         {"kind": "date", "formats": ["%m/%d/%Y"]}, "07/23/2024 10:30:59"),
        ({"kind": "number"}, {"kind": "number", "style": "comma"}, "1.234,125"),
        ({"kind": "number", "style": "comma"}, {"kind": "number"}, "1,234.125"),
    ],
)  # fmt: skip
def test_what_is_written_anew_reads_as_it_was_meant(plan, fitted, text):
    meant = cell_reader(fitted)(text)[0]
    value, repair = cell_reader(plan)(rewriter(plan, fitted)(text))
    assert meant is not None and value == meant and (repair != OTHER_FORM or "%y" in str(plan))
