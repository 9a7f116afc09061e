"""The decisions of a person in `review.csv`: read, checked, and put into the plan.

What stands in that file is made in `doubtful_cells.py`; `clean_rows.hand_on` writes it.
"""

from __future__ import annotations

import numpy as np

from ..base.user_errors import InputError, nearest
from ..cells.as_texts import as_text
from ..cells.coded_column import EncodedColumn
from ..cells.reading_values import repair_value

MISSING = "missing"


class Decision:
    """One decision of a plan: the cell of rows that hold its texts becomes its value.

    `texts` has by column the text that the cell holds ("": it is empty), its neighbours' included;
    `value` is what it becomes (None is missing). Raises KeyError where the plan lacks the column.
    """

    def __init__(self, decision: dict, columns: dict[str, dict]):
        self.name, becomes = decision["column"], decision["becomes"]
        self.texts = {self.name: decision["value"]} | decision["where"]
        is_missing = becomes == MISSING
        self.value = None if is_missing else repair_value(becomes, columns[self.name])[0]

    def holds(self, row: dict) -> bool:
        """Whether a cleaned row (a dict; missing is None) has the decision's texts."""
        return all(_text_of(row.get(name)) == text for name, text in self.texts.items())

    def rows(self, columns: dict) -> np.ndarray:
        """The places of the rows that have them, in columns by name; none without a column."""
        if not set(self.texts) <= set(columns):
            return np.array([], dtype=int)
        fits = [_has_text(columns[name], text) for name, text in self.texts.items()]
        return np.flatnonzero(np.logical_and.reduce(fits))


def _text_of(value) -> str:
    return "" if value is None or value != value else as_text(value)


def _has_text(column, text: str) -> np.ndarray:
    """Which cells of a column have a text; "" stands for the empty ones."""
    column = EncodedColumn.of_cells(column)
    if not text:
        return column.isna()
    codes, texts = column.codes_and_texts
    return codes == (texts.index(text) if text in texts else len(texts))


def decide(columns: dict, plan: dict) -> tuple[dict, dict[str, np.ndarray]]:
    """Cleaned columns with the plan's `decisions` carried out, and by column the rows changed.

    Columns are a Series or an `EncodedColumn`, by name. Each decision looks at the cells as they
    came, before any other decision.
    """
    changed: dict[str, np.ndarray] = {}
    decided = columns
    for one in (Decision(d, plan["columns"]) for d in plan.get("decisions", [])):
        if len(rows := one.rows(columns)):
            settled = EncodedColumn.of_cells(decided[one.name])
            settled = settled.with_cells(rows, [one.value] * len(rows))
            decided = decided | {one.name: settled}
            changed[one.name] = np.union1d(changed.get(one.name, rows), rows)
    return decided, changed


def decide_row(row: dict, decisions: list[Decision]) -> None:
    """The same for one cleaned row (a dict), in place.

    >>> one = {"column": "kg", "value": "9", "where": {}, "becomes": "missing"}
    >>> row = {"kg": 9}
    >>> decide_row(row, [Decision(one, {"kg": {"kind": "number"}})])
    >>> row
    {'kg': None}
    """
    row.update({one.name: one.value for one in decisions if one.holds(row)})


def check_decisions(decisions, columns) -> None:
    """Raise InputError when what a plan has under `decisions` can't be followed."""
    if not isinstance(decisions, list):
        raise InputError("The plan's decisions are a list, one mapping each.")
    for number, one in enumerate(decisions, 1):
        if wrong := _what_is_wrong(one, columns):
            raise InputError(f"The plan's decision {number} {wrong}")


def _what_is_wrong(decision, columns) -> str:
    """Why a decision can't be followed, to be read after its number; nothing where it can be."""
    keys = {"column", "value", "where", "becomes"}
    if not isinstance(decision, dict) or set(decision) != keys:
        return "can't be followed: it needs column, value, where and becomes."
    where = decision["where"]
    cells = list(where.values()) if isinstance(where, dict) else [where]
    if not all(isinstance(t, str) for t in [decision["value"], decision["becomes"], *cells]):
        return "can't be followed: value, becomes and the values under where are quoted text."
    if not isinstance(where, dict):
        return "can't be followed: where is a mapping of columns to quoted text."
    unknown = [name for name in (decision["column"], *where) if name not in columns]
    return f"names no column '{unknown[0]}'. {nearest(unknown[0], columns)}" if unknown else ""
