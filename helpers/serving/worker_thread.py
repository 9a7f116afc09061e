"""One thread that does one task after another, and that a process which ends does not wait for.

A `ThreadPoolExecutor` is waited for at the end of the process, however long its task still takes;
a service has ten seconds to stop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Worker:
    """A thread of that name; `begin` is called in it once, before the first task.

    >>> worker = Worker("example")
    >>> worker.submit(sum, [1, 2]).result()
    3
    >>> worker.close()
    """

    def __init__(self, name: str, begin: Callable[[], None] | None = None):
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, args=[begin], name=name, daemon=True)
        self._thread.start()

    def submit(self, task: Callable, *values) -> Future:
        """Do a task when those before it are done; the future has what it returns or raises."""
        future: Future = Future()
        self._tasks.put((future, task, values))
        return future

    def close(self, seconds: float = 0.0) -> None:
        """Take no further task; wait so many seconds for the one that is being done."""
        self._closed = True
        self._tasks.put(None)
        self._thread.join(seconds)

    def _work(self, begin: Callable[[], None] | None) -> None:
        if begin:
            begin()
        while (asked := self._tasks.get()) is not None:
            _do(*asked, dropped=self._closed)


def _do(future: Future, task: Callable, values: tuple, dropped: bool) -> None:
    """Do one task, unless nobody waits for it any more."""
    if dropped:
        future.cancel()
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(task(*values))
    except BaseException as error:  # noqa: BLE001 - it belongs to who asked
        future.set_exception(error)
