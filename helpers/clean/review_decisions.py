"""The decisions of a person in `review.csv`: read, checked, and put into the plan."""

from __future__ import annotations

import numpy as np

from ..base.user_errors import InputError, nearest
from ..cells.as_texts import as_text
from ..cells.coded_column import EncodedColumn
from ..cells.reading_values import repair_value

MISSING = "missing"


def decide(columns: dict, plan: dict) -> tuple[dict, dict[str, np.ndarray]]:
    """Cleaned columns with the plan's `decisions` carried out, and by column the rows changed.

    Columns are a Series or an `EncodedColumn`, by name. Each decision looks at one row at a time: a
    value, and the neighbours that it depends on.
    """
    changed: dict[str, np.ndarray] = {}
    decided = columns
    for one in plan.get("decisions", []):
        name = one["column"]
        cells = {name: one["value"]} | one["where"]
        rows = _rows_with_texts(columns, cells) if set(cells) <= set(columns) else []
        if not len(rows):
            continue
        value = None
        if one["becomes"] != MISSING:
            value = repair_value(one["becomes"], plan["columns"][name])[0]
        settled = EncodedColumn.of_cells(decided[name]).with_cells(rows, [value] * len(rows))
        decided = decided | {name: settled}
        changed[name] = np.union1d(changed.get(name, rows), rows)
    return decided, changed


def _rows_with_texts(columns: dict, cell_texts: dict[str, str]) -> np.ndarray:
    """The rows whose cells hold these texts, by column."""
    fits = []
    for name, text in cell_texts.items():
        codes, texts_there = EncodedColumn.of_cells(columns[name]).codes_and_texts
        fits.append(codes == (texts_there.index(text) if text in texts_there else len(texts_there)))
    return np.flatnonzero(np.logical_and.reduce(fits))


class RowDecision:
    """The one-row form of one decision of `decide`: changes a cleaned row (a dict) in place."""

    def __init__(self, decision: dict, columns: dict[str, dict]):
        self.name, becomes = decision["column"], decision["becomes"]
        self.cells = {self.name: decision["value"]} | decision["where"]
        is_missing = becomes == MISSING
        self.value = None if is_missing else repair_value(becomes, columns[self.name])[0]

    def __call__(self, row: dict) -> None:
        """Change the cell where the row's cells hold the decision's texts."""
        if all(row.get(c) is not None and as_text(row[c]) == v for c, v in self.cells.items()):
            row[self.name] = self.value


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
