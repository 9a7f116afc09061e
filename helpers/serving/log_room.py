"""The room that a prediction log takes, made less in small steps, each a transaction."""

from __future__ import annotations

from ..base.user_errors import InputError
from .prediction_log import PredictionLog

PATIENT_MILLISECONDS = 5_000  # how long a step waits for another writer
PAGES_TOGETHER = 256  # of 4 kB, that are given back in one step
INCREMENTAL = 2  # of SQLite's `auto_vacuum`: pages can be given back some at a time
OF_IDS = ("outcomes", "shadow", "predictions")  # tables that know an answer's id
PLACES = {"sqlite": "rowid", "postgresql": "ctid"}  # what a database calls a line's place


class LogRoom:
    """Takes lines out of a log, and gives room back to the disk.

    >>> room = LogRoom(PredictionLog("sqlite://"))
    >>> room.log.write([("a1", 0.0, "v1", "{}", "yes", "", "[]")])
    >>> room.oldest_ids(1.0, 10), room.take_out(["a1"]), room.oldest_ids(1.0, 10)
    (['a1'], None, [])
    """

    def __init__(self, log: PredictionLog):
        self.log = log
        self._kind = log.engine.dialect.name

    def asked(self, query: str, **values):
        """The first value that a query finds."""
        import sqlalchemy as sql

        with self.log.engine.connect() as connection:
            return connection.execute(sql.text(query), values).scalar()

    def oldest_ids(self, limit: float, most: int) -> list[str]:
        """Ids of answers that were given before a time, `most` of them at most."""
        import sqlalchemy as sql

        query = sql.text("SELECT id FROM predictions WHERE at < :limit LIMIT :most")
        with self.log.engine.connect() as connection:
            return list(connection.execute(query, {"limit": limit, "most": most}).scalars())

    def take_out(self, ids: list[str]) -> None:
        """Take out answers with all that is known of them."""
        import sqlalchemy as sql

        with self._patiently() as connection:
            for table in OF_IDS:
                query = sql.text(f"DELETE FROM {table} WHERE id IN :ids")
                ids_in = query.bindparams(sql.bindparam("ids", expanding=True))
                connection.execute(ids_in, {"ids": ids})

    def take_out_requests(self, limit: float, most: int) -> int:
        """Take out lines about requests before a time, some of them; how many those were."""
        import sqlalchemy as sql

        place = PLACES.get(self._kind)
        some = f"{place} IN (SELECT {place} FROM requests WHERE at < :limit LIMIT :most)"
        query = f"DELETE FROM requests WHERE {some if place else 'at < :limit'}"
        with self._patiently() as connection:
            values = {"limit": limit} | ({"most": most} if place else {})
            return connection.execute(sql.text(query), values).rowcount

    def _patiently(self):
        """A transaction that waits for other writers of a file."""
        import sqlalchemy as sql

        connection = self.log.engine.connect()
        if self.log.is_local:
            connection.execute(sql.text(f"PRAGMA busy_timeout={PATIENT_MILLISECONDS}"))
        return _Committed(connection)

    def used(self) -> int:
        """The bytes that lines take; what they leave free in a file is not among them."""
        if self.log.is_local:
            pages = self.asked("PRAGMA page_count") - self.asked("PRAGMA freelist_count")
            return pages * self.asked("PRAGMA page_size")
        if self._kind != "postgresql":
            raise InputError("How large this database is can't be told: prune by --days.")
        found = [self.asked(f"SELECT SUM(pg_column_size(t.*)) FROM {table} t")
                 for table in (*OF_IDS, "requests")]  # fmt: skip
        return int(sum(one or 0 for one in found))

    def is_shrinkable(self) -> bool:
        """Whether a file can give room back in steps: not one that an earlier version made."""
        return self.log.is_local and self.asked("PRAGMA auto_vacuum") == INCREMENTAL

    def shrink(self) -> bool:
        """Give some room back; whether there is more to give."""
        with self._patiently() as connection:
            driver = connection.connection.driver_connection
            driver.executescript(f"PRAGMA incremental_vacuum({PAGES_TOGETHER})")  # to its end
        return self.asked("PRAGMA freelist_count") > 0

    def finish(self) -> None:
        """Bring all into the file of SQLite, so that no more lies beside it."""
        import sqlalchemy as sql

        if self.log.is_local:
            with self._patiently() as connection:  # most of it while others write; then the rest
                for how in ("PASSIVE", "PASSIVE", "TRUNCATE"):
                    connection.execute(sql.text(f"PRAGMA wal_checkpoint({how})"))

    def rewrite(self) -> None:
        """Write a file anew, so that it takes the room it needs; others wait meanwhile."""
        import sqlalchemy as sql

        whole = self.log.engine.execution_options(isolation_level="AUTOCOMMIT")
        with whole.connect() as connection:
            for command in (f"PRAGMA busy_timeout={PATIENT_MILLISECONDS}",
                            f"PRAGMA auto_vacuum={INCREMENTAL}", "VACUUM"):  # fmt: skip
                connection.execute(sql.text(command))


class _Committed:
    """A connection for a block, whose work is committed where nothing went wrong."""

    def __init__(self, connection):
        self._connection = connection

    def __enter__(self):
        return self._connection

    def __exit__(self, kind, *_) -> None:
        try:
            (self._connection.rollback if kind else self._connection.commit)()
        finally:
            self._connection.close()
