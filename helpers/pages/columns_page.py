"""The page of what was understood: column by column what the file held and how it was read."""

from __future__ import annotations

import yaml

from ..cells.rewriting import shown
from ..line.run_folder import Run
from ..line.stage_list import COLUMNS
from .page_parts import load_template, page_footer, page_style

PAGE = "columns.html"
HOW = ("format", "order", "unit", "decimal")


def columns_table(content: dict[str, dict]) -> list[dict[str, str]]:
    """A row a column for people, of what `columns.yaml` holds.

    >>> columns_table({"day": {"held": ["1/2/21"], "kind": "date", "format": ["%d/%m/%y"]}})[0]
    {'column': 'day', 'held': '1/2/21', 'kind': 'date', 'read as': 'format %d/%m/%y', 'missing \
words': '', 'empty': '', 'unread': ''}
    """
    return [_row(name, said) for name, said in content.items()]


def _row(name: str, said: dict | str) -> dict[str, str]:
    if isinstance(said, str):  # of the file as a whole
        said = {"kind": "file", "note": f"{name} {said}"}
        name = "(the file)"
    how = [f"{key} {_listed(said[key])}" for key in HOW if said.get(key)]
    how += [f"{shown(a)} as {shown(b)}" for a, b in said.get("rewrites", {}).items()]
    how += [said[key] for key in ("doubt", "note") if said.get(key)]
    return {
        "column": name,
        "held": " | ".join(map(str, said.get("held", ()))),
        "kind": said["kind"],
        "read as": "; ".join(how),
        "missing words": _listed(said.get("missing", [])),
        "empty": _share(said.get("empty")),
        "unread": _share(said.get("unread")),
    }


def _share(share: float | None) -> str:
    """A share in percent, "" for none."""
    return f"{100 * share:.2g} %" if share else ""


def _listed(some) -> str:
    return ", ".join(map(str, some)) if isinstance(some, list) else str(some)


def write_columns_page(run: Run) -> str:
    """Write the page of a run's columns; its name, or "" where the run has not read them yet."""
    file = run.file(COLUMNS)
    if not file.exists():
        return ""
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    html = load_template("columns.html.j2").render(
        run=run.name, home="index.html", style=page_style(), rows=columns_table(content),
        footer=page_footer(run),
    )  # fmt: skip
    run.write_text(PAGE, html)
    return PAGE
