"""Formulas for derived columns, such as `distance / hours`: read as arithmetic, never run as code.

A formula may use column names (in backticks when they are not plain words), numbers, the
operators + - * / // % **, parentheses, the functions abs, log1p, sqrt, minimum and maximum, and
statistics of groups: mean_by(price, city), median_by, std_by, and count_by(city), its rows.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS = {
    "abs": np.abs,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "minimum": np.minimum,
    "maximum": np.maximum,
}
GROUPED = {"mean_by": "mean", "median_by": "median", "std_by": "std", "count_by": "size"}
MISSING_LEVEL = "(missing)"  # a missing category is a level of its own
ALL_ROWS = ""  # the key under which a group statistic holds the value over all rows


def evaluate(formula: str, frame: pd.DataFrame, groups: dict | None = None) -> pd.Series:
    """The formula's value for each row, as floats; what is undefined (0 / 0) is missing.

    `groups` are the statistics of groups that it needs (see `group_statistics`).

    >>> evaluate("distance / `air time` * 60", pd.DataFrame({"distance": [90], "air time": [30]}))
    0    180.0
    dtype: float64
    """
    tree, names = _parse(formula)
    with np.errstate(all="ignore"):
        value = _value(tree, names, frame, formula, groups or {})
    series = pd.Series(value, index=frame.index, dtype=float)
    return series.where(np.isfinite(series))


def group_statistics(formula: str, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """What a formula asks of groups: for each such call, its value in each group.

    The key "" holds the value over all rows; of a count, 0: a group that was not seen has no rows.

    >>> rows = pd.DataFrame({"city": ["Rome", "Rome", "Oslo"], "price": [1, 3, 5]})
    >>> group_statistics("price / mean_by(price, city)", rows)
    {'mean_by(price, city)': {'': 3.0, 'Oslo': 5.0, 'Rome': 2.0}}
    """
    tree, names = _parse(formula)
    found = {}
    for node in ast.walk(tree):
        if not _is_grouped(node):
            continue
        key, column, group = _grouped(node, names, formula)
        by = frame[_known(group, frame, formula)].astype("str").fillna("(missing)")
        if column is None:
            values = by.value_counts().astype(float)
            overall = 0.0
        else:
            numbers = _column(column, frame, formula)
            values = numbers.groupby(by).agg(GROUPED[node.func.id]).dropna()
            overall = float(numbers.agg(GROUPED[node.func.id]))
        # As plain text and numbers, so that a stored model holds them.
        each = {str(level): float(value) for level, value in sorted(values.items())}
        found[key] = {ALL_ROWS: overall} | each
    return found


def _is_grouped(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GROUPED
    )


def _grouped(node: ast.Call, names: dict, formula: str) -> tuple[str, str | None, str]:
    """The text of a call such as mean_by(price, city), its column (None: rows) and its group."""
    said = [names.get(a.id, a.id) if isinstance(a, ast.Name) else None for a in node.args]
    needs = 1 if node.func.id == "count_by" else 2
    if len(said) != needs or None in said or node.keywords:
        example = "count_by(city)" if needs == 1 else f"{node.func.id}(price, city)"
        raise InputError(f"In the formula '{formula}', {node.func.id} is used as in {example}.")
    key = f"{node.func.id}({', '.join(said)})"
    return key, said[0] if needs == 2 else None, said[-1]


def _known(name: str, frame: pd.DataFrame, formula: str) -> str:
    if name not in frame.columns:
        raise InputError(
            f"The formula '{formula}' names no column '{name}'. {nearest(name, frame.columns)}"
        )
    return name


def columns_of(formula: str) -> list[str]:
    """The columns that a formula uses.

    >>> columns_of("2 * temp - `dew point`")
    ['dew point', 'temp']
    """
    tree, names = _parse(formula)
    called = {node.func.id for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - called
    return sorted(names.get(name, name) for name in used)


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
        columns_of(formula)
        formulas[name.strip()] = formula.strip()
    return formulas


def _parse(formula: str) -> tuple[ast.expr, dict[str, str]]:
    names: dict[str, str] = {}

    def placeholder(match: re.Match) -> str:
        key = f"_column_{len(names)}_"
        names[key] = match[1]
        return key

    plain = re.sub(r"`([^`]+)`", placeholder, formula.strip())
    try:
        return ast.parse(plain, mode="eval").body, names
    except (SyntaxError, ValueError, RecursionError):
        raise InputError(f"The formula '{formula}' can't be read as arithmetic.") from None


def _value(node: ast.AST, names: dict, frame: pd.DataFrame, formula: str, groups: dict):
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value < 1e300:
        return float(node.value)
    if isinstance(node, ast.Name):
        return _column(names.get(node.id, node.id), frame, formula)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        sides = (_value(side, names, frame, formula, groups) for side in (node.left, node.right))
        return _combined(OPERATORS[type(node.op)], *sides)
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.operand, names, frame, formula, groups))
    if _is_grouped(node):
        return _by_group(*_grouped(node, names, formula), frame, formula, groups)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function = FUNCTIONS.get(node.func.id)
        if function and len(node.args) == (2 if node.func.id in ("minimum", "maximum") else 1):
            return function(*(_value(a, names, frame, formula, groups) for a in node.args))
    raise InputError(
        f"The formula '{formula}' uses more than columns, numbers, + - * / // % ** and "
        f"{', '.join([*FUNCTIONS, *GROUPED])}."
    )


def _combined(operator: Callable, left, right):
    """The result of an operator on columns or plain numbers."""
    if not isinstance(left, pd.Series) and not isinstance(right, pd.Series):
        left = np.float64(left)  # numpy divides by zero without raising
    return operator(left, right)


def _by_group(key: str, _, group: str, frame: pd.DataFrame, formula: str, groups: dict):
    """The statistic of each row's group; of all rows where the group was not learnt."""
    learnt = groups.get(key) or group_statistics(formula, frame)[key]
    by = frame[_known(group, frame, formula)].astype("str").fillna(MISSING_LEVEL)
    return by.map(learnt).astype(float).fillna(learnt[ALL_ROWS])


def _column(name: str, frame: pd.DataFrame, formula: str) -> pd.Series:
    name = _known(name, frame, formula)
    try:
        return frame[name].astype(float)
    except (TypeError, ValueError):
        raise InputError(f"The formula '{formula}' needs numbers in '{name}'.") from None


# --- One row ------------------------------------------------------------------------------------


def row_formula(formula: str, groups: dict) -> Callable[[dict], float]:
    """The one-row form of `evaluate`: a function of a row (a dict); NaN is missing.

    >>> row_formula("distance / `air time` * 60", {})({"distance": 90.0, "air time": 30.0})
    180.0
    """
    tree, names = _parse(formula)
    worth = _row_value(tree, names, formula, groups)

    def value(row: dict) -> float:
        try:
            found = worth(row)
        except (ZeroDivisionError, OverflowError):  # Python's numbers raise where numpy's go on
            return math.nan
        if isinstance(found, complex):  # a fractional power of a negative number
            return math.nan
        return float(found) if math.isfinite(found) else math.nan

    return value


def _row_value(node: ast.AST, names: dict, formula: str, groups: dict) -> Callable:
    """A formula's node as a function of a row; `evaluate` has checked the formula before."""
    if isinstance(node, ast.Constant):
        number = float(node.value)
        return lambda row: number
    if isinstance(node, ast.Name):
        name = names.get(node.id, node.id)
        return lambda row: math.nan if row[name] is None else float(row[name])
    if isinstance(node, ast.BinOp):
        left, right = (_row_value(n, names, formula, groups) for n in (node.left, node.right))
        work = OPERATORS[type(node.op)]
        return lambda row: work(left(row), right(row))
    if isinstance(node, ast.UnaryOp):
        inner, work = _row_value(node.operand, names, formula, groups), OPERATORS[type(node.op)]
        return lambda row: work(inner(row))
    if _is_grouped(node):
        key, _, group = _grouped(node, names, formula)
        learnt = groups[key]
        return lambda row: learnt.get(level_text(row[group]), learnt[ALL_ROWS])
    function = _of_numbers(FUNCTIONS[node.func.id])
    inner = [_row_value(argument, names, formula, groups) for argument in node.args]
    return lambda row: function(*(part(row) for part in inner))


def _of_numbers(function: Callable) -> Callable:
    """A numpy function of single numbers, quiet where it is not defined."""

    def quietly(*numbers: float) -> float:
        with np.errstate(all="ignore"):
            return float(function(*numbers))

    return quietly


def level_text(value) -> str:
    """A category as text, one at a time: what `astype("str").fillna("(missing)")` makes of it."""
    if value is None or value != value:
        return MISSING_LEVEL
    return value if isinstance(value, str) else str(value)
