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
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

from ..base.files import sha256_of
from .lesson_cells import LESSON
from .names_in_code import (
    ALL,
    ASSIGNMENTS,
    FUTURE,
    IMPORT,
    RUN_LATER,
    Use,
    drop_docstrings,
    first_names,
    imports_of,
    is_import,
    is_text,
    names_of,
    names_touched,
    names_within,
    used_names,
)

HERE = Path(str(files("helpers"))).resolve()  # wherever in the package this module stands

OF_THE_NOTEBOOK = {"notebook": "the notebook has changed", "text": "its text has changed"}
INIT = "__init__"  # the module that a package runs when it is imported
# These note or show what was done; no result needs them
BESIDE_THE_WORK = {
    ("pipeline", "earlier_modules"),
    ("course", "learner_progress"),
    ("pages", "front_page"),
    ("pages", "stage_page"),
}


def fingerprint(notebook: Path, package: Path = HERE, *, lessons: bool = True) -> dict[str, str]:
    """Short hashes of a notebook's code, of its text, and of what it uses of each module.

    Outputs, execution counts and ids of the notebook do not count; cell types, sources and tags
    do. Without `lessons`, cells with that tag do not count, as they do not run. Raises SyntaxError
    when a module that is used can't be parsed.

    >>> list(fingerprint(HERE.parent / "notebooks" / "00_start_here.ipynb"))[:3]
    ['notebook', 'text', '__init__']
    """
    seen = _cells_of(notebook, lessons)
    code = [source for kind, source, _ in seen if kind == "code"]
    package = Path(package).absolute()
    reached = _reach(_used_by_cells(code, package.name), package)
    used = {"/".join(m): _hash_all(reached[m]) for m in sorted(reached) if reached[m]}
    parts = {"notebook": [c for c in seen if c[0] == "code"], "text": [c[0] for c in seen]}
    parts["text"] += [c for c in seen if c[0] != "code"]
    own = {name: _hash(json.dumps([part, used.pop(name, "")])) for name, part in parts.items()}
    return own | used


def _cells_of(notebook: Path, lessons: bool) -> list[list]:
    """The cells of a notebook that count, each as its type, source and tags."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    seen = [[c["cell_type"], "".join(c["source"]), c["metadata"].get("tags", [])] for c in cells]
    return [c for c in seen if lessons or LESSON not in c[2]]


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs between two fingerprints of a notebook, in words; empty when nothing does.

    >>> changed({"notebook": "9f", "base/bins": "03"}, {"notebook": "9f", "base/bins": "77"})
    ['helpers/base/bins.py has changed']
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
        drop_docstrings(self.node)
        return self.node

    @cached_property
    def hash(self) -> str:
        """The hash of the statement, wherever it stands and however it is laid out."""
        return _hash(ast.dump(self.code))

    @cached_property
    def uses(self) -> set[Use]:
        """What of the package the statement uses."""
        module = self.module
        return used_names(self.code, module.package, module.module_path, module.named)

    @property
    def can_move(self) -> bool:
        """Whether its place among the others means nothing."""
        alone = all(len(self.module.named[name]) == 1 for name in self.names)
        return alone and (isinstance(self.node, RUN_LATER) or is_import(self.node))


@dataclass(eq=False)
class Module:
    """The top-level definitions of a module by name, and its body: all that always runs."""

    module_path: Use
    package: str
    definitions: list[Definition] = field(default_factory=list)
    body: list[Definition] = field(default_factory=list)
    named: dict[str, list[Definition]] = field(default_factory=lambda: defaultdict(list))
    imported: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: ast.stmt) -> None:
        """Take in a top-level statement."""
        names = names_of(node)
        definition = Definition(node, self, names or names_within(node))
        self.definitions.append(definition)
        if not names:
            self.body.append(definition)
        if not isinstance(node, RUN_LATER | ASSIGNMENTS):
            for name, origin in imports_of(node, self.package, self.module_path):
                self.imported[name].append(origin)
        for name in definition.names:
            self.named[name].append(definition)

    def find_registered(self) -> None:
        """Let whoever uses a registry use what decorators and bases put into it on import."""
        for definition in [d for d in self.definitions if isinstance(d.node, RUN_LATER)]:
            hooks = definition.node.decorator_list
            named = first_names(hooks)
            if named & self.imported.keys():
                self.body.append(definition)  # another module's decorator may keep it anywhere
            hooks = hooks + getattr(definition.node, "bases", [])
            hooks += [d.node for name in first_names(hooks) for d in self.named.get(name, ())]
            for name in names_touched(hooks) & self.named.keys() - definition.names:
                if not is_import(self.named[name][0].node):
                    definition.names.add(name)
                    self.named[name].append(definition)


@lru_cache(maxsize=512)
def _parsed(source: bytes, module_path: Use, package: str) -> Module:
    """A module, parsed once as long as its text is the same, in whichever copy of the package."""
    module = Module(module_path, package)
    for statement in ast.parse(source, "/".join(module_path)).body:
        for node in _one_by_one(statement):
            if not is_text(node):
                module.add(node)
    module.find_registered()
    return module


def sources(package: Path = HERE) -> dict[Use, Path]:
    """The files of a package's modules by their paths, those of its sub-packages included.

    >>> sources()[("__init__",)].name
    '__init__.py'
    """
    files = sorted(package.rglob("*.py"))
    return {file.relative_to(package).with_suffix("").parts: file for file in files}


class Tree:
    """The modules of a package and of its sub-packages, however deep."""

    def __init__(self, package: Path):
        self.name = package.name
        self.files = {r: p for r, p in sources(package).items() if r not in BESIDE_THE_WORK}
        self.packages = {path[:depth] for path in self.files for depth in range(len(path))}
        self.read: dict[Use, Module] = {}

    def module(self, module_path: Use) -> Module:
        """The module of that path."""
        if module_path not in self.read:
            source = self.files[module_path].read_bytes()
            self.read[module_path] = _parsed(source, module_path, self.name)
        return self.read[module_path]

    def home(self, use: Use) -> tuple[Use, Use]:
        """The path of the module that a use is of, and what of the module it means.

        What is no module is a name of the package, so of its `__init__`.
        """
        depth = max(depth for depth in range(len(use)) if use[:depth] in self.packages)
        if use[: depth + 1] in self.files:
            return use[: depth + 1], use[depth + 1 :]
        return (*use[:depth], INIT), use[depth:]

    def within(self, use: Use) -> list[Use] | None:
        """The modules of the package that a use means as a whole; None when it means none."""
        package = use[: use.index("*")] if "*" in use else use
        if package not in self.packages:
            return None
        return [path for path in self.files if path[: len(package)] == package]

    def around(self, module_path: Use, rest: Use) -> Iterator[Use]:
        """What importing a module runs before it, and what packages call by the module's name."""
        for depth in range(len(module_path)):
            init = (*module_path[:depth], INIT)
            if init in self.files and init != module_path:
                yield (*init, IMPORT)
                if module_path[depth] in self.module(init).named:
                    yield (*init, *module_path[depth:], *rest)


def _reach(uses: Iterable[Use], package: Path) -> dict[Use, set[Definition]]:
    """The definitions, by module, that these uses lead to, directly or through others."""
    tree = Tree(package)
    reached, seen, todo = defaultdict(set), set(), [(INIT, IMPORT), *uses]
    while todo:
        use = todo.pop()
        if use not in seen:
            seen.add(use)
            todo += _uses_behind(use, tree, reached)
    return reached


def _uses_behind(use: Use, tree: Tree, reached: dict[Use, set[Definition]]) -> list[Use]:
    """What a use leads to; its definitions are added to those that are reached."""
    if (whole := tree.within(use)) is not None:
        return list(whole)
    module_path, rest = tree.home(use)
    if module_path not in tree.files:
        return []
    found, further = _follow(module_path, rest, tree)
    more = [*further, *tree.around(module_path, rest)]
    more += [u for d in found - reached[module_path] for u in d.uses]
    reached[module_path] |= found
    return more


def _follow(module_path: Use, rest: Use, tree: Tree) -> tuple[set[Definition], list[Use]]:
    """The definitions of a module that a use means, and the uses that follow from it."""
    module, imported = tree.module(module_path), (*module_path, IMPORT)
    if rest == (IMPORT,):
        origins = {origin for origins in module.imported.values() for origin in origins}
        runs = {o if o in tree.packages else tree.home(o)[0] for o in origins}
        return set(module.body), [(*origin, IMPORT) for origin in runs]
    if not rest or rest[0] not in module.named:
        return set(module.definitions), [imported, *((*module_path, name) for name in module.named)]
    through = [(*origin, *rest[1:]) for origin in module.imported.get(rest[0], ())]
    return {*module.named[rest[0]], *module.named.get(FUTURE, ())}, [imported, *through]


def _used_by_cells(cells: list[str], package: str) -> set[Use]:
    """What a notebook's code cells use of the package; everything, if one can't be parsed."""
    tree = ast.Module([], [])
    for cell in cells:
        try:
            tree.body += _parse_cell(cell).body
        except SyntaxError:
            return {ALL}
    return used_names(_OwnNames().visit(tree), package)


class _OwnNames(ast.NodeTransformer):
    """Takes `globals()` out of `start(number, globals())`: it reads nothing but parameters."""

    def visit_Call(self, node: ast.Call) -> ast.Call:  # noqa: N802
        """The call, without its arguments where it opens a stage that way."""
        if ast.unparse(node.func).endswith("start") and "globals()" in map(ast.unparse, node.args):
            node.args = []
        return self.generic_visit(node)


def _parse_cell(source: str) -> ast.Module:
    try:
        return ast.parse(source)  # a line of an expression can start with %, so first as it is
    except SyntaxError:
        plain = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        return ast.parse("\n".join(plain))


def _one_by_one(node: ast.stmt) -> list[ast.stmt]:
    """The statement, or an import of several names as one statement for each."""
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [node]


def _hash_all(definitions: set[Definition]) -> str:
    """One hash for definitions of a module; the order counts only of statements that run."""
    module = next(iter(definitions)).module
    ordered = [d for d in module.definitions if d in definitions]
    free = sorted(d.hash for d in ordered if d.can_move)
    return _hash(" ".join([*free, "|", *(d.hash for d in ordered if not d.can_move)]))


def _hash(text: str) -> str:
    return sha256_of(text)[:12]
