"""Fixtures that several test modules share."""

import pytest

from helpers.deploy import service_proof
from helpers.serving import served_model
from tests.postgres_server import postgres  # noqa: F401
from tests.small import bundle_of, prepared


@pytest.fixture(scope="module")
def made():
    """A small model with the rows and plans that it is made from; a module may have its own."""
    return prepared()


@pytest.fixture(scope="module")
def now(made):
    """The small model as a service has it, with its compiled scorer."""
    return served_model.served(bundle_of(made))


@pytest.fixture
def row(made):
    """A row as a client of the small model sends it."""
    return service_proof.as_record(made.raw.drop(columns="bought").iloc[0])
