"""The table as the answers so far leave it: each answer is put into the plan and applied at once.

Only the columns that an answer touches are cleaned again, from the raw cells, by the same code as
in stage 2; so what the page shows is what the next run makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.coded_column import EncodedColumn
from ..cells.reading_columns import Reader, is_typed
from ..clean import doubtful_cells, named_dependencies
from ..clean.column_cleaner import clean_columns
from ..clean.one_row_cleaner import plan_for


@dataclass(frozen=True)
class Change:
    """The cells of a column that an answer changes: rows, and their texts before and after."""

    column: str
    rows: np.ndarray
    before: np.ndarray
    after: np.ndarray


class AnsweredTable:
    """Raw rows, cleaned by a plan and by the marked lines of a review list.

    >>> raw = pd.DataFrame({"city": ["Bostom", "Boston", "Boston"]})
    >>> table = AnsweredTable(raw, {"columns": {"city": {"kind": "category"}}})
    >>> line = {"column": "city", "value": "Bostom", "where": "", "kind": "typo"}
    >>> line |= {"suggestion": "Boston", "apply": "yes"}
    >>> table.apply([line])[0].after.tolist()
    ['Boston']
    """

    def __init__(self, raw: pd.DataFrame, plan: dict, marks: list[dict] = ()):
        self.raw, self.base = raw, plan
        self.marks: list[dict] = list(marks)
        self.plan = self._planned(self.marks)
        own = plan["columns"].items()
        self._coded = {name: _coded(raw[name], one) for name, one in own if name in raw}
        self.texts = self._cleaned(self.plan, list(plan["columns"]))

    def _planned(self, marks: list[dict]) -> dict:
        """The plan with some marks applied."""
        if not marks:
            return self.base
        review = pd.DataFrame(marks).reindex(columns=doubtful_cells.REVIEW_COLUMNS, fill_value="")
        return named_dependencies.learn(self.raw, doubtful_cells.apply_marks(self.base, review))

    def preview(self, lines: list[dict]) -> list[Change]:
        """What marked lines would change, column by column."""
        plan = self._planned([*self.marks, *lines])
        return self._changes(self._cleaned(plan, _touched(self.plan, plan)))

    def apply(self, lines: list[dict]) -> list[Change]:
        """Put marked lines into the plan; what they changed."""
        return self._with_marks([*self.marks, *lines])

    def take_back(self, lines: list[dict]) -> list[Change]:
        """Take marked lines out of the plan again; what that changed."""
        return self._with_marks([one for one in self.marks if one not in lines])

    def _with_marks(self, marks: list[dict]) -> list[Change]:
        plan = self._planned(marks)
        found = self._cleaned(plan, _touched(self.plan, plan))
        changes = self._changes(found)
        self.marks, self.plan = marks, plan
        self.texts |= found
        return changes

    def _cleaned(self, plan: dict, names: list[str]) -> dict[str, np.ndarray]:
        """The texts of some columns (None for missing), cleaned by a plan."""
        if not names:
            return {}
        part = plan_for(plan, [name for name in names if name in self._coded])
        raw = {name: self._coded[name] for name in part["columns"] if name in self._coded}
        readers = {name: Reader(part["columns"][name]) for name in raw}
        cleaned, _ = clean_columns(raw, readers, plan | part)
        return {name: texts_of(cleaned[name]) for name in names if name in cleaned}

    def alone(self, name: str) -> np.ndarray:
        """A column's texts as its own plan reads them, without the other columns."""
        own = {"columns": {name: self.plan["columns"][name]}}
        return self._cleaned(own, [name])[name]

    def _changes(self, found: dict[str, np.ndarray]) -> list[Change]:
        changed = ((n, np.flatnonzero(found[n] != self.texts[n])) for n in found)
        return [Change(name, rows, self.texts[name][rows], found[name][rows])
                for name, rows in changed if len(rows)]  # fmt: skip


def _coded(column: pd.Series, plan: dict) -> EncodedColumn | pd.Series:
    """A raw column as codes, once; one that has its type already stays as it is."""
    return column if is_typed(column, plan["kind"]) else EncodedColumn.of(texts(column))


def texts_of(column: EncodedColumn | pd.Series) -> np.ndarray:
    """The cells of a column as texts; None for missing."""
    codes, said = EncodedColumn.of_cells(column).codes_and_texts
    return np.array([*said, None], dtype=object)[codes]


def _touched(before: dict, after: dict) -> list[str]:
    """The columns whose cells may differ under another plan."""
    found = {n for n, own in after["columns"].items() if own != before["columns"].get(n)}
    found |= {one["column"] for one in _differing(before, after, "decisions")}
    found |= {one["to"] for one in _differing(before, after, "relations") if "to" in one}
    return sorted(_with_targets(found, after.get("relations", [])))


def _differing(before: dict, after: dict, key: str) -> list[dict]:
    """The entries of a list that only one of two plans has."""
    old, new = before.get(key, []), after.get(key, [])
    return [one for one in old if one not in new] + [one for one in new if one not in old]


def _with_targets(names: set[str], relations: list[dict]) -> set[str]:
    """Columns, and repeatedly those that they give."""
    given = [one for one in relations if "to" in one]
    more = {r["to"] for r in given if names & set(r["from"])}
    more |= {
        r["from"][0] for r in given if r["to"] in names and len(r["from"]) == 1
    }  # checked by it
    more -= names
    return _with_targets(names | more, relations) if more else names
