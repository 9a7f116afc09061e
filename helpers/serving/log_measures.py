"""How large a prediction log is, how old, and how much room is left for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .prediction_log import PredictionLog

TABLES = ("predictions", "outcomes", "requests", "shadow")


def measured(log: PredictionLog) -> dict[str, tuple[str, float]]:
    """By the name of a metric what it says and its value; what can't be told is left out.

    >>> sorted(measured(PredictionLog("sqlite://")))
    []
    """
    found = {
        "log_bytes": ("Bytes that the log takes", bytes_of(log)),
        "log_free_bytes": ("Bytes that are free on the disk of the log's file", _free(log.file)),
        "log_oldest_timestamp_seconds": ("When the oldest answer was given", _oldest(log)),
        "log_written_timestamp_seconds": ("When an answer was last logged", log.written_at),
    }
    return {name: (said, value) for name, (said, value) in found.items() if value}


def bytes_of(log: PredictionLog) -> int:
    """The bytes on disk of a log: of its files, or of its tables in PostgreSQL; 0 if not known."""
    if log.file:
        return sum(_size(f"{log.file}{ending}") for ending in ("", "-wal"))
    if log.engine.dialect.name != "postgresql":
        return 0
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in TABLES)
    return int(_asked(log, f"SELECT {sizes}"))


def _oldest(log: PredictionLog) -> float:
    """When the oldest answer was given (ids grow with time, and are indexed)."""
    return float(_asked(log, "SELECT at FROM predictions ORDER BY id LIMIT 1") or 0)


def _asked(log: PredictionLog, query: str):
    import sqlalchemy as sql

    with log.engine.connect() as connection:
        return connection.execute(sql.text(query)).scalar()


def _free(file: Path | None) -> int:
    return shutil.disk_usage(file.parent).free if file and file.parent.is_dir() else 0


def _size(file: str) -> int:
    return os.path.getsize(file) if os.path.exists(file) else 0  # noqa: PTH202, PTH110
