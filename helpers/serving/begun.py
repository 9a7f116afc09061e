"""A coroutine that has begun: its result where it does not have to wait, else the rest of it.

A time limit costs as much as all else that is done to take a body. Nearly every body is here when
it is asked for, and needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator


class Begun:
    """A coroutine, run up to where it waits: `is_done` says whether it has its `result` already.

    Who awaits it gets the result in any case.

    >>> async def three():
    ...     return 3
    >>> begun = Begun(three())
    >>> begun.is_done, begun.result
    (True, 3)
    """

    def __init__(self, coroutine: Coroutine):
        self._coroutine, self.is_done, self.result = coroutine, False, None
        self._go_on(coroutine.send, None)

    def _go_on(self, step: Callable, told) -> None:
        """Run the coroutine up to where it waits again, or to its end."""
        try:
            self._waits_for = step(told)
        except StopIteration as done:
            self.is_done, self.result = True, done.value

    def __await__(self) -> Generator:
        while not self.is_done:
            try:
                told = yield self._waits_for
            except BaseException as error:  # noqa: BLE001 - such as a cancellation: passed on
                self._go_on(self._coroutine.throw, error)
            else:
                self._go_on(self._coroutine.send, told)
        return self.result
