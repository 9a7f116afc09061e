"""One answer in so many is asked again of the pipeline: counted, and told where they differ."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import requests

from helpers.cli.model_commands import serve
from helpers.features.number_encoder import CompiledNumbers
from helpers.pipeline import agreement_check
from helpers.serving import answer_check, local_service, prediction_service, served_model
from helpers.serving.answer_check import AnswerCheck
from tests.small import prepared
from tests.test_deploy import bundle_of


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module", params=["bought", "price"])
def bundle(request):
    return bundle_of(prepared(request.param))


@pytest.fixture
def now(bundle):
    """The bundle with its compiled form, made anew: a test may break it."""
    return served_model.served(bundle)


def records(made, count: int) -> list[dict]:
    rows = pd.concat([made.raw.drop(columns="bought")] * (1 + count // len(made.raw)))
    return json.loads(local_service.as_json(rows.head(count)))


def broken(now):
    """The scale of one number is off by a thousandth: a real form, altered."""
    (numbers,) = [s for s in now.compiled.features.steps if isinstance(s, CompiledNumbers)]
    numbers.scaling = replace(numbers.scaling, centre=numbers.scaling.centre + 1e-3)
    return now


def after(now, rows: list, one_in: int = 7) -> tuple[dict, dict, AnswerCheck]:
    """What /metrics and /ready say once some rows, one by one and together, were answered."""
    check = AnswerCheck(one_in)
    own = prediction_service.Service(now, check=check)
    with local_service.serving(now.bundle, own) as address:
        for row in rows[:10]:
            assert local_service.ask(address, row)[0] == 200
        assert local_service.ask(address, rows)[0] == 200
        own.worker.submit(check.ask).result(timeout=60)
        text = requests.get(f"{address}/metrics", timeout=30).text
        state = local_service.ready(address)
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}, state, check


@pytest.mark.parametrize("count", [40, 700], ids=["one by one", "as a table"])
def test_a_sound_form_is_checked_and_never_differs(now, made, count):
    found, state, _ = after(now, records(made, count))
    assert found["scorer_checked_total"] == int(np.ceil((10 + count) / 7))
    assert found["scorer_disagreements_total"] == 0 and "scorer_warning" not in state


@pytest.mark.parametrize("count", [40, 700], ids=["one by one", "as a table"])
def test_a_broken_form_is_counted_and_told(now, made, count, caplog):
    found, state, _ = after(broken(now), records(made, count))
    assert found["scorer_disagreements_total"] > 0.9 * found["scorer_checked_total"] > 0
    assert "differs from the pipeline" in state["scorer_warning"]
    assert "differs from the pipeline" in caplog.text


def test_the_check_at_load_would_have_found_it(now):
    found = agreement_check.agreement(broken(now).compiled, now.bundle.model, now.bundle.examples)
    assert all("differs" in why for why in found.values())


def test_rows_that_the_pipeline_cannot_answer_count_as_different(now, made):
    check, row = AnswerCheck(1), records(made, 1)
    check.offer(now, row, [{"prediction": "yes", "probability": {"no": 0.5, "yes": 0.5}}])
    lame = replace(now, bundle=replace(now.bundle, model=now.bundle.model[1:]))
    check._waiting[0] = (lame, *check._waiting[0][1:])
    check.ask()
    assert check.disagreements._value.get() == 1 and check.trouble


@pytest.mark.parametrize(("one_in", "picked"), [(1, 25), (10, 3), (25, 1), (26, 1), (0, 0)])
def test_every_so_many_th_answer_is_picked_from_the_first_on(one_in, picked):
    check = AnswerCheck(one_in)
    for size in (1, 4, 11, 9):
        check.offer(None, [{}] * size, [{}] * size)
    assert len(check._waiting) == picked


def test_it_asks_every_few_seconds_and_only_where_something_waits():
    check = AnswerCheck(1)
    assert not check.is_due(answer_check.ASK_EVERY)
    check.offer(None, [{}], [{}])
    assert check.is_due(answer_check.ASK_EVERY) and not check.is_due(answer_check.ASK_EVERY + 1)


def test_what_waits_has_a_limit(monkeypatch):
    monkeypatch.setattr(answer_check, "MOST_WAITING", 5)
    check = AnswerCheck(1)
    check.offer(None, [{}] * 9, [{}] * 9)
    assert len(check._waiting) == 5


def test_answers_of_the_pipeline_are_not_asked_again(bundle, made):
    plain = served_model.Served(bundle)
    found, state, _ = after(plain, records(made, 40), one_in=1)
    assert found["scorer_checked_total"] == 0
    assert state["single_row_path"] == state["many_row_path"] == "pipeline"


def test_the_command_line_asks_as_many_as_the_service_does():
    (option,) = [p for p in serve.params if p.name == "check_one_in"]
    assert option.default == answer_check.ONE_IN
