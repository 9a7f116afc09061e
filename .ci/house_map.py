"""How the folders of `helpers` lean on each other, read from the code: `make map`.

Writes the drawing and the list of files into docs/architecture.md, between two marks.
tests/test_house.py reads the imports by the same functions.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from helpers.base.marked_text import put_between, write_between

HOUSE = Path(__file__).resolve().parents[1] / "helpers"
PAGE = HOUSE.parent / "docs" / "architecture.md"
COMMAND = "make map"
RULE = re.compile(r"\bMay import: (nothing|[a-z_]+(?:,\s+[a-z_]+)*)\.\s*\Z")

Road = tuple[str, ...]  # a module by the parts of its path: ("clean", "clean_rows")


@cache
def files() -> dict[Road, Path]:
    """Every module of the house, and its file."""
    return {file.relative_to(HOUSE).with_suffix("").parts: file for file in HOUSE.rglob("*.py")}


@cache
def tree_of(road: Road) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(files()[road].read_bytes())


@cache
def docstring(road: Road) -> str:
    """The docstring of a module, or an empty text."""
    return ast.get_docstring(tree_of(road)) or ""


@cache
def imported(road: Road) -> set[Road]:
    """The modules of the house that a module imports, at its head or in a function.

    What only a type checker imports is left out.
    """
    named = [names for node in imports_in(tree_of(road)) for names in names_of(node, road)]
    inside = [names[1:] for names in named if names[:1] == ("helpers",)]
    found = {names[:length] for names in inside for length in (len(names), len(names) - 1)}
    return (found & files().keys()) - {road}


def imports_in(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a module but for those below `if TYPE_CHECKING:`."""
    waiting: list = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        else:  # only statements hold statements
            waiting += [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)]


def names_of(node: ast.Import | ast.ImportFrom, road: Road) -> list[tuple[str, ...]]:
    """The dotted names that an import statement of a module means, in parts."""
    if isinstance(node, ast.Import):
        return [tuple(alias.name.split(".")) for alias in node.names]
    base = ("helpers", *road)[: len(road) + 1 - node.level] if node.level else ()
    base += tuple((node.module or "").split(".")) if node.module else ()
    return [(*base, alias.name) for alias in node.names]


def folders() -> list[Road]:
    """The folders of the house, those inside others too, by name."""
    return sorted(road[:-1] for road in files() if road[-1] == "__init__" and len(road) > 1)


def may_import(folder: Road) -> set[str]:
    """The folders that the rule in a folder's docstring names; ValueError where it has none."""
    rule = RULE.search(docstring((*folder, "__init__")))
    if not rule:
        raise ValueError(f"helpers/{'/'.join(folder)}: no last sentence 'May import: ...'.")
    return set() if rule[1] == "nothing" else set(re.split(r",\s+", rule[1]))


def leans_on() -> dict[str, set[str]]:
    """For each folder in the top folder, the others that its modules import."""
    found: dict[str, set[str]] = {folder[0]: set() for folder in folders()}
    for road in files():
        if road[0] in found:
            found[road[0]] |= {other[0] for other in imported(road)} - {road[0]}
    return found


def layers(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The folders in layers, the lowest first: each imports from lower layers alone.

    >>> layers({"run": {"line", "base"}, "line": {"base"}, "pages": {"base"}, "base": set()})
    [['base'], ['line', 'pages'], ['run']]
    """
    height: dict[str, int] = {}
    for folder in TopologicalSorter(arrows).static_order():
        height[folder] = 1 + max((height[other] for other in arrows[folder]), default=-1)
    return [sorted(f for f in height if height[f] == n) for n in range(max(height.values()) + 1)]


def direct(arrows: dict[str, set[str]]) -> dict[str, list[str]]:
    """The arrows without those that a way over other folders implies.

    >>> direct({"run": {"line", "base"}, "line": {"base"}, "base": set()})
    {'run': ['line'], 'line': ['base'], 'base': []}
    """
    below: dict[str, set[str]] = {}
    for folder in TopologicalSorter(arrows).static_order():
        below[folder] = arrows[folder].union(*(below[other] for other in arrows[folder]))
    return {
        folder: sorted(o for o in others if not any(o in below[p] for p in others))
        for folder, others in arrows.items()
    }


def purpose(road: Road) -> str:
    """What a module or folder is for: the first paragraph of its docstring, without its rule."""
    first = docstring(road).partition("\n\n")[0]
    return " ".join(RULE.sub("", first).split())


def drawing() -> str:
    """The layers as text, the highest first."""
    rows = [f"{n}  {'  '.join(names)}" for n, names in enumerate(layers(leans_on()))]
    return "\n".join(["```text", *reversed(rows), "```"])


def graph() -> str:
    """The arrows as a Mermaid flow chart, from the highest layer down."""
    lines = [
        f"    {folder} --> {' & '.join(others)}"
        for folder, others in sorted(direct(leans_on()).items())
        if others
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def table() -> str:
    """What each folder is for and what it imports, the highest layer first."""
    arrows = direct(leans_on())
    rows = [
        f"| `{name}/` | {purpose((name, '__init__'))} | {', '.join(arrows[name]) or '–'} |"
        for names in reversed(layers(leans_on()))
        for name in names
    ]
    return "\n".join(["| folder | what it holds | leans on |", "|---|---|---|", *rows])


def file_list(folder: Road) -> str:
    """The files of a folder, a line each, folded."""
    roads = [r for r in sorted(files()) if r[:-1] == folder and r[-1] != "__init__"]
    lines = [f"- `{road[-1]}.py`: {purpose(road)}" for road in roads]
    name = f"<code>{'/'.join(folder)}/</code>"
    head = f"<details><summary>{name} ({len(roads)})</summary>"
    return "\n".join([head, "", *lines, "", "</details>"])


def made() -> str:
    """All that stands between the two marks."""
    parts = [drawing(), "Arrows that a way over other folders implies are left out:", graph()]
    parts += [table(), "### File by file", *map(file_list, folders())]
    return "\n\n".join(parts)


def is_current() -> bool:
    """Whether the page holds what would be written now."""
    page = PAGE.read_text(encoding="utf-8")
    return page == put_between(page, COMMAND, made())


if __name__ == "__main__":
    write_between(PAGE, COMMAND, made())
