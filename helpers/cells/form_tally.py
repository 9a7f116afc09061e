"""Cells of a delivery that did not read, or read in another form: counted, with an example of each.

The count is taken while a column is read, from what its reader says of each different text.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .as_texts import as_text
from .coded_column import EncodedColumn
from .other_forms import OTHER_FORM, why_unread
from .tidy_text import tidy
from .value_forms import kind_said

UNUSABLE = {  # cells that are never read: what is said of them
    "cell_too_long": "have more letters than a cell may have ('{}'), their rows are refused",
    "cell_unusable": "are no usable numbers ({}), their rows are refused",
}
UNREAD = ("unreadable", "ambiguous date", *UNUSABLE)
TOLD = (OTHER_FORM, *UNREAD)

Counted = dict[str, list]  # by kind of repair: cells, the first text, and what it was read as


class FormTally:
    """By kind of repair the cells that a person is told of, over all pieces of a column."""

    def __init__(self):
        self._found: Counted = {}

    def add(self, column: EncodedColumn, read: EncodedColumn, kinds: np.ndarray | None) -> None:
        """Count the cells of a coded column by the kind of repair of their values (None: none)."""
        if kinds is None:
            return
        for kind in TOLD:
            if (places := np.flatnonzero(kinds == kind)).size:
                self._count(kind, column, read, places)

    def add_cells(self, kind: str, cells: int, example: str) -> None:
        """Count so many cells of a kind, with an example, if there are any."""
        if cells:
            add_counts(self._found, {kind: [cells, example, ""]})

    def add_typed(self, column: pd.Series, read: pd.Series) -> None:
        """Nothing: a column that has its type reads in one form."""

    def _count(self, kind: str, column: EncodedColumn, read: EncodedColumn, places) -> None:
        cells = int(np.isin(column.codes, places).sum())
        if not cells:
            return
        text, value = column.values.iloc[places[0]], read.values.iloc[places[0]]
        add_counts(self._found, {kind: [cells, str(text), "" if pd.isna(value) else shown(value)]})

    def taken(self) -> Counted:
        """What was counted since the last call."""
        found, self._found = self._found, {}
        return found


def add_counts(found: Counted, more: Counted) -> None:
    """Add counts to others, in place; the first example stays.

    >>> counts = {"unreadable": [1, "x", ""]}
    >>> add_counts(counts, {"unreadable": [2, "y", ""]})
    >>> counts
    {'unreadable': [3, 'x', '']}
    """
    for kind, (cells, *example) in more.items():
        known = found.setdefault(kind, [0, *example])
        known[0] += cells


def shown(value) -> str:
    """A value as a person reads it: a date without an empty time of day.

    >>> shown(pd.Timestamp("2023-07-23")), shown(3.0)
    ('2023-07-23', '3')
    """
    return as_text(value).removesuffix(" 00:00:00")


def sentences(name: str, counted: Counted, rows: int, plan: dict, known: str) -> list[str]:
    """What is said of a column's cells: how many of its rows, the form seen and the form `known`.

    >>> sentences("paid", {"unreadable": [2, "x", ""]}, 60, {"kind": "boolean"}, "")
    ["paid: 2 of 60 cells can't be read as a boolean ('x'), their rows are refused"]
    """
    return [
        f"{name}: {counted[kind][0]:,} of {rows:,} cells {_said(kind, counted[kind], plan, known)}"
        for kind in TOLD
        if kind in counted
    ]


def _said(kind: str, counted: list, plan: dict, known: str) -> str:
    _, seen, value = counted
    if kind in UNUSABLE:
        return UNUSABLE[kind].format(seen[:40])
    beside = f"; in training '{known:.40}'" if known else ""
    if kind == OTHER_FORM:
        return f"have another form: '{seen:.40}' is read as {value:.40}{beside}"
    why = why_unread(tidy(seen), plan)
    what = f"'{seen:.40}' {why}".rstrip() if why else f"'{seen:.40}'"
    then = "their rows are refused" if kind == UNREAD[0] else "taken as missing"
    return f"can't be read as a {kind_said(plan)} ({what}{beside}), {then}"
