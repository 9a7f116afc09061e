"""Memory that large bodies took, given back to the system (glibc keeps what lies between)."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

LARGE = 2**20  # bytes of a body
EVERY = 2  # seconds between two looks


def give_back() -> None:
    """Give free pages back to the system; where there is no glibc nothing happens.

    A body of 20 MB comes in pieces, among which small blocks are taken for good: without this, the
    heap grows by some MB for each.
    """
    gc.collect()  # a refusal holds its frames, and these the body, in a circle
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
