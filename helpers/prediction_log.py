"""What a service has answered, and what came true: two tables in any SQL database.

SQLite in WAL mode by default: once a write has returned, the rows outlive a kill of the process
(not a power cut; `synchronous=NORMAL`). Nothing here knows of HTTP.
"""

from __future__ import annotations

import time
from pathlib import Path

from .errors import InputError

BUSY_MILLISECONDS = 100  # that a write waits for another process to let go of the file
COLUMNS = ("id", "at", "model", "row", "prediction", "probability", "warnings")
LOG_FILE = "predictions.sqlite"


class PredictionLog:
    """Writes answers and outcomes. `address` is a SQLAlchemy address, or "" for SQLite in a folder.

    >>> log = PredictionLog("sqlite://")
    >>> log.write([("a1", 0.0, "v1", "{}", "yes", "", "[]")])
    >>> log.note_outcomes([("a1", "no"), ("b7", "yes")])
    ['b7']
    """

    def __init__(self, address: str, folder: Path | None = None):
        import sqlalchemy as sql

        if not address:
            address = f"sqlite:///{Path(folder) / LOG_FILE}"
        try:
            # A server that was away is asked again, not believed dead.
            options = {"poolclass": sql.pool.StaticPool} if address == "sqlite://" else {}
            self.engine = sql.create_engine(address, pool_pre_ping=True, **options)
        except (sql.exc.ArgumentError, ImportError) as error:
            raise InputError(
                f"The prediction log's address can't be used ({type(error).__name__}): give a "
                f"SQLAlchemy address such as postgresql+psycopg://me@host/base, with its driver "
                f"installed, or leave it out."
            ) from None
        self.is_local = self.engine.dialect.name == "sqlite"
        self._make_tables(sql)
        mark = "?" if self.is_local else "%s"
        marks = ", ".join([mark] * len(COLUMNS))
        self._insert = f"INSERT INTO predictions ({', '.join(COLUMNS)}) VALUES ({marks})"
        self._connection = None

    def _make_tables(self, sql) -> None:
        text, metadata = sql.Text, sql.MetaData()
        self.predictions = sql.Table(
            "predictions", metadata,
            sql.Column("id", sql.String(40), primary_key=True),
            sql.Column("at", sql.Float),
            *(sql.Column(name, text) for name in COLUMNS[2:]),
        )  # fmt: skip
        self.outcomes = sql.Table(
            "outcomes", metadata,
            sql.Column("id", sql.String(40), primary_key=True),
            sql.Column("at", sql.Float),
            sql.Column("outcome", text),
        )  # fmt: skip
        if self.is_local:
            sql.event.listen(self.engine, "connect", _prepare)
        try:
            metadata.create_all(self.engine)
        except sql.exc.SQLAlchemyError as error:
            raise InputError(
                f"The prediction log can't be opened ({type(error).__name__}): is "
                f"{self.engine.url.render_as_string(hide_password=True)} there, and may it be "
                f"written to? --log off serves without one."
            ) from None

    def write(self, answers: list[tuple]) -> None:
        """Write answers (tuples by `COLUMNS`) in one transaction; raises when that fails."""
        try:
            if self._connection is None:
                self._connection = self.engine.raw_connection()
            # The driver itself: SQLAlchemy's own insert takes three times as long for one row.
            cursor = self._connection.cursor()
            cursor.executemany(self._insert, answers)
            self._connection.commit()
        except Exception:
            self.forget()
            raise

    def forget(self) -> None:
        """Let go of the connection; the next write opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # noqa: S110 - it is broken: that is why it goes
                connection.invalidate()

    def note_outcomes(self, outcomes: list[tuple[str, str]]) -> list[str]:
        """Note what came true, by id; a later word replaces an earlier. Returns unknown ids."""
        import sqlalchemy as sql

        now, ids = time.time(), [one for one, _ in outcomes]
        with self.engine.begin() as connection:
            found = connection.execute(
                sql.select(self.predictions.c.id).where(self.predictions.c.id.in_(ids))
            )
            known = {row.id for row in found}
            told = {one: outcome for one, outcome in outcomes if one in known}
            if told:
                connection.execute(
                    sql.delete(self.outcomes).where(self.outcomes.c.id.in_(list(told)))
                )
                connection.execute(
                    sql.insert(self.outcomes),
                    [{"id": one, "at": now, "outcome": said} for one, said in told.items()],
                )
        return [one for one in ids if one not in known]

    def close(self) -> None:
        """Close every connection."""
        self.forget()
        self.engine.dispose()


def _prepare(connection, _) -> None:
    """A new SQLite connection: WAL, and no sync at each commit."""
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {setting}")
