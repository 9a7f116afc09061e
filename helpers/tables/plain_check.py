"""Whether the quotes of a text follow the rules everywhere: a quick look at its bytes.

In a text that is written by the rules each quote opens a field behind a delimiter or a line's end,
or closes one before these, turn and turn about; a doubled quote is a closing and an opening one.
"""

from __future__ import annotations

import numpy as np

PIECE = 2**20  # bytes at a time: as many as a core's own cache holds
QUOTE, LF, CR = b'"'[0], b"\n"[0], b"\r"[0]


def has_proper_quotes(body, delimiter: str) -> bool:
    """Whether every quote in a buffer of bytes opens or closes a field, turn and turn about.

    >>> has_proper_quotes(b'1,"a, ""b"" c"', ","), has_proper_quotes(b'1,"a,2,b', ",")
    (True, False)
    """
    letters, parity = np.frombuffer(body, np.uint8), 0
    for start in range(0, len(letters), PIECE):
        places = np.flatnonzero(letters[start : start + PIECE] == QUOTE) + start
        if not _turn_about(letters, places, parity, ord(delimiter)):
            return False
        parity = (parity + len(places)) % 2
    return parity == 0


def _turn_about(letters: np.ndarray, places: np.ndarray, parity: int, mark: int) -> bool:
    """Whether quotes at these places open and close; `parity` is 1 where the first is to close."""
    opening, closing = places[parity::2], places[1 - parity :: 2]
    before, after = (
        letters[np.maximum(opening - 1, 0)],
        letters[np.minimum(closing + 1, len(letters) - 1)],
    )
    opens = (opening == 0) | _is_end(before, mark)
    closes = (closing == len(letters) - 1) | _is_end(after, mark)
    return bool(opens.all() and closes.all())


def _is_end(letters: np.ndarray, mark: int) -> np.ndarray:
    """Whether letters may stand beside a quote: a delimiter, a line's end, another quote."""
    return (letters == mark) | (letters == QUOTE) | (letters == LF) | (letters == CR)
