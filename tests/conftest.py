"""Fixtures that several test modules share."""

from tests.postgres_server import postgres  # noqa: F401
