"""Which helper code a notebook uses, and whether it has changed: like make, but by definition.

A stage need not run again when nothing that it depends on has changed. So every notebook has a
fingerprint: a hash of its cells, and one for each module of this package over the definitions
that the notebook reaches, directly or through others. What is read is the syntax tree: comments,
docstrings, layout and the order of functions do not count. Where the tree does not tell what is
used, all that may be used counts: that costs a run more, the opposite would give stale results.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from .base.files import sha256_of

HERE = Path(__file__).resolve().parent
OF_THE_NOTEBOOK = {"notebook": "the notebook has changed", "text": "its text has changed"}
ALL = ()  # the use of every module
IMPORT = "import"  # ends a use of which no more is known than that it is imported
FUTURE = "__future__"  # an import that changes the meaning of its whole module
BESIDE_THE_WORK = {"progress"}  # modules that note what was done: no result depends on them
LOOKS_UP = {"globals", "eval", "exec", "__subclasses__"}  # may use any name of their module
LOADS = {"import_module", "__import__", "modules"}  # may use any module

ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign
RUN_LATER = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# What is used is written as the road to it inside the package: ("clean", "draft_plan") is a
# definition, ("clean",) the whole module, ("clean", "import") only what importing it does.
Use = tuple[str, ...]


def fingerprint(notebook: Path, package: Path = HERE) -> dict[str, str]:
    """Short hashes of a notebook's code, of its text, and of what it uses of each module.

    Outputs, execution counts and ids of the notebook do not count; cell types, sources and tags
    do. Raises SyntaxError when a module that is used can't be parsed.

    >>> list(fingerprint(HERE.parent / "notebooks" / "00_start_here.ipynb"))[:3]
    ['notebook', 'text', '__init__']
    """
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    seen = [[c["cell_type"], "".join(c["source"]), c["metadata"].get("tags", [])] for c in cells]
    code = [source for kind, source, _ in seen if kind == "code"]
    package = Path(package).absolute()
    reached = _reach(_used_by_cells(code, package.name), package)
    used = {name: _hash_all(reached[name]) for name in sorted(reached) if reached[name]}
    parts = {"notebook": [c for c in seen if c[0] == "code"], "text": [c[0] for c in seen]}
    parts["text"] += [c for c in seen if c[0] != "code"]
    own = {name: _hash(json.dumps([part, used.pop(name, "")])) for name, part in parts.items()}
    return own | used


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs between two fingerprints of a notebook, in words; empty when nothing does.

    >>> changed({"notebook": "9f2c", "clean": "03ab"}, {"notebook": "9f2c", "line": "77d0"})
    ['helpers/clean.py has changed', 'helpers/line.py has changed']
    """
    parts = {part for part, _ in before.items() ^ after.items()}
    first = [words for part, words in OF_THE_NOTEBOOK.items() if part in parts]
    return first + [f"{HERE.name}/{p}.py has changed" for p in sorted(parts - {*OF_THE_NOTEBOOK})]


@dataclass(eq=False)
class Definition:
    """A top-level statement of a module (one name of it, for an import), analysed when needed."""

    node: ast.stmt
    module: Module
    names: set[str]

    @cached_property
    def code(self) -> ast.stmt:
        """The statement without docstrings."""
        _drop_docstrings(self.node)
        return self.node

    @cached_property
    def hash(self) -> str:
        """The hash of the statement, wherever it stands and however it is laid out."""
        return _hash(ast.dump(self.code))

    @cached_property
    def uses(self) -> set[Use]:
        """What of the package the statement uses."""
        module = self.module
        return _uses(self.code, module.package, (module.name,), module.named)

    @property
    def can_move(self) -> bool:
        """Whether its place among the others means nothing."""
        alone = all(len(self.module.named[name]) == 1 for name in self.names)
        return alone and (isinstance(self.node, RUN_LATER) or _is_import(self.node))


@dataclass(eq=False)
class Module:
    """The top-level definitions of a module by name, and its body: all that always runs."""

    name: str
    package: str
    definitions: list[Definition] = field(default_factory=list)
    body: list[Definition] = field(default_factory=list)
    named: dict[str, list[Definition]] = field(default_factory=lambda: defaultdict(list))
    imported: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: ast.stmt) -> None:
        """Take in a top-level statement."""
        names = _names_of(node)
        definition = Definition(node, self, names or _names_within(node))
        self.definitions.append(definition)
        if not names:
            self.body.append(definition)
        if not isinstance(node, RUN_LATER | ASSIGNMENTS):
            for name, origin in _imports(node, self.package):
                self.imported[name].append(origin)
        for name in definition.names:
            self.named[name].append(definition)

    def find_registered(self) -> None:
        """Let whoever uses a registry use what decorators and bases put into it on import."""
        for definition in [d for d in self.definitions if isinstance(d.node, RUN_LATER)]:
            hooks = definition.node.decorator_list
            named = _first_names(hooks)
            if named & self.imported.keys():
                self.body.append(definition)  # another module's decorator may keep it anywhere
            hooks = hooks + getattr(definition.node, "bases", [])
            hooks += [d.node for name in _first_names(hooks) for d in self.named.get(name, ())]
            for name in _touched(hooks) & self.named.keys() - definition.names:
                if not _is_import(self.named[name][0].node):
                    definition.names.add(name)
                    self.named[name].append(definition)


@lru_cache(maxsize=256)
def _parsed(path: Path, mtime_ns: int, size: int) -> Module:
    """A module, parsed once as long as its file is the same."""
    module = Module(path.stem, path.parent.name)
    for statement in ast.parse(path.read_bytes(), path).body:
        for node in _one_by_one(statement):
            if not _is_text(node):
                module.add(node)
    module.find_registered()
    return module


def _reach(uses: Iterable[Use], package: Path) -> dict[str, set[Definition]]:
    """The definitions, by module, that these uses lead to, directly or through others."""
    paths = {p.stem: p for p in package.glob("*.py") if p.stem not in BESIDE_THE_WORK}
    reached, seen, todo = defaultdict(set), set(), [("__init__", IMPORT), *uses]
    while todo:
        use = todo.pop()
        if use in seen:
            continue
        seen.add(use)
        if use == ALL:
            todo += [(name,) for name in paths]
            continue
        if use[0] not in paths:  # a name of the package itself
            use = ("__init__", *use)
        if use[0] in paths:
            path = paths[use[0]]
            module = _parsed(path, path.stat().st_mtime_ns, path.stat().st_size)
            found, further = _follow(use, module)
            todo += further + [u for d in found - reached[use[0]] for u in d.uses]
            reached[use[0]] |= found
    return reached


def _follow(use: Use, module: Module) -> tuple[set[Definition], list[Use]]:
    """The definitions of its module that a use means, and the uses that follow from it."""
    imported = (module.name, IMPORT)
    if use == imported:
        origins = {origin[:1] for origins in module.imported.values() for origin in origins}
        return set(module.body), [(*origin, IMPORT) for origin in origins]
    if len(use) == 1 or use[1] not in module.named:
        return set(module.definitions), [imported, *((module.name, n) for n in module.named)]
    through = [(*origin, *use[2:]) for origin in module.imported.get(use[1], ())]
    return {*module.named[use[1]], *module.named.get(FUTURE, ())}, [imported, *through]


def _used_by_cells(cells: list[str], package: str) -> set[Use]:
    """What a notebook's code cells use of the package; everything, if one can't be parsed."""
    tree = ast.Module([], [])
    for cell in cells:
        try:
            tree.body += _parse_cell(cell).body
        except SyntaxError:
            return {ALL}
    return _uses(tree, package)


def _parse_cell(source: str) -> ast.Module:
    try:
        return ast.parse(source)  # a line of an expression can start with %, so first as it is
    except SyntaxError:
        plain = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        return ast.parse("\n".join(plain))


def _uses(tree: ast.AST, package: str, own: Use = ALL, named: Iterable[str] = ()) -> set[Use]:
    """What of the package a piece of code uses; `own` is its module, with these top-level names.

    >>> tree = ast.parse("from helpers import clean as c; c.headline(len(rows))")
    >>> sorted(_uses(tree, "helpers", ("labs",), ["rows"]))
    [('clean', 'headline'), ('clean', 'import'), ('labs', 'rows')]
    """
    uses, local, nodes = set(), defaultdict(list), list(ast.walk(tree))
    for node in nodes:
        if _is_import(node):
            for name, origin in _imports(node, package):
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
            uses |= {tuple(road.split(".")[1:]) for road in found}
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
        if not isinstance(node, ast.Name | ast.Attribute) or node in inner:
            continue
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
            inner.add(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield (node.id, *reversed(parts))


def _first_names(nodes: Iterable[ast.AST]) -> set[str]:
    return {chain[0] for node in nodes for chain in _chains(ast.walk(node))}


def _touched(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of which the code takes an item or an attribute."""
    parts = [part for node in nodes for part in ast.walk(node)]
    parts = [part.value for part in parts if isinstance(part, ast.Attribute | ast.Subscript)]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[str, Use]]:
    """The names that imports from the package bind anywhere in the code, and what they mean."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first, *road = alias.name.split(".")
                if first == package:
                    yield alias.asname or "", tuple(road)  # `import helpers.x` runs x as well
                    if not alias.asname:
                        yield package, ALL
        elif isinstance(node, ast.ImportFrom):
            first, *road = (f"{package}." * node.level + (node.module or "")).strip(".").split(".")
            if first == package:
                for alias in node.names:  # no module has a name "*", so that is all of it
                    yield alias.asname or alias.name, (*road, alias.name)


def _one_by_one(node: ast.stmt) -> list[ast.stmt]:
    """The statement, or an import of several names as one statement for each."""
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [node]


def _drop_docstrings(statement: ast.AST) -> None:
    """Take the docstrings out of a statement and of the statements in it."""
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):
        if inner := getattr(statement, block, None):
            setattr(statement, block, [s for s in inner if not _is_text(s)])
            for part in inner:
                _drop_docstrings(part)


def _names_of(node: ast.stmt) -> set[str]:
    """The names that a definition binds; none for a statement that belongs to the body."""
    if isinstance(node, RUN_LATER):
        return {node.name}
    if _is_import(node):
        name = node.names[0].asname or node.names[0].name.split(".")[0]
        name = FUTURE if getattr(node, "module", "") == FUTURE else name
        return {name} - {"*"}
    if isinstance(node, ASSIGNMENTS):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [part for target in targets for part in ast.walk(target)]
        if not any(isinstance(part, ast.Attribute | ast.Subscript) for part in parts):
            parts += [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
            return {part.id for part in parts if isinstance(part, ast.Name)}
    return set()


def _names_within(node: ast.stmt) -> set[str]:
    """The names that a statement of the body may bind, however deep."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif _is_import(part):
            names |= {alias.asname or alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, RUN_LATER):
            names.add(part.name)
    return names


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_text_value(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is but a text: a docstring."""
    return isinstance(node, ast.Expr) and _is_text_value(node.value)


def _hash_all(definitions: set[Definition]) -> str:
    """One hash for definitions of a module; the order counts only of statements that run."""
    module = next(iter(definitions)).module
    ordered = [d for d in module.definitions if d in definitions]
    free = sorted(d.hash for d in ordered if d.can_move)
    return _hash(" ".join([*free, "|", *(d.hash for d in ordered if not d.can_move)]))


def _hash(text: str) -> str:
    return sha256_of(text)[:12]
