"""The lines of a file that are no rows of its table: kept with their numbers and reasons.

They travel with the table, as `frame.attrs["set_aside"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pandas as pd

COLUMNS = ["line", "reason", "text"]
_listener: ContextVar[dict | None] = ContextVar("set_aside", default=None)


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
        if (heard := _listener.get()) is not None:
            heard.update({line[:2]: line for line in lines})
        frame.attrs = frame.attrs | {"set_aside": Lines(lines)}
    return frame


def of(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines that were set aside when a table was read: `line`, `reason`, `text`."""
    return as_frame(frame.attrs.get("set_aside", []))


def as_frame(lines: Iterable[tuple[int, str, str]]) -> pd.DataFrame:
    """Lines (number, reason, text) as a frame: `line`, `reason`, `text`.

    >>> as_frame([(3, "2 fields, the table has 1", "a,b")]).line.tolist()
    [3]
    """
    found = pd.DataFrame(list(lines), columns=COLUMNS)
    return found.astype({"line": "int64", "reason": "str", "text": "str"})


@contextmanager
def heard() -> Iterator[dict]:
    """The lines that are set aside while a block reads a table, by number and reason.

    They are for who gets no table.

    >>> with heard() as lines:
    ...     _ = note(pd.DataFrame({"x": [1]}), [(3, "2 fields, the table has 1", "a,b")])
    >>> list(lines)
    [(3, '2 fields, the table has 1')]
    """
    lines: dict[int, tuple[int, str, str]] = {}
    token = _listener.set(lines)
    try:
        yield lines
    finally:
        _listener.reset(token)


def beside(out: Path) -> Path:
    """Where the lines are written that were set aside when a result was made.

    >>> beside(Path("scored.csv")).name
    'scored.set_aside.csv'
    """
    return out.with_name(f"{out.stem}.set_aside.csv")


def write(lines: dict, out: Path) -> None:
    """Write lines beside a result; without any, no file stays there."""
    beside(out).unlink(missing_ok=True)
    if lines:
        as_frame(sorted(lines.values())).to_csv(beside(out), index=False)


def sentence(lines: dict, where: str) -> str:
    """What is said of lines that were set aside, with the first of them, and where they are.

    >>> sentence({3: (3, "2 fields, the table has 1", "a,b")}, "kept in x.csv")
    '1 line is no row and was set aside (line 3: 2 fields, the table has 1), kept in x.csv.'
    """
    number, reason, _ = min(lines.values())
    many = f"{len(lines):,} lines are no rows and were"
    many = "1 line is no row and was" if len(lines) == 1 else many
    return f"{many} set aside (line {number:,}: {reason}), {where}."


def kept(lines: dict, name: str) -> str:
    """What is said of lines that the reader of their file has told of already: where they are.

    >>> kept({3: (3, "2 fields, the table has 1", "a,b")}, "x.csv")
    'The line set aside is kept in x.csv.'
    """
    many = f"{len(lines):,} lines" if len(lines) > 1 else "line"
    return f"The {many} set aside {'are' if len(lines) > 1 else 'is'} kept in {name}."


def count(frame: pd.DataFrame) -> int:
    """How many lines were set aside when a table was read."""
    return len(frame.attrs.get("set_aside", []))
