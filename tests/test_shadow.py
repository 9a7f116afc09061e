"""A second model that is asked what the service is asked, and answers nobody."""

import time

import pytest
import requests

from helpers.base.user_errors import InputError
from helpers.deploy import service_proof
from helpers.monitor import service_traffic
from helpers.serving import (
    local_service,
    model_bundle,
    prediction_service,
    served_model,
    start_service,
)
from helpers.serving.prediction_log import ask_log
from helpers.serving.shadow_model import MOST_WAITING, Shadow
from tests.small import bundle_of, post, prepared, write_run


@pytest.fixture(scope="module")
def other(made):
    """The same rows with the answers in another order: another model."""
    return prepared(raw=made.raw.assign(bought=made.raw["bought"][::-1].to_numpy()))


def test_a_shadow_sees_every_row_and_only_the_log_sees_it(made, other, monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    write_run(other)
    (tmp_path / "small").rename(tmp_path / "other")
    run = write_run(made)
    own = start_service.service_of("small", start_service.Options(shadow="other"))
    rows = made.raw.drop(columns="bought").head(30)
    with local_service.serving(own.now.bundle, own) as address:
        answers = [post(address, service_proof.as_record(row)).json() for _, row in rows.iterrows()]
        post(address, {"id": answers[0]["id"], "outcome": "yes"}, page="feedback")
        assert requests.get(f"{address}/ready", timeout=30).json()["shadow"] == own.shadow.version
        counted = requests.get(f"{address}/metrics", timeout=30).text
    said = ask_log(run.path, "SELECT * FROM predictions ORDER BY at")
    shadowed = ask_log(run.path, "SELECT * FROM shadow")
    assert "shadow_answers_total" in counted
    assert list(said["id"]) == [answer["id"] for answer in answers]
    assert sorted(shadowed["id"]) == sorted(said["id"])
    assert set(shadowed["model"]) == {own.shadow.version} != {own.now.version}
    bundle = model_bundle.load_bundle("other")
    expected = model_bundle.predict_rows(bundle, rows)["prediction"]
    by_id = shadowed.set_index("id")["prediction"]
    assert [by_id[answer["id"]] for answer in answers] == expected.tolist()
    seen = service_traffic.in_shadow(run, bundle.task)
    assert seen["rows"] == 30 and seen["outcomes"] == 1


def test_a_shadow_that_fails_fails_nobody(made):
    def broken(rows):
        raise RuntimeError("no model at all")

    shadow = Shadow("v9", broken)
    now = served_model.served(bundle_of(made))
    own = prediction_service.Service(now, shadow=shadow)
    row = service_proof.as_record(made.raw.drop(columns="bought").iloc[0])
    with local_service.serving(now.bundle, own) as address:
        assert post(address, row).status_code == 200
        until = time.monotonic() + 10
        while "shadow_failures_total 1.0" not in requests.get(f"{address}/metrics", timeout=9).text:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_shadow_that_is_too_slow_leaves_rows_out_and_counts_them():
    shadow = Shadow("v9", lambda rows: time.sleep(0.3) or [("no", None) for _ in rows])
    for _ in range(MOST_WAITING // 100 + 5):
        shadow.offer([{"id": "a", "prediction": "no"}] * 100, [b"{}"] * 100)
    assert shadow.left_out._value.get() >= 300
    shadow.close(seconds=0.5)
    answered = len(shadow.taken())
    time.sleep(0.7)
    assert 0 < answered < MOST_WAITING and not shadow.taken()  # it has ended


def test_a_shadow_of_another_question_is_refused(made, monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    write_run(made)
    with pytest.raises(InputError, match="--log off"):
        start_service.service_of("small", start_service.Options(log="off", shadow="small"))
    with pytest.raises(InputError, match="no run 'nobody'"):
        start_service.service_of("small", start_service.Options(shadow="nobody"))
