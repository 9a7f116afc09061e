"""Outcomes are checked at the door; wrong ones in a log are set aside, counted and mended."""

import json
import sqlite3

import pandas as pd
import pytest
import requests
from click.testing import CliRunner

from helpers.cli import log_commands
from helpers.deploy import service_proof
from helpers.learning.label_column import draft_label, read_label
from helpers.learning.outcome_reader import OutcomeReader
from helpers.learning.task_kind import Task
from helpers.line.stage_list import LOG
from helpers.monitor import monitor_model
from helpers.run import retraining
from helpers.serving import local_service, prediction_service, served_model
from helpers.serving.prediction_log import LOG_FILE, PredictionLog
from tests.small import deployed_run, later, log_rows, post, prepared

YES_NO = OutcomeReader(Task("y", "binary", ("No", "Yes"), "Yes"))
TYPED = OutcomeReader(Task("y", "binary", ("False", "True"), "True"),
                      draft_label(pd.Series([True, False])))  # fmt: skip
CODES = OutcomeReader(Task("y", "multiclass", ("1", "2", "10")), draft_label(pd.Series([1, 2, 10])))
ZERO_ONE = OutcomeReader(Task("y", "binary", ("0", "1"), "1"), draft_label(pd.Series([0, 1, 1])))
PRICE = OutcomeReader(Task("y", "regression"), draft_label(pd.Series([1.5, 2.5, 700.0])))
COMMA = OutcomeReader(Task("y", "regression"),
                      draft_label(pd.Series(["1,5", "1.000,25", "17,5"] * 9)))  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "told", "read"),
    [
        (YES_NO, ["yes", " YES ", True, 1, 1.0, "true", "t"], ["Yes"] * 7),
        (YES_NO, ["no", False, 0, "0"], ["No"] * 4),
        (YES_NO, ["Banana", "", 2, "n/a", "<script>", "\ud800"], [None] * 6),
        (TYPED, ["yes", 1, "TRUE", True, 0, "no"], ["True"] * 4 + ["False"] * 2),
        (TYPED, ["maybe", 3], [None] * 2),
        (CODES, [1, "1", "1.0", 10.0, " 2"], ["1", "1", "1", "10", "2"]),
        (CODES, [3, "one", True, 1.5], [None] * 4),
        (ZERO_ONE, [True, "no", 1.0], ["1", "0", "1"]),
        (PRICE, [12.5, "12.5", 3, -1], ["12.5", "12.5", "3", "-1"]),
        (PRICE, ["Banana", True, "inf", "nan", 10**400], [None] * 5),
        (COMMA, [12.5, "12,5", "1.000,5"], ["12,5", "12,5", "1.000,5"]),
    ],
)
def test_the_usual_forms_are_read_and_all_else_is_none(reader, told, read):
    assert reader.read(told) == read
    assert [reader.read([one])[0] for one in told] == read, "one by one as together"


def test_what_is_kept_of_a_number_reads_back_as_that_number():
    kept = COMMA.read([12.5, 1000.25])
    assert read_label(pd.Series(kept), COMMA._plan).tolist() == [12.5, 1000.25]


@pytest.fixture(scope="module")
def made():
    return prepared(raw=later(240, seed=0))


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return deployed_run(made, "mine")


def told_in(folder) -> dict[str, int]:
    with sqlite3.connect(folder / LOG_FILE) as reader:
        found = reader.execute("SELECT outcome, COUNT(*) FROM outcomes GROUP BY outcome")
        return dict(found.fetchall())


def test_feedback_takes_classes_and_refuses_the_rest_whole(run, made):
    from helpers.serving.model_bundle import load_bundle

    bundle = load_bundle("mine")
    own = prediction_service.Service(served_model.served(bundle), PredictionLog("", run.path))
    row = service_proof.as_record(made.raw.drop(columns="bought").iloc[0])
    with local_service.serving(bundle, own) as address:
        ids = [answer["id"] for answer in post(address, [row] * 4).json()]
        good = [{"id": id_, "outcome": said} for id_, said in zip(ids, ["YES", 1, True, "no"],
                                                                  strict=True)]  # fmt: skip
        wrong = [*good[:2], {"id": ids[2], "outcome": "Banana"}]
        reply = post(address, wrong, page="feedback")
        assert reply.status_code == 422 and not told_in(run.path)
        said = reply.json()["detail"]
        assert "Outcome 3: 'Banana' is no outcome of 'bought', which is 'no' or 'yes'" in said
        assert post(address, good, page="feedback").json() == {"noted": 4, "unknown": []}
        assert told_in(run.path) == {"no": 1, "yes": 3}
        many = [{"id": "x", "outcome": "no"}] * 10_001
        assert post(address, many, page="feedback").status_code == 422
        page = requests.get(f"{address}/openapi.json", timeout=30).json()["paths"]["/feedback"]
        content = page["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["outcome"] == "yes", "what the page shows is taken"


def test_wrong_outcomes_in_a_log_are_set_aside_counted_and_mended(run, made):
    table = later(400)
    log_rows(run, table, told=300)
    with sqlite3.connect(run.path / LOG_FILE) as log:
        for id_, text in [("r1", "Banana"), ("r2", "Banana"), ("r3", "maybe")]:
            log.execute("UPDATE outcomes SET outcome = ? WHERE id = ?", (text, id_))
    found = retraining.later_rows(run, LOG)
    assert found.labelled.sum() == 297 and found.wrong_outcomes == {"Banana": 2, "maybe": 1}
    said = [one.message for one in monitor_model.quality_changes(found)
            if one.code == "wrong_outcomes"]  # fmt: skip
    assert said[0].startswith("3 of 300 outcomes are no class of bought: ‘Banana’ (2), ‘maybe’ (1)")

    def ask(*words):
        return CliRunner().invoke(log_commands.outcomes, ["mine", *words])

    assert "300 outcomes, 3 wrong: 'bought' is 'no' or 'yes'." in ask().output
    for wrong in ("Banana=Apple", "Pear=yes", "Banana"):
        assert ask("--mend", wrong).exit_code, "it is refused, and nothing is changed"
    assert ask("--mend", "Banana=YES", "--mend", "maybe=").output.startswith("3 outcomes mended.")
    assert set(told_in(run.path)) == {"no", "yes"} and sum(told_in(run.path).values()) == 299
    assert retraining.later_rows(run, LOG).wrong_outcomes == {}


def test_a_log_of_wrong_outcomes_alone_is_one_without_labels(run):
    log_rows(run, later(300), told=100)
    with sqlite3.connect(run.path / LOG_FILE) as log:
        log.execute("UPDATE outcomes SET outcome = 'True thing'")
    found = retraining.later_rows(run, LOG)
    assert found.y is None and found.wrong_outcomes == {"True thing": 100}


def test_numbers_too(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    priced = prepared("price")
    other = deployed_run(priced, "priced")
    log = PredictionLog("", other.path)
    rows = priced.raw.drop(columns="price")
    rows = json.loads(rows.to_json(orient="records"))
    log.write([(f"r{i}", 1e9 + i, "v1", json.dumps(row), "1", "", "[]")
               for i, row in enumerate(rows)])  # fmt: skip
    log.note_outcomes([(f"r{i}", "Banana" if i == 3 else "101.5") for i in range(200)])
    log.close()
    found = retraining.later_rows(other, LOG)
    assert found.labelled.sum() == 199 and found.wrong_outcomes == {"Banana": 1}
