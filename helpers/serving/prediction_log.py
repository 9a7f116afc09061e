"""Predictions of a service and actual outcomes: four tables in any SQL database.

`predictions` and `outcomes` share an id; `shadow` has what a second model would have said to the
same rows; `requests` has a line a request. SQLite in WAL mode by default: once a write has
returned, the rows outlive a kill of the process (not a power cut; `synchronous=NORMAL`), and are
where a reader looks: a file that was moved, replaced or removed meanwhile is noticed. Nothing here
knows of HTTP.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from ..base.addresses import filled
from ..base.user_errors import InputError
from . import later_columns
from .client_keys import ClientKey

BUSY_MILLISECONDS = 100  # how long a write waits for another process to release the file
COLUMNS = (
    "id", "at", "model", "row", "prediction", "probability", "warnings", "request_id", "client_key",
)  # fmt: skip
REQUESTS = ("at", "status", "seconds", "rows")  # when it was answered (Unix time), how, how fast
SHADOW = ("id", "at", "model", "prediction", "probability")
LOG_FILE = "predictions.sqlite"
LOG_VARIABLE = "PIPELINE_LOG"  # in the environment: the address of another log than that file
LONGEST_WAL = 50_000  # pages of 4 kB that wait beside the SQLite file; more, and writers wait
SETTINGS = ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0")  # of SQLite
IDS_AT_ONCE = 500  # in one query
MOVED = "The prediction log {} was moved, replaced or removed: a new one is begun in its place."


class LogMoved(Exception):  # noqa: N818 - it is a state of things, not a fault
    """The file of a log is no longer the one that was opened."""


class PredictionLog:
    """Writes answers and outcomes. `address` is a SQLAlchemy address, or "" for SQLite in a folder.

    `${NAME}` in it is filled from the environment.

    >>> log = PredictionLog("sqlite://")
    >>> log.write([("a1", 0.0, "v1", "{}", "yes", "", "[]")])
    >>> log.note_outcomes([("a1", "no"), ("b7", "yes")])
    ['b7']
    """

    def __init__(self, address: str, folder: Path | None = None):
        import sqlalchemy as sql

        self.engine = _engine_of(address or f"sqlite:///{Path(folder) / LOG_FILE}")
        self.is_local = self.engine.dialect.name == "sqlite"
        self.file, self._place = _file_of(self.engine), []
        self._paths = [f"{self.file}", f"{self.file}-wal"] if self.file else []
        self._make_tables(sql)
        self._insert_request = self._insert("requests", REQUESTS)
        self._insert_shadow = self._insert("shadow", SHADOW)
        self._connection, self._patient, self.written_at = None, None, 0.0

    @property
    def is_ready(self) -> bool:
        """Whether a line can be written at once: to a file that is open."""
        return self.is_local and self._connection is not None

    @cache  # noqa: B019 - a service has one log for as long as it lives
    def _insert(self, table: str, columns: tuple[str, ...]) -> str:
        marks = ", ".join(["?" if self.is_local else "%s"] * len(columns))
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"

    def _make_tables(self, sql) -> None:
        """Describe the tables, and make those that are not there yet; InputError where it fails."""
        self._metadata, name, number = sql.MetaData(), sql.String(40), sql.Float

        def table(title: str, *columns) -> object:
            return sql.Table(title, self._metadata, *columns)

        def texts(names) -> list:
            return [sql.Column(one, sql.Text) for one in names]

        at = "at"
        self.predictions = table("predictions", sql.Column("id", name, primary_key=True),
                                 sql.Column(at, number), *texts(COLUMNS[2:]))  # fmt: skip
        later_columns.index_keys(self.predictions)
        self.outcomes = table("outcomes", sql.Column("id", name, primary_key=True),
                              sql.Column(at, number), *texts(["outcome"]))  # fmt: skip
        self.requests = table(
            "requests", sql.Column(at, number), sql.Column("status", sql.Integer),
            sql.Column("seconds", number), sql.Column("rows", sql.Integer),
        )  # fmt: skip
        self.shadow = table("shadow", sql.Column("id", name, index=True),
                            sql.Column(at, number), *texts(SHADOW[2:]))  # fmt: skip
        if self.is_local:
            sql.event.listen(self.engine, "connect", _prepare)
            sql.event.listen(self.engine, "checkout", _be_patient)
        self._create(sql)

    def _create(self, sql) -> None:
        try:
            self._metadata.create_all(self.engine)
            later_columns.add_missing(self.engine, self.predictions)
        except sql.exc.SQLAlchemyError as error:
            raise InputError(
                f"The prediction log can't be opened ({type(error).__name__}): is "
                f"{self.engine.url.render_as_string(hide_password=True)} there, and may it be "
                f"written to? --log off serves without one."
            ) from None
        self._place = self._inodes()

    def reopen(self) -> None:
        """Begin anew at the same address: tables that are not there are made; InputError if not.

        What the file that was open has not taken in yet is written to it, wherever it is now.
        """
        import sqlalchemy as sql

        with suppress(Exception):  # of a file that is gone there is nothing to save
            self._driver().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.forget()
        self.engine.dispose()
        self._create(sql)

    def has_moved(self) -> bool:
        """Whether the file at the address is another one than is open, or its WAL is."""
        now = self._inodes()
        if self._place[1:] == [None]:  # SQLite makes its WAL when it is first needed
            self._place = [*self._place[:1], *now[1:]]
        return now != self._place

    def _inodes(self) -> list:
        """What tells the file, and its WAL, from others of the same names; None if not there."""
        return [_inode(path) for path in self._paths]

    def write(
        self, answers: list[tuple], requests: list[tuple] = (), shadow: list[tuple] = (),
        patient: bool = False,
    ) -> None:  # fmt: skip
        """Write lines (tuples by `COLUMNS`, `REQUESTS`, `SHADOW`) in one transaction, or raise.

        A file that is locked is waited for if `patient`. Raises LogMoved where the lines were, or
        would be, written to a file that is no longer at its place, where no reader finds them.
        """
        try:
            self._refuse_moved()
            self._wait_for_others(patient)
            self._insert_lines(answers, requests, shadow)
            self._refuse_moved()
        except LogMoved:
            raise
        except Exception:
            self.forget()
            raise

    def _refuse_moved(self) -> None:
        if self.file and self.has_moved():
            raise LogMoved(MOVED.format(self.file))

    def _driver(self):
        """The driver's own connection: SQLAlchemy's insert takes three times as long for a row."""
        if self._connection is None:
            self._connection, self._patient = self.engine.raw_connection(), None
        return self._connection.driver_connection

    def _wait_for_others(self, patient: bool) -> None:
        """Let the next write wait for other writers of a file, or let it fail at once."""
        driver = self._driver()
        if self.is_local and patient is not self._patient:
            driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS if patient else 0}")
            self._patient = patient

    def _insert_lines(
        self, answers: list[tuple], requests: list[tuple], shadow: list[tuple]
    ) -> None:
        driver = self._driver()
        cursor = driver.cursor()
        if answers:
            columns = COLUMNS[: len(answers[0])]  # the last two may be left out
            cursor.executemany(self._insert("predictions", columns), answers)
            self.written_at = time.time()
        for insert, lines in ((self._insert_request, requests), (self._insert_shadow, shadow)):
            if lines:
                cursor.executemany(insert, lines)
        driver.commit()

    def forget(self) -> None:
        """Close the connection; the next write opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # noqa: S110 - it is broken: that is why it goes
                connection.invalidate()

    def unknown(self, answers: list[tuple]) -> list[tuple]:
        """The lines, of answers, that are not in the log yet."""
        if not answers:
            return answers
        with self.engine.connect() as connection:
            known = self._known_ids(connection, [line[0] for line in answers])
        return [line for line in answers if line[0] not in known]

    def note_outcomes(self, outcomes: list[tuple[str | ClientKey, str]]) -> list[str]:
        """Store actual outcomes by id, or by the client's key of a row: its last answer is meant.

        A later outcome replaces an earlier one. Returns the ids and keys that are not known.
        """
        named = [one for one, _ in outcomes]
        with self.engine.begin() as connection:
            known = self._ids_of(connection, named)
            if told := {known[one]: outcome for one, outcome in outcomes if one in known}:
                self._replace_outcomes(connection, told)
        return [str(one) for one in named if one not in known]

    def _ids_of(self, connection, named: list[str | ClientKey]) -> dict[str | ClientKey, str]:
        """By id, or by the client's key, the id of the answer that is meant; only known ones."""
        ids = self._known_ids(connection, [one for one in named if isinstance(one, str)])
        keys = [one.text for one in named if isinstance(one, ClientKey)]
        return {id_: id_ for id_ in ids} | self._last_of_keys(connection, keys)

    def _last_of_keys(self, connection, keys: list[str]) -> dict[ClientKey, str]:
        """The id of the last answer to each of a client's keys: ids grow with time."""
        import sqlalchemy as sql

        key, id_, found = self.predictions.c.client_key, self.predictions.c.id, {}
        for some in _in_parts(keys):
            last = sql.select(key, sql.func.max(id_).label("id")).where(key.in_(some))
            rows = connection.execute(last.group_by(key))
            found |= {ClientKey(row.client_key): row.id for row in rows}
        return found

    def _known_ids(self, connection, ids: list[str]) -> set[str]:
        import sqlalchemy as sql

        id_, found = self.predictions.c.id, set()
        for some in _in_parts(ids):
            rows = connection.execute(sql.select(id_).where(id_.in_(some)))
            found |= {row.id for row in rows}
        return found

    def _replace_outcomes(self, connection, told: dict[str, str]) -> None:
        import sqlalchemy as sql

        now = time.time()
        for some in _in_parts(list(told)):
            connection.execute(sql.delete(self.outcomes).where(self.outcomes.c.id.in_(some)))
        lines = [{"id": one, "at": now, "outcome": said} for one, said in told.items()]
        connection.execute(sql.insert(self.outcomes), lines)

    def replace_outcomes(self, meant: dict[str, str | None]) -> None:
        """Put other outcomes in the place of some, by what was told; None takes them out."""
        import sqlalchemy as sql

        table = self.outcomes
        with self.engine.begin() as connection:
            for told, other in meant.items():
                change = sql.delete(table) if other is None else sql.update(table)
                change = change.where(table.c.outcome == told)
                connection.execute(change if other is None else change.values(outcome=other))

    def tidy(self) -> None:
        """Bring what was written into the SQLite file itself, so that its WAL stays short.

        SQLite would do it in the middle of a write, which then takes milliseconds; done from
        another thread, writes go on meanwhile. What fails now is done the next time.
        """
        import sqlalchemy as sql

        if not self.file or self.has_moved():
            return
        try:
            with self.engine.connect() as connection:
                pages = connection.execute(sql.text("PRAGMA wal_checkpoint(PASSIVE)")).one()[1]
                if pages > LONGEST_WAL:
                    connection.execute(sql.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        except sql.exc.SQLAlchemyError:
            return

    def close(self) -> None:
        """Close every connection."""
        self.forget()
        self.engine.dispose()


NO_ADDRESS = (
    "The prediction log's address can't be used ({}): give a SQLAlchemy address such as "
    "postgresql+psycopg://me@host/base, with its driver installed, or leave it out."
)


def _engine_of(address: str):
    """The database of an address; InputError where it is none, or its driver is not installed."""
    import sqlalchemy as sql

    options = {"poolclass": sql.pool.StaticPool} if address == "sqlite://" else {}
    try:
        # pre_ping: a server that did not answer is tried again
        return sql.create_engine(filled(sql.make_url(address)), pool_pre_ping=True, **options)
    except (sql.exc.ArgumentError, ImportError) as error:
        raise InputError(NO_ADDRESS.format(type(error).__name__)) from None


def _prepare(connection, _) -> None:
    """A new SQLite connection: WAL, no sync at each commit; room is given back (see `log_room`)."""
    for setting in ("auto_vacuum=INCREMENTAL", *SETTINGS):
        connection.execute(f"PRAGMA {setting}")


def _be_patient(connection, *_) -> None:
    """A connection that is about to be used waits for other writers, a little."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")


def _file_of(engine) -> Path | None:
    """The file of a SQLite database; None for one in memory, or another database."""
    named = engine.url.database
    is_file = engine.dialect.name == "sqlite" and named not in (None, "", ":memory:")
    return Path(named) if is_file and not named.startswith("file:") else None


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast, and asked for each answer
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _in_parts(ids: list[str]) -> Iterator[list[str]]:
    """Ids some at a time: databases limit how many a query may name."""
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


# --- Reading ------------------------------------------------------------------------------------


def elsewhere() -> str:
    """The address of the log where the environment names one, else empty."""
    return os.environ.get(LOG_VARIABLE, "")


def has_log(folder: Path, table: str = "predictions") -> bool:
    """Whether there is a log with that table: in a run's folder, or where the environment says."""
    import sqlalchemy as sql

    if not elsewhere() and not (folder / LOG_FILE).exists():
        return False
    with _reading(folder) as connection:
        return sql.inspect(connection).has_table(table)


def ask_log(folder: Path, query: str, **values):
    """What a log says to a query in SQL, as a frame; the query's `:names` are filled in.

    Nothing is written. Raises InputError when it can't be read.
    """
    import pandas as pd
    import sqlalchemy as sql

    with _reading(folder) as connection:
        return pd.read_sql_query(sql.text(query), connection, params=values)


@contextmanager
def _reading(folder: Path):
    """A connection to a log that changes nothing; InputError where it can't be read."""
    import pandas as pd
    import sqlalchemy as sql

    file = f"sqlite:///file:{(folder / LOG_FILE).as_posix()}?mode=ro&uri=true"
    try:
        with _connected(elsewhere() or file) as connection:
            yield connection
    except (sql.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError) as error:
        where = LOG_VARIABLE if elsewhere() else f"the run '{folder.name}'"
        why = type(error).__name__
        raise InputError(
            f"The log of {where} can't be read ({why}): give rows with --data."
        ) from None


@contextmanager
def _connected(address: str):
    """A connection to a database for a block, after which nothing of it is left open."""
    import sqlalchemy as sql

    engine = sql.create_engine(filled(sql.make_url(address)))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
