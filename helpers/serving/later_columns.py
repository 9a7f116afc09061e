"""Columns and indexes that a prediction log of an earlier version lacks: added when it is opened.

Earlier versions go on writing to the same table, as the new columns may be empty.
"""

from __future__ import annotations

from contextlib import suppress


def index_keys(predictions) -> None:
    """Describe the index that finds answers by the client's key; those without take no room."""
    import sqlalchemy as sql

    key = predictions.c.client_key
    is_told = key.is_not(None)
    sql.Index("predictions_client_key", key, sqlite_where=is_told, postgresql_where=is_told)


def add_missing(engine, table) -> None:
    """Add what a table in the database lacks of its description."""
    import sqlalchemy as sql

    there = {column["name"] for column in sql.inspect(engine).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            _add(engine, table.name, column)
    for index in table.indexes:
        index.create(engine, checkfirst=True)


def _add(engine, table: str, column) -> None:
    """Add a column, unless another process has just done so."""
    import sqlalchemy as sql

    kind = column.type.compile(engine.dialect)
    with suppress(sql.exc.OperationalError, sql.exc.ProgrammingError), engine.begin() as connection:
        connection.execute(sql.text(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}"))
