"""nbval's kernel, but for two things: it is missed when it has gone, and `;` hides a cell's value.

By itself nbval waits for a cell's answer for up to 2,000 seconds, also when the kernel, or the
process that it was forked from, was killed meanwhile. And it keeps no history, in which IPython
looks for the `;` at a cell's end.
"""

from __future__ import annotations

import math
import time
from queue import Empty

from nbval.kernel import RunningKernel

LOOK_EVERY = 1.0  # seconds
GONE = "The kernel has gone: it was killed from outside, or memory ran out. Run the tests again."


class WatchedKernel(RunningKernel):
    """Looks, while it waits for a message, whether the kernel is still there; keeps a history."""

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Run a cell as Jupyter does, with a history; the id of the message that answers."""
        return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)

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
