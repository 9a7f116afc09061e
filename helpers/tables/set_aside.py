"""The lines of a file that are no rows of its table: kept with their numbers and reasons.

They travel with the table, as `frame.attrs["set_aside"]`.
"""

from __future__ import annotations

import pandas as pd

COLUMNS = ["line", "reason", "text"]


class Lines(list):
    """A list that frames hand on to one another without copying it."""

    def __deepcopy__(self, memo) -> Lines:
        return self


def note(frame: pd.DataFrame, lines: list[tuple[int, str, str]]) -> pd.DataFrame:
    """The table with lines (number, reason, text) noted as set aside when it was read.

    >>> of(note(pd.DataFrame({"x": [1]}), [(3, "2 fields, the table has 1", "a,b")])).line.tolist()
    [3]
    """
    if lines:
        frame.attrs = frame.attrs | {"set_aside": Lines(lines)}
    return frame


def of(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines that were set aside when a table was read: `line`, `reason`, `text`."""
    found = pd.DataFrame(frame.attrs.get("set_aside", []), columns=COLUMNS)
    return found.astype({"line": "int64", "reason": "str", "text": "str"})


def count(frame: pd.DataFrame) -> int:
    """How many lines were set aside when a table was read."""
    return len(frame.attrs.get("set_aside", []))
