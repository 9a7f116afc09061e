"""Notebooks as files: read from the package, kept in the run folder, cells taken out by tag."""

from __future__ import annotations

import sys

from .run_folder import Run


def import_jupyter() -> None:
    """Import nbformat, and what comes with it, without what it does not need.

    It imports jsonschema, which builds a parser for one kind of web address where it finds this
    package, for 0.7 s; notebooks have no such field, and jsonschema does without.
    """
    sys.modules.setdefault("rfc3987_syntax", None)
    import nbformat  # noqa: F401


def without(notebook, tags: set[str]):
    """The notebook without the cells that have one of these tags (changed in place)."""
    notebook.cells = [c for c in notebook.cells if not tags & set(c.metadata.get("tags", []))]
    return notebook


def keep(run: Run, name: str, notebook) -> None:
    """Keep an executed notebook in the run folder, written whole."""
    import nbformat

    with run.replacing(f"notebooks/{name}.ipynb") as draft:
        nbformat.write(notebook, draft)


def kept(run: Run, name: str):
    """An executed notebook of the run folder; None where there is none."""
    import_jupyter()
    import nbformat

    path = run.file(f"notebooks/{name}.ipynb")
    return nbformat.read(path, as_version=4) if path.exists() else None
