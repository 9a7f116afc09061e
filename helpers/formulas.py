"""Formulas for derived columns, such as `distance / hours`: read as arithmetic, never run as code.

A formula may use column names (in backticks when they are not plain words), numbers, the
operators + - * / // % **, parentheses, and the functions abs, log1p, sqrt, minimum and maximum.
"""

from __future__ import annotations

import ast
import operator
import re

import numpy as np
import pandas as pd

from .errors import InputError, nearest

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


def evaluate(formula: str, frame: pd.DataFrame) -> pd.Series:
    """The formula's value for each row, as floats; what is undefined (0 / 0) is missing.

    >>> evaluate("distance / `air time` * 60", pd.DataFrame({"distance": [90], "air time": [30]}))
    0    180.0
    dtype: float64
    """
    tree, names = _parse(formula)
    with np.errstate(all="ignore"):
        value = _value(tree, names, frame, formula)
    series = pd.Series(value, index=frame.index, dtype=float)
    return series.where(np.isfinite(series))


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
    """Formulas written as text, parted by semicolons: "speed = miles / hours; age = 2013 - year".

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


def _value(node: ast.AST, names: dict, frame: pd.DataFrame, formula: str):
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value < 1e300:
        return float(node.value)
    if isinstance(node, ast.Name):
        return _column(names.get(node.id, node.id), frame, formula)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = (_value(side, names, frame, formula) for side in (node.left, node.right))
        if not isinstance(left, pd.Series) and not isinstance(right, pd.Series):
            left = np.float64(left)  # numpy divides by zero without raising
        return OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.operand, names, frame, formula))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function = FUNCTIONS.get(node.func.id)
        if function and len(node.args) == (2 if node.func.id in ("minimum", "maximum") else 1):
            return function(*(_value(a, names, frame, formula) for a in node.args))
    raise InputError(
        f"The formula '{formula}' uses more than columns, numbers, + - * / // % ** and "
        f"{', '.join(FUNCTIONS)}."
    )


def _column(name: str, frame: pd.DataFrame, formula: str) -> pd.Series:
    if name not in frame.columns:
        raise InputError(
            f"The formula '{formula}' names no column '{name}'. {nearest(name, frame.columns)}"
        )
    try:
        return frame[name].astype(float)
    except (TypeError, ValueError):
        raise InputError(f"The formula '{formula}' needs numbers in '{name}'.") from None
