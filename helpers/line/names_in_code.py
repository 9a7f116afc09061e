"""Which names of the package a piece of code uses, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

ALL = ()  # the use of every module
IMPORT = "import"  # marks a use of which only the import is known
FUTURE = "__future__"  # an import that changes the meaning of its whole module
LOOKS_UP = {"globals", "eval", "exec", "__subclasses__"}  # may use any name of their module
LOADS = {"import_module", "__import__", "modules"}  # may use any module

ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign
RUN_LATER = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# What is used is written as the path to it inside the package: ("clean", "draft_plan") is a
# definition of a module, ("clean",) all of it, ("clean", "import") only what importing it does. In
# a sub-package paths are longer: ("base", "errors", "InputError"); ("base",) is all its modules.
Use = tuple[str, ...]


def used_names(tree: ast.AST, package: str, own: Use = ALL, named: Iterable[str] = ()) -> set[Use]:
    """What of the package a piece of code uses; `own` is its module, with these top-level names.

    >>> tree = ast.parse("from helpers import clean as c; c.headline(len(rows))")
    >>> sorted(used_names(tree, "helpers", ("labs",), ["rows"]))
    [('clean', 'headline'), ('clean', 'import'), ('labs', 'rows')]
    """
    uses, local, nodes = set(), defaultdict(list), list(ast.walk(tree))
    for node in nodes:
        if is_import(node):
            for name, origin in imports_of(node, package, own):
                local[name].append(origin)
                uses.add((*origin, IMPORT))
            if any(alias.name in LOADS for alias in node.names):
                uses.add(ALL)
        elif isinstance(node, ast.Global):
            uses |= {(*own, name) for name in node.names if name in named}
        elif isinstance(node, ast.JoinedStr):
            if any(_is_text_value(v) and f"{package}." in v.value for v in node.values):
                uses.add(ALL)  # a name that is put together can be any
        elif _is_text_value(node):
            found = re.findall(rf"\b{package}((?:\.\w+)+)", node.value)
            uses |= {tuple(name.split(".")[1:]) for name in found}
    for name, *parts in _chains(nodes):
        uses |= {(*origin, *parts) for origin in local.get(name, ())}
        if name in named:
            uses.add((*own, name, *parts))
        last = parts[-1] if parts else name
        if last in LOOKS_UP | LOADS:
            uses.add(ALL if last in LOADS else own)
    return uses


def _chains(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ...]]:
    """The names that are read, each with the attributes that follow: `a.b.c(d)` has a.b.c and d."""
    inner = set()
    for node in nodes:  # outer ones come first, as `ast.walk` gives them
        if node in inner:
            continue
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
            inner.add(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield (node.id, *reversed(parts))


def first_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that the code reads, without the attributes that follow."""
    return {chain[0] for node in nodes for chain in _chains(ast.walk(node))}


def names_touched(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of which the code takes an item or an attribute."""
    parts = [part for node in nodes for part in ast.walk(node)]
    parts = [part.value for part in parts if isinstance(part, ast.Attribute | ast.Subscript)]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def imports_of(tree: ast.AST, package: str, own: Use = ALL) -> Iterator[tuple[str, Use]]:
    """The names that imports from the package bind anywhere in the code, and what they mean.

    `own` is the path of the module in which they stand.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _modules_imported(node, package)
        elif isinstance(node, ast.ImportFrom):
            within = (package, *own[: max(len(own) - node.level, 0)]) if node.level else ()
            first, *inner = (*within, *(node.module or "").split("." if node.module else None))
            if first == package:
                for alias in node.names:  # no module has a name "*", so that is all of it
                    yield alias.asname or alias.name, (*inner, alias.name)


def _modules_imported(node: ast.Import, package: str) -> Iterator[tuple[str, Use]]:
    """The names that `import package.x` binds."""
    for alias in node.names:
        first, *inner = alias.name.split(".")
        if first == package:
            yield alias.asname or "", tuple(inner)  # `import helpers.x` runs x as well
            if not alias.asname:
                yield package, ALL


def drop_docstrings(statement: ast.AST) -> None:
    """Take the docstrings out of a statement and of the statements in it."""
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):
        if inner := getattr(statement, block, None):
            setattr(statement, block, [s for s in inner if not is_text(s)])
            for part in inner:
                drop_docstrings(part)


def names_of(node: ast.stmt) -> set[str]:
    """The names that a definition binds; none for a statement that belongs to the body."""
    if isinstance(node, RUN_LATER):
        return {node.name}
    if is_import(node):
        name = node.names[0].asname or node.names[0].name.split(".")[0]
        name = FUTURE if getattr(node, "module", "") == FUTURE else name
        return {name} - {"*"}
    return _names_assigned(node) if isinstance(node, ASSIGNMENTS) else set()


def _names_assigned(node: ast.stmt) -> set[str]:
    """The names that an assignment binds; none where it changes a part of something."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [part for target in targets for part in ast.walk(target)]
    if any(isinstance(part, ast.Attribute | ast.Subscript) for part in parts):
        return set()
    parts += [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def names_within(node: ast.stmt) -> set[str]:
    """The names that a statement of the body may bind, however deep."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif is_import(part):
            names |= {alias.asname or alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, RUN_LATER):
            names.add(part.name)
    return names


def is_import(node: ast.AST) -> bool:
    """Whether a statement is an import."""
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_text_value(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is only a text: a docstring."""
    return isinstance(node, ast.Expr) and _is_text_value(node.value)
