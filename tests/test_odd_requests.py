"""Hundreds of odd requests, made by schemathesis from the service's own description of itself."""

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error

from helpers.serving import local_service, prediction_service, served_model
from helpers.serving.prediction_log import PredictionLog
from tests.small import bundle_of, prepared

CASES = 300


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    bundle = bundle_of(prepared())
    log = PredictionLog("", tmp_path_factory.mktemp("log"))
    with local_service.serving(
        bundle, prediction_service.Service(served_model.served(bundle), log)
    ) as address:
        yield address


@pytest.mark.slow
def test_no_request_is_a_server_error(address):
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    statuses = []

    @hypothesis.settings(
        max_examples=CASES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=schema["/predict"]["POST"].as_strategy())
    def ask(case):
        reply = case.call(timeout=60)
        statuses.append(reply.status_code)
        case.validate_response(reply, checks=[not_a_server_error])

    ask()
    assert len(statuses) >= CASES and {200, 422} <= set(statuses)
    assert all(status < 500 for status in statuses)
