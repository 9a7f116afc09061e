"""Formulas for derived columns, such as `distance / hours`: read as arithmetic, never run as code.

A formula may use column names (in backticks when they are not plain words), numbers, the
operators + - * / // % **, parentheses, the functions abs, log1p, sqrt, minimum and maximum, sin and
cos of degrees, and statistics of groups: mean_by(price, city), median_by, std_by, and
count_by(city), its rows.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from .formula_parts import (
    GROUPED,
    Cells,
    Function,
    Groups,
    GroupStatistic,
    Number,
    Operation,
    Part,
    Sign,
)

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
SIGNS = {ast.USub: operator.neg, ast.UAdd: operator.pos}


def _sine(degrees):
    return np.sin(np.radians(degrees))


def _cosine(degrees):
    return np.cos(np.radians(degrees))


def waves_of_degrees() -> dict[str, np.ndarray]:
    """The sine and cosine of each whole degree from 0 to 360, as they are computed here.

    Another library's differ in the last digit, and trees tell 60 degrees from 120 by that.
    """
    return {"sine": _sine(np.arange(361.0)), "cosine": _cosine(np.arange(361.0))}


ONE_NUMBER = {
    "abs": np.abs, "log1p": np.log1p, "sqrt": np.sqrt, "sin": _sine, "cos": _cosine,
}  # fmt: skip
TWO_NUMBERS = {"minimum": np.minimum, "maximum": np.maximum}
FUNCTIONS = ONE_NUMBER | TWO_NUMBERS


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its value in one row, and in each row of a table.

    >>> formula = parse_formula("distance / `air time` * 60")
    >>> formula.row({"distance": 90.0, "air time": 30.0}, {})
    180.0
    >>> formula.table(pd.DataFrame({"distance": [90], "air time": [30]}), {}).tolist()
    [180.0]
    """

    text: str
    root: Part

    def row(self, row: dict, groups: Groups) -> float:
        """The value in a cleaned row; what is undefined (0 / 0) is NaN."""
        found = self.root.row(row, groups)
        return found if math.isfinite(found) else math.nan

    def table(self, frame: pd.DataFrame, groups: Groups) -> pd.Series:
        """The value in each row of a frame, as floats; what is undefined is missing."""
        with np.errstate(all="ignore"):
            value = self.root.table(frame, groups)
        series = pd.Series(value, index=frame.index, dtype=float)
        return series.where(np.isfinite(series))

    def learn(self, frame: pd.DataFrame) -> Groups:
        """What the formula asks of groups: for each such call, its value in each group.

        The key "" holds the value over all rows; of a count, 0: a group not seen has no rows.

        >>> rows = pd.DataFrame({"city": ["Rome", "Rome", "Oslo"], "price": [1, 3, 5]})
        >>> parse_formula("price / mean_by(price, city)").learn(rows)
        {'mean_by(price, city)': {'': 3.0, 'Oslo': 5.0, 'Rome': 2.0}}
        """
        asked = [part for part in self.root.walk() if isinstance(part, GroupStatistic)]
        with np.errstate(all="ignore"):
            return {part.key: part.learn(frame) for part in asked}

    @property
    def columns(self) -> list[str]:
        """The columns that it uses."""
        return sorted({name for part in self.root.walk() for name in part.columns()})


def evaluate(formula: str, frame: pd.DataFrame, groups: Groups | None = None) -> pd.Series:
    """The formula's value for each row, as floats; what is undefined (0 / 0) is missing.

    `groups` are the statistics of groups that it needs; without them those of the frame.

    >>> evaluate("distance / `air time` * 60", pd.DataFrame({"distance": [90], "air time": [30]}))
    0    180.0
    dtype: float64
    """
    found = parse_formula(formula)
    return found.table(frame, groups or found.learn(frame))


def columns_of(formula: str) -> list[str]:
    """The columns that a formula uses.

    >>> columns_of("2 * temp - `dew point`")
    ['dew point', 'temp']
    """
    return parse_formula(formula).columns


def parse_formulas(text: str) -> dict[str, str]:
    """Formulas as text, separated by semicolons: "speed = miles / hours; age = 2013 - year".

    >>> parse_formulas("age = 2013 - year")
    {'age': '2013 - year'}
    """
    formulas = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, sign, formula = part.partition("=")
        if not sign or not name.strip() or not formula.strip():
            raise InputError(f"A derived column looks like 'name = a / b'; '{part}' does not.")
        parse_formula(formula.strip())
        formulas[name.strip()] = formula.strip()
    return formulas


def parse_formula(text: str) -> Formula:
    """The formula that a text says; InputError for anything but arithmetic on columns."""
    quoted = re.findall(r"`([^`]+)`", text)
    names = {f"_column_{number}_": name for number, name in enumerate(quoted)}
    places = iter(names)
    plain = re.sub(r"`([^`]+)`", lambda _: next(places), text.strip())
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise InputError(f"The formula '{text}' can't be read as arithmetic.") from None
    return Formula(text, _Reader(text, names).part(tree))


@dataclass(frozen=True)
class _Reader:
    """Turns the syntax tree of a formula into its parts; `names` has the columns in backticks."""

    formula: str
    names: dict[str, str]

    def part(self, node: ast.AST) -> Part:
        """The part that a node says, with all inside it."""
        match node:
            case ast.Constant(value=value) if type(value) in (int, float) and value < 1e300:
                return Number(float(value))
            case ast.Name(id=name):
                return self._cells(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return Operation(OPERATORS[type(op)], self.part(left), self.part(right))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in SIGNS:
                return Sign(SIGNS[type(op)], self.part(operand))
            case ast.Call(func=ast.Name(id=name)):
                return self._statistic(node, name) if name in GROUPED else self._call(node, name)
        raise self._more_than_arithmetic()

    def _cells(self, name: str) -> Cells:
        return Cells(self.names.get(name, name), self.formula)

    def _call(self, node: ast.Call, name: str) -> Function:
        takes = ONE_NUMBER if len(node.args) == 1 else TWO_NUMBERS if len(node.args) == 2 else {}
        if node.keywords or name not in takes:
            raise self._more_than_arithmetic()
        return Function(takes[name], tuple(map(self.part, node.args)))

    def _statistic(self, node: ast.Call, name: str) -> GroupStatistic:
        """A call such as mean_by(price, city)."""
        said = [self._cells(one.id) if isinstance(one, ast.Name) else None for one in node.args]
        is_count = name == "count_by"
        if len(said) != (1 if is_count else 2) or None in said or node.keywords:
            example = "count_by(city)" if is_count else f"{name}(price, city)"
            raise InputError(f"In the formula '{self.formula}', {name} is used as in {example}.")
        key = f"{name}({', '.join(one.name for one in said)})"
        column = None if is_count else said[0]
        return GroupStatistic(key, name, column, said[-1].name, self.formula)

    def _more_than_arithmetic(self) -> InputError:
        return InputError(
            f"The formula '{self.formula}' uses more than columns, numbers, + - * / // % ** and "
            f"{', '.join([*FUNCTIONS, *GROUPED])}."
        )
