"""A table from a database, by an SQL query or a table's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ..base.addresses import (
    filled,
    from_environment,
    refuse_pasted_password,
    shown,
)
from ..base.credentials import REFERENCE
from ..base.user_errors import InputError, first_line, nearest
from . import declared_types

READING = ("SELECT", "WITH", "VALUES", "TABLE", "FROM", "SHOW", "DESCRIBE", "EXPLAIN")
HINT = "Check the address (such as sqlite:///shop.db) and the query."


def read_sql(source: str, query: str = "", values: dict | None = None) -> pd.DataFrame:
    """Read a query's rows from a database, or its only table where there is no query.

    `source` is a SQLAlchemy address; `values` fill the query's named placeholders (`:name`), so
    that no value is ever pasted into SQL. A `${NAME}` in the query, in a quoted text of it, is
    filled from the environment.
    """
    _refuse_what_writes(query)
    with _errors_in_a_line(source, HINT):
        return _rows_of(source, query, values)


def _refuse_what_writes(query: str) -> None:
    """Raise InputError for a query that begins with another word than those that read."""
    first = re.match(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", query, re.DOTALL)[1]
    if query and first.upper() not in READING:
        raise InputError(
            f"A query only reads: it begins with SELECT or WITH; this one begins with "
            f"'{first or query.strip()[:20]}'. Nothing was asked of the database."
        )


@contextmanager
def _errors_in_a_line(source: str, hint: str = ""):
    """Errors of a database and its driver as one line; a password in the address is refused."""
    import sqlalchemy as sa

    refuse_pasted_password(source)
    try:
        yield
    except InputError:
        raise
    except (sa.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError, ValueError) as error:
        said = f"The database {shown(source)} could not be read: {_driver_message(error)}."
        raise InputError(f"{said} {hint}".rstrip()) from None


def _rows_of(source: str, query: str, values: dict | None) -> pd.DataFrame:
    import sqlalchemy as sa

    with _engine(source) as engine:
        if query:
            asked = sa.text(_with_secrets(query))
            return _exact(lambda **how: pd.read_sql_query(asked, engine, params=values, **how))
        name = _only_table(sa.inspect(engine), shown(source))
        return _exact(lambda **how: _whole_table(engine, name, **how))


def _exact(read: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """What is read, with texts for whole numbers beside NULL that a float would round."""
    frame = read()
    rounded = [c for c in frame.select_dtypes("float") if (frame[c].abs() >= 2**53).any()]
    if rounded:
        again = read(dtype_backend="numpy_nullable")
        whole = [c for c in rounded if pd.api.types.is_integer_dtype(again[c].dtype)]
        frame = frame.assign(**{c: again[c].astype("str") for c in whole})
    return frame


def _whole_table(engine, name: str, **how) -> pd.DataFrame:
    """A table as its columns are declared; where the cells are something else, as they are."""
    import sqlalchemy as sa

    try:
        return pd.read_sql_table(name, engine, **how)
    except (ValueError, TypeError, ArithmeticError):
        quoted = engine.dialect.identifier_preparer.quote(name)
        frame = pd.read_sql_query(sa.text(f"SELECT * FROM {quoted}"), engine)
        declared = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns(name)}
        dates = [c for c in frame if isinstance(declared.get(c), (sa.Date, sa.DateTime))]
        return declared_types.read_as_declared(frame, dates)


def read_named_table(source: str, table: str) -> pd.DataFrame:
    """All rows of a table of a database, by the table's name."""
    names = table_names(source)
    if table not in names:
        raise InputError(f"{shown(source)} has no table '{table}'. {nearest(table, names)}")
    with _errors_in_a_line(source), _engine(source) as engine:
        return _exact(lambda **how: _whole_table(engine, table, **how))


def table_names(source: str) -> list[str]:
    """The names of a database's tables and views."""
    import sqlalchemy as sa

    with _errors_in_a_line(source), _engine(source) as engine:
        inspector = sa.inspect(engine)
        return inspector.get_table_names() + inspector.get_view_names()


@contextmanager
def _engine(source: str):
    """An engine for a database address, for reading only; closed afterwards.

    SQLite would make a missing file, and would write where a query does.
    """
    import sqlalchemy as sa

    url = filled(sa.engine.make_url(source))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise InputError(f"There is no SQLite file '{url.database or ''}'.")
    engine = sa.create_engine(url)
    _only_read(engine, url.get_backend_name())
    try:
        yield engine
    finally:
        engine.dispose()


# What a new connection is told, by the kind of database
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def _only_read(engine, kind: str) -> None:
    """Have each connection of an engine refuse to write, where its database can."""
    import sqlalchemy as sa

    if kind in READ_ONLY:

        @sa.event.listens_for(engine, "connect")
        def tell(connection, _):
            cursor = connection.cursor()
            cursor.execute(READ_ONLY[kind])
            cursor.close()


def _driver_message(error: Exception) -> str:
    """The first line of what a database's driver says.

    pandas puts the query in front of it, of many lines perhaps, with its secrets filled in.
    """
    if isinstance(error, pd.errors.DatabaseError) and error.__cause__ is not None:
        error = error.__cause__
    return first_line(getattr(error, "orig", None) or error)


def _with_secrets(query: str) -> str:
    """A query whose `${NAME}` are filled, as SQLAlchemy's text has them within quotes."""
    return REFERENCE.sub(
        lambda named: from_environment(named[0]).replace("'", "''").replace(":", r"\:"), query
    )


def _only_table(inspector, source: str) -> str:
    names = inspector.get_table_names() + inspector.get_view_names()
    if len(names) != 1:
        raise InputError(
            f"{source} has {len(names)} tables ({', '.join(names[:20]) or 'none'}): say which "
            f"rows you mean with --query 'SELECT … FROM …'."
        )
    return names[0]
