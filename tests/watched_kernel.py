"""nbval's kernel, but for one thing: it is missed when it has gone.

By itself nbval waits for a cell's answer for up to 2,000 seconds, also when the kernel, or the
process that it was forked from, was killed meanwhile.
"""

from __future__ import annotations

import math
import time
from queue import Empty

from nbval.kernel import RunningKernel

LOOK_EVERY = 1.0  # seconds
GONE = "The kernel has gone: it was killed from outside, or memory ran out. Run the tests again."


class WatchedKernel(RunningKernel):
    """Looks, while it waits for a message, whether the kernel is still there."""

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        """The next message; Empty when the time is up, RuntimeError where the kernel has gone."""
        until = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            try:
                left = max(until - time.monotonic(), 0)
                return super().get_message(stream, timeout=min(LOOK_EVERY, left))
            except Empty:
                if time.monotonic() >= until:
                    raise
            if not self.is_alive():
                raise RuntimeError(GONE)
