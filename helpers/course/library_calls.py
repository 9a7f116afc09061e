"""What a learner sees done with libraries, and what with helpers: calls in code cells, counted.

A *library call* is one of a name that is imported from a library of the field, or a method of what
such a call, or a helper, has made: of a frame, an estimator, a response. A *helper call* is one of
a name that is imported from this package, or a method of its own objects. Python's own functions,
and methods that texts, lists and dictionaries have too, are neither.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

LIBRARIES = {"pandas", "sklearn", "numpy", "requests", "fastapi", "scipy", "matplotlib", "seaborn",
             "mlflow", "sqlalchemy", "pydantic", "skops", "joblib"}  # fmt: skip
PACKAGE = "helpers"
# What a name or an expression is: a library's, imported from this package, made by it, or neither
LIBRARY, HELPER, MADE, PLAIN = "library", "helper", "made by a helper", "plain"
ACCESSORS = {"str", "dt", "cat", "plot"}  # what follows one of these is pandas'
PYTHONS = {name for kind in (str, list, dict, set) for name in dir(kind)}

# What a learner is to have used in the open: a word for it, and the names that do it
IN_THE_OPEN = {
    "ColumnTransformer": ("ColumnTransformer", "make_column_transformer"),
    "OneHotEncoder": ("OneHotEncoder",),
    "merge": ("merge",),
    "read_sql": ("read_sql", "read_sql_query"),
    "read_html": ("read_html",),
    "requests": ("requests",),
    "groupby": ("groupby",),
    "drop_duplicates": ("drop_duplicates",),
    "to_datetime": ("to_datetime",),
    "a search": ("RandomizedSearchCV", "GridSearchCV", "HalvingRandomSearchCV"),
    "confusion_matrix": ("confusion_matrix",),
    "TimeSeriesSplit": ("TimeSeriesSplit",),
    "permutation_importance": ("permutation_importance",),
    "FastAPI": ("FastAPI",),
    "mlflow": ("mlflow",),
}


@dataclass(frozen=True)
class Calls:
    """How many calls of libraries and of helpers there are."""

    library: int
    helper: int


def count_calls(cells: Iterable[str]) -> Calls:
    """Count the calls in the code cells of a notebook, in their order.

    >>> count_calls(["import pandas as pd", "pd.Series([1]).mean()"])
    Calls(library=2, helper=0)
    >>> count_calls(["from helpers.pages import show", "show.say('a'.upper())"])
    Calls(library=0, helper=1)
    """
    origins, kinds = {}, []
    for statement in tree_of(cells).body:
        nodes = list(ast.walk(statement))
        for node in nodes:
            origins.update(_given(node, origins))
        kinds += [_kind(node.func, origins) for node in nodes if isinstance(node, ast.Call)]
    return Calls(kinds.count(LIBRARY), kinds.count(HELPER))


def used_in_the_open(cells: Iterable[str]) -> set[str]:
    """Which of IN_THE_OPEN the code names.

    >>> used_in_the_open(["from sklearn.metrics import confusion_matrix", "a.merge(b)"])
    {'merge'}
    """
    tree = tree_of(cells)
    named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    named |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return {word for word, names in IN_THE_OPEN.items() if named & set(names)}


def tree_of(cells: Iterable[str]) -> ast.Module:
    """The code of cells as one tree, without the lines that are IPython's alone."""
    kept = (
        "\n".join(line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!")))
        for cell in cells
    )
    return ast.Module([statement for cell in kept for statement in ast.parse(cell).body], [])


def _given(node: ast.AST, origins: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The names that a node gives something, and where that comes from."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            module = getattr(node, "module", None) or alias.name
            yield alias.asname or alias.name.split(".")[0], _of_module(module.split(".")[0])
    for target, value in _pairs(node):
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                origin = _origin(value, origins)
                yield name.id, MADE if origin == HELPER else origin


def _of_module(first: str) -> str:
    return LIBRARY if first in LIBRARIES else HELPER if first == PACKAGE else PLAIN


def _pairs(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """What is given something by a statement, and what; `a, b = c, d` are two pairs."""
    if isinstance(node, ast.With):
        return [(i.optional_vars, i.context_expr) for i in node.items if i.optional_vars]
    if isinstance(node, ast.For):
        return [(node.target, node.iter)]
    pairs = [(t, node.value) for t in node.targets] if isinstance(node, ast.Assign) else []
    both = [(t, v) for t, v in pairs if isinstance(t, ast.Tuple) and isinstance(v, ast.Tuple)]
    return [p for p in pairs if p not in both] + [
        p for t, v in both for p in zip(t.elts, v.elts, strict=True)
    ]


def _origin(value: ast.expr, origins: dict[str, str]) -> str:
    """Where the value of an expression comes from."""
    if isinstance(value, ast.Name):
        return origins.get(value.id, PLAIN)
    if isinstance(value, ast.Call):
        kind = _kind(value.func, origins)
        return MADE if kind == HELPER else kind
    if isinstance(value, ast.Attribute | ast.Subscript | ast.Starred):
        return _origin(value.value, origins)
    parts = [_origin(part, origins) for part in _operands(value)]
    return next((part for part in parts if part != PLAIN), PLAIN)


def _operands(value: ast.expr) -> list[ast.expr]:
    """What an operator takes."""
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.Compare):
        return [value.left, *value.comparators]
    return [value.operand] if isinstance(value, ast.UnaryOp) else []


def _kind(called: ast.expr, origins: dict[str, str]) -> str:
    """Whose call it is: LIBRARY, HELPER or PLAIN."""
    origin = _origin(called, origins)
    if origin in (LIBRARY, HELPER):
        return origin
    if not isinstance(called, ast.Attribute):
        return PLAIN
    if _is_accessor(called.value) or _is_method(called.attr, origin):
        return LIBRARY
    return HELPER if origin == MADE and called.attr not in PYTHONS else PLAIN


def _is_accessor(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Attribute) and owner.attr in ACCESSORS


def _is_method(name: str, origin: str) -> bool:
    return name in _methods() and (origin == MADE or name not in PYTHONS)


@cache
def _methods() -> frozenset[str]:
    """The methods of frames, groups, arrays, estimators, responses and axes."""
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from requests import Response
    from sklearn.pipeline import Pipeline

    grouped = pd.DataFrame({"a": []}).groupby("a")
    owners = [pd.DataFrame, pd.Series, pd.Index, type(grouped), np.ndarray, Axes, Response,
              Pipeline]  # fmt: skip
    return frozenset(n for owner in owners for n in dir(owner) if not n.startswith("_"))
