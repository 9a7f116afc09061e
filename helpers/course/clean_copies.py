"""Copies of the notebooks for a second pass, to rebuild the line from memory: `make clean-copies`.

What stays is what one needs to begin, and nothing that one should find: the headings, the
parameters (the contract with who runs the notebook), the imports (which tools there are), and the
checks, which tell whether the idea is still there. Prose and outputs go. Of any other cell the
names stay that later cells use, so that the parts fit together again.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import nbformat

from ..base.places import NOTEBOOKS, REPOSITORY
from ..line.stage_list import STAGES

COPIES = NOTEBOOKS / "clean_copies"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
STAYS = ("check", "guess")  # calls of `lessons` that a copy keeps
SHOW = "# show what this section is about"


def clean_copy(notebook):
    """The notebook with headings, parameters, imports and checks, and nothing else."""
    code = [_plain(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    kept = [(cell, _what_is_kept(cell, code)) for cell in notebook.cells]
    cells = [_cell_like(cell, source) for cell, source in kept if source]
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _what_is_kept(cell, code: list[str]) -> str:
    """The source of a cell in a copy; `code` has those of all code cells."""
    if cell.cell_type == "markdown":
        return headings(cell.source)
    if "parameters" in cell.metadata.get("tags", []):
        return cell.source
    source = _plain(cell.source)
    return skeleton(source, later=code[code.index(source) + 1 :])


def _plain(source: str) -> str:
    """A cell's code without the lines that are IPython's alone."""
    return "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))


def _cell_like(cell, source: str):
    """A new cell with another source, and the id and tags of an old one."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    tags = cell.metadata.get("tags")
    return make[cell.cell_type](source, id=cell.id, metadata={"tags": tags} if tags else {})


def headings(text: str) -> str:
    """The headings of a Markdown cell.

    >>> headings("## How to split\\n\\n*Random* suits rows.\\n\\n### Why")
    '## How to split\\n\\n### Why'
    """
    return "\n\n".join(re.findall(r"^#{1,6} .+$", text, re.MULTILINE))


def skeleton(source: str, later: list[str]) -> str:
    """What a copy keeps of a code cell: imports, checks, and the names that later cells use.

    >>> print(skeleton("from helpers import split\\n\\ncut = split.rows(1)\\nx = 2", ["cut.of(3)"]))
    from helpers import split
    <BLANKLINE>
    # cut = …
    >>> skeleton("split.folds_table(cut)", [])
    '# show what this section is about'
    """
    statements = ast.parse(source).body
    imports = [s for s in statements if isinstance(s, ast.Import | ast.ImportFrom)]
    checks = [s for s in statements if _is_check(s)]
    wanted = {name.id for text in later for name in _names(ast.parse(text))}
    made = dict.fromkeys(name.id for s in statements for name in _names(s)
                         if isinstance(name.ctx, ast.Store) and name.id in wanted)  # fmt: skip
    lines = [f"# {', '.join(made)} = …"] if made else []
    lines += [ast.get_source_segment(source, s) for s in checks]
    kept = [ast.get_source_segment(source, s) for s in imports]
    return "\n\n".join(filter(None, ["\n".join(kept), "\n".join(lines)])) or SHOW


def _names(tree: ast.AST) -> list[ast.Name]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _is_check(statement: ast.stmt) -> bool:
    return any(
        isinstance(n, ast.Attribute) and n.attr in STAYS and getattr(n.value, "id", "") == "lessons"
        for n in ast.walk(statement)
    )


def write_copies(folder: Path) -> tuple[list[str], list[str]]:
    """Write a clean copy of each stage's notebook; the names written, and those left alone.

    A file that is there already may be a learner's work, so it stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made, left = [], []
    for stage in STAGES:
        place = folder / stage.path.name
        (left if place.exists() else made).append(place.name)
        if not place.exists():
            nbformat.write(clean_copy(nbformat.read(stage.path, as_version=4)), place)
    return made, left


def main() -> None:
    """Write the copies, and say what was left alone."""
    made, left = write_copies(COPIES)
    where = COPIES.relative_to(REPOSITORY)
    sys.stdout.write(f"{len(made)} notebooks written into {where}\n")
    if left:
        sys.stdout.write(f"Left as they are (delete one to have it anew): {', '.join(left)}\n")


if __name__ == "__main__":
    main()
