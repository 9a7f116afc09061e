"""A formula of a derived column as an expression of pandas: one writer for each part."""

from __future__ import annotations

import operator
from functools import singledispatch

import numpy as np

from ..features import column_formulas
from ..features.formula_parts import Cells, Function, GroupStatistic, Number, Operation, Part, Sign
from .python_text import literal

SIGNS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.floordiv: "//", operator.mod: "%", operator.pow: "**", operator.neg: "-",
    operator.pos: "+",
}  # fmt: skip
FUNCTIONS = {np.abs: "np.abs", np.log1p: "np.log1p", np.sqrt: "np.sqrt",
             np.minimum: "np.minimum", np.maximum: "np.maximum"}  # fmt: skip
DEGREES = {column_formulas.ONE_NUMBER["sin"]: "np.sin", column_formulas.ONE_NUMBER["cos"]: "np.cos"}


def formula_text(formula: str) -> str:
    """A formula as Python over a frame `rows`; "" where it has no plain form here.

    >>> formula_text("2013 - plane_year")
    '2013 - rows["plane_year"]'
    """
    root = column_formulas.parse_formula(formula).root
    if any(isinstance(part, GroupStatistic) for part in root.walk()):
        return ""
    text = written(root)
    is_inside = isinstance(root, Operation) and text.startswith("(")
    return text[1:-1] if is_inside else text


@singledispatch
def written(part: Part) -> str:
    """A part of a formula as Python."""
    raise NotImplementedError(f"There is no plain form of {type(part).__name__}.")


@written.register
def _(part: Number) -> str:
    return literal(int(part.value) if part.value.is_integer() else part.value)


@written.register
def _(part: Cells) -> str:
    return f"rows[{literal(part.name)}]"


@written.register
def _(part: Operation) -> str:
    return f"({written(part.left)} {SIGNS[part.work]} {written(part.right)})"


@written.register
def _(part: Sign) -> str:
    return f"{SIGNS[part.work]}{written(part.operand)}"


@written.register
def _(part: Function) -> str:
    inner = ", ".join(map(written, part.inner))
    if part.work in DEGREES:
        return f"{DEGREES[part.work]}(np.radians({inner}))"
    return f"{FUNCTIONS[part.work]}({inner})"


@written.register
def _(part: GroupStatistic) -> str:
    return ""
