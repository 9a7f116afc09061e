"""A shadow: a second model that scores the same requests, and whose answers are only logged.

It works in a thread of its own, a few rows at a time. When more rows come than it can take, some
are left out and counted; when it fails, that is counted too. The service never waits for it.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable

import orjson
from prometheus_client import Counter

MOST_WAITING = 10_000  # rows
TOGETHER = 100  # rows that are scored in one go
UNREGISTERED = {"namespace": "pipeline", "registry": None}
PAUSE_SECONDS = 0.02  # seconds between two goes: the service has the processor first


class Shadow:
    """Asks a second model the rows that were answered, and keeps its answers for the log.

    `answer` takes raw rows (dicts) and gives for each the prediction and its probabilities (None
    for numbers). `version` names the model.

    >>> shadow = Shadow("v2", lambda rows: [("no", [0.9, 0.1]) for row in rows])
    >>> shadow.offer([{"id": "a1", "prediction": "yes"}], [b'{"age": 40}'])
    >>> shadow.close()
    >>> [(id_, version, said) for id_, at, version, said, chances in shadow.taken()]
    [('a1', 'v2', 'no')]
    """

    def __init__(self, version: str, answer: Callable[[list[dict]], list[tuple]]):
        self.version, self._answer = version, answer
        self._asked: queue.SimpleQueue = queue.SimpleQueue()
        self._answers: deque[tuple] = deque()
        self.answered = Counter("shadow_answers", "Rows that the shadow answered", **UNREGISTERED)
        self.differed = Counter("shadow_differs", "Rows it answered otherwise", **UNREGISTERED)
        self.left_out = Counter("shadow_left_out", "Rows that it had no time for", **UNREGISTERED)
        self.failed = Counter("shadow_failures", "Rows that it could not answer", **UNREGISTERED)
        self._until = math.inf
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def count_in(self, registry) -> None:
        """Show its counters in a service's registry."""
        for counter in (self.answered, self.differed, self.left_out, self.failed):
            registry.register(counter)

    def offer(self, answers: list[dict], raw: list[bytes]) -> None:
        """Take over rows with the answers that the service gave; never waits."""
        if self._asked.qsize() + len(answers) > MOST_WAITING:
            self.left_out.inc(len(answers))
            return
        for answer, row in zip(answers, raw, strict=True):
            self._asked.put((answer["id"], str(answer["prediction"]), row))

    def taken(self) -> list[tuple]:
        """The answers since the last call: id, time, version, prediction, probabilities as JSON."""
        return [self._answers.popleft() for _ in range(len(self._answers))]

    def close(self, seconds: float = 2.0) -> None:
        """Answer what waits, for so many seconds at most, and end."""
        self._until = time.monotonic() + seconds
        self._asked.put(None)
        self._thread.join(timeout=2 * seconds)

    def _work(self) -> None:
        going = True
        while going:
            some = [self._asked.get()]
            while len(some) < TOGETHER and not self._asked.empty():
                some.append(self._asked.get())
            going = None not in some and time.monotonic() < self._until
            self._answer_some([one for one in some if one is not None])
            if going:
                time.sleep(PAUSE_SECONDS)

    def _answer_some(self, some: list[tuple[str, str, bytes]]) -> None:
        try:
            found = self._answer([orjson.loads(row) for _, _, row in some])
        except Exception:  # noqa: BLE001 - a model on trial may fail in any way
            self.failed.inc(len(some))
            return
        at, lines = time.time(), []
        for (id_, prediction, _), (said, chances) in zip(some, found, strict=True):
            lines.append((id_, at, self.version, str(said), orjson.dumps(chances).decode()))
            self.differed.inc(str(said) != prediction)
        self._answers.extend(lines)
        self.answered.inc(len(lines))
