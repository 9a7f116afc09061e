"""Retention of a prediction log: the oldest answers go, with their outcomes and the shadow's words.

Lines go some at a time, in transactions of milliseconds with pauses between, so that a service
that writes to the same log goes on. Room in a SQLite file is given back in small steps, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .log_measures import bytes_of
from .log_room import LogRoom
from .prediction_log import PredictionLog

TOGETHER = 500  # lines that go in one transaction
PAUSE_SECONDS = 0.01  # between two transactions: others write meanwhile
DAY = 86_400.0
EVER = float("inf")


@dataclass
class Retention:
    """What is kept: answers of so many days, and so many bytes of them; 0: no limit.

    `compact` writes a SQLite file anew, which gives room back also in files of earlier versions; a
    service keeps its answers meanwhile, and writes them afterwards.
    """

    days: float = 0
    most_bytes: int = 0
    compact: bool = False


@dataclass
class Pruned:
    """What has gone: answers, and bytes on disk before and after (0 where that is not known)."""

    answers: int = 0
    before: int = 0
    after: int = 0


def prune(
    log: PredictionLog, keep: Retention, advance: Callable[[int], None] = lambda gone: None
) -> Pruned:
    """Take out of a log what is not kept; `advance` is told how many answers have gone.

    >>> log = PredictionLog("sqlite://")
    >>> log.write([("a1", 0.0, "v1", "{}", "yes", "", "[]")])
    >>> prune(log, Retention(days=30)).answers
    1
    """
    room, done = LogRoom(log), Pruned(before=bytes_of(log))
    if keep.days:
        done.answers += _take_out(room, time.time() - keep.days * DAY, advance)
    while keep.most_bytes and (limit := _limit_for(room, keep.most_bytes)):
        done.answers += _take_out(room, limit, advance)
    _give_back(room, keep.compact)
    done.after = bytes_of(log)
    return done


def _limit_for(room: LogRoom, most_bytes: int) -> float | None:
    """The time before which answers go, so that about so many bytes are left; None if they are."""
    used, count = room.used(), room.asked("SELECT COUNT(*) FROM predictions")
    if used <= most_bytes or not count:
        return None
    place = int(count * (1 - most_bytes / used)) + 1
    query = "SELECT at FROM predictions ORDER BY at LIMIT 1 OFFSET :place"
    return room.asked(query, place=place) or EVER


def _take_out(room: LogRoom, limit: float, advance: Callable[[int], None]) -> int:
    """Take out all that is older than a time; how many answers that were."""
    gone = 0
    while ids := room.oldest_ids(limit, TOGETHER):
        room.take_out(ids)
        gone += len(ids)
        advance(gone)
        time.sleep(PAUSE_SECONDS)
    while room.take_out_requests(limit, TOGETHER):
        time.sleep(PAUSE_SECONDS)
    return gone


def _give_back(room: LogRoom, compact: bool) -> None:
    """Give the room of a SQLite file back to the disk: in steps, or all at once."""
    if compact and room.log.is_local:
        room.rewrite()
    while room.is_shrinkable() and room.shrink():
        time.sleep(PAUSE_SECONDS)
    room.finish()
