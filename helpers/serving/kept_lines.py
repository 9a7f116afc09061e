"""Lines that the prediction log could not take: kept in memory, bounded, and written later.

What goes beyond the bounds is lost, and counted.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

MOST_KEPT = 100_000  # answers
MOST_BYTES = 64 * 2**20  # of their rows
TOGETHER = 1_000  # answers that are written in one go


@dataclass
class KeptLines:
    """Answers that wait to be written, the oldest first.

    >>> kept = KeptLines(most=1)
    >>> kept.take([("a", 0.0, "v1", "{}", "yes", "", "[]"), ("b", 0.0, "v1", "{}", "no", "", "[]")])
    >>> [line[0] for line in kept.first()], kept.lost
    (['a'], 1)
    """

    most: int = MOST_KEPT
    most_bytes: int = MOST_BYTES
    lost: int = 0
    _lines: deque[tuple] = field(default_factory=deque)
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self._lines)

    def take(self, lines: list[tuple]) -> None:
        """Keep answers, as many as there is room for."""
        for line in lines:
            size = _size(line)
            if len(self._lines) < self.most and self._bytes + size <= self.most_bytes:
                self._lines.append(line)
                self._bytes += size
            else:
                self.lost += 1

    def first(self, most: int = TOGETHER) -> list[tuple]:
        """The oldest answers, to be written."""
        return [self._lines[place] for place in range(min(most, len(self._lines)))]

    def done(self, lines: int, lost: int = 0) -> None:
        """So many of the oldest are dealt with: written, but for those that are `lost`."""
        self.lost += lost
        for _ in range(lines):
            self._bytes -= _size(self._lines.popleft())


def _size(line: tuple) -> int:
    """About the bytes of an answer: its row is what may be long."""
    return 500 + len(line[3])


@dataclass
class Trouble:
    """Since when a log can't be written to, why, and how many answers were not logged meanwhile."""

    why: str
    since: float = field(default_factory=time.time)
    answers: int = 0
    lost_before: int = 0

    @property
    def began(self) -> str:
        """When it began (UTC)."""
        return datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
