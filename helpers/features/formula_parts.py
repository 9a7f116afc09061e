"""The parts of a formula: what each is worth in one row, and in every row of a table.

A formula is a tree of parts (`column_formulas.Formula`), made once from its text. Both forms of a
part stand side by side and share its operator or function: a row is a dict of Python's own numbers,
a table is a frame. Missing is NaN.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest

GROUPED = {"mean_by": "mean", "median_by": "median", "std_by": "std", "count_by": "size"}
MISSING_LEVEL = "(missing)"  # a missing category is a level of its own
ALL_ROWS = ""  # the key under which a group statistic holds the value over all rows

Groups = dict[str, dict[str, float]]  # by key of a `GroupStatistic`: its value in each group


class Part(ABC):
    """A part of a formula; `inner` are the parts that it is made of."""

    inner: tuple[Part, ...] = ()

    @abstractmethod
    def row(self, row: dict, groups: Groups) -> float:
        """What it is worth in a cleaned row."""

    @abstractmethod
    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series | float:
        """What it is worth in each of many cleaned rows; a number where all rows have the same."""

    @abstractmethod
    def described(self) -> dict:
        """It as plain data: its kind, and what is inside."""

    def walk(self) -> Iterator[Part]:
        """It and all parts inside."""
        yield self
        for part in self.inner:
            yield from part.walk()

    def columns(self) -> list[str]:
        """The columns that it names itself."""
        return []


@dataclass(frozen=True)
class Number(Part):
    """A number as it is written."""

    value: float

    def row(self, row: dict, groups: Groups) -> float:
        """The number."""
        return self.value

    def table(self, frame: pd.DataFrame, groups: Groups) -> float:
        """The number."""
        return self.value

    def described(self) -> dict:
        """The number."""
        return {"part": "number", "value": self.value}


@dataclass(frozen=True)
class Cells(Part):
    """The cells of a column, as floats; `formula` is the text that its errors quote."""

    name: str
    formula: str

    def row(self, row: dict, groups: Groups) -> float:
        """The row's cell."""
        cell = row[self.name]
        return math.nan if cell is None else float(cell)

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series:
        """The column; InputError where it is absent or holds no numbers."""
        cells = column_of(frame, self.name, self.formula)
        try:
            return cells.astype(float)
        except (TypeError, ValueError):
            said = f"The formula '{self.formula}' needs numbers in '{self.name}'."
            raise InputError(said) from None

    def described(self) -> dict:
        """Its name."""
        return {"part": "cell", "column": self.name}

    def columns(self) -> list[str]:
        """Its name."""
        return [self.name]


@dataclass(frozen=True)
class Operation(Part):
    """An operator between two parts.

    >>> import operator
    >>> half = Operation(operator.truediv, Cells("x", "x / 2"), Number(2.0))
    >>> half.row({"x": 3.0}, {}), half.table(pd.DataFrame({"x": [3, 5]}), {}).tolist()
    (1.5, [1.5, 2.5])
    """

    work: Callable
    left: Part
    right: Part

    @property
    def inner(self) -> tuple[Part, ...]:
        """Both sides."""
        return self.left, self.right

    def row(self, row: dict, groups: Groups) -> float:
        """The result on both numbers, as numpy has it where Python raises or goes complex."""
        left, right = self.left.row(row, groups), self.right.row(row, groups)
        try:
            found = self.work(left, right)
        except (ZeroDivisionError, OverflowError):
            with np.errstate(all="ignore"):
                return float(self.work(np.float64(left), right))
        return math.nan if type(found) is complex else found

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series | float:
        """The result on columns or plain numbers."""
        left, right = self.left.table(frame, groups), self.right.table(frame, groups)
        if not isinstance(left, pd.Series) and not isinstance(right, pd.Series):
            left = np.float64(left)  # numpy divides by zero without raising
        return self.work(left, right)

    def described(self) -> dict:
        """The operator's name in Python's module `operator`, and both sides."""
        return _call(self.work, self.inner)


@dataclass(frozen=True)
class Sign(Part):
    """A plus or a minus before a part."""

    work: Callable
    operand: Part

    @property
    def inner(self) -> tuple[Part, ...]:
        """The part."""
        return (self.operand,)

    def row(self, row: dict, groups: Groups) -> float:
        """The row's number with that sign."""
        return self.work(self.operand.row(row, groups))

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series | float:
        """The column or number with that sign."""
        return self.work(self.operand.table(frame, groups))

    def described(self) -> dict:
        """The sign's name in Python's module `operator`, and the part."""
        return _call(self.work, self.inner)


@dataclass(frozen=True)
class Function(Part):
    """A function of one or two parts."""

    work: Callable
    inner: tuple[Part, ...]

    def row(self, row: dict, groups: Groups) -> float:
        """The function of the row's numbers, quiet where it is not defined."""
        numbers = [part.row(row, groups) for part in self.inner]
        with np.errstate(all="ignore"):
            return float(self.work(*numbers))

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series | float:
        """The function of columns or plain numbers."""
        return self.work(*(part.table(frame, groups) for part in self.inner))

    def described(self) -> dict:
        """The function's name, and what it is asked of."""
        return _call(self.work, self.inner)


@dataclass(frozen=True)
class GroupStatistic(Part):
    """A statistic of a column in the group that a row belongs to, such as its city; or its count.

    `key` is how the formula says it; `column` is None for a count. A group that was not learnt has
    what holds over all rows.
    """

    key: str
    statistic: str
    column: Cells | None
    group: str
    formula: str

    def row(self, row: dict, groups: Groups) -> float:
        """The statistic of the row's group."""
        learnt = groups[self.key]
        return learnt.get(level_text(row[self.group]), learnt[ALL_ROWS])

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series:
        """The statistic of each row's group."""
        learnt = groups[self.key]
        return self._levels(frame).map(learnt).astype(float).fillna(learnt[ALL_ROWS])

    def learn(self, frame: pd.DataFrame) -> dict[str, float]:
        """The statistic of each group, and over all rows; plain text and numbers, for a file."""
        by = self._levels(frame)
        if self.column is None:  # a group that was not seen has no rows
            values, overall = by.value_counts(), 0.0
        else:
            numbers, how = self.column.table(frame, {}), GROUPED[self.statistic]
            values, overall = numbers.groupby(by).agg(how).dropna(), float(numbers.agg(how))
        each = {str(level): float(value) for level, value in sorted(values.items())}
        return {ALL_ROWS: overall} | each

    def described(self) -> dict:
        """Under which key its values stand, and the column of the groups."""
        return {"part": "group", "key": self.key, "column": self.group}

    def _levels(self, frame: pd.DataFrame) -> pd.Series:
        return column_of(frame, self.group, self.formula).astype("str").fillna(MISSING_LEVEL)

    def columns(self) -> list[str]:
        """The column that it sums up, and the group's."""
        return [*(self.column.columns() if self.column else ()), self.group]


def _call(work: Callable, inner: tuple[Part, ...]) -> dict:
    name = work.__name__.lstrip("_")
    return {"part": "call", "name": name, "of": [part.described() for part in inner]}


def column_of(frame: pd.DataFrame, name: str, formula: str) -> pd.Series:
    """A column that a formula names; InputError where there is none."""
    if name not in frame.columns:
        raise InputError(
            f"The formula '{formula}' names no column '{name}'. {nearest(name, frame.columns)}"
        )
    return frame[name]


def level_text(value) -> str:
    """A category as text, one at a time: what `astype("str").fillna("(missing)")` makes of it."""
    if value is None or value != value:
        return MISSING_LEVEL
    return value if isinstance(value, str) else str(value)
