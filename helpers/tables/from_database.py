"""A table from a database, by an SQL query or a table's name."""

from __future__ import annotations

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
from ..base.user_errors import InputError, first_line
from . import declared_types


def read_sql(source: str, query: str = "", values: dict | None = None) -> pd.DataFrame:
    """Read a query's rows from a database, or its only table where there is no query.

    `source` is a SQLAlchemy address; `values` fill the query's named placeholders (`:name`), so
    that no value is ever pasted into SQL. A `${NAME}` in the query, in a quoted text of it, is
    filled from the environment.
    """
    import sqlalchemy as sa

    refuse_pasted_password(source)
    try:
        return _rows_of(source, query, values)
    except InputError:
        raise
    except (sa.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError, ValueError) as error:
        said = f"The database {shown(source)} could not be read: {_driver_message(error)}."
        hint = "Check the address (such as sqlite:///shop.db) and the query."
        raise InputError(f"{said} {hint}") from None


def _rows_of(source: str, query: str, values: dict | None) -> pd.DataFrame:
    import sqlalchemy as sa

    with _engine(source) as engine:
        if query:
            return pd.read_sql_query(sa.text(_with_secrets(query)), engine, params=values)
        return _whole_table(engine, _only_table(sa.inspect(engine), shown(source)))


def _whole_table(engine, name: str) -> pd.DataFrame:
    """A table as its columns are declared; where the cells are something else, as they are."""
    import sqlalchemy as sa

    try:
        return pd.read_sql_table(name, engine)
    except (ValueError, TypeError, ArithmeticError):
        quoted = engine.dialect.identifier_preparer.quote(name)
        frame = pd.read_sql_query(sa.text(f"SELECT * FROM {quoted}"), engine)
        declared = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns(name)}
        dates = [c for c in frame if isinstance(declared.get(c), (sa.Date, sa.DateTime))]
        return declared_types.read_as_declared(frame, dates)


@contextmanager
def _engine(source: str):
    """An engine for a database address, closed afterwards; SQLite would make a missing file."""
    import sqlalchemy as sa

    url = filled(sa.engine.make_url(source))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise InputError(f"There is no SQLite file '{url.database or ''}'.")
    engine = sa.create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


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
