"""The outline of a large JSON body: how many rows, how long its cells, before any of it is built.

A body is looked through in stretches, by vectors of its bytes, so that other threads go on
meanwhile: a parser keeps all of them waiting until it has built everything. Rows are then parsed
some at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import orjson

from ..pipeline.row_check import TOO_LONG, most_letters
from .refusals import Refused

STRETCH = 2**18  # bytes that are looked through in one go
TOGETHER = 2**16  # bytes of rows that are parsed in one go
LENIENT = 2**18  # bytes that are parsed in Python, where they are no strict JSON
DEEPEST = 64  # levels: a row is flat
BYTES_OF_A_LETTER = 6  # at most, as an escape
MOST_VALUES = 500_000  # in what can't be cut into rows
QUOTE, BACKSLASH, COMMA = b'"\\,'
TOO_DEEP = "The JSON is nested too deeply: a row is a flat object."
CUT_OFF = "The body can't be read as JSON: was it cut off?"


@dataclass
class _State:
    """What is known at the end of a stretch."""

    at: int = 0
    opened: int = -1  # where the string that is open begins, or -1
    slashes: int = 0  # backslashes at the end of the stretch
    depth: int = 0
    values: int = 0
    rows: int = 0
    ends: list[np.ndarray] = field(default_factory=list)


def rows_of(body: bytes, most: int) -> list | dict:
    """The content of a JSON body, `most` rows or fewer; refused before it is built where it can be.

    >>> rows_of(b'[{"x": 1}, {"x": "a,]b"}]', 2)
    [{'x': 1}, {'x': 'a,]b'}]
    """
    state = _look_through(body, most)
    if body.lstrip()[:1] != b"[":
        if state.values > MOST_VALUES:
            said = f"An object of {state.values:,} values is no row: send a list."
            raise Refused("not_rows", said)
        return _parsed(body)
    ends = np.concatenate([np.empty(0, int), *state.ends]).tolist()
    return [row for piece in _pieces(body, ends) for row in _parsed(piece)]


def _refuse_rows(rows: int, most: int, is_all: bool) -> None:
    more = "" if is_all else " or more"
    said = f"A request holds 1 to {most:,} rows; this one holds {rows:,}{more}."
    raise Refused("row_count", said)


def _look_through(body: bytes, most: int) -> _State:
    """The outline of a body; refuses what is too long, too many or too deep once it is seen."""
    state, longest = _State(), BYTES_OF_A_LETTER * most_letters()
    for start in range(0, len(body), STRETCH):
        seen = np.frombuffer(body, np.uint8, min(STRETCH, len(body) - start), start)
        state.at = start
        inside = _strings(seen, state, longest)
        _brackets(np.where(inside, np.uint8(0), seen), state)
        if state.rows > most:
            _refuse_rows(state.rows, most, is_all=start + STRETCH >= len(body))
    return state


def _strings(seen: np.ndarray, state: _State, longest: int) -> np.ndarray:
    """A mask of the bytes that are inside strings; refuses a string that is too long."""
    quotes = np.flatnonzero(seen == QUOTE)
    quotes = quotes[~_escaped(seen, quotes, state)]
    was_open = state.opened >= 0
    marks = np.zeros(len(seen), np.int8)
    marks[quotes] = 1
    inside = (np.cumsum(marks, dtype=np.int32) + was_open) & 1
    places = quotes + state.at
    borders = np.concatenate([[state.opened], places]) if was_open else places
    opens, closes = borders[::2], borders[1::2]
    end = state.at + len(seen)
    state.opened = int(opens[-1]) if len(opens) > len(closes) else -1
    lengths = np.append(closes, end)[: len(opens)] - opens
    if len(lengths) and lengths.max() > longest:
        raise Refused("cell_too_long", TOO_LONG.format(longest // BYTES_OF_A_LETTER))
    return inside.astype(bool)


def _escaped(seen: np.ndarray, quotes: np.ndarray, state: _State) -> np.ndarray:
    """Which quotes are behind an odd number of backslashes: they are part of a string."""
    before = state.slashes
    slashes = seen == BACKSLASH
    if not slashes.any():
        state.slashes = 0
        return (quotes == 0) & (before % 2 == 1)
    place = np.arange(len(seen))
    other = np.maximum.accumulate(np.where(slashes, -1, place))  # the last byte that is none
    last = len(seen) - 1
    state.slashes = int(last - other[-1]) + (before if other[-1] < 0 else 0)
    behind = np.where(quotes > 0, other[quotes - 1], -1)
    return (quotes - 1 - behind + np.where(behind < 0, before, 0)) % 2 == 1


def _brackets(seen: np.ndarray, state: _State) -> None:
    """Count levels, values and rows in bytes outside strings."""
    down = (seen == ord("}")) | (seen == ord("]"))
    up = (seen == ord("{")) | (seen == ord("["))
    depth = np.cumsum(up.astype(np.int8) - down.astype(np.int8), dtype=np.int64) + state.depth
    if depth.max(initial=0) > DEEPEST:
        raise Refused("not_json", TOO_DEEP)
    ends = np.flatnonzero(down & (depth == 1)) + state.at + 1
    state.depth = int(depth[-1])
    state.values += int(np.count_nonzero(seen == COMMA))
    state.rows += len(ends)
    state.ends.append(ends)


def _pieces(body: bytes, ends: list[int]) -> Iterator[bytes]:
    """A list of rows as lists of some of them; `ends` are where rows end."""
    start = began = body.index(b"[") + 1
    for place, end in enumerate(ends):
        if end - start >= TOGETHER or place == len(ends) - 1:
            yield _list_of(body[start:end], is_first=start == began)
            start = end
    rest = body[start:].strip()
    if rest[-1:] != b"]":
        raise Refused("not_json", CUT_OFF)
    if len(rest) > TOGETHER:
        raise Refused("not_rows", "The body is a JSON object (a row), or a list of objects.")
    if rest != b"]":
        yield _list_of(rest.removesuffix(b"]"), is_first=start == began)


def _list_of(rows: bytes, is_first: bool) -> bytes:
    """Rows with the comma that is before them, as a list."""
    rows = rows.lstrip()
    if not is_first:
        if rows[:1] != b",":
            raise Refused("not_json", CUT_OFF)
        rows = rows[1:]
    if len(rows) > LENIENT and rows.count(b",") > MOST_VALUES:
        raise Refused("not_rows", f"A row has more than {MOST_VALUES:,} values.")
    return b"[" + rows + b"]"


def _parsed(text: bytes) -> list | dict:
    """A text of JSON; NaN and Infinity are no JSON, and are read so that the field can be named."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if len(text) > LENIENT:
            raise Refused("not_json", CUT_OFF) from None
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        why = TOO_DEEP if isinstance(error, RecursionError) else CUT_OFF
        raise Refused("not_json", why) from None
